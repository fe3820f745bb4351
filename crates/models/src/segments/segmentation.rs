//! A fitted segmentation: what it says of each segment, and where it puts a customer.

use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::baseline::BaselineScore;
use super::choice::Choice;
use super::kmeans::squared;
use super::names::Levels;
use super::params::Params;
use super::rfm::{NotSegmentable, Rfm};
use super::rules::RuleList;
use super::standardise::Standardisation;

/// Customers that belong to no segment, counted by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// [`NotSegmentable::NoOrder`].
    pub no_order: u64,
    /// [`NotSegmentable::SpendNotPositive`].
    pub spend_not_positive: u64,
    /// [`NotSegmentable::RecencyNotFinite`].
    pub recency_not_finite: u64,
    /// [`NotSegmentable::OrderAfterAsOf`].
    pub order_after_as_of: u64,
}

impl SetAside {
    /// Counts one more customer under its reason.
    pub(crate) fn count(&mut self, reason: NotSegmentable) {
        let slot = match reason {
            NotSegmentable::NoOrder => &mut self.no_order,
            NotSegmentable::SpendNotPositive { .. } => &mut self.spend_not_positive,
            NotSegmentable::RecencyNotFinite => &mut self.recency_not_finite,
            NotSegmentable::OrderAfterAsOf { .. } => &mut self.order_after_as_of,
        };
        *slot += 1;
    }

    /// All reasons together.
    pub fn total(&self) -> u64 {
        self.no_order + self.spend_not_positive + self.recency_not_finite + self.order_after_as_of
    }
}

impl fmt::Display for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "set aside: {} without an order, {} without positive spend, {} without a finite recency, {} with an order after the as-of date",
            self.no_order, self.spend_not_positive, self.recency_not_finite, self.order_after_as_of
        )
    }
}

/// One segment in figures and words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Number of the segment; 0 is the best on average of the three standardised logs.
    pub segment: usize,
    /// Unique among the segments, in English; `levels` lets a screen say it in another language.
    pub name: String,
    /// Where the medians stand among all customers.
    pub levels: Levels,
    /// Customers.
    pub customers: u64,
    /// Share of all segmented customers.
    pub customers_share: f64,
    /// Net spend, in cents.
    pub revenue_cents: i64,
    /// Share of the net spend of all segmented customers.
    pub revenue_share: f64,
    /// Median days since the last order.
    pub median_recency_days: f64,
    /// Median orders.
    pub median_orders: f64,
    /// Median net spend, in cents.
    pub median_spend_cents: i64,
}

/// Where a customer is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placed {
    /// In the segment of this number.
    Segment(usize),
    /// In none, with the reason.
    Not(NotSegmentable),
}

/// One customer placed, with how sure it is and what the rules say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// Nearest segment.
    pub segment: usize,
    /// Distance to its centroid, in standard deviations of the logs.
    pub distance: f64,
    /// The next nearest segment.
    pub second: usize,
    /// How much farther the second centroid is, ≥ 0; near 0 the customer is on the border.
    pub margin: f64,
    /// The rule the customer meets, in words.
    pub rule: String,
    /// The segment that rule names.
    pub rule_segment: usize,
    /// Whether the rule names the nearest segment.
    pub rule_agrees: bool,
}

/// A fitted segmentation; holds everything needed to place a customer and to explain the choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segmentation {
    /// How customers are put on one scale.
    pub standardisation: Standardisation,
    /// One per segment, best first, in standardised logs of recency, orders and spend.
    pub centroids: Vec<[f64; 3]>,
    /// Why there are this many.
    pub choice: Choice,
    /// One per segment, in order.
    pub profiles: Vec<Profile>,
    /// The segments in words, with how far the words are true.
    pub rules: RuleList,
    /// Share of the variance of standardised logs between segments, on all customers.
    pub explained_variance_logs: f64,
    /// The same number of groups cut by total quintile score.
    pub baseline: BaselineScore,
    /// Customers segmented.
    pub customers: u64,
    /// Customers not segmented, by reason.
    pub set_aside: SetAside,
    /// What was asked.
    pub params: Params,
    /// The seed it was asked with.
    pub seed: u64,
}

impl Segmentation {
    /// Places one customer, also one never seen.
    ///
    /// # Errors
    /// [`NotSegmentable`] with the reason.
    pub fn assign(&self, customer: &Rfm) -> Result<Assignment, NotSegmentable> {
        let customer = customer.check()?;
        let (first, second) = self.two_nearest(&customer);
        let rule = self.rules.rule_for(&customer);
        Ok(Assignment {
            segment: first.0,
            distance: first.1,
            second: second.0,
            margin: second.1 - first.1,
            rule: rule.to_string(),
            rule_segment: rule.segment,
            rule_agrees: rule.segment == first.0,
        })
    }

    /// Places all customers, in order; the same segments as [`Self::assign`], without the words.
    pub fn place(&self, customers: &[Rfm]) -> Vec<Placed> {
        customers
            .par_iter()
            .map(|customer| match customer.check() {
                Ok(customer) => Placed::Segment(self.two_nearest(&customer).0.0),
                Err(reason) => Placed::Not(reason),
            })
            .collect()
    }

    /// The two nearest segments with their distances; the first of equals comes first.
    fn two_nearest(&self, customer: &Rfm) -> ((usize, f64), (usize, f64)) {
        let point = self.standardisation.point(customer);
        let mut first = (0, f64::INFINITY);
        let mut second = (0, f64::INFINITY);
        for (segment, centroid) in self.centroids.iter().enumerate() {
            let distance = squared(&point, centroid);
            if distance < first.1 {
                second = first;
                first = (segment, distance);
            } else if distance < second.1 {
                second = (segment, distance);
            }
        }
        ((first.0, first.1.sqrt()), (second.0, second.1.sqrt()))
    }
}
