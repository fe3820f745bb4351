//! The run, period by period.

use std::collections::BTreeMap;

use math::random::stream;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::error::SimulateError;
use super::shelf::Shelf;
use super::{Charges, Leads, Now, Policy, Reviews, Setting};
use crate::stock::propose::Unmet;

/// What a policy did. Units and cents are sums over the periods counted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ledger {
    /// Periods counted.
    pub periods: usize,
    /// Times from one arrival (of an order, perhaps of nothing) to the next that ended in the periods counted.
    pub cycles: usize,
    /// Those in which nothing was missing.
    pub cycles_served: usize,
    /// Units asked for.
    pub asked: f64,
    /// Units served from stock in the period in which they were asked for.
    pub served: f64,
    /// Units that were lost, or, where demand waits, that had to.
    pub missed: f64,
    /// Units thrown away.
    pub wasted: f64,
    /// Units ordered.
    pub ordered: f64,
    /// Orders of more than nothing.
    pub orders: usize,
    /// Units in stock at the end of a period, summed over periods.
    pub stock_periods: f64,
    /// Units that wait at the end of a period, summed over periods.
    pub waiting_periods: f64,
    /// What it cost.
    pub cost: Charges,
}

impl Ledger {
    /// Share of demand that was served from stock; absent where nothing was asked for.
    #[must_use]
    pub fn fill_rate(&self) -> Option<f64> {
        (self.asked > 0.0).then(|| self.served / self.asked)
    }

    /// Share of cycles in which nothing was missing; absent where none ended.
    #[must_use]
    pub fn cycle_service(&self) -> Option<f64> {
        (self.cycles > 0).then(|| self.cycles_served as f64 / self.cycles as f64)
    }

    /// Units in stock at the end of a period, on average.
    #[must_use]
    pub fn average_stock(&self) -> f64 {
        self.stock_periods / self.periods.max(1) as f64
    }

    /// All that it cost, in cents.
    #[must_use]
    pub fn total_cost(&self) -> f64 {
        self.cost.holding + self.cost.missing + self.cost.wasted + self.cost.ordering
    }
}

/// Runs a policy over demand, period by period.
///
/// - `demand`: units asked for in each period, 0 or more.
///
/// The same for the same input. Two policies run over the same series are a pair: differences of their ledgers, series
/// by series, are what an interval is made from.
///
/// # Errors
/// [`SimulateError`] when there is no period to count, a demand or setting is outside its range, or the policy orders
/// what is no number.
pub fn simulate(
    demand: &[f64],
    setting: &Setting<'_>,
    policy: &mut impl Policy,
) -> Result<Ledger, SimulateError> {
    check(demand, setting)?;
    let mut run = Run::new(setting, demand.len());
    for (period, asked) in demand.iter().copied().enumerate() {
        run.serve(period, asked);
        run.asked.push(asked);
        run.count(period);
        if reviewed(setting.reviews, period) {
            run.review(period, policy)?;
        }
    }
    Ok(run.ledger)
}

/// Stock and orders while they are run.
struct Run<'a> {
    setting: &'a Setting<'a>,
    shelf: Shelf,
    /// Units due by period; 0 of a review that ordered nothing.
    due: BTreeMap<usize, f64>,
    on_order: f64,
    waiting: f64,
    asked: Vec<f64>,
    served: Vec<f64>,
    /// Whether something was missing since the last arrival; unknown before the first.
    missing: Option<bool>,
    reviews: usize,
    random: Option<ChaCha8Rng>,
    ledger: Ledger,
}

impl<'a> Run<'a> {
    fn new(setting: &'a Setting<'a>, periods: usize) -> Self {
        let mut run = Self {
            setting,
            shelf: Shelf::default(),
            due: BTreeMap::new(),
            on_order: 0.0,
            waiting: 0.0,
            asked: Vec::with_capacity(periods),
            served: Vec::with_capacity(periods),
            missing: None,
            reviews: 0,
            random: match setting.leads {
                Leads::Drawn {
                    seed, stream: of, ..
                } => Some(stream(seed, of)),
                Leads::Fixed(_) | Leads::Given(_) => None,
            },
            ledger: Ledger::default(),
        };
        run.shelf.add(run.last_period(0), setting.start_units);
        run
    }

    /// The last period that what arrives at the start of one can be sold in.
    fn last_period(&self, arrives: usize) -> usize {
        let life = self.setting.shelf_life_periods;
        life.map_or(usize::MAX, |life| arrives + life as usize - 1)
    }

    fn counted(&self, period: usize) -> bool {
        period >= self.setting.warm_up
    }

