//! When nobody is to be told anything: hours and days by the clocks of the shop.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// How a window is written.
pub(super) const ALLOWED: &str =
    "a time of day, days, or both, such as \"22:00-07:00\", \"sat\", \"mon-fri 12:00-14:00\"";

/// Windows that follow on each other are one silence; one of more than this has no end.
const DAYS_MAX: i64 = 8;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Times at which no message is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Silence {
    windows: Vec<Window>,
}

/// A time of some days of each week.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Window {
    /// On which days it begins, from Monday.
    days: [bool; 7],
    from: Time,
    /// On the day after where it is not later than `from`.
    to: Time,
}

impl Silence {
    /// Reads windows; the place of the first one that is none.
    pub(super) fn read(windows: &[String]) -> Result<Self, usize> {
        let read = |(at, text): (usize, &String)| Window::read(text).ok_or(at);
        let windows = windows.iter().enumerate().map(read);
        Ok(Self {
            windows: windows.collect::<Result<_, _>>()?,
        })
    }

    /// Whether there is no time of the week at which a message could be sent.
    pub(super) fn is_for_ever(&self) -> bool {
        let monday = Date::constant(2026, 3, 2);
        let end = TimeZone::UTC
            .to_timestamp(monday.to_datetime(Time::midnight()))
            .map(|begin| self.until(begin, &TimeZone::UTC).map(|end| (begin, end)));
        end.is_ok_and(|span| {
            span.is_some_and(|(begin, end)| end.duration_since(begin).as_hours() >= 24 * DAYS_MAX)
        })
    }

    /// Until when it is silent at a moment; `None` where it is not.
    ///
    /// A window lasts from the moment at which the clocks of `zone` show its begin to that at which they show its end. Of
    /// a time that they show twice the first counts, and one that they skip is as long after midnight as if they did not.
    #[must_use]
    pub fn until(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut end = now;
        let ends = |at: Timestamp| {
            let today = at.to_zoned(zone.clone()).date();
            let days = [today.yesterday().ok(), Some(today)];
            let spans = self.windows.iter().flat_map(|window| {
                days.iter()
                    .flatten()
                    .filter_map(|day| window.on(*day, zone))
            });
            spans
                .filter(|(from, to)| *from <= at && at < *to)
                .map(|(_, to)| to)
                .max()
        };
        while let Some(later) = ends(end) {
            end = later;
            if end.duration_since(now).as_hours() >= 24 * DAYS_MAX {
                break;
            }
        }
        (end > now).then_some(end)
    }
}

impl Window {
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let (first, second) = (words.next()?, words.next());
        if words.next().is_some() {
            return None;
        }
        let (days, times) = match (days(first), second) {
            (Some(days), times) => (days, times),
            (None, None) => ([true; 7], Some(first)),
            (None, Some(_)) => return None,
        };
        let (from, to) = match times {
            None => (Time::midnight(), Time::midnight()),
            Some(times) => {
                let (from, to) = times.split_once('-')?;
                let (from, to) = (time(from)?, time(to)?);
                if from == to {
                    return None;
                }
                (from, to)
            }
        };
        Some(Self { days, from, to })
    }

    /// From when to when it lasts if it begins on a day.
    fn on(&self, day: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        if !self.days[usize::try_from(day.weekday().to_monday_zero_offset()).ok()?] {
            return None;
        }
        let last = if self.to > self.from {
            day
        } else {
            day.tomorrow().ok()?
        };
        let moment = |day: Date, time: Time| zone.to_timestamp(day.to_datetime(time)).ok();
        Some((moment(day, self.from)?, moment(last, self.to)?))
    }
}

/// One day, or the days from one to another.
fn days(text: &str) -> Option<[bool; 7]> {
    let number = |name: &str| DAYS.iter().position(|day| *day == name);
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(text)?, number(text)?),
    };
    let mut days = [false; 7];
    let mut day = first;
    loop {
        days[day] = true;
        if day == last {
            return Some(days);
        }
        day = (day + 1) % 7;
    }
}

