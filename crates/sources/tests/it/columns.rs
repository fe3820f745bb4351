//! What a source file says of one column counts for that column, whatever the file says of all.

use crate::reading::{cells, read};

const SALES: &str = r#"table = "sales"
files = "x"
format = "csv"
currency = "EUR"
time_zone = "Asia/Tokyo"
date_format = "%d/%m/%Y %H:%M"
[columns]
order_id = { from = "o" }
line_no = { row_number = true }
sold_at = { from = "at" }
product_id = { value = "p" }
quantity = { value = "1" }
unit_price_cents = { value = "1" }
"#;

#[tokio::test]
async fn a_column_may_have_its_own_time_zone_and_format() {
    let sold_at = async |column: &str, text: &str| {
        let toml = SALES.replace("{ from = \"at\" }", column);
        let rows = read(&toml, "a.csv", format!("o,at\na,{text}\n"))
            .await
            .unwrap();
        assert!(rows[0].failures.is_empty(), "{:?}", rows[0].failures);
        cells(&rows[0].typed, &["sold_at"])[0][0].clone()
    };
    assert_eq!(
        sold_at("{ from = \"at\" }", "02/03/2024 08:30").await,
        "2024-03-01T23:30:00Z"
    );
    let paris = "{ from = \"at\", time_zone = \"Europe/Paris\" }";
    assert_eq!(
        sold_at(paris, "02/03/2024 08:30").await,
        "2024-03-02T07:30:00Z"
    );
    let english = "{ from = \"at\", format = \"%m-%d-%Y %I:%M %p\" }";
    assert_eq!(
        sold_at(english, "03-02-2024 08:30 PM").await,
        "2024-03-02T11:30:00Z"
    );
    // In summer Paris is two hours ahead, in winter one.
    let both = "{ from = \"at\", time_zone = \"Europe/Paris\", format = \"%Y%m%d%H%M\" }";
    assert_eq!(sold_at(both, "202407010030").await, "2024-06-30T22:30:00Z");
    assert_eq!(sold_at(both, "202401010030").await, "2023-12-31T23:30:00Z");
    // A count has no zone.
    let count = "{ from = \"at\", format = \"epoch-seconds\", time_zone = \"Europe/Paris\" }";
    assert_eq!(sold_at(count, "1709368200").await, "2024-03-02T08:30:00Z");
}

#[tokio::test]
async fn dates_of_one_row_may_be_written_in_two_formats() {
    let toml = r#"table = "offers"
files = "x"
format = "csv"
currency = "EUR"
date_format = "%d/%m/%Y"
[columns]
offer_id = { from = "id" }
type = { value = "percentage" }
depth = { from = "off", unit = "percent" }
cost_retailer_cents = { from = "cost", unit = "cents" }
cost_brand_cents = { from = "brand" }
valid_from = { from = "from" }
valid_to = { from = "to", format = "%m/%d/%Y" }
"#;
    let content = "id,off,cost,brand,from,to\n\
                   a,12.5,1250,12.5,01/02/2024,02/28/2024\n\
                   b,0.1,-3,3,28/02/2024,28/02/2024\n\
                   c,a lot,12.5,free,01/02/2024,02/28/2024\n";
    let rows = read(toml, "a.csv", content).await.unwrap();
    let columns = [
        "depth",
        "cost_retailer_cents",
        "cost_brand_cents",
        "valid_from",
        "valid_to",
    ];
    let found = cells(&rows[0].typed, &columns);
    assert_eq!(
        found[0],
        ["0.125", "1250", "1250", "2024-02-01", "2024-02-28"]
    );
    assert_eq!(found[1], ["0.001", "-3", "300", "2024-02-28", ""]);
    assert_eq!(found[2], ["", "", "", "2024-02-01", "2024-02-28"]);
    let failures: Vec<(usize, &str, &str)> = rows[0]
        .failures
        .iter()
        .map(|f| (f.row, f.value.as_str(), &*f.expected))
        .collect();
    assert_eq!(
        failures,
        [
            (1, "28/02/2024", "a date in the format \"%m/%d/%Y\""),
            (2, "a lot", "a finite number"),
            (2, "12.5", "a whole number of cents"),
            (2, "free", "an amount below 90,000,000,000,000"),
        ]
    );
}

