//! The write-ahead log by itself.

use crate::shop::{child, child_folder};
use lake::log::{Position, Wal, WalError, WalOptions, read_segment};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn segments(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == ending))
        .collect();
    found.sort();
    found
}

fn payloads(paths: &[PathBuf]) -> Vec<String> {
    let record = |r: Result<lake::log::SegmentRecord, lake::log::Damage>| {
        String::from_utf8(r.unwrap().payload.to_vec()).unwrap()
    };
    paths
        .iter()
        .flat_map(|path| read_segment(path).unwrap().map(record))
        .collect()
}

#[tokio::test]
async fn an_acknowledged_record_is_in_the_file_and_positions_grow() {
    let folder = tempfile::tempdir().unwrap();
    let wal = Wal::open(&folder.path().join("a"), &WalOptions::default()).unwrap();
    let mut last = Position {
        segment: 0,
        offset: 0,
    };
    for n in 0..20 {
        let position = wal.append(format!("record {n}").as_bytes()).await.unwrap();
        assert!(position > last);
        last = position;
        assert_eq!(payloads(&segments(wal.folder(), "open")).len(), n + 1);
    }
    assert_eq!(wal.stats().records, 20);
}

#[tokio::test]
async fn segments_rotate_by_size_and_on_demand_without_losing_order() {
    let folder = tempfile::tempdir().unwrap();
    let options = WalOptions {
        segment_bytes: 200,
        ..WalOptions::default()
    };
    let wal = Wal::open(&folder.path().join("a"), &options).unwrap();
    let written: Vec<String> = (0..50)
        .map(|n| format!("record {n:03} {}", "x".repeat(40)))
        .collect();
    for payload in &written {
        wal.append(payload.as_bytes()).await.unwrap();
    }
    wal.seal().await.unwrap();
    let sealed = segments(wal.folder(), "sealed");
    assert!(sealed.len() >= 10, "{} segments", sealed.len());
    assert_eq!(segments(wal.folder(), "open"), Vec::<PathBuf>::new());
    assert_eq!(payloads(&sealed), written);
}

#[tokio::test]
async fn a_torn_tail_is_dropped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a");
    let wal = Wal::open(&place, &WalOptions::default()).unwrap();
    for n in 0..3 {
        wal.append(format!("record {n}").as_bytes()).await.unwrap();
    }
    let open = segments(&place, "open").remove(0);
    let bytes = std::fs::read(&open).unwrap();
    drop(wal);
    // As a process leaves it that is killed half-way through a fourth record.
    std::fs::remove_file(open.with_extension("sealed")).unwrap();
    std::fs::write(
        &open,
        [&bytes[..], &bytes[bytes.len() - 20..bytes.len() - 3]].concat(),
    )
    .unwrap();
    let wal = Wal::open(&place, &WalOptions::default()).unwrap();
    assert_eq!(
        (
            wal.recovery().sealed,
            wal.recovery().torn_tails,
            wal.recovery().torn_bytes
        ),
        (1, 1, 17)
    );
    assert_eq!(wal.recovery().damaged, []);
    assert_eq!(
        payloads(&segments(&place, "sealed")),
        ["record 0", "record 1", "record 2"]
    );
}

#[tokio::test]
async fn a_flipped_byte_before_the_tail_is_reported_and_the_other_records_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a");
    let wal = Wal::open(&place, &WalOptions::default()).unwrap();
    for n in 0..3 {
        wal.append(format!("record {n}").as_bytes()).await.unwrap();
    }
    drop(wal);
    let sealed = segments(&place, "sealed").remove(0);
    let mut bytes = std::fs::read(&sealed).unwrap();
    let at = bytes.windows(8).position(|w| w == b"record 1").unwrap();
    bytes[at] ^= 1;
    std::fs::remove_file(&sealed).unwrap();
    std::fs::write(sealed.with_extension("open"), &bytes).unwrap();
    let wal = Wal::open(&place, &WalOptions::default()).unwrap();
    let recovery = wal.recovery();
    assert_eq!((recovery.damaged.len(), recovery.torn_tails), (1, 0));
    assert_eq!(
        (recovery.damaged[0].offset, recovery.damaged[0].bytes),
        (at as u64 - 12, 20)
    );
    let read: Vec<bool> = read_segment(&sealed).unwrap().map(|r| r.is_ok()).collect();
    assert_eq!(read, [true, false, true]);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_takes_records_again_when_it_has_emptied() {
    let folder = tempfile::tempdir().unwrap();
    let options = WalOptions {
        crowd: 0,
        crowd_wait: Duration::from_millis(300),
        queue_bytes: 1000,
        ..WalOptions::default()
    };
    let wal = Wal::open(&folder.path().join("a"), &options).unwrap();
    let payload = [b'x'; 400];
    let first = wal.append(&payload);
    let second = wal.append(&payload);
    match wal.append(&payload).await {
        Err(WalError::Full {
            waiting_bytes,
            allowed_bytes: 1000,
        }) => assert!(waiting_bytes > 800),
        other => panic!("{other:?}"),
    }
    first.await.unwrap();
    second.await.unwrap();
    wal.append(&payload).await.unwrap();
    assert_eq!(wal.stats().records, 3);
}

