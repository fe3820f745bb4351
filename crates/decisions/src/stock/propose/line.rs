//! What is known of one product at one site.

use schema::Cents;

use crate::stock::demand::Demand;
use crate::stock::goal::Goal;

/// What happens to demand that finds no stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmet {
    /// Who finds nothing waits: it is served from the next delivery.
    Waits,
    /// Who finds nothing goes elsewhere, so that what is not served before the order arrives need not be ordered.
    ///
    /// Needs [`Line::until_arrival`]. What is asked for before and after arrival is taken to be independent.
    Lost,
}

/// How long what is ordered can be sold, and what its end costs.
///
/// Older stock is sold first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShelfLife<'a> {
    /// Demand until what is ordered now perishes.
    pub demand: Demand<'a>,
    /// The probability with which all of an order sells before it perishes is at least this, strictly between 0 and 1:
    /// it bounds the order.
    pub level: f64,
    /// What one perished unit costs, in cents, 0 or more: what was paid for it, less what it still brings.
    pub wasted_cents: f64,
}

/// One product at one site.
///
/// Units are those of sale. Amounts for one unit may be parts of a cent; those that are paid are whole cents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line<'a> {
    /// Demand from now until the delivery after the one that is ordered now: lead time and review together.
    pub demand: Demand<'a>,
    /// Demand from now until what is ordered now arrives, where it is known.
    pub until_arrival: Option<Demand<'a>>,
    /// What happens to demand that finds no stock.
    pub unmet: Unmet,
    /// Days that [`Line::demand`] is about, above 0.
    pub protection_days: f64,
    /// Days from this review to the next, above 0: how long at least a unit is kept that is not needed.
    pub review_days: f64,
    /// Units in stock, 0 or more.
    pub on_hand: i64,
    /// Units ordered earlier that arrive before the delivery after the one that is ordered now, 0 or more.
    pub on_order: i64,
    /// Units in stock or on order that are promised already, 0 or more.
    pub committed: i64,
    /// Units of a pack, 1 or more: only whole packs are ordered.
    pub pack_units: u32,
    /// Fewest units of an order, where something is ordered; 0 where there is no minimum.
    pub minimum_units: u32,
    /// Units that should stand there whatever is asked for; one that is missing counts as one that is not served.
    pub presentation_units: u32,
    /// Most units that there is room for, with those on order.
    pub capacity_units: Option<u32>,
    /// How long it can be sold; absent where it does not perish.
    pub shelf_life: Option<ShelfLife<'a>>,
    /// What is wanted.
    pub goal: Goal,
    /// What one unit costs to buy, 0 or more.
    pub unit_cost: Cents,
    /// What it costs to keep one unit for a day, in cents, above 0.
    pub holding_cents_per_day: f64,
    /// The order that it would be part of, by its place in [`Limits::orders`](super::Limits::orders).
    pub order: Option<u32>,
    /// The budget that pays for it, by its place in [`Limits::budgets`](super::Limits::budgets).
    pub budget: Option<u32>,
    /// The site whose room it needs, by its place in [`Limits::sites`](super::Limits::sites).
    pub site: Option<u32>,
}

impl Line<'_> {
    /// Units in stock and on order that are not promised; below 0 where more is promised than there is.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.on_hand
            .saturating_add(self.on_order)
            .saturating_sub(self.committed)
    }
}

/// Lines by their place, the same each time they are asked for: a slice of them, or columns of which each line is made
/// when it is needed, so that millions need not be held.
pub trait Lines: Sync {
    /// Number of lines.
    fn n_lines(&self) -> usize;

    /// The line at a place below [`Lines::n_lines`].
    ///
    /// # Errors
    /// Why there is none: it is told as [`Outcome::Refused`](super::Outcome::Refused) and stops no other line.
    fn line(&self, place: usize) -> Result<Line<'_>, super::LineError>;
}

impl Lines for [Line<'_>] {
    fn n_lines(&self) -> usize {
        self.len()
    }

    fn line(&self, place: usize) -> Result<Line<'_>, super::LineError> {
        Ok(self[place])
    }
}
