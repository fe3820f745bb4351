//! Jobs: when they are due, who does them, and that each is done once.

use factory::jobs::{Happened, Job, Known, Standing, WorkOptions, is_given_up, standings};
use factory::{Project, Workshop};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lake::LakeOptions;
use registry::{Attempt, AttemptState};
use schema::config::ConfigFile;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn paris() -> TimeZone {
    TimeZone::get("Europe/Paris").unwrap()
}

fn job(name: &str, text: &str) -> Job {
    let text = format!("owner = \"tests\"\n{text}");
    Job::check(
        &ConfigFile::new(format!("jobs/{name}.toml"), text),
        &[],
        &[],
    )
    .unwrap()
}

fn refused(text: &str) -> String {
    let text = format!("owner = \"tests\"\n{text}");
    let refused = Job::check(&ConfigFile::new("jobs/nightly.toml", text), &[], &[]);
    refused.unwrap_err().to_string()
}

fn attempt(job: &str, due: &str, number: u32, state: AttemptState, ended: &str) -> Attempt {
    Attempt {
        job: job.to_owned(),
        due_at: at(due),
        number,
        missed: 0,
        started_at: at(due),
        ended_at: (state != AttemptState::Running).then(|| at(ended)),
        state,
        told: String::new(),
    }
}

fn known(since: &str, last: Option<Attempt>) -> Known {
    Known {
        since: Some(at(since)),
        asked_at: None,
        running: last
            .as_ref()
            .is_some_and(|l| l.state == AttemptState::Running),
        last,
        ahead: BTreeMap::new(),
    }
}

fn stands(jobs: &[Job], known: &[(&str, Known)], now: &str) -> BTreeMap<String, Standing> {
    let known = known
        .iter()
        .map(|(name, known)| ((*name).to_owned(), known.clone()));
    standings(jobs, &known.collect(), at(now), &paris())
}

const NIGHTLY: &str = "does = \"import\"\nat = \"30 2 * * *\"\n";

#[test]
fn on_the_day_without_a_second_hour_a_nightly_job_is_done_and_on_the_day_with_two_once() {
    let job = job("nightly", NIGHTLY);
    let next = |from: &str| job.next_after(at(from), &paris()).unwrap().to_string();
    assert_eq!(
        next("2026-03-28T12:00:00Z"),
        "2026-03-29T01:00:00Z",
        "02:30 is left out: 03:00"
    );
    assert_eq!(next("2026-03-29T01:00:00Z"), "2026-03-30T00:30:00Z");
    assert_eq!(next("2026-10-24T12:00:00Z"), "2026-10-25T00:30:00Z");
    assert_eq!(
        next("2026-10-25T00:30:00Z"),
        "2026-10-26T01:30:00Z",
        "not again at 02:30 of winter"
    );
}

#[test]
fn what_was_missed_is_made_up_for_once() {
    let jobs = [job("nightly", NIGHTLY)];
    let done = attempt(
        "nightly",
        "2026-11-01T01:30:00Z",
        1,
        AttemptState::Done,
        "2026-11-01T01:40:00Z",
    );
    let of = known("2026-10-01T00:00:00Z", Some(done));
    let now = stands(&jobs, &[("nightly", of)], "2026-11-05T12:00:00Z");
    let due_at = at("2026-11-05T01:30:00Z");
    assert_eq!(now["nightly"], Standing::Due { due_at, missed: 3 });

    // A job that nobody has seen before is not made up for, and one whose times have changed is not either.
    let new = stands(&jobs, &[], "2026-11-05T12:00:00Z");
    let next = Some(at("2026-11-06T01:30:00Z"));
    assert_eq!(new["nightly"], Standing::Rests { next });

    // A clock that goes back: what was due is done.
    let done = attempt(
        "nightly",
        "2026-11-05T01:30:00Z",
        1,
        AttemptState::Done,
        "2026-11-05T01:40:00Z",
    );
    let of = known("2026-10-01T00:00:00Z", Some(done));
    let back = stands(&jobs, &[("nightly", of)], "2026-11-05T01:29:00Z");
    assert!(
        matches!(back["nightly"], Standing::Rests { .. }),
        "{back:?}"
    );
}

