//! Whether predicted effects are the size of real ones.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::effects::{
    Effect, UNITS_MIN, check_level, mean_effect, no_variation, size_with, too_few,
};

/// Predicted effects beside real ones, by groups of the prediction and as a slope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Groups by predicted effect, largest first; equal predictions stay together, so there can be fewer than asked.
    pub groups: Vec<Group>,
    /// Slope of the real effect on the predicted: 1 is calibrated, 0 is noise, below 1 is overstated.
    pub slope: Effect,
    /// Real effect less the predicted, on average.
    pub shift: Effect,
}

/// Units of alike predicted effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Units.
    pub units: u64,
    /// Their mean predicted effect.
    pub predicted: f64,
    /// Their real effect. The intervals of all groups hold together at the level given.
    pub effect: Effect,
}

/// Predictions that cannot be compared with effects.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum CalibrationError {
    /// Columns differ in length.
    #[error(
        "compare {predicted} predicted effects with {scores} scores: there must be as many of each"
    )]
    Lengths {
        /// Predictions found.
        predicted: usize,
        /// Scores found.
        scores: usize,
    },
    /// A value is not a number.
    #[error("compare predicted effects: `{column}` of unit {unit} is {value}, it must be finite")]
    NotFinite {
        /// Column.
        column: &'static str,
        /// Unit, from 0.
        unit: usize,
        /// Value found.
        value: f64,
    },
    /// There are no groups.
    #[error(
        "compare predicted effects in {groups} groups of {units} units: allowed are 1 to as many as there are units"
    )]
    Groups {
        /// Groups found.
        groups: usize,
        /// Units found.
        units: usize,
    },
    /// The level is not a probability.
    #[error("compare predicted effects at level {level}: allowed is above 0 and below 1")]
    Level {
        /// Level found.
        level: f64,
    },
}

/// Compares predicted effects with doubly robust scores of other units than those the prediction learnt from.
///
/// - `n_groups`: groups of equal size, 10 for deciles.
/// - intervals of the groups hold for all groups at once with probability `level`; those of slope and shift by themselves.
///
/// # Errors
/// [`CalibrationError`] when lengths, values, groups or level do not allow it.
/// # Source
/// Chernozhukov, Demirer, Duflo and Fernández-Val (2018): sorted group effects and best linear predictor.
/// Groups share no unit, so Šidák's level `level^(1/groups)` for each is exact together; the slope with the
/// heteroskedasticity-robust error HC1 of MacKinnon and White (1985).
pub fn calibration(
    predicted: &[f64],
    effect_scores: &[f64],
    n_groups: usize,
    level: f64,
) -> Result<Calibration, CalibrationError> {
    check_level(level).map_err(|_| CalibrationError::Level { level })?;
    let units = predicted.len();
    if units != effect_scores.len() {
        return Err(CalibrationError::Lengths {
            predicted: units,
            scores: effect_scores.len(),
        });
    }
    if n_groups == 0 || n_groups > units {
        let groups = n_groups;
        return Err(CalibrationError::Groups { groups, units });
    }
    for (column, values) in [("predicted", predicted), ("effect_scores", effect_scores)] {
        if let Some(unit) = values.iter().position(|value| !value.is_finite()) {
            let value = values[unit];
            return Err(CalibrationError::NotFinite {
                column,
                unit,
                value,
            });
        }
    }
    let members = members(predicted, n_groups);
    let together = level.powf(1.0 / members.len() as f64);
    let groups = members
        .iter()
        .map(|rows| {
            let scores: Vec<f64> = rows.iter().map(|row| effect_scores[*row]).collect();
            let sum: f64 = rows.iter().map(|row| predicted[*row]).sum();
            let effect = mean_effect(
                &scores,
                together,
                "the score of the effect",
                "units in the group",
            );
            Group {
                units: rows.len() as u64,
                predicted: sum / rows.len() as f64,
                effect: named_level(effect, level),
            }
        })
        .collect();
    let errors: Vec<f64> = effect_scores
        .iter()
        .zip(predicted)
        .map(|(score, predicted)| score - predicted)
        .collect();
    Ok(Calibration {
        groups,
        slope: slope(predicted, effect_scores, level),
        shift: mean_effect(&errors, level, "real less predicted effect", "units"),
    })
}

/// Rows of each group, largest prediction first.
fn members(predicted: &[f64], n_groups: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..predicted.len()).collect();
    order.sort_by(|one, other| {
        let larger = predicted[*other].partial_cmp(&predicted[*one]);
        larger.unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut members = Vec::new();
    let mut begin = 0;
    for group in 1..=n_groups {
        let mut end = group * order.len() / n_groups;
        // Equal predictions stay in one group.
        while end > begin && end < order.len() && predicted[order[end]] == predicted[order[end - 1]]
        {
            end += 1;
        }
        if end > begin {
            members.push(order[begin..end].to_vec());
            begin = end;
        }
    }
    members
}

/// The effect with the level at which its interval holds together with others.
fn named_level(effect: Effect, level: f64) -> Effect {
    match effect {
        Effect::Measured(size) => Effect::Measured(crate::effects::Size { level, ..size }),
        Effect::NotMeasurable(why) => Effect::NotMeasurable(why),
    }
}

fn slope(predicted: &[f64], effect_scores: &[f64], level: f64) -> Effect {
    let units = predicted.len() as u64;
    if units < UNITS_MIN {
        return Effect::NotMeasurable(too_few("units", units, UNITS_MIN));
    }
    let n = predicted.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
    let (at, of) = (mean(predicted), mean(effect_scores));
    let pairs = || {
        let pairs = predicted.iter().zip(effect_scores);
        pairs.map(|(predicted, score)| (predicted - at, score - of))
    };
    let spread: f64 = pairs().map(|(x, _)| x * x).sum();
    if spread <= 1e-24 * at * at * n || spread == 0.0 {
        return Effect::NotMeasurable(no_variation("the predicted effect"));
    }
    let slope = pairs().map(|(x, y)| x * y).sum::<f64>() / spread;
    let meat: f64 = pairs().map(|(x, y)| (x * (y - slope * x)).powi(2)).sum();
    let standard_error = (meat * n / (n - 2.0)).sqrt() / spread;
    if standard_error <= 1e-14 * slope.abs() {
        return Effect::NotMeasurable(no_variation("the score of the effect around its slope"));
    }
    Effect::Measured(size_with(slope, standard_error, n - 2.0, units, level))
}
