//! Where a series stands as of a period: what does not depend on the period to come.

use super::alike::{Alike, Kinds};
use super::panel::{Panel, Step};
use super::pooled::Pooled;
use super::recent::{deviation, level, mean, smoothed, window};

/// Growth in a year is taken as at most this, and as its inverse at least.
const GROWTH_MAX: f64 = 4.0;

/// How much of the growth of half a year is expected to go on: less than all of it, as growth ends.
const GROWS_ON: f64 = 0.7;

/// Days of the week.
const DAYS: usize = 7;

/// Lengths over which a series is averaged, shortest first.
pub(super) fn lengths(step: Step) -> [usize; 4] {
    match step {
        Step::Day => [7, 28, 91, 364],
        Step::Week => [4, 8, 26, 52],
        Step::Month => [3, 6, 12, 24],
    }
}

/// Periods in which half of a smoothed mean lies, where it tells more than means of a few periods do: of months, of which
/// many sell nothing. Of days and weeks it told nothing.
pub(super) fn halves(step: Step) -> &'static [usize] {
    match step {
        Step::Day | Step::Week => &[],
        Step::Month => &[2, 4, 8],
    }
}

/// Where a series stands as of a period.
#[derive(Debug)]
pub(super) struct Standing<'a> {
    step: Step,
    pub(super) series: usize,
    /// Periods that may be looked at.
    pub(super) known: usize,
    values: &'a [f32],
    pub(super) level: f64,
    level_last_year: Option<f64>,
    /// Means over [`lengths`], relative to the level.
    pub(super) means: [Option<f64>; 4],
    /// Smoothed means over [`halves`], relative to the level.
    pub(super) smoothed: Vec<Option<f64>>,
    /// The last value known, relative to the level.
    pub(super) last: Option<f64>,
    /// How much it varies relative to its level; not a number where too little is known.
    pub(super) deviation: f64,
    /// Share of the last periods that sold nothing.
    pub(super) nothing: f64,
    /// Periods since the last sale.
    pub(super) since_sale: Option<usize>,
    /// Periods since the first one known.
    pub(super) age: Option<usize>,
    /// What it sold in the last periods alike.
    pub(super) alike: Alike<'a>,
    /// How much more was sold under a promotion than without, as a logarithm.
    pub(super) effect_of_promotions: Option<f64>,
    /// Growth in a year, of the last few periods and of the last half year.
    pub(super) growth: [Option<f64>; 2],
    /// Of its two groups.
    pub(super) groups: [Group<'a>; 2],
}

/// Where a group of series stands as of a period.
#[derive(Debug)]
pub(super) struct Group<'a> {
    values: &'a [f32],
    /// The mean of short beside that of long.
    pub(super) going: Option<f64>,
    /// Growth in a year, of the last few periods and of the last half year.
    pub(super) growth: [Option<f64>; 2],
    /// By weekday, what it sold lately on those beside all; of panels of days.
    week: [Option<f64>; DAYS],
}

impl<'a> Standing<'a> {
    pub(super) fn new(
        panel: &'a Panel,
        kinds: &'a Kinds<'a>,
        pooled: &'a [Pooled; 2],
        (series, known): (usize, usize),
    ) -> Self {
        let (values, step) = (panel.values(series), panel.step());
        let [one, two] = panel.groups(series);
        let last_year = known.checked_sub(step.year());
        let level = level(values, known, step);
        let (seen, recent) = (&values[..known], window(values, known, step.level()));
        let observed = recent.iter().filter(|v| !v.is_nan()).count();
        let nothing = recent.iter().filter(|v| **v <= 0.0).count();
        let alike = kinds.last(series, known);
        Self {
            step,
            series,
            known,
            values,
            level,
            level_last_year: last_year
                .and_then(|end| mean(window(values, end, step.level())))
                .filter(|mean| *mean > 0.0),
            means: lengths(step).map(|n| mean(window(values, known, n)).map(|mean| mean / level)),
            smoothed: halves(step)
                .iter()
                .map(|half| smoothed(seen, *half).map(|mean| mean / level))
                .collect(),
            last: seen
                .iter()
                .rfind(|v| !v.is_nan())
                .map(|last| f64::from(*last) / level),
            deviation: deviation(values, known, step),
            nothing: nothing as f64 / observed.max(1) as f64,
            since_sale: seen.iter().rposition(|v| *v > 0.0).map(|at| known - at),
            age: seen.iter().position(|v| !v.is_nan()).map(|at| known - at),
            effect_of_promotions: effect_of_promotions(&alike),
            alike,
            growth: growth(values, known, step),
            groups: [
                Group::new(pooled[0].of(one), (known, step), kinds),
                Group::new(pooled[1].of(two), (known, step), kinds),
            ],
        }
    }

    /// The level relative to that of a year before.
    pub(super) fn growth_of_level(&self) -> Option<f64> {
        self.level_last_year.map(|before| self.level / before)
    }

