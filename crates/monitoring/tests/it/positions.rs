//! Lists that become shorter lead to less, and to no less at their positions.

use crate::simulated::Draws;
use monitoring::positions::{AtPosition, Compared, Lists};
use schema::{Estimate, WhyNot};

/// What is planted of the lists of a period.
#[derive(Clone, Copy)]
struct Planted {
    days: usize,
    a_day: usize,
    /// How long lists are: each of these as often.
    items: &'static [usize],
    /// At each position the chance that the first product that leads to something stands there.
    led: [f64; 4],
}

const LONG: Planted = Planted {
    days: 30,
    a_day: 600,
    items: &[4, 4, 2],
    led: [0.2, 0.1, 0.08, 0.06],
};

/// Lists with their plain share of good ones.
fn drawn(seed: u64, planted: Planted) -> (Lists, f64) {
    let mut draws = Draws::of(seed, 0);
    let mut good = 0;
    let days: Vec<_> = (0..planted.days)
        .map(|_| {
            let longest = planted.items.iter().max().unwrap();
            let mut day = vec![AtPosition::default(); *longest];
            for list in 0..planted.a_day {
                let items = planted.items[list % planted.items.len()];
                let drawn = draws.uniform();
                let mut before = 0.0;
                for (at, led) in day.iter_mut().zip(planted.led).take(items) {
                    let is_here = (before..before + led).contains(&drawn);
                    before += led;
                    good += usize::from(is_here);
                    *at += AtPosition {
                        shown: 1,
                        good: u64::from(is_here),
                    };
                }
            }
            day
        })
        .collect();
    let plain = good as f64 / (planted.days * planted.a_day) as f64;
    (Lists::of_days(days), plain)
}

fn nobody() -> Lists {
    Lists::of_days([])
}

#[test]
fn lists_that_become_shorter_are_no_worse_at_their_positions() {
    // Two of three lists have four products, then one of three.
    let shorter = Planted {
        items: &[4, 2, 2],
        ..LONG
    };
    let ((launch, _), (since, plain)) = (drawn(1, LONG), drawn(2, shorter));
    let found = Compared::of(&launch, &since, &nobody()).unwrap();
    // 0.2 + 0.1 + 2/3 of 0.14, and then 1/3 of it: four standard errors.
    let at_launch = found.at_launch.point().unwrap();
    assert!((at_launch - 0.3933).abs() < 0.015, "{found:?}");
    assert!((plain - 0.3467).abs() < 0.015, "{plain}");
    assert_eq!((found.told, found.of), (4, 4));
    let (low, high) = found.change.interval().unwrap();
    assert!(low < 0.0 && 0.0 < high && high - low < 0.04, "{found:?}");
    assert!((found.items - 8.0 / 3.0).abs() < 1e-9, "{found:?}");
    assert!(
        (found.items_at_launch - 10.0 / 3.0).abs() < 1e-9,
        "{found:?}"
    );
}

#[test]
fn a_position_that_is_no_longer_shown_is_left_out_of_both() {
    let cut = Planted {
        items: &[2],
        ..LONG
    };
    let ((launch, _), (since, _)) = (drawn(3, LONG), drawn(4, cut));
    let found = Compared::of(&launch, &since, &nobody()).unwrap();
    assert_eq!((found.told, found.of), (2, 4));
    assert!(
        (found.at_launch.point().unwrap() - 0.3).abs() < 0.015,
        "{found:?}"
    );
    let (low, high) = found.change.interval().unwrap();
    assert!(low < 0.0 && 0.0 < high, "{found:?}");
}

#[test]
fn lists_that_lead_to_less_at_each_position_are_worse_at_them_too() {
    let worse = Planted {
        led: LONG.led.map(|led| led / 2.0),
        ..LONG
    };
    let ((launch, _), (since, plain)) = (drawn(5, LONG), drawn(6, worse));
    let found = Compared::of(&launch, &since, &launch).unwrap();
    let (_, high) = found.change.interval().unwrap();
    assert!(high < -0.15, "{found:?}");
    assert!(plain < 0.22, "{plain}");
    // With lists as long as before it is the plain share.
    assert!((found.good.point().unwrap() - plain).abs() < 1e-12);
    // The holdout's lists are told at the same positions.
    assert_eq!(found.baseline, found.at_launch);
}

#[test]
fn the_interval_holds_no_change_in_95_of_100_cases() {
    let shorter = Planted {
        items: &[3, 2, 4, 1],
        a_day: 60,
        ..LONG
    };
    let long = Planted { a_day: 60, ..LONG };
    let holds = |seed: &u64| {
        let ((launch, _), (since, _)) = (drawn(2 * seed, long), drawn(2 * seed + 1, shorter));
        let found = Compared::of(&launch, &since, &nobody()).unwrap();
        let (low, high) = found.change.interval().unwrap();
        low <= 0.0 && 0.0 <= high
    };
    let held = (50..450).filter(holds).count();
    // 380 ± 4.4: this still sees an interval that holds in 90 of 100.
    assert!((366..=394).contains(&held), "{held} of 400");
}

#[test]
fn too_few_lists_or_days_are_no_figure() {
    let (launch, _) = drawn(7, LONG);
    let few = |days, a_day| {
        let few = Planted {
            days,
            a_day,
            ..LONG
        };
        Compared::of(&launch, &drawn(8, few).0, &nobody())
    };
    let too_few = |found: u64, needed: u64| match few(found as usize, 1) {
        Err(WhyNot::TooFew {
            found: is,
            needed: of,
            ..
        }) => (is, of) == (found, needed),
        Ok(_) | Err(_) => false,
    };
    assert!(too_few(29, 30));
    let weeks = few(13, 600).unwrap();
    let is_unknown = |of: &Estimate| matches!(of, Estimate::NotMeasurable(WhyNot::TooFew { .. }));
    assert!(is_unknown(&weeks.good) && is_unknown(&weeks.change));
    assert!(is_unknown(&weeks.baseline) && weeks.at_launch.point().is_some());
}
