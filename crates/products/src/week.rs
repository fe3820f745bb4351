//! At which hours of a week a shop is usually busy.

use features::{History, SaleLine};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const HOURS: usize = 168;
const HOUR_SECONDS: i64 = 3_600;
const WEEK_SECONDS: i64 = 7 * 86_400;
/// 1970-01-01 was a Thursday: so many seconds of its week were over.
const EPOCH_SECONDS: i64 = 3 * 86_400;

/// Weeks before the as-of day that are looked at.
const WEEKS_MAX: i64 = 8;
const WEEKS_MIN: i64 = 4;

/// Orders below which hours are not told apart.
const ORDERS_MIN: usize = 500;

/// Orders' worth of what is usual for the weekday and for the hour of day in each hour of the week: it may have had few.
const PRIOR: f64 = 1.0;

/// Share of the orders in two hours of the day beyond which their times tell no more than their day. Why: the busiest two
/// hours of a shop have a quarter; moments without a time of day are midnights, in one hour of UTC or, where clocks were
/// changed, in two.
const DAYS_ONLY: f64 = 0.6;

/// Shares of a week's orders by its hours, by the clocks of UTC: where those of the shop are changed, what is usual moves
/// by an hour until the next training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Week {
    /// From Monday's first hour on; they add up to 1.
    shares: Vec<f64>,
}

/// Seconds since the last Monday's midnight, and how many weeks were over then.
fn in_week(seconds: i64) -> (i64, i64) {
    let since = seconds + EPOCH_SECONDS;
    (
        since.div_euclid(WEEK_SECONDS),
        since.rem_euclid(WEEK_SECONDS),
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an hour of a week, 0 to 167"
)]
fn hour_of(seconds: i64) -> usize {
    (in_week(seconds).1 / HOUR_SECONDS) as usize
}

impl Week {
    /// Of the orders of known customers in the last eight whole weeks, or in as many as are known, four at least; `None`
    /// where there are fewer, or fewer than 500 orders. Where orders tell no hours, each of a day's has as many.
    pub(crate) fn of(history: &History) -> Option<Self> {
        let ends = history.begins(history.as_of());
        let known_days = i64::from(history.as_of().epoch_day() - history.first_day()?);
        let weeks = (known_days / 7).min(WEEKS_MAX);
        if weeks < WEEKS_MIN {
            return None;
        }
        let starts = ends - weeks * WEEK_SECONDS;
        let mut counts = [0.0; HOURS];
        let mut orders = 0;
        let mut last: Option<u32> = None;
        let counted =
            |line: &&SaleLine| !line.is_return && (starts..ends).contains(&line.at_seconds);
        for line in history.lines().iter().filter(counted) {
            if last.replace(line.order) != Some(line.order) {
                counts[hour_of(line.at_seconds)] += 1.0;
                orders += 1;
            }
        }
        (orders >= ORDERS_MIN).then(|| Self::of_counts(&counts))
    }

    /// - `counts`: orders in each hour of a week.
    pub(crate) fn of_counts(counts: &[f64; HOURS]) -> Self {
        let mut of_hour = [0.0; 24];
        for (hour, count) in counts.iter().enumerate() {
            of_hour[hour % 24] += count;
        }
        let all: f64 = of_hour.iter().sum();
        let two = (0..24).map(|hour| of_hour[hour] + of_hour[(hour + 1) % 24]);
        let busiest = two.fold(0.0, f64::max);
        if all <= 0.0 {
            let even = 1.0 / HOURS as f64;
            return Self {
                shares: vec![even; HOURS],
            };
        }
        if busiest > DAYS_ONLY * all {
            return Self::of_days(counts, all);
        }
        let mut of_day = [0.0; 7];
        for (hour, count) in counts.iter().enumerate() {
            of_day[hour / 24] += count;
        }
        let share = |(hour, count): (usize, &f64)| {
            let usual = of_day[hour / 24] * of_hour[hour % 24] / (all * all);
            (count + PRIOR * HOURS as f64 * usual) / (all + PRIOR * HOURS as f64)
        };
        Self {
            shares: counts.iter().enumerate().map(share).collect(),
        }
    }

