//! Many small files become one, and no row changes.

use crate::shop::{
    append_decision, append_event, decision, event, lake_in, now, number, patient, texts, wal_in,
};
use jiff::SignedDuration;
use lake::log::{CompactError, CompactOptions, Drain, LogRecord, compact};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

fn few() -> CompactOptions {
    CompactOptions {
        files_allowed: 4,
        ..CompactOptions::default()
    }
}

async fn rows(lake: &lake::Lake) -> Vec<String> {
    let all = "SELECT decision_id || position || coalesce(action, '') || coalesce(reasons, '') FROM decisions ORDER BY 1";
    texts(lake, all).await
}

fn sealed_in(folder: &Path) -> std::path::PathBuf {
    let mut paths = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path());
    paths
        .find(|p| p.extension().is_some_and(|e| e == "sealed"))
        .unwrap()
}

#[tokio::test]
async fn small_files_are_merged_once_there_are_too_many_and_rows_stay_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder.path().join("lake")).await;
    let wal = wal_in(&folder.path().join("wal"));
    let drain = Drain::new(lake.clone(), Arc::clone(&wal), patient());
    for round in 0..6 {
        if round == 4 {
            let done = compact(&lake, wal.root(), "decisions", &few(), now())
                .await
                .unwrap();
            assert_eq!(done.files, 0, "4 files are allowed");
        }
        append_decision(&wal, decision(&format!("d-{round}"), 2)).await;
        append_event(&wal, event(&format!("e-{round}"), now())).await;
        drain.run(now()).await.unwrap();
    }
    let before = rows(&lake).await;
    for table in ["decisions", "events"] {
        let done = compact(&lake, wal.root(), table, &few(), now())
            .await
            .unwrap();
        assert_eq!(
            (done.files, done.rows),
            (6, if table == "events" { 6 } else { 12 })
        );
        assert_eq!(
            compact(&lake, wal.root(), table, &few(), now())
                .await
                .unwrap()
                .files,
            0
        );
    }
    assert_eq!(rows(&lake).await, before);
    // An event that was merged is still known.
    append_event(&wal, event("e-3", now())).await;
    assert_eq!(drain.run(now()).await.unwrap().repeated_events, 1);
    assert_eq!(number(&lake, "SELECT count(*) FROM events").await, 6);
}

/// The row groups of the merged file of `decisions`: rows, first and last moment.
fn data_files(lake: &Path) -> usize {
    let paths = std::fs::read_dir(lake.join("decisions")).unwrap();
    paths
        .filter(|e| {
            e.as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|e| e == "parquet")
        })
        .count()
}

#[tokio::test]
async fn files_that_were_merged_away_stay_for_a_week_and_are_deleted_then() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("lake");
    let lake = lake_in(&place).await;
    let wal = wal_in(&folder.path().join("wal"));
    let drain = Drain::new(lake.clone(), Arc::clone(&wal), patient());
    let today = jiff::Timestamp::now();
    let mut left = Vec::new();
    for (round, days_ago) in [9, 8, 1, 0].into_iter().enumerate() {
        let then = today - SignedDuration::from_hours(24 * days_ago);
        for n in 0..5 {
            append_decision(&wal, decision(&format!("d-{round}-{n}"), 1)).await;
            drain.run(then).await.unwrap();
        }
        let done = compact(&lake, wal.root(), "decisions", &few(), then).await;
        assert_eq!(done.unwrap().files, if round == 0 { 5 } else { 6 });
        left.push(data_files(&place));
    }
    // One file holds all rows; beside it lie the 6 that were merged away a day ago, and the 6 of today.
    assert_eq!(left, [1, 1, 7, 13]);
    assert_eq!(rows(&lake).await.len(), 20);
}

fn row_groups(lake: &Path) -> Vec<(i64, i64, i64)> {
    let files = std::fs::read_dir(lake.join("decisions")).unwrap();
    let merged = files.map(|e| e.unwrap().path()).find(|p| {
        p.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("merged")
    });
    let reader = SerializedFileReader::new(File::open(merged.unwrap()).unwrap()).unwrap();
    let groups = reader.metadata().row_groups().iter();
    let moments = |group: &RowGroupMetaData| {
        let at = |c: &&ColumnChunkMetaData| c.column_descr().name() == "decided_at";
        match group.columns().iter().find(at).unwrap().statistics() {
            Some(Statistics::Int64(s)) => (*s.min_opt().unwrap(), *s.max_opt().unwrap()),
            found => panic!("{found:?}"),
        }
    };
    groups
        .map(|g| (g.num_rows(), moments(g).0, moments(g).1))
        .collect()
}

