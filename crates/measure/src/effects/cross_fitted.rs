//! What was known of the units before the experiment, brought into one covariate by regressions that have not seen the unit.

use math::optimise::inverse_positive_definite;

use super::{Moments, MomentsError};

/// Added to the correlation of each covariate with itself: covariates that say the same do not stop the regression.
const RIDGE: f64 = 1e-6;

/// Predictions of a metric (column 0 of the rows) by the covariates (columns 1 and on), for each arm in the order of its
/// rows. A row's is made by the rows of the other folds, row by row in turns, arms pooled with a mean of their own each.
///
/// Whatever the regression, the prediction is a function of what was known of the unit before and of other units, so its
/// mean is the same in all arms but for chance: it may stand in the place of the covariate of [`super::cuped`], which takes
/// out of the metric as much of it as helps. Only the moments of each fold and arm are kept, no rows.
///
/// - `folds`: at least 2.
///
/// # Errors
/// [`MomentsError`] when a value is not finite.
/// # Source
/// Lin (2013) for regressions on covariates of experiments; Wager, Du, Taylor and Tibshirani (2016), "High-dimensional
/// regression adjustments in randomized experiments", for predictions that are cross-fitted.
pub fn cross_fitted<const N: usize>(
    arms: &[Vec<[f64; N]>],
    folds: usize,
) -> Result<Vec<Vec<f64>>, MomentsError> {
    let folds = folds.max(2);
    let mut of_folds: Vec<Vec<Moments>> = vec![vec![Moments::new(N); arms.len()]; folds];
    for (arm, rows) in arms.iter().enumerate() {
        for (place, row) in rows.iter().enumerate() {
            of_folds[place % folds][arm].push(row)?;
        }
    }
    let mut lines = Vec::with_capacity(folds);
    for fold in 0..folds {
        let mut others: Vec<Moments> = vec![Moments::new(N); arms.len()];
        for (other, of_arms) in of_folds.iter().enumerate() {
            if other != fold {
                for (sum, own) in others.iter_mut().zip(of_arms) {
                    sum.merge(own)?;
                }
            }
        }
        lines.push(Line::of(&others)?);
    }
    let predicted = arms.iter().map(|rows| {
        let numbered = rows.iter().enumerate();
        let own = numbered.map(|(place, row)| lines[place % folds].at(&row[1..]));
        own.collect()
    });
    Ok(predicted.collect())
}

/// A regression on covariates.
struct Line {
    intercept: f64,
    slopes: Vec<f64>,
}

impl Line {
    /// Least squares within arms; a covariate that does not vary has no slope.
    fn of(arms: &[Moments]) -> Result<Self, MomentsError> {
        let n = arms.first().map_or(1, Moments::columns) - 1;
        let mut all = Moments::new(n + 1);
        for arm in arms {
            all.merge(arm)?;
        }
        let within = |one: usize, other: usize| -> f64 {
            arms.iter().map(|arm| arm.product(one, other)).sum()
        };
        let scales: Vec<f64> = (1..=n)
            .map(|column| within(column, column).sqrt())
            .collect();
        let varying: Vec<usize> = (0..n).filter(|column| scales[*column] > 0.0).collect();
        let mut correlations = Vec::with_capacity(varying.len() * varying.len());
        for row in &varying {
            for column in &varying {
                let own = within(row + 1, column + 1) / (scales[*row] * scales[*column]);
                correlations.push(own + if row == column { RIDGE } else { 0.0 });
            }
        }
        let mut slopes = vec![0.0; n];
        let inverse = inverse_positive_definite(&correlations, varying.len());
        if let Some(inverse) = inverse.filter(|_| !varying.is_empty()) {
            for (place, row) in varying.iter().enumerate() {
                let cells = varying.iter().enumerate().map(|(other, column)| {
                    inverse[place * varying.len() + other] * within(column + 1, 0) / scales[*column]
                });
                slopes[*row] = cells.sum::<f64>() / scales[*row];
            }
        }
        let means = all.means();
        let moved: f64 = slopes.iter().zip(&means[1..]).map(|(s, m)| s * m).sum();
        Ok(Self {
            intercept: means[0] - moved,
            slopes,
        })
    }

    fn at(&self, covariates: &[f64]) -> f64 {
        let parts = self.slopes.iter().zip(covariates);
        self.intercept + parts.map(|(slope, value)| slope * value).sum::<f64>()
    }
}
