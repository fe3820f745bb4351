//! The best way to split the rows of a leaf by one column.

use super::histogram::Sums;
use super::settings::{Monotone, Settings};
use super::table::MISSING;

/// Gains below this share of what a leaf explains already are rounding.
const ROUNDING: f64 = 1e-10;

/// Values that a leaf may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// A way to split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) column: usize,
    /// Codes up to it go left.
    pub(super) code: u8,
    /// Whether missing values go left.
    pub(super) missing_left: bool,
    /// By how much twice the loss falls.
    pub(super) gain: f64,
    pub(super) left: Sums,
    pub(super) right: Sums,
    pub(super) left_bounds: Bounds,
    pub(super) right_bounds: Bounds,
}

/// What every split must keep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) rows_min: u32,
    hessian_min: f64,
    l2: f64,
    gain_min: f64,
}

impl Bounds {
    pub(super) const NONE: Self = Self {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
    };
}

impl Rule {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            rows_min: u32::try_from(settings.leaf_rows_min).unwrap_or(u32::MAX),
            hessian_min: settings.leaf_hessian_min,
            l2: settings.l2,
            gain_min: settings.gain_min,
        }
    }

    /// The value of a leaf: one step of Newton's method, within its bounds.
    pub(super) fn value(&self, sums: Sums, bounds: Bounds) -> f64 {
        let bend = sums.hessian + self.l2;
        let step = if bend > 0.0 {
            -sums.gradient / bend
        } else {
            0.0
        };
        step.clamp(bounds.low, bounds.high)
    }

    /// By how much twice the loss falls when the rows get that value.
    fn gain(&self, sums: Sums, value: f64) -> f64 {
        -value * (2.0 * sums.gradient + (sums.hessian + self.l2) * value)
    }

    fn allows(&self, sums: Sums) -> bool {
        sums.rows >= self.rows_min && sums.hessian >= self.hessian_min
    }

    /// The best split of a leaf by a column, the first of equals.
    ///
    /// - `bins`: sums by code of the column.
    pub(super) fn best(
        &self,
        column: usize,
        bins: &[Sums],
        total: Sums,
        bounds: Bounds,
        monotone: Monotone,
    ) -> Option<Candidate> {
        let whole = self.gain(total, self.value(total, bounds));
        let floor = self.gain_min.max(ROUNDING * whole.abs());
        let missing = bins[usize::from(MISSING)];
        let last = bins.len() - 1;
        let mut best: Option<Candidate> = None;
        // Without missing values one way says it all.
        let ways: &[bool] = if missing.rows > 0 {
            &[false, true]
        } else {
            &[false]
        };
        for &missing_left in ways {
            let mut left = if missing_left {
                missing
            } else {
                Sums::default()
            };
            for (code, bin) in bins.iter().enumerate().skip(1) {
                if bin.rows == 0 {
                    continue;
                }
                left += *bin;
                let right = total - left;
                if right.rows < self.rows_min {
                    break;
                }
                if !self.allows(left) || !self.allows(right) {
                    continue;
                }
                // Values on one side, missing ones on the other, are in no order.
                let monotone = if right.rows == missing.rows && !missing_left {
                    Monotone::Free
                } else {
                    monotone
                };
                let (low, high) = (self.value(left, bounds), self.value(right, bounds));
                let wrong = match monotone {
                    Monotone::Free => false,
                    Monotone::Rising => low > high,
                    Monotone::Falling => low < high,
                };
                let gain = self.gain(left, low) + self.gain(right, high) - whole;
                let most = best.map_or(floor, |best| best.gain);
                if wrong || gain.is_nan() || gain <= most {
                    continue;
                }
                let (left_bounds, right_bounds) = parted(bounds, monotone, 0.5 * (low + high));
                best = Some(Candidate {
                    column,
                    // The bins beyond the last one with rows belong to the left as well.
                    code: if right.rows == missing.rows && !missing_left {
                        last as u8
                    } else {
                        code as u8
                    },
                    missing_left: missing_left || (missing.rows == 0 && left.rows >= right.rows),
                    gain,
                    left,
                    right,
                    left_bounds,
                    right_bounds,
                });
            }
        }
        best
    }
}

/// Bounds of the children: what is split in order stays in order, whatever is split below.
fn parted(bounds: Bounds, monotone: Monotone, middle: f64) -> (Bounds, Bounds) {
    let below = Bounds {
        high: middle,
        ..bounds
    };
    let above = Bounds {
        low: middle,
        ..bounds
    };
    match monotone {
        Monotone::Free => (bounds, bounds),
        Monotone::Rising => (below, above),
        Monotone::Falling => (above, below),
    }
}
