//! Foreign files as batches of rows, as the file has them: text from text files, typed columns from Parquet.

mod delimited;
mod lines;
mod ndjson;
mod parquet;
mod sample;

use crate::config::{Format, Source};
use crate::expression::ExpressionError;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use std::path::{Path, PathBuf};

/// Rows per batch.
pub(crate) const BATCH_ROWS: usize = 16 * 1024;

/// Bytes of text after which a batch ends even with few rows.
pub(crate) const BATCH_BYTES: usize = 16 << 20;

/// Largest cell; a row with a larger one is set aside.
pub(crate) const CELL_BYTES_MAX: usize = 1 << 20;

/// Largest row: beyond it a quote was opened and never closed, or the file has no line ends.
pub(crate) const ROW_BYTES_MAX: usize = 64 << 20;

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refused.
    #[error("read {}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Nothing is in it.
    #[error("read {}: the file is empty", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// It has a header and nothing else.
    #[error("read {}: found a header but no row", file.display())]
    NoRows {
        /// The file.
        file: PathBuf,
    },
    /// It is not of the format that the source file says.
    #[error("read {}: found {found}, expected {expected}", file.display())]
    NotThisFormat {
        /// The file.
        file: PathBuf,
        /// What it looks like.
        found: String,
        /// The format of the source file.
        expected: &'static str,
    },
    /// The header has one column and another separator in it.
    #[error("read {}: the header is one column with the separator {written:?}; {likely:?} would give {columns} columns", file.display())]
    Separator {
        /// The file.
        file: PathBuf,
        /// Separator of the source file.
        written: char,
        /// The one that the header seems to use.
        likely: char,
        /// Columns that it would give.
        columns: usize,
    },
    /// A line is not valid in the encoding.
    #[error("read {}:{line}: found the bytes {bytes}, which are no UTF-8; if the whole file is so, set `encoding = \"latin-1\"`", file.display())]
    Encoding {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The bytes, hexadecimal.
        bytes: String,
    },
    /// Two columns have one name.
    #[error("read {}: the header names `{column}` twice", file.display())]
    ColumnTwice {
        /// The file.
        file: PathBuf,
        /// The column.
        column: String,
    },
    /// A column that the source file maps is not there.
    #[error("read {}: column `{column}`, mapped to `{mapped_to}`, is not there{}; found {}", file.display(),
        nearest.as_ref().map_or_else(String::new, |n| format!(" (nearest is `{n}`)")), found.join(", "))]
    MissingColumn {
        /// The file.
        file: PathBuf,
        /// The column of the file.
        column: String,
        /// The column of the shared table.
        mapped_to: String,
        /// The columns that are there.
        found: Vec<String>,
        /// The one with the most similar name, where there is one.
        nearest: Option<String>,
    },
    /// A column has a type that no value can be made of.
    #[error("read {}: column `{column}`, mapped to `{mapped_to}`, has type {found}, expected {expected}", file.display())]
    ColumnType {
        /// The file.
        file: PathBuf,
        /// The column of the file.
        column: String,
        /// The column of the shared table.
        mapped_to: String,
        /// Type found.
        found: String,
        /// What can be read.
        expected: String,
    },
    /// A row does not end.
    #[error("read {}: the row that begins on line {line} is longer than {allowed}: a quote that is never closed, or another kind of file", file.display())]
    RowTooLong {
        /// The file.
        file: PathBuf,
        /// First line of the row, from 1.
        line: u64,
        /// Largest size.
        allowed: schema::Bytes,
    },
    /// A row cannot be read, and the query cannot be asked without it.
    #[error("read {}: row {row} cannot be read ({lapse}), so the source's `query` would not see all rows", file.display())]
    RowBeforeQuery {
        /// The file.
        file: PathBuf,
        /// The row, from 1.
        row: i64,
        /// What is wrong with it.
        lapse: Lapse,
    },
    /// The Parquet file is damaged.
    #[error("read {}: the Parquet file is cut short or damaged: {found}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What the reader found.
        found: String,
    },
    /// A SQL expression of the source file does not fit the file.
    #[error("read {}", file.display())]
    Expression {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        #[source]
        source: ExpressionError,
    },
    /// The query of the source file gave nothing.
    #[error("read {}: the source's `query` gave no row", file.display())]
    QueryWithoutRows {
        /// The file.
        file: PathBuf,
    },
    /// The query of the source file needs more memory than its budget and cannot spill more.
    #[error("read {}: the source's `query` does not fit into {budget} of memory: {found}; raise --memory or read fewer columns and rows", file.display())]
    OverBudget {
        /// The file.
        file: PathBuf,
        /// The budget.
        budget: schema::Bytes,
        /// What the engine said.
        found: String,
    },
    /// The query of the source file failed.
    #[error("read {}: the source's `query` failed: {found}", file.display())]
    Query {
        /// The file.
        file: PathBuf,
        /// What the engine found.
        found: String,
    },
}

/// Why a row could not be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lapse {
    /// It has another number of fields than the header.
    #[error("found {found} fields, expected {expected}")]
    Shape {
        /// Fields found.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// It is no JSON object.
    #[error("found {found}, expected one JSON object")]
    NotAnObject {
        /// What was found.
        found: String,
    },
    /// A cell is too long.
    #[error("column `{column}` has {bytes}, allowed are {allowed}")]
    CellTooLong {
        /// The column.
        column: String,
        /// Its size.
        bytes: schema::Bytes,
        /// Largest size.
        allowed: schema::Bytes,
    },
}

impl Lapse {
    /// The rule that it breaks.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Shape { .. } | Self::NotAnObject { .. } => "shape",
            Self::CellTooLong { .. } => "cell too long",
        }
    }

    /// The column that breaks it, where it is one.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::CellTooLong { column, .. } => Some(column),
            Self::Shape { .. } | Self::NotAnObject { .. } => None,
        }
    }
}

/// A row that could not be read at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Number of the row in its file, from 1.
    pub row_number: i64,
    /// What is wrong.
    pub lapse: Lapse,
    /// The beginning of its text.
    pub text: String,
}

/// Rows as the file has them.
#[derive(Debug, Clone)]
pub(crate) struct RawRows {
    /// The rows that could be read.
    pub(crate) rows: RecordBatch,
    /// Their numbers in the file, from 1.
    pub(crate) row_numbers: Vec<i64>,
    /// The rows that could not.
    pub(crate) refused: Vec<RefusedRow>,
}

/// The rows of one file, as they come.
pub(crate) struct RawFile {
    pub(crate) schema: SchemaRef,
    /// A second handle on the open file: it stands where the reader stands.
    pub(crate) place: std::fs::File,
    pub(crate) batches: Box<dyn Iterator<Item = Result<RawRows, ReadError>> + Send>,
}

pub(crate) fn io(file: &Path) -> impl FnOnce(std::io::Error) -> ReadError {
    let file = file.to_owned();
    move |source| ReadError::Io { file, source }
}

/// Opens a file and reads its header.
pub(crate) fn open(source: &Source, file: &Path) -> Result<RawFile, ReadError> {
    let opened = match source.raw.format {
        Format::Csv => delimited::open(source, file)?,
        Format::Ndjson => ndjson::open(source, file)?,
        Format::Parquet => parquet::open(source, file)?,
    };
    let mut names: Vec<&String> = opened.schema.fields().iter().map(|f| f.name()).collect();
    names.sort();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(ReadError::ColumnTwice {
            file: file.to_owned(),
            column: pair[0].clone(),
        });
    }
    Ok(opened)
}

/// The beginning of a text, for reports.
pub(crate) fn beginning(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
