//! What queries may do, and how much memory they may hold.

use crate::shop::{child, child_folder, decision, event, lake_in, now};
use arrow::array::{AsArray, RecordBatch, StringArray};
use futures::StreamExt;
use lake::log::{DecisionRecord, EventRecord};
use lake::{Lake, LakeError, LakeOptions};
use std::sync::Arc;

async fn with_an_event(folder: &std::path::Path) -> Lake {
    let lake = lake_in(folder).await;
    let mut transaction = lake.begin().await.unwrap();
    let batch = EventRecord::to_batch(&[event("e", now())]);
    let mut writer = transaction
        .writer("events", batch.schema(), "a")
        .await
        .unwrap();
    writer.write(&batch).await.unwrap();
    writer.finish(&mut transaction).await.unwrap();
    transaction.commit(now()).await.unwrap();
    lake
}

#[tokio::test]
async fn statements_that_write_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lake = with_an_event(&folder.path().join("lake")).await;
    let out = folder.path().join("out.parquet");
    let statements = [
        "INSERT INTO events SELECT * FROM events".to_owned(),
        "DELETE FROM events".to_owned(),
        "UPDATE events SET type = 'view'".to_owned(),
        "DROP TABLE events".to_owned(),
        "CREATE TABLE mine AS SELECT * FROM events".to_owned(),
        "CREATE VIEW mine AS SELECT * FROM events".to_owned(),
        "SET datafusion.execution.batch_size = 1".to_owned(),
        format!("COPY events TO '{}' STORED AS PARQUET", out.display()),
        "CREATE EXTERNAL TABLE passwd STORED AS PARQUET LOCATION '/etc/passwd'".to_owned(),
        "EXPLAIN ANALYZE INSERT INTO events SELECT * FROM events".to_owned(),
    ];
    for sql in &statements {
        let found = lake.query(sql).await;
        assert!(
            matches!(found, Err(LakeError::ReadOnly { .. } | LakeError::Sql(_))),
            "{sql}: {found:?}"
        );
    }
    assert!(!out.exists());
    let rows = lake.query("SELECT type FROM events").await.unwrap();
    assert_eq!(rows[0].column(0).as_string::<i32>().value(0), "cart");
}

#[tokio::test]
async fn no_file_outside_the_lake_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let lake = with_an_event(folder.path()).await;
    let own = folder.path().join("events");
    let paths = [
        "/etc/passwd".to_owned(),
        "file:///etc/passwd".to_owned(),
        own.display().to_string(),
    ];
    for sql in paths.iter().map(|path| format!("SELECT * FROM '{path}'")) {
        let found = lake.query(&sql).await;
        assert!(matches!(found, Err(LakeError::Sql(_))), "{sql}: {found:?}");
    }
}

#[tokio::test]
async fn every_shared_table_can_be_queried_before_it_has_rows() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(folder.path()).await;
    for table in schema::table::tables() {
        let rows = lake
            .query(&format!("SELECT * FROM {}", table.name))
            .await
            .unwrap();
        assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 0);
    }
}

/// Largest memory this process ever had, in bytes.
fn peak_memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|l| l.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Sorts a million rows, some 130 MB of text, under a budget of 64 MiB.
async fn sort_beyond_the_budget(folder: &std::path::Path) {
    const BATCHES: usize = 250;
    const ROWS: usize = 4000;
    let budget = schema::Bytes(64 << 20);
    let lake = Lake::open(
        folder.to_str().unwrap(),
        &LakeOptions {
            memory: budget,
            threads: 2,
        },
    )
    .await
    .unwrap();
    let records: Vec<DecisionRecord> = (0..ROWS)
        .map(|n| DecisionRecord {
            fingerprint: Some(format!("{n:0100}")),
            ..decision("d", 1)
        })
        .collect();
    let rows = DecisionRecord::to_batch(&records);
    let mut transaction = lake.begin().await.unwrap();
    let mut writer = transaction
        .writer("decisions", rows.schema(), "a")
        .await
        .unwrap();
    for part in 0..BATCHES {
        // In no order: 7,919 is prime to 1,000,003.
        let ids = (0..ROWS).map(|n| format!("{:08}", (part * ROWS + n) * 7_919 % 1_000_003));
        let mut columns = rows.columns().to_vec();
        columns[0] = Arc::new(StringArray::from_iter_values(ids));
        writer
            .write(&RecordBatch::try_new(rows.schema(), columns).unwrap())
            .await
            .unwrap();
    }
    writer.finish(&mut transaction).await.unwrap();
    transaction.commit(now()).await.unwrap();
    let before = peak_memory_bytes();
    let mut rows = lake
        .stream("SELECT decision_id, fingerprint FROM decisions ORDER BY decision_id")
        .await
        .unwrap();
    let (mut count, mut last, mut refused) = (0, String::new(), false);
    while let Some(batch) = rows.next().await {
        let batch = match batch.map_err(|e| lake.sql_error(e)) {
            Ok(batch) => batch,
            Err(LakeError::OverBudget { budget: said, .. }) => {
                assert_eq!(said, budget);
                refused = true;
                break;
            }
            Err(other) => panic!("{other:?}"),
        };
        for id in batch.column(0).as_string::<i32>().iter().flatten() {
            assert!(id >= last.as_str());
            id.clone_into(&mut last);
        }
        count += batch.num_rows();
    }
    assert!(refused || count == BATCHES * ROWS, "{count} rows");
    let how = if refused { "refused" } else { "spilled" };
    println!("\nsorted {count} {how} {}", peak_memory_bytes() - before);
}

#[test]
fn a_sort_beyond_the_memory_budget_spills_or_is_refused_and_never_grows() {
    const NAME: &str =
        "queries::a_sort_beyond_the_memory_budget_spills_or_is_refused_and_never_grows";
    // In a process of its own, whose memory nothing else moves.
    if let Some(folder) = child_folder() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(sort_beyond_the_budget(&folder));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = child(NAME, folder.path()).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|l| l.starts_with("sorted ")).unwrap();
    println!("{line}");
    let growth: u64 = line.rsplit(' ').next().unwrap().parse().unwrap();
    // The budget, and as much again for what the engine does not count (readers, spill buffers). A sort in memory
    // holds its rows twice, 260 MB, and would be caught.
    assert!(growth < 160 << 20, "grew by {growth} bytes");
}
