//! A series told apart into its season, its trend and the rest, by locally weighted lines.

use super::error::{SeriesError, check};
use super::smoothing::smoothed_best;

/// Seasons that a series needs to be told apart.
const SEASONS_MIN: usize = 2;

/// Rounds in which season and trend are taken from each other.
const ROUNDS: usize = 2;

/// Distances below this share of the farthest weigh fully, and those beyond the rest of it nothing.
const NEAR: f64 = 0.001;

/// How a season changes from year to year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Not at all: each place in the season has one value.
    None,
    /// By lines over so many seasons, an odd number of at least 3.
    Over(usize),
}

/// A series told apart into parts that add up to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stl {
    /// By period, in the unit of the values.
    pub season: Vec<f64>,
    /// By period, in the unit of the values.
    pub trend: Vec<f64>,
}

impl Stl {
    /// Tells a series apart.
    ///
    /// - `values`: at least two seasons of one series without gaps, oldest first.
    /// - `season`: periods of a season, at least 2.
    ///
    /// Deterministic; time O(n · season).
    ///
    /// # Errors
    /// [`SeriesError::TooShort`], [`SeriesError::NotFinite`].
    /// # Source
    /// Cleveland, Cleveland, McRae, Terpenning (1990), STL, section 3, without robustness weights; spans of the trend and
    /// of the low-pass filter by their section 5. Checked against statsmodels 0.15.0 (tests/it/local.rs).
    pub fn fit(values: &[f64], season: usize, change: Change) -> Result<Self, SeriesError> {
        let season = season.max(2);
        check(values, SEASONS_MIN * season)?;
        let n = values.len();
        let (span, degree) = match change {
            Change::None => (10 * n + 1, Degree::Level),
            Change::Over(seasons) => (odd(seasons.max(3)), Degree::Line),
        };
        let of_trend = odd((1.5 * season as f64 / (1.0 - 1.5 / span as f64)).ceil() as usize);
        let mut parts = Self {
            season: vec![0.0; n],
            trend: vec![0.0; n],
        };
        for _ in 0..ROUNDS {
            let left = less(values, &parts.trend);
            let cycles = cycles(&left, season, span, degree);
            let slow = mean_of(&mean_of(&mean_of(&cycles, season), season), 3);
            let slow = smooth(&slow, odd(season + 1), Degree::Line);
            parts.season = less(&cycles[season..season + n], &slow);
            parts.trend = smooth(&less(values, &parts.season), of_trend, Degree::Line);
        }
        Ok(parts)
    }
}

/// Bounds of the weight of the newest value in the level without season.
const ALPHA: (f64, f64) = (0.01, 0.99);

/// Expected values of the next `ahead` periods: the season as it was last, on the smoothed level of what it leaves. `None`
/// for a series of fewer than two seasons, and where there is no season.
pub(super) fn forecast(values: &[f64], season: usize, ahead: usize) -> Option<Vec<f64>> {
    if season < 2 {
        return None;
    }
    let parts = Stl::fit(values, season, Change::None).ok()?;
    let rest = less(values, &parts.season);
    let level = smoothed_best(&rest, ALPHA.0, ALPHA.1)?;
    let last = parts.season.iter().skip(values.len() - season).cycle();
    Some(last.take(ahead).map(|season| level + season).collect())
}

/// What is fitted to the values around a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Degree {
    Level,
    Line,
}

fn odd(span: usize) -> usize {
    span | 1
}

fn less(values: &[f64], part: &[f64]) -> Vec<f64> {
    values.iter().zip(part).map(|(v, p)| v - p).collect()
}

/// Each place of the season smoothed over the seasons, one season further on both sides: `season` more values before and
/// after.
fn cycles(values: &[f64], season: usize, span: usize, degree: Degree) -> Vec<f64> {
    let mut all = vec![0.0; values.len() + 2 * season];
    for place in 0..season {
        let own: Vec<f64> = values[place..].iter().step_by(season).copied().collect();
        for (at, year) in (place..all.len()).step_by(season).zip(0u32..) {
            all[at] = fitted(&own, f64::from(year) - 1.0, span, degree);
        }
    }
    all
}

/// Means of so many values next to each other.
fn mean_of(values: &[f64], length: usize) -> Vec<f64> {
    let windows = values.windows(length);
    windows
        .map(|window| window.iter().sum::<f64>() / length as f64)
        .collect()
}

/// Each value by what is fitted around it.
fn smooth(values: &[f64], span: usize, degree: Degree) -> Vec<f64> {
    (0..values.len())
        .map(|at| fitted(values, at as f64, span, degree))
        .collect()
}

/// What the nearest `span` values say of a place, from 0, each weighed by how near it is (tricube).
///
/// # Source
/// Cleveland et al. (1990), section 2. A span beyond all values flattens the weights.
fn fitted(values: &[f64], place: f64, span: usize, degree: Degree) -> f64 {
    let n = values.len();
    let length = span.min(n);
    let half = (length - 1) / 2;
    let from = (place.max(0.0) as usize)
        .saturating_sub(half)
        .min(n - length);
    let window = &values[from..from + length];
    let distance = |at: usize| ((from + at) as f64 - place).abs();
    let beyond = span.saturating_sub(n) / 2;
    let farthest = distance(0).max(distance(length - 1)) + beyond as f64;
    let weight = |at: usize| {
        let share = distance(at) / farthest.max(f64::MIN_POSITIVE);
        match share {
            share if share <= NEAR => 1.0,
            share if share <= 1.0 - NEAR => (1.0 - share.powi(3)).powi(3),
            _ => 0.0,
        }
    };
    let weights: Vec<f64> = (0..length).map(weight).collect();
    let all: f64 = weights.iter().sum();
    let mean = |of: &dyn Fn(usize) -> f64| {
        let parts = weights
            .iter()
            .enumerate()
            .map(|(at, weight)| weight * of(at));
        parts.sum::<f64>() / all
    };
    let level = mean(&|at| window[at]);
    if degree == Degree::Level {
        return level;
    }
    let middle = mean(&|at| (from + at) as f64);
    let square = mean(&|at| ((from + at) as f64 - middle).powi(2));
    if square.sqrt() <= NEAR * (n - 1) as f64 {
        return level;
    }
    let slope = mean(&|at| ((from + at) as f64 - middle) * window[at]) / square;
    level + slope * (place - middle)
}
