//! What is forecast of every series, with quantiles.

use serde::{Deserialize, Serialize};

use super::counted::Counted;
use super::spread::{Past, Spread};

/// How far off forecasts of one period, and of all periods up to one together, are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Spreads {
    pub(super) single: Spread,
    /// Of one period, where counts are told better so.
    #[serde(default)]
    pub(super) counted: Option<Counted>,
    pub(super) total: Spread,
}

/// A forecast of all series of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    pub(super) spreads: Spreads,
    /// Those of series with a method of their own.
    pub(super) others: Vec<Spreads>,
    /// By series, which of them are its; nothing where all series have the same.
    pub(super) other_of: Vec<Option<usize>>,
    pub(super) ahead: usize,
    /// Series × `ahead`.
    pub(super) expected: Vec<f64>,
    /// By series, how much it varies.
    pub(super) deviations: Vec<f64>,
    /// By series, how much its counts scatter.
    pub(super) dispersions: Vec<f64>,
}

impl Forecast {
    /// Periods forecast.
    #[must_use]
    pub fn ahead(&self) -> usize {
        self.ahead
    }

    /// The same where something else is expected: quantiles are those of forecasts of that size.
    ///
    /// - `change`: is given what is expected, series × [`Forecast::ahead`]; what it puts there must not be below 0.
    #[must_use]
    pub fn changed(mut self, change: impl FnOnce(&mut [f64])) -> Self {
        change(&mut self.expected);
        self
    }

    /// What is expected of all series: series × [`Forecast::ahead`].
    #[must_use]
    pub fn all(&self) -> &[f64] {
        &self.expected
    }

    /// What is expected of a series, period by period.
    #[must_use]
    pub fn expected(&self, series: usize) -> &[f64] {
        &self.expected[series * self.ahead..(series + 1) * self.ahead]
    }

    /// The quantile of a level, 0 to 1, of what a series will sell in one period ahead, from 0; a whole number where only
    /// whole numbers were sold.
    #[must_use]
    pub fn quantile(&self, series: usize, ahead: usize, level: f64) -> f64 {
        let of = self.period(series, ahead);
        let spreads = self.spreads(series);
        match spreads.counted {
            Some(counted) => counted.quantile(level, &of),
            None => spreads.single.quantile(level, &of),
        }
    }

    /// The quantile of a level, 0 to 1, of what a series will sell in all periods up to one, from 0, together: not the
    /// sum of their quantiles.
    #[must_use]
    pub fn quantile_of_total(&self, series: usize, up_to: usize, level: f64) -> f64 {
        self.spreads(series)
            .total
            .quantile(level, &self.total(series, up_to))
    }

    /// An interval that holds what a series will sell in one period ahead, from 0, with a probability. Of whole numbers
    /// its ends may lie between two: rounded outwards it holds more than that.
    ///
    /// As much is left out below as above; where so much of it lies at nothing that nothing can be left out below, all is
    /// left out above.
    #[must_use]
    pub fn interval(&self, series: usize, ahead: usize, probability: f64) -> (f64, f64) {
        let of = self.period(series, ahead);
        let spreads = self.spreads(series);
        interval(probability, |level| match spreads.counted {
            Some(counted) => counted.bound(level, &of),
            None => spreads.single.bound(level, &of),
        })
    }

    /// The same of all periods up to one, from 0, together.
    #[must_use]
    pub fn interval_of_total(&self, series: usize, up_to: usize, probability: f64) -> (f64, f64) {
        let of = self.total(series, up_to);
        let spreads = self.spreads(series);
        interval(probability, |level| spreads.total.bound(level, &of))
    }

    fn spreads(&self, series: usize) -> &Spreads {
        let other = self.other_of.get(series).copied().flatten();
        let other = other.and_then(|at| self.others.get(at));
        other.unwrap_or(&self.spreads)
    }

    fn period(&self, series: usize, ahead: usize) -> Past {
        self.past(series, ahead, self.expected(series)[ahead])
    }

    fn total(&self, series: usize, up_to: usize) -> Past {
        let expected = self.expected(series)[..=up_to].iter().sum();
        self.past(series, up_to, expected)
    }

    fn past(&self, series: usize, ahead: usize, forecast: f64) -> Past {
        Past {
            forecast,
            deviation: self.deviations[series],
            dispersion: self.dispersions[series],
            ahead: ahead + 1,
            sold: f64::NAN,
        }
    }
}

fn interval(probability: f64, bound: impl Fn(f64) -> f64) -> (f64, f64) {
    let tail = (1.0 - probability) / 2.0;
    let low = bound(tail);
    if low == 0.0 {
        (0.0, bound(probability))
    } else {
        (low, bound(1.0 - tail))
    }
}
