//! What trees see of a series and a period to come, as of the last period known: everything relative to the level.

use serde::{Deserialize, Serialize};

use super::panel::{Panel, Role, Step};

/// What moves a forecast, in the words of a planner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Driver {
    /// How much is sold on the whole.
    Level,
    /// Where the level is going.
    Trend,
    /// The time of the year.
    Season,
    /// The day of the week, and whether neighbouring days are open.
    Week,
    /// Promotions planned.
    Promotion,
    /// Public and school holidays.
    Holiday,
    /// The price.
    Price,
    /// The weather.
    Weather,
}

/// Periods of one kind that are averaged at most.
const ALIKE: usize = 8;

/// Kinds of periods: weekdays with and without promotion.
const KINDS: usize = 14;

/// Periods counted to the nearest opening, closing, holiday or promotion at most.
const NEAR: usize = 14;

/// A column: what it says and of what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Meaning {
    /// What it is called.
    pub name: String,
    /// What it belongs to.
    pub driver: Driver,
}

/// A panel with what does not depend on where one stands in time.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    pub(super) panel: &'a Panel,
    dates: Vec<Dated>,
    pooled: [Pooled; 2],
    promotion: Option<usize>,
    holiday: Option<usize>,
    school: Option<usize>,
    open: Option<usize>,
    price: Option<usize>,
    /// Further columns, taken as they are.
    others: Vec<usize>,
}

/// A period in the calendar.
#[derive(Debug, Clone, Copy)]
struct Dated {
    weekday: f32,
    day: f32,
    month: f32,
    /// 0 to 1.
    of_year: f32,
    left_in_month: f32,
}

/// Groups of series, each as one series relative to the means of its members.
#[derive(Debug)]
struct Pooled {
    known: usize,
    values: Vec<f32>,
}

impl Pooled {
    /// By one of the two groupings.
    fn new(panel: &Panel, which: usize) -> Self {
        let groups = (0..panel.series()).map(|s| panel.groups(s)[which] as usize);
        let (n, known) = (groups.max().map_or(0, |most| most + 1), panel.known());
        let (mut sold, mut usual) = (vec![0.0f64; n * known], vec![0.0f64; n * known]);
        for series in 0..panel.series() {
            let values = panel.values(series);
            let Some(mean) = mean(values).filter(|mean| *mean > 0.0) else {
                continue;
            };
            let from = panel.groups(series)[which] as usize * known;
            for (at, value) in values.iter().enumerate().filter(|(_, v)| !v.is_nan()) {
                sold[from + at] += f64::from(*value);
                usual[from + at] += mean;
            }
        }
        let relative = sold.iter().zip(&usual).map(|(sold, usual)| {
            if *usual > 0.0 {
                (sold / usual) as f32
            } else {
                f32::NAN
            }
        });
        Self {
            known,
            values: relative.collect(),
        }
    }

    fn of(&self, group: u32) -> &[f32] {
        let group = group as usize;
        &self.values[group * self.known..(group + 1) * self.known]
    }
}

/// Mean of what is known.
pub(super) fn mean(values: &[f32]) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0usize);
    for value in values.iter().filter(|v| !v.is_nan()) {
        sum += f64::from(*value);
        n += 1;
    }
    (n > 0).then(|| sum / n as f64)
}

/// Periods before one, at most so many.
fn window(values: &[f32], end: usize, length: usize) -> &[f32] {
    &values[end.saturating_sub(length).min(end)..end]
}

fn ratio(of: Option<f64>, to: f64) -> f32 {
    of.map_or(f32::NAN, |of| (of / to) as f32)
}

/// Which kind a period is of.
pub(super) fn kind_of(step: Step, weekday: usize, promoted: bool) -> usize {
    let round = if step == Step::Day { weekday } else { 0 };
    round * 2 + usize::from(promoted)
}

/// The level of a series: its mean in the last periods, with half a unit in one period added, so that it is above 0.
pub(super) fn level(values: &[f32], known: usize, step: Step) -> f64 {
    let over = |length: usize| {
        let known = window(values, known, length).iter().filter(|v| !v.is_nan());
        known.fold((0.0, 0.0), |(sum, n), v| (sum + f64::from(*v), n + 1.0))
    };
    let (sum, n) = match over(step.level()) {
        (sum, n) if sum > 0.0 && n * 4.0 >= step.level() as f64 => (sum, n),
        _ => over(2 * step.year()),
    };
    (sum.max(0.0) + 0.5) / (n + 1.0)
}

