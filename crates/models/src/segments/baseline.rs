//! The plain grouping to beat: customers cut by their total quintile score.

use serde::{Deserialize, Serialize};

use super::choice::Stability;
use super::quintiles::{Ranks, best_is_high};
use super::rfm::{NotSegmentable, Rfm};

/// Lowest and highest total of three scores from 1 to 5.
const TOTALS: std::ops::RangeInclusive<usize> = 3..=15;

/// Segments by total score: recency + frequency + spend quintiles, cut into groups of about equal
/// size. Group 0 has the best customers. Equal totals are never split, so groups can be uneven or
/// empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreSegments {
    groups: usize,
    ranks: Ranks,
    group_of_total: [usize; *TOTALS.end() + 1],
}

impl ScoreSegments {
    /// Learns the cuts from customers; those that cannot be segmented are left out. `groups` ≥ 1.
    pub fn learn(customers: &[Rfm], groups: usize) -> Self {
        let values: Vec<[f64; 3]> = customers
            .iter()
            .filter_map(|c| c.check().ok())
            .map(|c| best_is_high(&c))
            .collect();
        let ranks = Ranks::of(values.iter().copied());
        let mut counts = [0_usize; *TOTALS.end() + 1];
        for v in &values {
            counts[total(&ranks, v)] += 1;
        }
        let mut group_of_total = [0; *TOTALS.end() + 1];
        let mut better = 0;
        for t in TOTALS.rev() {
            let share = (2 * better + counts[t]) as f64 / (2 * values.len().max(1)) as f64;
            group_of_total[t] = ((share * groups as f64) as usize).min(groups.max(1) - 1);
            better += counts[t];
        }
        Self {
            groups,
            ranks,
            group_of_total,
        }
    }

    /// How many groups were asked for.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Recency, frequency and spend scores of a customer among those learnt from, 1 (weakest) to 5 (best).
    ///
    /// # Errors
    /// [`NotSegmentable`] with the reason.
    pub fn quintiles(&self, customer: &Rfm) -> Result<[u8; 3], NotSegmentable> {
        Ok(self.ranks.scores(&best_is_high(&customer.check()?)))
    }

    /// The group of a customer.
    ///
    /// # Errors
    /// [`NotSegmentable`] with the reason.
    pub fn segment(&self, customer: &Rfm) -> Result<usize, NotSegmentable> {
        let values = best_is_high(&customer.check()?);
        Ok(self.group_of_total[total(&self.ranks, &values)])
    }
}

fn total(ranks: &Ranks, values: &[f64; 3]) -> usize {
    ranks.scores(values).iter().map(|&s| usize::from(s)).sum()
}

/// What the score segments reach with the chosen number of groups on the customers of the choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineScore {
    /// Share of the variance of standardised logs between groups, on all customers.
    pub explained_variance_logs: f64,
    /// Agreement of the cuts learnt on pairs of bootstrap samples.
    pub stability: Stability,
}
