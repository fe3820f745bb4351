//! A registry that goes away under a server, and comes back.

use crate::clock::Clock;
use crate::database::Database;
use crate::program::{comptoir, good, json, rows, run, starter};
use crate::serving::{Connection, serve_as, terminate};
use registry::{Attempt, AttemptState, Registry};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Longer than a key is trusted without being looked up, and than a leader may be unseen.
const A_WHILE: Duration = Duration::from_secs(35);

/// An answer that takes longer has waited for the registry: its connections are waited for ten seconds.
const WITHIN: Duration = Duration::from_secs(5);

/// How long what is to come of itself may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// The starter shop on a registry of PostgreSQL, with two versions of which the first answers, an import every hour, and
/// callers that need a key.
fn shop_on(database: &Database, folder: &Path) -> PathBuf {
    let shop = starter(folder);
    let main = shop.join("comptoir.toml");
    let text = std::fs::read_to_string(&main).unwrap();
    let text = text.replace("\"registry.sqlite\"", &format!("\"{}\"", database.url));
    std::fs::write(&main, text + "anonymous = false\n").unwrap();
    std::fs::create_dir_all(shop.join("jobs")).unwrap();
    let job = "owner = \"data team\"\ndoes = \"import\"\nat = \"0 * * * *\"\n";
    std::fs::write(shop.join("jobs/hourly.toml"), job).unwrap();
    good(&shop, &["import", "-q"]);
    for seed in ["1", "2"] {
        assert!(run(&shop, &["run", "for-you", "-q", "--seed", seed]).code <= 1);
    }
    let first = ["promote", "for-you", "1", "--despite-gate", "--why", "test"];
    assert!(run(&shop, &first).code <= 2);
    shop
}

/// One answer: its decision and version, or what was said instead, and how long it took.
pub(crate) struct Told {
    answer: Result<(String, u64), String>,
    took: Duration,
}

/// Asks every few milliseconds until told to stop.
///
/// - `key`: empty where none is needed.
pub(crate) fn ask(address: &str, key: &str, stop: &AtomicBool, told: &Mutex<Vec<Told>>) {
    let mut connection = Connection::open(address).unwrap();
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    let headers = if key.is_empty() {
        &[]
    } else {
        headers.as_slice()
    };
    let body = r#"{"customer_id":"C001","items":3}"#;
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let (status, answer) = connection
            .post("/v1/products/for-you/decide", headers, body)
            .expect("the server answers");
        let took = began.elapsed();
        let answer = match status {
            200 => {
                let answer = json(&answer);
                let decision = answer["decision_id"].as_str().unwrap().to_owned();
                Ok((decision, answer["version"].as_u64().unwrap()))
            }
            _ => Err(answer),
        };
        told.lock().unwrap().push(Told { answer, took });
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Tells those who ask to stop, also where a test fails: they would be waited for.
pub(crate) struct Stops<'a>(pub(crate) &'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Seconds that a clock must be ahead to show ten minutes past an hour: nothing becomes due by itself during a test.
pub(crate) fn ten_past() -> i64 {
    let past = jiff::Timestamp::now().as_second() % 3_600;
    (3_600 + 600 - past) % 3_600
}

#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what} never came");
        std::thread::sleep(Duration::from_millis(100));
    }
    began.elapsed()
}

/// The version of the last answer.
pub(crate) fn last_version(told: &Mutex<Vec<Told>>) -> Option<u64> {
    let told = told.lock().unwrap();
    let last = told.last().and_then(|last| last.answer.as_ref().ok());
    last.map(|(_, version)| *version)
}

/// What came of the jobs, the last first.
pub(crate) fn attempts(registry: &str) -> Vec<Attempt> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let registry = Registry::open(registry).await.unwrap();
        let all = registry.attempts(100).await.unwrap();
        registry.close().await;
        all
    })
}

