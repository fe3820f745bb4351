//! What a request spent its time on. The slowest of the last hour are kept; some are sent to a collector.

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde::Serialize;
use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Requests that are kept at most.
const KEPT: usize = 20;

/// How long they are kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(1);

tokio::task_local! {
    static HERE: Trace;
}

/// A part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Stage {
    pub(crate) what: &'static str,
    /// Microseconds from the request's beginning to that of the part.
    pub(crate) after_micros: u64,
    pub(crate) took_micros: u64,
}

/// What is done for a request, part by part.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Part {
    #[default]
    Read,
    Decide,
    Promise,
    Log,
}

impl Part {
    const fn told(self) -> &'static str {
        match self {
            Self::Read => "read the question",
            Self::Decide => "decide",
            Self::Promise => "promise",
            Self::Log => "log",
        }
    }
}

/// The stages of a request, noted while it is answered.
///
/// Every request has one and few are told, so that it is small and lies where the request does: of what a server does a
/// thousand times a second, waiting for memory takes longer than computing.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) began: Instant,
    noted: Cell<Noted>,
}

/// Stages that are noted at most: a request has four. What one that is answered anew does beyond them counts to the last.
const STAGES: usize = 6;

#[derive(Debug, Clone, Copy, Default)]
struct Noted {
    parts: [Part; STAGES],
    /// Microseconds from the request's beginning to the end of each.
    until: [u32; STAGES],
    stages: u8,
    /// Place of the product among those of the project.
    product: Option<u16>,
    version: Option<u32>,
}

/// What was noted of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) stages: Vec<Stage>,
    /// Place of the product among those of the project.
    pub(crate) product: Option<usize>,
    pub(crate) version: Option<u32>,
}

pub(crate) fn micros(of: Duration) -> u64 {
    u64::try_from(of.as_micros()).unwrap_or(u64::MAX)
}

impl Trace {
    /// Does the work of a request, with what was noted while it was done.
    pub(crate) async fn of<T>(work: impl Future<Output = T>) -> (T, Self) {
        let trace = Self {
            began: Instant::now(),
            noted: Cell::default(),
        };
        let mut work = pin!(HERE.scope(trace, work));
        let done = work.as_mut().await;
        let trace = work.take_value().expect("nothing else takes it");
        (done, trace)
    }

    /// What was noted.
    pub(crate) fn told(&self) -> Told {
        let noted = self.noted.get();
        let mut from = 0;
        let stage = |(part, until): (Part, u32)| {
            let after = std::mem::replace(&mut from, until);
            Stage {
                what: part.told(),
                after_micros: after.into(),
                took_micros: until.saturating_sub(after).into(),
            }
        };
        let stages = noted.parts.into_iter().zip(noted.until);
        Told {
            stages: stages.take(noted.stages.into()).map(stage).collect(),
            product: noted.product.map(usize::from),
            version: noted.version,
        }
    }
}

/// Notes something of the request under way.
///
/// - `what`: told when the request began.
fn note(what: impl FnOnce(Instant, &mut Noted)) {
    let _ = HERE.try_with(|trace| {
        let mut noted = trace.noted.get();
        what(trace.began, &mut noted);
        trace.noted.set(noted);
    });
}

/// A part of the request under way is done: it lasted since the part before.
pub(crate) fn done(part: Part) {
    note(|began, noted| {
        let at = usize::from(noted.stages).min(STAGES - 1);
        noted.parts[at] = part;
        noted.until[at] = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        noted.stages = (noted.stages + 1).min(STAGES as u8);
    });
}

/// The request under way is about a product.
///
/// - `product`: its place among those of the project.
pub(crate) fn about(product: usize) {
    note(|_, noted| noted.product = u16::try_from(product).ok());
}

/// A version answers the request under way.
pub(crate) fn answered_by(version: u32) {
    note(|_, noted| noted.version = Some(version));
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
        let work = async {
            tokio::time::sleep(Duration::from_millis(3)).await;
            done(Part::Read);
            about(4);
            tokio::time::sleep(Duration::from_millis(2)).await;
            done(Part::Decide);
            answered_by(7);
        };
        let ((), trace) = Trace::of(work).await;
        done(Part::Log);
        let Told {
            stages,
            product,
            version,
        } = trace.told();
        assert_eq!((product, version), (Some(4), Some(7)));
        let names: Vec<&str> = stages.iter().map(|stage| stage.what).collect();
        assert_eq!(names, ["read the question", "decide"]);
        assert!(stages[0].took_micros >= 3_000 && stages[1].took_micros >= 2_000);
        let end = stages[0].after_micros + stages[0].took_micros;
        assert_eq!(stages[1].after_micros, end);
    }

    #[tokio::test]
    async fn what_is_done_beyond_the_stages_that_are_noted_counts_to_the_last() {
        let work = async {
            for _ in 0..3 * STAGES {
                tokio::time::sleep(Duration::from_millis(1)).await;
                done(Part::Decide);
            }
            done(Part::Log);
        };
        let ((), trace) = Trace::of(work).await;
        let stages = trace.told().stages;
        assert_eq!((stages.len(), stages[STAGES - 1].what), (STAGES, "log"));
        let took: u64 = stages.iter().map(|stage| stage.took_micros).sum();
        assert!(took >= 3_000 * STAGES as u64, "{stages:?}");
        assert!(stages[STAGES - 1].took_micros > 1_000 * STAGES as u64);
    }
}
