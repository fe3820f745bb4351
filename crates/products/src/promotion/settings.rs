//! Settings of kind `promotion`.

use crate::file::Raw;
use schema::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an arm is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Whether the customer came: 1 where table `events` holds a view of theirs.
    Visits,
    /// Orders, those taken back not counted.
    Orders,
    /// Money in the shop's currency, returns taken off.
    Revenue,
}

impl Outcome {
    /// As the field calls it, with its unit.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Visits => "visits per customer",
            Self::Orders => "orders per customer",
            Self::Revenue => "revenue per customer",
        }
    }
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
    /// nothing.
    pub(crate) costs: BTreeMap<String, f64>,
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

    /// What an arm costs for each customer who gets it.
    pub(crate) fn cost(&self, arm: &str) -> f64 {
        self.costs.get(arm).copied().unwrap_or(0.0)
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
