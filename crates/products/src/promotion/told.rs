//! Why an answer is what it is, in reasons.

use super::attached::{Attached, Offered, Why};
use super::limits::Counts;
use super::possible::Possible;
use super::worth::{Prices, best};
use crate::answer::Reason;
use crate::ledger::NoMoney;
use crate::reasons::reason;
use crate::standing::Pace;
use features::PROPENSITIES;
use schema::estimate::short;

impl Attached {
    /// Why, and what rules and table `offers` have to do with it.
    pub(super) fn reasons(&self, given: Option<usize>, offered: &Offered) -> Vec<Reason> {
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
        let better = offered.wanted.filter(|arm| given != Some(*arm));
        if let Some(arm) = better
            && !matches!(offered.why, Why::Drawn | Why::Pinned)
            && let Some(limit) = allowed.limit(arm)
            && !limit.is_of_all()
        {
            all.push(limit.reason(name(arm)));
        }
        // Draws of one customer by one version are logged alike, so that they are known as one.
        if let (Why::Own | Why::Average, Some(pace)) = (offered.why, offered.pace) {
            all.push(self.paced(pace, offered.price));
        }
        let is_limited = self.body.round.iter().any(|round| !round.limits.is_empty());
        if is_limited && matches!(offered.why, Why::Own | Why::Average) {
            all.extend(self.bound(given, offered));
        }
        all.extend(allowed.reasons(&name, given));
        all.extend(allowed.draws.reasons());
        all
    }

    /// The limits on some arms that have a part in the answer: those that bind the arm given, or the one that would be
    /// given without them.
    fn bound(&self, given: Option<usize>, offered: &Offered) -> Vec<Reason> {
        let left = offered.allowed.masked(&offered.worth);
        let budget = Prices::of_budget(offered.price, left.len());
        let without = best(&left, &budget, false).filter(|arm| given != Some(*arm));
        let of = |arm: usize| {
            self.body.bounds(arm, offered.site.as_deref()).map(move |bound| {
                let values = [
                    ("arm", self.body.arms[arm].name.as_str().into()),
                    ("limit", bound.name.as_str().into()),
                    ("price", short(bound.price).into()),
                ];
                match bound.counts {
                    Counts::Spend => reason(
                        "limit_of_money",
                        "limit {limit} is used up by what is worth most: each unit that {arm} spends of it must earn {price} more",
                        values,
                    ),
                    Counts::AtMost => reason(
                        "limit_of_customers",
                        "limit {limit} is used up by those for whom it is worth most: {arm} must be worth {price} more",
                        values,
                    ),
                    Counts::AtLeast => reason(
                        "limit_asks_for_more",
                        "limit {limit} asks for more customers than {arm} is worth giving to: it is given where it lacks less than {price}",
                        values,
                    ),
                }
            })
        };
        without.into_iter().chain(given).flat_map(of).collect()
    }

    fn reason(&self, given: Option<usize>, offered: &Offered) -> Reason {
        let settings = &self.body.settings;
        let unit = settings.outcome.unit();
        let control = settings.control.as_str();
        let price = offered.price;
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
                if let Some(limit) = offered.allowed.limit_of_all() {
                    return limit.reason(control);
                }
                return reason(
                    "none_possible",
                    "no arm may be given: {control}",
                    [("control", control.into())],
                );
            }
            if let Some(arm) = offered.held {
                return reason(
                    "held_for_later",
                    "{arm} is held for later: by the plan of the budget each unit of it must earn {price} now, {usual} without it: {control}",
                    [
                        ("arm", self.body.arms[arm].name.as_str().into()),
                        ("price", short(price).into()),
                        ("usual", short(self.body.price(None)).into()),
                        ("control", control.into()),
                    ],
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

    /// Where the budget stands beside its plan, and what that makes of its price.
    fn paced(&self, pace: Pace, price: f64) -> Reason {
        reason(
            "paced",
            "{promised} % of the budget is promised and the plan says {planned} %: each unit of it must earn {price} now, {usual} without the plan",
            [
                ("promised", (100.0 * pace.promised).into()),
                ("planned", (100.0 * pace.plan).into()),
                ("price", short(price).into()),
                ("usual", short(self.body.price(None)).into()),
            ],
        )
    }
}
