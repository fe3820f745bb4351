//! The import: files of all sources, judged by their contracts, into the lake in one commit.
//!
//! A file whose content and mapping are those of the last import is not read again. A file whose content or mapping
//! changed replaces the rows that it gave before. All sources go in one commit, so the lake moves from one consistent
//! state to the next, or not at all. What a closed gate refused is kept beside the tables, to be looked at.

mod error;
mod file;
mod forget;
mod known;
mod ledger;
mod order;
mod outcome;
mod refused;
mod rules;
mod set_aside;

pub use error::{Blame, ImportError};
pub use forget::{Forgotten, forget};
pub(crate) use ledger::{LedgerRow, drawn_experiments, write as write_ledger};
pub use outcome::{Committed, FileOutcome, FileState, ImportOutcome, SourceOutcome};
pub use refused::{RefusedSource, refused};
pub(crate) use rules::contract;

use file::{Importer, Tables};
use lake::{Lake, Snapshot, Transaction};
use ledger::Ledger;
use quality::{Contract, Gate};
use schema::progress::Progress;
use sources::{FileFound, FileHash, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// What the name of a source begins with that is an experiment of the project: its draws are in the ledger too, so that
/// `import --forget experiments/NAME` takes them back. No source file has such a name.
pub(crate) const EXPERIMENTS: &str = "experiments/";

/// How to import.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The moment of the import.
    pub now: jiff::Timestamp,
    /// Whether everything is read and judged and nothing is written.
    pub dry_run: bool,
    /// The only sources to import, by name; all where it is empty.
    pub only: Vec<String>,
    /// Whether a closed gate is reported but does not stop the commit.
    pub accept_failed_gate: bool,
    /// How long another writer of the lake is waited for. A person is told at once.
    pub patience: Duration,
}

impl ImportOptions {
    /// All sources, for real, the gate respected.
    #[must_use]
    pub fn at(now: jiff::Timestamp) -> Self {
        Self {
            now,
            dry_run: false,
            only: Vec::new(),
            accept_failed_gate: false,
            patience: Duration::ZERO,
        }
    }
}

/// A source with its contract and what to do with each of its files.
struct Planned<'a> {
    source: &'a Source,
    contract: Contract,
    files: Vec<PlannedFile>,
    gone: Vec<String>,
    /// Moment of the newest accepted row of each file in the ledger, where the contract asks for fresh rows.
    newest_micros: BTreeMap<String, Option<i64>>,
}

struct PlannedFile {
    found: FileFound,
    content: FileHash,
    stamp: Stamp,
    state: FileState,
}

/// Size and time of the last change, to notice a file that changes while it is read.
type Stamp = (u64, Option<std::time::SystemTime>);

fn stamp(path: &Path) -> std::io::Result<Stamp> {
    let meta = fs_err::metadata(path)?;
    Ok((meta.len(), meta.modified().ok()))
}

/// The tag of the rows of one file in the lake.
pub(crate) fn tag(source: &str, file: &str) -> String {
    schema::config::fingerprint(format!("{source}\n{file}").as_bytes())[..32].to_owned()
}

