//! What comes next: decayed forward transitions, counted or regressed.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::dense::{BasketIndex, regularise, solve};
use super::interactions::{Decay, Interactions};
use super::item_rows::{Evidence, ItemRows, ItemToItem, PAIRS_REMEMBERED, strongest};
use super::popularity::{Popularity, PopularityParams, RecentDemand};
use super::{FitError, check_decay, check_positive};

/// A Markov chain with skips: how often `j` followed `i` within a few baskets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TransitionParams {
    /// Baskets a follower may come after, at least 1.
    pub window_baskets: u32,
    /// A follower `g` baskets later counts `g^−gap_exponent`.
    pub gap_exponent: f64,
    /// Divides a row by its sum to this power: 1 is a probability, below 1 trusts frequent items more.
    pub from_exponent: f64,
    /// Divides a column by its sum to this power: above 0 favours what is rare elsewhere.
    pub to_exponent: f64,
    /// How an old event of the scored history counts.
    pub history: Decay,
    /// Multiplies scores by how much each item sells now.
    pub demand: Option<RecentDemand>,
    /// Weights kept per item; all when `None`.
    pub neighbours: Option<u32>,
    /// What answers for a customer without history.
    pub fallback: PopularityParams,
}

/// The next basket regressed on the decayed baskets before it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NextItemParams {
    /// Ridge penalty, above 0.
    pub l2: f64,
    /// Factor by which each older basket of the context counts less, in (0, 1), while learning.
    pub context_kept: f64,
    /// Baskets of the context while learning, at least 1.
    pub window_baskets: u32,
    /// Divides a column by the target's count to this power: above 0 favours what is rare elsewhere.
    pub to_exponent: f64,
    /// How an old event of the scored history counts.
    pub history: Decay,
    /// Multiplies scores by how much each item sells now.
    pub demand: Option<RecentDemand>,
    /// Weights kept per item; all when `None`.
    pub neighbours: Option<u32>,
    /// What answers for a customer without history.
    pub fallback: PopularityParams,
}

/// Bytes that either fit needs beside the interactions, `solves` being true for [`fit_regression`].
#[must_use]
pub(super) fn memory_needed(n_items: u64, solves: bool) -> u64 {
    let square = n_items * n_items;
    if solves {
        square * (8 + 8 + 4)
    } else {
        square * 4 + n_items * u64::from(PAIRS_REMEMBERED) * 8
    }
}

/// Weights `W_ij = Σ gap^−γ / (row_i^α · column_j^β)` over pairs where `j` followed `i`.
///
/// Deterministic: the same bytes on any number of threads. Time O(events · events of a window).
///
/// # Errors
/// [`FitError`] on parameters without meaning or when nothing was seen.
/// # Source
/// Rendle, Freudenthaler, Schmidt-Thieme (2010), the chain without factorisation; skips weighted by distance as in
/// Ludewig, Jannach (2018), "Evaluation of session-based recommendation algorithms", sequential rules (SR).
pub(super) fn fit_transitions(
    seen: &Interactions,
    as_of_days: f64,
    params: &TransitionParams,
) -> Result<ItemToItem, FitError> {
    check_window(params.window_baskets)?;
    check_decay("history decay", &params.history)?;
    let popular = Popularity::fit(seen, as_of_days, &params.fallback)?;
    let kernel: Vec<f64> = (0..=params.window_baskets)
        .map(|gap| f64::from(gap.max(1)).powf(-params.gap_exponent))
        .collect();
    let (mut weights, evidence) = follower_sums(&BasketIndex::new(seen), &kernel);
    let n = seen.n_items();
    let columns = column_sums(&weights, n);
    let demand = params
        .demand
        .map(|demand| demand.factors(seen, as_of_days))
        .transpose()?;
    let scales: Vec<f64> = (0..n)
        .map(|to| demand_of(&demand, to) / columns[to].max(1.0).powf(params.to_exponent))
        .collect();
    weights.par_chunks_mut(n.max(1)).for_each(|row| {
        let total: f64 = row.iter().map(|&cell| f64::from(cell)).sum();
        let from = total.max(1.0).powf(-params.from_exponent);
        for (cell, scale) in row.iter_mut().zip(&scales) {
            *cell = (f64::from(*cell) * from * scale) as f32;
        }
    });
    Ok(assembled(
        n,
        weights,
        params.neighbours,
        params.history,
        evidence,
        popular,
    ))
}

