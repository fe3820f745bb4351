//! How well counts were predicted.

use serde::{Deserialize, Serialize};

/// Predicted counts beside what happened.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Customers compared.
    pub customers: usize,
    /// Sum of the predictions.
    pub predicted_total: f64,
    /// Sum of what happened.
    pub actual_total: f64,
    /// Mean absolute error per customer.
    pub mae: f64,
    /// Root of the mean squared error per customer.
    pub rmse: f64,
    /// Correlation over customers; absent when either side does not vary.
    pub correlation: Option<f64>,
}

impl Score {
    /// Compares predictions with what happened, customer by customer; both slices have the same length.
    pub fn of(predicted: &[f64], actual: &[f64]) -> Self {
        assert_eq!(predicted.len(), actual.len(), "one prediction per customer");
        let n = (predicted.len() as f64).max(1.0);
        let errors = || predicted.iter().zip(actual).map(|(p, a)| p - a);
        Self {
            customers: predicted.len(),
            predicted_total: predicted.iter().sum(),
            actual_total: actual.iter().sum(),
            mae: errors().map(f64::abs).sum::<f64>() / n,
            rmse: (errors().map(|error| error * error).sum::<f64>() / n).sqrt(),
            correlation: correlation(predicted, actual),
        }
    }

    /// Predicted total relative to the actual one, minus 1; absent when nothing happened.
    pub fn total_error(&self) -> Option<f64> {
        (self.actual_total > 0.0).then(|| self.predicted_total / self.actual_total - 1.0)
    }
}

/// Pearson correlation; absent when either side does not vary.
pub(crate) fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let n = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let mut sums = [0.0; 3];
    for (x, y) in a.iter().zip(b) {
        let (dx, dy) = (x - mean_a, y - mean_b);
        sums[0] += dx * dx;
        sums[1] += dy * dy;
        sums[2] += dx * dy;
    }
    // Equal values leave a spread of rounding errors around their mean.
    let varies = |sum: f64, mean: f64| sum > n * (1e-12 * mean).powi(2);
    (varies(sums[0], mean_a) && varies(sums[1], mean_b))
        .then(|| sums[2] / (sums[0] * sums[1]).sqrt())
}
