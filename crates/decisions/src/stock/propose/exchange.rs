//! Few lines with large packs: what prices leave unused is used by exchanging packs.
//!
//! Where many lines share a limit, the last pack that does not fit is next to nothing. Where few do, a pack that is
//! worth more may be kept out by some that are worth less together: it is tried in their place.

use super::line::Lines;
use super::plan::{NONE, Plan};
use super::prices::{Competition, Prices};
use super::work::Work;

/// Most lines that share a limit for their packs to be exchanged.
const MATES_MAX: usize = 64;

/// Most rounds over all lines.
const ROUNDS_MAX: u32 = 8;

/// What gains less than this, in cents, gains something only by rounding.
const NOTHING: f64 = 1e-6;

/// Exchanges packs between lines that share scarce limits with few others, as long as that gains something.
pub(super) fn exchange<L: Lines + ?Sized>(
    work: &mut Work<'_, L>,
    competition: &Competition,
    prices: &Prices,
) {
    for _ in 0..ROUNDS_MAX {
        let mut gained = false;
        for at in 0..competition.n() {
            if let Some(mates) = competition.mates(at, MATES_MAX) {
                let (place, plan) = competition.line(at);
                gained |= tried(work, prices, (place, &plan), &mates);
            }
        }
        if !gained {
            return;
        }
    }
}

/// Gives a line one more step in place of others' steps, where that gains something.
fn tried<L: Lines + ?Sized>(
    work: &mut Work<'_, L>,
    prices: &Prices,
    (place, plan): (usize, &Plan),
    mates: &[(usize, Plan)],
) -> bool {
    let step = work.steps[place] + 1;
    if work.active(place).is_none() || step > plan.free() {
        return false;
    }
    let value = work.value(place, plan, step);
    let pays = prices.of_unit(plan) * plan.units_of(step) as f64;
    // Others that give way lose what they pay at least: no more can be gained than what is unused at its price.
    if value - pays + unused(work, prices, plan) <= NOTHING {
        return false;
    }
    let before: Vec<u32> = mates.iter().map(|(mate, _)| work.steps[*mate]).collect();
    work.set(place, plan, step);
    let gained = given_way(work, place, plan, mates).map(|lost| {
        let filled = filled(work, prices, mates);
        value - lost + filled
    });
    if gained.is_some_and(|gained| gained > NOTHING) {
        return true;
    }
    for ((mate, plan), steps) in mates.iter().zip(before) {
        work.set(*mate, plan, steps);
    }
    false
}

/// What is left of the limits of a line, at their prices.
fn unused<L: Lines + ?Sized>(work: &Work<'_, L>, prices: &Prices, plan: &Plan) -> f64 {
    let worth = |prices: &[f64], left: &[i64], at: u32| {
        let both = prices.get(at as usize).zip(left.get(at as usize));
        both.map_or(0.0, |(price, left)| price * (*left).max(0) as f64)
    };
    worth(&prices.money, &work.money, plan.budget) + worth(&prices.room, &work.room, plan.site)
}

/// Takes steps of others until the limits of a line are kept again, those that lose least for what they free; what is
/// lost. Absent where that is not possible.
fn given_way<L: Lines + ?Sized>(
    work: &mut Work<'_, L>,
    place: usize,
    plan: &Plan,
    mates: &[(usize, Plan)],
) -> Option<f64> {
    let mut lost = 0.0;
    loop {
        let lacking = |left: &[i64], at: u32| {
            let left = left.get(at as usize).copied().unwrap_or(0);
            (-left).max(0) as f64
        };
        let money = lacking(&work.money, plan.budget);
        let room = lacking(&work.room, plan.site);
        if money == 0.0 && room == 0.0 {
            return Some(lost);
        }
        let cheapest = mates
            .iter()
            .filter(|(mate, _)| *mate != place && work.steps[*mate] > 0)
            .filter_map(|(mate, of)| {
                let step = work.steps[*mate];
                let units = of.units_of(step);
                let share = |same: bool, freed: f64, lacking: f64| {
                    if same && lacking > 0.0 {
                        (freed / lacking).min(1.0)
                    } else {
                        0.0
                    }
                };
                let same_budget = of.budget == plan.budget && of.budget != NONE;
                let same_site = of.site == plan.site && of.site != NONE;
                let freed = share(same_budget, of.cost(units) as f64, money)
                    + share(same_site, units as f64, room);
                let value = work.value(*mate, of, step);
                (freed > 0.0).then_some((value / freed, value, *mate, of))
            })
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let (_, value, mate, of) = cheapest?;
        lost += value;
        work.set(mate, of, work.steps[mate] - 1);
    }
}

/// Takes steps that fit, those first that are worth most for what they pay; what they are worth.
fn filled<L: Lines + ?Sized>(
    work: &mut Work<'_, L>,
    prices: &Prices,
    mates: &[(usize, Plan)],
) -> f64 {
    let mut gained = 0.0;
    loop {
        let best = mates
            .iter()
            .filter(|(mate, of)| work.active(*mate).is_some() && work.steps[*mate] < of.free())
            .filter(|(mate, of)| work.fits(of, of.units_of(work.steps[*mate] + 1)))
            .map(|(mate, of)| {
                let step = work.steps[*mate] + 1;
                let value = work.value(*mate, of, step);
                let pays = prices.of_unit(of) * of.units_of(step) as f64;
                (value / pays.max(f64::MIN_POSITIVE), value, *mate, of)
            })
            .filter(|(_, value, ..)| *value > 0.0)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, value, mate, of)) = best else {
            return gained;
        };
        gained += value;
        work.set(mate, of, work.steps[mate] + 1);
    }
}
