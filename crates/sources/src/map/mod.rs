//! Rows of a file become rows of a shared table; what cannot be read is recorded cell by cell.

mod column;
mod number;
pub(crate) mod time;

use crate::config::{Mapping, NumberStyle, Origin, Source};
use crate::expression::{Compiled, ExpressionError, beside, beside_schema, session};
use crate::read::{RawRows, ReadError, RefusedRow};
use arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, UInt32Array,
    new_null_array,
};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use schema::table::Column;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A cell that could not be read as the type of its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeFailure {
    /// Position of the row in the batch.
    pub row: usize,
    /// Position of the column in the shared table.
    pub column: usize,
    /// The value found.
    pub value: String,
    /// What can be read.
    pub expected: Arc<str>,
}

/// A batch of rows of a shared table, beside the rows of the file that they were made of.
#[derive(Debug, Clone)]
pub struct MappedRows {
    /// The rows as the file has them.
    pub raw: RecordBatch,
    /// The same rows with the columns of the shared table, all nullable; null where a cell could not be read.
    pub typed: RecordBatch,
    /// Number of each row in its file, from 1.
    pub row_numbers: Vec<i64>,
    /// The cells that could not be read, by row.
    pub failures: Vec<TypeFailure>,
    /// For each row the first `[[skip]]` that names it.
    pub skipped: Vec<Option<usize>>,
    /// For each row the first `[[return]]` that names it.
    pub returned: Vec<Option<usize>>,
    /// Cells of text whose ends had white space or control characters, which were taken off, by position of the column
    /// in the shared table.
    pub trimmed: BTreeMap<usize, u64>,
    /// Rows that could not be read at all; they are in none of the above.
    pub refused: Vec<RefusedRow>,
}

enum Input {
    Column(usize),
    Constant(ArrayRef),
    RowNumber,
    Sql(Compiled),
    Nothing,
    Returned,
}

/// Makes rows of the shared table; compiled once per file.
pub(crate) struct Mapper {
    file: PathBuf,
    source: Source,
    typed_schema: SchemaRef,
    inputs: Vec<Input>,
    expected: Vec<Arc<str>>,
    skips: Vec<Compiled>,
    returns: Vec<Compiled>,
}

/// The schema of a shared table with every column nullable, as rows are before they are checked.
pub(crate) fn nullable(columns: &[Column]) -> SchemaRef {
    Arc::new(Schema::new(
        columns
            .iter()
            .map(|c| Field::new(&c.name, c.kind.arrow(), true))
            .collect::<Vec<_>>(),
    ))
}

/// The column that SQL expressions find beside those of the file.
fn row_number_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new(
        "row_number",
        DataType::Int64,
        false,
    )]))
}

/// A constant as a column of one row; `Err` is what can be read.
pub(crate) fn constant(
    column: &Column,
    mapping: &Mapping,
    style: NumberStyle,
    text: &str,
) -> Result<ArrayRef, Arc<str>> {
    let expected = column::expected(column.kind, mapping);
    let texts: ArrayRef = Arc::new(StringArray::from(vec![text]));
    let read =
        column::convert(&texts, column.kind, mapping, style).map_err(|_| Arc::clone(&expected))?;
    if read.failures.is_empty() {
        Ok(read.values)
    } else {
        Err(expected)
    }
}

impl Mapper {
    pub(crate) fn new(source: &Source, file: &Path, raw: &SchemaRef) -> Result<Self, ReadError> {
        let session = session();
        let refused = |source: ExpressionError| ReadError::Expression {
            file: file.to_owned(),
            source,
        };
        let typed_schema = nullable(&source.table.columns);
        let numbered = beside_schema(raw, &row_number_schema());
        let both = beside_schema(raw, &typed_schema);
        let mut inputs = Vec::new();
        let mut expected = Vec::new();
        for (mapping, column) in source.columns.iter().zip(&source.table.columns) {
            expected.push(column::expected(column.kind, mapping));
            inputs.push(match &mapping.origin {
                Origin::Column(from) => Input::Column(find(file, raw, from, &column.name)?),
                Origin::Constant(text) => Input::Constant(
                    constant(column, mapping, source.numbers(), text)
                        .unwrap_or_else(|_| new_null_array(&column.kind.arrow(), 1)),
                ),
                Origin::RowNumber => Input::RowNumber,
                Origin::Sql(sql) => {
                    let place = format!("columns.{}", column.name);
                    Input::Sql(Compiled::new(&session, &numbered, place, sql).map_err(refused)?)
                }
                Origin::Nothing => Input::Nothing,
                Origin::Returned => Input::Returned,
            });
        }
        let compile = |key: &str, all: &[crate::config::RawWhen]| {
            let compiled = all.iter().enumerate().map(|(position, rule)| {
                Compiled::condition(
                    &session,
                    &both,
                    format!("{key} {}", position + 1),
                    &rule.when,
                )
            });
            compiled.collect::<Result<Vec<_>, _>>()
        };
        let skips = compile("skip", source.skips()).map_err(refused)?;
        let returns = compile("return", source.returns()).map_err(refused)?;
        Ok(Self {
            file: file.to_owned(),
            source: source.clone(),
            typed_schema,
            inputs,
            expected,
            skips,
            returns,
        })
    }

    pub(crate) fn typed_schema(&self) -> SchemaRef {
        Arc::clone(&self.typed_schema)
    }

