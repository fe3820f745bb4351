//! The value of a policy from the log of another, against known truth.

use measure::effects::Effect;
use measure::offpolicy::{Logged, OffPolicyError, PolicyValue, Predicted, check_support, evaluate};
use rand::{Rng, RngExt};
use schema::WhyNot;

use crate::simulated::{Coverage, close, draws};

/// Four actions; customers of two kinds who click on them at these rates.
const CLICKS: [[f64; 4]; 2] = [[0.02, 0.10, 0.30, 0.05], [0.20, 0.05, 0.10, 0.40]];
/// What was logged knows little of the kinds; what is asked about knows them well.
const LOGGED: [[f64; 4]; 2] = [[0.4, 0.3, 0.2, 0.1], [0.25, 0.25, 0.25, 0.25]];
const ASKED: [[f64; 4]; 2] = [[0.0, 0.1, 0.8, 0.1], [0.2, 0.0, 0.1, 0.7]];

fn truth() -> f64 {
    let of = |kind: usize| -> f64 { (0..4).map(|a| ASKED[kind][a] * CLICKS[kind][a]).sum() };
    (of(0) + of(1)) / 2.0
}

#[derive(Default)]
struct Log {
    reward: Vec<f64>,
    propensity: Vec<f64>,
    target: Vec<f64>,
    taken: Vec<f64>,
    policy: Vec<f64>,
}

impl Log {
    /// Decisions for customers of either kind alike; predictions are the true rates, off by `error`.
    fn drawn(n: usize, error: f64, random: &mut impl Rng) -> Self {
        let mut log = Self::default();
        for _ in 0..n {
            let kind = usize::from(random.random::<bool>());
            let mut place: f64 = random.random();
            let mut action = 0;
            while action < 3 && place >= LOGGED[kind][action] {
                place -= LOGGED[kind][action];
                action += 1;
            }
            let clicked = random.random::<f64>() < CLICKS[kind][action];
            let predicted = CLICKS[kind].map(|rate| rate + error);
            log.reward.push(f64::from(u8::from(clicked)));
            log.propensity.push(LOGGED[kind][action]);
            log.target.push(ASKED[kind][action]);
            log.taken.push(predicted[action]);
            log.policy
                .push((0..4).map(|a| ASKED[kind][a] * predicted[a]).sum());
        }
        log
    }

    fn with_predictions(&self) -> Logged<'_> {
        Logged {
            predicted: Some(Predicted {
                taken: &self.taken,
                policy: &self.policy,
            }),
            ..self.alone()
        }
    }

    fn alone(&self) -> Logged<'_> {
        Logged {
            reward: &self.reward,
            propensity: &self.propensity,
            target: &self.target,
            predicted: None,
        }
    }
}

