//! What the imports found: the last report of every file, and what was set aside.

use super::{data, french};
use crate::charts::Locale;
use crate::problem::Problem;
use crate::state::AppState;
use jiff::Timestamp;
use lake::Snapshot;
use quality::Report;
use std::collections::BTreeMap;

/// The last imports of the files of one table.
#[derive(Debug, Clone)]
pub(super) struct Imported {
    pub(super) sources: Vec<String>,
    pub(super) files: usize,
    pub(super) at: Timestamp,
    /// All reports as one; none where they were written by another version of this program.
    pub(super) report: Option<Report>,
}

impl Imported {
    /// Each limit that is broken.
    pub(super) fn broken(&self) -> &[String] {
        match self.report.as_ref().map(|r| &r.gate) {
            Some(quality::Gate::Closed { reasons }) => reasons,
            Some(quality::Gate::Open) | None => &[],
        }
    }

    /// All of them in the language of the page.
    pub(super) fn why_broken(&self, locale: Locale) -> String {
        let told = self.broken().iter().map(|why| french::told(locale, why));
        told.collect::<Vec<_>>().join("; ")
    }
}

/// Every table that an import has filled.
pub(super) async fn imported(
    state: &AppState,
    snapshot: &Snapshot,
) -> Result<BTreeMap<String, Imported>, Problem> {
    let mut last: BTreeMap<(String, String, String), (i64, Option<Report>)> = BTreeMap::new();
    if !snapshot.tables.contains_key("imports") {
        return Ok(BTreeMap::new());
    }
    let sql = "SELECT \"table\", source, file, report, CAST(imported_at AS BIGINT) AS micros FROM imports WHERE source NOT LIKE 'experiments/%' ORDER BY imported_at, import_id";
    for batch in data::query(state, snapshot, sql).await? {
        let (tables, sources, files) = (
            data::texts(&batch, 0)?,
            data::texts(&batch, 1)?,
            data::texts(&batch, 2)?,
        );
        let (reports, moments) = (data::texts(&batch, 3)?, data::integers(&batch, 4)?);
        for (row, moment) in moments.iter().enumerate() {
            let key = (
                tables.value(row).to_owned(),
                sources.value(row).to_owned(),
                files.value(row).to_owned(),
            );
            last.insert(
                key,
                (
                    moment.unwrap_or(0),
                    serde_json::from_str(reports.value(row)).ok(),
                ),
            );
        }
    }
    let mut found: BTreeMap<String, (Imported, Vec<Report>)> = BTreeMap::new();
    for ((table, source, _), (moment, report)) in last {
        let at = Timestamp::from_microsecond(moment).unwrap_or(Timestamp::UNIX_EPOCH);
        let new = || {
            (
                Imported {
                    sources: Vec::new(),
                    files: 0,
                    at,
                    report: None,
                },
                Vec::new(),
            )
        };
        let (imported, reports) = found.entry(table).or_insert_with(new);
        imported.files += 1;
        imported.at = imported.at.max(at);
        if !imported.sources.contains(&source) {
            imported.sources.push(source);
        }
        reports.extend(report);
    }
    let merged = found.into_iter().map(|(table, (imported, reports))| {
        // A part of the reports would count a part of the rows.
        let report = (reports.len() == imported.files)
            .then(|| quality::merge(&reports))
            .flatten();
        (table, Imported { report, ..imported })
    });
    Ok(merged.collect())
}

/// Rows set aside for one reason.
#[derive(Debug, Clone)]
pub(super) struct SetAside {
    pub(super) rule: String,
    pub(super) column: Option<String>,
    pub(super) reason: String,
    pub(super) skipped: bool,
    pub(super) rows: u64,
    pub(super) examples: Vec<Example>,
}

/// A row as an example.
#[derive(Debug, Clone)]
pub(super) struct Example {
    pub(super) file: String,
    pub(super) line: i64,
    pub(super) value: Option<String>,
    pub(super) row: String,
}

/// Examples per reason.
const EXAMPLES: u32 = 5;

/// Everything that was set aside of a table, most rows first. The name must be that of a shared table.
pub(super) async fn set_aside(
    state: &AppState,
    snapshot: &Snapshot,
    table: &str,
) -> Result<Vec<SetAside>, Problem> {
    if !snapshot.tables.contains_key("quarantine") {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT rule, \"column\", reason, skipped, n, file, line_no, value, \"row\" FROM (\
           SELECT *, COUNT(*) OVER (PARTITION BY rule, \"column\", reason, skipped) AS n, \
           ROW_NUMBER() OVER (PARTITION BY rule, \"column\", reason, skipped ORDER BY file, line_no) AS place \
           FROM quarantine WHERE \"table\" = '{table}') \
         WHERE place <= {EXAMPLES} ORDER BY n DESC, rule, \"column\", reason, place"
    );
    let mut found: Vec<SetAside> = Vec::new();
    for batch in data::query(state, snapshot, &sql).await? {
        let (rules, columns, reasons) = (
            data::texts(&batch, 0)?,
            data::texts(&batch, 1)?,
            data::texts(&batch, 2)?,
        );
        let (skipped, counts) = (data::texts(&batch, 3)?, data::integers(&batch, 4)?);
        let (files, lines) = (data::texts(&batch, 5)?, data::integers(&batch, 6)?);
        let (values, raw) = (data::texts(&batch, 7)?, data::texts(&batch, 8)?);
        for row in 0..batch.num_rows() {
            let one = SetAside {
                rule: rules.value(row).to_owned(),
                column: data::text(&columns, row),
                reason: reasons.value(row).to_owned(),
                skipped: skipped.value(row) == "true",
                rows: counts[row].and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
                examples: Vec::new(),
            };
            let example = Example {
                file: files.value(row).to_owned(),
                line: lines[row].unwrap_or(0),
                value: data::text(&values, row),
                row: raw.value(row).to_owned(),
            };
            let same = |s: &SetAside| {
                (&s.rule, &s.column, &s.reason, s.skipped)
                    == (&one.rule, &one.column, &one.reason, one.skipped)
            };
            match found.last_mut().filter(|s| same(s)) {
                Some(known) => known.examples.push(example),
                None => found.push(SetAside {
                    examples: vec![example],
                    ..one
                }),
            }
        }
    }
    Ok(found)
}
