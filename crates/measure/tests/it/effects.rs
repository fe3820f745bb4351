//! Effects against other tools, against plain arithmetic over rows, and against known truth.

use measure::effects::{
    ClusterError, Effect, EffectError, Moments, MomentsError, Scale, Size, Winsor, WinsorError,
    adjusted_ratio, cluster_sums, cluster_totals, clustered, cross_fitted, cuped, cuped_slope,
    difference, ratio, regression_adjusted,
};
use measure::sequential::ConfidenceSequence;
use proptest::prelude::*;
use rand::RngExt;
use schema::WhyNot;

use crate::simulated::{Coverage, close, draws, exponential, normal};

/// Outcome, covariate and a second covariate of twelve and thirteen units.
const CONTROL: [[f64; 3]; 12] = [
    [3.0, 2.0, 1.0],
    [5.0, 4.0, 0.0],
    [1.0, 1.0, 2.0],
    [0.0, 2.0, 5.0],
    [8.0, 6.0, 1.0],
    [4.0, 3.0, 3.0],
    [2.0, 2.0, 2.0],
    [7.0, 5.0, 4.0],
    [6.0, 3.0, 0.0],
    [3.0, 3.0, 1.0],
    [5.0, 5.0, 2.0],
    [2.0, 1.0, 3.0],
];
const TREATED: [[f64; 3]; 13] = [
    [4.0, 1.0, 2.0],
    [9.0, 5.0, 0.0],
    [2.0, 2.0, 1.0],
    [3.0, 1.0, 4.0],
    [7.0, 4.0, 2.0],
    [6.0, 4.0, 1.0],
    [5.0, 3.0, 3.0],
    [8.0, 6.0, 0.0],
    [10.0, 6.0, 2.0],
    [4.0, 2.0, 5.0],
    [1.0, 1.0, 1.0],
    [6.0, 5.0, 3.0],
    [7.0, 3.0, 2.0],
];

fn columns(rows: &[[f64; 3]], n: usize) -> Moments {
    Moments::of_rows(n, rows.iter().map(|row| &row[..n])).unwrap()
}

fn size(effect: Result<Effect, EffectError>) -> Size {
    match effect.unwrap() {
        Effect::Measured(size) => size,
        Effect::NotMeasurable(why) => panic!("not measurable: {why}"),
    }
}

fn why(effect: Result<Effect, EffectError>) -> WhyNot {
    match effect.unwrap() {
        Effect::Measured(size) => panic!("measured: {size:?}"),
        Effect::NotMeasurable(why) => why,
    }
}

fn too_few(what: &str, found: u64, needed: u64) -> WhyNot {
    WhyNot::TooFew {
        what: what.to_owned(),
        found,
        needed,
    }
}

fn no_variation(what: &str) -> WhyNot {
    WhyNot::NoVariation {
        what: what.to_owned(),
    }
}

/// Point, standard error, interval and p-value read once; interval and p-value read always, tuned to 40 units.
/// Made by gbstats 0.8.0 (`TwoSidedTTest`, `SequentialTwoSidedTTest`) from the sums of the rows above.
const GBSTATS: [(&str, Scale, [f64; 8]); 6] = [
    (
        "mean",
        Scale::Absolute,
        [
            1.7051282051282048,
            1.0279330450510302,
            -0.4213395227582821,
            3.831595933014692,
            0.11073726671517625,
            -1.437115959751234,
            4.847372370007644,
            0.7769190233331722,
        ],
    ),
    (
        "mean",
        Scale::Relative,
        [
            0.4448160535117056,
            0.3297340599318431,
            -0.2372992268616817,
            1.1269313338850928,
            0.19046759935573454,
            -0.5631337645928436,
            1.4527658716162548,
            1.0,
        ],
    ),
    (
        "cuped",
        Scale::Absolute,
        [
            1.405769230769231,
            0.48613857119838766,
            0.4000823352478773,
            2.411456126290585,
            0.008231791238981101,
            -0.08028678817617352,
            2.8918252497146355,
            0.07524996230204607,
        ],
    ),
    (
        "cuped",
        Scale::Relative,
        [
            0.36672240802675593,
            0.1570332707636946,
            0.04186379378720351,
            0.6915810222663084,
            0.028619294889040248,
            -0.11330582058676858,
            0.8467506366402804,
            0.25238730152572353,
        ],
    ),
    (
        "ratio",
        Scale::Absolute,
        [
            0.4311753614079197,
            0.1634345372948232,
            0.09306355603198713,
            0.7692871667838522,
            0.014702054895287642,
            -0.06842062261741605,
            0.9307713454332553,
            0.13484267245159803,
        ],
    ),
    (
        "ratio",
        Scale::Relative,
        [
            0.34681496461071804,
            0.1541715764366119,
            0.02786628393740992,
            0.6657636452840261,
            0.03436118830676804,
            -0.12446547411100684,
            0.8180954033324429,
            0.2972612428935187,
        ],
    ),
];

