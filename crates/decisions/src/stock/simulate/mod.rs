//! A policy run over demand as it was, or as it is drawn: what it would have served, kept, lost and thrown away.
//!
//! A period goes like this: what is due arrives, demand is served from the oldest stock, what has reached its age is
//! thrown away, stock is counted, and where it is a day of review the policy is asked. What it orders at the end of
//! period `t` with a lead time of `l` is there at the start of period `t + 1 + l`: with a lead time of 0 it is there
//! before the next period, and an order has to last for lead time and review together.

mod error;
mod naive;
mod run;
mod shelf;

pub use error::SimulateError;
pub use naive::NaiveRule;
pub use run::{Ledger, simulate};

use super::lead_time::LeadTime;
use super::propose::Unmet;

/// What a policy knows when it is asked, at the end of a period.
#[derive(Debug, Clone, Copy)]
pub struct Now<'a> {
    /// The period, from 0.
    pub period: usize,
    /// What was asked for in each period so far, this one last; with what was lost.
    pub asked: &'a [f64],
    /// What was served from stock in each period so far.
    pub served: &'a [f64],
    /// Units in stock.
    pub on_hand: f64,
    /// Units ordered and not arrived.
    pub on_order: f64,
    /// Units that wait to be served.
    pub waiting: f64,
}

impl Now<'_> {
    /// Stock and orders, less what waits.
    #[must_use]
    pub fn position(&self) -> f64 {
        self.on_hand + self.on_order - self.waiting
    }
}

/// A rule that says how much to order.
pub trait Policy {
    /// Units to order now; what is below 0 orders nothing, and all is rounded up to whole packs.
    fn order(&mut self, now: &Now<'_>) -> f64;
}

impl<F: FnMut(&Now<'_>) -> f64> Policy for F {
    fn order(&mut self, now: &Now<'_>) -> f64 {
        self(now)
    }
}

/// A policy that orders up to one level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrderUpTo(pub f64);

impl Policy for OrderUpTo {
    fn order(&mut self, now: &Now<'_>) -> f64 {
        self.0 - now.position()
    }
}

/// When policies are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reviews<'a> {
    /// At the end of every so many periods, 1 or more, the first time at the end of that period.
    Every(usize),
    /// At the end of the periods marked; periods beyond the end are none.
    On(&'a [bool]),
}

/// How long orders take, in periods.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Leads<'a> {
    /// Always so many.
    Fixed(u32),
    /// Of the first review, the second and so on, as they were; the last one holds for all further ones.
    Given(&'a [u32]),
    /// Drawn for each review, from a seed.
    Drawn {
        /// What is drawn from.
        lead_time: &'a LeadTime,
        /// The seed.
        seed: u64,
        /// The stream of the seed: series with streams of their own are independent.
        stream: u64,
    },
}

/// How stock is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting<'a> {
    /// When policies are asked.
    pub reviews: Reviews<'a>,
    /// How long orders take.
    pub leads: Leads<'a>,
    /// Units of a pack, 1 or more.
    pub pack_units: u32,
    /// Periods that goods can be sold in, from their arrival, 1 or more; absent where they do not perish.
    pub shelf_life_periods: Option<u32>,
    /// What happens to demand that finds no stock.
    pub unmet: Unmet,
    /// Units in stock at the start, 0 or more, as if they had just arrived.
    pub start_units: f64,
    /// Periods at the start that are run and not counted.
    pub warm_up: usize,
    /// What it costs.
    pub charges: Charges,
}

/// What stock costs when it is run, in cents, each 0 or more.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Charges {
    /// One unit in stock at the end of a period.
    pub holding: f64,
    /// One unit missing: once where demand is lost, for each period at whose end it waits where it waits.
    pub missing: f64,
    /// One unit thrown away.
    pub wasted: f64,
    /// One order.
    pub ordering: f64,
}
