//! Minimum orders: an order that its lines leave below the minimum is raised to it or left out, whichever is worth more.

use std::collections::{BTreeMap, BinaryHeap};

use schema::Cents;

use super::fill::{self, Waiting};
use super::limits::{Limits, OrderMinimum};
use super::line::Lines;
use super::outcome::Placed;
use super::plan::{NONE, Plan};
use super::prices::{self, Competition, Prices};
use super::work::Work;

/// Rounds of leaving out orders, after each of which the others share anew what those would have used.
const ROUNDS_MAX: u32 = 4;

/// What was decided of everything that is shared.
pub(super) struct Decided {
    pub(super) prices: Prices,
    pub(super) placed: Vec<Placed>,
    pub(super) bound: f64,
}

/// Decides the steps of all lines.
pub(super) fn decide<L: Lines + ?Sized>(work: &mut Work<'_, L>, limits: &Limits<'_>) -> Decided {
    let (money, room) = (work.money.clone(), work.room.clone());
    let members = members(work, limits);
    let mut placed = vec![Placed::AsWanted; limits.orders.len()];
    let mut found = Prices {
        money: vec![0.0; money.len()],
        room: vec![0.0; room.len()],
    };
    for round in 1..=ROUNDS_MAX {
        work.steps.fill(0);
        (work.money, work.room) = (money.clone(), room.clone());
        let competition = Competition::new(work);
        found = competition.prices(&money, &room);
        fill::settle(work, &competition, &found);
        let left_out = look(work, limits, &members, &mut placed);
        if !left_out {
            break;
        }
        if round == ROUNDS_MAX {
            use_what_they_left(work, limits, &found);
        }
    }
    open_again(work, limits, &members, &mut placed, &found);
    let bound = prices::bound(work, &found, &money, &room);
    Decided {
        prices: found,
        placed,
        bound,
    }
}

/// The lines of each order that has a minimum.
fn members<L: Lines + ?Sized>(work: &Work<'_, L>, limits: &Limits<'_>) -> Vec<Vec<(usize, Plan)>> {
    let mut members = vec![Vec::new(); limits.orders.len()];
    for (place, plan) in work.all_active().filter(|(_, plan)| plan.order != NONE) {
        if limits.orders[plan.order as usize] != OrderMinimum::default() {
            members[plan.order as usize].push((place, *plan));
        }
    }
    members
}

/// Raises or leaves out the orders below their minimum; whether one was left out.
///
/// Those that are worth least come first: what they leave may raise the others.
fn look<L: Lines + ?Sized>(
    work: &mut Work<'_, L>,
    limits: &Limits<'_>,
    members: &[Vec<(usize, Plan)>],
    placed: &mut [Placed],
) -> bool {
    let mut below: Vec<(f64, usize, Total)> = Vec::new();
    for (order, minimum) in limits.orders.iter().enumerate() {
        if work.left_out[order] || *minimum == OrderMinimum::default() {
            continue;
        }
        let total = Total::of(work, &members[order]);
        placed[order] = if total.units == 0 {
            Placed::NothingWanted
        } else {
            Placed::AsWanted
        };
        if total.units > 0 && !total.reaches(minimum) {
            below.push((worth(work, &members[order]), order, total));
        }
    }
    below.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut any = false;
    for (_, order, total) in below {
        let lines = &members[order];
        placed[order] = raised(work, lines, &limits.orders[order], total);
        if !matches!(placed[order], Placed::Raised { .. }) {
            leave_out(work, order, lines);
            any = true;
        }
    }
    any
}

/// What the lines of an order are worth as they are.
fn worth<L: Lines + ?Sized>(work: &Work<'_, L>, lines: &[(usize, Plan)]) -> f64 {
    let each = lines.iter();
    each.map(|(place, plan)| work.value_of_all(*place, plan, work.steps[*place]))
        .sum()
}

