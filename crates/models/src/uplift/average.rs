//! Average effects.

use math::tails::student_t_upper_quantile;
use serde::{Deserialize, Serialize};

/// The average effect of an arm against the control.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AverageEffect {
    /// Difference per row, in units of the outcome.
    pub effect: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Rows it was measured on.
    pub rows: usize,
}

impl AverageEffect {
    /// The mean of doubly robust scores (augmented inverse propensity weighting).
    ///
    /// # Source
    /// Robins, Rotnitzky and Zhao (1994); the variance is that of the scores over their number.
    pub(super) fn of(scores: &[f64]) -> Self {
        let n = scores.len() as f64;
        let effect = scores.iter().sum::<f64>() / n;
        let squares: f64 = scores.iter().map(|score| (score - effect).powi(2)).sum();
        Self {
            effect,
            standard_error: (squares / (n - 1.0) / n).sqrt(),
            rows: scores.len(),
        }
    }

    /// The mean of doubly robust scores, each counting as much as its weight.
    ///
    /// # Source
    /// White (1980): the variance is that of a regression on a constant, robust to unequal variances.
    pub(super) fn weighted(scores: &[f64], weights: &[f64]) -> Self {
        let pairs = || scores.iter().zip(weights);
        let sum: f64 = weights.iter().sum();
        let effect = pairs().map(|(score, weight)| weight * score).sum::<f64>() / sum;
        let squares: f64 = pairs()
            .map(|(score, weight)| (weight * (score - effect)).powi(2))
            .sum();
        Self {
            effect,
            standard_error: squares.sqrt() / sum,
            rows: scores.len(),
        }
    }

    /// Interval that holds the average effect with probability `level`, by Student's t.
    ///
    /// `None` when the level is not above 0 and below 1.
    #[must_use]
    pub fn interval(&self, level: f64) -> Option<(f64, f64)> {
        let inside = level > 0.0 && level < 1.0;
        inside.then(|| {
            let degrees = self.rows as f64 - 1.0;
            let reach =
                self.standard_error * student_t_upper_quantile(0.5 * (1.0 - level), degrees);
            (self.effect - reach, self.effect + reach)
        })
    }
}
