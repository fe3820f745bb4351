//! Methods that forecast a series from itself alone.
//!
//! All are pure and deterministic, and take a series without gaps, oldest value first.

mod adida;
mod croston;
mod error;
mod ets;
mod nelder_mead;
mod season;
mod smoothing;
mod stl;
mod theta;
mod tsb;

pub use adida::adida;
pub use croston::croston_sba;
pub use error::SeriesError;
pub use ets::{Ets, Form, Noise, Season, Smoothing, State, Trend};
pub use smoothing::{smoothed, smoothed_best};
pub use stl::{Change, Stl};
pub use theta::{Parameters as ThetaParameters, Theta};
pub use tsb::tsb;

use serde::{Deserialize, Serialize};

/// Weights of the newest size and period in the method of Teunter, Syntetos and Babai: slow, as demand is rare.
const TSB_ALPHA: f64 = 0.1;
/// Bounds of the weight for series too short for more.
const SHORT_ALPHA: (f64, f64) = (0.01, 0.99);

/// A method that forecasts a series from itself alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Local {
    /// Exponential smoothing, its form chosen by AICc: [`Ets`].
    Ets,
    /// The dynamic optimised Theta method: [`Theta`].
    Theta,
    /// The season told apart ([`Stl`]), what is left smoothed exponentially.
    Stl,
    /// Croston's method, corrected: [`croston_sba`].
    CrostonSba,
    /// The method of Teunter, Syntetos and Babai, with weights 0.1: [`tsb`].
    Tsb,
    /// Aggregate, forecast, disaggregate: [`adida`].
    Adida,
}

impl Local {
    /// All methods.
    pub const ALL: [Self; 6] = [
        Self::Ets,
        Self::Theta,
        Self::Stl,
        Self::CrostonSba,
        Self::Tsb,
        Self::Adida,
    ];

    /// As the field calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ets => "ETS",
            Self::Theta => "Theta",
            Self::Stl => "STL with exponential smoothing",
            Self::CrostonSba => "Croston SBA",
            Self::Tsb => "TSB",
            Self::Adida => "ADIDA",
        }
    }

    /// Expected values of the next `ahead` periods, in the unit of `values`; always finite and always `ahead` of them.
    ///
    /// - `values`: oldest first, any number; those that are not finite are left out.
    /// - `season`: periods of a season, for ETS, Theta and STL; 0 and 1 mean none.
    ///
    /// When no value is negative, no forecast is. A series too short for a method is smoothed exponentially, and
    /// without any value the forecast is 0.
    #[must_use]
    pub fn forecast(self, values: &[f64], season: usize, ahead: usize) -> Vec<f64> {
        let mut finite = Vec::new();
        let values = if values.iter().all(|value| value.is_finite()) {
            values
        } else {
            finite.extend(values.iter().copied().filter(|value| value.is_finite()));
            &finite
        };
        let Some(last) = values.last() else {
            return vec![0.0; ahead];
        };
        let flat = |rate: Option<f64>| rate.map(|rate| vec![rate; ahead]);
        let expected = match self {
            Self::Ets => Ets::fit(values, season)
                .ok()
                .map(|fitted| fitted.forecast(ahead)),
            Self::Theta => Theta::fit(values, season)
                .ok()
                .map(|fitted| fitted.forecast(ahead)),
            Self::Stl => stl::forecast(values, season, ahead),
            Self::CrostonSba => flat(croston_sba(values)),
            Self::Tsb => flat(tsb(values, TSB_ALPHA, TSB_ALPHA)),
            Self::Adida => flat(adida(values)),
        };
        let usable = |all: &Vec<f64>| all.iter().all(|value| value.is_finite());
        let mut all = expected
            .filter(usable)
            .or_else(|| flat(smoothed_best(values, SHORT_ALPHA.0, SHORT_ALPHA.1)).filter(usable))
            .unwrap_or_else(|| vec![*last; ahead]);
        if values.iter().all(|value| *value >= 0.0) {
            all.iter_mut().for_each(|value| *value = value.max(0.0));
        }
        all
    }
}
