//! What makes a day unlike another: weekday, holidays, occasions to give.

use jiff::civil::{Date, date};

use super::Boutique;

/// A day with what everybody knows of it.
#[derive(Debug, Clone)]
pub(super) struct Day {
    pub(super) date: Date,
    /// 0 is Monday.
    pub(super) weekday: usize,
    pub(super) holiday: Option<Holiday>,
    pub(super) school_holiday: bool,
    pub(super) occasion: Occasion,
}

/// A public holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holiday {
    pub(super) name: &'static str,
    /// Whether nothing opens on it.
    pub(super) all_closed: bool,
}

/// What people buy presents for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Occasion {
    None,
    /// December until Christmas Eve, 0 to 1: how close it is.
    Christmas(f64),
    /// The days after Christmas until the end of the year.
    AfterChristmas,
    Valentine,
    MothersDay,
    Easter,
}

/// The days of the history and of what can be played after it.
pub(super) fn days(chain: &Boutique) -> Vec<Day> {
    (0..chain.all_days())
        .map(|number| {
            let date = chain.date_of(number as i64);
            Day {
                date,
                weekday: date.weekday().to_monday_zero_offset() as usize,
                holiday: holiday(date),
                school_holiday: school_holiday(date),
                occasion: occasion(date),
            }
        })
        .collect()
}

fn days_after(from: Date, to: Date) -> i32 {
    // Both dates are of the same year, so that the days of the year tell.
    i32::from(to.day_of_year()) - i32::from(from.day_of_year())
}

/// The public holidays of France.
fn holiday(day: Date) -> Option<Holiday> {
    let named = |name, all_closed| Some(Holiday { name, all_closed });
    match (day.month(), day.day()) {
        (1, 1) => return named("New Year", true),
        (5, 1) => return named("Labour Day", true),
        (5, 8) => return named("Victory Day", false),
        (7, 14) => return named("National Day", false),
        (8, 15) => return named("Assumption", false),
        (11, 1) => return named("All Saints", false),
        (11, 11) => return named("Armistice", false),
        (12, 25) => return named("Christmas", true),
        _ => {}
    }
    match days_after(easter(day.year()), day) {
        1 => named("Easter Monday", false),
        39 => named("Ascension", false),
        50 => named("Whit Monday", false),
        _ => None,
    }
}

/// Easter Sunday of the Gregorian calendar.
///
/// # Source
/// Meeus (1991), Astronomical Algorithms, chapter 8.
fn easter(year: i16) -> Date {
    let year = i32::from(year);
    let golden = year % 19;
    let (century, within) = (year / 100, year % 100);
    let leap_centuries = century / 4;
    let moon = (century + 8) / 25;
    let correction = (century - moon + 1) / 3;
    let epact = (19 * golden + century - leap_centuries - correction + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (within / 4) - epact - within % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let sum = epact + weekday - 7 * late + 114;
    date(year as i16, (sum / 31) as i8, (sum % 31 + 1) as i8)
}

/// About when schools of France are closed.
fn school_holiday(day: Date) -> bool {
    let within = |from: (i8, i8), to: (i8, i8)| {
        let at = (day.month(), day.day());
        from <= at && at <= to
    };
    within((1, 1), (1, 4))
        || within((2, 10), (2, 25))
        || within((4, 12), (4, 27))
        || within((7, 6), (8, 31))
        || within((10, 19), (11, 3))
        || within((12, 20), (12, 31))
}

fn occasion(day: Date) -> Occasion {
    let last_of_may = date(day.year(), 5, 31);
    let mothers_day = 31 - last_of_may.weekday().to_sunday_zero_offset();
    let (month, of_month) = (day.month(), day.day());
    let to_easter = -days_after(easter(day.year()), day);
    if month == 12 && of_month <= 24 {
        Occasion::Christmas((f64::from(of_month) / 24.0).powi(2))
    } else if month == 12 && of_month > 25 {
        Occasion::AfterChristmas
    } else if month == 2 && (12..=14).contains(&of_month) {
        Occasion::Valentine
    } else if month == 5 && (mothers_day - 2..=mothers_day).contains(&of_month) {
        Occasion::MothersDay
    } else if (0..7).contains(&to_easter) {
        Occasion::Easter
    } else {
        Occasion::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_and_what_moves_with_it_fall_where_almanacs_say() {
        for (year, month, day) in [
            (2000, 4, 23),
            (2008, 3, 23),
            (2011, 4, 24),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
        ] {
            assert_eq!(easter(year), date(year, month, day));
        }
        assert_eq!(holiday(date(2024, 5, 9)).unwrap().name, "Ascension");
        assert_eq!(holiday(date(2025, 6, 9)).unwrap().name, "Whit Monday");
        assert_eq!(holiday(date(2025, 6, 10)), None);
        assert_eq!(occasion(date(2024, 5, 26)), Occasion::MothersDay);
        assert_eq!(occasion(date(2025, 5, 25)), Occasion::MothersDay);
        assert_eq!(occasion(date(2026, 5, 31)), Occasion::MothersDay);
        assert_eq!(occasion(date(2026, 5, 28)), Occasion::None);
    }
}