#[test]
fn means_cuped_and_ratios_equal_gbstats_read_once_and_read_always() {
    let sequence = ConfidenceSequence::tuned_to(40.0, 0.05).unwrap();
    let (control, treated) = (columns(&CONTROL, 2), columns(&TREATED, 2));
    for (method, scale, expected) in GBSTATS {
        let found = match method {
            "mean" => difference(&control, &treated, scale, 0.95),
            "cuped" => cuped(&control, &treated, scale, 0.95),
            _ => ratio(&control, &treated, scale, 0.95),
        };
        let effect = found.clone().unwrap();
        let found = size(found);
        let always = *sequence.read(&effect).reading().unwrap();
        let figures = [
            found.point,
            found.standard_error,
            found.low,
            found.high,
            found.p_value,
            always.low,
            always.high,
            always.p_value,
        ];
        for (found, expected) in figures.into_iter().zip(expected) {
            close(found, expected, 1e-10);
        }
        assert_eq!((found.units, found.level), (25, 0.95), "{method}");
    }
}

#[test]
fn regression_adjustment_equals_least_squares_in_each_arm() {
    // numpy 2.4.6 `lstsq` on covariates less their mean over both arms; t quantile and p-value of scipy 1.17.1.
    let found = size(regression_adjusted(
        &columns(&CONTROL, 3),
        &columns(&TREATED, 3),
        0.95,
    ));
    close(found.point, 1.4146130468227867, 1e-10);
    close(found.standard_error, 0.5213980318879818, 1e-10);
    let half = 2.074090012725015 * found.standard_error;
    close(found.low, found.point - half, 1e-10);
    close(found.high, found.point + half, 1e-10);
    close(found.p_value, 0.012711284752932823, 1e-10);
}

#[test]
fn a_slope_common_to_both_arms_makes_regression_and_cuped_agree() {
    // Outcomes on two parallel lines with the same symmetric noise: slopes are equal, and the arms' covariates as well.
    let arm = |lift: f64| {
        let rows = (0..400).map(|i| {
            let x = f64::from(i % 20);
            [2.0 * x + lift + f64::from(i / 20 % 2) - 0.5, x]
        });
        Moments::of_rows(2, rows).unwrap()
    };
    let (control, treated) = (arm(1.0), arm(4.0));
    close(cuped_slope(&[&control, &treated]).unwrap(), 2.0, 1e-12);
    let cuped = size(cuped(&control, &treated, Scale::Absolute, 0.95));
    let lin = size(regression_adjusted(&control, &treated, 0.95));
    close(cuped.point, 3.0, 1e-12);
    close(lin.point, 3.0, 1e-12);
    // They differ in one degree of freedom of 400 per arm.
    assert!((cuped.standard_error / lin.standard_error - 1.0).abs() < 0.002);
}

