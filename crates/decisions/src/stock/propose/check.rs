//! What is asked is looked at before anything is decided.

use schema::Cents;

use super::errors::{LineError, ProposeError};
use super::limits::Limits;
use super::line::{Line, Unmet};
use crate::stock::goal::Goal;

/// Most lines.
const LINES_MAX: usize = 1 << 31;

/// Most units of stock, of a pack, of a minimum: sums of many lines stay exact.
pub(super) const UNITS_MAX: i64 = 1_000_000_000;

/// Largest price of a unit, in cents.
const PRICE_MAX: f64 = 1e12;

pub(super) fn limits(n_lines: usize, limits: &Limits<'_>) -> Result<(), ProposeError> {
    if n_lines > LINES_MAX {
        return Err(ProposeError::LineCount {
            found: n_lines,
            allowed_max: LINES_MAX,
        });
    }
    for (budget, Cents(found)) in limits.budgets.iter().copied().enumerate() {
        if found < 0 {
            return Err(ProposeError::Budget { budget, found });
        }
    }
    for (order, minimum) in limits.orders.iter().enumerate() {
        let Cents(found) = minimum.money;
        if found < 0 {
            return Err(ProposeError::Minimum { order, found });
        }
    }
    Ok(())
}

pub(super) fn line(line: &Line<'_>, limits: &Limits<'_>) -> Result<(), LineError> {
    units(line)?;
    amounts(line)?;
    levels(line)?;
    if line.unmet == Unmet::Lost && line.until_arrival.is_none() {
        return Err(LineError::UnknownUntilArrival);
    }
    for (what, found, n) in [
        ("order", line.order, limits.orders.len()),
        ("budget", line.budget, limits.budgets.len()),
        ("site", line.site, limits.sites.len()),
    ] {
        if let Some(found) = found
            && found as usize >= n
        {
            return Err(LineError::NoSuchLimit { what, found, n });
        }
    }
    Ok(())
}

fn units(line: &Line<'_>) -> Result<(), LineError> {
    if line.pack_units == 0 {
        return Err(LineError::EmptyPack);
    }
    for (what, found) in [
        ("stock on hand", line.on_hand),
        ("stock on order", line.on_order),
        ("stock committed", line.committed),
        ("pack", i64::from(line.pack_units)),
        ("minimum of an order", i64::from(line.minimum_units)),
        ("presentation minimum", i64::from(line.presentation_units)),
    ] {
        if found < 0 {
            return Err(LineError::NegativeStock { what, found });
        }
        if found > UNITS_MAX {
            return Err(LineError::TooMany {
                what,
                found,
                allowed_max: UNITS_MAX,
            });
        }
    }
    Ok(())
}

fn amounts(line: &Line<'_>) -> Result<(), LineError> {
    const ABOVE: &str = "a number above 0, up to a thousand billion";
    const FROM: &str = "a number from 0 to a thousand billion";
    let Cents(unit_cost) = line.unit_cost;
    let mut amounts = vec![
        ("number of days protected", line.protection_days, true),
        ("number of days to the next review", line.review_days, true),
        ("cost of keeping a unit", line.holding_cents_per_day, true),
        ("cost of a unit", unit_cost as f64, false),
    ];
    match line.goal {
        Goal::Cost { missing_cents } => {
            amounts.push(("cost of a missing unit", missing_cents, true));
        }
        Goal::UpTo {
            level,
            missing_cents,
        } => {
            amounts.push(("cost of a missing unit", missing_cents, true));
            amounts.push(("level to order up to", level, false));
        }
        Goal::CycleService(_) | Goal::FillRate(_) => {}
    }
    if let Some(life) = line.shelf_life {
        amounts.push(("cost of a perished unit", life.wasted_cents, false));
    }
    for (what, found, above) in amounts {
        let low_enough = found <= PRICE_MAX;
        if !(low_enough && found >= 0.0 && (found > 0.0 || !above)) {
            let allowed = if above { ABOVE } else { FROM };
            return Err(LineError::Amount {
                what,
                found,
                allowed,
            });
        }
    }
    Ok(())
}

fn levels(line: &Line<'_>) -> Result<(), LineError> {
    let of_goal = match line.goal {
        Goal::CycleService(level) => Some(("cycle service", level)),
        Goal::FillRate(level) => Some(("fill rate", level)),
        Goal::Cost { .. } | Goal::UpTo { .. } => None,
    };
    let of_life = line
        .shelf_life
        .map(|life| ("level of selling before it perishes", life.level));
    for (what, found) in of_goal.into_iter().chain(of_life) {
        if !(found > 0.0 && found < 1.0) {
            return Err(LineError::Level { what, found });
        }
    }
    Ok(())
}
