//! Runs: what was trained from which tables, with which settings, at what cost, and how it ended.

use crate::open::Registry;
use crate::rows::{Row, values};
use crate::store::StoreError;
use jiff::Timestamp;
use schema::{AsOf, RunId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A table that a run read, at the version it read: enough to read the same rows again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableVersion {
    /// The table's name in the lake.
    pub table: String,
    /// Its version in the lake, from 0.
    pub version: u64,
}

/// What is known of a run when it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRun {
    /// Chosen by the caller; never used twice.
    pub id: RunId,
    /// The data product, by the name of its file.
    pub product: String,
    /// The product's kind.
    pub kind: String,
    /// The first day that the run must not know.
    pub as_of: AsOf,
    /// Seed of all that is random in it.
    pub seed: u64,
    /// Fingerprint of the product's configuration.
    pub config_fingerprint: String,
    /// The tables it reads, each named once.
    pub inputs: Vec<TableVersion>,
    /// When it starts.
    pub started_at: Timestamp,
    /// The job that it belongs to with the moment when that was due; `None` where a person asked for it. Once the job
    /// is taken over by another process the run counts as failed.
    pub attempt: Option<String>,
}

/// How a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum RunStatus {
    /// It has not ended yet, or its process died and nobody has called [`Registry::recover`].
    Running,
    /// It ended with a usable model.
    Done,
    /// It broke off.
    Failed {
        /// In one sentence.
        reason: String,
    },
    /// It ended, and what it made was refused: a contract, a memory budget, the gate of promotion.
    Refused {
        /// In one sentence, with the figures.
        reason: String,
    },
}

impl RunStatus {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed { .. } => "failed",
            Self::Refused { .. } => "refused",
        }
    }
}

/// How a run that reached its end came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// With a usable model.
    Done,
    /// What it made was refused.
    Refused {
        /// In one sentence, with the figures.
        reason: String,
    },
}

impl Outcome {
    /// How a run ended, as the database words it, and why.
    pub(crate) fn words(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Done => ("done", None),
            Self::Refused { reason } => ("refused", Some(reason)),
        }
    }
}

/// What a run used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCost {
    /// Wall time from start to end, milliseconds.
    pub duration_ms: u64,
    /// Largest resident memory of the process, bytes; `None` where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
}

/// A run as the registry knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its identifier.
    pub id: RunId,
    /// The data product.
    pub product: String,
    /// The product's kind.
    pub kind: String,
    /// How it stands.
    pub status: RunStatus,
    /// The first day that it did not know.
    pub as_of: AsOf,
    /// Seed of all that is random in it.
    pub seed: u64,
    /// Fingerprint of the product's configuration.
    pub config_fingerprint: String,
    /// The tables it read, by name.
    pub inputs: Vec<TableVersion>,
    /// What it was measured to be worth; `None` until it has ended, and where it failed.
    pub scorecard: Option<serde_json::Value>,
    /// When it started.
    pub started_at: Timestamp,
    /// What it used; `None` while it runs, and where its process died.
    pub cost: Option<RunCost>,
    /// The version it registered, if it did.
    pub version: Option<u32>,
}

macro_rules! select_runs {
    ($tail:literal) => {
        concat!(
            "SELECT r.id, r.product, r.kind, r.as_of, r.seed, r.config_fingerprint, r.started_at, r.status, \
             r.reason, r.scorecard, r.duration_ms, r.peak_memory_bytes, v.number AS version \
             FROM runs r LEFT JOIN versions v ON v.run_id = r.id ",
            $tail
        )
    };
}

