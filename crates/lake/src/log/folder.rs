//! The folder of one log: who owns it, and what its files are.

use super::WalError;
use super::segment::{Damage, MAGIC, OPEN, SEALED, SPARE, SegmentError, read_segment};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Endings of segments whose rows may still be written, or written again.
pub(crate) const OPEN_OR_SEALED: &[&str] = &[OPEN, SEALED];

const LOCK: &str = "lock";
const ROOT_ID: &str = "root.id";

/// The folder of one log, owned by this process until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    root_id: String,
    spares: Mutex<Spares>,
    /// The operating system releases the lock when the process dies.
    _lock: File,
}

/// Drained segments that the next ones are written over.
#[derive(Debug, Default)]
struct Spares {
    /// How many are kept.
    most: usize,
    /// Smaller files are not worth keeping.
    bytes_min: u64,
    free: Vec<PathBuf>,
}

/// What was found in a folder when it was taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Segments that were open when the former process ended and are sealed now.
    pub sealed: u64,
    /// Tails that were being written when the former process died. None of their records was acknowledged.
    pub torn_tails: u64,
    /// Bytes of those tails.
    pub torn_bytes: u64,
    /// Bytes that had been acknowledged and cannot be read: the disk or something else changed them.
    pub damaged: Vec<Damage>,
}

impl Recovery {
    /// Adds what was found in another folder.
    pub(crate) fn add(&mut self, other: Self) {
        self.sealed += other.sealed;
        self.torn_tails += other.torn_tails;
        self.torn_bytes += other.torn_bytes;
        self.damaged.extend(other.damaged);
    }
}

/// Makes the names in a folder durable: a new, renamed or deleted file is so only after this.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    fs_err::File::open(path)?.sync_all()
}

/// The identifier of the folder that holds all logs of this machine, made on first use, as is the folder.
///
/// Rows of its logs carry it, so that compaction here never touches rows whose segment lies on another machine.
///
/// # Errors
/// When the folder cannot be written.
pub fn root_id(root: &Path) -> io::Result<String> {
    let path = root.join(ROOT_ID);
    if let Ok(id) = fs_err::read_to_string(&path) {
        return Ok(id);
    }
    fs_err::create_dir_all(root)?;
    let id = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
    let draft = root.join(format!(".{ROOT_ID}.{id}"));
    fs_err::write(&draft, &id)?;
    fs_err::File::open(&draft)?.sync_all()?;
    // A link never replaces: the first of several processes wins, and all read what it wrote.
    let linked = fs_err::hard_link(&draft, &path);
    fs_err::remove_file(&draft)?;
    match linked {
        Ok(()) => sync_folder(root)?,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        Err(e) => return Err(e),
    }
    fs_err::read_to_string(&path)
}

/// The segments below `folder` with one of the endings, in the order in which they were begun.
pub(crate) fn segments(folder: &Path, endings: &[&str]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|ending| endings.iter().any(|e| ending == *e))
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The tag under which the rows of a segment are in the lake.
pub(crate) fn tag_of(segment: &Path) -> Option<&str> {
    segment
        .file_stem()?
        .to_str()?
        .split_once('-')
        .map(|(_, tag)| tag)
}

/// What every tag of a segment begins with, where the log lies below the root of this identifier.
pub(crate) fn tag_start(root_id: &str) -> String {
    format!("log{root_id}")
}