#[test]
fn estimates_equal_their_formulas_on_numbers_worked_out_by_hand() {
    // Forty decisions in four groups of ten: rewards 1, 0, 1, 0 with weights 2, 0.5, 0.5, 1.
    let group = |values: [f64; 4]| -> Vec<f64> { (0..40).map(|row| values[row / 10]).collect() };
    let (reward, propensity) = (group([1.0, 0.0, 1.0, 0.0]), group([0.25, 0.5, 0.5, 0.5]));
    let target = group([0.5, 0.25, 0.25, 0.5]);
    let (taken, policy) = (group([0.5, 0.5, 0.5, 0.0]), group([0.5, 0.5, 0.25, 0.25]));
    let logged = Logged {
        reward: &reward,
        propensity: &propensity,
        target: &target,
        predicted: Some(Predicted {
            taken: &taken,
            policy: &policy,
        }),
    };
    let found = evaluate(&logged, 0.95).unwrap();
    let size = |effect: &Effect| *effect.size().unwrap();
    // Σw = 40, Σw² = 10 (4 + .25 + .25 + 1) = 55, Σwr = 10 (2 + .5) = 25.
    close(found.effective_units, 1_600.0 / 55.0, 1e-12);
    // 29.1 effective decisions are one too few for the weighted estimators.
    let few = Effect::NotMeasurable(WhyNot::TooFew {
        what: "effective decisions".into(),
        found: 29,
        needed: 30,
    });
    assert_eq!(
        (&found.inverse_propensity, &found.doubly_robust),
        (&few, &few)
    );
    close(size(&found.direct).point, 0.375, 1e-12);
    // The same twice over is enough.
    let twice = |values: &[f64]| [values, values].concat();
    let columns = [reward, propensity, target, taken, policy].map(|column| twice(&column));
    let logged = Logged {
        reward: &columns[0],
        propensity: &columns[1],
        target: &columns[2],
        predicted: Some(Predicted {
            taken: &columns[3],
            policy: &columns[4],
        }),
    };
    let found = evaluate(&logged, 0.95).unwrap();
    assert_eq!((found.weight_mean, found.weight_most), (1.0, 2.0));
    let ips = size(&found.inverse_propensity);
    close(ips.point, 50.0 / 80.0, 1e-12);
    // Values 2, 0, .5, 0 around .625: squares 1.890625 + .390625 + .015625 + .390625, twenty of each.
    close(
        ips.standard_error,
        (20.0 * 2.6875_f64 / 79.0 / 80.0).sqrt(),
        1e-12,
    );
    let snips = size(&found.self_normalised);
    close(snips.point, 50.0 / 80.0, 1e-12);
    // Errors w (r - .625): .75, -.3125, .1875, -.625.
    let errors = 20.0 * (0.5625 + 0.09765625 + 0.03515625 + 0.390625);
    close(
        snips.standard_error,
        (errors * 80.0 / 79.0_f64).sqrt() / 80.0,
        1e-12,
    );
    // Corrected: .5 + 2 · .5, .5 - .5 · .5, .25 + .5 · .5 and .25: a mean of .625.
    close(size(&found.doubly_robust).point, 0.625, 1e-12);
}

#[test]
fn intervals_cover_the_true_value_of_the_policy() {
    let (mut weighted, mut normalised, mut robust) = (
        Coverage::default(),
        Coverage::default(),
        Coverage::default(),
    );
    let mut widths = [0.0; 3];
    let truth = truth();
    for sample in 0..1_000 {
        let mut random = draws(91, sample);
        // Predictions are wrong by 5 points: the doubly robust estimate must not mind.
        let log = Log::drawn(1_500, 0.05, &mut random);
        let found = evaluate(&log.with_predictions(), 0.95).unwrap();
        let effects = [
            &found.inverse_propensity,
            &found.self_normalised,
            &found.doubly_robust,
        ];
        let of = [&mut weighted, &mut normalised, &mut robust];
        for ((coverage, effect), width) in of.into_iter().zip(effects).zip(&mut widths) {
            let size = effect.size().unwrap();
            coverage.add(size.low, truth, size.high);
            *width += size.high - size.low;
        }
        let direct = found.direct.size().unwrap();
        // The direct estimate is as wrong as its model, and its interval does not know.
        assert!(direct.low > truth + 0.02, "{direct:?}");
    }
    weighted.assert_is(0.95, "inverse propensity");
    normalised.assert_is(0.95, "self-normalised");
    robust.assert_is(0.95, "doubly robust");
    assert!(widths[2] < widths[0] && widths[1] < widths[0], "{widths:?}");
}

#[test]
fn without_a_model_only_the_weighted_estimates_are_given() {
    let log = Log::drawn(500, 0.0, &mut draws(2, 2));
    let found: PolicyValue = evaluate(&log.alone(), 0.95).unwrap();
    assert!(found.inverse_propensity.size().is_some() && found.self_normalised.size().is_some());
    let none = Effect::NotMeasurable(WhyNot::DoesNotApply {
        because: "there are no predicted rewards".into(),
    });
    assert_eq!((&found.direct, &found.doubly_robust), (&none, &none));
    // No click at all is no evidence of a value of exactly 0.
    let silent = vec![0.0; 500];
    let quiet = Logged {
        reward: &silent,
        ..log.alone()
    };
    let found = evaluate(&quiet, 0.95).unwrap();
    for effect in [found.inverse_propensity, found.self_normalised] {
        assert_eq!(
            effect,
            Effect::NotMeasurable(WhyNot::NoVariation {
                what: "the weighted reward".into()
            })
        );
    }
}

