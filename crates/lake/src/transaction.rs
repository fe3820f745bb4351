//! One commit over several tables, by one writer at a time.

use crate::merge::FileMerger;
use crate::storage::{DataFile, Lake, files_of};
use crate::writer::TableWriter;
use crate::{LakeError, Snapshot, snapshot};
use arrow::datatypes::SchemaRef;
use deltalake_core::DeltaTable;
use deltalake_core::checkpoints::{cleanup_metadata, create_checkpoint};
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, Remove, StructType};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use futures::future::BoxFuture;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Write};

/// Commits to a table after which its log is summed up, so that opening it does not take longer with each commit.
const COMMITS_PER_CHECKPOINT: u64 = 20;

/// A commit in preparation. Dropping it leaves the lake as it was.
#[derive(Debug)]
pub struct Transaction {
    lake: Lake,
    base: Snapshot,
    adds: BTreeMap<String, Vec<Add>>,
    removes: BTreeMap<String, BTreeSet<String>>,
    /// Held until the end: the operating system releases it when the process dies.
    _lock: Option<File>,
}

/// Takes the writer's lock of a lake in a folder.
fn lock(lake: &Lake) -> Result<Option<File>, LakeError> {
    let Some(folder) = lake.folder() else {
        return Ok(None);
    };
    let path = folder.join("_comptoir").join("writer.lock");
    let refused = |e: std::io::Error| LakeError::Storage {
        operation: "take the lock",
        path: path.display().to_string(),
        source: object_store::Error::Generic {
            store: "lock",
            source: Box::new(e),
        },
    };
    std::fs::create_dir_all(folder.join("_comptoir")).map_err(refused)?;
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(refused)?;
    if file.try_lock().is_err() {
        let mut holder = String::new();
        let _ = file.read_to_string(&mut holder);
        let holder = if holder.trim().is_empty() {
            "an unknown process"
        } else {
            holder.trim()
        };
        return Err(LakeError::Busy {
            location: lake.location().to_owned(),
            holder: holder.to_owned(),
        });
    }
    // Who holds it is a courtesy to the next one; the lock itself does not depend on it.
    let _ = file
        .set_len(0)
        .and_then(|()| writeln!(file, "process {}", std::process::id()));
    Ok(Some(file))
}

impl Lake {
    /// Begins a commit: takes the single-writer lock, and undoes what a killed writer may have left.
    ///
    /// # Errors
    /// [`LakeError::Busy`] when another writer is at work; [`LakeError::Storage`] when the lake cannot be written.
    pub async fn begin(&self) -> Result<Transaction, LakeError> {
        let lock = lock(self)?;
        let base = self.snapshot().await?;
        Ok(Transaction {
            lake: self.clone(),
            base,
            adds: BTreeMap::new(),
            removes: BTreeMap::new(),
            _lock: lock,
        })
    }

    /// Begins a commit like [`Lake::begin`], waiting for another writer up to `patience`.
    ///
    /// # Errors
    /// As [`Lake::begin`].
    pub async fn begin_within(
        &self,
        patience: std::time::Duration,
    ) -> Result<Transaction, LakeError> {
        const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
        let mut waited = std::time::Duration::ZERO;
        loop {
            match self.begin().await {
                Err(LakeError::Busy { .. }) if waited < patience => {
                    tokio::time::sleep(PAUSE).await;
                    waited += PAUSE;
                }
                other => return other,
            }
        }
    }
}

/// The file name's part that says under which tag the rows were written.
fn tag_prefix(tag: &str) -> String {
    let safe: String = tag
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    format!("{safe}-")
}

/// A new file name for rows written under `tag`.
fn new_path(tag: &str) -> String {
    format!("{}{}.parquet", tag_prefix(tag), uuid::Uuid::new_v4())
}

impl Transaction {
    /// The snapshot that this commit builds on.
    #[must_use]
    pub fn base(&self) -> &Snapshot {
        &self.base
    }

    /// The lake that this commit is for.
    #[must_use]
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Prefixes of the names of the files that are taken out, by table.
    pub(crate) fn removed(&self) -> &BTreeMap<String, BTreeSet<String>> {
        &self.removes
    }

    /// Rows written earlier under `tag` disappear at commit.
    pub fn remove(&mut self, table: &str, tag: &str) {
        self.removes
            .entry(table.to_owned())
            .or_default()
            .insert(tag_prefix(tag));
    }

    /// A writer of new rows of `table` under `tag`.
    ///
    /// # Errors
    /// None today; the storage is first asked when rows are written.
    pub async fn writer(
        &mut self,
        table: &str,
        schema: SchemaRef,
        tag: &str,
    ) -> Result<TableWriter, LakeError> {
        let (store, path) = (self.lake.store(), new_path(tag));
        Ok(TableWriter::start(store, table, schema, path))
    }

    /// A file that takes the rows of others of `table`, under `tag`.
    pub(crate) fn merger(
        &self,
        table: &str,
        schema: SchemaRef,
        tag: &str,
    ) -> Result<FileMerger, LakeError> {
        FileMerger::start(self.lake.store(), table, schema, new_path(tag))
    }

    pub(crate) fn add(&mut self, table: &str, add: Add) {
        self.adds.entry(table.to_owned()).or_default().push(add);
    }

    /// Gives the commit up: files that were written for it are deleted. Merely dropping it leaves them lying, out of
    /// everybody's sight.
    pub async fn abandon(self) {
        let store = self.lake.store();
        for (table, add) in self
            .adds
            .iter()
            .flat_map(|(t, adds)| adds.iter().map(move |a| (t, a)))
        {
            // A file that cannot be deleted takes room and does no other harm.
            let _ = store
                .delete(&Path::from(format!("{table}/{}", add.path)))
                .await;
        }
    }

