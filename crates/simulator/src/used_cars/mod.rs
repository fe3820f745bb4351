//! A dealer of used cars with parts, accessories and a workshop, and what goes wrong there in a year.
//!
//! | file | columns |
//! |---|---|
//! | `raw/products-*.csv` | reference label family make merchant price cost on_sale |
//! | `raw/customers-*.csv` | client since country |
//! | `raw/sites.csv` | site name kind region |
//! | `raw/supply_terms.csv` | reference site supplier lead_time order_days pack minimum cost |
//! | `raw/assignments.csv` | trial client drawn_at arm probabilities |
//! | `raw/launches-*.csv` | launch reference opens closes price list_price cost salvage available |
//! | `raw/estimates-*.csv` | launch reference merchant told_at low likely high |
//! | `raw/sales-*.csv` | order line time site channel client reference units unit_price discount |
//! | `raw/prices-*.csv` | reference from price; a third of the parts and services a day |
//! | `raw/stock_levels-*.csv` | reference site day on_hand; a row where it changed |
//! | `raw/events-*.csv` | event time what client reference position decision |
//!
//! `*` is `before` for the 52 weeks before the first day, and the last date of each stretch of days that is ended. All files are UTF-8
//! with commas and without dirt; times are in UTC, money has two decimals.
//!
//! What customers buy has two sources: their own errands, and what they click on in lists. In the history the lists were
//! those of the dealer's own hand, whose sales are in with the others; in the year that is played they are what is
//! answered ([`UsedCarsShop::answer`]), so that bad lists sell less.

mod answers;
mod by_hand;
mod catalogue;
mod customers;
mod errands;
mod files;
mod incidents;
mod journal;
mod launches;
mod prices;
mod shelves;
mod shop;
mod trials;
mod visits;
mod world;

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

pub use answers::{Acted, Prospect};
pub use incidents::{Incident, Wrong};
pub use shop::UsedCarsShop;
pub use visits::Visit;

use crate::shop::{ShopError, count};

/// Days of the history and of the year that is played: 52 weeks each.
const DAYS: u32 = 364;
/// First day of the year that is played, a Monday.
const FIRST_DAY: Date = date(2025, 1, 6);
const CUSTOMERS: (u32, u32) = (500, 50_000);
const DAY_SECONDS: i64 = 86_400;

/// Seed and size of a simulated dealer of used cars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UsedCars {
    /// The same seed (and the same other fields) gives the same bytes.
    pub seed: u64,
    /// Customers that are known when the history ends, 500 to 50,000; sales grow with them, visits to lists do not.
    pub customers: u32,
}

impl Default for UsedCars {
    /// 3,000 customers: about 80 sale lines and 700 visits to lists a day.
    fn default() -> Self {
        Self {
            seed: 1,
            customers: 3_000,
        }
    }
}

impl UsedCars {
    /// A dealer small enough for a unit test: 600 customers.
    #[must_use]
    pub fn tiny() -> Self {
        Self {
            customers: 600,
            ..Self::default()
        }
    }

    /// Whether the dealer can be simulated.
    ///
    /// # Errors
    /// [`ShopError`] names the field that is out of its range.
    pub fn check(&self) -> Result<(), ShopError> {
        count("customers", self.customers, CUSTOMERS)
    }
}

/// Date of day `day`: 0 is the first that is played, those of the history are below it.
fn date_of(day: i64) -> Date {
    FIRST_DAY.saturating_add(jiff::Span::new().days(day))
}

/// `day` counted from the first of the history, for streams of draws; days before it are 0.
fn since_start(day: i64) -> u64 {
    u64::try_from(day + i64::from(DAYS)).unwrap_or(0)
}
