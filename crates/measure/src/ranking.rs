//! How good ranked lists are, with intervals over customers.
//!
//! Lists come from the whole catalogue: a metric over a sample of negatives orders methods differently
//! (Krichene and Rendle 2020, "On Sampled Metrics for Item Recommendation") and is not offered.

use math::random::stream;
use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a customer's recall is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecallOver {
    /// All targets of the customer (Ferrari Dacrema et al.; next-basket studies).
    Targets,
    /// As many targets as the list could hold, min(k, targets) (Liang et al.).
    TargetsThatFit,
}

/// What is measured, of the first `k` entries of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RankingMetric {
    /// Share of targets listed.
    Recall(RecallOver),
    /// Discounted gain `Σ 1 / log2(rank + 1)` over that of the best possible list of min(k, targets) hits.
    Ndcg,
    /// 1 when any target is listed.
    HitRate,
    /// 1 / rank of the first target listed, 0 without.
    ReciprocalRank,
    /// Share of the entries that are targets, out of k.
    Precision,
}

/// The targets of one customer and the list made for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankedCustomer<'a> {
    /// What the customer went on to take; repeats count once. Items that no list could hold count as missed.
    pub targets: &'a [u32],
    /// Items listed, best first, none twice.
    pub listed: &'a [u32],
}

/// A mean over customers with a bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Mean over customers.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Customers with at least one target.
    pub n_customers: usize,
}

/// All metrics of one method at one length of list.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// Entries of a list that count.
    pub k: usize,
    /// Recall over all targets.
    pub recall: Interval,
    /// Recall over the targets that fit.
    pub recall_that_fits: Interval,
    /// Discounted gain.
    pub ndcg: Interval,
    /// Customers with a hit.
    pub hit_rate: Interval,
    /// Reciprocal rank.
    pub reciprocal_rank: Interval,
    /// Share of the catalogue that appears in at least one list.
    pub coverage: f64,
}

/// How intervals are made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// Resamples of the customers, at least 100: 1,000 give ends good to a tenth of the width.
    pub resamples: u32,
    /// Probability that an interval covers, in (0, 1).
    pub level: f64,
    /// Seed of the resamples.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            resamples: 1_000,
            level: 0.95,
            seed: 0,
        }
    }
}

impl Bootstrap {
    /// Whether it has a meaning: enough resamples, and a level that is a probability.
    pub(crate) fn is_usable(&self) -> bool {
        (100..=1_000_000).contains(&self.resamples) && self.level > 0.0 && self.level < 1.0
    }
}

/// Why lists could not be measured.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum RankingError {
    /// Nobody has a target.
    #[error(
        "measure {n_customers} customers: none has a target, at least 2 are needed for an interval"
    )]
    NoTargets {
        /// Customers given.
        n_customers: usize,
    },
    /// A list of no entries says nothing.
    #[error("measure the first 0 entries of lists: at least 1 is needed")]
    EmptyList,
    /// Fewer than two customers have a target.
    #[error("measure {found} customers with targets: at least 2 are needed for an interval")]
    TooFewCustomers {
        /// Customers with targets.
        found: usize,
    },
    /// Two methods were measured on different customers.
    #[error(
        "compare {left} customers of one method with {right} of the other: they must be the same customers in the same order"
    )]
    NotPaired {
        /// Values of the first method.
        left: usize,
        /// Values of the second.
        right: usize,
    },
    /// The bootstrap has no meaning.
    #[error(
        "resample {resamples} times at level {level}: allowed are 100 to 1000000 resamples and a level above 0 and below 1"
    )]
    Bootstrap {
        /// Resamples found.
        resamples: u32,
        /// Level found.
        level: f64,
    },
}

impl RankingMetric {
    /// The metric for one customer; `None` without targets, for which nothing can be right or wrong.
    #[must_use]
    pub fn of(&self, customer: &RankedCustomer<'_>, k: usize) -> Option<f64> {
        let mut targets = customer.targets.to_vec();
        targets.sort_unstable();
        targets.dedup();
        if targets.is_empty() || k == 0 {
            return None;
        }
        let fit = targets.len().min(k);
        let mut hits = customer
            .listed
            .iter()
            .take(k)
            .enumerate()
            .filter(|(_, item)| targets.binary_search(item).is_ok())
            .map(|(at, _)| at);
        Some(match self {
            Self::Recall(RecallOver::Targets) => hits.count() as f64 / targets.len() as f64,
            Self::Recall(RecallOver::TargetsThatFit) => hits.count() as f64 / fit as f64,
            Self::Precision => hits.count() as f64 / k as f64,
            Self::HitRate => f64::from(u8::from(hits.next().is_some())),
            Self::ReciprocalRank => hits.next().map_or(0.0, |at| 1.0 / (at + 1) as f64),
            Self::Ndcg => hits.map(discount).sum::<f64>() / (0..fit).map(discount).sum::<f64>(),
        })
    }

