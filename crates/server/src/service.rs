//! How each product answers, written down every few minutes, so that a review knows it when this process is gone.

use crate::figures::OfProduct;
use crate::state::AppState;
use factory::review::SLOT_MINUTES;
use jiff::Timestamp;
use monitoring::latency::Snapshot;
use registry::ServiceRecord;
use std::collections::BTreeMap;

/// What is counted of a product since the start of the process.
#[derive(Debug, Clone, Default)]
struct Counts {
    answered: u64,
    unanswered: u64,
    fallbacks: u64,
    times: Snapshot,
}

impl Counts {
    fn of(figures: &OfProduct) -> Self {
        Self {
            answered: figures.answered(),
            unanswered: figures.unanswered.get(),
            fallbacks: figures.fallbacks(),
            times: figures.answer_time.snapshot(),
        }
    }
}

/// A record that is not closed yet.
struct Open {
    version: u32,
    began_at: Timestamp,
    /// What was counted when it began.
    before: Counts,
}

/// Turns the figures of this process into records.
pub(crate) struct Recorder {
    process: String,
    open: BTreeMap<String, Open>,
    /// Closed, and not written yet.
    closed: Vec<ServiceRecord>,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self {
            process: uuid::Uuid::now_v7().simple().to_string(),
            open: BTreeMap::new(),
            closed: Vec::new(),
        }
    }

    /// Closes the records whose time is over or whose version answers no more, and all of them where `last`; then writes
    /// what is closed. Where the registry is away it is kept, and written when it is back.
    pub(crate) async fn look(&mut self, state: &AppState, now: Timestamp, last: bool) {
        for (name, slot) in &state.live.slots {
            let Some(figures) = state.figures.told(slot) else {
                continue;
            };
            let version = slot.answering().map_or(0, |a| a.version);
            self.close_where_due(name, figures, version, now, last);
        }
        if self.closed.is_empty() {
            return;
        }
        match state.workshop.registry.add_service(&self.closed).await {
            Ok(()) => self.closed.clear(),
            Err(error) => tracing::warn!(
                error = factory::run::one_line(&error),
                "how products answered is written down later"
            ),
        }
    }

    fn close_where_due(
        &mut self,
        name: &str,
        figures: &OfProduct,
        version: u32,
        now: Timestamp,
        last: bool,
    ) {
        let slot = |at: Timestamp| at.as_second().div_euclid(60 * i64::from(SLOT_MINUTES));
        let begin = |before| Open {
            version,
            began_at: now,
            before,
        };
        let Some(open) = self.open.get_mut(name) else {
            // What was counted before the first look belongs to the first record.
            self.open.insert(name.to_owned(), begin(Counts::default()));
            return;
        };
        let due = last || open.version != version || slot(open.began_at) != slot(now);
        if !due {
            return;
        }
        let counts = Counts::of(figures);
        let answered = counts.answered.saturating_sub(open.before.answered);
        let unanswered = counts.unanswered.saturating_sub(open.before.unanswered);
        if answered + unanswered > 0 {
            // An answer counts once it is logged, its fallback a moment before.
            let fallbacks = counts.fallbacks.saturating_sub(open.before.fallbacks);
            self.closed.push(ServiceRecord {
                product: name.to_owned(),
                process: self.process.clone(),
                version: open.version,
                began_at: open.began_at,
                ended_at: now.max(open.began_at),
                answered,
                unanswered,
                fallbacks: fallbacks.min(answered),
                times: counts.times.since(&open.before.times).to_bytes(),
            });
        }
        *open = begin(counts);
    }
}
