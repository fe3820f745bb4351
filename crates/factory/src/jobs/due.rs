//! When each job is to be done: worked out from its times and what came of it before, by nothing else.

use super::file::Job;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use registry::{Attempt, AttemptState, JobRecord};
use std::collections::BTreeMap;

/// How a job stands at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is being done.
    Running,
    /// It is to be done now.
    Due {
        /// When it was due.
        due_at: Timestamp,
        /// Times that it was due before, and was not done: they are not made up for.
        missed: u32,
    },
    /// It failed, and is tried again.
    Retries {
        /// When.
        at: Timestamp,
    },
    /// It is due, but what it comes after is not done.
    Waits {
        /// Jobs that are under way, or failed, or were never done.
        on: Vec<String>,
    },
    /// There is nothing to be done before its next time.
    Rests {
        /// The next time; `None` where other jobs come first.
        next: Option<Timestamp>,
    },
}

/// A lost attempt is no fault of the job, but one that takes its process with it each time must not do so for ever.
const LOST_MAX: u32 = 3;

/// What is known of a job beside its file.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Since when it is due as its file says; `None` where no process that runs jobs has seen it.
    pub since: Option<Timestamp>,
    /// When somebody asked last for it to be done at once.
    pub asked_at: Option<Timestamp>,
    /// Its last attempt at a time that the clock has come to.
    pub last: Option<Attempt>,
    /// Its last attempt at each time that the clock has not come to (it went back), by that time.
    pub ahead: BTreeMap<Timestamp, Attempt>,
    /// Whether an attempt is running.
    pub running: bool,
}

impl Known {
    /// Of what the registry has noted of it, and its attempts.
    pub(super) fn of(
        record: Option<JobRecord>,
        last: Option<Attempt>,
        ahead: Vec<Attempt>,
    ) -> Self {
        let is_running = |of: &Attempt| of.state == AttemptState::Running;
        Self {
            since: record.map(|record| record.since),
            asked_at: record.and_then(|record| record.asked_at),
            running: last.iter().chain(&ahead).any(is_running),
            last,
            ahead: ahead.into_iter().map(|of| (of.due_at, of)).collect(),
        }
    }

    /// Whether what was due at a time is done with: by a clock that went back it may lie ahead.
    fn is_over(&self, job: &Job, due_at: Timestamp, now: Timestamp) -> bool {
        let there = self.ahead.get(&due_at);
        there.is_some_and(|there| again(job, there, now).is_none())
    }
}

/// How every job stands.
///
/// - `jobs`: each behind those that it comes after.
#[must_use]
pub fn standings(
    jobs: &[Job],
    known: &BTreeMap<String, Known>,
    now: Timestamp,
    zone: &TimeZone,
) -> BTreeMap<String, Standing> {
    let mut all: BTreeMap<String, Standing> = BTreeMap::new();
    let nothing = Known::default();
    for job in jobs {
        let of = |name: &str| known.get(name).unwrap_or(&nothing);
        let standing = one(job, of, &all, now, zone);
        all.insert(job.name.clone(), standing);
    }
    all
}

fn one<'a>(
    job: &Job,
    known: impl Fn(&str) -> &'a Known,
    before: &BTreeMap<String, Standing>,
    now: Timestamp,
    zone: &TimeZone,
) -> Standing {
    let own = known(&job.name);
    if own.running {
        return Standing::Running;
    }
    // A later time takes the place of another try of an earlier one.
    let fresh = fresh(job, &known, before, now, zone);
    let tried = match &fresh {
        Standing::Rests { .. } => own.last.as_ref(),
        Standing::Due { due_at, .. } => own.ahead.get(due_at),
        Standing::Running | Standing::Retries { .. } | Standing::Waits { .. } => None,
    };
    let Some(tried) = tried else { return fresh };
    match again(job, tried, now) {
        Some(at) if at > now => Standing::Retries { at },
        Some(_) => Standing::Due {
            due_at: tried.due_at,
            missed: tried.missed,
        },
        None if matches!(fresh, Standing::Due { .. }) => Standing::Rests {
            next: job.next_after(now, zone),
        },
        None => fresh,
    }
}

