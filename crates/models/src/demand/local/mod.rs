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

/// What a forecast of one period is made of, in the unit of the values.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Apart {
    /// How much there is on the whole.
    pub level: f64,
    /// Where that is going by then.
    pub trend: f64,
    /// What the time of the season adds.
    pub season: f64,
}

/// A trend is not told from rounding below this share of the level.
const ROUNDING: f64 = 1e-12;

impl Apart {
    /// The trend is what level and season leave of what is said.
    pub(super) fn new(said: f64, level: f64, season: f64) -> Self {
        let trend = said - level - season;
        if trend.abs() <= ROUNDING * (level.abs() + season.abs()) {
            return Self {
                level: said - season,
                trend: 0.0,
                season,
            };
        }
        Self {
            level,
            trend,
            season,
        }
    }

    /// What is forecast.
    #[must_use]
    pub fn sum(self) -> f64 {
        self.level + self.trend + self.season
    }

    /// The same where less than nothing is told as nothing: what pulls below is taken for as much as there is above.
    fn not_below_nothing(self) -> Self {
        if self.sum() >= 0.0 {
            return self;
        }
        let parts = [self.level, self.trend, self.season];
        let above: f64 = parts.iter().filter(|part| **part > 0.0).sum();
        let below: f64 = parts.iter().filter(|part| **part < 0.0).sum();
        let cut = |part: f64| {
            if part < 0.0 {
                -part * above / below
            } else {
                part
            }
        };
        Self {
            level: cut(self.level),
            trend: cut(self.trend),
            season: cut(self.season),
        }
    }
}

/// What a method says of one period, and how much of it is its level and its season.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Said {
    pub(super) said: f64,
    pub(super) level: f64,
    pub(super) season: f64,
}

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
        let (all, floor) = self.said(values, season, ahead);
        let said = all.into_iter().map(|of| of.said);
        said.map(|said| if floor { said.max(0.0) } else { said })
            .collect()
    }

    /// What the same forecast is made of, period by period: the parts add up to it but for rounding.
    ///
    /// A multiplied season is what it adds to level and trend. A method without trend or season is all level.
    #[must_use]
    pub fn told_apart(self, values: &[f64], season: usize, ahead: usize) -> Vec<Apart> {
        let (all, floor) = self.said(values, season, ahead);
        let apart = all.into_iter();
        let apart = apart.map(|of| Apart::new(of.said, of.level, of.season));
        apart
            .map(|of| if floor { of.not_below_nothing() } else { of })
            .collect()
    }

    /// What it says, and whether what is below nothing is nothing.
    fn said(self, values: &[f64], season: usize, ahead: usize) -> (Vec<Said>, bool) {
        let mut finite = Vec::new();
        let values = if values.iter().all(|value| value.is_finite()) {
            values
        } else {
            finite.extend(values.iter().copied().filter(|value| value.is_finite()));
            &finite
        };
        let Some(last) = values.last() else {
            return (vec![flat(0.0); ahead], false);
        };
        let all_alike = |rate: Option<f64>| rate.map(|rate| vec![flat(rate); ahead]);
        let expected = match self {
            Self::Ets => Ets::fit(values, season)
                .ok()
                .map(|fitted| fitted.said(ahead)),
            Self::Theta => Theta::fit(values, season)
                .ok()
                .map(|fitted| fitted.said(ahead)),
            Self::Stl => stl::forecast(values, season, ahead),
            Self::CrostonSba => all_alike(croston_sba(values)),
            Self::Tsb => all_alike(tsb(values, TSB_ALPHA, TSB_ALPHA)),
            Self::Adida => all_alike(adida(values)),
        };
        let usable = |all: &Vec<Said>| all.iter().all(|of| of.said.is_finite());
        let smoothed = || all_alike(smoothed_best(values, SHORT_ALPHA.0, SHORT_ALPHA.1));
        let all = expected
            .filter(usable)
            .or_else(|| smoothed().filter(usable))
            .unwrap_or_else(|| vec![flat(*last); ahead]);
        (all, values.iter().all(|value| *value >= 0.0))
    }
}

/// All level.
fn flat(said: f64) -> Said {
    Said {
        said,
        level: said,
        season: 0.0,
    }
}
