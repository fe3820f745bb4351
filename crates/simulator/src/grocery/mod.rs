//! A grocery with personal promotions and known truth.
//!
//! | file | columns |
//! |---|---|
//! | `raw/customers.csv` | card since |
//! | `raw/products.csv` | article name category price cost |
//! | `raw/offers.csv` | offer type depth cost giving_costs from to for_whom |
//! | `raw/assignments.csv` | trial card drawn_at arm probabilities |
//! | `raw/sales-<month>.csv` | ticket line time card article units unit_price discount; month 0 is the history |
//!
//! All files are UTF-8 with commas and without dirt; times are in UTC, money has two decimals.

mod catalogue;
mod customers;
mod expected;
mod files;
mod offers;
mod shop;
mod trips;

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

pub use expected::Expected;
pub use shop::GroceryShop;

use crate::shop::{ShopError, count, start};

/// Offers are valid for this many months after the history, and no later month is simulated.
const MONTHS_MAX: u32 = 36;
const CUSTOMERS: (u32, u32) = (500, 200_000);
const HISTORY_DAYS: (u32, u32) = (28, 730);
const MONTH_DAYS: (u32, u32) = (7, 92);

/// Size and span of a simulated grocery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grocery {
    /// The same seed (and the same other fields) gives the same bytes.
    pub seed: u64,
    /// Customers who hold a card, 500 to 200,000.
    pub customers: u32,
    /// First day of the history, in the years 1990 to 2030.
    pub start: Date,
    /// Days of sales before the first offer, 28 to 730.
    pub history_days: u32,
    /// Days of each month of offers, 7 to 92.
    pub month_days: u32,
}

impl Default for Grocery {
    /// 12,000 customers, twelve weeks of history, months of four weeks.
    fn default() -> Self {
        Self {
            seed: 1,
            customers: 12_000,
            start: date(2025, 1, 6),
            history_days: 84,
            month_days: 28,
        }
    }
}

impl Grocery {
    /// Whether the grocery can be simulated.
    ///
    /// # Errors
    /// [`ShopError`] names the field that is out of its range.
    pub fn check(&self) -> Result<(), ShopError> {
        count("customers", self.customers, CUSTOMERS)?;
        count("history_days", self.history_days, HISTORY_DAYS)?;
        count("month_days", self.month_days, MONTH_DAYS)?;
        start(self.start)
    }

    /// Day `day` of the grocery (0 is [`Grocery::start`]).
    fn date_of(&self, day: u32) -> Date {
        self.start
            .saturating_add(jiff::Span::new().days(i64::from(day)))
    }

    /// Days before month `month`, which counts from 1.
    fn days_before(&self, month: u32) -> u32 {
        let months = month.saturating_sub(1);
        self.history_days
            .saturating_add(months.saturating_mul(self.month_days))
    }
}
