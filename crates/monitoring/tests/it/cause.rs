//! Planted causes are found, and parts add up.

use monitoring::cause::{Cause, CauseOptions, NamedPart, Part, PeriodMoments, explain};
use monitoring::refusal::{Allowed, Found};
use proptest::prelude::*;

use crate::simulated::Draws;

const FEATURES: [&str; 2] = ["price", "visits"];
const SEGMENTS: [&str; 3] = ["new", "regular", "vip"];
const OPTIONS: CauseOptions = CauseOptions { level: 0.95 };

/// How a period is drawn: shares of segments, means of features and what the relation lost, by segment.
struct World {
    shares: [f64; 3],
    features: [[f64; 2]; 3],
    lost: [f64; 3],
}

const BEFORE: World = World {
    shares: [0.2, 0.5, 0.3],
    features: [[0.0, 1.0], [0.5, 2.0], [1.0, 4.0]],
    lost: [0.0; 3],
};

const AFTER: World = World {
    shares: [0.35, 0.45, 0.2],
    features: [[0.0, 1.0], [0.9, 2.0], [1.4, 3.5]],
    lost: [0.0, 0.6, 0.0],
};

/// What the model says of features: it knows that a dear product sells less and a visitor buys more.
const SLOPES: [f64; 2] = [-2.0, 1.5];

fn mean(world: &World, segment: usize) -> f64 {
    let score: f64 = (0..2).map(|f| SLOPES[f] * world.features[segment][f]).sum();
    10.0 + 3.0 * segment as f64 + score - world.lost[segment]
}

fn drawn(draws: &mut Draws, world: &World, rows: usize) -> PeriodMoments {
    let mut moments = PeriodMoments::of_features(&FEATURES);
    for _ in 0..rows {
        let at = draws.uniform();
        let segment = usize::from(at >= world.shares[0])
            + usize::from(at >= world.shares[0] + world.shares[1]);
        let parts: Vec<f64> = (0..2)
            .map(|f| SLOPES[f] * (world.features[segment][f] + draws.normal()))
            .collect();
        let outcome = 10.0 + 3.0 * segment as f64 + parts.iter().sum::<f64>() - world.lost[segment]
            + 2.0 * draws.normal();
        moments.push(SEGMENTS[segment], outcome, &parts).unwrap();
    }
    moments
}

/// The planted parts, in the order of [`parts`].
fn planted() -> Vec<f64> {
    let each = 0..3;
    let growth = |s: usize| AFTER.shares[s] - BEFORE.shares[s];
    let share = |s: usize| 0.5 * (AFTER.shares[s] + BEFORE.shares[s]);
    let level = |s: usize| 0.5 * (mean(&BEFORE, s) + mean(&AFTER, s));
    let all: f64 = each.clone().map(|s| share(s) * level(s)).sum();
    let step = |s: usize, f: usize| SLOPES[f] * (AFTER.features[s][f] - BEFORE.features[s][f]);
    let inputs = |s: usize| share(s) * (step(s, 0) + step(s, 1));
    let relation = |s: usize| -share(s) * (AFTER.lost[s] - BEFORE.lost[s]);
    let mix = |s: usize| growth(s) * (level(s) - all);
    let sum = |of: &dyn Fn(usize) -> f64| (0..3).map(of).sum::<f64>();
    let totals = [sum(&mix), sum(&inputs), sum(&relation)];
    let mut planted = vec![totals.iter().sum()];
    planted.extend(totals);
    planted.extend(each.clone().map(mix));
    planted.extend((0..2).map(|f| sum(&|s| share(s) * step(s, f))));
    planted.extend(each.clone().map(inputs));
    planted.extend(each.map(relation));
    planted
}

fn parts(cause: &Cause) -> Vec<Part> {
    let named = [
        &cause.mix_by_segment,
        &cause.inputs_by_feature,
        &cause.inputs_by_segment,
        &cause.relation_by_segment,
    ];
    [cause.change, cause.mix, cause.inputs, cause.relation]
        .into_iter()
        .chain(named.into_iter().flatten().map(|named| named.part))
        .collect()
}

fn sum(parts: &[NamedPart]) -> f64 {
    parts.iter().map(|named| named.part.change).sum()
}

fn adds_up(cause: &Cause) {
    let size = 1.0 + cause.reference_mean.abs() + cause.now_mean.abs();
    let close = |one: f64, other: f64| assert!((one - other).abs() < 1e-9 * size, "{one} {other}");
    close(cause.change.change, cause.now_mean - cause.reference_mean);
    close(
        cause.mix.change + cause.inputs.change + cause.relation.change,
        cause.change.change,
    );
    close(sum(&cause.mix_by_segment), cause.mix.change);
    close(sum(&cause.inputs_by_feature), cause.inputs.change);
    close(sum(&cause.inputs_by_segment), cause.inputs.change);
    close(sum(&cause.relation_by_segment), cause.relation.change);
}

