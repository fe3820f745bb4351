//! Settings of kind `promotion`.

use super::caps::Caps;
use super::limits::{self, ArmsLimit};
use crate::file::Raw;
use crate::ledger::{Allowance, ArmsAllowance, Pacing, Period};
use crate::outcome::Outcome;
use math::tails::normal_upper_quantile;
use models::uplift::EffectInterval;
use schema::{Cents, ConfigError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The types of offers that table `offers` knows.
pub(super) const TYPES: [&str; 5] = ["percentage", "amount", "points", "free_delivery", "bundle"];

/// How the budget is kept, promise by promise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ledger {
    /// For how long `budget` holds: `month`, `week` or `day` of the shop's time, or `version`.
    pub(crate) period: Period,
    /// Days within which an offer may be redeemed, 1 to 366; then what it reserved is free again.
    pub(crate) expires_days: u32,
    /// What one giving of each arm can cost at most, in the shop's currency: that is what is reserved. Names every arm
    /// but the control.
    pub(crate) most: BTreeMap<String, f64>,
    /// How promises are spread over the period: `none`, or by a price of the budget that rises where more is promised than
    /// a plan would have promised by now, and falls where less is; the plan is `even`, or `usual`, as the shop's orders
    /// are usually spread over the hours of a week. Not with period `version`, of which nobody knows the end.
    #[serde(default)]
    pub(crate) pace: Pacing,
}

impl Ledger {
    /// What giving an arm reserves; an arm that is not named cannot be paid.
    pub(crate) fn most(&self, arm: &str) -> Cents {
        self.most
            .get(arm)
            .map_or(Cents(i64::MAX), |most| cents(*most))
    }
}

/// An amount in cents, rounded down: not even a part of a cent more.
pub(super) fn whole_cents(amount: f64) -> Option<Cents> {
    Cents::nearest((amount * 100.0 + 1e-6).floor())
}

/// An amount in cents, rounded up so that no part of one is forgotten.
fn cents(amount: f64) -> Cents {
    // What is beyond exact cents is refused by the check.
    Cents::nearest((amount * 100.0 - 1e-6).ceil()).unwrap_or(Cents(i64::MAX))
}

/// Settings as written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// The trial in table `assignments` to learn from.
    pub(crate) trial: String,
    /// Its arm that was left alone.
    pub(crate) control: String,
    /// What an arm is to change.
    pub(crate) outcome: Outcome,
    /// What an arm costs for each customer who gets it, in the unit of the outcome, 0 or more; an arm not named costs
    /// what table `offers` says that giving it costs the retailer, with the redemptions that no sale shows, and nothing
    /// where it is no offer there. Discounts are no cost: revenue and margin have them taken off.
    pub(crate) costs: BTreeMap<String, f64>,
    /// Types of offers in table `offers` whose redemptions table `sales` holds as discounts: nothing more is taken off for
    /// them, and what a brand pays back of them is added to margins.
    pub(crate) in_sales: Vec<String>,
    /// How many redemptions to expect of a customer who gets an offer that is not in sales, by the offer's name or its
    /// type, 0 to 1000: times what one costs the retailer it is taken off. An offer whose redemption costs something, and
    /// of which neither this nor `costs` says anything, is not learnt from.
    pub(crate) redeemed: BTreeMap<String, f64>,
    /// Money that deciding once for every known customer is expected to spend at most, in the shop's currency: costs,
    /// and the discounts that an arm leads to, less what a brand pays back of them. Needs `revenue` or `margin` as the outcome. Whoever is held out then
    /// gets the control.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) budget: Option<f64>,
    /// Keeps the budget promise by promise, so that no more is promised than it holds: `budget` is then also what may be
    /// promised in each period. Needs `budget`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ledger: Option<Ledger>,
    /// What some arms together may spend, and how many customers may or must get one of them, in each round of decisions
    /// beside `budget`: of a brand, a campaign, a store. They hold in expectation; with a ledger those that say at most also hold
    /// promise by promise in each period.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) limits: Vec<ArmsLimit>,
    /// How many offers one customer gets; as many as are worth it where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) caps: Option<Caps>,
    /// Standard errors taken off the effect on each customer before it competes for the budget, 0 to 3: who looks best of
    /// many is partly lucky.
    pub(crate) caution: f64,
    /// Share of the customers whose arm is drawn by chance, all arms alike, so that later versions can learn from
    /// what it changed, 0 to 0.2.
    pub(crate) explore: f64,
    /// Days after the draw in which it counts, 1 to 365.
    pub(crate) window_days: u32,
    /// Keys of `context` not to learn from.
    pub(crate) leave_out: Vec<String>,
    /// Parts of the customers, each measured by what the others taught, 2 to 20.
    pub(crate) folds: usize,
    /// Probability with which a customer's interval holds the effect, 0.5 to 0.99.
    pub(crate) interval: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            trial: "mail".to_owned(),
            control: "none".to_owned(),
            outcome: Outcome::Visits,
            costs: BTreeMap::new(),
            in_sales: vec!["percentage".to_owned(), "amount".to_owned()],
            redeemed: BTreeMap::new(),
            budget: None,
            ledger: None,
            limits: Vec::new(),
            caps: None,
            caution: 0.5,
            explore: 0.0,
            window_days: 14,
            leave_out: Vec::new(),
            folds: 5,
            interval: 0.9,
        }
    }
}

