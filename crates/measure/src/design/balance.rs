//! Whether the arms split every stratum as they should: cities, segments, devices.

use math::tails::chi_squared_upper_tail;
use schema::WhyNot;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::effects::Moments;
use crate::sequential::{RATIO_ALPHA, SampleRatioError, off_by, sample_ratio};

/// What the arms' sizes within strata say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// They are as asked in every stratum, as far as chance goes.
    Holds {
        /// Probability of sizes at least this far off by chance.
        p_value: f64,
    },
    /// They are not.
    Broken {
        /// Probability of sizes at least this far off by chance.
        p_value: f64,
        /// The stratum that is furthest off, from 0; absent where it is the small ones together.
        stratum: Option<usize>,
        /// The arm there, from 0.
        arm: usize,
        /// Its units.
        found: u64,
        /// Units it should have had.
        expected: f64,
    },
    /// It cannot be said, and why.
    NotMeasurable(WhyNot),
}

/// Strata that cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum BalanceError {
    /// There is no stratum.
    #[error("compare arms over no strata: at least 1 is needed")]
    NoStrata,
    /// The sizes of a stratum cannot be compared.
    #[error("compare arms in stratum {stratum}")]
    Stratum {
        /// Stratum, from 0.
        stratum: usize,
        /// What is wrong with it.
        source: SampleRatioError,
    },
}

/// Compares the units of each arm with its weight within each stratum, at [`RATIO_ALPHA`].
///
/// - `counts`: per stratum, the units of each arm.
/// - strata too small for the chi-squared distribution are added up to one, and where even that is too small left out.
///
/// # Errors
/// [`BalanceError`] when there is no stratum or one cannot be compared.
/// # Source
/// Sum of Pearson's statistics of independent strata; degrees of freedom add up.
pub fn strata_balance(counts: &[Vec<u64>], weights: &[f64]) -> Result<Balance, BalanceError> {
    if counts.is_empty() {
        return Err(BalanceError::NoStrata);
    }
    let mut small = vec![0; weights.len()];
    let mut large: Vec<(Option<usize>, &[u64])> = Vec::new();
    for (stratum, units) in counts.iter().enumerate() {
        sample_ratio(units, weights).map_err(|source| BalanceError::Stratum { stratum, source })?;
        if off_by(units, weights).is_ok() {
            large.push((Some(stratum), units.as_slice()));
        } else {
            for (sum, count) in small.iter_mut().zip(units) {
                *sum += count;
            }
        }
    }
    match off_by(&small, weights) {
        Ok(_) => large.push((None, small.as_slice())),
        Err(why) if large.is_empty() => return Ok(Balance::NotMeasurable(why)),
        Err(_) => {}
    }
    Ok(judge(&large, weights))
}

/// Difference of the means of two arms (column 0) in standard deviations: how unlike they are in what was known before.
///
/// It does not grow with the number of units: 0.1 and more is what is commonly looked into. `None` where nothing varies.
/// # Source
/// Austin (2009), eq. 1: the deviation is the root of the mean of both variances.
#[must_use]
pub fn standardised_difference(control: &Moments, treated: &Moments) -> Option<f64> {
    let variance = 0.5 * (control.covariance(0, 0)? + treated.covariance(0, 0)?);
    let difference = treated.mean(0)? - control.mean(0)?;
    (variance > 0.0).then(|| difference / variance.sqrt())
}

fn judge(strata: &[(Option<usize>, &[u64])], weights: &[f64]) -> Balance {
    let mut statistic = 0.0;
    let mut worst = (0.0, None);
    for (stratum, units) in strata {
        for (arm, off) in off_by(units, weights).iter().flatten().enumerate() {
            statistic += off.part;
            if off.part > worst.0 {
                worst = (off.part, Some((*stratum, arm, units[arm], off.expected)));
            }
        }
    }
    let degrees = (strata.len() * (weights.len() - 1)) as f64;
    let p_value = chi_squared_upper_tail(statistic, degrees);
    match worst.1 {
        Some((stratum, arm, found, expected)) if p_value < RATIO_ALPHA => Balance::Broken {
            p_value,
            stratum,
            arm,
            found,
            expected,
        },
        _ => Balance::Holds { p_value },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_are_unlike_by_their_difference_in_deviations() {
        let of = |values: &[f64]| Moments::of(values).unwrap();
        // Variances 1 and 4 over means 2 and 4: 2 / sqrt(2.5).
        let unlike = standardised_difference(&of(&[1.0, 2.0, 3.0]), &of(&[2.0, 4.0, 6.0]));
        assert!(
            (unlike.unwrap() - 2.0 / 2.5f64.sqrt()).abs() < 1e-12,
            "{unlike:?}"
        );
        let flat = of(&[3.0, 3.0, 3.0]);
        assert_eq!(standardised_difference(&flat, &flat), None);
    }
}
