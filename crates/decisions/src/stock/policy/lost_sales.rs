//! A base stock where unmet demand is lost: what is on order matters, and no closed form is known.

use rand_chacha::rand_core::Rng;
use rayon::prelude::*;

use super::{Costs, PolicyError, at_least_0};
use crate::stock::demand::Demand;
use crate::stock::propose::Unmet;
use crate::stock::simulate::{
    Charges, Leads, Ledger, OrderUpTo, Reviews, Setting, SimulateError, simulate,
};
use math::random::stream;

/// How much is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Independent paths, 2 or more: errors are told from their differences.
    pub paths: usize,
    /// Periods of each path that are counted.
    pub periods: usize,
    /// Periods of each path before those.
    pub warm_up: usize,
    /// The seed of all demand.
    pub seed: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            paths: 64,
            periods: 4000,
            warm_up: 200,
            seed: 1,
        }
    }
}

/// A base stock for lost sales, and what it does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LostSales {
    /// The position that every review orders up to.
    pub level: u64,
    /// Cents of a period.
    pub cost: f64,
    /// Standard error of it, over paths.
    pub cost_error: f64,
    /// Share of cycles in which nothing is lost; absent where none ended.
    pub cycle_service: Option<f64>,
    /// Share of demand that is served; absent where nothing was asked for.
    pub fill_rate: Option<f64>,
    /// Units in stock at the end of a period, on average.
    pub stock: f64,
    /// Units lost in a period, on average.
    pub lost: f64,
}

/// The base stock of least cost where unmet demand is lost, by simulation: of whole units, every `review_periods`.
///
/// - `period`: demand of one period, each independent of the others.
/// - `lead_periods`: periods from order to arrival.
/// - `costs`: a missing unit costs once.
///
/// All levels see the same demand, over which the cost of a path is convex in the level, so that the best is found by
/// halving; orders cost as often as something sold and do not move it.
///
/// # Errors
/// [`PolicyError`] when a cost or the effort is outside its range, or nothing is ever asked for.
///
/// # Source
/// Convexity: Janakiraman and Roundy (2004), "Lost-sales problems with stochastic lead times: convexity results for
/// base-stock policies", Operations Research 52(5). Checked against the exact Markov chain for a lead time of one
/// period, and against the newsvendor for none.
pub fn lost_sales(
    period: &Demand<'_>,
    lead_periods: u32,
    review_periods: usize,
    costs: &Costs,
    effort: &Effort,
) -> Result<LostSales, PolicyError> {
    costs.check()?;
    check(review_periods, effort)?;
    if period.mean() <= 0.0 {
        return Err(PolicyError::NoDemand);
    }
    let paths = drawn(period, effort);
    let of = |level: u64| -> Result<Vec<Ledger>, PolicyError> {
        paths
            .par_iter()
            .map(|path| {
                let setting = Setting {
                    reviews: Reviews::Every(review_periods),
                    leads: Leads::Fixed(lead_periods),
                    pack_units: 1,
                    shelf_life_periods: None,
                    unmet: Unmet::Lost,
                    start_units: level as f64,
                    warm_up: effort.warm_up,
                    charges: Charges {
                        holding: costs.holding,
                        missing: costs.missing,
                        wasted: 0.0,
                        ordering: costs.ordering,
                    },
                };
                simulate(path, &setting, &mut OrderUpTo(level as f64)).map_err(refused)
            })
            .collect()
    };
    let rises = |level: u64| -> Result<bool, PolicyError> {
        let cost = |ledgers: Vec<Ledger>| -> f64 {
            let moved = ledgers.iter().map(|l| l.cost.holding + l.cost.missing);
            moved.sum()
        };
        Ok(cost(of(level + 1)?) >= cost(of(level)?))
    };
    let (mut low, mut high) = (0, period.mean().ceil().max(1.0) as u64);
    while !rises(high)? {
        low = high + 1;
        high *= 2;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if rises(middle)? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(told(low, &of(low)?))
}

fn told(level: u64, ledgers: &[Ledger]) -> LostSales {
    let n = ledgers.len() as f64;
    let mean = |of: &dyn Fn(&Ledger) -> f64| ledgers.iter().map(of).sum::<f64>() / n;
    let each = |ledger: &Ledger| ledger.total_cost() / ledger.periods as f64;
    let cost = mean(&each);
    let variance = mean(&|ledger| (each(ledger) - cost).powi(2)) * n / (n - 1.0);
    let share = |of: f64, all: f64| (all > 0.0).then(|| of / all);
    LostSales {
        level,
        cost,
        cost_error: (variance / n).sqrt(),
        cycle_service: share(
            mean(&|ledger| ledger.cycles_served as f64),
            mean(&|ledger| ledger.cycles as f64),
        ),
        fill_rate: share(mean(&|ledger| ledger.served), mean(&|ledger| ledger.asked)),
        stock: mean(&Ledger::average_stock),
        lost: mean(&|ledger| ledger.missed / ledger.periods as f64),
    }
}

/// Demand of every path, from streams of their own.
fn drawn(period: &Demand<'_>, effort: &Effort) -> Vec<Vec<f64>> {
    let masses = period.masses(1e-12);
    let mut below = 0.0;
    let cumulated: Vec<f64> = masses
        .iter()
        .map(|mass| {
            below += mass;
            below
        })
        .collect();
    let n = effort.warm_up + effort.periods;
    (0..effort.paths)
        .into_par_iter()
        .map(|path| {
            let mut random = stream(effort.seed, path as u64);
            let mut draw = || {
                let level = (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
                let at = cumulated.partition_point(|below| *below <= level);
                at.min(masses.len() - 1) as f64
            };
            (0..n).map(|_| draw()).collect()
        })
        .collect()
}

fn check(review_periods: usize, effort: &Effort) -> Result<(), PolicyError> {
    for (what, found, least) in [
        ("number of periods between reviews", review_periods, 1),
        ("number of paths", effort.paths, 2),
        ("number of periods of a path", effort.periods, 1),
    ] {
        if found < least {
            return Err(PolicyError::Amount {
                what,
                found: found as f64,
                allowed: "1 or more, and 2 or more paths",
            });
        }
    }
    at_least_0("number of periods before", effort.warm_up as f64)
}

/// What a simulation of checked costs can still refuse.
fn refused(error: SimulateError) -> PolicyError {
    match error {
        SimulateError::Setting {
            what,
            found,
            allowed,
        } => PolicyError::Amount {
            what,
            found,
            allowed,
        },
        SimulateError::NoPeriod { .. }
        | SimulateError::Demand { .. }
        | SimulateError::Order { .. } => PolicyError::NoDemand,
    }
}
