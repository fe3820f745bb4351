//! What a request spent its time on. The slowest of the last hour are kept; some are sent to a collector.

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde::Serialize;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Requests that are kept at most.
const KEPT: usize = 20;

/// How long they are kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(1);

/// A part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Stage {
    pub(crate) what: &'static str,
    /// Microseconds from the request's beginning to that of the part.
    pub(crate) after_micros: u64,
    pub(crate) took_micros: u64,
}

/// What is done for a request, part by part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
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

/// The stages of a question, noted while it is answered.
///
/// Every question has one and few are told, so that it is small and lies with what is done: of what a server does a
/// thousand times a second, waiting for memory takes longer than computing.
#[derive(Debug)]
pub(crate) struct Trace(Option<Noted>);

/// Stages that are noted at most: a question has four. What one that is answered anew does beyond them counts to the last.
const STAGES: usize = 6;

/// What is noted of a question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noted {
    began: Instant,
    /// Nanoseconds from then to the end of each stage.
    until_ns: [u64; STAGES],
    parts: [Part; STAGES],
    stages: u8,
    /// Place of the product among those of the project.
    pub(crate) product: Option<usize>,
    pub(crate) version: Option<u32>,
    /// How long a version thought about a single question.
    pub(crate) scored: Option<Duration>,
    /// Whether it was a single question, and is answered.
    is_answered: bool,
}

thread_local! {
    /// What was noted of the question that this thread has just answered.
    static LEFT: Cell<Option<Noted>> = const { Cell::new(None) };
}

pub(crate) fn micros(of: Duration) -> u64 {
    u64::try_from(of.as_micros()).unwrap_or(u64::MAX)
}

impl Noted {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            until_ns: [0; STAGES],
            parts: [Part::Read; STAGES],
            stages: 0,
            product: None,
            version: None,
            scored: None,
            is_answered: false,
        }
    }

    /// Each part with its beginning and its end.
    fn parts(&self) -> impl Iterator<Item = (Part, Duration, Duration)> {
        let ends = self.parts.into_iter().zip(self.until_ns);
        let mut from = 0;
        let part = move |(part, until)| {
            let from = std::mem::replace(&mut from, until);
            (
                part,
                Duration::from_nanos(from),
                Duration::from_nanos(until),
            )
        };
        ends.take(self.stages.into()).map(part)
    }

    /// How long a part took, where there was one.
    pub(crate) fn took(&self, what: Part) -> Option<Duration> {
        let mut parts = self.parts();
        let (_, from, until) = parts.find(|(part, ..)| *part == what)?;
        Some(until.saturating_sub(from))
    }

    /// From its beginning to the logged answer of a single question.
    pub(crate) fn answered(&self) -> Option<Duration> {
        let until = self.parts().last().map(|(.., until)| until);
        until.filter(|_| self.is_answered)
    }

    /// As it is told.
    ///
    /// - `request`: when the request began: its first part reached from there.
    pub(crate) fn stages(&self, request: Instant) -> Vec<Stage> {
        let before = self.began.saturating_duration_since(request);
        let stage = |(part, from, until): (Part, Duration, Duration)| {
            let until = before + until;
            let from = if from.is_zero() { from } else { before + from };
            Stage {
                what: part.told(),
                after_micros: micros(from),
                took_micros: micros(until).saturating_sub(micros(from)),
            }
        };
        self.parts().map(stage).collect()
    }
}

impl Trace {
    /// Of a question that is answered from now on.
    ///
    /// - `is_noted`: whether anything is.
    pub(crate) fn new(is_noted: bool) -> Self {
        Self(is_noted.then(Noted::new))
    }

