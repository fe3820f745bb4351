//! Cutting extreme values at bounds that were fixed before the experiment.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Bounds to which values are drawn in.
///
/// Fixed on history, before the experiment: bounds read from the arms themselves would differ between them and hide
/// an effect on the tail. What is measured is then the effect on the cut metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Winsor {
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    low: f64,
    high: f64,
}

/// Bounds that cannot be fixed.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum WinsorError {
    /// The history is empty.
    #[error("fix bounds on no values: at least 1 is needed")]
    Empty,
    /// A value of the history is not a number.
    #[error("fix bounds on values of which number {row} is {value}: every value must be finite")]
    NotFinite {
        /// Value's place, from 0.
        row: usize,
        /// Value found.
        value: f64,
    },
    /// The quantiles make no bounds.
    #[error("fix bounds at quantiles {low} and {high}: allowed is 0 <= low < high <= 1")]
    Quantiles {
        /// Lower quantile found.
        low: f64,
        /// Upper quantile found.
        high: f64,
    },
    /// The bounds are the wrong way round.
    #[error("cut values to between {low} and {high}: the first must not be above the second")]
    Bounds {
        /// Lower bound found.
        low: f64,
        /// Upper bound found.
        high: f64,
    },
}

impl TryFrom<Stored> for Winsor {
    type Error = WinsorError;

    fn try_from(Stored { low, high }: Stored) -> Result<Self, WinsorError> {
        if low <= high {
            Ok(Self { low, high })
        } else {
            Err(WinsorError::Bounds { low, high })
        }
    }
}

impl Winsor {
    /// Bounds at two quantiles of a history, by linear interpolation; 0 and 1 are its smallest and largest value.
    ///
    /// # Errors
    /// [`WinsorError`] when the history is empty or not finite, or the quantiles make no bounds.
    /// # Source
    /// Hyndman and Fan (1996), type 7, the default of R and numpy.
    pub fn at_quantiles(history: &[f64], low: f64, high: f64) -> Result<Self, WinsorError> {
        if !(0.0 <= low && low < high && high <= 1.0) {
            return Err(WinsorError::Quantiles { low, high });
        }
        if let Some(row) = history.iter().position(|value| !value.is_finite()) {
            let value = history[row];
            return Err(WinsorError::NotFinite { row, value });
        }
        let mut sorted = history.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let Some(last) = sorted.len().checked_sub(1) else {
            return Err(WinsorError::Empty);
        };
        let at = |quantile: f64| {
            let place = quantile * last as f64;
            let below = (place.floor() as usize).min(last);
            let above = (below + 1).min(last);
            sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
        };
        Ok(Self {
            low: at(low),
            high: at(high),
        })
    }

    /// The value, drawn in to the nearer bound where it is outside; what is not a number stays so.
    #[must_use]
    pub fn cut(&self, value: f64) -> f64 {
        if value < self.low {
            self.low
        } else if value > self.high {
            self.high
        } else {
            value
        }
    }

    /// Lower and upper bound.
    #[must_use]
    pub fn bounds(&self) -> (f64, f64) {
        (self.low, self.high)
    }
}