fn leave_out<L: Lines + ?Sized>(work: &mut Work<'_, L>, order: usize, lines: &[(usize, Plan)]) {
    work.left_out[order] = true;
    for (place, plan) in lines {
        work.set(*place, plan, 0);
    }
}

/// Orders that were left out are placed after all where those that are placed have left enough.
fn open_again<L: Lines + ?Sized>(
    work: &mut Work<'_, L>,
    limits: &Limits<'_>,
    members: &[Vec<(usize, Plan)>],
    placed: &mut [Placed],
    prices: &Prices,
) {
    for (order, minimum) in limits.orders.iter().enumerate() {
        if !work.left_out[order] {
            continue;
        }
        let lines = &members[order];
        work.left_out[order] = false;
        fill::use_rest(work, lines, prices);
        let total = Total::of(work, lines);
        let found = if total.reaches(minimum) {
            Placed::AsWanted
        } else if total.units > 0 {
            raised(work, lines, minimum, total)
        } else {
            placed[order]
        };
        if total.units > 0 && matches!(found, Placed::AsWanted | Placed::Raised { .. }) {
            placed[order] = found;
        } else {
            leave_out(work, order, lines);
        }
    }
}

/// In the last round what is left by orders that were left out goes to those that are placed.
fn use_what_they_left<L: Lines + ?Sized>(
    work: &mut Work<'_, L>,
    limits: &Limits<'_>,
    prices: &Prices,
) {
    let mut units = vec![0; limits.orders.len()];
    for (place, plan) in work.all_active().filter(|(_, plan)| plan.order != NONE) {
        units[plan.order as usize] += plan.units(work.steps[place]);
    }
    let open = |plan: &Plan| {
        plan.order == NONE
            || units[plan.order as usize] > 0
            || limits.orders[plan.order as usize] == OrderMinimum::default()
    };
    let lines: Vec<(usize, Plan)> = work
        .all_active()
        .filter(|(place, plan)| work.steps[*place] < plan.free() && open(plan))
        .map(|(place, plan)| (place, *plan))
        .collect();
    fill::use_rest(work, &lines, prices);
}

/// What the lines of an order come to.
#[derive(Debug, Clone, Copy)]
struct Total {
    units: u64,
    cost: i64,
}

impl Total {
    fn of<L: Lines + ?Sized>(work: &Work<'_, L>, lines: &[(usize, Plan)]) -> Self {
        let mut total = Self { units: 0, cost: 0 };
        for (place, plan) in lines {
            total.add(plan, plan.units(work.steps[*place]));
        }
        total
    }

    fn add(&mut self, plan: &Plan, units: u64) {
        self.units += units;
        self.cost = self.cost.saturating_add(plan.cost(units));
    }

    fn reaches(&self, minimum: &OrderMinimum) -> bool {
        self.units >= minimum.units && self.cost >= minimum.money.0
    }
}

/// Raises an order to its minimum where that is worth more than not ordering, or leaves all as it was.
fn raised<L: Lines + ?Sized>(
    work: &mut Work<'_, L>,
    lines: &[(usize, Plan)],
    minimum: &OrderMinimum,
    wanted: Total,
) -> Placed {
    let reachable = reachable(work, lines);
    if !reachable.reaches(minimum) {
        return above_what_fits(reachable);
    }
    let before: Vec<u32> = lines.iter().map(|(place, _)| work.steps[*place]).collect();
    let at_first = worth(work, lines);
    let mut climb = Climb {
        total: wanted,
        left: at_first,
        per_cent: None,
        per_unit: None,
    };
    let money = |plan: &Plan, units: u64| plan.cost(units) as f64;
    climb.per_cent = climb.up(work, lines, money, |total| total.cost >= minimum.money.0);
    let pieces = |_: &Plan, units: u64| units as f64;
    climb.per_unit = climb.up(work, lines, pieces, |total| total.units >= minimum.units);
    if climb.left > 0.0 && climb.total.reaches(minimum) {
        return Placed::Raised {
            cost_cents: at_first - climb.left,
            per_unit_cents: climb.per_unit,
            per_cent_cents: climb.per_cent,
        };
    }
    for ((place, plan), steps) in lines.iter().zip(before) {
        work.set(*place, plan, steps);
    }
    if climb.left > 0.0 {
        return above_what_fits(climb.total);
    }
    Placed::BelowMinimum {
        wanted_units: wanted.units,
        wanted_cost: Cents(wanted.cost),
        loss_cents: -climb.left,
    }
}