/// How a job stands by its times and what it comes after alone.
fn fresh<'a>(
    job: &Job,
    known: &impl Fn(&str) -> &'a Known,
    before: &BTreeMap<String, Standing>,
    now: Timestamp,
    zone: &TimeZone,
) -> Standing {
    let own = known(&job.name);
    let last_due = own.last.as_ref().map(|last| last.due_at);
    if let Some(asked_at) = own
        .asked_at
        .filter(|at| last_due.is_none_or(|last| last < *at) && !own.is_over(job, *at, now))
    {
        // Whoever asks for a job and for what it comes after wants both, in their order.
        let under_way = |name: &&String| !is_settled(before.get(*name));
        let on: Vec<String> = job.file.after.iter().filter(under_way).cloned().collect();
        return if on.is_empty() {
            let (due_at, missed) = (asked_at, 0);
            Standing::Due { due_at, missed }
        } else {
            Standing::Waits { on }
        };
    }
    let since = own.since.unwrap_or(now);
    let base = own
        .last
        .as_ref()
        .map_or(since, |last| since.max(last.due_at));
    if !job.is_timed() {
        return after(job, known, before, base);
    }
    let Some((due_at, missed)) = job.last_within(base, now, zone) else {
        let next = job.next_after(now.max(base), zone);
        return Standing::Rests { next };
    };
    let on: Vec<String> = job
        .file
        .after
        .iter()
        .filter(|name| !is_settled(before.get(*name)) || done(known(name)).is_none())
        .cloned()
        .collect();
    if on.is_empty() {
        Standing::Due { due_at, missed }
    } else {
        Standing::Waits { on }
    }
}

/// A job without times of its own: due once all that it comes after were done anew.
fn after<'a>(
    job: &Job,
    known: &impl Fn(&str) -> &'a Known,
    before: &BTreeMap<String, Standing>,
    base: Timestamp,
) -> Standing {
    let ends: Option<Vec<Timestamp>> = job
        .file
        .after
        .iter()
        .map(|name| {
            let end = done(known(name)).filter(|end| *end > base)?;
            is_settled(before.get(name)).then_some(end)
        })
        .collect();
    match ends.and_then(|ends| ends.into_iter().max()) {
        Some(due_at) => Standing::Due { due_at, missed: 0 },
        None => Standing::Rests { next: None },
    }
}

/// When the last attempt of a job ended, if it did what it had to.
fn done(known: &Known) -> Option<Timestamp> {
    let last = known.last.as_ref()?;
    (last.state == AttemptState::Done).then_some(last.ended_at)?
}

/// Whether nothing of a job is under way or about to be.
fn is_settled(standing: Option<&Standing>) -> bool {
    matches!(standing, None | Some(Standing::Rests { .. }))
}

/// When a job whose last attempt came to nothing is tried again; `None` where it is not.
fn again(job: &Job, last: &Attempt, now: Timestamp) -> Option<Timestamp> {
    // An end that lies ahead is that of a clock which went back: nobody waits for it.
    let ended_at = last.ended_at?;
    let ended_at = if ended_at > now {
        last.due_at.min(now)
    } else {
        ended_at
    };
    match last.state {
        AttemptState::Failed if last.number <= job.file.retries => {
            let times = 1_i64 << (last.number - 1).min(20);
            let minutes = i64::from(job.file.retry_minutes).saturating_mul(times);
            ended_at
                .checked_add(SignedDuration::from_mins(minutes))
                .ok()
        }
        AttemptState::Lost if last.number <= job.file.retries + LOST_MAX => Some(ended_at),
        AttemptState::Running
        | AttemptState::Done
        | AttemptState::Failed
        | AttemptState::Refused
        | AttemptState::Lost => None,
    }
}

/// Whether an attempt is the last one of its time: it came to nothing, and is not tried again.
#[must_use]
pub fn is_given_up(job: &Job, attempt: &Attempt) -> bool {
    match attempt.state {
        AttemptState::Failed | AttemptState::Lost => again(job, attempt, Timestamp::MAX).is_none(),
        AttemptState::Refused => true,
        AttemptState::Running | AttemptState::Done => false,
    }
}
