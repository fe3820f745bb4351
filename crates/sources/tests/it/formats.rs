//! Formats, encodings, numbers, times and nulls as shops write them.

use crate::reading::{cells, read};
use sources::ReadError;

const STOCK: &str = r#"table = "products"
files = "x"
format = "csv"
currency = "EUR"
[columns]
product_id = { from = "code" }
name = { from = "nom" }
price_cents = { from = "prix" }
"#;

#[tokio::test]
async fn a_french_spreadsheet_is_read_as_it_is_written() {
    let toml = format!(
        "encoding = \"latin-1\"\nseparator = \";\"\ndecimal = \",\"\nthousands = \" \"\n{STOCK}"
    );
    let content = b"code;nom;prix\n1;\"caf\xe9; moulu\";1\xa0234,50\n2;th\xe9 \x80;0,5\n";
    let rows = read(&toml, "a.csv", content).await.unwrap();
    let found = cells(
        &rows[0].typed,
        &["product_id", "name", "price_cents", "currency"],
    );
    assert_eq!(found[0], ["1", "café; moulu", "123450", "EUR"]);
    assert_eq!(found[1], ["2", "thé €", "50", "EUR"]);
    assert!(rows[0].failures.is_empty());
}

#[tokio::test]
async fn a_byte_order_mark_is_no_part_of_the_first_name_and_nulls_are_null() {
    let toml = format!("null_values = [\"\", \"NULL\"]\n{STOCK}");
    let rows = read(&toml, "a.csv", "\u{feff}code,nom,prix\r\n1,NULL,\r\n")
        .await
        .unwrap();
    assert_eq!(
        cells(&rows[0].typed, &["product_id", "name", "price_cents"]),
        [["1", "", ""]]
    );
}

#[tokio::test]
async fn a_header_that_names_a_column_twice_is_refused() {
    let error = read(STOCK, "a.csv", "code,nom,prix,nom\n1,a,1,b\n")
        .await
        .unwrap_err();
    assert!(matches!(error, ReadError::ColumnTwice { column, .. } if column == "nom"));
}

#[tokio::test]
async fn aligned_columns_without_header_are_read() {
    let toml = STOCK.replace(
        "[columns]",
        "separator = \" \"\nmerge_separators = true\nheader = false\ncolumn_names = [\"code\", \"nom\", \"prix\"]\n[columns]",
    );
    let rows = read(
        &toml,
        "a.txt",
        "  7   pen    1.20\r\n\n 8 ink 3\n 9 broken\n",
    )
    .await
    .unwrap();
    let found = cells(&rows[0].typed, &["product_id", "name", "price_cents"]);
    assert_eq!(found, [["7", "pen", "120"], ["8", "ink", "300"]]);
    assert_eq!(
        (
            rows[0].refused[0].row_number,
            rows[0].refused[0].lapse.rule()
        ),
        (3, "shape")
    );
}

#[tokio::test]
async fn json_lines_may_nest_and_leave_keys_out() {
    let toml = r#"table = "events"
files = "x"
format = "ndjson"
[columns]
event_id = { from = "id" }
occurred_at = { from = "at", format = "epoch-milliseconds" }
type = { sql = "lower(kind)" }
customer_id = { from = "who.id" }
quantity = { from = "n" }
"#;
    let content = concat!(
        "{\"id\":\"e1\",\"at\":1700000000000,\"kind\":\"VIEW\",\"who\":{\"id\":\"c1\"}}\n",
        "\n{\"id\":\"e2\",\"at\":1700000000001,\"kind\":\"cart\",\"n\":2}\n",
        "{\"id\":\n[1]\n",
    );
    let rows = read(toml, "a.ndjson", content).await.unwrap();
    let found = cells(
        &rows[0].typed,
        &["event_id", "occurred_at", "type", "customer_id", "quantity"],
    );
    assert_eq!(found[0], ["e1", "2023-11-14T22:13:20Z", "view", "c1", ""]);
    assert_eq!(
        found[1],
        ["e2", "2023-11-14T22:13:20.001Z", "cart", "", "2"]
    );
    let refused: Vec<i64> = rows[0].refused.iter().map(|r| r.row_number).collect();
    assert_eq!(
        (refused, rows[0].row_numbers.clone()),
        (vec![3, 4], vec![1, 2])
    );
}

