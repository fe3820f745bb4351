//! Minimum orders: an order that its lines leave below the minimum is raised to it or left out, whichever is worth more.
//!
//! Where others want the same money and room it is raised at their prices: what it is worth beyond what it takes from
//! others decides. What it needs is then kept for it while the others share the rest, at new prices.

use super::climb::{self, Climb, Total};
use super::fill;
use super::limits::{Limits, OrderMinimum};
use super::line::Lines;
use super::outcome::Placed;
use super::plan::{NONE, Plan};
use super::prices::{self, Competition, Prices};
use super::work::Work;

/// Rounds of raising and leaving out orders, after each of which the others share anew what is left. In the last one
/// orders are raised by what is left over only.
const ROUNDS_MAX: u32 = 6;

/// What was decided of everything that is shared.
pub(super) struct Decided {
    pub(super) prices: Prices,
    pub(super) placed: Vec<Placed>,
    pub(super) bound: f64,
}

/// Most lines for which orders that were left out are tried before all others.
const TRIED_LINES_MAX: usize = 1000;

/// Most orders that are tried so.
const TRIED_MAX: usize = 24;

/// Decides the steps of all lines.
pub(super) fn decide<L: Lines + ?Sized>(work: &mut Work<'_, L>, limits: &Limits<'_>) -> Decided {
    let competition = Competition::new(work);
    let prices = competition.prices(&work.money, &work.room);
    let bound = prices::bound(work, &prices);
    let mut orders = Orders::new(work, limits);
    let mut found = orders.decide(work, competition, prices);
    if work.plans.len() <= TRIED_LINES_MAX {
        orders.try_others(work, &mut found);
    }
    Decided {
        prices: found,
        placed: orders.placed,
        bound,
    }
}

/// Orders with a minimum, and what becomes of them.
#[derive(Clone)]
struct Orders<'a> {
    minimums: &'a [OrderMinimum],
    /// The lines of each order that has a minimum.
    members: Vec<Vec<(usize, Plan)>>,
    placed: Vec<Placed>,
    /// Orders for which what they need is kept.
    kept: Vec<bool>,
    /// The order that is kept whatever others are worth.
    first: Option<usize>,
}

impl<'a> Orders<'a> {
    fn new<L: Lines + ?Sized>(work: &Work<'_, L>, limits: &Limits<'a>) -> Self {
        let n = limits.orders.len();
        let mut members = vec![Vec::new(); n];
        for (place, plan) in work.all_active().filter(|(_, plan)| plan.order != NONE) {
            if limits.orders[plan.order as usize] != OrderMinimum::default() {
                members[plan.order as usize].push((place, *plan));
            }
        }
        Self {
            minimums: limits.orders,
            members,
            placed: vec![Placed::AsWanted; n],
            kept: vec![false; n],
            first: None,
        }
    }

    /// Decides the steps of all lines, from what is kept for orders; the last prices.
    fn decide<L: Lines + ?Sized>(
        &mut self,
        work: &mut Work<'_, L>,
        mut competition: Competition,
        mut prices: Prices,
    ) -> Prices {
        for round in 1..=ROUNDS_MAX {
            fill::settle(work, &competition, &prices);
            let changed = if round < ROUNDS_MAX {
                self.look_at_prices(work, &prices)
            } else {
                self.look_within(work)
            };
            if !changed {
                break;
            }
            if round == ROUNDS_MAX {
                self.use_what_is_left(work, &prices);
                break;
            }
            work.start_again();
            self.give_way(work, &prices);
            competition = Competition::new(work);
            prices = competition.prices(&work.money, &work.room);
        }
        self.open_again(work, &prices);
        prices
    }

    /// Few lines: an order that was left out may be worth more than what was placed before it. Each is tried first,
    /// and all the others after it.
    fn try_others<L: Lines + ?Sized>(&mut self, work: &mut Work<'_, L>, prices: &mut Prices) {
        let left_out: Vec<usize> = (0..self.kept.len())
            .filter(|order| work.left_out[*order])
            .take(TRIED_MAX)
            .collect();
        let mut best = work.worth();
        for order in left_out {
            let mut tried = work.afresh();
            let lines = &self.members[order];
            let Some(raised) = climb::sparing(&mut tried, lines, &self.minimums[order]) else {
                continue;
            };
            for (place, _) in lines {
                tried.floors[*place] = tried.steps[*place];
            }
            let mut orders = Self {
                placed: vec![Placed::AsWanted; self.kept.len()],
                kept: vec![false; self.kept.len()],
                first: Some(order),
                ..self.clone()
            };
            (orders.placed[order], orders.kept[order]) = (raised, true);
            let competition = Competition::new(&tried);
            let first_prices = competition.prices(&tried.money, &tried.room);
            let found = orders.decide(&mut tried, competition, first_prices);
            let worth = tried.worth();
            if worth > best + 1e-6 {
                best = worth;
                *prices = found;
                self.placed = orders.placed;
                *work = tried;
            }
        }
    }

    /// Orders that are placed and below their minimum, those first that are worth least; and what they come to.
    fn below<L: Lines + ?Sized>(&mut self, work: &Work<'_, L>) -> Vec<(usize, Total)> {
        let mut below: Vec<(f64, usize, Total)> = Vec::new();
        for (order, minimum) in self.minimums.iter().enumerate() {
            let lines = &self.members[order];
            if work.left_out[order] || self.kept[order] || lines.is_empty() {
                continue;
            }
            let total = Total::of(work, lines);
            self.placed[order] = if total.units == 0 {
                Placed::NothingWanted
            } else {
                Placed::AsWanted
            };
            if total.units > 0 && !total.reaches(minimum) {
                below.push((climb::worth(work, lines), order, total));
            }
        }
        below.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        below
            .into_iter()
            .map(|(_, order, total)| (order, total))
            .collect()
    }

