//! What the shared indicators say of a small shop whose figures are counted by hand.

use crate::shop::{lake_in, now};
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{Field, Float64Type, Schema};
use jiff::civil::{Date, date};
use lake::Lake;
use schema::indicator::indicators;
use std::sync::Arc;

/// Rows of a shared table, with the columns' own types; an empty cell is unknown.
fn rows<const N: usize>(table: &str, columns: [&str; N], rows: &[[&str; N]]) -> RecordBatch {
    let table = schema::table::table(table).unwrap();
    let (mut fields, mut arrays) = (Vec::new(), Vec::<ArrayRef>::new());
    for (place, name) in columns.into_iter().enumerate() {
        let whole = table.arrow();
        let field = whole.field_with_name(name).unwrap();
        let cells = rows
            .iter()
            .map(|row| Some(row[place]).filter(|c| !c.is_empty()));
        arrays.push(cast(&StringArray::from_iter(cells), field.data_type()).unwrap());
        fields.push(Field::new(name, field.data_type().clone(), true));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

async fn shop(folder: &std::path::Path) -> Lake {
    let sales = [
        // Before the period: makes c1 a customer who comes back.
        [
            "o1",
            "c1",
            "p1",
            "2026-02-10T09:00:00Z",
            "1",
            "1000",
            "",
            "false",
        ],
        [
            "o2",
            "c1",
            "p1",
            "2026-03-05T09:00:00Z",
            "2",
            "1000",
            "100",
            "false",
        ],
        [
            "o2",
            "c1",
            "p2",
            "2026-03-05T09:00:00Z",
            "1",
            "500",
            "",
            "false",
        ],
        // The first moment of the period and one of its last.
        [
            "o3",
            "c2",
            "p1",
            "2026-03-01T00:00:00Z",
            "1",
            "1000",
            "",
            "false",
        ],
        [
            "o4",
            "",
            "p3",
            "2026-03-31T23:59:00Z",
            "4",
            "250",
            "200",
            "false",
        ],
        // A return gives back what was paid: the price less the discount.
        [
            "r1",
            "c1",
            "p1",
            "2026-03-20T09:00:00Z",
            "-1",
            "1000",
            "50",
            "true",
        ],
        // The first moment after.
        [
            "o5",
            "c3",
            "p1",
            "2026-04-01T00:00:00Z",
            "9",
            "1000",
            "",
            "false",
        ],
    ];
    let levels = [
        // 1 to 10 March in stock, 11 to 15 out, 16 to 31 in.
        ["p1", "s1", "2026-02-20", "5"],
        ["p1", "s1", "2026-03-11", "0"],
        ["p1", "s1", "2026-03-16", "7"],
        // Known from 22 March on: 10 days in stock.
        ["p2", "s1", "2026-03-22", "3"],
        ["p2", "s1", "2026-04-02", "0"],
        // Out all month; that it was looked at again changes nothing.
        ["p3", "s2", "2026-03-01", "0"],
        ["p3", "s2", "2026-03-21", "0"],
    ];
    let tables = [
        (
            "sales",
            rows(
                "sales",
                [
                    "order_id",
                    "customer_id",
                    "product_id",
                    "sold_at",
                    "quantity",
                    "unit_price_cents",
                    "discount_cents",
                    "is_return",
                ],
                &sales,
            ),
        ),
        (
            "products",
            rows(
                "products",
                ["product_id", "cost_cents"],
                &[["p1", "400"], ["p2", ""], ["p3", "100"]],
            ),
        ),
        (
            "stock_levels",
            rows(
                "stock_levels",
                ["product_id", "site_id", "day", "on_hand"],
                &levels,
            ),
        ),
    ];
    let lake = lake_in(folder).await;
    let mut transaction = lake.begin().await.unwrap();
    for (name, batch) in tables {
        let mut writer = transaction.writer(name, batch.schema(), "a").await.unwrap();
        writer.write(&batch).await.unwrap();
        writer.finish(&mut transaction).await.unwrap();
    }
    transaction.commit(now()).await.unwrap();
    lake
}

/// An indicator of a period, as the console asks for it.
async fn value(lake: &Lake, name: &str, from: Date, to: Date) -> Option<f64> {
    let indicator = indicators().iter().find(|i| i.name == name).unwrap();
    let sql = format!("SELECT ({}) AS value", indicator.sql_between(from, to));
    let found = lake.query(&sql).await.unwrap();
    let column = found[0].column(0).as_primitive::<Float64Type>().clone();
    (!arrow::array::Array::is_null(&column, 0)).then(|| column.value(0))
}

#[tokio::test]
async fn every_indicator_is_what_a_person_counts() {
    let folder = tempfile::tempdir().unwrap();
    let lake = shop(folder.path()).await;
    let counted = [
        ("active_customers", 2.0),
        ("availability", 36.0 / 72.0),
        ("basket", 4200.0 / 3.0),
        ("gross_revenue", 1900.0 + 500.0 + 1000.0 + 800.0),
        // p2 has no known cost; the goods returned are there again.
        ("margin", 1100.0 + 600.0 + 400.0 - 550.0),
        ("orders", 3.0),
        ("products_sold", 3.0),
        ("repeat_rate", 1.0 / 2.0),
        ("return_rate", 1.0 / 8.0),
        ("revenue", 4200.0 - 950.0),
        ("units_per_order", 8.0 / 3.0),
    ];
    let names: Vec<&str> = counted.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        indicators()
            .iter()
            .map(|i| i.name.as_str())
            .collect::<Vec<_>>()
    );
    let (from, to) = (date(2026, 3, 1), date(2026, 4, 1));
    for (name, expected) in counted {
        let found = value(&lake, name, from, to).await.unwrap();
        assert!(
            (found - expected).abs() < 1e-9,
            "{name}: {found} for {expected}"
        );
    }
}

#[tokio::test]
async fn availability_ends_with_the_last_day_known() {
    let folder = tempfile::tempdir().unwrap();
    let lake = shop(folder.path()).await;
    // 1 and 2 April: p1 in stock on both, p2 on the first, p3 on none.
    let found = value(&lake, "availability", date(2026, 4, 1), date(2026, 5, 1)).await;
    assert_eq!(found, Some(3.0 / 6.0));
    let before = value(&lake, "availability", date(2026, 1, 1), date(2026, 2, 1)).await;
    assert_eq!(before, None, "nothing is known, and that is not zero");
}
