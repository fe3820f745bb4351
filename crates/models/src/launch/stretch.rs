//! By how much spreads must be stretched so that intervals hold what they promise.

use math::special::normal_quantile;
use math::tails::normal_upper_tail;
use serde::{Deserialize, Serialize};

use super::censored::Logarithm;
use super::distribution::{LogNormal, normal_cdf};

/// Intervals that are held against what came.
const HELD: [f64; 2] = [0.8, 0.9];

/// Spreads are not stretched or shrunk further than this.
const BOUNDS: (f64, f64) = (0.3, 4.0);

/// Of fewer forecasts than this too little is known to stretch by.
const FORECASTS_MIN: usize = 10;

/// By which standard deviations are multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Stretch(f64);

impl Stretch {
    /// None.
    pub(super) const NONE: Self = Self(1.0);

    /// The least stretch at which intervals of 80 % and 90 % together held as many of the forecasts as they promise, of n
    /// forecasts of at least a share level · (n + 1)/n. Of launches whose stock ran out the probability counts with which an interval
    /// holds demand that is known to be more.
    ///
    /// # Source
    /// Lei et al. (2018), split conformal intervals of residuals over their standard deviation; forecasts are those made
    /// in the order of time.
    pub(super) fn fit(past: &[(LogNormal, Logarithm)]) -> Self {
        if past.len() < FORECASTS_MIN {
            return Self::NONE;
        }
        let n = past.len() as f64;
        let z = |(said, came): &(LogNormal, Logarithm)| (came.value - said.mu) / said.sigma;
        let each: Vec<(f64, bool)> = past.iter().map(|p| (z(p), p.1.is_least)).collect();
        let wanted: f64 = HELD.iter().sum::<f64>() * (n + 1.0) / n;
        let held = |stretch: f64| {
            let of = |level: f64| {
                let edge = normal_quantile(0.5 * (1.0 + level));
                each.iter()
                    .map(|(z, least)| share(z / stretch, *least, edge))
                    .sum::<f64>()
                    / n
            };
            HELD.iter().map(|level| of(*level)).sum::<f64>()
        };
        let (mut low, mut high) = BOUNDS;
        // Forty halvings leave 4e-12 of the bounds.
        for _ in 0..40 {
            let middle = (low * high).sqrt();
            if held(middle) >= wanted {
                high = middle;
            } else {
                low = middle;
            }
        }
        Self(high)
    }

    /// A distribution stretched around its median.
    pub(super) fn of(self, said: LogNormal) -> LogNormal {
        LogNormal {
            mu: said.mu,
            sigma: said.sigma * self.0,
        }
    }
}

/// Probability that a standard normal variable, of which a value or a least value is known, lies within ± `edge`.
fn share(z: f64, is_least: bool, edge: f64) -> f64 {
    if !is_least {
        return f64::from(u8::from(z.abs() <= edge));
    }
    let beyond = normal_upper_tail(z);
    let inside = normal_cdf(edge) - normal_cdf(z.max(-edge));
    if inside > 0.0 { inside / beyond } else { 0.0 }
}
