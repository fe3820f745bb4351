//! EASE: the linear item model in closed form.

use math::sparse::Csr;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::dense::{gram, invert, regularise};
use super::interactions::{Decay, Interactions};
use super::item_rows::{Evidence, ItemRows, ItemToItem, PAIRS_REMEMBERED, strongest};
use super::popularity::{Popularity, PopularityParams, RecentDemand};
use super::{FitError, check_decay, check_positive};

/// What EASE is fitted with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EaseParams {
    /// Ridge penalty, above 0: 100 to 1200 on published sets.
    pub l2: f64,
    /// How an old event of the scored history counts.
    pub history: Decay,
    /// Multiplies scores by how much each item sells now.
    pub demand: Option<RecentDemand>,
    /// Weights kept per item, the strongest by absolute value; all when `None`.
    pub neighbours: Option<u32>,
    /// What answers for a customer without history.
    pub fallback: PopularityParams,
}

/// Bytes that [`fit`] needs beside the interactions: two items × items matrices of f64, the weights and the evidence.
#[must_use]
pub(super) fn memory_needed(n_items: u64, params: &EaseParams) -> u64 {
    let square = n_items * n_items;
    let kept = params
        .neighbours
        .map_or(0, |kept| n_items * u64::from(kept).min(n_items) * 8);
    // The dense f32 weights exist beside one of the f64 matrices even when they are cut afterwards.
    square * 8 * 2 + square * 4 + kept + n_items * u64::from(PAIRS_REMEMBERED) * 8
}

/// Item weights `B` that minimise `‖X − XB‖² + λ‖B‖²` with a zero diagonal.
///
/// - `seen`: `X` is customers × items, the largest weight of an item a customer touched.
/// - deterministic: the same bytes on any number of threads. Time O(Σ history² + items³), memory [`memory_needed`].
///
/// # Errors
/// [`FitError`] on parameters without meaning or when nothing was seen.
/// # Source
/// Steck (2019), "Embarrassingly Shallow Autoencoders for Sparse Data", eq. 8: `P = (XᵀX + λI)⁻¹`, `B_ij = −P_ij / P_jj`.
pub(super) fn fit(
    seen: &Interactions,
    as_of_days: f64,
    params: &EaseParams,
    kept: &mut KeptInverse,
) -> Result<ItemToItem, FitError> {
    check_positive("l2", params.l2)?;
    check_decay("history decay", &params.history)?;
    let n = seen.n_items();
    let popular = Popularity::fit(seen, as_of_days, &params.fallback)?;
    let factors = match params.demand {
        Some(demand) => demand.factors(seen, as_of_days)?,
        None => vec![1.0; n],
    };
    let solved = kept.of(seen, params.l2)?;
    let weights = weights_of_inverse(&solved.inverse, n, &factors);
    Ok(ItemToItem {
        n_items: n,
        rows: ItemRows::from_dense(n, weights, params.neighbours),
        history: params.history,
        evidence: solved.evidence.clone(),
        popular,
        directed: false,
    })
}

/// The inverse that was needed last, for one set of interactions: models that differ only in how histories are
/// scored or in demand share it.
#[derive(Debug, Default)]
pub(super) struct KeptInverse(Option<Solved>);

#[derive(Debug)]
struct Solved {
    l2: f64,
    inverse: Vec<f64>,
    evidence: Evidence,
}

impl KeptInverse {
    fn of(&mut self, seen: &Interactions, l2: f64) -> Result<&Solved, FitError> {
        if self.0.as_ref().is_none_or(|solved| solved.l2 != l2) {
            // Freed first: two at once would not fit where one does.
            self.0 = None;
            let n = seen.n_items();
            let rows = customer_rows(seen)?;
            let mut normal = gram(&rows);
            let evidence = customer_evidence(&normal, n, rows.n_rows());
            regularise(&mut normal, n, l2);
            let inverse = invert(normal, n)?;
            return Ok(self.0.insert(Solved {
                l2,
                inverse,
                evidence,
            }));
        }
        Ok(self.0.as_ref().expect("kept above"))
    }
}

/// The weights alone, row-major items × items, for a customers × items matrix: what the benchmark compares with `numpy`.
///
/// # Errors
/// [`FitError`] when `l2` is not above 0.
pub fn weights(rows: &Csr, l2: f64) -> Result<Vec<f32>, FitError> {
    check_positive("l2", l2)?;
    let n = rows.n_columns();
    let mut normal = gram(rows);
    regularise(&mut normal, n, l2);
    Ok(weights_of_inverse(&invert(normal, n)?, n, &vec![1.0; n]))
}

/// Customers × items: the largest weight of each item a customer touched.
///
/// # Errors
/// None in practice: items were checked by [`Interactions::new`].
pub fn customer_rows(seen: &Interactions) -> Result<Csr, FitError> {
    let rows = seen
        .histories()
        .map(|history| Decay::None.per_item(history, 0.0, true));
    Csr::from_rows(seen.n_items(), rows).map_err(FitError::Matrix)
}

/// `−P_ij / P_jj · factor_j`, zero on the diagonal. Only `P[i][j]` with `j ≥ i` (row-major) is read.
fn weights_of_inverse(inverse: &[f64], n: usize, factors: &[f32]) -> Vec<f32> {
    let scales: Vec<f64> = (0..n)
        .map(|item| -f64::from(factors[item]) / inverse[item * n + item])
        .collect();
    let mut weights = vec![0f32; n * n];
    // By square tiles, so that reading the mirrored half stays within the cache.
    const TILE: usize = 64;
    weights
        .par_chunks_mut(n.max(1) * TILE)
        .enumerate()
        .for_each(|(band, rows)| {
            let first = band * TILE;
            let n_rows = rows.len() / n.max(1);
            for start in (0..n).step_by(TILE) {
                let columns = start..(start + TILE).min(n);
                for local in 0..n_rows {
                    let i = first + local;
                    for j in columns.clone() {
                        let cell = if j >= i {
                            inverse[i * n + j]
                        } else {
                            inverse[j * n + i]
                        };
                        rows[local * n + j] = (cell * scales[j]) as f32;
                    }
                }
            }
            for local in 0..n_rows {
                rows[local * n + first + local] = 0.0;
            }
        });
    weights
}

/// Pairs of items touched by the same customers, from the matrix of those counts.
pub(crate) fn customer_evidence(counts: &[f64], n: usize, n_customers: usize) -> Evidence {
    let totals: Vec<f32> = (0..n).map(|item| counts[item * n + item] as f32).collect();
    let rows: Vec<Vec<(u32, f32)>> = counts
        .par_chunks(n.max(1))
        .enumerate()
        .map(|(item, row)| {
            let mut row: Vec<f32> = row.iter().map(|&count| count as f32).collect();
            row[item] = 0.0;
            strongest(&row, PAIRS_REMEMBERED)
        })
        .collect();
    Evidence {
        first: totals.clone(),
        second: totals,
        units: n_customers as f64,
        pairs: ItemRows::from_rows(rows),
    }
}
