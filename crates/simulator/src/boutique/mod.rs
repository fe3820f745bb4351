//! A chain of boutiques with known demand, and what happens to its stock.
//!
//! | file | columns |
//! |---|---|
//! | `raw/customers.csv` | card since |
//! | `raw/products.csv` | article name category price cost introduced ended on_sale |
//! | `raw/sites.csv` | site name kind region format latitude longitude capacity |
//! | `raw/calendar.csv` | day site open holiday school_holiday; those to come too |
//! | `raw/weather.csv` | day site temperature rain forecast_on |
//! | `raw/weather-ahead.csv` | the same since the history ended, and what is forecast for two weeks |
//! | `raw/promotions.csv` | promotion article site from to depth; those to come too |
//! | `raw/prices.csv` | article from price; those to come too |
//! | `raw/sales.csv` | ticket line time site card article units unit_price discount return_of |
//! | `raw/stock_levels.csv` | day site article on_hand; a row where it changed |
//! | `raw/supply_terms.csv` | article site supplier lead_time order_days pack minimum cost order_cost shelf_life presentation |
//! | `raw/replenishments.csv` | order article site supplier from_site ordered units cost due received received_units |
//! | `raw/replenishments-open.csv` | the same: what was on order when the history ended, and what was ordered since |
//! | `raw/overrides.csv` | change told_at planner article category site from to how value reason |
//! | `raw/sales-ahead.csv`, `raw/stock_levels-ahead.csv` | the weeks after the history, once they are played |
//!
//! All files are UTF-8 with commas and without dirt; times are in UTC, money has two decimals.

mod calendar;
mod catalogue;
mod customers;
mod drivers;
mod engine;
mod events;
mod files;
mod journals;
mod naive;
mod oracle;
mod overrides;
mod plans;
mod play;
mod played;
mod shelf;
mod shop;
mod sites;
mod supply;
mod tickets;
mod weather;
mod world;

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

pub use catalogue::BoutiqueProduct;
pub use drivers::Drivers;
pub use engine::LedgerDay;
pub use events::LocalEvent;
pub use overrides::{PlannerChange, PlannerKind};
pub use play::{Decision, GoodsOrder, PlayError, Playing, Review, StockPosition, Transfer};
pub use played::{Played, SeriesPlayed};
pub use shop::BoutiqueShop;
pub use sites::BoutiqueSite;
pub use supply::SupplyTerms;

use crate::shop::{ShopError, count, start};

/// Weeks after the history that can be played.
const WEEKS_AHEAD: u32 = 26;
/// Days after those weeks: what is ordered in the last of them is for days to come too.
const DAYS_BEYOND: usize = 56;
const STORES: (u32, u32) = (2, 40);
const PRODUCTS: (u32, u32) = (20, 600);
const CUSTOMERS: (u32, u32) = (100, 100_000);
const DAYS: (u32, u32) = (182, 1_456);
const TAKEN_PERCENT: (u32, u32) = (0, 300);

/// Size and span of a simulated chain of boutiques.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Boutique {
    /// The same seed (and the same other fields) gives the same bytes.
    pub seed: u64,
    /// Stores, 2 to 40; a central warehouse comes on top.
    pub stores: u32,
    /// Products, 20 to 600.
    pub products: u32,
    /// Holders of a card, 100 to 100,000; they buy a third of what is bought.
    pub customers: u32,
    /// First day of the history, in the years 1990 to 2030.
    pub start: Date,
    /// Days of the history, 182 to 1,456.
    pub days: u32,
    /// What promotions take from the rest of their category, in percent of what it would sell were all the others given
    /// away, 0 to 300: at 100, where a fifth of the others is 25 % cheaper, 5 % of what a product would sell goes to them.
    pub taken_percent: u32,
}

impl Default for Boutique {
    /// Ten stores, 150 products, two years: about 350,000 sale lines.
    fn default() -> Self {
        Self {
            seed: 1,
            stores: 10,
            products: 150,
            customers: 6_000,
            start: date(2023, 10, 2),
            days: 728,
            taken_percent: 0,
        }
    }
}

impl Boutique {
    /// A chain small enough for a unit test: three stores, 30 products, 40 weeks.
    #[must_use]
    pub fn tiny() -> Self {
        Self {
            stores: 3,
            products: 30,
            customers: 300,
            days: 280,
            ..Self::default()
        }
    }

    /// Whether the chain can be simulated.
    ///
    /// # Errors
    /// [`ShopError`] names the field that is out of its range.
    pub fn check(&self) -> Result<(), ShopError> {
        count("stores", self.stores, STORES)?;
        count("products", self.products, PRODUCTS)?;
        count("customers", self.customers, CUSTOMERS)?;
        count("days", self.days, DAYS)?;
        count("taken_percent", self.taken_percent, TAKEN_PERCENT)?;
        start(self.start)
    }

    /// Days of the history, of what can be played after it, and some beyond.
    fn all_days(&self) -> usize {
        self.days as usize + 7 * WEEKS_AHEAD as usize + DAYS_BEYOND
    }

    /// Day `day` of the chain (0 is [`Boutique::start`]), which may lie before it.
    fn date_of(&self, day: i64) -> Date {
        self.start.saturating_add(jiff::Span::new().days(day))
    }
}
