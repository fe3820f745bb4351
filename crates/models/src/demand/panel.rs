//! Series side by side: what was sold in each period, and what is known of the periods to come.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use super::error::PanelError;
use super::weather::Weather;

/// Length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A day.
    Day,
    /// Seven days.
    Week,
    /// A calendar month.
    Month,
}

impl Step {
    /// First day of the period that a day lies in, where weeks start on `week_starts`.
    #[must_use]
    pub fn start_of(self, day: Date, week_starts: Weekday) -> Date {
        match self {
            Self::Day => day,
            Self::Week => {
                let since = i64::from(day.weekday().since(week_starts));
                day.saturating_sub(since.days())
            }
            Self::Month => day.first_of_month(),
        }
    }

    /// First day of the period some periods after the one that begins on a day.
    #[must_use]
    pub fn after(self, first: Date, periods: usize) -> Date {
        let n = i64::try_from(periods).unwrap_or(i64::MAX / 8);
        first.saturating_add(match self {
            Self::Day => n.days(),
            Self::Week => n.weeks(),
            Self::Month => n.months(),
        })
    }

    /// First day of the period some periods before the one that begins on a day.
    #[must_use]
    pub fn before(self, first: Date, periods: usize) -> Date {
        let n = i64::try_from(periods).unwrap_or(i64::MAX / 8);
        first.saturating_sub(match self {
            Self::Day => n.days(),
            Self::Week => n.weeks(),
            Self::Month => n.months(),
        })
    }

    /// Whole periods from the one that begins on a day to the one that holds another; negative where it is earlier.
    #[must_use]
    pub fn between(self, first: Date, day: Date) -> i64 {
        let days = i64::from((day - first).get_days());
        let months = |date: Date| 12 * i64::from(date.year()) + i64::from(date.month());
        match self {
            Self::Day => days,
            Self::Week => days.div_euclid(7),
            Self::Month => months(day) - months(first),
        }
    }

    /// Periods after which the year repeats; days keep their weekday.
    #[must_use]
    pub fn year(self) -> usize {
        match self {
            Self::Day => 364,
            Self::Week => 52,
            Self::Month => 12,
        }
    }

    /// Periods over which the level of a series is taken.
    #[must_use]
    pub fn level(self) -> usize {
        match self {
            Self::Day => 56,
            Self::Week => 26,
            Self::Month => 12,
        }
    }

    /// Periods after which the days of the week repeat; 1 where a period holds all of them.
    #[must_use]
    pub fn round(self) -> usize {
        match self {
            Self::Day => 7,
            Self::Week | Self::Month => 1,
        }
    }

    /// Periods of the season that a series is told apart by: the days of the week, else the year.
    #[must_use]
    pub fn season(self) -> usize {
        match self {
            Self::Day => self.round(),
            Self::Week | Self::Month => self.year(),
        }
    }

    /// One period in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// What something known ahead is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Share of the period in which anything can be sold, 0 to 1. A period with 0 has no demand to forecast.
    Open,
    /// How strong a promotion is: a depth, or 1 where only that there is one is known; 0 for none.
    Promotion,
    /// How strong promotions of others of the category are at the site, weighed by what these usually sell; 0 for none.
    Others,
    /// Share of the period's days that are public holidays.
    Holiday,
    /// Share of the period's days without school.
    School,
    /// Price of one unit.
    Price,
    /// A figure of the weather.
    Weather,
}

/// Something known of every period, the ones to come too.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// What it is about.
    pub role: Role,
    /// What it is called.
    pub name: String,
    /// By series, the row of `values` that holds for it: series of one site share a row.
    pub row_of: Vec<u32>,
    /// Rows × all periods; not a number where it is not known.
    pub values: Vec<f32>,
}

/// Series of equal periods.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    step: Step,
    first: Date,
    known: usize,
    ahead: usize,
    values: Vec<f32>,
    groups: Vec<[u32; 2]>,
    columns: Arc<[Known]>,
    weather: Option<Arc<Weather>>,
}

impl Panel {
    /// Series side by side.
    ///
    /// - `first`: first day of the first period; weeks start on its weekday.
    /// - `known`, `ahead`: periods that were observed, and periods after them.
    /// - `values`: series × `known`, what was sold; not a number where that is not known: before the first sale, while
    ///   closed, while out of stock.
    /// - `groups`: by series, the codes of two groups that it belongs to, such as category and site.
    ///
    /// # Errors
    /// [`PanelError`] when shapes do not fit, there is no series or no period, or a value is infinite.
    pub fn new(
        step: Step,
        first: Date,
        (known, ahead): (usize, usize),
        values: Vec<f32>,
        groups: Vec<[u32; 2]>,
        columns: Vec<Known>,
    ) -> Result<Self, PanelError> {
        let series = groups.len();
        if series == 0 || known == 0 {
            return Err(PanelError::Empty { series, known });
        }
        if values.len() != series * known {
            return Err(PanelError::Values {
                found: values.len(),
                series,
                known,
            });
        }
        if let Some(at) = values.iter().position(|value| value.is_infinite()) {
            return Err(PanelError::Infinite {
                series: at / known,
                period: at % known,
            });
        }
        for column in &columns {
            let rows = column.values.len() / (known + ahead);
            let fits = column.row_of.len() == series
                && column.values.len() == rows * (known + ahead)
                && column.row_of.iter().all(|row| (*row as usize) < rows);
            if !fits {
                return Err(PanelError::Column {
                    column: column.name.clone(),
                });
            }
        }
        Ok(Self {
            step,
            first,
            known,
            ahead,
            values,
            groups,
            columns: columns.into(),
            weather: None,
        })
    }

