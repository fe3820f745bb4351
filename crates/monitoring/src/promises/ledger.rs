//! What happened, counted in slots of a few minutes.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::refusal::{Allowed, Found, Refusal, require};

/// Events of one promise, by slot, for as long as the promise looks back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    slot_minutes: u32,
    kept_minutes: u32,
    slots: VecDeque<Slot>,
}

/// Events of a few minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// When it begins.
    pub start: Timestamp,
    /// All events.
    pub all: u64,
    /// Of these, how many were bad.
    pub bad: u64,
}

impl Ledger {
    /// An empty ledger that looks back over this many minutes.
    ///
    /// # Errors
    /// [`Refusal`] when a slot has no length, or what is kept is not a whole number of slots.
    pub fn new(slot_minutes: u32, kept_minutes: u32) -> Result<Self, Refusal> {
        let (slot, kept) = (u64::from(slot_minutes), u64::from(kept_minutes));
        require(slot >= 1, "slot_minutes", slot, Allowed::CountAtLeast(1))?;
        let whole = kept >= slot && kept.is_multiple_of(slot);
        require(whole, "kept_minutes", kept, Allowed::MultipleOf(slot))?;
        Ok(Self {
            slot_minutes,
            kept_minutes,
            slots: VecDeque::new(),
        })
    }

    /// Adds events that happened at a moment, in the last slot or a later one; forgets slots that are too old.
    ///
    /// # Errors
    /// [`Refusal`] when more are bad than there are, or the moment lies before the last slot: a clock that went back.
    pub fn add(&mut self, at: Timestamp, all: u64, bad: u64) -> Result<(), Refusal> {
        require(bad <= all, "bad", bad, Allowed::CountAtMost(all))?;
        let length = i64::from(self.slot_minutes) * 60;
        let second = at.as_second().div_euclid(length) * length;
        let start = Timestamp::from_second(second).unwrap_or(at);
        match self.slots.back_mut() {
            Some(last) if last.start == start => {
                last.all += all;
                last.bad += bad;
            }
            Some(last) if last.start > start => {
                return Err(Refusal::of(
                    "at",
                    Found::SecondsUtc(at.as_second()),
                    Allowed::FromSecondsUtc(last.start.as_second()),
                ));
            }
            _ => self.slots.push_back(Slot { start, all, bad }),
        }
        let kept = SignedDuration::from_mins(i64::from(self.kept_minutes));
        while self
            .slots
            .front()
            .is_some_and(|slot| start.duration_since(slot.start) >= kept)
        {
            self.slots.pop_front();
        }
        Ok(())
    }

    /// All events and bad ones of the slots that began within the last `minutes`.
    #[must_use]
    pub fn within(&self, now: Timestamp, minutes: u32) -> (u64, u64) {
        let window = SignedDuration::from_mins(i64::from(minutes));
        self.slots
            .iter()
            .rev()
            .take_while(|slot| now.duration_since(slot.start) <= window)
            .fold((0, 0), |(all, bad), slot| (all + slot.all, bad + slot.bad))
    }

    /// Refuses a moment before the last slot.
    pub(crate) fn check_now(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.slots.back() {
            Some(last) => require(
                now >= last.start,
                "now",
                Found::SecondsUtc(now.as_second()),
                Allowed::FromSecondsUtc(last.start.as_second()),
            ),
            None => Ok(()),
        }
    }

    /// Length of a slot.
    #[must_use]
    pub fn slot_minutes(&self) -> u32 {
        self.slot_minutes
    }

    /// How far back it looks.
    #[must_use]
    pub fn kept_minutes(&self) -> u32 {
        self.kept_minutes
    }
}
