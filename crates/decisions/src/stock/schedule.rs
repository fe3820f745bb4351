//! When is ordered, and when that arrives.

use jiff::civil::{Date, Weekday};

/// Closed days in a row after which nobody waits any longer.
const WAIT_MAX_DAYS: u32 = 400;

/// Why there is no schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No weekday is open.
    #[error("read order days: found no weekday, allowed is one or more")]
    NoWeekday,
    /// All days are closed for more than a year.
    #[error("find an open day after {from}: none is within {allowed_max} days")]
    NoOpenDay {
        /// The day before the first that was looked at.
        from: Date,
        /// Days looked at.
        allowed_max: u32,
    },
}

/// Days on which something may happen: orders be placed, or goods be received. Weekdays, less those that are closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderDays {
    open: [bool; 7],
    closed: Vec<Date>,
}

impl OrderDays {
    /// Some weekdays, less closed days in any order.
    ///
    /// # Errors
    /// [`ScheduleError::NoWeekday`] where there is no weekday.
    pub fn new(weekdays: &[Weekday], closed: &[Date]) -> Result<Self, ScheduleError> {
        if weekdays.is_empty() {
            return Err(ScheduleError::NoWeekday);
        }
        let mut open = [false; 7];
        for weekday in weekdays {
            open[usize::from(weekday.to_monday_zero_offset().unsigned_abs())] = true;
        }
        let mut closed = closed.to_vec();
        closed.sort_unstable();
        Ok(Self { open, closed })
    }

    /// Every day.
    #[must_use]
    pub fn every_day() -> Self {
        Self {
            open: [true; 7],
            closed: Vec::new(),
        }
    }

    /// Whether a day is one of them.
    #[must_use]
    pub fn holds(&self, day: Date) -> bool {
        let weekday = day.weekday().to_monday_zero_offset().unsigned_abs();
        self.open[usize::from(weekday)] && self.closed.binary_search(&day).is_err()
    }

    /// The first of them that is not before a day.
    ///
    /// # Errors
    /// [`ScheduleError::NoOpenDay`] when there is none for more than a year, or before the calendar ends.
    pub fn from(&self, day: Date) -> Result<Date, ScheduleError> {
        let none = ScheduleError::NoOpenDay {
            from: day,
            allowed_max: WAIT_MAX_DAYS,
        };
        let mut at = day;
        for _ in 0..WAIT_MAX_DAYS {
            if self.holds(at) {
                return Ok(at);
            }
            at = at.tomorrow().map_err(|_| none)?;
        }
        Err(none)
    }

    /// The first of them after a day.
    ///
    /// # Errors
    /// As [`OrderDays::from`].
    pub fn after(&self, day: Date) -> Result<Date, ScheduleError> {
        let next = day.tomorrow().map_err(|_| ScheduleError::NoOpenDay {
            from: day,
            allowed_max: WAIT_MAX_DAYS,
        })?;
        self.from(next)
    }
}

/// When is ordered next, and what that order has to last for.
///
/// Stock is that at the end of today; what arrives on a day can be sold from the next day on. So an order of today with
/// a lead time of 0 days is there tomorrow, and one of `n` days has `n` days of demand before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// The day that stock is counted at the end of.
    pub today: Date,
    /// When is ordered: today or the next day on which the supplier takes orders.
    pub order: Date,
    /// When that arrives.
    pub arrival: Date,
    /// When can be ordered again.
    pub next_order: Date,
    /// When that arrives: until then the order has to last.
    pub next_arrival: Date,
}

impl Schedule {
    /// The schedule of a supplier as of today.
    ///
    /// - `orders`: when the supplier takes orders.
    /// - `lead_days`: days from order to arrival.
    /// - `receives`: when goods are received; what would arrive on another day arrives on the next of them.
    ///
    /// # Errors
    /// [`ScheduleError::NoOpenDay`] when there is no day to order or receive for more than a year.
    pub fn new(
        today: Date,
        orders: &OrderDays,
        lead_days: u32,
        receives: &OrderDays,
    ) -> Result<Self, ScheduleError> {
        let arrives = |order: Date| {
            let day = order.checked_add(jiff::Span::new().days(i64::from(lead_days.min(36_500))));
            let day = day.map_err(|_| ScheduleError::NoOpenDay {
                from: order,
                allowed_max: WAIT_MAX_DAYS,
            })?;
            receives.from(day)
        };
        let order = orders.from(today)?;
        let next_order = orders.after(order)?;
        Ok(Self {
            today,
            order,
            arrival: arrives(order)?,
            next_order,
            next_arrival: arrives(next_order)?,
        })
    }

    /// Days of demand before what is ordered now can be sold.
    #[must_use]
    pub fn days_until_arrival(&self) -> u32 {
        days(self.today, self.arrival)
    }

    /// Days of demand that what is ordered now has to last for: until what is ordered next can be sold.
    #[must_use]
    pub fn protection_days(&self) -> u32 {
        days(self.today, self.next_arrival)
    }

    /// Days between this order and the next.
    #[must_use]
    pub fn review_days(&self) -> u32 {
        days(self.order, self.next_order)
    }
}

fn days(from: Date, to: Date) -> u32 {
    u32::try_from((to - from).get_days()).unwrap_or(0)
}
