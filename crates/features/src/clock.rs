//! The shop's clocks: when a day begins, and on which day something happened.

use jiff::tz::TimeZone;
use schema::AsOf;
use schema::time::DAY_SECONDS;

/// By whose days sales are counted, so that they meet what is told of a day: calendar, promotions, stock levels.
///
/// A day is as long as the clocks make it: 23 or 25 hours where they are changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock(TimeZone);

impl Default for Clock {
    /// It shows UTC.
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Clock {
    /// Clocks that show the time of a place.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self(zone)
    }

    /// The first second of a day, since 1970-01-01 UTC.
    #[must_use]
    pub fn begins(&self, day: AsOf) -> i64 {
        let midnight = day.0.to_zoned(self.0.clone());
        midnight.map_or_else(
            // Beyond the calendar there is nothing to be on the wrong side of.
            |_| i64::from(day.epoch_day()) * DAY_SECONDS,
            |midnight| midnight.timestamp().as_second(),
        )
    }

    /// The same as a literal of SQL.
    #[must_use]
    pub fn sql_begins(&self, day: AsOf) -> String {
        let begins = jiff::Timestamp::from_second(self.begins(day)).unwrap_or_default();
        format!("TIMESTAMP '{begins}'")
    }

    /// The day of a column of moments, as SQL.
    #[must_use]
    pub fn sql_day(&self, moment: &str) -> String {
        match self.0.iana_name() {
            None | Some("UTC") => format!("CAST({moment} AS DATE)"),
            // `AT TIME ZONE` counts nanoseconds, which end with the year 2262 and begin with 1677.
            Some(zone) => format!(
                "CAST(arrow_cast({moment}, 'Timestamp(Microsecond, Some(\"{zone}\"))') AS DATE)"
            ),
        }
    }
}

/// Until when things are known: before a day begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Until {
    /// The first day that is not known.
    pub as_of: AsOf,
    /// By which it begins.
    pub clock: Clock,
}

impl Until {
    /// The moment up to which things are known, as a literal of SQL.
    pub(crate) fn sql(&self) -> String {
        self.clock.sql_begins(self.as_of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn clock(zone: &str) -> Clock {
        Clock::new(TimeZone::get(zone).unwrap())
    }

    #[test]
    fn a_day_begins_by_the_clocks_and_is_as_long_as_they_make_it() {
        let hours = |zone: &str, day| {
            let [first, next] = [0, -1].map(|ago| clock(zone).begins(AsOf(day).minus_days(ago)));
            (next - first) / 3_600
        };
        assert_eq!(hours("Europe/Paris", date(2026, 3, 29)), 23);
        assert_eq!(hours("Europe/Paris", date(2026, 10, 25)), 25);
        assert_eq!(hours("Asia/Tokyo", date(2026, 3, 29)), 24);
        let begins = |zone| clock(zone).sql_begins(AsOf(date(2026, 7, 1)));
        assert_eq!(begins("UTC"), "TIMESTAMP '2026-07-01T00:00:00Z'");
        assert_eq!(begins("Europe/Paris"), "TIMESTAMP '2026-06-30T22:00:00Z'");
        assert_eq!(
            begins("America/New_York"),
            "TIMESTAMP '2026-07-01T04:00:00Z'"
        );
        // Where clocks leave midnight out the day begins when they go on.
        let day = AsOf(date(2026, 4, 24));
        assert_eq!(
            clock("Africa/Cairo").sql_begins(day),
            "TIMESTAMP '2026-04-23T22:00:00Z'"
        );
        assert_eq!(Clock::default(), clock("UTC"));
    }
}