#[test]
fn published_counts_of_hillstroms_test_give_the_published_effects() {
    // Visits: women's e-mail 3,238 of 21,387, none 2,262 of 21,306.
    let arm = |units: u64, visits: f64| Moments::from_sums(units, &[visits], &[visits]).unwrap();
    let (control, treated) = (arm(21_306, 2_262.0), arm(21_387, 3_238.0));
    let found = size(difference(&control, &treated, Scale::Absolute, 0.95));
    assert_eq!(format!("{:.5}", found.point), "0.04523");
    assert_eq!(found.units, 42_693);
    // The standard error of two proportions, each with one unit less in the denominator.
    let variance = |units: f64, share: f64| share * (1.0 - share) / (units - 1.0);
    let (from, to) = (2_262.0 / 21_306.0, 3_238.0 / 21_387.0);
    let error = (variance(21_306.0, from) + variance(21_387.0, to)).sqrt();
    close(found.standard_error, error, 1e-13);
    assert!(found.p_value < 1e-40 && found.low > 0.038 && found.high < 0.052);
}

#[test]
fn cluster_totals_give_the_cluster_robust_error_computed_from_rows() {
    let mut random = draws(8, 0);
    let mut rows = Vec::new();
    for cluster in 0..40u64 {
        let shared = normal(&mut random);
        let size = 1 + cluster % 7;
        for _ in 0..size {
            rows.push((
                cluster,
                (cluster % 2) as usize,
                shared + normal(&mut random),
            ));
        }
    }
    // The sandwich of the regression of the value on a constant and the arm, with G / (G - 1) within each arm.
    let mut variance = 0.0;
    let mut means = [0.0; 2];
    for (arm, mean_of_arm) in means.iter_mut().enumerate() {
        let own: Vec<_> = rows.iter().filter(|row| row.1 == arm).collect();
        let mean = own.iter().map(|row| row.2).sum::<f64>() / own.len() as f64;
        let mut meat = 0.0;
        let clusters: Vec<u64> = (0..40).filter(|c| (c % 2) as usize == arm).collect();
        for cluster in &clusters {
            let of_it = own.iter().filter(|row| row.0 == *cluster);
            meat += of_it.map(|row| row.2 - mean).sum::<f64>().powi(2);
        }
        let g = clusters.len() as f64;
        variance += g / (g - 1.0) * meat / (own.len() as f64).powi(2);
        *mean_of_arm = mean;
    }
    let arms = cluster_totals(rows.iter().copied(), 2).unwrap();
    let found = size(clustered(&arms[0], &arms[1], Scale::Absolute, 0.95));
    close(found.point, means[1] - means[0], 1e-12);
    close(found.standard_error, variance.sqrt(), 1e-12);
    assert_eq!(found.units, 40);
    let in_two = cluster_totals([(7, 0, 1.0), (8, 1, 1.0), (7, 1, 2.0)], 2).unwrap_err();
    assert_eq!(
        in_two.to_string(),
        "group rows by cluster: row 2 puts cluster 7 in arm 1, earlier rows in arm 0; a cluster must be in one arm"
    );
    assert_eq!(
        cluster_totals([(7, 2, 1.0)], 2),
        Err(ClusterError::Arm {
            row: 0,
            found: 2,
            arms: 2
        })
    );
    let nothing = cluster_totals([(7, 0, f64::NAN)], 2).unwrap_err();
    assert!(matches!(nothing, ClusterError::NotFinite { row: 0, .. }));
}

