//! What trees see of a series and a period to come, as of the last period known: everything relative to the level.

use super::alike::{ALIKE, Kinds};
use super::calendar::Dated;
use super::limits::Limits;
use super::meaning::{Driver, Meaning, Row};
use super::panel::{Panel, Role, Step};
use super::plans::{of_holidays, of_openings, of_prices, of_promotions, of_schools};
use super::pooled::Pooled;
use super::recent::{mean, window};
use super::standing::{Standing, halves, lengths};

/// A panel with what does not depend on where one stands in time.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    pub(super) panel: &'a Panel,
    pub(super) limits: Limits,
    kinds: Kinds<'a>,
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

impl<'a> Ground<'a> {
    pub(super) fn new(panel: &'a Panel) -> Self {
        let special = [
            Role::Promotion,
            Role::Holiday,
            Role::School,
            Role::Open,
            Role::Price,
        ];
        let taken = special.map(|role| panel.role(role));
        let [promotion, holiday, school, open, price] = taken;
        let others = (0..panel.columns().len()).filter(|c| !taken.contains(&Some(*c)));
        let limits = Limits::new(panel);
        let dates = (0..panel.known() + panel.ahead()).map(|period| Dated::new(panel, period));
        Self {
            kinds: Kinds::new(panel),
            dates: dates.collect(),
            pooled: [0, 1].map(|which| Pooled::new(panel, &limits, which)),
            limits,
            promotion,
            holiday,
            school,
            open,
            price,
            others: others.collect(),
            panel,
        }
    }

    /// What the columns mean, in their order.
    pub(super) fn meanings(&self) -> Vec<Meaning> {
        let mut meanings = Vec::new();
        // Of any series and period: what they say there is not kept.
        self.columns(&self.standing(0, 0), 0, &mut meanings);
        meanings
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
        let stands = self.standing(series, known);
        for period in periods {
            self.columns(&stands, period, rows);
        }
        stands.level
    }

