//! What all requests share.

use crate::api::orders::OrderAnswers;
use crate::auth::Gatekeeper;
use crate::figures::{Figures, OfProduct};
use crate::live::{Answering, Live, Slot};
use crate::otlp::{Span, Traces};
use crate::shadow::{Shadows, Unseen};
use crate::trace::Slowest;
use factory::{Given, Ledger, Workshop};
use jiff::Timestamp;
use lake::log::{DecisionRecord, Drain, LogRecord, RecentIds, Wal};
use parking_lot::Mutex;
use products::{Asked, Standing};
use schema::DecisionId;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// Decisions kept in memory to be looked up at once; older ones are read from the log or the lake.
const DECISIONS_KEPT: usize = 10_000;

/// Event identifiers kept to notice a repeated one at once; the lake notices older ones.
const EVENT_IDS_KEPT: usize = 1_000_000;

/// The latest decisions, oldest dropped first.
#[derive(Default)]
pub(crate) struct LatestDecisions {
    order: VecDeque<Arc<str>>,
    /// As in the log: a tenth of what the parsed record would take.
    by_id: HashMap<Arc<str>, Vec<u8>>,
}

impl LatestDecisions {
    /// Adds a decision as it stands in the log.
    pub(crate) fn add(&mut self, id: &DecisionId, logged: Vec<u8>) {
        let id: Arc<str> = id.as_str().into();
        self.order.push_back(Arc::clone(&id));
        self.by_id.insert(id, logged);
        if self.order.len() > DECISIONS_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<DecisionRecord> {
        match LogRecord::from_bytes(self.by_id.get(id)?) {
            Ok(LogRecord::Decision(record)) => Some(record),
            Ok(LogRecord::Event(_) | LogRecord::Shadow(_) | LogRecord::OrderAnswer(_)) | Err(_) => {
                None
            }
        }
    }
}

/// What all requests share.
pub(crate) struct AppState {
    pub(crate) workshop: Workshop,
    /// Whether requests are timed, counted and noted.
    pub(crate) monitored: bool,
    pub(crate) live: Live,
    pub(crate) wal: Arc<Wal>,
    pub(crate) drain: Drain,
    pub(crate) gatekeeper: Gatekeeper,
    pub(crate) latest: Mutex<LatestDecisions>,
    pub(crate) event_ids: Mutex<RecentIds>,
    /// What people made of proposed orders lately.
    pub(crate) order_answers: OrderAnswers,
    pub(crate) figures: Figures,
    /// What this process may promise; none where no product has a ledger.
    pub(crate) ledger: Option<Ledger>,
    /// What customers got lately; none where no product caps it.
    pub(crate) given: Option<Given>,
    /// The way of questions to challengers.
    shadows: Shadows,
    pub(crate) slowest: Slowest,
    /// The way of requests to a collector; none where the project names none.
    pub(crate) traces: Option<Traces>,
    pub(crate) started_at: Timestamp,
}

/// What comes out of the state, for those who work beside requests.
pub(crate) struct Ways {
    /// Questions for challengers.
    pub(crate) unseen: Receiver<Unseen>,
    /// Requests for a collector, and its address.
    pub(crate) spans: Option<(String, tokio::sync::mpsc::Receiver<Span>)>,
}

impl AppState {
    /// The state, and what comes out of it.
    pub(crate) fn new(workshop: Workshop, wal: Arc<Wal>, drain: Drain) -> (Self, Ways) {
        let (shadows, unseen) = Shadows::new();
        let of = &workshop.project.file.server;
        let (traces, spans) = of
            .traces
            .clone()
            .filter(|_| of.monitoring)
            .map(|address| {
                let (traces, spans) = Traces::new(of.traces_share);
                (traces, (address, spans))
            })
            .unzip();
        let products = workshop.project.products.as_slice();
        let figures = Figures::new(if of.monitoring { products } else { &[] });
        let state = Self {
            monitored: of.monitoring,
            live: Live::new(&workshop),
            shadows,
            slowest: Slowest::default(),
            traces,
            started_at: Timestamp::now(),
            ledger: Ledger::of(&workshop, wal.place()),
            given: Given::of(
                &workshop.lake,
                workshop
                    .project
                    .products
                    .iter()
                    .filter_map(|product| factory::counted(product.as_ref())),
            ),
            workshop,
            wal,
            drain,
            gatekeeper: Gatekeeper::default(),
            latest: Mutex::default(),
            event_ids: Mutex::new(RecentIds::new(EVENT_IDS_KEPT)),
            order_answers: OrderAnswers::default(),
            figures,
        };
        (state, Ways { unseen, spans })
    }

    /// Puts a question that a version answered to the challenger too, where there is one.
    pub(crate) fn put_to_challenger(
        &self,
        slot: &Slot,
        shown: u32,
        decision_id: &DecisionId,
        asked: &Asked,
        at: Timestamp,
    ) {
        let Some(challenger) = slot.challenger() else {
            return;
        };
        let question = Unseen {
            challenger,
            product: slot.name().to_owned(),
            decision_id: decision_id.clone(),
            shown,
            asked: asked.clone(),
            at,
        };
        if !self.shadows.put(question) {
            self.count_shadow_left_out(slot.name());
        }
    }

    /// The figures of a product, to count in.
    pub(crate) fn figures_of(&self, product: &str) -> Option<&OfProduct> {
        let slot = self.live.slots.get(product)?;
        self.figures.of(slot)
    }

    pub(crate) fn count_shadow_answered(&self, product: &str) {
        if let Some(of) = self.figures_of(product) {
            of.shadow_answers.increment();
        }
    }

    pub(crate) fn count_shadow_left_out(&self, product: &str) {
        if let Some(of) = self.figures_of(product) {
            of.shadow_left_out.increment();
        }
    }

    /// A question to a product with what it stands under.
    ///
    /// - `live`: that is asked.
    pub(crate) fn stood(
        &self,
        product: &str,
        live: &Answering,
        asked: Asked,
        now: Timestamp,
    ) -> Asked {
        let (ledger, given) = (self.ledger.as_ref(), self.given.as_ref());
        let counted_by = || live.serving.counted_by(&asked);
        let standing = Standing {
            pace: ledger.and_then(|ledger| ledger.pace(product, live.serving.week(), now)),
            given: given.map_or_else(Vec::new, |given| given.to(product, &asked, now)),
            short: ledger.map_or_else(Vec::new, |of| {
                of.short(product, live.version, counted_by(), now)
            }),
        };
        Asked { standing, ..asked }
    }
}
