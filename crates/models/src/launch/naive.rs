//! What anybody would say of a launch: what launches of its category sold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::distribution::{Demand, Points};
use super::error::FitError;
use super::past::{Launch, Past};

/// What past launches of each category sold. Where the stock ran out that is taken for demand: this is there to be
/// beaten.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Naive {
    all: Points,
    by_category: BTreeMap<String, Points>,
}

impl Naive {
    /// Counts what was sold.
    ///
    /// # Errors
    /// [`FitError::NoPast`] where there is no launch.
    pub fn fit(past: &[Past]) -> Result<Self, FitError> {
        let mut by_category: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        let mut all = Vec::new();
        for past in past {
            let sold = (past.total.units() as f64, 1.0);
            all.push(sold);
            if let Some(category) = &past.launch.category {
                by_category.entry(category.clone()).or_default().push(sold);
            }
        }
        let known = |(category, sold): (String, _)| Some((category, Points::new(sold)?));
        Ok(Self {
            all: Points::new(all).ok_or(FitError::NoPast)?,
            by_category: by_category.into_iter().filter_map(known).collect(),
        })
    }

    /// The distribution of what launches of the same category sold, its mean being the forecast; that of all launches
    /// where the category is not known or new.
    #[must_use]
    pub fn forecast(&self, launch: &Launch) -> Demand {
        let category = launch.category.as_ref();
        let same = category.and_then(|category| self.by_category.get(category));
        Demand::Points(same.unwrap_or(&self.all).clone())
    }
}
