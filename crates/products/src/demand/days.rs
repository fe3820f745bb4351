//! Days in periods.

use jiff::civil::Date;
use models::demand::Step;
use schema::AsOf;
use schema::time::{date_of, epoch_day};

use super::settings::Settings;

/// Days from one to another, of which some are in each period.
#[derive(Debug)]
pub(super) struct Days {
    pub(super) step: Step,
    /// First day of the first period.
    pub(super) first: Date,
    /// Whole periods before the as-of day.
    pub(super) known: usize,
    /// Those and the periods ahead.
    pub(super) all: usize,
    /// First day, in days since 1970-01-01.
    pub(super) from: i32,
    /// The day after the last.
    pub(super) until: i32,
}

impl Days {
    pub(super) fn new(settings: &Settings, first_sale: i32, as_of: AsOf) -> Option<Self> {
        let step = settings.step();
        let first = step.start_of(date_of(first_sale), settings.week_starts());
        let known = usize::try_from(step.between(first, as_of.0)).ok()?;
        let all = known + settings.horizon as usize;
        (known > 0).then(|| Self {
            step,
            first,
            known,
            all,
            from: epoch_day(first),
            until: epoch_day(step.after(first, all)),
        })
    }

    /// The period that a day lies in; `None` before the first and after the last.
    pub(super) fn period(&self, day: i32) -> Option<usize> {
        let at = usize::try_from(self.step.between(self.first, date_of(day))).ok()?;
        (day >= self.from && at < self.all).then_some(at)
    }

    /// First day of a period, in days since 1970-01-01.
    pub(super) fn start_of(&self, period: usize) -> i32 {
        epoch_day(self.step.after(self.first, period))
    }

    /// By period, the share of its days that are so.
    pub(super) fn shares(&self, is: impl Fn(i32) -> f32) -> Vec<f32> {
        let (mut sums, mut days) = (vec![0.0; self.all], vec![0.0f32; self.all]);
        for day in self.from..self.until {
            if let Some(period) = self.period(day) {
                sums[period] += is(day);
                days[period] += 1.0;
            }
        }
        sums.iter()
            .zip(&days)
            .map(|(sum, n)| sum / n.max(1.0))
            .collect()
    }
}
