//! Sizes of experiments against simulated ones, and assignment against what it promises.

use measure::design::{
    ArmShare, Assigned, Assignment, AssignmentError, Balance, Baseline, Holdout, Layer, Plan,
    PlanError, Slot, Watch, strata_balance, unit_draw,
};
use measure::effects::{Moments, Scale, cuped, difference};
use measure::sequential::{SampleRatio, sample_ratio};
use proptest::prelude::*;
use schema::WhyNot;

use crate::simulated::{close, draws, normal};

const HISTORY: Baseline = Baseline {
    mean: 20.0,
    variance: 100.0,
    variance_left: 1.0,
};

#[test]
fn the_size_asked_equals_the_textbook_and_gives_the_power_promised() {
    let plan = Plan::new(0.05, 0.8, 0.5, Watch::Once).unwrap();
    // (1.959964 + 0.841621)² · 100 · 4 / 1² = 3139.6 units for an effect of a tenth of a standard deviation.
    assert_eq!(plan.units_needed(&HISTORY, 1.0), Ok(3_140));
    assert_eq!(plan.units_needed(&HISTORY, -1.0), Ok(3_140));
    close(plan.power(&HISTORY, 1.0, 3_140.0).unwrap(), 0.8, 1e-4);
    close(plan.power(&HISTORY, 0.0, 3_140.0).unwrap(), 0.05, 1e-12);
    close(plan.detectable(&HISTORY, 3_139.6).unwrap(), 1.0, 1e-5);
    let seen = (0..600).filter(|round| {
        let mut random = draws(72, *round);
        // 400 units for an effect of 0.28 standard deviations.
        let mut arm = |lift: f64| {
            let values: Vec<f64> = (0..200)
                .map(|_| 10.0 * normal(&mut random) + lift)
                .collect();
            Moments::of(&values).unwrap()
        };
        let found = difference(&arm(20.0), &arm(22.8), Scale::Absolute, 0.95).unwrap();
        found.size().unwrap().p_value < 0.05
    });
    let promised = plan.power(&HISTORY, 2.8, 400.0).unwrap();
    assert!((promised - 0.8).abs() < 0.01, "{promised}");
    // The standard error of a share of 600 is 1.6 points.
    let share = seen.count() as f64 / 600.0;
    assert!((share - promised).abs() < 0.065, "{share} of {promised}");
}

#[test]
fn a_covariate_saves_the_units_that_it_explains() {
    let mut random = draws(5, 1);
    let rows: Vec<[f64; 2]> = (0..4_000)
        .map(|_| {
            let x = normal(&mut random);
            [0.8 * x + 0.6 * normal(&mut random), x]
        })
        .collect();
    let moments = Moments::of_rows(2, &rows).unwrap();
    let plain = Moments::of_rows(1, rows.iter().map(|row| [row[0]])).unwrap();
    let (with, without) = (
        Baseline::of(&moments).unwrap(),
        Baseline::of(&plain).unwrap(),
    );
    // A correlation of 0.8 leaves 0.36 of the variance, give or take 0.02 in 4,000 units.
    assert!(
        (with.variance_left - 0.36).abs() < 0.04,
        "{}",
        with.variance_left
    );
    assert_eq!(without.variance_left, 1.0);
    let plan = Plan::new(0.05, 0.8, 0.5, Watch::Once).unwrap();
    let (fewer, more) = (
        plan.units_needed(&with, 0.1).unwrap() as f64,
        plan.units_needed(&without, 0.1).unwrap() as f64,
    );
    assert!(
        (fewer / more - with.variance_left).abs() < 0.001,
        "{fewer} {more}"
    );
    // And what the plan says is what the read-out finds: the error of halves of the history.
    let half = |from: usize| Moments::of_rows(2, rows[from..].iter().step_by(2)).unwrap();
    let found = cuped(&half(0), &half(1), Scale::Absolute, 0.95).unwrap();
    let planned = plan.detectable(&with, 4_000.0).unwrap() / (1.959964 + 0.841621);
    assert!((found.size().unwrap().standard_error / planned - 1.0).abs() < 0.01);
}

