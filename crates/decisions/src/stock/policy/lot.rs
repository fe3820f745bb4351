//! (r, Q): reviewed all the time; where the position falls to r, Q more are ordered.

use math::special::GaussLegendre;

use super::{Costs, PolicyError, above_0};
use crate::stock::demand::Demand;

/// Most units of a lot.
const LOT_MAX: usize = 1 << 22;

/// Halvings of an interval: more than there are digits.
const HALVINGS: u32 = 200;

/// An (r, Q) policy, and what it does. Unmet demand waits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReorderLot {
    /// Order where the position falls to this; may be below 0.
    pub reorder_point: f64,
    /// What is ordered.
    pub lot: f64,
    /// Expected cents of a period.
    pub cost: f64,
    /// Orders of a period, on average.
    pub orders: f64,
    /// Probability that nothing is missing while an order is awaited.
    pub cycle_service: f64,
    /// Share of demand that is served from stock.
    pub fill_rate: f64,
    /// Units in stock, on average.
    pub left: f64,
    /// Units that wait, on average.
    pub missing: f64,
}

/// The (r, Q) policy of least expected cost for demand that comes unit by unit, exact.
///
/// - `rate`: units asked for in a period, on average, above 0.
/// - `lead`: demand of the lead time, whole.
/// - `pack_units`: the lot is a multiple of it, 1 or more.
///
/// The position is evenly spread over r + 1 to r + Q: the lot that costs least takes the positions that cost least.
///
/// # Errors
/// [`PolicyError`] when a cost, the rate or the pack is outside its range, demand is not whole, or the lot too large to
/// be found unit by unit.
///
/// # Source
/// Federgruen and Zheng (1992), "An efficient algorithm for computing an optimal (r, Q) policy in continuous review
/// stochastic inventory systems", Operations Research 40(4). Checked against `stockpyl` 1.0.2 and exhaustive search.
pub fn reorder_lot(
    rate: f64,
    lead: &Demand<'_>,
    pack_units: u32,
    costs: &Costs,
) -> Result<ReorderLot, PolicyError> {
    costs.check()?;
    above_0("rate of demand", rate)?;
    above_0("pack", f64::from(pack_units))?;
    if !lead.is_whole() {
        return Err(PolicyError::NotWhole);
    }
    let mut positions = Positions::around(lead, costs);
    let fixed = costs.ordering * rate;
    let mut best: Option<Positions> = None;
    loop {
        for _ in 0..pack_units {
            positions.grow(lead, costs);
        }
        let cost = |of: &Positions| (fixed + of.cost) / of.n() as f64;
        // Once the next positions cost more than the mean of those taken it only rises.
        if best
            .as_ref()
            .is_some_and(|best| cost(&positions) >= cost(best))
        {
            break;
        }
        if positions.n() as usize > LOT_MAX {
            return Err(PolicyError::TooManyUnits {
                allowed_max: LOT_MAX,
            });
        }
        best = Some(positions.clone());
    }
    let best = best.unwrap_or(positions);
    let n = best.n() as f64;
    let mean = |of: &dyn Fn(f64) -> f64| -> f64 {
        (best.first..=best.last)
            .map(|at| of(at as f64))
            .sum::<f64>()
            / n
    };
    Ok(ReorderLot {
        reorder_point: (best.first - 1) as f64,
        lot: n,
        cost: (fixed + best.cost) / n,
        orders: rate / n,
        cycle_service: lead.cdf((best.first - 1) as f64),
        fill_rate: filled(lead, (best.first - 1) as f64, n),
        left: mean(&|at| lead.left_over(at)),
        missing: mean(&|at| lead.shortage(at)),
    })
}

/// Share of demand that finds stock: of each lot that is not which is missing more at its start than at its end.
fn filled(lead: &Demand<'_>, reorder_point: f64, lot: f64) -> f64 {
    1.0 - (lead.shortage(reorder_point) - lead.shortage(reorder_point + lot)) / lot
}

/// Positions that a lot covers, and what they cost together.
#[derive(Debug, Clone)]
struct Positions {
    first: i64,
    last: i64,
    cost: f64,
    before: f64,
    after: f64,
}

impl Positions {
    /// None, at the position that costs least.
    fn around(lead: &Demand<'_>, costs: &Costs) -> Self {
        let least = lead.quantile(costs.critical_ratio()) as i64;
        Self {
            first: least,
            last: least - 1,
            cost: 0.0,
            before: costs.of_period(lead, (least - 1) as f64),
            after: costs.of_period(lead, least as f64),
        }
    }

    fn n(&self) -> i64 {
        self.last - self.first + 1
    }

