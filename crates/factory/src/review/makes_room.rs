//! Whether a version whose decisions became worse makes room for the one before it.

use super::cause::reads;
use super::outcomes::{OutcomesError, Z_95, fell_when_watched_from, losses};
use super::rollback::{REVIEW, WatchChampionsError, back_by_itself, is_by_gate, note_rollback};
use super::{Answers, Fell, Live, Measured, Most, Review, Why};
use crate::import::RefusedSource;
use crate::{CHAMPION, Workshop};
use jiff::{SignedDuration, Timestamp};
use monitoring::loss::LossDay;
use products::{Judged, Product};
use registry::{AliasChange, OutcomeDay};
use schema::AsOf;
use serde::Serialize;
use std::collections::BTreeMap;

/// Days before a version answered that its decisions are held against: those of the version before it.
const BEFORE_DAYS: i32 = 28;

/// Fewest days of either version of which anything is said, and the last ones before the version on which decisions must
/// have been as good as allowed.
const DAYS_MIN: usize = 7;

/// A fall is dated by what explains most, which is off by some days.
const DATED_WITHIN_DAYS: i32 = 3;

/// A version whose decisions became worse when it began to answer, and the one that answers again in its place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MakesRoom {
    /// The version that answers.
    pub version: u32,
    /// The one before it.
    pub to: u32,
    /// Why, with the figures.
    pub because: String,
}

impl MakesRoom {
    /// In a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "version {} makes room for version {}: {}",
            self.version, self.to, self.because
        )
    }
}

/// A version that its gate let answer, where it is looked at.
#[derive(Debug, Clone, Copy)]
struct Promoted {
    version: u32,
    before: u32,
    /// The first day on which it answered, in UTC.
    first: AsOf,
}

/// What a review found of a product whose decisions became worse.
pub(super) struct Fallen<'a> {
    pub(super) live: &'a Live,
    pub(super) why: Option<&'a Why>,
    pub(super) version: Option<&'a Answers>,
    /// Imports that were refused and have not passed since.
    pub(super) refused: &'a BTreeMap<String, RefusedSource>,
}

impl Fallen<'_> {
    /// The fall, where the version is called its cause and no import of what it reads was refused around it.
    fn by_version(&self, reads: &[&str]) -> Option<(&Measured, Fell)> {
        let Live::Measured(live) = self.live else {
            return None;
        };
        let fell = live.fell?;
        let was_refused = self
            .refused
            .values()
            .any(|of| reads.contains(&of.table.as_str()) && fell.is_near(of.day()));
        let is_by_version = self.why.is_some_and(|why| why.most == Most::Version);
        (is_by_version && !was_refused).then_some((live, fell))
    }
}

impl Workshop {
    /// Whether the version that answers makes room for the one before it, by `rolls_back_when_worse_within_days`.
    pub(super) async fn makes_room(
        &self,
        product: &dyn Product,
        fallen: &Fallen<'_>,
        now: Timestamp,
    ) -> Result<Option<MakesRoom>, OutcomesError> {
        let header = product.header();
        let Some(days) = header.retraining.rolls_back_when_worse_within_days else {
            return Ok(None);
        };
        let (Some((live, fell)), Some(version)) = (
            fallen.by_version(reads(header)),
            fallen.version.map(|version| version.number),
        ) else {
            return Ok(None);
        };
        let history = self.registry.alias_history(&header.name, CHAMPION).await?;
        let soon = SignedDuration::from_hours(24 * i64::from(days));
        let promoted = history.last().filter(|last| {
            last.to == version && is_by_gate(last) && now.duration_since(last.at) <= soon
        });
        let Some(promoted) = promoted.and_then(Promoted::of) else {
            return Ok(None);
        };
        let outcomes = self.outcomes_counted(header).await?;
        let judged = product.judged();
        let from = promoted.first.minus_days(BEFORE_DAYS);
        let loss_max = header.promises.quality_loss_max;
        let watched = fell_when_watched_from(&outcomes, from, judged, loss_max)?;
        let began_with_it = watched
            .and_then(|fell| fell.likely_since)
            .is_some_and(|since| since >= promoted.first.minus_days(DATED_WITHIN_DAYS));
        let worse = promoted.worse(&outcomes, judged, live.allowed);
        Ok(worse.filter(|_| began_with_it).map(|worse| MakesRoom {
            version,
            to: promoted.before,
            because: format!("its decisions {fell}; {worse}"),
        }))
    }

    /// Lets the versions before answer again in the place of those of which a review says that they make room: an incident
    /// until another version answers.
    ///
    /// # Errors
    /// [`WatchChampionsError`] when the registry cannot be used.
    pub async fn make_room(
        &self,
        review: &Review,
        now: Timestamp,
    ) -> Result<Vec<AliasChange>, WatchChampionsError> {
        let mut moved = Vec::new();
        for product in &review.products {
            let Some(makes_room) = &product.makes_room else {
                continue;
            };
            let name = &product.header.name;
            let back = back_by_itself(
                self,
                (name, makes_room.version),
                &makes_room.because,
                REVIEW,
                now,
            );
            if let Some(change) = back.await? {
                note_rollback(self, &change, now).await?;
                moved.push(change);
            }
        }
        Ok(moved)
    }
}

