//! Ranking metrics against values worked out by hand, and intervals against what they promise.

use math::random::{normals, stream};
use measure::ranking::{
    Bootstrap, RankedCustomer, RankingError, RankingMetric, RecallOver, evaluate, interval,
    paired_difference,
};
use rand::RngExt;

const TIGHT: f64 = 1e-12;

fn of(metric: RankingMetric, targets: &[u32], listed: &[u32], k: usize) -> Option<f64> {
    metric.of(&RankedCustomer { targets, listed }, k)
}

#[test]
fn metrics_equal_values_worked_out_by_hand() {
    // Targets 1, 5 and 9; the list hits at ranks 2 and 4, and 9 comes too late for k = 4.
    let (targets, listed) = ([5, 1, 9, 5], [7, 1, 8, 5, 9]);
    let expect = |metric, value: f64| {
        let found = of(metric, &targets, &listed, 4).unwrap();
        assert!(
            (found - value).abs() < TIGHT,
            "{metric:?}: {found} is not {value}"
        );
    };
    expect(RankingMetric::Recall(RecallOver::Targets), 2.0 / 3.0);
    expect(RankingMetric::Recall(RecallOver::TargetsThatFit), 2.0 / 3.0);
    expect(RankingMetric::Precision, 0.5);
    expect(RankingMetric::HitRate, 1.0);
    expect(RankingMetric::ReciprocalRank, 0.5);
    let gain = 1.0 / 3f64.log2() + 1.0 / 5f64.log2();
    expect(RankingMetric::Ndcg, gain / (1.0 + 1.0 / 3f64.log2() + 0.5));
}

#[test]
fn the_two_recalls_differ_when_targets_do_not_fit() {
    let (targets, listed) = ([1, 2, 3, 4], [1, 2]);
    assert_eq!(
        of(
            RankingMetric::Recall(RecallOver::Targets),
            &targets,
            &listed,
            2
        ),
        Some(0.5)
    );
    assert_eq!(
        of(
            RankingMetric::Recall(RecallOver::TargetsThatFit),
            &targets,
            &listed,
            2
        ),
        Some(1.0)
    );
    assert_eq!(of(RankingMetric::Ndcg, &targets, &listed, 2), Some(1.0));
}

#[test]
fn a_customer_without_targets_is_unknown_and_not_zero() {
    assert_eq!(of(RankingMetric::HitRate, &[], &[1, 2], 2), None);
    let hit = RankedCustomer {
        targets: &[1],
        listed: &[1],
    };
    let nothing = RankedCustomer {
        targets: &[],
        listed: &[2],
    };
    let ranked = evaluate(&[hit, nothing, hit], 1, 4, &Bootstrap::default()).unwrap();
    assert_eq!(
        (ranked.hit_rate.mean, ranked.hit_rate.n_customers),
        (1.0, 2)
    );
    assert_eq!(ranked.coverage, 0.5);
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let bootstrap = Bootstrap::default();
    let nobody = RankedCustomer {
        targets: &[],
        listed: &[1],
    };
    assert_eq!(
        evaluate(&[nobody], 5, 9, &bootstrap),
        Err(RankingError::NoTargets { n_customers: 1 })
    );
    assert_eq!(
        evaluate(&[nobody], 0, 9, &bootstrap),
        Err(RankingError::EmptyList)
    );
    assert_eq!(
        interval(&[1.0], &bootstrap),
        Err(RankingError::TooFewCustomers { found: 1 })
    );
    assert_eq!(
        paired_difference(&[1.0], &[1.0, 2.0], &bootstrap),
        Err(RankingError::NotPaired { left: 1, right: 2 })
    );
    let level = 1.0;
    let found = interval(&[1.0, 2.0], &Bootstrap { level, ..bootstrap });
    assert_eq!(
        found,
        Err(RankingError::Bootstrap {
            resamples: 1_000,
            level
        })
    );
}

#[test]
fn intervals_are_the_same_on_one_thread_and_on_two() {
    let values: Vec<f64> = normals(3, 0, 501, 1.0).into_iter().map(f64::from).collect();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| interval(&values, &Bootstrap::default()).unwrap())
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn intervals_cover_the_true_mean_as_often_as_they_say() {
    // 400 samples of 80 customers: the standard error of a coverage of .95 is .011, so .91 would be four of them away.
    let mut covered = 0;
    for sample in 0..400 {
        let values: Vec<f64> = normals(11, sample, 80, 1.0)
            .into_iter()
            .map(f64::from)
            .collect();
        let bootstrap = Bootstrap {
            resamples: 400,
            seed: sample,
            ..Bootstrap::default()
        };
        let found = interval(&values, &bootstrap).unwrap();
        covered += u32::from(found.low <= 0.0 && 0.0 <= found.high);
    }
    assert!((364..=396).contains(&covered), "{covered} of 400 cover");
}

#[test]
fn pairing_sees_a_difference_that_separate_intervals_miss() {
    let mut random = stream(5, 0);
    let easy: Vec<f64> = (0..300).map(|_| random.random_range(0.0..1.0)).collect();
    let better: Vec<f64> = easy
        .iter()
        .map(|value| value + 0.01 + random.random_range(-0.02..0.02))
        .collect();
    let bootstrap = Bootstrap::default();
    let (left, right) = (
        interval(&better, &bootstrap).unwrap(),
        interval(&easy, &bootstrap).unwrap(),
    );
    assert!(left.low < right.high, "separate intervals overlap");
    let difference = paired_difference(&better, &easy, &bootstrap).unwrap();
    assert!(
        difference.low > 0.0 && (difference.mean - 0.01).abs() < 0.003,
        "{difference:?}"
    );
}