#[tokio::test]
async fn records_that_cannot_be_framed_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let wal = Wal::open(&folder.path().join("a"), &WalOptions::default()).unwrap();
    assert!(matches!(
        wal.append(&[]).await,
        Err(WalError::Size { found_bytes: 0 })
    ));
    let large = vec![0; lake::log::RECORD_BYTES_MAX + 1];
    assert!(matches!(
        wal.append(&large).await,
        Err(WalError::Size { .. })
    ));
}

#[tokio::test]
async fn what_was_appended_before_the_log_is_dropped_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a");
    let options = WalOptions {
        crowd: 0,
        crowd_wait: Duration::from_millis(300),
        ..WalOptions::default()
    };
    let wal = Wal::open(&place, &options).unwrap();
    let unanswered = wal.append(b"queued");
    drop(wal);
    unanswered.await.unwrap();
    assert_eq!(payloads(&segments(&place, "sealed")), ["queued"]);
}

/// Not a benchmark: it can only catch a log that syncs for each record. The rate is printed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_callers_share_their_syncs() {
    const CALLERS: u64 = 64;
    const RECORDS: u64 = 100;
    let folder = tempfile::tempdir().unwrap();
    let wal = Arc::new(Wal::open(&folder.path().join("a"), &WalOptions::default()).unwrap());
    let started = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|n| {
            let wal = Arc::clone(&wal);
            tokio::spawn(async move {
                let payload = [u8::try_from(n).unwrap(); 1000];
                for _ in 0..RECORDS {
                    wal.append(&payload).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let stats = wal.stats();
    let rate = stats.records as f64 / started.elapsed().as_secs_f64();
    println!(
        "{CALLERS} callers: {rate:.0} appends/s, {:.1} per sync",
        stats.records as f64 / stats.syncs as f64
    );
    assert_eq!(stats.records, CALLERS * RECORDS);
    assert!(stats.syncs * 4 <= stats.records, "{stats:?}");
}

#[test]
fn two_processes_never_share_a_folder() {
    const NAME: &str = "wal::two_processes_never_share_a_folder";
    if let Some(folder) = child_folder() {
        let wal = Wal::open(&folder, &WalOptions::default()).unwrap();
        println!("\nopened {}", wal.folder().display());
        std::thread::sleep(Duration::from_secs(60));
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let place = root.path().join("a");
    let mut other = child(NAME, &place).spawn().unwrap();
    let lines = BufReader::new(other.stdout.take().unwrap()).lines();
    assert!(
        lines
            .map_while(Result::ok)
            .any(|line| line.starts_with("opened "))
    );
    match Wal::open(&place, &WalOptions::default()) {
        Err(WalError::InUse { folder }) => assert_eq!(folder, place),
        found => panic!("{found:?}"),
    }
    other.kill().unwrap();
    other.wait().unwrap();
    Wal::open(&place, &WalOptions::default()).unwrap();
}

/// A disk that refuses, as the operating system plays it: no file of the child may grow beyond 64 KiB.
#[test]
fn after_a_refused_write_the_record_is_not_there_and_the_next_ones_are() {
    const NAME: &str = "wal::after_a_refused_write_the_record_is_not_there_and_the_next_ones_are";
    const RECORDS: usize = 60;
    let payload = |n: usize| format!("{n:04}{}", "x".repeat(3000));
    if let Some(folder) = child_folder() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let wal = Wal::open(&folder, &WalOptions::default()).unwrap();
        runtime.block_on(async {
            for n in 0..RECORDS {
                let said = match wal.append(payload(n).as_bytes()).await {
                    Ok(_) => "kept",
                    Err(WalError::Write { .. }) => "refused",
                    Err(other) => panic!("{other:?}"),
                };
                println!("\n{said} {n}");
            }
        });
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let place = root.path().join("a");
    let plain = child(NAME, &place);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
        .arg(plain.get_program())
        .args(plain.get_args());
    // `ulimit -f` counts blocks of 512 bytes or of 1 KiB, as the shell likes: either limit lies below the segment's size.
    let output = limited
        .env(crate::shop::CHILD_FOLDER, &place)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers = |word: &str| -> Vec<usize> {
        text.lines()
            .filter_map(|line| line.strip_prefix(word)?.trim().parse().ok())
            .collect()
    };
    let (kept, refused) = (numbers("kept "), numbers("refused "));
    assert!(
        !refused.is_empty() && refused.len() <= RECORDS / 8,
        "{refused:?}"
    );
    assert_eq!(kept.len() + refused.len(), RECORDS);
    let expected: Vec<String> = kept.into_iter().map(payload).collect();
    assert_eq!(payloads(&segments(&place, "sealed")), expected);
}
