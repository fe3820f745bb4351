//! What a wrong prediction costs.

use serde::{Deserialize, Serialize};

use super::error::FitError;
use super::labels::Labels;

/// A curvature below this would let one row move a leaf without bound.
const HESSIAN_MIN: f64 = 1e-16;

/// How far ahead the curvature of Poisson loss is looked at, so that steps do not overshoot an exponential.
const POISSON_STEP: f64 = 0.7;

/// Margins of exponential links beyond this would overflow the single precision of derivatives.
const MARGIN_MAX: f64 = 80.0;

/// Targets and weights may not be larger, so that their product fits single precision.
pub(super) const SIZE_MAX: f64 = 1e18;

/// A loss of a margin, which is what trees add up to, and the prediction that belongs to a margin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Loss {
    /// Squared error; predicts a mean. Loss reported: squared error.
    Squared,
    /// Negative log-likelihood of 0 and 1, or of shares; predicts a probability by the logistic function.
    Logistic,
    /// Negative log-likelihood of counts less what no margin changes; predicts a mean by the exponential function.
    Poisson,
    /// Negative quasi-likelihood of amounts that are 0 or spread like a gamma variable, less what no margin changes;
    /// predicts a mean by the exponential function.
    Tweedie {
        /// Power of the mean that the variance grows with, above 1 and below 2.
        power: f64,
    },
    /// Pinball loss; predicts a quantile.
    Quantile {
        /// Share of targets below it, above 0 and below 1.
        level: f64,
    },
}

impl Loss {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Squared => "squared",
            Self::Logistic => "logistic",
            Self::Poisson => "Poisson",
            Self::Tweedie { .. } => "Tweedie",
            Self::Quantile { .. } => "quantile",
        }
    }

    /// Whether the parameter is in its range.
    pub(super) fn check(self) -> Result<(), FitError> {
        let (setting, found, allowed, (low, high)) = match self {
            Self::Squared | Self::Logistic | Self::Poisson => return Ok(()),
            Self::Tweedie { power } => ("power", power, "above 1 and below 2", (1.0, 2.0)),
            Self::Quantile { level } => ("level", level, "above 0 and below 1", (0.0, 1.0)),
        };
        if found > low && found < high {
            Ok(())
        } else {
            Err(FitError::Setting {
                setting,
                found,
                allowed,
            })
        }
    }

    /// Which targets can be read, and how that is said.
    pub(super) fn targets(self) -> (fn(f64) -> bool, &'static str) {
        match self {
            Self::Squared | Self::Quantile { .. } => (
                |value| value.abs() <= SIZE_MAX,
                "numbers from -1e18 to 1e18",
            ),
            Self::Logistic => (|value| (0.0..=1.0).contains(&value), "0 to 1"),
            Self::Poisson | Self::Tweedie { .. } => (
                |value| (0.0..=SIZE_MAX).contains(&value),
                "numbers from 0 to 1e18",
            ),
        }
    }

    /// First and second derivative by the margin.
    pub(super) fn derivatives(self, target: f64, margin: f64) -> (f64, f64) {
        match self {
            Self::Squared => (margin - target, 1.0),
            Self::Logistic => {
                let p = logistic(margin);
                (p - target, (p * (1.0 - p)).max(HESSIAN_MIN))
            }
            Self::Poisson => {
                let mean = exponential(margin);
                (mean - target, mean * POISSON_STEP.exp())
            }
            Self::Tweedie { power } => {
                let low = target * exponential((1.0 - power) * margin);
                let high = exponential((2.0 - power) * margin);
                (
                    high - low,
                    ((2.0 - power) * high + (power - 1.0) * low).max(HESSIAN_MIN),
                )
            }
            Self::Quantile { level } => {
                let below = f64::from(u8::from(margin >= target));
                (below - level, 1.0)
            }
        }
    }

    /// Loss of one row.
    pub(super) fn value(self, target: f64, margin: f64) -> f64 {
        match self {
            Self::Squared => (target - margin).powi(2),
            // ln(1 + e^m) without overflow.
            Self::Logistic => margin.max(0.0) + (-margin.abs()).exp().ln_1p() - target * margin,
            Self::Poisson => exponential(margin) - target * margin,
            Self::Tweedie { power } => {
                target * exponential((1.0 - power) * margin) / (power - 1.0)
                    + exponential((2.0 - power) * margin) / (2.0 - power)
            }
            Self::Quantile { level } => {
                let short = target - margin;
                (level * short).max((level - 1.0) * short)
            }
        }
    }

    /// What a margin predicts, in units of the target.
    #[must_use]
    pub fn prediction(self, margin: f64) -> f64 {
        match self {
            Self::Squared | Self::Quantile { .. } => margin,
            Self::Logistic => logistic(margin),
            Self::Poisson | Self::Tweedie { .. } => exponential(margin),
        }
    }

    /// The constant margin of least loss.
    pub(super) fn base(self, labels: &Labels<'_>) -> Result<f64, FitError> {
        let mean = || {
            let pairs = labels.target.iter().enumerate();
            let sum: f64 = pairs
                .map(|(at, target)| labels.weight_at(at) * target)
                .sum();
            sum / labels.weight_sum()
        };
        let finite = |base: f64| {
            let (value, loss) = (labels.target[0], self.name());
            base.is_finite()
                .then_some(base)
                .ok_or(FitError::OneSided { value, loss })
        };
        match self {
            Self::Squared => finite(mean()),
            Self::Logistic => {
                let mean = mean();
                finite((mean / (1.0 - mean)).ln())
            }
            Self::Poisson | Self::Tweedie { .. } => finite(mean().ln()),
            Self::Quantile { level } => {
                let mut weighted: Vec<(f64, f64)> = labels
                    .target
                    .iter()
                    .enumerate()
                    .map(|(at, target)| (*target, labels.weight_at(at)))
                    .collect();
                Ok(quantile(&mut weighted, level))
            }
        }
    }

    /// The level, where leaves hold quantiles of residuals.
    pub(super) fn leaf_quantile(self) -> Option<f64> {
        match self {
            Self::Quantile { level } => Some(level),
            Self::Squared | Self::Logistic | Self::Poisson | Self::Tweedie { .. } => None,
        }
    }
}

