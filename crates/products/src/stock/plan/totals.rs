//! Demand over some days together, whose number may not be known itself.

use decisions::stock::{Demand, DemandError, Quantiles, Units};
use models::demand::Forecast;

/// Levels at which demand over several days is kept.
pub(super) const LEVELS: [f64; 13] = [
    0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99,
];

/// Demand over some days together, by [`LEVELS`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::stock) struct Total {
    pub(super) values: [f64; LEVELS.len()],
    pub(super) expected: f64,
}

impl Total {
    pub(super) fn demand(&self) -> Result<Demand<'_>, DemandError> {
        Demand::quantiles(Quantiles {
            levels: &LEVELS,
            values: &self.values,
            expected: Some(self.expected),
            units: Units::Whole,
        })
    }
}

/// Nothing is asked for.
pub(super) const EMPTY: Total = Total {
    values: [0.0; LEVELS.len()],
    expected: 0.0,
};

/// A forecast of one series, added up over days to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ahead<'a> {
    pub(super) forecast: &'a Forecast,
    pub(super) series: usize,
    /// Days that are forecast.
    pub(super) horizon: u32,
}

impl Ahead<'_> {
    /// Demand over a number of days that is known by its probabilities; `None` where it may well lie beyond the horizon.
    /// What seldom does counts as the horizon.
    pub(super) fn over(&self, days: &[(u32, f64)]) -> Option<Total> {
        /// Probability of longer times that is let go.
        const BEYOND_MAX: f64 = 0.1;
        let beyond = days.iter().filter(|(days, _)| *days > self.horizon);
        if beyond.map(|(_, p)| p).sum::<f64>() > BEYOND_MAX {
            return None;
        }
        let each: Vec<(Total, f64)> = days
            .iter()
            .map(|(days, p)| (self.days(*days), *p))
            .collect();
        Some(mixed(&each))
    }

    /// Demand of the next days, of no more than are forecast.
    pub(super) fn days(&self, days: u32) -> Total {
        let Some(last) = (days.min(self.horizon) as usize).checked_sub(1) else {
            return EMPTY;
        };
        let expected = self.forecast.expected(self.series);
        let mut values = LEVELS.map(|level| {
            let units = self.forecast.quantile_of_total(self.series, last, level);
            units.max(0.0)
        });
        rising(&mut values);
        Total {
            values,
            expected: expected[..=last].iter().sum::<f64>().max(0.0),
        }
    }
}

/// Quantiles rise; rounding must not make them fall.
fn rising(values: &mut [f64]) {
    for at in 1..values.len() {
        values[at] = values[at].max(values[at - 1]);
    }
}

/// A mixture of demands, each with its probability.
fn mixed(each: &[(Total, f64)]) -> Total {
    if let [(only, _)] = each {
        return *only;
    }
    /// Halvings of an interval: its width falls below a thousandth of a unit in a billion.
    const HALVINGS: usize = 40;
    let all: f64 = each.iter().map(|(_, p)| p).sum();
    let drawn: Vec<(Demand<'_>, f64)> = each
        .iter()
        .filter_map(|(total, p)| Some((total.demand().ok()?, p / all)))
        .collect();
    let cdf = |units: f64| -> f64 { drawn.iter().map(|(demand, p)| p * demand.cdf(units)).sum() };
    let mut values = [0.0; LEVELS.len()];
    for (value, level) in values.iter_mut().zip(LEVELS) {
        let ends = drawn.iter().map(|(demand, _)| demand.quantile(level));
        let (mut low, mut high) = ends.fold((f64::MAX, 0.0f64), |(low, high), units| {
            (low.min(units), high.max(units))
        });
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if cdf(middle) >= level {
                high = middle;
            } else {
                low = middle;
            }
        }
        *value = high;
    }
    rising(&mut values);
    Total {
        values,
        expected: each.iter().map(|(total, p)| total.expected * p / all).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_lies_between_its_parts_and_keeps_their_mean() {
        let rising = |scale: f64| Total {
            values: LEVELS.map(|level| scale * level * 10.0),
            expected: scale * 5.0,
        };
        let (one, two) = (rising(1.0), rising(4.0));
        let both = mixed(&[(one, 1.0), (two, 3.0)]);
        assert!((both.expected - (0.25 * 5.0 + 0.75 * 20.0)).abs() < 1e-12);
        for at in 0..LEVELS.len() {
            assert!(both.values[at] >= one.values[at].floor());
            assert!(both.values[at] <= two.values[at].ceil());
        }
        assert!(both.values.is_sorted());
        assert_eq!(mixed(&[(one, 1.0)]), one);
    }
}
