//! A new, empty database per test, and what the tests put into it.

use crate::postgres_server;
use jiff::Timestamp;
use registry::{NewRun, NewVersion, Registry, RunCost, Signature, TableVersion, VersionRecord};
use schema::{AsOf, RunId};
use serde_json::Value;
use sqlx::Connection as _;
use std::time::Duration;

/// A database of one test.
pub(crate) struct Backend {
    pub(crate) url: String,
    // Deletes the SQLite file when the test ends. PostgreSQL's databases end with their server.
    _folder: Option<tempfile::TempDir>,
}

impl Backend {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("registry.db").display());
        Self {
            url,
            _folder: Some(folder),
        }
    }

    /// `None` where no server can be started, and that is allowed.
    pub(crate) async fn postgres() -> Option<Self> {
        let url = postgres_server::new_database().await?;
        Some(Self { url, _folder: None })
    }

    pub(crate) async fn open(&self) -> Registry {
        Registry::open(&self.url).await.unwrap()
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    /// Runs SQL behind the registry's back, as a careless person with a database client would.
    pub(crate) async fn behind_its_back(&self, sql: &'static str) {
        if let Some(path) = self.url.strip_prefix("sqlite:") {
            let options = sqlx::sqlite::SqliteConnectOptions::new()
                .filename(path)
                .create_if_missing(true);
            let mut connection = sqlx::SqliteConnection::connect_with(&options)
                .await
                .unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }

    /// Takes the writer's lock as another process would, until the answer is dropped.
    pub(crate) async fn lock(&self) -> Lock {
        if let Some(path) = self.url.strip_prefix("sqlite:") {
            let options = sqlx::sqlite::SqliteConnectOptions::new()
                .filename(path)
                .busy_timeout(Duration::from_secs(5));
            let mut connection = sqlx::SqliteConnection::connect_with(&options)
                .await
                .unwrap();
            sqlx::raw_sql("BEGIN IMMEDIATE")
                .execute(&mut connection)
                .await
                .unwrap();
            Lock {
                _sqlite: Some(connection),
                _postgres: None,
            }
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            let key = i64::from_be_bytes(*b"comptoir");
            sqlx::query("SELECT pg_advisory_lock($1)")
                .bind(key)
                .execute(&mut connection)
                .await
                .unwrap();
            Lock {
                _sqlite: None,
                _postgres: Some(connection),
            }
        }
    }
}

pub(crate) struct Lock {
    _sqlite: Option<sqlx::SqliteConnection>,
    _postgres: Option<sqlx::PgConnection>,
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn id(text: &str) -> RunId {
    RunId::new(text).unwrap()
}

pub(crate) const COST: RunCost = RunCost {
    duration_ms: 61_500,
    peak_memory_bytes: Some(3 << 30),
};

pub(crate) fn signed(why: &str) -> Signature<'_> {
    Signature {
        who: "data team",
        why,
        at: at("2026-03-01T09:00:00.000001Z"),
    }
}

pub(crate) fn new_run(product: &str, run: &str) -> NewRun {
    NewRun {
        id: id(run),
        product: product.to_owned(),
        kind: "recommend".to_owned(),
        as_of: AsOf(jiff::civil::date(2026, 3, 1)),
        // Larger than a signed number of the database: it must come back as it is.
        seed: u64::MAX - 1,
        config_fingerprint: "9f86d081884c7d65".to_owned(),
        inputs: vec![
            TableVersion {
                table: "orders".to_owned(),
                version: 42,
            },
            TableVersion {
                table: "customers".to_owned(),
                version: 0,
            },
        ],
        started_at: at("2026-03-01T08:00:00.123456Z"),
        attempt: None,
    }
}

/// A scorecard whose measure is `point` ± `noise` beside a baseline of `baseline`; more is better.
pub(crate) fn scorecard(point: f64, noise: f64, baseline: f64) -> Value {
    use schema::{AsOf, Direction, Estimate, HeldOut, Metric, Role, Scorecard};
    let measured = |point: f64| Estimate::Measured {
        point,
        low: point - noise,
        high: point + noise,
        units: 1_000,
    };
    serde_json::to_value(Scorecard {
        split: "fitted before 2026-02-01, measured on the 28 days after".to_owned(),
        held_out: Some(HeldOut {
            from: AsOf(jiff::civil::date(2026, 2, 1)),
            days: 28,
        }),
        metrics: vec![Metric {
            name: "recall@20".to_owned(),
            scope: String::new(),
            unit: "share".to_owned(),
            better: Direction::Higher,
            role: Role::Decides,
            value: measured(point),
            baseline: measured(baseline),
            baseline_name: "most bought in the last 30 days".to_owned(),
            gain: measured(point - baseline),
        }],
        notes: vec![],
        parts: Vec::new(),
        weights: None,
    })
    .unwrap()
}

/// Starts a run and registers what it made.
pub(crate) async fn register(
    registry: &Registry,
    product: &str,
    run: &str,
    artefact: &[u8],
    scorecard: &Value,
) -> VersionRecord {
    registry.start_run(&new_run(product, run)).await.unwrap();
    registry
        .register_version(&version_of(product, &id(run), artefact, scorecard))
        .await
        .unwrap()
}

pub(crate) fn version_of<'a>(
    product: &'a str,
    run: &'a RunId,
    artefact: &'a [u8],
    scorecard: &'a Value,
) -> NewVersion<'a> {
    NewVersion {
        product,
        run,
        kind: "recommend",
        format_version: 3,
        artefact,
        scorecard,
        created_at: at("2026-03-01T08:30:00Z"),
    }
}

/// Registers `count` versions of `baskets` with sound scorecards.
pub(crate) async fn with_versions(registry: &Registry, count: u32) {
    for n in 1..=count {
        let run = format!("run-{n}");
        register(
            registry,
            "baskets",
            &run,
            run.as_bytes(),
            &scorecard(0.5, 0.02, 0.4),
        )
        .await;
    }
}