#[test]
fn planted_parts_lie_within_their_intervals_as_often_as_promised() {
    let (worlds, truth) = (600, planted());
    let mut held = vec![0; truth.len()];
    for world in 0..worlds {
        let mut draws = Draws::of(41, world);
        let reference = drawn(&mut draws, &BEFORE, 2_000);
        let now = drawn(&mut draws, &AFTER, 1_000);
        let cause = explain(&reference, &now, OPTIONS).unwrap();
        adds_up(&cause);
        let shares = [cause.mix, cause.inputs, cause.relation].map(|part| part.share.unwrap());
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        for ((held, part), truth) in held.iter_mut().zip(parts(&cause)).zip(&truth) {
            *held += u32::from(part.low - 1e-12 <= *truth && *truth <= part.high + 1e-12);
        }
    }
    let shares: Vec<f64> = held
        .iter()
        .map(|held| 100.0 * f64::from(*held) / worlds as f64)
        .collect();
    println!(
        "planted change {:.3}: mix {:.3}, inputs {:.3}, relation {:.3}",
        truth[0], truth[1], truth[2], truth[3]
    );
    println!("planted parts within their 95 %: {shares:.1?}");
    // Three standard errors of 600 are 2.7. What a segment's mix owes to the mean of all is taken as given.
    for (at, share) in shares.iter().enumerate() {
        let least = if (4..7).contains(&at) { 90.0 } else { 92.3 };
        assert!((least..=98.5).contains(share), "part {at}: {share}");
    }
}

#[test]
fn a_segment_that_came_or_went_is_mix_and_one_row_is_enough_for_it() {
    let (mut reference, mut now) = (
        PeriodMoments::of_features(&[]),
        PeriodMoments::of_features(&[]),
    );
    for n in 0..50 {
        reference.push("old", 5.0 + f64::from(n % 2), &[]).unwrap();
        now.push("old", 5.0 + f64::from(n % 2), &[]).unwrap();
    }
    reference.push("gone", 9.0, &[]).unwrap();
    now.push("came", 0.0, &[]).unwrap();
    let cause = explain(&reference, &now, OPTIONS).unwrap();
    adds_up(&cause);
    assert!((cause.mix.share.unwrap() - 1.0).abs() < 1e-9);
    assert!(cause.relation.change.abs() < 1e-12);
    assert!(cause.mix.low < cause.mix.change);
    let same = explain(&reference, &reference, OPTIONS).unwrap();
    assert_eq!((same.change.change, same.change.share), (0.0, None));
}

#[test]
fn moments_of_parts_merge_into_those_of_the_whole() {
    let mut draws = Draws::of(42, 0);
    let (mut one, other) = (
        drawn(&mut draws, &BEFORE, 300),
        drawn(&mut draws, &AFTER, 200),
    );
    let now = drawn(&mut draws, &AFTER, 300);
    let mut draws = Draws::of(42, 0);
    let mut all = drawn(&mut draws, &BEFORE, 300);
    all.merge(&drawn(&mut draws, &AFTER, 200)).unwrap();
    one.merge(&other).unwrap();
    let stored: PeriodMoments =
        serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
    assert_eq!(stored, one);
    let (merged, whole) = (
        explain(&one, &now, OPTIONS).unwrap(),
        explain(&all, &now, OPTIONS).unwrap(),
    );
    for (merged, whole) in parts(&merged).iter().zip(parts(&whole)) {
        assert!((merged.change - whole.change).abs() < 1e-9);
        assert!((merged.low - whole.low).abs() < 1e-9);
    }
}

#[test]
fn rows_that_do_not_fit_are_refused_and_change_nothing() {
    let mut moments = PeriodMoments::of_features(&FEATURES);
    let few = moments.push("new", 1.0, &[0.0]).unwrap_err();
    assert_eq!(
        (few.field.as_str(), few.found, few.allowed),
        ("contributions", Found::Count(1), Allowed::Count(2))
    );
    let nan = moments.push("new", 1.0, &[0.0, f64::NAN]).unwrap_err();
    assert_eq!((nan.at, nan.found), (Some(1), Found::NotFinite));
    assert_eq!(
        moments
            .push("new", f64::INFINITY, &[0.0, 0.0])
            .unwrap_err()
            .field,
        "outcome"
    );
    assert_eq!(moments, PeriodMoments::of_features(&FEATURES));
    let empty = explain(&moments, &moments, OPTIONS).unwrap_err();
    assert_eq!(
        (empty.field.as_str(), empty.found),
        ("reference", Found::Count(0))
    );
    for _ in 0..2 {
        moments.push("new", 1.0, &[0.0, 0.0]).unwrap();
    }
    let mut other = PeriodMoments::of_features(&["price", "age"]);
    assert_eq!(other.merge(&moments).unwrap_err().field, "features");
    let never = explain(&moments, &moments, CauseOptions { level: 1.0 }).unwrap_err();
    assert_eq!(never.field, "level");
}

proptest! {
    #[test]
    fn parts_add_up_whatever_the_rows(
        rows in prop::collection::vec((0usize..6, -1e6f64..1e6, -1e6f64..1e6, -1e6f64..1e6, any::<bool>()), 4..60)
    ) {
        let mut periods = [PeriodMoments::of_features(&FEATURES), PeriodMoments::of_features(&FEATURES)];
        for (at, (segment, outcome, price, visits, now)) in rows.iter().enumerate() {
            // Two rows each at least.
            let side = if at < 4 { at % 2 } else { usize::from(*now) };
            periods[side].push(&segment.to_string(), *outcome, &[*price, *visits]).unwrap();
        }
        adds_up(&explain(&periods[0], &periods[1], OPTIONS).unwrap());
    }
}