    /// The metric for every customer that has a target, in order.
    #[must_use]
    pub fn per_customer(&self, customers: &[RankedCustomer<'_>], k: usize) -> Vec<f64> {
        customers
            .par_iter()
            .filter_map(|customer| self.of(customer, k))
            .collect()
    }
}

/// Gain of a hit at position `at`, counted from 0.
fn discount(at: usize) -> f64 {
    1.0 / ((at + 2) as f64).log2()
}

/// All metrics of a method's lists.
///
/// - customers without targets are left out, and counted out in `n_customers`.
/// - `n_items`: items of the catalogue, for coverage.
///
/// Deterministic: the same seed gives the same intervals on any number of threads.
///
/// # Errors
/// [`RankingError`] when fewer than two customers have a target or the bootstrap has no meaning.
pub fn evaluate(
    customers: &[RankedCustomer<'_>],
    k: usize,
    n_items: usize,
    bootstrap: &Bootstrap,
) -> Result<Ranked, RankingError> {
    if k == 0 {
        return Err(RankingError::EmptyList);
    }
    let measured = |metric: RankingMetric| {
        let values = metric.per_customer(customers, k);
        if values.is_empty() {
            return Err(RankingError::NoTargets {
                n_customers: customers.len(),
            });
        }
        interval(&values, bootstrap)
    };
    let mut shown: Vec<u32> = customers
        .iter()
        .flat_map(|customer| customer.listed.iter().take(k))
        .copied()
        .collect();
    shown.sort_unstable();
    shown.dedup();
    Ok(Ranked {
        k,
        recall: measured(RankingMetric::Recall(RecallOver::Targets))?,
        recall_that_fits: measured(RankingMetric::Recall(RecallOver::TargetsThatFit))?,
        ndcg: measured(RankingMetric::Ndcg)?,
        hit_rate: measured(RankingMetric::HitRate)?,
        reciprocal_rank: measured(RankingMetric::ReciprocalRank)?,
        coverage: shown.len() as f64 / n_items.max(1) as f64,
    })
}

/// Mean of one value per customer, with a percentile bootstrap interval over customers.
///
/// # Errors
/// [`RankingError`] with fewer than two values or a bootstrap without meaning.
/// # Source
/// Efron and Tibshirani (1993), chapter 13: the percentile interval.
pub fn interval(per_customer: &[f64], bootstrap: &Bootstrap) -> Result<Interval, RankingError> {
    let Bootstrap {
        resamples,
        level,
        seed,
    } = *bootstrap;
    if !bootstrap.is_usable() {
        return Err(RankingError::Bootstrap { resamples, level });
    }
    let n = per_customer.len();
    if n < 2 {
        return Err(RankingError::TooFewCustomers { found: n });
    }
    // Each resample draws from its own stream, so threads do not change what it draws.
    let mut means: Vec<f64> = (0..u64::from(resamples))
        .into_par_iter()
        .map(|resample| {
            let mut random = stream(seed, resample);
            let sum: f64 = (0..n)
                .map(|_| per_customer[random.random_range(0..n)])
                .sum();
            sum / n as f64
        })
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    let at = |share: f64| means[((share * f64::from(resamples)) as usize).min(means.len() - 1)];
    Ok(Interval {
        mean: per_customer.iter().sum::<f64>() / n as f64,
        low: at(tail),
        high: at(1.0 - tail),
        n_customers: n,
    })
}

/// How much better the first method is than the second, on the same customers: an interval above 0 is a real difference.
///
/// Pairing takes out what makes some customers easier than others, which is most of the spread.
///
/// # Errors
/// [`RankingError::NotPaired`] when the values are not of the same customers, else as [`interval`].
pub fn paired_difference(
    left: &[f64],
    right: &[f64],
    bootstrap: &Bootstrap,
) -> Result<Interval, RankingError> {
    if left.len() != right.len() {
        return Err(RankingError::NotPaired {
            left: left.len(),
            right: right.len(),
        });
    }
    let differences: Vec<f64> = left
        .iter()
        .zip(right)
        .map(|(left, right)| left - right)
        .collect();
    interval(&differences, bootstrap)
}