#[tokio::test]
async fn large_row_groups_are_moved_as_they_are_and_small_ones_become_one_in_the_order_of_time() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("lake");
    let lake = lake_in(&place).await;
    let wal = wal_in(&folder.path().join("wal"));
    let drain = Drain::new(lake.clone(), Arc::clone(&wal), patient());
    // Two rows a decision; the third and the fifth file are large.
    let decisions = [3, 5, 8_300, 7, 8_200, 2];
    for (round, n) in decisions.into_iter().enumerate() {
        let at = now() + SignedDuration::from_secs(i64::try_from(round).unwrap());
        for number in 0..n {
            let mut record = decision(&format!("d-{round}-{number}"), 2);
            record.decided_at = at;
            let bytes = LogRecord::Decision(record).to_bytes().unwrap();
            let appended = wal.append(&bytes);
            if number == n - 1 || number % 1000 == 0 {
                appended.await.unwrap();
            }
        }
        drain.run(now()).await.unwrap();
    }
    let before = rows(&lake).await;
    assert_eq!(before.len(), 2 * decisions.iter().sum::<usize>());
    let done = compact(&lake, wal.root(), "decisions", &few(), now())
        .await
        .unwrap();
    assert_eq!((done.files, done.rows), (6, before.len() as u64));
    assert_eq!(rows(&lake).await, before);
    let micros = |seconds: i64| now().as_microsecond() + 1_000_000 * seconds;
    assert_eq!(
        row_groups(&place),
        [
            (16, micros(0), micros(1)),
            (16_600, micros(2), micros(2)),
            (14, micros(3), micros(3)),
            (16_400, micros(4), micros(4)),
            (4, micros(5), micros(5)),
        ]
    );
    // A query that needs one moment reads it from the moved groups as from any other.
    let one = "SELECT count(*) FROM decisions WHERE decided_at = TIMESTAMP '2026-03-02T10:00:04Z'";
    assert_eq!(number(&lake, one).await, 16_400);
}

#[tokio::test]
async fn rows_whose_segment_may_be_drained_again_are_not_merged() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder.path().join("lake")).await;
    let wal = wal_in(&folder.path().join("wal"));
    let drain = Drain::new(lake.clone(), Arc::clone(&wal), patient());
    let mut undeleted = None;
    for round in 0..6 {
        append_decision(&wal, decision(&format!("d-{round}"), 1)).await;
        wal.seal().await.unwrap();
        let path = sealed_in(wal.folder());
        let bytes = std::fs::read(&path).unwrap();
        drain.run(now()).await.unwrap();
        undeleted = Some((path, bytes));
    }
    // As a process leaves it that is killed after the commit and before the deletion.
    let (path, bytes) = undeleted.unwrap();
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(
        compact(&lake, wal.root(), "decisions", &few(), now())
            .await
            .unwrap()
            .files,
        5
    );
    drain.run(now()).await.unwrap();
    assert_eq!(number(&lake, "SELECT count(*) FROM decisions").await, 6);
}

#[tokio::test]
async fn rows_of_other_machines_logs_and_other_tables_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder.path().join("lake")).await;
    let (wal, elsewhere) = (
        wal_in(&folder.path().join("wal")),
        folder.path().join("elsewhere"),
    );
    std::fs::create_dir(&elsewhere).unwrap();
    let drain = Drain::new(lake.clone(), Arc::clone(&wal), patient());
    for round in 0..6 {
        append_decision(&wal, decision(&format!("d-{round}"), 1)).await;
        drain.run(now()).await.unwrap();
    }
    assert_eq!(
        compact(&lake, &elsewhere, "decisions", &few(), now())
            .await
            .unwrap()
            .files,
        0
    );
    match compact(&lake, wal.root(), "sales", &few(), now()).await {
        Err(CompactError::Table { table }) => assert_eq!(table, "sales"),
        found => panic!("{found:?}"),
    }
}
