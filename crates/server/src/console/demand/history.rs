//! What a series sold, period by period, and when nothing could be sold.

use super::openings::Openings;
use super::series::Series;
use crate::console::messages::Say;
use features::demand::{OutOfStock, SoldDay};
use jiff::ToSpan;
use jiff::civil::Date;
use schema::time::{date_of, epoch_day};
use serde_json::Value;

/// Length of the periods of a data product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Day,
    Week,
    Month,
}

impl Step {
    /// As the version tells it on its page.
    pub(super) fn of(page: &Value) -> Option<Self> {
        match page.get("step")?.as_str()? {
            "day" => Some(Self::Day),
            "week" => Some(Self::Week),
            "month" => Some(Self::Month),
            _ => None,
        }
    }

    /// First day of the period some periods before the one that begins on a day.
    fn before(self, first: Date, periods: usize) -> Date {
        let n = i64::try_from(periods).unwrap_or(i64::MAX / 8);
        first.saturating_sub(match self {
            Self::Day => n.days(),
            Self::Week => n.weeks(),
            Self::Month => n.months(),
        })
    }

    /// First day after the period that begins on a day.
    pub(super) fn after(self, first: Date) -> Date {
        first.saturating_add(match self {
            Self::Day => 1.day(),
            Self::Week => 1.week(),
            Self::Month => 1.month(),
        })
    }

    /// Periods that a page shows of the past before so many ahead: a few rounds of weekdays, a year of weeks, and never so
    /// many that the fan after them is a sliver.
    pub(super) fn shown(self, ahead: usize) -> usize {
        let (least, most) = match self {
            Self::Day => (28, 84),
            Self::Week => (52, 104),
            Self::Month => (24, 60),
        };
        (3 * ahead).clamp(least, most)
    }

    /// Periods of a course small enough to stand in a row: days vary too much with their weekday.
    pub(super) fn course(self, end: Date) -> Vec<i32> {
        match self {
            Self::Day => Self::Week.bounds(end, 12),
            Self::Week => self.bounds(end, 26),
            Self::Month => self.bounds(end, 24),
        }
    }

    /// So many periods, in words.
    pub(super) fn periods(self) -> Say {
        match self {
            Self::Day => Say::SoManyDays,
            Self::Week => Say::SoManyWeeks,
            Self::Month => Say::SoManyMonths,
        }
    }

    /// A period by its first day.
    pub(super) fn label(self, first: Date) -> String {
        match self {
            Self::Month => first.strftime("%Y-%m").to_string(),
            Self::Day | Self::Week => first.to_string(),
        }
    }

    /// First days of periods up to the one that begins on a day, and that day, in days since 1970-01-01.
    pub(super) fn bounds(self, end: Date, periods: usize) -> Vec<i32> {
        let starts = (0..=periods).rev().map(|n| self.before(end, n));
        starts.map(epoch_day).collect()
    }
}

/// What a series counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Units,
    /// In cents.
    Money,
}

impl Measure {
    /// By the unit of the answers.
    pub(super) fn of(unit: &str) -> Self {
        if unit.starts_with("cents") {
            Self::Money
        } else {
            Self::Units
        }
    }

    /// What was sold on a day; what came back is not taken off.
    pub(super) fn sold(self, day: &SoldDay) -> f64 {
        match self {
            Self::Units => day.units as f64,
            Self::Money => day.spend_cents as f64,
        }
    }
}

/// What is known of a period that is over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Past {
    /// So much was sold.
    Sold(f64),
    /// Nothing could be sold on any of its days.
    Closed,
    /// It was out of stock on most of its days: what was sold is not what was wanted.
    OutOfStock(f64),
    /// Nothing had been sold before its end.
    NotYet,
}

impl Past {
    /// What was wanted, where that is known.
    pub(super) fn demand(self) -> Option<f64> {
        match self {
            Self::Sold(value) => Some(value),
            Self::Closed | Self::OutOfStock(_) | Self::NotYet => None,
        }
    }
}

/// One period that is over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Period {
    pub(super) first: Date,
    pub(super) days: i32,
    pub(super) past: Past,
    /// Days of it without stock.
    pub(super) days_out: i32,
}

/// What a series sold from a day to before another.
pub(super) fn sold_between(series: &Series<'_>, measure: Measure, from: i32, until: i32) -> f64 {
    let of = |days: &[SoldDay]| {
        let from = days.partition_point(|d| d.day < from);
        let until = days.partition_point(|d| d.day < until);
        let days = days.get(from..until).unwrap_or_default();
        days.iter().map(|d| measure.sold(d)).sum::<f64>()
    };
    series.sold.iter().map(|sold| of(&sold.days)).sum()
}

