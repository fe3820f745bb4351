//! The registry's own tables, and how an older registry becomes a current one.

use crate::open::OpenError;
use crate::rows::values;
use crate::store::{Pool, Store, StoreError};

/// One numbered step. Steps are never edited once released; a change is a new step.
struct Migration {
    version: u32,
    sql: &'static str,
}

const MIGRATIONS: [Migration; 10] = [
    Migration {
        version: 1,
        sql: include_str!("../migrations/0001_runs_versions_aliases.sql"),
    },
    Migration {
        version: 2,
        sql: include_str!("../migrations/0002_api_keys.sql"),
    },
    Migration {
        version: 3,
        sql: include_str!("../migrations/0003_budgets.sql"),
    },
    Migration {
        version: 4,
        sql: include_str!("../migrations/0004_service.sql"),
    },
    Migration {
        version: 5,
        sql: include_str!("../migrations/0005_jobs.sql"),
    },
    Migration {
        version: 6,
        sql: include_str!("../migrations/0006_incidents.sql"),
    },
    Migration {
        version: 7,
        sql: include_str!("../migrations/0007_forecast_errors.sql"),
    },
    Migration {
        version: 8,
        sql: include_str!("../migrations/0008_searches.sql"),
    },
    Migration {
        version: 9,
        sql: include_str!("../migrations/0009_budget_limits.sql"),
    },
    Migration {
        version: 10,
        sql: include_str!("../migrations/0010_outcome_positions.sql"),
    },
];

/// The version of the tables that this program reads and writes.
pub(crate) const CURRENT: u32 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// Written with the first step and named so that no other application's table can be taken for it.
const MARK: &str = "comptoir_schema_version";
const CREATE_MARK: &str =
    "CREATE TABLE comptoir_schema_version (version BIGINT NOT NULL PRIMARY KEY)";

/// What a database holds before anything is changed in it.
enum Found {
    Empty,
    Registry(u32),
}

/// Brings an empty or older registry to [`CURRENT`], and refuses what is newer or not a registry at all.
///
/// A current registry is only read, so that it opens while another process writes.
pub(crate) async fn bring_up_to_date(store: &Store) -> Result<(), OpenError> {
    bring_to(store, CURRENT).await
}

async fn bring_to(store: &Store, wanted: u32) -> Result<(), OpenError> {
    if let Found::Registry(version) = found(store).await?
        && version == wanted
    {
        return Ok(());
    }
    // Two processes may come here at once: the second one finds the work done when it gets the lock. What is
    // read by `found` on another connection is settled, because nobody else writes now.
    let mut writing = store.write().await?;
    let from = match found(store).await? {
        Found::Empty => {
            writing.script(CREATE_MARK).await?;
            0
        }
        Found::Registry(version) => version,
    };
    for step in MIGRATIONS
        .iter()
        .filter(|step| step.version > from && step.version <= wanted)
    {
        writing.script(step.sql).await?;
        writing
            .execute(
                "INSERT INTO comptoir_schema_version (version) VALUES ($1)",
                values![step.version],
            )
            .await?;
        tracing::info!(
            registry = store.name,
            version = step.version,
            "registry tables brought up to date"
        );
    }
    Ok(writing.commit().await?)
}

async fn found(store: &Store) -> Result<Found, OpenError> {
    let tables = table_names(store).await?;
    if !tables.iter().any(|name| name == MARK) {
        return match tables.first() {
            None => Ok(Found::Empty),
            Some(first) => Err(OpenError::Foreign {
                registry: store.name.clone(),
                tables: tables.len(),
                first: first.clone(),
            }),
        };
    }
    let row = store
        .row(
            "SELECT MAX(version) AS version FROM comptoir_schema_version",
            values![],
        )
        .await?;
    let version: u32 = row
        .map(|row| row.maybe_number("version"))
        .transpose()?
        .flatten()
        .unwrap_or_default();
    if version > CURRENT {
        return Err(OpenError::Newer {
            registry: store.name.clone(),
            found: version,
            allowed: CURRENT,
        });
    }
    Ok(Found::Registry(version))
}

/// Names of the tables where the registry's would be, in alphabetical order.
async fn table_names(store: &Store) -> Result<Vec<String>, StoreError> {
    let rows = match &store.pool {
        Pool::Sqlite(_) => {
            let sql = "SELECT name AS name FROM sqlite_master \
                       WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
            store.rows(sql, values![]).await?
        }
        Pool::Postgres(_) => {
            let sql =
                "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()";
            store.rows(sql, values![]).await?
        }
    };
    let mut names = rows
        .iter()
        .map(|row| row.get("name"))
        .collect::<Result<Vec<String>, _>>()?;
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_without_a_gap() {
        for (i, step) in MIGRATIONS.iter().enumerate() {
            assert_eq!(step.version as usize, i + 1);
        }
    }

    #[tokio::test]
    async fn an_older_registry_keeps_its_rows_when_it_is_brought_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("registry.db").display());
        let store = crate::open::store_of(&url, crate::LOCK_WAIT).await.unwrap();
        bring_to(&store, 1).await.unwrap();
        let mut writing = store.write().await.unwrap();
        let sql = "INSERT INTO runs (sequence, id, product, kind, as_of, seed, config_fingerprint, \
                   started_at, last_sign_at, status) VALUES (1, 'r', 'p', 'k', '2026-01-02', '7', 'f', 0, 0, 'running')";
        writing.execute(sql, values![]).await.unwrap();
        writing.commit().await.unwrap();
        drop(store);

        let registry = crate::Registry::open(&url).await.unwrap();
        let run = schema::RunId::new("r").unwrap();
        assert_eq!(registry.run(&run).await.unwrap().unwrap().seed, 7);
        assert!(
            registry.keys().await.unwrap().is_empty(),
            "the table of step 2 is there"
        );
    }
}
