//! Which arms a customer may be given: what table `offers` and the rules of the shop say.

use super::offers::{context, eligibility};
use super::worth::Worth;
use crate::answer::Reason;
use crate::known;
use crate::measured_rules::RuleDraws;
use crate::reasons::reason;
use crate::shop::Shop;
use decisions::{CustomerFacts, Eligibility, Eligible, OfferFacts, OfferTouch, Request};
use features::History;
use jiff::civil::Date;

/// One arm, with what table `offers` says of it.
struct OfArm {
    valid: Option<(Date, Date)>,
    eligibility: Option<Eligibility>,
    /// Why its condition cannot be read: then it is given to nobody.
    unreadable: Option<String>,
    brand_pays_cents: Option<i64>,
}

/// Why an arm may not be given to a customer: what table `offers` says, the caps of the product, and what is left of its
/// limits.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Limit {
    /// Its days come later.
    NotYet { from: Date },
    /// Its days are over.
    Over { to: Date },
    /// Its condition does not hold; `known`: what the condition looks at.
    NotEligible { condition: String, known: String },
    /// Its condition depends on something that is not known.
    NotKnown { condition: String, known: String },
    /// Its condition cannot be read.
    Unreadable(String),
    /// The customer got it often enough.
    Capped { times: u32, days: u32, most: u32 },
    /// What is left of a limit that counts it does not pay for it.
    UsedUp { limit: String },
    /// What is left of a limit that counts it cannot be known now.
    LeftUnknown { limit: String },
    /// The customer got offers often enough: then no arm may be given.
    Enough { times: u32, days: u32, most: u32 },
}

impl Limit {
    /// For who asks why.
    fn text(&self) -> String {
        match self {
            Self::NotYet { from } => format!("it is not valid until {from}"),
            Self::Over { to } => format!("it was valid until {to}"),
            Self::NotEligible { condition, known } => {
                format!("the customer is not eligible: it takes {condition}, and {known}")
            }
            Self::NotKnown { condition, known } => format!(
                "whether the customer is eligible is not known: it takes {condition}, and {known}"
            ),
            Self::Unreadable(error) => {
                format!("nobody can say to whom it may be given: {error}")
            }
            Self::Capped { times, days, most } => format!(
                "of it the customer got {times} within {days} days, and at most {most} are given"
            ),
            Self::UsedUp { limit } => {
                format!("what is left of limit {limit} does not pay for it")
            }
            Self::LeftUnknown { limit } => format!(
                "what is left of limit {limit} cannot be known now, and nothing is promised without it"
            ),
            Self::Enough { times, days, most } => format!(
                "the customer got {times} offers within {days} days, and at most {most} are given"
            ),
        }
    }

    /// Whether it holds for all arms alike.
    pub(super) fn is_of_all(&self) -> bool {
        matches!(self, Self::Enough { .. })
    }

    /// For the answer to a customer who would have got the arm; where it holds for all arms, `arm` is the control.
    pub(super) fn reason(&self, arm: &str) -> Reason {
        let with_reason = |code, sentence, name, value: String| {
            reason(code, sentence, [("arm", arm.into()), (name, value.into())])
        };
        match self {
            Self::NotYet { from } => with_reason(
                "not_yet_valid",
                "{arm} would be worth more, but is not valid until {from}",
                "from",
                from.to_string(),
            ),
            Self::Over { to } => with_reason(
                "no_longer_valid",
                "{arm} would be worth more, but was valid until {to}",
                "to",
                to.to_string(),
            ),
            Self::NotEligible { condition, .. } => with_reason(
                "not_eligible",
                "{arm} would be worth more, but takes {condition}",
                "condition",
                condition.clone(),
            ),
            Self::NotKnown { condition, .. } => with_reason(
                "eligibility_unknown",
                "{arm} would be worth more, but takes {condition}, which is not known",
                "condition",
                condition.clone(),
            ),
            Self::Unreadable(_) => reason(
                "eligibility_unreadable",
                "{arm} would be worth more, but its condition in table `offers` cannot be read",
                [("arm", arm.into())],
            ),
            Self::Capped { times, days, most } => reason(
                "capped",
                "{arm} would be worth more, but the customer got {times} of it within {days} days, and at most {most} are given",
                [
                    ("arm", arm.into()),
                    ("times", (*times).into()),
                    ("days", (*days).into()),
                    ("most", (*most).into()),
                ],
            ),
            Self::UsedUp { limit } => with_reason(
                "limit_used_up",
                "{arm} would be worth more, but what is left of limit {limit} does not pay for it",
                "limit",
                limit.clone(),
            ),
            Self::LeftUnknown { limit } => with_reason(
                "limit_unknown",
                "{arm} would be worth more, but what is left of limit {limit} cannot be known now, and nothing is promised without it",
                "limit",
                limit.clone(),
            ),
            Self::Enough { times, days, most } => reason(
                "enough_offers",
                "{control}: the customer got {times} offers within {days} days, and at most {most} are given",
                [
                    ("control", arm.into()),
                    ("times", (*times).into()),
                    ("days", (*days).into()),
                    ("most", (*most).into()),
                ],
            ),
        }
    }
}

