//! What a customer's past says, in three numbers.

use serde::{Deserialize, Serialize};

/// A customer's purchases seen from a day called now.
///
/// Purchases on one day count once. The first purchase opens the history and is not a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Days with a purchase after the first one.
    pub repeat_purchases: u32,
    /// Days from the first to the last purchase; zero when there was no repeat.
    pub recency_days: f64,
    /// Days from the first purchase to now.
    pub age_days: f64,
}

/// A summary that no customer can have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum SummaryError {
    /// A duration is not a finite number of days at or above zero.
    #[error(
        "recency is {recency_days} days and age {age_days} days, expected finite and not below zero"
    )]
    NotADuration {
        /// Days from first to last purchase.
        recency_days: f64,
        /// Days from first purchase to now.
        age_days: f64,
    },
    /// The last purchase is after now.
    #[error("recency is {recency_days} days, expected at most the age of {age_days} days")]
    LastPurchaseAfterNow {
        /// Days from first to last purchase.
        recency_days: f64,
        /// Days from first purchase to now.
        age_days: f64,
    },
    /// Repeats without time for them, or time without repeats.
    #[error(
        "{repeat_purchases} repeat purchases within {recency_days} days, expected both zero or both above"
    )]
    RepeatsDisagreeWithRecency {
        /// Repeat purchases.
        repeat_purchases: u32,
        /// Days from first to last purchase.
        recency_days: f64,
    },
}

impl Summary {
    /// Refuses what no customer can have.
    ///
    /// # Errors
    /// One [`SummaryError`], naming what was found.
    pub fn check(&self) -> Result<(), SummaryError> {
        let &Self {
            repeat_purchases,
            recency_days,
            age_days,
        } = self;
        let is_duration = |days: f64| days.is_finite() && days >= 0.0;
        if !is_duration(recency_days) || !is_duration(age_days) {
            return Err(SummaryError::NotADuration {
                recency_days,
                age_days,
            });
        }
        if recency_days > age_days {
            return Err(SummaryError::LastPurchaseAfterNow {
                recency_days,
                age_days,
            });
        }
        if (repeat_purchases == 0) != (recency_days == 0.0) {
            return Err(SummaryError::RepeatsDisagreeWithRecency {
                repeat_purchases,
                recency_days,
            });
        }
        Ok(())
    }

    /// A total order, so that equal histories can be counted once.
    fn key(&self) -> (u32, u64, u64) {
        // Durations are not negative, so their bits sort like their values.
        (
            self.repeat_purchases,
            self.recency_days.to_bits(),
            self.age_days.to_bits(),
        )
    }
}

/// Customers with the same history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Group {
    pub(crate) summary: Summary,
    pub(crate) customers: f64,
}

/// Equal histories counted once, in a fixed order whatever the order of the customers.
pub(crate) fn group(summaries: &[Summary]) -> Vec<Group> {
    let mut sorted: Vec<Summary> = summaries.to_vec();
    sorted.sort_unstable_by_key(Summary::key);
    sorted
        .chunk_by(|one, next| one.key() == next.key())
        .map(|same| Group {
            summary: same[0],
            customers: same.len() as f64,
        })
        .collect()
}
