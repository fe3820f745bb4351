//! Whether shifted features are found, ordered by harm, and others left alone.

use monitoring::inputs::{
    Aspect, CellCounts, FeatureDay, FeatureProfile, FeatureReading, FeatureWatch, rank_features,
};
use monitoring::refusal::{Allowed, Found};

use crate::simulated::{Draws, day};

const SHARES: [f64; 5] = [0.4, 0.3, 0.15, 0.1, 0.05];
const ALPHA: f64 = 0.1;

fn profile() -> FeatureProfile {
    let names = ["a", "b", "c", "d", "e"];
    let sample: Vec<Option<&str>> = (0..2_000)
        .map(|n| {
            let cell = match n % 100 {
                0..40 => 0,
                40..70 => 1,
                70..85 => 2,
                85..95 => 3,
                _ => 4,
            };
            (n % 50 != 7).then_some(names[cell])
        })
        .collect();
    FeatureProfile::of_categories(&sample).unwrap()
}

/// A day of a feature: its mix moves by the day far more than by chance, and with the weekend.
fn of_day(draws: &mut Draws, n: i32, moved: f64, nulls: f64, never: u64) -> FeatureDay {
    let weekend = n.rem_euclid(7) >= 5;
    let mut shares = SHARES.map(|share| share * (0.1 * draws.normal()).exp());
    if weekend {
        shares[2] *= 2.0;
    }
    shares[0] *= 1.0 - moved;
    shares[4] += moved * SHARES[0];
    let count = if weekend { 3_000 } else { 800 };
    let null_share = nulls * (0.2 * draws.normal()).exp();
    let absent = draws.hits(count, null_share);
    FeatureDay {
        day: day(n),
        season: u16::from(weekend),
        counts: CellCounts {
            cells: draws.cells(count - absent, &shares),
            nulls: absent,
            never_seen: never,
        },
    }
}

fn watch(draws: &mut Draws, seed: u64) -> FeatureWatch {
    let calibration: Vec<FeatureDay> = (-84..0).map(|n| of_day(draws, n, 0.0, 0.02, 0)).collect();
    FeatureWatch::new(profile(), &calibration, seed).unwrap()
}

#[test]
fn a_profile_is_the_shares_of_its_sample_and_a_frequent_value_has_its_cell() {
    let numbers: Vec<Option<f64>> = (0..1_000)
        .map(|n| match n % 10 {
            0 => None,
            1..5 => Some(0.0),
            _ => Some(f64::from(n)),
        })
        .collect();
    let profile = FeatureProfile::of_numbers(&numbers, 10).unwrap();
    assert!((profile.null_share() - 0.1).abs() < 1e-12);
    assert!((profile.shares().iter().sum::<f64>() - 1.0).abs() < 1e-12);
    // Nothing lies below zero, zeros are 4 of 9, and the rest is split in even cells.
    assert!((profile.shares()[0]).abs() < 1e-12);
    assert!((profile.shares()[1] - 4.0 / 9.0).abs() < 1e-12);
    let below = profile
        .count_numbers(&[Some(-1.0), Some(0.0), None])
        .unwrap();
    assert_eq!((below.cells[0], below.cells[1], below.nulls), (1, 1, 1));
    let same = profile.count_numbers(&numbers).unwrap();
    assert!(profile.shift(&same).unwrap() < 1e-12);
    assert!(
        (profile.shift(&below).unwrap()
            - 0.5 * (1.0 / 3.0 + 0.4 - 1.0 / 3.0 + 0.5 + 1.0 / 3.0 - 0.1))
            .abs()
            < 1e-12
    );
    let unknown = profile.count_categories(&[Some("x"), None]);
    assert_eq!((unknown.never_seen, unknown.nulls), (1, 1));
}

#[test]
fn quiet_features_rarely_ever_pass_the_bar_of_one_alone() {
    let features = 2_000;
    let mut passed = 0;
    for feature in 0..features {
        let mut draws = Draws::of(21, feature);
        let mut watch = watch(&mut draws, feature);
        let mut most = 0.0f64;
        for n in 0..180 {
            let day = of_day(&mut draws, n, 0.0, 0.02, 0);
            watch.look(&day).unwrap();
            most = most.max(watch.ln_e_value());
        }
        passed += u32::from(most >= 20f64.ln());
    }
    println!("{passed} of {features} quiet features ever passed 1 / .05 in 180 days");
    // The bound is 100; 131 has a chance of one in a thousand.
    assert!(passed <= 131, "{passed}");
}

