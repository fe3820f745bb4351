//! Ratios of outcomes, and what must not get worse, as they are written.

use crate::outcome::Outcome;
use schema::{ConfigError, Direction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A ratio of two outcomes over all customers of an arm, such as revenue per order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ratio {
    /// What it is called: letters, digits, spaces, - and _; no outcome and no other ratio is called so.
    pub(crate) name: String,
    /// The outcome that is divided.
    pub(crate) of: Outcome,
    /// The outcome that it is divided by, another one.
    pub(crate) per: Outcome,
}

/// An outcome or a ratio that must not get worse by more than a tolerance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Guardrail {
    /// One of `outcomes`, or the name of a ratio.
    pub(crate) outcome: String,
    /// Share of the control's mean by which it may get worse, above 0 and below 1.
    pub(crate) worse_by: f64,
}

/// What is measured of an arm: an outcome per customer, or a ratio of two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Measure<'a> {
    Outcome(Outcome),
    Ratio(&'a Ratio),
}

impl Measure<'_> {
    /// As the settings call it.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Outcome(outcome) => outcome.code(),
            Self::Ratio(ratio) => &ratio.name,
        }
    }

    /// As the field calls it.
    pub(crate) fn unit(&self) -> String {
        match self {
            Self::Outcome(outcome) => outcome.unit().to_owned(),
            Self::Ratio(ratio) => format!(
                "{} ({} per {})",
                ratio.name,
                ratio.of.name(),
                ratio.per.one()
            ),
        }
    }

    /// Whether it is an amount in the shop's currency.
    pub(crate) fn is_money(&self) -> bool {
        match self {
            Self::Outcome(outcome) => outcome.is_money(),
            Self::Ratio(ratio) => ratio.of.is_money() && !ratio.per.is_money(),
        }
    }

    /// Which way is better: a ratio follows what is divided.
    pub(crate) fn better(&self) -> Direction {
        match self {
            Self::Outcome(outcome) => outcome.better(),
            Self::Ratio(ratio) => ratio.of.better(),
        }
    }

    /// Whether an outcome is read for it.
    pub(crate) fn reads(&self, outcome: Outcome) -> bool {
        match self {
            Self::Outcome(own) => *own == outcome,
            Self::Ratio(ratio) => ratio.of == outcome || ratio.per == outcome,
        }
    }
}

/// Outcomes and ratios in the order in which they are measured.
pub(crate) fn measures<'a>(
    outcomes: &'a [Outcome],
    ratios: &'a [Ratio],
) -> impl Iterator<Item = Measure<'a>> {
    let outcomes = outcomes.iter().copied().map(Measure::Outcome);
    outcomes.chain(ratios.iter().map(Measure::Ratio))
}

/// Checks ratios and guardrails beside the outcomes of their file.
///
/// - `refuse`: the error at a path of keys, with what was found and what is allowed.
pub(crate) fn check(
    outcomes: &[Outcome],
    ratios: &[Ratio],
    guardrails: &[Guardrail],
    refuse: &dyn Fn(&[&str], String, &str) -> ConfigError,
) -> Result<(), ConfigError> {
    for (place, ratio) in ratios.iter().enumerate() {
        let at = place.to_string();
        let wrong = |key: &str, found: String, allowed: &str| {
            Err(refuse(&["ratio", at.as_str(), key], found, allowed))
        };
        let (name, others) = (&ratio.name, &ratios[..place]);
        let good = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        if name.is_empty() || name.trim() != name || name.len() > 60 || !name.chars().all(good) {
            let allowed = "a name of letters, digits, spaces, - and _, at most 60 bytes";
            return wrong("name", format!("{name:?}"), allowed);
        }
        let taken = Outcome::ALL.iter().any(|outcome| outcome.code() == name);
        if taken || others.iter().any(|other| other.name == *name) {
            let allowed = "a name that no outcome and no other ratio has";
            return wrong("name", format!("{name:?}"), allowed);
        }
        if ratio.of == ratio.per {
            let found = format!("{:?}, as `of` is", ratio.per.code());
            return wrong("per", found, "another outcome than `of`");
        }
        let same = |other: &&Ratio| (other.of, other.per) == (ratio.of, ratio.per);
        if let Some(other) = others.iter().find(same) {
            let found = format!("what {:?} is the ratio of already", other.name);
            return wrong("of", found, "each ratio once");
        }
    }
    for (place, guardrail) in guardrails.iter().enumerate() {
        let at = place.to_string();
        let wrong = |key: &str, found: String, allowed: &str| {
            Err(refuse(&["guardrail", at.as_str(), key], found, allowed))
        };
        let (name, worse_by) = (&guardrail.outcome, guardrail.worse_by);
        let declared: Vec<String> = measures(outcomes, ratios)
            .map(|measure| format!("{:?}", measure.code()))
            .collect();
        if !declared.contains(&format!("{name:?}")) {
            return wrong("outcome", format!("{name:?}"), &declared.join(", "));
        }
        if guardrails[..place]
            .iter()
            .any(|other| other.outcome == *name)
        {
            return wrong("outcome", format!("{name:?} twice"), "each one once");
        }
        if !(worse_by > 0.0 && worse_by < 1.0) {
            return wrong("worse_by", worse_by.to_string(), "above 0 and below 1");
        }
    }
    Ok(())
}
