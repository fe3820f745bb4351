//! Rows to judge, and the judgement.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A cell that could not be read as the type of its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellFailure<'a> {
    /// Position of the row in the batch.
    pub row: usize,
    /// Position of the column in the shared table.
    pub column: usize,
    /// The value found.
    pub value: &'a str,
    /// What can be read.
    pub expected: &'a str,
}

/// A row that could not be read at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadRow {
    /// Number of the row in its file.
    pub row_number: i64,
    /// The rule that it breaks, such as `shape`.
    pub rule: String,
    /// The column that breaks it, where it is one.
    pub column: Option<String>,
    /// What was found and what is allowed.
    pub reason: String,
    /// The beginning of its text.
    pub text: String,
}

/// A batch of rows to judge.
#[derive(Debug)]
pub struct RowsToCheck<'a> {
    /// The rows as the file has them.
    pub raw: &'a RecordBatch,
    /// The same rows with the columns of the shared table.
    pub typed: &'a RecordBatch,
    /// Number of each row in its file.
    pub row_numbers: &'a [i64],
    /// For each row the reason to skip it, as a position in the list given to [`Checker::new`].
    pub skipped: &'a [Option<usize>],
    /// For each row the reason to take it as a return.
    pub returned: &'a [Option<usize>],
    /// Cells that could not be read, by row.
    pub failures: Vec<CellFailure<'a>>,
    /// Rows that could not be read at all.
    pub unread: &'a [UnreadRow],
    /// Cells of text whose ends were trimmed, by position of the column in the shared table.
    pub trimmed: &'a BTreeMap<usize, u64>,
}

/// A row that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Position of the row in the batch.
    pub row: usize,
    /// The rule, or `skip`.
    pub rule: Arc<str>,
    /// The column, where it is one.
    pub column: Option<Arc<str>>,
    /// The value found, where it is one.
    pub value: Option<String>,
    /// What is allowed, or why it is skipped.
    pub reason: Arc<str>,
    /// Whether the source file skips it.
    pub skipped: bool,
}

/// The judgement on a batch.
#[derive(Debug)]
pub struct Verdicts {
    /// Whether each row is accepted.
    pub accepted: BooleanArray,
    /// The rows that are not, in order.
    pub set_aside: Vec<SetAside>,
}

/// A rule that could not be evaluated.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The engine failed on a condition.
    #[error("check rule `{rule}`")]
    Condition {
        /// The rule.
        rule: String,
        /// What the engine said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A column that a rule is about is not there.
    #[error("check rule `{rule}`: no column `{column}`; found {}", found.join(", "))]
    NoColumn {
        /// The rule.
        rule: String,
        /// The column.
        column: String,
        /// The columns of the file and of the shared table.
        found: Vec<String>,
    },
    /// Values of a column cannot be compared.
    #[error("check rule `{rule}`")]
    Values {
        /// The rule.
        rule: String,
        /// What Arrow said.
        #[source]
        source: ArrowError,
    },
}

/// What the file is, for its report.
#[derive(Debug, Clone, Copy)]
pub struct FileToCheck<'a> {
    /// Name of the source.
    pub source: &'a str,
    /// Name of the file.
    pub file: &'a str,
    /// Columns of the file.
    pub raw: &'a SchemaRef,
    /// Reasons to skip a row.
    pub skips: &'a [String],
    /// Reasons to take a row as a return.
    pub returns: &'a [String],
}
