//! How long something takes: counts in buckets whose width grows with the value, as HdrHistogram does.
//!
//! Below 64 ns every nanosecond has its bucket; above, every doubling is cut into 64 equal ones. A value is told as the
//! middle of its bucket, so it is off by at most half a bucket: 1/128 of itself, [`RELATIVE_ERROR_MAX`].

use schema::Probability;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The most a quantile can be off, relative to the value that was recorded.
pub const RELATIVE_ERROR_MAX: f64 = 1.0 / 128.0;

const BITS: u32 = 6; // 64 buckets per doubling: an error below 1 % in 19 KiB.
const STEPS: u64 = 1 << BITS;
const DOUBLINGS: u32 = 36;
const BUCKETS: usize = ((DOUBLINGS as u64 + 1) << BITS) as usize;

/// The longest time that is told apart: 2^42 ns, one hour and 13 minutes. What is longer is recorded as this long.
pub const LONGEST: Duration = Duration::from_nanos((1 << (BITS + DOUBLINGS)) - 1);

/// Times, recorded from any number of threads without a lock.
#[derive(Debug)]
pub struct Histogram {
    counts: Box<[AtomicU64]>,
    sum_ns: AtomicU64,
    shortest_ns: AtomicU64,
    longest_ns: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            sum_ns: AtomicU64::new(0),
            shortest_ns: AtomicU64::new(u64::MAX),
            longest_ns: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    /// Records one time. At most four atomic operations and no allocation; times beyond [`LONGEST`] count as that long.
    pub fn record(&self, time: Duration) {
        let ns = nanoseconds(time);
        self.counts[bucket(ns)].fetch_add(1, Ordering::Relaxed);
        self.sum_ns.fetch_add(ns, Ordering::Relaxed);
        // Looked at first: few times are the shortest or the longest so far, and writing takes a loop.
        if ns < self.shortest_ns.load(Ordering::Relaxed) {
            self.shortest_ns.fetch_min(ns, Ordering::Relaxed);
        }
        if ns > self.longest_ns.load(Ordering::Relaxed) {
            self.longest_ns.fetch_max(ns, Ordering::Relaxed);
        }
    }

    /// What is recorded by now. While others record, times of this very moment may be in part of it only.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            counts: self
                .counts
                .iter()
                .map(|c| c.load(Ordering::Relaxed))
                .collect(),
            sum_ns: self.sum_ns.load(Ordering::Relaxed),
            shortest_ns: self.shortest_ns.load(Ordering::Relaxed),
            longest_ns: self.longest_ns.load(Ordering::Relaxed),
        }
    }
}

/// Times as they were recorded up to a moment; those of several processes merge into one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    counts: Vec<u64>,
    sum_ns: u64,
    shortest_ns: u64,
    longest_ns: u64,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            sum_ns: 0,
            shortest_ns: u64::MAX,
            longest_ns: 0,
        }
    }
}

