//! What can go wrong in the lake.

use datafusion::error::DataFusionError;

/// An operation on the lake that failed.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The location is no folder or URL that can hold a lake.
    #[error(
        "open the lake at {location:?}: {found}; allowed is a folder or an s3://, gs://, az:// or memory:// URL"
    )]
    Location {
        /// The location given.
        location: String,
        /// What is wrong with it.
        found: String,
    },
    /// Another writer is at work.
    #[error(
        "write to the lake at {location}: another writer holds it ({holder}); wait until it is done"
    )]
    Busy {
        /// The lake.
        location: String,
        /// Who holds it, as far as is known.
        holder: String,
    },
    /// The lake was written by a newer program.
    #[error(
        "open the lake at {location}: its snapshots have format {found}, this program reads up to {allowed}"
    )]
    Newer {
        /// The lake.
        location: String,
        /// Format found.
        found: u32,
        /// Newest format that this program reads.
        allowed: u32,
    },
    /// The storage below refused to read or write: a full disk, a missing right, a lost connection.
    #[error("{operation} `{path}`")]
    Storage {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: String,
        /// What the storage said.
        #[source]
        source: object_store::Error,
    },
    /// The Delta log of a table could not be read or written.
    #[error("{operation} table `{table}`")]
    Table {
        /// What was tried.
        operation: &'static str,
        /// The table.
        table: String,
        /// What the Delta library said.
        #[source]
        source: Box<deltalake_core::DeltaTableError>,
    },
    /// Rows do not have the columns of their table.
    #[error("write to table `{table}`: its columns are {expected}, the rows have {found}")]
    Columns {
        /// The table.
        table: String,
        /// Columns of the table.
        expected: String,
        /// Columns of the rows.
        found: String,
    },
    /// The SQL is wrong, or its evaluation failed.
    #[error("run the query: {}", .0.strip_backtrace())]
    Sql(#[source] Box<DataFusionError>),
    /// The SQL is not a query: the lake is written by imports and decisions only.
    #[error(
        "run the query: only SELECT, WITH, VALUES, EXPLAIN and SHOW are allowed here, found: {found}"
    )]
    ReadOnly {
        /// The beginning of the statement.
        found: String,
    },
    /// The query needs more memory than its budget and cannot spill more.
    #[error(
        "run the query within {budget} of memory: {found}; raise --memory or read fewer columns and rows"
    )]
    OverBudget {
        /// The budget.
        budget: schema::Bytes,
        /// What the engine said.
        found: String,
    },
    /// The background task that encodes rows ended without an answer.
    #[error("write to table `{table}`: the encoder stopped")]
    EncoderStopped {
        /// The table.
        table: String,
    },
}

impl LakeError {
    pub(crate) fn table(
        operation: &'static str,
        table: &str,
    ) -> impl FnOnce(deltalake_core::DeltaTableError) -> Self {
        let table = table.to_owned();
        move |source| Self::Table {
            operation,
            table,
            source: Box::new(source),
        }
    }

    pub(crate) fn storage(
        operation: &'static str,
        path: impl std::fmt::Display,
    ) -> impl FnOnce(object_store::Error) -> Self {
        let path = path.to_string();
        move |source| Self::Storage {
            operation,
            path,
            source,
        }
    }
}