impl Settings {
    /// Unit of the outcome with its window.
    pub(crate) fn unit(&self) -> String {
        format!("{} within {} days", self.outcome.unit(), self.window_days)
    }

    /// What an effect counts for where it competes for a budget; all of it without one.
    ///
    /// - `level`: that of its interval.
    pub(crate) fn counted(&self, effect: &EffectInterval, level: f64) -> f64 {
        if self.budget.is_none() {
            return effect.point;
        }
        let errors = normal_upper_quantile(0.5 * (1.0 - level));
        effect.point - self.caution * (effect.point - effect.low) / errors
    }

    /// What an arm costs for each customer who gets it.
    pub(crate) fn cost(&self, arm: &str) -> f64 {
        self.costs.get(arm).copied().unwrap_or(0.0)
    }

    /// What may be promised, where a ledger keeps the budget.
    pub(crate) fn allowance(&self) -> Option<Allowance> {
        let (ledger, budget) = (self.ledger.as_ref()?, self.budget?);
        let dearest = ledger.most.values().map(|most| cents(*most)).max();
        Some(Allowance {
            limit: whole_cents(budget)?,
            period: ledger.period,
            expires_days: ledger.expires_days,
            dearest: dearest?,
            pacing: ledger.pace,
            limits: self.counted_limits(),
        })
    }

    /// The limits that a ledger keeps, none without one: those that say at most.
    pub(crate) fn counted_limits(&self) -> Vec<ArmsAllowance> {
        let ledger = self.ledger.as_ref();
        let of = |ledger| self.limits.iter().filter_map(move |l| l.allowance(ledger));
        ledger.into_iter().flat_map(of).collect()
    }

    /// The sites that limits name, sorted, each once.
    pub(crate) fn sites(&self) -> Vec<String> {
        let all = self.limits.iter().flat_map(|limit| limit.sites.iter());
        let all: BTreeSet<&String> = all.flatten().collect();
        all.into_iter().cloned().collect()
    }

    /// Refuses types that there are not, and redemptions that would count twice.
    fn check_redemptions(&self, raw: &Raw) -> Result<(), ConfigError> {
        let strange = |kind: &&String| !TYPES.contains(&kind.as_str());
        if let Some(kind) = self.in_sales.iter().find(strange) {
            return Err(raw.refuse("in_sales", format!("{kind:?}"), TYPES.join(", ")));
        }
        if let Some(kind) = self
            .in_sales
            .iter()
            .find(|kind| self.redeemed.contains_key(*kind))
        {
            let allowed = "types that are not in `in_sales`, whose redemptions are discounts";
            return Err(raw.refuse("redeemed", format!("{kind:?}"), allowed));
        }
        let wrong = |times: &f64| !(0.0..=1000.0).contains(times);
        if let Some((name, times)) = self.redeemed.iter().find(|(_, times)| wrong(times)) {
            return Err(raw.refuse("redeemed", format!("{times} for {name:?}"), "0 to 1000"));
        }
        Ok(())
    }

