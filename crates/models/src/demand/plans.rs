//! What trees see of what is known ahead: promotions, holidays, openings, prices.

use super::meaning::{Driver, Row};
use super::recent::window;
use super::standing::Standing;

/// Periods counted to the nearest opening, closing, holiday or promotion at most.
const NEAR: usize = 14;

pub(super) fn of_promotions(
    all: &[f32],
    stands: &Standing<'_>,
    lately: usize,
    period: usize,
    row: &mut impl Row,
) {
    let none = |v: f32| v.is_nan() || v <= 0.0;
    let last = window(all, stands.known, lately);
    let among = last.iter().filter(|v| **v > 0.0).count() as f32 / last.len().max(1) as f32;
    let effect = stands.effect_of_promotions.map_or(f32::NAN, |of| of as f32);
    let mut add = |name, value| row.add(name, Driver::Promotion, value);
    add(format_args!("promotion"), all[period]);
    add(format_args!("promotion before"), before(all, period));
    add(format_args!("promotion after"), after(all, period));
    let so_far = near(all, period, Way::Back, none);
    add(format_args!("periods of promotion so far"), so_far);
    let left = near(all, period, Way::On, none);
    add(format_args!("periods of promotion left"), left);
    add(format_args!("effect of promotions so far"), effect);
    let year_before = at(all, stands.years_before(period, 1));
    add(format_args!("promotion a year ago"), year_before);
    add(format_args!("promotion among the last"), among);
}

pub(super) fn of_holidays(
    all: &[f32],
    period: usize,
    year_before: Option<usize>,
    row: &mut impl Row,
) {
    let is = |v: f32| v > 0.0;
    let mut add = |name, value| row.add(name, Driver::Holiday, value);
    add(format_args!("holiday"), all[period]);
    add(format_args!("holiday before"), before(all, period));
    add(format_args!("holiday after"), after(all, period));
    let since = near(all, period, Way::Back, is);
    add(format_args!("since a holiday"), since);
    let until = near(all, period, Way::On, is);
    add(format_args!("until a holiday"), until);
    add(format_args!("holiday a year ago"), at(all, year_before));
}

pub(super) fn of_schools(all: &[f32], period: usize, row: &mut impl Row) {
    let mut add = |name, value| row.add(name, Driver::Holiday, value);
    add(format_args!("school holiday"), all[period]);
    add(format_args!("school holiday after"), after(all, period));
    let so_far = near(all, period, Way::Back, |v| v.is_nan() || v <= 0.0);
    add(format_args!("school holiday so far"), so_far);
}

pub(super) fn of_openings(all: &[f32], period: usize, row: &mut impl Row) {
    let closed = |v: f32| v <= 0.0;
    let since = near(all, period, Way::Back, closed);
    let length = period.checked_sub(since as usize).map_or(0.0, |last| {
        near(all, last + 1, Way::Back, |v| v > 0.0) - 1.0
    });
    let mut add = |name, value| row.add(name, Driver::Week, value);
    add(format_args!("share of the period open"), all[period]);
    add(format_args!("closed before"), before(all, period).min(1.0));
    add(format_args!("closed after"), after(all, period).min(1.0));
    add(format_args!("since closed"), since);
    let until = near(all, period, Way::On, closed);
    add(format_args!("until closed"), until);
    let name = format_args!("length of the last closure");
    add(name, length.max(0.0));
}

/// - `usual`: mean of the last prices.
pub(super) fn of_prices(all: &[f32], usual: Option<f64>, period: usize, row: &mut impl Row) {
    let usual = usual.filter(|usual| *usual > 0.0);
    let relative = |price: f32| usual.map(|usual| f64::from(price) / usual);
    let mut add = |name, value| row.add_known(name, Driver::Price, value);
    add(format_args!("price"), relative(all[period]));
    add(format_args!("price before"), relative(before(all, period)));
}

fn at(all: &[f32], period: Option<usize>) -> f32 {
    let value = period.and_then(|period| all.get(period));
    value.copied().unwrap_or(f32::NAN)
}

fn before(all: &[f32], period: usize) -> f32 {
    at(all, period.checked_sub(1))
}

fn after(all: &[f32], period: usize) -> f32 {
    at(all, Some(period + 1))
}

/// In which direction is looked.
enum Way {
    Back,
    On,
}

/// Periods to the nearest one that is so, not counting the one stood on; [`NEAR`] where there is none nearer.
fn near(all: &[f32], period: usize, way: Way, is: impl Fn(f32) -> bool) -> f32 {
    let found = (1..NEAR).find(|n| {
        let at = match way {
            Way::Back => period.checked_sub(*n),
            Way::On => Some(period + n),
        };
        at.and_then(|at| all.get(at))
            .is_some_and(|value| is(*value))
    });
    found.unwrap_or(NEAR) as f32
}
