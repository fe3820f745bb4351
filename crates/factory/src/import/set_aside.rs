//! Rows of the table `quarantine`.

use arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    new_null_array,
};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use quality::{SetAside, UnreadRow};
use serde_json::{Map, Value};
use sources::MappedRows;
use std::sync::Arc;

/// Characters of a row that are kept.
const ROW_CHARACTERS: usize = 4_000;

/// Where the rows come from.
pub(super) struct From<'a> {
    pub(super) source: &'a str,
    pub(super) table: &'a str,
    pub(super) file: &'a str,
    pub(super) now: jiff::Timestamp,
}

struct Row {
    line_no: i64,
    rule: String,
    column: Option<String>,
    value: Option<String>,
    reason: String,
    skipped: bool,
    row: String,
}

fn cut(text: String) -> String {
    if text.len() <= ROW_CHARACTERS {
        text
    } else {
        text.chars().take(ROW_CHARACTERS).collect()
    }
}

/// A row of the file as JSON: numbers and truth values as such, everything else as text.
fn as_json(raw: &RecordBatch, formatters: &[ArrayFormatter<'_>], row: usize) -> String {
    let mut object = Map::new();
    for ((field, column), formatter) in raw
        .schema()
        .fields()
        .iter()
        .zip(raw.columns())
        .zip(formatters)
    {
        let value = if column.is_null(row) {
            Value::Null
        } else {
            let text = formatter.value(row).to_string();
            let kind = field.data_type();
            let plain = kind.is_numeric() || *kind == arrow::datatypes::DataType::Boolean;
            match serde_json::from_str::<Value>(&text) {
                Ok(value) if plain => value,
                Ok(_) | Err(_) => Value::String(text),
            }
        };
        object.insert(field.name().clone(), value);
    }
    Value::Object(object).to_string()
}

/// The rows of a batch that are not accepted.
pub(super) fn rows(
    from: &From<'_>,
    mapped: &MappedRows,
    set_aside: &[SetAside],
    unread: &[UnreadRow],
) -> Result<RecordBatch, ArrowError> {
    let options = FormatOptions::new().with_display_error(true);
    let formatters: Vec<ArrayFormatter<'_>> = if set_aside.is_empty() {
        Vec::new()
    } else {
        mapped
            .raw
            .columns()
            .iter()
            .map(|c| ArrayFormatter::try_new(c, &options))
            .collect::<Result<_, _>>()?
    };
    let refused = set_aside.iter().map(|s| Row {
        line_no: mapped.row_numbers[s.row],
        rule: s.rule.to_string(),
        column: s.column.as_ref().map(ToString::to_string),
        value: s.value.clone(),
        reason: s.reason.to_string(),
        skipped: s.skipped,
        row: cut(as_json(&mapped.raw, &formatters, s.row)),
    });
    let unread = unread.iter().map(|u| Row {
        line_no: u.row_number,
        rule: u.rule.clone(),
        column: u.column.clone(),
        value: Some(u.text.chars().take(200).collect()),
        reason: u.reason.clone(),
        skipped: false,
        row: cut(Value::String(u.text.clone()).to_string()),
    });
    batch(from, &refused.chain(unread).collect::<Vec<_>>())
}

fn batch(from: &From<'_>, rows: &[Row]) -> Result<RecordBatch, ArrowError> {
    let table = schema::table::table("quarantine").expect("the shared schema has a quarantine");
    let text = |of: &dyn Fn(&Row) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let moments = TimestampMicrosecondArray::from(vec![from.now.as_microsecond(); rows.len()])
        .with_timezone("UTC");
    let columns = table.columns.iter().map(|c| -> ArrayRef {
        match c.name.as_str() {
            "source" => text(&|_| Some(from.source.to_owned())),
            "file" => text(&|_| Some(from.file.to_owned())),
            "line_no" => Arc::new(rows.iter().map(|r| r.line_no).collect::<Int64Array>()),
            "table" => text(&|_| Some(from.table.to_owned())),
            "rule" => text(&|r| Some(r.rule.clone())),
            "column" => text(&|r| r.column.clone()),
            "value" => text(&|r| r.value.clone()),
            "reason" => text(&|r| Some(r.reason.clone())),
            "skipped" => Arc::new(BooleanArray::from(
                rows.iter().map(|r| r.skipped).collect::<Vec<_>>(),
            )),
            "row" => text(&|r| Some(r.row.clone())),
            "imported_at" => Arc::new(moments.clone()),
            _ => new_null_array(&c.kind.arrow(), rows.len()),
        }
    });
    RecordBatch::try_new(table.arrow(), columns.collect())
}
