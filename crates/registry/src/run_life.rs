//! The life of a run: it starts, gives signs of life, and ends, or is found dead.

use crate::audit::Deed;
use crate::open::Registry;
use crate::rows::{Row, values};
use crate::runs::{NewRun, Outcome, RunCost, RunStatus, run_id, status};
use crate::store::{StoreError, Writing};
use jiff::{SignedDuration, Timestamp};
use schema::RunId;

/// Why a run does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartRunError {
    /// A run of this identifier was started before.
    #[error("start run {id}: a run of this identifier exists already")]
    Known {
        /// The identifier.
        id: RunId,
    },
    /// Two inputs name the same table.
    #[error(
        "start run {id}: table `{table}` is named twice among its inputs, allowed is one version of each"
    )]
    TableTwice {
        /// The run.
        id: RunId,
        /// The table.
        table: String,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the end of a run, or a sign of life, is not noted.
#[derive(Debug, thiserror::Error)]
pub enum EndRunError {
    /// No run of this identifier was started.
    #[error("end run {id}: no such run was started")]
    Unknown {
        /// The identifier.
        id: RunId,
    },
    /// It has ended before; perhaps it was taken for dead.
    #[error("end run {id}: found it {found} already, only a running one can end")]
    Ended {
        /// The run.
        id: RunId,
        /// `done`, `failed` or `refused`.
        found: &'static str,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registry {
    /// Notes that a run starts, with all it takes to repeat it.
    ///
    /// # Errors
    /// [`StartRunError`]: the identifier or a table is there twice, or the database cannot be used.
    pub async fn start_run(&self, run: &NewRun) -> Result<(), StartRunError> {
        let mut tables: Vec<&str> = run
            .inputs
            .iter()
            .map(|input| input.table.as_str())
            .collect();
        tables.sort_unstable();
        if let Some(pair) = tables.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(StartRunError::TableTwice {
                id: run.id.clone(),
                table: pair[0].to_owned(),
            });
        }
        let mut writing = self.store.write().await?;
        if status_of(&mut writing, &run.id).await?.is_some() {
            return Err(StartRunError::Known { id: run.id.clone() });
        }
        writing
            .execute(
                "INSERT INTO runs (sequence, id, product, kind, as_of, seed, config_fingerprint, started_at, \
                 last_sign_at, status, attempt) SELECT COALESCE(MAX(sequence), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $7, \
                 'running', $8 FROM runs",
                values![
                    run.id.as_str(),
                    run.product.as_str(),
                    run.kind.as_str(),
                    run.as_of.to_string().as_str(),
                    run.seed.to_string().as_str(),
                    run.config_fingerprint.as_str(),
                    run.started_at,
                    run.attempt.as_deref(),
                ],
            )
            .await?;
        for input in &run.inputs {
            writing
                .execute(
                    "INSERT INTO run_inputs (run_id, table_name, table_version) VALUES ($1, $2, $3)",
                    values![run.id.as_str(), input.table.as_str(), input.version],
                )
                .await?;
        }
        Ok(writing.commit().await?)
    }

    /// Notes a sign of life of a long run, so that [`Registry::recover`] does not take it for dead.
    ///
    /// # Errors
    /// [`EndRunError::Ended`] when the run was taken for dead all the same: it must stop, for it can no longer
    /// register a version.
    pub async fn still_running(&self, id: &RunId, now: Timestamp) -> Result<(), EndRunError> {
        let mut writing = self.store.write().await?;
        must_be_running(&mut writing, id).await?;
        let sql = "UPDATE runs SET last_sign_at = $2 WHERE id = $1 AND last_sign_at < $2";
        writing.execute(sql, values![id.as_str(), now]).await?;
        Ok(writing.commit().await?)
    }

    /// Notes that a run reached its end, with its scorecard and its cost.
    ///
    /// # Errors
    /// [`EndRunError`]: there is no such run, or it has ended before.
    pub async fn finish_run(
        &self,
        id: &RunId,
        outcome: &Outcome,
        scorecard: &serde_json::Value,
        cost: RunCost,
    ) -> Result<(), EndRunError> {
        self.end_run(id, outcome.words(), Some(scorecard), cost)
            .await
    }

    /// Notes that a run broke off, and why.
    ///
    /// # Errors
    /// [`EndRunError`]: there is no such run, or it has ended before.
    pub async fn fail_run(
        &self,
        id: &RunId,
        reason: &str,
        cost: RunCost,
    ) -> Result<(), EndRunError> {
        self.end_run(id, ("failed", Some(reason)), None, cost).await
    }

    async fn end_run(
        &self,
        id: &RunId,
        ended: (&'static str, Option<&str>),
        scorecard: Option<&serde_json::Value>,
        cost: RunCost,
    ) -> Result<(), EndRunError> {
        let mut writing = self.store.write().await?;
        end(&mut writing, id, ended, scorecard, cost).await?;
        Ok(writing.commit().await?)
    }

    /// Marks as failed every running run that has given no sign of life for `silent_for`: its process was killed
    /// or its machine vanished. Called when a process starts.
    ///
    /// Returns the runs it marked, oldest first. A run marked by mistake learns of it from
    /// [`Registry::still_running`], and cannot register a version.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn recover(
        &self,
        now: Timestamp,
        silent_for: SignedDuration,
    ) -> Result<Vec<RunId>, StoreError> {
        let limit = now.checked_sub(silent_for).unwrap_or(Timestamp::MIN);
        let mut writing = self.store.write().await?;
        let sql = "SELECT id, product, last_sign_at FROM runs WHERE status = 'running' AND last_sign_at < $1 \
                   ORDER BY sequence";
        let mut recovered = Vec::new();
        for row in writing.rows(sql, values![limit]).await? {
            let reason = format!(
                "interrupted: no sign of life since {}",
                row.time("last_sign_at")?
            );
            recovered.push(interrupt(&mut writing, &row, &reason, now).await?);
        }
        writing.commit().await?;
        Ok(recovered)
    }
}

/// Marks a run as failed whose process is gone, within a change.
///
/// - `row`: its `id` and `product`.
pub(crate) async fn interrupt(
    writing: &mut Writing<'_>,
    row: &Row,
    reason: &str,
    now: Timestamp,
) -> Result<RunId, StoreError> {
    let id = run_id(row)?;
    let sql = "UPDATE runs SET status = 'failed', reason = $2 WHERE id = $1";
    writing.execute(sql, values![id.as_str(), reason]).await?;
    let product: String = row.get("product")?;
    let deed = Deed::ended(&product, &id, ("failed", reason), now);
    deed.write(writing).await?;
    Ok(id)
}

/// Ends a run that is running, within a change.
///
/// - `ended`: how, in a word, and why.
pub(crate) async fn end(
    writing: &mut Writing<'_>,
    id: &RunId,
    ended: (&'static str, Option<&str>),
    scorecard: Option<&serde_json::Value>,
    cost: RunCost,
) -> Result<(), EndRunError> {
    let product = must_be_running(writing, id).await?;
    let scorecard = scorecard.map(ToString::to_string);
    let (status, reason) = ended;
    let sql = "UPDATE runs SET status = $2, reason = $3, scorecard = $4, duration_ms = $5, \
               peak_memory_bytes = $6 WHERE id = $1";
    let of = values![
        id.as_str(),
        status,
        reason,
        scorecard.as_deref(),
        cost.duration_ms,
        cost.peak_memory_bytes,
    ];
    writing.execute(sql, of).await?;
    // One that is done is told by its version.
    if let Some(reason) = reason {
        let sql = "SELECT started_at FROM runs WHERE id = $1";
        let row = writing.row(sql, values![id.as_str()]).await?;
        let started_at = row.map(|row| row.time("started_at")).transpose()?;
        let lasted = i64::try_from(cost.duration_ms).unwrap_or(i64::MAX);
        let at = started_at.unwrap_or(Timestamp::UNIX_EPOCH) + SignedDuration::from_millis(lasted);
        let deed = Deed::ended(&product, id, (status, reason), at);
        deed.write(writing).await?;
    }
    Ok(())
}

/// The product and state of a run, as the database words them; `None` where there is no such run.
pub(crate) async fn status_of(
    writing: &mut Writing<'_>,
    id: &RunId,
) -> Result<Option<(String, RunStatus)>, StoreError> {
    let sql = "SELECT product, status, reason FROM runs WHERE id = $1";
    match writing.row(sql, values![id.as_str()]).await? {
        None => Ok(None),
        Some(row) => Ok(Some((row.get("product")?, status(&row)?))),
    }
}

/// The product of a run that is running.
async fn must_be_running(writing: &mut Writing<'_>, id: &RunId) -> Result<String, EndRunError> {
    match status_of(writing, id).await? {
        None => Err(EndRunError::Unknown { id: id.clone() }),
        Some((product, RunStatus::Running)) => Ok(product),
        Some((_, ended)) => Err(EndRunError::Ended {
            id: id.clone(),
            found: ended.word(),
        }),
    }
}
