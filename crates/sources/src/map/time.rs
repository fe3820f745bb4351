//! Dates and moments written as text or counted.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

/// How dates and moments are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    /// ISO 8601.
    Iso,
    /// In the notation of `strftime`.
    Pattern(String),
    /// Seconds since 1970-01-01 UTC.
    EpochSeconds,
    /// Milliseconds since 1970-01-01 UTC.
    EpochMilliseconds,
}

impl TimeFormat {
    /// Reads the format; `Err` says what is wrong with it.
    pub(crate) fn new(text: Option<&str>) -> Result<Self, String> {
        match text {
            None => Ok(Self::Iso),
            Some("epoch-seconds") => Ok(Self::EpochSeconds),
            Some("epoch-milliseconds") => Ok(Self::EpochMilliseconds),
            Some(pattern) => {
                let example = jiff::civil::date(2000, 1, 2)
                    .at(3, 4, 5, 0)
                    .to_zoned(TimeZone::UTC);
                let wrong = |found: String| format!("{pattern:?} ({found})");
                let example = example.map_err(|e| wrong(e.to_string()))?;
                let written = BrokenDownTime::from(&example)
                    .to_string(pattern)
                    .map_err(|e| wrong(e.to_string()))?;
                // Some directives can only be written, and some formats have no day in them.
                let read =
                    BrokenDownTime::parse(pattern, &written).map_err(|e| wrong(e.to_string()))?;
                if read.to_date().is_err() && read.timestamp().is_none() {
                    return Err(wrong("no day can be read with it".to_owned()));
                }
                Ok(Self::Pattern(pattern.to_owned()))
            }
        }
    }

    /// In words, for reports.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Iso => "in ISO 8601 (2024-05-31 14:30:00)".to_owned(),
            Self::Pattern(pattern) => format!("in the format {pattern:?}"),
            Self::EpochSeconds => "in seconds since 1970".to_owned(),
            Self::EpochMilliseconds => "in milliseconds since 1970".to_owned(),
        }
    }

    fn counted(&self, text: &str) -> Option<Timestamp> {
        match self {
            Self::EpochSeconds => Timestamp::from_second(text.parse().ok()?).ok(),
            Self::EpochMilliseconds => Timestamp::from_millisecond(text.parse().ok()?).ok(),
            Self::Iso | Self::Pattern(_) => None,
        }
    }

    /// Microseconds of a count; `None` where the format is none or the count is beyond the calendar.
    pub(super) fn of_count(&self, count: i64) -> Option<i64> {
        match self {
            Self::EpochSeconds => Timestamp::from_second(count)
                .ok()
                .map(Timestamp::as_microsecond),
            Self::EpochMilliseconds => Timestamp::from_millisecond(count)
                .ok()
                .map(Timestamp::as_microsecond),
            Self::Iso | Self::Pattern(_) => None,
        }
    }

    /// Whether columns of whole numbers are moments.
    pub(super) fn is_count(&self) -> bool {
        matches!(self, Self::EpochSeconds | Self::EpochMilliseconds)
    }

    /// A moment in microseconds since 1970-01-01 UTC. Without an offset it is local time in `zone`.
    pub(super) fn moment(&self, text: &str, zone: &TimeZone) -> Option<i64> {
        let text = text.trim();
        let moment = match self {
            Self::EpochSeconds | Self::EpochMilliseconds => {
                return self.counted(text).map(Timestamp::as_microsecond);
            }
            Self::Iso => match text.parse::<Timestamp>() {
                Ok(moment) => return Some(moment.as_microsecond()),
                Err(_) => text.parse::<DateTime>().ok()?,
            },
            Self::Pattern(pattern) => {
                let parts = BrokenDownTime::parse(pattern, text).ok()?;
                if parts.offset().is_some() || parts.timestamp().is_some() {
                    return parts.to_timestamp().ok().map(Timestamp::as_microsecond);
                }
                match parts.to_datetime() {
                    Ok(moment) => moment,
                    Err(_) => parts
                        .to_date()
                        .ok()?
                        .to_datetime(jiff::civil::Time::midnight()),
                }
            }
        };
        local(moment, zone)
    }

    /// A day, as days since 1970-01-01.
    pub(super) fn day(&self, text: &str, zone: &TimeZone) -> Option<i32> {
        let text = text.trim();
        let date = match self {
            Self::EpochSeconds | Self::EpochMilliseconds => {
                zone.to_datetime(self.counted(text)?).date()
            }
            Self::Iso => match text.parse::<Date>() {
                Ok(date) => date,
                Err(_) => text
                    .parse::<Timestamp>()
                    .map(|t| zone.to_datetime(t).date())
                    .ok()?,
            },
            Self::Pattern(pattern) => BrokenDownTime::parse(pattern, text).ok()?.to_date().ok()?,
        };
        Some(schema::time::epoch_day(date))
    }
}

