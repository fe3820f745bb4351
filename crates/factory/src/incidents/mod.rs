//! What is wrong with a shop, from when to when, and who is told of it.
//!
//! A [`Signal`] is something wrong as of one look; [`Workshop::note`] makes incidents of what a look shows, and closes
//! what it shows no more. [`Workshop::note_review`] does so with a review. [`Workshop::tell`] sends one message of each
//! incident to whoever `[alerts]` of `comptoir.toml` names. A caller that reviews and runs jobs does
//!
//! ```no_run
//! # async fn job(workshop: &factory::Workshop, review: &factory::review::Review) -> Result<(), Box<dyn std::error::Error>> {
//! use factory::incidents::Signal;
//! let now = jiff::Timestamp::now();
//! workshop.note_review(review, now).await?;
//! // A job that failed for good; with no signal when it is done, which closes the incident.
//! let failed = Signal {
//!     cause: "job/nightly-import".to_owned(),
//!     product: None,
//!     what: "the job nightly-import failed three times: no file raw/sales.csv".to_owned(),
//!     page: "/review".to_owned(),
//! };
//! workshop.note(&["job/nightly-import"], &[failed], now).await?;
//! workshop.tell(now).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Reading order: [`registry::IncidentRecord`] (what is kept), `signals` (what a review shows), `settings` (who is told),
//! `silence` (when not), `tell` (what is sent), `channels` (how).

mod channels;
mod message;
pub(crate) mod settings;
mod signals;
mod silence;
mod standing;
mod tell;

pub use channels::SendError;
pub use registry::{About, IncidentRecord, NoteError, Noted, Signal};
pub use settings::{Alerts, AlertsFile, EmailFile, FileFile, Tls, WebhookFile};
pub use silence::Silence;
pub use standing::{Incident, Stage, Telling};
pub use tell::{Delivery, Told};

use crate::Workshop;
use crate::review::Review;
use jiff::Timestamp;
use lake::LakeError;
use registry::StoreError;
use signals::{DATA_AGE, IMPORT, INPUT, MIX, PROMISE, RUN, Shown, TABLE_AGE};
use std::collections::{BTreeMap, BTreeSet};

/// Why what a review shows is not noted.
#[derive(Debug, thiserror::Error)]
pub enum NoteReviewError {
    /// The lake.
    #[error("read which imports were refused")]
    Lake(#[from] LakeError),
    /// The registry.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl From<StoreError> for NoteReviewError {
    fn from(error: StoreError) -> Self {
        Self::Note(error.into())
    }
}

impl Workshop {
    /// Notes what one look has shown: incidents are opened for causes that are new, and those of the scope that show no
    /// more are closed. What shows again within `calm_minutes` of `[alerts]` is the same incident.
    ///
    /// - `scope`: what was looked at, as paths of causes; all signals lie within it. A job that ran passes its own cause,
    ///   `["job/nightly-import"]`, with a signal where it failed and with none where it did not.
    /// - `now`: the moment of the look.
    ///
    /// # Errors
    /// [`NoteError`]: a signal lies outside of the scope, or the registry cannot be used; nothing is noted then.
    pub async fn note(
        &self,
        scope: &[&str],
        signals: &[Signal],
        now: Timestamp,
    ) -> Result<Noted, NoteError> {
        let calm = self.project.alerts.calm;
        self.registry.note_signals(scope, signals, calm, now).await
    }

    /// Notes what a review shows: promises that are broken or whose budget burns too fast, trainings that failed, columns
    /// that have changed; and imports that were refused. What has become unknown neither opens nor closes anything. A review of some products
    /// says nothing of the others, nor of what all have in common.
    ///
    /// Causes below `promise`, `run`, `import`, `input`, `mix` and `table_age`, and `data_age`, are those of reviews: a review of all
    /// products closes whatever it does not show of them. Who notes something else calls it otherwise, as jobs are `job/…`.
    ///
    /// # Errors
    /// [`NoteReviewError`] when lake or registry cannot be used; nothing is noted then.
    pub async fn note_review(
        &self,
        review: &Review,
        now: Timestamp,
    ) -> Result<Noted, NoteReviewError> {
        let is_whole = review.products.len() == self.project.products.len();
        let mut refused = if is_whole {
            self.refused_imports().await?
        } else {
            BTreeMap::new()
        };
        // One whose file is gone is never imported again.
        refused.retain(|name, _| self.project.sources.iter().any(|s| s.name() == name));
        let open = self.registry.incidents(now).await?.into_iter();
        let open: BTreeSet<String> = open
            .filter(|incident| incident.closed_at.is_none())
            .map(|incident| incident.cause)
            .collect();
        let mut shown = Shown::by(review, &refused, &open);
        if is_whole {
            // Those of products and promises that are no longer there, too.
            shown.known.extend(open.into_iter().filter(|cause| {
                let first = cause.split('/').next().unwrap_or_default();
                [PROMISE, RUN, IMPORT, INPUT, MIX, DATA_AGE, TABLE_AGE].contains(&first)
            }));
        } else {
            // What several products have in common is left to reviews of all.
            let is_common = |cause: &str| {
                let first = cause.split('/').next().unwrap_or_default();
                [DATA_AGE, TABLE_AGE, INPUT, MIX].contains(&first)
            };
            shown.known.retain(|cause| !is_common(cause));
            shown.signals.retain(|signal| !is_common(&signal.cause));
        }
        let causes: BTreeSet<&str> = shown.signals.iter().map(|s| s.cause.as_str()).collect();
        let scope: Vec<&str> = shown
            .known
            .iter()
            .map(String::as_str)
            .filter(|cause| causes.contains(cause) || !shown.unknown.contains(*cause))
            .collect();
        Ok(self.note(&scope, &shown.signals, now).await?)
    }
}