#[test]
fn what_fails_is_tried_again_later_each_time_and_then_given_up() {
    let jobs = [job(
        "nightly",
        "does = \"import\"\nat = \"30 2 * * *\"\nretries = 2\nretry_minutes = 10\n",
    )];
    let of = |number, state, ended: &str, now: &str| {
        let last = attempt("nightly", "2026-11-05T01:30:00Z", number, state, ended);
        let given_up = is_given_up(&jobs[0], &last);
        let stands = stands(
            &jobs,
            &[("nightly", known("2026-10-01T00:00:00Z", Some(last)))],
            now,
        );
        (stands["nightly"].clone(), given_up)
    };
    let (failed, lost) = (AttemptState::Failed, AttemptState::Lost);
    let due = Standing::Due {
        due_at: at("2026-11-05T01:30:00Z"),
        missed: 0,
    };
    let ended = "2026-11-05T02:00:00Z";
    let (first, given_up) = of(1, failed, ended, "2026-11-05T02:09:00Z");
    assert_eq!(
        first,
        Standing::Retries {
            at: at("2026-11-05T02:10:00Z")
        }
    );
    assert!(!given_up);
    assert_eq!(of(1, failed, ended, "2026-11-05T02:10:00Z").0, due);
    let second = of(2, failed, ended, "2026-11-05T02:10:00Z").0;
    assert_eq!(
        second,
        Standing::Retries {
            at: at("2026-11-05T02:20:00Z")
        }
    );
    let (third, given_up) = of(3, failed, ended, "2026-11-05T12:00:00Z");
    assert!(
        matches!(third, Standing::Rests { .. }) && given_up,
        "{third:?}"
    );
    // A process that was killed is no fault of the job, up to a point.
    assert_eq!(of(5, lost, ended, ended).0, due);
    assert!(matches!(
        of(6, lost, ended, ended).0,
        Standing::Rests { .. }
    ));
    // The same import would be refused again.
    let (refused, given_up) = of(1, AttemptState::Refused, ended, "2026-11-05T12:00:00Z");
    assert!(
        matches!(refused, Standing::Rests { .. }) && given_up,
        "{refused:?}"
    );
    // The next night takes the place of what is left of the last.
    let next = of(1, failed, "2026-11-06T01:29:00Z", "2026-11-06T01:30:00Z").0;
    let due_at = at("2026-11-06T01:30:00Z");
    assert_eq!(next, Standing::Due { due_at, missed: 0 });
}

#[test]
fn a_job_begins_once_all_that_it_comes_after_is_done_anew() {
    let jobs = [
        job("import", NIGHTLY),
        job("weather", "does = \"import\"\nat = \"0 1 * * *\"\n"),
        job(
            "train",
            "does = \"train\"\nafter = [\"import\", \"weather\"]\n",
        ),
        job(
            "orders",
            "does = \"review\"\nat = \"0 3 * * *\"\nafter = [\"train\"]\n",
        ),
    ];
    let since = "2026-11-05T00:00:00Z";
    let done = |name: &str, due: &str, ended: &str| {
        known(
            since,
            Some(attempt(name, due, 1, AttemptState::Done, ended)),
        )
    };
    let weather = || done("weather", "2026-11-06T00:00:00Z", "2026-11-06T00:05:00Z");
    let import = || done("import", "2026-11-06T01:30:00Z", "2026-11-06T01:50:00Z");
    let now = "2026-11-06T02:05:00Z";

    let failed = attempt(
        "import",
        "2026-11-06T01:30:00Z",
        3,
        AttemptState::Failed,
        "2026-11-06T01:50:00Z",
    );
    let all = [
        ("weather", weather()),
        ("import", known(since, Some(failed))),
        ("train", known(since, None)),
        ("orders", known(since, None)),
    ];
    let stood = stands(&jobs, &all, now);
    assert_eq!(
        stood["train"],
        Standing::Rests { next: None },
        "an import failed for good"
    );
    let on = vec!["train".to_owned()];
    assert_eq!(stood["orders"], Standing::Waits { on });

    let all = [
        ("weather", weather()),
        ("import", import()),
        ("train", known(since, None)),
        ("orders", known(since, None)),
    ];
    let stood = stands(&jobs, &all, now);
    let due_at = at("2026-11-06T01:50:00Z");
    assert_eq!(stood["train"], Standing::Due { due_at, missed: 0 });
    assert!(
        matches!(stood["orders"], Standing::Waits { .. }),
        "{stood:?}"
    );

    let train = done("train", "2026-11-06T01:50:00Z", "2026-11-06T02:04:00Z");
    let all = [
        ("weather", weather()),
        ("import", import()),
        ("train", train),
        ("orders", known(since, None)),
    ];
    let stood = stands(&jobs, &all, now);
    assert_eq!(
        stood["train"],
        Standing::Rests { next: None },
        "done, until both are done anew"
    );
    let due_at = at("2026-11-06T02:00:00Z");
    assert_eq!(stood["orders"], Standing::Due { due_at, missed: 1 });
}

