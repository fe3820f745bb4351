//! Curves against scikit-uplift, rankings and policies against known truth.

use measure::effects::{Effect, Size};
use measure::ranking::Bootstrap;
use measure::uplift::{
    AipwScores, CurvePoint, PolicyError, RateError, ScoresError, Top, TopOf, Trial, TrialError,
    Units, Weighting, area_under, calibration, policy_value, rate,
};
use proptest::prelude::*;
use rand::{Rng, RngExt};
use schema::WhyNot;

use crate::simulated::{Coverage, close, draws, near, normal};

/// Twenty-four units with ties across arms and outcomes.
const OUTCOME: [u8; 24] = [
    1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1,
];
const TREATED: [u8; 24] = [
    1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0,
];
const SCORE: [f64; 24] = [
    0.9, 0.8, 0.8, 0.8, 0.7, 0.65, 0.6, 0.6, 0.55, 0.5, 0.5, 0.45, 0.4, 0.4, 0.4, 0.3, 0.3, 0.25,
    0.2, 0.2, 0.1, 0.1, 0.0, -0.1,
];

struct Data {
    outcome: Vec<f64>,
    treated: Vec<bool>,
}

fn data() -> Data {
    Data {
        outcome: OUTCOME.map(f64::from).to_vec(),
        treated: TREATED.map(|treated| treated == 1).to_vec(),
    }
}

fn is(curve: &[CurvePoint], targeted: &[f64], gain: &[f64]) {
    assert_eq!(curve.len(), targeted.len());
    for (point, (targeted, gain)) in curve.iter().zip(targeted.iter().zip(gain)) {
        close(point.targeted, *targeted, 1e-12);
        close(point.gain, *gain, 1e-12);
    }
}

#[test]
fn curves_and_coefficients_equal_scikit_uplift() {
    // scikit-uplift 0.5.1 with scikit-learn 1.9.1 on the units above; the bench case compares 64,000 more.
    let Data { outcome, treated } = data();
    let trial = Trial::new(&outcome, &treated, &SCORE).unwrap();
    let targeted = [
        0.0, 1.0, 4.0, 5.0, 6.0, 8.0, 9.0, 11.0, 12.0, 15.0, 17.0, 18.0, 20.0, 22.0, 23.0, 24.0,
    ];
    is(
        &trial.qini_curve(),
        &targeted,
        &[
            0.0,
            1.0,
            2.0,
            2.0,
            1.0,
            2.0,
            1.75,
            2.8,
            2.0,
            2.7142857142857144,
            2.75,
            3.0,
            4.0,
            3.0,
            2.7272727272727275,
            2.0,
        ],
    );
    is(
        &trial.uplift_curve(),
        &targeted,
        &[
            0.0,
            1.0,
            2.6666666666666665,
            3.333333333333333,
            2.0,
            4.0,
            3.15,
            5.133333333333333,
            4.0,
            5.089285714285714,
            5.194444444444445,
            6.0,
            8.0,
            6.0,
            5.2272727272727275,
            4.0,
        ],
    );
    is(
        &trial.perfect_qini_curve(true).unwrap(),
        &[0.0, 6.0, 20.0, 24.0],
        &[0.0, 6.0, 6.0, 2.0],
    );
    is(
        &trial.perfect_qini_curve(false).unwrap(),
        &[0.0, 2.0, 24.0],
        &[0.0, 2.0, 2.0],
    );
    is(
        &trial.perfect_uplift_curve().unwrap(),
        &[0.0, 6.0, 14.0, 20.0, 24.0],
        &[0.0, 6.0, 14.0, 10.0, 4.0],
    );
    close(
        trial.qini_coefficient(true).unwrap(),
        0.32939347886156406,
        1e-12,
    );
    close(
        trial.qini_coefficient(false).unwrap(),
        1.4074085005903192,
        1e-12,
    );
    close(
        trial.uplift_coefficient().unwrap(),
        0.35889213564213557,
        1e-12,
    );
    close(
        area_under(&trial.perfect_uplift_curve().unwrap()),
        198.0,
        1e-12,
    );
}

