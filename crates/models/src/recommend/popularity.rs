//! What sells now: the answer for a customer nothing is known of, and the bar every other method has to clear.

use serde::{Deserialize, Serialize};

use super::interactions::{Decay, Interactions};
use super::{FitError, check_decay};

/// What to count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PopularityParams {
    /// How fast a sale is forgotten.
    pub decay: Decay,
}

/// Decayed sales per item.
///
/// With [`Decay::PerBasket`] the age of a sale is counted in its customer's own baskets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Popularity {
    shares: Vec<f32>,
    decayed_sales: Vec<f32>,
    decay: Decay,
}

impl Popularity {
    /// Counts. Time O(events), memory O(items).
    ///
    /// # Errors
    /// [`FitError`] on parameters without meaning or when no event counts.
    pub fn fit(
        seen: &Interactions,
        as_of_days: f64,
        params: &PopularityParams,
    ) -> Result<Self, FitError> {
        check_decay("popularity decay", &params.decay)?;
        let mut sales = vec![0f64; seen.n_items()];
        for history in seen.histories() {
            params.decay.for_each(history, as_of_days, |event, weight| {
                sales[event.item as usize] += f64::from(weight)
            });
        }
        let total: f64 = sales.iter().sum();
        if total <= 0.0 {
            return Err(FitError::NothingSeen {
                n_events: seen.n_events(),
            });
        }
        Ok(Self {
            shares: sales.iter().map(|&sold| (sold / total) as f32).collect(),
            decayed_sales: sales.iter().map(|&sold| sold as f32).collect(),
            decay: params.decay,
        })
    }

    /// Share of decayed sales per item: between 0 and 1, adding up to 1.
    #[must_use]
    pub fn shares(&self) -> &[f32] {
        &self.shares
    }

    /// Decayed sales of one item, in events' weights.
    #[must_use]
    pub fn decayed_sales(&self, item: u32) -> f32 {
        self.decayed_sales[item as usize]
    }

    /// How fast a sale is forgotten here.
    #[must_use]
    pub fn decay(&self) -> Decay {
        self.decay
    }
}

/// How much an item sells now beside how much it ever sold: multiplies the scores of a method that has learnt from old histories.
///
/// `factor = ((recent + p·mean recent) / (ever + p·mean ever))^exponent` with p = 0.02, recent sales halving every `half_life_days`.
/// The mean of each kind keeps an item with three sales from having a factor of chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RecentDemand {
    /// Days in which a sale's weight halves, above 0.
    pub half_life_days: f32,
    /// How strongly demand moves a score: 0 not at all, 1 in proportion.
    pub exponent: f32,
}

impl RecentDemand {
    /// One factor per item, above 0.
    ///
    /// # Errors
    /// [`FitError::Parameter`] when the half-life or the exponent has no meaning.
    pub fn factors(&self, seen: &Interactions, as_of_days: f64) -> Result<Vec<f32>, FitError> {
        let decay = Decay::PerDay {
            half_life_days: self.half_life_days,
        };
        check_decay("recent demand half-life", &decay)?;
        if !(0.0..=10.0).contains(&self.exponent) {
            return Err(FitError::Parameter {
                name: "recent demand exponent",
                found: f64::from(self.exponent),
                allowed: "0 to 10",
            });
        }
        let (mut recent, mut ever) = (vec![0f64; seen.n_items()], vec![0f64; seen.n_items()]);
        for history in seen.histories() {
            decay.for_each(history, as_of_days, |event, weight| {
                recent[event.item as usize] += f64::from(weight)
            });
            Decay::None.for_each(history, as_of_days, |event, weight| {
                ever[event.item as usize] += f64::from(weight)
            });
        }
        let n = seen.n_items().max(1) as f64;
        // A pseudo-count of the size of one event in the units of each count.
        let (floor_recent, floor_ever) = (
            recent.iter().sum::<f64>() / n * DEMAND_PRIOR,
            ever.iter().sum::<f64>() / n * DEMAND_PRIOR,
        );
        Ok(recent
            .iter()
            .zip(&ever)
            .map(|(&recent, &ever)| {
                let ratio = (recent + floor_recent).max(f64::MIN_POSITIVE)
                    / (ever + floor_ever).max(f64::MIN_POSITIVE);
                ratio.powf(f64::from(self.exponent)) as f32
            })
            .collect())
    }
}

/// Prior sales of an item, as a share of the average item's: enough to steady an item with a handful of sales, too little to move one with fifty.
const DEMAND_PRIOR: f64 = 0.02;
