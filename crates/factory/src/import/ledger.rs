//! The ledger of imports: which file with which content and mapping gave how many rows.

use super::{EXPERIMENTS, ImportError};
use arrow::array::{
    ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use lake::{Lake, Transaction};
use quality::{EarlierFiles, Report};
use sources::{FileHash, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The last import of a file.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) sha256: String,
    pub(super) mapping: String,
    rows_read: u64,
    /// Every table that rows of the file went to.
    tables: BTreeSet<String>,
}

/// The last import of each file, by source and name.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    files: BTreeMap<(String, String), Entry>,
}

fn texts(column: &ArrayRef) -> Result<StringArray, arrow::error::ArrowError> {
    Ok(cast(column, &DataType::Utf8)?.as_string::<i32>().clone())
}

fn failed(source: arrow::error::ArrowError) -> ImportError {
    ImportError::Rows {
        table: "imports".to_owned(),
        source,
    }
}

impl Ledger {
    /// Reads the ledger.
    pub(super) async fn read(lake: &Lake) -> Result<Self, ImportError> {
        let mut ledger = Self::default();
        if !lake.has_rows("imports").await? {
            return Ok(ledger);
        }
        let sql = "SELECT source, file, \"table\", sha256, mapping, rows_read FROM imports ORDER BY imported_at, import_id";
        for batch in lake.query(sql).await? {
            let column = |position: usize| texts(batch.column(position)).map_err(failed);
            let (source, file, table) = (column(0)?, column(1)?, column(2)?);
            let (sha256, mapping) = (column(3)?, column(4)?);
            let rows_read = batch.column(5).as_primitive::<Int64Type>();
            for row in 0..batch.num_rows() {
                let key = (source.value(row).to_owned(), file.value(row).to_owned());
                let mut tables = ledger
                    .files
                    .remove(&key)
                    .map(|e: Entry| e.tables)
                    .unwrap_or_default();
                tables.insert(table.value(row).to_owned());
                let entry = Entry {
                    sha256: sha256.value(row).to_owned(),
                    mapping: mapping.value(row).to_owned(),
                    rows_read: u64::try_from(rows_read.value(row)).unwrap_or(0),
                    tables,
                };
                ledger.files.insert(key, entry);
            }
        }
        Ok(ledger)
    }

    /// The last import of a file.
    pub(super) fn last(&self, source: &str, file: &str) -> Option<&Entry> {
        self.files.get(&(source.to_owned(), file.to_owned()))
    }

    /// Every table that rows of a file went to.
    pub(super) fn tables(&self, source: &str, file: &str) -> impl Iterator<Item = &str> {
        self.last(source, file)
            .into_iter()
            .flat_map(|e| e.tables.iter().map(String::as_str))
    }

    fn of<'a>(&'a self, source: &'a str) -> impl Iterator<Item = (&'a str, &'a Entry)> {
        self.files
            .iter()
            .filter(move |((s, _), _)| s == source)
            .map(|((_, file), entry)| (file.as_str(), entry))
    }

    /// The files of a source.
    pub(super) fn files<'a>(&'a self, source: &'a str) -> impl Iterator<Item = &'a str> {
        self.of(source).map(|(file, _)| file)
    }

    /// Every source.
    pub(super) fn sources(&self) -> BTreeSet<&str> {
        self.files
            .keys()
            .map(|(source, _)| source.as_str())
            .collect()
    }

    /// Rows of the earlier files of a source, and the columns of the last one.
    pub(super) async fn earlier(
        &self,
        lake: &Lake,
        source: &str,
    ) -> Result<EarlierFiles, ImportError> {
        let rows_read: Vec<u64> = self.of(source).map(|(_, e)| e.rows_read).collect();
        if rows_read.is_empty() {
            return Ok(EarlierFiles::default());
        }
        let sql = format!(
            "SELECT report FROM imports WHERE source = {} ORDER BY imported_at DESC, file DESC LIMIT 1",
            quoted(source)
        );
        let mut columns = Vec::new();
        for batch in lake.query(&sql).await? {
            let reports = texts(batch.column(0)).map_err(failed)?;
            // A report written by another version of the program has no columns to compare with.
            let last = reports
                .iter()
                .flatten()
                .next()
                .and_then(|text| serde_json::from_str::<Report>(text).ok());
            columns = last.map(|report| report.columns).unwrap_or(columns);
        }
        Ok(EarlierFiles { rows_read, columns })
    }
}

/// A text as SQL writes it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Moment of the newest accepted row of each file of a source, as its last report says, in microseconds since
/// 1970-01-01 UTC; `None` where no row was accepted or another version of the program wrote the report.
pub(super) async fn newest_micros(
    lake: &Lake,
    source: &str,
) -> Result<BTreeMap<String, Option<i64>>, ImportError> {
    let mut newest = BTreeMap::new();
    if !lake.has_rows("imports").await? {
        return Ok(newest);
    }
    let sql = format!(
        "SELECT file, report FROM imports WHERE source = {} ORDER BY imported_at, import_id",
        quoted(source)
    );
    for batch in lake.query(&sql).await? {
        let file = texts(batch.column(0)).map_err(failed)?;
        let report = texts(batch.column(1)).map_err(failed)?;
        for row in 0..batch.num_rows() {
            let report = serde_json::from_str::<Report>(report.value(row)).ok();
            newest.insert(
                file.value(row).to_owned(),
                report.and_then(|r| r.newest_micros),
            );
        }
    }
    Ok(newest)
}

/// The tag of the rows of one import.
fn tag(import_id: &str) -> String {
    format!("import{import_id}")
}

