//! Average effects of the arms of an experiment, from sums that merge: raw rows need not be kept.

mod adjusted;
mod clusters;
mod cross_fitted;
mod difference;
mod groups;
mod moments;
mod ratios;
mod winsor;

pub(crate) use adjusted::NOTHING_LEFT;
pub use adjusted::{cuped, cuped_slope, regression_adjusted};
pub use clusters::{ClusterError, cluster_sums, cluster_totals, clustered};
pub use cross_fitted::cross_fitted;
pub use difference::{Scale, difference, ratio};
pub use groups::{InGroups, Same, in_groups};
pub use moments::{Moments, MomentsError};
pub(crate) use ratios::{Line, ratio_lines, slope_of};
pub use ratios::{adjusted_ratio, linearised, ratio_slope};
pub use winsor::{Winsor, WinsorError};

use math::tails::{student_t_upper_quantile, student_t_upper_tail};
use schema::WhyNot;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Units that an arm needs before its mean gets an interval.
///
/// Below, the estimate of the variance is itself so uncertain that an interval of a skewed metric covers far less than it says.
/// It is a floor, not a promise: a rare conversion needs thousands.
pub const UNITS_MIN: u64 = 10;

/// An effect with its interval, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Measured.
    Measured(Size),
    /// It cannot be said, and why.
    NotMeasurable(WhyNot),
}

/// A measured effect, in the unit of its metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Size {
    /// The estimate.
    pub point: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Probability that the interval covers, when it is read once, at an end fixed before.
    pub level: f64,
    /// Two-sided p-value of "no effect", read once.
    pub p_value: f64,
    /// Independent units that it rests on, of all arms compared.
    pub units: u64,
}

/// A comparison that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum EffectError {
    /// The level is not a probability.
    #[error("read an effect at level {level}: allowed is above 0 and below 1")]
    Level {
        /// Level found.
        level: f64,
    },
    /// The arms do not hold what the method needs.
    #[error("compare arms of {control} and {treated} columns: both need {expected}")]
    Columns {
        /// Columns of the control arm.
        control: usize,
        /// Columns of the treated arm.
        treated: usize,
        /// Columns needed.
        expected: &'static str,
    },
}

impl Effect {
    /// The measured effect, where there is one.
    #[must_use]
    pub fn size(&self) -> Option<&Size> {
        match self {
            Self::Measured(size) => Some(size),
            Self::NotMeasurable(_) => None,
        }
    }
}

impl From<Result<Size, WhyNot>> for Effect {
    fn from(found: Result<Size, WhyNot>) -> Self {
        match found {
            Ok(size) => Self::Measured(size),
            Err(why) => Self::NotMeasurable(why),
        }
    }
}

/// One effect less another, of other units.
///
/// # Errors
/// [`EffectError::Level`] when the level is no probability.
pub fn apart(one: &Effect, other: &Effect, level: f64) -> Result<Effect, EffectError> {
    check_level(level)?;
    Ok(match (one, other) {
        (Effect::Measured(one), Effect::Measured(other)) => Effect::Measured(size_with(
            one.point - other.point,
            one.standard_error.hypot(other.standard_error),
            f64::INFINITY,
            one.units + other.units,
            level,
        )),
        (Effect::NotMeasurable(why), _) | (_, Effect::NotMeasurable(why)) => {
            Effect::NotMeasurable(why.clone())
        }
    })
}

/// One independent part of the variance of an estimate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// Its contribution to the squared standard error.
    pub(crate) variance: f64,
    /// Degrees of freedom it was estimated with.
    pub(crate) degrees: f64,
}

/// Standard error and degrees of freedom of a sum of independent parts.
///
/// # Source
/// Satterthwaite (1946) and Welch (1947): `(Σv)² / Σ(v²/d)`.
pub(crate) fn spread_of(parts: &[Part]) -> (f64, f64) {
    let variance: f64 = parts.iter().map(|part| part.variance).sum();
    let spread: f64 = parts
        .iter()
        .map(|part| part.variance * part.variance / part.degrees)
        .sum();
    (variance.sqrt(), variance * variance / spread)
}

/// An estimate with an interval of Student's t; infinite degrees are normal.
pub(crate) fn size_with(
    point: f64,
    standard_error: f64,
    degrees: f64,
    units: u64,
    level: f64,
) -> Size {
    let half = student_t_upper_quantile(0.5 * (1.0 - level), degrees) * standard_error;
    Size {
        point,
        standard_error,
        low: point - half,
        high: point + half,
        level,
        p_value: 2.0 * student_t_upper_tail((point / standard_error).abs(), degrees),
        units,
    }
}

/// The mean of one value per unit, with its interval.
///
/// `what` names the values and `units` what is counted, for the reason where there is no interval.
pub(crate) fn mean_effect(values: &[f64], level: f64, what: &str, units: &str) -> Effect {
    let count = values.len() as u64;
    if count < UNITS_MIN {
        return Effect::NotMeasurable(too_few(units, count, UNITS_MIN));
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    // Equal values can miss their own mean by rounding.
    if squares <= f64::EPSILON * f64::EPSILON * mean * mean * n * 16.0 {
        return Effect::NotMeasurable(no_variation(what));
    }
    let degrees = n - 1.0;
    let standard_error = (squares / degrees / n).sqrt();
    Effect::Measured(size_with(mean, standard_error, degrees, count, level))
}

pub(crate) fn check_level(level: f64) -> Result<(), EffectError> {
    if level > 0.0 && level < 1.0 {
        Ok(())
    } else {
        Err(EffectError::Level { level })
    }
}

pub(crate) fn too_few(what: &str, found: u64, needed: u64) -> WhyNot {
    WhyNot::TooFew {
        what: what.to_owned(),
        found,
        needed,
    }
}

pub(crate) fn no_variation(what: &str) -> WhyNot {
    WhyNot::NoVariation {
        what: what.to_owned(),
    }
}
