//! Where a period lies in the year.

use jiff::civil::Date;

use super::panel::{Panel, Step};

/// Days around Easter within which the year before is also looked at by the distance to it: it moves by up to five weeks.
const NEAR_EASTER: i64 = 28;

/// A period in the calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dated {
    pub(super) weekday: f32,
    pub(super) day: f32,
    pub(super) month: f32,
    /// 0 to 1.
    pub(super) of_year: f32,
    pub(super) left_in_month: f32,
    /// Days from Easter to the first of the period, and periods back to the one as far from the Easter one and two years
    /// before; of days and weeks near it only.
    pub(super) easter: Option<(i64, [usize; 2])>,
}

impl Dated {
    pub(super) fn new(panel: &Panel, period: usize) -> Self {
        let date = panel.date(period);
        Self {
            weekday: f32::from(date.weekday().to_monday_zero_offset()),
            day: f32::from(date.day()),
            month: f32::from(date.month()),
            of_year: f32::from(date.day_of_year()) / f32::from(date.days_in_year()),
            left_in_month: f32::from(date.days_in_month() - date.day()),
            easter: near_easter(date, panel.step()),
        }
    }
}

fn near_easter(date: Date, step: Step) -> Option<(i64, [usize; 2])> {
    let length = match step {
        Step::Day => 1,
        Step::Week => 7,
        Step::Month => return None,
    };
    let easter = easter(date.year())?;
    let days = |from: Date, to: Date| i64::from((to - from).get_days());
    let off = days(easter, date);
    let back = |years: i16| {
        let before = self::easter(date.year().checked_sub(years)?)?;
        // From Easter to Easter there are whole weeks.
        usize::try_from(days(before, easter) / length).ok()
    };
    (off.abs() <= NEAR_EASTER).then_some(())?;
    Some((off, [back(1)?, back(2)?]))
}

/// Easter Sunday of a year of the Gregorian calendar.
///
/// # Source
/// Butcher's algorithm, Meeus (1991), Astronomical Algorithms, chapter 8.
fn easter(year: i16) -> Option<Date> {
    let in_cycle = year.rem_euclid(19);
    let (century, of_century) = (year.div_euclid(100), year.rem_euclid(100));
    let (leap_centuries, left_centuries) = (century / 4, century % 4);
    let lunar = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * in_cycle + century - leap_centuries - lunar + 15) % 30;
    let (leaps, left) = (of_century / 4, of_century % 4);
    let weekday = (32 + 2 * left_centuries + 2 * leaps - epact - left) % 7;
    let late = (in_cycle + 11 * epact + 22 * weekday) / 451;
    let day = epact + weekday - 7 * late + 114;
    let (month, day) = (i8::try_from(day / 31).ok()?, i8::try_from(day % 31).ok()?);
    Date::new(year, month, day + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::{easter, near_easter};
    use crate::demand::Step;
    use jiff::civil::date;

    #[test]
    fn easter_is_where_the_almanac_has_it() {
        // The earliest and the latest that there are, a leap year, and those around the data that people know.
        for (year, month, day) in [
            (1818, 3, 22),
            (1943, 4, 25),
            (2000, 4, 23),
            (2008, 3, 23),
            (2010, 4, 4),
            (2011, 4, 24),
            (2012, 4, 8),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2038, 4, 25),
        ] {
            assert_eq!(easter(year), Some(date(year, month, day)));
        }
    }

    #[test]
    fn periods_near_easter_look_back_to_the_same_distance() {
        // Good Friday of 2012 and 2011 are 350 days apart, the week in which 2012's Easter lies 50 weeks.
        let (off, back) = near_easter(date(2012, 4, 6), Step::Day).expect("near Easter");
        assert_eq!((off, back), (-2, [350, 735]));
        let (_, back) = near_easter(date(2012, 4, 2), Step::Week).expect("near Easter");
        assert_eq!(back, [50, 105]);
        assert!(near_easter(date(2012, 6, 2), Step::Day).is_none());
        assert!(near_easter(date(2012, 4, 1), Step::Month).is_none());
    }
}
