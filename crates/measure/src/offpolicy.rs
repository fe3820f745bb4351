//! What another policy would have earned, from decisions that were logged with their probabilities.

use schema::WhyNot;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::effects::{
    Effect, UNITS_MIN, check_level, mean_effect, no_variation, size_with, too_few,
};

/// Effective decisions below which the average of weighted rewards has no interval: a few decisions carry it all.
pub const EFFECTIVE_MIN: f64 = 30.0;

/// Standard errors by which the mean weight may miss 1 before the probabilities are called wrong.
///
/// 4 is a false alarm in 16,000 readings. Weights average 1 whenever the log could have shown all that the policy does.
const WEIGHT_ERRORS_MAX: f64 = 4.0;

/// Sums of probabilities may miss 1 by this much, for the rounding of what was logged.
const ROUNDING: f64 = 1e-6;

/// Logged decisions and what the policy in question would have done; one value per decision in every column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logged<'a> {
    /// What the action taken earned.
    pub reward: &'a [f64],
    /// Probability with which the action was taken when it was logged, above 0 and at most 1.
    pub propensity: &'a [f64],
    /// Probability with which the policy in question takes that action, 0 to 1.
    pub target: &'a [f64],
    /// Predictions of the reward, where there is a model; it must not have learnt from the same decisions.
    pub predicted: Option<Predicted<'a>>,
}

/// Predicted rewards of logged decisions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predicted<'a> {
    /// Of the action taken.
    pub taken: &'a [f64],
    /// Of the policy in question: over all actions, the sum of its probability times the prediction.
    pub policy: &'a [f64],
}

/// The value per decision of the policy in question, by four estimators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyValue {
    /// Mean of weight × reward: unbiased, wide.
    pub inverse_propensity: Effect,
    /// The same over the mean weight: hardly biased, narrower.
    pub self_normalised: Effect,
    /// Mean prediction: as good as the model; its interval knows nothing of the model's own error.
    pub direct: Effect,
    /// Prediction corrected by weighted errors: unbiased when probabilities or predictions are right.
    pub doubly_robust: Effect,
    /// Decisions drawn by the policy itself that would tell as much, `(Σw)² / Σw²`.
    pub effective_units: f64,
    /// Largest weight.
    pub weight_most: f64,
    /// Mean weight, 1 but for chance.
    pub weight_mean: f64,
}

/// A log from which nothing can be said about the policy.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum OffPolicyError {
    /// Columns differ in length.
    #[error("evaluate a policy: `{column}` has {found} values, {expected} are expected")]
    Lengths {
        /// Column.
        column: &'static str,
        /// Values found.
        found: usize,
        /// Values expected.
        expected: usize,
    },
    /// A probability is missing or out of range.
    #[error("evaluate a policy: value {row} of `{column}` is {value}, allowed is {allowed}")]
    Probability {
        /// Column.
        column: &'static str,
        /// Place, from 0.
        row: usize,
        /// Value found.
        value: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A reward or prediction is not a number.
    #[error("evaluate a policy: value {row} of `{column}` is {value}, it must be finite")]
    NotFinite {
        /// Column.
        column: &'static str,
        /// Place, from 0.
        row: usize,
        /// Value found.
        value: f64,
    },
    /// Probabilities of one decision do not sum to 1.
    #[error("evaluate a policy: the probabilities of `{column}` sum to {sum}, they must sum to 1")]
    Sum {
        /// Column.
        column: &'static str,
        /// Sum found.
        sum: f64,
    },
    /// The policy does what the log never could.
    #[error(
        "evaluate a policy that takes action {action} with probability {target}: it was logged with probability 0, nothing is known of it"
    )]
    NoSupport {
        /// Action, from 0.
        action: usize,
        /// Probability of the policy in question.
        target: f64,
    },
    /// The policy departs from a decision that left nothing to chance.
    #[error(
        "evaluate a policy: decision {row} was logged as certain, the policy takes it with probability {target} and the rest was never seen"
    )]
    Certain {
        /// Decision, from 0.
        row: usize,
        /// Probability of the policy in question.
        target: f64,
    },
    /// Weights do not average 1.
    #[error(
        "evaluate a policy: weights average {mean} with a standard error of {standard_error}, 1 is expected; the policy does what was never logged, or logged probabilities are wrong"
    )]
    Weights {
        /// Mean weight.
        mean: f64,
        /// Its standard error.
        standard_error: f64,
    },
    /// The level is not a probability.
    #[error("evaluate a policy at level {level}: allowed is above 0 and below 1")]
    Level {
        /// Level found.
        level: f64,
    },
}

