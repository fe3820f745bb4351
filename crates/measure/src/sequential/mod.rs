//! Reading an experiment while it runs, as often as one likes, and several metrics at once.

mod betting;
mod sample_ratio;

pub use betting::{BetError, EqualRates, Tally};
pub use math::discoveries::{DiscoveryError, discoveries};
pub(crate) use sample_ratio::off_by;
pub use sample_ratio::{RATIO_ALPHA, SampleRatio, SampleRatioError, sample_ratio};

use math::mixture::NormalMixture;
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
pub struct ConfidenceSequence(NormalMixture);

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
        NormalMixture::tuned_to(units, alpha)
            .map(Self)
            .ok_or(SequentialError::Tuning { units, alpha })
    }

    /// As [`NormalMixture::half_width`], of units of all arms.
    #[must_use]
    pub fn half_width(&self, standard_error: f64, units: f64) -> f64 {
        self.0.half_width(standard_error, units)
    }

    /// As [`NormalMixture::one_sided_width`], of units of all arms.
    #[must_use]
    pub fn one_sided_width(&self, standard_error: f64, units: f64) -> f64 {
        self.0.one_sided_width(standard_error, units)
    }

    /// As [`NormalMixture::ln_e_value`]: against "the effect is 0".
    #[must_use]
    pub fn ln_e_value(&self, point: f64, standard_error: f64, units: f64) -> f64 {
        self.0.ln_e_value(point, standard_error, units)
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