/// The folders of all logs below `root`, sorted.
pub(crate) fn log_folders(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(root)? {
        let path = entry?.path();
        if path.join(LOCK).is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

impl Folder {
    /// Takes a folder, making it where it is missing; `None` where another process holds it.
    pub(crate) fn take(path: &Path) -> Result<Option<Self>, WalError> {
        let refused = |source: io::Error| WalError::Open {
            folder: path.to_owned(),
            source: Arc::new(source),
        };
        loop {
            fs_err::create_dir_all(path).map_err(refused)?;
            let name = path.join(LOCK);
            let opened = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&name);
            let lock = match opened {
                Ok(lock) => lock,
                // Deleted by its last owner between the two calls.
                Err(e)
                    if e.kind() == io::ErrorKind::NotFound
                        && path.parent().is_some_and(Path::is_dir) =>
                {
                    continue;
                }
                Err(e) => return Err(refused(e)),
            };
            match lock.try_lock() {
                Ok(()) => {}
                Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
                Err(std::fs::TryLockError::Error(e)) => return Err(refused(e)),
            }
            // An owner that emptied the folder may have deleted the file that was locked here; then a lock on it
            // guards nothing.
            let held = lock.metadata().map_err(refused)?;
            let same = fs_err::metadata(&name)
                .is_ok_and(|m| (m.dev(), m.ino()) == (held.dev(), held.ino()));
            if same {
                let root = path.parent().unwrap_or(path);
                let root_id = root_id(root).map_err(refused)?;
                return Ok(Some(Self {
                    path: path.to_owned(),
                    root_id,
                    spares: Mutex::default(),
                    _lock: lock,
                }));
            }
        }
    }

    /// Takes a folder that another process left behind; `None` where that process lives or the folder is gone.
    pub(crate) fn adopt(path: &Path) -> Result<Option<Self>, WalError> {
        if path.join(LOCK).is_file() {
            Self::take(path)
        } else {
            Ok(None)
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn root_id(&self) -> &str {
        &self.root_id
    }

    /// The folder that holds all logs.
    pub(crate) fn root(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    fn spares(&self) -> std::sync::MutexGuard<'_, Spares> {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on drained segments of at least `bytes_min` are kept, up to `most`, for the next ones to be written over.
    pub(crate) fn keep_spares(&self, most: usize, bytes_min: u64) {
        let mut spares = self.spares();
        (spares.most, spares.bytes_min) = (most, bytes_min);
    }

    /// Takes drained segments away: they become spare ones as far as those are kept, else they are deleted.
    pub(crate) fn retire(&self, drained: &[&Path]) -> io::Result<()> {
        let (most, bytes_min) = {
            let spares = self.spares();
            (
                spares.most.saturating_sub(spares.free.len()),
                spares.bytes_min,
            )
        };
        let mut kept = Vec::new();
        for segment in drained {
            if kept.len() < most && fs_err::metadata(segment)?.len() >= bytes_min {
                let spare = segment.with_extension(SPARE);
                fs_err::rename(segment, &spare)?;
                kept.push(spare);
            } else {
                fs_err::remove_file(segment)?;
            }
        }
        sync_folder(&self.path)?;
        // Not before: under its old name a power cut would give back a segment that is partly written over.
        self.spares().free.extend(kept);
        Ok(())
    }

    /// Gives a spare segment a new name, where there is one.
    pub(crate) fn take_spare(&self, name: &Path) -> bool {
        let spare = self.spares().free.pop();
        spare.is_some_and(|spare| fs_err::rename(spare, name).is_ok())
    }

    /// Deletes the spare segments, those that a dead process left included.
    pub(crate) fn drop_spares(&self) -> io::Result<()> {
        self.spares().free.clear();
        for spare in segments(&self.path, &[SPARE])? {
            fs_err::remove_file(spare)?;
        }
        Ok(())
    }

    /// Seals what the former owner left open, dropping tails that were never acknowledged.
    pub(crate) fn recover(&self) -> Result<Recovery, WalError> {
        let mut recovery = Recovery::default();
        self.drop_spares().map_err(|source| WalError::Open {
            folder: self.path.clone(),
            source: Arc::new(source),
        })?;
        for path in self.segments(&[OPEN])? {
            let mut reader = read_segment(&path).map_err(|source| match source {
                SegmentError::Read { path, source } => WalError::Open {
                    folder: path,
                    source: Arc::new(source),
                },
                newer @ SegmentError::Newer { .. } => WalError::Unreadable(Arc::new(newer)),
            })?;
            let mut records = 0_u64;
            for item in reader.by_ref() {
                match item {
                    Ok(_) => records += 1,
                    Err(damage) => recovery.damaged.push(damage),
                }
            }
            if reader.torn_bytes() > 0 {
                recovery.torn_tails += 1;
                recovery.torn_bytes += reader.torn_bytes();
            }
            let nothing = records == 0 && reader.read_bytes() <= MAGIC.len() as u64;
            self.seal(&path, reader.read_bytes(), nothing)
                .map_err(|source| WalError::Open {
                    folder: self.path.clone(),
                    source: Arc::new(source),
                })?;
            recovery.sealed += u64::from(!nothing);
        }
        Ok(recovery)
    }

    /// Cuts an open segment to its acknowledged bytes and seals it; deletes it where it holds nothing.
    pub(crate) fn seal(&self, open: &Path, durable_bytes: u64, nothing: bool) -> io::Result<()> {
        if nothing {
            fs_err::remove_file(open)?;
        } else {
            let file = fs_err::OpenOptions::new().write(true).open(open)?;
            if file.metadata()?.len() != durable_bytes {
                file.set_len(durable_bytes)?;
                file.sync_all()?;
            }
            fs_err::rename(open, open.with_extension(SEALED))?;
        }
        sync_folder(&self.path)
    }

    pub(crate) fn segments(&self, endings: &[&str]) -> Result<Vec<PathBuf>, WalError> {
        segments(&self.path, endings).map_err(|source| WalError::Open {
            folder: self.path.clone(),
            source: Arc::new(source),
        })
    }

    /// Deletes the folder of a dead process once it holds nothing but its lock. Others' files stay.
    pub(crate) fn delete_if_empty(self) -> io::Result<()> {
        let others = fs_err::read_dir(&self.path)?
            .filter(|e| e.as_ref().map_or(true, |e| e.file_name() != LOCK))
            .count();
        if others == 0 {
            fs_err::remove_file(self.path.join(LOCK))?;
            // Another process may have put its own lock there already: then the folder is its own.
            let _ = fs_err::remove_dir(&self.path);
        }
        Ok(())
    }
}