#[tokio::test]
async fn json_numbers_are_read_as_text_numbers_are() {
    let toml = r#"table = "offers"
files = "x"
format = "ndjson"
currency = "EUR"
[columns]
offer_id = { from = "id" }
type = { value = "percentage" }
depth = { from = "off", unit = "percent" }
cost_retailer_cents = { from = "cost" }
valid_from = { value = "2024-02-01" }
valid_to = { value = "2024-02-28" }
"#;
    let content = concat!(
        "{\"id\":1,\"off\":12.5,\"cost\":19.99}\n",
        "{\"id\":2,\"off\":\"12.5\",\"cost\":\"19.99\"}\n",
        "{\"id\":3,\"off\":1e308,\"cost\":1e308}\n",
        // JSON has neither: these lines are no JSON, and the others are read.
        "{\"id\":4,\"off\":NaN,\"cost\":1}\n",
        "{\"id\":5,\"off\":1e999,\"cost\":1}\n",
        "{\"id\":6,\"off\":\"NaN\",\"cost\":\"Infinity\"}\n",
        "{\"id\":7,\"off\":null,\"cost\":0}\n",
    );
    let rows = read(toml, "a.ndjson", content).await.unwrap();
    let found = cells(
        &rows[0].typed,
        &["offer_id", "depth", "cost_retailer_cents"],
    );
    assert_eq!(found[0], ["1", "0.125", "1999"]);
    assert_eq!(found[1], ["2", "0.125", "1999"]);
    // A hundredth of the largest number is one; an amount of it is none.
    assert_eq!(found[2], ["3", "1e306", ""]);
    assert_eq!(found[3], ["6", "", ""]);
    assert_eq!(found[4], ["7", "", "0"]);
    let failures: Vec<(usize, usize, &str)> = rows[0]
        .failures
        .iter()
        .map(|f| (f.row, f.column, f.value.as_str()))
        .collect();
    assert_eq!(
        failures,
        [(2, 3, "1e+308"), (3, 2, "NaN"), (3, 3, "Infinity")]
    );
    assert_eq!(rows[0].row_numbers, [1, 2, 3, 6, 7]);
    let refused: Vec<(i64, &str)> = rows[0]
        .refused
        .iter()
        .map(|r| (r.row_number, r.lapse.rule()))
        .collect();
    assert_eq!(refused, [(4, "shape"), (5, "shape")]);
}

#[tokio::test]
async fn what_nobody_sees_at_the_ends_of_a_text_is_no_part_of_it_and_is_counted() {
    let toml = r#"table = "products"
files = "x"
format = "csv"
[columns]
product_id = { from = "id" }
name = { from = "name" }
brand = { sql = "' ' || name" }
"#;
    let content = "id,name\n P1,  blue  mug\nP2\u{a0},\tcup\u{feff}\nP3\u{7},plain\nP4,   \nP5,\n";
    let rows = read(toml, "a.csv", content).await.unwrap();
    let found = cells(&rows[0].typed, &["product_id", "name", "brand"]);
    assert_eq!(found[0], ["P1", "blue  mug", "blue  mug"]);
    assert_eq!(found[1], ["P2", "cup", "cup"]);
    assert_eq!(found[2], ["P3", "plain", "plain"]);
    // A name of nothing but spaces is no name.
    assert_eq!(rows[0].typed.column(1).null_count(), 2);
    assert!(rows[0].failures.is_empty(), "{:?}", rows[0].failures);
    let trimmed: Vec<(usize, u64)> = rows[0].trimmed.iter().map(|(c, n)| (*c, *n)).collect();
    assert_eq!(trimmed, [(0, 3), (1, 3), (3, 4)]);
}