#[test]
fn a_job_that_somebody_asks_for_is_due_at_once_and_only_once() {
    let jobs = [
        job("import", NIGHTLY),
        job("train", "does = \"train\"\nafter = [\"import\"]\n"),
    ];
    let asked = |name: &str, last: Option<&str>| Known {
        asked_at: Some(at("2026-11-05T12:00:00Z")),
        ..known(
            "2026-11-05T02:00:00Z",
            last.map(|due| attempt(name, due, 1, AttemptState::Done, due)),
        )
    };
    let now = "2026-11-05T12:00:01Z";
    let due = Standing::Due {
        due_at: at("2026-11-05T12:00:00Z"),
        missed: 0,
    };
    let stood = stands(&jobs, &[("train", asked("train", None))], now);
    assert_eq!(
        stood["train"], due,
        "whether or not the import was ever done"
    );
    let both = [
        ("import", asked("import", None)),
        ("train", asked("train", None)),
    ];
    let stood = stands(&jobs, &both, now);
    assert_eq!(stood["import"], due);
    assert!(
        matches!(stood["train"], Standing::Waits { .. }),
        "{stood:?}"
    );
    let done = Some("2026-11-05T12:00:00Z");
    let stood = stands(&jobs, &[("train", asked("train", done))], now);
    assert!(
        matches!(stood["train"], Standing::Rests { .. }),
        "{stood:?}"
    );
}

#[test]
fn a_job_file_that_cannot_be_meant_is_refused_at_its_line() {
    for (text, says) in [
        (
            "does = \"bake\"\nat = \"0 1 * * *\"\n",
            "jobs/nightly.toml:2",
        ),
        ("does = \"import\"\n", "never due"),
        (
            "does = \"import\"\nat = \"61 2 * * *\"\n",
            "jobs/nightly.toml:3: `at` is \"61 2 * * *\"",
        ),
        (
            "does = \"import\"\nat = \"0 0 30 2 *\"\n",
            "there is no such day",
        ),
        ("does = \"import\"\nat = \"* * * * * *\"\n", "5 fields"),
        (
            "does = \"import\"\nat = \"0 1 * * *\"\nneeded = true\n",
            "where `does` is train",
        ),
        (
            "does = \"import\"\nat = \"0 1 * * *\"\nretries = 21\n",
            "`retries` is 21, allowed is 0 to 20",
        ),
        (
            "does = \"import\"\nat = \"0 1 * * *\"\nminutes_max = 0\n",
            "allowed is 1 to 10080",
        ),
        (
            "does = \"train\"\nat = \"0 1 * * *\"\nproducts = [\"gone\"]\n",
            "`products` is \"gone\", allowed is nothing",
        ),
        (
            "does = \"decide\"\nat = \"0 1 * * *\"\n",
            "one data product",
        ),
        (
            "does = \"report\"\nat = \"0 1 * * *\"\noutput = \"mail.html\"\n",
            "of kind experiment",
        ),
        (
            "does = \"import\"\nat = \"0 1 * * *\"\noutput = \"mail.html\"\n",
            "where `does` is decide, report",
        ),
        (
            "does = \"import\"\nat = \"0 1 * * *\"\nowner2 = \"x\"\n",
            "owner2",
        ),
    ] {
        let refused = refused(text);
        assert!(refused.contains(says), "no {says:?} in {refused}");
    }
}

pub(crate) fn project(folder: &Path, jobs: &[(&str, &str)]) {
    std::fs::create_dir_all(folder.join("jobs")).unwrap();
    std::fs::write(folder.join("comptoir.toml"), "name = \"Jobs\"\n").unwrap();
    for (name, text) in jobs {
        let text = format!("owner = \"tests\"\n{text}");
        std::fs::write(folder.join(format!("jobs/{name}.toml")), text).unwrap();
    }
}

