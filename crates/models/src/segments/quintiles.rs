//! Scores from 1 to 5 by rank, ties sharing their middle rank.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

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

/// From where on values of a feature score higher.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Cut {
    /// The value.
    at: f64,
    /// Whether the value itself scores higher already, or only those above it.
    included: bool,
}

/// Where a reference population is cut, per feature: enough to score anybody as by rank among the population.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ranks {
    /// Ascending; each passed is a score more. Values are turned by [`best_is_high`].
    cuts: [Vec<Cut>; 3],
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
        Self {
            cuts: sorted.map(|mut column| {
                column.par_sort_unstable_by(f64::total_cmp);
                cuts(&column)
            }),
        }
    }

    /// Scores of a customer against the population, which may or may not contain it.
    pub(crate) fn scores(&self, values: &[f64; 3]) -> [u8; 3] {
        std::array::from_fn(|f| {
            let passed = |cut: &&Cut| values[f] > cut.at || (cut.included && values[f] == cut.at);
            self.cuts[f].iter().filter(passed).count() as u8 + 1
        })
    }
}

/// The values from which scores 2, 3, 4 and 5 begin. A score never falls as values rise, and changes only at a value of
/// the population or right above one.
fn cuts(sorted: &[f64]) -> Vec<Cut> {
    let mut cuts: Vec<Cut> = Vec::new();
    let mut below = 0;
    for equal in sorted.chunk_by(|a, b| a == b) {
        let up_to = below + equal.len();
        for (ranks, included) in [(below + up_to, true), (2 * up_to, false)] {
            while cuts.len() + 1 < usize::from(score(ranks, sorted.len())) {
                cuts.push(Cut {
                    at: equal[0],
                    included,
                });
            }
        }
        below = up_to;
    }
    cuts
}

/// (m − ½) / n is the share strictly below plus half the share equal: `ranks` is twice the first plus the second.
fn score(ranks: usize, population: usize) -> u8 {
    let share = ranks as f64 / (2 * population.max(1)) as f64;
    (share * GROUPS).floor().min(GROUPS - 1.0) as u8 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cuts_score_everybody_as_the_rank_among_the_population_does() {
        for sorted in [
            vec![],
            vec![1.0],
            vec![-0.0, 0.0, 1.0, 1.0, 1.0],
            vec![1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 9.0],
            (0..103).map(|n| f64::from(n * n / 40)).collect(),
        ] {
            let ranks = Ranks::of(sorted.iter().map(|v| [*v; 3]));
            for value in (-2..300).map(|n| f64::from(n) / 4.0) {
                let below = sorted.partition_point(|x| *x < value);
                let up_to = sorted.partition_point(|x| *x <= value);
                let by_rank = score(below + up_to, sorted.len());
                assert_eq!(
                    ranks.scores(&[value; 3]),
                    [by_rank; 3],
                    "{value} {sorted:?}"
                );
            }
        }
    }
}
