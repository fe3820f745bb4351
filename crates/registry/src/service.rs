//! How data products answered: counts and times of a few minutes, by process.

use crate::open::Registry;
use crate::rows::{Row, values};
use crate::store::{StoreError, Writing};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How one version of a product answered in one process, from one moment to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRecord {
    /// The data product.
    pub product: String,
    /// Who answered: a name that no other process has.
    pub process: String,
    /// The version that answered; 0 where there was none.
    pub version: u32,
    /// From when on.
    pub began_at: Timestamp,
    /// Up to when.
    pub ended_at: Timestamp,
    /// Questions that got an answer.
    pub answered: u64,
    /// Questions that got none.
    pub unanswered: u64,
    /// Answers that the baseline gave in place of the version.
    pub fallbacks: u64,
    /// Times of single answers, as bytes that the registry does not look into.
    pub times: Vec<u8>,
}

const COLUMNS: &str = "SELECT product, process, number, began_at, ended_at, answered, unanswered, fallbacks, times \
     FROM service WHERE began_at >= $1 AND began_at < $2 ORDER BY product, began_at, process, number";

impl Registry {
    /// Adds records, all or none. One that was added before, and has grown since, takes the place of what it was.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn add_service(&self, records: &[ServiceRecord]) -> Result<(), StoreError> {
        let mut writing = self.store.write().await?;
        insert(&mut writing, records).await?;
        writing.commit().await
    }

    /// Records that began in `from..to`, by product and moment.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn service(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<ServiceRecord>, StoreError> {
        let rows = self.store.rows(COLUMNS, values![from, to]).await?;
        rows.iter().map(record).collect()
    }

    /// Puts others in the place of the records that began in `from..to`, in one change: fewer that say the same.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used; everything is as before then.
    pub async fn fold_service(
        &self,
        from: Timestamp,
        to: Timestamp,
        fold: impl FnOnce(Vec<ServiceRecord>) -> Vec<ServiceRecord>,
    ) -> Result<(), StoreError> {
        let mut writing = self.store.write().await?;
        let rows = writing.rows(COLUMNS, values![from, to]).await?;
        let found: Vec<ServiceRecord> = rows.iter().map(record).collect::<Result<_, _>>()?;
        let before = found.len();
        let folded = fold(found);
        if folded.len() == before {
            return Ok(());
        }
        let sql = "DELETE FROM service WHERE began_at >= $1 AND began_at < $2";
        writing.execute(sql, values![from, to]).await?;
        insert(&mut writing, &folded).await?;
        writing.commit().await
    }
}

async fn insert(writing: &mut Writing<'_>, records: &[ServiceRecord]) -> Result<(), StoreError> {
    let sql = "INSERT INTO service (product, process, number, began_at, ended_at, answered, unanswered, fallbacks, \
               times) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
               ON CONFLICT (product, began_at, process, number) DO UPDATE SET ended_at = excluded.ended_at, \
               answered = excluded.answered, unanswered = excluded.unanswered, fallbacks = excluded.fallbacks, \
               times = excluded.times";
    for record in records {
        let row = values![
            record.product.as_str(),
            record.process.as_str(),
            record.version,
            record.began_at,
            record.ended_at,
            record.answered,
            record.unanswered,
            record.fallbacks,
            record.times.clone(),
        ];
        writing.execute(sql, row).await?;
    }
    Ok(())
}

fn record(row: &Row) -> Result<ServiceRecord, StoreError> {
    Ok(ServiceRecord {
        product: row.get("product")?,
        process: row.get("process")?,
        version: row.number("number")?,
        began_at: row.time("began_at")?,
        ended_at: row.time("ended_at")?,
        answered: row.number("answered")?,
        unanswered: row.number("unanswered")?,
        fallbacks: row.number("fallbacks")?,
        times: row.get("times")?,
    })
}
