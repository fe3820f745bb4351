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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_stored_tells_the_same_as_before(times in times(), q in 0.0..1.0f64) {
        let before = recorded(&times);
        let after = Snapshot::from_bytes(&before.to_bytes()).unwrap();
        prop_assert_eq!((after.count(), after.sum()), (before.count(), before.sum()));
        let (told, exact) = (after.quantile(p(q)).unwrap(), before.quantile(p(q)).unwrap());
        let apart = told.abs_diff(exact).as_nanos() as f64;
        prop_assert!(apart <= RELATIVE_ERROR_MAX * exact.as_nanos() as f64 + 1.0, "{told:?} for {exact:?}");
    }

    #[test]
    fn what_came_after_is_what_was_recorded_after(one in times(), other in times()) {
        let (then, now) = (recorded(&one), recorded(&[one, other.clone()].concat()));
        let since = now.since(&then);
        prop_assert_eq!(since.to_bytes(), recorded(&other).to_bytes());
        prop_assert_eq!(now.since(&now), Snapshot::default());
    }

    #[test]
    fn times_above_a_limit_are_counted_but_for_those_near_it(times in times(), limit in 1..1u64 << 40) {
        let above = recorded(&times).count_above(Duration::from_nanos(limit));
        let beyond = |share: f64| times.iter().filter(|ns| **ns as f64 > limit as f64 * share).count() as u64;
        let near = 2.0 * RELATIVE_ERROR_MAX;
        prop_assert!((beyond(1.0 + near)..=beyond(1.0 - near)).contains(&above), "{above}");
    }
}

#[test]
fn bytes_that_are_no_times_are_refused() {
    for wrong in [&[0x80][..], &[0, 1], &[0, 0xff, 0xff, 0x7f, 1], &[0xff; 11]] {
        assert_eq!(Snapshot::from_bytes(wrong), None, "{wrong:?}");
    }
    assert_eq!(Snapshot::from_bytes(&[0]), Some(Snapshot::default()));
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
