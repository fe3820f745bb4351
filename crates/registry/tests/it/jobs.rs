//! One leader, its attempts, and the audit.

use crate::backend::{Backend, at, id, new_run, register, signed, with_versions};
use jiff::SignedDuration;
use registry::{
    Act, AttemptState, CHAMPION, Leader, NewAttempt, NewVersion, RegisterError, Registry, RunCost,
    RunStatus, VerifyAuditError,
};
use serde_json::json;

const DUE: &str = "2026-03-01T02:30:00Z";
const NOW: &str = "2026-03-01T02:30:01Z";

async fn lead(registry: &Registry, holder: &str, seen: Option<&Leader>) -> Option<Leader> {
    let taken = registry.take_lead("jobs", holder, seen, at(NOW)).await;
    taken.unwrap()
}

fn due(job: &str) -> NewAttempt<'_> {
    NewAttempt {
        job,
        due_at: at(DUE),
        missed: 0,
        now: at(NOW),
    }
}

pub(crate) async fn of_many_that_would_lead_one_does(backend: &Backend) {
    let registry = backend.open().await;
    assert_eq!(registry.leader("jobs").await.unwrap(), None);
    let mut tries = Vec::new();
    for n in 0..8 {
        let registry = backend.open().await;
        tries.push(tokio::spawn(async move {
            lead(&registry, &format!("process {n}"), None).await
        }));
    }
    let mut leaders = Vec::new();
    for one in tries {
        leaders.extend(one.await.unwrap());
    }
    assert_eq!(leaders.len(), 1);
    let first = leaders.remove(0);
    assert_eq!((first.term, first.beat), (1, 0));

    // Who saw it before its last beat may not take over; who saw that it stands still may.
    let beaten = registry.beat(&first).await.unwrap().unwrap();
    assert_eq!(beaten.beat, 1);
    assert_eq!(lead(&registry, "b", Some(&first)).await, None);
    let second = lead(&registry, "b", Some(&beaten)).await.unwrap();
    assert_eq!((second.term, second.holder.as_str()), (2, "b"));
    assert_eq!(
        registry.beat(&beaten).await.unwrap(),
        None,
        "a former leader learns of it"
    );
    registry.stand_down(&beaten).await.unwrap();
    assert!(registry.leader("jobs").await.unwrap().unwrap().is_there());

    registry.stand_down(&second).await.unwrap();
    let free = registry.leader("jobs").await.unwrap().unwrap();
    assert!(!free.is_there());
    assert_eq!(lead(&registry, "c", Some(&free)).await.unwrap().term, 3);
}

pub(crate) async fn what_a_dead_leader_had_begun_is_lost_and_registers_nothing(backend: &Backend) {
    let registry = backend.open().await;
    let first = lead(&registry, "a", None).await.unwrap();
    let begun = registry.begin_attempt(&first, &due("nightly")).await;
    let begun = begun.unwrap().unwrap();
    assert_eq!((begun.number, begun.state), (1, AttemptState::Running));
    let again = registry.begin_attempt(&first, &due("nightly")).await;
    assert_eq!(again.unwrap(), None, "one attempt of a job at a time");
    registry
        .attempt_does(&begun, "train for-you")
        .await
        .unwrap();
    let mut of_job = new_run("baskets", "of-job");
    of_job.attempt = Some("nightly@1".to_owned());
    registry.start_run(&of_job).await.unwrap();
    registry
        .start_run(&new_run("baskets", "by-hand"))
        .await
        .unwrap();

    let second = lead(&registry, "b", Some(&first)).await.unwrap();
    let status = |run: &'static str| {
        let registry = registry.clone();
        async move { registry.run(&id(run)).await.unwrap().unwrap().status }
    };
    assert!(matches!(status("of-job").await, RunStatus::Failed { .. }));
    assert_eq!(
        status("by-hand").await,
        RunStatus::Running,
        "it is nobody's job"
    );
    let run = id("of-job");
    let version = NewVersion {
        product: "baskets",
        run: &run,
        kind: "recommend",
        format_version: 1,
        artefact: b"late",
        scorecard: &json!({}),
        created_at: at(NOW),
    };
    let late = registry.register_version(&version).await.unwrap_err();
    assert!(matches!(late, RegisterError::RunEnded { .. }), "{late}");
    let ended = registry.end_attempt(&begun, AttemptState::Done, "late", at(NOW));
    assert!(!ended.await.unwrap(), "it is lost already");
    assert_eq!(
        registry.begin_attempt(&first, &due("other")).await.unwrap(),
        None
    );

    let again = registry.begin_attempt(&second, &due("nightly")).await;
    let again = again.unwrap().unwrap();
    assert_eq!(again.number, 2);
    let ended = registry.end_attempt(&again, AttemptState::Failed, "no file", at(NOW));
    assert!(ended.await.unwrap());
    let all = registry.attempts(10).await.unwrap();
    let states: Vec<_> = all.iter().map(|a| (a.number, a.state)).collect();
    assert!(
        states.contains(&(1, AttemptState::Lost)) && states.contains(&(2, AttemptState::Failed))
    );
    let last = registry
        .last_attempt("nightly", at(NOW))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((last.number, last.told.as_str()), (2, "no file"));
    assert_eq!(registry.last_attempt("other", at(NOW)).await.unwrap(), None);
    // By a clock that went back it lies ahead, with the last of its tries.
    let before = at(NOW) - jiff::SignedDuration::from_hours(48);
    let ahead = registry.attempts_ahead("nightly", before).await.unwrap();
    let numbers: Vec<u32> = ahead.iter().map(|one| one.number).collect();
    assert_eq!(numbers, [2]);
    let none = registry
        .attempts_ahead("nightly", last.due_at)
        .await
        .unwrap();
    assert!(none.is_empty(), "{none:?}");
}

