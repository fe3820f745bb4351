//! What a rule of whom to treat is worth, beside the rules that need no model.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::AipwScores;
use crate::effects::{Effect, check_level, mean_effect};

/// A rule's value per unit and what it gains over rules that need no model, each with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policies {
    /// Share of the units that the rule treats.
    pub share: f64,
    /// Outcome per unit under the rule.
    pub policy: Effect,
    /// Outcome per unit when everybody is treated.
    pub everybody: Effect,
    /// Outcome per unit when nobody is.
    pub nobody: Effect,
    /// Outcome per unit when the same share is treated at random.
    pub random: Effect,
    /// What the rule gains per unit over treating everybody.
    pub over_everybody: Effect,
    /// What it gains over treating nobody: the incremental outcome per unit.
    pub over_nobody: Effect,
    /// What it gains over treating the same share at random: what knowing whom is worth.
    pub over_random: Effect,
}

/// A rule that cannot be valued.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum PolicyError {
    /// The rule does not cover the units.
    #[error("value a policy of {policy} units by the scores of {scores}: there must be as many")]
    Lengths {
        /// Units of the policy.
        policy: usize,
        /// Units scored.
        scores: usize,
    },
    /// A probability of treatment is missing or out of range.
    #[error("value a policy that treats unit {unit} with probability {value}: allowed is 0 to 1")]
    Probability {
        /// Unit, from 0.
        unit: usize,
        /// Value found.
        value: f64,
    },
    /// The level is not a probability.
    #[error("value a policy at level {level}: allowed is above 0 and below 1")]
    Level {
        /// Level found.
        level: f64,
    },
}

/// Values a rule: `treat` is per unit the probability of treating it, 0 or 1 for a plain rule.
///
/// Differences are paired on the same units, which makes their intervals narrower than those of the values.
/// The rule must not have learnt from the same units.
///
/// # Errors
/// [`PolicyError`] when lengths differ, a probability is out of range or the level is none.
/// # Source
/// Athey and Wager (2021), "Policy learning with observational data": the mean of doubly robust scores.
pub fn policy_value(
    scores: &AipwScores,
    treat: &[f64],
    level: f64,
) -> Result<Policies, PolicyError> {
    check_level(level).map_err(|_| PolicyError::Level { level })?;
    if treat.len() != scores.len() {
        return Err(PolicyError::Lengths {
            policy: treat.len(),
            scores: scores.len(),
        });
    }
    if let Some(unit) = treat.iter().position(|value| !(0.0..=1.0).contains(value)) {
        let value = treat[unit];
        return Err(PolicyError::Probability { unit, value });
    }
    let share = treat.iter().sum::<f64>() / treat.len().max(1) as f64;
    // A value is the mean of control + part × effect; a difference of values has a difference of parts.
    let value = |base: f64, part: &dyn Fn(f64) -> f64, what: &str| {
        let values: Vec<f64> = (0..treat.len())
            .map(|unit| {
                let (control, treated) = (scores.control()[unit], scores.treated()[unit]);
                base * control + part(treat[unit]) * (treated - control)
            })
            .collect();
        mean_effect(&values, level, what, "units")
    };
    Ok(Policies {
        share,
        policy: value(1.0, &|treat| treat, "the outcome"),
        everybody: value(1.0, &|_| 1.0, "the outcome"),
        nobody: value(1.0, &|_| 0.0, "the outcome"),
        random: value(1.0, &|_| share, "the outcome"),
        over_everybody: value(
            0.0,
            &|treat| treat - 1.0,
            "the gain over treating everybody",
        ),
        over_nobody: value(0.0, &|treat| treat, "the gain over treating nobody"),
        over_random: value(
            0.0,
            &|treat| treat - share,
            "the gain over treating at random",
        ),
    })
}