impl Snapshot {
    /// How many times were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All times together, exact.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum_ns)
    }

    /// The longest time, exact; `None` where nothing was recorded.
    #[must_use]
    pub fn longest(&self) -> Option<Duration> {
        (self.count() > 0).then(|| Duration::from_nanos(self.longest_ns))
    }

    /// The time that a share `q` of what was recorded does not exceed: the nearest rank, `⌈q·count⌉`, at least the
    /// first. Off by at most [`RELATIVE_ERROR_MAX`] of itself; `None` where nothing was recorded.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a count up to 2^53 is exact, and a rank lies between 1 and the count"
    )]
    pub fn quantile(&self, q: Probability) -> Option<Duration> {
        let count = self.count();
        let rank = ((q.get() * count as f64).ceil() as u64).clamp(1, count.max(1));
        if rank == count {
            return self.longest();
        }
        let mut seen = 0;
        for (number, n) in self.counts.iter().enumerate() {
            seen += n;
            if seen >= rank {
                let middle = middle_of(number).clamp(self.shortest_ns, self.longest_ns);
                return Some(Duration::from_nanos(middle));
            }
        }
        None
    }

    /// How many times are above a limit. A time within [`RELATIVE_ERROR_MAX`] of it may count on either side.
    #[must_use]
    pub fn count_above(&self, limit: Duration) -> u64 {
        let within = bucket(nanoseconds(limit));
        self.counts[within + 1..].iter().sum()
    }

    /// What was recorded after an earlier snapshot of the same histogram.
    ///
    /// Its shortest and longest time are known no better than any other: they are the middles of their buckets.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let counts = self.counts.iter().zip(&earlier.counts);
        let counts = counts.map(|(now, then)| now.saturating_sub(*then));
        Self::of(counts.collect(), self.sum_ns.saturating_sub(earlier.sum_ns))
    }

    fn of(counts: Vec<u64>, sum_ns: u64) -> Self {
        let middle = |number: Option<usize>| number.map(middle_of);
        let shortest = middle(counts.iter().position(|n| *n > 0));
        let longest = middle(counts.iter().rposition(|n| *n > 0));
        Self {
            counts,
            sum_ns,
            shortest_ns: shortest.unwrap_or(u64::MAX),
            longest_ns: longest.unwrap_or(0),
        }
    }

    /// As bytes for a store: the sum, then each bucket that holds times as its distance from the one before and its
    /// count, all as variable-length integers (LEB128). A few hundred bytes, however many times were recorded.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_number(&mut bytes, self.sum_ns);
        let mut before = 0;
        for (number, n) in self.counts.iter().enumerate().filter(|(_, n)| **n > 0) {
            write_number(&mut bytes, (number - before) as u64);
            write_number(&mut bytes, *n);
            before = number;
        }
        bytes
    }

    /// Reads what [`Snapshot::to_bytes`] wrote; shortest and longest time are the middles of their buckets then.
    /// `None` where the bytes are no such snapshot.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let sum_ns = read_number(&mut rest)?;
        let mut counts = vec![0_u64; BUCKETS];
        let mut number = 0_usize;
        while !rest.is_empty() {
            number = number.checked_add(usize::try_from(read_number(&mut rest)?).ok()?)?;
            let count = counts.get_mut(number)?;
            *count = count.checked_add(read_number(&mut rest)?)?;
        }
        Some(Self::of(counts, sum_ns))
    }

    /// Adds what another one holds: the same as if all had been recorded in one.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
        self.shortest_ns = self.shortest_ns.min(other.shortest_ns);
        self.longest_ns = self.longest_ns.max(other.longest_ns);
    }
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// `None` where the bytes end within the number, or it has more than 64 bits.
fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(first & 0x7f);
        if part << shift >> shift != part {
            return None;
        }
        number |= part << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// A time in nanoseconds, held to [`LONGEST`].
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.min(LONGEST).as_nanos()).unwrap_or(u64::MAX)
}

/// The bucket of a value: the doubling it lies in, and its six leading bits after the first.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the result is below BUCKETS for every value up to LONGEST"
)]
fn bucket(ns: u64) -> usize {
    if ns < STEPS {
        return ns as usize;
    }
    let doubling = ns.ilog2() - BITS;
    let step = (ns >> doubling) - STEPS;
    ((u64::from(doubling + 1) << BITS) + step) as usize
}

/// The middle of a bucket, in nanoseconds.
fn middle_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket;
    }
    let doubling = (bucket >> BITS) - 1;
    let low = (STEPS + (bucket & (STEPS - 1))) << doubling;
    low + ((1 << doubling) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_gap_up_to_the_longest_time() {
        let longest = nanoseconds(Duration::MAX);
        assert_eq!(bucket(longest), BUCKETS - 1);
        for number in 0..BUCKETS {
            assert_eq!(bucket(middle_of(number)), number);
        }
        let mut last = 0;
        for ns in 0..1_000_000 {
            let number = bucket(ns);
            assert!(number == last || number == last + 1, "{ns}");
            last = number;
        }
    }
}
