//! A version that answers: the arm for a customer, and why.

use super::CARD;
use super::budget::Worth;
use super::facts::Facts;
use super::fitted::Body;
use super::possible::{Limits, Possible};
use crate::answer::{Action, Asked, Decisions, Explanation, ExplanationLine, Infeasible, Reason};
use crate::contract::Serving;
use crate::ledger::{NoMoney, Stake};
use crate::reasons::reason;
use crate::shop::Shop;
use features::PROPENSITIES;
use measure::design::unit_draw;
use models::uplift::EffectInterval;
use schema::estimate::short;
use schema::{AsOf, Cents, Estimate, Probability};
use std::sync::Arc;

pub(super) struct Attached {
    body: Arc<Body>,
    shop: Arc<Shop>,
    product: String,
    /// What table `offers` and the rules say of the arms.
    limits: Limits,
    /// Decides whose arm is drawn by chance: others with every version.
    salt: String,
}

/// Method of an answer to somebody of whom nothing is known.
const NOTHING_KNOWN: &str =
    "nothing is known of the customer: the best arm on average, less its cost";

/// Why the answer is what it is.
#[derive(Clone, Copy)]
enum Why {
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
struct Offered {
    effects: Vec<EffectInterval>,
    worth: Vec<Worth>,
    /// The arm that is worth most; `None` where none is worth anything.
    best: Option<usize>,
    /// What it may be, each with its probability: at the price of the budget not everybody gets theirs.
    possible: [(Option<usize>, f64); 2],
    why: Why,
    /// What may be given at all.
    allowed: Possible,
}

impl Attached {
    /// - `product`: its name.
    /// - `as_of`: the version's.
    pub(super) fn new(product: &str, as_of: AsOf, body: Arc<Body>, shop: Arc<Shop>) -> Self {
        let arms: Vec<&str> = body.arms.iter().map(|arm| arm.name.as_str()).collect();
        let asked = shop.item_rules.touch_offers(product);
        let limits = Limits::new(&arms, &shop.history, asked);
        Self {
            body,
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

    /// What may be given to a customer at a moment.
    fn allowed(&self, customer: &str, now: jiff::Timestamp) -> Possible {
        let clock = self.shop.clock(now);
        self.limits.of(&self.shop, &self.product, customer, clock)
    }

    /// - `customer`: empty for nobody.
    fn offered(&self, facts: &Facts, customer: &str, allowed: Possible) -> Offered {
        let (effects, why) = if facts.is_empty() {
            (self.body.averages(), Why::Average)
        } else {
            (self.body.effects(facts), Why::Own)
        };
        let worth = self.body.worth(facts, &effects);
        let at_price = self.body.at_price();
        let possible = [(true, at_price), (false, 1.0 - at_price)];
        // Another draw than that of the slice that explores.
        let admitted = unit_draw(&format!("at price, {}", self.salt), customer) < at_price;
        let left = allowed.masked(&worth);
        let best = |admitted| allowed.pinned.or_else(|| self.body.best(&left, admitted));
        Offered {
            best: best(admitted),
            possible: possible.map(|(admitted, share)| (best(admitted), share)),
            effects,
            worth,
            why: allowed.pinned.map_or(why, |_| Why::Pinned),
            allowed,
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
            unit: self.unit(),
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
        let might = offered.possible.iter().filter(|(_, share)| *share > 0.0);
        let mut might: Vec<usize> = might.filter_map(|(arm, _)| *arm).chain(given).collect();
        if self.body.settings.explore > 0.0 && !matches!(offered.why, Why::Pinned) {
            might.extend(offered.allowed.arms());
        }
        Some(Stake {
            takes: given.map_or(Cents(0), most),
            must_have: might.into_iter().map(most).max()?,
        })
    }

    /// The probability of an answer: that of being drawn, and that of being best and not drawn.
    fn propensity(&self, given: Option<usize>, offered: &Offered) -> Probability {
        let possible = offered.allowed.arms().count();
        if matches!(offered.why, Why::HeldOut | Why::Pinned | Why::NoMoney(_)) || possible == 0 {
            return Probability::ONE;
        }
        let explore = self.body.settings.explore;
        let drawn = explore / (possible + 1) as f64;
        let best = offered.possible.iter().filter(|(arm, _)| *arm == given);
        let best: f64 = best.map(|(_, share)| share).sum();
        Probability::new(drawn + (1.0 - explore) * best).unwrap_or(Probability::ONE)
    }

    /// Why, and what rules and table `offers` have to do with it.
    fn reasons(&self, given: Option<usize>, offered: &Offered) -> Vec<Reason> {
        let name = |arm: usize| self.body.arms[arm].name.as_str();
        let mut all = Vec::new();
        // What a rule gives has no other reason.
        if !matches!(offered.why, Why::Pinned) {
            all.push(self.reason(given, offered));
        }
        if matches!(offered.why, Why::HeldOut) {
            return all;
        }
        let allowed = &offered.allowed;
        let better = self
            .body
            .best(&offered.worth, false)
            .filter(|arm| given != Some(*arm));
        if let Some(arm) = better
            && !matches!(offered.why, Why::Drawn | Why::Pinned)
            && let Some(limit) = allowed.limit(arm)
        {
            all.push(limit.reason(name(arm)));
        }
        all.extend(allowed.reasons(&name, given));
        all
    }

    fn reason(&self, given: Option<usize>, offered: &Offered) -> Reason {
        let settings = &self.body.settings;
        let unit = settings.outcome.unit();
        let control = settings.control.as_str();
        let price = self.body.price();
        if matches!(offered.why, Why::Drawn) {
            return reason(
                "drawn",
                "drawn by chance, so that later versions can learn what it changes",
                [(PROPENSITIES, self.alike(&offered.allowed).into())],
            );
        }
        if matches!(offered.why, Why::HeldOut) {
            return reason(
                "held_out",
                "{control}: whoever is held out gets nothing that the budget pays for",
                [("control", control.into())],
            );
        }
        if let Why::NoMoney(why) = offered.why {
            let values = [("control", control.into())];
            return match why {
                NoMoney::UsedUp => reason(
                    "budget_used_up",
                    "{control}: what is left of the budget does not pay for an offer",
                    values,
                ),
                NoMoney::Unavailable => reason(
                    "ledger_unavailable",
                    "{control}: what is left of the budget cannot be known now, and nothing is promised without it",
                    values,
                ),
            };
        }
        let Some(arm) = given else {
            if offered.allowed.arms().next().is_none() {
                return reason(
                    "none_possible",
                    "no arm may be given: {control}",
                    [("control", control.into())],
                );
            }
            let values = [
                ("control", control.into()),
                ("unit", unit.into()),
                ("price", short(price).into()),
            ];
            return if price > 0.0 {
                reason(
                    "not_worth_its_budget",
                    "no arm is expected to add more {unit} than it costs and the {price} that each unit of the budget earns elsewhere: {control}",
                    values,
                )
            } else {
                reason(
                    "no_effect",
                    "no arm is expected to add more {unit} than it costs: {control}",
                    values,
                )
            };
        };
        let (of, effect, worth) = (
            &self.body.arms[arm],
            offered.effects[arm],
            offered.worth[arm],
        );
        let values = [
            ("arm", of.name.as_str().into()),
            ("effect", short(effect.point).into()),
            ("low", short(effect.low).into()),
            ("high", short(effect.high).into()),
            ("average", short(of.average().point).into()),
            ("cost", short(self.body.cost(arm)).into()),
            ("spend", short(worth.spend).into()),
            ("price", short(price).into()),
            ("unit", unit.into()),
        ];
        match (offered.why, settings.budget) {
            (Why::Average, _) => reason(
                "best_on_average",
                "{arm} adds {average} {unit} on average and costs {cost}: no arm is worth more",
                values,
            ),
            (_, None) => reason(
                "largest_effect",
                "{arm} adds {effect} {unit} ({low} to {high}) and costs {cost}: no arm is worth more; on average it adds {average}",
                values,
            ),
            (_, Some(_)) => reason(
                "worth_its_budget",
                "{arm} adds {effect} {unit} ({low} to {high}) and spends {spend} of the budget, each unit of which earns {price} elsewhere: no arm is worth more; on average it adds {average}",
                values,
            ),
        }
    }

    /// The probability of every arm that may be given to a customer whose arm chance draws, as a JSON object.
    fn alike(&self, allowed: &Possible) -> String {
        let share = 1.0 / (allowed.arms().count() + 1) as f64;
        let control = std::iter::once(&self.body.settings.control);
        let arms = control.chain(allowed.arms().map(|arm| &self.body.arms[arm].name));
        let shares: serde_json::Map<String, serde_json::Value> =
            arms.map(|name| (name.clone(), share.into())).collect();
        serde_json::Value::Object(shares).to_string()
    }
}

impl Serving for Attached {
    fn decide(&self, asked: &Asked, now: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let customer = asked.customer(CARD.kind)?;
        let facts = self.facts(customer);
        let offered = self.offered(&facts, customer, self.allowed(customer, now));
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
        let offered = self.offered(&Facts::default(), "", self.allowed(customer, now));
        if self.body.settings.budget.is_some() || self.body.settings.ledger.is_some() {
            let offered = Offered {
                why: Why::HeldOut,
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
        let offered = Offered {
            why: Why::NoMoney(why),
            ..self.offered(&Facts::default(), "", self.allowed(customer, now))
        };
        Ok(self.answer(None, &offered, "the control: nothing can be promised"))
    }

    fn explain(
        &self,
        asked: &Asked,
        about: Option<&str>,
        now: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        let customer = asked.customer(CARD.kind)?;
        let facts = self.facts(customer);
        let Offered {
            effects,
            worth,
            best: chosen,
            allowed,
            ..
        } = self.offered(&facts, customer, self.allowed(customer, now));
        let named = |name: &str| self.body.arms.iter().position(|arm| arm.name == name);
        let net = |arm: &usize| worth[*arm].priced(self.body.price());
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
        if self.body.cost(arm) > 0.0 {
            lines.push(ExplanationLine {
                what: "what it costs".to_owned(),
                contribution: -self.body.cost(arm),
            });
        }
        if self.body.price() > 0.0 {
            lines.push(ExplanationLine {
                what: format!(
                    "what its {} of the budget would add elsewhere",
                    short(worth[arm].spend)
                ),
                contribution: -self.body.price() * worth[arm].spend,
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
                "{}, which is not above its cost of {}: {}",
                of(arm),
                short(effects[arm].point - net(&arm)),
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
        })
    }
}
