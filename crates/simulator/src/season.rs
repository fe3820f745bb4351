//! Seasons as operational time: the purchase process runs on a clock that goes faster on busy days.

use jiff::civil::{Date, DateTime};

use crate::shop::Shop;

/// Demand of a weekday relative to the others, Monday first.
pub(crate) const WEEKDAY: [f64; 7] = [0.90, 0.85, 0.90, 0.95, 1.10, 1.25, 1.05];
/// Demand of a month relative to the others, January first: a peak before Christmas, a dip in August.
pub(crate) const MONTH: [f64; 12] = [
    0.90, 0.85, 0.92, 0.95, 1.00, 1.00, 0.95, 0.80, 1.00, 1.05, 1.30, 1.50,
];
/// Demand of an hour of the day relative to the others, from [`FIRST_HOUR`] on. Nothing happens at
/// night, so no local time falls in the hour that clock changes skip or repeat.
pub(crate) const HOUR: [f64; 16] = [
    0.3, 0.6, 0.9, 1.1, 1.2, 1.4, 1.3, 1.0, 0.9, 0.9, 1.0, 1.2, 1.4, 1.5, 1.2, 0.7,
];
pub(crate) const FIRST_HOUR: u32 = 7;
pub(crate) const DAY_SECONDS: u64 = 86_400;

/// The clock of the shop.
///
/// An operational day is a day of mean demand: over the span there are as many operational days as
/// calendar days. A moment is a local second since the midnight that starts the shop.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    dates: Vec<Date>,
    /// Operational days before each day, one more than there are days.
    before: Vec<f64>,
    hours_before: [f64; HOUR.len() + 1],
}

impl Calendar {
    pub(crate) fn new(shop: &Shop) -> Self {
        let dates: Vec<Date> = (0..shop.days).map(|day| shop.date_of(day)).collect();
        let raw: Vec<f64> = dates.iter().map(|date| raw_factor(*date)).collect();
        let scale = raw.len() as f64 / raw.iter().sum::<f64>();
        let mut before = Vec::with_capacity(raw.len() + 1);
        let mut sum = 0.0;
        before.push(0.0);
        for factor in raw {
            sum += factor * scale;
            before.push(sum);
        }
        let mut hours_before = [0.0; HOUR.len() + 1];
        for (hour, weight) in HOUR.iter().enumerate() {
            hours_before[hour + 1] = hours_before[hour] + weight;
        }
        Self {
            dates,
            before,
            hours_before,
        }
    }

    pub(crate) fn days(&self) -> u32 {
        self.dates.len() as u32
    }

    pub(crate) fn date(&self, day: u32) -> Date {
        self.dates[day as usize]
    }

    /// Operational days of the whole span.
    pub(crate) fn span(&self) -> f64 {
        self.before[self.dates.len()]
    }

    /// Demand of `day` over the mean day.
    pub(crate) fn factor(&self, day: u32) -> f64 {
        self.before[day as usize + 1] - self.before[day as usize]
    }

    /// The local second at operational time `at` (days, within the span).
    pub(crate) fn second_at(&self, at: f64) -> u64 {
        let day = self
            .before
            .partition_point(|start| *start <= at)
            .saturating_sub(1);
        let day = day.min(self.dates.len() - 1);
        let share = ((at - self.before[day]) / self.factor(day as u32)).clamp(0.0, 1.0);
        let weight = share * self.hours_before[HOUR.len()];
        let hour = self
            .hours_before
            .partition_point(|start| *start <= weight)
            .saturating_sub(1);
        let hour = hour.min(HOUR.len() - 1);
        let within = (weight - self.hours_before[hour]) / HOUR[hour] * 3600.0;
        let second = (within as u64).min(3599) + (u64::from(FIRST_HOUR) + hour as u64) * 3600;
        day as u64 * DAY_SECONDS + second
    }

    /// The local date and time of a second of the span.
    pub(crate) fn moment(&self, second: u64) -> DateTime {
        let date = self.date((second / DAY_SECONDS) as u32);
        let rest = second % DAY_SECONDS;
        date.at(
            (rest / 3600) as i8,
            (rest / 60 % 60) as i8,
            (rest % 60) as i8,
            0,
        )
    }
}

fn raw_factor(date: Date) -> f64 {
    let weekday = date.weekday().to_monday_zero_offset() as usize;
    WEEKDAY[weekday] * MONTH[date.month() as usize - 1]
}

/// Hours of Paris ahead of UTC on `date` in daytime: 2 from the last Sunday of March until the eve
/// of the last Sunday of October, else 1 (Directive 2000/84/EC).
pub(crate) fn paris_offset_hours(date: Date) -> u8 {
    let last_sunday = |month: i8| {
        let end = jiff::civil::date(date.year(), month, 31);
        end.saturating_sub(jiff::Span::new().days(i64::from(end.weekday().to_sunday_zero_offset())))
    };
    if date >= last_sunday(3) && date < last_sunday(10) {
        2
    } else {
        1
    }
}
