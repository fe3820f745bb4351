//! Versions: what a run made, numbered per product, with its artefact.

use crate::artefact::{ARTEFACT_BYTES_MAX, sha256_hex};
use crate::audit::{Act, Deed, TRAINS};
use crate::open::Registry;
use crate::rows::{Row, values};
use crate::run_life::status_of;
use crate::runs::{RunStatus, json};
use crate::store::{StoreError, Writing};
use jiff::Timestamp;
use schema::RunId;
use serde::{Deserialize, Serialize};

/// What a run hands over to become a version.
#[derive(Debug, Clone)]
pub struct NewVersion<'a> {
    /// The data product.
    pub product: &'a str,
    /// The run that made it: one of this product's, running or done; a run makes one version at most.
    pub run: &'a RunId,
    /// The kind of product that can read the artefact.
    pub kind: &'a str,
    /// The version of that kind's format.
    pub format_version: u32,
    /// The model: at most [`ARTEFACT_BYTES_MAX`] bytes, and no executable code.
    pub artefact: &'a [u8],
    /// What it was measured to be worth; promotion reads it as a [`schema::Scorecard`].
    pub scorecard: &'a serde_json::Value,
    /// Now.
    pub created_at: Timestamp,
}

/// A version as the registry knows it, without the bytes of its artefact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionRecord {
    /// The data product.
    pub product: String,
    /// Its number: 1, 2, 3 … per product, without a gap.
    pub number: u32,
    /// The run that made it.
    pub run: RunId,
    /// The kind of product that can read its artefact.
    pub kind: String,
    /// The version of that kind's format.
    pub format_version: u32,
    /// SHA-256 of its artefact, 64 hexadecimal digits.
    pub artefact_sha256: String,
    /// Size of its artefact, bytes.
    pub artefact_bytes: u64,
    /// What it was measured to be worth.
    pub scorecard: serde_json::Value,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// Why a version is not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The artefact is empty or too large.
    #[error(
        "register a version of `{product}`: found an artefact of {found} bytes, allowed are 1 to {allowed}"
    )]
    Size {
        /// The data product.
        product: String,
        /// Its size, bytes.
        found: usize,
        /// The largest size, bytes.
        allowed: usize,
    },
    /// The run was never started.
    #[error("register a version of `{product}`: its run {run} was never started")]
    UnknownRun {
        /// The data product.
        product: String,
        /// The run.
        run: RunId,
    },
    /// The run is another product's.
    #[error("register a version of `{product}`: run {run} is one of `{found}`")]
    OtherProduct {
        /// The data product.
        product: String,
        /// The run.
        run: RunId,
        /// The product of the run.
        found: String,
    },
    /// The run failed or was refused, or was taken for dead.
    #[error(
        "register a version of `{product}`: run {run} ended before ({found:?}), allowed is a running or done one"
    )]
    RunEnded {
        /// The data product.
        product: String,
        /// The run.
        run: RunId,
        /// How it ended.
        found: RunStatus,
    },
    /// The run has made a version already.
    #[error("register a version of `{product}`: run {run} has registered version {found} already")]
    Registered {
        /// The data product.
        product: String,
        /// The run.
        run: RunId,
        /// The version it made.
        found: u32,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

macro_rules! select_versions {
    ($tail:literal) => {
        concat!(
            "SELECT v.product, v.number, v.run_id, v.kind, v.format_version, v.artefact_sha256, a.size_bytes, \
             v.scorecard, v.created_at FROM versions v JOIN artefacts a ON a.sha256 = v.artefact_sha256 ",
            $tail
        )
    };
}

impl Registry {
    /// Stores an artefact as the next version of its product, all at once: number, bytes and record.
    ///
    /// Bytes that are stored already are not stored again. The version gets no alias.
    ///
    /// # Errors
    /// [`RegisterError`] names what is wrong with the artefact or its run.
    pub async fn register_version(
        &self,
        new: &NewVersion<'_>,
    ) -> Result<VersionRecord, RegisterError> {
        check(new)?;
        // Hashed before the lock is taken: nobody waits for it.
        let sha256 = sha256_hex(new.artefact);
        let mut writing = self.store.write().await?;
        let record = register(&mut writing, new, &sha256).await?;
        writing.commit().await?;
        Ok(record)
    }

    /// All versions of a product, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn versions(&self, product: &str) -> Result<Vec<VersionRecord>, StoreError> {
        let sql = select_versions!("WHERE v.product = $1 ORDER BY v.number DESC");
        self.store
            .rows(sql, values![product])
            .await?
            .iter()
            .map(version_record)
            .collect()
    }

    /// The newest version of a product, whether or not it ever answered; `None` where it has none.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn newest_version(&self, product: &str) -> Result<Option<VersionRecord>, StoreError> {
        let sql = select_versions!("WHERE v.product = $1 ORDER BY v.number DESC LIMIT 1");
        let row = self.store.row(sql, values![product]).await?;
        row.as_ref().map(version_record).transpose()
    }

    /// One version; `None` where the product has none of this number.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn version(
        &self,
        product: &str,
        number: u32,
    ) -> Result<Option<VersionRecord>, StoreError> {
        let sql = select_versions!("WHERE v.product = $1 AND v.number = $2");
        self.store
            .row(sql, values![product, number])
            .await?
            .as_ref()
            .map(version_record)
            .transpose()
    }
}

