//! Sealed segments to rows of the lake, exactly once.

use super::columns::{
    DECISIONS, EVENTS, ORDER_ANSWERS, SHADOW_ANSWERS, decision_rows, shadow_rows,
};
use super::deduplicate::drop_repeated;
use super::files::make_durable;
use super::folder::{Folder, Recovery, log_folders, tag_of};
use super::records::{EventRecord, OrderAnswerRecord, RecordError};
use super::segment::{DAMAGED, Damage, SEALED, SegmentError, SegmentRecord, read_segment};
use super::wire::{DecisionWire, ShadowWire, Wire};
use super::{Wal, WalError};
use crate::{Lake, LakeError, Transaction};
use arrow::array::RecordBatch;
use bytes::Bytes;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Records read, or turned into rows, at a time: half a millisecond of work, after which draining may rest.
const RECORDS_PER_STEP: usize = 32;

/// Rests after a step beside answers, in times of what the step took, by how many segments wait.
///
/// A third of the time is enough for some thousand decisions a second. Why in steps: where more come, or a merge has
/// kept draining waiting, the log must not grow until it is drained without rests, which makes answers wait.
fn rests(waiting: usize) -> f64 {
    match waiting {
        0..=4 => 2.0,
        5..=12 => 1.0,
        13..=32 => 0.5,
        // A gibibyte of log.
        33.. => 0.0,
    }
}

/// The rest after a step that took so long.
///
/// A step is half a millisecond of work: what it took beyond a millisecond it waited for a processor, which is a rest
/// already.
fn rest(took: Duration, rests: f64) -> Duration {
    took.min(Duration::from_millis(1)).mul_f64(rests)
}

/// How draining behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrainOptions {
    /// How many days before and after its own time an event, or an answer to an order, is compared with the table's rows.
    pub event_window_days: u32,
    /// How long to wait for another writer of the lake before giving up until the next run.
    pub patience: Duration,
    /// Bytes of segments moved in one transaction; one segment is always moved, however large.
    pub transaction_bytes: u64,
}

impl Default for DrainOptions {
    /// 3 days, 5 seconds, 32 MiB.
    fn default() -> Self {
        Self {
            event_window_days: 3,
            patience: Duration::from_secs(5),
            transaction_bytes: 32 << 20,
        }
    }
}

/// What one run moved.
#[derive(Debug, Default)]
pub struct Drained {
    /// Segments whose rows are in the lake and that are deleted now.
    pub segments: u64,
    /// Decisions moved.
    pub decisions: u64,
    /// Answers in the shadow moved.
    pub shadows: u64,
    /// Events moved.
    pub events: u64,
    /// Events that were there already.
    pub repeated_events: u64,
    /// Answers of people to proposed orders moved.
    pub order_answers: u64,
    /// Those of them that were there already.
    pub repeated_order_answers: u64,
    /// Folders of dead processes that were taken over.
    pub adopted: u64,
    /// What was found in them.
    pub recovery: Recovery,
    /// Bytes that could not be read; the records around them were moved, the file is kept under the ending `damaged`.
    pub damaged: Vec<Damage>,
    /// Segments that wait for a program that can read them.
    pub held_back: Vec<HeldBack>,
}

/// A segment that cannot be moved by this program; it stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum HeldBack {
    /// The segment cannot be read.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// A record of it is unknown to this program.
    #[error("drain segment {} at offset {offset}", path.display())]
    Record {
        /// The segment.
        path: PathBuf,
        /// Where the record begins, in bytes.
        offset: u64,
        /// What is wrong with it.
        #[source]
        source: RecordError,
    },
}

