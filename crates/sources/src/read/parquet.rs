//! Parquet files, with the types that they have.

use super::{
    BATCH_ROWS, CELL_BYTES_MAX, Lapse, RawFile, RawRows, ReadError, RefusedRow, beginning, io,
};
use crate::config::Source;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, StringArray,
};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EXPECTED: &str = "a Parquet file (`format = \"parquet\"`)";

struct Parquet {
    file: PathBuf,
    schema: SchemaRef,
    null_values: Vec<String>,
    reader: ParquetRecordBatchReader,
    next_row: i64,
    done: bool,
}

/// Text in its many Arrow shapes becomes plain text; everything else stays.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only some types have a plainer form"
)]
fn plain(kind: &DataType) -> DataType {
    match kind {
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Dictionary(_, value) => plain(value),
        other => other.clone(),
    }
}

/// What the decoder answers. It panics on some damaged files; that is damage too, and no reason to end the program.
fn decoded<T, E: std::fmt::Display>(
    file: &Path,
    decode: impl FnOnce() -> Result<T, E>,
) -> Result<T, ReadError> {
    // Nothing of the decoder is used after a panic, so nothing half changed can be seen.
    let found = match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(error)) => error.to_string(),
        Err(panic) => match panic.downcast_ref::<String>() {
            Some(text) => text.clone(),
            None => panic
                .downcast_ref::<&str>()
                .map_or_else(String::new, |text| (*text).to_owned()),
        },
    };
    Err(ReadError::Damaged {
        file: file.to_owned(),
        found,
    })
}

pub(super) fn open(source: &Source, file: &Path) -> Result<RawFile, ReadError> {
    use std::io::Read;
    let mut opened = fs_err::File::open(file).map_err(io(file))?.into_file();
    let mut magic = Vec::new();
    (&mut opened)
        .take(4)
        .read_to_end(&mut magic)
        .map_err(io(file))?;
    if magic.is_empty() {
        return Err(ReadError::Empty {
            file: file.to_owned(),
        });
    }
    if magic != b"PAR1" {
        let found = "a file that does not begin with PAR1".to_owned();
        return Err(ReadError::NotThisFormat {
            file: file.to_owned(),
            found,
            expected: EXPECTED,
        });
    }
    let place = opened.try_clone().map_err(io(file))?;
    let builder = decoded(file, || ParquetRecordBatchReaderBuilder::try_new(opened))?;
    if builder.metadata().file_metadata().num_rows() == 0 {
        return Err(ReadError::NoRows {
            file: file.to_owned(),
        });
    }
    let fields: Vec<Field> = builder
        .schema()
        .fields()
        .iter()
        .map(|f| Field::new(f.name(), plain(f.data_type()), true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let reader = decoded(file, || builder.with_batch_size(BATCH_ROWS).build())?;
    let null_values = source.raw.null_values.clone();
    let reader = Parquet {
        file: file.to_owned(),
        schema: Arc::clone(&schema),
        null_values,
        reader,
        next_row: 1,
        done: false,
    };
    Ok(RawFile {
        place,
        schema,
        batches: Box::new(reader),
    })
}

/// Texts that mean "nothing here" become nulls.
fn without_null_values(texts: &StringArray, null_values: &[String]) -> ArrayRef {
    let means_nothing = |text: &str| null_values.iter().any(|null| null == text);
    if texts.iter().flatten().any(means_nothing) {
        return Arc::new(
            texts
                .iter()
                .map(|t| t.filter(|t| !means_nothing(t)))
                .collect::<StringArray>(),
        );
    }
    Arc::new(texts.clone())
}

impl Parquet {
    fn rows(&mut self, batch: &RecordBatch) -> Result<RawRows, ArrowError> {
        let mut columns = Vec::with_capacity(batch.num_columns());
        let mut too_long = None;
        for (position, (column, field)) in
            batch.columns().iter().zip(self.schema.fields()).enumerate()
        {
            let mut column = cast(column, field.data_type())?;
            if let Some(texts) = column.as_string_opt::<i32>() {
                // Offsets tell without a look at each cell whether one of them can be too long.
                if texts.value_data().len() > CELL_BYTES_MAX && too_long.is_none() {
                    let long = |row: &usize| {
                        texts.is_valid(*row) && texts.value(*row).len() > CELL_BYTES_MAX
                    };
                    too_long = (0..texts.len()).find(long).map(|_| position);
                }
                column = without_null_values(texts, &self.null_values);
            }
            columns.push(column);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        let first = self.next_row;
        let row_numbers: Vec<i64> = (first..).take(batch.num_rows()).collect();
        self.next_row += row_numbers.len() as i64;
        if too_long.is_some() {
            self.without_long_cells(&rows, row_numbers)
        } else {
            Ok(RawRows {
                rows,
                row_numbers,
                refused: Vec::new(),
            })
        }
    }

    fn without_long_cells(
        &self,
        rows: &RecordBatch,
        row_numbers: Vec<i64>,
    ) -> Result<RawRows, ArrowError> {
        let mut refused = Vec::new();
        let mut kept = vec![true; rows.num_rows()];
        for (column, field) in rows.columns().iter().zip(self.schema.fields()) {
            let Some(texts) = column.as_string_opt::<i32>() else {
                continue;
            };
            for (row, text) in texts.iter().enumerate() {
                let Some(text) = text.filter(|t| t.len() > CELL_BYTES_MAX && kept[row]) else {
                    continue;
                };
                kept[row] = false;
                let lapse = Lapse::CellTooLong {
                    column: field.name().clone(),
                    bytes: schema::Bytes(text.len() as u64),
                    allowed: schema::Bytes(CELL_BYTES_MAX as u64),
                };
                refused.push(RefusedRow {
                    row_number: row_numbers[row],
                    lapse,
                    text: beginning(text, 200),
                });
            }
        }
        refused.sort_by_key(|r| r.row_number);
        let row_numbers = row_numbers
            .into_iter()
            .zip(&kept)
            .filter(|(_, keep)| **keep)
            .map(|(n, _)| n)
            .collect();
        Ok(RawRows {
            rows: filter_record_batch(rows, &BooleanArray::from(kept))?,
            row_numbers,
            refused,
        })
    }
}

impl Iterator for Parquet {
    type Item = Result<RawRows, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let file = self.file.clone();
        let rows = decoded(&file, || {
            let batch = self.reader.next().transpose()?;
            batch.map(|batch| self.rows(&batch)).transpose()
        });
        self.done = !matches!(rows, Ok(Some(_)));
        rows.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_panics_has_found_damage() {
        let refused = |decode: fn() -> Result<(), ArrowError>| {
            decoded(Path::new("a.parquet"), decode)
                .unwrap_err()
                .to_string()
        };
        let said = "read a.parquet: the Parquet file is cut short or damaged: ";
        assert_eq!(
            refused(|| panic!("the length is negative")),
            format!("{said}the length is negative")
        );
        assert_eq!(
            refused(|| Err(ArrowError::ParquetError("no page".to_owned()))),
            format!("{said}Parquet argument error: no page")
        );
        // A text that is put together arrives in another type than one that is constant.
        assert_eq!(
            refused(|| panic!("{} bits", std::hint::black_box(65))),
            format!("{said}65 bits")
        );
    }
}
