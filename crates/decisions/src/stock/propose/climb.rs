//! An order on its way to its minimum, by the steps that cost least for what they count.

use std::collections::{BTreeMap, BinaryHeap};

use schema::Cents;

use super::fill::Waiting;
use super::limits::OrderMinimum;
use super::line::Lines;
use super::outcome::Placed;
use super::plan::Plan;
use super::prices::Prices;
use super::work::Work;

/// What the lines of an order come to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Total {
    pub(super) units: u64,
    cost: i64,
}

impl Total {
    pub(super) fn of<L: Lines + ?Sized>(work: &Work<'_, L>, lines: &[(usize, Plan)]) -> Self {
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

    pub(super) fn reaches(&self, minimum: &OrderMinimum) -> bool {
        self.units >= minimum.units && self.cost >= minimum.money.0
    }

    pub(super) fn above_what_fits(&self) -> Placed {
        Placed::MinimumAboveWhatFits {
            reachable_units: self.units,
            reachable_cost: Cents(self.cost),
        }
    }

    pub(super) fn below_minimum(&self, loss_cents: f64) -> Placed {
        Placed::BelowMinimum {
            wanted_units: self.units,
            wanted_cost: Cents(self.cost),
            loss_cents,
        }
    }
}

/// What the lines of an order are worth as they are.
pub(super) fn worth<L: Lines + ?Sized>(work: &Work<'_, L>, lines: &[(usize, Plan)]) -> f64 {
    let each = lines.iter();
    each.map(|(place, plan)| work.value_of_all(*place, plan, work.steps[*place]))
        .sum()
}

/// What they are worth beyond what they pay.
pub(super) fn beyond<L: Lines + ?Sized>(
    work: &Work<'_, L>,
    lines: &[(usize, Plan)],
    prices: &Prices,
) -> f64 {
    let each = lines.iter();
    let pays: f64 = each
        .map(|(place, plan)| prices.of_unit(plan) * plan.units(work.steps[*place]) as f64)
        .sum();
    worth(work, lines) - pays
}

/// The most that lines can come to, each within its own bounds, and together within what is left of sites and budgets
/// beside others, or within all of it.
fn reachable(lines: &[(usize, Plan)], held: impl Fn(usize) -> u32, left: [&[i64]; 2]) -> Total {
    let (mut units, mut cost) = (BTreeMap::new(), BTreeMap::new());
    for (place, plan) in lines {
        let held = plan.units(held(*place));
        let most = plan.units(plan.allowed);
        let of_site = units.entry(plan.site).or_insert((0u64, 0u64));
        *of_site = (of_site.0.saturating_add(most), of_site.1 + held);
        let of_budget = cost.entry(plan.budget).or_insert((0i64, 0i64));
        *of_budget = (
            of_budget.0.saturating_add(plan.cost(most)),
            of_budget.1.saturating_add(plan.cost(held)),
        );
    }
    let [money, room] = left;
    let units = units.into_iter().map(|(site, (most, held))| {
        let room = room.get(site as usize).copied();
        room.map_or(most, |room| most.min(held + room.max(0) as u64))
    });
    let cost = cost.into_iter().map(|(budget, (most, held))| {
        let money = money.get(budget as usize).copied();
        money.map_or(most, |money| most.min(held.saturating_add(money.max(0))))
    });
    Total {
        units: units.fold(0, u64::saturating_add),
        cost: cost.fold(0, i64::saturating_add),
    }
}

/// Most lines of an order for which ways to its minimum are tried that use less of what is scarce.
const SPARING_MAX: usize = 64;

/// Ways tried, each of which counts what is used twice as much.
const WAYS: i32 = 16;

/// Raises an order from nothing by steps that are worth much and use little of what is left, the less the more it takes
/// to reach the minimum. Absent where none of the ways reaches it or is worth anything: then nothing is ordered.
pub(super) fn sparing<L: Lines + ?Sized>(
    work: &mut Work<'_, L>,
    lines: &[(usize, Plan)],
    minimum: &OrderMinimum,
) -> Option<Placed> {
    for (place, plan) in lines {
        work.set(*place, plan, 0);
    }
    if lines.len() > SPARING_MAX {
        return None;
    }
    let first = |(place, plan): &(usize, Plan)| work.value(*place, plan, 1).max(0.0);
    let most: f64 = lines.iter().map(first).fold(0.0, f64::max);
    let wanted: f64 = lines
        .iter()
        .map(|(place, plan)| work.value_of_all(*place, plan, plan.free()))
        .sum();
    for way in 0..WAYS {
        let prices = scarcity(work, lines, most * f64::from(way).exp2() / 16.0);
        let mut climb = Climb {
            lines,
            prices: Some(&prices),
            bounded: true,
            total: Total { units: 0, cost: 0 },
            left: f64::INFINITY,
        };
        let money = |plan: &Plan, units: u64| plan.cost(units) as f64;
        let _ = climb.up(work, money, |total| total.cost >= minimum.money.0);
        let pieces = |_: &Plan, units: u64| units as f64;
        let _ = climb.up(work, pieces, |total| total.units >= minimum.units);
        let worth = worth(work, lines);
        if climb.total.reaches(minimum) && worth > 0.0 {
            return Some(Placed::Raised {
                cost_cents: wanted - worth,
                per_unit_cents: None,
                per_cent_cents: None,
            });
        }
        for (place, plan) in lines {
            work.set(*place, plan, 0);
        }
    }
    None
}

/// Prices at which all that is left of each limit is worth so much.
fn scarcity<L: Lines + ?Sized>(work: &Work<'_, L>, lines: &[(usize, Plan)], worth: f64) -> Prices {
    let mut prices = Prices {
        money: vec![0.0; work.money.len()],
        room: vec![0.0; work.room.len()],
    };
    for (_, plan) in lines {
        for (prices, left, at) in [
            (&mut prices.money, &work.money, plan.budget),
            (&mut prices.room, &work.room, plan.site),
        ] {
            let both = prices.get_mut(at as usize).zip(left.get(at as usize));
            if let Some((price, left)) = both {
                *price = worth / (*left).max(1) as f64;
            }
        }
    }
    prices
}

/// An order on its way to its minimum.
pub(super) struct Climb<'a> {
    lines: &'a [(usize, Plan)],
    /// What it pays for what it takes; absent where that is nothing.
    prices: Option<&'a Prices>,
    /// Whether it takes only what nobody has.
    bounded: bool,
    total: Total,
    /// What the order is still worth, beyond what it pays, over not ordering.
    left: f64,
}

