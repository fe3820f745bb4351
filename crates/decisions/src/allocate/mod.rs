//! Offers to customers under budgets: the choice of the largest value that keeps every limit.
//!
//! A customer has at most so many offers; an offer has a value for a customer (what it is expected to bring, net of
//! its cost) and a cost. Limits say what may be spent and how often something may or must be chosen. Over fractions
//! this is a linear program whose dual has one price per limit; given the prices every customer is decided alone,
//! and no choice at all can be worth more than the dual says. That bound is part of every answer.
//!
//! - [`one_budget`]: one budget over everything, exact but for the last customers that money is left for.
//! - [`one_budget_streamed`]: the same for tables that do not fit in memory.
//! - [`allocate`](fn@allocate): several limits of any sort; the bound says how far from the best the answer can be.
//!
//! Values in, values out: whoever chooses the largest of many uncertain values is disappointed on average. Values
//! should be shrunk or lowered by their uncertainty before, and what was reached measured on customers left out.

mod check;
mod errors;
mod limits;
mod one_budget;
mod path;
mod prices;
mod problem;
mod ratio;
mod rounding;
mod table;

pub use errors::{AllocateError, StreamError};
pub use limits::{Limit, Rule};
pub use one_budget::{Blocks, one_budget, one_budget_streamed};
pub use table::{Allocation, Choices, Costs, LimitUse, Offers, Outcome};

use problem::Problem;

/// How long prices of several limits are looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// Relative gap below which looking further is not worth it.
    pub gap: f64,
    /// Most sweeps over all limits on all customers; each costs about one pass over the table per limit.
    pub sweeps_max: u32,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            gap: 1e-5,
            sweeps_max: 20,
        }
    }
}

/// Chooses offers for every customer under several limits.
///
/// - `offers`: customers × offers.
/// - `limits`: at most 256, kept all of them, always; none means that every customer has its best offers.
/// - `at_most`: most offers of one customer; more than there are means no limit.
///
/// The answer keeps every limit. How much better any other answer could be is at most [`Outcome::gap`]: it is
/// proved, not estimated. One spending limit over everything is solved as [`one_budget`] does. With several limits,
/// prices are first found on a sample of the customers, then on all of them; customers are admitted in the order of
/// what they would lose by not having their best offer, and what is left is then filled.
///
/// The same bytes on any number of threads. Time O(customers · offers · `at_most`) per pass, with about one pass per
/// limit and sweep; memory O(customers) beside the table, and with minimum counts O(customers · offers under it).
///
/// # Errors
/// [`AllocateError`] when shapes differ, a value is not finite, a cost is negative or unknown where it counts, a
/// budget is negative, a minimum cannot be reached at all or was not reached.
///
/// # Source
/// Dual and synchronous coordinate descent: Zhang et al. (2020), "Solving billion-scale knapsack problems",
/// arXiv 2002.00352. Here coordinates move one after the other, which never worsens the bound.
pub fn allocate(
    offers: &Offers<'_>,
    limits: &[Limit],
    at_most: usize,
    effort: &Effort,
) -> Result<Allocation, AllocateError> {
    check::offers(offers, at_most)?;
    check::limits(offers, limits)?;
    if let [only] = limits
        && let Rule::SpendAtMost(budget) = only.rule
        && only.covers_everything()
    {
        return one_budget::checked(offers, &only.name, budget, at_most);
    }
    let problem = Problem::new(offers, limits, at_most);
    check::reachable(&problem)?;
    let (prices, bound) = prices::found(&problem, effort);
    rounding::rounded(&problem, &prices, bound)
}
