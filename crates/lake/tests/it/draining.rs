//! From the log to the tables.

use crate::shop::{
    append_decision, append_event, decision, event, lake_in, now, number, patient, texts, wal_in,
};
use jiff::ToSpan;
use lake::log::{
    Drain, DrainError, DrainOptions, HeldBack, LogRecord, OrderAnswer, OrderAnswerRecord, Wal,
    WalOptions, find_order_answer, order_answers_of,
};
use lake::{Lake, LakeError, LakeOptions};
use schema::ProductId;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

fn files(folder: &std::path::Path, ending: &str) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|e| e == ending))
        .collect()
}

#[tokio::test]
async fn drained_segments_are_written_over_and_each_record_is_moved_once() {
    const ROUNDS: u32 = 12;
    const DECISIONS: u32 = 40;
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder.path().join("lake")).await;
    let options = WalOptions {
        segment_bytes: 4 << 10,
        ..WalOptions::default()
    };
    let wal = Arc::new(Wal::open_below(&folder.path().join("wal"), &options).unwrap());
    let place = wal.folder().to_owned();
    let drain = Drain::new(lake.clone(), Arc::clone(&wal), patient());
    for round in 0..ROUNDS {
        let spare = files(&place, "spare").len();
        assert_eq!(spare > 0, round > 0, "round {round}");
        for n in 0..DECISIONS {
            // Long and short ones, so that batches end at other places than in the segment below.
            append_decision(&wal, decision(&format!("d-{round}-{n}"), (round + n) % 5)).await;
        }
        let taken = spare - files(&place, "spare").len();
        assert_eq!(taken > 0, round > 0, "round {round}");
        let drained = drain.run(now()).await.unwrap();
        assert!(drained.damaged.is_empty() && drained.held_back.is_empty());
        assert_eq!(drained.decisions, u64::from(DECISIONS));
    }
    let found = "SELECT count(DISTINCT decision_id) FROM decisions";
    assert_eq!(number(&lake, found).await, i64::from(ROUNDS * DECISIONS));
    let twice = "SELECT count(*) FROM (SELECT 1 FROM decisions GROUP BY decision_id, position HAVING count(*) > 1)";
    assert_eq!(number(&lake, twice).await, 0);
    drop(drain);
    drop(wal);
    assert_eq!(files(&place, "spare"), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn decisions_and_events_reach_their_tables_with_every_column() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder.path().join("lake")).await;
    let wal = wal_in(&folder.path().join("wal"));
    append_decision(&wal, decision("d-1", 2)).await;
    append_decision(&wal, decision("d-2", 0)).await;
    append_event(&wal, event("e-1", now())).await;
    let drained = Drain::new(lake.clone(), Arc::clone(&wal), patient())
        .run(now())
        .await
        .unwrap();
    assert_eq!(
        (drained.segments, drained.decisions, drained.events),
        (1, 2, 1)
    );
    assert_eq!(files(wal.folder(), "sealed"), Vec::<PathBuf>::new());
    let rows = "SELECT decision_id || ' ' || position || ' ' || decided_at || ' ' || product || ' ' || version || ' ' || \
                customer_id || ' ' || subject_product_id || ' ' || placement || ' ' || coalesce(action, '-') || ' ' || \
                coalesce(CAST(score AS TEXT), '-') || ' ' || propensity || ' ' || holdout || ' ' || fallback || ' ' || \
                reasons || ' ' || fingerprint FROM decisions ORDER BY decision_id, position";
    let shared = "2026-03-02T10:00:00Z for-you 7 17850 85123A home";
    let reasons = r#"[{"because":"bought before","weight":0.5}] 5d41402a"#;
    assert_eq!(
        texts(&lake, rows).await,
        [
            format!("d-1 1 {shared} item-1 1.0 0.5 false true {reasons}"),
            format!("d-1 2 {shared} item-2 0.5 0.3333333333333333 false true {reasons}"),
            format!(r#"d-2 0 {shared} - - 0.25 false true ["out of stock"] 5d41402a"#),
        ]
    );
    let rows = "SELECT event_id || ' ' || occurred_at || ' ' || type || ' ' || customer_id || ' ' || session_id || ' ' || \
                product_id || ' ' || position || ' ' || query || ' ' || quantity || ' ' || decision_id FROM events";
    assert_eq!(
        texts(&lake, rows).await,
        ["e-1 2026-03-02T10:00:00Z cart 17850 visit-1 85123A 3 lantern 2 d-1"]
    );
}