    /// Takes the cheaper of the two next ones.
    fn grow(&mut self, lead: &Demand<'_>, costs: &Costs) {
        if self.before < self.after {
            self.cost += self.before;
            self.first -= 1;
            self.before = costs.of_period(lead, (self.first - 1) as f64);
        } else {
            self.cost += self.after;
            self.last += 1;
            self.after = costs.of_period(lead, (self.last + 1) as f64);
        }
    }
}

/// The reorder point of least expected cost for a given lot, for demand of any amount.
///
/// - `lead`: demand of the lead time.
/// - `lot`: what is ordered, above 0.
///
/// # Errors
/// [`PolicyError`] when a cost or the lot is outside its range, or demand comes in whole units.
///
/// # Source
/// Zheng (1992), "On properties of stochastic inventory systems", Management Science 38(1): r and r + Q cost the same.
/// Checked against `stockpyl` 1.0.2.
pub fn reorder_point(lead: &Demand<'_>, lot: f64, costs: &Costs) -> Result<f64, PolicyError> {
    costs.check()?;
    above_0("lot", lot)?;
    if lead.is_whole() {
        return Err(PolicyError::Whole);
    }
    Ok(level_point(lead, lot, costs))
}

fn level_point(lead: &Demand<'_>, lot: f64, costs: &Costs) -> f64 {
    let least = lead.quantile(costs.critical_ratio());
    let falls = |at: f64| costs.of_period(lead, at) - costs.of_period(lead, at + lot);
    halved(least - lot, least, |at| falls(at) > 0.0)
}

/// The end of the part of an interval, from `low` on, for which something holds.
fn halved(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The (r, Q) policy of least expected cost for demand of any amount.
///
/// - `rate`: units asked for in a period, on average, above 0.
/// - `lead`: demand of the lead time.
///
/// With a fixed demand it is the economic order quantity with planned shortages.
///
/// # Errors
/// [`PolicyError`] when a cost or the rate is outside its range, an order costs nothing (every unit would be ordered by
/// itself), or demand comes in whole units.
///
/// # Source
/// Zheng (1992), equations 3 to 6: the cost of r and of r + Q is the mean of all positions between and the order.
pub fn reorder_lot_continuous(
    rate: f64,
    lead: &Demand<'_>,
    costs: &Costs,
) -> Result<ReorderLot, PolicyError> {
    costs.check()?;
    above_0("rate of demand", rate)?;
    above_0("cost of an order", costs.ordering)?;
    if lead.is_whole() {
        return Err(PolicyError::Whole);
    }
    let fixed = costs.ordering * rate;
    let rule = GaussLegendre::new(8);
    // What the positions between cost less than both ends: it rises with the lot, and pays for the orders.
    let saved = |lot: f64| {
        let from = level_point(lead, lot, costs);
        let end = costs.of_period(lead, from);
        lot * end
            - integral(&rule, lead, costs, from, lot, &|at| {
                costs.of_period(lead, at)
            })
    };
    let economic =
        (2.0 * fixed * (costs.holding + costs.missing) / (costs.holding * costs.missing)).sqrt();
    let (mut low, mut high) = (0.0, economic);
    while saved(high) < fixed {
        low = high;
        high *= 2.0;
    }
    let lot = halved(low, high, |lot| saved(lot) < fixed);
    let reorder_point = level_point(lead, lot, costs);
    let mean = |of: &dyn Fn(f64) -> f64| integral(&rule, lead, costs, reorder_point, lot, of) / lot;
    Ok(ReorderLot {
        reorder_point,
        lot,
        cost: fixed / lot + mean(&|at| costs.of_period(lead, at)),
        orders: rate / lot,
        cycle_service: lead.cdf(reorder_point),
        fill_rate: filled(lead, reorder_point, lot),
        left: mean(&|at| lead.left_over(at)),
        missing: mean(&|at| lead.shortage(at)),
    })
}

/// The integral over the positions of a lot, in parts that end where a position costs least.
fn integral(
    rule: &GaussLegendre,
    lead: &Demand<'_>,
    costs: &Costs,
    from: f64,
    lot: f64,
    of: &dyn Fn(f64) -> f64,
) -> f64 {
    const PARTS: u32 = 24;
    let least = lead.quantile(costs.critical_ratio());
    let mut sum = 0.0;
    for (low, high) in [(from, least), (least, from + lot)] {
        let step = (high - low) / f64::from(PARTS);
        for part in 0..PARTS {
            let start = low + f64::from(part) * step;
            sum += rule
                .over(start, start + step)
                .map(|(at, weight)| weight * of(at))
                .sum::<f64>();
        }
    }
    sum
}