fn above_what_fits(reachable: Total) -> Placed {
    Placed::MinimumAboveWhatFits {
        reachable_units: reachable.units,
        reachable_cost: Cents(reachable.cost),
    }
}

/// The most that lines can come to, each within its own bounds, and together within what is left of sites and budgets.
fn reachable<L: Lines + ?Sized>(work: &Work<'_, L>, lines: &[(usize, Plan)]) -> Total {
    let (mut units, mut cost) = (BTreeMap::new(), BTreeMap::new());
    for (place, plan) in lines {
        let held = plan.units(work.steps[*place]);
        let most = plan.units(plan.allowed);
        let of_site = units.entry(plan.site).or_insert((0u64, 0u64));
        *of_site = (of_site.0 + most, of_site.1 + held);
        let of_budget = cost.entry(plan.budget).or_insert((0i64, 0i64));
        *of_budget = (
            of_budget.0.saturating_add(plan.cost(most)),
            of_budget.1.saturating_add(plan.cost(held)),
        );
    }
    let units = units.into_iter().map(|(site, (most, held))| {
        let room = work.room.get(site as usize).copied();
        room.map_or(most, |room| most.min(held + room.max(0) as u64))
    });
    let cost = cost.into_iter().map(|(budget, (most, held))| {
        let money = work.money.get(budget as usize).copied();
        money.map_or(most, |money| most.min(held.saturating_add(money.max(0))))
    });
    Total {
        units: units.sum(),
        cost: cost.fold(0, i64::saturating_add),
    }
}

/// An order on its way to its minimum.
struct Climb {
    total: Total,
    /// What the order is still worth over not ordering.
    left: f64,
    per_cent: Option<f64>,
    per_unit: Option<f64>,
}

impl Climb {
    /// Takes the steps that cost least for what they count, until it is enough, nothing fits any more, or not ordering
    /// would be better; what the last step cost for each of what it counts, where there was one.
    fn up<L: Lines + ?Sized>(
        &mut self,
        work: &mut Work<'_, L>,
        lines: &[(usize, Plan)],
        counts: impl Fn(&Plan, u64) -> f64,
        enough: impl Fn(&Total) -> bool,
    ) -> Option<f64> {
        let next = |work: &Work<'_, L>, at: usize| {
            let (place, plan) = &lines[at];
            let step = work.steps[*place].checked_add(1)?;
            let units = plan.units_of(step);
            let counted = counts(plan, units);
            if step > plan.allowed || !work.fits(plan, units) || counted <= 0.0 {
                return None;
            }
            let worth = work.value(*place, plan, step) / counted;
            Some(Waiting { worth, place: at })
        };
        let mut heap: BinaryHeap<Waiting> =
            (0..lines.len()).filter_map(|at| next(work, at)).collect();
        let mut last = None;
        while !enough(&self.total) && self.left > 0.0 {
            let Some(Waiting { worth, place: at }) = heap.pop() else {
                break;
            };
            let (place, plan) = &lines[at];
            let step = work.steps[*place] + 1;
            let units = plan.units_of(step);
            if !work.fits(plan, units) {
                continue;
            }
            self.left += worth * counts(plan, units);
            self.total.add(plan, units);
            work.set(*place, plan, step);
            last = Some(-worth);
            heap.extend(next(work, at));
        }
        last
    }
}
