//! Personal frequency: what a customer buys again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::interactions::{Decay, Event, Interactions, baskets};
use super::popularity::{Popularity, PopularityParams};
use super::{Answer, FitError, Source, check_decay};

/// How habits are counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FrequencyParams {
    /// How fast a customer's own purchase is forgotten.
    pub history: Decay,
    /// Purchases that the whole shop's share of an item is worth: orders what the customer bought equally often, and
    /// fills the list with what others buy.
    pub prior_purchases: f32,
    /// What the prior counts.
    pub prior: PopularityParams,
    /// Holds an item back just after it was bought: its score is multiplied by `1 − 2^(−age / usual interval)`.
    pub waits_for_interval: bool,
}

/// Intervals an item needs before its own median is trusted fully; below, it is mixed with the median of all items.
const INTERVALS_TRUSTED: f64 = 10.0;

/// Decayed purchases of the customer plus a small prior of everybody's.
///
/// On grocery baskets this is most of what can be known: on Ta-Feng it ranks above TIFU-KNN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frequency {
    params: FrequencyParams,
    popular: Popularity,
    /// Usual days between two purchases of an item by one customer; 0 for an item nobody bought twice.
    intervals_days: Vec<f32>,
    /// The same over all items, for those nobody bought twice; `None` when nobody bought anything twice.
    interval_all_days: Option<f32>,
}

impl Frequency {
    /// Counts. Time O(events · log events), memory O(events) while counting, O(items) after.
    ///
    /// # Errors
    /// [`FitError`] on parameters without meaning or when nothing was seen.
    pub fn fit(
        seen: &Interactions,
        as_of_days: f64,
        params: &FrequencyParams,
    ) -> Result<Self, FitError> {
        check_decay("history decay", &params.history)?;
        if !(params.prior_purchases >= 0.0 && params.prior_purchases.is_finite()) {
            let found = f64::from(params.prior_purchases);
            return Err(FitError::Parameter {
                name: "prior_purchases",
                found,
                allowed: "a finite number, at least 0",
            });
        }
        let popular = Popularity::fit(seen, as_of_days, &params.prior)?;
        let mut gaps: Vec<Vec<f32>> = vec![Vec::new(); seen.n_items()];
        for history in seen.histories() {
            let mut last: BTreeMap<u32, f64> = BTreeMap::new();
            for basket in baskets(history) {
                for event in basket {
                    if let Some(before) = last.insert(event.item, event.at_days)
                        && event.at_days > before
                    {
                        gaps[event.item as usize].push((event.at_days - before) as f32);
                    }
                }
            }
        }
        let mut all: Vec<f32> = gaps.iter().flatten().copied().collect();
        let interval_all_days = median(&mut all);
        let intervals_days = gaps
            .iter_mut()
            .map(|gaps| {
                let n = gaps.len() as f64;
                match (median(gaps), interval_all_days) {
                    (Some(own), Some(all)) => {
                        // Geometric: intervals spread over orders of magnitude.
                        let trust = n / (n + INTERVALS_TRUSTED);
                        (trust * f64::from(own).ln() + (1.0 - trust) * f64::from(all).ln()).exp()
                            as f32
                    }
                    (None, _) | (_, None) => 0.0,
                }
            })
            .collect();
        Ok(Self {
            params: *params,
            popular,
            intervals_days,
            interval_all_days,
        })
    }

    /// Number of items of the catalogue.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.intervals_days.len()
    }

    /// Usual days between two purchases of an item by one customer; `None` when nobody bought it twice.
    #[must_use]
    pub fn usual_interval_days(&self, item: u32) -> Option<f32> {
        self.intervals_days
            .get(item as usize)
            .copied()
            .filter(|&days| days > 0.0)
    }

    pub(crate) fn popularity(&self) -> &Popularity {
        &self.popular
    }

    /// Own part of the score per item, ascending by item.
    fn own(&self, history: &[Event], as_of_days: f64) -> Vec<(u32, f32)> {
        let mut own = self.params.history.per_item(history, as_of_days, false);
        if self.params.waits_for_interval {
            let mut last: Vec<(u32, f64)> = history
                .iter()
                .map(|event| (event.item, event.at_days))
                .collect();
            // Of equal items the latest purchase comes first and is the one kept.
            last.sort_by(|left, right| left.0.cmp(&right.0).then(right.1.total_cmp(&left.1)));
            last.dedup_by_key(|entry| entry.0);
            for (item, weight) in &mut own {
                let interval = self.usual_interval_days(*item).or(self.interval_all_days);
                let at = last.binary_search_by_key(item, |entry| entry.0);
                if let (Some(interval), Ok(at)) = (interval, at) {
                    let age = (as_of_days - last[at].1).max(0.0);
                    *weight *= 1.0 - (-age / f64::from(interval)).exp2() as f32;
                }
            }
        }
        own
    }

    pub(crate) fn score_into(
        &self,
        history: &[Event],
        as_of_days: f64,
        scores: &mut [f32],
    ) -> Answer {
        for (score, share) in scores.iter_mut().zip(self.popular.shares()) {
            *score = self.params.prior_purchases * share;
        }
        let own = self.own(history, as_of_days);
        if own.is_empty() {
            scores.copy_from_slice(self.popular.shares());
            return Answer::PopularBecauseNothingKnown;
        }
        for (item, weight) in own {
            scores[item as usize] += weight;
        }
        Answer::Personal
    }

    pub(crate) fn explain(
        &self,
        item: u32,
        history: &[Event],
        as_of_days: f64,
    ) -> Vec<(Source, f32)> {
        let own = self.own(history, as_of_days);
        let share = self.popular.shares()[item as usize];
        if own.is_empty() {
            return vec![(Source::Popularity, share)];
        }
        let mut parts = vec![(Source::Popularity, self.params.prior_purchases * share)];
        if let Ok(at) = own.binary_search_by_key(&item, |entry| entry.0) {
            parts.push((Source::HistoryItem(item), own[at].1));
        }
        parts.sort_by(|left, right| right.1.total_cmp(&left.1));
        parts
    }
}

/// Lower median; `None` of nothing.
fn median(values: &mut [f32]) -> Option<f32> {
    if values.is_empty() {
        return None;
    }
    let middle = (values.len() - 1) / 2;
    Some(*values.select_nth_unstable_by(middle, f32::total_cmp).1)
}
