//! A flash-sales club with known truth.
//!
//! | file | columns |
//! |---|---|
//! | `raw/customers.csv` | member joined |
//! | `raw/products.csv` | article name category brand merchant list_price cost |
//! | `raw/launches.csv` | launch article opens closes price list_price cost salvage available |
//! | `raw/estimates.csv` | launch article merchant told_at low likely high |
//! | `raw/sales.csv` | order time member article launch units unit_price; until the last day opens |
//! | `raw/sales-last-day.csv` | the same from then on, as far as time has gone |
//!
//! All files are UTF-8 with commas and without dirt; times are in UTC, money has two decimals.

mod arrivals;
mod catalogue;
mod curves;
mod estimates;
mod files;
mod launches;
mod merchants;
mod shop;

use jiff::civil::{Date, DateTime, date};
use serde::{Deserialize, Serialize};

pub use curves::Curve;
pub use estimates::LaunchEstimate;
pub use launches::LaunchTruth;
pub use merchants::{Habit, MerchantSkill};
pub use shop::{FlashSalesShop, Informed};

use crate::shop::{ShopError, count, start};

const LAUNCHES: (u32, u32) = (20, 5_000);
const UPCOMING: (u32, u32) = (2, 200);
const DAYS: (u32, u32) = (60, 1_500);
const MERCHANTS: (u32, u32) = (8, 200);
const BRANDS: (u32, u32) = (3, 300);
const CUSTOMERS: (u32, u32) = (100, 200_000);

const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;

/// Size and span of a simulated flash-sales club.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlashSales {
    /// The same seed (and the same other fields) gives the same bytes.
    pub seed: u64,
    /// Launches that opened before the last day, 20 to 5,000, each of one to six products.
    pub launches: u32,
    /// Launches to come, 2 to 200: half of them open on the last day, the others in the ten days after it.
    pub upcoming: u32,
    /// First day of the history, in the years 1990 to 2030.
    pub start: Date,
    /// Days of the history, 60 to 1,500; the last day is the one after them.
    pub days: u32,
    /// People who make launches and estimate what they will sell, 8 to 200.
    pub merchants: u32,
    /// Brands, 3 to 300.
    pub brands: u32,
    /// Members of the club, 100 to 200,000.
    pub customers: u32,
}

impl Default for FlashSales {
    /// 600 launches over eighteen months, about 1,500 products and 150,000 units sold.
    fn default() -> Self {
        Self {
            seed: 1,
            launches: 600,
            upcoming: 24,
            start: date(2024, 7, 1),
            days: 548,
            merchants: 40,
            brands: 30,
            customers: 20_000,
        }
    }
}

impl FlashSales {
    /// A club small enough for a unit test: 120 launches over six months.
    #[must_use]
    pub fn tiny() -> Self {
        Self {
            launches: 120,
            upcoming: 8,
            days: 184,
            merchants: 10,
            brands: 8,
            customers: 2_000,
            ..Self::default()
        }
    }

    /// Whether the club can be simulated.
    ///
    /// # Errors
    /// [`ShopError`] names the field that is out of its range.
    pub fn check(&self) -> Result<(), ShopError> {
        count("launches", self.launches, LAUNCHES)?;
        count("upcoming", self.upcoming, UPCOMING)?;
        count("days", self.days, DAYS)?;
        count("merchants", self.merchants, MERCHANTS)?;
        count("brands", self.brands, BRANDS)?;
        count("customers", self.customers, CUSTOMERS)?;
        start(self.start)
    }

    /// The moment `seconds` after the midnight that starts the club.
    fn moment(&self, seconds: i64) -> DateTime {
        let midnight = self.start.at(0, 0, 0, 0);
        midnight.saturating_add(jiff::Span::new().seconds(seconds))
    }

    /// The second at which the launches of the last day open.
    fn now(&self) -> i64 {
        i64::from(self.days) * DAY_SECONDS + launches::MORNING_HOUR * HOUR_SECONDS
    }
}