/// Imports what is new or changed.
///
/// - `project`: the folder that paths of source files are relative to.
/// - `sources`: all of them; they are imported in the order of their references (products before sales).
///
/// The rows read are always the rows accepted plus the rows set aside. Where the gate of a source that brings rows is
/// closed nothing is written unless the options say so. A source that brings none can only be stale: that closes its
/// gate and stops nobody else's rows.
///
/// # Errors
/// [`ImportError`] names the file and what is wrong with it; the lake is as before.
pub async fn import(
    lake: &Lake,
    project: &Path,
    sources: &[Source],
    options: &ImportOptions,
    progress: &dyn Progress,
) -> Result<ImportOutcome, ImportError> {
    let chosen = order::chosen(sources, &options.only)?;
    let mut listed = Vec::new();
    for source in &chosen {
        let files = source.files(project, &|name| std::env::var(name).ok())?;
        listed.push((*source, rules::contract(source, options.now)?, files));
    }
    let mut transaction = lake.begin_within(options.patience).await?;
    let ledger = Ledger::read(lake).await?;
    let mut planned = Vec::new();
    for (source, contract, files) in listed {
        let mut p = plan(source, contract, files, &ledger, progress).await?;
        if p.contract.limits().freshness_days_max.is_some() {
            p.newest_micros = ledger::newest_micros(lake, source.name()).await?;
        }
        planned.push(p);
    }
    let sources_gone = ledger.sources().into_iter();
    let sources_gone = sources_gone
        .filter(|name| !name.starts_with(EXPERIMENTS) && !sources.iter().any(|s| s.name() == *name))
        .map(str::to_owned)
        .collect();
    let id = import_id(transaction.base(), options.now, &planned);
    let changed = |p: &Planned<'_>| p.files.iter().any(|f| f.state != FileState::Unchanged);
    if !planned.iter().any(changed) {
        let outcomes = planned
            .iter()
            .map(|p| source_outcome(p, Vec::new(), options.now))
            .collect();
        let outcome = ImportOutcome::new(id, outcomes, Committed::NothingNew, sources_gone);
        keep_refused(lake, &outcome, options, progress).await;
        return Ok(outcome);
    }
    remove_replaced(&mut transaction, &planned, &ledger);
    let read = read_all(
        &mut transaction,
        &planned,
        lake,
        &ledger,
        (&id, options),
        progress,
    );
    let outcomes = match read.await {
        Ok(outcomes) => outcomes,
        Err(error) => {
            transaction.abandon().await;
            return Err(error);
        }
    };
    let stops = |s: &SourceOutcome| s.report.is_some() && !s.gate_is_open();
    let committed = if options.dry_run {
        Committed::DryRun
    } else if options.accept_failed_gate || !outcomes.iter().any(stops) {
        let snapshot = transaction.commit(options.now).await?;
        Committed::Snapshot {
            version: snapshot.version,
        }
    } else {
        transaction.abandon().await;
        Committed::GateClosed
    };
    let outcome = ImportOutcome::new(id, outcomes, committed, sources_gone);
    keep_refused(lake, &outcome, options, progress).await;
    Ok(outcome)
}

/// Keeps what was refused. The import is done by then: where this fails it is told, and nothing else is lost.
async fn keep_refused(
    lake: &Lake,
    outcome: &ImportOutcome,
    options: &ImportOptions,
    progress: &dyn Progress,
) {
    if options.dry_run {
        return;
    }
    if let Err(error) = refused::keep(lake, outcome, options).await {
        progress.note(&format!(
            "what the gate refused could not be kept for later: {error}"
        ));
    }
}

/// Identifier of an import: the same lake, moment and files give the same one.
fn import_id(base: &Snapshot, now: jiff::Timestamp, planned: &[Planned<'_>]) -> String {
    let mut text = format!("{} {now}", base.version);
    for (source, file) in planned
        .iter()
        .flat_map(|p| p.files.iter().map(|f| (p.source, f)))
    {
        text.push_str(&format!(
            "\n{} {} {}",
            source.name(),
            file.found.name,
            file.content.sha256
        ));
    }
    schema::config::fingerprint(text.as_bytes())[..16].to_owned()
}

async fn plan<'a>(
    source: &'a Source,
    contract: Contract,
    files: Vec<FileFound>,
    ledger: &Ledger,
    progress: &dyn Progress,
) -> Result<Planned<'a>, ImportError> {
    let mapping = source.fingerprint();
    let mut planned = Vec::new();
    for found in files {
        let unreadable = |e| ImportError::Unreadable {
            file: found.path.clone(),
            source: e,
        };
        let before = stamp(&found.path).map_err(unreadable)?;
        let own = found.clone();
        let hashed = tokio::task::spawn_blocking(move || own.hash()).await;
        let content = hashed
            .unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))
            .map_err(unreadable)?;
        let state = match ledger.last(source.name(), &found.name) {
            None => FileState::New,
            Some(row) if row.sha256 == content.sha256 && row.mapping == mapping => {
                FileState::Unchanged
            }
            Some(_) => FileState::Replaced,
        };
        planned.push(PlannedFile {
            found,
            content,
            stamp: before,
            state,
        });
    }
    let there: BTreeSet<&str> = planned.iter().map(|f| f.found.name.as_str()).collect();
    let gone: Vec<String> = ledger
        .files(source.name())
        .filter(|f| !there.contains(f))
        .map(str::to_owned)
        .collect();
    if !gone.is_empty() {
        let (name, n) = (source.name(), gone.len());
        progress.note(&format!(
            "source `{name}`: {n} files imported earlier are gone; their rows stay in the lake"
        ));
    }
    Ok(Planned {
        source,
        contract,
        files: planned,
        gone,
        newest_micros: BTreeMap::new(),
    })
}