    pub(crate) fn map(&self, read: RawRows) -> Result<MappedRows, ReadError> {
        let RawRows {
            rows: raw,
            row_numbers,
            refused,
        } = read;
        let rows = raw.num_rows();
        let mut failures = Vec::new();
        let mut trimmed = BTreeMap::new();
        let mut columns = Vec::with_capacity(self.inputs.len());
        for (position, input) in self.inputs.iter().enumerate() {
            let column = self.column(position, input, &raw, &row_numbers)?;
            let failed = column.failures.into_iter();
            failures.extend(failed.map(|(row, value)| TypeFailure {
                row,
                column: position,
                value,
                expected: Arc::clone(&self.expected[position]),
            }));
            if column.trimmed > 0 {
                trimmed.insert(position, column.trimmed);
            }
            columns.push(column.values);
        }
        failures.sort_by_key(|f: &TypeFailure| (f.row, f.column));
        let mut typed = self.batch(columns, rows);
        let failed = |source: ExpressionError| ReadError::Expression {
            file: self.file.clone(),
            source,
        };
        let (mut skipped, mut returned) = (vec![None; rows], vec![None; rows]);
        if !self.skips.is_empty() || !self.returns.is_empty() {
            let both = beside(&raw, &typed);
            skipped = first_true(&self.skips, &both).map_err(failed)?;
            returned = first_true(&self.returns, &both).map_err(failed)?;
        }
        if let Some(position) = self
            .inputs
            .iter()
            .position(|i| matches!(i, Input::Returned))
        {
            let mut columns = typed.columns().to_vec();
            columns[position] = Arc::new(BooleanArray::from(
                returned.iter().map(Option::is_some).collect::<Vec<_>>(),
            ));
            typed = self.batch(columns, rows);
        }
        Ok(MappedRows {
            raw,
            typed,
            row_numbers,
            failures,
            skipped,
            returned,
            trimmed,
            refused,
        })
    }

    fn batch(&self, columns: Vec<ArrayRef>, rows: usize) -> RecordBatch {
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.typed_schema(), columns, &options)
            .expect("each column was made with the type that the table gives it")
    }

    fn column(
        &self,
        position: usize,
        input: &Input,
        raw: &RecordBatch,
        row_numbers: &[i64],
    ) -> Result<column::Column, ReadError> {
        let made = |values: ArrayRef| column::Column {
            values,
            failures: Vec::new(),
            trimmed: 0,
        };
        let column = &self.source.table.columns[position];
        let mapping = &self.source.columns[position];
        let (from, values) = match input {
            Input::Column(index) => (
                raw.schema().field(*index).name().clone(),
                Arc::clone(raw.column(*index)),
            ),
            Input::Sql(compiled) => {
                let failed = |source| ReadError::Expression {
                    file: self.file.clone(),
                    source,
                };
                let numbers = Int64Array::from(row_numbers.to_vec());
                let numbers = RecordBatch::try_new(row_number_schema(), vec![Arc::new(numbers)])
                    .expect("one column of whole numbers fits its schema");
                (
                    "its SQL".to_owned(),
                    compiled.evaluate(&beside(raw, &numbers)).map_err(failed)?,
                )
            }
            Input::RowNumber => {
                let numbers: ArrayRef = Arc::new(Int64Array::from(row_numbers.to_vec()));
                ("the row number".to_owned(), numbers)
            }
            Input::Constant(value) => {
                let zeros = UInt32Array::from(vec![0; raw.num_rows()]);
                return Ok(made(
                    take(value, &zeros, None).expect("position 0 of a column of one row exists"),
                ));
            }
            Input::Nothing | Input::Returned => {
                return Ok(made(new_null_array(&column.kind.arrow(), raw.num_rows())));
            }
        };
        column::convert(&values, column.kind, mapping, self.source.numbers()).map_err(|found| {
            ReadError::ColumnType {
                file: self.file.clone(),
                column: from,
                mapped_to: column.name.clone(),
                found,
                expected: self.expected[position].to_string(),
            }
        })
    }
}

/// For each row the first condition that is true.
fn first_true(
    conditions: &[Compiled],
    rows: &RecordBatch,
) -> Result<Vec<Option<usize>>, ExpressionError> {
    let mut first = vec![None; rows.num_rows()];
    for (position, condition) in conditions.iter().enumerate() {
        let answers = condition.answers(rows)?;
        for (row, slot) in first.iter_mut().enumerate() {
            if slot.is_none() && answers.is_valid(row) && answers.value(row) {
                *slot = Some(position);
            }
        }
    }
    Ok(first)
}

fn find(file: &Path, raw: &SchemaRef, column: &str, mapped_to: &str) -> Result<usize, ReadError> {
    raw.index_of(column).map_err(|_| {
        let found: Vec<String> = raw.fields().iter().map(|f| f.name().clone()).collect();
        ReadError::MissingColumn {
            file: file.to_owned(),
            column: column.to_owned(),
            mapped_to: mapped_to.to_owned(),
            nearest: nearest(column, &found),
            found,
        }
    })
}

/// Edits between two names, letter case aside.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (
        a.to_lowercase().chars().collect(),
        b.to_lowercase().chars().collect(),
    );
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            row.push(
                (last[j] + usize::from(x != y))
                    .min(last[j + 1] + 1)
                    .min(row[j] + 1),
            );
        }
        last = row;
    }
    last[b.len()]
}

/// The name most similar to `wanted`, where one is similar enough to be a slip or a rename.
pub(crate) fn nearest(wanted: &str, found: &[String]) -> Option<String> {
    let close = found
        .iter()
        .map(|name| (distance(wanted, name), name))
        .min()?;
    (close.0 <= (wanted.chars().count() / 2).max(2)).then(|| close.1.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_a_slip_or_nothing() {
        let found = ["Invoice", "Customer ID", "Price"].map(str::to_owned);
        assert_eq!(
            nearest("CustomerID", &found).as_deref(),
            Some("Customer ID")
        );
        assert_eq!(nearest("price", &found).as_deref(), Some("Price"));
        assert_eq!(nearest("warehouse", &found), None);
    }
}
