//! Records, lakes and child processes for the tests.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use jiff::Timestamp;
use lake::log::{
    ActionRecord, Answer, DecisionRecord, DrainOptions, EventRecord, EventType, LogRecord,
    Reserved, Wal, WalOptions,
};
use lake::{Lake, LakeOptions};
use schema::{Cents, CustomerId, DecisionId, Json, Probability, ProductId};
use std::io::{BufRead, BufReader};
use std::num::NonZeroU32;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// Names the place of a child's files; where it is set, a test plays the child.
pub(crate) const CHILD_FOLDER: &str = "COMPTOIR_TEST_CHILD_FOLDER";

pub(crate) fn now() -> Timestamp {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

pub(crate) fn options() -> LakeOptions {
    LakeOptions {
        memory: schema::Bytes(256 << 20),
        threads: 2,
    }
}

pub(crate) async fn lake_in(folder: &Path) -> Lake {
    Lake::open(folder.to_str().unwrap(), &options())
        .await
        .unwrap()
}

pub(crate) fn wal_in(root: &Path) -> Arc<Wal> {
    Arc::new(Wal::open_below(root, &WalOptions::default()).unwrap())
}

pub(crate) fn patient() -> DrainOptions {
    DrainOptions {
        patience: Duration::from_secs(30),
        ..DrainOptions::default()
    }
}

fn json(text: &str) -> Json {
    Json::from_text(text.to_owned()).unwrap()
}

/// A decision with every field set and `actions` actions.
pub(crate) fn decision(id: &str, actions: u32) -> DecisionRecord {
    let action = |place: u32| ActionRecord {
        action: Some(format!("item-{place}")),
        score: Some(1.0 / f64::from(place)),
        propensity: Probability::new(1.0 / f64::from(place + 1)).unwrap(),
        reasons: json(r#"[{"because":"bought before","weight":0.5}]"#),
    };
    let answer = if actions == 0 {
        Answer::Nothing {
            propensity: Probability::new(0.25).unwrap(),
            reasons: json(r#"["out of stock"]"#),
        }
    } else {
        Answer::Actions((1..=actions).map(action).collect())
    };
    DecisionRecord {
        decision_id: DecisionId::new(id).unwrap(),
        decided_at: now(),
        product: "for-you".to_owned(),
        version: 7,
        customer_id: Some(CustomerId::new("17850").unwrap()),
        subject_product_id: Some(ProductId::new("85123A").unwrap()),
        placement: Some("home".to_owned()),
        answer,
        holdout: false,
        fallback: true,
        fingerprint: Some("5d41402a".to_owned()),
        reserved: Some(Reserved {
            lease: "1f7a".to_owned(),
            cents: Cents(250),
        }),
    }
}

/// An event with every field set.
pub(crate) fn event(id: &str, occurred_at: Timestamp) -> EventRecord {
    EventRecord {
        event_id: id.to_owned(),
        occurred_at,
        kind: EventType::Cart,
        customer_id: Some(CustomerId::new("17850").unwrap()),
        session_id: Some("visit-1".to_owned()),
        product_id: Some(ProductId::new("85123A").unwrap()),
        position: NonZeroU32::new(3),
        query: Some("lantern".to_owned()),
        quantity: NonZeroU32::new(2),
        decision_id: Some(DecisionId::new("d-1").unwrap()),
    }
}

pub(crate) async fn append_decision(wal: &Wal, record: DecisionRecord) {
    wal.append(&LogRecord::Decision(record).to_bytes().unwrap())
        .await
        .unwrap();
}

pub(crate) async fn append_event(wal: &Wal, record: EventRecord) {
    wal.append(&LogRecord::Event(record).to_bytes().unwrap())
        .await
        .unwrap();
}

/// The one whole number that a query gives.
pub(crate) async fn number(lake: &Lake, sql: &str) -> i64 {
    let batches = lake.query(sql).await.unwrap();
    let rows: Vec<&RecordBatch> = batches.iter().filter(|b| b.num_rows() > 0).collect();
    assert_eq!(rows.len(), 1, "{sql}");
    rows[0].column(0).as_primitive::<Int64Type>().value(0)
}

/// The texts in the first column of a query's rows.
pub(crate) async fn texts(lake: &Lake, sql: &str) -> Vec<String> {
    let batches = lake.query(sql).await.unwrap();
    // Text that was computed comes in another encoding than text that was stored.
    let column = |b: &RecordBatch| {
        arrow::compute::cast(b.column(0), &arrow::datatypes::DataType::Utf8).unwrap()
    };
    let texts = |b: &RecordBatch| {
        column(b)
            .as_string::<i32>()
            .iter()
            .flatten()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    batches.iter().flat_map(texts).collect()
}

/// This test binary, about to play the child of the named test with its files in `folder`.
pub(crate) fn child(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD_FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    command
}

/// The folder of the child that this process plays; `None` where it is the parent.
pub(crate) fn child_folder() -> Option<std::path::PathBuf> {
    std::env::var_os(CHILD_FOLDER).map(Into::into)
}

/// Lets a child run until `pause` after its first line that begins with `word` (after its start where `word` is
/// `None`), kills it with `kill -9`, and returns what it printed.
///
/// # Panics
/// When the child ends by itself.
pub(crate) fn kill_after(
    mut command: Command,
    word: Option<&'static str>,
    pause: Duration,
) -> Vec<String> {
    let mut process = command.spawn().unwrap();
    let output = process.stdout.take().unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut lines = Vec::new();
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if word.is_some_and(|word| line.starts_with(word)) {
                // The parent listens for the first one only.
                let _ = tell.send(());
            }
            lines.push(line);
        }
        lines
    });
    if word.is_some() {
        told.recv_timeout(Duration::from_secs(60)).unwrap();
    }
    std::thread::sleep(pause);
    process.kill().unwrap();
    assert_eq!(
        process.wait().unwrap().code(),
        None,
        "the child ended by itself"
    );
    reader.join().unwrap()
}