/// Microseconds since 1970-01-01 UTC of a local time. A time that the clock skipped is taken as if it had not, one that
/// it showed twice is the first.
pub(super) fn local(moment: DateTime, zone: &TimeZone) -> Option<i64> {
    zone.to_timestamp(moment)
        .ok()
        .map(Timestamp::as_microsecond)
}

/// The local time that microseconds without a time zone mean, in microseconds since 1970-01-01 UTC.
pub(super) fn local_micros(micros: i64, zone: &TimeZone) -> Option<i64> {
    local(
        TimeZone::UTC.to_datetime(Timestamp::from_microsecond(micros).ok()?),
        zone,
    )
}

/// Microseconds since 1970-01-01 UTC; `None` beyond the calendar.
pub(super) fn instant(micros: i64) -> Option<i64> {
    Timestamp::from_microsecond(micros).ok().map(|_| micros)
}

/// Days since 1970-01-01; `None` beyond the calendar.
pub(super) fn day(days: i32) -> Option<i32> {
    (schema::time::epoch_day(schema::time::date_of(days)) == days).then_some(days)
}

/// Day of a moment in a time zone, as days since 1970-01-01.
pub(super) fn day_of(micros: i64, zone: &TimeZone) -> Option<i32> {
    let date = zone
        .to_datetime(Timestamp::from_microsecond(micros).ok()?)
        .date();
    Some(schema::time::epoch_day(date))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(format: Option<&str>, zone: &str, text: &str) -> Option<String> {
        let micros = TimeFormat::new(format)
            .unwrap()
            .moment(text, &TimeZone::get(zone).unwrap())?;
        Some(Timestamp::from_microsecond(micros).unwrap().to_string())
    }

    #[test]
    fn a_moment_without_offset_is_local_and_one_with_offset_is_not() {
        let paris = "Europe/Paris";
        assert_eq!(
            moment(None, paris, "2024-07-01 12:00:00").as_deref(),
            Some("2024-07-01T10:00:00Z")
        );
        assert_eq!(
            moment(None, paris, "2024-01-01T12:00").as_deref(),
            Some("2024-01-01T11:00:00Z")
        );
        assert_eq!(
            moment(None, paris, "2024-07-01T12:00:00Z").as_deref(),
            Some("2024-07-01T12:00:00Z")
        );
        assert_eq!(
            moment(None, paris, "2024-07-01").as_deref(),
            Some("2024-06-30T22:00:00Z")
        );
        let english = Some("%d/%m/%Y %H:%M");
        assert_eq!(
            moment(english, "UTC", "31/12/2011 8:26").as_deref(),
            Some("2011-12-31T08:26:00Z")
        );
        assert_eq!(moment(english, "UTC", "12/31/2011 8:26"), None);
        assert_eq!(
            moment(Some("%Y%m%d"), "UTC", "19970101").as_deref(),
            Some("1997-01-01T00:00:00Z")
        );
        assert_eq!(
            moment(Some("epoch-milliseconds"), "UTC", "1000").as_deref(),
            Some("1970-01-01T00:00:01Z")
        );
    }

    #[test]
    fn a_format_that_no_date_can_have_is_refused() {
        for wrong in ["%Q!", "yyyy-mm-dd", "%H:%M", "%d/%m", "%E"] {
            assert!(TimeFormat::new(Some(wrong)).is_err(), "{wrong}");
        }
        for right in [
            "%d/%m/%y",
            "%s",
            "%Y-%j",
            "%d %b %Y %I:%M %p",
            "%m/%d/%Y %T%.f %z",
        ] {
            assert!(TimeFormat::new(Some(right)).is_ok(), "{right}");
        }
    }

    #[test]
    fn days_are_read_in_their_zone() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        assert_eq!(TimeFormat::Iso.day("1970-01-02", &tokyo), Some(1));
        assert_eq!(TimeFormat::Iso.day("1970-01-01T20:00:00Z", &tokyo), Some(1));
        assert_eq!(TimeFormat::Iso.day("1970-13-01", &tokyo), None);
    }
}
