//! Proposals of orders: for every product at every site, how much, and why not more.
//!
//! One more unit is worth what it saves of shortage, less what it costs to keep where it is not needed and what it
//! loses where it perishes. Of a line this falls from pack to pack, so that lines which share a budget or the room of
//! a site are decided by its price: each takes the packs that are worth more than they pay. A service target is a price
//! too: who asks for 95 % says that a missing unit costs 19 times what it costs to keep one.

mod check;
mod curve;
mod errors;
mod exchange;
mod fill;
mod limits;
mod line;
mod minimum;
mod outcome;
mod plan;
mod prices;
mod told;
mod work;

pub use super::goal::Goal;
pub use errors::{LineError, ProposeError};
pub use limits::{Limits, OrderMinimum};
pub use line::{Line, Lines, ShelfLife, Unmet};
pub use outcome::{
    Asked, Binding, BudgetUse, Contradiction, Cover, OrderUse, Outcome, Placed, Proposal,
    Proposals, SiteUse, Stopped,
};

use rayon::prelude::*;
use schema::Cents;

use super::sum::summed;

use minimum::Decided;
use plan::NONE;
use work::Work;

/// Proposes an order for every line, within all limits that they share.
///
/// Each line alone: a service is reached by the fewest packs; where cost decides, packs are added while they lower
/// expected cost of units missing, kept until the next review and perished. Together:
///
/// - budgets are never exceeded, nor is the room at a site by what is ordered; where not all fits, packs go where they
///   are worth most at the prices of all limits, and what is left is filled pack by pack. [`Proposals::bound_cents`]
///   says how much better any other quantities could be, proved by the dual.
/// - an order below its minimum is raised by the packs that cost least over what they save, or left out, whichever is
///   worth more.
///
/// A line that cannot be decided is told so in its place and stops no other.
///
/// The same bytes on any number of threads. Time O(lines) for lines that share nothing scarce, else O(steps · log) a
/// round; memory about 400 bytes a line, and up to 1.2 kB more of one that
/// competes.
///
/// # Errors
/// [`ProposeError`] when a limit is negative or there are too many lines.
///
/// # Source
/// Dual prices and greedy marginal analysis of separable concave problems: Everett (1963), "Generalized Lagrange
/// multiplier method", Operations Research 11(3); Fox (1966), "Discrete optimization via marginal analysis",
/// Management Science 13(3).
pub fn propose<L: Lines + ?Sized>(
    lines: &L,
    limits: &Limits<'_>,
) -> Result<Proposals, ProposeError> {
    check::limits(lines.n_lines(), limits)?;
    let mut work = Work::new(lines, limits);
    let Decided {
        prices,
        placed,
        bound,
    } = minimum::decide(&mut work, limits);
    let n_lines = work.plans.len();
    let outcomes = (0..n_lines)
        .into_par_iter()
        .with_min_len(1024)
        .map(|place| told::outcome(&work, &prices, place))
        .collect();
    let value_cents = summed(n_lines, |place| {
        let plan = work.active(place);
        plan.map_or(0.0, |plan| {
            work.value_of_all(place, plan, work.steps[place])
        })
    });
    Ok(Proposals {
        outcomes,
        orders: order_uses(&work, &placed),
        budgets: budget_uses(&work, limits, &prices.money),
        sites: site_uses(&work, limits, &prices.room),
        value_cents,
        // Rounding must not put the bound below what is reached.
        bound_cents: bound.max(value_cents),
    })
}

fn order_uses<L: Lines + ?Sized>(work: &Work<'_, L>, placed: &[Placed]) -> Vec<OrderUse> {
    let mut totals = vec![(0, 0i64); placed.len()];
    for (place, plan) in work.all_active().filter(|(_, plan)| plan.order != NONE) {
        let units = plan.units(work.steps[place]);
        let total = &mut totals[plan.order as usize];
        *total = (total.0 + units, total.1.saturating_add(plan.cost(units)));
    }
    let each = totals.into_iter().zip(placed);
    each.map(|((units, cost), placed)| OrderUse {
        units,
        cost: Cents(cost),
        placed: if units == 0 && *placed == Placed::AsWanted {
            Placed::NothingWanted
        } else {
            *placed
        },
    })
    .collect()
}

fn budget_uses<L: Lines + ?Sized>(
    work: &Work<'_, L>,
    limits: &Limits<'_>,
    prices: &[f64],
) -> Vec<BudgetUse> {
    let each = limits.budgets.iter().zip(&work.money).zip(prices);
    each.map(|((allowed, left), price)| BudgetUse {
        allowed: *allowed,
        spent: Cents(allowed.0 - left),
        price: *price,
    })
    .collect()
}

fn site_uses<L: Lines + ?Sized>(
    work: &Work<'_, L>,
    limits: &Limits<'_>,
    prices: &[f64],
) -> Vec<SiteUse> {
    let each = limits.sites.iter().zip(&work.room).zip(prices);
    each.map(|((allowed, left), price)| SiteUse {
        allowed: *allowed,
        used: u64::try_from(i128::from(*allowed) - i128::from(*left)).unwrap_or(0),
        price: *price,
    })
    .collect()
}