    /// The same with the weather of its periods.
    ///
    /// # Errors
    /// [`PanelError::Weather`] when it is not that of these series.
    pub fn with_weather(self, weather: Weather) -> Result<Self, PanelError> {
        let series = self.series();
        let within = |of: &[u32], n: usize| {
            of.len() == series
                && of
                    .iter()
                    .all(|at| usize::try_from(*at).is_ok_and(|at| at < n))
        };
        let fits = within(&weather.place_of, weather.places.len())
            && within(&weather.kind_of, weather.kinds.len());
        if !fits {
            return Err(PanelError::Weather { series });
        }
        Ok(Self {
            weather: Some(Arc::new(weather)),
            ..self
        })
    }

    /// The weather of its periods, where it is told.
    pub(super) fn weather(&self) -> Option<&Weather> {
        self.weather.as_deref()
    }

    /// The same where something else was sold.
    ///
    /// - `values`: series × known periods.
    pub(super) fn with_values(&self, values: Vec<f32>) -> Self {
        debug_assert_eq!(values.len(), self.values.len(), "as many values");
        Self {
            values,
            groups: self.groups.clone(),
            columns: Arc::clone(&self.columns),
            weather: self.weather.clone(),
            ..*self
        }
    }

    /// Length of a period.
    #[must_use]
    pub fn step(&self) -> Step {
        self.step
    }

    /// Number of series.
    #[must_use]
    pub fn series(&self) -> usize {
        self.groups.len()
    }

    /// Periods observed.
    #[must_use]
    pub fn known(&self) -> usize {
        self.known
    }

    /// Periods after those observed.
    #[must_use]
    pub fn ahead(&self) -> usize {
        self.ahead
    }

    /// First day of a period.
    #[must_use]
    pub fn date(&self, period: usize) -> Date {
        self.step.after(self.first, period)
    }

    /// What a series sold, period by period; not a number where that is not known.
    #[must_use]
    pub fn values(&self, series: usize) -> &[f32] {
        &self.values[series * self.known..(series + 1) * self.known]
    }

    /// What each series sold in some periods that are known, where it is known: series × `periods`.
    pub fn came(&self, from: usize, periods: usize) -> impl Iterator<Item = Option<f64>> + '_ {
        (0..self.series()).flat_map(move |series| {
            let values = self.values(series)[from..from + periods].iter();
            values.map(|value| (!value.is_nan()).then_some(f64::from(*value)))
        })
    }

    /// The groups of a series.
    pub(crate) fn groups(&self, series: usize) -> [u32; 2] {
        self.groups[series]
    }

    /// What is known of all periods.
    #[must_use]
    pub fn columns(&self) -> &[Known] {
        &self.columns
    }

    /// What a column says of a series, all periods.
    #[must_use]
    pub fn column(&self, column: usize, series: usize) -> &[f32] {
        let known = &self.columns[column];
        let (row, all) = (known.row_of[series] as usize, self.known + self.ahead);
        &known.values[row * all..(row + 1) * all]
    }

    /// The first column of a role.
    pub(crate) fn role(&self, role: Role) -> Option<usize> {
        self.columns.iter().position(|column| column.role == role)
    }

    /// What the first column of a role says of a period of a series; nothing where there is no such column.
    #[must_use]
    pub fn value_of(&self, role: Role, series: usize, period: usize) -> Option<f32> {
        let column = self.role(role)?;
        self.column(column, series).get(period).copied()
    }

    /// Whether anything can be sold in a period; yes where that is not known.
    #[must_use]
    pub fn is_open(&self, series: usize, period: usize) -> bool {
        let open = self.role(Role::Open);
        open.is_none_or(|column| {
            let share = self.column(column, series)[period];
            share.is_nan() || share > 0.0
        })
    }

    /// One series of the panel, with what is known of it.
    #[must_use]
    pub fn only(&self, series: usize) -> Self {
        let columns = self.columns.iter().enumerate().map(|(at, known)| Known {
            role: known.role,
            name: known.name.clone(),
            row_of: vec![0],
            values: self.column(at, series).to_vec(),
        });
        Self {
            values: self.values(series).to_vec(),
            groups: vec![self.groups[series]],
            columns: columns.collect(),
            weather: (self.weather.as_ref()).map(|weather| Arc::new(weather.only(series))),
            ..*self
        }
    }

    /// The panel as it was known some periods earlier: what was sold since is ahead.
    ///
    /// Plans (openings, promotions, prices) stay as they are: they were known ahead. The weather is looked at no further
    /// than it was known then.
    #[must_use]
    pub fn before(&self, known: usize) -> Self {
        let known = known.clamp(1, self.known);
        let values = self.values.chunks_exact(self.known);
        Self {
            known,
            ahead: self.known + self.ahead - known,
            values: values.flat_map(|one| &one[..known]).copied().collect(),
            groups: self.groups.clone(),
            columns: Arc::clone(&self.columns),
            weather: self.weather.clone(),
            ..*self
        }
    }
}
