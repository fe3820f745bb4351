//! Changes that nobody drew, over many simulated chains of stores: intervals cover as often as they say.

use crate::simulated::{Coverage, draws, normal};
use measure::quasi::{
    Change, Panel, Reading, Switchback, Trends, difference_in_differences, switchback,
    synthetic_control,
};
use rand::{Rng, RngExt};

const CASES: u64 = 500;

fn reading(seed: u64) -> Reading {
    Reading {
        level: 0.95,
        draws: 399,
        seed,
    }
}

/// Each period resembles the one before: what makes errors of single periods far too small.
fn serial(random: &mut impl Rng, periods: usize) -> Vec<f64> {
    let mut value = normal(random);
    (0..periods)
        .map(|_| {
            value = 0.7 * value + 0.51_f64.sqrt() * normal(random);
            value
        })
        .collect()
}

/// Stores of different size in a common season; the first `changed` gain `effect` from period 8 of 14 on, and from the
/// first period on `trend` a period.
fn chain(seed: u64, stores: usize, changed: usize, effect: f64, trend: f64) -> Vec<f64> {
    let mut random = draws(11, seed);
    let season = serial(&mut random, 14);
    (0..stores)
        .flat_map(|store| {
            let level = 20.0 + 5.0 * normal(&mut random);
            let noise = serial(&mut random, 14);
            let is = f64::from(u8::from(store < changed));
            let of = |t: usize| {
                let after = f64::from(u8::from(t >= 8));
                level + 3.0 * season[t] + noise[t] + is * (effect * after + trend * t as f64)
            };
            (0..14).map(of).collect::<Vec<_>>()
        })
        .collect()
}

fn first_of(treated: usize, units: usize) -> Vec<bool> {
    (0..units).map(|unit| unit < treated).collect()
}

#[test]
fn clustered_intervals_cover_where_periods_resemble_each_other() {
    let mut coverage = Coverage::default();
    let mut wrong_alarms = Coverage::default();
    let treated = first_of(12, 36);
    let mut errors = Vec::new();
    for case in 0..CASES {
        let values = chain(case, 36, 12, 0.7, 0.0);
        let panel = Panel::new(&values, 14).unwrap();
        let change = Change {
            treated: &treated,
            first: 8,
        };
        let found = difference_in_differences(&panel, &change, &reading(case)).unwrap();
        let size = *found.effect.size().unwrap();
        coverage.add(size.low, 0.7, size.high);
        errors.push(found.point - 0.7);
        let alike = matches!(found.trends, Trends::Alike { .. });
        wrong_alarms.add(0.0, f64::from(u8::from(!alike)), 0.5);
    }
    coverage.assert_is(0.95, "12 stores of 36");
    wrong_alarms.assert_is(0.95, "trends that are alike");
    let bias = errors.iter().sum::<f64>() / errors.len() as f64;
    // The standard error of one case is about 0.3: that of the mean of 500 is 0.013.
    assert!(bias.abs() < 0.06, "{bias}");
}

#[test]
fn three_stores_are_covered_by_all_ways_to_place_the_change() {
    let mut coverage = Coverage::default();
    let treated = first_of(3, 24);
    for case in 0..CASES {
        let values = chain(case, 24, 3, 0.7, 0.0);
        let panel = Panel::new(&values, 14).unwrap();
        let change = Change {
            treated: &treated,
            first: 8,
        };
        let found = difference_in_differences(&panel, &change, &reading(case)).unwrap();
        // All 2,024 ways are tried.
        assert!((found.p_least.unwrap() - 1.0 / 2_024.0).abs() < 1e-12);
        let size = *found.effect.size().unwrap();
        coverage.add(size.low, 0.7, size.high);
    }
    coverage.assert_is(0.95, "3 stores of 24");
}

#[test]
fn trends_that_part_before_the_change_are_found() {
    let treated = first_of(12, 36);
    let mut found = 0;
    for case in 0..100 {
        let values = chain(case, 36, 12, 0.0, 0.5);
        let panel = Panel::new(&values, 14).unwrap();
        let change = Change {
            treated: &treated,
            first: 8,
        };
        let read = difference_in_differences(&panel, &change, &reading(case)).unwrap();
        found += u32::from(matches!(read.trends, Trends::Apart { .. }));
        // A trend of 0.5 over 7 periods feigns 3.5, which is what goes unseen by less than that.
        assert!(read.point > 2.0, "{}", read.point);
        assert!(read.unseen_trend.unwrap() < 3.5, "{:?}", read.unseen_trend);
    }
    assert!(found > 90, "{found} of 100");
}

