//! What is counted of requests.
//!
//! A request only leaves a note; some notes at a time are added up. Between two requests the processor forgets where
//! counts lie, and waiting for that memory is most of what counting costs.

use crate::live::Slot;
use crate::trace::{Noted, Part};
use axum::extract::MatchedPath;
use axum::http::StatusCode;
use monitoring::latency::Snapshot;
use monitoring::metrics::{Counter, Indicator, Label, Registry as Metrics, ResponseTimes};
use parking_lot::Mutex;
use products::Product;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Notes that are added up at once, where nobody asks for figures before.
const AT_ONCE: usize = 64;

/// Answers to each late one under which scoring is watched.
const ANSWERS_PER_LATE_MIN: u64 = 1_000;

/// The indicators of this program have the labels they are opened with.
const BROKEN: &str = "an indicator is opened with its own labels";

/// Where no version answers.
pub(crate) const NO_VERSION: u32 = 0;

/// The figures of one version of a product: while a challenger answers some of the customers, what it does is not the
/// champion's doing.
#[derive(Default)]
pub(crate) struct OfVersion {
    decisions: Arc<Counter>,
    /// From a single question to its logged answer.
    answer_time: Arc<ResponseTimes>,
    unanswered: Arc<Counter>,
    fallbacks: Arc<Counter>,
}

/// What was counted since the start of the process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) answered: u64,
    pub(crate) unanswered: u64,
    pub(crate) fallbacks: u64,
    pub(crate) times: Snapshot,
}

impl OfVersion {
    fn new(metrics: &Metrics, product: &str, version: u32) -> Self {
        let version = version.to_string();
        let labels = [(Label::Product, product), (Label::Version, &version)];
        let counter = |indicator| metrics.counter(indicator, &labels).unwrap_or_default();
        Self {
            decisions: counter(Indicator::Decisions),
            answer_time: metrics
                .response_times(Indicator::AnswerTime, &labels)
                .unwrap_or_default(),
            unanswered: counter(Indicator::Unanswered),
            fallbacks: counter(Indicator::Fallbacks),
        }
    }

    fn counts(&self) -> Counts {
        Counts {
            answered: self.decisions.get(),
            unanswered: self.unanswered.get(),
            fallbacks: self.fallbacks.get(),
            times: self.answer_time.snapshot(),
        }
    }
}

/// The figures of one product, opened once so that a request only counts.
pub(crate) struct OfProduct {
    name: String,
    pub(crate) time: Arc<ResponseTimes>,
    pub(crate) failures: Arc<Counter>,
    pub(crate) shadow_answers: Arc<Counter>,
    pub(crate) shadow_left_out: Arc<Counter>,
    pub(crate) reserved_cents: Arc<Counter>,
    pub(crate) spent_cents: Arc<Counter>,
    pub(crate) refused: Arc<Counter>,
    versions: Mutex<BTreeMap<u32, OfVersion>>,
    is_often_late: AtomicBool,
}

impl OfProduct {
    fn new(metrics: &Metrics, product: &dyn Product) -> Self {
        let name = product.header().name.clone();
        let labels = [(Label::Product, name.as_str())];
        let counter = |indicator| metrics.counter(indicator, &labels).expect(BROKEN);
        let times = |indicator| metrics.response_times(indicator, &labels).expect(BROKEN);
        Self {
            time: times(Indicator::DecisionTime),
            failures: counter(Indicator::DecisionFailures),
            shadow_answers: counter(Indicator::ShadowAnswers),
            shadow_left_out: counter(Indicator::ShadowLeftOut),
            reserved_cents: counter(Indicator::BudgetReserved),
            spent_cents: counter(Indicator::BudgetSpent),
            refused: counter(Indicator::BudgetRefused),
            versions: Mutex::default(),
            is_often_late: AtomicBool::new(false),
            name,
        }
    }

    /// What was counted of each version.
    pub(crate) fn by_version(&self) -> BTreeMap<u32, Counts> {
        let versions = self.versions.lock();
        versions.iter().map(|(v, of)| (*v, of.counts())).collect()
    }

    /// What was counted of all versions.
    pub(crate) fn counts(&self) -> Counts {
        let mut all = Counts::default();
        for of in self.by_version().values() {
            all.answered += of.answered;
            all.unanswered += of.unanswered;
            all.fallbacks += of.fallbacks;
            all.times.merge(&of.times);
        }
        all
    }

