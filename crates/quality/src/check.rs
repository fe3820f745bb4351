//! Judging rows, batch by batch.

use crate::compare::{
    Place, as_text, beside, column_at, currencies, find, out_of_range, probabilities, repeated,
};
use crate::contract::{Check, Condition, Contract, Effect};
use crate::gate::gate;
use crate::keys::{KeySet, Known, hashes};
use crate::report::{
    DAY_MICROS, EXAMPLES, EarlierFiles, Example, Finding, Gate, Newest, Report, RuleReport,
};
use crate::rows::{CheckError, FileToCheck, RowsToCheck, SetAside, UnreadRow, Verdicts};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::kernels::regexp::regexp_is_match_scalar;
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Characters of a value that are kept.
const VALUE_CHARACTERS: usize = 200;

/// What a rule needs beside its definition.
enum Ready {
    Plain,
    Condition(Box<dyn Condition>),
    /// A reference to a table without rows.
    Unchecked,
    Unique {
        places: Vec<Place>,
        seen: KeySet,
    },
    Key {
        places: Vec<Place>,
    },
}

/// Judges the rows of one file.
pub struct Checker<'a> {
    contract: &'a Contract,
    file: String,
    ready: Vec<Ready>,
    allowed: Vec<Arc<str>>,
    names: Vec<Arc<str>>,
    columns: Vec<Arc<str>>,
    time: Option<usize>,
    report: Report,
}

impl std::fmt::Debug for Checker<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checker")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

fn cut(text: &str) -> String {
    text.chars().take(VALUE_CHARACTERS).collect()
}

fn value_at(values: &ArrayRef, row: usize) -> Option<String> {
    if values.is_null(row) {
        return None;
    }
    array_value_to_string(values, row)
        .ok()
        .map(|text| cut(&text))
}

fn example(file: &str, row: i64, value: Option<String>) -> Example {
    Example {
        file: file.to_owned(),
        row,
        value,
    }
}

impl<'a> Checker<'a> {
    /// Gets ready to judge the rows of one file. `compile` gives the condition of a rule (its name, its SQL) over the
    /// columns of the shared table and those of the file beside them.
    ///
    /// # Errors
    /// [`CheckError::NoColumn`] when a rule is about a column that is not there, and what `compile` gives.
    pub fn new<E: From<CheckError>>(
        contract: &'a Contract,
        file: FileToCheck<'_>,
        known: &Known,
        compile: &dyn Fn(&str, &str) -> Result<Box<dyn Condition>, E>,
    ) -> Result<Self, E> {
        let table = contract.table();
        let typed = table.arrow();
        let mut notes = Vec::new();
        let mut ready = Vec::new();
        for rule in contract.rules() {
            ready.push(match &rule.check {
                Check::NotNull { .. }
                | Check::Range { .. }
                | Check::Allowed { .. }
                | Check::Pattern { .. }
                | Check::Currency { .. }
                | Check::Probabilities { .. } => Ready::Plain,
                Check::Holds { sql, .. } => Ready::Condition(compile(&rule.name, sql)?),
                Check::Reference { target, .. } if known.values(target).is_none() => {
                    notes.push(format!(
                        "references to {target} are not checked: that table has no rows"
                    ));
                    Ready::Unchecked
                }
                Check::Reference { .. } => Ready::Plain,
                Check::UniqueInFile { columns } => {
                    let places = columns
                        .iter()
                        .map(|c| find(&rule.name, c, &typed, Some(file.raw)));
                    Ready::Unique {
                        places: places.collect::<Result<_, _>>()?,
                        seen: KeySet::default(),
                    }
                }
                Check::Key => {
                    let places = table.key.iter().map(|c| find(&rule.name, c, &typed, None));
                    Ready::Key {
                        places: places.collect::<Result<_, _>>()?,
                    }
                }
            });
        }
        let columns: Vec<Arc<str>> = table
            .columns
            .iter()
            .map(|c| c.name.as_str().into())
            .collect();
        let allowed: Vec<Arc<str>> = contract
            .rules()
            .iter()
            .map(|r| r.check.allowed(table).into())
            .collect();
        let finding = |reason: &String| Finding {
            reason: reason.clone(),
            rows: 0,
            share: None,
            examples: Vec::new(),
        };
        let rules = contract
            .rules()
            .iter()
            .zip(&allowed)
            .map(|(rule, allowed)| RuleReport {
                rule: rule.name.clone(),
                column: rule.check.column().map(|c| columns[c].to_string()),
                allowed: allowed.to_string(),
                warns: rule.effect == Effect::Warn,
                share_max: rule.share_max,
                rows: 0,
                share: None,
                examples: Vec::new(),
            });
        let report = Report {
            source: file.source.to_owned(),
            table: table.name.clone(),
            files: vec![file.file.to_owned()],
            columns: file.raw.fields().iter().map(|f| f.name().clone()).collect(),
            rows_read: 0,
            rows_accepted: 0,
            rows_quarantined: 0,
            rows_skipped: 0,
            rules: rules.collect(),
            skipped: file.skips.iter().map(finding).collect(),
            returned: file.returns.iter().map(finding).collect(),
            trimmed: BTreeMap::new(),
            newest: Newest::NoTime,
            newest_micros: None,
            volume: crate::Volume::FirstFile,
            keys_bytes: 0,
            notes,
            gate: Gate::Open,
        };
        Ok(Self {
            contract,
            file: file.file.to_owned(),
            ready,
            allowed,
            names: contract
                .rules()
                .iter()
                .map(|r| r.name.as_str().into())
                .collect(),
            time: table
                .time
                .as_ref()
                .and_then(|t| table.columns.iter().position(|c| c.name == *t)),
            columns,
            report,
        })
    }

