//! How much of the predicted differences between customers is real.

use serde::{Deserialize, Serialize};

use super::folds::Folds;

/// How far predicted effects of an arm are drawn to the arm's average.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shrinkage {
    /// Share kept of the difference between a predicted effect and the average: 0 is the average for everybody, 1 is as learnt.
    pub weight: f64,
    /// Slope of doubly robust scores on effects predicted for customers not learnt from; `None` where predictions do not differ.
    pub slope: Option<Slope>,
    /// Variance of the predicted effects, in units of the outcome squared.
    pub predicted_variance: f64,
}

/// How much of a predicted difference is found again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Slope {
    /// 1 is calibrated, 0 is noise.
    pub estimate: f64,
    /// Its standard error, robust to unequal variances.
    pub standard_error: f64,
}

impl Shrinkage {
    /// Nothing is kept.
    pub(super) const TO_AVERAGE: Self = Self {
        weight: 0.0,
        slope: None,
        predicted_variance: 0.0,
    };

    /// Weight by empirical Bayes: the variance of real effects along the prediction is estimated by the slope of
    /// scores on it, and the estimate itself shrunk by its own error.
    ///
    /// - `raw`: effects predicted by models that had not seen the row; compared within folds.
    /// - `scores`: doubly robust scores, whose mean given the row is its effect whatever the prediction.
    /// - `weights`: how much each row tells.
    /// - `errors_ignored`: how many standard errors of slope count as nothing; chance passes 1 once in six, 2 once in 44.
    ///
    /// `weight = min(1, slope (1 - (errors_ignored / z)²))`, 0 for `z` ≤ `errors_ignored`, with `z` the slope over its error.
    ///
    /// # Source
    /// Efron and Morris (1973), positive-part rule; the slope is the best linear predictor of Chernozhukov et al. (2018).
    pub(super) fn of(
        raw: &[f64],
        scores: &[f64],
        weights: &[f64],
        folds: &Folds,
        errors_ignored: f64,
    ) -> Self {
        let predicted = centred(raw, weights, folds);
        let scores = centred(scores, weights, folds);
        let squares: f64 = predicted.iter().zip(weights).map(|(x, w)| w * x * x).sum();
        let predicted_variance = squares / weights.iter().sum::<f64>();
        let largest = raw
            .iter()
            .fold(0.0_f64, |most, value| most.max(value.abs()));
        // Constant predictions differ by rounding only.
        if predicted_variance.sqrt() <= 1e-9 * largest || squares == 0.0 {
            return Self::TO_AVERAGE;
        }
        let rows = || predicted.iter().zip(&scores).zip(weights);
        let slope = rows().map(|((x, y), w)| w * x * y).sum::<f64>() / squares;
        let meat: f64 = rows()
            .map(|((x, y), w)| (w * x * (y - slope * x)).powi(2))
            .sum();
        let error = meat.sqrt() / squares;
        let kept = 1.0 - (errors_ignored * error / slope).powi(2);
        let weight = if slope > 0.0 && kept > 0.0 {
            (slope * kept).min(1.0)
        } else {
            0.0
        };
        Self {
            weight,
            slope: Some(Slope {
                estimate: slope,
                standard_error: error,
            }),
            predicted_variance,
        }
    }

    /// Variance that shrinking leaves unexplained, in units of the outcome squared: the square of what was not kept,
    /// times the variance of real effects along the prediction, taken one standard error up.
    pub(super) fn left_variance(&self) -> f64 {
        let upper = |slope: Slope| (slope.estimate + slope.standard_error).clamp(0.0, 1.0);
        let real = self.slope.map_or(0.0, upper) * self.predicted_variance;
        (1.0 - self.weight).powi(2) * real
    }
}

/// Values less the weighted mean of their fold.
fn centred(values: &[f64], weights: &[f64], folds: &Folds) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); folds.n()];
    for (row, value) in values.iter().enumerate() {
        let (sum, count) = &mut sums[folds.of(row)];
        *sum += weights[row] * value;
        *count += weights[row];
    }
    let of = |(row, value): (usize, &f64)| {
        let (sum, count) = sums[folds.of(row)];
        value - sum / count
    };
    values.iter().enumerate().map(of).collect()
}
