//! A source that is no longer wanted leaves the lake with all its rows.

use super::ledger::{self, Ledger};
use super::{ImportError, refused, tag};
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use lake::{Lake, Transaction};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What was taken out of the lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// The source.
    pub source: String,
    /// How many files it had given.
    pub files: usize,
    /// Rows taken out, by table.
    pub rows: BTreeMap<String, i64>,
    /// Number of the snapshot without them.
    pub version: u64,
}

impl fmt::Display for Forgotten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, files) = (&self.source, self.files);
        writeln!(f, "source `{source}`: {files} files are forgotten")?;
        for (table, rows) in &self.rows {
            writeln!(f, "  {rows} rows taken out of `{table}`")?;
        }
        write!(f, "the lake is at snapshot {}", self.version)
    }
}

/// Takes every row that a source ever gave out of the lake, those set aside and those of the ledger too, in one commit.
///
/// The source need not have a file in the project. Where it has one, the next import reads its files anew.
///
/// # Errors
/// [`ImportError::NeverImported`] names the sources that have rows; the lake is as before, as with all errors.
pub async fn forget(
    lake: &Lake,
    source: &str,
    now: jiff::Timestamp,
) -> Result<Forgotten, ImportError> {
    let mut transaction = lake.begin().await?;
    let ledger = Ledger::read(lake).await?;
    let files: Vec<&str> = ledger.files(source).collect();
    if files.is_empty() {
        return Err(ImportError::NeverImported {
            asked: source.to_owned(),
            found: ledger.sources().into_iter().map(str::to_owned).collect(),
        });
    }
    let mut tables = BTreeSet::from(["quarantine"]);
    for file in &files {
        let tag = tag(source, file);
        transaction.remove("quarantine", &tag);
        for table in ledger.tables(source, file) {
            transaction.remove(table, &tag);
            tables.insert(table);
        }
    }
    let mut rows = BTreeMap::new();
    for table in tables {
        rows.insert(table.to_owned(), removed(&transaction, table).await?);
    }
    if let Err(error) = ledger::forget(&mut transaction, source).await {
        transaction.abandon().await;
        return Err(error);
    }
    refused::forget(lake, source).await?;
    let snapshot = transaction.commit(now).await?;
    Ok(Forgotten {
        source: source.to_owned(),
        files: files.len(),
        rows,
        version: snapshot.version,
    })
}

/// Rows of a table that a transaction takes out.
async fn removed(transaction: &Transaction, table: &str) -> Result<i64, ImportError> {
    if !transaction.base().tables.contains_key(table) {
        return Ok(0);
    }
    let sql = format!("SELECT COUNT(*) FROM \"{table}\"");
    let failed = |e| transaction.lake().sql_error(e);
    let base = transaction.base();
    let all = transaction.lake().stream_at(&sql, base).await?;
    let kept = transaction.kept(&sql).await?;
    let count = |rows: Vec<RecordBatch>| {
        let first = rows.first().filter(|b| b.num_rows() > 0);
        first.map_or(0, |b| b.column(0).as_primitive::<Int64Type>().value(0))
    };
    let all: Vec<RecordBatch> = all.try_collect().await.map_err(failed)?;
    let kept: Vec<RecordBatch> = kept.try_collect().await.map_err(failed)?;
    Ok(count(all) - count(kept))
}
