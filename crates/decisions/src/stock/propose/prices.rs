//! Prices of what lines share: at which each of them, decided by itself, leaves enough for the others.
//!
//! The dual at prices is what every line saves at best with each unit paid for, and what is allowed at these prices. It
//! is convex, and its value at any prices is a bound of what any quantities can save. Budgets share no line, and
//! sites neither, so that all budgets are priced at once while sites are held, and the other way round; of one limit
//! the best price is where its steps, sorted by what they save for each unit of it, end.

use rayon::prelude::*;

use super::curve;
use super::line::Lines;
use super::plan::Plan;
use super::work::Work;
use crate::stock::sum::summed;

/// Entries of a line at most: longer orders are priced by several steps at a time.
const ENTRIES_MAX: u32 = 48;

/// Most rounds over budgets and sites.
const ROUNDS_MAX: u32 = 40;

/// Prices are found where a round moves the bound by less than this share of it.
const MOVED: f64 = 1e-7;

/// Cents saved by one more cent of each budget, and by one more unit of room at each site.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prices {
    pub(super) money: Vec<f64>,
    pub(super) room: Vec<f64>,
}

impl Prices {
    /// What a line pays for one unit beyond its price.
    pub(super) fn of_unit(&self, plan: &Plan) -> f64 {
        let money = self.money.get(plan.budget as usize);
        let room = self.room.get(plan.site as usize);
        money.map_or(0.0, |price| price * plan.unit_cost as f64) + room.copied().unwrap_or_default()
    }
}

/// Some steps of a line that are priced together.
#[derive(Debug, Clone, Copy)]
struct Entry {
    value: f64,
    units: f64,
    steps: u32,
}

/// A line under a limit that cannot serve all.
struct Priced {
    place: usize,
    plan: Plan,
    entries: Vec<Entry>,
}

/// Lines that compete, and for what.
pub(super) struct Competition {
    priced: Vec<Priced>,
    /// For each budget and site its competing lines; none where it serves all.
    of_budget: Vec<Vec<u32>>,
    of_site: Vec<Vec<u32>>,
}

impl Competition {
    /// Lines under limits that what lines want by themselves would break.
    pub(super) fn new<L: Lines + ?Sized>(work: &Work<'_, L>) -> Self {
        let (mut money, mut room) = (work.money.clone(), work.room.clone());
        for (place, plan) in work.all_active() {
            let units = plan.units(plan.free()) - plan.units(work.steps[place]);
            if let Some(money) = money.get_mut(plan.budget as usize) {
                *money = money.saturating_sub(plan.cost(units));
            }
            if let Some(room) = room.get_mut(plan.site as usize) {
                *room = room.saturating_sub(units as i64);
            }
        }
        let short = |left: &[i64], at: u32| left.get(at as usize).is_some_and(|left| *left < 0);
        let competing: Vec<(usize, Plan)> = work
            .all_active()
            .filter(|(_, plan)| plan.free() > 0)
            .filter(|(_, plan)| short(&money, plan.budget) || short(&room, plan.site))
            .map(|(place, plan)| (place, *plan))
            .collect();
        let priced: Vec<Priced> = competing
            .into_par_iter()
            .with_min_len(256)
            .map(|(place, plan)| Priced {
                place,
                plan,
                entries: entries(work, place, &plan),
            })
            .collect();
        let mut of_budget = vec![Vec::new(); money.len()];
        let mut of_site = vec![Vec::new(); room.len()];
        for (at, line) in priced.iter().enumerate() {
            if short(&money, line.plan.budget) {
                of_budget[line.plan.budget as usize].push(at as u32);
            }
            if short(&room, line.plan.site) {
                of_site[line.plan.site as usize].push(at as u32);
            }
        }
        Self {
            priced,
            of_budget,
            of_site,
        }
    }

    /// Number of lines that compete.
    pub(super) fn n(&self) -> usize {
        self.priced.len()
    }

    /// The place and plan of one of them.
    pub(super) fn line(&self, at: usize) -> (usize, Plan) {
        (self.priced[at].place, self.priced[at].plan)
    }

    /// The lines that share a scarce limit with one, itself with them; absent where there are more than `most`.
    pub(super) fn mates(&self, at: usize, most: usize) -> Option<Vec<(usize, Plan)>> {
        let plan = &self.priced[at].plan;
        let none = Vec::new();
        let of_budget = self.of_budget.get(plan.budget as usize).unwrap_or(&none);
        let of_site = self.of_site.get(plan.site as usize).unwrap_or(&none);
        if of_budget.len() + of_site.len() > most {
            return None;
        }
        let mut mates = [of_budget.as_slice(), of_site.as_slice()].concat();
        mates.sort_unstable();
        mates.dedup();
        Some(mates.iter().map(|at| self.line(*at as usize)).collect())
    }

    /// Lines that compete, by their place.
    pub(super) fn places(&self) -> impl Iterator<Item = (usize, &Plan)> {
        self.priced.iter().map(|line| (line.place, &line.plan))
    }

