//! Periodic review: every review orders up to a level.

use super::{PolicyError, above_0};
use crate::stock::demand::Demand;
use crate::stock::goal::{self, Goal};

/// Demand that an order has to last for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Protection<'a> {
    /// From review to the arrival after the next review: lead time and review together.
    pub demand: Demand<'a>,
    /// From review to arrival, where it is known: it makes the fill rate exact.
    pub until_arrival: Option<Demand<'a>>,
}

/// A base stock, and what it does in a cycle from arrival to arrival. Unmet demand waits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaseStock {
    /// The position that every review orders up to, in whole units where demand comes in them or a fill rate is asked
    /// for.
    pub level: f64,
    /// Probability that nothing is missing in a cycle.
    pub cycle_service: f64,
    /// Share of demand that is served from stock; absent where nothing is asked for.
    pub fill_rate: Option<f64>,
    /// Units in stock at the end of a cycle, on average.
    pub left: f64,
    /// Units that wait at the end of a cycle, on average.
    pub missing: f64,
    /// Expected cents of a cycle: of units left at its end and of those missing.
    pub cost: f64,
}

/// The least base stock that reaches a goal.
///
/// - `holding_cents`: what it costs to keep one unit for a cycle, above 0.
///
/// For a goal of service, `cost` counts what is kept and no missing units.
///
/// # Errors
/// [`PolicyError::Amount`] when a cost or a level of service is outside its range.
///
/// # Source
/// Silver, Pyke, Thomas (2017), chapter 7, (R, S) systems. With a lead time its fill rate leaves out what was waiting
/// already when the order arrived.
pub fn base_stock(
    protection: &Protection<'_>,
    goal: Goal,
    holding_cents: f64,
) -> Result<BaseStock, PolicyError> {
    let demand = &protection.demand;
    let within = |what, found: f64| {
        if found > 0.0 && found < 1.0 {
            return Ok(());
        }
        Err(PolicyError::Amount {
            what,
            found,
            allowed: "between 0 and 1, both excluded",
        })
    };
    above_0("cost of keeping a unit", holding_cents)?;
    let (level, missing_cents) = match goal {
        Goal::CycleService(level) => {
            within("cycle service", level)?;
            (demand.quantile(level).max(0.0), 0.0)
        }
        Goal::FillRate(level) => {
            within("fill rate", level)?;
            let before = protection.until_arrival.as_ref();
            (goal::filling(demand, before, level), 0.0)
        }
        Goal::UpTo {
            level,
            missing_cents,
        } => {
            super::at_least_0("level to order up to", level)?;
            above_0("cost of a missing unit", missing_cents)?;
            (level, missing_cents)
        }
        Goal::Cost { missing_cents } => {
            above_0("cost of a missing unit", missing_cents)?;
            let ratio = missing_cents / (missing_cents + holding_cents);
            (demand.quantile(ratio).max(0.0), missing_cents)
        }
    };
    Ok(told(protection, level, holding_cents, missing_cents))
}

/// What a given base stock does.
///
/// - `holding_cents`, `missing_cents`: what a unit left or missing at the end of a cycle costs, 0 or more.
///
/// # Errors
/// [`PolicyError::Amount`] when the level or a cost is negative or not a finite number.
pub fn base_stock_of(
    protection: &Protection<'_>,
    level: f64,
    holding_cents: f64,
    missing_cents: f64,
) -> Result<BaseStock, PolicyError> {
    super::at_least_0("base stock", level)?;
    super::at_least_0("cost of keeping a unit", holding_cents)?;
    super::at_least_0("cost of a missing unit", missing_cents)?;
    Ok(told(protection, level, holding_cents, missing_cents))
}

fn told(
    protection: &Protection<'_>,
    level: f64,
    holding_cents: f64,
    missing_cents: f64,
) -> BaseStock {
    let demand = &protection.demand;
    let before = protection.until_arrival.as_ref();
    let (left, missing) = (demand.left_over(level), demand.shortage(level));
    let asked = demand.mean() - before.map_or(0.0, Demand::mean);
    BaseStock {
        level,
        cycle_service: demand.cdf(level),
        fill_rate: (asked > 0.0).then(|| 1.0 - goal::missing(demand, before, level) / asked),
        left,
        missing,
        cost: holding_cents * left + missing_cents * missing,
    }
}
