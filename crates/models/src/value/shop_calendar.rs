//! When a shop sells: weekdays, closed days, and the months of the year, so that a day is worth what it is worth.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::history::History;

/// Days without a sale that follow each other and are taken to come back every year on the same dates.
///
/// Shorter closures are weekends or public holidays, of which many move: the weekday or chance explains those.
const YEARLY_CLOSURE_DAYS: usize = 4;

/// What the window says about when the shop sells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShopCalendar {
    start: Date,
    last_day: u32,
    /// Purchases per Monday … Sunday relative to an average day.
    weekday_weights: [f64; 7],
    /// Month and day of the month on which the shop is taken to be closed.
    yearly_closures: BTreeSet<(i8, i8)>,
    /// Weight of each day of the window: that of its weekday, zero when nothing was sold.
    weights: Vec<f64>,
}

impl ShopCalendar {
    /// Reads the calendar from the purchases of a window.
    pub(crate) fn of(history: &History) -> Self {
        let sales = sales_per_day(history);
        let weekday_weights = weekday_weights(history.start(), &sales);
        let mut calendar = Self {
            start: history.start(),
            last_day: history.last_day(),
            weekday_weights,
            yearly_closures: BTreeSet::new(),
            weights: Vec::with_capacity(sales.len()),
        };
        for (date, sold) in calendar.dates(0).zip(&sales) {
            let weight = weekday_weights[weekday(date)];
            calendar
                .weights
                .push(if *sold > 0.0 { weight } else { 0.0 });
        }
        let dates: Vec<Date> = calendar.dates(0).take(sales.len()).collect();
        for closed in runs_without_sales(&sales) {
            if closed.len() >= YEARLY_CLOSURE_DAYS {
                let days = dates[closed].iter().map(|date| (date.month(), date.day()));
                calendar.yearly_closures.extend(days);
            }
        }
        calendar
    }

    /// Weights and month positions (0 to 11) of the days of the window.
    pub(crate) fn window(&self) -> (&[f64], Vec<usize>) {
        (
            &self.weights,
            self.dates(0).take(self.weights.len()).map(month).collect(),
        )
    }

    /// Weight and month position of each of the `days` days after the window.
    pub(crate) fn ahead(&self, days: u32) -> Vec<(f64, usize)> {
        self.dates(self.last_day + 1)
            .take(days as usize)
            .map(|date| {
                let closed = self.yearly_closures.contains(&(date.month(), date.day()));
                let weight = if closed {
                    0.0
                } else {
                    self.weekday_weights[weekday(date)]
                };
                (weight, month(date))
            })
            .collect()
    }

    fn dates(&self, from_day: u32) -> impl Iterator<Item = Date> + use<> {
        let first = self
            .start
            .saturating_add(jiff::Span::new().days(i64::from(from_day)));
        first.series(jiff::Span::new().days(1))
    }
}

/// Purchases of each day of the window.
pub(crate) fn sales_per_day(history: &History) -> Vec<f64> {
    let mut sales = vec![0.0; history.last_day() as usize + 1];
    for &day in history.all_days() {
        sales[day as usize] += 1.0;
    }
    sales
}

fn weekday(date: Date) -> usize {
    usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())
}

fn month(date: Date) -> usize {
    usize::from(date.month().unsigned_abs()) - 1
}

/// Mean purchases per weekday over all its days, closed ones too, relative to the mean of the weekdays.
fn weekday_weights(start: Date, sales: &[f64]) -> [f64; 7] {
    let (mut sold, mut days) = ([0.0; 7], [0.0_f64; 7]);
    for (date, amount) in start.series(jiff::Span::new().days(1)).zip(sales) {
        sold[weekday(date)] += amount;
        days[weekday(date)] += 1.0;
    }
    let means: [f64; 7] = std::array::from_fn(|day| sold[day] / days[day].max(1.0));
    let mean = means.iter().sum::<f64>() / 7.0;
    means.map(|weekday| weekday / mean)
}

/// Ranges of days in a row without a sale.
fn runs_without_sales(sales: &[f64]) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    let mut since = None;
    for (day, &sold) in sales.iter().chain([&1.0]).enumerate() {
        match (sold > 0.0, since) {
            (false, None) => since = Some(day),
            (true, Some(first)) => {
                runs.push(first..day);
                since = None;
            }
            (false, Some(_)) | (true, None) => {}
        }
    }
    runs
}
