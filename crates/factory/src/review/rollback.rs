//! A version that answers late or not at all, soon after it was promoted, makes room for the one before it.

use crate::run::WHO as TRAINED;
use crate::{CHAMPION, Workshop};
use jiff::{SignedDuration, Timestamp};
use monitoring::latency::Snapshot;
use products::Header;
use registry::{
    AliasChange, AliasError, Cause, NoteError, RollbackError, Signal, Signature, StoreError,
};
use schema::estimate::short;
use std::time::Duration;

/// Who signs.
pub(super) const WHO: &str = "comptoir work";

/// Who signs that a version is taken back for what its decisions led to.
pub(super) const REVIEW: &str = "comptoir review";

/// Why versions are not rolled back.
#[derive(Debug, thiserror::Error)]
pub enum WatchChampionsError {
    /// The registry.
    #[error("read the registry")]
    Registry(#[from] StoreError),
    /// A champion could not be moved.
    #[error(transparent)]
    RollBack(#[from] RollbackError),
    /// That it was cannot be noted.
    #[error("note a rollback")]
    Note(#[from] NoteError),
}

/// How questions were answered by one version.
#[derive(Debug, Clone, Default)]
struct Answers {
    answered: u64,
    unanswered: u64,
    fallbacks: u64,
    times: Snapshot,
}

impl Answers {
    /// What of a promise went wrong, in a sentence: more than may, and more than chance makes of that.
    fn failure(&self, header: &Header) -> Option<String> {
        let promises = &header.promises;
        let limit_ms = promises.latency_p99(header.deadline_ms);
        let late = self.times.count_above(Duration::from_millis(limit_ms));
        [
            (
                "questions had no answer",
                self.unanswered,
                self.answered + self.unanswered,
                1.0 - promises.answered_share,
            ),
            (
                "answers were the baseline's",
                self.fallbacks,
                self.answered,
                1.0 - promises.version_share,
            ),
            ("answers were late", late, self.times.count(), 0.01),
        ]
        .into_iter()
        .find(|(_, bad, all, share)| is_too_many(*bad, *all as f64 * share))
        .map(|(what, bad, all, share)| {
            let allowed = short(all as f64 * share);
            format!("{bad} of {all} {what}, {allowed} may be")
        })
    }
}

/// Whether more went wrong than a number allowed makes of itself by chance: three deviations of a Poisson number, and
/// three more, so that of few answers a slow one is no failure.
pub(super) fn is_too_many(bad: u64, allowed: f64) -> bool {
    bad as f64 > allowed + 3.0 * allowed.sqrt() + 3.0
}

impl Workshop {
    /// Takes champions back that fail within the hours that their file sets after they were promoted by their gate
    /// (`rolls_back_within_hours` of `[retraining]`), where the version before them did not fail alike. What a person
    /// chose is left alone.
    ///
    /// A rollback is an incident until another version answers.
    ///
    /// # Errors
    /// [`WatchChampionsError`] when the registry cannot be used.
    pub async fn watch_champions(
        &self,
        now: Timestamp,
    ) -> Result<Vec<AliasChange>, WatchChampionsError> {
        let mut moved = Vec::new();
        for product in &self.project.products {
            let header = product.header();
            if !header.retraining.rolls_back() {
                continue;
            }
            let history = self.registry.alias_history(&header.name, CHAMPION).await?;
            let Some(last) = history.last() else {
                continue;
            };
            let soon = header.retraining.rolls_back_within_hours.map(i64::from);
            let soon = soon.map(SignedDuration::from_hours);
            let is_new =
                is_by_gate(last) && soon.is_some_and(|soon| now.duration_since(last.at) <= soon);
            let mut present = last.clone();
            if is_new && let Some(failure) = self.failure(header, last, now).await? {
                let of = (header.name.as_str(), last.to);
                if let Some(change) = back_by_itself(self, of, &failure, WHO, now).await? {
                    moved.push(change.clone());
                    present = change;
                }
            }
            note_rollback(self, &present, now).await?;
        }
        Ok(moved)
    }

    /// How a champion fails that the one before it did not.
    async fn failure(
        &self,
        header: &Header,
        promoted: &AliasChange,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let Some(before) = promoted.from else {
            return Ok(None);
        };
        let lasted = now.duration_since(promoted.at);
        let own = self.answers_of(&header.name, promoted.to, promoted.at, now);
        let Some(failure) = own.await?.failure(header) else {
            return Ok(None);
        };
        // As long before: a slow disk is no fault of a version's.
        let from = promoted.at - lasted.max(SignedDuration::from_hours(1));
        let other = self
            .answers_of(&header.name, before, from, promoted.at)
            .await?;
        Ok(other.failure(header).is_none().then_some(failure))
    }

    async fn answers_of(
        &self,
        product: &str,
        version: u32,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Answers, StoreError> {
        let mut all = Answers::default();
        for record in self.registry.service(from, to).await? {
            if record.product == product && record.version == version {
                all.answered += record.answered;
                all.unanswered += record.unanswered;
                all.fallbacks += record.fallbacks;
                let times = Snapshot::from_bytes(&record.times).unwrap_or_default();
                all.times.merge(&times);
            }
        }
        Ok(all)
    }
}

/// Lets the version before answer again; `None` where somebody was faster, whose doing stands, or there is none before.
///
/// - `of`: the product, and the version that answers.
pub(super) async fn back_by_itself(
    workshop: &Workshop,
    of: (&str, u32),
    because: &str,
    who: &str,
    now: Timestamp,
) -> Result<Option<AliasChange>, RollbackError> {
    let (name, version) = of;
    let why = format!("rolled back by itself: {because}");
    let signed = Signature {
        who,
        why: &why,
        at: now,
    };
    let back = workshop.registry.rollback(name, CHAMPION, version, signed);
    match back.await {
        Ok(change) => Ok(Some(change)),
        Err(
            RollbackError::NothingBefore { .. } | RollbackError::Alias(AliasError::Moved { .. }),
        ) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Whether nobody but its gate let a version answer.
pub(super) fn is_by_gate(change: &AliasChange) -> bool {
    change.cause == Cause::Promoted && [TRAINED, WHO].contains(&change.who.as_str())
}

/// A champion that was taken back is an incident; one that answers by another way is the end of it.
pub(super) async fn note_rollback(
    workshop: &Workshop,
    present: &AliasChange,
    now: Timestamp,
) -> Result<(), NoteError> {
    let name = &present.product;
    let cause = format!("rollback/{name}");
    let who = present.who.as_str();
    let by_itself = present.cause == Cause::RolledBack && [WHO, REVIEW].contains(&who);
    let signal = by_itself.then(|| Signal {
        cause: cause.clone(),
        product: Some(name.clone()),
        what: format!(
            "version {} answers again: version {} was {}",
            present.to,
            present.from.unwrap_or_default(),
            present.why
        ),
        page: format!("/products/{name}"),
    });
    let signals: Vec<Signal> = signal.into_iter().collect();
    workshop.note(&[&cause], &signals, now).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_few_answers_a_bad_one_is_no_failure_and_of_many_what_chance_makes_is_none() {
        assert!(!is_too_many(3, 0.0));
        assert!(is_too_many(4, 0.0));
        assert!(!is_too_many(133, 100.0));
        assert!(is_too_many(134, 100.0));
    }
}
