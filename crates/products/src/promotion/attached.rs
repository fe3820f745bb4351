//! A version that answers: the arm for a customer, and why.

use super::CARD;
use super::caps::capped;
use super::counted::{CountedLimit, counted, counted_by, shut, stakes};
use super::facts::Facts;
use super::fitted::Body;
use super::flip::{of_costs, of_facts};
use super::limits::Counts;
use super::possible::{Limits, Possible};
use super::worth::{Prices, Worth, best};
use crate::answer::{Action, Asked, Decisions, Explanation, ExplanationLine, Infeasible, Reason};
use crate::contract::Serving;
use crate::ledger::{NoMoney, Stake};
use crate::shop::Shop;
use crate::standing::{Pace, Standing};
use crate::week::Week;
use measure::design::unit_draw;
use models::uplift::EffectInterval;
use schema::estimate::short;
use schema::{AsOf, Cents, Estimate, Probability};
use std::sync::Arc;

pub(super) struct Attached {
    pub(super) body: Arc<Body>,
    shop: Arc<Shop>,
    product: String,
    /// What table `offers` and the rules say of the arms.
    limits: Limits,
    /// Limits on some arms that a ledger keeps.
    counted: Vec<CountedLimit>,
    /// Whether a limit counts customers by where they usually buy.
    by_site: bool,
    /// Decides whose arm is drawn by chance: others with every version.
    salt: String,
}

/// Where a budget stands beside its plan, in words.
fn stands(pace: Pace) -> String {
    format!(
        "{:.1} % of the budget is promised and the plan says {:.1} %",
        100.0 * pace.promised,
        100.0 * pace.plan
    )
}

/// Method of an answer to somebody of whom nothing is known.
const NOTHING_KNOWN: &str =
    "nothing is known of the customer: the best arm on average, less its cost";

/// Why the answer is what it is.
#[derive(Clone, Copy)]
pub(super) enum Why {
    /// It is worth most for the customer.
    Own,
    /// It is worth most on average.
    Average,
    /// Chance drew it.
    Drawn,
    /// A rule gives it.
    Pinned,
    /// The customer is held out of what a budget is spent on.
    HeldOut,
    /// Nothing can be promised now, to nobody.
    NoMoney(NoMoney),
}

/// What the arms do for one customer.
pub(super) struct Offered {
    pub(super) effects: Vec<EffectInterval>,
    pub(super) worth: Vec<Worth>,
    /// What money in the budget must earn.
    pub(super) price: f64,
    /// What it and limits on some arms take off the worth of arms.
    pub(super) prices: Prices,
    /// Where the budget stands beside its plan: it has a part in the price.
    pub(super) pace: Option<Pace>,
    /// Where the customer usually buys, where a limit counts by it and that is known.
    pub(super) site: Option<String>,
    /// The arm that is worth most; `None` where none is worth anything.
    best: Option<usize>,
    /// The arm that would be it if every arm might be given.
    pub(super) wanted: Option<usize>,
    /// The arm that would be it without a plan, where none is.
    pub(super) held: Option<usize>,
    /// Whether the customer gets an arm that is worth exactly its price.
    admitted: bool,
    /// What it may be, each with its probability: at the price of the budget not everybody gets theirs.
    possible: [(Option<usize>, f64); 2],
    pub(super) why: Why,
    /// What may be given at all.
    pub(super) allowed: Possible,
    /// Probability that measured rules are left out as they are.
    share: f64,
    /// The same where they are left out otherwise.
    otherwise: Vec<Offered>,
}

impl Offered {
    /// The probability of an answer where measured rules are left out as they are: that of being drawn, and that of being
    /// best and not drawn.
    fn chance(&self, given: Option<usize>, explore: f64) -> f64 {
        let surely = |is: bool| f64::from(u8::from(is));
        let possible = self.allowed.arms().count();
        match self.why {
            Why::HeldOut | Why::NoMoney(_) => surely(given.is_none()),
            Why::Pinned => surely(self.best == given),
            Why::Own | Why::Average | Why::Drawn if possible == 0 => surely(given.is_none()),
            Why::Own | Why::Average | Why::Drawn => {
                let may_be = given.is_none_or(|arm| self.allowed.why_not(arm).is_none());
                let drawn = surely(may_be) * explore / (possible + 1) as f64;
                let best = self.possible.iter().filter(|(arm, _)| *arm == given);
                let best: f64 = best.map(|(_, share)| share).sum();
                drawn + (1.0 - explore) * best
            }
        }
    }
}