/// Checks one decision's whole distribution, where it is known: what the log could show and what the policy would do.
///
/// - both hold one probability per action.
///
/// # Errors
/// [`OffPolicyError`] when a probability is missing or out of range, sums are not 1, or the policy takes an action
/// that was logged with probability 0.
pub fn check_support(logged: &[f64], policy: &[f64]) -> Result<(), OffPolicyError> {
    if logged.len() != policy.len() {
        return Err(OffPolicyError::Lengths {
            column: "policy",
            found: policy.len(),
            expected: logged.len(),
        });
    }
    for (column, probabilities) in [("propensity", logged), ("target", policy)] {
        probabilities_in(column, probabilities, "0 to 1", |p| {
            (0.0..=1.0).contains(&p)
        })?;
        let sum: f64 = probabilities.iter().sum();
        if (sum - 1.0).abs() > ROUNDING {
            return Err(OffPolicyError::Sum { column, sum });
        }
    }
    match (0..policy.len()).find(|action| policy[*action] > 0.0 && logged[*action] == 0.0) {
        None => Ok(()),
        Some(action) => Err(OffPolicyError::NoSupport {
            action,
            target: policy[action],
        }),
    }
}

/// The value per decision of another policy, in the unit of the reward, with intervals of the level given.
///
/// The answer is refused, not extrapolated, where the log could not show what the policy does: a certain decision from
/// which it departs, or weights that do not average 1. Decisions must be independent; where few carry all the weight
/// (fewer effective units than [`EFFECTIVE_MIN`]) the weighted estimators are not measurable.
///
/// # Errors
/// [`OffPolicyError`] when columns, probabilities, support or level do not allow it.
/// # Source
/// Horvitz and Thompson (1952); Swaminathan and Joachims (2015), "The self-normalized estimator";
/// Dudík, Langford and Li (2011), "Doubly robust policy evaluation and learning";
/// effective size of Kish (1965). The error of the self-normalised mean by the delta method.
pub fn evaluate(logged: &Logged<'_>, level: f64) -> Result<PolicyValue, OffPolicyError> {
    check_level(level).map_err(|_| OffPolicyError::Level { level })?;
    check(logged)?;
    let weights: Vec<f64> = logged
        .target
        .iter()
        .zip(logged.propensity)
        .map(|(target, propensity)| target / propensity)
        .collect();
    let sum: f64 = weights.iter().sum();
    let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
    let effective_units = if squares > 0.0 {
        sum * sum / squares
    } else {
        0.0
    };
    let weight_mean = sum / weights.len().max(1) as f64;
    if effective_units >= EFFECTIVE_MIN {
        check_weights(&weights, weight_mean)?;
    }
    let weighted = |effect: Effect| {
        if effective_units >= EFFECTIVE_MIN {
            return effect;
        }
        let found = effective_units.floor() as u64;
        Effect::NotMeasurable(too_few("effective decisions", found, EFFECTIVE_MIN as u64))
    };
    let earned: Vec<f64> = weights
        .iter()
        .zip(logged.reward)
        .map(|(w, r)| w * r)
        .collect();
    let (direct, doubly_robust) = with_predictions(logged, &weights, level);
    Ok(PolicyValue {
        inverse_propensity: weighted(mean_effect(
            &earned,
            level,
            "the weighted reward",
            "decisions",
        )),
        self_normalised: weighted(self_normalised(logged.reward, &weights, level)),
        direct,
        doubly_robust: weighted(doubly_robust),
        effective_units,
        weight_most: weights.iter().copied().fold(0.0, f64::max),
        weight_mean,
    })
}

