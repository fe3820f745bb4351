//! Processes of their own: two at once, and one that is killed in the middle of its work.
//!
//! A test starts itself again with `WRITER` set, and then is the writer.

use crate::backend::{Backend, COST, at, id, new_run, scorecard, signed, version_of};
use jiff::SignedDuration;
use registry::{CHALLENGER, Outcome, Registry, RunStatus};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// URL of the registry, name of the writer, and how many versions it writes, separated by spaces.
const WRITER: &str = "COMPTOIR_REGISTRY_TEST_WRITER";
/// What a writer prints before the number of a version whose writing was answered.
const ACKNOWLEDGED: &str = "acknowledged version ";
/// Large enough that most of a writer's time passes in the middle of a transaction.
const ARTEFACT_BYTES: usize = 300_000;

/// If this process is the writer, it writes, says what it was answered, and ends.
async fn be_the_writer_if_asked() {
    let Ok(order) = std::env::var(WRITER) else {
        return;
    };
    let mut order = order.split(' ');
    let mut next = || order.next().expect("three words");
    let (url, name, count) = (next(), next(), next().parse::<u32>().unwrap());
    let registry = Registry::open(url).await.unwrap();
    for n in 1..=count {
        let number = write_one(&registry, &format!("{name}-{n}")).await;
        let mut stdout = std::io::stdout();
        writeln!(stdout, "\n{ACKNOWLEDGED}{number}").unwrap();
        stdout.flush().unwrap();
    }
    std::process::exit(0);
}

async fn write_one(registry: &Registry, name: &str) -> u32 {
    let run = id(name);
    registry.start_run(&new_run("baskets", name)).await.unwrap();
    let mut artefact = vec![0; ARTEFACT_BYTES];
    artefact[..name.len()].copy_from_slice(name.as_bytes());
    let card = scorecard(0.5, 0.1, 0.4);
    let new = version_of("baskets", &run, &artefact, &card);
    let number = registry.register_version(&new).await.unwrap().number;
    // Somebody else may move it at the same time: then this one has lost, and that is fine.
    let current = registry
        .alias("baskets", CHALLENGER)
        .await
        .unwrap()
        .map(|alias| alias.version);
    let _ = registry
        .set_alias("baskets", CHALLENGER, number, current, signed("newest"))
        .await;
    registry
        .finish_run(&run, &Outcome::Done, &card, COST)
        .await
        .unwrap();
    number
}

fn start_writer(test: &str, backend: &Backend, name: &str, count: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(WRITER, format!("{} {name} {count}", backend.url))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Numbers that the writer says it was answered, as it says them.
fn acknowledged(writer: &mut Child) -> impl Iterator<Item = u32> + use<> {
    let stdout = writer.stdout.take().expect("standard output was asked for");
    BufReader::new(stdout)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix(ACKNOWLEDGED)?.parse().ok())
}

async fn a_killed_writer_leaves_a_consistent_registry(backend: &Backend, test: &str) {
    const ROUNDS: u32 = 6;
    let mut promised = Vec::new();
    for round in 0..ROUNDS {
        let mut writer = start_writer(test, backend, &format!("round{round}"), 10_000);
        let mut answers = acknowledged(&mut writer);
        promised.extend(answers.by_ref().take(2));
        // A different moment each round, so that it is hit in different statements.
        std::thread::sleep(Duration::from_micros(u64::from(round) * 1_700));
        writer.kill().unwrap(); // SIGKILL: nothing of it runs any more
        writer.wait().unwrap();
        promised.extend(answers);
        check_after_the_kill(backend, &promised, round).await;
    }
    assert!(
        promised.len() >= 2 * ROUNDS as usize,
        "each writer was at work when it was killed"
    );
}

