//! The expected share of good decisions beside what is measured once outcomes are drawn.

use monitoring::expected::{ScoredAlike, expected_share};
use monitoring::refusal::Found;
use schema::Estimate;

use crate::simulated::Draws;

fn cell(waiting: u64, decided: u64, judged: u64, good: u64) -> ScoredAlike {
    ScoredAlike {
        waiting,
        decided,
        judged,
        good,
    }
}

fn interval(estimate: &Estimate) -> (f64, f64, f64) {
    let (low, high) = estimate.interval().unwrap();
    (estimate.point().unwrap(), low, high)
}

#[test]
fn cells_with_many_decisions_are_weighted_by_those_that_wait() {
    let many = 1_000_000_000;
    // Half of the first kind are judged and a tenth of these are good; of the second a tenth, and half.
    let cells = [
        cell(300, many, many / 2, many / 20),
        cell(1_000, many, many / 10, many / 20),
    ];
    let told = expected_share(&cells, 0.95).unwrap();
    // 150 will be judged of the first and 100 of the second.
    let (point, low, high) = interval(&told);
    assert!(
        (point - (150.0 * 0.1 + 100.0 * 0.5) / 250.0).abs() < 1e-6,
        "{told:?}"
    );
    // Outcomes to come: whether good, and how many are judged, by how far their rate is from all.
    let of_judged = 300.0 * 0.25 * 0.16f64.powi(2) + 1_000.0 * 0.09 * 0.24f64.powi(2);
    let error = (150.0 * 0.09 + 100.0 * 0.25 + of_judged).sqrt() / 250.0;
    assert!(
        (high - low - 2.0 * 1.959_964 * error).abs() < 1e-6,
        "{told:?}"
    );
    assert!(matches!(told, Estimate::Measured { units: 250, .. }));
}

/// Shops whose next decisions are about others than those before; how often the interval held what came.
fn held(shops: u64, relation_changes: bool) -> usize {
    const CELLS: usize = 8;
    let mut held = 0;
    for shop in 0..shops {
        let mut draws = Draws::of(31, shop);
        let rates: Vec<f64> = (0..CELLS).map(|_| 0.05 + 0.5 * draws.uniform()).collect();
        let mut outcomes = |of: f64, n: u64| (0..n).filter(|_| draws.uniform() < of).count() as u64;
        let (mut cells, mut judged, mut good) = (Vec::new(), 0, 0);
        for (at, rate) in rates.iter().enumerate() {
            let (before, waiting) = (40 + 60 * at as u64, 700 - 80 * at as u64);
            let judged_before = outcomes(0.4, before);
            let good_before = outcomes(*rate, judged_before);
            cells.push(cell(waiting, before, judged_before, good_before));
            let will_be = outcomes(0.4, waiting);
            judged += will_be;
            good += outcomes(if relation_changes { 0.6 * rate } else { *rate }, will_be);
        }
        let (_, low, high) = interval(&expected_share(&cells, 0.95).unwrap());
        held += usize::from((low..=high).contains(&(good as f64 / judged as f64)));
    }
    held
}

#[test]
fn what_comes_lies_within_what_was_expected_although_others_ask() {
    let held = held(1_000, false);
    assert!((930..=985).contains(&held), "{held} of 1000");
}

#[test]
fn that_people_do_otherwise_than_before_is_not_seen() {
    let held = held(200, true);
    assert!(held < 40, "{held} of 200: the assumption is what it says");
}

#[test]
fn without_outcomes_nothing_is_expected_and_impossible_counts_are_refused() {
    let told = expected_share(&[cell(5, 9, 0, 0)], 0.95).unwrap();
    assert!(matches!(told, Estimate::NotMeasurable(_)), "{told:?}");
    let told = expected_share(&[cell(0, 9, 5, 2)], 0.95).unwrap();
    assert!(matches!(told, Estimate::NotMeasurable(_)), "{told:?}");
    let refused = expected_share(&[cell(1, 9, 5, 2), cell(1, 9, 5, 6)], 0.95).unwrap_err();
    assert_eq!(refused.found, Found::Count(6));
    assert!(expected_share(&[cell(1, 4, 5, 5)], 0.95).is_err());
    assert!(expected_share(&[], 1.0).is_err());
}