/// Takes the files of a source out of the ledger. The rows of one import share a tag, so those of other sources are
/// written again.
pub(super) async fn forget(transaction: &mut Transaction, source: &str) -> Result<(), ImportError> {
    let table = schema::table::table("imports").expect("the shared schema has a ledger");
    let lake = transaction.lake().clone();
    let source = quoted(source);
    let sql = format!("SELECT DISTINCT import_id FROM imports WHERE source = {source}");
    for batch in lake.query(&sql).await? {
        let ids = texts(batch.column(0)).map_err(failed)?;
        for id in ids.iter().flatten() {
            transaction.remove(&table.name, &tag(id));
            let sql = format!(
                "SELECT * FROM imports WHERE import_id = {} AND source <> {source}",
                quoted(id)
            );
            let others = lake.query(&sql).await?;
            if others.iter().all(|b| b.num_rows() == 0) {
                continue;
            }
            let mut writer = transaction
                .writer(&table.name, table.arrow(), &tag(id))
                .await?;
            for rows in others {
                let columns = rows.columns().to_vec();
                let rows = RecordBatch::try_new(table.arrow(), columns).map_err(failed)?;
                writer.write(&rows).await?;
            }
            writer.finish(transaction).await?;
        }
    }
    Ok(())
}

/// The definition by which each experiment of the ledger was drawn last, as it was stored, by name.
pub(crate) async fn drawn_experiments(
    lake: &Lake,
) -> Result<BTreeMap<String, String>, ImportError> {
    let mut drawn = BTreeMap::new();
    if !lake.has_rows("imports").await? {
        return Ok(drawn);
    }
    let sql = format!(
        "SELECT source, report FROM imports WHERE source LIKE '{EXPERIMENTS}%' ORDER BY imported_at, import_id"
    );
    for batch in lake.query(&sql).await? {
        let source = texts(batch.column(0)).map_err(failed)?;
        let report = texts(batch.column(1)).map_err(failed)?;
        for row in 0..batch.num_rows() {
            let name = source.value(row).trim_start_matches(EXPERIMENTS);
            drawn.insert(name.to_owned(), report.value(row).to_owned());
        }
    }
    Ok(drawn)
}

/// One file of this import.
#[derive(Debug)]
pub(crate) struct LedgerRow {
    source: String,
    table: String,
    file: String,
    content: FileHash,
    mapping: String,
    report: String,
    counts: [u64; 4],
}

impl LedgerRow {
    /// An experiment of which `rows` customers were drawn.
    ///
    /// - `definition`: its file as JSON, to be compared with what the file says at the next draw.
    pub(crate) fn drawn(source: &str, file: &str, definition: String, rows: u64) -> Self {
        let bytes = definition.len() as u64;
        let sha256 = schema::config::fingerprint(definition.as_bytes());
        Self {
            source: source.to_owned(),
            table: "assignments".to_owned(),
            file: file.to_owned(),
            mapping: sha256.clone(),
            content: FileHash { sha256, bytes },
            report: definition,
            counts: [rows, rows, 0, 0],
        }
    }

    pub(super) fn new(source: &Source, file: &str, content: &FileHash, report: &Report) -> Self {
        Self {
            source: source.name().to_owned(),
            table: source.table().name.clone(),
            file: file.to_owned(),
            content: content.clone(),
            mapping: source.fingerprint(),
            report: serde_json::to_string(report).expect("a report of texts and numbers is JSON"),
            counts: [
                report.rows_read,
                report.rows_accepted,
                report.rows_quarantined,
                report.rows_skipped,
            ],
        }
    }
}

/// Adds the files of this import to the ledger.
pub(crate) async fn write(
    transaction: &mut Transaction,
    id: &str,
    now: jiff::Timestamp,
    rows: &[LedgerRow],
) -> Result<(), ImportError> {
    let table = schema::table::table("imports").expect("the shared schema has a ledger");
    let text = |of: &dyn Fn(&LedgerRow) -> String| -> ArrayRef {
        Arc::new(rows.iter().map(|r| Some(of(r))).collect::<StringArray>())
    };
    let number = |of: &dyn Fn(&LedgerRow) -> u64| -> ArrayRef {
        Arc::new(
            rows.iter()
                .map(|r| i64::try_from(of(r)).ok())
                .collect::<Int64Array>(),
        )
    };
    let moments = TimestampMicrosecondArray::from(vec![now.as_microsecond(); rows.len()])
        .with_timezone("UTC");
    let columns = table.columns.iter().map(|c| match c.name.as_str() {
        "import_id" => text(&|_| id.to_owned()),
        "imported_at" => Arc::new(moments.clone()),
        "source" => text(&|r| r.source.clone()),
        "table" => text(&|r| r.table.clone()),
        "file" => text(&|r| r.file.clone()),
        "sha256" => text(&|r| r.content.sha256.clone()),
        "mapping" => text(&|r| r.mapping.clone()),
        "bytes" => number(&|r| r.content.bytes),
        "rows_read" => number(&|r| r.counts[0]),
        "rows_accepted" => number(&|r| r.counts[1]),
        "rows_quarantined" => number(&|r| r.counts[2]),
        "rows_skipped" => number(&|r| r.counts[3]),
        "report" => text(&|r| r.report.clone()),
        _ => arrow::array::new_null_array(&c.kind.arrow(), rows.len()),
    });
    let batch = RecordBatch::try_new(table.arrow(), columns.collect()).map_err(failed)?;
    let mut writer = transaction
        .writer("imports", table.arrow(), &tag(id))
        .await?;
    writer.write(&batch).await?;
    writer.finish(transaction).await?;
    Ok(())
}
