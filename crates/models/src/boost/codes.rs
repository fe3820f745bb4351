//! Codes of the rows that are learnt from, side by side.

use std::borrow::Cow;

use super::table::Table;

/// Codes of some rows of a table, column after column.
#[derive(Debug, Clone)]
pub(super) struct Codes<'a> {
    columns: Vec<Cow<'a, [u8]>>,
    rows: usize,
}

impl<'a> Codes<'a> {
    /// All rows of a table, or those named, in their order.
    pub(super) fn new(table: &'a Table, rows: Option<&[usize]>) -> Self {
        let of = |column: usize| -> Cow<'a, [u8]> {
            let codes = &table.column(column).codes;
            match rows {
                None => Cow::Borrowed(codes),
                Some(rows) => rows.iter().map(|row| codes[*row]).collect(),
            }
        };
        Self {
            columns: (0..table.columns()).map(of).collect(),
            rows: rows.map_or(table.rows(), <[usize]>::len),
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Codes of a column, by row.
    pub(super) fn column(&self, column: usize) -> &[u8] {
        &self.columns[column]
    }
}
