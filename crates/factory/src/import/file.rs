//! One file: read, judged, written.

use super::set_aside::{self, From};
use super::{ImportError, known};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter;
use lake::{TableWriter, Transaction};
use quality::{
    CellFailure, CheckError, Checker, Condition, Contract, EarlierFiles, FileToCheck, Known,
    Report, RowsToCheck, UnreadRow,
};
use schema::Bytes;
use schema::progress::Progress;
use sources::expression::{Compiled, ExpressionError, beside_schema, session};
use sources::{FileFound, MappedRows, Opened, Source};
use std::collections::BTreeSet;

/// A condition of the source file.
struct SqlCondition(Compiled);

impl Condition for SqlCondition {
    fn answers(
        &self,
        rows: &RecordBatch,
    ) -> Result<BooleanArray, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0.answers(rows)?)
    }
}

/// Why a file cannot be judged.
enum NotReady {
    Check(CheckError),
    Expression(ExpressionError),
}

impl std::convert::From<CheckError> for NotReady {
    fn from(error: CheckError) -> Self {
        Self::Check(error)
    }
}

/// Where the rows of a file go.
pub(super) struct Tables<'a> {
    /// Tag of its rows.
    pub(super) tag: &'a str,
    /// Whether anything is written.
    pub(super) write: bool,
    /// The moment of the import.
    pub(super) now: jiff::Timestamp,
}

/// One file of a source.
pub(super) struct Importer<'a> {
    pub(super) source: &'a Source,
    pub(super) contract: &'a Contract,
    pub(super) file: &'a FileFound,
    /// Its size.
    pub(super) bytes: u64,
    /// Columns that any source of the import refers to (`table.column`).
    pub(super) targets: &'a BTreeSet<&'a str>,
    /// What the query of the source may hold, and what keys and references may.
    pub(super) memory: Bytes,
}

struct Writers {
    accepted: TableWriter,
    set_aside: TableWriter,
}