    /// Judges a batch. Keys of accepted rows are added to `known`.
    ///
    /// # Errors
    /// [`CheckError`] when a condition fails on a row; the file cannot be judged then.
    pub fn check(
        &mut self,
        rows: &RowsToCheck<'_>,
        known: &mut Known,
    ) -> Result<Verdicts, CheckError> {
        let n = rows.typed.num_rows();
        let mut alive = vec![true; n];
        let mut set_aside = Vec::new();
        self.count_unread(rows.unread);
        for (column, cells) in rows.trimmed {
            let trimmed = &mut self.report.trimmed;
            *trimmed
                .entry(self.columns[*column].to_string())
                .or_default() += cells;
        }
        self.set_skipped_aside(rows, &mut alive, &mut set_aside);
        self.set_unreadable_aside(rows, &mut alive, &mut set_aside);
        for rule in 0..self.ready.len() {
            for row in self.broken(rule, rows, &alive, known)? {
                self.count(rule, rows, row, &mut alive, &mut set_aside);
            }
        }
        set_aside.sort_by_key(|s| s.row);
        let accepted = alive.iter().filter(|a| **a).count() as u64;
        self.report.rows_read += (n + rows.unread.len()) as u64;
        self.report.rows_accepted += accepted;
        self.report.rows_quarantined += set_aside.len() as u64 + rows.unread.len() as u64;
        self.report.rows_skipped += set_aside.iter().filter(|s| s.skipped).count() as u64;
        for (row, returned) in rows.returned.iter().enumerate() {
            if let Some(reason) = returned.filter(|_| alive[row]) {
                let found = &mut self.report.returned[reason];
                found.rows += 1;
                if found.examples.len() < EXAMPLES {
                    found
                        .examples
                        .push(example(&self.file, rows.row_numbers[row], None));
                }
            }
        }
        self.see_newest(rows.typed, &alive);
        Ok(Verdicts {
            accepted: BooleanArray::from(alive),
            set_aside,
        })
    }

    fn count_unread(&mut self, unread: &[UnreadRow]) {
        for row in unread {
            let value = Some(cut(&row.text));
            self.count_named(
                &row.rule,
                row.column.as_deref(),
                &row.reason,
                row.row_number,
                value,
            );
        }
    }

    /// Counts a row under a rule that stands before those of the contract.
    fn count_named(
        &mut self,
        rule: &str,
        column: Option<&str>,
        allowed: &str,
        row_number: i64,
        value: Option<String>,
    ) {
        let before = self.report.rules.len() - self.ready.len();
        let same = |r: &RuleReport| r.rule == rule && r.column.as_deref() == column;
        let position = self.report.rules[..before]
            .iter()
            .position(same)
            .unwrap_or_else(|| {
                let report = RuleReport {
                    rule: rule.to_owned(),
                    column: column.map(str::to_owned),
                    allowed: allowed.to_owned(),
                    warns: false,
                    share_max: None,
                    rows: 0,
                    share: None,
                    examples: Vec::new(),
                };
                self.report.rules.insert(before, report);
                before
            });
        let found = &mut self.report.rules[position];
        found.rows += 1;
        if found.examples.len() < EXAMPLES {
            found.examples.push(example(&self.file, row_number, value));
        }
    }

    fn set_skipped_aside(
        &mut self,
        rows: &RowsToCheck<'_>,
        alive: &mut [bool],
        set_aside: &mut Vec<SetAside>,
    ) {
        let reasons: Vec<Arc<str>> = self
            .report
            .skipped
            .iter()
            .map(|s| s.reason.as_str().into())
            .collect();
        let rule: Arc<str> = "skip".into();
        for (row, skipped) in rows.skipped.iter().enumerate() {
            let Some(position) = *skipped else { continue };
            alive[row] = false;
            let found = &mut self.report.skipped[position];
            found.rows += 1;
            if found.examples.len() < EXAMPLES {
                found
                    .examples
                    .push(example(&self.file, rows.row_numbers[row], None));
            }
            let (rule, reason) = (Arc::clone(&rule), Arc::clone(&reasons[position]));
            set_aside.push(SetAside {
                row,
                rule,
                column: None,
                value: None,
                reason,
                skipped: true,
            });
        }
    }