impl Attached {
    /// - `product`: its name.
    /// - `as_of`: the version's.
    pub(super) fn new(product: &str, as_of: AsOf, body: Arc<Body>, shop: Arc<Shop>) -> Self {
        let arms: Vec<&str> = body.arms.iter().map(|arm| arm.name.as_str()).collect();
        let asked = shop.item_rules.touch_offers(product);
        let limits = Limits::new(&arms, &shop.history, asked);
        let counted = counted(&body.settings.counted_limits(), &arms);
        Self {
            by_site: body.counts_by_site(),
            body,
            counted,
            shop,
            product: product.to_owned(),
            limits,
            salt: format!("explore {product} {as_of}"),
        }
    }

    /// What is known of a customer: what their last draw logged, and their orders.
    fn facts(&self, customer: &str) -> Facts {
        let draw = self.shop.history.trials().last_of(customer);
        let context = draw.and_then(|draw| draw.context.as_deref());
        let lines = self.shop.lines_of(customer);
        Facts::new(context, &lines, self.shop.today())
    }

    /// Where a customer usually buys, where a limit counts by it and that is known.
    fn site(&self, customer: &str) -> Option<&str> {
        let history = self.by_site.then_some(&self.shop.history)?;
        history.usual_site(customer)
    }

    /// What may be given to a customer, who usually buys at a site, at a moment.
    ///
    /// - `without`: measured rules that are not applied, by number; as they were drawn where absent.
    fn allowed(
        &self,
        (customer, site): (&str, Option<&str>),
        standing: &Standing,
        now: jiff::Timestamp,
        without: Option<&[usize]>,
    ) -> Possible {
        let clock = self.shop.clock(now);
        let arms = self.body.arms.iter().map(|arm| arm.name.as_str());
        let caps = self.body.settings.caps.as_ref();
        let capped = caps.map(|caps| capped(caps, arms, &standing.given, now));
        let mut capped = capped.unwrap_or_default();
        if !standing.short.is_empty() {
            capped.resize(self.body.arms.len(), None);
            for (arm, limit) in capped.iter_mut().enumerate() {
                let short = || shut(&self.counted, &standing.short, arm, site);
                *limit = limit.take().or_else(short);
            }
        }
        let capped = (capped, without);
        self.limits
            .of(&self.shop, &self.product, customer, clock, capped)
    }

    /// What the arms do for the customer asked about, and what they would do if measured rules were left out otherwise.
    ///
    /// - `offered`: of what may be given.
    fn either_way(
        &self,
        asked: &Asked,
        customer: &str,
        now: jiff::Timestamp,
        offered: impl Fn(Possible) -> Offered,
    ) -> Offered {
        let of = (customer, self.site(customer));
        let allowed = |without: Option<&[usize]>| self.allowed(of, &asked.standing, now, without);
        let as_drawn = allowed(None);
        let mut ways = as_drawn.draws.ways().into_iter();
        let share = ways.next().map_or(1.0, |(_, share)| share);
        let otherwise = ways.map(|(without, share)| Offered {
            share,
            ..offered(allowed(Some(&without)))
        });
        Offered {
            otherwise: otherwise.collect(),
            share,
            ..offered(as_drawn)
        }
    }

