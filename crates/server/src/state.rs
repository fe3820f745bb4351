//! What all requests share.

use crate::api::orders::OrderAnswers;
use crate::auth::Gatekeeper;
use crate::live::{Answering, Live, Slot};
use crate::otlp::{Span, Traces};
use crate::shadow::{Shadows, Unseen};
use crate::trace::Slowest;
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
            Ok(LogRecord::Event(_) | LogRecord::Shadow(_) | LogRecord::OrderAnswer(_)) | Err(_) => {
                None
            }
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

/// The figures of one route. Counts lie together here and are told to counters when those are read: a request is to
/// touch little memory.
#[derive(Default)]
pub(crate) struct RouteMetrics {
    pub(crate) time: Arc<ResponseTimes>,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
    pub(crate) largest_response: u64,
    /// How many were answered by each status, and by each sort of problem.
    pub(crate) answered: Vec<(StatusCode, u64)>,
    pub(crate) problems: Vec<(&'static str, u64)>,
}

fn count<T: PartialEq>(counts: &mut Vec<(T, u64)>, what: T) {
    match counts.iter_mut().find(|(other, _)| *other == what) {
        Some((_, count)) => *count += 1,
        None => counts.push((what, 1)),
    }
}

impl RouteMetrics {
    fn of(metrics: &Metrics, route: &str) -> Self {
        let labels = [(Label::Route, route)];
        let time = metrics.response_times(Indicator::ResponseTime, &labels);
        Self {
            time: time.unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Tells counters what was counted since they were told last.
    fn tell(&self, metrics: &Metrics, route: &str) {
        let route = (Label::Route, route);
        let tell = |indicator, labels: &[(Label, &str)], count: u64| {
            let counter = metrics.counter(indicator, labels).unwrap_or_default();
            counter.add(count.saturating_sub(counter.get()));
        };
        tell(Indicator::RequestBytes, &[route], self.request_bytes);
        tell(Indicator::ResponseBytes, &[route], self.response_bytes);
        for (status, count) in &self.answered {
            let labels = [route, (Label::Status, status.as_str())];
            tell(Indicator::Requests, &labels, *count);
        }
        for (problem, count) in &self.problems {
            let labels = [route, (Label::Problem, *problem)];
            tell(Indicator::Problems, &labels, *count);
        }
    }
}

/// A request as it is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted<'a> {
    /// The pattern, not the path: identifiers of customers are no labels.
    pub(crate) route: &'a str,
    pub(crate) status: StatusCode,
    pub(crate) problem: Option<&'static str>,
    pub(crate) took: Duration,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
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
    pub(crate) metrics: Metrics,
    /// Empty where nothing is counted.
    pub(crate) of_product: BTreeMap<String, ProductMetrics>,
    pub(crate) of_route: Mutex<HashMap<String, RouteMetrics>>,
    pub(crate) log_time: Arc<ResponseTimes>,
    /// What this process may promise; none where no product has a ledger.
    pub(crate) ledger: Option<Ledger>,
    /// What customers got lately; none where no product caps it.
    pub(crate) given: Option<Given>,
    /// The way of questions to challengers.
    shadows: Shadows,
    pub(crate) slowest: Slowest,
    /// The way of requests to a collector; none where the project names none.
    pub(crate) traces: Option<Traces>,
    pub(crate) spans_lost: Arc<Counter>,
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
        let metrics = Metrics::default();
        let broken = "the indicators of this program have the labels they are opened with";
        let of_product = workshop
            .project
            .products
            .iter()
            .filter(|_| of.monitoring)
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
        let spans_lost = metrics.counter(Indicator::SpansLost, &[]).expect(broken);
        let state = Self {
            monitored: of.monitoring,
            live: Live::new(&workshop),
            shadows,
            slowest: Slowest::default(),
            traces,
            spans_lost,
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
            metrics,
            of_product,
            of_route: Mutex::default(),
            log_time,
        };
        (state, Ways { unseen, spans })
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

    /// Counts and times a request.
    pub(crate) fn count_request(&self, request: Counted<'_>) {
        let mut routes = self.of_route.lock();
        let of = match routes.get_mut(request.route) {
            Some(of) => of,
            None => routes
                .entry(request.route.to_owned())
                .or_insert(RouteMetrics::of(&self.metrics, request.route)),
        };
        of.time.record(request.took);
        of.request_bytes += request.request_bytes;
        of.response_bytes += request.response_bytes;
        of.largest_response = of.largest_response.max(request.response_bytes);
        count(&mut of.answered, request.status);
        if let Some(problem) = request.problem {
            count(&mut of.problems, problem);
        }
    }

    /// All figures as a collector of metrics reads them.
    pub(crate) fn exposition(&self) -> String {
        for (route, of) in self.of_route.lock().iter() {
            of.tell(&self.metrics, route);
        }
        self.metrics.exposition()
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