    fn set_unreadable_aside(
        &mut self,
        rows: &RowsToCheck<'_>,
        alive: &mut [bool],
        set_aside: &mut Vec<SetAside>,
    ) {
        let rule: Arc<str> = "type".into();
        for failure in &rows.failures {
            if !std::mem::replace(&mut alive[failure.row], false) {
                continue;
            }
            let column = Arc::clone(&self.columns[failure.column]);
            let value = Some(cut(failure.value));
            self.count_named(
                "type",
                Some(&column),
                failure.expected,
                rows.row_numbers[failure.row],
                value.clone(),
            );
            set_aside.push(SetAside {
                row: failure.row,
                rule: Arc::clone(&rule),
                column: Some(column),
                value,
                reason: failure.expected.into(),
                skipped: false,
            });
        }
    }

    /// Counts a row that broke a rule, and sets it aside where the rule says so.
    fn count(
        &mut self,
        rule: usize,
        rows: &RowsToCheck<'_>,
        row: usize,
        alive: &mut [bool],
        set_aside: &mut Vec<SetAside>,
    ) {
        let value = self.value(rule, rows, row);
        let before = self.report.rules.len() - self.ready.len();
        let found = &mut self.report.rules[before + rule];
        found.rows += 1;
        if found.examples.len() < EXAMPLES {
            found
                .examples
                .push(example(&self.file, rows.row_numbers[row], value.clone()));
        }
        if self.contract.rules()[rule].effect == Effect::Warn {
            return;
        }
        alive[row] = false;
        set_aside.push(SetAside {
            row,
            rule: Arc::clone(&self.names[rule]),
            column: self.contract.rules()[rule]
                .check
                .column()
                .map(|c| Arc::clone(&self.columns[c])),
            value,
            reason: Arc::clone(&self.allowed[rule]),
            skipped: false,
        });
    }

    /// The value that broke a rule, for the report.
    fn value(&self, rule: usize, rows: &RowsToCheck<'_>, row: usize) -> Option<String> {
        if let Some(column) = self.contract.rules()[rule].check.column() {
            return value_at(rows.typed.column(column), row);
        }
        match &self.ready[rule] {
            Ready::Unique { places, .. } | Ready::Key { places } => {
                let parts = places
                    .iter()
                    .map(|p| value_at(column_at(rows, *p), row).unwrap_or_default());
                Some(cut(&parts.collect::<Vec<_>>().join(" | ")))
            }
            Ready::Plain | Ready::Condition(_) | Ready::Unchecked => None,
        }
    }

    /// The rows still alive that break a rule.
    fn broken(
        &mut self,
        rule: usize,
        rows: &RowsToCheck<'_>,
        alive: &[bool],
        known: &mut Known,
    ) -> Result<Vec<usize>, CheckError> {
        let check = &self.contract.rules()[rule].check;
        let name = || self.contract.rules()[rule].name.clone();
        let values = |source: ArrowError| CheckError::Values {
            rule: name(),
            source,
        };
        let those = |wrong: &dyn Fn(usize) -> bool| -> Vec<usize> {
            alive
                .iter()
                .enumerate()
                .filter(|(row, alive)| **alive && wrong(*row))
                .map(|(row, _)| row)
                .collect()
        };
        match (check, &mut self.ready[rule]) {
            (Check::NotNull { column }, _) => {
                let values = rows.typed.column(*column);
                Ok(if values.null_count() == 0 {
                    Vec::new()
                } else {
                    those(&|row| values.is_null(row))
                })
            }
            (Check::Range { column, min, max }, _) => {
                let found = out_of_range(rows.typed.column(*column), *min, *max);
                Ok(those(&|row| found[row]))
            }
            (
                Check::Allowed {
                    column,
                    values: list,
                },
                _,
            ) => {
                let texts = as_text(rows.typed.column(*column)).map_err(values)?;
                Ok(those(&|row| {
                    texts.is_valid(row) && !list.contains(texts.value(row))
                }))
            }
            (Check::Pattern { column, pattern }, _) => {
                let texts = as_text(rows.typed.column(*column)).map_err(values)?;
                let matches = regexp_is_match_scalar(&texts, pattern, None).map_err(values)?;
                Ok(those(&|row| texts.is_valid(row) && !matches.value(row)))
            }
            (Check::Currency { column }, _) => {
                let texts = as_text(rows.typed.column(*column)).map_err(values)?;
                let exists = currencies(&texts);
                Ok(those(&|row| texts.is_valid(row) && !exists[row]))
            }
            (Check::Probabilities { column }, _) => {
                let texts = as_text(rows.typed.column(*column)).map_err(values)?;
                let fit = probabilities(&texts);
                Ok(those(&|row| texts.is_valid(row) && !fit[row]))
            }
            (Check::Holds { .. }, Ready::Condition(condition)) => {
                let both = beside(rows.typed, rows.raw).map_err(values)?;
                let answers = condition
                    .answers(&both)
                    .map_err(|source| CheckError::Condition {
                        rule: name(),
                        source,
                    })?;
                Ok(those(&|row| answers.is_valid(row) && !answers.value(row)))
            }
            (Check::Reference { column, target }, Ready::Plain) => {
                let column = rows.typed.column(*column);
                let Some(set) = known
                    .values(target)
                    .filter(|_| column.null_count() < column.len())
                else {
                    return Ok(Vec::new());
                };
                let keys = hashes(std::slice::from_ref(column)).map_err(values)?;
                Ok(those(&|row| {
                    column.is_valid(row) && !set.contains(keys[row])
                }))
            }
            (Check::UniqueInFile { .. }, Ready::Unique { places, seen }) => {
                let columns: Vec<ArrayRef> = places
                    .iter()
                    .map(|p| Arc::clone(column_at(rows, *p)))
                    .collect();
                Ok(repeated(&hashes(&columns).map_err(values)?, alive, seen))
            }
            (Check::Key, Ready::Key { places }) => {
                let columns: Vec<ArrayRef> = places
                    .iter()
                    .map(|p| Arc::clone(column_at(rows, *p)))
                    .collect();
                let keys = hashes(&columns).map_err(values)?;
                Ok(repeated(&keys, alive, known.keys_mut(&self.report.table)))
            }
            (
                Check::Reference { .. }
                | Check::Holds { .. }
                | Check::UniqueInFile { .. }
                | Check::Key,
                _,
            ) => Ok(Vec::new()),
        }
    }