/// The limits of all arms, worked out when a version is attached.
pub(super) struct Limits {
    arms: Vec<OfArm>,
    facts: Vec<OfferFacts>,
    /// Whether the customer has to be looked at at all.
    ask: bool,
}

/// What may be given to one customer.
#[derive(Default)]
pub(super) struct Possible {
    /// Of each arm, why table `offers`, a cap or a limit says that it may not be given.
    limits: Vec<Option<Limit>>,
    /// Of each arm, why it may not be given, by a rule, by table `offers`, by a cap or by a limit.
    why_not: Vec<Option<String>>,
    /// The arm that a rule gives.
    pub(super) pinned: Option<usize>,
    touches: Vec<OfferTouch>,
    /// The measured rules that cover the customer.
    pub(super) draws: RuleDraws,
}

impl Limits {
    /// - `arms`: names, without the control.
    /// - `ruled`: whether a rule may touch them.
    pub(super) fn new(arms: &[&str], history: &History, ruled: bool) -> Self {
        let (offers, context) = (history.offers(), context(history));
        let mut of_arms = Vec::new();
        let mut facts = Vec::new();
        for arm in arms.iter().copied() {
            let offer = offers.get(arm);
            let (eligibility, unreadable) = match offer.and_then(|o| eligibility(o, &context)) {
                Some(Ok(eligibility)) => (Some(eligibility), None),
                Some(Err(error)) => (None, Some(error.to_string())),
                None => (None, None),
            };
            of_arms.push(OfArm {
                valid: offer.map(|offer| (offer.valid_from, offer.valid_to)),
                eligibility,
                unreadable,
                brand_pays_cents: offer.and_then(|offer| offer.fixed_cost_brand_cents),
            });
            let unknown = || OfferFacts {
                offer_id: arm.to_owned(),
                kind: None,
                depth: None,
            };
            facts.push(offer.map_or_else(unknown, known::offer));
        }
        let ask = ruled || of_arms.iter().any(|arm| arm.eligibility.is_some());
        Self {
            arms: of_arms,
            facts,
            ask,
        }
    }

    /// What the brand pays for each customer who gets an arm, in cents; `None` where nothing is known of it.
    pub(super) fn brand_pays_cents(&self, arm: usize) -> Option<i64> {
        self.arms.get(arm)?.brand_pays_cents
    }

    /// What may be given to a customer on a day.
    ///
    /// - `product`: the one that decides.
    /// - `clock`: of the shop.
    /// - `capped`: of each arm, why a cap or a limit does not let the customer have it; empty where there are none.
    /// - `without`: measured rules that are not applied, by number; as they were drawn where absent.
    pub(super) fn of(
        &self,
        shop: &Shop,
        product: &str,
        customer: &str,
        clock: jiff::civil::DateTime,
        (capped, without): (Vec<Option<Limit>>, Option<&[usize]>),
    ) -> Possible {
        let today = clock.date();
        let facts = if self.ask {
            shop.customer_facts(customer)
        } else {
            CustomerFacts::default()
        };
        let mut limits = self.of_offers(customer, &facts, today);
        for (limit, capped) in limits.iter_mut().zip(capped) {
            *limit = limit.take().or(capped);
        }
        let mut possible = Possible {
            why_not: limits
                .iter()
                .map(|limit| limit.as_ref().map(Limit::text))
                .collect(),
            limits,
            ..Possible::default()
        };
        let request = Request {
            customer_id: Some(customer).filter(|id| !id.is_empty()),
            customer: Some(&facts),
            hour: u8::try_from(clock.hour()).ok(),
            ..Request::new(product, today)
        };
        let measured = shop.item_rules.measured_on_offers(&self.facts, &request);
        possible.draws = RuleDraws::of(measured, customer);
        let as_drawn = possible.draws.without();
        let request = Request {
            without: without.unwrap_or(&as_drawn),
            ..request
        };
        possible.touches = shop.item_rules.on_offers(&self.facts, &request);
        for touch in possible.touches.iter().filter(|touch| !touch.pinned) {
            let text = format!("rule \"{}\" excludes it ({})", touch.rule, touch.reason);
            possible.why_not[touch.offer].get_or_insert(text);
        }
        let mut pins = possible.touches.iter().filter(|touch| touch.pinned);
        let pinned = pins.find(|touch| possible.why_not[touch.offer].is_none());
        possible.pinned = pinned.map(|touch| touch.offer);
        possible
    }

