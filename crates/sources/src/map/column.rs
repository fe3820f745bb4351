//! One column of a file becomes one column of a shared table.

use super::{number, time};
use crate::config::{Mapping, NumberStyle, Unit};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use schema::Cents;
use schema::table::ColumnType;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Values, and the cells that could not be read: row and value.
type Converted = (ArrayRef, Vec<(usize, String)>);

/// A column of the shared table.
pub(super) struct Column {
    pub(super) values: ArrayRef,
    /// The cells that could not be read: row and value.
    pub(super) failures: Vec<(usize, String)>,
    /// Cells of text whose ends were trimmed.
    pub(super) trimmed: u64,
}

/// Characters of a value that are kept.
const VALUE_CHARACTERS: usize = 200;

/// The few shapes that all types of files are brought into first.
enum Shape {
    Text(StringArray),
    Whole(Int64Array),
    Real(Float64Array),
    Flag(BooleanArray),
    Day(Date32Array),
    Moment {
        micros: TimestampMicrosecondArray,
        has_zone: bool,
    },
    Empty,
}

/// Text of any Arrow shape as plain text.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only some types have a plainer form"
)]
fn plain(values: &ArrayRef) -> ArrayRef {
    match values.data_type() {
        DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(_, _) => {
            cast(values, &DataType::Utf8).unwrap_or_else(|_| Arc::clone(values))
        }
        _ => Arc::clone(values),
    }
}

