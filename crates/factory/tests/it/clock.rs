//! A clock that goes two hours back and two days ahead under jobs, leases and incidents.

use crate::jobs::{at, project, workshop};
use crate::ledger;
use factory::jobs::{JOBS, Standing};
use factory::{Project, Workshop};
use jiff::{SignedDuration, Timestamp};
use lake::LakeOptions;
use products::NoMoney;
use registry::{Attempt, AttemptState, Leader, NewAttempt, Signal};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a day of jobs looks like.
const NIGHT: &[(&str, &str)] = &[
    (
        "import",
        "does = \"import\"\nat = \"30 2 * * *\"\nretries = 1\nretry_minutes = 5\n",
    ),
    ("training", "does = \"train\"\nafter = [\"import\"]\n"),
    ("hourly", "does = \"review\"\nat = \"0 * * * *\"\n"),
];

/// Minutes of real time between two looks; a job is under way from one to the next.
const TICK: i64 = 5;

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// One process that does the jobs by a clock which is set now and then.
struct Worker {
    workshop: Workshop,
    lead: Leader,
    under_way: Vec<Attempt>,
    /// What it did, in the order of real time.
    done: Vec<(String, Timestamp)>,
    /// The first attempt at an import fails here.
    fails: bool,
}

impl Worker {
    async fn of(workshop: Workshop) -> Self {
        let lead = workshop.registry.take_lead(JOBS, "here", None, start());
        Self {
            lead: lead.await.unwrap().unwrap(),
            workshop,
            under_way: Vec::new(),
            done: Vec::new(),
            fails: false,
        }
    }

    async fn look(&mut self, now: Timestamp) {
        let registry = &self.workshop.registry;
        for attempt in std::mem::take(&mut self.under_way) {
            let fails = self.fails && attempt.job == "import" && attempt.number == 1;
            let state = if fails {
                AttemptState::Failed
            } else {
                self.done.push((attempt.job.clone(), attempt.due_at));
                AttemptState::Done
            };
            assert!(
                registry
                    .end_attempt(&attempt, state, "", now)
                    .await
                    .unwrap()
            );
        }
        let jobs = self.workshop.project.jobs.iter();
        let due: Vec<_> = jobs.map(|job| (job.name.clone(), job.due())).collect();
        registry.note_jobs(&due, now).await.unwrap();
        for (job, standing, _) in self.workshop.job_standings(now).await.unwrap() {
            let Standing::Due { due_at, missed } = standing else {
                continue;
            };
            let new = NewAttempt {
                job: &job.name,
                due_at,
                missed,
                now,
            };
            let begun = registry.begin_attempt(&self.lead, &new).await.unwrap();
            self.under_way
                .push(begun.expect("nothing of the job is under way"));
        }
    }

    /// Real time goes from one minute to another, the clock is ahead by so many minutes.
    async fn lives(&mut self, minutes: std::ops::Range<i64>, ahead: i64) {
        for minute in minutes.step_by(TICK as usize) {
            self.look(start() + SignedDuration::from_mins(minute + ahead))
                .await;
        }
    }

    /// How often a job was done for each of its times.
    fn times(&self, job: &str) -> BTreeMap<Timestamp, u32> {
        let mut times = BTreeMap::new();
        for (_, due_at) in self.done.iter().filter(|(name, _)| name == job) {
            *times.entry(*due_at).or_default() += 1;
        }
        times
    }

    /// No time of a job has two effects, no training is left out, and nothing ended before it began.
    async fn all_is_done_once(&self) {
        for job in ["import", "training", "hourly"] {
            let twice: Vec<_> = self
                .times(job)
                .into_iter()
                .filter(|(_, n)| *n > 1)
                .collect();
            assert!(twice.is_empty(), "{job} was done twice for {twice:?}");
        }
        // All that was imported is trained on in the end: what a clock ahead had imported when the clock comes there.
        let place = |job: &str| self.done.iter().rposition(|(name, _)| name == job);
        assert!(place("import") < place("training"), "{:?}", self.done);
        for attempt in self.workshop.registry.attempts(10_000).await.unwrap() {
            assert!(
                attempt.ended_at.is_none_or(|end| end >= attempt.started_at),
                "{attempt:?}"
            );
        }
    }

