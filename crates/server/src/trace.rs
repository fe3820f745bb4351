//! What a request spent its time on. The slowest of the last hour are kept; some are sent to a collector.

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Requests that are kept at most.
const KEPT: usize = 20;

/// How long they are kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(1);

tokio::task_local! {
    static HERE: Arc<Trace>;
}

/// A part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Stage {
    pub(crate) what: &'static str,
    /// Microseconds from the request's beginning to that of the part.
    pub(crate) after_micros: u64,
    pub(crate) took_micros: u64,
}

/// The stages of a request, noted while it is answered.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) began: Instant,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    stages: Vec<Stage>,
    /// End of the last stage.
    until: Duration,
    product: Option<String>,
    version: Option<u32>,
}

fn micros(of: Duration) -> u64 {
    u64::try_from(of.as_micros()).unwrap_or(u64::MAX)
}

impl Trace {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            noted: Mutex::default(),
        })
    }

    /// Does work whose stages are those of this request.
    pub(crate) async fn within<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        HERE.scope(Arc::clone(self), work).await
    }

    /// What was noted.
    pub(crate) fn told(&self) -> (Vec<Stage>, Option<String>, Option<u32>) {
        let mut noted = self.noted.lock();
        let stages = std::mem::take(&mut noted.stages);
        (stages, noted.product.take(), noted.version)
    }
}

/// A part of the request under way is done: it lasted since the part before.
pub(crate) fn done(what: &'static str) {
    let _ = HERE.try_with(|trace| {
        let now = trace.began.elapsed();
        let mut noted = trace.noted.lock();
        let from = noted.until;
        noted.stages.push(Stage {
            what,
            after_micros: micros(from),
            took_micros: micros(now.saturating_sub(from)),
        });
        noted.until = now;
    });
}

/// The request under way is about a product.
pub(crate) fn about(product: &str) {
    let _ = HERE.try_with(|trace| trace.noted.lock().product = Some(product.to_owned()));
}

/// A version answers the request under way.
pub(crate) fn answered_by(version: u32) {
    let _ = HERE.try_with(|trace| trace.noted.lock().version = Some(version));
}

/// A request that was answered.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Answered {
    /// When it was answered.
    pub(crate) at: Timestamp,
    pub(crate) method: String,
    /// The pattern, without identifiers.
    pub(crate) route: String,
    pub(crate) product: Option<String>,
    pub(crate) version: Option<u32>,
    pub(crate) status: u16,
    /// The sort of problem, where it is one.
    pub(crate) problem: Option<&'static str>,
    pub(crate) took_micros: u64,
    pub(crate) stages: Vec<Stage>,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
    /// As the caller named it.
    pub(crate) request_id: Option<String>,
    /// As a collector knows it, where it is sent to one.
    pub(crate) trace_id: Option<String>,
}

/// The slowest requests of the last hour.
#[derive(Debug, Default)]
pub(crate) struct Slowest {
    kept: Mutex<Vec<Answered>>,
    /// Microseconds from which on a request is kept; 0 while there is room.
    from_micros: AtomicU64,
}

impl Slowest {
    /// Whether a request that took so long would be kept: what is not needs no lock.
    pub(crate) fn wants(&self, took: Duration) -> bool {
        micros(took) > self.from_micros.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, request: Answered) {
        let mut kept = self.kept.lock();
        forget_old(&mut kept, request.at);
        let at = kept.partition_point(|other| other.took_micros >= request.took_micros);
        kept.insert(at, request);
        kept.truncate(KEPT);
        self.remember_from(&kept);
    }

    /// The slowest first. What is older than an hour is forgotten here too, so that room is made where nothing slow comes.
    pub(crate) fn told(&self, now: Timestamp) -> Vec<Answered> {
        let mut kept = self.kept.lock();
        forget_old(&mut kept, now);
        self.remember_from(&kept);
        kept.clone()
    }

    fn remember_from(&self, kept: &[Answered]) {
        let least = kept.last().filter(|_| kept.len() == KEPT);
        let from = least.map_or(0, |least| least.took_micros);
        self.from_micros.store(from, Ordering::Relaxed);
    }
}

fn forget_old(kept: &mut Vec<Answered>, now: Timestamp) {
    kept.retain(|request| now.duration_since(request.at).abs() <= KEPT_FOR);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn answered(at: Timestamp, took_micros: u64) -> Answered {
        Answered {
            at,
            method: "POST".to_owned(),
            route: "/v1/products/{name}/decide".to_owned(),
            product: Some("for-you".to_owned()),
            version: Some(3),
            status: 200,
            problem: None,
            took_micros,
            stages: Vec::new(),
            request_bytes: 40,
            response_bytes: 900,
            request_id: None,
            trace_id: None,
        }
    }

    #[test]
    fn the_slowest_of_the_last_hour_are_kept_and_room_is_made_for_what_comes_after() {
        let at = |minute: i64| Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap();
        let slowest = Slowest::default();
        for n in 0..30 {
            slowest.add(answered(at(0), 1_000 + n));
        }
        let told = slowest.told(at(1));
        assert_eq!(told.len(), KEPT);
        assert_eq!(
            (told[0].took_micros, told[KEPT - 1].took_micros),
            (1_029, 1_010)
        );
        assert!(!slowest.wants(Duration::from_micros(1_010)));
        assert!(slowest.wants(Duration::from_micros(1_011)));
        // Over an hour later a quick one is the slowest.
        assert!(slowest.told(at(62)).is_empty());
        assert!(slowest.wants(Duration::from_micros(10)));
        slowest.add(answered(at(62), 10));
        assert_eq!(slowest.told(at(63)).len(), 1);
    }

    #[tokio::test]
    async fn stages_follow_each_other_and_add_up() {
        let trace = Trace::new();
        let work = async {
            tokio::time::sleep(Duration::from_millis(3)).await;
            done("read");
            about("for-you");
            tokio::time::sleep(Duration::from_millis(2)).await;
            done("decide");
            answered_by(7);
        };
        trace.within(work).await;
        done("nowhere");
        let (stages, product, version) = trace.told();
        assert_eq!((product.as_deref(), version), (Some("for-you"), Some(7)));
        let names: Vec<&str> = stages.iter().map(|stage| stage.what).collect();
        assert_eq!(names, ["read", "decide"]);
        assert!(stages[0].took_micros >= 3_000 && stages[1].took_micros >= 2_000);
        // To the microsecond below.
        let end = stages[0].after_micros + stages[0].took_micros;
        assert!(stages[1].after_micros.abs_diff(end) <= 1, "{stages:?}");
    }
}
