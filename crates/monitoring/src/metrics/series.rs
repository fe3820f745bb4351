//! Figures that any number of threads record in without a lock.

use crate::latency::{Histogram, Snapshot, nanoseconds};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper limits of what is counted in response times, in nanoseconds: 0.5 ms to 10 s. A deadline of a shop lies
/// between 20 ms and 500 ms, where they are densest.
pub(super) const LIMITS_NS: [u64; 15] = [
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    20_000_000,
    35_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// A count that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts one.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Counts `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The count by now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What no computation yields: a NaN with a payload of our own, for a gauge that is not known.
const NOT_KNOWN: u64 = 0x7ff8_c0b7_0012_0000;

/// A figure that goes up and down, or is not known.
#[derive(Debug)]
pub struct Gauge(AtomicU64);

impl Default for Gauge {
    fn default() -> Self {
        Self(AtomicU64::new(NOT_KNOWN))
    }
}

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: f64) {
        let bits = if value.is_nan() {
            f64::NAN.to_bits()
        } else {
            value.to_bits()
        };
        self.0.store(bits, Ordering::Relaxed);
    }

    /// Adds to it, from zero where it was not known.
    pub fn add(&self, change: f64) {
        let add = |bits| {
            let value = if bits == NOT_KNOWN {
                0.0
            } else {
                f64::from_bits(bits)
            };
            let sum = value + change;
            Some(if sum.is_nan() {
                f64::NAN.to_bits()
            } else {
                sum.to_bits()
            })
        };
        // The closure never gives up, so neither does the update.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Says that it is not known any more: it is not told until it is set again.
    pub fn forget(&self) {
        self.0.store(NOT_KNOWN, Ordering::Relaxed);
    }

    /// The figure, where it is known.
    #[must_use]
    pub fn get(&self) -> Option<f64> {
        let bits = self.0.load(Ordering::Relaxed);
        (bits != NOT_KNOWN).then(|| f64::from_bits(bits))
    }
}

/// Response times: exact counts up to the limits a monitoring system reads, and fine ones for quantiles.
///
/// What is written for a time of some milliseconds lies together: between two requests the processor forgets it.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct ResponseTimes {
    fine: Histogram,
    /// Counts up to each limit but above the one before; the last is above all of them.
    counts: [AtomicU64; LIMITS_NS.len() + 1],
}

impl ResponseTimes {
    /// Records one time.
    pub fn record(&self, time: Duration) {
        let ns = nanoseconds(time);
        // From the shortest on, where most are.
        let place = LIMITS_NS.iter().position(|limit| ns <= *limit);
        let place = place.unwrap_or(LIMITS_NS.len());
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        self.fine.record(time);
    }

    /// What is recorded by now, for quantiles.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.fine.snapshot()
    }

    /// For every limit, and then without a limit, how many times did not exceed it.
    pub(super) fn cumulative(&self) -> [u64; LIMITS_NS.len() + 1] {
        let mut sum = 0;
        std::array::from_fn(|place| {
            sum += self.counts[place].load(Ordering::Relaxed);
            sum
        })
    }
}
