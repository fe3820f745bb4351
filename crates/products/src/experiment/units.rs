//! Who is in which arm, and when it counts.

use super::error::ExperimentError;
use super::settings::{Settings, Source};
use super::{decided, drawn, ruled, versions};
use features::History;
use schema::AsOf;
use schema::time::{self, DAY_SECONDS, date_of};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A customer whose window is over.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unit<'a> {
    pub(super) customer: &'a str,
    pub(super) arm: usize,
    /// One over the probability of the arm.
    pub(super) weight: f64,
    /// The first draw or decision, in seconds since 1970-01-01 UTC.
    pub(super) first: i64,
    /// When it counts: apart from each other, oldest first.
    pub(super) windows: Vec<Range<i64>>,
}

/// What reached the finished customers of a trial, beside what was drawn for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reached {
    /// Customers of the arms but the control.
    pub(super) treated: u64,
    /// Of these, those whom their arm reached after the draw.
    pub(super) by_own_arm: u64,
    /// Of these, those who bought in the window before it did: what they bought counts all the same.
    pub(super) bought_before: u64,
    /// Customers whom another arm than theirs reached after the draw.
    pub(super) by_another_arm: u64,
    /// Customers whom an arm reached before they were drawn: one of the two clocks is wrong, or nothing was drawn.
    pub(super) before_the_draw: u64,
}

/// Everybody in an experiment.
#[derive(Debug)]
pub(super) struct Units<'a> {
    /// Names of the arms, the control first.
    pub(super) arms: Vec<String>,
    /// The share of each arm that was asked for; absent where it is not known.
    pub(super) shares: Option<Vec<f64>>,
    /// Customers of each arm, whether or not their window is over.
    pub(super) assigned: Vec<u64>,
    /// Those whose window is over, by customer.
    pub(super) finished: Vec<Unit<'a>>,
    /// The first day of a draw or a decision.
    pub(super) start: AsOf,
    /// Draws of customers who had been drawn before: not counted.
    pub(super) repeated: u64,
    /// Customers of a product or of its versions whom both arms answered: not counted.
    pub(super) both: u64,
    /// Customers of a trial who were drawn again later, into another arm.
    pub(super) moved: u64,
    /// What reached the customers of a trial; absent where table `exposures` names none of its arms.
    pub(super) reached: Option<Reached>,
    /// Days with a decision of each arm's finished customers, on average; absent for a trial.
    pub(super) rounds: Option<Vec<f64>>,
    /// Of versions: the shares of the customers that the one on trial was asked to answer, oldest first.
    pub(super) asked_for: Vec<AskedFor>,
}

/// A share of the customers that a version on trial was asked to answer from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct AskedFor {
    /// In seconds since 1970-01-01 UTC.
    pub(super) since: i64,
    /// Of the customers, 0 to 1.
    pub(super) share: f64,
}

/// What the settings and the history say of time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) start: i64,
    pub(super) window: i64,
    begins: i64,
    known_until: i64,
}

impl Times {
    pub(super) fn of(history: &History, settings: &Settings) -> Self {
        let begins = |day: AsOf| i64::from(day.epoch_day()) * DAY_SECONDS;
        Self {
            start: settings.start.map_or(i64::MIN, |day| begins(AsOf(day))),
            begins: settings.begins.map_or(i64::MIN, |day| begins(AsOf(day))),
            window: i64::from(settings.window_days) * DAY_SECONDS,
            known_until: history.begins(history.as_of()),
        }
    }

    /// When the window of a draw begins.
    pub(super) fn counts_from(&self, drawn: i64) -> i64 {
        drawn.max(self.begins)
    }

    pub(super) fn is_over(&self, at: i64) -> bool {
        at.saturating_add(self.window) <= self.known_until
    }
}

impl<'a> Units<'a> {
    /// Everybody in the experiment that the settings name.
    pub(super) fn of(history: &'a History, settings: &Settings) -> Result<Self, ExperimentError> {
        let times = Times::of(history, settings);
        if let Some(begins) = settings
            .begins
            .filter(|begins| history.as_of() <= AsOf(*begins))
        {
            return Err(ExperimentError::NotBegun {
                experiment: settings.experiment(),
                begins: AsOf(begins),
                as_of: history.as_of(),
            });
        }
        let units = match settings.source() {
            Source::Trial { trial, control } => drawn::units(history, trial, control, times)?,
            Source::Product(product) => decided::units(history, product, times)?,
            Source::Versions(product) => versions::units(history, product, times)?,
            Source::Rule { product, rule } => ruled::units(history, (product, rule), times)?,
        };
        if units.finished.is_empty() {
            return Err(ExperimentError::NothingFinished {
                experiment: settings.experiment(),
                unfinished: units.assigned.iter().sum(),
                window_days: settings.window_days,
                as_of: history.as_of(),
            });
        }
        Ok(units)
    }

    /// These, where nobody is missing to compare with.
    ///
    /// - `experiment`: what is read.
    /// - `nobody`: what is said where both arms are empty.
    pub(super) fn with_both_arms(
        self,
        experiment: &str,
        nobody: impl FnOnce() -> ExperimentError,
    ) -> Result<Self, ExperimentError> {
        match (&self.assigned[..], &self.arms[..]) {
            ([0, 0], _) => Err(nobody()),
            ([0, _], [_, only]) | ([_, 0], [only, _]) => Err(ExperimentError::OneArm {
                experiment: experiment.to_owned(),
                arm: only.clone(),
            }),
            _ => Ok(self),
        }
    }

    /// Customers whose window is not over yet.
    pub(super) fn unfinished(&self) -> u64 {
        self.assigned.iter().sum::<u64>() - self.finished.len() as u64
    }
}

pub(super) fn day_of(seconds: i64) -> AsOf {
    AsOf(date_of(time::day_of(seconds)))
}

/// Windows of some length from each of these moments on, oldest first; those that overlap are one.
pub(super) fn windows(starts: impl IntoIterator<Item = i64>, window: i64) -> Vec<Range<i64>> {
    let mut all: Vec<Range<i64>> = Vec::new();
    for start in starts {
        match all.last_mut() {
            Some(last) if start <= last.end => last.end = start + window,
            Some(_) | None => all.push(start..start + window),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_overlap_count_once() {
        assert_eq!(windows([0, 5, 10, 30], 10), [0..20, 30..40]);
    }
}
