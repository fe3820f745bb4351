//! What may be asked of a segmentation, and why it may be refused.

use serde::{Deserialize, Serialize};

use super::segmentation::SetAside;

/// Fewest customers per segment tried: below it a median says nothing of a segment.
pub(crate) const CUSTOMERS_PER_SEGMENT_MIN: usize = 10;

/// Choices of a segmentation. The defaults suit a shop of a few thousand to a few million
/// customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Fewest segments tried, ≥ 2. Default 3: two segments are "good" and "bad", which is of no
    /// use to a shop although it is often the most stable answer.
    pub k_min: usize,
    /// Most segments tried, from `k_min` to 20.
    pub k_max: usize,
    /// Pairs of bootstrap samples per number of segments, from 2 to 1,000.
    pub bootstraps: usize,
    /// Customers drawn to choose the number of segments, ≥ 100. The final centroids use all.
    pub sample_customers: usize,
    /// Customers drawn for silhouettes, ≥ 100; time grows with its square.
    pub silhouette_customers: usize,
    /// Runs of k-means per fit, from 1 to 100.
    pub starts: usize,
    /// Mean adjusted Rand index under which a grouping is called not reproducible, in (0, 1).
    pub stability_min: f64,
    /// A number of segments is as stable as the best one when its mean adjusted Rand index is
    /// within this of it, in [0, 1).
    pub stability_margin: f64,
    /// Share of customers for whom the rules must say what the clusters say, in (0, 1].
    pub rule_fidelity: f64,
    /// Most rules over all segments, from 2 to 64. Rules stop as soon as the fidelity is reached.
    pub rules_max: usize,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            k_min: 3,
            k_max: 8,
            bootstraps: 20,
            sample_customers: 10_000,
            silhouette_customers: 3_000,
            starts: 5,
            stability_min: 0.7,
            stability_margin: 0.05,
            rule_fidelity: 0.95,
            rules_max: 24,
        }
    }
}

impl Params {
    /// Nothing when every value is allowed.
    ///
    /// # Errors
    /// [`FitError::NotAllowed`] for the first value out of range.
    pub fn check(&self) -> Result<(), FitError> {
        let refuse = |key, found: f64, allowed| {
            Err(FitError::NotAllowed {
                key,
                found,
                allowed,
            })
        };
        if self.k_min < 2 {
            return refuse("k_min", self.k_min as f64, "at least 2");
        }
        if self.k_max < self.k_min || self.k_max > 20 {
            return refuse("k_max", self.k_max as f64, "from k_min to 20");
        }
        if !(2..=1_000).contains(&self.bootstraps) {
            return refuse("bootstraps", self.bootstraps as f64, "from 2 to 1000");
        }
        if self.sample_customers < 100 {
            let found = self.sample_customers as f64;
            return refuse("sample_customers", found, "at least 100");
        }
        if self.silhouette_customers < 100 {
            let found = self.silhouette_customers as f64;
            return refuse("silhouette_customers", found, "at least 100");
        }
        if !(1..=100).contains(&self.starts) {
            return refuse("starts", self.starts as f64, "from 1 to 100");
        }
        if !(self.stability_min > 0.0 && self.stability_min < 1.0) {
            return refuse("stability_min", self.stability_min, "between 0 and 1");
        }
        if !(0.0..1.0).contains(&self.stability_margin) {
            let found = self.stability_margin;
            return refuse("stability_margin", found, "from 0 to below 1");
        }
        if !(self.rule_fidelity > 0.0 && self.rule_fidelity <= 1.0) {
            return refuse("rule_fidelity", self.rule_fidelity, "above 0, up to 1");
        }
        if !(2..=64).contains(&self.rules_max) {
            return refuse("rules_max", self.rules_max as f64, "from 2 to 64");
        }
        Ok(())
    }
}

/// Why no segmentation was made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    /// A value of [`Params`] is out of range.
    #[error("read `{key}`: found {found}, expected {allowed}")]
    NotAllowed {
        /// Name of the value.
        key: &'static str,
        /// What was found.
        found: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Not enough customers can be segmented, even for the fewest segments.
    #[error("{found} customers can be segmented, at least {needed} needed ({set_aside})")]
    TooFewCustomers {
        /// Customers that can be segmented.
        found: usize,
        /// How many the fewest segments need.
        needed: usize,
        /// Customers that cannot be segmented, by reason.
        set_aside: SetAside,
    },
    /// Too many customers are identical in all three values.
    #[error("customers take {found} different values, at least {needed} needed")]
    TooFewDistinct {
        /// Different customers in the sample.
        found: usize,
        /// The fewest segments asked for.
        needed: usize,
    },
}
