//! The thread that writes: takes everything queued, writes it once, syncs it once, wakes everyone.

use super::folder::{Folder, sync_folder};
use super::segment::{DAMAGED, MAGIC, OPEN, SEALED, end_mark, salt, salted};
use super::{Position, WalError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

pub(crate) type Answer = oneshot::Sender<Result<Position, WalError>>;

/// What waits for the thread.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// Frames, ready to be written.
    pub(crate) frames: Vec<u8>,
    /// Who waits, and how far its frame lies from the first.
    pub(crate) waiting: Vec<(u64, Answer)>,
    pub(crate) seals: Vec<oneshot::Sender<Result<(), WalError>>>,
    /// No more will come: what is queued is still written.
    pub(crate) closing: bool,
    /// The thread has ended.
    pub(crate) ended: bool,
}

/// What the log and its thread share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    pub(crate) records: AtomicU64,
    pub(crate) syncs: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) failures: AtomicU64,
}

impl Shared {
    /// The queue. A panic elsewhere leaves it whole: it is only pushed to and taken from.
    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wake(&self) {
        self.work.notify_one();
    }
}

#[derive(Debug)]
struct Active {
    path: PathBuf,
    file: std::fs::File,
    number: u64,
    salt: u32,
    /// Bytes of the drained segment that this one is written over; 0 where the file is new.
    over_bytes: u64,
    /// Bytes that are on disk and acknowledged.
    durable_bytes: u64,
}

/// Writes segments. After a failed write nothing new is written before the file is cut back to what was
/// acknowledged: a sync that failed once says nothing about the same bytes when it is called again.
#[derive(Debug)]
pub(crate) struct Committer {
    folder: Arc<Folder>,
    segment_bytes: u64,
    next_number: u64,
    active: Option<Active>,
    /// The active segment holds bytes that were not acknowledged.
    unclean: bool,
}

impl Committer {
    pub(crate) fn new(folder: Arc<Folder>, segment_bytes: u64) -> Result<Self, WalError> {
        let numbers = folder.segments(&[OPEN, SEALED, DAMAGED])?;
        let last = numbers
            .iter()
            .filter_map(|path| {
                path.file_stem()?
                    .to_str()?
                    .split_once('-')?
                    .0
                    .parse::<u64>()
                    .ok()
            })
            .max();
        Ok(Self {
            folder,
            segment_bytes,
            next_number: last.map_or(1, |n| n + 1),
            active: None,
            unclean: false,
        })
    }