#[test]
fn uplift_of_the_best_equals_scikit_uplift_also_where_the_cut_goes_through_equal_scores() {
    let Data { outcome, treated } = data();
    let trial = Trial::new(&outcome, &treated, &SCORE).unwrap();
    for (top, everybody, each_arm) in [
        (Top::Share(0.3), 0.41666666666666663, 0.3333333333333333),
        (Top::Share(0.5), 0.3333333333333333, 0.3333333333333333),
        (Top::Units(7), 0.41666666666666663, 0.4285714285714286),
        (Top::Units(10), 0.39999999999999997, 0.39999999999999997),
    ] {
        close(
            trial.uplift_at(top, TopOf::Everybody).unwrap(),
            everybody,
            1e-12,
        );
        close(
            trial.uplift_at(top, TopOf::EachArm).unwrap(),
            each_arm,
            1e-12,
        );
    }
    // There, the first 3 of all are treated: scikit-uplift says nan.
    let one_arm = trial
        .uplift_at(Top::Share(0.15), TopOf::Everybody)
        .unwrap_err();
    assert_eq!(
        one_arm.to_string(),
        "look at the best 3 units: 3 are treated and 0 are not, both arms need at least 1"
    );
    close(
        trial.uplift_at(Top::Share(0.15), TopOf::EachArm).unwrap(),
        1.0,
        1e-12,
    );
    for top in [
        Top::Share(0.0),
        Top::Share(1.0),
        Top::Share(f64::NAN),
        Top::Units(0),
        Top::Units(24),
    ] {
        let refused = trial.uplift_at(top, TopOf::Everybody);
        assert!(matches!(refused, Err(TrialError::Top { .. })), "{top:?}");
    }
    let beyond = trial.uplift_at(Top::Units(20), TopOf::EachArm).unwrap_err();
    assert_eq!(
        beyond.to_string(),
        "look at the best 20 of 12 units: allowed is at most the units of each arm"
    );
}

