//! Claims about effects of treatments.

use math::random::stream;
use models::uplift::{
    ARM_ROWS_MIN, Boosting, Experiment, ExperimentError, Features, FeaturesError, FitError, Fitted,
    Learner, Observed, PredictError, Settings, choose, fit,
};
use rand::{Rng, RngExt};

/// The four set-ups of Nie and Wager (2021), section 5.
#[derive(Debug, Clone, Copy)]
enum SetUp {
    /// Difficult outcome, easy effect, propensities between .1 and .9.
    A,
    /// A randomised trial, a smooth effect of two columns.
    B,
    /// Easy propensity, difficult outcome, the same effect for everybody.
    C,
    /// Unrelated arms.
    D,
}

/// A trial with its truth.
struct Simulated {
    observed: Observed,
    effect: Vec<f64>,
}

fn normal(random: &mut impl Rng) -> f64 {
    let (one, other): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - one).ln()).sqrt() * (std::f64::consts::TAU * other).cos()
}

fn names(columns: usize) -> Vec<String> {
    (0..columns).map(|column| format!("x{column}")).collect()
}

const COLUMNS: usize = 6;

fn simulate(set_up: SetUp, rows: usize, seed: u64) -> Simulated {
    let mut random = stream(seed, 0);
    let (mut values, mut effect) = (Vec::new(), Vec::new());
    let (mut arm, mut outcome, mut propensity) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let x: Vec<f64> = (0..COLUMNS)
            .map(|_| match set_up {
                SetUp::A => random.random(),
                SetUp::B | SetUp::C | SetUp::D => normal(&mut random),
            })
            .collect();
        let plus = |value: f64| value.max(0.0);
        let (base, e, tau) = match set_up {
            SetUp::A => (
                (std::f64::consts::PI * x[0] * x[1]).sin()
                    + 2.0 * (x[2] - 0.5).powi(2)
                    + x[3]
                    + 0.5 * x[4],
                (std::f64::consts::PI * x[0] * x[1]).sin().clamp(0.1, 0.9),
                0.5 * (x[0] + x[1]),
            ),
            SetUp::B => (
                plus(plus(x[0] + x[1]) + x[2]) + plus(x[3] + x[4]),
                0.5,
                x[0] + (1.0 + x[1].exp()).ln(),
            ),
            SetUp::C => (
                2.0 * (1.0 + (x[0] + x[1] + x[2]).exp()).ln(),
                1.0 / (1.0 + (x[1] + x[2]).exp()),
                1.0,
            ),
            SetUp::D => (
                0.5 * (plus(x[0] + x[1] + x[2]) + plus(x[3] + x[4])),
                1.0 / (1.0 + (-x[0]).exp() + (-x[1]).exp()),
                plus(x[0] + x[1] + x[2]) - plus(x[3] + x[4]),
            ),
        };
        let treated = random.random::<f64>() < e;
        let side = if treated { 0.5 } else { -0.5 };
        outcome.push(base + side * tau + normal(&mut random));
        arm.push(usize::from(treated));
        propensity.extend([1.0 - e, e]);
        effect.push(tau);
        values.extend(x.iter().map(|x| *x as f32));
    }
    let observed = Observed {
        features: Features::new(names(COLUMNS), values).unwrap(),
        arms: vec!["none".to_owned(), "offer".to_owned()],
        arm,
        outcome,
        propensity,
    };
    Simulated { observed, effect }
}

