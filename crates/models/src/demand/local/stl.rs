//! A series told apart into its season, its trend and the rest, by locally weighted lines.

use super::Said;
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

/// Expected values of the next `ahead` periods: the season as far as it is sure, on the smoothed level of what it leaves.
/// `None` for a series of fewer than two seasons, and where there is no season.
pub(super) fn forecast(values: &[f64], season: usize, ahead: usize) -> Option<Vec<Said>> {
    if season < 2 {
        return None;
    }
    let parts = Stl::fit(values, season, Change::None).ok()?;
    let sure = sure(values, &parts, season);
    // The first place follows the last value.
    let places = |from: usize| sure.iter().cycle().skip(from);
    let first = (season - values.len() % season) % season;
    let rest = values.iter().zip(places(first));
    let rest: Vec<f64> = rest.map(|(value, place)| value - place).collect();
    let level = smoothed_best(&rest, ALPHA.0, ALPHA.1)?;
    let next = places(0).take(ahead);
    let said = next.map(|season| Said {
        said: level + season,
        level,
        season: *season,
    });
    Some(said.collect())
}

/// Places of a season from which those next to each other are alike: weeks of a year, and neither its months nor the days
/// of a week.
const FINE: usize = 26;

/// Standard errors that a place differs from its neighbours, of which so much is left that what is as large by chance is
/// gone.
const ERRORS: f64 = 2.0;

/// Variance of a place less what is around it, half of itself and a quarter of each neighbour, of places of variance 1.
const OF_DIFFERENCE: f64 = 0.25 + 2.0 * 0.0625;

/// The last season by place, drawn to the places next to it as far as it differs from them by no more than what the rest
/// lets expect: two years say little of one week by itself, but a peak stays.
///
/// # Source
/// Breiman (1995) and Gao (1998): the non-negative garrote, here of differences from the neighbours.
fn sure(values: &[f64], parts: &Stl, season: usize) -> Vec<f64> {
    let n = values.len();
    let last = &parts.season[n - season..];
    let years = n as f64 / season as f64;
    let left = (n - season) as f64;
    if season < FINE || left <= 0.0 {
        return last.to_vec();
    }
    let both = parts.season.iter().zip(&parts.trend);
    let rest = values.iter().zip(both).map(|(v, (s, t))| v - s - t);
    let variance = rest.map(|rest| rest * rest).sum::<f64>() / left / years;
    let chance = ERRORS * ERRORS * OF_DIFFERENCE * variance;
    let at = |place: usize| {
        let (before, after) = (
            last[(place + season - 1) % season],
            last[(place + 1) % season],
        );
        let around = 0.25 * before + 0.5 * last[place] + 0.25 * after;
        let own = last[place] - around;
        let square = own * own;
        let kept = if square > chance {
            1.0 - chance / square
        } else {
            0.0
        };
        around + kept * own
    };
    (0..season).map(at).collect()
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

#[cfg(test)]
mod tests {
    use math::random::stream;
    use rand_distr::{Distribution, StandardNormal};

    use super::{Change, Stl, forecast, sure};

    const YEAR: usize = 52;

    /// Two and a half years of weeks around 100: a wave of 20, 150 more in week 47 of the year, and noise.
    fn weeks(noise: f64, seed: u64) -> (Vec<f64>, Vec<f64>) {
        let mut random = stream(seed, 0);
        let season = |week: usize| {
            let wave = (std::f64::consts::TAU * week as f64 / YEAR as f64).sin();
            20.0 * wave + if week == 47 { 150.0 } else { 0.0 }
        };
        let truth: Vec<f64> = (0..3 * YEAR).map(|t| 100.0 + season(t % YEAR)).collect();
        let seen = truth.iter().take(5 * YEAR / 2).map(|value| {
            let drawn: f64 = StandardNormal.sample(&mut random);
            value + noise * drawn
        });
        (seen.collect(), truth)
    }

    #[test]
    fn weeks_are_drawn_to_their_neighbours_and_a_peak_stays() {
        let (mut plain, mut drawn) = (0.0, 0.0);
        for seed in 0..20 {
            let (seen, truth) = weeks(15.0, seed);
            let parts = Stl::fit(&seen, YEAR, Change::None).expect("it is long enough");
            let all: f64 = truth[..YEAR].iter().sum::<f64>() / YEAR as f64;
            let last = &parts.season[seen.len() - YEAR..];
            for (at, (plainly, surely)) in last.iter().zip(sure(&seen, &parts, YEAR)).enumerate() {
                let is = truth[(seen.len() + at) % YEAR] - all;
                plain += (plainly - is).powi(2);
                drawn += (surely - is).powi(2);
            }
            let said = forecast(&seen, YEAR, YEAR / 2).expect("it is long enough");
            let peak = 47 - YEAR / 2;
            let said = |at: usize| said[at].said;
            assert!(said(peak) > 200.0, "{}", said(peak));
            assert!(said(peak - 2) < 150.0 && said(peak + 2) < 150.0);
        }
        assert!(drawn < 0.75 * plain, "{drawn} {plain}");
    }

    #[test]
    fn a_season_without_noise_stays_as_it_is_and_so_does_one_of_few_places() {
        let (seen, truth) = weeks(0.0, 0);
        let said = forecast(&seen, YEAR, YEAR / 2).expect("it is long enough");
        for (said, truth) in said.iter().zip(&truth[seen.len()..]) {
            assert!((said.said - truth).abs() < 1.0, "{said:?} {truth}");
        }
        let days: Vec<f64> = (0..23).map(|t| f64::from(10 + 5 * (t % 7))).collect();
        let parts = Stl::fit(&days, 7, Change::None).expect("it is long enough");
        assert_eq!(sure(&days, &parts, 7), parts.season[16..]);
    }
}
