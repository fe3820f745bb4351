//! Rows of text fields become batches of text columns.

use super::{BATCH_BYTES, BATCH_ROWS, CELL_BYTES_MAX, Lapse, RawRows, RefusedRow, beginning};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// Characters of a refused row that are kept.
const REFUSED_CHARACTERS: usize = 4_000;

/// A schema of nullable text columns.
pub(super) fn text_schema(names: impl IntoIterator<Item = String>) -> SchemaRef {
    Arc::new(Schema::new(
        names
            .into_iter()
            .map(|n| Field::new(n, DataType::Utf8, true))
            .collect::<Vec<_>>(),
    ))
}

/// A batch of text rows in the making.
pub(super) struct TextRows {
    schema: SchemaRef,
    null_values: Vec<String>,
    columns: Vec<StringBuilder>,
    row_numbers: Vec<i64>,
    refused: Vec<RefusedRow>,
    bytes: usize,
    next_row: i64,
}

impl TextRows {
    pub(super) fn new(schema: SchemaRef, null_values: Vec<String>) -> Self {
        let columns = schema
            .fields()
            .iter()
            .map(|_| StringBuilder::new())
            .collect();
        Self {
            schema,
            null_values,
            columns,
            row_numbers: Vec::new(),
            refused: Vec::new(),
            bytes: 0,
            next_row: 1,
        }
    }

    /// Columns that a row must have.
    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Rows seen so far.
    pub(super) fn rows_seen(&self) -> i64 {
        self.next_row - 1
    }

    /// Whether the batch is large enough to be handed on.
    pub(super) fn is_full(&self) -> bool {
        self.row_numbers.len() + self.refused.len() >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// Adds one row; `fields` are as many as there are columns, `None` where the file has nothing.
    pub(super) fn push<'a>(&mut self, fields: impl Iterator<Item = Option<&'a str>> + Clone) {
        let too_long = fields
            .clone()
            .position(|f| f.is_some_and(|f| f.len() > CELL_BYTES_MAX));
        if let Some(position) = too_long {
            let text = fields
                .clone()
                .flatten()
                .map(|f| beginning(f, 200))
                .collect::<Vec<_>>()
                .join(" | ");
            let bytes = fields.clone().nth(position).flatten().map_or(0, str::len) as u64;
            let column = self.schema.field(position).name().clone();
            let allowed = schema::Bytes(CELL_BYTES_MAX as u64);
            self.refuse(
                Lapse::CellTooLong {
                    column,
                    bytes: schema::Bytes(bytes),
                    allowed,
                },
                &text,
            );
            return;
        }
        for (column, field) in self.columns.iter_mut().zip(fields) {
            let field = field.filter(|f| !self.null_values.iter().any(|null| null == f));
            self.bytes += field.map_or(0, str::len);
            column.append_option(field);
        }
        self.row_numbers.push(self.next_row);
        self.next_row += 1;
    }

    /// Counts a row that cannot be read.
    pub(super) fn refuse(&mut self, lapse: Lapse, text: &str) {
        let text = beginning(text, REFUSED_CHARACTERS);
        self.bytes += text.len();
        self.refused.push(RefusedRow {
            row_number: self.next_row,
            lapse,
            text,
        });
        self.next_row += 1;
    }

    /// The rows gathered since the last call; `None` where there are none.
    pub(super) fn take(&mut self) -> Option<RawRows> {
        if self.row_numbers.is_empty() && self.refused.is_empty() {
            return None;
        }
        self.bytes = 0;
        let row_numbers = std::mem::take(&mut self.row_numbers);
        let columns: Vec<ArrayRef> = self
            .columns
            .iter_mut()
            .map(|c| Arc::new(c.finish()) as ArrayRef)
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(row_numbers.len()));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .expect("text columns of equal length fit a schema of text columns");
        Some(RawRows {
            rows,
            row_numbers,
            refused: std::mem::take(&mut self.refused),
        })
    }
}