#[test]
fn of_features_called_shifted_few_have_not_and_those_that_have_are_found() {
    let (portfolios, features, shifted) = (40, 100, 10);
    let (mut wrong_share, mut found) = (0.0, 0);
    for portfolio in 0..portfolios {
        let readings: Vec<FeatureReading> = (0..features)
            .map(|feature| {
                let index = portfolio * features + feature;
                let mut draws = Draws::of(22, index);
                let mut watch = watch(&mut draws, index);
                for n in 0..60 {
                    let moved = if feature < shifted && n >= 30 {
                        0.5
                    } else {
                        0.0
                    };
                    watch.look(&of_day(&mut draws, n, moved, 0.02, 0)).unwrap();
                }
                let name = format!("f{feature}");
                FeatureReading::of(&watch, "ranking", &name, 1.0).unwrap()
            })
            .collect();
        let ranked = rank_features(readings, ALPHA).unwrap();
        let called: Vec<u64> = ranked
            .iter()
            .filter(|ranked| ranked.shifted)
            .map(|ranked| ranked.reading.feature[1..].parse().unwrap())
            .collect();
        let right = called.iter().filter(|at| **at < shifted).count();
        found += right;
        wrong_share += (called.len() - right) as f64 / (called.len().max(1)) as f64;
    }
    let fdr = wrong_share / portfolios as f64;
    let power = found as f64 / (portfolios * shifted) as f64;
    println!(
        "e-BH: false discoveries {:.2} %, shifted found {:.1} %",
        100.0 * fdr,
        100.0 * power
    );
    assert!(fdr <= ALPHA, "{fdr}");
    assert!(power >= 0.9, "{power}");
}

#[test]
fn nulls_and_categories_never_seen_are_told_as_such_within_days() {
    for (nulls, never, aspect) in [(0.1, 0, Aspect::Nulls), (0.02, 5, Aspect::NeverSeen)] {
        let mut delays = Vec::new();
        for product in 0..51 {
            let mut draws = Draws::of(23, product);
            let mut watch = watch(&mut draws, product);
            for n in 0..60 {
                let (nulls, never) = if n < 14 { (0.02, 0) } else { (nulls, never) };
                watch
                    .look(&of_day(&mut draws, n, 0.0, nulls, never))
                    .unwrap();
                // The bar of e-BH for one in 50.
                if watch.ln_e_value() >= (50.0 / ALPHA).ln() {
                    assert_eq!(watch.aspect(), aspect);
                    delays.push(n - 13);
                    break;
                }
            }
        }
        assert!(delays.len() > 48, "{}", delays.len());
        delays.sort_unstable();
        let median = delays[delays.len() / 2];
        println!("{aspect:?} told on day {median}");
        assert!((1..=14).contains(&median), "{median}");
    }
}

#[test]
fn the_heavy_feature_comes_before_the_one_that_shifted_more() {
    let reading = |feature: &str, weight: f64, shift: f64, ln_e_value: f64| FeatureReading {
        product: "ranking".into(),
        feature: feature.into(),
        weight,
        shift,
        ln_e_value,
        aspect: Aspect::Values,
    };
    let ranked = rank_features(
        vec![
            reading("quiet", 9.0, 0.5, 0.0),
            reading("light", 0.1, 0.9, 9.0),
            reading("heavy", 2.0, 0.2, 9.0),
        ],
        0.05,
    )
    .unwrap();
    let names: Vec<&str> = ranked.iter().map(|r| r.reading.feature.as_str()).collect();
    assert_eq!(names, ["heavy", "light", "quiet"]);
    assert!(ranked[1].shifted && !ranked[2].shifted);
    let nan = rank_features(vec![reading("x", f64::NAN, 0.1, 0.0)], 0.05).unwrap_err();
    assert_eq!(
        (nan.field.as_str(), nan.at, nan.found),
        ("weight", Some(0), Found::NotFinite)
    );
}

#[test]
fn a_stored_watch_goes_on_the_same_and_what_does_not_fit_is_refused() {
    let mut draws = Draws::of(24, 0);
    let mut one = watch(&mut draws, 7);
    let mut other: FeatureWatch =
        serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
    for n in 0..20 {
        let day = of_day(&mut draws, n, 0.1, 0.02, 0);
        one.look(&day).unwrap();
        other = serde_json::from_str(&serde_json::to_string(&other).unwrap()).unwrap();
        other.look(&day).unwrap();
    }
    assert_eq!(one, other);

    let before = one.clone();
    let back = of_day(&mut draws, 19, 0.0, 0.02, 0);
    assert_eq!(one.look(&back).unwrap_err().field, "day");
    let mut cells = of_day(&mut draws, 20, 0.0, 0.02, 0);
    cells.counts.cells.pop();
    let refusal = one.look(&cells).unwrap_err();
    assert_eq!(
        (refusal.field.as_str(), refusal.allowed),
        ("cells", Allowed::Count(5))
    );
    let mut empty = of_day(&mut draws, 20, 0.0, 0.02, 0);
    empty.counts = CellCounts {
        cells: vec![0; 5],
        nulls: 0,
        never_seen: 0,
    };
    assert_eq!(one.look(&empty).unwrap_err().field, "counts");
    assert_eq!(one, before);
    let nan = FeatureProfile::of_numbers(&[Some(1.0), Some(f64::NAN)], 4).unwrap_err();
    assert_eq!((nan.field.as_str(), nan.at), ("sample", Some(1)));
    let few = FeatureProfile::of_numbers(&[Some(1.0); 99], 4).unwrap_err();
    assert_eq!(few.allowed, Allowed::CountAtLeast(100));
}
