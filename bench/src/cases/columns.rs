//! Columns of Parquet files that fit into memory.

use std::path::Path;

use anyhow::{Context, ensure};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

pub(crate) fn batches(path: &Path) -> anyhow::Result<Vec<RecordBatch>> {
    let file = fs_err::File::open(path)?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file.into_parts().0)?.build()?;
    reader
        .collect::<Result<_, _>>()
        .with_context(|| format!("read {}", path.display()))
}

/// A column of each batch, as a type that it can be cast to.
fn columns(batches: &[RecordBatch], name: &str, of: &DataType) -> anyhow::Result<Vec<ArrayRef>> {
    let column = |batch: &RecordBatch| {
        let column = batch
            .column_by_name(name)
            .with_context(|| format!("no column `{name}`"))?;
        Ok(cast(column, of)?)
    };
    batches.iter().map(column).collect()
}

/// # Errors
/// Also when a value is not known.
pub(crate) fn numbers(batches: &[RecordBatch], name: &str) -> anyhow::Result<Vec<f64>> {
    let columns = columns(batches, name, &DataType::Float64)?;
    let unknown: usize = columns.iter().map(|c| c.null_count()).sum();
    ensure!(unknown == 0, "column `{name}` has nulls");
    let values = columns
        .iter()
        .flat_map(|c| c.as_primitive::<Float64Type>().values());
    Ok(values.copied().collect())
}

/// Not a number where nothing is known.
pub(crate) fn numbers_or_nan(batches: &[RecordBatch], name: &str) -> anyhow::Result<Vec<f64>> {
    let columns = columns(batches, name, &DataType::Float64)?;
    let values = columns.iter().flat_map(|c| c.as_primitive::<Float64Type>());
    Ok(values.map(|value| value.unwrap_or(f64::NAN)).collect())
}

/// Nothing where nothing is known.
pub(crate) fn texts(batches: &[RecordBatch], name: &str) -> anyhow::Result<Vec<String>> {
    let columns = columns(batches, name, &DataType::Utf8)?;
    let texts = columns.iter().flat_map(|c| c.as_string::<i32>());
    Ok(texts
        .map(|text| text.unwrap_or_default().to_owned())
        .collect())
}