/// Every question was answered, and the log holds exactly that; how long the longest answer took.
#[track_caller]
pub(crate) fn all_is_answered_and_logged(shop: &Path, told: Vec<Told>) -> Duration {
    let refused: Vec<&String> = told
        .iter()
        .filter_map(|one| one.answer.as_ref().err())
        .collect();
    assert!(
        refused.is_empty(),
        "{} of {}: {}",
        refused.len(),
        told.len(),
        refused[0]
    );
    let longest = told.iter().map(|one| one.took).max().unwrap();
    println!("{} answers, the longest took {longest:?}", told.len());
    let answered: BTreeSet<&str> = told
        .iter()
        .flat_map(|one| &one.answer)
        .map(|(decision, _)| decision.as_str())
        .collect();
    let sql = "SELECT decision_id AS id FROM decisions WHERE position = 1";
    let rows = rows(shop, sql);
    let logged: BTreeSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(logged.len(), rows.len(), "a decision is there twice");
    assert_eq!(logged, answered, "the log holds what was answered");
    longest
}

fn a_server_goes_on_without_its_registry(away: Duration) {
    let Some(mut database) = Database::start("a registry that goes away") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let Some(clock) = Clock::new(folder.path()).unwrap() else {
        println!("skipped: a clock that can be set needs Linux and a C compiler");
        return;
    };
    let shop = shop_on(&database, folder.path());
    let create = [
        "key", "create", "shop", "--scope", "decide", "--output", "json", "-q",
    ];
    let key = json(&good(&shop, &create).out)["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let ahead = ten_past();
    clock.set(ahead).unwrap();
    let (mut server, address) = serve_as(clock.command(comptoir()), &shop);
    let pid = server.id().to_string();
    wait_until("the server leads the jobs", || {
        let told = json(&good(&shop, &["schedule", "--output", "json", "-q"]).out);
        told["leader"]
            .as_str()
            .is_some_and(|by| by.starts_with(&pid))
    });
    assert!(
        attempts(&database.url).is_empty(),
        "a new job has missed nothing"
    );
    let ready = || {
        let mut connection = Connection::open(&address).unwrap();
        connection.get("/health/ready").unwrap()
    };
    assert_eq!(ready().0, 200);

    let (stop, told) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        let _stops = Stops(&stop);
        scope.spawn(|| ask(&address, &key, &stop, &told));
        std::thread::sleep(Duration::from_secs(1));
        database.down();
        let since = Instant::now();
        let says_so = wait_until("that it is not ready", || ready().0 == 503);
        assert!(says_so < Duration::from_secs(10), "{says_so:?}");
        assert!(ready().1.contains("look at the registry"), "{}", ready().1);
        // The import is due twice meanwhile.
        clock.set(ahead + 2 * 3_600).unwrap();
        std::thread::sleep(away.saturating_sub(since.elapsed()));
        database.up();

        let back = wait_until("that it is ready again", || ready().0 == 200);
        let caught_up = wait_until("the import", || {
            let last = attempts(&database.url).into_iter().next();
            last.is_some_and(|last| last.state == AttemptState::Done)
        });
        println!(
            "away for {away:?}: ready {back:?} after its return, jobs caught up {caught_up:?} later"
        );
        let done = clock
            .command(comptoir())
            .args([
                "promote",
                "for-you",
                "2",
                "--despite-gate",
                "--why",
                "it is back",
            ])
            .current_dir(&shop)
            .status()
            .unwrap();
        assert!(done.success());
        wait_until("the other version", || last_version(&told) == Some(2));
    });
    terminate(&mut server);

    let longest = all_is_answered_and_logged(&shop, told.into_inner().unwrap());
    assert!(
        longest < WITHIN,
        "an answer waited for the registry: {longest:?}"
    );
    let attempts = attempts(&database.url);
    let states: Vec<(AttemptState, u32)> =
        attempts.iter().map(|one| (one.state, one.missed)).collect();
    assert_eq!(
        states,
        [(AttemptState::Done, 1)],
        "once for both times: {attempts:?}"
    );
    good(&shop, &["audit", "--verify"]);
}

#[test]
fn a_server_without_its_registry_for_a_while_goes_on_answering_says_so_and_catches_up_once() {
    a_server_goes_on_without_its_registry(A_WHILE);
}

#[test]
#[ignore = "takes eleven minutes: cargo test --workspace -- --ignored without_its_registry"]
fn a_server_without_its_registry_for_ten_minutes_goes_on_and_catches_up_once() {
    a_server_goes_on_without_its_registry(Duration::from_secs(600));
}
