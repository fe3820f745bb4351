//! What an import did.

use quality::{Gate, Report};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// It was read for the first time.
    New,
    /// Its content or its mapping changed: its rows replace those that it gave before.
    Replaced,
    /// It is as it was: not read again.
    Unchanged,
    /// It is no longer there; its rows stay in the lake.
    Gone,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileOutcome {
    /// Its name in the ledger.
    pub file: String,
    /// What happened to it.
    pub state: FileState,
    /// What was found in it, where it was read.
    pub report: Option<Report>,
}

/// One source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceOutcome {
    /// Its name.
    pub source: String,
    /// The shared table.
    pub table: String,
    /// Its files.
    pub files: Vec<FileOutcome>,
    /// What was found in all files that were read; absent where none was.
    pub report: Option<Report>,
    /// Whether its rows may be used: the limits of files that were read, and the age of the newest row of all files.
    pub gate: Gate,
}

impl SourceOutcome {
    /// Whether no file that was read breaks a limit of its contract, and all files together are fresh enough.
    #[must_use]
    pub fn gate_is_open(&self) -> bool {
        self.gate.is_open()
    }

    fn count(&self, state: FileState) -> usize {
        self.files.iter().filter(|f| f.state == state).count()
    }
}

/// What became of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Committed {
    /// They are in the lake.
    Snapshot {
        /// Number of the snapshot.
        version: u64,
    },
    /// No file was new or changed.
    NothingNew,
    /// The gate is closed: nothing was written.
    GateClosed,
    /// Nothing was to be written.
    DryRun,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportOutcome {
    /// Identifier of the import.
    pub import_id: String,
    /// Each source, in the order in which they were imported.
    pub sources: Vec<SourceOutcome>,
    /// What became of the rows.
    pub committed: Committed,
    /// Whether no source breaks a limit of its contract; where not, the command ends with code 1.
    pub gate_open: bool,
    /// Sources imported earlier that have no file in the project any more; their rows stay in the lake.
    pub sources_gone: Vec<String>,
}

impl ImportOutcome {
    pub(super) fn new(
        import_id: String,
        sources: Vec<SourceOutcome>,
        committed: Committed,
        sources_gone: Vec<String>,
    ) -> Self {
        let gate_open = sources.iter().all(SourceOutcome::gate_is_open);
        Self {
            import_id,
            sources,
            committed,
            gate_open,
            sources_gone,
        }
    }
}

impl fmt::Display for ImportOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for source in &self.sources {
            match &source.report {
                Some(report) => writeln!(f, "{report}")?,
                None => writeln!(f, "source `{}`, table `{}`", source.source, source.table)?,
            }
            if let (None, Gate::Closed { reasons }) = (&source.report, &source.gate) {
                writeln!(f, "  gate: closed: {}", reasons.join("; "))?;
            }
            let states = [
                (FileState::New, "new"),
                (FileState::Replaced, "replaced"),
                (FileState::Unchanged, "unchanged"),
                (FileState::Gone, "gone from disk, rows kept"),
            ];
            let counted = states
                .iter()
                .map(|(state, word)| (source.count(*state), word))
                .filter(|(n, _)| *n > 0);
            let counted: Vec<String> = counted.map(|(n, word)| format!("{n} {word}")).collect();
            writeln!(f, "  files: {}\n", counted.join(", "))?;
        }
        for name in &self.sources_gone {
            writeln!(
                f,
                "source `{name}` has no file in sources/ any more and its rows stay in the lake; `comptoir import --forget {name}` takes them out\n"
            )?;
        }
        match &self.committed {
            Committed::Snapshot { version } => write!(
                f,
                "import {}: the lake is at snapshot {version}",
                self.import_id
            ),
            Committed::NothingNew => write!(f, "nothing new: the lake is as before"),
            Committed::GateClosed => write!(
                f,
                "the gate is closed: nothing was written, the lake is as before"
            ),
            Committed::DryRun => write!(f, "dry run: nothing was written"),
        }
    }
}
