//! Which method forecasts which series: one for all, unless another does better for series of one sort.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::candidate::{Candidate, Windows};
use super::forecast::Spreads;
use super::method::Method;
use super::panel::Panel;
use super::recent::level;

/// Shares of periods without a sale at which series of another sort begin: those that always sell, often, now and then,
/// and seldom.
const NOTHING: [f64; 3] = [0.02, 0.3, 0.7];

/// Series that a sort needs to be judged by itself.
const SERIES_MIN: usize = 40;

/// Series of a sort that are judged at most, evenly apart.
const JUDGED_MAX: usize = 4_000;

/// Standard errors that a method must gain on the one of all series: the best of many gains two by chance.
const ERRORS: f64 = 3.0;

/// A sort of series, by what they sold lately.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sort {
    /// Share of periods without a sale: from, and below; the last has no end.
    pub nothing: (f64, Option<f64>),
    /// Mean of the last periods: from, and below; `None` where it goes on.
    pub level: (f64, Option<f64>),
}

impl Sort {
    fn holds(&self, (nothing, level): (f64, f64)) -> bool {
        let within =
            |(from, to): (f64, Option<f64>), x: f64| x >= from && to.is_none_or(|to| x < to);
        within(self.nothing, nothing) && within(self.level, level)
    }
}

/// What was chosen for series of one sort.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Which they are.
    pub sort: Sort,
    /// How many there were.
    pub series: usize,
    /// The other method that did best for them; none where there was no other.
    pub method: Option<Method>,
    /// The part of the quantile loss of the method of all series that it takes away.
    pub gain: f64,
    /// Standard error of that part, over series.
    pub error: f64,
    /// How far off it was for them; absent where the method of all series forecasts them.
    pub(super) spreads: Option<Spreads>,
}

impl Segment {
    /// Whether its series have a method of their own.
    #[must_use]
    pub fn is_chosen(&self) -> bool {
        self.spreads.is_some()
    }

    /// The method of its own that it is forecast by.
    pub(super) fn own(&self) -> Option<&Method> {
        self.method.as_ref().filter(|_| self.is_chosen())
    }
}

/// The share of the last periods in which a series sold nothing while open, and its level.
fn figures(panel: &Panel, series: usize) -> (f64, f64) {
    let (known, step) = (panel.known(), panel.step());
    let values = panel.values(series);
    let (mut nothing, mut all) = (0usize, 0usize);
    let last = (0..known).zip(values).rev().take(2 * step.level());
    for (period, sold) in last {
        if !sold.is_nan() && panel.is_open(series, period) {
            nothing += usize::from(*sold <= 0.0);
            all += 1;
        }
    }
    let nothing = nothing as f64 / all.max(1) as f64;
    (nothing, level(values, known, step))
}

/// By series, the segment that it is in, of those with a method of their own.
pub(super) fn of_series(panel: &Panel, segments: &[Segment]) -> Vec<Option<usize>> {
    let all = (0..panel.series()).into_par_iter();
    all.map(|series| of_one(panel, series, segments)).collect()
}

/// The same of one series.
pub(super) fn of_one(panel: &Panel, series: usize, segments: &[Segment]) -> Option<usize> {
    if !segments.iter().any(Segment::is_chosen) {
        return None;
    }
    let figures = figures(panel, series);
    let mut all = segments.iter();
    all.position(|of| of.is_chosen() && of.sort.holds(figures))
}

