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
        let former = before.tables.get(table).map_or(0, |v| v + 1);
        if former <= *version {
            versions.insert(table.clone(), (former, *version));
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
    fs_err::File::open(path)?.sync_all()
}

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
