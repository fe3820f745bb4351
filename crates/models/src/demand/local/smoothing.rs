//! Simple exponential smoothing.

/// Level after the last value, which is the forecast of all periods ahead: unit of `values`; `None` without values.
///
/// - `alpha`: weight of the newest value, in 0–1. The first level is the first value.
#[must_use]
pub fn smoothed(values: &[f64], alpha: f64) -> Option<f64> {
    let (first, others) = values.split_first()?;
    let level = others.iter();
    Some(level.fold(*first, |level, value| level + alpha * (value - level)))
}

/// [`smoothed`] with the weight in `low`–`high` that forecast the values one period ahead best, in mean squared error.
///
/// The weight is found to 1e-8 by golden section; where the error has several minima it is one of them.
#[must_use]
pub fn smoothed_best(values: &[f64], low: f64, high: f64) -> Option<f64> {
    smoothed(values, best_weight(values, low, high))
}

/// How close the weight must be known.
const WEIGHT_TOLERANCE: f64 = 1e-8;

fn best_weight(values: &[f64], low: f64, high: f64) -> f64 {
    let kept = (5.0_f64.sqrt() - 1.0) / 2.0;
    let inner = |low: f64, high: f64| (high - kept * (high - low), low + kept * (high - low));
    let (mut low, mut high) = (low, high);
    let (mut left, mut right) = inner(low, high);
    let (mut at_left, mut at_right) = (squares(values, left), squares(values, right));
    while high - low > WEIGHT_TOLERANCE {
        if at_left < at_right {
            (high, right, at_right) = (right, left, at_left);
            left = inner(low, high).0;
            at_left = squares(values, left);
        } else if at_left > at_right {
            (low, left, at_left) = (left, right, at_right);
            right = inner(low, high).1;
            at_right = squares(values, right);
        } else {
            // As good on both sides, perhaps everywhere: the middle.
            (low, high) = (left, right);
            (left, right) = inner(low, high);
            (at_left, at_right) = (squares(values, left), squares(values, right));
        }
    }
    0.5 * (low + high)
}

/// Sum of squared errors one period ahead.
fn squares(values: &[f64], alpha: f64) -> f64 {
    let Some((first, others)) = values.split_first() else {
        return 0.0;
    };
    let (mut level, mut sum) = (*first, 0.0);
    for value in others {
        let error = value - level;
        sum += error * error;
        level += alpha * error;
    }
    sum
}
