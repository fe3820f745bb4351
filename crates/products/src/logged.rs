//! What a draw logged, and names in messages about it.

use features::Assignment;
use std::collections::{BTreeMap, BTreeSet};

/// Logged probabilities of arms that are none.
#[derive(Debug, thiserror::Error)]
#[error("customer {customer:?} of trial {trial:?}: `propensities` is {found}, {allowed}")]
pub struct PropensitiesError {
    /// The trial.
    trial: String,
    /// The customer drawn.
    customer: String,
    /// What was logged.
    found: String,
    /// What is allowed.
    allowed: String,
}

/// The logged probability of each arm.
pub(crate) fn propensities(
    draw: &Assignment,
    arms: &[String],
) -> Result<Vec<f64>, PropensitiesError> {
    let logged = of_possible(draw)?;
    let of = |arm: &String| {
        let missing = || refused(draw, format!("the probability of arm {arm:?} is missing"));
        logged.get(arm).copied().ok_or_else(missing)
    };
    arms.iter().map(of).collect()
}

/// The logged probability of each arm that could have been drawn.
pub(crate) fn of_possible(draw: &Assignment) -> Result<BTreeMap<String, f64>, PropensitiesError> {
    let logged: BTreeMap<String, f64> = serde_json::from_str(&draw.propensities).map_err(|e| {
        refused(
            draw,
            format!("allowed is a JSON object of probabilities: {e}"),
        )
    })?;
    if let Some((arm, found)) = logged.iter().find(|(_, p)| !(**p > 0.0 && **p < 1.0)) {
        return Err(refused(
            draw,
            format!(
                "that of {arm:?} is {found}, allowed is above 0 and below 1: who could not have been in another arm says nothing of the difference"
            ),
        ));
    }
    let sum: f64 = logged.values().sum();
    if sum > models::uplift::PROPENSITY_SUM_MAX {
        return Err(refused(
            draw,
            format!("they add up to {sum}, at most 1 is allowed"),
        ));
    }
    Ok(logged)
}

fn refused(draw: &Assignment, allowed: String) -> PropensitiesError {
    PropensitiesError {
        trial: draw.trial.to_string(),
        customer: draw.customer.clone(),
        found: draw.propensities.to_string(),
        allowed,
    }
}

/// Whether a draw could have been in every arm: a product draws only among those that a customer may be given.
pub(crate) fn names_all(draw: &Assignment, arms: &[String]) -> bool {
    let logged: Option<BTreeMap<String, f64>> = serde_json::from_str(&draw.propensities).ok();
    logged.is_some_and(|logged| arms.iter().all(|arm| logged.contains_key(arm)))
}

/// Names in a message.
pub(crate) fn listed(names: &BTreeSet<&str>) -> String {
    /// More are counted only.
    const NAMES_MAX: usize = 10;
    if names.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<&str> = names.iter().take(NAMES_MAX).copied().collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        rest => format!("{} and {rest} more", shown.join(", ")),
    }
}
