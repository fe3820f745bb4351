//! One set of queries for two databases: values in, rows out, and the writer's lock.
//!
//! Placeholders are `$1`, `$2` …, which both databases read; all statements use only what both understand.
//! `sqlx::Any` was set aside: it knows no transaction that begins as a writer.

use crate::rows::{Row, Value, values};
use sqlx::postgres::{PgPool, Postgres};
use sqlx::sqlite::{Sqlite, SqlitePool};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// What goes wrong between the registry and its database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the writer's lock.
    #[error(
        "reach the registry: {registry} is locked by another process (waited {waited_ms} ms); \
         wait for it to finish or end it, then try again"
    )]
    Locked {
        /// The registry's name.
        registry: String,
        /// How long this process waited.
        waited_ms: u128,
    },
    /// All connections of this process were in use.
    #[error("reach the registry: no connection to {registry} was free within {waited_ms} ms")]
    Exhausted {
        /// The registry's name.
        registry: String,
        /// How long this process waited.
        waited_ms: u128,
    },
    /// The server or the file cannot be reached.
    #[error("reach the registry: no connection to {registry}")]
    Unreachable {
        /// The registry's name.
        registry: String,
        /// What the driver reports.
        #[source]
        source: sqlx::Error,
    },
    /// The file is no SQLite database, or no longer a sound one.
    #[error(
        "read the registry: {registry} is damaged or is not a SQLite database; restore it from a copy"
    )]
    Damaged {
        /// The registry's name.
        registry: String,
        /// What the driver reports.
        #[source]
        source: sqlx::Error,
    },
    /// The database answered with an error of its own: a full disk, a missing right.
    #[error("use the registry: {registry} refused")]
    Refused {
        /// The registry's name.
        registry: String,
        /// What the database answered.
        #[source]
        source: sqlx::Error,
    },
    /// A stored value that this program would not have written.
    #[error("read column `{column}` of the registry: found {found}, expected {expected}")]
    Unreadable {
        /// The column.
        column: &'static str,
        /// What is stored there, cut after 60 characters.
        found: String,
        /// What is allowed there.
        expected: &'static str,
    },
}

