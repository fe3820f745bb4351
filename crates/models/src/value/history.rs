//! Who bought on which days, within a window of days.

use jiff::civil::Date;

use super::summary::Summary;

/// Purchase days of customers from `start` on, as day numbers; day 0 is `start`.
///
/// Days of a customer are distinct and increasing, and every customer has at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    start: Date,
    last_day: u32,
    offsets: Vec<usize>,
    days: Vec<u32>,
}

/// A history that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The window ends before it starts.
    #[error("the window ends on {end}, expected on or after its start {start}")]
    EndsBeforeStart {
        /// First day.
        start: Date,
        /// Last day.
        end: Date,
    },
    /// A purchase lies outside the window.
    #[error("customer at position {position} bought on {found}, expected from {start} to {end}")]
    OutsideTheWindow {
        /// Position of the customer.
        position: usize,
        /// Day found.
        found: Date,
        /// First day.
        start: Date,
        /// Last day.
        end: Date,
    },
    /// A customer without any purchase has no history.
    #[error("customer at position {position} has no purchase, expected at least one")]
    NoPurchase {
        /// Position of the customer.
        position: usize,
    },
}

/// A part of a history, and which customers of the whole it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Cut {
    /// The earlier part: customers who had bought by then.
    pub history: History,
    /// Position in the whole of each customer of the part.
    pub customers: Vec<usize>,
}

impl History {
    /// Builds from each customer's purchase dates, in any order; several on one day count once.
    ///
    /// # Errors
    /// [`HistoryError`] when the window is empty, or a customer has no purchase or one outside it.
    pub fn new(start: Date, end: Date, customers: &[Vec<Date>]) -> Result<Self, HistoryError> {
        let last_day =
            days_between(start, end).ok_or(HistoryError::EndsBeforeStart { start, end })?;
        let mut history = Self {
            start,
            last_day,
            offsets: vec![0],
            days: Vec::new(),
        };
        for (position, dates) in customers.iter().enumerate() {
            let mut days = Vec::with_capacity(dates.len());
            for &found in dates {
                let day = days_between(start, found).filter(|&day| day <= last_day);
                days.push(day.ok_or(HistoryError::OutsideTheWindow {
                    position,
                    found,
                    start,
                    end,
                })?);
            }
            days.sort_unstable();
            days.dedup();
            if days.is_empty() {
                return Err(HistoryError::NoPurchase { position });
            }
            history.days.extend(days);
            history.offsets.push(history.days.len());
        }
        Ok(history)
    }

    /// First day of the window.
    pub fn start(&self) -> Date {
        self.start
    }

    /// Days from the first to the last day of the window.
    pub fn last_day(&self) -> u32 {
        self.last_day
    }

    /// Number of customers.
    pub fn customers(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Purchase days of a customer, increasing.
    pub fn days_of(&self, customer: usize) -> &[u32] {
        &self.days[self.offsets[customer]..self.offsets[customer + 1]]
    }

    /// All purchase days, by customer.
    pub(crate) fn all_days(&self) -> &[u32] {
        &self.days
    }

    /// Each customer's past in three numbers, seen from the last day.
    pub fn summaries(&self) -> Vec<Summary> {
        (0..self.customers())
            .map(|customer| {
                let days = self.days_of(customer);
                let (first, last) = (days[0], days[days.len() - 1]);
                Summary {
                    repeat_purchases: u32::try_from(days.len() - 1).unwrap_or(u32::MAX),
                    recency_days: f64::from(last - first),
                    age_days: f64::from(self.last_day - first),
                }
            })
            .collect()
    }

    /// The history as it was known on an earlier day.
    pub fn until(&self, last_day: u32) -> Cut {
        let last_day = last_day.min(self.last_day);
        let mut history = Self {
            start: self.start,
            last_day,
            offsets: vec![0],
            days: Vec::new(),
        };
        let mut customers = Vec::new();
        for customer in 0..self.customers() {
            let days = self.days_of(customer);
            let known = days.partition_point(|&day| day <= last_day);
            if known > 0 {
                history.days.extend(&days[..known]);
                history.offsets.push(history.days.len());
                customers.push(customer);
            }
        }
        Cut { history, customers }
    }

    /// The history of some of the customers, in the same order.
    pub(crate) fn among(&self, keep: impl Fn(usize) -> bool) -> Self {
        let mut part = Self {
            start: self.start,
            last_day: self.last_day,
            offsets: vec![0],
            days: Vec::new(),
        };
        for customer in (0..self.customers()).filter(|&customer| keep(customer)) {
            part.days.extend(self.days_of(customer));
            part.offsets.push(part.days.len());
        }
        part
    }

    /// Purchases of a customer after a day, up to the end of the window.
    pub fn purchases_after(&self, customer: usize, day: u32) -> u32 {
        let days = self.days_of(customer);
        u32::try_from(days.len() - days.partition_point(|&bought| bought <= day))
            .unwrap_or(u32::MAX)
    }
}

/// Days from one date to another that is not before it.
pub(crate) fn days_between(start: Date, end: Date) -> Option<u32> {
    u32::try_from(start.duration_until(end).as_hours() / 24)
        .ok()
        .filter(|_| end >= start)
}