    fn of_version(&self, metrics: &Metrics, version: u32, count: impl FnOnce(&OfVersion)) {
        let mut versions = self.versions.lock();
        let opened = || OfVersion::new(metrics, &self.name, version);
        count(versions.entry(version).or_insert_with(opened));
        let of_all = |count: fn(&OfVersion) -> u64| -> u64 { versions.values().map(count).sum() };
        let late = of_all(|of| of.fallbacks.get());
        let often = late > 0 && late * ANSWERS_PER_LATE_MIN > of_all(|of| of.decisions.get());
        if often != self.is_often_late() {
            self.is_often_late.store(often, Ordering::Relaxed);
        }
    }

    /// Whether so many answers were late since the server started that scoring is watched.
    pub(crate) fn is_often_late(&self) -> bool {
        self.is_often_late.load(Ordering::Relaxed)
    }
}

/// The figures of one route. Counts lie together here and are told to counters when those are read.
#[derive(Default)]
pub(crate) struct OfRoute {
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

impl OfRoute {
    fn new(metrics: &Metrics, route: &str) -> Self {
        let labels = [(Label::Route, route)];
        let time = metrics.response_times(Indicator::ResponseTime, &labels);
        Self {
            time: time.unwrap_or_default(),
            ..Self::default()
        }
    }