/// Days of a span without stock, of the spells of one product at one site.
fn days_out(spells: &[&OutOfStock], from: i32, until: i32) -> i32 {
    let within = |spell: &&OutOfStock| {
        // A level that is the last one told of says nothing of the days after it.
        let end = spell.until.unwrap_or(spell.from + 1);
        (end.min(until) - spell.from.max(from)).max(0)
    };
    spells.iter().map(within).sum()
}

/// What a series sold in the periods between these first days.
///
/// - `spells`: when it was out of stock at its site.
pub(super) fn periods(
    series: &Series<'_>,
    measure: Measure,
    openings: &Openings,
    spells: &[&OutOfStock],
    bounds: &[i32],
) -> Vec<Period> {
    let first_sale = series
        .sold
        .iter()
        .filter_map(|s| s.days.first())
        .map(|d| d.day)
        .min();
    let told = |bounds: &[i32]| {
        let (from, until) = (*bounds.first()?, *bounds.last()?);
        let value = sold_between(series, measure, from, until);
        let days_out = days_out(spells, from, until);
        let past = if first_sale.is_none_or(|first| first >= until) {
            Past::NotYet
        } else if 2 * days_out > until - from {
            Past::OutOfStock(value)
        } else if value == 0.0 && !(from..until).any(|day| openings.is_open(series.site, day)) {
            Past::Closed
        } else {
            Past::Sold(value)
        };
        Some(Period {
            first: date_of(from),
            days: until - from,
            past,
            days_out,
        })
    };
    bounds.windows(2).filter_map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use features::demand::{CalendarDay, Demand, Sold};
    use jiff::civil::date;
    use std::collections::BTreeSet;

    fn sold(product: &str, days: &[(i32, i64)]) -> Sold {
        let day = |(day, units): &(i32, i64)| SoldDay {
            day: *day,
            units: *units,
            ..SoldDay::default()
        };
        Sold {
            product: product.to_owned(),
            site: Some("s".to_owned()),
            days: days.iter().map(day).collect(),
        }
    }

    #[test]
    fn periods_end_where_the_forecast_begins() {
        let ends = |step: Step, day: Date| -> Vec<String> {
            let bounds = step.bounds(day, 2);
            bounds.iter().map(|day| date_of(*day).to_string()).collect()
        };
        assert_eq!(
            ends(Step::Day, date(2024, 3, 1)),
            ["2024-02-28", "2024-02-29", "2024-03-01"]
        );
        assert_eq!(
            ends(Step::Week, date(2024, 3, 4)),
            ["2024-02-19", "2024-02-26", "2024-03-04"]
        );
        assert_eq!(
            ends(Step::Month, date(2024, 3, 1)),
            ["2024-01-01", "2024-02-01", "2024-03-01"]
        );
    }

    #[test]
    fn what_could_not_be_sold_is_told_from_what_nobody_wanted() {
        let demand = Demand {
            sold: vec![sold("a", &[(12, 3), (13, 4), (16, 1)])],
            calendar: vec![CalendarDay {
                day: 15,
                site: None,
                open: false,
                holiday: None,
                school_holiday: None,
            }],
            ..Demand::default()
        };
        let spells = [OutOfStock {
            product: "a".to_owned(),
            site: "s".to_owned(),
            from: 17,
            until: Some(19),
        }];
        let spells: Vec<&OutOfStock> = spells.iter().collect();
        let series = Series {
            product: "a",
            site: Some("s"),
            sold: &demand.sold,
        };
        let sites = BTreeSet::from([Some("s")]);
        let openings = Openings::of(&demand, &sites, 10, 20);
        let bounds: Vec<i32> = (10..=20).collect();
        let found = periods(&series, Measure::Units, &openings, &spells, &bounds);
        let past: Vec<Past> = found.iter().map(|p| p.past).collect();
        use Past::{Closed, NotYet, OutOfStock as Out, Sold as Known};
        let expected = [
            NotYet,
            NotYet,
            Known(3.0),
            Known(4.0),
            Known(0.0),
            Closed,
            Known(1.0),
            Out(0.0),
            Out(0.0),
            Known(0.0),
        ];
        assert_eq!(past, expected);
        // A week in which most days had stock is known, and says how many had none.
        let week = periods(&series, Measure::Units, &openings, &spells, &[12, 19]);
        assert_eq!(
            (week[0].past, week[0].days_out, week[0].days),
            (Known(8.0), 2, 7)
        );
    }
}