    /// Makes everything visible at once.
    ///
    /// # Errors
    /// [`LakeError::Busy`] when another writer committed first; [`LakeError::Table`] or [`LakeError::Storage`] when the
    /// storage refused. In each case the lake stays as it was.
    pub fn commit(self, now: jiff::Timestamp) -> BoxFuture<'static, Result<Snapshot, LakeError>> {
        Box::pin(self.commit_all(now))
    }

    async fn commit_all(self, now: jiff::Timestamp) -> Result<Snapshot, LakeError> {
        let mut next = Snapshot {
            format: snapshot::FORMAT,
            version: self.base.version + 1,
            committed_at: Some(now),
            tables: self.base.tables.clone(),
        };
        let touched: BTreeSet<&String> = self.adds.keys().chain(self.removes.keys()).collect();
        for table in touched {
            if let Some(version) = self.commit_table(table, now).await? {
                next.tables.insert(table.clone(), version);
            }
        }
        if next.tables == self.base.tables {
            return Ok(self.base);
        }
        if snapshot::publish(&self.lake.store(), &next).await? {
            return Ok(next);
        }
        Err(LakeError::Busy {
            location: self.lake.location().to_owned(),
            holder: format!("another writer published snapshot {} first", next.version),
        })
    }

    /// Commits one table; `None` where nothing changes in it.
    async fn commit_table(
        &self,
        table: &str,
        now: jiff::Timestamp,
    ) -> Result<Option<u64>, LakeError> {
        let visible = match self.base.tables.get(table) {
            Some(version) => self.lake.files(table, *version).await?,
            None => std::sync::Arc::default(),
        };
        let empty = BTreeSet::new();
        let gone = self.removes.get(table).unwrap_or(&empty);
        let removed = |path: &str| gone.iter().any(|prefix| path.starts_with(prefix.as_str()));
        let kept: Vec<&DataFile> = visible.iter().filter(|f| !removed(&f.path)).collect();
        let added = self.adds.get(table).map_or(&[][..], Vec::as_slice);
        if kept.len() == visible.len() && added.is_empty() {
            return Ok(None);
        }
        let mut delta = self.open_or_create(table).await?;
        // What the log holds beyond the visible files was left by a writer that died before its snapshot.
        let present: BTreeMap<String, DataFile> = files_of(&delta, table)?
            .into_iter()
            .map(|f| (f.path.clone(), f))
            .collect();
        let millis = now.as_millisecond();
        let mut actions: Vec<Action> = Vec::new();
        let wanted: BTreeSet<&str> = kept.iter().map(|f| f.path.as_str()).collect();
        for path in present
            .keys()
            .filter(|path| !wanted.contains(path.as_str()))
        {
            actions.push(Action::Remove(Remove {
                path: path.clone(),
                data_change: true,
                deletion_timestamp: Some(millis),
                ..Remove::default()
            }));
        }
        for file in kept.iter().filter(|f| !present.contains_key(&f.path)) {
            actions.push(Action::Add(file.add.clone()));
        }
        actions.extend(added.iter().map(|a| {
            Action::Add(Add {
                modification_time: millis,
                ..a.clone()
            })
        }));
        let commits = delta.version().map_or(0, |version| version + 1);
        if commits > 0 && commits.is_multiple_of(COMMITS_PER_CHECKPOINT) {
            // It only saves time: where it cannot be written, readers go through the commits, and the next one is tried.
            // The same holds for commits that are older than the log is kept.
            let _ = create_checkpoint(&delta, None).await;
            let _ = cleanup_metadata(&delta, None).await;
        }
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: None,
            predicate: None,
        };
        let state = delta
            .snapshot()
            .map_err(LakeError::table("read the log of", table))?;
        // Summing up and cleaning up are done above; the library would list the whole log after each commit.
        let properties = CommitProperties::default()
            .with_max_retries(0)
            .with_create_checkpoint(false)
            .with_cleanup_expired_logs(Some(false));
        let done = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(state.snapshot()), delta.log_store(), operation)
            .await
            .map_err(LakeError::table("commit to", table))?;
        delta.state = Some(done.snapshot());
        self.lake.keep_committed(table, delta)?;
        Ok(Some(done.version()))
    }

    async fn open_or_create(&self, table: &str) -> Result<DeltaTable, LakeError> {
        if let Some(mut delta) = self.lake.last_committed(table) {
            // Another process may have committed since.
            let read = delta.update_state().await;
            return read
                .map(|()| delta)
                .map_err(LakeError::table("read the log of", table));
        }
        let delta = self
            .lake
            .delta(table)?
            .build()
            .map_err(LakeError::table("open", table))?;
        let exists = delta
            .verify_deltatable_existence()
            .await
            .map_err(LakeError::table("open", table))?;
        if exists {
            return self
                .lake
                .delta(table)?
                .load()
                .await
                .map_err(LakeError::table("read the log of", table));
        }
        let definition = schema::table::table(table).ok_or_else(|| LakeError::Columns {
            table: table.to_owned(),
            expected: "one of the shared tables".to_owned(),
            found: table.to_owned(),
        })?;
        let wrong = |found: String| LakeError::Location {
            location: table.to_owned(),
            found,
        };
        let columns: StructType = {
            use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel as _;
            definition
                .arrow()
                .as_ref()
                .try_into_kernel()
                .map_err(|e: arrow::error::ArrowError| wrong(e.to_string()))?
        };
        CreateBuilder::new()
            .with_log_store(delta.log_store())
            .with_table_name(table)
            .with_comment(definition.meaning.clone())
            .with_columns(columns.fields().cloned())
            .await
            .map_err(LakeError::table("create", table))
    }
}