    /// Raises orders by what is worth least beyond its price, whoever has it now, or leaves them out; whether anything
    /// changed.
    fn look_at_prices<L: Lines + ?Sized>(
        &mut self,
        work: &mut Work<'_, L>,
        prices: &Prices,
    ) -> bool {
        let mut changed = false;
        for order in 0..self.kept.len() {
            let kept = self.kept[order] && self.first != Some(order);
            if kept && climb::beyond(work, &self.members[order], prices) <= 0.0 {
                let lines = &self.members[order];
                let loss_cents = -climb::beyond(work, lines, prices);
                let total = Total::of(work, lines);
                self.placed[order] = total.below_minimum(loss_cents);
                self.leave_out(work, order);
                changed = true;
            }
        }
        for (order, total) in self.below(work) {
            let lines = &self.members[order];
            let placed = Climb::at_prices(work, lines, &self.minimums[order], total, prices);
            self.placed[order] = placed;
            if matches!(placed, Placed::Raised { .. }) {
                self.kept[order] = true;
                for (place, _) in lines {
                    work.floors[*place] = work.steps[*place];
                }
            } else {
                self.leave_out(work, order);
            }
            changed = true;
        }
        changed
    }

    /// Raises orders within what is left, or leaves them out, which may leave enough for the next; whether anything
    /// was left out.
    fn look_within<L: Lines + ?Sized>(&mut self, work: &mut Work<'_, L>) -> bool {
        let mut any = false;
        for (order, total) in self.below(work) {
            let lines = &self.members[order];
            let placed = Climb::within(work, lines, &self.minimums[order], total);
            self.placed[order] = placed;
            if !matches!(placed, Placed::Raised { .. }) {
                self.leave_out(work, order);
                any = true;
            }
        }
        any
    }

    fn leave_out<L: Lines + ?Sized>(&mut self, work: &mut Work<'_, L>, order: usize) {
        work.left_out[order] = true;
        self.kept[order] = false;
        for (place, plan) in &self.members[order] {
            work.floors[*place] = 0;
            work.set(*place, plan, 0);
        }
    }

    /// Leaves out orders for which more is kept than there is, those that are worth least beyond their price first.
    fn give_way<L: Lines + ?Sized>(&mut self, work: &mut Work<'_, L>, prices: &Prices) {
        let broken = |work: &Work<'_, L>, plan: &Plan| {
            let lacks = |left: &[i64], at: u32| left.get(at as usize).is_some_and(|left| *left < 0);
            lacks(&work.money, plan.budget) || lacks(&work.room, plan.site)
        };
        let mut kept: Vec<(f64, usize)> = (0..self.kept.len())
            .filter(|order| self.kept[*order] && self.first != Some(*order))
            .map(|order| (climb::beyond(work, &self.members[order], prices), order))
            .collect();
        kept.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, order) in kept {
            let lines = &self.members[order];
            let needs =
                |(place, plan): &(usize, Plan)| work.steps[*place] > 0 && broken(work, plan);
            if lines.iter().any(needs) {
                self.placed[order] = Total::of(work, lines).above_what_fits();
                self.leave_out(work, order);
            }
        }
    }

    /// What is left by orders that were left out last goes to those that are placed.
    fn use_what_is_left<L: Lines + ?Sized>(&self, work: &mut Work<'_, L>, prices: &Prices) {
        let mut units = vec![0; self.minimums.len()];
        for (place, plan) in work.all_active().filter(|(_, plan)| plan.order != NONE) {
            units[plan.order as usize] += plan.units(work.steps[place]);
        }
        let open = |plan: &Plan| {
            plan.order == NONE
                || units[plan.order as usize] > 0
                || self.minimums[plan.order as usize] == OrderMinimum::default()
        };
        let lines: Vec<(usize, Plan)> = work
            .all_active()
            .filter(|(place, plan)| work.steps[*place] < plan.free() && open(plan))
            .map(|(place, plan)| (place, *plan))
            .collect();
        fill::use_rest(work, &lines, prices);
    }

    /// Orders that were left out are placed after all where those that are placed have left enough, those first that
    /// would be worth most without limits.
    fn open_again<L: Lines + ?Sized>(&mut self, work: &mut Work<'_, L>, prices: &Prices) {
        let wanted = |order: usize| -> f64 {
            let each = self.members[order].iter();
            each.map(|(place, plan)| work.value_of_all(*place, plan, plan.free()))
                .sum()
        };
        let mut left_out: Vec<(f64, usize)> = (0..self.minimums.len())
            .filter(|order| work.left_out[*order])
            .map(|order| (wanted(order), order))
            .collect();
        left_out.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (_, order) in left_out {
            let (minimum, lines) = (&self.minimums[order], &self.members[order]);
            work.left_out[order] = false;
            fill::use_rest(work, lines, prices);
            let total = Total::of(work, lines);
            let mut found = if total.units > 0 && total.reaches(minimum) {
                Placed::AsWanted
            } else {
                Climb::within(work, lines, minimum, total)
            };
            if matches!(found, Placed::MinimumAboveWhatFits { .. }) {
                found = climb::sparing(work, lines, minimum).unwrap_or(found);
                fill::use_rest(work, lines, prices);
            }
            if matches!(found, Placed::AsWanted | Placed::Raised { .. }) {
                self.placed[order] = found;
            } else {
                self.leave_out(work, order);
            }
        }
    }
}