/// Takes out the rows that replaced files gave before, whatever table they went to.
fn remove_replaced(transaction: &mut Transaction, planned: &[Planned<'_>], ledger: &Ledger) {
    for p in planned {
        for file in p.files.iter().filter(|f| f.state == FileState::Replaced) {
            let tag = tag(p.source.name(), &file.found.name);
            for table in ledger.tables(p.source.name(), &file.found.name) {
                transaction.remove(table, &tag);
            }
            transaction.remove("quarantine", &tag);
        }
    }
}

async fn read_all(
    transaction: &mut Transaction,
    planned: &[Planned<'_>],
    lake: &Lake,
    ledger: &Ledger,
    (id, options): (&str, &ImportOptions),
    progress: &dyn Progress,
) -> Result<Vec<SourceOutcome>, ImportError> {
    let memory = lake.memory();
    let mut known = known::load(transaction, planned.iter().map(|p| p.source), memory).await?;
    let targets = planned.iter().flat_map(|p| p.source.references()).collect();
    let mut rows = Vec::new();
    let mut outcomes = Vec::new();
    for p in planned {
        let mut earlier = ledger.earlier(lake, p.source.name()).await?;
        let mut reports = Vec::new();
        tell(p, progress);
        for file in &p.files {
            if file.state == FileState::Unchanged {
                reports.push(None);
                continue;
            }
            let tag = tag(p.source.name(), &file.found.name);
            let tables = Tables {
                tag: &tag,
                write: !options.dry_run,
                now: options.now,
            };
            let importer = Importer {
                source: p.source,
                contract: &p.contract,
                file: &file.found,
                bytes: file.content.bytes,
                targets: &targets,
                memory,
            };
            let report = importer
                .import(transaction, &tables, &mut known, &earlier, progress)
                .await?;
            if stamp(&file.found.path).ok() != Some(file.stamp) {
                return Err(ImportError::Changed {
                    file: file.found.path.clone(),
                });
            }
            earlier.rows_read.push(report.rows_read);
            earlier.columns.clone_from(&report.columns);
            rows.push(LedgerRow::new(
                p.source,
                &file.found.name,
                &file.content,
                &report,
            ));
            reports.push(Some(report));
        }
        outcomes.push(source_outcome(p, reports, options.now));
    }
    if !options.dry_run {
        ledger::write(transaction, id, options.now, &rows).await?;
    }
    Ok(outcomes)
}

/// Says which files of a source are about to be read.
fn tell(p: &Planned<'_>, progress: &dyn Progress) {
    let changed = |f: &&PlannedFile| f.state != FileState::Unchanged;
    let files: Vec<&PlannedFile> = p.files.iter().filter(changed).collect();
    let what = match files.as_slice() {
        [] => return,
        [one] => one.found.name.clone(),
        [first, .., last] => format!(
            "{} to {} ({} files)",
            first.found.name,
            last.found.name,
            files.len()
        ),
    };
    let bytes = files.iter().map(|f| f.content.bytes).sum();
    progress.stage(
        &format!("import {what} into {}", p.source.table().name),
        bytes,
    );
}

/// Why the rows of a source are not fresh enough, those of files that are as they were included.
fn staleness(
    p: &Planned<'_>,
    reports: &[Option<quality::Report>],
    now: jiff::Timestamp,
) -> Option<String> {
    let mut newest = p.newest_micros.clone();
    for (file, report) in p.files.iter().zip(reports) {
        if let Some(report) = report {
            newest.insert(file.found.name.clone(), report.newest_micros);
        }
    }
    let newest = newest.into_values().flatten().max();
    p.contract
        .staleness(p.source.name(), newest, now.as_microsecond())
}

fn source_outcome(
    p: &Planned<'_>,
    reports: Vec<Option<quality::Report>>,
    now: jiff::Timestamp,
) -> SourceOutcome {
    let mut reports = reports;
    reports.resize(p.files.len(), None);
    let all: Vec<quality::Report> = reports.iter().flatten().cloned().collect();
    let mut report = quality::merge(&all);
    let mut gate = report.as_ref().map_or(Gate::Open, |r| r.gate.clone());
    if let Some(reason) = staleness(p, &reports, now) {
        gate.close(reason);
    }
    if let Some(report) = &mut report {
        report.gate.clone_from(&gate);
    }
    let mut files: Vec<FileOutcome> = p
        .files
        .iter()
        .zip(reports)
        .map(|(file, report)| FileOutcome {
            file: file.found.name.clone(),
            state: file.state,
            report,
        })
        .collect();
    files.extend(p.gone.iter().map(|f| FileOutcome {
        file: f.clone(),
        state: FileState::Gone,
        report: None,
    }));
    SourceOutcome {
        source: p.source.name().to_owned(),
        table: p.source.table().name.clone(),
        files,
        report,
        gate,
    }
}