/// Draining that stopped; what was not moved stays in the log.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// The log could not be sealed or read.
    #[error("drain the log")]
    Wal(#[from] WalError),
    /// The lake did not take the rows: another writer holds it, say.
    #[error("drain the log into the lake")]
    Lake(#[from] LakeError),
    /// The rows are in the lake, and the segment could not be deleted: its rows are replaced in the next run.
    #[error("delete what was drained from {}", folder.display())]
    Delete {
        /// The folder of the log.
        folder: PathBuf,
        /// What the file system said.
        #[source]
        source: io::Error,
    },
}

/// Moves a log, and the logs of dead processes beside it, into the lake.
#[derive(Debug)]
pub struct Drain {
    lake: Lake,
    wal: Arc<Wal>,
    options: DrainOptions,
    /// One run at a time.
    turn: tokio::sync::Mutex<()>,
}

/// What one segment holds, but for what may be in it twice.
#[derive(Debug, Default)]
struct Loaded {
    path: PathBuf,
    tag: String,
    /// Its records that are decisions: each can be read.
    decisions: Vec<Bytes>,
    /// Its records that are answers in the shadow: each can be read.
    shadows: Vec<Bytes>,
    damaged: Vec<Damage>,
}

/// What of a segment may be in it twice, or in the lake already.
#[derive(Debug, Default)]
struct Repeatable {
    events: Vec<EventRecord>,
    order_answers: Vec<OrderAnswerRecord>,
}

fn load(path: &Path, rests: f64) -> Result<(Loaded, Repeatable), HeldBack> {
    let mut loaded = Loaded {
        path: path.to_owned(),
        tag: tag_of(path).unwrap_or_default().to_owned(),
        ..Loaded::default()
    };
    let mut repeatable = Repeatable::default();
    let mut began = Instant::now();
    for (number, item) in (1_usize..).zip(read_segment(path)?) {
        match item {
            Ok(SegmentRecord { offset, payload }) => {
                let wrong = |source| HeldBack::Record {
                    path: path.to_owned(),
                    offset,
                    source,
                };
                match Wire::read(&payload).map_err(wrong)? {
                    Wire::Decision(_) => loaded.decisions.push(payload),
                    Wire::Event(event) => {
                        repeatable.events.push(event.to_record().map_err(wrong)?);
                    }
                    Wire::Shadow(_) => loaded.shadows.push(payload),
                    Wire::OrderAnswer(answer) => {
                        let answer = answer.to_record().map_err(wrong)?;
                        repeatable.order_answers.push(answer);
                    }
                }
            }
            Err(damage) => loaded.damaged.push(damage),
        }
        if number % RECORDS_PER_STEP == 0 {
            std::thread::sleep(rest(began.elapsed(), rests));
            began = Instant::now();
        }
    }
    Ok((loaded, repeatable))
}

impl Loaded {
    /// Its decisions as rows, some at a time: they take many times the memory of the records.
    fn rows(&self) -> impl Iterator<Item = RecordBatch> {
        self.decisions.chunks(RECORDS_PER_STEP).map(|records| {
            let decisions: Vec<DecisionWire<'_>> = records
                .iter()
                .filter_map(|record| match Wire::read(record) {
                    Ok(Wire::Decision(decision)) => Some(decision),
                    Ok(Wire::Event(_) | Wire::Shadow(_) | Wire::OrderAnswer(_)) | Err(_) => None,
                })
                .collect();
            decision_rows(&decisions)
        })
    }

    /// Its answers in the shadow as rows, some at a time.
    fn shadow_rows(&self) -> impl Iterator<Item = RecordBatch> {
        self.shadows.chunks(RECORDS_PER_STEP).map(|records| {
            let shadows: Vec<ShadowWire<'_>> = records
                .iter()
                .filter_map(|record| match Wire::read(record) {
                    Ok(Wire::Shadow(shadow)) => Some(shadow),
                    Ok(Wire::Event(_) | Wire::Decision(_) | Wire::OrderAnswer(_)) | Err(_) => None,
                })
                .collect();
            shadow_rows(&shadows)
        })
    }
}

impl Drain {
    /// A drain of `wal`, and of the folders that dead processes left beside it, into `lake`.
    #[must_use]
    pub fn new(lake: Lake, wal: Arc<Wal>, options: DrainOptions) -> Self {
        Self {
            lake,
            wal,
            options,
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Moves everything that was acknowledged before the call.
    ///
    /// Killed at any moment, or stopped by an error, nothing is lost and nothing is there twice: the next run, of
    /// this or another process, moves what remains.
    ///
    /// # Errors
    /// [`DrainError::Lake`] when the lake is busy or refuses, [`DrainError::Wal`] when the log cannot be sealed,
    /// [`DrainError::Delete`] when a drained segment cannot be deleted. All may succeed in a later run.
    pub async fn run(&self, now: Timestamp) -> Result<Drained, DrainError> {
        self.run_with(now, |_| 0.0).await
    }

    /// As [`Drain::run`], with rests, the longer the less waits: a burst of work holds up answers more than a steady
    /// share of the processors does.
    ///
    /// # Errors
    /// As [`Drain::run`].
    pub async fn run_beside_answers(&self, now: Timestamp) -> Result<Drained, DrainError> {
        self.run_with(now, rests).await
    }

    async fn run_with(
        &self,
        now: Timestamp,
        rests: fn(usize) -> f64,
    ) -> Result<Drained, DrainError> {
        let _turn = self.turn.lock().await;
        let mut drained = Drained::default();
        self.wal.seal().await?;
        self.drain_folder(self.wal.owned(), now, rests, &mut drained)
            .await?;
        let root = self.wal.root().to_owned();
        let cannot_list = |source| {
            DrainError::Wal(WalError::Open {
                folder: root.clone(),
                source: Arc::new(source),
            })
        };
        for path in log_folders(&root).map_err(cannot_list)? {
            if path == self.wal.folder() {
                continue;
            }
            let Some(folder) = Folder::adopt(&path)? else {
                continue;
            };
            drained.adopted += 1;
            drained.recovery.add(folder.recover()?);
            self.drain_folder(&folder, now, rests, &mut drained).await?;
            folder
                .delete_if_empty()
                .map_err(|source| DrainError::Delete {
                    folder: path,
                    source,
                })?;
        }
        Ok(drained)
    }

    async fn drain_folder(
        &self,
        folder: &Folder,
        now: Timestamp,
        rests: fn(usize) -> f64,
        drained: &mut Drained,
    ) -> Result<(), DrainError> {
        let mut segments = folder.segments(&[SEALED])?.into_iter().peekable();
        while segments.peek().is_some() {
            let rests = rests(segments.len());
            let mut together = Vec::new();
            let mut bytes = 0;
            while let Some(path) = segments.next_if(|path| {
                bytes += fs_err::metadata(path).map_or(0, |m| m.len());
                together.is_empty() || bytes <= self.options.transaction_bytes
            }) {
                together.push(path);
            }
            self.flush(folder, together, now, rests, drained).await?;
        }
        Ok(())
    }

    /// Moves some segments of one folder in one transaction.
    async fn flush(
        &self,
        folder: &Folder,
        paths: Vec<PathBuf>,
        now: Timestamp,
        rests: f64,
        drained: &mut Drained,
    ) -> Result<(), DrainError> {
        let read = move || {
            paths
                .iter()
                .map(|path| load(path, rests))
                .collect::<Vec<_>>()
        };
        let read = tokio::task::spawn_blocking(read)
            .await
            .map_err(|_| WalError::Closed)?;
        let (mut segments, mut events, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        for one in read {
            match one {
                Ok((loaded, repeatable)) => {
                    segments.push(loaded);
                    events.push(repeatable.events);
                    answers.push(repeatable.order_answers);
                }
                Err(held_back) => drained.held_back.push(held_back),
            }
        }
        let mut transaction = self.lake.begin_within(self.options.patience).await?;
        // A segment that is gone by now was drained by a run that was dropped after its commit.
        if segments.is_empty() || segments.iter().any(|s| !s.path.exists()) {
            return Ok(());
        }
        let tags: BTreeSet<String> = segments.iter().map(|s| s.tag.clone()).collect();
        let before = transaction.base().clone();
        for (table, tag) in [DECISIONS, EVENTS, SHADOW_ANSWERS, ORDER_ANSWERS]
            .iter()
            .flat_map(|table| tags.iter().map(move |tag| (table, tag)))
        {
            transaction.remove(table, tag);
        }
        let days = self.options.event_window_days;
        let repeated = drop_repeated(&transaction, &mut events, days).await?;
        let answered_again = drop_repeated(&transaction, &mut answers, days).await?;
        for ((segment, events), answers) in segments.iter().zip(&events).zip(&answers) {
            write(
                &mut transaction,
                DECISIONS,
                &segment.tag,
                segment.rows(),
                rests,
            )
            .await?;
            let events = events.chunks(RECORDS_PER_STEP).map(EventRecord::to_batch);
            write(&mut transaction, EVENTS, &segment.tag, events, rests).await?;
            let shadows = segment.shadow_rows();
            write(
                &mut transaction,
                SHADOW_ANSWERS,
                &segment.tag,
                shadows,
                rests,
            )
            .await?;
            let answers = answers
                .chunks(RECORDS_PER_STEP)
                .map(OrderAnswerRecord::to_batch);
            write(
                &mut transaction,
                ORDER_ANSWERS,
                &segment.tag,
                answers,
                rests,
            )
            .await?;
        }
        let after = transaction.commit(now).await?;
        make_durable(&self.lake, &before, &after, tags).await?;
        drained.segments += segments.len() as u64;
        drained.decisions += segments
            .iter()
            .map(|s| s.decisions.len() as u64)
            .sum::<u64>();
        drained.shadows += segments.iter().map(|s| s.shadows.len() as u64).sum::<u64>();
        drained.events += events.iter().map(|e| e.len() as u64).sum::<u64>();
        drained.repeated_events += repeated;
        drained.order_answers += answers.iter().map(|a| a.len() as u64).sum::<u64>();
        drained.repeated_order_answers += answered_again;
        let cleared = clear(folder, &segments);
        drained
            .damaged
            .extend(segments.into_iter().flat_map(|s| s.damaged));
        cleared.map_err(|source| DrainError::Delete {
            folder: folder.path().to_owned(),
            source,
        })
    }
}

/// Writes the rows of a segment to one table.
async fn write(
    transaction: &mut Transaction,
    table: &'static str,
    tag: &str,
    batches: impl Iterator<Item = RecordBatch>,
    rests: f64,
) -> Result<(), LakeError> {
    let mut batches = batches.peekable();
    if batches.peek().is_none() {
        return Ok(());
    }
    let mut writer = transaction
        .writer(table, super::columns::table_schema(table), tag)
        .await?;
    let mut began = Instant::now();
    for batch in batches {
        writer.write(&batch).await?;
        // The encoder may work on this thread: it takes its turn within the time that is measured.
        tokio::task::yield_now().await;
        tokio::time::sleep(rest(began.elapsed(), rests)).await;
        began = Instant::now();
    }
    writer.finish(transaction).await?;
    Ok(())
}

/// Takes away what is in the lake; a damaged segment is kept for whoever looks into it.
fn clear(folder: &Folder, segments: &[Loaded]) -> io::Result<()> {
    let (whole, damaged): (Vec<&Loaded>, Vec<&Loaded>) =
        segments.iter().partition(|s| s.damaged.is_empty());
    for segment in damaged {
        fs_err::rename(&segment.path, segment.path.with_extension(DAMAGED))?;
    }
    let whole: Vec<&Path> = whole.iter().map(|s| s.path.as_path()).collect();
    folder.retire(&whole)
}
