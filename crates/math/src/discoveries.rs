//! Which of many hypotheses are false, by e-values that may hang together in any way.

use thiserror::Error;

/// E-values that cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum DiscoveryError {
    /// A value is not a number.
    #[error(
        "judge e-values of which number {index} is {ln_e_value} in logarithm: it must be a number"
    )]
    NotANumber {
        /// Place, from 0.
        index: usize,
        /// Value found.
        ln_e_value: f64,
    },
    /// The share is not a probability.
    #[error("judge e-values at a false discovery rate of {alpha}: allowed is above 0 and below 1")]
    Alpha {
        /// Alpha found.
        alpha: f64,
    },
}

/// Which null hypotheses are rejected, in the order given, so that the expected share of wrong ones among
/// those rejected is at most `alpha`, however the metrics hang together and whenever they are read.
///
/// - `ln_e_values`: natural logarithms of e-values; minus infinity is no evidence.
///
/// # Errors
/// [`DiscoveryError`] when a value is not a number or alpha no probability.
/// # Source
/// Wang and Ramdas (2022), "False discovery rate control with e-values" (e-BH):
/// the largest `k` whose `k`-th largest e-value is at least `K / (k alpha)`.
pub fn discoveries(ln_e_values: &[f64], alpha: f64) -> Result<Vec<bool>, DiscoveryError> {
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(DiscoveryError::Alpha { alpha });
    }
    if let Some(index) = ln_e_values.iter().position(|value| value.is_nan()) {
        let ln_e_value = ln_e_values[index];
        return Err(DiscoveryError::NotANumber { index, ln_e_value });
    }
    let mut sorted = ln_e_values.to_vec();
    sorted.sort_unstable_by(|one, other| other.total_cmp(one));
    let hypotheses = sorted.len() as f64;
    let bar = sorted
        .iter()
        .enumerate()
        .rev()
        .find(|(at, value)| **value >= (hypotheses / ((at + 1) as f64 * alpha)).ln())
        .map(|(_, value)| *value);
    Ok(ln_e_values
        .iter()
        .map(|value| bar.is_some_and(|bar| *value >= bar))
        .collect())
}
