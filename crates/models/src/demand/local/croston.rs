//! Croston's method: how much is asked for, by how often.

use super::smoothing::smoothed;

/// Share of an error that size and interval take.
const ALPHA: f64 = 0.1;
/// Croston's ratio is too large by about this factor, because a mean of intervals stands below the line.
const DEBIASED: f64 = 1.0 - ALPHA / 2.0;

/// Demand for each period ahead, in the unit of `values`: size of a demand by interval between demands, both smoothed
/// with weight 0.1, times 0.95.
///
/// - `values`: oldest first; those above zero are demands. The first interval is counted from before the first value.
/// - without any demand, the last value; `None` without values.
///
/// # Source
/// Croston (1972), corrected by Syntetos and Boylan (2005). The same numbers as statsforecast's `CrostonSBA`, but for a
/// last value below zero without any demand, which is not shortened.
#[must_use]
pub fn croston_sba(values: &[f64]) -> Option<f64> {
    let (mut sizes, mut intervals, mut last) = (Vec::new(), Vec::new(), None);
    for (at, value) in values.iter().enumerate() {
        if *value > 0.0 {
            sizes.push(*value);
            // Intervals are counted from the period before the first.
            intervals.push(last.map_or(at + 1, |last| at - last) as f64);
            last = Some(at);
        }
    }
    match (smoothed(&sizes, ALPHA), smoothed(&intervals, ALPHA)) {
        (Some(size), Some(interval)) => Some(DEBIASED * size / interval),
        _ => values.last().copied(),
    }
}