/// A statement with its values, for whichever database is asked.
macro_rules! bound {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query($sql);
        for value in $values {
            query = match value {
                Value::Integer(value) => query.bind(value),
                Value::Real(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

/// The two databases.
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A database, its name in errors, and the turn of this process's writers.
pub(crate) struct Store {
    pub(crate) pool: Pool,
    pub(crate) name: String,
    pub(crate) lock_wait: Duration,
    // Writers of one process queue here, in order of arrival, so that the database's own lock is only ever
    // contended by other processes: readers keep their connections, and "locked by another process" is true.
    turn: Mutex<()>,
}

/// PostgreSQL's name for the writer's lock of a registry: the bytes of "comptoir".
const WRITER_LOCK: i64 = i64::from_be_bytes(*b"comptoir");

/// How long PostgreSQL lets a writer that has stopped talking keep the lock.
/// Why: a machine that vanished holds its connection open until TCP gives up, which takes hours.
const SILENT_WRITER_MS: &str = "60000";

impl Store {
    pub(crate) fn new(pool: Pool, name: String, lock_wait: Duration) -> Self {
        Self {
            pool,
            name,
            lock_wait,
            turn: Mutex::new(()),
        }
    }

    /// Rows of one statement that changes nothing. Never waits for a writer.
    pub(crate) async fn rows(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match &self.pool {
            Pool::Sqlite(pool) => bound!(sql, values)
                .fetch_all(pool)
                .await
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect()),
            Pool::Postgres(pool) => bound!(sql, values)
                .fetch_all(pool)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect()),
        }
        .map_err(|source| self.named(source))
    }

    /// The first row of one statement that changes nothing.
    pub(crate) async fn row(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Begins a change: until it is committed or dropped, nobody else changes anything, in any process.
    pub(crate) async fn write(&self) -> Result<Writing<'_>, StoreError> {
        let turn = self.turn.lock().await;
        let inner = match &self.pool {
            Pool::Sqlite(pool) => pool.begin_with("BEGIN IMMEDIATE").await.map(Inner::Sqlite),
            Pool::Postgres(pool) => {
                // Read committed, whatever the server's default: what is read after the lock is obtained must
                // be what the previous writer left.
                pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED")
                    .await
                    .map(Inner::Postgres)
            }
        }
        .map_err(|source| self.named(source))?;
        let mut writing = Writing {
            store: self,
            inner,
            _turn: turn,
        };
        if matches!(writing.inner, Inner::Postgres(_)) {
            let wait = self.lock_wait.as_millis().to_string();
            writing
                .rows(
                    "SELECT set_config('lock_timeout', $1, true), \
                     set_config('idle_in_transaction_session_timeout', $2, true)",
                    values![wait.as_str(), SILENT_WRITER_MS],
                )
                .await?;
            writing
                .rows("SELECT pg_advisory_xact_lock($1)", values![WRITER_LOCK])
                .await?;
        }
        Ok(writing)
    }

    /// Gives a driver's error its name.
    pub(crate) fn named(&self, source: sqlx::Error) -> StoreError {
        let registry = self.name.clone();
        let waited_ms = self.lock_wait.as_millis();
        if matches!(source, sqlx::Error::PoolTimedOut) {
            return StoreError::Exhausted {
                registry,
                waited_ms: CONNECTION_WAIT.as_millis(),
            };
        }
        let Some(answer) = source.as_database_error() else {
            return StoreError::Unreachable { registry, source };
        };
        let code = answer.code().unwrap_or_default();
        match &self.pool {
            // https://www.sqlite.org/rescode.html: the low byte is the primary code.
            Pool::Sqlite(_) => match code.parse::<i32>().unwrap_or_default() & 0xff {
                5 | 6 => StoreError::Locked {
                    registry,
                    waited_ms,
                },
                11 | 26 => StoreError::Damaged { registry, source },
                14 => StoreError::Unreachable { registry, source },
                _ => StoreError::Refused { registry, source },
            },
            // https://www.postgresql.org/docs/current/errcodes-appendix.html
            Pool::Postgres(_) => match code.as_ref() {
                "55P03" => StoreError::Locked {
                    registry,
                    waited_ms,
                },
                "57P01" | "57P02" | "57P03" => StoreError::Unreachable { registry, source },
                _ => StoreError::Refused { registry, source },
            },
        }
    }
}

/// How long a caller waits for one of this process's connections.
pub(crate) const CONNECTION_WAIT: Duration = Duration::from_secs(10);

enum Inner {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// A change under way: nothing of it is seen by others until [`Writing::commit`], and dropping it undoes it.
pub(crate) struct Writing<'s> {
    store: &'s Store,
    inner: Inner,
    _turn: MutexGuard<'s, ()>,
}

impl Writing<'_> {
    /// Runs one statement; how many rows it changed.
    pub(crate) async fn execute(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        match &mut self.inner {
            Inner::Sqlite(inner) => bound!(sql, values)
                .execute(&mut **inner)
                .await
                .map(|done| done.rows_affected()),
            Inner::Postgres(inner) => bound!(sql, values)
                .execute(&mut **inner)
                .await
                .map(|done| done.rows_affected()),
        }
        .map_err(|source| self.store.named(source))
    }

    /// Rows as they stand within this change.
    pub(crate) async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match &mut self.inner {
            Inner::Sqlite(inner) => bound!(sql, values)
                .fetch_all(&mut **inner)
                .await
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect()),
            Inner::Postgres(inner) => bound!(sql, values)
                .fetch_all(&mut **inner)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect()),
        }
        .map_err(|source| self.store.named(source))
    }

    /// The first row as it stands within this change.
    pub(crate) async fn row(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Runs several statements that take no values.
    pub(crate) async fn script(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match &mut self.inner {
            Inner::Sqlite(inner) => sqlx::raw_sql(sql).execute(&mut **inner).await.map(drop),
            Inner::Postgres(inner) => sqlx::raw_sql(sql).execute(&mut **inner).await.map(drop),
        }
        .map_err(|source| self.store.named(source))
    }

    /// Makes the change: when this has answered, it is on disk.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let store = self.store;
        match self.inner {
            Inner::Sqlite(inner) => inner.commit().await,
            Inner::Postgres(inner) => inner.commit().await,
        }
        .map_err(|source| store.named(source))
    }
}