/// Weights `B = (Σ x xᵀ + λI)⁻¹ Σ x yᵀ`, `y` a basket and `x` the decayed baskets before it.
///
/// Sums over pairs of events are closed: a pair `g` baskets apart shares its contexts, a geometric series.
/// Deterministic: the same bytes on any number of threads. Time O(events · events of a window + items³).
///
/// # Errors
/// [`FitError`] on parameters without meaning or when nothing was seen.
/// # Source
/// Choi et al. (2021), "Session-aware Linear Item-Item Models for Session-based Recommendation", SLIT (eq. 8), without its
/// decay of targets; the closed sums are ours.
pub(super) fn fit_regression(
    seen: &Interactions,
    as_of_days: f64,
    params: &NextItemParams,
) -> Result<ItemToItem, FitError> {
    check_positive("l2", params.l2)?;
    check_window(params.window_baskets)?;
    check_decay("history decay", &params.history)?;
    if !(params.context_kept > 0.0 && params.context_kept < 1.0) {
        let found = params.context_kept;
        return Err(FitError::Parameter {
            name: "context_kept",
            found,
            allowed: "above 0 and below 1",
        });
    }
    let n = seen.n_items();
    let popular = Popularity::fit(seen, as_of_days, &params.fallback)?;
    let index = BasketIndex::new(seen);
    let kept = params.context_kept;
    let kernel: Vec<f64> = (0..=params.window_baskets)
        .map(|gap| kept.powi(gap.max(1) as i32 - 1))
        .collect();
    let (targets, evidence) = follower_sums(&index, &kernel);
    let columns: Vec<f64> = evidence
        .second
        .iter()
        .map(|&count| f64::from(count))
        .collect();
    let mut right: Vec<f64> = targets.par_iter().map(|&cell| f64::from(cell)).collect();
    drop(targets);
    let mut normal = context_sums(&index, kept, params.window_baskets);
    regularise(&mut normal, n, params.l2);
    solve(normal, &mut right, n)?;
    let demand = params
        .demand
        .map(|demand| demand.factors(seen, as_of_days))
        .transpose()?;
    let scales: Vec<f64> = (0..n)
        .map(|to| demand_of(&demand, to) / columns[to].max(1.0).powf(params.to_exponent))
        .collect();
    let mut weights = vec![0f32; n * n];
    weights
        .par_chunks_mut(n.max(1))
        .zip(right.par_chunks(n.max(1)))
        .for_each(|(row, solved)| {
            for ((cell, value), scale) in row.iter_mut().zip(solved).zip(&scales) {
                *cell = (value * scale) as f32;
            }
        });
    Ok(assembled(
        n,
        weights,
        params.neighbours,
        params.history,
        evidence,
        popular,
    ))
}

fn assembled(
    n: usize,
    weights: Vec<f32>,
    neighbours: Option<u32>,
    history: Decay,
    evidence: Evidence,
    popular: Popularity,
) -> ItemToItem {
    ItemToItem {
        n_items: n,
        rows: ItemRows::from_dense(n, weights, neighbours),
        history,
        evidence,
        popular,
        directed: true,
    }
}

fn demand_of(demand: &Option<Vec<f32>>, item: usize) -> f64 {
    demand
        .as_ref()
        .map_or(1.0, |factors| f64::from(factors[item]))
}

fn check_window(window_baskets: u32) -> Result<(), FitError> {
    if (1..=1000).contains(&window_baskets) {
        return Ok(());
    }
    let found = f64::from(window_baskets);
    Err(FitError::Parameter {
        name: "window_baskets",
        found,
        allowed: "1 to 1000",
    })
}

fn column_sums(cells: &[f32], n: usize) -> Vec<f64> {
    let mut sums = vec![0f64; n];
    for row in cells.chunks(n.max(1)) {
        for (sum, &cell) in sums.iter_mut().zip(row) {
            *sum += f64::from(cell);
        }
    }
    sums
}

/// Per pair, `Σ weight · kernel[gap]` over followers; and plain counts as evidence.
fn follower_sums(index: &BasketIndex<'_>, kernel: &[f64]) -> (Vec<f32>, Evidence) {
    let n = index.n_items();
    let window = kernel.len() as u32 - 1;
    let mut cells = vec![0f32; n * n];
    let rows: Vec<(f32, Vec<(u32, f32)>)> = cells
        .par_chunks_mut(n.max(1))
        .enumerate()
        .map_init(
            || (vec![0f64; n], vec![0f32; n]),
            |(sums, counts), (item, row)| {
                sums.fill(0.0);
                counts.fill(0.0);
                index.followers(item, window, |other, gap, weight| {
                    sums[other] += weight * kernel[gap as usize];
                    counts[other] += 1.0;
                });
                for (cell, sum) in row.iter_mut().zip(sums.iter()) {
                    *cell = *sum as f32;
                }
                (
                    counts.iter().sum::<f32>(),
                    strongest(counts, PAIRS_REMEMBERED),
                )
            },
        )
        .collect();
    let first: Vec<f32> = rows.iter().map(|row| row.0).collect();
    let units = first.iter().map(|&count| f64::from(count)).sum();
    let second: Vec<f32> = (0..n)
        .map(|item| index.n_predecessors(item, window) as f32)
        .collect();
    let pairs = ItemRows::from_rows(rows.into_iter().map(|row| row.1));
    (
        cells,
        Evidence {
            first,
            second,
            units,
            pairs,
        },
    )
}

/// `Σ x xᵀ` over all baskets that have a basket before them, row-major.
fn context_sums(index: &BasketIndex<'_>, kept: f64, window: u32) -> Vec<f64> {
    let n = index.n_items();
    // Contexts that hold both of a pair `gap` apart: the s-th basket after the later one, s = 0 .. n_contexts,
    // weighs kept^(gap + 2s). Summed: kept^gap · (1 − kept^(2·n_contexts)) / (1 − kept²).
    let squared = kept * kept;
    let series: Vec<f64> = (0..=window)
        .map(|terms| (1.0 - squared.powi(terms as i32)) / (1.0 - squared))
        .collect();
    let powers: Vec<f64> = (0..=window).map(|gap| kept.powi(gap as i32)).collect();
    let mut cells = vec![0f64; n * n];
    cells
        .par_chunks_mut(n.max(1))
        .enumerate()
        .for_each(|(item, row)| {
            index.companions(item, window, |other, gap, left, weight| {
                let contexts = left.min(window - gap);
                row[other] += weight * powers[gap as usize] * series[contexts as usize];
            });
        });
    cells
}