    /// Growth of the last few periods beside what that of the half year lets expect.
    pub(super) fn growth_beside(&self) -> Option<f64> {
        let [few, half] = self.growth;
        few.zip(half).map(|(few, half)| few / half.powf(GROWS_ON))
    }

    /// The period so many before one, where it may be looked at.
    pub(super) fn back(&self, period: usize, back: usize) -> Option<usize> {
        let back = period.checked_sub(back);
        back.filter(|at| *at < self.known)
    }

    /// The period a number of years before one, where it may be looked at.
    pub(super) fn years_before(&self, period: usize, years: usize) -> Option<usize> {
        self.back(period, years * self.step.year())
    }

    /// What was sold a year before, relative to the level then.
    pub(super) fn year_before(&self, period: usize) -> Option<f64> {
        let at = self.years_before(period, 1)?;
        Some(f64::from(self.values[at]) / self.level_last_year?)
    }

    /// What was sold in a period years before, grown to now, relative to the level.
    pub(super) fn grown(&self, at: Option<usize>, years: usize) -> Option<f64> {
        let value = Some(f64::from(self.values[at?])).filter(|v| !v.is_nan())?;
        Some(value * self.growth[1]?.powf(GROWS_ON * years as f64) / self.level)
    }

    /// The same of periods one and two years before, the nearer counting twice; of one alone where two are not known.
    pub(super) fn grown_of_two(&self, years: [Option<usize>; 2]) -> Option<f64> {
        let one = self.grown(years[0], 1)?;
        let two = self.grown(years[1], 2);
        Some(two.map_or(one, |two| (2.0 * one + two) / 3.0))
    }

    /// What was sold around a period years before, relative to the level then.
    pub(super) fn around(&self, period: usize, years: usize) -> Option<f64> {
        around(self.values, self.known, self.step, (period, years))
    }

    /// What a group sold lately on the weekday of a period beside all days.
    pub(super) fn weekday_of(&self, group: &Group<'_>, period: usize) -> Option<f64> {
        group.week[self.alike.weekday(period)]
    }

    /// The same of a group.
    pub(super) fn around_of(&self, group: &Group<'_>, period: usize) -> Option<f64> {
        around(group.values, self.known, self.step, (period, 1))
    }
}

impl<'a> Group<'a> {
    fn new(values: &'a [f32], (known, step): (usize, Step), kinds: &Kinds<'_>) -> Self {
        let [_, short, long, _] = lengths(step).map(|length| window(values, known, length));
        let usual = mean(long).filter(|usual| *usual > 0.0);
        Self {
            values,
            going: mean(short).zip(usual).map(|(short, usual)| short / usual),
            growth: growth(values, known, step),
            week: match step {
                Step::Day => of_week(long, known, usual, kinds),
                Step::Week | Step::Month => [None; DAYS],
            },
        }
    }
}

/// By weekday, what was sold on those of the last months beside all of their days.
///
/// - `lately`: the days before one.
/// - `usual`: their mean, where it is above 0.
fn of_week(
    lately: &[f32],
    known: usize,
    usual: Option<f64>,
    kinds: &Kinds<'_>,
) -> [Option<f64>; DAYS] {
    let first = known - lately.len();
    let mut sums = [(0.0, 0_u32); DAYS];
    for (value, period) in lately.iter().zip(first..) {
        if !value.is_nan() {
            let (sum, n) = &mut sums[kinds.weekday(period)];
            *sum += f64::from(*value);
            *n += 1;
        }
    }
    sums.map(|(sum, n)| {
        usual
            .filter(|_| n > 0)
            .map(|usual| sum / f64::from(n) / usual)
    })
}

/// Growth in a year, of the last few periods and of the last half year.
fn growth(values: &[f32], known: usize, step: Step) -> [Option<f64>; 2] {
    let year = step.year();
    [4 * step.round(), year / 2].map(|length| {
        let before = mean(window(values, known.checked_sub(year)?, length));
        let now = mean(window(values, known, length))?;
        let before = before.filter(|before| *before > 0.0)?;
        Some((now / before).clamp(1.0 / GROWTH_MAX, GROWTH_MAX))
    })
}

/// The mean around a period years before, relative to the level then.
fn around(
    values: &[f32],
    known: usize,
    step: Step,
    (period, years): (usize, usize),
) -> Option<f64> {
    let reach = if step == Step::Day { 3 } else { 1 };
    let back = years * step.year();
    let centre = period.checked_sub(back)?;
    let end = (centre + reach + 1).min(known);
    let base = mean(window(values, known.checked_sub(back)?, step.level()))?;
    let near = mean(&values[centre.saturating_sub(reach).min(end)..end])?;
    (base > 0.0).then(|| near / base)
}

/// How much more was sold under a promotion than without, over the kinds of periods that had both, as a logarithm.
fn effect_of_promotions(alike: &Alike<'_>) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0usize);
    for (without, with) in alike.by_promotion() {
        if let (Some(without), Some(with)) = (mean(without), mean(with))
            && without > 0.0
            && with > 0.0
        {
            sum += (with / without).ln();
            n += 1;
        }
    }
    (n > 0).then(|| sum / n as f64)
}
