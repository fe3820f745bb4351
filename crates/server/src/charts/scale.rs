//! From values to places, with ticks at round numbers.

/// A straight axis between two round values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    /// Place of `low` and of `high`, in the units of the view box.
    from: f64,
    to: f64,
    /// Values at which to draw a line and a number, increasing.
    pub(crate) ticks: Vec<f64>,
    /// Decimals that tell the ticks apart.
    pub(crate) decimals: usize,
}

impl Axis {
    /// An axis that holds every finite value, drawn from `from` to `to`, with about `wanted` ticks.
    /// None when no value is finite.
    pub(crate) fn over(
        values: impl Iterator<Item = f64>,
        from: f64,
        to: f64,
        wanted: usize,
    ) -> Option<Self> {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|v| v.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            return None;
        }
        if low == high {
            // A single value sits in the middle of a span of its own size.
            let half = if low == 0.0 { 1.0 } else { low.abs() / 2.0 };
            low -= half;
            high += half;
        }
        let step = round_step((high - low) / wanted.max(1) as f64);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        let ticks = (0..=(last - first) as usize)
            .map(|i| (first + i as f64) * step)
            .collect();
        Some(Self {
            low: first * step,
            high: last * step,
            from,
            to,
            ticks,
            decimals: decimals_of(step),
        })
    }

    /// Place of a value.
    pub(crate) fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }
}

/// The next of 1, 2, 2.5 and 5 times a power of ten.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .find(|f| f * power >= least * (1.0 - 1e-9))
        .unwrap_or(10.0);
    factor * power
}

fn decimals_of(step: f64) -> usize {
    (0..10)
        .find(|&d| {
            let scaled = step * 10_f64.powi(d);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1e-6)
        })
        .unwrap_or(10) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(values: &[f64]) -> Axis {
        Axis::over(values.iter().copied(), 0.0, 100.0, 4).unwrap()
    }

    #[test]
    fn ticks_are_round_and_hold_every_value() {
        assert_eq!(axis(&[3.0, 97.0]).ticks, [0.0, 25.0, 50.0, 75.0, 100.0]);
        assert_eq!(
            axis(&[0.0, 0.4]).ticks,
            [0.0, 0.1, 0.2, 0.30000000000000004, 0.4]
        );
        assert_eq!(axis(&[0.0, 0.4]).decimals, 1);
        assert_eq!(axis(&[0.0, 10.0]).decimals, 1);
        let crossing = axis(&[-37.0, 12.0]);
        assert!(crossing.ticks[0] <= -37.0 && *crossing.ticks.last().unwrap() >= 12.0);
        assert!(crossing.ticks.contains(&0.0));
    }

    #[test]
    fn one_value_still_gets_an_axis_and_none_gets_none() {
        let one = axis(&[5.0]);
        assert!((one.at(5.0) - 50.0).abs() < 10.0);
        assert!(axis(&[0.0]).at(0.0).is_finite());
        assert_eq!(Axis::over([f64::NAN].into_iter(), 0.0, 1.0, 4), None);
    }
}
