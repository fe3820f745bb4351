//! How far off forecasts of whole units are: a negative binomial around each, as scattered as its series.

use math::counts::NegativeBinomial;
use serde::{Deserialize, Serialize};

use super::panel::Panel;
use super::score::{LEVELS, pinballs, quantile_loss};
use super::spread::Past;

/// Units sold that tell as much of a series' scatter as all series together do.
const UNITS_SHARED: f64 = 10.0;

/// Less scatter beyond that of a Poisson count is none.
const DISPERSION_MIN: f64 = 1e-3;

/// By what the scatter of the past may have to be multiplied, as forecasts are nearer than its mean or farther.
const TIMES: [f64; 7] = [0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8];

/// Units a period that are sold on average at most where single units tell how sales scatter.
const SOLD_MAX: f64 = 64.0;

/// Forecasts that one of these is chosen by, at most.
const CHOOSING_MAX: usize = 20_000;

/// Quantiles of units sold around a forecast: a negative binomial of that mean.
///
/// Its variance is `mean + dispersion · mean²`, the dispersion that of the series in the past times a factor for all of
/// them. Sizes relative to the forecast, as [`super::spread::Spread`] keeps them, tell two series apart by what they are
/// forecast to sell alone; of what sells less than a unit a period, how it scatters differs more than that.
///
/// # Source
/// Snyder, Ord, Beaumont (2012) for negative binomial forecasts of slow sellers; the estimate by moments is shrunk
/// towards that of all series by the units it stands on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Counted {
    times: f64,
}

impl Counted {
    /// Learns from windows of forecasts; `None` where not only whole units were sold, or hundreds at a time, or nothing
    /// was forecast.
    pub(super) fn over(windows: &[Vec<Past>]) -> Option<Self> {
        is_counted(windows).then(|| Self::fit(windows.iter().flatten()))
    }

    /// Weighted quantile loss of windows, each by what the others teach; `None` as for [`Counted::over`].
    pub(super) fn loss(windows: &[Vec<Past>]) -> Option<f64> {
        if !is_counted(windows) {
            return None;
        }
        let each = windows.iter().enumerate().flat_map(|(left_out, window)| {
            let others = windows.iter().enumerate();
            let others = others.filter(move |(at, _)| *at != left_out);
            let learnt = Self::fit(others.flat_map(|(_, of)| of));
            window.iter().map(move |past| learnt.told(past))
        });
        quantile_loss(each)
    }

    /// By window and forecast, its quantile loss, each by what the other windows teach; `None` as for [`Counted::over`].
    pub(super) fn losses(windows: &[Vec<Past>]) -> Option<Vec<Vec<f64>>> {
        is_counted(windows).then(|| {
            let each = windows.iter().enumerate().map(|(left_out, window)| {
                let others = windows.iter().enumerate();
                let others = others.filter(move |(at, _)| *at != left_out);
                let learnt = Self::fit(others.flat_map(|(_, of)| of));
                let loss = |past: &Past| {
                    let (sold, said) = learnt.told(past);
                    pinballs(sold, said)
                };
                window.iter().map(loss).collect()
            });
            each.collect()
        })
    }