    /// The prices at which the bound is lowest, or nearly so.
    ///
    /// - `money`, `room`: what is left of budgets and sites where no line orders anything.
    pub(super) fn prices(&self, money: &[i64], room: &[i64]) -> Prices {
        let mut prices = Prices {
            money: vec![0.0; money.len()],
            room: vec![0.0; room.len()],
        };
        if self.priced.is_empty() {
            return prices;
        }
        let mut before = f64::INFINITY;
        for _ in 0..ROUNDS_MAX {
            prices.money = self.ends(&self.of_budget, money, |line, entry| {
                let room = prices.room.get(line.plan.site as usize);
                let saved = entry.value - room.copied().unwrap_or_default() * entry.units;
                (saved, line.plan.unit_cost as f64 * entry.units)
            });
            prices.room = self.ends(&self.of_site, room, |line, entry| {
                let money = prices.money.get(line.plan.budget as usize);
                let cost = line.plan.unit_cost as f64 * entry.units;
                let saved = entry.value - money.copied().unwrap_or_default() * cost;
                (saved, entry.units)
            });
            let bound = self.dual(&prices, money, room);
            if before - bound <= MOVED * bound.abs() {
                break;
            }
            before = bound;
        }
        prices
    }

    /// For each limit what the step saves, for each unit of it, with which more would be used than is left.
    fn ends(
        &self,
        members: &[Vec<u32>],
        left: &[i64],
        of: impl Fn(&Priced, &Entry) -> (f64, f64) + Sync,
    ) -> Vec<f64> {
        let end = |(members, left): (&Vec<u32>, &i64)| {
            let mut ratios: Vec<(f64, f64)> = Vec::new();
            for line in members.iter().map(|at| &self.priced[*at as usize]) {
                for entry in &line.entries {
                    let (saved, used) = of(line, entry);
                    if saved <= 0.0 {
                        break;
                    }
                    if used > 0.0 {
                        ratios.push((saved / used, used));
                    }
                }
            }
            ratios.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
            let mut left = *left as f64;
            for (ratio, used) in ratios {
                left -= used;
                if left < 0.0 {
                    return ratio;
                }
            }
            0.0
        };
        members.par_iter().zip(left).map(end).collect()
    }

    /// The bound at prices, of the lines that compete.
    fn dual(&self, prices: &Prices, money: &[i64], room: &[i64]) -> f64 {
        let of_lines = summed(self.priced.len(), |at| {
            let line = &self.priced[at];
            let unit = prices.of_unit(&line.plan);
            let saved = |entry: &Entry| (entry.value - unit * entry.units).max(0.0);
            line.entries.iter().map(saved).sum()
        });
        of_lines + allowed(&prices.money, money) + allowed(&prices.room, room)
    }

    /// Steps of every competing line that are worth more than they pay.
    pub(super) fn taken(&self, prices: &Prices) -> Vec<(usize, Plan, u32)> {
        let taken = |line: &Priced| {
            let unit = prices.of_unit(&line.plan);
            let worth = |entry: &&Entry| entry.value > unit * entry.units;
            let steps = line.entries.iter().take_while(worth).map(|e| e.steps).sum();
            (line.place, line.plan, steps)
        };
        self.priced.iter().map(taken).collect()
    }
}

/// The bound at prices, of all lines, each decided step by step.
pub(super) fn bound<L: Lines + ?Sized>(
    work: &Work<'_, L>,
    prices: &Prices,
    money: &[i64],
    room: &[i64],
) -> f64 {
    let of_lines = summed(work.plans.len(), |place| {
        let Some(plan) = work.active(place) else {
            return 0.0;
        };
        let unit = prices.of_unit(plan);
        if unit == 0.0 {
            return work.value_of_all(place, plan, plan.free());
        }
        let line = work.lines.line(place);
        line.and_then(|line| {
            curve::with(&line, |curve| {
                // Worth falls from step to step: the last that is worth its price is found by halving.
                let (mut low, mut high) = (0, plan.free() + 1);
                while high - low > 1 {
                    let middle = low + (high - low) / 2;
                    if plan.value(curve, middle) > unit * plan.units_of(middle) as f64 {
                        low = middle;
                    } else {
                        high = middle;
                    }
                }
                plan.value_of_all(curve, low) - unit * plan.units(low) as f64
            })
        })
        .unwrap_or(0.0)
    });
    of_lines + allowed(&prices.money, money) + allowed(&prices.room, room)
}

/// What is left of limits, at their prices.
fn allowed(prices: &[f64], left: &[i64]) -> f64 {
    let each = prices.iter().zip(left);
    each.map(|(price, left)| price * (*left).max(0) as f64)
        .sum()
}

fn entries<L: Lines + ?Sized>(work: &Work<'_, L>, place: usize, plan: &Plan) -> Vec<Entry> {
    let free = plan.free();
    let at_once = free.div_ceil(ENTRIES_MAX).max(1);
    let drawn = work.lines.line(place).and_then(|line| {
        curve::with(&line, |curve| {
            let mut entries = Vec::with_capacity(free.div_ceil(at_once) as usize);
            let (mut from, mut worth) = (0, f64::INFINITY);
            while from < free {
                let to = (from + at_once).min(free);
                let units = (plan.units(to) - plan.units(from)) as f64;
                let value = plan.value_of_all(curve, to) - plan.value_of_all(curve, from);
                // Rounding must not make a later unit worth more than an earlier one.
                worth = worth.min(value / units);
                entries.push(Entry {
                    value: worth * units,
                    units,
                    steps: to - from,
                });
                from = to;
            }
            entries
        })
    });
    drawn.unwrap_or_default()
}