    /// A part is done: it lasted since the part before.
    pub(crate) fn done(&mut self, part: Part) {
        let Some(noted) = &mut self.0 else { return };
        let at = usize::from(noted.stages).min(STAGES - 1);
        noted.parts[at] = part;
        noted.until_ns[at] = u64::try_from(noted.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        noted.stages = (noted.stages + 1).min(STAGES as u8);
    }

    /// The question is about a product.
    ///
    /// - `product`: its place among those of the project.
    pub(crate) fn about(&mut self, product: usize) {
        if let Some(noted) = &mut self.0 {
            noted.product = Some(product);
        }
    }

    /// A version answers.
    pub(crate) fn answered_by(&mut self, version: u32) {
        if let Some(noted) = &mut self.0 {
            noted.version = Some(version);
        }
    }

    /// The version that answers, where one does by now.
    pub(crate) fn version(&self) -> Option<u32> {
        self.0.as_ref().and_then(|noted| noted.version)
    }

    /// A version has thought about a single question; where it is asked once more, that counts too.
    pub(crate) fn scored(&mut self, took: Duration) {
        if let Some(noted) = &mut self.0 {
            noted.scored = Some(noted.scored.unwrap_or_default() + took);
        }
    }

    /// A single question is answered.
    pub(crate) fn answered(&mut self) {
        if let Some(noted) = &mut self.0 {
            noted.is_answered = true;
        }
    }

    /// Leaves what was noted for [`left`].
    pub(crate) fn leave(self) {
        LEFT.set(self.0);
    }
}

/// What was noted of the question of a request.
///
/// Between a handler and the layer that counts requests nothing waits: both are done in the same moment on the same
/// thread. An extension of the response would be three pieces of heap for each request.
///
/// - `request`: when the request began.
pub(crate) fn left(request: Instant) -> Option<Noted> {
    LEFT.take().filter(|noted| noted.began >= request)
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

    #[test]
    fn stages_follow_each_other_from_the_beginning_of_the_request_and_add_up() {
        let wait = |ms| std::thread::sleep(Duration::from_millis(ms));
        let request = Instant::now();
        wait(3);
        let mut trace = Trace::new(true);
        trace.about(4);
        wait(1);
        trace.done(Part::Read);
        wait(2);
        trace.scored(Duration::from_millis(1));
        trace.scored(Duration::from_millis(1));
        trace.answered_by(7);
        trace.done(Part::Decide);
        trace.answered();
        trace.leave();
        let noted = left(request).unwrap();
        assert_eq!((noted.product, noted.version), (Some(4), Some(7)));
        assert_eq!(noted.scored, Some(Duration::from_millis(2)));
        let stages = noted.stages(request);
        let names: Vec<&str> = stages.iter().map(|stage| stage.what).collect();
        assert_eq!(names, ["read the question", "decide"]);
        assert!(stages[0].took_micros >= 4_000 && stages[1].took_micros >= 2_000);
        let end = stages[0].after_micros + stages[0].took_micros;
        assert_eq!((stages[0].after_micros, stages[1].after_micros), (0, end));
        let decided = micros(noted.took(Part::Decide).unwrap());
        assert!(decided.abs_diff(stages[1].took_micros) <= 1, "{stages:?}");
        assert_eq!(noted.took(Part::Log), None);
        let answered = micros(noted.answered().unwrap());
        assert!(answered >= 3_000 && answered < end + stages[1].took_micros);
        assert!(left(request).is_none(), "it was taken");
        Trace::new(false).leave();
        assert!(left(request).is_none(), "nothing was noted");
        Trace::new(true).leave();
        assert!(left(Instant::now()).is_none(), "it was of another request");
    }

    #[test]
    fn what_is_done_beyond_the_stages_that_are_noted_counts_to_the_last() {
        let mut trace = Trace::new(true);
        for _ in 0..3 * STAGES {
            std::thread::sleep(Duration::from_millis(1));
            trace.done(Part::Decide);
        }
        trace.done(Part::Log);
        let noted = trace.0.unwrap();
        let stages = noted.stages(noted.began);
        assert_eq!((stages.len(), stages[STAGES - 1].what), (STAGES, "log"));
        let took: u64 = stages.iter().map(|stage| stage.took_micros).sum();
        assert!(took >= 3_000 * STAGES as u64, "{stages:?}");
        assert!(stages[STAGES - 1].took_micros > 1_000 * STAGES as u64);
    }
}