async fn check_after_the_kill(backend: &Backend, promised: &[u32], round: u32) {
    let registry = backend.open().await;
    // A write comes first: it waits until the database has done away with what the dead one had begun.
    let survivor = write_one(&registry, &format!("survivor-{round}")).await;

    let mut versions = registry.versions("baskets").await.unwrap();
    versions.reverse();
    let numbers: Vec<u32> = versions.iter().map(|version| version.number).collect();
    assert_eq!(numbers, (1..=survivor).collect::<Vec<_>>(), "no gap");
    for number in promised {
        assert!(
            numbers.contains(number),
            "version {number} was answered and is lost"
        );
    }
    for version in &versions {
        let artefact = registry.artefact("baskets", version.number).await.unwrap();
        assert_eq!(artefact.bytes.len(), ARTEFACT_BYTES);
        assert!(
            artefact.bytes.starts_with(version.run.as_str().as_bytes()),
            "its own artefact"
        );
    }
    for run in registry.runs("baskets", 100_000).await.unwrap() {
        assert_eq!(
            run.inputs.len(),
            2,
            "run {} has all its inputs or is not there",
            run.id
        );
        assert_eq!(run.status == RunStatus::Done, run.cost.is_some());
    }
    let history = registry.alias_history("baskets", CHALLENGER).await.unwrap();
    let alias = registry
        .alias("baskets", CHALLENGER)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(history.last().unwrap().to, alias.version);
    assert_eq!(history.len() as i64, registry.alias_stamp().await.unwrap());
    assert!(
        history
            .windows(2)
            .all(|pair| pair[1].from == Some(pair[0].to)),
        "an unbroken chain"
    );

    // What was running when its process was killed is given up; at most one of each round.
    let recovered = registry
        .recover(at("2026-03-02T00:00:00Z"), SignedDuration::from_hours(1))
        .await
        .unwrap();
    assert!(recovered.len() <= 1, "{recovered:?}");
    if backend.is_sqlite() {
        sound_file(backend).await;
    }
}

async fn sound_file(backend: &Backend) {
    use sqlx::{Connection as _, Row as _};
    let mut connection = sqlx::SqliteConnection::connect(&backend.url).await.unwrap();
    let row = sqlx::query("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(row.get::<String, _>(0), "ok");
    let broken = sqlx::query("PRAGMA foreign_key_check")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert!(broken.is_empty());
}

async fn two_processes_share_one_registry(backend: &Backend, test: &str) {
    const EACH: u32 = 15;
    let mut writers = [
        start_writer(test, backend, "left", EACH),
        start_writer(test, backend, "right", EACH),
    ];
    let mut numbers: Vec<u32> = Vec::new();
    for writer in &mut writers {
        numbers.extend(acknowledged(writer));
        assert!(writer.wait().unwrap().success());
    }
    numbers.sort_unstable();
    assert_eq!(
        numbers,
        (1..=2 * EACH).collect::<Vec<_>>(),
        "each number once, none left out"
    );
}

#[tokio::test]
async fn a_writer_killed_in_the_middle_leaves_a_consistent_sqlite_file() {
    be_the_writer_if_asked().await;
    let test = "crash::a_writer_killed_in_the_middle_leaves_a_consistent_sqlite_file";
    a_killed_writer_leaves_a_consistent_registry(&Backend::sqlite(), test).await;
}

#[tokio::test]
async fn a_writer_killed_in_the_middle_leaves_a_consistent_postgres_database() {
    be_the_writer_if_asked().await;
    let test = "crash::a_writer_killed_in_the_middle_leaves_a_consistent_postgres_database";
    if let Some(backend) = Backend::postgres().await {
        a_killed_writer_leaves_a_consistent_registry(&backend, test).await;
    }
}

#[tokio::test]
async fn two_processes_write_one_sqlite_file() {
    be_the_writer_if_asked().await;
    two_processes_share_one_registry(
        &Backend::sqlite(),
        "crash::two_processes_write_one_sqlite_file",
    )
    .await;
}

#[tokio::test]
async fn two_processes_write_one_postgres_database() {
    be_the_writer_if_asked().await;
    if let Some(backend) = Backend::postgres().await {
        let test = "crash::two_processes_write_one_postgres_database";
        two_processes_share_one_registry(&backend, test).await;
    }
}
