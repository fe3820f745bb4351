//! Parquet has types of its own: each value arrives as it is, or its cell says what it was.

use crate::reading::{cells, read};
use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Float32Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt64Array,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use sources::{MappedRows, ReadError};
use std::sync::Arc;

fn file<const N: usize>(columns: [(&str, ArrayRef); N]) -> Vec<u8> {
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let mut content = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut content, rows.schema(), Some(properties)).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    content
}

const OFFERS: &str = r#"table = "offers"
files = "x"
format = "parquet"
currency = "EUR"
[columns]
offer_id = { from = "id" }
type = { value = "percentage" }
depth = { from = "off", unit = "percent" }
cost_retailer_cents = { from = "cost" }
cost_brand_cents = { from = "brand", unit = "cents" }
valid_from = { value = "2024-02-01" }
valid_to = { value = "2024-02-28" }
"#;

const OFFER_COLUMNS: [&str; 4] = [
    "offer_id",
    "depth",
    "cost_retailer_cents",
    "cost_brand_cents",
];

/// Row, column and value of each cell that could not be read.
fn failures(rows: &MappedRows) -> Vec<(usize, usize, &str)> {
    rows.failures
        .iter()
        .map(|f| (f.row, f.column, f.value.as_str()))
        .collect()
}

#[tokio::test]
async fn numbers_of_any_type_are_amounts_shares_and_identifiers() {
    let content = file([
        ("id", Arc::new(UInt64Array::from(vec![u64::MAX, 7]))),
        ("off", Arc::new(Float32Array::from(vec![12.5, 0.0]))),
        (
            "cost",
            Arc::new(
                Decimal128Array::from(vec![Some(19_995), None])
                    .with_precision_and_scale(12, 3)
                    .unwrap(),
            ),
        ),
        ("brand", Arc::new(Float64Array::from(vec![1250.0, -0.0]))),
    ]);
    let rows = read(OFFERS, "a.parquet", content).await.unwrap();
    assert_eq!(
        cells(&rows[0].typed, &OFFER_COLUMNS),
        [
            ["18446744073709551615", "0.125", "2000", "1250"],
            ["7", "0.0", "", "0"]
        ]
    );
    assert!(rows[0].failures.is_empty(), "{:?}", rows[0].failures);
}

#[tokio::test]
async fn a_number_that_is_none_is_a_failure_of_its_cell() {
    let wrong = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, 2.5];
    let numbers = || Arc::new(Float64Array::from(wrong.to_vec())) as ArrayRef;
    let content = file([
        ("id", numbers()),
        ("off", numbers()),
        ("cost", numbers()),
        ("brand", numbers()),
    ]);
    let rows = read(OFFERS, "a.parquet", content).await.unwrap();
    let found = cells(&rows[0].typed, &OFFER_COLUMNS);
    assert_eq!(found[..3], [["", "", "", ""]; 3]);
    assert_eq!((found[3][1].as_str(), found[3][2].as_str()), ("1e306", ""));
    assert_eq!(found[4], ["2.5", "0.025", "250", ""]);
    // offer_id is column 0 of the shared table, depth 2, the costs 3 and 4.
    let mut wanted = Vec::new();
    for (row, value) in ["NaN", "inf", "-inf"].into_iter().enumerate() {
        wanted.extend([0, 2, 3, 4].map(|column| (row, column, value)));
    }
    wanted.extend([(3, 3, "1e308"), (3, 4, "1e308"), (4, 4, "2.5")]);
    assert_eq!(failures(&rows[0]), wanted);
}

const SALES: &str = r#"table = "sales"
files = "x"
format = "parquet"
currency = "EUR"
time_zone = "Europe/Paris"
[columns]
order_id = { value = "o" }
line_no = { row_number = true }
sold_at = { from = "at" }
product_id = { value = "p" }
quantity = { value = "1" }
unit_price_cents = { value = "1" }
"#;

const DAYS: &str = r#"table = "calendar"
files = "x"
format = "parquet"
time_zone = "Europe/Paris"
[columns]
day = { from = "at" }
site_id = { value = "*" }
open = { value = "yes" }
"#;

/// What a column of moments becomes: texts, and the failures by row and value.
async fn moments(toml: &str, column: &str, at: ArrayRef) -> (Vec<String>, Vec<(usize, String)>) {
    let rows = read(toml, "a.parquet", file([("at", at)])).await.unwrap();
    let texts = cells(&rows[0].typed, &[column]).concat();
    let failed = rows[0].failures.iter().map(|f| (f.row, f.value.clone()));
    (texts, failed.collect())
}

#[tokio::test]
async fn moments_without_a_zone_are_local_and_those_with_one_are_not() {
    // 2024-07-01 00:30, in the unit of each type.
    const SECONDS: i64 = 1_719_793_800;
    let local: [ArrayRef; 4] = [
        Arc::new(TimestampSecondArray::from(vec![SECONDS])),
        Arc::new(TimestampMillisecondArray::from(vec![SECONDS * 1_000])),
        Arc::new(TimestampMicrosecondArray::from(vec![SECONDS * 1_000_000])),
        Arc::new(TimestampNanosecondArray::from(vec![
            SECONDS * 1_000_000_000,
        ])),
    ];
    for at in local {
        let kind = at.data_type().clone();
        let (sold, failed) = moments(SALES, "sold_at", Arc::clone(&at)).await;
        assert_eq!(sold, ["2024-06-30T22:30:00Z"], "{kind}");
        let (day, failed_day) = moments(DAYS, "day", at).await;
        assert_eq!(day, ["2024-07-01"], "{kind}");
        assert_eq!((failed.len(), failed_day.len()), (0, 0), "{kind}");
    }
    // The zone that a file names is how it would show the moment; the moment is the same. Its day is that of Paris.
    for zone in ["UTC", "America/New_York", "+09:00"] {
        let at = TimestampMillisecondArray::from(vec![Some(SECONDS * 1_000), None]);
        let at = Arc::new(at.with_timezone(zone)) as ArrayRef;
        let (sold, failed) = moments(SALES, "sold_at", at).await;
        assert_eq!(sold, ["2024-07-01T00:30:00Z", ""], "{zone}");
        assert!(failed.is_empty(), "{zone}");
        // Half past ten in the evening in Greenwich is the next day in Paris.
        let late = TimestampSecondArray::from(vec![SECONDS - 2 * 3_600]).with_timezone(zone);
        let (day, _) = moments(DAYS, "day", Arc::new(late)).await;
        assert_eq!(day, ["2024-07-01"], "{zone}");
    }
    let midnight = Arc::new(Date32Array::from(vec![19_905]));
    let (sold, _) = moments(SALES, "sold_at", midnight).await;
    assert_eq!(sold, ["2024-06-30T22:00:00Z"]);
}