fn settings() -> Settings {
    Settings {
        seed: 7,
        refits: 8,
        // One depth takes a third of the time of two.
        boosting: Boosting {
            depth_min: 3,
            ..Boosting::default()
        },
        ..Settings::default()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let middle = mean(values);
    mean(
        &values
            .iter()
            .map(|value| (value - middle).powi(2))
            .collect::<Vec<_>>(),
    )
    .sqrt()
}

/// Root mean squared error of effects on customers not learnt from.
fn error_on_others(fitted: &Fitted, set_up: SetUp) -> f64 {
    let others = simulate(set_up, 2_000, 1_000);
    let effects = fitted
        .predict(&others.observed.features, 0.9)
        .unwrap()
        .of_arm(0);
    let pairs = effects.iter().zip(&others.effect);
    mean(
        &pairs
            .map(|(found, truth)| (found - truth).powi(2))
            .collect::<Vec<_>>(),
    )
    .sqrt()
}

#[test]
fn every_learner_recovers_the_effects_of_nie_and_wager() {
    // Deviations of the true effects: A .20, B 1.13, C 0, D 1.25. What is allowed is well below that of the average
    // for everybody where there is much to find, and near 0 where there is nothing.
    for (set_up, allowed) in [
        (SetUp::A, 0.22),
        (SetUp::B, 0.5),
        (SetUp::C, 0.2),
        (SetUp::D, 0.7),
    ] {
        let simulated = simulate(set_up, 3_000, 3);
        let experiment = Experiment::new(simulated.observed).unwrap();
        for learner in [
            Learner::T,
            Learner::S,
            Learner::X,
            Learner::R,
            Learner::DoublyRobust,
        ] {
            let fitted = fit(&experiment, learner, &settings()).unwrap();
            let error = error_on_others(&fitted, set_up);
            println!("{set_up:?} {learner:?}: {error:.3}");
            assert!(error < allowed, "{set_up:?} {learner:?}: {error}");
        }
    }
}

#[test]
fn the_choice_is_close_to_the_best_learner() {
    for set_up in [SetUp::A, SetUp::B, SetUp::C, SetUp::D] {
        let experiment = Experiment::new(simulate(set_up, 3_000, 5).observed).unwrap();
        let choice = choose(&experiment, &Learner::ALL, &settings()).unwrap();
        let found = error_on_others(&choice.fitted, set_up);
        let best = Learner::ALL
            .map(|learner| {
                error_on_others(&fit(&experiment, learner, &settings()).unwrap(), set_up)
            })
            .into_iter()
            .fold(f64::INFINITY, f64::min);
        println!("{set_up:?}: {:?} {found:.3}, best {best:.3}", choice.chosen);
        // The average for everybody is off by .20, 1.13, 0 and 1.25.
        assert!(
            found < best + 0.15,
            "{set_up:?} {:?}: {found}, best {best}",
            choice.chosen
        );
        // The readable twin stands beside the best of those that nobody can read.
        let gain = |learner: Learner| {
            let mut trials = choice.trials.iter();
            trials.find(|trial| trial.learner == learner).unwrap().gain
        };
        let black_boxes = Learner::ALL.into_iter().filter(|one| one.is_black_box());
        let ahead = black_boxes.map(gain).fold(f64::NEG_INFINITY, f64::max);
        let twin = choice.twin.unwrap();
        assert_eq!(gain(twin.black_box), ahead);
        assert!((twin.gap - (ahead - gain(Learner::Additive))).abs() < 1e-9);
        // Where every learner was shrunk away there is nothing to be behind.
        assert!(twin.gap == 0.0 || twin.gap_standard_error > 0.0, "{twin:?}");
    }
}

/// Several arms of the given effects on a randomised trial; the first column multiplies them from 0 to 2.
fn depths(effects: &[f64], rows: usize, noise: f64, seed: u64) -> Observed {
    let mut random = stream(seed, 1);
    let arms = effects.len() + 1;
    let (mut values, mut arm, mut outcome) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..rows {
        let x: [f64; 3] = std::array::from_fn(|_| random.random());
        let drawn = row % arms;
        let effect = if drawn == 0 {
            0.0
        } else {
            2.0 * x[0] * effects[drawn - 1]
        };
        arm.push(drawn);
        outcome.push(x[1] + effect + noise * normal(&mut random));
        values.extend(x.map(|x| x as f32));
    }
    Observed {
        features: Features::new(names(3), values).unwrap(),
        arms: (0..arms).map(|arm| format!("depth {arm}")).collect(),
        arm,
        outcome,
        propensity: vec![1.0 / arms as f64; rows * arms],
    }
}

#[test]
fn pure_noise_gives_nearly_the_average_to_everybody() {
    let mut spreads = Vec::new();
    for seed in 0..6 {
        let experiment = Experiment::new(depths(&[0.0, 0.0], 3_000, 1.0, seed)).unwrap();
        for learner in [
            Learner::T,
            Learner::X,
            Learner::DoublyRobust,
            Learner::Prognostic,
        ] {
            let fitted = fit(&experiment, learner, &settings()).unwrap();
            let effects = fitted.predict(experiment.features(), 0.95).unwrap();
            for (arm, found) in fitted.arms().iter().enumerate() {
                spreads.push(deviation(&effects.of_arm(arm)));
                // Four standard errors: chance misses once in 16,000.
                assert!(found.average.effect.abs() < 4.0 * found.average.standard_error);
            }
        }
    }
    // The noise of one outcome is 1, the error of an average .045: the spread is below it.
    assert!(mean(&spreads) < 0.03, "{spreads:?}");
    let none = spreads.iter().filter(|spread| **spread < 1e-12).count();
    assert!(2 * none > spreads.len(), "{spreads:?}");
}

#[test]
fn average_effects_and_their_errors_are_right() {
    let truth = [0.5, 1.0];
    let (mut covered, mut of) = (0, 0);
    for seed in 0..40 {
        let experiment = Experiment::new(depths(&truth, 600, 1.0, 100 + seed)).unwrap();
        let fitted = fit(&experiment, Learner::Average, &settings()).unwrap();
        for (arm, truth) in fitted.arms().iter().zip(truth) {
            let (low, high) = arm.average.interval(0.9).unwrap();
            covered += u32::from(low <= truth && truth <= high);
            of += 1;
        }
    }
    // 72 of 80 on average; below 62 or never missing would come once in 2,000 runs.
    assert!((62..80).contains(&covered), "{covered} of {of}");
}

#[test]
fn intervals_hold_most_customers_and_not_all_of_the_axis() {
    let simulated = simulate(SetUp::B, 4_000, 11);
    let experiment = Experiment::new(simulated.observed).unwrap();
    let fitted = fit(
        &experiment,
        Learner::DoublyRobust,
        &Settings {
            refits: 30,
            ..settings()
        },
    )
    .unwrap();
    let others = simulate(SetUp::B, 2_000, 1_000);
    let effects = fitted.predict(&others.observed.features, 0.95).unwrap();
    let (mut covered, mut widths) = (0, Vec::new());
    for (row, truth) in others.effect.iter().enumerate() {
        let found = effects.get(row, 0).unwrap();
        assert!(found.low <= found.point && found.point <= found.high);
        covered += usize::from(found.low <= *truth && *truth <= found.high);
        widths.push(found.high - found.low);
    }
    let share = covered as f64 / others.effect.len() as f64;
    println!("covered {share:.3}, mean width {:.3}", mean(&widths));
    // Trees are flat at the edges, where no interval from refits sees it: 95 % is aimed at, 93 % were reached.
    assert!(share > 0.85, "{share}");
    assert!(
        mean(&widths) < 2.0 * 1.13,
        "no wider than two deviations of the effects: {}",
        mean(&widths)
    );
}

#[test]
fn deeper_offers_of_a_family_never_have_the_smaller_effect() {
    let experiment = Experiment::new(depths(&[0.3, 0.25, 0.4], 2_400, 1.0, 4)).unwrap();
    let ordered = Settings {
        families: vec![vec![1, 2, 3]],
        ..settings()
    };
    let free = fit(&experiment, Learner::T, &settings()).unwrap();
    let fitted = fit(&experiment, Learner::T, &ordered).unwrap();
    let features = experiment.features();
    let effects = fitted.predict(features, 0.9).unwrap();
    let unordered = free.predict(features, 0.9).unwrap();
    let reasons = fitted.explain(features).unwrap();
    let mut moved = 0;
    for row in 0..features.rows() {
        let of = |arm: usize| effects.get(row, arm).unwrap();
        for arm in 0..2 {
            assert!(of(arm).point <= of(arm + 1).point + 1e-12);
            assert!(of(arm).low <= of(arm + 1).low + 1e-12);
        }
        for arm in 0..3 {
            assert!(of(arm).low <= of(arm).point && of(arm).point <= of(arm).high);
            let explained = reasons.get(row, arm).unwrap().effect();
            assert!(
                (explained - of(arm).point).abs() < 1e-9,
                "{explained} {:?}",
                of(arm)
            );
        }
        moved +=
            usize::from((0..3).any(|arm| unordered.get(row, arm).unwrap().point != of(arm).point));
    }
    assert!(moved > 0, "some customers had to be put in order");
}

#[test]
fn contributions_add_up_and_name_what_matters() {
    let experiment = Experiment::new(depths(&[1.0, 2.0], 3_000, 0.5, 9)).unwrap();
    for learner in Learner::ALL {
        let fitted = fit(&experiment, learner, &settings()).unwrap();
        let features = experiment.features();
        let effects = fitted.predict(features, 0.9).unwrap();
        let reasons = fitted.explain(features).unwrap();
        for arm in 0..2 {
            let mut sizes = [0.0; 3];
            let first = reasons.get(0, arm).unwrap().base;
            for row in 0..features.rows() {
                let reason = reasons.get(row, arm).unwrap();
                let effect = effects.get(row, arm).unwrap().point;
                assert!((reason.effect() - effect).abs() < 1e-9, "{learner:?}");
                // The base holds rounding too: it is one number for all but for single precision.
                assert!(
                    learner == Learner::S || (reason.base - first).abs() < 1e-4,
                    "{learner:?} {} {first}",
                    reason.base
                );
                for (size, part) in sizes.iter_mut().zip(reason.contributions) {
                    *size += part.abs();
                }
            }
            match learner {
                Learner::Average => assert_eq!(sizes, [0.0; 3]),
                // The outcome without treatment follows the second column, the effect the first.
                Learner::Prognostic => assert!(sizes[2] < sizes[0].max(sizes[1]), "{sizes:?}"),
                _ => assert!(
                    sizes[0] > 3.0 * sizes[1].max(sizes[2]),
                    "{learner:?} {sizes:?}"
                ),
            }
        }
        assert!(reasons.get(0, 2).is_none() && reasons.get(3_000, 0).is_none());
        assert!(effects.get(0, 2).is_none() && effects.get(3_000, 0).is_none());
    }
}

#[test]
fn one_thread_and_two_give_the_same_bytes() {
    let experiment = Experiment::new(depths(&[0.5, 1.0], 1_500, 1.0, 2)).unwrap();
    let boosting = Boosting {
        rows_share: 0.7,
        columns_share: 0.7,
        ..Boosting::default()
    };
    let settings = Settings {
        boosting,
        ..settings()
    };
    let bytes = |threads: usize, learner: Learner| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let fitted = fit(&experiment, learner, &settings).unwrap();
            let effects = fitted.predict(experiment.features(), 0.9).unwrap();
            (serde_json::to_vec(&fitted).unwrap(), effects)
        })
    };
    for learner in Learner::ALL {
        assert_eq!(bytes(1, learner), bytes(2, learner), "{learner:?}");
    }
    assert_ne!(
        bytes(1, Learner::T).0,
        serde_json::to_vec(
            &fit(
                &experiment,
                Learner::T,
                &Settings {
                    seed: 8,
                    ..settings.clone()
                }
            )
            .unwrap()
        )
        .unwrap(),
    );
}