impl Importer<'_> {
    /// Reads the file to its end, judges each row and writes it where it belongs.
    pub(super) async fn import(
        &self,
        transaction: &mut Transaction,
        tables: &Tables<'_>,
        known: &mut Known,
        earlier: &EarlierFiles,
        progress: &dyn Progress,
    ) -> Result<Report, ImportError> {
        let Opened {
            raw_schema,
            typed_schema,
            mut rows,
        } = sources::open(self.source, &self.file.path, self.memory).await?;
        let both = beside_schema(&typed_schema, &raw_schema);
        let mut checker = self.checker(&raw_schema, &both, known)?;
        let mut writers = if tables.write {
            Some(self.writers(transaction, tables).await?)
        } else {
            None
        };
        let from = From {
            source: self.source.name(),
            table: &self.source.table().name,
            file: &self.file.name,
            now: tables.now,
        };
        let mut told = 0;
        while let Some(mapped) = rows.next().await? {
            let unread = unread(&mapped);
            let verdicts = checker
                .check(&to_check(&mapped, &unread), known)
                .map_err(|source| ImportError::Check {
                    file: self.file.name.clone(),
                    source,
                })?;
            let accepted = self.accepted(&mapped.typed, &verdicts.accepted)?;
            self.remember(&accepted, known)?;
            known::within(
                self.memory,
                checker.memory(known),
                &self.source.table().name,
            )?;
            if let Some(writers) = &mut writers {
                if accepted.num_rows() > 0 {
                    writers.accepted.write(&accepted).await?;
                }
                if !verdicts.set_aside.is_empty() || !unread.is_empty() {
                    let rows = set_aside::rows(&from, &mapped, &verdicts.set_aside, &unread)
                        .map_err(|source| ImportError::Rows {
                            table: "quarantine".to_owned(),
                            source,
                        })?;
                    writers.set_aside.write(&rows).await?;
                }
            }
            let read = rows.bytes_read().clamp(told, self.bytes);
            progress.advance(read - told);
            told = read;
        }
        progress.advance(self.bytes - told);
        let report = checker.finish(known, earlier, tables.now.as_microsecond());
        if let Some(writers) = writers {
            let accepted = writers.accepted.finish(transaction).await?;
            let set_aside = writers.set_aside.finish(transaction).await?;
            assert_eq!(
                (report.rows_accepted, report.rows_quarantined),
                (accepted, set_aside),
                "rows of {} were lost on the way to the lake",
                self.file.name
            );
        }
        Ok(report)
    }

    fn checker(
        &self,
        raw: &arrow::datatypes::SchemaRef,
        both: &arrow::datatypes::SchemaRef,
        known: &Known,
    ) -> Result<Checker<'_>, ImportError> {
        let session = session();
        let compile = |rule: &str, sql: &str| -> Result<Box<dyn Condition>, NotReady> {
            Compiled::condition(&session, both, format!("rule `{rule}`"), sql)
                .map(|c| Box::new(SqlCondition(c)) as Box<dyn Condition>)
                .map_err(NotReady::Expression)
        };
        let reasons = |all: &[sources::config::RawWhen]| {
            all.iter().map(|w| w.reason.clone()).collect::<Vec<_>>()
        };
        let file = FileToCheck {
            source: self.source.name(),
            file: &self.file.name,
            raw,
            skips: &reasons(self.source.skips()),
            returns: &reasons(self.source.returns()),
        };
        Checker::new(self.contract, file, known, &compile).map_err(|e| match e {
            NotReady::Check(source) => ImportError::Check {
                file: self.file.name.clone(),
                source,
            },
            NotReady::Expression(source) => ImportError::Expression {
                file: self.file.name.clone(),
                source,
            },
        })
    }

    async fn writers(
        &self,
        transaction: &mut Transaction,
        tables: &Tables<'_>,
    ) -> Result<Writers, ImportError> {
        let table = self.source.table();
        let quarantine =
            schema::table::table("quarantine").expect("the shared schema has a quarantine");
        Ok(Writers {
            accepted: transaction
                .writer(&table.name, table.arrow(), tables.tag)
                .await?,
            set_aside: transaction
                .writer(&quarantine.name, quarantine.arrow(), tables.tag)
                .await?,
        })
    }

    /// The accepted rows, with the columns of the shared table as it defines them.
    fn accepted(
        &self,
        typed: &RecordBatch,
        accepted: &BooleanArray,
    ) -> Result<RecordBatch, ImportError> {
        let table = self.source.table();
        let failed = |source| ImportError::Rows {
            table: table.name.clone(),
            source,
        };
        let columns: Result<Vec<ArrayRef>, _> = typed
            .columns()
            .iter()
            .map(|c| filter(c, accepted))
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(accepted.true_count()));
        RecordBatch::try_new_with_options(table.arrow(), columns.map_err(failed)?, &options)
            .map_err(failed)
    }

    /// Remembers accepted values that other tables refer to.
    fn remember(&self, accepted: &RecordBatch, known: &mut Known) -> Result<(), ImportError> {
        let table = self.source.table();
        for target in self.targets {
            if let Some((name, column)) = target.split_once('.')
                && name == table.name
                && let Some(values) = accepted.column_by_name(column)
            {
                let failed = |source| ImportError::Rows {
                    table: table.name.clone(),
                    source,
                };
                known.add_values(target, values).map_err(failed)?;
            }
        }
        Ok(())
    }
}

fn unread(mapped: &MappedRows) -> Vec<UnreadRow> {
    let each = mapped.refused.iter().map(|refused| UnreadRow {
        row_number: refused.row_number,
        rule: refused.lapse.rule().to_owned(),
        column: refused.lapse.column().map(str::to_owned),
        reason: refused.lapse.to_string(),
        text: refused.text.clone(),
    });
    each.collect()
}

fn to_check<'a>(mapped: &'a MappedRows, unread: &'a [UnreadRow]) -> RowsToCheck<'a> {
    let failures = mapped.failures.iter().map(|f| CellFailure {
        row: f.row,
        column: f.column,
        value: &f.value,
        expected: &f.expected,
    });
    RowsToCheck {
        raw: &mapped.raw,
        typed: &mapped.typed,
        row_numbers: &mapped.row_numbers,
        skipped: &mapped.skipped,
        returned: &mapped.returned,
        failures: failures.collect(),
        unread,
        trimmed: &mapped.trimmed,
    }
}
