//! Whether the arms have the sizes that were asked: if not, assignment or logging is broken and no effect can be read.

use math::tails::chi_squared_upper_tail;
use schema::WhyNot;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::effects::too_few;

/// p-value below which a sample ratio is broken: it is looked at in every reading, so a false alarm must be rare.
pub const RATIO_ALPHA: f64 = 1e-4;

/// Units expected per arm below which the chi-squared distribution is too far from that of counts.
const EXPECTED_MIN: f64 = 5.0;

/// What the sizes of the arms say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleRatio {
    /// They are as asked, as far as chance goes.
    Holds {
        /// Probability of sizes at least this far off by chance.
        p_value: f64,
    },
    /// They are not.
    Broken {
        /// Probability of sizes at least this far off by chance.
        p_value: f64,
        /// The arm that is furthest off, from 0.
        arm: usize,
        /// Its units.
        found: u64,
        /// Units it should have had.
        expected: f64,
    },
    /// It cannot be said, and why.
    NotMeasurable(WhyNot),
}

/// Sizes that cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum SampleRatioError {
    /// Counts and weights are not of the same arms.
    #[error(
        "compare the sizes of {counts} arms with {weights} weights: there must be as many, at least 2"
    )]
    Arms {
        /// Counts found.
        counts: usize,
        /// Weights found.
        weights: usize,
    },
    /// A weight is no share.
    #[error(
        "compare the size of arm {arm} with its weight {weight}: a weight must be above 0 and finite"
    )]
    Weight {
        /// Arm, from 0.
        arm: usize,
        /// Weight found.
        weight: f64,
    },
}

/// Compares the units of each arm with its weight; weights need not sum to 1.
///
/// # Errors
/// [`SampleRatioError`] when there are not as many counts as weights, fewer than two, or a weight is not positive.
/// # Source
/// Pearson's chi-squared test; the level of Fabijan et al. (2019), "Diagnosing sample ratio mismatch". As
/// `check_srm` of gbstats 0.8.0, which however keeps the degree of freedom of an arm of weight 0; here it is refused.
pub fn sample_ratio(counts: &[u64], weights: &[f64]) -> Result<SampleRatio, SampleRatioError> {
    if counts.len() != weights.len() || counts.len() < 2 {
        return Err(SampleRatioError::Arms {
            counts: counts.len(),
            weights: weights.len(),
        });
    }
    let usable = |weight: f64| weight > 0.0 && weight.is_finite();
    if let Some(arm) = weights.iter().position(|weight| !usable(*weight)) {
        let weight = weights[arm];
        return Err(SampleRatioError::Weight { arm, weight });
    }
    Ok(match off_by(counts, weights) {
        Err(why) => SampleRatio::NotMeasurable(why),
        Ok(off) => judged(&off, counts),
    })
}

/// How far one arm is off its weight.
pub(crate) struct Off {
    pub(crate) expected: f64,
    /// Its part of the chi-squared statistic.
    pub(crate) part: f64,
}

pub(crate) fn off_by(counts: &[u64], weights: &[f64]) -> Result<Vec<Off>, WhyNot> {
    let units: f64 = counts.iter().map(|count| *count as f64).sum();
    let weight: f64 = weights.iter().sum();
    let smallest = weights.iter().copied().fold(f64::INFINITY, f64::min);
    if smallest / weight * units < EXPECTED_MIN {
        let needed = (EXPECTED_MIN * weight / smallest).ceil() as u64;
        return Err(too_few(
            "units in all arms together",
            counts.iter().sum(),
            needed,
        ));
    }
    Ok(counts
        .iter()
        .zip(weights)
        .map(|(count, own)| {
            let expected = own / weight * units;
            Off {
                expected,
                part: (*count as f64 - expected).powi(2) / expected,
            }
        })
        .collect())
}

fn judged(off: &[Off], counts: &[u64]) -> SampleRatio {
    let statistic: f64 = off.iter().map(|arm| arm.part).sum();
    let p_value = chi_squared_upper_tail(statistic, (off.len() - 1) as f64);
    let worst = (0..off.len()).max_by(|one, other| off[*one].part.total_cmp(&off[*other].part));
    match worst {
        Some(arm) if p_value < RATIO_ALPHA => SampleRatio::Broken {
            p_value,
            arm,
            found: counts[arm],
            expected: off[arm].expected,
        },
        _ => SampleRatio::Holds { p_value },
    }
}