/// Brings values into one of the shapes; `Err` is the type where none fits.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other types are named in the error"
)]
fn shape(values: &ArrayRef) -> Result<Shape, String> {
    let kind = values.data_type();
    let into = |to: DataType| cast(values, &to).map_err(|_| kind.to_string());
    match kind {
        DataType::Null => Ok(Shape::Empty),
        DataType::Utf8 => Ok(Shape::Text(values.as_string::<i32>().clone())),
        // Unsigned numbers beyond the signed range and decimals keep their exact value as text.
        DataType::Decimal128(_, _) | DataType::Decimal256(_, _) | DataType::UInt64 => Ok(
            Shape::Text(into(DataType::Utf8)?.as_string::<i32>().clone()),
        ),
        k if k.is_integer() => Ok(Shape::Whole(
            into(DataType::Int64)?.as_primitive::<Int64Type>().clone(),
        )),
        k if k.is_floating() => Ok(Shape::Real(
            into(DataType::Float64)?
                .as_primitive::<Float64Type>()
                .clone(),
        )),
        DataType::Boolean => Ok(Shape::Flag(values.as_boolean().clone())),
        DataType::Date32 | DataType::Date64 => Ok(Shape::Day(
            into(DataType::Date32)?.as_primitive::<Date32Type>().clone(),
        )),
        DataType::Timestamp(_, zone) => {
            let micros = into(DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
            let micros = micros.as_primitive::<TimestampMicrosecondType>().clone();
            Ok(Shape::Moment {
                micros,
                has_zone: zone.is_some(),
            })
        }
        other => Err(other.to_string()),
    }
}

/// What can be read as a value of the column, in words.
pub(super) fn expected(kind: ColumnType, mapping: &Mapping) -> Arc<str> {
    match kind {
        ColumnType::Text => "text".into(),
        ColumnType::Integer => "a whole number".into(),
        ColumnType::Cents if mapping.unit == Unit::Cents => "a whole number of cents".into(),
        ColumnType::Cents => "an amount below 90,000,000,000,000".into(),
        ColumnType::Number => "a finite number".into(),
        ColumnType::Date => format!("a date {}", mapping.format.words()).into(),
        ColumnType::Timestamp => format!("a moment {}", mapping.format.words()).into(),
        ColumnType::Boolean => "true or false (or yes, no, 1, 0)".into(),
    }
}

/// A floating-point number for the report: 1e308 rather than its 309 digits.
fn show_real(number: &f64) -> String {
    format!("{number:?}")
}

/// Reads each value with `read`; where it gives `None`, `show` gives the value for the report.
fn each<T, V>(
    values: impl Iterator<Item = Option<V>>,
    mut read: impl FnMut(&V) -> Option<T>,
    show: impl Fn(&V) -> String,
) -> (Vec<Option<T>>, Vec<(usize, String)>) {
    let mut failures = Vec::new();
    let read_all = values
        .enumerate()
        .map(|(row, value)| {
            let value = value?;
            let read = read(&value);
            if read.is_none() {
                failures.push((row, show(&value).chars().take(VALUE_CHARACTERS).collect()));
            }
            read
        })
        .collect();
    (read_all, failures)
}

/// Converts a column; `Err` is its type where no value of the kind can be made of it.
pub(super) fn convert(
    values: &ArrayRef,
    kind: ColumnType,
    mapping: &Mapping,
    style: NumberStyle,
) -> Result<Column, String> {
    let values = &plain(values);
    let shape = shape(values)?;
    if matches!(shape, Shape::Empty) {
        return Ok(Column {
            values: new_null_array(&kind.arrow(), values.len()),
            failures: Vec::new(),
            trimmed: 0,
        });
    }
    let converted = match kind {
        ColumnType::Text => text(&shape, values),
        ColumnType::Integer => integer(&shape, |t| number::integer(t, style)),
        ColumnType::Cents => cents(&shape, mapping.unit, style),
        ColumnType::Number => real(&shape, mapping.unit, style),
        ColumnType::Date => date(&shape, mapping),
        ColumnType::Timestamp => moment(&shape, mapping),
        ColumnType::Boolean => flag(&shape),
    };
    let Some(converted) = converted else {
        return Err(values.data_type().to_string());
    };
    let (values, failures) = with_lost(values, converted);
    let (values, trimmed) = match values.as_string_opt::<i32>() {
        Some(texts) => trim(texts),
        None => (values, 0),
    };
    Ok(Column {
        values,
        failures,
        trimmed,
    })
}

/// What nobody sees at the ends of a text: white space, control characters, marks of width zero.
fn is_invisible(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || matches!(letter, '\u{200b}' | '\u{feff}')
}

/// Takes off what nobody sees at the ends of texts: `" C0001"` is the customer `C0001`. A text of nothing else is null.
/// With the count of cells that changed.
fn trim(texts: &StringArray) -> (ArrayRef, u64) {
    let trimmed = |text: &str| text.trim_matches(is_invisible).len() < text.len();
    let cells = texts.iter().flatten().filter(|t| trimmed(t)).count() as u64;
    if cells == 0 {
        return (Arc::new(texts.clone()), 0);
    }
    let each = texts.iter().map(|text| {
        let text = text?;
        let seen = text.trim_matches(is_invisible);
        (text.is_empty() || !seen.is_empty()).then_some(seen)
    });
    (Arc::new(each.collect::<StringArray>()), cells)
}

/// Adds the cells that a cast made null because their type holds more than the column's: they are not empty.
fn with_lost(values: &ArrayRef, (converted, mut failures): Converted) -> Converted {
    if converted.null_count() > values.null_count() + failures.len() {
        let counts = cast(values, &DataType::Int64).ok();
        let counts = counts
            .as_ref()
            .map(|counts| counts.as_primitive::<Int64Type>());
        let told: BTreeSet<usize> = failures.iter().map(|failure| failure.0).collect();
        let lost =
            |row: &usize| values.is_valid(*row) && converted.is_null(*row) && !told.contains(row);
        failures.extend((0..values.len()).filter(lost).map(|row| {
            let count = counts.filter(|counts| counts.is_valid(row));
            (
                row,
                count.map_or_else(String::new, |c| c.value(row).to_string()),
            )
        }));
    }
    (converted, failures)
}

fn text(shape: &Shape, values: &ArrayRef) -> Option<Converted> {
    let none = Vec::new();
    match shape {
        Shape::Text(texts) => Some((Arc::new(texts.clone()), none)),
        // Identifiers that a spreadsheet made floating point lose their `.0`. What is no number names nobody.
        Shape::Real(numbers) => {
            let name = |n: &f64| {
                let whole = || number::whole(*n).map(|whole| whole.to_string());
                n.is_finite()
                    .then(|| whole().unwrap_or_else(|| n.to_string()))
            };
            let (texts, failures) = each(numbers.iter(), name, show_real);
            Some((Arc::new(StringArray::from(texts)), failures))
        }
        Shape::Whole(_) | Shape::Flag(_) | Shape::Day(_) | Shape::Moment { .. } => {
            Some((cast(values, &DataType::Utf8).ok()?, none))
        }
        Shape::Empty => None,
    }
}

fn integer(shape: &Shape, read: impl Fn(&str) -> Option<i64>) -> Option<Converted> {
    let (numbers, failures) = match shape {
        Shape::Text(texts) => each(texts.iter(), |t| read(t), |t| (*t).to_owned()),
        Shape::Real(numbers) => each(numbers.iter(), |n| number::whole(*n), show_real),
        Shape::Whole(numbers) => return Some((Arc::new(numbers.clone()), Vec::new())),
        Shape::Flag(_) | Shape::Day(_) | Shape::Moment { .. } | Shape::Empty => return None,
    };
    Some((Arc::new(Int64Array::from(numbers)), failures))
}

fn cents(shape: &Shape, unit: Unit, style: NumberStyle) -> Option<Converted> {
    if unit == Unit::Cents {
        return integer(shape, |t| number::integer(t, style));
    }
    let (amounts, failures) = match shape {
        Shape::Text(texts) => each(
            texts.iter(),
            |t| number::cents(t, style),
            |t| (*t).to_owned(),
        ),
        Shape::Real(numbers) => each(
            numbers.iter(),
            |n| Cents::nearest(n * 100.0).map(|c| c.0),
            show_real,
        ),
        Shape::Whole(numbers) => each(numbers.iter(), |n| n.checked_mul(100), i64::to_string),
        Shape::Flag(_) | Shape::Day(_) | Shape::Moment { .. } | Shape::Empty => return None,
    };
    Some((Arc::new(Int64Array::from(amounts)), failures))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a number column holds floating point; whole numbers beyond 2^53 round"
)]
fn real(shape: &Shape, unit: Unit, style: NumberStyle) -> Option<Converted> {
    let scale = if unit == Unit::Percent { 0.01 } else { 1.0 };
    let (numbers, failures) = match shape {
        Shape::Text(texts) => each(
            texts.iter(),
            |t| number::number(t, style).map(|n| n * scale),
            |t| (*t).to_owned(),
        ),
        Shape::Real(numbers) => each(
            numbers.iter(),
            |n| Some(n * scale).filter(|n| n.is_finite()),
            show_real,
        ),
        Shape::Whole(numbers) => each(numbers.iter(), |n| Some(*n as f64 * scale), i64::to_string),
        Shape::Flag(_) | Shape::Day(_) | Shape::Moment { .. } | Shape::Empty => return None,
    };
    Some((Arc::new(Float64Array::from(numbers)), failures))
}

