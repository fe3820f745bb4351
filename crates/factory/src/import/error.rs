//! What can go wrong in an import.

use std::path::PathBuf;

/// Who has to do something about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The files of the project: a source file asks for what is not allowed or not there.
    Project,
    /// The files that are imported.
    Data,
    /// Nobody: another writer is at work, a later try will do.
    Busy,
    /// The budget of memory: it is too small for what is asked.
    Budget,
    /// The machine: a full disk, a missing right, a lost connection.
    Machine,
}

/// An import that failed; the lake is as before.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is nothing to import from.
    #[error(
        "import: the project has no source; write one in `sources/`, such as `sources/sales.toml`"
    )]
    NoSources,
    /// A source that does not exist was asked for.
    #[error("import source `{asked}`: there is none of that name; found {}", found.join(", "))]
    UnknownSource {
        /// The name asked for.
        asked: String,
        /// The sources of the project.
        found: Vec<String>,
    },
    /// A source is to be forgotten that has no rows.
    #[error("forget source `{asked}`: nothing was imported from it; found {}", if found.is_empty() { "no import".to_owned() } else { found.join(", ") })]
    NeverImported {
        /// The name asked for.
        asked: String,
        /// The sources that have rows.
        found: Vec<String>,
    },
    /// A source file asks for a rule that cannot be checked.
    #[error(transparent)]
    Config(#[from] schema::ConfigError),
    /// The files of a source cannot be listed.
    #[error(transparent)]
    List(#[from] sources::ListError),
    /// A file cannot be opened to hash it.
    #[error("read {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] sources::ReadError),
    /// A file changed while it was read.
    #[error("import {}: the file changed while it was read; import again when it is complete", file.display())]
    Changed {
        /// The file.
        file: PathBuf,
    },
    /// A rule cannot be evaluated on the rows of a file.
    #[error("judge {file}")]
    Check {
        /// The file.
        file: String,
        /// The rule and what is wrong.
        #[source]
        source: quality::CheckError,
    },
    /// A rule's SQL does not fit the rows of a file.
    #[error("judge {file}")]
    Expression {
        /// The file.
        file: String,
        /// The rule and what is wrong.
        #[source]
        source: sources::expression::ExpressionError,
    },
    /// Rows could not be put together.
    #[error("put together rows of `{table}`")]
    Rows {
        /// The table.
        table: String,
        /// What Arrow said.
        #[source]
        source: arrow::error::ArrowError,
    },
    /// The keys of the tables, and the values that rows refer to, do not fit into memory.
    #[error(
        "judge rows of `{table}`: keys and references take {held}, allowed is {budget}; raise --memory or import fewer sources at once"
    )]
    KeysOverBudget {
        /// The table whose rows were judged or loaded.
        table: String,
        /// Memory that they take so far.
        held: schema::Bytes,
        /// The budget.
        budget: schema::Bytes,
    },
    /// The lake.
    #[error(transparent)]
    Lake(#[from] lake::LakeError),
}

impl ImportError {
    /// Who has to do something about it.
    #[must_use]
    pub fn blame(&self) -> Blame {
        use sources::{ListError, ReadError};
        match self {
            Self::NoSources
            | Self::UnknownSource { .. }
            | Self::NeverImported { .. }
            | Self::Config(_)
            | Self::Expression { .. } => Blame::Project,
            Self::Check { .. } => Blame::Project,
            Self::List(ListError::NoVariable { .. } | ListError::Pattern { .. }) => Blame::Project,
            Self::List(ListError::Missing { .. }) | Self::Changed { .. } => Blame::Data,
            Self::Read(ReadError::Expression { .. } | ReadError::Query { .. }) => Blame::Project,
            Self::Read(ReadError::Io { .. }) | Self::List(ListError::Unreadable { .. }) => {
                Blame::Machine
            }
            Self::Read(
                ReadError::Empty { .. }
                | ReadError::NoRows { .. }
                | ReadError::NotThisFormat { .. }
                | ReadError::Separator { .. }
                | ReadError::Encoding { .. }
                | ReadError::ColumnTwice { .. }
                | ReadError::MissingColumn { .. }
                | ReadError::ColumnType { .. }
                | ReadError::RowTooLong { .. }
                | ReadError::RowBeforeQuery { .. }
                | ReadError::Damaged { .. }
                | ReadError::QueryWithoutRows { .. },
            ) => Blame::Data,
            Self::Read(ReadError::OverBudget { .. })
            | Self::KeysOverBudget { .. }
            | Self::Lake(lake::LakeError::OverBudget { .. }) => Blame::Budget,
            Self::Lake(lake::LakeError::Busy { .. }) => Blame::Busy,
            Self::Lake(_) | Self::Unreadable { .. } | Self::Rows { .. } => Blame::Machine,
        }
    }
}
