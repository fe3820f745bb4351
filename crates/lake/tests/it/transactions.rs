//! Commits over several tables.

use crate::shop::{decision, event, lake_in, now, number, options, texts};
use lake::log::{DecisionRecord, EventRecord};
use lake::{Lake, LakeError, Transaction};
use std::path::Path;

/// Writes `rows` decisions and as many events under `tag`.
pub(crate) async fn write_both(transaction: &mut Transaction, tag: &str, rows: usize) {
    let decisions: Vec<DecisionRecord> = (0..rows)
        .map(|n| decision(&format!("{tag}-{n}"), 1))
        .collect();
    let events: Vec<EventRecord> = (0..rows)
        .map(|n| event(&format!("{tag}-{n}"), now()))
        .collect();
    for (table, batch) in [
        ("decisions", DecisionRecord::to_batch(&decisions)),
        ("events", EventRecord::to_batch(&events)),
    ] {
        transaction.remove(table, tag);
        let mut writer = transaction
            .writer(table, batch.schema(), tag)
            .await
            .unwrap();
        writer.write(&batch).await.unwrap();
        assert_eq!(writer.finish(transaction).await.unwrap(), rows as u64);
    }
}

async fn commit_both(lake: &Lake, tag: &str, rows: usize) {
    let mut transaction = lake.begin().await.unwrap();
    write_both(&mut transaction, tag, rows).await;
    transaction.commit(now()).await.unwrap();
}

async fn counts(lake: &Lake) -> (i64, i64) {
    (
        number(lake, "SELECT count(*) FROM decisions").await,
        number(lake, "SELECT count(*) FROM events").await,
    )
}

fn newest(folder: &Path) -> std::path::PathBuf {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
    paths.sort();
    paths.pop().unwrap()
}

#[tokio::test]
async fn nothing_is_visible_before_the_commit_and_nothing_of_a_dropped_one_ever() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(folder.path()).await;
    let mut transaction = lake.begin().await.unwrap();
    write_both(&mut transaction, "a", 3).await;
    assert_eq!(counts(&lake).await, (0, 0));
    assert!(!lake.has_rows("decisions").await.unwrap());
    drop(transaction);
    commit_both(&lake, "b", 2).await;
    assert_eq!(counts(&lake).await, (2, 2));
    assert!(lake.has_rows("decisions").await.unwrap());
}

#[tokio::test]
async fn the_log_of_a_table_is_summed_up_now_and_then_and_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(folder.path()).await;
    for round in 0..45 {
        commit_both(&lake, &format!("t{round}x"), 1).await;
    }
    let checkpoints = std::fs::read_dir(folder.path().join("decisions/_delta_log"))
        .unwrap()
        .filter(|e| {
            let name = e.as_ref().unwrap().file_name();
            name.to_string_lossy().contains(".checkpoint")
        })
        .count();
    assert!((2..=3).contains(&checkpoints), "{checkpoints}");
    assert_eq!(counts(&lake).await, (45, 45));
    // Who opens the lake anew reads from there.
    let anew = lake_in(folder.path()).await;
    commit_both(&anew, "t7x", 3).await;
    assert_eq!(counts(&anew).await, (47, 47));
}

#[tokio::test]
async fn rows_written_again_under_their_tag_replace_the_former_ones_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(folder.path()).await;
    commit_both(&lake, "a", 3).await;
    commit_both(&lake, "ab", 2).await;
    commit_both(&lake, "a", 1).await;
    assert_eq!(
        texts(&lake, "SELECT event_id FROM events ORDER BY 1").await,
        ["a-0", "ab-0", "ab-1"]
    );
    assert_eq!(counts(&lake).await, (3, 3));
    let mut transaction = lake.begin().await.unwrap();
    transaction.remove("events", "ab");
    transaction.commit(now()).await.unwrap();
    assert_eq!(counts(&lake).await, (3, 1));
}

#[tokio::test]
async fn a_former_snapshot_is_read_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(folder.path()).await;
    commit_both(&lake, "a", 3).await;
    let former = lake.snapshot().await.unwrap();
    commit_both(&lake, "b", 4).await;
    let batches = lake
        .query_at("SELECT event_id FROM events", &former)
        .await
        .unwrap();
    assert_eq!(
        batches
            .iter()
            .map(arrow::array::RecordBatch::num_rows)
            .sum::<usize>(),
        3
    );
    assert_eq!(counts(&lake).await, (7, 7));
}

