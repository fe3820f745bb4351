//! What all requests share.

use crate::auth::Gatekeeper;
use crate::live::{Live, Slot};
use crate::shadow::{Shadows, Unseen};
use axum::http::StatusCode;
use factory::{Given, Ledger, Workshop};
use jiff::Timestamp;
use lake::log::{DecisionRecord, Drain, LogRecord, RecentIds, Wal};
use monitoring::metrics::{Counter, Indicator, Label, Registry as Metrics, ResponseTimes};
use parking_lot::Mutex;
use products::{Asked, Standing};
use schema::DecisionId;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

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
            Ok(LogRecord::Event(_) | LogRecord::Shadow(_)) | Err(_) => None,
        }
    }
}

/// The figures of one product, opened once so that a request only counts.
pub(crate) struct ProductMetrics {
    pub(crate) time: Arc<ResponseTimes>,
    /// From a single question to its logged answer.
    pub(crate) answer_time: Arc<ResponseTimes>,
    pub(crate) unanswered: Arc<Counter>,
    pub(crate) fallbacks: Arc<Counter>,
    pub(crate) failures: Arc<Counter>,
    shadow_answers: Arc<Counter>,
    shadow_left_out: Arc<Counter>,
    pub(crate) reserved_cents: Arc<Counter>,
    pub(crate) spent_cents: Arc<Counter>,
    pub(crate) refused: Arc<Counter>,
    pub(crate) decisions: Mutex<BTreeMap<u32, Arc<Counter>>>,
}

/// The figures of one route, opened once so that a request only counts.
pub(crate) struct RouteMetrics {
    time: Arc<ResponseTimes>,
    answered: BTreeMap<StatusCode, Arc<Counter>>,
}

/// What all requests share.
pub(crate) struct AppState {
    pub(crate) workshop: Workshop,
    pub(crate) live: Live,
    pub(crate) wal: Arc<Wal>,
    pub(crate) drain: Drain,
    pub(crate) gatekeeper: Gatekeeper,
    pub(crate) latest: Mutex<LatestDecisions>,
    pub(crate) event_ids: Mutex<RecentIds>,
    pub(crate) metrics: Metrics,
    pub(crate) of_product: BTreeMap<String, ProductMetrics>,
    pub(crate) of_route: Mutex<BTreeMap<String, RouteMetrics>>,
    pub(crate) log_time: Arc<ResponseTimes>,
    /// What this process may promise; none where no product has a ledger.
    pub(crate) ledger: Option<Ledger>,
    /// What customers got lately; none where no product caps it.
    pub(crate) given: Option<Given>,
    /// The way of questions to challengers.
    shadows: Shadows,
}

impl AppState {
    /// The state, and the questions that come to challengers.
    pub(crate) fn new(workshop: Workshop, wal: Arc<Wal>, drain: Drain) -> (Self, Receiver<Unseen>) {
        let (shadows, unseen) = Shadows::new();
        let metrics = Metrics::default();
        let broken = "the indicators of this program have the labels they are opened with";
        let of_product = workshop
            .project
            .products
            .iter()
            .map(|p| {
                let name = p.header().name.as_str();
                let labels = [(Label::Product, name)];
                let counter = |indicator| metrics.counter(indicator, &labels).expect(broken);
                let times = |indicator| metrics.response_times(indicator, &labels).expect(broken);
                let of = ProductMetrics {
                    time: times(Indicator::DecisionTime),
                    answer_time: times(Indicator::AnswerTime),
                    unanswered: counter(Indicator::Unanswered),
                    fallbacks: counter(Indicator::Fallbacks),
                    failures: counter(Indicator::DecisionFailures),
                    shadow_answers: counter(Indicator::ShadowAnswers),
                    shadow_left_out: counter(Indicator::ShadowLeftOut),
                    reserved_cents: counter(Indicator::BudgetReserved),
                    spent_cents: counter(Indicator::BudgetSpent),
                    refused: counter(Indicator::BudgetRefused),
                    decisions: Mutex::default(),
                };
                (name.to_owned(), of)
            })
            .collect();
        let log_time = metrics
            .response_times(Indicator::DecisionLogTime, &[])
            .expect(broken);
        let state = Self {
            live: Live::new(&workshop),
            shadows,
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
            metrics,
            of_product,
            of_route: Mutex::default(),
            log_time,
        };
        (state, unseen)
    }

    /// Puts a question that a version answered to the challenger too, where there is one.
    pub(crate) fn put_to_challenger(
        &self,
        product: &str,
        shown: u32,
        decision_id: &DecisionId,
        asked: &Asked,
        at: Timestamp,
    ) {
        let slot = self.live.slots.get(product);
        let Some(challenger) = slot.and_then(Slot::challenger) else {
            return;
        };
        let question = Unseen {
            challenger,
            product: product.to_owned(),
            decision_id: decision_id.clone(),
            shown,
            asked: asked.clone(),
            at,
        };
        if !self.shadows.put(question) {
            self.count_shadow_left_out(product);
        }
    }

    pub(crate) fn count_shadow_answered(&self, product: &str) {
        if let Some(of) = self.of_product.get(product) {
            of.shadow_answers.increment();
        }
    }

    pub(crate) fn count_shadow_left_out(&self, product: &str) {
        if let Some(of) = self.of_product.get(product) {
            of.shadow_left_out.increment();
        }
    }

    /// A question to a product with what it stands under.
    pub(crate) fn stood(&self, product: &str, asked: Asked, now: Timestamp) -> Asked {
        let (ledger, given) = (self.ledger.as_ref(), self.given.as_ref());
        let standing = Standing {
            pace: ledger.and_then(|ledger| ledger.pace(product, now)),
            given: given.map_or_else(Vec::new, |given| given.to(product, &asked, now)),
        };
        Asked { standing, ..asked }
    }

    /// Counts and times a request.
    ///
    /// - `route`: the pattern, not the path: identifiers of customers are no labels.
    pub(crate) fn count_request(&self, route: &str, status: StatusCode, took: Duration) {
        let mut routes = self.of_route.lock();
        if !routes.contains_key(route) {
            let time = self
                .metrics
                .response_times(Indicator::ResponseTime, &[(Label::Route, route)])
                .unwrap_or_default();
            let answered = BTreeMap::new();
            routes.insert(route.to_owned(), RouteMetrics { time, answered });
        }
        let Some(of) = routes.get_mut(route) else {
            return;
        };
        of.time.record(took);
        let counter = of.answered.entry(status).or_insert_with(|| {
            let labels = [(Label::Route, route), (Label::Status, status.as_str())];
            self.metrics
                .counter(Indicator::Requests, &labels)
                .unwrap_or_default()
        });
        counter.increment();
    }

    /// Counts a decision of a version.
    pub(crate) fn count_decisions(&self, product: &str, version: u32, n: u64) {
        let Some(of) = self.of_product.get(product) else {
            return;
        };
        let mut versions = of.decisions.lock();
        let counter = versions.entry(version).or_insert_with(|| {
            let text = version.to_string();
            let labels = [(Label::Product, product), (Label::Version, text.as_str())];
            self.metrics
                .counter(Indicator::Decisions, &labels)
                .unwrap_or_default()
        });
        counter.add(n);
    }
}