    /// Of each arm, why table `offers` says that it may not be given.
    fn of_offers(&self, id: &str, customer: &CustomerFacts, today: Date) -> Vec<Option<Limit>> {
        let of = |arm: &OfArm| {
            if let Some((from, to)) = arm.valid {
                if today < from {
                    return Some(Limit::NotYet { from });
                }
                if today > to {
                    return Some(Limit::Over { to });
                }
            }
            if let Some(error) = &arm.unreadable {
                return Some(Limit::Unreadable(error.clone()));
            }
            let eligibility = arm.eligibility.as_ref()?;
            let condition = || eligibility.text().to_owned();
            match eligibility.of(id, customer) {
                Eligible::Yes => None,
                Eligible::No { known } => Some(Limit::NotEligible {
                    condition: condition(),
                    known,
                }),
                Eligible::NotKnown { known } => Some(Limit::NotKnown {
                    condition: condition(),
                    known,
                }),
            }
        };
        self.arms.iter().map(of).collect()
    }
}

impl Possible {
    /// Why an arm may not be given; `None` where it may.
    pub(super) fn why_not(&self, arm: usize) -> Option<&str> {
        self.why_not.get(arm)?.as_deref()
    }

    /// Why table `offers`, a cap or a limit says that an arm may not be given.
    pub(super) fn limit(&self, arm: usize) -> Option<&Limit> {
        self.limits.get(arm)?.as_ref()
    }

    /// Why no arm may be given, where one reason holds for all.
    pub(super) fn limit_of_all(&self) -> Option<&Limit> {
        self.limits.iter().flatten().find(|limit| limit.is_of_all())
    }

    /// The arms that may be given, by number.
    pub(super) fn arms(&self) -> impl Iterator<Item = usize> + '_ {
        let numbered = self.why_not.iter().enumerate();
        numbered.filter_map(|(arm, why_not)| why_not.is_none().then_some(arm))
    }

    /// What the arms are worth where those that may not be given are worth nothing.
    pub(super) fn masked(&self, worth: &[Worth]) -> Vec<Worth> {
        let of = |(arm, worth): (usize, &Worth)| {
            if self.why_not(arm).is_some() {
                Worth::NEVER
            } else {
                *worth
            }
        };
        worth.iter().enumerate().map(of).collect()
    }

    /// The rules that touched an answer: those that took arms away, and the one that gave it.
    ///
    /// - `names`: of the arms.
    /// - `given`: the arm of the answer.
    pub(super) fn reasons<'a>(
        &'a self,
        names: &'a dyn Fn(usize) -> &'a str,
        given: Option<usize>,
    ) -> impl Iterator<Item = Reason> + 'a {
        let pinned = self.pinned.filter(|arm| given == Some(*arm));
        let touches = self.touches.iter();
        let told = touches.filter(move |touch| !touch.pinned || pinned == Some(touch.offer));
        told.map(|touch| self::touched(touch, names(touch.offer)))
    }

    /// What the rules say of one arm, in sentences.
    pub(super) fn rules_of(&self, arm: usize, name: &str) -> Vec<String> {
        let of_arm = self.touches.iter().filter(|touch| touch.offer == arm);
        of_arm.map(|touch| touched(touch, name).text).collect()
    }
}

/// What a rule did to an arm.
fn touched(touch: &OfferTouch, arm: &str) -> Reason {
    let values = [
        ("rule", touch.rule.as_ref().into()),
        ("because", touch.reason.as_ref().into()),
        ("arm", arm.into()),
    ];
    if touch.pinned {
        reason(
            "rule_gave",
            "rule \"{rule}\" gives {arm} ({because})",
            values,
        )
    } else {
        reason(
            "rule_excluded",
            "rule \"{rule}\" excludes {arm} ({because})",
            values,
        )
    }
}

/// Takes what may not be given on the as-of day of a history out of the worth of its customers, rules not looked at.
///
/// - `worth`: `names` numbers for each customer.
/// - `names`: the arms.
pub(super) fn mask<'a>(
    worth: &mut [Worth],
    names: &[&str],
    customers: impl Iterator<Item = &'a str>,
    history: &History,
) {
    let limits = Limits::new(names, history, false);
    let today = history.as_of().0;
    let mut left = 0;
    let spends: Vec<f64> = worth.iter().map(|worth| worth.spend).collect();
    for (customer, worth) in customers.zip(worth.chunks_exact_mut(names.len().max(1))) {
        let facts = if limits.ask {
            known::facts_in(history, customer)
        } else {
            CustomerFacts::default()
        };
        let why_not = limits.of_offers(customer, &facts, today);
        for (worth, why_not) in worth.iter_mut().zip(why_not) {
            if why_not.is_some() {
                *worth = Worth::NEVER;
            } else {
                left += 1;
            }
        }
    }
    // Where nothing may be given on this day, that is no budget that nothing counts against.
    if left == 0 {
        for (worth, spend) in worth.iter_mut().zip(spends) {
            worth.spend = spend;
        }
    }
}