    /// The nights of which the import was done.
    fn nights(&self) -> BTreeSet<String> {
        let of = |due_at: &Timestamp| due_at.to_string()[5..10].to_owned();
        self.times("import").keys().map(of).collect()
    }
}

fn start() -> Timestamp {
    at("2026-06-01T00:00:00Z")
}

async fn worker(folder: &tempfile::TempDir) -> Worker {
    project(folder.path(), NIGHT);
    let main = "name = \"Jobs\"\ntime_zone = \"UTC\"\n";
    std::fs::write(folder.path().join("comptoir.toml"), main).unwrap();
    Worker::of(workshop(folder.path()).await).await
}

#[tokio::test]
async fn a_clock_that_goes_two_hours_back_has_no_job_done_twice_and_none_left_out() {
    // Before, within and after what is done at night, and long after it.
    for back_at in [
        2 * HOUR + 25,
        2 * HOUR + 35,
        2 * HOUR + 40,
        2 * HOUR + 45,
        12 * HOUR,
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut worker = worker(&folder).await;
        worker.lives(0..DAY + back_at, 0).await;
        worker.lives(DAY + back_at..4 * DAY, -2 * HOUR).await;
        worker.all_is_done_once().await;
        let nights = worker.nights();
        let all = ["06-01", "06-02", "06-03", "06-04"].map(str::to_owned);
        assert_eq!(nights, all[..nights.len()].iter().cloned().collect());
        assert!(nights.len() >= 3, "back at {back_at}: {nights:?}");
        // Every hour that the clock showed, once.
        let hours = worker.times("hourly").len() as i64;
        assert!(
            (4 * 24 - 4..=4 * 24).contains(&hours),
            "back at {back_at}: {hours}"
        );
    }
}

#[tokio::test]
async fn a_clock_that_is_two_days_ahead_for_a_while_makes_up_for_one_night_and_the_others_come_in_their_time()
 {
    // It is set right again while nothing, an import, or a training is under way.
    for (ahead_at, right_at) in [
        (12 * HOUR, 13 * HOUR),
        (2 * HOUR + 35, 2 * HOUR + 40),
        (2 * HOUR + 30, 2 * HOUR + 45),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut worker = worker(&folder).await;
        worker.fails = true;
        worker.lives(0..DAY + ahead_at, 0).await;
        worker.lives(DAY + ahead_at..DAY + right_at, 2 * DAY).await;
        worker.lives(DAY + right_at..7 * DAY, 0).await;
        worker.all_is_done_once().await;
        // Each night in the end: those of the days ahead when the clock came to them, or before.
        let nights = worker.nights();
        let all = (1..=7).map(|day| format!("06-{day:02}"));
        assert_eq!(nights, all.collect(), "ahead at {ahead_at}");
    }
}

#[tokio::test]
async fn a_job_that_was_first_seen_by_a_clock_ahead_does_not_rest_until_then() {
    let folder = tempfile::tempdir().unwrap();
    let mut worker = worker(&folder).await;
    worker.lives(0..HOUR, 2 * DAY).await;
    worker.lives(HOUR..2 * DAY, 0).await;
    worker.all_is_done_once().await;
    let nights = worker.nights();
    assert_eq!(nights, ["06-01", "06-02"].map(str::to_owned).into());
    // What somebody asked for by the other clock is done at once, and once.
    let jobs = &worker.workshop.project.jobs;
    let import = jobs.iter().find(|job| job.name == "import").unwrap();
    let (job, due) = (import.name.clone(), import.due());
    let later = start() + SignedDuration::from_mins(4 * DAY);
    let asks = worker.workshop.registry.ask_for_job(&job, &due, later);
    asks.await.unwrap();
    let before = worker.done.len();
    worker.lives(2 * DAY..2 * DAY + HOUR, 0).await;
    let asked: Vec<_> = worker.done[before..]
        .iter()
        .filter(|(of, _)| *of == job)
        .collect();
    assert_eq!(asked, [&(job.clone(), later)]);
    worker.lives(2 * DAY + HOUR..5 * DAY, 0).await;
    worker.all_is_done_once().await;
    assert_eq!(worker.times(&job)[&later], 1);
}

/// Minutes after noon.
fn minutes(n: i64) -> Timestamp {
    ledger::noon() + SignedDuration::from_mins(n)
}