    /// The factor of least loss.
    fn fit<'a>(past: impl Iterator<Item = &'a Past> + Clone) -> Self {
        let stride = past.clone().count().div_ceil(CHOOSING_MAX).max(1);
        let some: Vec<&Past> = past.step_by(stride).collect();
        let loss = |times: f64| {
            let each = some.iter().map(|past| {
                let (sold, said) = Self { times }.told(past);
                pinballs(sold, said)
            });
            each.sum::<f64>()
        };
        let losses = TIMES.map(|times| (times, loss(times)));
        let best = losses.into_iter().min_by(|a, b| a.1.total_cmp(&b.1));
        Self {
            times: best.map_or(1.0, |(times, _)| times),
        }
    }

    /// What was sold, and the quantiles said of it.
    fn told(self, past: &Past) -> (f64, [f64; LEVELS.len()]) {
        (past.sold, LEVELS.map(|level| self.quantile(level, past)))
    }

    fn around(self, of: &Past) -> Option<NegativeBinomial> {
        let dispersion = (self.times * of.dispersion).max(DISPERSION_MIN);
        (of.forecast > 0.0).then(|| NegativeBinomial::of_mean(of.forecast, dispersion))
    }

    /// The quantile of a level, 0 to 1, of what is sold where so much is forecast: whole units.
    pub(super) fn quantile(self, level: f64, of: &Past) -> f64 {
        self.around(of).map_or(0.0, |of| of.quantile(level))
    }

    /// The same between whole units, at least 0: ends of intervals that hold about what they promise and not more. The
    /// mass of a count is spread half a unit to both sides of it.
    pub(super) fn bound(self, level: f64, of: &Past) -> f64 {
        let Some(of) = self.around(of) else {
            return 0.0;
        };
        let count = of.quantile(level);
        let before = of.lower_tail(count - 1.0);
        let part = (level - before) / of.mass(count).max(f64::MIN_POSITIVE);
        (count - 0.5 + part.clamp(0.0, 1.0)).max(0.0)
    }
}

/// Whether something was forecast, and only whole units were sold, few at a time.
fn is_counted(windows: &[Vec<Past>]) -> bool {
    let all = || windows.iter().flatten();
    let whole = |past: &Past| past.sold >= 0.0 && past.sold.fract() == 0.0;
    let sold: f64 = all().map(|past| past.sold).sum();
    all().any(|past| past.forecast > 0.0)
        && all().all(whole)
        && sold <= SOLD_MAX * all().count() as f64
}

