//! Aggregate, forecast, disaggregate: periods are put together until most have demand.

use super::smoothing::smoothed_best;

/// Bounds of the weight of the newest sum.
const ALPHA: (f64, f64) = (0.1, 0.3);

/// Demand for each period ahead, in the unit of `values`: smoothed sums over as many periods as lie between two demands
/// on average, shared equally.
///
/// - `values`: oldest first; those that are not zero are demands. The oldest periods, which fill no sum, are left out.
/// - 0 without any demand; `None` without values.
///
/// # Source
/// Nikolopoulos, Syntetos, Boylan, Petropoulos and Assimakopoulos (2011). The same choices as statsforecast's `ADIDA`:
/// the weight in 0.1–0.3 with the smallest squared error, the mean interval rounded half to even.
#[must_use]
pub fn adida(values: &[f64]) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let demands = values.iter().filter(|value| **value != 0.0).count();
    let Some(newest) = (0..=last).rev().find(|at| values[*at] != 0.0) else {
        return Some(0.0);
    };
    // Intervals are counted from the period before the first: together they reach to the newest demand.
    let interval = (newest + 1) as f64 / demands as f64;
    let periods = (interval.round_ties_even() as usize).max(1);
    let whole = &values[values.len() % periods..];
    let sums: Vec<f64> = whole
        .chunks_exact(periods)
        .map(|chunk| chunk.iter().sum())
        .collect();
    smoothed_best(&sums, ALPHA.0, ALPHA.1).map(|sum| sum / periods as f64)
}