    fn check_ledger(&self, raw: &Raw) -> Result<(), ConfigError> {
        let Some(ledger) = &self.ledger else {
            return Ok(());
        };
        let refuse = |key: &str, found: String, allowed: &str| {
            Err(raw
                .file
                .refuse(&["settings", "ledger", key], found, allowed))
        };
        if self.budget.is_none_or(|budget| budget < 0.01) {
            let found = self
                .budget
                .map_or("without a `budget`".to_owned(), |budget| {
                    format!("of a `budget` of {budget}")
                });
            return Err(raw.refuse("ledger", found, "that of a `budget` of a cent or more"));
        }
        if ledger.pace != Pacing::None && ledger.period == Period::Version {
            let allowed =
                "none, or `month`, `week` or `day` as the period: nobody knows when a version ends";
            return refuse(
                "pace",
                format!("{:?} with period \"version\"", ledger.pace.code()),
                allowed,
            );
        }
        if !(1..=366).contains(&ledger.expires_days) {
            return refuse("expires_days", ledger.expires_days.to_string(), "1 to 366");
        }
        let wrong = |most: &f64| !(most.is_finite() && (0.01..1.0e12).contains(most));
        if let Some((arm, most)) = ledger.most.iter().find(|(_, most)| wrong(most)) {
            return refuse("most", format!("{most} for {arm:?}"), "a cent or more");
        }
        if ledger.most.contains_key(&self.control) || ledger.most.is_empty() {
            let found = format!("{:?}", ledger.most.keys().collect::<Vec<_>>());
            return refuse(
                "most",
                found,
                "every arm but the control, which promises nothing",
            );
        }
        Ok(())
    }

    pub(crate) fn check(&self, raw: &Raw) -> Result<(), ConfigError> {
        for (key, name) in [("trial", &self.trial), ("control", &self.control)] {
            if name.trim().is_empty() {
                return Err(raw.refuse(key, format!("{name:?}"), "a name"));
            }
        }
        let wrong = |cost: &f64| !(cost.is_finite() && *cost >= 0.0);
        if let Some((arm, cost)) = self.costs.iter().find(|(_, cost)| wrong(cost)) {
            return Err(raw.refuse("costs", format!("{cost} for {arm:?}"), "0 or more"));
        }
        self.check_redemptions(raw)?;
        if let Some(budget) = self.budget {
            if !(budget.is_finite() && budget > 0.0) {
                return Err(raw.refuse("budget", budget, "above 0"));
            }
            if !matches!(self.outcome, Outcome::Revenue | Outcome::Margin) {
                let found = format!("a budget of {budget}");
                return Err(raw.refuse(
                    "budget",
                    found,
                    "none, or `revenue` or `margin` as the outcome: money is spent where money comes back",
                ));
            }
        }
        self.check_ledger(raw)?;
        limits::check(self, raw)?;
        if let Some(caps) = &self.caps {
            caps.check(self, raw)?;
        }
        if !(0.0..=3.0).contains(&self.caution) {
            return Err(raw.refuse("caution", self.caution, "0 to 3"));
        }
        if !(0.0..=0.2).contains(&self.explore) {
            return Err(raw.refuse("explore", self.explore, "0 to 0.2"));
        }
        if matches!(
            self.outcome,
            Outcome::Discount | Outcome::Lines | Outcome::Returns
        ) {
            return Err(raw.refuse(
                "outcome",
                format!("{:?}", self.outcome.code()),
                "visits, orders, revenue or margin",
            ));
        }
        if !(1..=365).contains(&self.window_days) {
            return Err(raw.refuse("window_days", self.window_days, "1 to 365"));
        }
        if !(2..=20).contains(&self.folds) {
            return Err(raw.refuse("folds", self.folds, "2 to 20"));
        }
        if !(0.5..=0.99).contains(&self.interval) {
            return Err(raw.refuse("interval", self.interval, "0.5 to 0.99"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_of_offers_are_those_of_the_table() {
        let offers = schema::table::tables().iter().find(|t| t.name == "offers");
        let column = offers.unwrap().columns.iter().find(|c| c.name == "type");
        assert_eq!(column.unwrap().allowed, TYPES);
    }
}
