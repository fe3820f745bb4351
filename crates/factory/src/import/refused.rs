//! What the gate refused last. The tables of the lake are as if such an import had not been, so its reports are kept
//! beside them.

use super::{ImportOptions, ImportOutcome, SourceOutcome};
use lake::{Lake, LakeError};
use quality::{Gate, Report};
use schema::AsOf;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The note of the lake that holds the refusals, by source.
const NOTE: &str = "refused_imports.json";

/// A source that the gate refused and that has not passed it since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefusedSource {
    /// The import that was refused.
    pub import_id: String,
    /// When.
    pub refused_at: jiff::Timestamp,
    /// The source.
    pub source: String,
    /// The shared table that would have received its rows.
    pub table: String,
    /// Each limit that was broken.
    pub reasons: Vec<String>,
    /// What was found in all files that were read; absent where none was new.
    pub report: Option<Report>,
}

impl RefusedSource {
    /// The day in UTC on which it was refused.
    #[must_use]
    pub fn day(&self) -> AsOf {
        AsOf(self.refused_at.to_zoned(jiff::tz::TimeZone::UTC).date())
    }

    /// In a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let reasons = self.reasons.join("; ");
        format!("the import of {} was refused: {reasons}", self.source)
    }
}

/// The sources that the gate refused and that have not passed it since, by name. Reports that another version of the
/// program kept are not read.
///
/// # Errors
/// [`LakeError::Storage`] when the lake cannot be read.
pub async fn refused(lake: &Lake) -> Result<BTreeMap<String, RefusedSource>, LakeError> {
    let kept = lake.note(NOTE).await?;
    Ok(kept
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default())
}

/// Keeps the sources that an import was refused for, and drops those that have passed.
pub(super) async fn keep(
    lake: &Lake,
    outcome: &ImportOutcome,
    options: &ImportOptions,
) -> Result<(), LakeError> {
    let refusal = |source: &SourceOutcome, reasons: &[String]| RefusedSource {
        import_id: outcome.import_id.clone(),
        refused_at: options.now,
        source: source.source.clone(),
        table: source.table.clone(),
        reasons: reasons.to_vec(),
        report: source.report.clone(),
    };
    change(lake, |all| {
        for source in &outcome.sources {
            match &source.gate {
                Gate::Closed { reasons } if !options.accept_failed_gate => {
                    all.insert(source.source.clone(), refusal(source, reasons));
                }
                Gate::Closed { .. } | Gate::Open => {
                    all.remove(&source.source);
                }
            }
        }
    })
    .await
}

/// Drops what is kept of a source.
pub(super) async fn forget(lake: &Lake, source: &str) -> Result<(), LakeError> {
    change(lake, |all| {
        all.remove(source);
    })
    .await
}

async fn change(
    lake: &Lake,
    change: impl FnOnce(&mut BTreeMap<String, RefusedSource>),
) -> Result<(), LakeError> {
    let before = refused(lake).await?;
    let mut after = before.clone();
    change(&mut after);
    if after == before {
        return Ok(());
    }
    let text = serde_json::to_vec(&after).expect("reports of texts and numbers are JSON");
    lake.keep_note(NOTE, text).await
}