    fn see_newest(&mut self, typed: &RecordBatch, alive: &[bool]) {
        let Some(time) = self.time else { return };
        let values = typed.column(time);
        let newest = if let Some(days) = values.as_primitive_opt::<Date32Type>() {
            let seen = days
                .iter()
                .zip(alive)
                .filter(|(_, a)| **a)
                .filter_map(|(d, _)| d);
            seen.max().map(|d| i64::from(d) * DAY_MICROS)
        } else if let Some(moments) = values.as_primitive_opt::<TimestampMicrosecondType>() {
            moments
                .iter()
                .zip(alive)
                .filter(|(_, a)| **a)
                .filter_map(|(m, _)| m)
                .max()
        } else {
            None
        };
        self.report.newest_micros = self.report.newest_micros.max(newest);
    }

    /// Memory held for the keys and references of all tables and for what must be unique in this file.
    #[must_use]
    pub fn memory(&self, known: &Known) -> schema::Bytes {
        let in_file = self.ready.iter().map(|r| match r {
            Ready::Unique { seen, .. } => seen.memory().0,
            Ready::Plain | Ready::Condition(_) | Ready::Unchecked | Ready::Key { .. } => 0,
        });
        schema::Bytes(known.memory().0 + in_file.sum::<u64>())
    }

    /// Ends the file: its report, beside earlier files of the source, at the moment `now_micros` (microseconds since
    /// 1970-01-01 UTC).
    ///
    /// # Panics
    /// When a row was lost, which only a bug here can do.
    #[must_use]
    pub fn finish(mut self, known: &Known, earlier: &EarlierFiles, now_micros: i64) -> Report {
        self.report.newest = match self.time {
            None => Newest::NoTime,
            Some(_) => Newest::of(self.report.newest_micros, now_micros),
        };
        self.report.volume = earlier.volume(self.report.rows_read);
        self.report.keys_bytes = self.memory(known).0;
        self.note_columns(&earlier.columns);
        self.report.count_shares();
        self.report.gate = gate(&self.report, self.contract);
        self.report.assert_no_row_is_lost();
        self.report
    }

    /// Notes columns that earlier files did not have, and those that they had.
    fn note_columns(&mut self, earlier: &[String]) {
        if earlier.is_empty() {
            return;
        }
        let new: Vec<&str> = self
            .report
            .columns
            .iter()
            .filter(|c| !earlier.contains(c))
            .map(String::as_str)
            .collect();
        let gone: Vec<&str> = earlier
            .iter()
            .filter(|c| !self.report.columns.contains(c))
            .map(String::as_str)
            .collect();
        for (columns, what) in [
            (new, "new since the last file"),
            (gone, "in the last file and no longer there"),
        ] {
            if !columns.is_empty() {
                self.report
                    .notes
                    .push(format!("columns {what}: {}", columns.join(", ")));
            }
        }
    }
}
