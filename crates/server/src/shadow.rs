//! Challengers that answer the same questions unseen: beside the threads that answer, and only what time leaves them.

use crate::live::Answering;
use crate::state::AppState;
use lake::log::{DecisionRecord, LogRecord, ShadowOutcome, ShadowRecord};
use products::{Asked, Decisions};
use schema::DecisionId;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Questions that wait at most; where more come they are left out and counted.
const WAITING: usize = 4_096;

/// Bytes that wait for the disk, from which on answers in the shadow are left out: a quarter of what the log holds before
/// it refuses decisions.
const LOG_BUSY_BYTES: usize = 4 << 20;

/// A question that was answered, for a challenger.
pub(crate) struct Unseen {
    pub(crate) challenger: Arc<Answering>,
    pub(crate) product: String,
    pub(crate) decision_id: DecisionId,
    /// The version that answered.
    pub(crate) shown: u32,
    pub(crate) asked: Asked,
    pub(crate) at: jiff::Timestamp,
}

/// Questions on their way to challengers.
#[derive(Debug, Clone)]
pub(crate) struct Shadows(SyncSender<Unseen>);

impl Shadows {
    /// Both ends of the way.
    pub(crate) fn new() -> (Self, Receiver<Unseen>) {
        let (sender, receiver) = sync_channel(WAITING);
        (Self(sender), receiver)
    }

    /// Puts a question to a challenger some time; false where too many wait already.
    pub(crate) fn put(&self, question: Unseen) -> bool {
        self.0.try_send(question).is_ok()
    }
}

/// Answers in the shadow on this thread until the state is gone that questions come from.
///
/// - `runtime`: in which what is logged is waited for.
pub(crate) fn answer(
    state: &Weak<AppState>,
    questions: &Receiver<Unseen>,
    runtime: &tokio::runtime::Handle,
) {
    crate::serve::yield_to_answers();
    while let Ok(question) = questions.recv() {
        let Some(state) = state.upgrade() else { return };
        if state.wal.stats().waiting_bytes > LOG_BUSY_BYTES {
            state.count_shadow_left_out(&question.product);
            continue;
        }
        let Some(record) = answered(&state, &question) else {
            continue;
        };
        let Ok(bytes) = LogRecord::Shadow(record).to_bytes() else {
            state.count_shadow_left_out(&question.product);
            continue;
        };
        // In the queue of the log from here on; only whether it came to the disk is waited for, elsewhere.
        let appended = state.wal.append(&bytes);
        let product = question.product;
        runtime.spawn(async move {
            match appended.await {
                Ok(_) => state.count_shadow_answered(&product),
                Err(_) => state.count_shadow_left_out(&product),
            }
        });
    }
}

/// What a challenger makes of a question.
pub(crate) fn answered(state: &AppState, question: &Unseen) -> Option<ShadowRecord> {
    let product = &state.live.slots.get(&question.product)?.product;
    let deadline = Duration::from_millis(product.header().deadline_ms);
    let serving = &question.challenger.serving;
    let started = Instant::now();
    let decide = || serving.decide(&question.asked, question.at);
    let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(decide));
    let took = started.elapsed();
    let (decided, outcome) = match tried {
        Ok(Ok(decided)) if took > deadline => (decided, ShadowOutcome::Late),
        Ok(Ok(decided)) => (decided, ShadowOutcome::Answered),
        Ok(Err(_)) => (nothing(question), ShadowOutcome::Refused),
        Err(_) => (nothing(question), ShadowOutcome::Failed),
    };
    let answer = factory::batch::record(
        question.decision_id.clone(),
        question.at,
        product.as_ref(),
        question.challenger.version,
        &question.asked,
        &decided,
    );
    Some(ShadowRecord {
        answer: without_reasons(answer),
        shown: question.shown,
        outcome,
        took,
    })
}

fn nothing(question: &Unseen) -> Decisions {
    Decisions {
        placement: question.asked.placement.clone(),
        actions: Vec::new(),
        short_of: None,
        method: String::new(),
        stake: None,
    }
}

/// Nobody asks why of what nobody saw: reasons are most of a record.
fn without_reasons(mut record: DecisionRecord) -> DecisionRecord {
    if let lake::log::Answer::Actions(actions) = &mut record.answer {
        for action in actions {
            action.reasons = schema::Json::default();
        }
    }
    record
}