#[test]
fn what_the_log_could_not_show_is_refused() {
    let said = |found: Result<PolicyValue, OffPolicyError>| found.unwrap_err().to_string();
    let (reward, half) = (vec![1.0; 50], vec![0.5; 50]);
    let with = |propensity: &[f64], target: &[f64]| {
        let logged = Logged {
            reward: &reward,
            propensity,
            target,
            predicted: None,
        };
        evaluate(&logged, 0.95)
    };
    let but = |at: usize, value: f64| {
        let mut values = half.clone();
        values[at] = value;
        values
    };
    assert_eq!(
        said(with(&but(3, 0.0), &half)),
        "evaluate a policy: value 3 of `propensity` is 0, allowed is above 0 and at most 1"
    );
    assert!(said(with(&but(7, f64::NAN), &half)).contains("value 7 of `propensity` is NaN"));
    assert!(said(with(&but(7, 1.1), &half)).contains("value 7 of `propensity` is 1.1"));
    assert_eq!(
        said(with(&half, &but(2, 1.01))),
        "evaluate a policy: value 2 of `target` is 1.01, allowed is 0 to 1"
    );
    assert_eq!(
        said(with(&but(5, 1.0), &half)),
        "evaluate a policy: decision 5 was logged as certain, the policy takes it with probability 0.5 and the rest was never seen"
    );
    assert_eq!(
        said(with(&half, &half[1..])),
        "evaluate a policy: `target` has 49 values, 50 are expected"
    );
    // The policy spends half of its time on what was never logged: weights average a half.
    let never = with(&half, &[0.25; 50]).unwrap_err();
    assert!(
        matches!(never, OffPolicyError::Weights { mean: 0.5, .. }),
        "{never}"
    );
    // It never does what was logged at all.
    let nothing = with(&half, &[0.0; 50]).unwrap();
    assert!(matches!(
        nothing.inverse_propensity,
        Effect::NotMeasurable(WhyNot::TooFew { found: 0, .. })
    ));
    let broken = Logged {
        reward: &but(9, f64::INFINITY),
        propensity: &half,
        target: &half,
        predicted: None,
    };
    assert_eq!(
        said(evaluate(&broken, 0.95)),
        "evaluate a policy: value 9 of `reward` is inf, it must be finite"
    );
    assert_eq!(
        said(evaluate(&broken, 0.0)),
        "evaluate a policy at level 0: allowed is above 0 and below 1"
    );
}

#[test]
fn whole_distributions_must_sum_to_one_and_share_their_support() {
    assert_eq!(check_support(&[0.5, 0.5, 0.0], &[0.0, 1.0, 0.0]), Ok(()));
    let said =
        |logged: &[f64], policy: &[f64]| check_support(logged, policy).unwrap_err().to_string();
    assert_eq!(
        said(&[0.5, 0.5, 0.0], &[0.4, 0.4, 0.2]),
        "evaluate a policy that takes action 2 with probability 0.2: it was logged with probability 0, nothing is known of it"
    );
    assert_eq!(
        said(&[0.75, 0.5], &[0.5, 0.5]),
        "evaluate a policy: the probabilities of `propensity` sum to 1.25, they must sum to 1"
    );
    assert_eq!(
        said(&[0.5, 0.5], &[0.5, 0.25]),
        "evaluate a policy: the probabilities of `target` sum to 0.75, they must sum to 1"
    );
    assert!(said(&[0.5, 0.5], &[1.5, -0.5]).contains("value 0 of `target` is 1.5"));
    assert!(said(&[f64::NAN, 1.0], &[0.5, 0.5]).contains("is NaN"));
    assert!(said(&[1.0], &[0.5, 0.5]).contains("has 2 values"));
}
