//! Demand known by some of its quantiles.

use super::error::DemandError;

/// Quantiles that are enough to draw a distribution through.
const QUANTILES_MIN: usize = 2;

/// Whether demand comes in whole units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Units {
    /// Pieces: the distribution drawn through the quantiles is rounded to the nearest whole number.
    Whole,
    /// Any amount, such as kilograms.
    Any,
}

/// Quantiles of a demand, and how to read them.
///
/// Between two levels the distribution is a straight line; two equal values are a mass at one place. Below the lowest
/// level the first line is continued, at most to 0. Above the highest one the tail is exponential, with the rate that
/// leads from the last lower value to the highest; where all values are equal, with the one that makes `expected`
/// true, or without any tail where that is not known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles<'a> {
    /// Levels between 0 and 1, both excluded, rising.
    pub levels: &'a [f64],
    /// The value that demand does not exceed with the probability of each level, in units, not falling.
    pub values: &'a [f64],
    /// Expected demand, in units, where the forecast says it; looked at only where all values are equal, so that of
    /// what seldom sells something is expected.
    pub expected: Option<f64>,
    /// Whether demand comes in whole units.
    pub units: Units,
}

/// The distribution drawn through quantiles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Drawn<'a> {
    levels: &'a [f64],
    values: &'a [f64],
    whole: bool,
    /// Where the first line, continued, reaches the level 0.
    lowest: f64,
    /// Mean excess over the highest value of what is above it, in units.
    excess: f64,
    mean: f64,
}

