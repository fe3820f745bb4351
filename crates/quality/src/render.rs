//! The report as text.

use crate::report::{Example, Gate, Newest, Report, Volume, share};
use std::fmt;

/// A count with its thousands set apart.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn percent(part: u64, whole: u64) -> String {
    match share(part, whole) {
        Some(_) if part == 0 => "-".to_owned(),
        Some(share) if share < 0.0001 => "<0.01 %".to_owned(),
        Some(share) => format!("{:.2} %", share * 100.0),
        None => "of none".to_owned(),
    }
}

fn shown(examples: &[Example]) -> String {
    const CHARACTERS: usize = 24;
    let each = examples.iter().map(|e| {
        let value = e.value.as_ref().map(|v| {
            let short: String = v.chars().take(CHARACTERS).collect();
            let cut = if v.chars().count() > CHARACTERS {
                "…"
            } else {
                ""
            };
            format!(" {short:?}{cut}")
        });
        format!("row {}{}", e.row, value.unwrap_or_default())
    });
    each.collect::<Vec<_>>().join(", ")
}

/// Rows of text with their columns aligned; numbers (columns 2 and 3) to the right.
fn aligned(f: &mut fmt::Formatter<'_>, lines: &[[String; 5]]) -> fmt::Result {
    let width = |column: usize| {
        lines
            .iter()
            .map(|l| l[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let (a, b, c, d) = (width(0), width(1), width(2), width(3));
    for [name, column, rows, share, rest] in lines {
        let line = format!("  {name:<a$}  {column:<b$}  {rows:>c$}  {share:>d$}  {rest}");
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

impl Report {
    /// The table of rules: those that found something, then how many found nothing.
    fn lines(&self) -> (Vec<[String; 5]>, usize) {
        let head = ["rule", "column", "rows", "share", "examples"].map(str::to_owned);
        let mut lines = vec![head];
        let row = |name: String, column: String, rows: u64, rest: String| {
            [
                name,
                column,
                grouped(rows),
                percent(rows, self.rows_read),
                rest,
            ]
        };
        for found in &self.skipped {
            lines.push(row(
                "skipped".to_owned(),
                found.reason.clone(),
                found.rows,
                shown(&found.examples),
            ));
        }
        let mut silent = 0;
        for rule in &self.rules {
            if rule.rows == 0 {
                silent += 1;
                continue;
            }
            let name = if rule.warns {
                format!("{} (warns)", rule.rule)
            } else {
                rule.rule.clone()
            };
            let rest = format!("{}; allowed: {}", shown(&rule.examples), rule.allowed);
            lines.push(row(
                name,
                rule.column.clone().unwrap_or_default(),
                rule.rows,
                rest,
            ));
        }
        for found in &self.returned {
            lines.push(row(
                "return".to_owned(),
                found.reason.clone(),
                found.rows,
                shown(&found.examples),
            ));
        }
        (lines, silent)
    }
}

/// Reasons of a closed gate that are shown; JSON has them all.
const REASONS_SHOWN: usize = 3;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = match self.files.as_slice() {
            [one] => one.clone(),
            many => format!("{} files", many.len()),
        };
        writeln!(
            f,
            "source `{}`, table `{}`, {files}",
            self.source, self.table
        )?;
        let judged = self.rows_read - self.rows_skipped;
        let share = match judged {
            0 => String::new(),
            _ => format!(
                " ({} of the rows not skipped)",
                percent(self.rows_refused(), judged)
            ),
        };
        writeln!(
            f,
            "  read {}, accepted {}, set aside {}: skipped {}, broke a rule {}{}",
            grouped(self.rows_read),
            grouped(self.rows_accepted),
            grouped(self.rows_quarantined),
            grouped(self.rows_skipped),
            grouped(self.rows_refused()),
            share,
        )?;
        let (lines, silent) = self.lines();
        if lines.len() > 1 {
            aligned(f, &lines)?;
        }
        match (silent, self.rules.len() - silent) {
            (0, _) => {}
            (1, 0) => writeln!(f, "  the rule found nothing")?,
            (_, 0) => writeln!(f, "  all {silent} rules found nothing")?,
            (1, _) => writeln!(f, "  the other rule found nothing")?,
            (_, _) => writeln!(f, "  the other {silent} rules found nothing")?,
        }
        match &self.newest {
            Newest::Days { days } => writeln!(f, "  newest row: {days} days before the import")?,
            Newest::NoRow => writeln!(f, "  newest row: none was accepted")?,
            Newest::NoTime => {}
        }
        if let Volume::Share {
            share,
            median_rows,
            files,
        } = &self.volume
        {
            writeln!(
                f,
                "  volume: {:.0} % of the median of {files} earlier files, {median_rows:.0} rows",
                share * 100.0
            )?;
        }
        if !self.trimmed.is_empty() {
            let columns = self.trimmed.iter();
            let columns: Vec<String> = columns
                .map(|(column, cells)| format!("{column} {}", grouped(*cells)))
                .collect();
            writeln!(
                f,
                "  white space taken off the ends of cells: {}",
                columns.join(", ")
            )?;
        }
        for note in &self.notes {
            writeln!(f, "  note: {note}")?;
        }
        match &self.gate {
            Gate::Open => write!(f, "  gate: open"),
            Gate::Closed { reasons } => {
                // A source of many files that all break the same limit is told by its first few.
                let shown = reasons
                    .iter()
                    .take(REASONS_SHOWN)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join("; ");
                write!(f, "  gate: closed: {shown}")?;
                match reasons.len().saturating_sub(REASONS_SHOWN) {
                    0 => Ok(()),
                    more => write!(f, "; and {more} more"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_and_shares_never_claim_zero_for_something() {
        assert_eq!(grouped(1_044_847), "1,044,847");
        assert_eq!(grouped(999), "999");
        assert_eq!(percent(1, 1_000_000), "<0.01 %");
        assert_eq!(percent(0, 10), "-");
        assert_eq!(percent(1, 0), "of none");
    }
}