#[test]
fn trials_without_a_curve_are_refused() {
    let Data { outcome, treated } = data();
    let said = |found: Result<f64, TrialError>| found.unwrap_err().to_string();
    let spend: Vec<f64> = outcome.iter().map(|y| 2.5 * y).collect();
    let of_spend = Trial::new(&spend, &treated, &SCORE).unwrap();
    assert_eq!(of_spend.qini_curve().len(), 16, "spend has a curve");
    assert_eq!(
        said(of_spend.qini_coefficient(true)),
        "compare a trial with its perfect ranking: the outcome of row 0 is 2.5, allowed are 0 and 1"
    );
    let nothing = vec![0.0; 24];
    let quiet = Trial::new(&nothing, &treated, &SCORE).unwrap();
    assert_eq!(quiet.qini_coefficient(true), Err(TrialError::NothingToGain));
    let others: Vec<bool> = treated.iter().map(|treated| !treated).collect();
    let losing = Trial::new(&outcome, &others, &SCORE).unwrap();
    assert_eq!(
        said(losing.qini_coefficient(false)),
        "compare a trial with a perfect ranking without negative effects: treating everybody gains -2, which must not be negative"
    );
    assert!(losing.qini_coefficient(true).is_ok());
    assert_eq!(
        Trial::new(&outcome, &[true; 24], &SCORE).unwrap_err(),
        TrialError::OneArm {
            treated: 24,
            control: 0
        }
    );
    assert!(matches!(
        Trial::new(&[], &[], &[]),
        Err(TrialError::OneArm { .. })
    ));
    assert!(matches!(
        Trial::new(&outcome, &treated[1..], &SCORE),
        Err(TrialError::Lengths { treated: 23, .. })
    ));
    let mut scores = SCORE;
    scores[5] = f64::NAN;
    assert_eq!(
        Trial::new(&outcome, &treated, &scores)
            .unwrap_err()
            .to_string(),
        "rank a trial: the score of row 5 is NaN, it must be finite"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn curves_do_not_depend_on_the_order_of_rows_nor_on_the_scale_of_scores(
        rows in prop::collection::vec((any::<bool>(), any::<bool>(), 0..8u8), 4..40),
        seed in any::<u64>(),
    ) {
        let columns = |rows: &[(bool, bool, u8)], scale: f64| -> (Vec<f64>, Vec<bool>, Vec<f64>) {
            (
                rows.iter().map(|row| f64::from(u8::from(row.0))).collect(),
                rows.iter().map(|row| row.1).collect(),
                rows.iter().map(|row| scale * f64::from(row.2) - 2.0).collect(),
            )
        };
        let (outcome, treated, score) = columns(&rows, 1.0);
        prop_assume!(treated.contains(&true) && treated.contains(&false));
        let mut shuffled = rows.clone();
        let mut random = draws(seed, 0);
        for at in (1..shuffled.len()).rev() {
            shuffled.swap(at, random.random_range(0..at + 1));
        }
        let other = columns(&shuffled, 1e-6);
        let trial = Trial::new(&outcome, &treated, &score).unwrap();
        let same = Trial::new(&other.0, &other.1, &other.2).unwrap();
        prop_assert_eq!(trial.qini_curve(), same.qini_curve());
        prop_assert_eq!(trial.uplift_curve(), same.uplift_curve());
        prop_assert_eq!(trial.qini_coefficient(true), same.qini_coefficient(true));
    }
}

fn bootstrap(seed: u64) -> Bootstrap {
    Bootstrap {
        resamples: 200,
        level: 0.95,
        seed,
    }
}

fn size(effect: &Effect) -> Size {
    match effect {
        Effect::Measured(size) => *size,
        Effect::NotMeasurable(why) => panic!("not measurable: {why}"),
    }
}

#[test]
fn rank_weighted_effects_equal_values_worked_out_by_hand() {
    // The first ten of twenty gain 1: the mean of the best i is 1 up to ten and 10 / i after; overall it is a half.
    let gain: Vec<f64> = (0..20).map(|unit| f64::from(u8::from(unit < 10))).collect();
    let priority: Vec<f64> = (0..20).map(|unit| -f64::from(unit)).collect();
    let of = |priority: &[f64], weighting: Weighting| {
        size(&rate(priority, &gain, weighting, &bootstrap(1)).unwrap()).point
    };
    let late: f64 = (11..=20).map(|i| 10.0 / f64::from(i)).sum();
    close(
        of(&priority, Weighting::Autoc),
        (10.0 + late) / 20.0 - 0.5,
        1e-12,
    );
    // With weight i / n: the sum of the best over n, less the half of it at random.
    let sums: f64 = (1..=20).map(|i| f64::from(i.min(10))).sum();
    close(
        of(&priority, Weighting::Qini),
        sums / 400.0 - 0.5 * 21.0 / 40.0,
        1e-12,
    );
    // Equal priorities share their effects: blocks of two of a kind change nothing, two halves in one block all.
    let pairs: Vec<f64> = (0..20).map(|unit| -f64::from(unit / 2)).collect();
    close(
        of(&pairs, Weighting::Autoc),
        of(&priority, Weighting::Autoc),
        1e-12,
    );
    let halves: Vec<f64> = (0..20).map(|unit| f64::from(unit % 2)).collect();
    close(of(&halves, Weighting::Autoc), 0.0, 1e-12);
}

#[test]
fn rank_weighted_effects_cover_the_truth_and_see_no_more_than_there_is() {
    // Effects uniform in 0..1 with noise: AUTOC is a quarter for the true order and Qini a twelfth; 0 for any other.
    let (mut autoc, mut qini, mut blind) = (
        Coverage::default(),
        Coverage::default(),
        Coverage::default(),
    );
    for sample in 0..500 {
        let mut random = draws(40, sample);
        let effects: Vec<f64> = (0..400).map(|_| random.random()).collect();
        let scores: Vec<f64> = effects.iter().map(|e| e + normal(&mut random)).collect();
        let noise: Vec<f64> = (0..400).map(|_| random.random()).collect();
        let measured = |priority: &[f64], weighting| {
            size(&rate(priority, &scores, weighting, &bootstrap(sample)).unwrap())
        };
        for (coverage, found, truth) in [
            (&mut autoc, measured(&effects, Weighting::Autoc), 0.25),
            (&mut qini, measured(&effects, Weighting::Qini), 1.0 / 12.0),
            (&mut blind, measured(&noise, Weighting::Autoc), 0.0),
        ] {
            coverage.add(found.low, truth, found.high);
        }
    }
    autoc.assert_is(0.95, "AUTOC");
    qini.assert_is(0.95, "Qini");
    blind.assert_is(0.95, "a priority of noise");
}

#[test]
fn rank_weighted_intervals_are_the_same_on_one_thread_and_on_two() {
    let mut random = draws(3, 0);
    let columns: [Vec<f64>; 2] = [(); 2].map(|()| (0..301).map(|_| random.random()).collect());
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| rate(&columns[0], &columns[1], Weighting::Autoc, &bootstrap(9)).unwrap())
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn rankings_that_say_nothing_have_a_reason_and_those_without_meaning_are_refused() {
    let values: Vec<f64> = (0..30).map(f64::from).collect();
    let flat = vec![1.0; 30];
    let autoc =
        |priority: &[f64], scores: &[f64]| rate(priority, scores, Weighting::Autoc, &bootstrap(1));
    let no_variation = |what: &str| {
        Ok(Effect::NotMeasurable(WhyNot::NoVariation {
            what: what.to_owned(),
        }))
    };
    assert_eq!(autoc(&flat, &values), no_variation("the priority"));
    assert_eq!(
        autoc(&values, &flat),
        no_variation("the score of the effect")
    );
    assert!(matches!(
        autoc(&values[..19], &values[..19]),
        Ok(Effect::NotMeasurable(WhyNot::TooFew {
            found: 19,
            needed: 20,
            ..
        }))
    ));
    assert!(matches!(
        autoc(&values, &values[..3]),
        Err(RateError::Lengths { scores: 3, .. })
    ));
    let mut broken = values.clone();
    broken[4] = f64::INFINITY;
    assert_eq!(
        autoc(&broken, &values).unwrap_err().to_string(),
        "judge a ranking: `priority` of unit 4 is inf, it must be finite"
    );
    let none = Bootstrap {
        resamples: 99,
        ..bootstrap(1)
    };
    assert_eq!(
        rate(&values, &values, Weighting::Qini, &none),
        Err(RateError::Bootstrap {
            resamples: 99,
            level: 0.95
        })
    );
}

/// A trial whose effect is `x` for x uniform in -1..1, with the propensity rising in x and a base that it hides behind.
struct Simulated {
    x: Vec<f64>,
    outcome: Vec<f64>,
    treated: Vec<bool>,
    propensity: Vec<f64>,
    /// True mean without treatment, and with.
    base: Vec<f64>,
    lifted: Vec<f64>,
}

fn simulated(n: usize, random: &mut impl Rng) -> Simulated {
    let x: Vec<f64> = (0..n).map(|_| random.random_range(-1.0..1.0)).collect();
    let propensity: Vec<f64> = x.iter().map(|x| 0.5 + 0.3 * x).collect();
    let treated: Vec<bool> = propensity
        .iter()
        .map(|e| random.random::<f64>() < *e)
        .collect();
    let base: Vec<f64> = x.iter().map(|x| 2.0 - 3.0 * x).collect();
    let lifted: Vec<f64> = base.iter().zip(&x).map(|(base, x)| base + x).collect();
    let outcome = (0..n)
        .map(|i| if treated[i] { lifted[i] } else { base[i] } + 0.5 * normal(random))
        .collect();
    Simulated {
        x,
        outcome,
        treated,
        propensity,
        base,
        lifted,
    }
}

#[test]
fn scores_are_unbiased_even_where_predictions_are_wrong_and_narrower_where_they_are_right() {
    let data = simulated(20_000, &mut draws(70, 0));
    let zeros = vec![0.0; 20_000];
    let with = |control: &[f64], treated: &[f64]| {
        let scores = AipwScores::new(&Units {
            outcome: &data.outcome,
            treated: &data.treated,
            propensity: &data.propensity,
            predicted_control: control,
            predicted_treated: treated,
        });
        let scores = scores.unwrap().effect();
        let mean = scores.iter().sum::<f64>() / 20_000.0;
        let squares: f64 = scores.iter().map(|score| (score - mean).powi(2)).sum();
        (mean, (squares / 20_000.0f64.powi(2)).sqrt())
    };
    let (blind, right) = (with(&zeros, &zeros), with(&data.base, &data.lifted));
    let wrong = with(&data.lifted, &zeros);
    for (mean, error) in [blind, right, wrong] {
        // The mean effect is 0; the plain difference of arms is off by more than half a unit.
        assert!(mean.abs() < 4.0 * error, "{mean} with an error of {error}");
    }
    assert!(right.1 < 0.4 * blind.1, "{} {}", right.1, blind.1);
}

#[test]
fn units_that_could_not_be_in_both_arms_have_no_score() {
    let (outcome, treated) = ([1.0, 0.0, 1.0], [true, false, true]);
    let with = |propensity: &[f64], predicted: &[f64]| {
        AipwScores::new(&Units {
            outcome: &outcome,
            treated: &treated,
            propensity,
            predicted_control: predicted,
            predicted_treated: &[0.0; 3],
        })
    };
    assert_eq!(
        with(&[0.5, 0.0, 0.5], &[0.0; 3]).unwrap_err().to_string(),
        "score unit 1: its propensity is 0, allowed is above 0 and below 1; a unit that could not have been in the other arm says nothing of the effect"
    );
    for value in [1.0, -0.1, 1.2, f64::NAN] {
        let refused = with(&[0.5, 0.5, value], &[0.0; 3]);
        assert!(
            matches!(refused, Err(ScoresError::Propensity { unit: 2, .. })),
            "{value}"
        );
    }
    assert_eq!(
        with(&[0.5; 2], &[0.0; 3]).unwrap_err().to_string(),
        "score 3 units: column `propensity` has 2 values"
    );
    assert!(matches!(
        with(&[0.5; 3], &[0.0, f64::NAN, 0.0]),
        Err(ScoresError::NotFinite {
            column: "predicted_control",
            unit: 1,
            ..
        })
    ));
    // By hand: a treated unit of propensity .25 and an untreated one of .5.
    let scores = AipwScores::new(&Units {
        outcome: &[3.0, 5.0],
        treated: &[true, false],
        propensity: &[0.25, 0.5],
        predicted_control: &[1.0, 4.0],
        predicted_treated: &[2.0, 6.0],
    })
    .unwrap();
    assert_eq!(scores.control(), [1.0, 6.0]);
    assert_eq!(scores.treated(), [6.0, 6.0]);
    assert_eq!((scores.effect(), scores.len()), (vec![5.0, 0.0], 2));
}

#[test]
fn policies_are_worth_what_they_are_and_their_intervals_cover_it() {
    let mut of = [(); 7].map(|()| Coverage::default());
    for sample in 0..600 {
        let data = simulated(500, &mut draws(80, sample));
        // Predictions are crude: the mean of the base and nothing of the effect.
        let crude = vec![2.0; 500];
        let scores = AipwScores::new(&Units {
            outcome: &data.outcome,
            treated: &data.treated,
            propensity: &data.propensity,
            predicted_control: &crude,
            predicted_treated: &crude,
        })
        .unwrap();
        let treat: Vec<f64> = data
            .x
            .iter()
            .map(|x| f64::from(u8::from(*x > 0.5)))
            .collect();
        let found = policy_value(&scores, &treat, 0.95).unwrap();
        assert!((found.share - 0.25).abs() < 0.1);
        // A quarter is treated, those with effects of .5 to 1: .1875 per unit more than nobody. Everybody and any
        // share at random gain 0 on average.
        for (coverage, (effect, truth)) in of.iter_mut().zip([
            (&found.policy, 2.1875),
            (&found.everybody, 2.0),
            (&found.nobody, 2.0),
            (&found.random, 2.0),
            (&found.over_everybody, 0.1875),
            (&found.over_nobody, 0.1875),
            (&found.over_random, 0.1875),
        ]) {
            let size = size(effect);
            coverage.add(size.low, truth, size.high);
        }
    }
    for (coverage, what) in of.iter().zip([
        "policy",
        "everybody",
        "nobody",
        "random",
        "over everybody",
        "over nobody",
        "over random",
    ]) {
        coverage.assert_is(0.95, what);
    }
}

#[test]
fn policies_without_meaning_are_refused_and_trivial_ones_gain_nothing_measurable() {
    let data = simulated(60, &mut draws(6, 0));
    let scores = AipwScores::new(&Units {
        outcome: &data.outcome,
        treated: &data.treated,
        propensity: &data.propensity,
        predicted_control: &data.base,
        predicted_treated: &data.lifted,
    })
    .unwrap();
    let everybody = policy_value(&scores, &[1.0; 60], 0.95).unwrap();
    assert_eq!(everybody.policy, everybody.everybody);
    assert_eq!(everybody.share, 1.0);
    assert_eq!(
        everybody.over_everybody,
        Effect::NotMeasurable(WhyNot::NoVariation {
            what: "the gain over treating everybody".into()
        })
    );
    assert_eq!(
        policy_value(&scores, &[1.0; 59], 0.95),
        Err(PolicyError::Lengths {
            policy: 59,
            scores: 60
        })
    );
    let mut odd = [0.0; 60];
    odd[8] = 1.5;
    assert_eq!(
        policy_value(&scores, &odd, 0.95).unwrap_err().to_string(),
        "value a policy that treats unit 8 with probability 1.5: allowed is 0 to 1"
    );
    odd[8] = f64::NAN;
    assert!(policy_value(&scores, &odd, 0.95).is_err());
    assert!(policy_value(&scores, &[0.0; 60], 1.0).is_err());
}

#[test]
fn calibration_sees_a_right_size_an_overstated_one_and_noise() {
    let data = simulated(20_000, &mut draws(90, 0));
    let scores = AipwScores::new(&Units {
        outcome: &data.outcome,
        treated: &data.treated,
        propensity: &data.propensity,
        predicted_control: &data.base,
        predicted_treated: &data.lifted,
    })
    .unwrap()
    .effect();
    let right = calibration(&data.x, &scores, 10, 0.95).unwrap();
    assert_eq!(right.groups.len(), 10);
    assert!(right.groups.iter().all(|group| group.units == 2_000));
    for group in &right.groups {
        let size = size(&group.effect);
        near(&size, group.predicted);
        // Ten intervals that hold together are wider than one, at 2.8 standard errors each.
        let half = (size.high - size.point) / size.standard_error;
        assert!((2.75..2.85).contains(&half), "{half}");
        assert_eq!(size.level, 0.95);
    }
    assert!(
        right
            .groups
            .windows(2)
            .all(|pair| pair[0].predicted > pair[1].predicted)
    );
    let slope = size(&right.slope);
    near(&slope, 1.0);
    assert!(slope.standard_error < 0.05, "{slope:?}");
    near(&size(&right.shift), 0.0);
    let tripled: Vec<f64> = data.x.iter().map(|x| 3.0 * x + 0.5).collect();
    let overstated = calibration(&tripled, &scores, 10, 0.95).unwrap();
    assert!(size(&overstated.slope).high < 0.4, "{:?}", overstated.slope);
    assert!(
        size(&overstated.shift).high < -0.4,
        "{:?}",
        overstated.shift
    );
    let top = &overstated.groups[0];
    assert!(size(&top.effect).high < top.predicted, "{top:?}");
    let mut random = draws(90, 1);
    let noise: Vec<f64> = (0..20_000).map(|_| random.random()).collect();
    let blind = calibration(&noise, &scores, 10, 0.95).unwrap();
    near(&size(&blind.slope), 0.0);
}

#[test]
fn intervals_of_all_groups_hold_together_as_often_as_they_say() {
    let mut all = Coverage::default();
    for sample in 0..1_000 {
        let mut random = draws(95, sample);
        let predicted: Vec<f64> = (0..300).map(f64::from).collect();
        let scores: Vec<f64> = (0..300).map(|_| normal(&mut random)).collect();
        let found = calibration(&predicted, &scores, 10, 0.9).unwrap();
        let hold = found.groups.iter().all(|group| {
            let size = size(&group.effect);
            size.low <= 0.0 && 0.0 <= size.high
        });
        all.add(0.0, f64::from(u8::from(!hold)), 0.5);
    }
    all.assert_is(0.9, "ten groups together");
}

#[test]
fn equal_predictions_stay_together_and_small_groups_say_so() {
    let predicted: Vec<f64> = (0..100)
        .map(|unit| f64::from(u8::from(unit < 45)))
        .collect();
    let scores: Vec<f64> = (0..100).map(|unit| f64::from(unit % 7)).collect();
    let found = calibration(&predicted, &scores, 10, 0.95).unwrap();
    let units: Vec<u64> = found.groups.iter().map(|group| group.units).collect();
    assert_eq!(units, [45, 55]);
    assert_eq!(found.groups[0].predicted, 1.0);
    let rising: Vec<f64> = (0..100).map(f64::from).collect();
    let found = calibration(&rising, &scores, 20, 0.95).unwrap();
    assert!(found.groups.iter().all(|group| matches!(
        group.effect,
        Effect::NotMeasurable(WhyNot::TooFew {
            found: 5,
            needed: 10,
            ..
        })
    )));
    let flat = calibration(&[0.3; 100], &scores, 10, 0.95).unwrap();
    assert_eq!(flat.groups.len(), 1);
    assert_eq!(
        flat.slope,
        Effect::NotMeasurable(WhyNot::NoVariation {
            what: "the predicted effect".into()
        })
    );
    let said = |groups, level| {
        calibration(&rising, &scores, groups, level)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        said(0, 0.95),
        "compare predicted effects in 0 groups of 100 units: allowed are 1 to as many as there are units"
    );
    assert!(said(101, 0.95).contains("in 101 groups"));
    assert!(said(10, 1.0).contains("level 1"));
    assert!(calibration(&rising, &scores[..5], 2, 0.95).is_err());
}