#[tokio::test]
async fn leases_are_signed_used_and_given_back_whichever_way_the_clock_goes() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = ledger::workshop(folder.path(), 100.0).await;
    let own = Arc::new(ledger::ledger(&workshop));
    let mut granted = 0;
    // Noon, two hours back, two days ahead of that, and noon again.
    for (n, at) in [0, -120, -120 + 2 * DAY, 0]
        .map(minutes)
        .into_iter()
        .enumerate()
    {
        let stop: Arc<AtomicBool> = Arc::default();
        let keeping = ledger::kept(&own, &stop, at);
        for offer in 0..3 {
            let decision = format!("d{n}-{offer}");
            assert_eq!(
                ledger::grant(&own, &decision, at).await,
                Ok(ledger::OFFER),
                "{at}"
            );
            granted += ledger::OFFER;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        stop.store(true, Ordering::Relaxed);
        keeping.await.unwrap();
        for lease in workshop.registry.open_leases().await.unwrap() {
            assert_eq!(
                lease.last_sign_at, at,
                "the registry hears of it by the new clock"
            );
        }
        // What was promised by the clock before is written down by now.
        let reserved = promised(&workshop).await;
        assert!(
            reserved >= granted - 3 * ledger::OFFER,
            "{reserved} of {granted}"
        );
    }
    own.close(minutes(0)).await;
    assert_eq!(promised(&workshop).await, granted);
    assert!(workshop.registry.open_leases().await.unwrap().is_empty());
    for budget in workshop.registry.budgets().await.unwrap() {
        assert_eq!(budget.leased_cents.0, 0, "{budget:?}");
        assert!(budget.free_cents.0 >= 0, "{budget:?}");
    }
}

#[tokio::test]
async fn with_the_registry_away_nothing_is_granted_by_a_clock_that_went_far_back() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = ledger::workshop(folder.path(), 100.0).await;
    let own = Arc::new(ledger::ledger(&workshop));
    let stop: Arc<AtomicBool> = Arc::default();
    let keeping = ledger::kept(&own, &stop, minutes(0));
    ledger::grant(&own, "d1", minutes(0)).await.unwrap();
    stop.store(true, Ordering::Relaxed);
    keeping.await.unwrap();
    workshop.registry.close().await;
    own.tend(minutes(0)).await;
    assert_eq!(
        ledger::grant(&own, "d2", minutes(-4)).await,
        Ok(ledger::OFFER)
    );
    // For all that is known the lease may have been released meanwhile.
    assert_eq!(
        ledger::grant(&own, "d3", minutes(-120)).await,
        Err(NoMoney::Unavailable)
    );
}

/// What is reserved of all periods.
async fn promised(workshop: &Workshop) -> i64 {
    let budgets = workshop.registry.budgets().await.unwrap();
    budgets.iter().map(|budget| budget.reserved_cents.0).sum()
}

#[tokio::test]
async fn an_incident_that_a_clock_ahead_has_seen_is_closed_and_opened_by_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("comptoir.toml"), "name = \"Shop\"\n").unwrap();
    let project = Project::open(folder.path()).unwrap();
    let workshop = Workshop::open(project, &LakeOptions::default())
        .await
        .unwrap();
    let signal = Signal {
        cause: "job/import".to_owned(),
        product: None,
        what: "the job import failed".to_owned(),
        page: "/jobs".to_owned(),
    };
    let scope = ["job/import"];
    let note = async |signals: &[Signal], at| workshop.note(&scope, signals, at).await.unwrap();
    let (ahead, right) = (minutes(2 * DAY), minutes(0));
    note(std::slice::from_ref(&signal), ahead).await;
    note(&[], right).await;
    let all = workshop.registry.incidents(Timestamp::MIN).await.unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    let closed = all[0].closed_at.expect("the right clock closes it");
    assert!(
        closed >= all[0].opened_at,
        "it lasted no negative time: {all:?}"
    );
    note(std::slice::from_ref(&signal), minutes(1)).await;
    let open = workshop.registry.incidents(Timestamp::MAX).await.unwrap();
    assert_eq!(open.len(), 1, "it shows again: {open:?}");
    // A look that is a little older than another knows nothing newer.
    note(&[], minutes(0)).await;
    let open = workshop.registry.incidents(Timestamp::MAX).await.unwrap();
    assert_eq!(open.len(), 1, "{open:?}");
}