fn with_predictions(logged: &Logged<'_>, weights: &[f64], level: f64) -> (Effect, Effect) {
    let Some(predicted) = &logged.predicted else {
        let none = Effect::NotMeasurable(WhyNot::DoesNotApply {
            because: "there are no predicted rewards".to_owned(),
        });
        return (none.clone(), none);
    };
    let corrected: Vec<f64> = (0..weights.len())
        .map(|row| {
            predicted.policy[row] + weights[row] * (logged.reward[row] - predicted.taken[row])
        })
        .collect();
    (
        mean_effect(predicted.policy, level, "the predicted reward", "decisions"),
        mean_effect(&corrected, level, "the corrected reward", "decisions"),
    )
}

fn self_normalised(reward: &[f64], weights: &[f64], level: f64) -> Effect {
    let count = weights.len() as u64;
    if count < UNITS_MIN {
        return Effect::NotMeasurable(too_few("decisions", count, UNITS_MIN));
    }
    let n = weights.len() as f64;
    let sum: f64 = weights.iter().sum();
    let earned: f64 = weights.iter().zip(reward).map(|(w, r)| w * r).sum();
    let value = earned / sum;
    let errors: f64 = weights
        .iter()
        .zip(reward)
        .map(|(weight, reward)| (weight * (reward - value)).powi(2))
        .sum();
    let standard_error = (errors * n / (n - 1.0)).sqrt() / sum;
    if standard_error.is_nan() || standard_error <= 1e-15 * value.abs() {
        return Effect::NotMeasurable(no_variation("the weighted reward"));
    }
    Effect::Measured(size_with(value, standard_error, n - 1.0, count, level))
}

fn check(logged: &Logged<'_>) -> Result<(), OffPolicyError> {
    let expected = logged.reward.len();
    let mut columns = vec![("propensity", logged.propensity), ("target", logged.target)];
    let mut numbers = vec![("reward", logged.reward)];
    if let Some(predicted) = &logged.predicted {
        numbers.extend([("taken", predicted.taken), ("policy", predicted.policy)]);
    }
    columns.extend(&numbers);
    for (column, values) in columns {
        if values.len() != expected {
            let found = values.len();
            return Err(OffPolicyError::Lengths {
                column,
                found,
                expected,
            });
        }
    }
    for (column, values) in numbers {
        if let Some(row) = values.iter().position(|value| !value.is_finite()) {
            let value = values[row];
            return Err(OffPolicyError::NotFinite { column, row, value });
        }
    }
    probabilities_in(
        "propensity",
        logged.propensity,
        "above 0 and at most 1",
        |p| p > 0.0 && p <= 1.0,
    )?;
    probabilities_in("target", logged.target, "0 to 1", |p| {
        (0.0..=1.0).contains(&p)
    })?;
    let certain =
        |row: &usize| logged.propensity[*row] == 1.0 && logged.target[*row] < 1.0 - ROUNDING;
    match (0..expected).find(certain) {
        None => Ok(()),
        Some(row) => Err(OffPolicyError::Certain {
            row,
            target: logged.target[row],
        }),
    }
}

fn probabilities_in(
    column: &'static str,
    values: &[f64],
    allowed: &'static str,
    inside: impl Fn(f64) -> bool,
) -> Result<(), OffPolicyError> {
    match values.iter().position(|value| !inside(*value)) {
        None => Ok(()),
        Some(row) => Err(OffPolicyError::Probability {
            column,
            row,
            value: values[row],
            allowed,
        }),
    }
}

/// Refuses weights that cannot average 1.
fn check_weights(weights: &[f64], mean: f64) -> Result<(), OffPolicyError> {
    let n = weights.len() as f64;
    let squares: f64 = weights.iter().map(|weight| (weight - mean).powi(2)).sum();
    let standard_error = (squares / (n - 1.0) / n).sqrt();
    if (mean - 1.0).abs() > WEIGHT_ERRORS_MAX * standard_error + ROUNDING {
        return Err(OffPolicyError::Weights {
            mean,
            standard_error,
        });
    }
    Ok(())
}
