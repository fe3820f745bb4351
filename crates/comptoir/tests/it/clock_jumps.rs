//! The served program while somebody sets the machine's clock.

use crate::clock::Clock;
use crate::program::{comptoir, good, rows, run, starter};
use crate::registry_away::{
    Stops, all_is_answered_and_logged, ask, attempts, last_version, ten_past, wait_until,
};
use crate::serving::{serve_as, terminate};
use registry::AttemptState;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Long enough for a few looks at what is due, and for what is done every second.
const SOME_LOOKS: Duration = Duration::from_secs(5);

#[test]
fn a_server_whose_clock_goes_two_hours_back_and_two_days_ahead_answers_all_and_does_each_job_once()
{
    let folder = tempfile::tempdir().unwrap();
    let Some(clock) = Clock::new(folder.path()).unwrap() else {
        println!("skipped: a clock that can be set needs Linux and a C compiler");
        return;
    };
    let shop = starter(folder.path());
    std::fs::create_dir_all(shop.join("jobs")).unwrap();
    for (name, text) in [
        ("hourly", "does = \"import\"\nat = \"0 * * * *\"\n"),
        ("review", "does = \"review\"\nafter = [\"hourly\"]\n"),
    ] {
        let text = format!("owner = \"data team\"\n{text}");
        std::fs::write(shop.join(format!("jobs/{name}.toml")), text).unwrap();
    }
    let product = shop.join("products/for-you.toml");
    let text = std::fs::read_to_string(&product).unwrap();
    let asks = "[retraining]\nshadow_hours = 2\nshadow_answers_min = 20\n\n[settings]";
    std::fs::write(&product, text.replace("[settings]", asks)).unwrap();
    good(&shop, &["import", "-q"]);
    assert!(run(&shop, &["run", "for-you", "-q"]).code <= 1);
    let first = ["promote", "for-you", "1", "--despite-gate", "--why", "test"];
    assert!(run(&shop, &first).code <= 2);
    // The second answers in the shadow, until two hours are over.
    good(&shop, &["run", "for-you", "-q", "--seed", "2"]);

    let usual = ten_past();
    clock.set(usual).unwrap();
    let said = folder.path().join("said");
    let script = format!("exec \"{}\" \"$@\" 2>\"{}\"", comptoir(), said.display());
    let mut program = clock.command("sh");
    program.args(["-c", &script, "sh"]);
    let (mut server, address) = serve_as(program, &shop);
    let registry = format!("sqlite:{}", shop.join("registry.sqlite").display());
    let ended = |job: &str| {
        let all = attempts(&registry).into_iter();
        all.filter(|one| one.job == job && one.state == AttemptState::Done)
            .count()
    };
    let (stop, told) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        let _stops = Stops(&stop);
        scope.spawn(|| ask(&address, "", &stop, &told));
        std::thread::sleep(SOME_LOOKS);
        clock.set(usual - 2 * HOUR).unwrap();
        std::thread::sleep(SOME_LOOKS);
        assert_eq!(ended("hourly"), 0, "nothing has become due by going back");
        assert_eq!(last_version(&told), Some(1));

        clock.set(usual + 2 * DAY).unwrap();
        wait_until("the review after the import", || ended("review") == 1);
        let missed: Vec<u32> = attempts(&registry)
            .iter()
            .filter(|one| one.job == "hourly")
            .map(|one| one.missed)
            .collect();
        assert!(
            matches!(missed[..], [47..=50]),
            "made up for once: {missed:?}"
        );
        wait_until("the version that was in the shadow", || {
            last_version(&told) == Some(2)
        });

        // By the clock that went back the last full hour was still to come.
        clock.set(usual).unwrap();
        wait_until("the import of this hour, and its review", || {
            ended("review") == 2
        });
        clock.set(usual + HOUR).unwrap();
        wait_until("that of the next", || ended("review") == 3);
        clock.set(usual - 2 * HOUR).unwrap();
        std::thread::sleep(SOME_LOOKS);
        clock.set(usual + HOUR).unwrap();
        std::thread::sleep(SOME_LOOKS);
    });
    terminate(&mut server);

    let said = std::fs::read_to_string(said).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    all_is_answered_and_logged(&shop, told.into_inner().unwrap());
    let attempts = attempts(&registry);
    let times: BTreeSet<_> = attempts
        .iter()
        .map(|one| (one.job.as_str(), one.due_at))
        .collect();
    assert_eq!(
        times.len(),
        attempts.len(),
        "a time was served twice: {attempts:?}"
    );
    assert_eq!((ended("hourly"), ended("review")), (3, 3), "{attempts:?}");
    let backwards = attempts
        .iter()
        .find(|one| one.ended_at.is_some_and(|end| end < one.started_at));
    assert_eq!(backwards, None);
    good(&shop, &["audit", "--verify"]);
    // Every reading of the logs and records still works, whatever moments they hold.
    assert!(run(&shop, &["review", "-q"]).code <= 1);
    good(&shop, &["schedule", "-q"]);
    let sql = "SELECT COUNT(*) AS n FROM decisions WHERE decided_at > now() + INTERVAL '1 day'";
    let ahead = rows(&shop, sql)[0]["n"].as_u64().unwrap();
    assert!(
        ahead > 0,
        "decisions carry the time of the clock that made them"
    );
}
