//! What is known of one customer, and who cannot be segmented.

use serde::{Deserialize, Serialize};

/// Recency, frequency and spend of one customer over the observed period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rfm {
    /// Days from the last order to the as-of date, ≥ 0.
    pub recency_days: f64,
    /// Orders placed, ≥ 1 for a customer.
    pub orders: u32,
    /// Net spend over all orders, in hundredths of the currency unit.
    pub spend_cents: i64,
}

/// Why a customer belongs to no segment. This is never the same as a small value.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum NotSegmentable {
    /// Nothing was ordered in the period.
    #[error("no order in the observed period")]
    NoOrder,
    /// Returns cancel or exceed purchases, so the logarithm of spend does not exist.
    #[error("net spend is {spend_cents} cents, it must be positive")]
    SpendNotPositive {
        /// What was found.
        spend_cents: i64,
    },
    /// The recency is not a number or is infinite.
    #[error("recency is not a finite number of days")]
    RecencyNotFinite,
    /// The last order is later than the as-of date: the future leaked into the table.
    #[error("last order is {days} days after the as-of date")]
    OrderAfterAsOf {
        /// How far after the as-of date.
        days: f64,
    },
}

impl Rfm {
    /// The customer itself when it can be segmented.
    ///
    /// # Errors
    /// The first reason that applies, in the order of the variants of [`NotSegmentable`].
    pub fn check(&self) -> Result<Self, NotSegmentable> {
        if self.orders == 0 {
            return Err(NotSegmentable::NoOrder);
        }
        if self.spend_cents <= 0 {
            return Err(NotSegmentable::SpendNotPositive {
                spend_cents: self.spend_cents,
            });
        }
        if !self.recency_days.is_finite() {
            return Err(NotSegmentable::RecencyNotFinite);
        }
        if self.recency_days < 0.0 {
            return Err(NotSegmentable::OrderAfterAsOf {
                days: -self.recency_days,
            });
        }
        Ok(*self)
    }

    /// The three raw values in the order of [`Feature::ALL`]: days, orders, currency units.
    pub(crate) fn values(&self) -> [f64; 3] {
        [
            self.recency_days,
            f64::from(self.orders),
            self.spend_cents as f64 / 100.0,
        ]
    }
}

/// One of the three descriptions of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Days since the last order.
    Recency,
    /// Number of orders.
    Orders,
    /// Net spend.
    Spend,
}

impl Feature {
    /// All features, in the order used by every array of three in this module.
    pub const ALL: [Self; 3] = [Self::Recency, Self::Orders, Self::Spend];
}
