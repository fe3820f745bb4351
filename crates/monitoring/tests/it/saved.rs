//! Planted parts of falls of forecasts are held by their intervals, and add up.

use monitoring::cause::{CauseOptions, Errors, explain_saved};
use monitoring::refusal::{Allowed, Found};
use proptest::prelude::*;

use crate::simulated::Draws;

const OPTIONS: CauseOptions = CauseOptions { level: 0.95 };

/// Of each segment what the naive forecast misses in a day, and the share of that which is missed.
type World = [(f64, f64); 3];

const BEFORE: World = [(50.0, 0.5), (30.0, 0.6), (20.0, 0.9)];
const AFTER: World = [(40.0, 0.5), (20.0, 0.8), (40.0, 0.9)];

/// Days that have a share of their errors in common.
fn drawn(draws: &mut Draws, world: &World, days: i32) -> Vec<Errors> {
    let mut all = Vec::new();
    for unit in 0..days {
        let shared = 0.2 * draws.normal();
        for ((naive, lost), segment) in world.iter().zip(["a", "b", "c"]) {
            let naive = naive * (0.2 * draws.normal()).exp();
            let missed = naive * lost * (shared + 0.1 * draws.normal()).exp() / (0.025_f64).exp();
            let segment = segment.to_owned();
            all.push(Errors {
                unit,
                segment,
                missed,
                naive,
            });
        }
    }
    all
}

#[test]
fn intervals_hold_what_is_planted() {
    let share =
        |world: &World, at: usize| world[at].0 / world.iter().map(|(naive, _)| naive).sum::<f64>();
    let each = 0..3;
    let mix: f64 = each
        .clone()
        .map(|at| {
            let level = 1.0 - 0.5 * (BEFORE[at].1 + AFTER[at].1);
            (share(&AFTER, at) - share(&BEFORE, at)) * level
        })
        .sum();
    let relation: f64 = each
        .map(|at| 0.5 * (share(&AFTER, at) + share(&BEFORE, at)) * (BEFORE[at].1 - AFTER[at].1))
        .sum();
    let mut draws = Draws::of(7, 0);
    let (mut held, falls) = ([0; 3], 600);
    for _ in 0..falls {
        let before = drawn(&mut draws, &BEFORE, 28);
        let now = drawn(&mut draws, &AFTER, 12);
        let told = explain_saved(&before, &now, OPTIONS).unwrap();
        let parts = [told.change, told.mix, told.relation];
        for ((held, part), truth) in held
            .iter_mut()
            .zip(parts)
            .zip([mix + relation, mix, relation])
        {
            *held += u32::from((part.low..=part.high).contains(&truth));
        }
    }
    // Four standard errors of a share of 95 % of 600, below which there would be a fault.
    for held in held {
        assert!(
            f64::from(held) / f64::from(falls) > 0.915,
            "{held} of {falls}"
        );
    }
}

fn errors() -> impl Strategy<Value = Vec<Errors>> {
    let one = (
        0..4_i32,
        0..4_usize,
        0.0..9.0,
        prop_oneof![Just(0.0), 0.1..9.0],
    );
    let of = |(unit, segment, missed, naive): (i32, usize, f64, f64)| Errors {
        unit,
        segment: ["a", "b", "c", "d"][segment].to_owned(),
        missed,
        naive,
    };
    let some = proptest::collection::vec(one.prop_map(of), 0..12);
    some.prop_map(|mut errors| {
        // Two units always have a naive error.
        for unit in [10, 11] {
            errors.push(Errors {
                unit,
                segment: "a".to_owned(),
                missed: 1.0,
                naive: 1.0,
            });
        }
        errors
    })
}

proptest! {
    #[test]
    fn parts_add_up_whatever_segments_there_are(before in errors(), now in errors()) {
        let told = explain_saved(&before, &now, OPTIONS).unwrap();
        let saved = |errors: &[Errors]| {
            let missed: f64 = errors.iter().map(|of| of.missed).sum();
            1.0 - missed / errors.iter().map(|of| of.naive).sum::<f64>()
        };
        let whole = saved(&now) - saved(&before);
        prop_assert!((told.change.change - whole).abs() < 1e-9);
        prop_assert!((told.mix.change + told.relation.change - whole).abs() < 1e-9);
        for (part, of) in [(told.mix, &told.mix_by_segment), (told.relation, &told.relation_by_segment)] {
            let sum: f64 = of.iter().map(|named| named.part.change).sum();
            prop_assert!((sum - part.change).abs() < 1e-9);
        }
    }
}

#[test]
fn one_day_is_refused() {
    let mut draws = Draws::of(1, 0);
    let [one, two] = [1, 2].map(|days| drawn(&mut draws, &BEFORE, days));
    let refusal = explain_saved(&one, &two, OPTIONS).unwrap_err();
    assert_eq!(
        (refusal.field.as_str(), refusal.found, refusal.allowed),
        ("reference", Found::Count(1), Allowed::CountAtLeast(2))
    );
}