impl Promoted {
    fn of(change: &AliasChange) -> Option<Self> {
        Some(Self {
            version: change.to,
            before: change.from?,
            first: AsOf(change.at.to_zoned(jiff::tz::TimeZone::UTC).date()),
        })
    }

    /// How much worse the decisions of the version are than those of the version before it, in a sentence; nothing where
    /// that is not sure, or those were as bad.
    fn worse(&self, outcomes: &[OutcomeDay], judged: Judged, allowed: f64) -> Option<String> {
        let of = |version: u32, holds: &dyn Fn(AsOf) -> bool| {
            let days = outcomes
                .iter()
                .filter(|of| of.version == version && holds(of.day))
                .copied();
            losses(&days.collect::<Vec<_>>(), judged, false)
        };
        let since = of(self.version, &|day| day >= self.first);
        let from = self.first.minus_days(BEFORE_DAYS);
        let before = of(self.before, &|day| day >= from && day < self.first);
        let last = &before[before.len().saturating_sub(DAYS_MIN)..];
        let (own, other, last) = (
            Quality::of(&since)?,
            Quality::of(&before)?,
            Quality::of(last)?,
        );
        let half = Z_95 * (own.variance + other.variance).sqrt();
        let change = own.mean - other.mean;
        let was_good = other.mean >= allowed && last.mean >= allowed;
        (was_good && own.mean < allowed && change + half < 0.0).then(|| {
            let points = |of: f64| format!("{:+.1}", 100.0 * of);
            format!(
                "quality is {:.1} % since {}, and was {:.1} % under version {} in the {BEFORE_DAYS} days before, {} points \
                 ({} to {}); {:.1} % is allowed",
                100.0 * own.mean,
                self.first,
                100.0 * other.mean,
                self.before,
                points(change),
                points(change - half),
                points(change + half),
                100.0 * allowed,
            )
        })
    }
}

/// Mean quality of the decisions of some days.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Quality {
    mean: f64,
    /// That of the mean, of days as wholes: decisions of one day are alike.
    variance: f64,
}

impl Quality {
    /// `None` for fewer than [`DAYS_MIN`] days.
    fn of(days: &[LossDay]) -> Option<Self> {
        if days.len() < DAYS_MIN {
            return None;
        }
        let n = days.len() as f64;
        let count: f64 = days.iter().map(|day| day.count as f64).sum();
        let loss = days.iter().map(|day| day.sum).sum::<f64>() / count;
        let squares: f64 = days
            .iter()
            .map(|day| (day.sum - loss * day.count as f64).powi(2))
            .sum();
        Some(Self {
            mean: 1.0 - loss,
            variance: squares / (count * count) * n / (n - 1.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JUDGED: Judged = Judged::Bought { window_days: 7 };

    fn first() -> AsOf {
        AsOf(jiff::civil::date(2026, 5, 14))
    }

    /// Two hundred judged decisions a day of a version on days counted from the first of version 2.
    fn days(version: u32, of: std::ops::Range<i32>, good: u64) -> Vec<OutcomeDay> {
        of.map(|n| OutcomeDay {
            day: first().minus_days(-n),
            version,
            held_out: false,
            decisions: 300,
            judged: 200,
            good: good + u64::from(n.rem_euclid(2) == 0),
            errors: None,
        })
        .collect()
    }

    fn worse(outcomes: &[Vec<OutcomeDay>]) -> Option<String> {
        let promoted = Promoted {
            version: 2,
            before: 1,
            first: first(),
        };
        promoted.worse(&outcomes.concat(), JUDGED, 0.36)
    }

    #[test]
    fn a_version_is_worse_by_its_own_days_beside_those_of_the_version_before() {
        let told = worse(&[days(1, -28..0, 80), days(2, 0..10, 60)]).unwrap();
        assert!(
            told.starts_with(
                "quality is 30.2 % since 2026-05-14, and was 40.2 % under version 1 in the 28 days before, -10.0 points (-10."
            ) && told.ends_with("; 36.0 % is allowed"),
            "{told}"
        );
        // As bad before, for long or for the last week.
        assert_eq!(worse(&[days(1, -28..0, 60), days(2, 0..10, 60)]), None);
        let last_week = [days(1, -28..-7, 80), days(1, -7..0, 60), days(2, 0..10, 50)];
        assert_eq!(worse(&last_week), None);
        // What a challenger on trial decided badly is not the champion's doing.
        let by_other = [days(1, -28..0, 80), days(2, 0..10, 80), days(3, 0..10, 20)];
        assert_eq!(worse(&by_other), None);
        // Too few days of either.
        assert_eq!(worse(&[days(1, -28..0, 80), days(2, 0..6, 20)]), None);
        assert_eq!(worse(&[days(1, -6..0, 80), days(2, 0..10, 20)]), None);
    }

    #[test]
    fn what_differs_less_than_days_do_is_not_sure() {
        let mut varied = days(2, 0..10, 60);
        for (n, day) in varied.iter_mut().enumerate() {
            day.good = if n % 2 == 0 { 30 } else { 110 };
        }
        let told = worse(&[days(1, -28..0, 74), varied]);
        assert_eq!(told, None);
    }
}