#[test]
fn what_arms_cannot_say_is_a_reason_and_no_number() {
    let few = Moments::of(&[1.0, 2.0, 4.0]).unwrap();
    let many = columns(&TREATED, 1);
    let absolute = Scale::Absolute;
    assert_eq!(
        why(difference(&few, &many, absolute, 0.95)),
        too_few("units in the control arm", 3, 10)
    );
    assert_eq!(
        why(difference(&many, &Moments::new(1), absolute, 0.95)),
        too_few("units in the treated arm", 0, 10)
    );
    let flat = Moments::of(&[0.1; 50]).unwrap();
    assert_eq!(
        why(difference(&flat, &many, absolute, 0.95)),
        no_variation("the metric in the control arm")
    );
    // Half of twenty at 1, half at -1.
    let zero = Moments::from_sums(20, &[0.0], &[20.0]).unwrap();
    let WhyNot::DoesNotApply { because } = why(difference(&zero, &many, Scale::Relative, 0.95))
    else {
        panic!("a share of nothing")
    };
    assert!(because.contains("control arm is 0"), "{because}");
    // A covariate that says nothing, one that says everything, and one that is another's double.
    let with = |covariate: fn(f64, usize) -> f64| {
        let rows = CONTROL.iter().enumerate();
        Moments::of_rows(2, rows.map(|(i, row)| [row[0], covariate(row[0], i)])).unwrap()
    };
    let none = with(|_, _| 3.0);
    assert_eq!(
        why(cuped(&none, &none, absolute, 0.95)),
        no_variation("the covariate")
    );
    assert_eq!(
        why(regression_adjusted(&none, &none, 0.95)),
        no_variation("covariate 1 beside the others in the control arm")
    );
    let all = with(|outcome, _| 5.0 * outcome + 1.0);
    assert_eq!(
        why(cuped(&all, &all, absolute, 0.95)),
        no_variation("what the covariate leaves of the metric in the control arm")
    );
    assert_eq!(
        why(regression_adjusted(&all, &all, 0.95)),
        no_variation("what the covariates leave of the metric in the control arm")
    );
    let twice = Moments::of_rows(3, CONTROL.map(|row| [row[0], row[1], 2.0 * row[1]])).unwrap();
    let double = why(regression_adjusted(&twice, &twice, 0.95));
    assert!(
        matches!(&double, WhyNot::NoVariation { what } if what.contains("beside the others")),
        "{double}"
    );
    let empty_denominator = with(|_, _| 0.0);
    let WhyNot::DoesNotApply { because } = why(ratio(
        &empty_denominator,
        &empty_denominator,
        absolute,
        0.95,
    )) else {
        panic!("a ratio to nothing")
    };
    assert_eq!(because, "the denominator of the control arm is 0");
    let same = with(|outcome, _| outcome);
    assert_eq!(
        why(ratio(&same, &same, absolute, 0.95)),
        no_variation("the ratio in the control arm")
    );
    let json = serde_json::to_string(&difference(&few, &many, absolute, 0.95).unwrap()).unwrap();
    assert_eq!(
        json,
        r#"{"not_measurable":{"too_few":{"what":"units in the control arm","found":3,"needed":10}}}"#
    );
}

#[test]
fn comparisons_without_meaning_are_refused() {
    let (one, two) = (columns(&CONTROL, 1), columns(&TREATED, 2));
    let said = |found: Result<Effect, EffectError>| found.unwrap_err().to_string();
    assert_eq!(
        said(difference(&one, &one, Scale::Absolute, 1.0)),
        "read an effect at level 1: allowed is above 0 and below 1"
    );
    assert!(difference(&one, &one, Scale::Absolute, f64::NAN).is_err());
    assert_eq!(
        said(cuped(&one, &two, Scale::Absolute, 0.95)),
        "compare arms of 1 and 2 columns: both need 2"
    );
    assert_eq!(
        said(regression_adjusted(&two, &columns(&TREATED, 3), 0.95)),
        "compare arms of 2 and 3 columns: both need the same number, of 2 or more"
    );
    assert_eq!(
        said(regression_adjusted(&one, &one, 0.95)),
        "compare arms of 1 and 1 columns: both need 2 or more"
    );
    assert!(clustered(&one, &one, Scale::Absolute, 0.95).is_err());
    let mut moments = Moments::new(2);
    let error = moments.push(&[1.0, f64::INFINITY]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "add a unit whose column 1 is inf: every value must be finite"
    );
    assert_eq!(
        moments.push(&[1.0]).unwrap_err().to_string(),
        "add 1 columns to moments of 2"
    );
    assert!(moments.merge(&one).is_err());
    assert_eq!(moments, Moments::new(2), "nothing was half added");
}

