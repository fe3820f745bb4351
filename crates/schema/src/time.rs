//! Days: a model is always asked as of a day, and knows nothing of that day or later.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The first day that is not known yet: everything strictly before its midnight (UTC) is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AsOf(pub Date);

/// Seconds of a day in UTC.
pub const DAY_SECONDS: i64 = 86_400;

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

impl AsOf {
    /// Days from 1970-01-01 to this day.
    #[must_use]
    pub fn epoch_day(self) -> i32 {
        epoch_day(self.0)
    }

    /// The day `days` earlier.
    #[must_use]
    pub fn minus_days(self, days: i32) -> Self {
        Self(date_of(self.epoch_day() - days))
    }
}

impl std::fmt::Display for AsOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Days from 1970-01-01 to `date`.
#[must_use]
pub fn epoch_day(date: Date) -> i32 {
    (date - EPOCH).get_days()
}

/// The date `days` after 1970-01-01, held within the years that a calendar date can express.
#[must_use]
pub fn date_of(days: i32) -> Date {
    EPOCH.saturating_add(jiff::Span::new().days(days.clamp(-4_000_000, 2_900_000)))
}

/// The day of a moment, both counted from 1970-01-01 UTC.
#[must_use]
pub fn day_of(at_seconds: i64) -> i32 {
    i32::try_from(at_seconds.div_euclid(DAY_SECONDS)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_the_same_thing() {
        for day in [-1, 0, 59, 15_309, 40_000] {
            assert_eq!(epoch_day(date_of(day)), day);
        }
        assert_eq!(
            AsOf(jiff::civil::date(2011, 12, 10))
                .minus_days(9)
                .to_string(),
            "2011-12-01"
        );
        assert_eq!([-1, 0, 86_399, 86_400].map(day_of), [-1, 0, 0, 1]);
    }
}
