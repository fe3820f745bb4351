//! What is told of an order: figures, what asked for it and what stopped it.

use schema::Cents;

use super::curve::{self, Curve};
use super::errors::LineError;
use super::line::{Line, Lines, Unmet};
use super::outcome::{Asked, Binding, Cover, Outcome, Proposal, Stopped};
use super::plan::{Held, NONE, Plan};
use super::prices::Prices;
use super::work::Work;

/// Tells of a line whose steps are decided.
pub(super) fn outcome<L: Lines + ?Sized>(
    work: &Work<'_, L>,
    prices: &Prices,
    place: usize,
) -> Outcome {
    match proposal(work, prices, place) {
        Ok(proposal) => Outcome::Proposed(proposal),
        Err(error) => Outcome::Refused(error),
    }
}

fn proposal<L: Lines + ?Sized>(
    work: &Work<'_, L>,
    prices: &Prices,
    place: usize,
) -> Result<Proposal, LineError> {
    let plan = work.plans[place]?;
    let line = work.lines.line(place)?;
    let steps = work.steps[place];
    curve::with(&line, |curve| {
        let figures = Figures::of(&line, curve, &plan, steps);
        let units = plan.units(steps);
        Proposal {
            quantity_units: units,
            cost: Cents(plan.cost(units)),
            position_units: plan.position,
            wanted_units: plan.units(plan.wanted),
            cover: figures.cover,
            stockout_probability: figures.stockout,
            stockout_before_arrival: figures.stockout_before,
            expected_lost_units: figures.lost,
            expected_left_units: figures.left,
            expected_waste_units: figures.waste,
            asked: if steps == 0 {
                Asked::Nothing
            } else {
                plan.asked(curve, steps)
            },
            stopped: stopped(work, prices, place, &plan, curve),
            binding: binding(work, prices, place, &plan, curve),
        }
    })
}

struct Figures {
    cover: Cover,
    stockout: f64,
    stockout_before: Option<f64>,
    lost: f64,
    left: f64,
    waste: Option<f64>,
}

impl Figures {
    fn of(line: &Line<'_>, curve: &Curve<'_>, plan: &Plan, steps: u32) -> Self {
        let (position, after) = (plan.position as f64, plan.after(steps));
        let mean = line.demand.mean();
        let before = line.until_arrival;
        let lost_before = match line.unmet {
            Unmet::Lost => before.map_or(0.0, |before| before.shortage(position)),
            Unmet::Waits => 0.0,
        };
        Self {
            cover: if mean > 0.0 {
                Cover::Days((after / mean * line.protection_days).max(0.0))
            } else {
                Cover::NoDemand
            },
            stockout: curve.demand.above(after),
            stockout_before: before.map(|before| before.above(position)),
            lost: lost_before + curve.demand.shortage(after),
            left: curve.demand.left_over(after),
            // Of q units those perish that are left of all, less those that are left of what was there before.
            waste: line.shelf_life.map(|life| {
                let perished = life.demand.left_over(after) - life.demand.left_over(position);
                perished.max(0.0)
            }),
        }
    }
}

fn left_out<L: Lines + ?Sized>(work: &Work<'_, L>, plan: &Plan) -> bool {
    plan.order != NONE && work.left_out[plan.order as usize]
}

fn stopped<L: Lines + ?Sized>(
    work: &Work<'_, L>,
    prices: &Prices,
    place: usize,
    plan: &Plan,
    curve: &Curve<'_>,
) -> Stopped {
    let steps = work.steps[place];
    match plan.held {
        Held::Contradiction(contradiction) => return Stopped::Contradiction(contradiction),
        _ if left_out(work, plan) && plan.free() > 0 => return Stopped::OrderNotPlaced,
        _ if steps < plan.free() => return shared(work, prices, place, plan),
        Held::SlowPack => {
            let yearly_units = curve.yearly;
            return Stopped::PackAboveYearlyDemand { yearly_units };
        }
        Held::Capacity if plan.allowed < plan.wanted => return Stopped::LineCapacity,
        Held::ShelfLife if plan.allowed < plan.wanted => return Stopped::ShelfLife,
        Held::Free | Held::Capacity | Held::ShelfLife => {}
    }
    Stopped::Enough {
        next_pack_cents: plan.net(curve, steps.saturating_add(1)),
    }
}

/// Which of two shared limits stopped a line: the one that has too little left, or of both the dearer.
fn shared<L: Lines + ?Sized>(
    work: &Work<'_, L>,
    prices: &Prices,
    place: usize,
    plan: &Plan,
) -> Stopped {
    let units = plan.units_of(work.steps[place] + 1);
    let money = work.money.get(plan.budget as usize);
    let room = work.room.get(plan.site as usize);
    let no_money = money.is_some_and(|money| plan.cost(units) > *money);
    let no_room = room.is_some_and(|room| units as i64 > *room);
    let dear = |price: Option<&f64>| price.copied().unwrap_or_default();
    let of_money = dear(prices.money.get(plan.budget as usize)) * plan.unit_cost as f64;
    let of_room = dear(prices.room.get(plan.site as usize));
    let by_money = match (no_money, no_room) {
        (true, false) => true,
        (false, true) => false,
        _ => of_money >= of_room,
    };
    if by_money {
        Stopped::Budget
    } else {
        Stopped::SiteCapacity
    }
}

fn binding<L: Lines + ?Sized>(
    work: &Work<'_, L>,
    prices: &Prices,
    place: usize,
    plan: &Plan,
    curve: &Curve<'_>,
) -> Binding {
    let steps = work.steps[place];
    let mut binding = Binding::default();
    if left_out(work, plan) || matches!(plan.held, Held::Contradiction(_)) {
        return binding;
    }
    if steps >= plan.allowed && plan.allowed < plan.wanted {
        let next = steps.saturating_add(1);
        let worth = plan.value(curve, next) / plan.units_of(next) as f64;
        let worth = (worth - prices.of_unit(plan)).max(0.0);
        match plan.held {
            Held::Capacity => binding.line_capacity = Some(worth),
            Held::ShelfLife => binding.shelf_life = Some(worth),
            Held::Free | Held::SlowPack | Held::Contradiction(_) => {}
        }
    }
    let more = steps < plan.wanted;
    let above_0 = |price: Option<&f64>| price.copied().filter(|price| more && *price > 0.0);
    binding.budget = above_0(prices.money.get(plan.budget as usize));
    binding.site_capacity = above_0(prices.room.get(plan.site as usize));
    binding
}