/// Standard deviation of a series in the last periods relative to its level; not a number where too little is known.
pub(super) fn deviation(values: &[f32], known: usize, step: Step) -> f64 {
    let recent = window(values, known, step.level());
    let observed = recent.iter().filter(|v| !v.is_nan());
    let (n, Some(mean)) = (observed.clone().count(), mean(recent)) else {
        return f64::NAN;
    };
    if n < 2 {
        return f64::NAN;
    }
    let squares: f64 = observed.map(|v| (f64::from(*v) - mean).powi(2)).sum();
    (squares / (n - 1) as f64).sqrt() / level(values, known, step)
}

/// Where a series stands as of a period.
struct Standing {
    level: f64,
    level_last_year: Option<f64>,
    /// By kind of period, the last of them, latest first.
    alike: [Vec<f32>; KINDS],
}

impl<'a> Ground<'a> {
    pub(super) fn new(panel: &'a Panel) -> Self {
        let all = panel.known() + panel.ahead();
        let dated = |period: usize| {
            let date = panel.date(period);
            Dated {
                weekday: f32::from(date.weekday().to_monday_zero_offset()),
                day: f32::from(date.day()),
                month: f32::from(date.month()),
                of_year: f32::from(date.day_of_year()) / f32::from(date.days_in_year()),
                left_in_month: f32::from(date.days_in_month() - date.day()),
            }
        };
        let special = [
            Role::Promotion,
            Role::Holiday,
            Role::School,
            Role::Open,
            Role::Price,
        ];
        let [promotion, holiday, school, open, price] = special.map(|role| panel.role(role));
        let taken = [promotion, holiday, school, open, price];
        let others = (0..panel.columns().len()).filter(|c| !taken.contains(&Some(*c)));
        Self {
            dates: (0..all).map(dated).collect(),
            pooled: [Pooled::new(panel, 0), Pooled::new(panel, 1)],
            promotion,
            holiday,
            school,
            open,
            price,
            others: others.collect(),
            panel,
        }
    }

    pub(super) fn kind(&self, series: usize, period: usize) -> usize {
        let promotion = self
            .promotion
            .map(|column| self.panel.column(column, series));
        let promoted = promotion.is_some_and(|all| all[period] > 0.0);
        kind_of(
            self.panel.step(),
            self.dates[period].weekday as usize,
            promoted,
        )
    }

    /// Lengths over which a series is averaged, shortest first.
    fn lengths(&self) -> [usize; 4] {
        match self.panel.step() {
            Step::Day => [7, 28, 91, 364],
            Step::Week => [4, 8, 26, 52],
            Step::Month => [3, 6, 12, 24],
        }
    }

