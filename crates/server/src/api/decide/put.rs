//! A question that is put to a version, and what became of it.

use crate::live::{Answering, Slot};
use crate::state::AppState;
use products::{Asked, Decisions, Infeasible, LimitLeft};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A question that is put to a version.
pub(super) struct Put {
    pub(super) live: Arc<Answering>,
    pub(super) asked: Asked,
    pub(super) held_out: bool,
    pub(super) now: jiff::Timestamp,
}

/// What became of it.
pub(super) enum Tried {
    Decided(Decisions),
    Refused(Infeasible),
    /// The version failed.
    Failed,
    /// It was not through by the deadline.
    Late,
}

impl Put {
    /// - `live`: the champion.
    /// - `short`: limits that turned out not to pay for what was decided.
    pub(super) fn new(
        state: &AppState,
        slot: &Slot,
        live: &Arc<Answering>,
        asked: Asked,
        short: &[LimitLeft],
    ) -> Self {
        let holdout = &state.workshop.project.file.holdout;
        let now = jiff::Timestamp::now();
        let held_out = holdout.is_held_out(&asked);
        let live = if held_out {
            Arc::clone(live)
        } else {
            slot.chosen(live, &asked)
        };
        let mut asked = state.stood(slot.name(), &live, asked, now);
        asked.standing.note_short(short);
        Self {
            held_out,
            asked,
            live,
            now,
        }
    }

    pub(super) fn baseline(&self) -> Result<Decisions, Infeasible> {
        self.live.serving.baseline(&self.asked, self.now)
    }

    /// What the version decides, or for the holdout its baseline.
    fn decide(&self) -> Tried {
        let decide = || {
            if self.held_out {
                self.baseline()
            } else {
                self.live.serving.decide(&self.asked, self.now)
            }
        };
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(decide)) {
            Ok(Ok(decided)) => Tried::Decided(decided),
            Ok(Err(infeasible)) => Tried::Refused(infeasible),
            Err(_) => Tried::Failed,
        }
    }

    /// Decides here and now; what took longer than the deadline is late. With how long it took.
    pub(super) fn decide_here(&self, deadline: Duration) -> (Tried, Duration) {
        let started = Instant::now();
        let tried = self.decide();
        let took = started.elapsed();
        if matches!(tried, Tried::Decided(_)) && took > deadline {
            return (Tried::Late, took);
        }
        (tried, took)
    }
}

/// Decides where it can be left behind at the deadline. That costs two changes of thread.
pub(super) async fn decide_watched(put: &Arc<Put>, deadline: Duration) -> (Tried, Duration) {
    let started = Instant::now();
    let scoring = Arc::clone(put);
    let mut scoring = tokio::task::spawn_blocking(move || scoring.decide());
    let tried = match tokio::time::timeout(deadline, &mut scoring).await {
        Ok(Ok(tried)) => tried,
        Ok(Err(_)) => Tried::Failed,
        Err(_) => {
            // Where it has not begun yet, it need not.
            scoring.abort();
            Tried::Late
        }
    };
    (tried, started.elapsed())
}
