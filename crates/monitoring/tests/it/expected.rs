//! Expected performance beside what is measured once outcomes are drawn.

use monitoring::expected::{Assumption, Expectation, expected_performance};
use monitoring::refusal::Found;

use crate::simulated::Draws;

fn interval(expectation: &Expectation) -> (f64, f64, f64) {
    match expectation {
        Expectation::Expected {
            point,
            low,
            high,
            assumes,
        } => {
            assert_eq!(*assumes, Assumption::ScoresStayCalibrated);
            (*point, *low, *high)
        }
        Expectation::NotMeasurable(why) => panic!("{why}"),
    }
}

#[test]
fn four_scores_give_what_is_worked_out_by_hand() {
    // Called positive: .9 and .6. Expected confusion: TP 1.5, FP .5, FN .5, TN 1.5.
    let told = expected_performance(&[0.9, 0.6, 0.4, 0.1], 0.5, 0.95).unwrap();
    let close = |found: &Expectation, wanted: f64| {
        assert!(
            (interval(found).0 - wanted).abs() < 1e-12,
            "{found:?}, not {wanted}"
        );
    };
    close(&told.positive_share, 0.5);
    close(&told.accuracy, 0.75);
    close(&told.precision, 0.75);
    close(&told.recall, 0.75);
    close(&told.f1, 0.75);
    close(&told.brier, (0.09 + 0.24 + 0.24 + 0.09) / 4.0);
    // Trapezoids of the expected curve: true 0, .45, .75, .95, 1 over false 0, .05, .25, .55, 1.
    let auc = 0.05 * 0.225 + 0.2 * 0.6 + 0.3 * 0.85 + 0.45 * 0.975;
    close(&told.auc, auc);
}

#[test]
fn what_is_measured_lies_within_what_was_expected_as_often_as_promised() {
    let (shops, n) = (2_000, 400);
    let mut held = [0; 7];
    for shop in 0..shops {
        let mut draws = Draws::of(31, shop);
        let scores: Vec<f64> = (0..n).map(|_| draws.uniform().powi(2)).collect();
        let outcomes: Vec<bool> = scores.iter().map(|s| draws.uniform() < *s).collect();
        let told = expected_performance(&scores, 0.4, 0.95).unwrap();
        let rows = || scores.iter().zip(&outcomes);
        let count = |of: &dyn Fn(bool, bool) -> bool| {
            rows().filter(|(s, y)| of(**s >= 0.4, **y)).count() as f64
        };
        let (tp, fp, missed) = (
            count(&|c, y| c && y),
            count(&|c, y| c && !y),
            count(&|c, y| !c && y),
        );
        let n = n as f64;
        let brier = rows()
            .map(|(s, y)| (s - f64::from(u8::from(*y))).powi(2))
            .sum::<f64>()
            / n;
        let positives: Vec<f64> = rows().filter(|(_, y)| **y).map(|(s, _)| *s).collect();
        let others: Vec<f64> = rows().filter(|(_, y)| !**y).map(|(s, _)| *s).collect();
        let wins: f64 = positives
            .iter()
            .map(|p| others.iter().filter(|o| *o < p).count() as f64)
            .sum();
        let auc = wins / (positives.len() * others.len()) as f64;
        let pairs = [
            (&told.positive_share, (tp + missed) / n),
            (&told.accuracy, 1.0 - (fp + missed) / n),
            (&told.precision, tp / (tp + fp)),
            (&told.recall, tp / (tp + missed)),
            (&told.f1, 2.0 * tp / (2.0 * tp + fp + missed)),
            (&told.brier, brier),
            (&told.auc, auc),
        ];
        for (held, (expectation, measured)) in held.iter_mut().zip(pairs) {
            let (_, low, high) = interval(expectation);
            *held += u32::from(low <= measured && measured <= high);
        }
    }
    let shares = held.map(|held| 100.0 * f64::from(held) / shops as f64);
    println!("measured within the expected 95 %: {shares:?} %");
    // Three standard errors are 1.5; figures of whole outcomes are somewhat coarse.
    for share in shares {
        assert!((93.0..=97.5).contains(&share), "{shares:?}");
    }
}

#[test]
fn what_cannot_be_expected_is_told_and_what_is_no_probability_refused() {
    let told = expected_performance(&[0.2, 0.1], 0.5, 0.95).unwrap();
    assert!(matches!(told.precision, Expectation::NotMeasurable(_)));
    assert_eq!(interval(&told.recall).0, 0.0);
    let told = expected_performance(&[0.0, 0.0], 0.5, 0.95).unwrap();
    assert!(matches!(told.auc, Expectation::NotMeasurable(_)));
    assert!(matches!(told.f1, Expectation::NotMeasurable(_)));
    let nan = expected_performance(&[0.2, f64::NAN], 0.5, 0.95).unwrap_err();
    assert_eq!(
        (nan.field.as_str(), nan.at, nan.found),
        ("scores", Some(1), Found::NotFinite)
    );
    assert_eq!(
        expected_performance(&[], 0.5, 0.95).unwrap_err().found,
        Found::Count(0)
    );
    assert_eq!(
        expected_performance(&[0.2], 1.5, 0.95).unwrap_err().field,
        "threshold"
    );
    assert_eq!(
        expected_performance(&[0.2], 0.5, 1.0).unwrap_err().field,
        "level"
    );
}
