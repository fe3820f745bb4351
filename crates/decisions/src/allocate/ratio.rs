//! Selection without sorting: steps counted by the leading bits of their ratio.
//!
//! Numbers above 0 are ordered like their bits. A histogram over the leading bits holds exact integer sums, so it does
//! not depend on the order in which threads add to it, and one pass over the data finds the bin in which a budget
//! ends; a second pass over that bin alone decides the rest.

/// Bins of a histogram.
const BINS: usize = 1 << 15;
/// Ratios from 2^-32 to 2^32, each doubling in 512 bins; what is outside is counted in the first or the last.
const LEAST_EXPONENT: i32 = -32;
const BITS_BELOW_A_BIN: u32 = 43;
/// The largest key: that of no finite ratio.
const KEY_MAX: u64 = u64::MAX >> 1;

/// The order of ratios above 0 as a whole number.
pub(super) fn key(ratio: f64) -> u64 {
    ratio.to_bits()
}

/// Keys that one histogram tells apart: both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) low: u64,
    pub(super) high: u64,
    /// Where the bins of equal width begin, and the width's bits.
    start: u64,
    shift: u32,
}

impl Keys {
    /// All ratios above 0.
    pub(super) fn all() -> Self {
        Self {
            low: 0,
            high: KEY_MAX,
            start: key(2_f64.powi(LEAST_EXPONENT)),
            shift: BITS_BELOW_A_BIN,
        }
    }

    /// The bin of a key; absent where the key is not among these.
    pub(super) fn bin(&self, key: u64) -> Option<usize> {
        if !(self.low..=self.high).contains(&key) {
            return None;
        }
        let bin = key.saturating_sub(self.start) >> self.shift;
        Some((bin as usize).min(BINS - 1))
    }

    /// The keys of one bin, told apart more finely.
    pub(super) fn of_bin(&self, bin: usize) -> Self {
        let from = |bin: usize| self.start + ((bin as u64) << self.shift);
        let low = if bin == 0 { self.low } else { from(bin) };
        let high = if bin == BINS - 1 {
            self.high
        } else {
            from(bin + 1) - 1
        };
        let high = high.min(self.high);
        let bits = u64::BITS - (high - low).leading_zeros();
        Self {
            low,
            high,
            start: low,
            shift: bits.saturating_sub(BINS.trailing_zeros()),
        }
    }

    /// The ratios at the ends of a bin.
    fn ends(&self, bin: usize) -> (f64, f64) {
        let keys = self.of_bin(bin);
        let (low, high) = (f64::from_bits(keys.low), f64::from_bits(keys.high));
        (low, if high.is_finite() { high } else { f64::MAX })
    }

    /// Whether nothing is left to tell apart.
    pub(super) fn is_one(&self) -> bool {
        self.low == self.high
    }
}

/// Steps and what they use, by bin.
#[derive(Debug)]
pub(super) struct Histogram {
    /// Usage and number of steps.
    bins: Vec<[u64; 2]>,
}

/// Where a budget ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Critical {
    pub(super) bin: usize,
    /// What all bins above use.
    pub(super) above: u64,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self {
            bins: vec![[0; 2]; BINS],
        }
    }

    // Saturated sums are above any budget, in whatever order they came about.
    pub(super) fn add(&mut self, bin: usize, usage: u64) {
        let [used, steps] = &mut self.bins[bin];
        *used = used.saturating_add(usage);
        *steps += 1;
    }

    pub(super) fn merged(mut self, other: Self) -> Self {
        for ([used, steps], [more_used, more_steps]) in self.bins.iter_mut().zip(&other.bins) {
            *used = used.saturating_add(*more_used);
            *steps += more_steps;
        }
        self
    }

    pub(super) fn steps(&self, bin: usize) -> u64 {
        self.bins[bin][1]
    }

    pub(super) fn total(&self) -> u64 {
        self.bins
            .iter()
            .fold(0, |sum, [used, _]| sum.saturating_add(*used))
    }

    /// The bin, from the largest ratio down, in which more than `allowed` is used; absent where all of it fits.
    pub(super) fn critical(&self, allowed: u64) -> Option<Critical> {
        let mut above = 0_u64;
        for (bin, [used, _]) in self.bins.iter().enumerate().rev() {
            let with = above.saturating_add(*used);
            if with > allowed {
                return Some(Critical { bin, above });
            }
            above = with;
        }
        None
    }

    /// The lowest bin such that it and those up to `bin` have at most so many steps; at least `bin` itself.
    pub(super) fn lowest(&self, bin: usize, steps_max: u64) -> usize {
        let mut steps = self.bins[bin][1];
        let mut lowest = bin;
        while lowest > 0 && steps + self.bins[lowest - 1][1] <= steps_max {
            lowest -= 1;
            steps += self.bins[lowest][1];
        }
        lowest
    }

    /// The ratio at which `allowed` is used up, its steps being spread evenly over the critical bin.
    pub(super) fn between(&self, keys: &Keys, critical: Critical, allowed: u64) -> f64 {
        let (low, high) = keys.ends(critical.bin);
        let part = (allowed - critical.above) as f64 / self.bins[critical.bin][0] as f64;
        high - part * (high - low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ratio_has_a_bin_and_finer_bins_part_it_down_to_one_key() {
        for ratio in [
            1e-300,
            2_f64.powi(-32),
            0.3,
            1.0,
            1.001,
            7e8,
            1e300,
            f64::MAX,
        ] {
            let mut keys = Keys::all();
            let mut levels = 0;
            while !keys.is_one() {
                let bin = keys.bin(key(ratio)).unwrap();
                let finer = keys.of_bin(bin);
                assert!(
                    (finer.low..=finer.high).contains(&key(ratio)),
                    "{ratio}: {finer:?}"
                );
                // Neighbours begin where this one ends.
                if bin > 0 {
                    assert_eq!(keys.of_bin(bin - 1).high + 1, finer.low);
                }
                keys = finer;
                levels += 1;
                assert!(levels <= 6, "{ratio}: {keys:?}");
            }
            assert_eq!(keys.low, key(ratio));
        }
        assert!(Keys::all().of_bin(5).bin(key(1.0)).is_none());
    }

    #[test]
    fn a_larger_ratio_is_never_in_a_lower_bin() {
        let keys = Keys::all();
        let bins: Vec<usize> = (0..2000)
            .map(|n| keys.bin(key(1e-12 * 1.03_f64.powi(n))).unwrap())
            .collect();
        assert!(bins.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!((bins[0], bins[1999]), (0, BINS - 1));
    }

    #[test]
    fn the_budget_ends_in_the_bin_that_it_cannot_pay_whole() {
        let mut histogram = Histogram::new();
        for (bin, usage) in [(9, 5), (7, 3), (7, 4), (2, 10)] {
            histogram.add(bin, usage);
        }
        let found = |allowed| histogram.critical(allowed).map(|c| (c.bin, c.above));
        assert_eq!(found(4), Some((9, 0)));
        assert_eq!(found(5), Some((7, 5)));
        assert_eq!(found(12), Some((2, 12)));
        assert_eq!(found(22), None);
        assert_eq!(histogram.total(), 22);
        assert_eq!((histogram.lowest(7, 2), histogram.lowest(7, 3)), (3, 0));
        assert_eq!(histogram.lowest(7, 1), 7);
    }
}