#[test]
fn moments_that_no_rows_have_are_refused() {
    assert_eq!(
        Moments::from_sums(10, &[5.0], &[2.0]),
        Err(MomentsError::Impossible {
            count: 10,
            column: 0
        })
    );
    assert!(Moments::from_sums(10, &[5.0], &[2.0, 1.0]).is_err());
    assert!(Moments::from_sums(10, &[f64::NAN], &[2.0]).is_err());
    assert!(Moments::from_sums(0, &[1.0], &[1.0]).is_err());
    assert!(Moments::from_sums(0, &[0.0], &[0.0]).is_ok());
    let written = serde_json::to_string(&columns(&CONTROL, 2)).unwrap();
    assert_eq!(
        serde_json::from_str::<Moments>(&written).unwrap(),
        columns(&CONTROL, 2)
    );
    for (from, to) in [
        ("\"count\":12", "\"count\":1"),
        ("\"products\":[", "\"products\":[-"),
        ("\"count\"", "\"extra\":1,\"count\""),
    ] {
        let damaged = written.replacen(from, to, 1);
        assert_ne!(damaged, written);
        assert!(
            serde_json::from_str::<Moments>(&damaged).is_err(),
            "{damaged}"
        );
    }
    // A correlation above 1.
    let steep = r#"{"count":5,"means":[0,0],"products":[4,6,6,4]}"#;
    let error = serde_json::from_str::<Moments>(steep)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("column 1 cannot be those of any rows"),
        "{error}"
    );
}

