//! Many small files become one, and no row changes.

use crate::shop::{
    append_decision, append_event, decision, event, lake_in, now, number, patient, texts, wal_in,
};
use lake::log::{CompactError, CompactOptions, Drain, compact};
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