    fn add(&mut self, request: &Counted) {
        self.time.record(request.took);
        self.request_bytes += request.request_bytes;
        self.response_bytes += request.response_bytes;
        self.largest_response = self.largest_response.max(request.response_bytes);
        count(&mut self.answered, request.status);
        if let Some(problem) = request.problem {
            count(&mut self.problems, problem);
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
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    pub(crate) route: Option<MatchedPath>,
    pub(crate) status: StatusCode,
    pub(crate) problem: Option<&'static str>,
    pub(crate) took: Duration,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
    /// Where it was a question to a product.
    pub(crate) noted: Option<Noted>,
}

impl Counted {
    /// The pattern, not the path: identifiers of customers are no labels.
    pub(crate) fn route(&self) -> &str {
        self.route.as_ref().map_or("none", MatchedPath::as_str)
    }
}

#[derive(Default)]
struct Requests {
    /// Not added up yet.
    waiting: Vec<Counted>,
    routes: HashMap<String, OfRoute>,
}

/// All figures of a server.
pub(crate) struct Figures {
    pub(crate) metrics: Metrics,
    /// By their place in the project; empty where nothing is counted.
    products: Vec<OfProduct>,
    log_time: Arc<ResponseTimes>,
    pub(crate) spans_lost: Arc<Counter>,
    requests: Mutex<Requests>,
}

impl Figures {
    /// - `products`: those that are counted.
    pub(crate) fn new(products: &[Arc<dyn Product>]) -> Self {
        let metrics = Metrics::default();
        Self {
            products: products
                .iter()
                .map(|product| OfProduct::new(&metrics, product.as_ref()))
                .collect(),
            log_time: metrics
                .response_times(Indicator::DecisionLogTime, &[])
                .expect(BROKEN),
            spans_lost: metrics.counter(Indicator::SpansLost, &[]).expect(BROKEN),
            requests: Mutex::default(),
            metrics,
        }
    }

    /// The figures of a product, to count in: nothing where nothing is counted.
    pub(crate) fn of(&self, slot: &Slot) -> Option<&OfProduct> {
        self.products.get(slot.place)
    }

    /// The figures of a product by now.
    pub(crate) fn told(&self, slot: &Slot) -> Option<&OfProduct> {
        self.add_up(&mut self.requests.lock());
        self.of(slot)
    }

    /// The figures of each route by now, told.
    pub(crate) fn routes<T>(&self, tell: impl Fn(&str, &OfRoute) -> T) -> Vec<T> {
        let mut requests = self.requests.lock();
        self.add_up(&mut requests);
        let routes = requests.routes.iter();
        routes.map(|(route, of)| tell(route, of)).collect()
    }

    /// Counts a request.
    pub(crate) fn request(&self, request: Counted) {
        let mut requests = self.requests.lock();
        requests.waiting.push(request);
        if requests.waiting.len() >= AT_ONCE {
            self.add_up(&mut requests);
        }
    }

    fn add_up(&self, requests: &mut Requests) {
        let Requests { waiting, routes } = requests;
        for request in waiting.drain(..) {
            let route = request.route();
            match routes.get_mut(route) {
                Some(of) => of.add(&request),
                None => {
                    let of = routes.entry(route.to_owned());
                    of.or_insert(OfRoute::new(&self.metrics, route))
                        .add(&request);
                }
            }
            if let Some(noted) = &request.noted {
                self.add(noted);
            }
        }
    }

    fn add(&self, noted: &Noted) {
        if let Some(time) = noted.took(Part::Log) {
            self.log_time.record(time);
        }
        let of = noted.product.and_then(|place| self.products.get(place));
        let Some(of) = of else { return };
        if let Some(time) = noted.scored {
            of.time.record(time);
        }
        if let (Some(time), Some(version)) = (noted.answered(), noted.version) {
            of.of_version(&self.metrics, version, |of| {
                of.answer_time.record(time);
                of.decisions.increment();
            });
        }
    }

    /// Counts a decision of a version that was asked for among several.
    pub(crate) fn decided(&self, slot: &Slot, version: u32) {
        self.count(slot, version, |of| of.decisions.increment());
    }

    /// Counts an answer that the declared fallback gave in place of a version.
    pub(crate) fn fell_back(&self, slot: &Slot, version: u32) {
        self.count(slot, version, |of| of.fallbacks.increment());
    }

    /// Counts a question without an answer.
    pub(crate) fn unanswered(&self, slot: &Slot, version: u32) {
        self.count(slot, version, |of| of.unanswered.increment());
    }

    fn count(&self, slot: &Slot, version: u32, count: impl FnOnce(&OfVersion)) {
        if let Some(of) = self.of(slot) {
            of.of_version(&self.metrics, version, count);
        }
    }

    /// All figures as a collector of metrics reads them.
    pub(crate) fn exposition(&self) -> String {
        let mut requests = self.requests.lock();
        self.add_up(&mut requests);
        for (route, of) in &requests.routes {
            of.tell(&self.metrics, route);
        }
        drop(requests);
        self.metrics.exposition()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Trace;
    use std::time::Instant;

    fn counted(took_ms: u64, noted: Option<Noted>) -> Counted {
        Counted {
            route: None,
            status: StatusCode::OK,
            problem: None,
            took: Duration::from_millis(took_ms),
            request_bytes: 40,
            response_bytes: took_ms,
            noted,
        }
    }

    fn logged() -> Option<Noted> {
        let before = Instant::now();
        let mut trace = Trace::new(true);
        trace.done(Part::Log);
        trace.leave();
        crate::trace::left(before)
    }

    #[test]
    fn whoever_asks_is_told_of_every_request_whether_it_was_added_up_or_not() {
        let figures = Figures::new(&[]);
        let n = AT_ONCE as u64 + 9;
        for took_ms in 1..=n {
            figures.request(counted(took_ms, logged()));
        }
        figures.request(Counted {
            status: StatusCode::NOT_FOUND,
            problem: Some("/problems/not-found"),
            ..counted(1, None)
        });
        let told = figures.routes(|route, of| {
            let longest = of.time.snapshot().longest();
            let answered = (of.answered.clone(), of.problems.clone());
            (route.to_owned(), longest, of.largest_response, answered)
        });
        let answered = vec![(StatusCode::OK, n), (StatusCode::NOT_FOUND, 1)];
        let problems = vec![("/problems/not-found", 1)];
        let longest = Some(Duration::from_millis(n));
        assert_eq!(
            told,
            [("none".to_owned(), longest, n, (answered, problems))]
        );
        figures.request(counted(1, logged()));
        let text = figures.exposition();
        for (line, count) in [
            (
                "comptoir_requests_total{route=\"none\",status=\"200\"}",
                n + 1,
            ),
            ("comptoir_decision_log_seconds_count", n + 1),
            ("comptoir_request_bytes_total{route=\"none\"}", 40 * (n + 2)),
        ] {
            assert!(
                text.contains(&format!("{line} {count}\n")),
                "{line}: {text}"
            );
        }
    }
}