#[tokio::test]
async fn answers_to_orders_reach_their_table_once_with_every_column() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder.path().join("lake")).await;
    let wal = wal_in(&folder.path().join("wal"));
    let answer = OrderAnswerRecord {
        answer_id: "a'1".to_owned(),
        made_at: now(),
        author: "ana".to_owned(),
        product_id: ProductId::new("85123A").unwrap(),
        site_id: "lyon".to_owned(),
        ordered_on: jiff::civil::date(2026, 3, 1),
        proposed_units: 24,
        answer: OrderAnswer::Changed,
        ordered_units: 36,
        reason: Some("street festival".to_owned()),
    };
    let refused = OrderAnswerRecord {
        answer_id: "a2".to_owned(),
        answer: OrderAnswer::Refused,
        ordered_units: 0,
        reason: None,
        ..answer.clone()
    };
    let drain = Drain::new(lake.clone(), Arc::clone(&wal), patient());
    let other = |answer: &OrderAnswerRecord| LogRecord::OrderAnswer(answer.clone());
    for (round, records) in [[&answer, &refused, &answer], [&refused, &answer, &refused]]
        .into_iter()
        .enumerate()
    {
        for record in records {
            wal.append(&other(record).to_bytes().unwrap())
                .await
                .unwrap();
        }
        let drained = drain.run(now()).await.unwrap();
        let expected = if round == 0 { (2, 1) } else { (0, 3) };
        assert_eq!(
            (drained.order_answers, drained.repeated_order_answers),
            expected
        );
    }
    assert_eq!(
        find_order_answer(&lake, "a'1").await.unwrap(),
        Some(answer.clone())
    );
    assert_eq!(find_order_answer(&lake, "a3").await.unwrap(), None);
    let of_day = order_answers_of(&lake, answer.ordered_on).await.unwrap();
    assert_eq!(of_day, [answer.clone(), refused]);
    let none = order_answers_of(&lake, jiff::civil::date(2026, 3, 2)).await;
    assert_eq!(none.unwrap(), []);
}

#[tokio::test]
async fn a_segment_drained_again_after_a_crash_before_its_deletion_replaces_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder.path().join("lake")).await;
    let wal = wal_in(&folder.path().join("wal"));
    for n in 0..10 {
        append_decision(&wal, decision(&format!("d-{n}"), 2)).await;
        append_event(&wal, event(&format!("e-{n}"), now())).await;
    }
    wal.seal().await.unwrap();
    let sealed = files(wal.folder(), "sealed").remove(0);
    let bytes = std::fs::read(&sealed).unwrap();
    let drain = Drain::new(lake.clone(), Arc::clone(&wal), patient());
    for round in 0..2 {
        std::fs::write(&sealed, &bytes).unwrap();
        let drained = drain.run(now()).await.unwrap();
        assert_eq!(
            (drained.decisions, drained.events, drained.repeated_events),
            (10, 10, 0),
            "round {round}"
        );
        assert_eq!(number(&lake, "SELECT count(*) FROM decisions").await, 20);
        assert_eq!(number(&lake, "SELECT count(*) FROM events").await, 10);
    }
}

#[tokio::test]
async fn the_same_event_twice_is_one_row_whether_in_a_segment_between_segments_or_in_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder.path().join("lake")).await;
    let wal = wal_in(&folder.path().join("wal"));
    let drain = Drain::new(lake.clone(), Arc::clone(&wal), patient());
    append_event(&wal, event("e-1", now())).await;
    append_event(&wal, event("e-1", now())).await;
    wal.seal().await.unwrap();
    append_event(&wal, event("e-1", now())).await;
    append_event(&wal, event("e-2", now())).await;
    let first = drain.run(now()).await.unwrap();
    assert_eq!(
        (first.segments, first.events, first.repeated_events),
        (2, 2, 2)
    );
    // Sent again a day later, with a time of its own: within the window of 3 days.
    append_event(&wal, event("e-2", now() + 24.hours())).await;
    append_event(&wal, event("e-3", now() + 24.hours())).await;
    let second = drain.run(now()).await.unwrap();
    assert_eq!((second.events, second.repeated_events), (1, 1));
    assert_eq!(
        texts(&lake, "SELECT event_id FROM events ORDER BY 1").await,
        ["e-1", "e-2", "e-3"]
    );
}