/// A time of day as `07:00`.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<i8>().ok()).flatten()
    };
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silence(windows: &[&str]) -> Silence {
        let windows: Vec<String> = windows.iter().map(|w| (*w).to_owned()).collect();
        Silence::read(&windows).unwrap()
    }

    /// Until when it is silent in Paris, as its clocks show it.
    fn until(silence: &Silence, at: &str) -> Option<String> {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let end = silence.until(at.parse().unwrap(), &zone)?;
        Some(end.to_zoned(zone).strftime("%a %H:%M %:z").to_string())
    }

    #[test]
    fn a_night_lasts_over_midnight_and_into_what_follows_it() {
        let nights = silence(&["22:00-07:00"]);
        for (at, end) in [
            // Monday evening in winter: Paris is an hour ahead.
            ("2026-03-02T20:59:59Z", None),
            ("2026-03-02T21:00:00Z", Some("Tue 07:00 +01:00")),
            ("2026-03-03T02:00:00Z", Some("Tue 07:00 +01:00")),
            ("2026-03-03T05:59:59Z", Some("Tue 07:00 +01:00")),
            ("2026-03-03T06:00:00Z", None),
        ] {
            assert_eq!(until(&nights, at).as_deref(), end, "{at}");
        }
        let weekends = silence(&["22:00-07:00", "sat", "sun"]);
        for (at, end) in [
            ("2026-03-06T20:00:00Z", None),
            // Friday night, the weekend, and the night after it.
            ("2026-03-06T21:30:00Z", Some("Mon 07:00 +01:00")),
            ("2026-03-07T12:00:00Z", Some("Mon 07:00 +01:00")),
            ("2026-03-09T06:00:00Z", None),
        ] {
            assert_eq!(until(&weekends, at).as_deref(), end, "{at}");
        }
    }

    #[test]
    fn a_night_of_some_days_begins_on_them_only() {
        let fridays = silence(&["fri 22:00-07:00", "mon-tue 12:00-14:00"]);
        for (at, end) in [
            ("2026-03-07T05:00:00Z", Some("Sat 07:00 +01:00")),
            ("2026-03-07T22:00:00Z", None),
            ("2026-03-03T11:30:00Z", Some("Tue 14:00 +01:00")),
            ("2026-03-04T11:30:00Z", None),
        ] {
            assert_eq!(until(&fridays, at).as_deref(), end, "{at}");
        }
        assert_eq!(
            silence(&["fri-mon"]).windows[0].days,
            [true, false, false, false, true, true, true]
        );
    }

    #[test]
    fn when_clocks_are_changed_a_night_is_shorter_or_longer() {
        let nights = silence(&["22:00-07:00"]);
        // 29 March: of the hour after 02:00 nothing is shown. The night has eight hours.
        assert_eq!(until(&nights, "2026-03-28T20:59:59Z"), None);
        let end = until(&nights, "2026-03-28T21:00:00Z");
        assert_eq!(end.as_deref(), Some("Sun 07:00 +02:00"));
        assert_eq!(until(&nights, "2026-03-29T05:00:00Z"), None);
        // 25 October: the hour after 02:00 is shown twice. The night has ten hours.
        let end = until(&nights, "2026-10-24T20:00:00Z");
        assert_eq!(end.as_deref(), Some("Sun 07:00 +01:00"));
        assert!(until(&nights, "2026-10-25T05:59:59Z").is_some());
        assert_eq!(until(&nights, "2026-10-25T06:00:00Z"), None);
        // One that ends at a time shown twice ends when it is shown first, and does not begin again.
        let short = silence(&["22:00-02:30"]);
        let end = until(&short, "2026-10-25T00:29:00Z");
        assert_eq!(end.as_deref(), Some("Sun 02:30 +02:00"));
        for later in ["2026-10-25T00:30:00Z", "2026-10-25T01:15:00Z"] {
            assert_eq!(until(&short, later), None, "{later}");
        }
        // One that ends at a time that is skipped lasts as long as it would have.
        let end = until(&short, "2026-03-29T00:59:00Z");
        assert_eq!(end.as_deref(), Some("Sun 03:30 +02:00"));
    }

    #[test]
    fn what_is_no_window_is_refused_at_its_place() {
        for wrong in [
            "",
            "22-7",
            "22:00",
            "7:00-22:00",
            "24:00-07:00",
            "22:00-22:00",
            "saturday",
            "22:00-07:00 sat",
            "sat 22:00-07:00 x",
        ] {
            let windows = ["sun".to_owned(), wrong.to_owned()];
            assert_eq!(Silence::read(&windows), Err(1), "{wrong:?}");
        }
    }

    #[test]
    fn a_silence_without_end_is_seen() {
        assert!(silence(&["mon-sun"]).is_for_ever());
        assert!(silence(&["06:00-20:00", "20:00-06:00"]).is_for_ever());
        assert!(!silence(&["06:00-20:00", "20:01-06:00"]).is_for_ever());
        assert!(!silence(&["tue-sun", "mon 00:00-23:59"]).is_for_ever());
        assert!(!Silence::default().is_for_ever());
    }
}
