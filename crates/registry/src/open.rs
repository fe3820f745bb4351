//! Opening a registry.

use crate::migrations;
use crate::place::{Place, UrlError};
use crate::store::{CONNECTION_WAIT, Pool, Store, StoreError};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a registry waits for a lock that another process holds before it says so.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How many connections a process keeps. Why: one writes at a time, the others answer the console and the API.
const SQLITE_CONNECTIONS_MAX: u32 = 4;
const POSTGRES_CONNECTIONS_MAX: u32 = 8;

/// Why a registry does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no registry.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The folder of a SQLite file is missing.
    #[error("open the registry {path}: folder {folder} does not exist")]
    NoFolder {
        /// The file.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
    },
    /// A database with tables of something else; nothing was changed in it.
    #[error(
        "open the registry: {registry} holds {tables} tables of another application (the first is `{first}`) \
         and no registry; name a file, database or schema of its own"
    )]
    Foreign {
        /// The registry's name.
        registry: String,
        /// How many tables were found.
        tables: usize,
        /// The first of them in alphabetical order.
        first: String,
    },
    /// A registry that a newer program has written; nothing was changed in it.
    #[error(
        "open the registry: {registry} has tables of version {found}, this program reads up to {allowed}; \
         use the newer program"
    )]
    Newer {
        /// The registry's name.
        registry: String,
        /// The version of its tables.
        found: u32,
        /// The newest version that this program reads.
        allowed: u32,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs, versions, aliases, artefacts and API keys, in SQLite or PostgreSQL.
///
/// Cloning is cheap and shares the connections. See the crate's page for what it promises.
#[derive(Clone)]
pub struct Registry {
    pub(crate) store: Arc<Store>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry")
            .field("name", &self.store.name)
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// Opens the registry at `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, creating its tables
    /// where the file or database is new and bringing older ones up to date.
    ///
    /// A PostgreSQL database shared with other applications is refused unless the registry has a schema of its
    /// own there: add `?options=-csearch_path%3DSCHEMA` to the URL.
    ///
    /// # Errors
    /// [`OpenError`] names the registry (never its password), what was found and what is allowed. A lock held by
    /// another process is an error after [`LOCK_WAIT`].
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_waiting(url, LOCK_WAIT).await
    }

    /// Like [`Registry::open`], waiting `lock_wait` for a lock held by another process: now and at each change.
    ///
    /// # Errors
    /// As [`Registry::open`].
    pub async fn open_waiting(url: &str, lock_wait: Duration) -> Result<Self, OpenError> {
        let store = store_of(url, lock_wait).await?;
        migrations::bring_up_to_date(&store).await?;
        if let Pool::Sqlite(_) = store.pool {
            use_write_ahead_log(&store).await?;
        }
        Ok(Self {
            store: Arc::new(store),
        })
    }

    /// What errors and logs call this registry: the path of its file, or the URL without the password.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.store.name
    }

    /// Ends all connections once their work is done. Dropping the registry ends them too, but does not wait.
    pub async fn close(&self) {
        match &self.store.pool {
            Pool::Sqlite(pool) => pool.close().await,
            Pool::Postgres(pool) => pool.close().await,
        }
    }
}

/// Connects to the database of `url`, whatever is in it.
pub(crate) async fn store_of(url: &str, lock_wait: Duration) -> Result<Store, OpenError> {
    let place = Place::of(url)?;
    let name = place.name();
    match place {
        Place::Sqlite(path) => sqlite(&path, name, lock_wait),
        Place::Postgres(options) => Ok(postgres(*options, name, lock_wait).await?),
    }
}

fn sqlite(path: &Path, name: String, lock_wait: Duration) -> Result<Store, OpenError> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(OpenError::NoFolder {
            path: path.to_owned(),
            folder: folder.to_owned(),
        });
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .busy_timeout(lock_wait)
        // A promotion that was answered must survive a power cut, not only the end of the process.
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new()
        .max_connections(SQLITE_CONNECTIONS_MAX)
        .acquire_timeout(CONNECTION_WAIT)
        // A commit that finds no room is undone by SQLite itself, and the driver goes on believing that it is under way:
        // on this connection nothing can be begun any more.
        .before_acquire(|connection, _| {
            let is_free = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_free) })
        })
        .connect_lazy_with(options);
    Ok(Store::new(Pool::Sqlite(pool), name, lock_wait))
}

async fn postgres(
    options: PgConnectOptions,
    name: String,
    lock_wait: Duration,
) -> Result<Store, StoreError> {
    let options = options
        .application_name("comptoir registry")
        .disable_statement_logging();
    // One connection outside the pool: the pool would try again until its time is over and then only say that
    // it is over, not that the password is wrong.
    let first = tokio::time::timeout(CONNECTION_WAIT, options.connect()).await;
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS_MAX)
        .acquire_timeout(CONNECTION_WAIT)
        .connect_lazy_with(options);
    let store = Store::new(Pool::Postgres(pool), name, lock_wait);
    match first {
        Ok(Ok(connection)) => connection
            .close()
            .await
            .map_err(|source| store.named(source))?,
        Ok(Err(source)) => {
            return Err(StoreError::Unreachable {
                registry: store.name,
                source,
            });
        }
        Err(_) => {
            let source = sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
            return Err(StoreError::Unreachable {
                registry: store.name,
                source,
            });
        }
    }
    Ok(store)
}

/// Puts a SQLite file into write-ahead mode, in which readers never wait for a writer. The file remembers it.
///
/// SQLite does not wait for the lock that this change needs, so the waiting is done here.
async fn use_write_ahead_log(store: &Store) -> Result<(), StoreError> {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    loop {
        let row = match store.row("PRAGMA journal_mode", vec![]).await? {
            Some(row) if row.get::<String>("journal_mode")? == "wal" => return Ok(()),
            Some(_) | None => store.row("PRAGMA journal_mode = WAL", vec![]).await,
        };
        match row {
            Ok(Some(row)) if row.get::<String>("journal_mode")? == "wal" => return Ok(()),
            Ok(_) => {
                tracing::warn!(
                    registry = store.name,
                    "this file system has no write-ahead log: readers will wait for writers"
                );
                return Ok(());
            }
            Err(StoreError::Locked { .. }) if waited < store.lock_wait => {
                tokio::time::sleep(PAUSE).await;
                waited += PAUSE;
            }
            Err(other) => return Err(other),
        }
    }
}
