//! `kill -9`, for real: the test starts itself as a child that appends and drains, and kills it.

use crate::shop::{
    child, child_folder, decision, event, kill_after, lake_in, now, number, patient, texts,
};
use lake::log::{Drain, LogRecord, Wal, WalOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const NAME: &str =
    "killed::after_kill_9_each_acknowledged_decision_and_event_is_in_its_table_exactly_once";
const ROUNDS: u32 = 20;
const CALLERS: u32 = 8;

/// Appends from several tasks and drains all the time; prints each identifier once its record is acknowledged.
async fn append_and_drain_until_killed(folder: &Path) {
    let lake = lake_in(&folder.join("lake")).await;
    let options = WalOptions {
        segment_bytes: 64 << 10,
        ..WalOptions::default()
    };
    let wal = Arc::new(Wal::open_below(&folder.join("wal"), &options).unwrap());
    let name = wal
        .folder()
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    for caller in 0..CALLERS {
        let (wal, name) = (Arc::clone(&wal), name.clone());
        tokio::spawn(async move {
            for n in 0.. {
                let id = format!("{name}-{caller}-{n}");
                let record = if n % 4 == 3 {
                    LogRecord::Event(event(&id, now()))
                } else {
                    LogRecord::Decision(decision(&id, n % 3))
                };
                wal.append(&record.to_bytes().unwrap()).await.unwrap();
                let kind = if n % 4 == 3 { "event" } else { "decision" };
                // One write per line: what reaches the pipe is a whole line or nothing.
                std::io::stdout()
                    .write_all(format!("\n{kind} {id}\n").as_bytes())
                    .unwrap();
                // Load, but not so much that the tables take minutes to check.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
    }
    let drain = Drain::new(lake, wal, patient());
    loop {
        let drained = drain.run(now()).await.unwrap();
        assert!(
            drained.damaged.is_empty() && drained.held_back.is_empty(),
            "{drained:?}"
        );
    }
}

#[test]
fn after_kill_9_each_acknowledged_decision_and_event_is_in_its_table_exactly_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    if let Some(folder) = child_folder() {
        runtime.block_on(append_and_drain_until_killed(&folder));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut killed_with_work_left = 0;
    for round in 0..ROUNDS {
        // Every second time counted from the start, to meet the adoption of what the child before left; else from the
        // first answer, to meet load and draining.
        let word = (round % 2 == 1).then_some("decision ");
        let pause = Duration::from_millis(50 + u64::from(round * 7919 % 20) * 30);
        for line in kill_after(child(NAME, folder.path()), word, pause) {
            if let Some((kind @ ("decision" | "event"), id)) = line.split_once(' ') {
                acknowledged
                    .entry(kind.to_owned())
                    .or_default()
                    .insert(id.to_owned());
            }
        }
        let left = walk(&folder.path().join("wal"))
            .iter()
            .any(|f| f.ends_with(".sealed") || f.ends_with(".open"));
        killed_with_work_left += u32::from(left);
    }
    runtime.block_on(async {
        let lake = lake_in(&folder.path().join("lake")).await;
        let wal = Arc::new(Wal::open_below(&folder.path().join("wal"), &WalOptions::default()).unwrap());
        let before = number(&lake, "SELECT count(DISTINCT decision_id) FROM decisions").await;
        let drained = Drain::new(lake.clone(), wal, patient()).run(now()).await.unwrap();
        assert!(drained.damaged.is_empty() && drained.held_back.is_empty(), "{drained:?}");
        let rows = texts(&lake, "SELECT decision_id || ' ' || position FROM decisions").await;
        assert_eq!(rows.len(), rows.iter().collect::<BTreeSet<_>>().len(), "a row is there twice");
        let events = texts(&lake, "SELECT event_id FROM events").await;
        assert_eq!(events.len(), events.iter().collect::<BTreeSet<_>>().len(), "an event is there twice");
        let decisions: BTreeSet<String> = texts(&lake, "SELECT DISTINCT decision_id FROM decisions").await.into_iter().collect();
        let events: BTreeSet<String> = events.into_iter().collect();
        let (decided, happened) = (&acknowledged["decision"], &acknowledged["event"]);
        let lost = |there: &BTreeSet<String>, asked: &BTreeSet<String>| asked.difference(there).count();
        assert_eq!((lost(&decisions, decided), lost(&events, happened)), (0, 0), "acknowledged and not there");
        // Each decision has all its rows: 2 actions, 1 action, or the row of no action.
        let wrong = "SELECT count(*) FROM (SELECT decision_id, count(*) AS n, max(position) AS last FROM decisions \
                     GROUP BY 1) WHERE n <> greatest(last, 1)";
        assert_eq!(number(&lake, wrong).await, 0);
        println!(
            "{ROUNDS} kills, {killed_with_work_left} with segments left, {before} decisions drained by killed processes: {} decisions and {} events acknowledged",
            decided.len(),
            happened.len()
        );
        // The claim was exercised: there was load, killed processes had drained, and had not drained everything.
        assert!(decided.len() > 200 && happened.len() > 50 && before > 0 && killed_with_work_left >= ROUNDS / 4);
    });
}

/// Names of all files below a folder.
fn walk(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for path in entries.map(|e| e.unwrap().path()) {
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found
}
