//! From prices to whole steps: what was taken too much is given back, what is left is used.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::exchange;
use super::line::Lines;
use super::plan::Plan;
use super::prices::{Competition, Prices};
use super::work::Work;

/// A step that waits to be taken (or given back), the best first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Waiting {
    /// What comes first, the larger the better.
    pub(super) worth: f64,
    /// Between equals, the line that comes first.
    pub(super) place: usize,
}

impl Eq for Waiting {}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        self.worth
            .total_cmp(&other.worth)
            .then(other.place.cmp(&self.place))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Gives every line that does not compete what it wants, and the others what they are worth at the prices, within all
/// limits.
pub(super) fn settle<L: Lines + ?Sized>(
    work: &mut Work<'_, L>,
    competition: &Competition,
    prices: &Prices,
) {
    let alone: Vec<(usize, Plan)> = {
        let mut competes = vec![false; work.plans.len()];
        for (place, _) in competition.places() {
            competes[place] = true;
        }
        let active = work.all_active();
        active
            .filter(|(place, _)| !competes[*place])
            .map(|(place, plan)| (place, *plan))
            .collect()
    };
    for (place, plan) in alone {
        work.set(place, &plan, plan.free());
    }
    let taken = competition.taken(prices);
    for (place, plan, steps) in &taken {
        work.set(*place, plan, *steps);
    }
    give_back(work, &taken, prices);
    let places: Vec<(usize, Plan)> = taken
        .iter()
        .map(|(place, plan, _)| (*place, *plan))
        .collect();
    use_rest(work, &places, prices);
    exchange::exchange(work, competition, prices);
}

/// Takes back the steps that are worth least beyond their price until no limit is broken.
fn give_back<L: Lines + ?Sized>(
    work: &mut Work<'_, L>,
    taken: &[(usize, Plan, u32)],
    prices: &Prices,
) {
    let broken = |left: &[i64], at: u32| left.get(at as usize).is_some_and(|left| *left < 0);
    let breaks = |work: &Work<'_, L>, plan: &Plan| {
        broken(&work.money, plan.budget) || broken(&work.room, plan.site)
    };
    // What a step is worth for each unit, beyond what it pays; the least comes first.
    let kept = |work: &Work<'_, L>, place: usize, plan: &Plan| {
        let step = work.steps[place];
        let units = plan.units_of(step) as f64;
        let worth = prices.of_unit(plan) - work.value(place, plan, step) / units;
        Waiting { worth, place }
    };
    let mut heap: BinaryHeap<Waiting> = taken
        .iter()
        .filter(|(place, plan, _)| work.steps[*place] > 0 && breaks(work, plan))
        .map(|(place, plan, _)| kept(work, *place, plan))
        .collect();
    while let Some(Waiting { place, .. }) = heap.pop() {
        let Some(plan) = work.active(place).copied() else {
            continue;
        };
        if !breaks(work, &plan) {
            continue;
        }
        let steps = work.steps[place] - 1;
        work.set(place, &plan, steps);
        if steps > 0 {
            heap.push(kept(work, place, &plan));
        }
    }
}

/// Takes further steps while they fit, those first that are worth most for what they use at the prices.
pub(super) fn use_rest<L: Lines + ?Sized>(
    work: &mut Work<'_, L>,
    lines: &[(usize, Plan)],
    prices: &Prices,
) {
    let next = |work: &Work<'_, L>, place: usize, plan: &Plan| {
        let step = work.steps[place] + 1;
        if step > plan.free() || !work.fits(plan, plan.units_of(step)) {
            return None;
        }
        let value = work.value(place, plan, step);
        let pays = prices.of_unit(plan) * plan.units_of(step) as f64;
        // Without a price nothing else is kept from it.
        let worth = if pays > 0.0 {
            value / pays
        } else {
            f64::INFINITY
        };
        Some(Waiting { worth, place })
    };
    let waiting: Vec<Waiting> = lines
        .par_iter()
        .with_min_len(256)
        .filter_map(|(place, plan)| next(work, *place, plan))
        .collect();
    let mut heap = BinaryHeap::from(waiting);
    while let Some(Waiting { place, .. }) = heap.pop() {
        let Some(plan) = work.active(place).copied() else {
            continue;
        };
        let step = work.steps[place] + 1;
        if !work.fits(&plan, plan.units_of(step)) {
            continue;
        }
        work.set(place, &plan, step);
        heap.extend(next(work, place, &plan));
    }
}
