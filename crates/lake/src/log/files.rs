//! The data files of the log's rows: whose they are, and that they are on disk.

use crate::{Lake, LakeError, Snapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// The tag under which the rows of a data file were written.
pub(crate) fn tag_of(path: &str) -> &str {
    path.split('-').next().unwrap_or(path)
}

/// Puts a commit on disk, where the lake is a folder: its storage leaves that to the operating system, and the
/// log must not be the only one to survive a power cut *after* it was deleted.
pub(crate) async fn make_durable(
    lake: &Lake,
    before: &Snapshot,
    after: &Snapshot,
    tags: BTreeSet<String>,
) -> Result<(), LakeError> {
    let Some(folder) = lake.folder().map(Path::to_owned) else {
        return Ok(());
    };
    let mut versions: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (table, version) in &after.tables {
        let former = before.tables.get(table).copied();
        if former.is_none_or(|former| former < *version) {
            // A checkpoint that was written on the way sums up the version before.
            versions.insert(table.clone(), (former.unwrap_or(0), *version));
        }
    }
    let snapshot = folder.join(format!("_comptoir/snapshots/{:020}.json", after.version));
    let refused = |path: &Path, e: io::Error| LakeError::Storage {
        operation: "make durable",
        path: path.display().to_string(),
        source: object_store::Error::Generic {
            store: "local",
            source: Box::new(e),
        },
    };
    let for_error = folder.clone();
    let synced = tokio::task::spawn_blocking(move || {
        for (table, (from, to)) in versions {
            let data = folder.join(&table);
            sync_where(&data, |name| tags.contains(tag_of(name)))?;
            sync_where(&data.join("_delta_log"), |name| {
                name == "_last_checkpoint"
                    || name
                        .get(..20)
                        .and_then(|v| v.parse().ok())
                        .is_some_and(|v: u64| (from..=to).contains(&v))
            })?;
        }
        sync(&snapshot)?;
        for made in [
            snapshot.parent(),
            Some(&folder.join("_comptoir")),
            Some(&folder),
        ] {
            made.map_or(Ok(()), sync)?;
        }
        Ok(())
    });
    match synced.await {
        Ok(done) => done.map_err(|e| refused(&for_error, e)),
        Err(stopped) => Err(refused(&for_error, io::Error::other(stopped))),
    }
}

fn sync(path: &Path) -> io::Result<()> {
    let file = fs_err::File::open(path)?;
    if file.metadata()?.len() >= LARGE_BYTES {
        write_back_gently(&file);
    }
    file.sync_all()
}

/// Files of this size and more are written back step by step.
const LARGE_BYTES: u64 = 8 << 20;

/// Starts writing a file back step by step: a large one that is synced at once holds up every other sync of the disk,
/// those of the log included. A hint: what it leaves undone, the sync does.
#[cfg(target_os = "linux")]
fn write_back_gently(file: &fs_err::File) {
    use rustix::fs::{Advice, fadvise};
    /// Bytes sent to the disk at once, and the pause after them: 25 MiB a second at most.
    const STEP_BYTES: std::num::NonZeroU64 = std::num::NonZeroU64::new(256 << 10).unwrap();
    const STEP_PAUSE: std::time::Duration = std::time::Duration::from_millis(10);
    let steps = file.metadata().map_or(0, |m| m.len() / STEP_BYTES);
    for step in 0..steps {
        // To give up its pages has the kernel start writing the dirty ones.
        let from = step * STEP_BYTES.get();
        if fadvise(file.file(), from, Some(STEP_BYTES), Advice::DontNeed).is_err() {
            return;
        }
        std::thread::sleep(STEP_PAUSE);
    }
}

/// Elsewhere the file is synced at once.
#[cfg(not(target_os = "linux"))]
fn write_back_gently(_: &fs_err::File) {}

/// Syncs the files of a folder whose name is chosen, and the folder.
fn sync_where(folder: &Path, chosen: impl Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(&chosen) {
            sync(&entry.path())?;
        }
    }
    sync(folder)
}
