//! Policies: rules by which stock is run for good, each with what it costs and serves.
//!
//! - [`newsvendor`](fn@newsvendor): one season, ordered once.
//! - [`base_stock`](fn@base_stock): every review orders up to a level.
//! - [`min_max`](fn@min_max): where an order costs something, (s, S): order up to S when the position is at most s.
//! - [`reorder_lot`](fn@reorder_lot): reviewed all the time, (r, Q): order Q when the position falls to r.
//! - [`lost_sales`](fn@lost_sales): a base stock where unmet demand is lost, by simulation.
//!
//! Money is in cents and may be parts of one; a period is whatever the demand is given for.

mod base_stock;
mod error;
mod lost_sales;
mod lot;
mod min_max;
mod newsvendor;

pub use base_stock::{BaseStock, Protection, base_stock, base_stock_of};
pub use error::PolicyError;
pub use lost_sales::{Effort, LostSales, lost_sales};
pub use lot::{ReorderLot, reorder_lot, reorder_lot_continuous, reorder_point};
pub use min_max::{MinMax, min_max, min_max_of};
pub use newsvendor::{Newsvendor, newsvendor, newsvendor_of};

use super::demand::Demand;

/// What stock costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// Cents for one unit kept for a period, above 0.
    pub holding: f64,
    /// Cents for one unit missing, above 0: for each period that it is missing where demand waits, once where it is lost.
    pub missing: f64,
    /// Cents for an order, whatever its size, 0 or more.
    pub ordering: f64,
}

impl Costs {
    fn check(&self) -> Result<(), PolicyError> {
        above_0("cost of keeping a unit", self.holding)?;
        above_0("cost of a missing unit", self.missing)?;
        at_least_0("cost of an order", self.ordering)
    }

    /// The share of periods that is served where stock costs least.
    fn critical_ratio(&self) -> f64 {
        self.missing / (self.missing + self.holding)
    }

    /// Expected cents of a period that ends with a stock less this demand.
    fn of_period(&self, demand: &Demand<'_>, stock: f64) -> f64 {
        let missing = demand.shortage(stock);
        let left = (stock - demand.mean() + missing).max(0.0);
        self.missing * missing + self.holding * left
    }
}

fn above_0(what: &'static str, found: f64) -> Result<(), PolicyError> {
    if found.is_finite() && found > 0.0 {
        return Ok(());
    }
    Err(PolicyError::Amount {
        what,
        found,
        allowed: "a finite number above 0",
    })
}

fn at_least_0(what: &'static str, found: f64) -> Result<(), PolicyError> {
    if found.is_finite() && found >= 0.0 {
        return Ok(());
    }
    Err(PolicyError::Amount {
        what,
        found,
        allowed: "a finite number of 0 or more",
    })
}
