//! The write-ahead log: an append is answered when its record is on disk.

use super::committer::{Committer, Shared};
use super::folder::{Folder, Recovery};
use super::segment::{RECORD_BYTES_MAX, SegmentError, push_frame};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;

/// Drained segments kept to be written over: twice what a busy log fills until those before are drained. Deleting one
/// holds up the syncs of the others, and a segment that grows is synced more slowly than one that is written over.
const SPARES: usize = 12;

/// How a log behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalOptions {
    /// A segment of this size is sealed and the next one begun.
    pub segment_bytes: u64,
    /// Records in one batch from which on several are taken to come at once; 0 always takes them so.
    pub crowd: usize,
    /// How long a batch waits for others at most while several come at once; less where enough have come. A record that
    /// comes alone does not wait: what comes while one batch is synced is the next batch.
    pub crowd_wait: Duration,
    /// Bytes that may wait for the disk before further records are refused with [`WalError::Full`].
    pub queue_bytes: usize,
}

impl Default for WalOptions {
    /// 32 MiB per segment, 1 ms of waiting from 3 records in a batch on, 16 MiB in the queue.
    ///
    /// At 5,000 records a second each sync then serves about eight.
    fn default() -> Self {
        Self {
            segment_bytes: 32 << 20,
            crowd: 3,
            crowd_wait: Duration::from_millis(1),
            queue_bytes: 16 << 20,
        }
    }
}

/// Where a record lies in its log; later records have larger positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Number of the segment in its folder, from 1.
    pub segment: u64,
    /// Where the record's frame begins in it, in bytes.
    pub offset: u64,
}

/// A log that could not be opened or written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WalError {
    /// The folder cannot hold a log.
    #[error("open the log in {}", folder.display())]
    Open {
        /// The folder.
        folder: PathBuf,
        /// What the file system said.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// Another process writes here.
    #[error("open the log in {}: another process holds it; give each process its own folder", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// A segment left in the folder cannot be read.
    #[error("recover the log")]
    Unreadable(#[source] Arc<SegmentError>),
    /// The disk does not keep up: try again later.
    #[error(
        "append to the log: {waiting_bytes} bytes wait for the disk, allowed are {allowed_bytes}; try again later"
    )]
    Full {
        /// Bytes that wait.
        waiting_bytes: usize,
        /// Bytes that may wait.
        allowed_bytes: usize,
    },
    /// The record is empty or too large.
    #[error(
        "append to the log: the record has {found_bytes} bytes, allowed are 1 to {RECORD_BYTES_MAX}"
    )]
    Size {
        /// Its size.
        found_bytes: usize,
    },
    /// The disk refused. The record is not in the log; later ones may succeed (a full disk has been emptied, say).
    #[error("write the log in {}", folder.display())]
    Write {
        /// The folder.
        folder: PathBuf,
        /// What the file system said.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The log was closed.
    #[error("append to the log: it is closed")]
    Closed,
}

/// What a log has done since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WalStats {
    /// Records acknowledged.
    pub records: u64,
    /// Bytes acknowledged, frames included.
    pub bytes: u64,
    /// Batches written and synced; `records / syncs` is the mean size of a group.
    pub syncs: u64,
    /// Batches that the disk refused.
    pub failures: u64,
    /// Bytes that wait for the disk now.
    pub waiting_bytes: usize,
}

