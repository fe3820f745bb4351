//! Times: quantiles are as near as stated, and nothing that is recorded is lost.

use monitoring::latency::{Histogram, LONGEST, RELATIVE_ERROR_MAX, Snapshot};
use proptest::prelude::*;
use schema::Probability;
use std::time::Duration;

fn recorded(times_ns: &[u64]) -> Snapshot {
    let histogram = Histogram::default();
    times_ns
        .iter()
        .for_each(|ns| histogram.record(Duration::from_nanos(*ns)));
    histogram.snapshot()
}

fn p(q: f64) -> Probability {
    Probability::new(q).unwrap()
}

/// Times from a nanosecond to an hour, as many of each magnitude.
fn times() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(
        (0..41u32, 0..1000u64).prop_map(|(bits, part)| (1 << bits) + ((part << bits) / 1000)),
        1..300,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn quantiles_are_as_near_as_stated(mut times in times(), q in 0.0..=1.0f64) {
        let snapshot = recorded(&times);
        times.sort_unstable();
        let rank = ((q * times.len() as f64).ceil() as usize).max(1);
        let exact = times[rank - 1] as f64;
        let told = snapshot.quantile(p(q)).unwrap().as_nanos() as f64;
        prop_assert!((told - exact).abs() <= RELATIVE_ERROR_MAX * exact, "{told} for {exact}");
        prop_assert_eq!(snapshot.quantile(p(1.0)).unwrap().as_nanos(), u128::from(times[times.len() - 1]));
    }

    #[test]
    fn merged_is_the_same_as_recorded_together(one in times(), other in times()) {
        let mut merged = recorded(&one);
        merged.merge(&recorded(&other));
        prop_assert_eq!(merged, recorded(&[one, other].concat()));
    }
}

#[test]
fn the_stated_error_is_below_two_percent() {
    const { assert!(RELATIVE_ERROR_MAX < 0.02) }
}

#[test]
fn nothing_recorded_has_no_quantile() {
    let empty = Histogram::default().snapshot();
    assert_eq!(
        (empty.quantile(p(0.5)), empty.longest(), empty.count()),
        (None, None, 0)
    );
    let mut merged = Snapshot::default();
    merged.merge(&empty);
    assert_eq!(merged, empty);
}

#[test]
fn what_is_too_long_counts_as_the_longest() {
    let histogram = Histogram::default();
    histogram.record(Duration::MAX);
    histogram.record(Duration::ZERO);
    let snapshot = histogram.snapshot();
    assert_eq!(
        (snapshot.longest(), snapshot.quantile(p(0.0))),
        (Some(LONGEST), Some(Duration::ZERO))
    );
}

#[test]
fn recording_from_many_threads_loses_nothing() {
    let histogram = Histogram::default();
    let (threads, each) = (8u64, 20_000u64);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let histogram = &histogram;
            scope.spawn(move || {
                (0..each).for_each(|n| histogram.record(Duration::from_nanos(n * 1000 + thread)))
            });
        }
    });
    let all: Vec<u64> = (0..threads)
        .flat_map(|thread| (0..each).map(move |n| n * 1000 + thread))
        .collect();
    assert_eq!(histogram.snapshot(), recorded(&all));
    assert_eq!(
        histogram.snapshot().sum().as_nanos(),
        all.iter().map(|ns| u128::from(*ns)).sum::<u128>()
    );
}