#[test]
fn what_was_written_predicts_and_explains_the_same() {
    let experiment = Experiment::new(depths(&[0.5, 1.0], 1_500, 1.0, 2)).unwrap();
    let features = experiment.features();
    for learner in Learner::ALL {
        let fitted = fit(&experiment, learner, &settings()).unwrap();
        let text = serde_json::to_string(&fitted).unwrap();
        println!("{learner:?}: {} bytes", text.len());
        let read: Fitted = serde_json::from_str(&text).unwrap();
        assert_eq!(
            read.predict(features, 0.9).unwrap(),
            fitted.predict(features, 0.9).unwrap()
        );
        assert_eq!(
            read.explain(features).unwrap(),
            fitted.explain(features).unwrap()
        );
        assert_eq!((read.learner(), read.arms()), (learner, fitted.arms()));
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}

#[test]
fn damaged_bytes_are_refused() {
    let experiment = Experiment::new(depths(&[1.0], 1_500, 0.5, 2)).unwrap();
    let fitted = fit(&experiment, Learner::T, &settings()).unwrap();
    let whole = serde_json::to_value(&fitted).unwrap();
    let damaged = |damage: &dyn Fn(&mut serde_json::Value)| {
        let mut value = whole.clone();
        damage(&mut value);
        serde_json::from_value::<Fitted>(value)
            .unwrap_err()
            .to_string()
    };
    let no_model = damaged(&|value| value["surface"]["models"] = serde_json::json!([]));
    assert!(
        no_model.contains("a model does not fit the 1 arms and 3 columns"),
        "{no_model}"
    );
    let family = damaged(&|value| value["families"] = serde_json::json!([[2]]));
    assert!(family.contains("a family"), "{family}");
    damaged(&|value| value["columns"] = serde_json::json!(["x0"]));
    damaged(&|value| value["surface"]["models"][0]["trees"] = serde_json::json!("AAAA"));
    damaged(&|value| value["more"] = serde_json::json!(1));
}

#[test]
fn spend_that_is_mostly_nothing_and_missing_values_are_learnt_from() {
    let mut observed = depths(&[1.0], 4_000, 1.0, 6);
    let mut random = stream(6, 9);
    let mut values = observed.features.values().to_vec();
    for (row, outcome) in observed.outcome.iter_mut().enumerate() {
        let buys = random.random::<f64>()
            < 0.05 + 0.2 * f64::from(values[row * 3]) * observed.arm[row] as f64;
        *outcome = if buys {
            100.0 * (1.0 + random.random::<f64>())
        } else {
            0.0
        };
        if row % 10 == 0 {
            values[row * 3 + 1] = f32::NAN;
        }
    }
    observed.features = Features::new(names(3), values).unwrap();
    let experiment = Experiment::new(observed).unwrap();
    let choice = choose(&experiment, &Learner::ALL, &settings()).unwrap();
    let average = choice.fitted.arms()[0].average;
    // .2 × .5 more buyers of 150 each.
    assert!(
        (average.effect - 15.0).abs() < 4.0 * average.standard_error,
        "{average:?}"
    );
    let low_and_high = Features::new(names(3), vec![0.05, 0.5, 0.5, 0.95, f32::NAN, 0.5]).unwrap();
    let effects = choice.fitted.predict(&low_and_high, 0.9).unwrap().of_arm(0);
    println!("{:?} {effects:?}", choice.chosen);
    assert!(
        effects[1] > effects[0] + 5.0,
        "{:?} {effects:?}",
        choice.chosen
    );
}

#[test]
fn a_trial_that_says_nothing_is_refused() {
    let good = || depths(&[1.0], 100, 1.0, 1);
    let error = |change: &dyn Fn(&mut Observed)| {
        let mut observed = good();
        change(&mut observed);
        Experiment::new(observed).unwrap_err()
    };
    assert!(Experiment::new(good()).is_ok());
    for (found, expected) in [
        (0.0, "is 0 in row 3"),
        (1.0, "is 1 in row 3"),
        (-0.5, "is -0.5"),
        (2.0, "is 2"),
    ] {
        let error = error(&|observed| observed.propensity[7] = found);
        assert!(
            matches!(error, ExperimentError::Propensity { row: 3, .. }),
            "{error:?}"
        );
        assert!(
            error.to_string().contains(expected)
                && error.to_string().contains("above 0 and below 1"),
            "{error}"
        );
    }
    let missing = error(&|observed| observed.propensity[7] = f64::NAN);
    assert!(
        matches!(&missing, ExperimentError::PropensityMissing { row: 3, arm } if arm == "depth 1"),
        "{missing:?}"
    );
    let sum = error(&|observed| observed.propensity[6] = 0.500_000_01);
    assert!(
        matches!(sum, ExperimentError::PropensitySum { row: 3, .. }),
        "{sum:?}"
    );
    assert!(
        Experiment::new(Observed {
            propensity: vec![0.5 + 4e-10; 200],
            ..good()
        })
        .is_ok()
    );
    assert!(
        Experiment::new(Observed {
            propensity: vec![0.3; 200],
            ..good()
        })
        .is_ok()
    );
    let small = error(&|observed| {
        let keep = ARM_ROWS_MIN - 1;
        let mut seen = 0;
        for arm in &mut observed.arm {
            seen += usize::from(*arm == 1);
            *arm = usize::from(*arm == 1 && seen <= keep);
        }
    });
    assert_eq!(
        small,
        ExperimentError::ArmTooSmall {
            arm: "depth 1".to_owned(),
            found: 29,
            needed: ARM_ROWS_MIN
        }
    );
    assert!(
        small.to_string().contains("has 29 rows, at least 30"),
        "{small}"
    );
    let outcome = error(&|observed| observed.outcome[5] = f64::INFINITY);
    assert_eq!(
        outcome,
        ExperimentError::Outcome {
            row: 5,
            found: f64::INFINITY
        }
    );
    let flat = error(&|observed| observed.outcome.fill(2.0));
    assert_eq!(flat, ExperimentError::NoVariation { value: 2.0 });
    let unknown = error(&|observed| observed.arm[8] = 2);
    assert_eq!(
        unknown,
        ExperimentError::UnknownArm {
            row: 8,
            found: 2,
            arms: 2
        }
    );
    let alone = error(&|observed| observed.arms.truncate(1));
    assert_eq!(alone, ExperimentError::NoTreatment { found: 1 });
    let short = error(&|observed| observed.outcome.truncate(99));
    assert_eq!(
        short,
        ExperimentError::Lengths {
            column: "outcome",
            rows: 100,
            found: 99,
            needed: 100
        }
    );
}

#[test]
fn features_that_are_no_matrix_are_refused() {
    let twice = Features::new(vec!["a".to_owned(), "a".to_owned()], vec![1.0, 2.0]).unwrap_err();
    assert_eq!(
        twice,
        FeaturesError::Twice {
            column: "a".to_owned()
        }
    );
    assert_eq!(
        Features::new(names(2), vec![1.0; 3]),
        Err(FeaturesError::Ragged {
            values: 3,
            columns: 2
        })
    );
    assert_eq!(
        Features::new(names(2), vec![]),
        Err(FeaturesError::Empty {
            rows: 0,
            columns: 2
        })
    );
    assert_eq!(
        Features::new(vec![], vec![1.0]),
        Err(FeaturesError::Empty {
            rows: 0,
            columns: 0
        })
    );
    let infinite = Features::new(names(2), vec![1.0, 2.0, 3.0, f32::INFINITY]).unwrap_err();
    assert_eq!(
        infinite,
        FeaturesError::Infinite {
            column: "x1".to_owned(),
            row: 1,
            found: f32::INFINITY
        }
    );
    let features = Features::new(names(2), vec![1.0, 2.0, 3.0, f32::NAN]).unwrap();
    assert!(features.select(&[]).is_none() && features.select(&[2]).is_none());
    assert_eq!(features.select(&[1, 0, 1]).unwrap().rows(), 3);
}

#[test]
fn settings_and_columns_that_do_not_fit_are_refused() {
    let experiment = Experiment::new(depths(&[1.0], 100, 1.0, 1)).unwrap();
    let refused = |settings: Settings| fit(&experiment, Learner::T, &settings).unwrap_err();
    let folds = refused(Settings {
        folds: 1,
        ..settings()
    });
    assert_eq!(
        folds.to_string(),
        "learn effects: `folds` is 1, allowed is 2 to 20"
    );
    let rate = Boosting {
        learning_rate: f64::NAN,
        ..Boosting::default()
    };
    let rate = refused(Settings {
        boosting: rate,
        ..settings()
    });
    assert!(
        matches!(
            rate,
            FitError::Setting {
                setting: "learning_rate",
                ..
            }
        ),
        "{rate:?}"
    );
    for families in [vec![vec![0]], vec![vec![2]], vec![vec![1], vec![1]]] {
        let family = refused(Settings {
            families,
            ..settings()
        });
        assert!(
            matches!(family, FitError::Family { arms_last: 1, .. }),
            "{family:?}"
        );
    }
    let none = choose(&experiment, &[], &settings()).unwrap_err();
    assert!(matches!(none, FitError::NoCandidates), "{none:?}");
    let fitted = fit(&experiment, Learner::T, &settings()).unwrap();
    let level = fitted.predict(experiment.features(), 1.0).unwrap_err();
    assert!(
        matches!(level, PredictError::Level { found: 1.0 }),
        "{level:?}"
    );
    let fewer = Features::new(names(2), vec![1.0; 2]).unwrap();
    let fewer = fitted.predict(&fewer, 0.9).unwrap_err();
    assert!(
        matches!(
            fewer,
            PredictError::Columns {
                found: 2,
                expected: 3
            }
        ),
        "{fewer:?}"
    );
    let other = Features::new(
        vec!["x0".to_owned(), "x2".to_owned(), "x1".to_owned()],
        vec![1.0; 3],
    )
    .unwrap();
    let other = fitted.explain(&other).unwrap_err();
    assert_eq!(
        other.to_string(),
        "predict effects: column 1 is `x2`, the model learnt from `x1`"
    );
}