#[test]
fn watching_always_asks_for_more_units_than_reading_once() {
    let once = Plan::new(0.05, 0.8, 0.5, Watch::Once).unwrap();
    let tuned_units = 5_000.0;
    let always = Plan::new(0.05, 0.8, 0.5, Watch::Always { tuned_units }).unwrap();
    let (fewer, more) = (
        once.units_needed(&HISTORY, 1.0).unwrap() as f64,
        always.units_needed(&HISTORY, 1.0).unwrap() as f64,
    );
    // About 3.0 instead of 2 standard errors: (3.0 + 0.84)² / (1.96 + 0.84)² is 1.9.
    assert!((1.8..2.4).contains(&(more / fewer)), "{more} {fewer}");
    // An uneven split costs 1 / (4 · 0.1 · 0.9).
    let uneven = Plan::new(0.05, 0.8, 0.1, Watch::Once).unwrap();
    let uneven = uneven.units_needed(&HISTORY, 1.0).unwrap() as f64;
    close(uneven / fewer, 1.0 / 0.36, 1e-3);
}

#[test]
fn plans_without_meaning_are_refused() {
    let said = |alpha, power, share, watch| {
        Plan::new(alpha, power, share, watch)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        said(0.05, 0.01, 0.5, Watch::Once),
        "plan for alpha 0.05 and power 0.01: allowed is 0 < alpha < power < 1"
    );
    assert_eq!(
        said(0.05, 0.8, 1.0, Watch::Once),
        "plan to treat a share of 1 of the units compared: allowed is above 0 and below 1"
    );
    assert_eq!(
        said(0.05, 0.8, 0.5, Watch::Always { tuned_units: 0.0 }),
        "plan to watch always with a sequence tuned to 0 units: at least 1 is needed"
    );
    let plan = Plan::new(0.05, 0.8, 0.1, Watch::Once).unwrap();
    assert_eq!(
        plan.detectable(&HISTORY, 99.0),
        Err(PlanError::Units {
            units: 99.0,
            needed: 100
        })
    );
    assert_eq!(
        plan.units_needed(&HISTORY, 0.0),
        Err(PlanError::Effect { effect: 0.0 })
    );
    assert!(matches!(
        plan.units_needed(&HISTORY, 1e-12),
        Err(PlanError::NeverSeen { .. })
    ));
    assert_eq!(plan.units_needed(&HISTORY, 1e9), Ok(100));
    let flat = Moments::of(&[2.0; 40]).unwrap();
    assert_eq!(
        Baseline::of(&flat),
        Err(WhyNot::NoVariation {
            what: "the metric".into()
        })
    );
    assert!(matches!(
        Baseline::of(&Moments::of(&[1.0, 2.0]).unwrap()),
        Err(WhyNot::TooFew {
            found: 2,
            needed: 10,
            ..
        })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn units_needed_are_the_fewest_that_see_the_effect(
        effect in 0.01..30.0f64,
        share in 0.02..0.98f64,
        power in 0.5..0.99f64,
        always in any::<bool>(),
    ) {
        let watch = if always { Watch::Always { tuned_units: 5_000.0 } } else { Watch::Once };
        let plan = Plan::new(0.05, power, share, watch).unwrap();
        let units = plan.units_needed(&HISTORY, effect).unwrap() as f64;
        prop_assert!(plan.detectable(&HISTORY, units).unwrap() <= effect);
        prop_assert!(plan.power(&HISTORY, effect, units).unwrap() >= power - 1e-9);
        // One unit less misses the effect, or leaves an arm too small.
        let one_less = plan.detectable(&HISTORY, units - 1.0);
        prop_assert!(one_less.is_err() || one_less.unwrap() > effect);
    }
}

fn slot(experiment: &str, from: f64, to: f64, shares: &[(&str, f64)]) -> Slot {
    Slot {
        experiment: experiment.to_owned(),
        salt: format!("salt of {experiment}"),
        from,
        to,
        arms: shares
            .iter()
            .map(|(arm, share)| ArmShare {
                arm: (*arm).to_owned(),
                share: *share,
            })
            .collect(),
    }
}

fn layer(name: &str, slots: Vec<Slot>) -> Layer {
    Layer {
        salt: name.to_owned(),
        slots,
    }
}

fn holdout(share: f64) -> Holdout {
    Holdout {
        salt: "comptoir".to_owned(),
        share,
    }
}

const HALVES: [(&str, f64); 2] = [("control", 0.5), ("offer", 0.5)];

#[test]
fn a_draw_is_sha_256_of_salt_and_unit() {
    // Python: int.from_bytes(hashlib.sha256(f"{salt}\n{unit}".encode()).digest()[:8], "big") >> 11, over 2**53.
    assert_eq!(unit_draw("salt", "c1"), 0.44376962919600094);
    assert_eq!(unit_draw("comptoir", "customer 42"), 0.9279779094880091);
    assert_eq!(unit_draw("a", "é"), 0.4793641191299206);
}

#[test]
fn units_are_split_as_asked_and_layers_know_nothing_of_each_other() {
    let assignment = Assignment::new(
        holdout(0.1),
        vec![
            layer(
                "prices",
                vec![
                    slot(
                        "a",
                        0.0,
                        0.6,
                        &[("control", 0.5), ("low", 0.3), ("high", 0.2)],
                    ),
                    slot("b", 0.6, 0.8, &HALVES),
                ],
            ),
            layer("banners", vec![slot("c", 0.0, 1.0, &HALVES)]),
        ],
    )
    .unwrap();
    let (mut held_out, mut in_none) = (0, 0);
    let mut arms = [0u64; 3];
    let mut both = [0u64; 4];
    for unit in 0..40_000 {
        let unit = format!("c{unit}");
        let (prices, banners) = (
            assignment.assign(0, &unit).unwrap(),
            assignment.assign(1, &unit).unwrap(),
        );
        assert_eq!(prices, assignment.assign(0, &unit).unwrap());
        assert_eq!(assignment.is_held_out(&unit), prices == Assigned::HeldOut);
        match prices {
            Assigned::HeldOut => {
                held_out += 1;
                assert_eq!(banners, Assigned::HeldOut, "held out of everything");
            }
            Assigned::InNone => in_none += 1,
            Assigned::Arm {
                experiment: "a",
                arm,
                propensity,
            } => {
                let place = ["control", "low", "high"]
                    .iter()
                    .position(|a| *a == arm)
                    .unwrap();
                assert_eq!(propensity, [0.5, 0.3, 0.2][place]);
                arms[place] += 1;
            }
            Assigned::Arm { arm, .. } => {
                let Assigned::Arm { arm: other, .. } = banners else {
                    panic!("{banners:?}")
                };
                let place = |arm: &str| usize::from(arm == "offer");
                both[place(arm) * 2 + place(other)] += 1;
            }
        }
    }
    // 10 % of 40,000 with a standard deviation of 60; then a fifth of the rest with one of 76.
    assert!((3_760..4_240).contains(&held_out), "{held_out}");
    assert!((6_890..7_510).contains(&in_none), "{in_none}");
    let holds = |counts: &[u64], weights: &[f64]| {
        let found = sample_ratio(counts, weights).unwrap();
        assert!(matches!(found, SampleRatio::Holds { .. }), "{counts:?}");
    };
    holds(&arms, &[0.5, 0.3, 0.2]);
    // Whoever is in one arm here is in either arm there alike.
    holds(&both, &[1.0; 4]);
}

#[test]
fn raising_the_traffic_adds_units_and_moves_none() {
    let with = |to: f64| {
        let slots = vec![slot("a", 0.0, to, &HALVES)];
        Assignment::new(holdout(0.05), vec![layer("l", slots)]).unwrap()
    };
    let (before, after) = (with(0.2), with(0.5));
    let mut added = 0;
    for unit in 0..2_000 {
        let unit = unit.to_string();
        let (old, new) = (
            before.assign(0, &unit).unwrap(),
            after.assign(0, &unit).unwrap(),
        );
        if old == Assigned::InNone {
            added += u32::from(new != Assigned::InNone);
        } else {
            assert_eq!(old, new);
        }
    }
    // 30 % of the 95 % not held out: 570 with a standard deviation of 20.
    assert!((490..650).contains(&added), "{added}");
}

#[test]
fn layers_that_do_not_fit_together_are_refused() {
    let refused = |holdout: Holdout, layers: Vec<Layer>| {
        Assignment::new(holdout, layers).unwrap_err().to_string()
    };
    assert_eq!(
        refused(holdout(0.6), vec![]),
        "hold out a share of 0.6 of the units: allowed is 0 to 0.5"
    );
    assert!(Assignment::new(holdout(f64::NAN), vec![]).is_err());
    assert_eq!(
        refused(holdout(0.1), vec![layer("comptoir", vec![])]),
        "assign by the salt `comptoir` twice: who is in one would decide who is in the other"
    );
    assert_eq!(
        refused(holdout(0.1), vec![layer("two\nlines", vec![])]),
        "assign by the salt \"two\\nlines\": it must be one line of text"
    );
    let in_one = |slots: Vec<Slot>| refused(holdout(0.1), vec![layer("l", slots)]);
    assert_eq!(
        in_one(vec![
            slot("a", 0.0, 0.5, &HALVES),
            slot("b", 0.4, 0.9, &HALVES)
        ]),
        "give experiments `a` and `b` of one layer the units around 0.4: they exclude each other"
    );
    assert_eq!(
        in_one(vec![slot("a", 0.5, 0.5, &HALVES)]),
        "give experiment `a` the units from 0.5 to 0.5: allowed is 0 <= from < to <= 1"
    );
    assert_eq!(
        in_one(vec![slot("a", 0.0, 1.0, &[("x", 0.5), ("y", 0.25)])]),
        "split experiment `a` into 2 arms that sum to 0.75: at least 2 arms, each above 0, must sum to 1"
    );
    assert!(in_one(vec![slot("a", 0.0, 1.0, &[("x", 1.0)])]).contains("into 1 arms"));
    assert!(in_one(vec![slot("a", 0.0, 1.0, &[("x", 1.5), ("y", -0.5)])]).contains("above 0"));
    assert_eq!(
        in_one(vec![slot("a", 0.0, 1.0, &[("x", 0.5), ("x", 0.5)])]),
        "split experiment `a` into two arms `x`: names must differ"
    );
    let fine = Assignment::new(holdout(0.0), vec![layer("l", vec![])]).unwrap();
    assert_eq!(fine.assign(0, ""), Err(AssignmentError::NoUnit));
    assert_eq!(
        fine.assign(1, "c1"),
        Err(AssignmentError::NoLayer {
            layer: 1,
            layers: 1
        })
    );
    assert_eq!(fine.assign(0, "c1"), Ok(Assigned::InNone));
}

#[test]
fn a_stratum_that_one_arm_lost_is_found_where_the_whole_looks_fair() {
    // 300 units moved between arms within the first stratum, and back within the second.
    let counts = [vec![1_300, 700], vec![700, 1_300], vec![50, 50]];
    let whole = sample_ratio(&[2_050, 2_050], &[1.0, 1.0]).unwrap();
    assert!(matches!(whole, SampleRatio::Holds { .. }));
    let Balance::Broken {
        stratum,
        found,
        expected,
        p_value,
        ..
    } = strata_balance(&counts, &[1.0, 1.0]).unwrap()
    else {
        panic!("300 units moved")
    };
    assert!(stratum == Some(0) || stratum == Some(1), "{stratum:?}");
    assert!(found == 700 || found == 1_300);
    assert_eq!(expected, 1_000.0);
    assert!(p_value < 1e-12);
    // Strata of two units are too small each and enough together.
    let small: Vec<Vec<u64>> = (0..100).map(|_| vec![2, 0]).collect();
    let Balance::Broken {
        stratum: None,
        found: 200 | 0,
        ..
    } = strata_balance(&small, &[1.0, 1.0]).unwrap()
    else {
        panic!("all in one arm")
    };
    let fair: Vec<Vec<u64>> = (0..100).map(|n| vec![1 + n % 2, 2 - n % 2]).collect();
    assert!(matches!(
        strata_balance(&fair, &[1.0, 1.0]),
        Ok(Balance::Holds { .. })
    ));
    assert!(matches!(
        strata_balance(&[vec![1, 1]], &[1.0, 1.0]),
        Ok(Balance::NotMeasurable(WhyNot::TooFew { .. }))
    ));
    assert_eq!(
        strata_balance(&[], &[1.0, 1.0]).unwrap_err().to_string(),
        "compare arms over no strata: at least 1 is needed"
    );
    let error = strata_balance(&[vec![9, 9], vec![9]], &[1.0, 1.0]).unwrap_err();
    assert_eq!(error.to_string(), "compare arms in stratum 1");
}