#[tokio::test]
async fn a_writer_killed_before_its_snapshot_leaves_the_former_state_and_the_next_one_undoes_its_rest()
 {
    // Killed after both tables' commits, and between them: the state of the folder is made by deleting what such
    // a process would not have written.
    for between_tables in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        commit_both(&lake_in(folder.path()).await, "a", 3).await;
        commit_both(&lake_in(folder.path()).await, "lost", 5).await;
        std::fs::remove_file(newest(&folder.path().join("_comptoir/snapshots"))).unwrap();
        if between_tables {
            std::fs::remove_file(newest(&folder.path().join("events/_delta_log"))).unwrap();
        }
        let lake = lake_in(folder.path()).await;
        assert_eq!(counts(&lake).await, (3, 3), "{between_tables}");
        commit_both(&lake, "b", 2).await;
        assert_eq!(counts(&lake).await, (5, 5), "{between_tables}");
        let ids = texts(&lake, "SELECT decision_id FROM decisions ORDER BY 1").await;
        assert_eq!(ids, ["a-0", "a-1", "a-2", "b-0", "b-1"], "{between_tables}");
    }
}

#[tokio::test]
async fn a_second_writer_is_told_which_process_holds_the_lake() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(folder.path()).await;
    let first = lake.begin().await.unwrap();
    match lake_in(folder.path()).await.begin().await {
        Err(LakeError::Busy { holder, .. }) => {
            assert_eq!(holder, format!("process {}", std::process::id()))
        }
        found => panic!("{found:?}"),
    }
    drop(first);
    lake.begin().await.unwrap();
}

#[tokio::test]
async fn a_location_that_cannot_hold_a_lake_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    for location in [
        file.to_str().unwrap(),
        "/proc/self/lake",
        "ftp://example.org/lake",
    ] {
        match Lake::open(location, &options()).await {
            Err(LakeError::Location {
                location: named, ..
            }) => assert_eq!(named, location),
            found => panic!("{location}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_an_error_and_stays_readable() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(folder.path()).await;
    commit_both(&lake, "a", 3).await;
    // Rights do not bind root: a file where the next folder is needed refuses everyone.
    std::fs::rename(folder.path().join("events"), folder.path().join("aside")).unwrap();
    std::fs::write(folder.path().join("events"), "no folder").unwrap();
    let mut transaction = lake.begin().await.unwrap();
    let batch = EventRecord::to_batch(&[event("e", now())]);
    let mut writer = transaction
        .writer("events", batch.schema(), "b")
        .await
        .unwrap();
    let written = writer.write(&batch).await;
    let finished = writer.finish(&mut transaction).await;
    assert!(matches!(
        written.and(finished.map(|_| ())),
        Err(LakeError::Storage { .. })
    ));
    drop(transaction);
    std::fs::remove_file(folder.path().join("events")).unwrap();
    std::fs::rename(folder.path().join("aside"), folder.path().join("events")).unwrap();
    assert_eq!(counts(&lake).await, (3, 3));
}

#[tokio::test]
async fn the_name_of_a_folder_may_hold_what_urls_reserve() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder.path().join("boutique n° 1 #é?* 100 %")).await;
    commit_both(&lake, "a", 3).await;
    commit_both(&lake, "b", 2).await;
    assert_eq!(counts(&lake).await, (5, 5));
}

#[tokio::test]
async fn rows_with_other_columns_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(folder.path()).await;
    let mut transaction = lake.begin().await.unwrap();
    let (decisions, events) = (
        DecisionRecord::to_batch(&[decision("d", 1)]),
        EventRecord::to_batch(&[event("e", now())]),
    );
    let mut writer = transaction
        .writer("events", events.schema(), "a")
        .await
        .unwrap();
    assert!(matches!(
        writer.write(&decisions).await,
        Err(LakeError::Columns { .. })
    ));
}

#[tokio::test]
async fn snapshots_of_a_newer_program_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    commit_both(&lake_in(folder.path()).await, "a", 1).await;
    let snapshot = newest(&folder.path().join("_comptoir/snapshots"));
    let text = std::fs::read_to_string(&snapshot)
        .unwrap()
        .replace("\"format\":1", "\"format\":2");
    std::fs::write(&snapshot, text).unwrap();
    let found = Lake::open(folder.path().to_str().unwrap(), &options()).await;
    assert!(
        matches!(
            found,
            Err(LakeError::Newer {
                found: 2,
                allowed: 1,
                ..
            })
        ),
        "{found:?}"
    );
}