    /// - `customer`: and where they usually buy; empty for nobody.
    fn offered(
        &self,
        facts: &Facts,
        (customer, site): (&str, Option<&str>),
        pace: Option<Pace>,
        allowed: Possible,
    ) -> Offered {
        let (effects, why) = if facts.is_empty() {
            (self.body.averages(), Why::Average)
        } else {
            (self.body.effects(facts), Why::Own)
        };
        let worth = self.body.worth(facts, &effects);
        let at_price = self.body.at_price(site);
        let possible = [(true, at_price), (false, 1.0 - at_price)];
        // Another draw than that of the slice that explores.
        let admitted = unit_draw(&format!("at price, {}", self.salt), customer) < at_price;
        let left = allowed.masked(&worth);
        let best_at = |prices: &Prices, admitted| {
            let best = || best(&left, prices, admitted);
            allowed.pinned.or_else(best)
        };
        let prices = self.body.prices(pace, site);
        let chosen = best_at(&prices, admitted);
        let without_plan = pace.and_then(|_| best_at(&self.body.prices(None, site), admitted));
        Offered {
            best: chosen,
            admitted,
            wanted: best(&worth, &prices, admitted),
            held: without_plan.filter(|_| chosen.is_none()),
            possible: possible.map(|(admitted, share)| (best_at(&prices, admitted), share)),
            effects,
            worth,
            price: self.body.price(pace),
            prices,
            pace,
            site: site.map(str::to_owned),
            why: allowed.pinned.map_or(why, |_| Why::Pinned),
            allowed,
            share: 1.0,
            otherwise: Vec::new(),
        }
    }

    /// The arm that chance draws for a customer among those that may be given, the control as `None`; nothing for one who
    /// gets what is best, or what a rule gives, or for whom there is nothing to draw.
    fn drawn(&self, customer: &str, allowed: &Possible) -> Option<Option<usize>> {
        let arms: Vec<usize> = allowed.arms().collect();
        if arms.is_empty() || allowed.pinned.is_some() {
            return None;
        }
        let explore = self.body.settings.explore;
        let at = unit_draw(&self.salt, customer);
        if at >= explore {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place among the arms"
        )]
        let place = (at / explore * (arms.len() + 1) as f64) as usize;
        let arm = place.checked_sub(1);
        Some(arm.and_then(|place| arms.get(place)).copied())
    }

    /// An arm's name; the control's where there is none.
    fn named(&self, arm: Option<usize>) -> &str {
        let arm = arm.and_then(|arm| self.body.arms.get(arm));
        arm.map_or(&self.body.settings.control, |arm| &arm.name)
    }

    /// The nearest single fact that would change an answer; nothing where nothing is known of the customer.
    ///
    /// - `decide`: the arm of who has arms worth so much, all else as it is.
    fn flips_with_facts(
        &self,
        facts: &Facts,
        decide: impl Fn(&[Worth]) -> Option<usize>,
        given: Option<usize>,
    ) -> Vec<Reason> {
        if facts.is_empty() || !self.body.knows_values() {
            return Vec::new();
        }
        let (moves, worth) = self.body.otherwise(facts);
        let answers = worth.chunks_exact(self.body.arms.len()).map(decide);
        let names = |arm: Option<usize>| self.named(arm);
        vec![of_facts(&moves, answers, given, &names)]
    }

    fn unit(&self) -> String {
        format!("additional {}", self.body.settings.unit())
    }

    /// The answer: an arm, or the control.
    fn answer(&self, given: Option<usize>, offered: &Offered, method: &str) -> Decisions {
        let settings = &self.body.settings;
        let id = given.map_or(&settings.control, |arm| &self.body.arms[arm].name);
        let estimate = given.map(|arm| {
            let effect = offered.effects[arm];
            Estimate::Measured {
                point: effect.point,
                low: effect.low,
                high: effect.high,
                units: self.body.arms[arm].draws as u64,
            }
        });
        let action = Action {
            position: 1,
            id: id.clone(),
            label: None,
            score: Some(given.map_or(0.0, |arm| offered.effects[arm].point)),
            estimate,
            unit: self.unit().into(),
            propensity: self.propensity(given, offered),
            reasons: self.reasons(given, offered).into(),
        };
        Decisions {
            placement: None,
            actions: vec![action],
            short_of: None,
            method: method.to_owned(),
            stake: self.stake(given, offered),
        }
    }

    /// What the answer takes of the budget that a ledger keeps.
    fn stake(&self, given: Option<usize>, offered: &Offered) -> Option<Stake> {
        let ledger = self.body.settings.ledger.as_ref()?;
        if matches!(offered.why, Why::HeldOut | Why::NoMoney(_)) {
            return None;
        }
        let most = |arm: usize| ledger.most(&self.body.arms[arm].name);
        let mut might: Vec<usize> = given.into_iter().collect();
        for way in std::iter::once(offered).chain(&offered.otherwise) {
            let best = way.possible.iter().filter(|(_, share)| *share > 0.0);
            might.extend(best.filter_map(|(arm, _)| *arm));
            if self.body.settings.explore > 0.0 && !matches!(way.why, Why::Pinned) {
                might.extend(way.allowed.arms());
            }
        }
        let site = offered.site.as_deref();
        Some(Stake {
            takes: given.map_or(Cents(0), most),
            limits: stakes(&self.counted, given, &might, site),
            counted_by: counted_by(&self.counted, site),
            must_have: might.into_iter().map(most).max()?,
        })
    }

    /// The probability of an answer, however measured rules are left out.
    fn propensity(&self, given: Option<usize>, offered: &Offered) -> Probability {
        let explore = self.body.settings.explore;
        let ways = std::iter::once(offered).chain(&offered.otherwise);
        let all: f64 = ways.map(|way| way.share * way.chance(given, explore)).sum();
        Probability::new(all.min(1.0)).unwrap_or(Probability::ONE)
    }
}