fn logistic(margin: f64) -> f64 {
    1.0 / (1.0 + (-margin).exp())
}

fn exponential(margin: f64) -> f64 {
    margin.min(MARGIN_MAX).exp()
}

/// The smallest value that at least a share `level` of the weight is not above; 0 of nothing.
pub(super) fn quantile(weighted: &mut [(f64, f64)], level: f64) -> f64 {
    weighted.sort_by(|one, other| one.0.total_cmp(&other.0));
    let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
    let mut below = 0.0;
    for (value, weight) in weighted.iter() {
        below += weight;
        if below >= level * total {
            return *value;
        }
    }
    weighted.last().map_or(0.0, |(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::{Loss, quantile};

    #[test]
    fn derivatives_are_those_of_the_loss() {
        let step = 1e-5;
        for loss in [
            Loss::Squared,
            Loss::Logistic,
            Loss::Poisson,
            Loss::Tweedie { power: 1.3 },
        ] {
            // The squared error is reported whole and learnt by half.
            let scale = if loss == Loss::Squared { 0.5 } else { 1.0 };
            for (target, margin) in [(0.0, 0.3), (1.0, -0.7), (0.4, 1.1)] {
                let value = |margin| scale * loss.value(target, margin);
                let slope = (value(margin + step) - value(margin - step)) / (2.0 * step);
                let bend = (value(margin + step) - 2.0 * value(margin) + value(margin - step))
                    / (step * step);
                let (first, second) = loss.derivatives(target, margin);
                assert!((first - slope).abs() < 1e-8, "{loss:?} {first} {slope}");
                let ahead = if loss == Loss::Poisson {
                    0.7_f64.exp()
                } else {
                    1.0
                };
                assert!(
                    (second - ahead * bend).abs() < 1e-4,
                    "{loss:?} {second} {bend}"
                );
            }
        }
    }

    #[test]
    fn a_quantile_counts_weights_as_repeated_values() {
        let mut weighted = [(3.0, 1.0), (1.0, 2.0), (2.0, 1.0)];
        assert_eq!(quantile(&mut weighted, 0.5), 1.0);
        assert_eq!(quantile(&mut weighted, 0.51), 2.0);
        assert_eq!(quantile(&mut weighted, 0.99), 3.0);
    }
}
