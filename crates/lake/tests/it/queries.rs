//! What queries may do, and how much memory they may hold.

use crate::shop::{child, child_folder, decision, event, lake_in, now, number};
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

const BATCHES: usize = 250;
const ROWS: usize = 4000;
const BUDGET: schema::Bytes = schema::Bytes(64 << 20);

/// A lake of a million decisions in no order, some 130 MB of text, under a budget of 64 MiB.
async fn a_million_decisions(folder: &std::path::Path) -> Lake {
    let options = LakeOptions {
        memory: BUDGET,
        threads: 2,
    };
    let lake = Lake::open(folder.to_str().unwrap(), &options)
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
        // 7,919 is prime to 1,000,003.
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
    lake
}

/// What the engine holds: bytes of its memory budget, and bytes that it spilled to disk.
async fn held(lake: &Lake) -> (usize, u64) {
    let session = lake.session(&lake.snapshot().await.unwrap()).await.unwrap();
    let runtime = session.runtime_env();
    (
        runtime.memory_pool.reserved(),
        runtime.disk_manager.used_disk_space(),
    )
}

/// Waits until nothing is held: tasks of a query that is over end a moment later.
async fn nothing_stays_behind(lake: &Lake) {
    for _ in 0..200 {
        if held(lake).await == (0, 0) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_eq!(held(lake).await, (0, 0));
}

/// Sorts all decisions, and returns the most that was spilled.
async fn sort_beyond_the_budget(lake: &Lake) -> u64 {
    let mut rows = lake
        .stream("SELECT decision_id, fingerprint FROM decisions ORDER BY decision_id")
        .await
        .unwrap();
    let (mut count, mut last, mut spilled) = (0, String::new(), 0);
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|e| lake.sql_error(e)).unwrap();
        for id in batch.column(0).as_string::<i32>().iter().flatten() {
            assert!(id >= last.as_str());
            id.clone_into(&mut last);
        }
        if count % (100 * ROWS) < batch.num_rows() {
            let (reserved, on_disk) = held(lake).await;
            assert!(reserved as u64 <= BUDGET.0, "{reserved}");
            spilled = spilled.max(on_disk);
        }
        count += batch.num_rows();
    }
    drop(rows);
    assert_eq!(count, BATCHES * ROWS);
    nothing_stays_behind(lake).await;
    spilled
}

/// The table of a join must lie in memory: it cannot spill.
async fn join_beyond_the_budget(lake: &Lake) {
    let sql = "SELECT count(*), min(l.fingerprint), min(r.fingerprint) FROM decisions l JOIN decisions r \
               ON l.decision_id = r.decision_id";
    let refused = lake.query(sql).await.unwrap_err();
    assert!(
        matches!(&refused, LakeError::OverBudget { budget, .. } if *budget == BUDGET),
        "{refused:?}"
    );
    let text = refused.to_string();
    assert!(
        text.starts_with("run the query within 64.0 MiB of memory: ")
            && text.ends_with("; raise --memory or read fewer columns and rows"),
        "{text}"
    );
    // The refused query holds nothing, and the next one runs.
    nothing_stays_behind(lake).await;
    let rows = number(lake, "SELECT count(*) FROM decisions").await;
    assert_eq!(rows, (BATCHES * ROWS) as i64);
}

#[test]
fn beyond_the_memory_budget_a_sort_spills_and_a_join_is_refused_and_memory_never_grows() {
    const NAME: &str = "queries::beyond_the_memory_budget_a_sort_spills_and_a_join_is_refused_and_memory_never_grows";
    // In a process of its own, whose memory nothing else moves.
    if let Some(folder) = child_folder() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let lake = a_million_decisions(&folder).await;
            let before = peak_memory_bytes();
            let spilled = sort_beyond_the_budget(&lake).await;
            join_beyond_the_budget(&lake).await;
            println!("\nspilled {spilled} grew {}", peak_memory_bytes() - before);
        });
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = child(NAME, folder.path()).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|l| l.starts_with("spilled ")).unwrap();
    println!("{line}");
    let words: Vec<&str> = line.split(' ').collect();
    let (spilled, growth): (u64, u64) = (words[1].parse().unwrap(), words[3].parse().unwrap());
    // What does not fit the budget must have been on disk: 130 MB less 64 MiB.
    assert!(spilled > 60 << 20, "spilled {spilled} bytes");
    // The budget, and as much again for what the engine does not count (readers, spill buffers). A sort in memory
    // holds its rows twice, 260 MB, and would be caught.
    assert!(growth < 160 << 20, "grew by {growth} bytes");
}