impl Serving for Attached {
    fn decide(&self, asked: &Asked, now: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let customer = asked.customer(CARD.kind)?;
        let facts = self.facts(customer);
        let of = (customer, self.site(customer));
        let offered = self.either_way(asked, customer, now, |allowed| {
            self.offered(&facts, of, asked.standing.pace, allowed)
        });
        if let Some(drawn) = self.drawn(customer, &offered.allowed) {
            let offered = Offered {
                why: Why::Drawn,
                ..offered
            };
            return Ok(self.answer(drawn, &offered, "drawn by chance"));
        }
        let method = match offered.why {
            Why::Average => NOTHING_KNOWN,
            Why::Pinned => "a rule of the shop",
            Why::Own | Why::Drawn | Why::HeldOut | Why::NoMoney(_) => {
                "largest effect on the customer, less its cost"
            }
        };
        Ok(self.answer(offered.best, &offered, method))
    }

    fn baseline(&self, asked: &Asked, now: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let customer = asked.customer(CARD.kind)?;
        let offered = self.either_way(asked, customer, now, |allowed| {
            self.offered(&Facts::default(), ("", None), None, allowed)
        });
        if self.body.settings.budget.is_some() || self.body.settings.ledger.is_some() {
            // Whatever rules are left out.
            let offered = Offered {
                why: Why::HeldOut,
                share: 1.0,
                otherwise: Vec::new(),
                ..offered
            };
            return Ok(self.answer(None, &offered, "the control: the budget is not spent on it"));
        }
        Ok(self.answer(offered.best, &offered, CARD.baseline))
    }

    fn without_money(
        &self,
        asked: &Asked,
        now: jiff::Timestamp,
        why: NoMoney,
    ) -> Result<Decisions, Infeasible> {
        let customer = asked.customer(CARD.kind)?;
        let allowed = self.allowed((customer, self.site(customer)), &asked.standing, now, None);
        let offered = Offered {
            why: Why::NoMoney(why),
            ..self.offered(&Facts::default(), ("", None), None, allowed)
        };
        Ok(self.answer(None, &offered, "the control: nothing can be promised"))
    }

    fn counted_by(&self, asked: &Asked) -> Vec<usize> {
        let customer = asked.customer_id.as_ref();
        let site = customer.and_then(|id| self.site(id.as_str()));
        counted_by(&self.counted, site)
    }

    fn week(&self) -> Option<&Week> {
        self.body.week.as_ref()
    }

