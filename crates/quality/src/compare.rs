//! Comparisons over whole columns.

use crate::keys::KeySet;
use crate::rows::{CheckError, RowsToCheck};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, SchemaRef};
use arrow::error::ArrowError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a column of a uniqueness rule is found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Raw(usize),
    Typed(usize),
}

/// Where a column is: in the file, or else in the shared table.
pub(crate) fn find(
    rule: &str,
    column: &str,
    typed: &SchemaRef,
    raw: Option<&SchemaRef>,
) -> Result<Place, CheckError> {
    if let Some(position) = raw.and_then(|raw| raw.index_of(column).ok()) {
        return Ok(Place::Raw(position));
    }
    typed.index_of(column).map(Place::Typed).map_err(|_| {
        let both = raw.into_iter().chain([typed]);
        let found = both
            .flat_map(|s| s.fields().iter().map(|f| f.name().clone()))
            .collect();
        CheckError::NoColumn {
            rule: rule.to_owned(),
            column: column.to_owned(),
            found,
        }
    })
}

/// The values of a column.
pub(crate) fn column_at<'r>(rows: &RowsToCheck<'r>, place: Place) -> &'r ArrayRef {
    match place {
        Place::Raw(column) => rows.raw.column(column),
        Place::Typed(column) => rows.typed.column(column),
    }
}

/// The rows whose key was seen before; new keys of rows still alive are added.
pub(crate) fn repeated(keys: &[u128], alive: &[bool], seen: &mut KeySet) -> Vec<usize> {
    let mut again = Vec::new();
    for (row, key) in keys.iter().enumerate() {
        if alive[row] && !seen.insert(*key) {
            again.push(row);
        }
    }
    again
}

/// For each row whether its number lies outside the bounds; null lies inside.
#[expect(
    clippy::cast_precision_loss,
    reason = "limits are small numbers; beyond 2^53 a value is out of range anyway"
)]
pub(crate) fn out_of_range(values: &ArrayRef, min: Option<f64>, max: Option<f64>) -> Vec<bool> {
    let (min, max) = (
        min.unwrap_or(f64::NEG_INFINITY),
        max.unwrap_or(f64::INFINITY),
    );
    let outside = |v: Option<f64>| v.is_some_and(|v| v < min || v > max);
    if let Some(numbers) = values.as_primitive_opt::<Int64Type>() {
        return numbers
            .iter()
            .map(|v| outside(v.map(|v| v as f64)))
            .collect();
    }
    if let Some(numbers) = values.as_primitive_opt::<Float64Type>() {
        return numbers.iter().map(outside).collect();
    }
    vec![false; values.len()]
}

/// For each row whether its text is the code of a currency.
pub(crate) fn currencies(texts: &StringArray) -> Vec<bool> {
    // A file has few currencies, mostly one.
    let mut last: Option<(&str, bool)> = None;
    let known = texts.iter().map(|text| {
        let text = text.unwrap_or_default();
        match last {
            Some((seen, known)) if seen == text => known,
            _ => {
                let known = schema::Currency::new(text).is_ok();
                last = Some((text, known));
                known
            }
        }
    });
    known.collect()
}

/// For each row whether its text is a JSON object of numbers that add up to no more than 1.
pub(crate) fn probabilities(texts: &StringArray) -> Vec<bool> {
    /// Sums of decimal fractions are not exact.
    const ROUNDING: f64 = 1e-9;
    // Draws of one campaign mostly tell one text.
    let mut last: Option<(&str, bool)> = None;
    let fit = texts.iter().map(|text| {
        let text = text.unwrap_or_default();
        match last {
            Some((seen, fit)) if seen == text => fit,
            _ => {
                let of: Option<BTreeMap<String, f64>> = serde_json::from_str(text).ok();
                let fit = of.is_some_and(|of| of.values().sum::<f64>() <= 1.0 + ROUNDING);
                last = Some((text, fit));
                fit
            }
        }
    });
    fit.collect()
}

/// Values as text.
pub(crate) fn as_text(values: &ArrayRef) -> Result<StringArray, ArrowError> {
    if let Some(texts) = values.as_string_opt::<i32>() {
        return Ok(texts.clone());
    }
    Ok(cast(values, &DataType::Utf8)?.as_string::<i32>().clone())
}

/// The columns of the shared table, then those of the file whose names are not also there.
pub(crate) fn beside(typed: &RecordBatch, raw: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = typed.schema();
    let mut fields = schema.fields().to_vec();
    let mut columns = typed.columns().to_vec();
    for (field, column) in raw.schema().fields().iter().zip(raw.columns()) {
        if schema.column_with_name(field.name()).is_none() {
            fields.push(Arc::clone(field));
            columns.push(Arc::clone(column));
        }
    }
    RecordBatch::try_new(Arc::new(arrow::datatypes::Schema::new(fields)), columns)
}
