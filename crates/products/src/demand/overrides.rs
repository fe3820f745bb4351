//! What planners change of a forecast.

use std::collections::BTreeMap;
use std::ops::Range;

use features::History;
use features::demand::{Change, Override};
use models::demand::{Forecast, Panel};
use schema::time::{date_of, epoch_day};

use super::series::Key;
use super::settings::{Grain, Measure, Settings};

/// Changes that are named where they are set aside; of more it is told how many there are.
const NAMED: usize = 5;

/// The changes of planners that can be made to the forecasts of a shop, in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    each: Vec<Matched>,
    /// Which are set aside and why.
    pub(super) notes: Vec<String>,
}

/// A change with the series that it is about.
#[derive(Debug)]
pub(super) struct Matched {
    pub(super) of: Override,
    /// Rising.
    series: Vec<usize>,
}

/// Why a change is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Aside {
    Late,
    Units,
    Site,
    Nothing,
}

impl Aside {
    fn because(self) -> &'static str {
        match self {
            Self::Late => "were made after their last day",
            Self::Units => "are in units, and the forecast is of revenue",
            Self::Site => "are about one site, and the forecast is of all sites together",
            Self::Nothing => "are about nothing that is forecast",
        }
    }
}

impl Overrides {
    /// Those of a shop.
    ///
    /// - `of`: the series that are forecast, with the categories of their products.
    pub(super) fn new(
        history: &History,
        of: (&[Key], &[Option<String>]),
        settings: &Settings,
    ) -> Self {
        let mut aside: BTreeMap<Aside, Vec<String>> = BTreeMap::new();
        let mut each = Vec::new();
        for one in &history.demand().overrides {
            let series = about(one, of, settings.grain);
            match why_not(one, &series, settings) {
                None => each.push(Matched {
                    of: one.clone(),
                    series,
                }),
                Some(why) => aside.entry(why).or_default().push(told(one)),
            }
        }
        let notes = aside.into_iter().map(|(why, of)| {
            // The latest first.
            let named: Vec<String> = of.iter().rev().take(NAMED).cloned().collect();
            let more = if of.len() > NAMED { " …" } else { "" };
            format!(
                "changes of planners that {} are set aside: {}, {}{more}",
                why.because(),
                of.len(),
                named.join("; ")
            )
        });
        Self {
            each,
            notes: notes.collect(),
        }
    }

    /// Changes a forecast by those made before a day.
    ///
    /// - `panel`: that was forecast from.
    /// - `before`: in days since 1970-01-01; `None` for all.
    pub(crate) fn change(&self, panel: &Panel, before: Option<i32>, forecast: Forecast) -> Changed {
        let mut changed = Changed {
            ahead: forecast.ahead(),
            unchanged: Vec::new(),
            steps: Vec::new(),
            forecast,
        };
        let days = Ahead::new(panel, changed.ahead);
        let known = self.each.iter().enumerate();
        let known = known.filter(|(_, one)| before.is_none_or(|day| one.of.made_on() < day));
        let touching: Vec<(usize, Vec<f64>)> = known
            .map(|(at, one)| (at, days.covered(one.of.first..one.of.last + 1)))
            .filter(|(_, covered)| covered.iter().any(|share| *share > 0.0))
            .collect();
        if touching.is_empty() {
            return changed;
        }
        changed.unchanged = changed.forecast.all().to_vec();
        let (ahead, steps) = (changed.ahead, &mut changed.steps);
        changed.forecast = changed.forecast.changed(|expected| {
            for (at, covered) in touching {
                let one = &self.each[at];
                let step = Step::new(at, one, covered, panel, expected, &days);
                for series in one.series.iter().copied() {
                    step.take(panel, series, &mut expected[series * ahead..][..ahead]);
                }
                steps.push(step);
            }
        });
        changed
    }

    pub(super) fn each(&self) -> &[Matched] {
        &self.each
    }
}

impl Matched {
    pub(super) fn series(&self) -> &[usize] {
        &self.series
    }
}

/// A forecast with what planners changed of it.
#[derive(Debug)]
pub(crate) struct Changed {
    /// With the changes.
    pub(crate) forecast: Forecast,
    ahead: usize,
    /// What was expected without them: series × ahead; empty where nothing is changed.
    unchanged: Vec<f64>,
    /// In the order in which they are taken.
    steps: Vec<Step>,
}

/// One change as it is made to each series that it is about.
#[derive(Debug)]
struct Step {
    /// Its place among all.
    at: usize,
    /// By period ahead, the share of its days.
    covered: Vec<f64>,
    way: Way,
}

/// How a change acts on the part of a period that it covers.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// What is expected there is multiplied by this and added.
    Times(f64),
    /// So many units are added for each whole period: where nothing was expected there is nothing to multiply.
    Add(f64),
}

/// What one change adds to one period of a series, and what was expected before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Added {
    /// Its place among all changes.
    pub(super) at: usize,
    /// From 0.
    pub(super) ahead: usize,
    pub(super) before: f64,
    pub(super) after: f64,
}

impl Changed {
    /// What was expected of a series without the changes.
    pub(super) fn before(&self, series: usize) -> &[f64] {
        let of = series * self.ahead..(series + 1) * self.ahead;
        let unchanged = self.unchanged.get(of);
        unchanged.unwrap_or_else(|| self.forecast.expected(series))
    }

