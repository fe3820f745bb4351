//! What is leased of a budget, or of a limit within it, and what of that is granted.

use super::is_past;
use jiff::{SignedDuration, Timestamp};

/// What a process holds of a budget in cents, or of a limit in its units.
#[derive(Debug)]
pub(super) struct Pot {
    /// All that was leased.
    pub(super) leased: i64,
    /// All that was granted from it.
    pub(super) used: i64,
    /// What was leased the last time: half of it left is the time to ask for more.
    pub(super) step: i64,
    /// What must be there for whoever asks for more.
    pub(super) wanted: Option<i64>,
    /// When no more was found to be free.
    pub(super) used_up_at: Option<Timestamp>,
    /// When an answer last needed it.
    pub(super) needed_at: Timestamp,
}

impl Pot {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            leased: 0,
            used: 0,
            step: 0,
            wanted: None,
            used_up_at: None,
            needed_at: now,
        }
    }

    /// What can be granted.
    pub(super) fn left(&self) -> i64 {
        self.leased - self.used
    }

    /// Whether it is time to ask for more.
    ///
    /// - `left`: what will be left.
    /// - `dearest`: what the dearest grant takes.
    pub(super) fn is_low(&self, left: i64, dearest: i64) -> bool {
        left < (self.step / 2).max(dearest)
    }

    /// Notes that more is wanted; whether that is news.
    pub(super) fn want(&mut self, units: i64, now: Timestamp) -> bool {
        let news = self.wanted.is_none() && self.may_ask(now);
        self.wanted = self.wanted.max(Some(units));
        news
    }

    /// Whether it is time to ask, after it was found used up.
    pub(super) fn may_ask(&self, now: Timestamp) -> bool {
        /// Between two looks whether something has become free.
        const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(2);
        self.used_up_at
            .is_none_or(|at| is_past(at, LOOK_EVERY, now))
    }

    /// Notes what came of asking for more.
    ///
    /// - `all`: that was leased so far.
    /// - `used_up_at`: where no more is free.
    pub(super) fn is_leased(&mut self, all: i64, used_up_at: Option<Timestamp>) {
        self.step = all - self.leased;
        self.leased = all;
        (self.wanted, self.used_up_at) = (None, used_up_at);
    }

    /// Gives up what can be granted; what is kept, nothing where there is nothing to give up.
    pub(super) fn give_up(&mut self) -> Option<i64> {
        let gives = self.left() > 0;
        self.leased = self.used;
        (self.step, self.used_up_at) = (0, None);
        gives.then_some(self.used)
    }
}