/// Stores an artefact as the next version of its product, within a change.
///
/// - `sha256`: of the artefact.
pub(crate) async fn register(
    writing: &mut Writing<'_>,
    new: &NewVersion<'_>,
    sha256: &str,
) -> Result<VersionRecord, RegisterError> {
    check_run(writing, new).await?;
    let sql = "SELECT size_bytes FROM artefacts WHERE sha256 = $1";
    if writing.row(sql, values![sha256]).await?.is_none() {
        writing
            .execute(
                "INSERT INTO artefacts (sha256, size_bytes, content) VALUES ($1, $2, $3)",
                values![sha256, new.artefact.len() as u64, new.artefact.to_vec()],
            )
            .await?;
    }
    writing
        .execute(
            "INSERT INTO versions (product, number, run_id, kind, format_version, artefact_sha256, \
             scorecard, created_at) SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, $6, $7 \
             FROM versions WHERE product = $1",
            values![
                new.product,
                new.run.as_str(),
                new.kind,
                new.format_version,
                sha256,
                new.scorecard,
                new.created_at,
            ],
        )
        .await?;
    let sql = select_versions!("WHERE v.run_id = $1");
    let row = writing.row(sql, values![new.run.as_str()]).await?;
    let record = row.as_ref().map(version_record).transpose()?;
    let record = record.expect("a row inserted in this transaction is seen by it");
    let sql = "SELECT attempt FROM runs WHERE id = $1";
    let row = writing.row(sql, values![new.run.as_str()]).await?;
    let attempt: Option<String> = row.map(|row| row.get("attempt")).transpose()?.flatten();
    let deed = Deed {
        at: new.created_at,
        who: TRAINS,
        act: Act::VersionRegistered,
        product: Some(new.product),
        details: serde_json::json!({
            "version": record.number, "run": new.run.as_str(), "attempt": attempt, "kind": new.kind,
            "artefact_sha256": sha256, "scorecard_sha256": sha256_hex(new.scorecard.to_string().as_bytes()),
        }),
    };
    deed.write(writing).await?;
    Ok(record)
}

/// Whether an artefact is of a size that can be stored.
pub(crate) fn check(new: &NewVersion<'_>) -> Result<(), RegisterError> {
    let product = || new.product.to_owned();
    let found = new.artefact.len();
    if found == 0 || found > ARTEFACT_BYTES_MAX {
        return Err(RegisterError::Size {
            product: product(),
            found,
            allowed: ARTEFACT_BYTES_MAX,
        });
    }
    Ok(())
}

async fn check_run(writing: &mut Writing<'_>, new: &NewVersion<'_>) -> Result<(), RegisterError> {
    let (product, run) = (new.product.to_owned(), new.run.clone());
    match status_of(writing, new.run).await? {
        None => return Err(RegisterError::UnknownRun { product, run }),
        Some((found, _)) if found != new.product => {
            return Err(RegisterError::OtherProduct {
                product,
                run,
                found,
            });
        }
        Some((_, RunStatus::Running | RunStatus::Done)) => {}
        Some((_, found)) => {
            return Err(RegisterError::RunEnded {
                product,
                run,
                found,
            });
        }
    }
    let sql = "SELECT number FROM versions WHERE run_id = $1";
    if let Some(row) = writing.row(sql, values![new.run.as_str()]).await? {
        return Err(RegisterError::Registered {
            product,
            run,
            found: row.number("number")?,
        });
    }
    Ok(())
}

fn version_record(row: &Row) -> Result<VersionRecord, StoreError> {
    Ok(VersionRecord {
        product: row.get("product")?,
        number: row.number("number")?,
        run: row.parsed("run_id", "a run identifier", |text| RunId::new(text).ok())?,
        kind: row.get("kind")?,
        format_version: row.number("format_version")?,
        artefact_sha256: row.get("artefact_sha256")?,
        artefact_bytes: row.number("size_bytes")?,
        scorecard: json(row, "scorecard")?,
        created_at: row.time("created_at")?,
    })
}
