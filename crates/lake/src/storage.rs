//! Where the lake is, and the Delta tables in it.

use crate::session::{LakeOptions, runtime};
use crate::writer::refused;
use crate::{LakeError, Snapshot, snapshot};
use arrow::array::RecordBatch;
use bytes::Bytes;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::execution::runtime_env::RuntimeEnv;
use deltalake_core::kernel::Add;
use deltalake_core::{DeltaTable, DeltaTableBuilder};
use futures::future::BoxFuture;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt, parse_url_opts};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The name under which the SQL engine knows the store of a lake.
pub(crate) const SQL_STORE: &str = "comptoir://lake/";

/// Bytes read from the end of a data file at first: the metadata of most fits.
const FOOTER_BYTES: u64 = 64 << 10;

/// One data file of a table.
#[derive(Debug, Clone)]
pub(crate) struct DataFile {
    /// Path below the table's folder.
    pub(crate) path: String,
    /// The action that added it, to add it again where a leftover is undone.
    pub(crate) add: Add,
}

type Files = Arc<Vec<DataFile>>;

/// Where a lake is.
struct Place {
    root: Arc<dyn ObjectStore>,
    prefix: Path,
    folder: Option<PathBuf>,
}

/// Reads a location: a folder, which is made where it is missing, or a URL. Nothing is asked of an object store yet.
///
/// - `options`: those of object stores, by their usual names.
fn place(location: &str, options: impl Iterator<Item = (String, String)>) -> Result<Place, String> {
    let url = url::Url::parse(location)
        .ok()
        .filter(|_| location.contains("://"));
    match url {
        Some(url) if url.scheme() == "memory" => Ok(Place {
            root: Arc::new(InMemory::new()),
            prefix: Path::from("lake"),
            folder: None,
        }),
        Some(url) if url.scheme() != "file" => {
            let (store, prefix) = parse_url_opts(&url, options).map_err(|e| e.to_string())?;
            Ok(Place {
                root: Arc::from(store),
                prefix,
                folder: None,
            })
        }
        file => {
            let path = file
                .and_then(|u| u.to_file_path().ok())
                .unwrap_or_else(|| PathBuf::from(location));
            fs_err::create_dir_all(&path).map_err(|e| e.to_string())?;
            let path = fs_err::canonicalize(&path).map_err(|e| e.to_string())?;
            Ok(Place {
                root: Arc::new(LocalFileSystem::new()),
                prefix: Path::from_absolute_path(&path).map_err(|e| e.to_string())?,
                folder: Some(path),
            })
        }
    }
}

struct Inner {
    location: String,
    /// The folder, where the lake is one: the writer's lock lies in it.
    folder: Option<PathBuf>,
    /// The whole store, as the Delta library wants it.
    root: Arc<dyn ObjectStore>,
    /// Path of the lake in `root`.
    prefix: Path,
    /// The lake alone.
    store: Arc<dyn ObjectStore>,
    runtime: Arc<RuntimeEnv>,
    options: LakeOptions,
    files: Mutex<BTreeMap<(String, u64), Files>>,
    committed: Mutex<BTreeMap<String, DeltaTable>>,
    extra: Mutex<BTreeMap<String, Arc<dyn TableProvider>>>,
}

/// The lake. Cloning it is cheap; clones share caches, memory budget and storage.
#[derive(Clone)]
pub struct Lake(Arc<Inner>);

impl std::fmt::Debug for Lake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lake")
            .field("location", &self.0.location)
            .finish_non_exhaustive()
    }
}

impl Lake {
    /// Opens the lake in a folder (made where it is missing) or at a URL.
    ///
    /// Options of object stores (keys, regions, endpoints) are read from the environment with their usual names.
    ///
    /// # Errors
    /// [`LakeError::Location`] when the location cannot hold a lake, [`LakeError::Newer`] when a newer program wrote it.
    pub async fn open(location: &str, options: &LakeOptions) -> Result<Self, LakeError> {
        let Place {
            root,
            prefix,
            folder,
        } = place(location, std::env::vars()).map_err(|found| LakeError::Location {
            location: location.to_owned(),
            found,
        })?;
        let store: Arc<dyn ObjectStore> =
            Arc::new(PrefixStore::new(Arc::clone(&root), prefix.clone()));
        let lake = Self(Arc::new(Inner {
            location: location.to_owned(),
            folder,
            root,
            prefix,
            store,
            runtime: runtime(options)?,
            options: options.clone(),
            files: Mutex::default(),
            committed: Mutex::default(),
            extra: Mutex::default(),
        }));
        lake.snapshot().await?;
        Ok(lake)
    }

    /// The latest snapshot.
    ///
    /// # Errors
    /// [`LakeError::Storage`] when it cannot be read, [`LakeError::Newer`] when a newer program wrote it.
    pub async fn snapshot(&self) -> Result<Snapshot, LakeError> {
        snapshot::latest(&self.0.store, &self.0.location).await
    }