pub(crate) async fn a_job_is_due_from_the_moment_on_when_it_became_what_it_is(backend: &Backend) {
    let registry = backend.open().await;
    let jobs = |due: &str| vec![("nightly".to_owned(), due.to_owned())];
    let (early, late) = (at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z"));
    let since = async |due: &str, now| {
        let noted = registry.note_jobs(&jobs(due), now).await.unwrap();
        (noted[0].since, noted[0].asked_at)
    };
    assert_eq!(since("30 2 * * *", early).await, (early, None));
    assert_eq!(since("30 2 * * *", late).await, (early, None));
    assert_eq!(registry.job("nightly", "0 9 * * *").await.unwrap(), None);
    assert_eq!(since("0 9 * * *", late).await, (late, None));
    registry
        .ask_for_job("nightly", "0 9 * * *", early)
        .await
        .unwrap();
    assert_eq!(since("0 9 * * *", late).await, (late, Some(early)));
    // Whoever asks by a clock that is behind changes nothing; that of the leader was set back.
    assert_eq!(since("0 9 * * *", early).await, (early, Some(early)));
    registry.ask_for_job("other", "", early).await.unwrap();
    assert_eq!(
        registry.job("other", "").await.unwrap().unwrap().since,
        early
    );
}

pub(crate) async fn old_attempts_are_forgotten_and_the_last_of_a_job_is_not(backend: &Backend) {
    let registry = backend.open().await;
    let lead = lead(&registry, "a", None).await.unwrap();
    for (job, due) in [
        ("nightly", "2026-01-01T00:00:00Z"),
        ("nightly", "2026-02-01T00:00:00Z"),
        ("yearly", "2026-01-01T00:00:00Z"),
    ] {
        let new = NewAttempt {
            job,
            due_at: at(due),
            missed: 0,
            now: at(due),
        };
        let begun = registry.begin_attempt(&lead, &new).await.unwrap().unwrap();
        let ended = registry.end_attempt(&begun, AttemptState::Done, "", at(due));
        assert!(ended.await.unwrap());
    }
    assert_eq!(registry.forget_attempts(at(NOW)).await.unwrap(), 1);
    let left = registry.attempts(10).await.unwrap();
    let left: Vec<&str> = left.iter().map(|a| a.job.as_str()).collect();
    assert_eq!(left, ["nightly", "yearly"]);
}

pub(crate) async fn the_audit_tells_every_deed_and_shows_every_change_of_it(backend: &Backend) {
    let registry = backend.open().await;
    assert_eq!(registry.verify_audit(None).await.unwrap().lines, 0);
    // Trainings that came to nothing: one broke off, one was killed.
    for run in ["broken", "killed"] {
        registry.start_run(&new_run("baskets", run)).await.unwrap();
    }
    let cost = RunCost {
        duration_ms: 1_500,
        peak_memory_bytes: None,
    };
    let broken = id("broken");
    let failed = registry.fail_run(&broken, "the disk is full", cost);
    failed.await.unwrap();
    let recovered = registry.recover(at("2026-03-02T02:30:00Z"), SignedDuration::from_hours(1));
    assert_eq!(recovered.await.unwrap(), [id("killed")]);
    with_versions(&registry, 2).await;
    for (version, before) in [(1, None), (2, Some(1))] {
        let moved = registry.set_alias("baskets", CHAMPION, version, before, signed("chosen"));
        moved.await.unwrap();
    }
    let scopes = ["decide".to_owned()].into();
    registry
        .create_key("till", &scopes, [7; 32], at(NOW))
        .await
        .unwrap();
    registry.revoke_key(1, at(NOW)).await.unwrap();
    for (version, share, is_new) in [(2, 0.1, true), (2, 0.1, false), (2, 0.3, true)] {
        let set = registry.set_trial_share("baskets", version, share, signed("as its file says"));
        assert_eq!(set.await.unwrap(), is_new);
    }
    let shares = registry.trial_shares("baskets").await.unwrap();
    let shares: Vec<(u32, f64)> = shares.iter().map(|of| (of.version, of.share)).collect();
    assert_eq!(shares, [(2, 0.1), (2, 0.3)]);
    assert!(registry.trial_shares("value").await.unwrap().is_empty());
    let newest = registry.newest_version("baskets").await.unwrap();
    assert_eq!(newest.map(|newest| newest.number), Some(2));
    let lines = registry.audit(None, 100).await.unwrap();
    let acts: Vec<Act> = lines.iter().rev().map(|line| line.act).collect();
    assert_eq!(
        acts,
        [
            Act::TrainingEnded,
            Act::TrainingEnded,
            Act::VersionRegistered,
            Act::VersionRegistered,
            Act::AliasMoved,
            Act::AliasMoved,
            Act::KeyCreated,
            Act::KeyRevoked,
            Act::TrialShareSet,
            Act::TrialShareSet
        ]
    );
    assert_eq!(registry.audit(Some("baskets"), 100).await.unwrap().len(), 8);
    let reasons = ["the disk is full", "interrupted: no sign of life since"];
    for (line, reason) in lines.iter().rev().zip(reasons) {
        let told = line.details["reason"].as_str().unwrap();
        assert!(
            line.details["state"] == "failed" && told.starts_with(reason),
            "{line:?}"
        );
    }
    let sound = registry.verify_audit(None).await.unwrap();
    assert_eq!(
        (sound.lines, sound.head.as_str()),
        (10, lines[0].sha256.as_str())
    );
    // More is written behind it, and the line that was known is still there.
    register(&registry, "baskets", "later", b"later", &json!({})).await;
    registry.verify_audit(Some(&sound.head)).await.unwrap();

    // One byte of one line.
    backend
        .behind_its_back("UPDATE audit SET who = 'noboby' WHERE id = 3")
        .await;
    let changed = registry.verify_audit(None).await.unwrap_err();
    assert!(
        matches!(changed, VerifyAuditError::Changed { line: 3, .. }),
        "{changed}"
    );
}

pub(crate) async fn a_line_cut_off_and_a_table_changed_behind_the_audit_are_found(
    backend: &Backend,
) {
    let registry = backend.open().await;
    with_versions(&registry, 2).await;
    let moved = registry.set_alias("baskets", CHAMPION, 1, None, signed("chosen"));
    moved.await.unwrap();
    let known = registry.verify_audit(None).await.unwrap().head;
    backend
        .behind_its_back("UPDATE aliases SET number = 2")
        .await;
    let changed = registry.verify_audit(None).await.unwrap_err();
    assert!(
        changed
            .to_string()
            .contains("alias `champion` of `baskets`"),
        "{changed}"
    );
    backend
        .behind_its_back("UPDATE aliases SET number = 1")
        .await;
    registry.verify_audit(Some(&known)).await.unwrap();
    backend
        .behind_its_back("UPDATE versions SET scorecard = '{}' WHERE number = 2")
        .await;
    let changed = registry.verify_audit(None).await.unwrap_err();
    assert!(
        matches!(changed, VerifyAuditError::NotTold { .. }),
        "{changed}"
    );
    backend
        .behind_its_back("DELETE FROM audit WHERE id = 3")
        .await;
    let cut = registry.verify_audit(Some(&known)).await.unwrap_err();
    assert!(
        matches!(cut, VerifyAuditError::CutOff { lines: 2, .. }),
        "{cut}"
    );
    backend
        .behind_its_back("DELETE FROM audit WHERE id = 1")
        .await;
    let gap = registry.verify_audit(None).await.unwrap_err();
    assert!(
        matches!(gap, VerifyAuditError::Changed { line: 1, .. }),
        "{gap}"
    );
}
