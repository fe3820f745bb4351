//! Scores from 1 to 5 by rank, ties sharing their middle rank.

use rayon::prelude::*;

use super::rfm::{NotSegmentable, Rfm};

/// Number of groups of a quintile score.
const GROUPS: f64 = 5.0;

/// Recency, frequency and spend scores of every customer, each from 1 (weakest) to 5 (best), in
/// the order of [`super::Feature::ALL`]. A recent last order scores high.
///
/// Customers with equal values get equal scores: all take the middle of the ranks they share,
/// m = (first + last) / 2 counted from 1, and the score is ⌊5·(m − ½) / n⌋ + 1. With many ties a
/// score can therefore stay empty; customers are never split at random to fill it. Customers that
/// cannot be segmented are not ranked and say why. The result does not depend on the order of the
/// input. Time O(n log n).
pub fn quintiles(customers: &[Rfm]) -> Vec<Result<[u8; 3], NotSegmentable>> {
    let checked: Vec<Result<[f64; 3], NotSegmentable>> = customers
        .iter()
        .map(|customer| customer.check().map(|c| best_is_high(&c)))
        .collect();
    let ranks = Ranks::of(checked.iter().filter_map(|c| c.as_ref().ok()).copied());
    checked
        .into_par_iter()
        .map(|c| c.map(|values| ranks.scores(&values)))
        .collect()
}

/// Raw values turned so that more is better: recency is negated.
pub(crate) fn best_is_high(customer: &Rfm) -> [f64; 3] {
    let [recency, orders, spend] = customer.values();
    [-recency, orders, spend]
}

/// The sorted values of a reference population, per feature, best last.
#[derive(Debug, Clone)]
pub(crate) struct Ranks {
    sorted: [Vec<f64>; 3],
}

impl Ranks {
    /// Ranks among these customers, whose values are turned by [`best_is_high`].
    pub(crate) fn of(customers: impl Iterator<Item = [f64; 3]>) -> Self {
        let mut sorted: [Vec<f64>; 3] = Default::default();
        for values in customers {
            for (column, value) in sorted.iter_mut().zip(values) {
                column.push(value);
            }
        }
        for column in &mut sorted {
            column.par_sort_unstable_by(f64::total_cmp);
        }
        Self { sorted }
    }

    /// Scores of a customer against the population, which may or may not contain it.
    pub(crate) fn scores(&self, values: &[f64; 3]) -> [u8; 3] {
        std::array::from_fn(|f| score(&self.sorted[f], values[f]))
    }
}

/// (m − ½) / n is the share strictly below plus half the share equal.
fn score(sorted: &[f64], value: f64) -> u8 {
    let below = sorted.partition_point(|x| *x < value);
    let up_to = sorted.partition_point(|x| *x <= value);
    let share = (below + up_to) as f64 / (2 * sorted.len().max(1)) as f64;
    (share * GROUPS).floor().min(GROUPS - 1.0) as u8 + 1
}
