//! The snapshot: which version of each table belongs together.

use crate::LakeError;
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, path::Path};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Newest format of snapshot files that this program reads and writes.
pub(crate) const FORMAT: u32 = 1;

/// Snapshots kept; older ones are deleted, the tables' own Delta logs keep their history.
const KEPT: usize = 100;

const FOLDER: &str = "_comptoir/snapshots";

/// The versions of all tables at one moment; readers of one snapshot see one consistent state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Format of this file.
    pub format: u32,
    /// Number of the snapshot; 0 is the empty lake.
    pub version: u64,
    /// When it was committed; absent for the empty lake.
    pub committed_at: Option<jiff::Timestamp>,
    /// Delta version of each table.
    pub tables: BTreeMap<String, u64>,
}

fn path(version: u64) -> Path {
    Path::from(format!("{FOLDER}/{version:020}.json"))
}

/// Snapshot files, oldest first.
async fn list(store: &Arc<dyn ObjectStore>) -> Result<Vec<Path>, LakeError> {
    let mut found: Vec<Path> = store
        .list(Some(&Path::from(FOLDER)))
        .map_ok(|meta| meta.location)
        .try_filter(|p| futures::future::ready(p.as_ref().ends_with(".json")))
        .try_collect()
        .await
        .map_err(LakeError::storage("list snapshots in", FOLDER))?;
    found.sort();
    Ok(found)
}

/// The latest snapshot; the empty one where the lake is new.
pub(crate) async fn latest(
    store: &Arc<dyn ObjectStore>,
    location: &str,
) -> Result<Snapshot, LakeError> {
    let Some(path) = list(store).await?.pop() else {
        return Ok(Snapshot {
            format: FORMAT,
            ..Snapshot::default()
        });
    };
    let bytes = store
        .get(&path)
        .await
        .map_err(LakeError::storage("read snapshot", &path))?
        .bytes()
        .await
        .map_err(LakeError::storage("read snapshot", &path))?;
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let damaged = |e: serde_json::Error| LakeError::Location {
        location: location.to_owned(),
        found: format!("snapshot {path} is damaged ({e})"),
    };
    let found = serde_json::from_slice::<Format>(&bytes)
        .map_err(damaged)?
        .format;
    if found > FORMAT {
        return Err(LakeError::Newer {
            location: location.to_owned(),
            found,
            allowed: FORMAT,
        });
    }
    serde_json::from_slice(&bytes).map_err(damaged)
}

/// Publishes a snapshot; `false` where another writer has taken its number.
pub(crate) async fn publish(
    store: &Arc<dyn ObjectStore>,
    snapshot: &Snapshot,
) -> Result<bool, LakeError> {
    let path = path(snapshot.version);
    let text = serde_json::to_vec(snapshot).unwrap_or_default();
    let options = PutOptions {
        mode: PutMode::Create,
        ..PutOptions::default()
    };
    match store.put_opts(&path, text.into(), options).await {
        Ok(_) => {}
        Err(object_store::Error::AlreadyExists { .. }) => return Ok(false),
        Err(e) => return Err(LakeError::storage("write snapshot", &path)(e)),
    }
    let all = list(store).await?;
    for old in all.iter().take(all.len().saturating_sub(KEPT)) {
        // A snapshot that cannot be deleted now is deleted after a later commit.
        let _ = store.delete(old).await;
    }
    Ok(true)
}
