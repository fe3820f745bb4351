//! The method of Teunter, Syntetos and Babai: how much is asked for, by how likely it is.

use super::smoothing::smoothed;

/// Demand for each period ahead, in the unit of `values`: size of a demand times the probability of one, both smoothed.
///
/// - `values`: oldest first; those above zero are demands.
/// - `alpha_size`: weight of the newest demand, in 0–1.
/// - `alpha_probability`: weight of the newest period, in 0–1. It sinks with each period without demand, so the
///   forecast of a product that is no longer sold goes to zero.
/// - 0 without any demand; `None` without values.
///
/// # Source
/// Teunter, Syntetos and Babai (2011). The same numbers as statsforecast's `TSB` for values that are not negative.
#[must_use]
pub fn tsb(values: &[f64], alpha_size: f64, alpha_probability: f64) -> Option<f64> {
    let sizes: Vec<f64> = values
        .iter()
        .copied()
        .filter(|value| *value > 0.0)
        .collect();
    let asked: Vec<f64> = values
        .iter()
        .map(|value| f64::from(u8::from(*value > 0.0)))
        .collect();
    let probability = smoothed(&asked, alpha_probability)?;
    Some(smoothed(&sizes, alpha_size).map_or(0.0, |size| size * probability))
}