    /// What each change adds to each period of a series, in the order in which they are taken.
    pub(super) fn added(&self, overrides: &Overrides, panel: &Panel, series: usize) -> Vec<Added> {
        let mut added = Vec::new();
        let Some(expected) = self.unchanged.get(series * self.ahead..) else {
            return added;
        };
        let Some(expected) = expected.get(..self.ahead).filter(|one| !one.is_empty()) else {
            return added;
        };
        let mut expected = expected.to_vec();
        for step in &self.steps {
            if overrides.each[step.at]
                .series
                .binary_search(&series)
                .is_err()
            {
                continue;
            }
            let before = expected.clone();
            step.take(panel, series, &mut expected);
            let periods = before.iter().zip(&expected).enumerate();
            added.extend(periods.filter(|(_, (before, after))| before != after).map(
                |(ahead, (before, after))| Added {
                    at: step.at,
                    ahead,
                    before: *before,
                    after: *after,
                },
            ));
        }
        added
    }
}

impl Step {
    /// - `expected`: of all series, as the changes before left it.
    fn new(
        at: usize,
        one: &Matched,
        covered: Vec<f64>,
        panel: &Panel,
        expected: &[f64],
        days: &Ahead,
    ) -> Self {
        let ahead = covered.len();
        // Of its days only those that are forecast are changed, by their share.
        let inside = days.inside(one.of.first..one.of.last + 1);
        let units = |units: f64| units * inside;
        let base: f64 = one
            .series
            .iter()
            .flat_map(|series| expected[series * ahead..][..ahead].iter().zip(&covered))
            .map(|(expected, share)| expected * share)
            .sum();
        let spread = |units: f64, times: f64| {
            if base > 0.0 {
                Way::Times(times)
            } else {
                let open_of = |series: usize| {
                    let is_open = |h: usize| panel.is_open(series, panel.known() + h);
                    let shares = covered.iter().enumerate();
                    let open = shares.filter(|(h, _)| is_open(*h)).map(|(_, share)| share);
                    open.sum::<f64>()
                };
                let open: f64 = one.series.iter().map(|series| open_of(*series)).sum();
                Way::Add(units / open.max(f64::MIN_POSITIVE))
            }
        };
        let way = match one.of.change {
            Change::Factor(factor) => Way::Times(factor - 1.0),
            Change::More(more) => spread(units(more), units(more) / base),
            Change::Instead(instead) => spread(units(instead), units(instead) / base - 1.0),
        };
        Self { at, covered, way }
    }

    /// Changes what is expected of a series; nothing is sold less than not at all.
    fn take(&self, panel: &Panel, series: usize, expected: &mut [f64]) {
        for (h, (expected, share)) in expected.iter_mut().zip(&self.covered).enumerate() {
            if *share <= 0.0 || !panel.is_open(series, panel.known() + h) {
                continue;
            }
            let more = match self.way {
                Way::Times(times) => *expected * share * times,
                Way::Add(units) => units * share,
            };
            *expected = (*expected + more).max(0.0);
        }
    }
}

/// The days of the periods ahead.
struct Ahead {
    /// By period, from its first day to the first of the next, in days since 1970-01-01.
    periods: Vec<Range<i32>>,
}

impl Ahead {
    fn new(panel: &Panel, ahead: usize) -> Self {
        let start = |h: usize| epoch_day(panel.date(panel.known() + h));
        Self {
            periods: (0..ahead).map(|h| start(h)..start(h + 1)).collect(),
        }
    }

    /// By period, the share of its days that lie among some.
    fn covered(&self, days: Range<i32>) -> Vec<f64> {
        let share = |period: &Range<i32>| {
            f64::from(common(period, &days)) / f64::from((period.end - period.start).max(1))
        };
        self.periods.iter().map(share).collect()
    }

    /// The share of some days that lie in the periods.
    fn inside(&self, days: Range<i32>) -> f64 {
        let inside: i32 = self.periods.iter().map(|of| common(of, &days)).sum();
        f64::from(inside) / f64::from((days.end - days.start).max(1))
    }
}

/// Days that two ranges share.
fn common(one: &Range<i32>, other: &Range<i32>) -> i32 {
    (one.end.min(other.end) - one.start.max(other.start)).max(0)
}

/// The series that a change is about.
fn about(
    of: &Override,
    (keys, categories): (&[Key], &[Option<String>]),
    grain: Grain,
) -> Vec<usize> {
    let near = match &of.product {
        Some(product) => {
            let from = keys.partition_point(|key| key.product < *product);
            let to = keys.partition_point(|key| key.product <= *product);
            from..to
        }
        None => 0..keys.len(),
    };
    let is_about = |at: &usize| {
        let key = &keys[*at];
        let category = of.category.is_none() || of.category == categories[*at];
        let site = of.site.is_none() || grain == Grain::Product || of.site == key.site;
        category && site
    };
    near.filter(is_about).collect()
}

/// Why a change cannot be made.
fn why_not(of: &Override, series: &[usize], settings: &Settings) -> Option<Aside> {
    let units = matches!(of.change, Change::More(_) | Change::Instead(_));
    let of_all_sites = settings.grain == Grain::Product && of.site.is_some();
    if of.last < of.made_on() {
        Some(Aside::Late)
    } else if units && settings.measure == Measure::Revenue {
        Some(Aside::Units)
    } else if of_all_sites && !matches!(of.change, Change::More(_)) {
        Some(Aside::Site)
    } else if series.is_empty() {
        Some(Aside::Nothing)
    } else {
        None
    }
}

/// A change in words.
fn told(of: &Override) -> String {
    format!(
        "{} of {}, made on {} for {} to {}",
        of.id,
        of.author,
        date_of(of.made_on()),
        date_of(of.first),
        date_of(of.last)
    )
}
