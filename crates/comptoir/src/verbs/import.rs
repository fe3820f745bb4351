//! `comptoir import`

use crate::context::Context;
use crate::exit::Refused;
use crate::print;
use factory::import::{ImportOptions, ImportOutcome};
use std::time::Duration;

/// Read the sources into the lake: map, check against the contract, accept or quarantine each row
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir import                    all sources of the project
  comptoir import sales --dry-run    read and check one source, write nothing
  comptoir import --output json      the report for a program
  comptoir import --forget orders    take every row of a source out of the lake, one that has no file any more, say

Importing the same files again changes nothing. Exit code 1: the gate of a contract is closed, nothing was written; the
table refused_imports of queries keeps the report until the source passes.")]
pub(crate) struct Import {
    /// Sources to read (names of files in sources/); all where absent
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// Read and check everything, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Take the rows that passed even though a gate is closed (still exit code 1)
    #[arg(long)]
    accept_failed_gate: bool,
    /// Take every row that a source ever gave out of the lake, in one commit, and import nothing
    #[arg(long, value_name = "SOURCE", conflicts_with_all = ["sources", "dry_run", "accept_failed_gate"])]
    forget: Option<String>,
}

impl Import {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        if let Some(source) = &self.forget {
            let forgotten = workshop.forget(source, Context::now()).await?;
            return if context.json() {
                print::json(&forgotten)
            } else {
                print::line(forgotten.to_string())
            };
        }
        let options = ImportOptions {
            only: self.sources,
            dry_run: self.dry_run,
            accept_failed_gate: self.accept_failed_gate,
            now: Context::now(),
            // A job waits: where its process was just taken over, the one before may be about to end.
            patience: match context.global.attempt {
                Some(_) => Duration::from_secs(60),
                None => Duration::ZERO,
            },
        };
        let outcome = workshop.import(&options, context.progress.as_ref()).await?;
        show(context, &outcome)?;
        gate(&outcome)
    }
}

/// Prints what an import found.
pub(crate) fn show(context: &Context, outcome: &ImportOutcome) -> anyhow::Result<()> {
    if context.json() {
        print::json(outcome)
    } else {
        print::line(outcome.to_string().trim_end())
    }
}

/// Exit code 1 where a gate is closed.
pub(crate) fn gate(outcome: &ImportOutcome) -> anyhow::Result<()> {
    if outcome.gate_open {
        return Ok(());
    }
    let closed = outcome
        .sources
        .iter()
        .filter(|s| !s.gate_is_open())
        .map(|s| s.source.as_str());
    let closed: Vec<_> = closed.collect();
    Err(Refused(format!(
        "the contract is not met by {}; the report says which limit",
        closed.join(", ")
    ))
    .into())
}
