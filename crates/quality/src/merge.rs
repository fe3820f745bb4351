//! Reports of several files become one.

use crate::report::{EXAMPLES, Finding, Gate, Newest, Report, Volume};

fn merge_findings(into: &mut Vec<Finding>, from: &[Finding]) {
    for finding in from {
        match into.iter_mut().find(|f| f.reason == finding.reason) {
            Some(known) => {
                known.rows += finding.rows;
                known.examples.extend(finding.examples.iter().cloned());
                known.examples.truncate(EXAMPLES);
            }
            None => into.push(finding.clone()),
        }
    }
}

/// One report over all files of a source; `None` of no files.
#[must_use]
pub fn merge(reports: &[Report]) -> Option<Report> {
    let (first, others) = reports.split_first()?;
    let mut merged = first.clone();
    for report in others {
        merged.files.extend(report.files.iter().cloned());
        merged.columns.clone_from(&report.columns);
        merged.rows_read += report.rows_read;
        merged.rows_accepted += report.rows_accepted;
        merged.rows_quarantined += report.rows_quarantined;
        merged.rows_skipped += report.rows_skipped;
        for rule in &report.rules {
            let same = |r: &&mut crate::RuleReport| r.rule == rule.rule && r.column == rule.column;
            match merged.rules.iter_mut().find(same) {
                Some(known) => {
                    known.rows += rule.rows;
                    known.examples.extend(rule.examples.iter().cloned());
                    known.examples.truncate(EXAMPLES);
                }
                None => merged.rules.push(rule.clone()),
            }
        }
        merge_findings(&mut merged.skipped, &report.skipped);
        merge_findings(&mut merged.returned, &report.returned);
        merged.newest = match (&merged.newest, &report.newest) {
            (Newest::Days { days: a }, Newest::Days { days: b }) => {
                Newest::Days { days: *a.min(b) }
            }
            (Newest::NoRow, other) | (other, Newest::NoRow) => other.clone(),
            (Newest::NoTime, _) | (_, Newest::NoTime) => Newest::NoTime,
        };
        merged.newest_micros = merged.newest_micros.max(report.newest_micros);
        for (column, cells) in &report.trimmed {
            *merged.trimmed.entry(column.clone()).or_default() += cells;
        }
        merged.volume = Volume::SeveralFiles;
        merged.keys_bytes = merged.keys_bytes.max(report.keys_bytes);
        for note in &report.notes {
            if !merged.notes.contains(note) {
                merged.notes.push(note.clone());
            }
        }
        if let Gate::Closed { reasons: more } = &report.gate {
            match &mut merged.gate {
                Gate::Open => merged.gate = report.gate.clone(),
                Gate::Closed { reasons } => reasons.extend(more.iter().cloned()),
            }
        }
    }
    merged.count_shares();
    merged.assert_no_row_is_lost();
    Some(merged)
}