#[test]
fn jobs_that_wait_for_each_other_or_for_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    project(
        folder,
        &[
            ("a", "does = \"train\"\nafter = [\"b\"]\n"),
            ("b", "does = \"train\"\nafter = [\"a\"]\n"),
        ],
    );
    let refused = Project::open(folder).unwrap_err().to_string();
    assert!(
        refused.contains("a, b, which wait for each other"),
        "{refused}"
    );
    project(folder, &[("b", "does = \"train\"\nafter = [\"c\"]\n")]);
    let refused = Project::open(folder).unwrap_err().to_string();
    assert!(
        refused.contains("b.toml:3") && refused.contains("no such job"),
        "{refused}"
    );
}

/// A program that does what its folder tells it to, and notes that it was called.
fn program(folder: &Path) -> PathBuf {
    let script = "#!/bin/sh\n\
        echo \"$@\" >> calls\n\
        case \"$*\" in\n\
        *\" import\"*) [ -f import-fails ] && { echo 'error: no file' >&2; exit 2; }\n\
          [ -f import-refused ] && { echo 'refused: the contract is not met' >&2; exit 1; } ;;\n\
        *\" run\"*) [ -f slow ] && { echo 'train for-you' >&2; sleep 60; } ;;\n\
        esac\n\
        echo '[]'\n";
    let path = folder.join("program");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

pub(crate) async fn workshop(folder: &Path) -> Workshop {
    let project = Project::open(folder).unwrap();
    Workshop::open(project, &LakeOptions::default())
        .await
        .unwrap()
}

/// Makes every job of the project due: it has been known for two days.
async fn known_for_two_days(workshop: &Workshop) {
    let jobs = workshop.project.jobs.iter();
    let jobs: Vec<_> = jobs.map(|job| (job.name.clone(), job.due())).collect();
    let early = Timestamp::now() - SignedDuration::from_hours(48);
    workshop.registry.note_jobs(&jobs, early).await.unwrap();
}

async fn work_once(workshop: &Workshop, program: &Path) -> Vec<Attempt> {
    let ended = Mutex::new(Vec::new());
    let tell = |happened: &Happened| {
        if let Happened::Ended(attempt) = happened {
            ended.lock().unwrap().push(attempt.clone());
        }
    };
    let options = WorkOptions {
        program: program.to_owned(),
        once: true,
    };
    let work = workshop.work(&options, &tell, std::future::pending());
    tokio::time::timeout(Duration::from_secs(60), work)
        .await
        .unwrap()
        .unwrap();
    ended.into_inner().unwrap()
}

fn calls(folder: &Path) -> Vec<String> {
    let calls = std::fs::read_to_string(folder.join("calls")).unwrap_or_default();
    let plain = |line: &str| {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        // The folder and the name of the attempt, which are of this run.
        words.drain(..words.iter().position(|w| *w == "--attempt").unwrap() + 2);
        words.join(" ")
    };
    calls.lines().map(plain).collect()
}

const IMPORT_AND_TRAIN: &[(&str, &str)] = &[
    (
        "import",
        "does = \"import\"\nat = \"0 * * * *\"\nretries = 1\nretry_minutes = 0\n",
    ),
    (
        "training",
        "does = \"train\"\nafter = [\"import\"]\nneeded = true\n",
    ),
    (
        "weekly",
        "does = \"review\"\nafter = [\"training\"]\npublish = \"public\"\n",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_are_done_in_order_once_and_what_follows_a_failure_waits() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    project(folder, IMPORT_AND_TRAIN);
    let program = program(folder);
    let workshop = workshop(folder).await;
    known_for_two_days(&workshop).await;
    std::fs::write(folder.join("import-fails"), "").unwrap();
    let ended = work_once(&workshop, &program).await;
    let states: Vec<_> = ended
        .iter()
        .map(|a| (a.job.as_str(), a.number, a.state))
        .collect();
    assert_eq!(
        states,
        [
            ("import", 1, AttemptState::Failed),
            ("import", 2, AttemptState::Failed)
        ]
    );
    assert_eq!(ended[1].told, "error: no file");
    assert!(
        ended[0].missed >= 40,
        "one hour after the other: {}",
        ended[0].missed
    );
    assert!(
        work_once(&workshop, &program).await.is_empty(),
        "given up until its next time"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_job_runs_its_command_after_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    project(folder, IMPORT_AND_TRAIN);
    let program = program(folder);
    let workshop = workshop(folder).await;
    known_for_two_days(&workshop).await;
    let ended = work_once(&workshop, &program).await;
    assert_eq!(ended.len(), 3, "{ended:?}");
    assert!(
        ended.iter().all(|a| a.state == AttemptState::Done),
        "{ended:?}"
    );
    assert_eq!(
        calls(folder),
        ["import", "run --needed", "review --publish public"]
    );
    assert!(
        work_once(&workshop, &program).await.is_empty(),
        "all of it is done"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_job_is_not_made_up_for_and_a_refused_import_holds_up_what_follows() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    project(folder, IMPORT_AND_TRAIN);
    let program = program(folder);
    let new = workshop(folder).await;
    assert!(work_once(&new, &program).await.is_empty());

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    project(folder, IMPORT_AND_TRAIN);
    let program = self::program(folder);
    std::fs::write(folder.join("import-refused"), "").unwrap();
    let workshop = workshop(folder).await;
    known_for_two_days(&workshop).await;
    let ended = work_once(&workshop, &program).await;
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert_eq!(ended[0].state, AttemptState::Refused);
    assert_eq!(calls(folder), ["import"], "a refusal is not tried again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_one_works_and_the_other_takes_over_what_a_dead_one_left() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    project(
        folder,
        &[("training", "does = \"train\"\nat = \"0 * * * *\"\n")],
    );
    let program = program(folder);
    std::fs::write(folder.join("slow"), "").unwrap();
    let first = workshop(folder).await;
    known_for_two_days(&first).await;
    let options = WorkOptions {
        program: program.clone(),
        once: true,
    };
    let dying = {
        let options = options.clone();
        tokio::spawn(async move { first.work(&options, &|_| {}, std::future::pending()).await })
    };
    wait_until(|| calls(folder).len() == 1).await;
    let second = workshop(folder).await;
    let watching = {
        let (second, options) = (second.clone(), options.clone());
        tokio::spawn(async move { second.work(&options, &|_| {}, std::future::pending()).await })
    };
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(calls(folder).len(), 1, "the first one lives");
    let running = second.registry.attempts(10).await.unwrap();
    assert_eq!(
        running[0].told, "train for-you",
        "what it does is known elsewhere"
    );

    // As if it was killed: it says nothing to anybody.
    dying.abort();
    let _ = dying.await;
    std::fs::remove_file(folder.join("slow")).unwrap();
    let started = Instant::now();
    watching.await.unwrap().unwrap();
    let waited = started.elapsed();
    assert!(waited < Duration::from_secs(25), "{waited:?}");
    let attempts = second.registry.attempts(10).await.unwrap();
    let states: Vec<_> = attempts.iter().map(|a| (a.number, a.state)).collect();
    assert_eq!(states, [(2, AttemptState::Done), (1, AttemptState::Lost)]);
    let leader = second.registry.leader("jobs").await.unwrap().unwrap();
    assert!(!leader.is_there() && leader.term == 2, "{leader:?}");
}

async fn wait_until(mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(20), "it never came");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_told_to_stop_stops_its_job_and_the_next_begins_it_again_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    project(
        folder,
        &[("training", "does = \"train\"\nat = \"0 * * * *\"\n")],
    );
    let program = program(folder);
    std::fs::write(folder.join("slow"), "").unwrap();
    let workshop = workshop(folder).await;
    known_for_two_days(&workshop).await;
    let options = WorkOptions {
        program: program.clone(),
        once: true,
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let working = {
        let workshop = workshop.clone();
        tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            workshop.work(&options, &|_| {}, stopped).await
        })
    };
    wait_until(|| calls(folder).len() == 1).await;
    stop.send(()).unwrap();
    let started = Instant::now();
    working.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
    std::fs::remove_file(folder.join("slow")).unwrap();
    let ended = work_once(&workshop, &program).await;
    assert_eq!(ended.len(), 1);
    assert_eq!((ended[0].number, ended[0].state), (2, AttemptState::Done));
}