impl Registry {
    /// The last `limit` runs of a product, the last started first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn runs(&self, product: &str, limit: u32) -> Result<Vec<RunRecord>, StoreError> {
        let rows = self
            .store
            .rows(
                select_runs!("WHERE r.product = $1 ORDER BY r.sequence DESC LIMIT $2"),
                values![product, limit],
            )
            .await?;
        let inputs = self
            .store
            .rows(
                "SELECT run_id, table_name, table_version FROM run_inputs WHERE run_id IN \
                 (SELECT id FROM runs WHERE product = $1 ORDER BY sequence DESC LIMIT $2)",
                values![product, limit],
            )
            .await?;
        let mut inputs = inputs_by_run(&inputs)?;
        rows.iter()
            .map(|row| run_record(row, &mut inputs))
            .collect()
    }

    /// The version of a product that a job's training registered, where an attempt at it came so far.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn run_of_attempt(
        &self,
        product: &str,
        attempt: &str,
    ) -> Result<Option<RunRecord>, StoreError> {
        let sql = "SELECT r.id FROM runs r JOIN versions v ON v.run_id = r.id \
                   WHERE r.product = $1 AND r.attempt = $2 ORDER BY r.sequence DESC LIMIT 1";
        let Some(row) = self.store.row(sql, values![product, attempt]).await? else {
            return Ok(None);
        };
        self.run(&run_id(&row)?).await
    }

    /// A run by its identifier; `None` where none was started.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn run(&self, id: &RunId) -> Result<Option<RunRecord>, StoreError> {
        let sql = select_runs!("WHERE r.id = $1");
        let Some(row) = self.store.row(sql, values![id.as_str()]).await? else {
            return Ok(None);
        };
        let sql = "SELECT run_id, table_name, table_version FROM run_inputs WHERE run_id = $1";
        let inputs = self.store.rows(sql, values![id.as_str()]).await?;
        run_record(&row, &mut inputs_by_run(&inputs)?).map(Some)
    }
}

pub(crate) fn run_id(row: &Row) -> Result<RunId, StoreError> {
    row.parsed("id", "a run identifier", |text| RunId::new(text).ok())
}

pub(crate) fn status(row: &Row) -> Result<RunStatus, StoreError> {
    let reason = row.get::<Option<String>>("reason")?.unwrap_or_default();
    row.parsed(
        "status",
        "running, done, failed or refused",
        |text| match text {
            "running" => Some(RunStatus::Running),
            "done" => Some(RunStatus::Done),
            "failed" => Some(RunStatus::Failed { reason }),
            "refused" => Some(RunStatus::Refused { reason }),
            _ => None,
        },
    )
}

fn inputs_by_run(rows: &[Row]) -> Result<BTreeMap<String, Vec<TableVersion>>, StoreError> {
    let mut inputs: BTreeMap<String, Vec<TableVersion>> = BTreeMap::new();
    for row in rows {
        let input = TableVersion {
            table: row.get("table_name")?,
            version: row.number("table_version")?,
        };
        inputs.entry(row.get("run_id")?).or_default().push(input);
    }
    // Sorted here and not by the database: the two do not agree on the order of texts.
    inputs.values_mut().for_each(|tables| tables.sort());
    Ok(inputs)
}

fn run_record(
    row: &Row,
    inputs: &mut BTreeMap<String, Vec<TableVersion>>,
) -> Result<RunRecord, StoreError> {
    let id = run_id(row)?;
    let scorecard = match row.get::<Option<String>>("scorecard")? {
        None => None,
        Some(_) => Some(json(row, "scorecard")?),
    };
    let cost = match row.maybe_number("duration_ms")? {
        None => None,
        Some(duration_ms) => Some(RunCost {
            duration_ms,
            peak_memory_bytes: row.maybe_number("peak_memory_bytes")?,
        }),
    };
    Ok(RunRecord {
        inputs: inputs.remove(id.as_str()).unwrap_or_default(),
        id,
        product: row.get("product")?,
        kind: row.get("kind")?,
        status: status(row)?,
        as_of: row.parsed("as_of", "a date", |text| text.parse().ok().map(AsOf))?,
        seed: row.parsed("seed", "a number from 0 to 2^64 - 1", |text| {
            text.parse().ok()
        })?,
        config_fingerprint: row.get("config_fingerprint")?,
        scorecard,
        started_at: row.time("started_at")?,
        cost,
        version: row.maybe_number("version")?,
    })
}

/// A column that holds JSON.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    row: &Row,
    column: &'static str,
) -> Result<T, StoreError> {
    row.parsed(column, "JSON as this program writes it", |text| {
        serde_json::from_str(text).ok()
    })
}