    /// Each order spread over the day that begins with its hour: that is the midnight of the shop.
    fn of_days(counts: &[f64; HOURS], all: f64) -> Self {
        let mut shares = vec![0.0; HOURS];
        for (hour, count) in counts.iter().enumerate() {
            for later in 0..24 {
                shares[(hour + later) % HOURS] += count / (24.0 * all);
            }
        }
        Self { shares }
    }

    /// Weeks' worth that is over at a moment, since the one that began in 1969.
    fn until(&self, moment: Timestamp) -> f64 {
        let (weeks, seconds) = in_week(moment.as_second());
        let hour = hour_of(moment.as_second());
        let part = (seconds % HOUR_SECONDS) as f64 / HOUR_SECONDS as f64;
        let before: f64 = self.shares.iter().take(hour).sum();
        let of_hour = self.shares.get(hour).copied().unwrap_or(0.0);
        weeks as f64 + before + part * of_hour
    }

    /// Share of what is usual in a span that is over at a moment, 0 to 1.
    #[must_use]
    pub fn share(&self, (starts, ends): (Timestamp, Timestamp), now: Timestamp) -> f64 {
        let starts = self.until(starts);
        let all = self.until(ends) - starts;
        if all <= 0.0 {
            return 1.0;
        }
        ((self.until(now) - starts) / all).clamp(0.0, 1.0)
    }

    /// The busiest hour, from Monday's first on, with its share of the week.
    pub(crate) fn busiest(&self) -> Option<(usize, f64)> {
        let each = self.shares.iter().copied().enumerate();
        each.reduce(|most, other| if other.1 > most.1 { other } else { most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Ten orders in each hour from eight to twenty, thirty on Saturdays.
    fn shop() -> [f64; HOURS] {
        std::array::from_fn(|hour| match (hour / 24, hour % 24) {
            (_, 0..8 | 20..24) => 0.0,
            (5, _) => 30.0,
            (_, _) => 10.0,
        })
    }

    #[test]
    fn a_plan_rests_at_night_and_hurries_on_saturdays() {
        let week = Week::of_counts(&shop());
        assert!((week.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        // From Monday to Monday.
        let span = (at("2026-11-23T00:00:00Z"), at("2026-11-30T00:00:00Z"));
        let share = |moment: &str| week.share(span, at(moment));
        assert_eq!(
            (share("2026-11-22T10:00:00Z"), share("2026-12-01T00:00:00Z")),
            (0.0, 1.0)
        );
        let night = [share("2026-11-24T20:00:00Z"), share("2026-11-25T07:59:00Z")];
        assert!((night[1] - night[0]).abs() < 1e-9, "{night:?}");
        // Six plain days and one of three: a ninth each, and a third.
        let saturday = share("2026-11-29T00:00:00Z") - share("2026-11-28T00:00:00Z");
        assert!((saturday - 1.0 / 3.0).abs() < 0.02, "{saturday}");
        assert!((share("2026-11-23T14:00:00Z") - 1.0 / 18.0).abs() < 0.01);
        // A month is its weeks and what is left of them.
        let month = (at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z"));
        let half = week.share(month, at("2026-11-15T00:00:00Z"));
        // Two whole weeks of four, and a Sunday and a Monday beside them.
        assert!((half - 2.0 / (4.0 + 2.0 / 9.0)).abs() < 0.02, "{half}");
    }

    #[test]
    fn orders_that_tell_their_day_alone_are_spread_over_it() {
        // Midnights of a shop an hour ahead of UTC: Saturday begins on Friday at 23 hours.
        let counts = std::array::from_fn(|hour| match (hour / 24, hour % 24) {
            (4, 23) => 300.0,
            (_, 23) => 100.0,
            (_, _) => 0.0,
        });
        let week = Week::of_counts(&counts);
        let span = (at("2026-11-23T00:00:00Z"), at("2026-11-30T00:00:00Z"));
        let saturday = [at("2026-11-27T23:00:00Z"), at("2026-11-28T11:00:00Z")];
        let share = week.share(span, saturday[1]) - week.share(span, saturday[0]);
        assert!((share - 1.0 / 6.0).abs() < 1e-9, "{share}");
    }
}
