//! Which decisions have had the time that their outcomes take, and which are still pending.

use schema::AsOf;
use serde::{Deserialize, Serialize};

use crate::refusal::{Allowed, Refusal, require, require_after};

/// How long an outcome takes to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribution {
    /// Days after the decision in which what happens is its outcome.
    pub window_days: u16,
    /// Days until what happened on a day is in the tables; 0 when it is there as of the day after.
    pub delay_days: u16,
}

/// Decisions of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// The day.
    pub day: AsOf,
    /// How many.
    pub decisions: u64,
}

/// Decisions as of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maturity {
    /// Days whose outcomes are complete: they can be judged.
    pub matured: Vec<Decided>,
    /// Days that wait, and until when. Judged now they would look worse than they are.
    pub pending: Vec<Pending>,
}

/// Decisions of a day whose outcomes are not complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The decisions.
    pub decided: Decided,
    /// The first as-of day on which they are mature.
    pub matures_on: AsOf,
}

impl Attribution {
    /// The first as-of day on which all outcomes of a day's decisions are known: the last decision of the day has its
    /// whole window, and its last day has come in.
    #[must_use]
    pub fn matures_on(&self, day: AsOf) -> AsOf {
        day.minus_days(-(1 + i32::from(self.window_days) + i32::from(self.delay_days)))
    }

    /// Parts days of decisions into those that are mature and those that are pending, in the order given.
    ///
    /// # Errors
    /// [`Refusal`] when a day is not after the one before it, or not before `now`.
    pub fn part(&self, days: &[Decided], now: AsOf) -> Result<Maturity, Refusal> {
        let mut parts = Maturity {
            matured: Vec::new(),
            pending: Vec::new(),
        };
        let mut before = None;
        for (at, decided) in days.iter().enumerate() {
            let day = decided.day;
            require(day < now, "day", day, Allowed::Before(now))
                .map_err(|refusal| refusal.at(at))?;
            require_after(before, day).map_err(|refusal| refusal.at(at))?;
            before = Some(day);
            let matures_on = self.matures_on(day);
            if matures_on <= now {
                parts.matured.push(*decided);
            } else {
                parts.pending.push(Pending {
                    decided: *decided,
                    matures_on,
                });
            }
        }
        Ok(parts)
    }
}

impl Maturity {
    /// Decisions that wait.
    #[must_use]
    pub fn pending_decisions(&self) -> u64 {
        self.pending.iter().map(|p| p.decided.decisions).sum()
    }
}