    /// Arrivals, then what waits, then what is asked for.
    fn serve(&mut self, period: usize, asked: f64) {
        while let Some(entry) = self.due.first_entry().filter(|due| *due.key() <= period) {
            let units = entry.remove();
            self.on_order -= units;
            self.shelf.add(self.last_period(period), units);
            if self.counted(period)
                && let Some(missing) = self.missing
            {
                self.ledger.cycles += 1;
                self.ledger.cycles_served += usize::from(!missing);
            }
            self.missing = Some(false);
        }
        self.waiting -= self.shelf.take(self.waiting);
        let served = self.shelf.take(asked);
        let missed = asked - served;
        self.served.push(served);
        if missed > 0.0 {
            self.missing = self.missing.map(|_| true);
        }
        if self.setting.unmet == Unmet::Waits {
            self.waiting += missed;
        }
        if self.counted(period) {
            self.ledger.asked += asked;
            self.ledger.served += served;
            self.ledger.missed += missed;
        }
    }

    /// What perishes and what is in stock at the end of a period.
    fn count(&mut self, period: usize) {
        let wasted = self.shelf.perish(period);
        if !self.counted(period) {
            return;
        }
        let charges = &self.setting.charges;
        let ledger = &mut self.ledger;
        ledger.periods += 1;
        ledger.wasted += wasted;
        ledger.stock_periods += self.shelf.total();
        ledger.waiting_periods += self.waiting;
        ledger.cost = Charges {
            holding: charges.holding * ledger.stock_periods,
            wasted: charges.wasted * ledger.wasted,
            ordering: charges.ordering * ledger.orders as f64,
            missing: charges.missing
                * match self.setting.unmet {
                    Unmet::Waits => ledger.waiting_periods,
                    Unmet::Lost => ledger.missed,
                },
        };
    }

    fn review(&mut self, period: usize, policy: &mut impl Policy) -> Result<(), SimulateError> {
        let found = policy.order(&Now {
            period,
            asked: &self.asked,
            served: &self.served,
            on_hand: self.shelf.total(),
            on_order: self.on_order,
            waiting: self.waiting,
        });
        if !found.is_finite() {
            return Err(SimulateError::Order { period, found });
        }
        let pack = f64::from(self.setting.pack_units);
        // A position that is short of its level by a rounding needs no pack.
        let units = ((found / pack - 1e-9).ceil() * pack).max(0.0);
        let arrives = period + 1 + self.lead();
        *self.due.entry(arrives).or_default() += units;
        self.on_order += units;
        self.reviews += 1;
        if self.counted(period) && units > 0.0 {
            self.ledger.ordered += units;
            self.ledger.orders += 1;
            self.ledger.cost.ordering += self.setting.charges.ordering;
        }
        Ok(())
    }

    /// Periods that an order of this review takes.
    fn lead(&mut self) -> usize {
        match (self.setting.leads, self.random.as_mut()) {
            (Leads::Fixed(periods), _) => periods as usize,
            (Leads::Given(periods), _) => {
                let at = self.reviews.min(periods.len().saturating_sub(1));
                periods.get(at).map_or(0, |periods| *periods as usize)
            }
            (Leads::Drawn { lead_time, .. }, Some(random)) => {
                let level = f64::from(random.next_u32()) / f64::from(u32::MAX);
                lead_time.quantile(level) as usize
            }
            (Leads::Drawn { lead_time, .. }, None) => lead_time.quantile(0.5) as usize,
        }
    }
}

fn reviewed(reviews: Reviews<'_>, period: usize) -> bool {
    match reviews {
        Reviews::Every(periods) => (period + 1).is_multiple_of(periods.max(1)),
        Reviews::On(marked) => marked.get(period).copied().unwrap_or(false),
    }
}

fn check(demand: &[f64], setting: &Setting<'_>) -> Result<(), SimulateError> {
    if demand.len() <= setting.warm_up {
        return Err(SimulateError::NoPeriod {
            periods: demand.len(),
            warm_up: setting.warm_up,
        });
    }
    for (period, found) in demand.iter().copied().enumerate() {
        if !(found.is_finite() && found >= 0.0) {
            return Err(SimulateError::Demand { period, found });
        }
    }
    let charges = &setting.charges;
    for (what, found) in [
        ("cost of keeping a unit", charges.holding),
        ("cost of a missing unit", charges.missing),
        ("cost of a unit thrown away", charges.wasted),
        ("cost of an order", charges.ordering),
        ("stock at the start", setting.start_units),
    ] {
        if !(found.is_finite() && found >= 0.0) {
            return Err(SimulateError::Setting {
                what,
                found,
                allowed: "a finite number of 0 or more",
            });
        }
    }
    let every = match setting.reviews {
        Reviews::Every(periods) => periods as f64,
        Reviews::On(_) => 1.0,
    };
    let life = setting.shelf_life_periods.unwrap_or(1);
    for (what, found) in [
        ("number of periods between reviews", every),
        ("pack", f64::from(setting.pack_units)),
        ("shelf life", f64::from(life)),
    ] {
        if found < 1.0 {
            return Err(SimulateError::Setting {
                what,
                found,
                allowed: "1 or more",
            });
        }
    }
    Ok(())
}
