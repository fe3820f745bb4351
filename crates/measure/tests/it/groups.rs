//! Effects in groups: all intervals cover at once as often as they say.

use crate::simulated::{Coverage, close, draws, exponential, normal};
use measure::effects::{Effect, Moments, Same, Scale, difference, in_groups};
use schema::WhyNot;

/// Two arms of each of four groups of skewed spend, of different size; the third gains `more` beside what all gain.
fn four(case: u64, more: f64) -> Vec<[Moments; 2]> {
    let mut random = draws(23, case);
    let mut group = |size: usize, gain: f64| {
        let mut arm = |added: f64| {
            let rows = (0..size).map(|_| {
                let before = exponential(&mut random);
                [before + normal(&mut random) + added, before]
            });
            Moments::of_rows(2, rows.collect::<Vec<_>>()).unwrap()
        };
        [arm(0.0), arm(gain)]
    };
    vec![
        group(400, 0.2),
        group(200, 0.2),
        group(100, 0.2 + more),
        group(60, 0.2),
    ]
}

fn read(groups: &[[Moments; 2]]) -> measure::effects::InGroups {
    let pairs: Vec<[&Moments; 2]> = groups.iter().map(|[one, two]| [one, two]).collect();
    in_groups(&pairs, 0.95).unwrap()
}

#[test]
fn all_intervals_cover_at_once_and_equal_groups_are_seldom_told_apart() {
    let (mut coverage, mut quiet) = (Coverage::default(), Coverage::default());
    for case in 0..1_000 {
        let found = read(&four(case, 0.0));
        let covers = |effect: &Effect| effect.size().is_some_and(|s| s.low <= 0.2 && 0.2 <= s.high);
        let all = found.effects.iter().all(covers);
        coverage.add(0.0, f64::from(u8::from(!all)), 0.5);
        quiet.add(
            0.0,
            f64::from(u8::from(found.same.p_value().unwrap() <= 0.05)),
            0.5,
        );
    }
    coverage.assert_is(0.95, "four groups at once");
    quiet.assert_is(0.95, "groups that gain the same");
}

#[test]
fn a_group_that_gains_more_is_told_apart() {
    let apart = (0..200).filter(|case| read(&four(*case, 1.0)).same.p_value().unwrap() <= 0.05);
    assert!(apart.count() > 190);
}

#[test]
fn one_group_is_read_as_before_and_has_nothing_to_differ_from() {
    let arm = |shift: f64| {
        Moments::of(&(0..20).map(|n| f64::from(n) + shift).collect::<Vec<_>>()).unwrap()
    };
    let (control, treated) = (arm(0.0), arm(3.0));
    let found = in_groups(&[[&control, &treated]], 0.9).unwrap();
    let plain = difference(&control, &treated, Scale::Absolute, 0.9).unwrap();
    assert_eq!(found.effects, [plain]);
    assert!(matches!(
        found.same,
        Same::NotMeasurable(WhyNot::TooFew { found: 1, .. })
    ));
    // Of two alike, each is read at the root of the level.
    let two = in_groups(&[[&control, &treated], [&control, &treated]], 0.9).unwrap();
    close(two.effects[0].size().unwrap().level, 0.9_f64.sqrt(), 1e-12);
    close(two.same.p_value().unwrap(), 1.0, 1e-12);
    assert!(in_groups(&[[&control, &treated]], 1.0).is_err());
}