    /// Whether a table has any row.
    ///
    /// # Errors
    /// As [`Lake::snapshot`].
    pub async fn has_rows(&self, table: &str) -> Result<bool, LakeError> {
        match self.snapshot().await?.tables.get(table) {
            Some(version) => Ok(!self.files(table, *version).await?.is_empty()),
            None => Ok(false),
        }
    }

    /// Makes rows from elsewhere (the runs of the registry, say) a table of queries under `name`.
    ///
    /// # Errors
    /// [`LakeError::Sql`] when the batches do not share one schema.
    pub fn add_view(&self, name: &str, batches: Vec<RecordBatch>) -> Result<(), LakeError> {
        let Some(first) = batches.first() else {
            return Ok(());
        };
        let table =
            MemTable::try_new(first.schema(), vec![batches]).map_err(|e| self.sql_error(e))?;
        self.0
            .extra
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), Arc::new(table));
        Ok(())
    }

    /// Where the lake is, as given when it was opened.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.0.location
    }

    /// The folder of the lake, where it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.0.folder.as_deref()
    }

    /// Memory that queries may hold before they spill to disk.
    #[must_use]
    pub fn memory(&self) -> schema::Bytes {
        self.0.options.memory
    }

    /// A note that is kept beside the tables; `None` where there is none of that name.
    ///
    /// # Errors
    /// [`LakeError::Storage`] when it cannot be read.
    pub async fn note(&self, name: &str) -> Result<Option<Bytes>, LakeError> {
        let path = note_path(name);
        let refused = || LakeError::storage("read note", &path);
        match self.0.store.get(&path).await {
            Ok(found) => found.bytes().await.map(Some).map_err(refused()),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(refused()(e)),
        }
    }

    /// Keeps a note beside the tables, in place of an earlier one of its name. It belongs to no snapshot: readers see it
    /// at once, whole.
    ///
    /// # Errors
    /// [`LakeError::Storage`] when it cannot be written.
    pub async fn keep_note(&self, name: &str, text: Vec<u8>) -> Result<(), LakeError> {
        let path = note_path(name);
        let kept = self.0.store.put(&path, text.into()).await;
        kept.map(|_| ())
            .map_err(LakeError::storage("write note", &path))
    }

    pub(crate) fn options(&self) -> &LakeOptions {
        &self.0.options
    }

    pub(crate) fn runtime(&self) -> Arc<RuntimeEnv> {
        Arc::clone(&self.0.runtime)
    }

    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.0.store)
    }

    pub(crate) fn extra_tables(&self) -> Vec<(String, Arc<dyn TableProvider>)> {
        let extra = self.0.extra.lock().unwrap_or_else(PoisonError::into_inner);
        extra
            .iter()
            .map(|(name, table)| (name.clone(), Arc::clone(table)))
            .collect()
    }

    /// The whole store, as the engines below want it: a store that hides the lake's own path gives back the paths of
    /// its files unhidden, and the engines do not know them again.
    pub(crate) fn root(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.0.root)
    }

    /// The name under which the SQL engine knows [`Lake::root`], and the path of a data file in it.
    pub(crate) fn file_url(&self, table: &str, path: &str) -> url::Url {
        self.url_of(SQL_STORE, &[table, path])
    }

    /// A URL whose path is that of the lake and `parts` below it, with what URLs reserve encoded.
    fn url_of(&self, store: &str, parts: &[&str]) -> url::Url {
        let mut url = url::Url::parse(store).expect("a constant URL parses");
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty()
                .extend(self.0.prefix.parts().map(|part| part.as_ref().to_owned()))
                .extend(parts);
        }
        url
    }

    /// A handle on a Delta table whose log is not loaded yet.
    pub(crate) fn delta(&self, table: &str) -> Result<DeltaTableBuilder, LakeError> {
        // The Delta library chooses its log by the scheme; `memory` is its plain one over any store.
        let store = if self.0.folder.is_some() {
            "file:///"
        } else {
            "memory:///"
        };
        let url = self.url_of(store, &[table, ""]);
        Ok(DeltaTableBuilder::from_url(url.clone())
            .map_err(LakeError::table("open", table))?
            .with_storage_backend(Arc::clone(&self.0.root), url))
    }

    /// A data file, whole.
    pub(crate) async fn read(&self, table: &str, path: &str) -> Result<Bytes, LakeError> {
        let full = Path::from(format!("{table}/{path}"));
        let refused = || LakeError::storage("read file", &full);
        let found = self.0.store.get(&full).await.map_err(refused())?;
        found.bytes().await.map_err(refused())
    }

    /// What a data file says about itself at its end.
    pub(crate) async fn read_metadata(
        &self,
        table: &str,
        file: &DataFile,
    ) -> Result<ParquetMetaData, LakeError> {
        let full = Path::from(format!("{table}/{}", file.path));
        let size = u64::try_from(file.add.size).unwrap_or(0);
        let mut reader = ParquetMetaDataReader::new();
        let mut wanted = FOOTER_BYTES;
        loop {
            let end = size.saturating_sub(wanted)..size;
            let read = self.0.store.get_range(&full, end).await;
            let bytes = read.map_err(LakeError::storage("read file", &full))?;
            match reader.try_parse_sized(&bytes, size) {
                Ok(()) => return reader.finish().map_err(refused("read a file of", table)),
                Err(ParquetError::NeedMoreData(more)) if wanted < size => {
                    wanted = (more as u64).max(2 * wanted);
                }
                Err(e) => return Err(refused("read a file of", table)(e)),
            }
        }
    }

    /// Deletes the files of a table that were removed longer ago than Delta keeps them: a week, where the table says
    /// nothing else.
    pub(crate) async fn delete_removed(&self, table: &str) -> Result<(), LakeError> {
        let Some(delta) = self.last_committed(table) else {
            return Ok(());
        };
        // A dry run only lists: deleting through the library would add two commits that no snapshot names.
        let (_, found) = delta
            .vacuum()
            .with_dry_run(true)
            .await
            .map_err(LakeError::table("list the removed files of", table))?;
        for path in found.files_deleted {
            let full = Path::from(format!("{table}/{path}"));
            match self.0.store.delete(&full).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(e) => return Err(LakeError::storage("delete file", &full)(e)),
            }
        }
        Ok(())
    }

    /// The data files of a table at a version. Cached: a version never changes.
    pub(crate) fn files<'a>(
        &'a self,
        table: &'a str,
        version: u64,
    ) -> BoxFuture<'a, Result<Files, LakeError>> {
        Box::pin(self.read_files(table, version))
    }

    async fn read_files(&self, table: &str, version: u64) -> Result<Files, LakeError> {
        let key = (table.to_owned(), version);
        if let Some(files) = self
            .0
            .files
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            return Ok(Arc::clone(files));
        }
        let delta = self
            .delta(table)?
            .with_version(version)
            .load()
            .await
            .map_err(LakeError::table("read the log of", table))?;
        let files = Arc::new(files_of(&delta, table)?);
        self.keep_files(key, Arc::clone(&files));
        Ok(files)
    }

    fn keep_files(&self, key: (String, u64), files: Files) {
        let mut cache = self.0.files.lock().unwrap_or_else(PoisonError::into_inner);
        // Only the newest few versions are asked for again.
        cache.retain(|(name, version), _| *name != key.0 || version + 4 > key.1);
        cache.insert(key, files);
    }

    /// The table as it was after this process's last commit to it: its log is read on from there.
    pub(crate) fn last_committed(&self, table: &str) -> Option<DeltaTable> {
        let tables = self.0.committed.lock();
        let tables = tables.unwrap_or_else(PoisonError::into_inner);
        tables.get(table).cloned()
    }

    /// Keeps a table as this process has just committed it.
    pub(crate) fn keep_committed(&self, table: &str, delta: DeltaTable) -> Result<(), LakeError> {
        if let Some(version) = delta.version() {
            let files = Arc::new(files_of(&delta, table)?);
            self.keep_files((table.to_owned(), version), files);
        }
        let tables = self.0.committed.lock();
        let mut tables = tables.unwrap_or_else(PoisonError::into_inner);
        tables.insert(table.to_owned(), delta);
        Ok(())
    }
}