    /// What the columns say, in their order.
    pub(super) fn meanings(&self) -> Vec<Meaning> {
        let [one, two, three, four] = self.lengths();
        let step = self.panel.step().name();
        let mut names: Vec<(String, Driver)> = vec![
            (format!("{step}s ahead"), Driver::Trend),
            ("level".to_owned(), Driver::Level),
            (format!("mean of the last {one}"), Driver::Trend),
            (format!("mean of the last {two}"), Driver::Trend),
            (format!("mean of the last {three}"), Driver::Trend),
            (format!("mean of the last {four}"), Driver::Trend),
            ("last value".to_owned(), Driver::Trend),
            ("deviation".to_owned(), Driver::Level),
            ("share of nothing sold".to_owned(), Driver::Level),
            (format!("{step}s since the last sale"), Driver::Level),
            ("age".to_owned(), Driver::Level),
            ("growth in a year".to_owned(), Driver::Trend),
            (
                "growth in a year, of the last few".to_owned(),
                Driver::Trend,
            ),
            (
                "growth in a year, of the last half".to_owned(),
                Driver::Trend,
            ),
            ("a year ago, grown".to_owned(), Driver::Season),
            ("one and two years ago, grown".to_owned(), Driver::Season),
            ("mean of the last 3 alike".to_owned(), Driver::Week),
            (format!("mean of the last {ALIKE} alike"), Driver::Week),
            ("median of those alike".to_owned(), Driver::Week),
            ("a year ago".to_owned(), Driver::Season),
            ("around a year ago".to_owned(), Driver::Season),
            ("two years ago".to_owned(), Driver::Season),
            ("category, around a year ago".to_owned(), Driver::Season),
            ("site, around a year ago".to_owned(), Driver::Season),
            ("category, going".to_owned(), Driver::Trend),
            ("site, going".to_owned(), Driver::Trend),
            ("category, growth in a year".to_owned(), Driver::Trend),
            ("site, growth in a year".to_owned(), Driver::Trend),
            ("category, growth of the last few".to_owned(), Driver::Trend),
            ("site, growth of the last few".to_owned(), Driver::Trend),
            (
                "last few beside a year ago, grown".to_owned(),
                Driver::Trend,
            ),
            ("weekday".to_owned(), Driver::Week),
            ("day of the month".to_owned(), Driver::Season),
            ("days left in the month".to_owned(), Driver::Season),
            ("month".to_owned(), Driver::Season),
            ("time of the year".to_owned(), Driver::Season),
        ];
        let mut add = |name: &str, driver| names.push((name.to_owned(), driver));
        if self.promotion.is_some() {
            for name in [
                "promotion",
                "promotion before",
                "promotion after",
                "periods of promotion so far",
                "periods of promotion left",
                "effect of promotions so far",
                "promotion a year ago",
                "promotion among the last",
            ] {
                add(name, Driver::Promotion);
            }
        }
        if self.holiday.is_some() {
            for name in [
                "holiday",
                "holiday before",
                "holiday after",
                "since a holiday",
                "until a holiday",
                "holiday a year ago",
            ] {
                add(name, Driver::Holiday);
            }
        }
        if self.school.is_some() {
            for name in [
                "school holiday",
                "school holiday after",
                "school holiday so far",
            ] {
                add(name, Driver::Holiday);
            }
        }
        if self.open.is_some() {
            for name in [
                "share of the period open",
                "closed before",
                "closed after",
                "since closed",
                "until closed",
                "length of the last closure",
            ] {
                add(name, Driver::Week);
            }
        }
        if self.price.is_some() {
            add("price", Driver::Price);
            add("price before", Driver::Price);
        }
        for other in &self.others {
            let known = &self.panel.columns()[*other];
            let driver = match known.role {
                Role::Open => Driver::Week,
                Role::Promotion => Driver::Promotion,
                Role::Holiday | Role::School => Driver::Holiday,
                Role::Price => Driver::Price,
                Role::Weather => Driver::Weather,
            };
            add(&known.name, driver);
        }
        let meaning = |(name, driver)| Meaning { name, driver };
        names.into_iter().map(meaning).collect()
    }

    fn standing(&self, series: usize, known: usize) -> Standing {
        let (values, step) = (self.panel.values(series), self.panel.step());
        let mut alike: [Vec<f32>; KINDS] = std::array::from_fn(|_| Vec::with_capacity(ALIKE));
        let mut full = 0;
        let kinds = if step == Step::Day { KINDS } else { 2 };
        for period in (known.saturating_sub(2 * step.year())..known).rev() {
            let value = values[period];
            if value.is_nan() {
                continue;
            }
            let of = &mut alike[self.kind(series, period)];
            if of.len() < ALIKE {
                of.push(value);
                full += usize::from(of.len() == ALIKE);
                if full == kinds {
                    break;
                }
            }
        }
        let last_year = known.checked_sub(step.year());
        Standing {
            level: level(values, known, step),
            level_last_year: last_year
                .and_then(|end| mean(window(values, end, step.level())))
                .filter(|mean| *mean > 0.0),
            alike,
        }
    }

