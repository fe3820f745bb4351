//! Whether a score finds those who gain most from a treatment, as one number with an interval.

use math::random::stream;
use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::effects::{Effect, UNITS_MIN, no_variation, size_with, too_few};
use crate::ranking::Bootstrap;

/// What a gain near the top of the ranking counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// All shares alike: sees a small group that gains much (AUTOC).
    Autoc,
    /// A share counts as much as it holds units: sees a broad difference (Qini).
    Qini,
}

/// A ranking that cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum RateError {
    /// Columns differ in length.
    #[error(
        "judge {priorities} priorities by {scores} effect scores: there must be as many of each"
    )]
    Lengths {
        /// Priorities found.
        priorities: usize,
        /// Scores found.
        scores: usize,
    },
    /// A value is not a number.
    #[error("judge a ranking: `{column}` of unit {unit} is {value}, it must be finite")]
    NotFinite {
        /// Column.
        column: &'static str,
        /// Unit, from 0.
        unit: usize,
        /// Value found.
        value: f64,
    },
    /// The bootstrap has no meaning.
    #[error(
        "judge a ranking with {resamples} half-samples at level {level}: allowed are 100 to 1000000 and a level above 0 and below 1"
    )]
    Bootstrap {
        /// Half-samples found.
        resamples: u32,
        /// Level found.
        level: f64,
    },
}

/// Rank-weighted average treatment effect of a priority: the mean, over all shares of the best, of what treating that
/// share gains per unit beyond treating units at random. 0 is a ranking that finds nobody.
///
/// - `priority`: who would be treated first, any scale; of other data than `effect_scores`.
/// - `effect_scores`: doubly robust, see [`crate::uplift::AipwScores::effect`]. Units of equal priority share theirs.
/// - the interval is normal, its standard error the deviation over random halves of the units.
///
/// Deterministic: the same seed gives the same interval on any number of threads.
///
/// # Errors
/// [`RateError`] when columns differ in length, a value is not finite or the bootstrap has no meaning.
/// # Source
/// Yadlowsky, Fleming, Shah, Brunskill and Wager (2021), arXiv 2111.07966; half-samples
/// and ties as in `rank_average_treatment_effect` of grf.
pub fn rate(
    priority: &[f64],
    effect_scores: &[f64],
    weighting: Weighting,
    bootstrap: &Bootstrap,
) -> Result<Effect, RateError> {
    let Bootstrap {
        resamples,
        level,
        seed,
    } = *bootstrap;
    if !bootstrap.is_usable() {
        return Err(RateError::Bootstrap { resamples, level });
    }
    if priority.len() != effect_scores.len() {
        return Err(RateError::Lengths {
            priorities: priority.len(),
            scores: effect_scores.len(),
        });
    }
    for (column, values) in [("priority", priority), ("effect_scores", effect_scores)] {
        if let Some(unit) = values.iter().position(|value| !value.is_finite()) {
            let value = values[unit];
            return Err(RateError::NotFinite {
                column,
                unit,
                value,
            });
        }
    }
    let n = priority.len();
    if (n as u64) < 2 * UNITS_MIN {
        return Ok(Effect::NotMeasurable(too_few(
            "units",
            n as u64,
            2 * UNITS_MIN,
        )));
    }
    let ranked = ranked(priority, effect_scores);
    if ranked.iter().all(|unit| unit.0 == 0) {
        return Ok(Effect::NotMeasurable(no_variation("the priority")));
    }
    let point = rank_weighted(ranked.iter().copied(), weighting, n);
    // Each half-sample draws from its own stream, so threads do not change what it draws.
    let halves: Vec<f64> = (0..u64::from(resamples))
        .into_par_iter()
        .map(|resample| {
            let mut random = stream(seed, resample);
            let (mut needed, mut left) = (n / 2, n);
            let half = ranked.iter().copied().filter(|_| {
                let taken = random.random_range(0..left) < needed;
                left -= 1;
                needed -= usize::from(taken);
                taken
            });
            rank_weighted(half, weighting, n / 2)
        })
        .collect();
    let mean = halves.iter().sum::<f64>() / halves.len() as f64;
    let squares: f64 = halves.iter().map(|half| (half - mean).powi(2)).sum();
    let standard_error = (squares / (halves.len() - 1) as f64).sqrt();
    let largest = effect_scores
        .iter()
        .fold(0.0, |most: f64, score| most.max(score.abs()));
    if standard_error <= 1e-13 * largest {
        return Ok(Effect::NotMeasurable(no_variation(
            "the score of the effect",
        )));
    }
    // Infinite degrees: the interval is normal.
    Ok(Effect::Measured(size_with(
        point,
        standard_error,
        f64::INFINITY,
        n as u64,
        level,
    )))
}

/// Effect scores, best priority first, each with the number of its group of equal priorities.
fn ranked(priority: &[f64], effect_scores: &[f64]) -> Vec<(u32, f64)> {
    let mut order: Vec<usize> = (0..priority.len()).collect();
    order.sort_by(|one, other| {
        let better = priority[*other].partial_cmp(&priority[*one]);
        better.unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut group = 0;
    order
        .iter()
        .enumerate()
        .map(|(at, row)| {
            if at > 0 && priority[order[at - 1]] != priority[*row] {
                group += 1;
            }
            (group, effect_scores[*row])
        })
        .collect()
}

/// The rank-weighted average of `n` units in order; units of one group share their mean.
fn rank_weighted(units: impl Iterator<Item = (u32, f64)>, weighting: Weighting, n: usize) -> f64 {
    let mut tocs = Tocs {
        weighting,
        n: n as f64,
        units: 0.0,
        sum: 0.0,
        weighted: 0.0,
    };
    let mut open: Option<(u32, f64, u32)> = None;
    for (group, score) in units {
        open = match open {
            Some((same, sum, count)) if same == group => Some((group, sum + score, count + 1)),
            Some((_, sum, count)) => {
                tocs.add(sum, count);
                Some((group, score, 1))
            }
            None => Some((group, score, 1)),
        };
    }
    if let Some((_, sum, count)) = open {
        tocs.add(sum, count);
    }
    tocs.rate()
}

/// Sums along the ranking.
struct Tocs {
    weighting: Weighting,
    n: f64,
    units: f64,
    sum: f64,
    /// Sum over shares of the weight times the mean score of the best.
    weighted: f64,
}

impl Tocs {
    fn add(&mut self, sum: f64, count: u32) {
        let mean = sum / f64::from(count);
        for _ in 0..count {
            self.units += 1.0;
            self.sum += mean;
            self.weighted += match self.weighting {
                Weighting::Autoc => self.sum / self.units,
                Weighting::Qini => self.sum / self.n,
            };
        }
    }

    fn rate(&self) -> f64 {
        let overall = self.sum / self.n;
        // What treating at random gains, under the same weights.
        let random = match self.weighting {
            Weighting::Autoc => overall,
            Weighting::Qini => overall * (self.n + 1.0) / (2.0 * self.n),
        };
        self.weighted / self.n - random
    }
}