#[tokio::test]
async fn a_moment_beyond_the_calendar_is_a_failure_and_not_an_empty_cell() {
    let far = 400_000_000_000_000_000_i64;
    let counts = vec![Some(far), Some(i64::MAX), Some(i64::MIN), None];
    // In milliseconds these do not even fit the microseconds of the lake.
    let millis = TimestampMillisecondArray::from(counts.clone());
    let micros = TimestampMicrosecondArray::from(counts);
    let all: [ArrayRef; 4] = [
        Arc::new(millis.clone()),
        Arc::new(millis.with_timezone("UTC")),
        Arc::new(micros.clone()),
        Arc::new(micros.with_timezone("UTC")),
    ];
    for at in all {
        let kind = at.data_type().clone();
        for (toml, column) in [(SALES, "sold_at"), (DAYS, "day")] {
            let (found, failed) = moments(toml, column, Arc::clone(&at)).await;
            assert_eq!(found, ["", "", "", ""], "{kind} {column}");
            assert_eq!(
                failed,
                [far, i64::MAX, i64::MIN]
                    .map(|n| n.to_string())
                    .into_iter()
                    .enumerate()
                    .collect::<Vec<_>>(),
                "{kind} {column}"
            );
        }
    }
    let days = Date32Array::from(vec![Some(i32::MAX), Some(i32::MIN), None, Some(0)]);
    for (toml, column, epoch) in [
        (SALES, "sold_at", "1969-12-31T23:00:00Z"),
        (DAYS, "day", "1970-01-01"),
    ] {
        let (found, failed) = moments(toml, column, Arc::new(days.clone())).await;
        assert_eq!(found, ["", "", "", epoch], "{column}");
        assert_eq!(
            failed,
            [(0, "2147483647".to_owned()), (1, "-2147483648".to_owned())],
            "{column}"
        );
    }
}

const PRODUCTS: &str = r#"table = "products"
files = "x"
format = "parquet"
currency = "EUR"
[columns]
product_id = { from = "id" }
name = { from = "name" }
price_cents = { from = "price" }
"#;

/// Two thousand products, compressed.
fn products() -> Vec<u8> {
    let rows = 0..2_000_i64;
    file([
        (
            "id",
            Arc::new(StringArray::from_iter_values(
                rows.clone().map(|n| format!("p{n}")),
            )),
        ),
        (
            "name",
            Arc::new(StringArray::from_iter_values(
                rows.clone().map(|n| format!("lamp {}", n * 7_919 % 2_003)),
            )),
        ),
        (
            "price",
            Arc::new(Int64Array::from_iter_values(rows.map(|n| n * 31 % 977))),
        ),
    ])
}

#[tokio::test]
async fn damage_anywhere_in_a_parquet_file_never_loses_a_row_in_silence() {
    let whole = products();
    let all_rows = (1..=2_000).collect::<Vec<i64>>();
    let rows = |all: &[MappedRows]| -> Vec<i64> {
        all.iter().flat_map(|r| r.row_numbers.clone()).collect()
    };
    assert_eq!(
        rows(&read(PRODUCTS, "a.parquet", &whole).await.unwrap()),
        all_rows
    );
    let (mut refused, mut tried) = (0, 0);
    for position in (0..whole.len()).step_by(whole.len() / 150) {
        let mut damaged = whole.clone();
        for byte in damaged.iter_mut().skip(position).take(8) {
            *byte ^= 0xa5;
        }
        tried += 1;
        match read(PRODUCTS, "a.parquet", damaged).await {
            // A page without a checksum may still decode, to other values; statistics say nothing of the rows.
            Ok(all) => assert!(rows(&all) == all_rows, "at {position}"),
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("a.parquet"), "{error}");
                let named = matches!(
                    error,
                    ReadError::Damaged { .. }
                        | ReadError::NotThisFormat { .. }
                        | ReadError::MissingColumn { .. }
                        | ReadError::ColumnType { .. }
                );
                assert!(named, "at {position}: {error:?}");
            }
        }
    }
    assert!(refused * 4 > tried, "{refused} of {tried}");
}

#[tokio::test]
async fn the_bytes_of_a_page_turned_over_are_damage() {
    let mut content = products();
    // The pages of the first columns fill the front of the file; the footer is at its end.
    for byte in content.iter_mut().skip(200).take(64) {
        *byte = !*byte;
    }
    let error = read(PRODUCTS, "a.parquet", content).await.unwrap_err();
    assert!(
        matches!(&error, ReadError::Damaged { file, .. } if file.ends_with("a.parquet")),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .contains("a.parquet: the Parquet file is cut short or damaged: "),
        "{error}"
    );
}