#[tokio::test]
async fn a_busy_lake_is_tried_again_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder.path().join("lake")).await;
    let wal = wal_in(&folder.path().join("wal"));
    append_decision(&wal, decision("d-1", 1)).await;
    let options = DrainOptions {
        patience: Duration::from_millis(100),
        ..DrainOptions::default()
    };
    let drain = Drain::new(lake.clone(), Arc::clone(&wal), options);
    let other_writer = lake.begin().await.unwrap();
    match drain.run(now()).await {
        Err(DrainError::Lake(LakeError::Busy { .. })) => {}
        found => panic!("{found:?}"),
    }
    drop(other_writer);
    append_decision(&wal, decision("d-2", 1)).await;
    assert_eq!(drain.run(now()).await.unwrap().decisions, 2);
    assert_eq!(
        texts(&lake, "SELECT decision_id FROM decisions ORDER BY 1").await,
        ["d-1", "d-2"]
    );
}

#[tokio::test]
async fn the_logs_of_dead_processes_are_adopted_and_those_of_living_ones_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (lake, root) = (
        lake_in(&folder.path().join("lake")).await,
        folder.path().join("wal"),
    );
    let (dead, living, ours) = (wal_in(&root), wal_in(&root), wal_in(&root));
    append_decision(&dead, decision("of the dead", 1)).await;
    append_decision(&living, decision("of the living", 1)).await;
    append_decision(&ours, decision("ours", 1)).await;
    let grave = dead.folder().to_owned();
    drop(dead);
    let drained = Drain::new(lake.clone(), ours, patient())
        .run(now())
        .await
        .unwrap();
    assert_eq!((drained.adopted, drained.decisions), (1, 2));
    assert_eq!(
        texts(&lake, "SELECT decision_id FROM decisions ORDER BY 1").await,
        ["of the dead", "ours"]
    );
    assert!(!grave.exists() && living.folder().exists());
}

#[tokio::test]
async fn around_damage_every_record_is_moved_and_the_file_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder.path().join("lake")).await;
    let wal = wal_in(&folder.path().join("wal"));
    for n in 0..5 {
        append_decision(&wal, decision(&format!("d-{n}"), 1)).await;
    }
    wal.seal().await.unwrap();
    let sealed = files(wal.folder(), "sealed").remove(0);
    let mut bytes = std::fs::read(&sealed).unwrap();
    let at = bytes.windows(3).position(|w| w == b"d-2").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&sealed, &bytes).unwrap();
    let drain = Drain::new(lake.clone(), Arc::clone(&wal), patient());
    let drained = drain.run(now()).await.unwrap();
    assert_eq!((drained.decisions, drained.damaged.len()), (4, 1));
    assert!(drained.damaged[0].offset < at as u64);
    assert_eq!(
        texts(&lake, "SELECT decision_id FROM decisions ORDER BY 1").await,
        ["d-0", "d-1", "d-3", "d-4"]
    );
    assert_eq!(files(wal.folder(), "damaged").len(), 1);
    assert_eq!(drain.run(now()).await.unwrap().segments, 0);
    assert_eq!(number(&lake, "SELECT count(*) FROM decisions").await, 4);
}

#[tokio::test]
async fn a_record_of_a_newer_program_waits_and_holds_up_no_other_segment() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder.path().join("lake")).await;
    let wal = wal_in(&folder.path().join("wal"));
    wal.append(br#"{"price_change":{"product_id":"85123A"}}"#)
        .await
        .unwrap();
    wal.seal().await.unwrap();
    append_decision(&wal, decision("d-1", 1)).await;
    let drained = Drain::new(lake.clone(), Arc::clone(&wal), patient())
        .run(now())
        .await
        .unwrap();
    assert_eq!((drained.decisions, drained.held_back.len()), (1, 1));
    assert!(matches!(
        drained.held_back[0],
        HeldBack::Record { offset: 8, .. }
    ));
    assert_eq!(files(wal.folder(), "sealed").len(), 1);
}

#[tokio::test]
async fn a_lake_in_memory_takes_the_log_end_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open("memory://", &LakeOptions::default())
        .await
        .unwrap();
    let wal = Arc::new(Wal::open_below(folder.path(), &WalOptions::default()).unwrap());
    let drain = Drain::new(lake.clone(), Arc::clone(&wal), patient());
    for round in 1..=3 {
        append_decision(&wal, decision(&format!("d-{round}"), 3)).await;
        append_event(&wal, event(&format!("e-{round}"), now())).await;
        drain.run(now()).await.unwrap();
        assert_eq!(
            number(&lake, "SELECT count(*) FROM decisions").await,
            3 * round
        );
        assert_eq!(number(&lake, "SELECT count(*) FROM events").await, round);
    }
}