impl<'a> Climb<'a> {
    /// Raises an order to its minimum within what is left, where that is worth more than not ordering; or leaves all as
    /// it was.
    pub(super) fn within<L: Lines + ?Sized>(
        work: &mut Work<'_, L>,
        lines: &'a [(usize, Plan)],
        minimum: &OrderMinimum,
        total: Total,
    ) -> Placed {
        let reachable = reachable(lines, |place| work.steps[place], [&work.money, &work.room]);
        let climb = Self {
            lines,
            prices: None,
            bounded: true,
            total,
            left: worth(work, lines),
        };
        climb.raised(work, minimum, reachable)
    }

    /// The same by what others would have to give up, at its price.
    pub(super) fn at_prices<L: Lines + ?Sized>(
        work: &mut Work<'_, L>,
        lines: &'a [(usize, Plan)],
        minimum: &OrderMinimum,
        total: Total,
        prices: &'a Prices,
    ) -> Placed {
        let reachable = reachable(lines, |_| 0, [&work.all_money, &work.all_room]);
        let climb = Self {
            lines,
            prices: Some(prices),
            bounded: false,
            total,
            left: beyond(work, lines, prices),
        };
        climb.raised(work, minimum, reachable)
    }

    fn raised<L: Lines + ?Sized>(
        mut self,
        work: &mut Work<'_, L>,
        minimum: &OrderMinimum,
        reachable: Total,
    ) -> Placed {
        if !reachable.reaches(minimum) {
            return reachable.above_what_fits();
        }
        let wanted = self.total;
        let before: Vec<u32> = self
            .lines
            .iter()
            .map(|(place, _)| work.steps[*place])
            .collect();
        let at_first = worth(work, self.lines);
        let money = |plan: &Plan, units: u64| plan.cost(units) as f64;
        let per_cent_cents = self.up(work, money, |total| total.cost >= minimum.money.0);
        let pieces = |_: &Plan, units: u64| units as f64;
        let per_unit_cents = self.up(work, pieces, |total| total.units >= minimum.units);
        if self.left > 0.0 && self.total.reaches(minimum) {
            return Placed::Raised {
                cost_cents: at_first - worth(work, self.lines),
                per_unit_cents,
                per_cent_cents,
            };
        }
        for ((place, plan), steps) in self.lines.iter().zip(before) {
            work.set(*place, plan, steps);
        }
        if self.left > 0.0 {
            self.total.above_what_fits()
        } else {
            wanted.below_minimum(-self.left)
        }
    }

    /// The next step of a line, by what it is worth for each of what it counts; absent where there is none.
    fn next<L: Lines + ?Sized>(
        &self,
        work: &Work<'_, L>,
        at: usize,
        counts: impl Fn(&Plan, u64) -> f64,
    ) -> Option<Waiting> {
        let (place, plan) = &self.lines[at];
        let step = work.steps[*place].checked_add(1)?;
        let units = plan.units_of(step);
        let counted = counts(plan, units);
        let fits = !self.bounded || work.fits(plan, units);
        if step > plan.allowed || !fits || counted <= 0.0 {
            return None;
        }
        let pays = self.prices.map_or(0.0, |prices| prices.of_unit(plan)) * units as f64;
        let worth = (work.value(*place, plan, step) - pays) / counted;
        Some(Waiting { worth, place: at })
    }

    /// Takes the steps that cost least for what they count, until it is enough, nothing fits any more, or not ordering
    /// would be better; what the last step cost for each of what it counts, where there was one.
    fn up<L: Lines + ?Sized>(
        &mut self,
        work: &mut Work<'_, L>,
        counts: impl Fn(&Plan, u64) -> f64,
        enough: impl Fn(&Total) -> bool,
    ) -> Option<f64> {
        let each = 0..self.lines.len();
        let mut heap: BinaryHeap<Waiting> =
            each.filter_map(|at| self.next(work, at, &counts)).collect();
        let mut last = None;
        while !enough(&self.total) && self.left > 0.0 {
            let Some(Waiting { worth, place: at }) = heap.pop() else {
                break;
            };
            let (place, plan) = &self.lines[at];
            let step = work.steps[*place] + 1;
            let units = plan.units_of(step);
            if self.bounded && !work.fits(plan, units) {
                continue;
            }
            self.left += worth * counts(plan, units);
            self.total.add(plan, units);
            work.set(*place, plan, step);
            last = Some(-worth);
            heap.extend(self.next(work, at, &counts));
        }
        last
    }
}