    fn explain(
        &self,
        asked: &Asked,
        about: Option<&str>,
        now: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        let customer = asked.customer(CARD.kind)?;
        let facts = self.facts(customer);
        let of = (customer, self.site(customer));
        let allowed = self.allowed(of, &asked.standing, now, None);
        let Offered {
            effects,
            worth,
            price,
            prices,
            pace,
            best: chosen,
            admitted,
            held,
            allowed,
            site,
            ..
        } = self.offered(&facts, of, asked.standing.pace, allowed);
        let named = |name: &str| self.body.arms.iter().position(|arm| arm.name == name);
        let net = |arm: &usize| prices.priced(*arm, &worth[*arm]);
        let nearest = || {
            let order = (0..effects.len()).max_by(|a, b| net(a).total_cmp(&net(b)));
            order.ok_or(Infeasible::NothingToExplain)
        };
        let arm = match about {
            Some(name) => named(name).ok_or_else(|| {
                let arms = self.body.arms.iter().map(|arm| arm.name.as_str());
                Infeasible::UnknownArm {
                    found: name.to_owned(),
                    allowed: arms.collect::<Vec<_>>().join(", "),
                }
            })?,
            None => chosen.map_or_else(nearest, Ok)?,
        };
        let (base, parts) = if facts.is_empty() {
            (effects[arm].point, Vec::new())
        } else {
            let why = self.body.why(arm, &facts);
            why.ok_or(Infeasible::NothingToExplain)?
        };
        let mut lines: Vec<ExplanationLine> = parts
            .into_iter()
            .map(|(what, contribution)| ExplanationLine { what, contribution })
            .collect();
        lines.push(ExplanationLine {
            what: "what the arm changes for everybody".to_owned(),
            contribution: base,
        });
        lines.extend(self.body.paid(arm, &effects[arm], &worth[arm]));
        if price > 0.0 {
            lines.push(ExplanationLine {
                what: format!(
                    "what its {} of the budget would add elsewhere",
                    short(worth[arm].spend)
                ),
                contribution: -price * worth[arm].spend,
            });
        }
        for bound in self.body.bounds(arm, site.as_deref()) {
            let spend = worth[arm].spend;
            let name = &bound.name;
            lines.push(ExplanationLine {
                what: match bound.counts {
                    Counts::Spend => {
                        format!(
                            "what its {} of limit {name} would add elsewhere",
                            short(spend)
                        )
                    }
                    Counts::AtMost => {
                        format!("what its place within limit {name} would add elsewhere")
                    }
                    Counts::AtLeast => {
                        format!("what limit {name}, which asks for more of it, gives it")
                    }
                },
                contribution: -bound.takes(spend),
            });
        }
        lines.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        let of = |arm: usize| {
            let effect = effects[arm];
            format!(
                "{} adds {} ({} to {})",
                self.body.arms[arm].name,
                short(effect.point),
                short(effect.low),
                short(effect.high)
            )
        };
        let left = allowed.masked(&worth);
        let flips = if allowed.pinned.is_some() {
            Vec::new()
        } else {
            let decide = |worth: &[Worth]| best(&allowed.masked(worth), &prices, admitted);
            let mut flips = self.flips_with_facts(&facts, decide, chosen);
            let names = |arm: Option<usize>| self.named(arm);
            flips.extend(of_costs(&left, &prices, chosen, arm, &names));
            flips
        };
        let name = self.body.arms[arm].name.as_str();
        let why_not = match chosen {
            _ if allowed.why_not(arm).is_some() => allowed.why_not(arm).map(str::to_owned),
            Some(pinned) if pinned != arm && allowed.pinned == chosen => Some(
                allowed
                    .rules_of(pinned, &self.body.arms[pinned].name)
                    .join("; "),
            ),
            Some(better) if better != arm => Some(format!("{}; {}", of(better), of(arm))),
            None => Some(format!(
                "{}, which is not above its cost of {}{}: {}",
                of(arm),
                short(effects[arm].point - net(&arm)),
                pace.filter(|_| held == Some(arm))
                    .map_or_else(String::new, |pace| format!(
                        " now; it is held for later, since {}",
                        stands(pace)
                    )),
                self.body.settings.control
            )),
            Some(_) => None,
        };
        let brand = self.limits.brand_pays_cents(arm).filter(|cents| *cents > 0);
        let brand = brand.map_or_else(String::new, |cents| {
            format!(
                "; the brand pays {} for giving it",
                short(cents as f64 / 100.0)
            )
        });
        Ok(Explanation {
            about: name.to_owned(),
            summary: format!("customer {customer}: {}{brand}", of(arm)),
            score: lines.iter().map(|line| line.contribution).sum(),
            unit: self.unit(),
            lines,
            why_not,
            rules: allowed.rules_of(arm, name),
            flips,
        })
    }
}