fn note_path(name: &str) -> Path {
    Path::from(format!("_comptoir/{name}"))
}

/// The data files that a loaded Delta table names.
pub(crate) fn files_of(delta: &DeltaTable, table: &str) -> Result<Vec<DataFile>, LakeError> {
    let state = delta
        .snapshot()
        .map_err(LakeError::table("read the log of", table))?;
    let mut files: Vec<DataFile> = state
        .log_data()
        .iter()
        .map(|view| {
            let path = view.path().into_owned();
            let add = Add {
                path: path.clone(),
                size: view.size(),
                modification_time: view.modification_time(),
                stats: view.stats(),
                data_change: true,
                ..Add::default()
            };
            DataFile { path, add }
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_stores_are_known_by_their_urls() {
        let options = [
            ("aws_region", "eu-west-3"),
            ("azure_storage_account_name", "shop"),
        ];
        let options = || {
            options
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        };
        for (url, kind, prefix) in [
            ("s3://shop/lakes/main", "AmazonS3", "lakes/main"),
            ("gs://shop/lakes/main", "GoogleCloudStorage", "lakes/main"),
            ("az://lakes/main", "MicrosoftAzure", "main"),
            ("memory://", "InMemory", "lake"),
        ] {
            let place = place(url, options()).unwrap_or_else(|e| panic!("{url}: {e}"));
            assert!(
                format!("{:?}", place.root).starts_with(kind),
                "{url}: {:?}",
                place.root
            );
            assert_eq!(place.prefix.as_ref(), prefix, "{url}");
            assert_eq!(place.folder, None);
        }
        let refused = place("ftp://shop/lake", options()).map(|_| ()).unwrap_err();
        assert!(refused.contains("ftp"), "{refused}");
    }
}
