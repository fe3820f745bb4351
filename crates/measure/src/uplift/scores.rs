//! Doubly robust scores: what each unit says of the effect, whatever arm it was in.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Units of a trial whose probability of treatment is known; one value per unit in every column.
///
/// Predictions must come from other units (cross-fitting). Without a model give zeros: scores stay unbiased and are wider.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Units<'a> {
    /// What happened.
    pub outcome: &'a [f64],
    /// Whether the unit was treated.
    pub treated: &'a [bool],
    /// Probability with which it was treated, above 0 and below 1.
    pub propensity: &'a [f64],
    /// Predicted outcome without treatment.
    pub predicted_control: &'a [f64],
    /// Predicted outcome with treatment.
    pub predicted_treated: &'a [f64],
}

/// Per unit, an unbiased score of its outcome under treatment and without.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AipwScores {
    control: Vec<f64>,
    treated: Vec<f64>,
}

/// Units that have no scores.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum ScoresError {
    /// Columns differ in length.
    #[error("score {expected} units: column `{column}` has {found} values")]
    Lengths {
        /// Column.
        column: &'static str,
        /// Values found.
        found: usize,
        /// Values expected.
        expected: usize,
    },
    /// A propensity is missing, 0, 1 or out of range.
    #[error(
        "score unit {unit}: its propensity is {value}, allowed is above 0 and below 1; a unit that could not have been in the other arm says nothing of the effect"
    )]
    Propensity {
        /// Unit, from 0.
        unit: usize,
        /// Value found; not a number where it is missing.
        value: f64,
    },
    /// An outcome or prediction is not a number.
    #[error("score unit {unit}: `{column}` is {value}, it must be finite")]
    NotFinite {
        /// Column.
        column: &'static str,
        /// Unit, from 0.
        unit: usize,
        /// Value found.
        value: f64,
    },
}

impl AipwScores {
    /// Scores by augmented inverse propensity weighting: `μ̂₁ + t/e (y - μ̂₁)` and `μ̂₀ + (1-t)/(1-e) (y - μ̂₀)`.
    ///
    /// # Errors
    /// [`ScoresError`] when columns differ in length, a propensity is not strictly between 0 and 1, or a value is
    /// not finite.
    /// # Source
    /// Robins, Rotnitzky and Zhao (1994); their difference is the pseudo-outcome of Kennedy's DR-learner (2023).
    pub fn new(units: &Units<'_>) -> Result<Self, ScoresError> {
        let expected = units.outcome.len();
        let numbers = [
            ("outcome", units.outcome),
            ("predicted_control", units.predicted_control),
            ("predicted_treated", units.predicted_treated),
        ];
        let lengths = [
            ("treated", units.treated.len()),
            ("propensity", units.propensity.len()),
        ];
        let numbers_lengths = numbers.map(|(column, values)| (column, values.len()));
        for (column, found) in lengths.into_iter().chain(numbers_lengths) {
            if found != expected {
                return Err(ScoresError::Lengths {
                    column,
                    found,
                    expected,
                });
            }
        }
        for (column, values) in numbers {
            if let Some(unit) = values.iter().position(|value| !value.is_finite()) {
                let value = values[unit];
                return Err(ScoresError::NotFinite {
                    column,
                    unit,
                    value,
                });
            }
        }
        let inside = |value: f64| value > 0.0 && value < 1.0;
        if let Some(unit) = units.propensity.iter().position(|value| !inside(*value)) {
            let value = units.propensity[unit];
            return Err(ScoresError::Propensity { unit, value });
        }
        let score = |unit: usize, arm: bool| {
            let (predicted, probability) = if arm {
                (units.predicted_treated[unit], units.propensity[unit])
            } else {
                (units.predicted_control[unit], 1.0 - units.propensity[unit])
            };
            if units.treated[unit] == arm {
                predicted + (units.outcome[unit] - predicted) / probability
            } else {
                predicted
            }
        };
        let of_arm = |arm: bool| (0..expected).map(|unit| score(unit, arm)).collect();
        Ok(Self {
            control: of_arm(false),
            treated: of_arm(true),
        })
    }

    /// Units.
    #[must_use]
    pub fn len(&self) -> usize {
        self.control.len()
    }

    /// Whether there are no units.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.control.is_empty()
    }

    /// Scores of the outcome without treatment.
    #[must_use]
    pub fn control(&self) -> &[f64] {
        &self.control
    }

    /// Scores of the outcome with treatment.
    #[must_use]
    pub fn treated(&self) -> &[f64] {
        &self.treated
    }

    /// Scores of the effect, treated less control.
    #[must_use]
    pub fn effect(&self) -> Vec<f64> {
        let pairs = self.treated.iter().zip(&self.control);
        pairs.map(|(treated, control)| treated - control).collect()
    }
}