/// A write-ahead log in a folder of its own.
///
/// One thread writes. Each batch is everything that was queued while the one before was synced, so the number
/// of syncs does not grow with the number of callers. Dropping the log writes what is queued.
#[derive(Debug)]
pub struct Wal {
    folder: Arc<Folder>,
    shared: Arc<Shared>,
    queue_bytes: usize,
    recovery: Recovery,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Wal {
    /// Opens the log in `folder`, made where it is missing; its parent holds the logs of all processes of a lake.
    ///
    /// What a former process left open is sealed; [`Wal::recovery`] says what was found.
    ///
    /// # Errors
    /// [`WalError::InUse`] when another process holds the folder, [`WalError::Open`] when it cannot hold a log,
    /// [`WalError::Unreadable`] when a newer program wrote there.
    pub fn open(folder: &Path, options: &WalOptions) -> Result<Self, WalError> {
        let owned = Folder::take(folder)?.ok_or_else(|| WalError::InUse {
            folder: folder.to_owned(),
        })?;
        let recovery = owned.recover()?;
        owned.keep_spares(SPARES, options.segment_bytes);
        let folder = Arc::new(owned);
        let shared = Arc::new(Shared::default());
        let committer = Committer::new(Arc::clone(&folder), options.segment_bytes)?;
        let for_thread = Arc::clone(&shared);
        let (crowd, crowd_wait) = (options.crowd, options.crowd_wait);
        let thread = std::thread::Builder::new()
            .name("decision log".to_owned())
            .spawn(move || committer.run(&for_thread, crowd, crowd_wait))
            .map_err(|e| WalError::Open {
                folder: folder.path().to_owned(),
                source: Arc::new(e),
            })?;
        // Distances within a batch are 32 bits wide.
        let queue_bytes = options.queue_bytes.clamp(1, 1 << 30);
        Ok(Self {
            folder,
            shared,
            queue_bytes,
            recovery,
            thread: Some(thread),
        })
    }

    /// Opens a log in a new folder below `root`, which holds the logs of all processes of a lake on this machine.
    ///
    /// No two processes ask for the same folder then; [`super::Drain`] takes over what dead ones left.
    ///
    /// # Errors
    /// As [`Wal::open`].
    pub fn open_below(root: &Path, options: &WalOptions) -> Result<Self, WalError> {
        Self::open(
            &root.join(uuid::Uuid::new_v4().simple().to_string()),
            options,
        )
    }

    /// Appends a record. It is queued when this returns, in the order of the calls; the future resolves once it
    /// is on disk. Dropping the future does not take the record back.
    ///
    /// # Errors
    /// The future gives [`WalError::Full`] when the disk does not keep up, [`WalError::Size`] for an empty or too
    /// large record, [`WalError::Write`] when the disk refused, [`WalError::Closed`] when the writing thread ended.
    /// In each case the record is not in the log.
    pub fn append(
        &self,
        payload: &[u8],
    ) -> impl Future<Output = Result<Position, WalError>> + Send + use<> {
        let queued = self.enqueue(payload);
        async move { queued?.await.map_err(|_| WalError::Closed)? }
    }

    fn enqueue(
        &self,
        payload: &[u8],
    ) -> Result<oneshot::Receiver<Result<Position, WalError>>, WalError> {
        if !(1..=RECORD_BYTES_MAX).contains(&payload.len()) {
            return Err(WalError::Size {
                found_bytes: payload.len(),
            });
        }
        let (answer, answered) = oneshot::channel();
        let mut queue = self.shared.queue();
        if queue.closing || queue.ended {
            return Err(WalError::Closed);
        }
        let waiting_bytes = queue.frames.len();
        // A single record is always taken, however small the queue.
        if waiting_bytes > 0 && waiting_bytes + payload.len() > self.queue_bytes {
            return Err(WalError::Full {
                waiting_bytes,
                allowed_bytes: self.queue_bytes,
            });
        }
        push_frame(&mut queue.frames, payload);
        queue.waiting.push((waiting_bytes as u64, answer));
        drop(queue);
        self.shared.wake();
        Ok(answered)
    }

    /// Seals the segment that is being written, after everything queued so far: it can be drained then.
    ///
    /// # Errors
    /// [`WalError::Write`] when the disk refused, [`WalError::Closed`] when the writing thread ended.
    pub async fn seal(&self) -> Result<(), WalError> {
        let (answer, answered) = oneshot::channel();
        {
            let mut queue = self.shared.queue();
            if queue.closing || queue.ended {
                return Err(WalError::Closed);
            }
            queue.seals.push(answer);
        }
        self.shared.wake();
        answered.await.map_err(|_| WalError::Closed)?
    }

    /// What was found when the log was opened.
    #[must_use]
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// What was done since.
    #[must_use]
    pub fn stats(&self) -> WalStats {
        let count = |n: &std::sync::atomic::AtomicU64| n.load(Ordering::Relaxed);
        WalStats {
            records: count(&self.shared.records),
            bytes: count(&self.shared.bytes),
            syncs: count(&self.shared.syncs),
            failures: count(&self.shared.failures),
            waiting_bytes: self.shared.queue().frames.len(),
        }
    }

    /// The folder of this log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder that holds the logs of all processes.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.folder.root()
    }

    /// This log among those of all machines: the identifier of the folder of this machine's logs, `/`, and its own folder
    /// in there.
    #[must_use]
    pub fn place(&self) -> String {
        let name = self.folder.path().file_name().unwrap_or_default();
        format!("{}/{}", self.folder.root_id(), name.to_string_lossy())
    }

    pub(crate) fn owned(&self) -> &Folder {
        &self.folder
    }
}

impl Drop for Wal {
    fn drop(&mut self) {
        self.shared.queue().closing = true;
        self.shared.wake();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been answered to its callers as `Closed`.
            let _ = thread.join();
        }
        // Where they cannot be deleted, whoever takes the folder over does.
        let _ = self.folder.drop_spares();
    }
}