/// Sorts with enough series, with those that are of them; of one share of periods without a sale the lower half by level
/// apart from the upper one.
fn sorts(panel: &Panel) -> Vec<(Sort, Vec<usize>)> {
    let each: Vec<(f64, f64)> = (0..panel.series())
        .into_par_iter()
        .map(|series| figures(panel, series))
        .collect();
    let ends = NOTHING.iter().map(|end| Some(*end)).chain([None]);
    let mut found = Vec::new();
    for (from, to) in [0.0].into_iter().chain(NOTHING).zip(ends) {
        let all = Sort {
            nothing: (from, to),
            level: (0.0, None),
        };
        let of = |sort: &Sort| -> Vec<usize> {
            let held = |series: &usize| sort.holds(each[*series]);
            (0..each.len()).filter(held).collect()
        };
        let series = of(&all);
        let mut levels: Vec<f64> = series.iter().map(|at| each[*at].1).collect();
        levels.sort_unstable_by(f64::total_cmp);
        let halves = match levels.get(levels.len() / 2).copied() {
            Some(middle) if levels.len() >= 2 * SERIES_MIN && middle > levels[0] => {
                [(0.0, Some(middle)), (middle, None)].map(|level| Sort { level, ..all })
            }
            Some(_) | None => [all, all],
        };
        let [low, high] = halves;
        found.push((low, of(&low)));
        if high != low {
            found.push((high, of(&high)));
        }
    }
    found.retain(|(_, series)| series.len() >= SERIES_MIN);
    found
}

/// Which sorts of series another method than that of all forecasts better, by windows that were left out: one that gains
/// three standard errors over series, and in every window.
///
/// - `best`: the place of the method of all series.
pub(super) fn segments(
    windows: &Windows<'_>,
    candidates: &[Candidate],
    best: usize,
) -> Vec<Segment> {
    let Some(first) = windows.each.first() else {
        return Vec::new();
    };
    let sorts = sorts(&windows.panel.before(first.from));
    // Of one sort the method of all series is that of the sort.
    if sorts.len() < 2 {
        return Vec::new();
    }
    let each = sorts.into_iter();
    each.map(|(sort, series)| segment(windows, candidates, best, sort, &series))
        .collect()
}

fn segment(
    windows: &Windows<'_>,
    candidates: &[Candidate],
    best: usize,
    sort: Sort,
    series: &[usize],
) -> Segment {
    let every = series.len().div_ceil(JUDGED_MAX).max(1);
    let judged: Vec<usize> = series.iter().copied().step_by(every).collect();
    let none = Segment {
        sort,
        series: series.len(),
        method: None,
        gain: 0.0,
        error: 0.0,
        spreads: None,
    };
    let usual = candidates[best].losses(windows, &judged);
    let others: Vec<(usize, Vec<Vec<f64>>)> = (0..candidates.len())
        .into_par_iter()
        .filter(|at| *at != best)
        .filter_map(|at| Some((at, candidates[at].losses(windows, &judged)?)))
        .collect();
    let sum = |losses: &[Vec<f64>]| losses.iter().flatten().sum::<f64>();
    let least = others
        .into_iter()
        .min_by(|(_, one), (_, other)| sum(one).total_cmp(&sum(other)));
    let (Some(usual), Some((at, other))) = (usual, least) else {
        return none;
    };
    let all = sum(&usual);
    if all <= 0.0 {
        return none;
    }
    let saved = |window: usize, at: usize| usual[window][at] - other[window][at];
    let by_window = (0..usual.len()).map(|w| (0..judged.len()).map(|at| saved(w, at)).sum::<f64>());
    let everywhere = by_window.into_iter().all(|saved| saved > 0.0);
    let by_series: Vec<f64> = (0..judged.len())
        .map(|at| (0..usual.len()).map(|w| saved(w, at)).sum())
        .collect();
    let n = by_series.len() as f64;
    let mean = by_series.iter().sum::<f64>() / n;
    let squares: f64 = by_series.iter().map(|saved| (saved - mean).powi(2)).sum();
    let gain = n * mean / all;
    let error = (squares * n / (n - 1.0).max(1.0)).sqrt() / all;
    let gains = everywhere && gain > ERRORS * error;
    Segment {
        method: Some(candidates[at].method.clone()),
        gain,
        error,
        spreads: gains
            .then(|| candidates[at].spreads_of(windows, series))
            .flatten(),
        ..none
    }
}