#[test]
fn the_detectable_effect_is_seen_four_times_of_five() {
    let treated = first_of(12, 36);
    let mut seen = Coverage::default();
    for case in 0..CASES {
        let values = chain(case, 36, 12, 0.0, 0.0);
        let panel = Panel::new(&values, 14).unwrap();
        let change = Change {
            treated: &treated,
            first: 8,
        };
        let read = difference_in_differences(&panel, &change, &reading(case)).unwrap();
        let (least, size) = (read.detectable.unwrap(), read.effect.size().unwrap());
        // The same chain with that effect: only the point moves.
        let hidden = size.low + least <= 0.0 && 0.0 <= size.high + least;
        seen.add(0.0, f64::from(u8::from(hidden)), 0.5);
    }
    // A normal quantile plans, Student's reads: a point or two below 80.
    seen.assert_is(0.78, "effects of the size that is said to be seen");
}

/// Stores on two courses, in shares of their own.
fn courses(seed: u64, stores: usize, effect: f64) -> Vec<f64> {
    let mut random = draws(13, seed);
    let (one, two) = (serial(&mut random, 20), serial(&mut random, 20));
    (0..stores)
        .flat_map(|store| {
            let share: f64 = random.random();
            let level = 20.0 + 5.0 * normal(&mut random);
            let noise = serial(&mut random, 20);
            let of = |t: usize| {
                let gain = if store == 0 && t >= 14 { effect } else { 0.0 };
                level + 4.0 * (share * one[t] + (1.0 - share) * two[t]) + 0.5 * noise[t] + gain
            };
            (0..20).map(of).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn placebos_cover_and_seldom_cry_wolf() {
    let treated = first_of(1, 40);
    let (mut coverage, mut quiet) = (Coverage::default(), Coverage::default());
    let (mut gap, mut plain) = (0.0, 0.0);
    for case in 0..CASES {
        let values = courses(case, 40, 1.5);
        let panel = Panel::new(&values, 20).unwrap();
        let change = Change {
            treated: &treated,
            first: 14,
        };
        let found = synthetic_control(&panel, &change, true, &reading(case)).unwrap();
        assert!(
            found.convergence.converged,
            "{case}: {:?}",
            found.convergence
        );
        let size = *found.effect.size().unwrap();
        coverage.add(size.low, 1.5, size.high);
        gap += (found.point - 1.5).abs();
        let nothing = courses(case, 40, 0.0);
        let panel = Panel::new(&nothing, 20).unwrap();
        let found = synthetic_control(&panel, &change, true, &reading(case)).unwrap();
        quiet.add(0.0, f64::from(u8::from(found.p_value <= 0.05)), 0.5);
        let did = difference_in_differences(&panel, &change, &reading(case)).unwrap();
        plain += did.point.abs();
    }
    coverage.assert_is(0.95, "one store of 40");
    quiet.assert_is(0.95, "nothing happened");
    // Weights that follow the store's own course are nearer to the truth than the mean of all others.
    assert!(gap < 0.8 * plain, "{gap} against {plain}");
}

/// Blocks of 4 periods in a season, half of them drawn; the change adds 1, and in the period after a switch back 2 are
/// left of it.
fn switched(seed: u64) -> (Vec<f64>, Vec<bool>) {
    let mut random = draws(17, seed);
    let season = serial(&mut random, 160);
    let mut treated = first_of(20, 40);
    for block in 0..40 {
        let place = random.random_range(block..40);
        treated.swap(block, place);
    }
    let with = |t: usize| treated[t / 4];
    let outcomes = (0..160)
        .map(|t| {
            let own = if with(t) { 1.0 } else { 0.0 };
            let left = if t > 0 && with(t - 1) && !with(t) {
                2.0
            } else {
                0.0
            };
            10.0 + season[t] + own + left
        })
        .collect();
    (outcomes, treated)
}

#[test]
fn switchbacks_cover_with_a_burn_in_and_not_without() {
    let (mut with, mut drawn) = (Coverage::default(), Coverage::default());
    let mut missed = 0.0;
    for case in 0..CASES {
        let (outcomes, treated) = switched(case);
        let of = |burn_in: usize| {
            let experiment = Switchback {
                outcomes: &outcomes,
                treated: &treated,
                block: 4,
                burn_in,
            };
            switchback(&experiment, &reading(case)).unwrap()
        };
        let (read, naive) = (of(1), of(0));
        let size = *read.effect.size().unwrap();
        with.add(size.low, 1.0, size.high);
        drawn.add(0.0, f64::from(u8::from(read.order_p_value <= 0.05)), 0.5);
        missed += naive.point - 1.0;
        let (block, serial) = (read.block_error, read.serial_error);
        assert!(block > 0.0 && serial > 0.0, "{read:?}");
    }
    with.assert_is(0.95, "burn-in of one period");
    // Switches are counted in whole numbers: a bound of 5 % is one of about 3.
    drawn.assert_is(0.97, "blocks that were drawn");
    // What is left after a switch back counts for the control: about half of its blocks gain 2 / 4.
    let bias = missed / CASES as f64;
    assert!(bias < -0.15, "{bias}");
}
