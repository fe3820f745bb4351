//! Columns of a batch of rows, by place.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};

/// Cells of a batch whose columns have the types that a query asked for; `None` where a cell is empty.
pub(crate) struct Columns<'a>(pub(crate) &'a RecordBatch);

impl<'a> Columns<'a> {
    pub(crate) fn rows(&self) -> std::ops::Range<usize> {
        0..self.0.num_rows()
    }

    /// Without a copy.
    pub(crate) fn text(&self, column: usize, row: usize) -> Option<&'a str> {
        let column = self.0.column(column).as_string::<i32>();
        column.is_valid(row).then(|| column.value(row))
    }

    pub(crate) fn owned(&self, column: usize, row: usize) -> Option<String> {
        self.text(column, row).map(str::to_owned)
    }

    /// Days since 1970-01-01.
    pub(crate) fn day(&self, column: usize, row: usize) -> Option<i32> {
        let column = self.0.column(column).as_primitive::<Date32Type>();
        column.is_valid(row).then(|| column.value(row))
    }

    /// Whole seconds since 1970-01-01 UTC.
    pub(crate) fn seconds(&self, column: usize, row: usize) -> Option<i64> {
        const MICROSECONDS: i64 = 1_000_000;
        let column = self.0.column(column);
        let column = column.as_primitive::<TimestampMicrosecondType>();
        column
            .is_valid(row)
            .then(|| column.value(row).div_euclid(MICROSECONDS))
    }

    pub(crate) fn whole(&self, column: usize, row: usize) -> Option<i64> {
        let column = self.0.column(column).as_primitive::<Int64Type>();
        column.is_valid(row).then(|| column.value(row))
    }

    /// A whole number that is not below 0 and has room in 32 bits.
    pub(crate) fn count(&self, column: usize, row: usize) -> Option<u32> {
        self.whole(column, row)
            .and_then(|count| u32::try_from(count).ok())
    }

    pub(crate) fn number(&self, column: usize, row: usize) -> Option<f64> {
        let column = self.0.column(column).as_primitive::<Float64Type>();
        column.is_valid(row).then(|| column.value(row))
    }
}