    /// The thread's body: ends when the log is closed and everything queued is written.
    pub(crate) fn run(mut self, shared: &Shared, crowd: usize, crowd_wait: Duration) {
        /// Whoever appends after a panic here is told, instead of waiting for ever.
        struct Ended<'a>(&'a Shared);
        impl Drop for Ended<'_> {
            fn drop(&mut self) {
                let mut queue = self.0.queue();
                queue.ended = true;
                queue.waiting.clear();
                queue.seals.clear();
            }
        }
        let _ended = Ended(shared);
        let mut spare = Vec::new();
        let mut crowded = crowd == 0;
        loop {
            let mut queue = shared.queue();
            while queue.frames.is_empty() && queue.seals.is_empty() && !queue.closing {
                queue = shared
                    .work
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if crowded && queue.seals.is_empty() && !queue.closing {
                for _ in 0..LOOKS {
                    // Asleep, not waiting: nobody spends time on waking it for each record.
                    drop(queue);
                    std::thread::sleep(crowd_wait / LOOKS);
                    queue = shared.queue();
                    if queue.waiting.len() >= ENOUGH {
                        break;
                    }
                }
            }
            let frames = std::mem::replace(&mut queue.frames, std::mem::take(&mut spare));
            let waiting = std::mem::take(&mut queue.waiting);
            crowded = waiting.len() >= crowd;
            let seals = std::mem::take(&mut queue.seals);
            let closing = queue.closing;
            drop(queue);
            let mut frames = frames;
            self.commit_and_answer(shared, &mut frames, waiting);
            let full = self
                .active
                .as_ref()
                .is_some_and(|a| a.durable_bytes >= self.segment_bytes);
            if full || closing || !seals.is_empty() {
                let sealed = self.seal().map_err(|e| self.failed(e));
                for answer in seals {
                    // Whoever asked may have gone; the segment is sealed all the same.
                    let _ = answer.send(sealed.clone());
                }
            }
            if closing {
                return;
            }
            spare = frames;
            spare.clear();
            spare.shrink_to(SPARE_BYTES);
        }
    }

    fn commit_and_answer(
        &mut self,
        shared: &Shared,
        frames: &mut Vec<u8>,
        waiting: Vec<(u64, Answer)>,
    ) {
        if frames.is_empty() {
            return;
        }
        let bytes = frames.len() as u64;
        let starts = waiting.iter().map(|(distance, _)| *distance as usize);
        let committed = self.commit(frames, starts).map_err(|e| self.failed(e));
        if committed.is_ok() {
            shared
                .records
                .fetch_add(waiting.len() as u64, Ordering::Relaxed);
            shared.bytes.fetch_add(bytes, Ordering::Relaxed);
            shared.syncs.fetch_add(1, Ordering::Relaxed);
        } else {
            shared.failures.fetch_add(1, Ordering::Relaxed);
        }
        for (distance, answer) in waiting {
            let position = committed.clone().map(|start| Position {
                offset: start.offset + distance,
                ..start
            });
            // Whoever appended may have gone: its record is in the log all the same.
            let _ = answer.send(position);
        }
    }

    fn failed(&self, source: io::Error) -> WalError {
        WalError::Write {
            folder: self.folder.path().to_owned(),
            source: Arc::new(source),
        }
    }

    /// Puts one batch on disk, whose frames begin at `starts`. An error means that none of it will be read.
    fn commit(
        &mut self,
        frames: &mut Vec<u8>,
        starts: impl Iterator<Item = usize>,
    ) -> io::Result<Position> {
        if self.unclean {
            self.seal()?;
        }
        if self.active.is_none() {
            self.active = Some(self.begin()?);
        }
        let Some(active) = &mut self.active else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let start = Position {
            segment: active.number,
            offset: active.durable_bytes,
        };
        let new = active.durable_bytes == MAGIC.len() as u64;
        for frame in starts {
            salted(frames, frame, active.salt);
        }
        let end = active.durable_bytes + frames.len() as u64;
        if end < active.over_bytes {
            // What an earlier segment left lies behind.
            frames.extend_from_slice(&end_mark(end, active.salt));
            // To the end of a page: else the system reads the rest of the page before it can write a part of it.
            let marked = active.durable_bytes + frames.len() as u64;
            let padded = marked.next_multiple_of(PAGE_BYTES).min(active.over_bytes);
            frames.resize(frames.len() + padded.saturating_sub(marked) as usize, 0);
        }
        let written = active
            .file
            .write_all_at(frames, active.durable_bytes)
            .and_then(|()| active.file.sync_data())
            .and_then(|()| {
                if new {
                    sync_folder(self.folder.path())
                } else {
                    Ok(())
                }
            });
        match written {
            Ok(()) => {
                active.durable_bytes = end;
                Ok(start)
            }
            Err(e) => {
                self.unclean = true;
                // Where cutting fails too, it is tried again before the next batch.
                let _ = self.seal();
                Err(e)
            }
        }
    }

    fn begin(&mut self) -> io::Result<Active> {
        let (number, id) = (self.next_number, uuid::Uuid::new_v4().simple());
        let tag = super::folder::tag_start(self.folder.root_id());
        let path = self
            .folder
            .path()
            .join(format!("{number:010}-{tag}{id}.{OPEN}"));
        let over = self.folder.take_spare(&path);
        let file = fs_err::OpenOptions::new()
            .write(true)
            .create_new(!over)
            .open(&path)?
            .into_parts()
            .0;
        self.next_number += 1;
        let begun = file
            .write_all_at(&MAGIC, 0)
            .and_then(|()| Ok(file.metadata()?.len()));
        match begun {
            Ok(bytes) => Ok(Active {
                salt: salt(&path),
                path,
                file,
                number,
                over_bytes: if over { bytes } else { 0 },
                durable_bytes: MAGIC.len() as u64,
            }),
            Err(e) => {
                let _ = fs_err::remove_file(&path);
                Err(e)
            }
        }
    }

    /// Seals the active segment, cutting off what was not acknowledged.
    fn seal(&mut self) -> io::Result<()> {
        let Some(active) = &self.active else {
            return Ok(());
        };
        if self.unclean {
            let nothing = active.durable_bytes == MAGIC.len() as u64;
            self.folder
                .seal(&active.path, active.durable_bytes, nothing)?;
        } else {
            // A name that a power cut takes back is that of an open segment, which is sealed when it is found.
            fs_err::rename(&active.path, active.path.with_extension(SEALED))?;
        }
        self.active = None;
        self.unclean = false;
        Ok(())
    }
}

/// Looks at a crowded queue while a batch waits for others.
const LOOKS: u32 = 2;

/// Records that are worth a sync: it takes as much of a processor as answering one or two of them.
const ENOUGH: usize = 16;

/// Memory kept between two batches: enough for most, and a burst gives its memory back.
const SPARE_BYTES: usize = 1 << 20;

/// What the system reads and writes at once.
const PAGE_BYTES: u64 = 4096;