/// Keeps the last answer: rows of one order follow each other and share their moment.
fn remembered<'a, T: Copy>(read: impl Fn(&str) -> Option<T>) -> impl FnMut(&&'a str) -> Option<T> {
    let mut last: Option<(&'a str, Option<T>)> = None;
    move |text| match last {
        Some((seen, answer)) if seen == *text => answer,
        _ => {
            let answer = read(text);
            last = Some((text, answer));
            answer
        }
    }
}

fn date(shape: &Shape, mapping: &Mapping) -> Option<Converted> {
    let (format, zone) = (&mapping.format, &mapping.zone);
    let (days, failures) = match shape {
        Shape::Text(texts) => each(texts.iter(), remembered(|t| format.day(t, zone)), |t| {
            (*t).to_owned()
        }),
        Shape::Day(days) => each(days.iter(), |d| time::day(*d), i32::to_string),
        Shape::Moment { micros, has_zone } => {
            let utc = jiff::tz::TimeZone::UTC;
            let zone = if *has_zone { zone } else { &utc };
            each(micros.iter(), |m| time::day_of(*m, zone), i64::to_string)
        }
        Shape::Whole(counts) if format.is_count() => each(
            counts.iter(),
            |c| time::day_of(format.of_count(*c)?, zone),
            i64::to_string,
        ),
        Shape::Whole(_) | Shape::Real(_) | Shape::Flag(_) | Shape::Empty => return None,
    };
    Some((Arc::new(Date32Array::from(days)), failures))
}

fn moment(shape: &Shape, mapping: &Mapping) -> Option<Converted> {
    let (format, zone) = (&mapping.format, &mapping.zone);
    let (moments, failures) = match shape {
        Shape::Text(texts) => each(texts.iter(), remembered(|t| format.moment(t, zone)), |t| {
            (*t).to_owned()
        }),
        Shape::Moment {
            micros,
            has_zone: true,
        } => each(micros.iter(), |m| time::instant(*m), i64::to_string),
        Shape::Moment {
            micros,
            has_zone: false,
        } => {
            let mut last = (i64::MIN, None);
            let read = |m: &i64| {
                if last.0 != *m {
                    last = (*m, time::local_micros(*m, zone));
                }
                last.1
            };
            each(micros.iter(), read, i64::to_string)
        }
        Shape::Day(days) => {
            let midnight = |d: &i32| {
                let date = schema::time::date_of(time::day(*d)?);
                time::local(date.to_datetime(jiff::civil::Time::midnight()), zone)
            };
            each(days.iter(), midnight, i32::to_string)
        }
        Shape::Whole(counts) if format.is_count() => {
            each(counts.iter(), |c| format.of_count(*c), i64::to_string)
        }
        Shape::Whole(_) | Shape::Real(_) | Shape::Flag(_) | Shape::Empty => return None,
    };
    Some((
        Arc::new(TimestampMicrosecondArray::from(moments).with_timezone("UTC")),
        failures,
    ))
}

fn flag(shape: &Shape) -> Option<Converted> {
    let read = |text: &&str| match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    };
    let (flags, failures) = match shape {
        Shape::Text(texts) => each(texts.iter(), read, |t| (*t).to_owned()),
        Shape::Flag(flags) => return Some((Arc::new(flags.clone()), Vec::new())),
        Shape::Whole(numbers) => each(
            numbers.iter(),
            |n| {
                [Some(false), Some(true)]
                    .get(usize::try_from(*n).ok()?)
                    .copied()?
            },
            i64::to_string,
        ),
        Shape::Real(_) | Shape::Day(_) | Shape::Moment { .. } | Shape::Empty => return None,
    };
    Some((Arc::new(BooleanArray::from(flags)), failures))
}
