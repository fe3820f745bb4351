//! Item neighbours counted from co-occurrence: for catalogues too large for a dense inverse.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ease::customer_rows;
use super::interactions::{Decay, Interactions};
use super::item_rows::{Evidence, ItemRows, ItemToItem, PAIRS_REMEMBERED, strongest};
use super::popularity::{Popularity, PopularityParams, RecentDemand};
use super::{FitError, check_decay};

/// How two items' customers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Similarity {
    /// `c_ij / (c_i^α · c_j^(1−α) + shrink)`: cosine at α = ½.
    Cosine {
        /// Weight of the first item's own count, 0 to 1.
        alpha: f64,
        /// Customers of nobody added below the line: rare pairs weigh less.
        shrink: f64,
    },
    /// A walk item → customer → item, each step's probability to the power `alpha`, the end divided by its count to the power `beta`.
    Rp3Beta {
        /// Exponent of the steps, above 0.
        alpha: f64,
        /// Exponent of the target's count, at least 0.
        beta: f64,
    },
}

/// What item neighbours are fitted with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ItemKnnParams {
    /// How two items are compared.
    pub similarity: Similarity,
    /// Neighbours kept per item, at least 1.
    pub neighbours: u32,
    /// How an old event of the scored history counts.
    pub history: Decay,
    /// Multiplies scores by how much each item sells now.
    pub demand: Option<RecentDemand>,
    /// What answers for a customer without history.
    pub fallback: PopularityParams,
}

/// Bytes that [`fit`] needs beside the interactions.
#[must_use]
pub(super) fn memory_needed(n_items: u64, n_events: u64, params: &ItemKnnParams) -> u64 {
    n_events * 16 + n_items * (u64::from(params.neighbours) + u64::from(PAIRS_REMEMBERED)) * 8
}

/// Nearest items of every item.
///
/// Deterministic: the same bytes on any number of threads. Time O(Σ history²), memory [`memory_needed`]: no items × items matrix.
///
/// # Errors
/// [`FitError`] on parameters without meaning or when nothing was seen.
/// # Source
/// Aiolli (2013), asymmetric cosine; Paudel et al. (2017), "Updatable, Accurate, Diverse, and Scalable Recommendations", RP3β.
pub(super) fn fit(
    seen: &Interactions,
    as_of_days: f64,
    params: &ItemKnnParams,
) -> Result<ItemToItem, FitError> {
    check_decay("history decay", &params.history)?;
    check_similarity(&params.similarity)?;
    if params.neighbours == 0 {
        return Err(FitError::Parameter {
            name: "neighbours",
            found: 0.0,
            allowed: "at least 1",
        });
    }
    let n = seen.n_items();
    let popular = Popularity::fit(seen, as_of_days, &params.fallback)?;
    let demand = params
        .demand
        .map(|demand| demand.factors(seen, as_of_days))
        .transpose()?;
    let rows = customer_rows(seen)?;
    let by_item = rows.transposed();
    let counts: Vec<f64> = (0..n)
        .map(|item| by_item.row(item).0.len() as f64)
        .collect();
    let powers = Powers::of(&params.similarity, &counts);
    type Row = Vec<(u32, f32)>;
    let fitted: Vec<(Row, Row)> = (0..n)
        .into_par_iter()
        .map_init(
            || (vec![0f64; n], vec![0f32; n], vec![0f32; n]),
            |(walks, pairs, weights), item| {
                walks.fill(0.0);
                pairs.fill(0.0);
                for &customer in by_item.row(item).0 {
                    let others = rows.row(customer as usize).0;
                    let step = match params.similarity {
                        Similarity::Cosine { .. } => 1.0,
                        Similarity::Rp3Beta { alpha, .. } => {
                            (counts[item] * others.len() as f64).powf(-alpha)
                        }
                    };
                    for &other in others {
                        walks[other as usize] += step;
                        pairs[other as usize] += 1.0;
                    }
                }
                pairs[item] = 0.0;
                for (to, weight) in weights.iter_mut().enumerate() {
                    let scale = demand
                        .as_ref()
                        .map_or(1.0, |factors| f64::from(factors[to]));
                    *weight = (scale * powers.compared(walks[to], item, to)) as f32;
                }
                weights[item] = 0.0;
                (
                    strongest(weights, params.neighbours),
                    strongest(pairs, PAIRS_REMEMBERED),
                )
            },
        )
        .collect();
    let (weights, pairs): (Vec<Row>, Vec<Row>) = fitted.into_iter().unzip();
    let totals: Vec<f32> = counts.iter().map(|&count| count as f32).collect();
    Ok(ItemToItem {
        n_items: n,
        rows: ItemRows::from_rows(weights),
        history: params.history,
        evidence: Evidence {
            first: totals.clone(),
            second: totals,
            units: seen.n_customers() as f64,
            pairs: ItemRows::from_rows(pairs),
        },
        popular,
        directed: false,
    })
}

/// What two items' counts do to the walks between them, each power taken once.
struct Powers {
    /// By the item walked from.
    from: Vec<f64>,
    /// By the item walked to.
    to: Vec<f64>,
    shrink: f64,
}

impl Powers {
    fn of(similarity: &Similarity, counts: &[f64]) -> Self {
        let power = |exponent: f64| counts.iter().map(|count| count.powf(exponent)).collect();
        match *similarity {
            Similarity::Cosine { alpha, shrink } => Self {
                from: power(alpha),
                to: power(1.0 - alpha),
                shrink,
            },
            Similarity::Rp3Beta { beta, .. } => Self {
                from: vec![1.0; counts.len()],
                to: power(beta),
                shrink: 0.0,
            },
        }
    }

    fn compared(&self, walk: f64, from: usize, to: usize) -> f64 {
        if walk == 0.0 {
            return 0.0;
        }
        walk / (self.from[from] * self.to[to] + self.shrink)
    }
}

fn check_similarity(similarity: &Similarity) -> Result<(), FitError> {
    let (name, found, fits, allowed) = match *similarity {
        Similarity::Cosine { alpha, shrink } if (0.0..=1.0).contains(&alpha) => (
            "shrink",
            shrink,
            shrink >= 0.0 && shrink.is_finite(),
            "a finite number, at least 0",
        ),
        Similarity::Cosine { alpha, .. } => ("alpha", alpha, false, "0 to 1"),
        Similarity::Rp3Beta { alpha, beta } if alpha > 0.0 && alpha.is_finite() => (
            "beta",
            beta,
            beta >= 0.0 && beta.is_finite(),
            "a finite number, at least 0",
        ),
        Similarity::Rp3Beta { alpha, .. } => ("alpha", alpha, false, "a finite number above 0"),
    };
    if fits {
        Ok(())
    } else {
        Err(FitError::Parameter {
            name,
            found,
            allowed,
        })
    }
}