#[test]
fn a_mean_that_dwarfs_the_spread_costs_no_digits() {
    let values: Vec<f64> = (0..1_000).map(|i| 1e9 + f64::from(i % 10)).collect();
    let moments = Moments::of(&values).unwrap();
    // The variance of 0..9 is 8.25 over all, times 1000/999.
    close(
        moments.covariance(0, 0).unwrap(),
        8.25 * 1_000.0 / 999.0,
        1e-6,
    );
    // Sums have lost it, and say a variance of nothing rather than of noise.
    let (sum, squares) = (
        values.iter().sum::<f64>(),
        values.iter().map(|v| v * v).sum::<f64>(),
    );
    let summed = Moments::from_sums(1_000, &[sum], &[squares]).unwrap();
    assert_eq!(summed.covariance(0, 0), Some(0.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn merging_parts_in_any_order_gives_the_moments_of_all_rows(
        rows in prop::collection::vec(prop::array::uniform3(-1e3..1e3f64), 0..60),
        cuts in prop::collection::vec(0..60usize, 0..6),
        backwards in any::<bool>(),
    ) {
        let whole = Moments::of_rows(3, &rows).unwrap();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(rows.len())).collect();
        cuts.extend([0, rows.len()]);
        cuts.sort_unstable();
        let mut parts: Vec<Moments> = cuts
            .windows(2)
            .map(|cut| Moments::of_rows(3, &rows[cut[0]..cut[1]]).unwrap())
            .collect();
        if backwards {
            parts.reverse();
        }
        let mut merged = Moments::new(3);
        for part in &parts {
            merged.merge(part).unwrap();
        }
        prop_assert_eq!(merged.count(), whole.count());
        for one in 0..3 {
            let means = (merged.mean(one), whole.mean(one));
            prop_assert_eq!(means.0.is_some(), means.1.is_some());
            prop_assert!((means.0.unwrap_or(0.0) - means.1.unwrap_or(0.0)).abs() < 1e-10);
            for other in 0..3 {
                let pair = (merged.covariance(one, other), whole.covariance(one, other));
                prop_assert_eq!(pair.0.is_some(), rows.len() > 1);
                // 1e6 is the largest product: this is its rounding, far below any wrong term.
                prop_assert!((pair.0.unwrap_or(0.0) - pair.1.unwrap_or(0.0)).abs() < 1e-7);
                prop_assert_eq!(merged.covariance(one, other), merged.covariance(other, one));
            }
        }
    }
}

#[test]
fn bounds_are_fixed_on_history_and_cut_only_what_is_outside() {
    let history: Vec<f64> = (0..=100).rev().map(f64::from).collect();
    let bounds = Winsor::at_quantiles(&history, 0.0, 0.995).unwrap();
    // numpy.quantile(range(101), .995) is 99.5.
    assert_eq!(bounds.bounds(), (0.0, 99.5));
    assert_eq!(
        [-3.0, 0.0, 50.0, 99.6, 1e9].map(|value| bounds.cut(value)),
        [0.0, 0.0, 50.0, 99.5, 99.5]
    );
    assert!(bounds.cut(f64::NAN).is_nan());
    assert_eq!(Winsor::at_quantiles(&[], 0.0, 1.0), Err(WinsorError::Empty));
    assert_eq!(
        Winsor::at_quantiles(&history, 0.9, 0.9)
            .unwrap_err()
            .to_string(),
        "fix bounds at quantiles 0.9 and 0.9: allowed is 0 <= low < high <= 1"
    );
    assert!(Winsor::at_quantiles(&[1.0, f64::NAN], 0.0, 0.9).is_err());
    let written = serde_json::to_string(&bounds).unwrap();
    assert_eq!(serde_json::from_str::<Winsor>(&written).unwrap(), bounds);
    assert!(serde_json::from_str::<Winsor>(r#"{"low":2,"high":1}"#).is_err());
}

#[test]
fn intervals_cover_a_known_effect_as_often_as_they_say() {
    let mut of = [(); 5].map(|()| Coverage::default());
    let mut narrower = 0.0;
    for sample in 0..1_000 {
        let mut random = draws(21, sample);
        // Skewed outcomes that a covariate explains half of, arms of different size and variance, an effect of 0.3 that
        // grows with the covariate.
        let mut arm = |units: u32, lift: f64| {
            let rows = (0..units).map(|_| {
                let x = exponential(&mut random);
                let y = x + exponential(&mut random) + lift * x;
                [y, x]
            });
            Moments::of_rows(2, rows).unwrap()
        };
        let (control, treated) = (arm(300, 0.0), arm(600, 0.3));
        let found = [
            size(difference(&control, &treated, Scale::Absolute, 0.95)),
            size(cuped(&control, &treated, Scale::Absolute, 0.95)),
            size(regression_adjusted(&control, &treated, 0.95)),
        ];
        for (coverage, found) in of.iter_mut().zip(&found) {
            coverage.add(found.low, 0.3, found.high);
        }
        narrower += found[1].standard_error / found[0].standard_error;
        // Revenue per order: customers with 1 to 5 orders of 10 on average, 11 in the treated arm.
        let mut orders = |mean: f64| {
            let rows = (0..200).map(|_| {
                let n = random.random_range(1..6u32);
                let sum: f64 = (0..n).map(|_| mean * exponential(&mut random)).sum();
                [sum, f64::from(n)]
            });
            Moments::of_rows(2, rows).unwrap()
        };
        let per_order = size(ratio(&orders(10.0), &orders(11.0), Scale::Absolute, 0.95));
        of[3].add(per_order.low, 1.0, per_order.high);
        // 60 stores of 5 to 15 customers who share their store's level.
        let mut rows = Vec::new();
        for store in 0..60u64 {
            let (arm, level) = ((store % 2) as usize, normal(&mut random));
            for _ in 0..random.random_range(5..16) {
                rows.push((store, arm, level + normal(&mut random)));
            }
        }
        let arms = cluster_totals(rows, 2).unwrap();
        let by_store = size(clustered(&arms[0], &arms[1], Scale::Absolute, 0.95));
        of[4].add(by_store.low, 0.0, by_store.high);
    }
    for (coverage, what) in of
        .iter()
        .zip(["means", "cuped", "regression", "ratio", "clusters"])
    {
        coverage.assert_is(0.95, what);
    }
    // The covariate explains half of the control's variance and more of the treated's.
    let narrower = narrower / 1_000.0;
    assert!((0.62..0.72).contains(&narrower), "{narrower}");
}

/// Rows of both arms: a metric, and two covariates that explain most of it and one that repeats the first.
fn explained(seed: u64, units: usize, effect: f64) -> [Vec<[f64; 5]>; 2] {
    let mut random = draws(53, seed);
    [0.0, effect].map(|added| {
        let rows = (0..units).map(|_| {
            let (one, two) = (normal(&mut random), normal(&mut random));
            let metric = 3.0 * one - 2.0 * two + 0.5 * normal(&mut random) + added;
            [metric, one, two, 10.0 * one, 1.0]
        });
        rows.collect()
    })
}

/// The effect with the prediction of each row as its covariate.
fn predicted(arms: &[Vec<[f64; 5]>; 2]) -> Size {
    let predicted = cross_fitted(arms, 5).unwrap();
    let of = |arm: usize| {
        let rows = arms[arm].iter().zip(&predicted[arm]);
        Moments::of_rows(2, rows.map(|(row, predicted)| [row[0], *predicted])).unwrap()
    };
    size(cuped(&of(0), &of(1), Scale::Absolute, 0.95))
}

#[test]
fn a_cross_fitted_prediction_adjusts_as_the_regression_itself_does() {
    let arms = explained(0, 4_000, 0.3);
    let found = predicted(&arms);
    let of = |arm: usize| {
        Moments::of_rows(3, arms[arm].iter().map(|row| [row[0], row[1], row[2]])).unwrap()
    };
    let expected = size(regression_adjusted(&of(0), &of(1), 0.95));
    // Covariates that repeat another or never vary are no hindrance.
    assert!(
        (found.point - expected.point).abs() < 0.05 * expected.standard_error,
        "{found:?} {expected:?}"
    );
    assert!(
        (found.standard_error / expected.standard_error - 1.0).abs() < 0.01,
        "{found:?} {expected:?}"
    );
    // Nothing a row says of itself goes into its prediction.
    let mut other = arms.clone();
    other[0][7][0] += 1_000.0;
    let (before, after) = (
        cross_fitted(&arms, 5).unwrap(),
        cross_fitted(&other, 5).unwrap(),
    );
    for (place, (one, two)) in before[0].iter().zip(&after[0]).enumerate() {
        assert_eq!(one == two, place % 5 == 2, "row {place}");
    }
    let wrong = cross_fitted(&[vec![[f64::NAN, 1.0]], vec![]], 2).unwrap_err();
    assert!(matches!(wrong, MomentsError::NotFinite { .. }), "{wrong}");
    assert_eq!(
        cross_fitted::<2>(&[vec![], vec![]], 5).unwrap(),
        [vec![], vec![]] as [Vec<f64>; 2]
    );
}

#[test]
fn intervals_of_cross_fitted_predictions_cover_as_often_as_they_say() {
    let mut coverage = Coverage::default();
    for seed in 1..=1_000 {
        let found = predicted(&explained(seed, 60, 0.3));
        coverage.add(found.low, 0.3, found.high);
    }
    coverage.assert_is(0.95, "cross-fitted, 60 units an arm");
}

#[test]
fn sums_of_clusters_hold_ratios_beside_the_same_before() {
    let mut random = draws(59, 0);
    let mut rows = Vec::new();
    for cluster in 0..120_u64 {
        let (arm, of_cluster) = ((cluster % 2) as usize, normal(&mut random));
        for _ in 0..1 + cluster % 5 {
            let before = 5.0 + of_cluster + 0.2 * normal(&mut random);
            let metric = 5.0 + of_cluster + 0.2 * normal(&mut random) + 0.4 * arm as f64;
            rows.push((cluster, arm, [metric, 1.0, before, 1.0]));
        }
    }
    let sums = cluster_sums(rows.iter().copied(), 2).unwrap();
    let totals = cluster_totals(rows.iter().map(|(c, arm, row)| (*c, *arm, row[0])), 2).unwrap();
    let alone = size(clustered(&totals[0], &totals[1], Scale::Absolute, 0.95));
    let as_ratio = size(ratio(&sums[0], &sums[1], Scale::Absolute, 0.95));
    assert!((alone.point - as_ratio.point).abs() < 1e-12);
    assert!((alone.standard_error - as_ratio.standard_error).abs() < 1e-12);
    let adjusted = size(adjusted_ratio(&sums[0], &sums[1], Scale::Absolute, 0.95));
    assert!(
        adjusted.standard_error < 0.4 * alone.standard_error,
        "{adjusted:?} {alone:?}"
    );
    assert!(
        (adjusted.point - 0.4).abs() < 3.0 * adjusted.standard_error,
        "{adjusted:?}"
    );
}
