//! One experiment from its sums to its verdict.

use measure::effects::{Effect, Moments};
use measure::readout::{Arm, Experiment, Method, Metric, ReadOut, ReadOutError, read_out};
use measure::sequential::{AlwaysValid, SampleRatio};
use rand::RngExt;
use schema::time::date_of;
use schema::{AsOf, WhyNot};

use crate::simulated::{draws, exponential, near};

fn day(days: i32) -> AsOf {
    AsOf(date_of(20_000 + days))
}

fn experiment() -> Experiment {
    let arm = |name: &str, share: f64| Arm {
        name: name.to_owned(),
        share,
    };
    let metric = |name: &str, method: Method| Metric {
        name: name.to_owned(),
        method,
    };
    Experiment {
        start: day(0),
        arms: vec![arm("control", 0.4), arm("mail", 0.3), arm("coupon", 0.3)],
        metrics: vec![
            metric("spend", Method::Adjusted),
            metric("visited", Method::Mean),
            metric("spend per order", Method::Ratio),
        ],
        alpha: 0.05,
        tuned_units: 3_000.0,
    }
}

/// The mail does nothing; the coupon adds 20 % to what is spent and to nothing else.
fn measured(units: [u64; 3]) -> Vec<Vec<Moments>> {
    let mut random = draws(17, 0);
    let mut metrics = vec![
        vec![Moments::new(2); 3],
        vec![Moments::new(1); 3],
        vec![Moments::new(2); 3],
    ];
    for (arm, units) in units.into_iter().enumerate() {
        for _ in 0..units {
            let before = exponential(&mut random);
            let orders = f64::from(random.random_range(1..4u32));
            let lift = if arm == 2 { 1.2 } else { 1.0 };
            let spend = lift * (before + 0.5 * exponential(&mut random)) * orders;
            let visited = f64::from(u8::from(random.random::<f64>() < 0.3));
            metrics[0][arm].push(&[spend, before]).unwrap();
            metrics[1][arm].push(&[visited]).unwrap();
            metrics[2][arm].push(&[spend, orders]).unwrap();
        }
    }
    metrics
}

const UNITS: [u64; 3] = [4_000, 3_000, 3_000];

#[test]
fn the_real_effects_are_found_and_nothing_else() {
    let read = read_out(&experiment(), day(14), &UNITS, &measured(UNITS)).unwrap();
    assert!(matches!(read.sample_ratio, SampleRatio::Holds { .. }));
    let names: Vec<(&str, &str, bool)> = read
        .findings
        .iter()
        .map(|f| (f.metric.as_str(), f.arm.as_str(), f.discovered))
        .collect();
    assert_eq!(
        names,
        [
            ("spend", "mail", false),
            ("spend", "coupon", true),
            ("visited", "mail", false),
            ("visited", "coupon", false),
            ("spend per order", "mail", false),
            ("spend per order", "coupon", true),
        ]
    );
    let coupon = &read.findings[1];
    // 0.2 · 1.5 · 2 in spend, a fifth of what the control spends.
    let (once, relative) = (
        coupon.effect.size().unwrap(),
        coupon.relative.size().unwrap(),
    );
    near(once, 0.6);
    near(relative, 0.2);
    let always = coupon.always.reading().unwrap();
    assert!(
        always.low < once.low && once.high < always.high,
        "{always:?}"
    );
    assert!(always.low > 0.0 && always.p_value < 0.05, "{always:?}");
    let written = serde_json::to_string(&read).unwrap();
    assert_eq!(serde_json::from_str::<ReadOut>(&written).unwrap(), read);
    let plan = serde_json::to_string(&experiment()).unwrap();
    assert_eq!(
        serde_json::from_str::<Experiment>(&plan).unwrap(),
        experiment()
    );
}

#[test]
fn an_experiment_is_not_read_before_its_first_day_is_over() {
    for early in [-3, 0] {
        let error = read_out(&experiment(), day(early), &UNITS, &measured([20; 3])).unwrap_err();
        assert_eq!(
            error,
            ReadOutError::BeforeStart {
                as_of: day(early),
                start: day(0)
            }
        );
    }
    let error = read_out(&experiment(), day(0), &UNITS, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "read an experiment as of 2024-10-04: it starts on 2024-10-04, its first day is known the day after"
    );
    assert!(read_out(&experiment(), day(1), &UNITS, &measured([20; 3])).is_ok());
}

#[test]
fn a_broken_sample_ratio_leaves_nothing_to_be_read() {
    let missing = [4_000, 3_000, 2_500];
    let read = read_out(&experiment(), day(14), &missing, &measured(missing)).unwrap();
    let SampleRatio::Broken {
        arm: 2,
        found: 2_500,
        ..
    } = read.sample_ratio
    else {
        panic!("{:?}", read.sample_ratio)
    };
    assert_eq!(read.findings.len(), 6);
    for finding in &read.findings {
        assert!(!finding.discovered);
        for effect in [&finding.effect, &finding.relative] {
            let Effect::NotMeasurable(WhyNot::DoesNotApply { because }) = effect else {
                panic!("{effect:?}")
            };
            assert!(
                because.starts_with("the arms do not have the sizes asked (p-value "),
                "{because}"
            );
        }
        assert!(matches!(finding.always, AlwaysValid::NotMeasurable(_)));
    }
}

#[test]
fn too_little_is_said_to_be_too_little_and_is_no_discovery() {
    // Of the last arm, three units have been measured yet.
    let read = read_out(&experiment(), day(1), &UNITS, &measured([40, 40, 3])).unwrap();
    let coupon = &read.findings[1];
    assert_eq!(
        coupon.effect,
        Effect::NotMeasurable(WhyNot::TooFew {
            what: "units in the treated arm".into(),
            found: 3,
            needed: 10
        })
    );
    assert!(read.findings[0].effect.size().is_some());
    assert!(read.findings.iter().all(|finding| !finding.discovered));
}

#[test]
fn what_does_not_fit_the_plan_is_refused() {
    let said = |experiment: &Experiment, assigned: &[u64], measured: &[Vec<Moments>]| {
        read_out(experiment, day(14), assigned, measured).unwrap_err()
    };
    let plan = experiment();
    let moments = measured([20; 3]);
    assert_eq!(
        said(&plan, &UNITS, &moments[..2]).to_string(),
        "read an experiment of 3 metrics and 3 arms: moments of 2 metrics, of which one has 3 arms"
    );
    let mut short = moments.clone();
    short[1].pop();
    assert!(
        said(&plan, &UNITS, &short)
            .to_string()
            .contains("one has 2 arms")
    );
    assert_eq!(
        said(&plan, &[20, 15, 15], &moments),
        ReadOutError::MoreThanAssigned {
            metric: "spend".into(),
            arm: "mail".into(),
            measured: 20,
            assigned: 15
        }
    );
    let mut plain = moments.clone();
    plain[0] = plain[1].clone();
    assert_eq!(
        said(&plan, &UNITS, &plain).to_string(),
        "read metric `spend`"
    );
    let sizes = said(&plan, &[20, 20], &moments);
    assert!(matches!(sizes, ReadOutError::Sizes(_)), "{sizes}");
    let careless = Experiment {
        alpha: 1.5,
        ..plan.clone()
    };
    let error = said(&careless, &UNITS, &moments);
    assert!(matches!(error, ReadOutError::Tuning(_)), "{error}");
    let unknown = r#"{"name":"spend","method":"mean","unit":"EUR"}"#;
    assert!(serde_json::from_str::<Metric>(unknown).is_err());
}
