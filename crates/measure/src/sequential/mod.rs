//! Reading an experiment while it runs, as often as one likes, and several metrics at once.

mod betting;
mod discoveries;
mod sample_ratio;

pub use betting::{BetError, EqualRates, Tally};
pub use discoveries::{DiscoveryError, discoveries};
pub(crate) use sample_ratio::off_by;
pub use sample_ratio::{RATIO_ALPHA, SampleRatio, SampleRatioError, sample_ratio};

use schema::WhyNot;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::effects::{Effect, Size};

/// Units at which a confidence sequence is narrowest unless a design says otherwise, the default of GrowthBook.
pub const TUNED_UNITS: f64 = 5_000.0;

/// Intervals that hold at all times together: `alpha` is the probability that any of them, ever, misses.
///
/// Asymptotic: it rests on the mean of the units being normal from the first reading on. [`crate::effects::UNITS_MIN`]
/// guards the start; for a rare event beside few units read [`EqualRates`], which holds exactly.
///
/// # Source
/// Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021), arXiv 2103.06476v7, eq. 9, 155 and 161.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ConfidenceSequence {
    alpha: f64,
    rho: f64,
}

/// What a confidence sequence says at one reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlwaysValid {
    /// Measured.
    Measured(Reading),
    /// It cannot be said, and why.
    NotMeasurable(WhyNot),
}

/// A reading that may be acted on at any time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The estimate.
    pub point: f64,
    /// Lower end; may be cut with all earlier readings.
    pub low: f64,
    /// Upper end; may be cut with all earlier readings.
    pub high: f64,
    /// Always-valid p-value of "no effect"; the smallest of all readings may be kept.
    pub p_value: f64,
    /// Natural logarithm of the e-value against "no effect".
    pub ln_e_value: f64,
}

/// A sequence that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum SequentialError {
    /// The error rate or the tuning is out of range.
    #[error(
        "tune a confidence sequence to {units} units at alpha {alpha}: allowed are at least 1 unit and an alpha above 0 and below 1"
    )]
    Tuning {
        /// Units found.
        units: f64,
        /// Alpha found.
        alpha: f64,
    },
}

impl ConfidenceSequence {
    /// A sequence that is narrowest when this many units of all arms together are in; it is valid at any number.
    ///
    /// # Errors
    /// [`SequentialError::Tuning`] when there is less than one unit or alpha is no probability.
    pub fn tuned_to(units: f64, alpha: f64) -> Result<Self, SequentialError> {
        let usable = units >= 1.0 && units.is_finite() && alpha > 0.0 && alpha < 1.0;
        if !usable {
            return Err(SequentialError::Tuning { units, alpha });
        }
        let odds = -2.0 * alpha.ln();
        let rho = ((odds + (odds + 1.0).ln()) / units).sqrt();
        Ok(Self { alpha, rho })
    }

    /// Half the width of the interval of an estimate with this standard error after `units` units of all arms.
    #[must_use]
    pub fn half_width(&self, standard_error: f64, units: f64) -> f64 {
        let seen = units * self.rho * self.rho;
        let ln_bound = 0.5 * (seen + 1.0).ln() - self.alpha.ln();
        standard_error * (2.0 * (seen + 1.0) / seen * ln_bound).sqrt()
    }

    /// Distance from the estimate to a bound on one side only: `alpha` is the probability that the truth, ever, lies
    /// beyond it. Two such bounds, one on each side, may be read together: each misses with `alpha`.
    ///
    /// # Source
    /// Waudby-Smith et al. (2021), proposition on one-sided sequences: a mixture over the positive half of a normal. With
    /// `v = tρ² + 1` its evidence at `s = ρS/√v` is `2 v^{-1/2} e^{s²/2} Φ(s)`; since `Φ(s) ≥ 1 - e^{-s²/2} / 2` it is
    /// above `1 / alpha` where `e^{s²/2}` is above `√v / (2 alpha) + 1/2`. The paper rounds the half up to 1.
    #[must_use]
    pub fn one_sided_width(&self, standard_error: f64, units: f64) -> f64 {
        let seen = units * self.rho * self.rho;
        let ln_bound = ((seen + 1.0).sqrt() / (2.0 * self.alpha) + 0.5).ln();
        standard_error * (2.0 * (seen + 1.0) / seen * ln_bound).sqrt()
    }

    /// Natural logarithm of the e-value against "the effect is 0".
    #[must_use]
    pub fn ln_e_value(&self, point: f64, standard_error: f64, units: f64) -> f64 {
        let seen = units * self.rho * self.rho;
        let z = point / standard_error;
        0.5 * z * z * seen / (seen + 1.0) - 0.5 * (seen + 1.0).ln()
    }

    /// The sequence's reading of an effect.
    #[must_use]
    pub fn read(&self, effect: &Effect) -> AlwaysValid {
        match effect {
            Effect::Measured(size) => AlwaysValid::Measured(self.reading(size)),
            Effect::NotMeasurable(why) => AlwaysValid::NotMeasurable(why.clone()),
        }
    }

    fn reading(&self, size: &Size) -> Reading {
        let units = size.units as f64;
        let half = self.half_width(size.standard_error, units);
        let ln_e_value = self.ln_e_value(size.point, size.standard_error, units);
        Reading {
            point: size.point,
            low: size.point - half,
            high: size.point + half,
            p_value: (-ln_e_value).exp().min(1.0),
            ln_e_value,
        }
    }
}

impl AlwaysValid {
    /// The reading, where there is one.
    #[must_use]
    pub fn reading(&self) -> Option<&Reading> {
        match self {
            Self::Measured(reading) => Some(reading),
            Self::NotMeasurable(_) => None,
        }
    }
}