impl<'a> Drawn<'a> {
    pub(super) fn new(quantiles: Quantiles<'a>) -> Result<Self, DemandError> {
        let Quantiles { levels, values, .. } = quantiles;
        check(levels, values)?;
        if let Some(expected) = quantiles.expected {
            super::at_least_0("expected value", expected)?;
        }
        let last = levels.len() - 1;
        let slope = (values[1] - values[0]) / (levels[1] - levels[0]);
        let lowest = (values[0] - slope * levels[0]).max(0.0);
        let below = values.iter().rposition(|value| *value < values[last]);
        let excess = match (below, quantiles.expected) {
            (Some(below), _) => {
                let rate = ((1.0 - levels[below]) / (1.0 - levels[last])).ln();
                (values[last] - values[below]) / rate
            }
            (None, Some(expected)) => (expected - values[last]).max(0.0) / (1.0 - levels[last]),
            (None, None) => 0.0,
        };
        let mut drawn = Self {
            levels,
            values,
            whole: quantiles.units == Units::Whole,
            lowest,
            excess,
            mean: 0.0,
        };
        drawn.mean = drawn.shortage(0.0);
        Ok(drawn)
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Probability above a value of the distribution before it is rounded.
    fn survival(&self, units: f64) -> f64 {
        let last = self.values.len() - 1;
        if units >= self.values[last] {
            return self.tail(units);
        }
        let (from, to) = self.around(self.values.partition_point(|value| *value <= units));
        if units <= from.0 {
            return 1.0 - from.1;
        }
        on_line(from, to, units)
    }

    /// Probability above a value beyond the highest.
    fn tail(&self, units: f64) -> f64 {
        let last = self.values.len() - 1;
        if self.excess > 0.0 {
            (1.0 - self.levels[last]) * (-(units - self.values[last]) / self.excess).exp()
        } else {
            0.0
        }
    }

    /// Value and level of the corner before the given one, and of that one; the corner before the first is at level 0.
    fn around(&self, corner: usize) -> ((f64, f64), (f64, f64)) {
        let before = match corner.checked_sub(1) {
            Some(before) => (self.values[before], self.levels[before]),
            None => (self.lowest, 0.0),
        };
        (before, (self.values[corner], self.levels[corner]))
    }

    /// Where the survival of whole units is that of the line.
    fn corrected(&self, units: f64) -> f64 {
        if self.whole {
            units.floor() + 0.5
        } else {
            units
        }
    }

    pub(super) fn above(&self, units: f64) -> f64 {
        if units < 0.0 {
            return 1.0;
        }
        self.survival(self.corrected(units))
    }

    pub(super) fn cdf(&self, units: f64) -> f64 {
        1.0 - self.above(units)
    }

    pub(super) fn quantile(&self, level: f64) -> f64 {
        let line = self.line_quantile(level);
        if self.whole {
            (line - 0.5).ceil().max(0.0)
        } else {
            line
        }
    }

    fn line_quantile(&self, level: f64) -> f64 {
        let last = self.levels.len() - 1;
        if level > self.levels[last] {
            let rest = (1.0 - self.levels[last]) / (1.0 - level).max(0.0);
            return if self.excess > 0.0 {
                self.values[last] + self.excess * rest.ln()
            } else {
                self.values[last]
            };
        }
        let (from, to) = self.around(self.levels.partition_point(|known| *known < level));
        from.0 + (to.0 - from.0) * (level.max(0.0) - from.1) / (to.1 - from.1)
    }

    /// The area above the distribution from `stock` on, from the top down; of whole units the sum of its survivals.
    pub(super) fn shortage(&self, stock: f64) -> f64 {
        if stock < 0.0 {
            return self.shortage(0.0) - stock;
        }
        if self.whole {
            let floor = stock.floor();
            return self.whole_shortage(floor) - (stock - floor) * self.survival(floor + 0.5);
        }
        let last = self.values.len() - 1;
        if stock >= self.values[last] {
            return self.excess * self.tail(stock);
        }
        let mut area = self.excess * (1.0 - self.levels[last]);
        for corner in (0..=last).rev() {
            let (from, to) = self.around(corner);
            if to.0 <= stock {
                return area;
            }
            let start = from.0.max(stock);
            let at_start = if start > from.0 {
                on_line(from, to, start)
            } else {
                1.0 - from.1
            };
            area += 0.5 * (to.0 - start) * (at_start + 1.0 - to.1);
        }
        area + (self.lowest - stock).max(0.0)
    }

    /// Σ over whole j from `stock` on of the survival at j + ½: a geometric series, then arithmetic ones.
    fn whole_shortage(&self, stock: f64) -> f64 {
        let last = self.values.len() - 1;
        let tail_from = (self.values[last] - 0.5).ceil().max(stock);
        let mut sum = if self.excess > 0.0 {
            self.tail(tail_from + 0.5) / -(-1.0 / self.excess).exp_m1()
        } else {
            0.0
        };
        let mut upper = tail_from;
        for corner in (0..=last).rev() {
            if upper <= stock {
                return sum;
            }
            let (from, to) = self.around(corner);
            let lower = (from.0 - 0.5).ceil().max(stock).min(upper);
            if lower < upper {
                let ends = on_line(from, to, lower + 0.5) + on_line(from, to, upper - 0.5);
                sum += 0.5 * (upper - lower) * ends;
                upper = lower;
            }
        }
        sum + (upper - stock).max(0.0)
    }
}

/// Probability above a value between two corners of different value.
fn on_line(from: (f64, f64), to: (f64, f64), units: f64) -> f64 {
    1.0 - from.1 - (to.1 - from.1) * (units - from.0) / (to.0 - from.0)
}

fn check(levels: &[f64], values: &[f64]) -> Result<(), DemandError> {
    if levels.len() != values.len() {
        return Err(DemandError::Lengths {
            levels: levels.len(),
            values: values.len(),
        });
    }
    if levels.len() < QUANTILES_MIN {
        return Err(DemandError::TooFewQuantiles {
            found: levels.len(),
            allowed_min: QUANTILES_MIN,
        });
    }
    check_levels(levels)?;
    let mut before = 0.0;
    for (place, value) in values.iter().copied().enumerate() {
        if !(value >= before && value.is_finite()) {
            return Err(DemandError::Quantile {
                place,
                found: value,
            });
        }
        before = value;
    }
    Ok(())
}

/// Levels rise within 0 to 1, both excluded.
pub(super) fn check_levels(levels: &[f64]) -> Result<(), DemandError> {
    let mut before = 0.0;
    for (place, level) in levels.iter().copied().enumerate() {
        if !(level > before && level < 1.0) {
            return Err(DemandError::Level {
                place,
                found: level,
            });
        }
        before = level;
    }
    Ok(())
}