/// By series, how much its counts scattered beyond Poisson counts of a mean over the last periods, as a share of the mean
/// squared: by moments, nearer to that of all series the less was sold.
pub(super) fn dispersions(panel: &Panel) -> Vec<f64> {
    let length = 2 * panel.step().level();
    let moments = |series: usize| {
        let values = panel.values(series);
        let last = &values[values.len().saturating_sub(length)..];
        let known = || last.iter().filter(|v| !v.is_nan()).map(|v| f64::from(*v));
        let n = known().count() as f64;
        let mean = known().sum::<f64>() / n;
        let squares: f64 = known().map(|v| (v - mean).powi(2)).sum();
        (n > 1.0 && mean > 0.0).then(|| (n, mean, squares / (n - 1.0)))
    };
    let each: Vec<Option<(f64, f64, f64)>> = (0..panel.series()).map(moments).collect();
    let told = each.iter().flatten();
    let sums = (0.0f64, 0.0f64);
    let (beyond, squares) = told.fold(sums, |(beyond, squares), &(_, mean, variance)| {
        (beyond + variance - mean, squares + mean * mean)
    });
    let shared = (beyond / squares.max(f64::MIN_POSITIVE)).max(0.0);
    let of = |moments: Option<(f64, f64, f64)>| {
        let Some((n, mean, variance)) = moments else {
            return shared;
        };
        let own = ((variance - mean) / (mean * mean)).max(0.0);
        let weight = n * mean / (n * mean + UNITS_SHARED);
        weight * own + (1.0 - weight) * shared
    };
    each.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use math::random::stream;
    use rand_distr::{Distribution, Gamma, Poisson};

    use super::{Counted, dispersions};
    use crate::demand::spread::Past;
    use crate::demand::{Panel, Step};

    fn past(forecast: f64, dispersion: f64, sold: f64) -> Past {
        Past {
            forecast,
            deviation: f64::NAN,
            dispersion,
            ahead: 1,
            sold,
        }
    }

    /// Counts around means of 1 to 20 whose dispersion is twice what is said of it.
    fn windows() -> Vec<Vec<Past>> {
        let mut random = stream(3, 1);
        let gamma = Gamma::new(1.0, 1.0).unwrap();
        let mut draw = |at: usize| {
            let mean = [1.0, 6.0, 20.0][at % 3];
            let own: f64 = mean * gamma.sample(&mut random);
            let sold = Poisson::new(own.max(1e-9)).unwrap().sample(&mut random);
            past(mean, 0.5, sold)
        };
        (0..3)
            .map(|_| (0..4_000).map(&mut draw).collect())
            .collect()
    }

    #[test]
    fn counts_are_scattered_as_much_as_they_were_and_intervals_hold_about_what_they_promise() {
        let windows = windows();
        let learnt = Counted::over(&windows).expect("whole units were sold");
        assert_eq!(learnt, Counted { times: 2.0 });
        // Of a geometric count of mean 1: 1/2 at nothing, 3/4 up to 1, 7/8 up to 2.
        for (level, count) in [
            (0.5, 0.0),
            (0.51, 1.0),
            (0.75, 1.0),
            (0.76, 2.0),
            (0.875, 2.0),
        ] {
            assert_eq!(
                learnt.quantile(level, &past(1.0, 0.5, 0.0)),
                count,
                "{level}"
            );
        }
        let all: Vec<&Past> = windows.iter().flatten().collect();
        let within = all
            .iter()
            .filter(|p| p.sold <= learnt.bound(0.9, p))
            .count();
        let share = within as f64 / all.len() as f64;
        assert!((0.87..=0.93).contains(&share), "{share}");
    }

    #[test]
    fn what_is_no_count_is_left_to_other_spreads_and_what_is_not_forecast_sells_nothing() {
        let mut windows = windows();
        windows[1][7].sold = 0.5;
        assert!(Counted::over(&windows).is_none() && Counted::loss(&windows).is_none());
        windows[1][7].sold = -1.0;
        assert!(Counted::over(&windows).is_none());
        // Thousands of euros a day are no counts, though they are whole.
        assert!(Counted::over(&[vec![past(5_000.0, 0.5, 4_812.0)]]).is_none());
        assert!(Counted::over(&[vec![past(0.0, 0.5, 1.0)]]).is_none());
        assert!(Counted::over(&[]).is_none());
        let counted = Counted { times: 1.0 };
        assert_eq!(counted.quantile(0.99, &past(0.0, 0.5, 0.0)), 0.0);
        assert_eq!(counted.bound(0.99, &past(0.0, 0.5, 0.0)), 0.0);
        // No scatter beyond that of a Poisson count of mean 1: 0.368, 0.736, 0.920.
        assert_eq!(counted.quantile(0.9, &past(1.0, 0.0, 0.0)), 2.0);
    }

    #[test]
    fn the_scatter_of_a_series_is_near_its_own_the_more_it_sold() {
        const MONTHS: usize = 24;
        let gap = f32::NAN;
        // Mean 10 and variance 100 · 24/23; mean 1/12; nothing; not known.
        let restless = (0..MONTHS).map(|t| if t % 2 == 0 { 0.0 } else { 20.0 });
        let seldom = (0..MONTHS).map(|t| if t % 12 == 0 { 1.0 } else { 0.0 });
        let mut values: Vec<f32> = restless.chain(seldom).collect();
        values.extend([0.0; MONTHS].into_iter().chain([gap; MONTHS]));
        let first = date(2024, 1, 1);
        let panel = Panel::new(
            Step::Month,
            first,
            (MONTHS, 0),
            values,
            vec![[0, 0]; 4],
            Vec::new(),
        );
        let found = dispersions(&panel.unwrap());
        let variance = 100.0 * 24.0 / 23.0;
        let own = (variance - 10.0) / 100.0;
        let rare = 2.0 / 23.0 * (11.0 / 12.0);
        let shared = (variance - 10.0 + rare - 1.0 / 12.0) / (100.0 + 1.0 / 144.0);
        let expected = [
            (240.0 * own + 10.0 * shared) / 250.0,
            // It scatters less than a Poisson count does.
            10.0 * shared / 12.0,
            shared,
            shared,
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }
}