    /// What the columns say of some periods of a series, as of the first period that is not known. Adds a row of
    /// columns for each period to `rows`, and returns the level that everything is relative to.
    ///
    /// - `known`: periods that may be looked at.
    /// - `periods`: those to tell of, none before `known`.
    pub(super) fn tell(
        &self,
        series: usize,
        known: usize,
        periods: impl Iterator<Item = usize>,
        rows: &mut Vec<f32>,
    ) -> f64 {
        let (panel, step) = (self.panel, self.panel.step());
        let values = panel.values(series);
        let stands = self.standing(series, known);
        let level = stands.level;
        let lengths = self
            .lengths()
            .map(|n| ratio(mean(window(values, known, n)), level));
        let deviation = deviation(values, known, step) as f32;
        let recent = window(values, known, step.level());
        let n = recent.iter().filter(|v| !v.is_nan()).count();
        let nothing = recent.iter().filter(|v| **v <= 0.0).count() as f64 / n.max(1) as f64;
        let last_sale = values[..known].iter().rposition(|v| *v > 0.0);
        let first = values[..known].iter().position(|v| !v.is_nan());
        let last = values[..known].iter().rfind(|v| !v.is_nan());
        let year = step.year();
        let category = self.pooled[0].of(panel.groups(series)[0]);
        let site = self.pooled[1].of(panel.groups(series)[1]);
        let going = |of: &[f32]| {
            let [_, short, long, _] = self.lengths();
            let long = mean(window(of, known, long)).filter(|mean| *mean > 0.0);
            long.map_or(f32::NAN, |long| ratio(mean(window(of, known, short)), long))
        };
        let reach = if step == Step::Day { 3 } else { 1 };
        let around = |of: &[f32], period: usize, years: usize| {
            let back = years * year;
            let centre = period.checked_sub(back)?;
            let end = (centre + reach + 1).min(known);
            let base = mean(window(of, known.checked_sub(back)?, step.level()))?;
            let near = mean(&of[centre.saturating_sub(reach).min(end)..end])?;
            (base > 0.0).then(|| (near / base) as f32)
        };
        let growth_of = |of: &[f32], length: usize| {
            let before = mean(window(of, known.checked_sub(year)?, length));
            let now = mean(window(of, known, length))?;
            let before = before.filter(|before| *before > 0.0)?;
            Some((now / before).clamp(0.25, 4.0))
        };
        let growth = |length: usize| growth_of(values, length);
        let spans = [4 * step.round(), year / 2];
        let [few, half] = spans.map(growth);
        let [few_category, half_category] = spans.map(|n| growth_of(category, n));
        let [few_site, half_site] = spans.map(|n| growth_of(site, n));
        let flat = |found: Option<f64>| found.map_or(f32::NAN, |found| found as f32);
        let residual = few.zip(half).map(|(few, half)| few / half.powf(0.7));
        let grown = |period: usize, years: usize| {
            let back = period.checked_sub(years * year)?;
            let value = Some(f64::from(values[back])).filter(|v| !v.is_nan())?;
            Some(value * half?.powf(0.7 * years as f64) / level)
        };
        let promotion = self.promotion.map(|c| panel.column(c, series));
        let promoted = promotion.map(|_| effect_of_promotions(&stands));
        for period in periods {
            let date = self.dates[period];
            let alike = &stands.alike[self.kind(series, period)];
            let mut sorted = alike.clone();
            sorted.sort_unstable_by(f32::total_cmp);
            let median = sorted.get(sorted.len() / 2).map(|v| f64::from(*v));
            let year_ago = period.checked_sub(year).filter(|at| *at < known);
            rows.extend([
                (period + 1 - known) as f32,
                level.ln() as f32,
                lengths[0],
                lengths[1],
                lengths[2],
                lengths[3],
                ratio(last.map(|v| f64::from(*v)), level),
                deviation,
                nothing as f32,
                last_sale.map_or(f32::NAN, |at| (known - at) as f32),
                first.map_or(f32::NAN, |at| (known - at) as f32),
                stands
                    .level_last_year
                    .map_or(f32::NAN, |before| (level / before) as f32),
                few.map_or(f32::NAN, |few| few as f32),
                half.map_or(f32::NAN, |half| half as f32),
                grown(period, 1).map_or(f32::NAN, |g| g as f32),
                grown(period, 1)
                    .map(|one| grown(period, 2).map_or(one, |two| (2.0 * one + two) / 3.0))
                    .map_or(f32::NAN, |g| g as f32),
                ratio(mean(&alike[..alike.len().min(3)]), level),
                ratio(mean(alike), level),
                ratio(median, level),
                year_ago
                    .zip(stands.level_last_year)
                    .map_or(f32::NAN, |(at, base)| (f64::from(values[at]) / base) as f32),
                around(values, period, 1).unwrap_or(f32::NAN),
                around(values, period, 2).unwrap_or(f32::NAN),
                around(category, period, 1).unwrap_or(f32::NAN),
                around(site, period, 1).unwrap_or(f32::NAN),
                going(category),
                going(site),
                flat(half_category),
                flat(half_site),
                flat(few_category),
                flat(few_site),
                flat(residual),
                date.weekday,
                date.day,
                date.left_in_month,
                date.month,
                date.of_year,
            ]);
            let at = |all: &[f32], period: Option<usize>| {
                period.and_then(|p| all.get(p)).copied().unwrap_or(f32::NAN)
            };
            let (before, after) = (period.checked_sub(1), Some(period + 1));
            if let Some(all) = promotion {
                let so_far = near(all, period, Way::Back, |v| v.is_nan() || v <= 0.0);
                let left = near(all, period, Way::On, |v| v.is_nan() || v <= 0.0);
                let last = window(all, known, step.level());
                let share =
                    last.iter().filter(|v| **v > 0.0).count() as f32 / last.len().max(1) as f32;
                rows.extend([
                    all[period],
                    at(all, before),
                    at(all, after),
                    so_far,
                    left,
                    promoted.unwrap_or(f32::NAN),
                    at(all, year_ago),
                    share,
                ]);
            }
            if let Some(column) = self.holiday {
                let all = panel.column(column, series);
                rows.extend([
                    all[period],
                    at(all, before),
                    at(all, after),
                    near(all, period, Way::Back, |v| v > 0.0),
                    near(all, period, Way::On, |v| v > 0.0),
                    at(all, year_ago),
                ]);
            }
            if let Some(column) = self.school {
                let all = panel.column(column, series);
                rows.extend([
                    all[period],
                    at(all, after),
                    near(all, period, Way::Back, |v| v.is_nan() || v <= 0.0),
                ]);
            }
            if let Some(column) = self.open {
                let all = panel.column(column, series);
                let closed = |v: f32| v <= 0.0;
                let since = near(all, period, Way::Back, closed);
                let length = period.checked_sub(since as usize).map_or(0.0, |last| {
                    near(all, last + 1, Way::Back, |v| v > 0.0) - 1.0
                });
                rows.extend([
                    all[period],
                    at(all, before).min(1.0),
                    at(all, after).min(1.0),
                    since,
                    near(all, period, Way::On, closed),
                    length.max(0.0),
                ]);
            }
            if let Some(column) = self.price {
                let all = panel.column(column, series);
                let usual = mean(window(all, known, step.level()));
                let relative = |value: f32| match usual {
                    Some(usual) if usual > 0.0 => (f64::from(value) / usual) as f32,
                    _ => f32::NAN,
                };
                rows.extend([relative(all[period]), relative(at(all, before))]);
            }
            for other in &self.others {
                rows.push(panel.column(*other, series)[period]);
            }
        }
        level
    }
}

/// How much more was sold under a promotion than without, over the kinds of periods that had both, as a logarithm.
fn effect_of_promotions(stands: &Standing) -> f32 {
    let (mut sum, mut n) = (0.0, 0usize);
    for pair in stands.alike.chunks_exact(2) {
        if let (Some(without), Some(with)) = (mean(&pair[0]), mean(&pair[1]))
            && without > 0.0
            && with > 0.0
        {
            sum += (with / without).ln();
            n += 1;
        }
    }
    if n == 0 {
        f32::NAN
    } else {
        (sum / n as f64) as f32
    }
}

/// In which direction is looked.
enum Way {
    Back,
    On,
}

/// Periods to the nearest one that is so, not counting the one stood on; [`NEAR`] where there is none nearer.
fn near(all: &[f32], period: usize, way: Way, is: impl Fn(f32) -> bool) -> f32 {
    let found = (1..NEAR).find(|n| {
        let at = match way {
            Way::Back => period.checked_sub(*n),
            Way::On => Some(period + n),
        };
        at.and_then(|at| all.get(at))
            .is_some_and(|value| is(*value))
    });
    found.unwrap_or(NEAR) as f32
}
