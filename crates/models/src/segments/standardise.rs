//! Logarithms on one scale, so that days, orders and money weigh the same.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::rfm::Rfm;

/// Customers summed together before chunks are added in order. Fixed, so that sums do not depend
/// on the number of threads.
pub(crate) const CHUNK: usize = 8_192;

/// A standard deviation of logs below this is a constant column, not information.
const SPREAD_MIN: f64 = 1e-9;

/// A customer as a point: standardised logs in the order of [`super::Feature::ALL`].
pub(crate) type Point = [f64; 3];

/// How one feature is put on the common scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Scale {
    /// (ln(1 + x) − mean) / deviation.
    Varies {
        /// Mean of ln(1 + x).
        mean: f64,
        /// Population standard deviation of ln(1 + x), > 0.
        deviation: f64,
    },
    /// Everybody has the same value: the feature says nothing and counts for 0.
    Constant,
}

/// The scales of recency in days, orders, and spend in currency units.
///
/// ln(1 + x) rather than ln(x): a last order today has recency 0, and a spend of a few cents must
/// not become an extreme point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standardisation {
    /// In the order of [`super::Feature::ALL`].
    pub scales: [Scale; 3],
}

impl Standardisation {
    /// Learns the scales from customers that passed [`Rfm::check`].
    pub(crate) fn learn(customers: &[Rfm]) -> Self {
        let n = customers.len() as f64;
        let mean = ordered_sum(customers, logs).map(|s| s / n);
        let squares = ordered_sum(customers, |c| {
            let l = logs(c);
            std::array::from_fn(|f| (l[f] - mean[f]).powi(2))
        });
        let scales = std::array::from_fn(|f| {
            let deviation = (squares[f] / n).sqrt();
            if deviation > SPREAD_MIN {
                Scale::Varies {
                    mean: mean[f],
                    deviation,
                }
            } else {
                Scale::Constant
            }
        });
        Self { scales }
    }

    /// The customer on the common scale.
    pub fn point(&self, customer: &Rfm) -> Point {
        let logs = logs(customer);
        std::array::from_fn(|f| match self.scales[f] {
            Scale::Varies { mean, deviation } => (logs[f] - mean) / deviation,
            Scale::Constant => 0.0,
        })
    }

    /// All customers on the common scale, in order.
    pub(crate) fn points(&self, customers: &[Rfm]) -> Vec<Point> {
        customers.par_iter().map(|c| self.point(c)).collect()
    }
}

fn logs(customer: &Rfm) -> [f64; 3] {
    customer.values().map(f64::ln_1p)
}

/// Sum over customers in fixed chunks added in order.
fn ordered_sum(customers: &[Rfm], of: impl Fn(&Rfm) -> [f64; 3] + Sync) -> [f64; 3] {
    let parts: Vec<[f64; 3]> = customers
        .par_chunks(CHUNK)
        .map(|chunk| chunk.iter().fold([0.0; 3], |sum, c| add(sum, of(c))))
        .collect();
    parts.into_iter().fold([0.0; 3], add)
}

/// Component by component.
pub(crate) fn add(a: Point, b: Point) -> Point {
    std::array::from_fn(|f| a[f] + b[f])
}