#[tokio::test]
async fn a_key_that_no_json_line_has_is_a_missing_column() {
    let toml = "table = \"products\"\nfiles = \"x\"\nformat = \"ndjson\"\n[columns]\nproduct_id = { from = \"id\" }\nname = { from = \"label\" }\n";
    let error = read(toml, "a.ndjson", "{\"id\":\"1\",\"labels\":\"x\"}\n")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("column `label`, mapped to `name`, is not there (nearest is `labels`)"),
        "{error}"
    );
    let error = read(toml, "a.ndjson", "[\n{\"id\":\"1\"}\n]\n")
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("column `label`"), "{error}");
    let error = read(toml, "a.ndjson", "id;label\n1;x\n")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("found broken JSON") && error.contains("expected one JSON object per line"),
        "{error}"
    );
}

#[tokio::test]
async fn a_query_derives_a_table_from_the_rows_of_another() {
    let toml = r#"table = "products"
files = "x"
format = "csv"
query = "SELECT Code AS id, max(Label) AS label, count(*) AS n FROM raw GROUP BY Code HAVING count(*) > 1 ORDER BY id"
[columns]
product_id = { from = "id" }
name = { sql = "label || ' ' || CAST(n AS VARCHAR)" }
"#;
    let rows = read(toml, "a.csv", "Code,Label\nb,x\na,y\na,z\nb,x\nc,w\n")
        .await
        .unwrap();
    let found: Vec<_> = rows
        .iter()
        .flat_map(|r| cells(&r.typed, &["product_id", "name"]))
        .collect();
    assert_eq!(found, [["a", "z 2"], ["b", "x 2"]]);
    let error = read(toml, "a.csv", "Code,Label\nb,x\nbroken\n")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("row 2 cannot be read (found 1 fields, expected 2)"),
        "{error}"
    );
    let error = read(toml, "a.csv", "Code,Label\nb,x\n").await.unwrap_err();
    assert!(
        matches!(error, ReadError::QueryWithoutRows { .. }),
        "{error}"
    );
    let error = read(
        &toml.replace("max(Label)", "max(Lable)"),
        "a.csv",
        "Code,Label\nb,x\n",
    )
    .await
    .unwrap_err()
    .to_string();
    assert!(
        error.contains("`query` failed") && error.contains("Lable"),
        "{error}"
    );
}

#[tokio::test]
async fn batches_follow_each_other_without_losing_a_row() {
    let mut content = "code,nom,prix\n".to_owned();
    for row in 0..40_000 {
        content.push_str(&format!("{row},n,{}\n", row % 7));
    }
    let rows = read(STOCK, "a.csv", content).await.unwrap();
    assert!(rows.len() > 1);
    let numbers: Vec<i64> = rows.iter().flat_map(|r| r.row_numbers.clone()).collect();
    assert_eq!(numbers, (1..=40_000).collect::<Vec<i64>>());
}

#[tokio::test]
async fn a_text_outside_the_calendar_of_its_column_is_a_failure_of_that_cell() {
    let toml = r#"table = "calendar"
files = "x"
format = "csv"
date_format = "%d.%m.%Y"
[columns]
day = { from = "d" }
site_id = { value = "*" }
open = { value = "yes" }
"#;
    let rows = read(toml, "a.csv", "d\n31.12.2023\n31.02.2024\n")
        .await
        .unwrap();
    assert_eq!(
        cells(&rows[0].typed, &["day", "site_id", "open"])[0],
        ["2023-12-31", "*", "true"]
    );
    let [failure] = rows[0].failures.as_slice() else {
        panic!("{:?}", rows[0].failures)
    };
    assert_eq!(
        (failure.row, failure.column, failure.value.as_str()),
        (1, 0, "31.02.2024")
    );
    assert_eq!(&*failure.expected, "a date in the format \"%d.%m.%Y\"");
}