    fn standing(&self, series: usize, known: usize) -> Standing<'_> {
        Standing::new(self.panel, &self.kinds, &self.pooled, (series, known))
    }

    /// The list of all columns.
    fn columns(&self, stands: &Standing<'_>, period: usize, row: &mut impl Row) {
        self.of_the_series(stands, period, row);
        self.of_the_year(stands, period, row);
        of_its_groups(stands, self.panel.step(), period, row);
        self.of_the_date(stands, period, row);
        let column = |of| self.panel.column(of, stands.series);
        let year_before = stands.years_before(period, 1);
        if let Some(of) = self.promotion {
            of_promotions(column(of), stands, self.panel.step().level(), period, row);
        }
        if let Some(of) = self.holiday {
            of_holidays(column(of), period, year_before, row);
        }
        if let Some(of) = self.school {
            of_schools(column(of), period, row);
        }
        if let Some(of) = self.open {
            of_openings(column(of), period, row);
        }
        if let Some(of) = self.price {
            let lately = window(column(of), stands.known, self.panel.step().level());
            of_prices(column(of), mean(lately), period, row);
        }
        for other in &self.others {
            let known = &self.panel.columns()[*other];
            let driver = match known.role {
                Role::Open => Driver::Week,
                Role::Promotion => Driver::Promotion,
                Role::Others => Driver::Others,
                Role::Holiday | Role::School => Driver::Holiday,
                Role::Price => Driver::Price,
                Role::Weather => Driver::Weather,
            };
            row.add(
                format_args!("{}", known.name),
                driver,
                column(*other)[period],
            );
        }
    }

    fn of_the_series(&self, stands: &Standing<'_>, period: usize, row: &mut impl Row) {
        let step = self.panel.step().name();
        let ahead = (period + 1 - stands.known) as f32;
        row.add(format_args!("{step}s ahead"), Driver::Trend, ahead);
        let level = stands.level.ln() as f32;
        row.add(format_args!("level"), Driver::Level, level);
        for (length, mean) in lengths(self.panel.step()).iter().zip(stands.means) {
            let name = format_args!("mean of the last {length}");
            row.add_known(name, Driver::Trend, mean);
        }
        for (half, mean) in halves(self.panel.step()).iter().zip(&stands.smoothed) {
            let name = format_args!("smoothed mean, half of it in {half}");
            row.add_known(name, Driver::Trend, *mean);
        }
        row.add_known(format_args!("last value"), Driver::Trend, stands.last);
        let deviation = stands.deviation as f32;
        row.add(format_args!("deviation"), Driver::Level, deviation);
        let name = format_args!("share of nothing sold");
        row.add(name, Driver::Level, stands.nothing as f32);
        let count = |n: Option<usize>| n.map(|n| n as f64);
        let name = format_args!("{step}s since the last sale");
        row.add_known(name, Driver::Level, count(stands.since_sale));
        row.add_known(format_args!("age"), Driver::Level, count(stands.age));
    }

    fn of_the_year(&self, stands: &Standing<'_>, period: usize, row: &mut impl Row) {
        use Driver::{Season, Trend, Week};
        let [few, half] = stands.growth;
        let alike = stands.alike.to(period);
        let mut sorted = alike.to_vec();
        sorted.sort_unstable_by(f32::total_cmp);
        let median = sorted.get(sorted.len() / 2).map(|v| f64::from(*v));
        let relative = |value: Option<f64>| value.map(|value| value / stands.level);
        let mut add = |name, driver, value| row.add_known(name, driver, value);
        let name = format_args!("growth in a year");
        add(name, Trend, stands.growth_of_level());
        let name = format_args!("growth in a year, of the last few");
        add(name, Trend, few);
        let name = format_args!("growth in a year, of the last half");
        add(name, Trend, half);
        let name = format_args!("a year ago, grown");
        let years = [1, 2].map(|years| stands.years_before(period, years));
        add(name, Season, stands.grown(years[0], 1));
        let name = format_args!("one and two years ago, grown");
        add(name, Season, stands.grown_of_two(years));
        let name = format_args!("mean of the last 3 alike");
        add(name, Week, relative(mean(&alike[..alike.len().min(3)])));
        let name = format_args!("mean of the last {ALIKE} alike");
        add(name, Week, relative(mean(alike)));
        let name = format_args!("median of those alike");
        add(name, Week, relative(median));
        let name = format_args!("a year ago");
        add(name, Season, stands.year_before(period));
        let name = format_args!("around a year ago");
        add(name, Season, stands.around(period, 1));
        let name = format_args!("two years ago");
        add(name, Season, stands.around(period, 2));
    }

    fn of_the_date(&self, stands: &Standing<'_>, period: usize, row: &mut impl Row) {
        let date = self.dates[period];
        row.add(format_args!("weekday"), Driver::Week, date.weekday);
        row.add(format_args!("day of the month"), Driver::Season, date.day);
        let name = format_args!("days left in the month");
        row.add(name, Driver::Season, date.left_in_month);
        row.add(format_args!("month"), Driver::Season, date.month);
        let name = format_args!("time of the year");
        row.add(name, Driver::Season, date.of_year);
        if self.panel.step() == Step::Month {
            return;
        }
        let off = date.easter.map(|(off, _)| off as f64);
        row.add_known(format_args!("days from Easter"), Driver::Holiday, off);
        let years = match date.easter {
            Some((_, back)) => back.map(|back| stands.back(period, back)),
            None => [1, 2].map(|years| stands.years_before(period, years)),
        };
        let name = format_args!("a year ago by Easter, grown");
        row.add_known(name, Driver::Season, stands.grown_of_two(years));
    }
}

fn of_its_groups(stands: &Standing<'_>, step: Step, period: usize, row: &mut impl Row) {
    const NAMES: [&str; 2] = ["category", "site"];
    let groups = || NAMES.into_iter().zip(&stands.groups);
    if step == Step::Day {
        for (name, group) in groups() {
            let on_weekday = stands.weekday_of(group, period);
            row.add_known(
                format_args!("{name}, on the weekday"),
                Driver::Week,
                on_weekday,
            );
        }
    }
    for (name, group) in groups() {
        let around = stands.around_of(group, period);
        let name = format_args!("{name}, around a year ago");
        row.add_known(name, Driver::Season, around);
    }
    for (name, group) in groups() {
        row.add_known(format_args!("{name}, going"), Driver::Trend, group.going);
    }
    for (name, group) in groups() {
        let name = format_args!("{name}, growth in a year");
        row.add_known(name, Driver::Trend, group.growth[1]);
    }
    for (name, group) in groups() {
        let name = format_args!("{name}, growth of the last few");
        row.add_known(name, Driver::Trend, group.growth[0]);
    }
    let name = format_args!("last few beside a year ago, grown");
    row.add_known(name, Driver::Trend, stands.growth_beside());
}
