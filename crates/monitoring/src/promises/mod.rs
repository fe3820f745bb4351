//! What a product promises of its service, how much of the error budget is left, and whether it burns too fast.
//!
//! Reading order: [`Promise`] and [`BurnWindow`] (what is promised, and when to worry), [`Ledger`] (what happened),
//! [`judge`] (where the promise stands now).

mod judge;
mod ledger;

pub use judge::{Budget, Burn, Reason, Standing, State, judge};
pub use ledger::{Ledger, Slot};

use serde::{Deserialize, Serialize};

use crate::refusal::{Allowed, Refusal, require};

const MINUTES_OF_DAY: u32 = 24 * 60;

/// Windows of the workbook: share of the budget that a long window may spend, its length, that of the short one.
const WORKBOOK: [(f64, u32, u32); 3] = [
    (0.02, 60, 5),
    (0.05, 6 * 60, 30),
    (0.1, 3 * MINUTES_OF_DAY, 6 * 60),
];

/// What counts as a bad event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// An answer that took longer.
    Latency {
        /// Longest good answer.
        ms_max: u32,
    },
    /// A question without an answer.
    Failures,
    /// An answer that the baseline gave in place of the model.
    Fallback,
    /// A check that found data or a version older.
    Freshness {
        /// Oldest that is good.
        age_minutes_max: u32,
    },
}

/// A share of events that shall be good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// What counts as bad.
    pub subject: Subject,
    /// Share of events that shall be good; what is left to 1 is the error budget.
    pub good_share: f64,
    /// Days over which it is promised, the last ones.
    pub period_days: u32,
}

/// Two windows that must both burn for an alert: the long one shows that it matters, the short one that it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BurnWindow {
    /// The long window.
    pub long_minutes: u32,
    /// The short one.
    pub short_minutes: u32,
    /// Burn rate above which both must be: 1 spends the budget exactly within the period.
    pub burn_max: f64,
}

impl Promise {
    /// The budget: share of events that may be bad.
    #[must_use]
    pub fn bad_share(&self) -> f64 {
        1.0 - self.good_share
    }

    /// Length of the period.
    #[must_use]
    pub fn period_minutes(&self) -> u32 {
        self.period_days.saturating_mul(MINUTES_OF_DAY)
    }

    /// # Errors
    /// [`Refusal`] of a share that leaves no budget or nothing but budget, or a period without a day or beyond a year.
    pub fn check(&self) -> Result<(), Refusal> {
        let share = self.good_share;
        let usable = share > 0.0 && share < 1.0;
        require(usable, "good_share", share, Allowed::Inside(0.0, 1.0))?;
        let days = u64::from(self.period_days);
        require(days >= 1, "period_days", days, Allowed::CountAtLeast(1))?;
        require(days <= 366, "period_days", days, Allowed::CountAtMost(366))
    }
}

impl BurnWindow {
    /// The windows of the workbook for this promise: 2 % of the budget within an hour, 5 % within six, 10 % within
    /// three days; each with a short window of a twelfth. Those that no share of bad events could reach are left out.
    ///
    /// # Source
    /// Beyer et al. (2018), "The Site Reliability Workbook", ch. 5, table 5-8: over 30 days burn rates of 14.4, 6 and 1.
    #[must_use]
    pub fn of_workbook(promise: &Promise) -> Vec<Self> {
        let windows = WORKBOOK.map(|(share, long_minutes, short_minutes)| Self {
            long_minutes,
            short_minutes,
            burn_max: share * f64::from(promise.period_minutes()) / f64::from(long_minutes),
        });
        let reachable = |window: &Self| window.check(promise).is_ok();
        windows.into_iter().filter(reachable).collect()
    }

    /// # Errors
    /// [`Refusal`] when the short window is not the shorter, the long one exceeds the period, or the burn rate could
    /// never be reached or means nothing.
    pub fn check(&self, promise: &Promise) -> Result<(), Refusal> {
        let (long, short) = (u64::from(self.long_minutes), u64::from(self.short_minutes));
        let period = u64::from(promise.period_minutes());
        require(short >= 1, "short_minutes", short, Allowed::CountAtLeast(1))?;
        let allowed = Allowed::CountAtMost(long.saturating_sub(1));
        require(short < long, "short_minutes", short, allowed)?;
        require(
            long <= period,
            "long_minutes",
            long,
            Allowed::CountAtMost(period),
        )?;
        let most = 1.0 / promise.bad_share();
        let usable = self.burn_max > 0.0 && self.burn_max < most;
        require(
            usable,
            "burn_max",
            self.burn_max,
            Allowed::Inside(0.0, most),
        )
    }
}
