//! Bad input gets one clear error or goes to quarantine; nothing is lost and nothing half written.

use crate::import_shop::{HEADER, SALES, Shop};
use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
};
use factory::import::{Blame, Committed, ImportOptions};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::sync::Arc;

const ROW: &str = "a,2024-03-01,c1,p1,1,2.50\n";

/// The import of one file fails with a text and a blame, and the lake stays empty.
async fn refused(content: impl AsRef<[u8]>, says: &str, blame: Blame) {
    let shop = Shop::with_sales("").await;
    shop.write("raw/sales.csv", content);
    let error = shop.import().await.unwrap_err();
    assert!(error.to_string().contains(says), "{error}");
    assert_eq!((error.blame(), shop.version().await), (blame, 0), "{error}");
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let shop = Shop::with_sales("").await;
    std::fs::remove_file(shop.path("raw/sales.csv")).unwrap();
    let error = shop.import().await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("list the files of source `sales`: found no file at"),
        "{error}"
    );
    assert_eq!(error.blame(), Blame::Data);
}

#[tokio::test]
async fn a_variable_without_value_is_named() {
    let shop = Shop::with_sales("").await;
    shop.write(
        "sources/sales.toml",
        SALES.replace("raw/", "${COMPTOIR_NOT_SET_ANYWHERE}/"),
    );
    let error = shop.import().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("needs the environment variable COMPTOIR_NOT_SET_ANYWHERE"),
        "{error}"
    );
    assert_eq!(error.blame(), Blame::Project);
}

#[tokio::test]
async fn an_empty_file_is_refused() {
    refused("", "the file is empty", Blame::Data).await;
    refused("\u{feff}", "the file is empty", Blame::Data).await;
}

#[tokio::test]
async fn a_header_without_rows_is_refused() {
    refused(HEADER, "found a header but no row", Blame::Data).await;
}

#[tokio::test]
async fn a_binary_file_with_the_wrong_name_is_recognised() {
    refused(
        b"\x1f\x8b\x08\x00\x00",
        "found a gzip file, expected text with separators",
        Blame::Data,
    )
    .await;
    refused(
        b"order,day\nab\x00cd",
        "found a binary file (a zero byte at offset 12)",
        Blame::Data,
    )
    .await;
    refused(b"PAR1....", "found a Parquet file", Blame::Data).await;
}

#[tokio::test]
async fn a_wrong_separator_is_named_with_the_likely_one() {
    let semicolons = format!("{HEADER}{ROW}").replace(',', ";");
    refused(
        semicolons,
        "one column with the separator ','; ';' would give 6 columns",
        Blame::Data,
    )
    .await;
}

#[tokio::test]
async fn mixed_encodings_name_the_line() {
    let mut content = format!("{HEADER}{ROW}").into_bytes();
    content.extend(b"b,2024-03-01,Andr\xe9,p1,1,1\n");
    refused(
        content,
        "sales.csv:3: found the bytes e9, which are no UTF-8",
        Blame::Data,
    )
    .await;
}

/// A Parquet file of one sale: the one that the lake of another shop holds.
async fn parquet() -> Vec<u8> {
    let shop = Shop::with_sales(ROW).await;
    shop.import().await.unwrap();
    let mut files = std::fs::read_dir(shop.path("lake/sales"))
        .unwrap()
        .map(|f| f.unwrap().path());
    std::fs::read(
        files
            .find(|f| f.extension().is_some_and(|e| e == "parquet"))
            .unwrap(),
    )
    .unwrap()
}

const FROM_PARQUET: &str = r#"
table = "products"
files = "raw/p.parquet"
format = "parquet"
[columns]
product_id = { from = "product_id" }
"#;

#[tokio::test]
async fn a_truncated_parquet_is_damaged() {
    let whole = parquet().await;
    let shop = Shop::new().await;
    shop.write("sources/products.toml", FROM_PARQUET);
    shop.write("raw/p.parquet", &whole[..whole.len() - 20]);
    let error = shop.import().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the Parquet file is cut short or damaged"),
        "{error}"
    );
    assert_eq!((error.blame(), shop.version().await), (Blame::Data, 0));
    shop.write("raw/p.parquet", &whole);
    assert!(shop.import().await.unwrap().gate_open);
    assert_eq!(shop.rows("SELECT product_id FROM products").await, [["p1"]]);
}

#[tokio::test]
async fn a_column_that_changed_its_type_upstream_is_named() {
    let shop = Shop::new().await;
    shop.write(
        "sources/products.toml",
        format!("{FROM_PARQUET}price_cents = {{ from = \"is_return\" }}\n"),
    );
    shop.write("raw/p.parquet", parquet().await);
    let error = shop.import().await.unwrap_err();
    let wanted =
        "column `is_return`, mapped to `price_cents`, has type Boolean, expected an amount";
    assert!(error.to_string().contains(wanted), "{error}");
    assert_eq!((error.blame(), shop.version().await), (Blame::Data, 0));
}

/// A source of products with their prices, and a file of it for each of these formats.
fn priced(format: &str) -> String {
    format!(
        "table = \"products\"\nfiles = \"raw/*.{format}\"\nformat = \"{format}\"\ncurrency = \"EUR\"\n[columns]\n\
         product_id = {{ from = \"id\" }}\nprice_cents = {{ from = \"price\" }}\n"
    )
}

/// A Parquet file of products p1, p2, … (counted from `first`) and their prices, in pages of some thousand rows.
fn priced_parquet(first: usize, prices: ArrayRef) -> Vec<u8> {
    let ids = (first..first + prices.len()).map(|n| format!("p{n}"));
    let ids: ArrayRef = Arc::new(StringArray::from_iter_values(ids));
    let rows = RecordBatch::try_from_iter([("id", ids), ("price", prices)]).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(parquet::basic::Compression::ZSTD(Default::default()))
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(5_000)
        .set_write_batch_size(1_000)
        .build();
    let mut content = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut content, rows.schema(), Some(properties)).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    content
}

/// Snapshot, products, rows set aside and files imported.
async fn state(shop: &Shop) -> (u64, i64, i64, i64) {
    (
        shop.version().await,
        shop.count("products").await,
        shop.count("quarantine").await,
        shop.count("imports").await,
    )
}

#[tokio::test]
async fn prices_that_turn_to_text_upstream_close_the_gate_and_the_good_ones_are_read_where_it_is_opened()
 {
    let as_text = StringArray::from(vec!["3.50", "free", "NaN"]);
    let formats: [(&str, Vec<u8>, Vec<u8>); 3] = [
        (
            "csv",
            b"id,price\np1,1.5\np2,2\n".to_vec(),
            b"id,price\np3,3.50\np4,free\np5,NaN\n".to_vec(),
        ),
        (
            "ndjson",
            b"{\"id\":\"p1\",\"price\":1.5}\n{\"id\":\"p2\",\"price\":2}\n".to_vec(),
            b"{\"id\":\"p3\",\"price\":\"3.50\"}\n{\"id\":\"p4\",\"price\":\"free\"}\n{\"id\":\"p5\",\"price\":\"NaN\"}\n".to_vec(),
        ),
        (
            "parquet",
            priced_parquet(1, Arc::new(Float64Array::from(vec![1.5, 2.0]))),
            priced_parquet(3, Arc::new(as_text)),
        ),
    ];
    for (format, numbers, texts) in formats {
        let shop = Shop::new().await;
        shop.write("sources/products.toml", priced(format));
        shop.write(&format!("raw/a.{format}"), numbers);
        assert!(shop.import().await.unwrap().gate_open, "{format}");
        shop.write(&format!("raw/b.{format}"), texts);
        let closed = shop.import().await.unwrap();
        assert_eq!(closed.committed, Committed::GateClosed, "{format}");
        assert_eq!(state(&shop).await, (1, 2, 0, 1), "{format}");
        shop.import_anyway().await;
        assert_eq!(state(&shop).await, (2, 3, 2, 2), "{format}");
        assert_eq!(
            shop.rows("SELECT product_id, price_cents FROM products ORDER BY product_id")
                .await,
            [["p1", "150"], ["p2", "200"], ["p3", "350"]],
            "{format}"
        );
        assert_eq!(
            shop.rows(
                "SELECT file, line_no, rule, \"column\", value FROM quarantine ORDER BY line_no"
            )
            .await,
            [
                [
                    format!("raw/b.{format}").as_str(),
                    "2",
                    "type",
                    "price_cents",
                    "free"
                ],
                [
                    format!("raw/b.{format}").as_str(),
                    "3",
                    "type",
                    "price_cents",
                    "NaN"
                ],
            ],
            "{format}"
        );
    }
}

#[tokio::test]
async fn prices_that_turn_to_what_no_price_is_made_of_are_an_error_that_names_the_column() {
    let lists = ListArray::from_iter_primitive::<arrow::datatypes::Float64Type, _, _>([
        Some([Some(1.0)]),
        None,
    ]);
    let bad: [(&str, Vec<u8>, &str); 3] = [
        (
            "parquet",
            priced_parquet(3, Arc::new(BooleanArray::from(vec![true, false]))),
            "raw/b.parquet: column `price`, mapped to `price_cents`, has type Boolean, expected an amount",
        ),
        (
            "parquet",
            priced_parquet(3, Arc::new(lists)),
            "raw/b.parquet: column `price`, mapped to `price_cents`, has type List(",
        ),
        (
            "ndjson",
            b"{\"id\":\"p3\",\"price\":{\"amount\":1.5,\"currency\":\"EUR\"}}\n".to_vec(),
            "raw/b.ndjson: column `price`, mapped to `price_cents`, is not there",
        ),
    ];
    for (format, content, says) in bad {
        let shop = Shop::new().await;
        shop.write("sources/products.toml", priced(format));
        let numbers = match format {
            "parquet" => priced_parquet(1, Arc::new(Int64Array::from(vec![1, 2]))),
            _ => b"{\"id\":\"p1\",\"price\":1}\n{\"id\":\"p2\",\"price\":2}\n".to_vec(),
        };
        shop.write(&format!("raw/a.{format}"), &numbers);
        shop.import().await.unwrap();
        shop.write(&format!("raw/b.{format}"), &content);
        let error = shop.import().await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(
            (error.blame(), state(&shop).await),
            (Blame::Data, (1, 2, 0, 1)),
            "{error}"
        );
        // The same where the file that was good changes: its rows stay.
        std::fs::remove_file(shop.path(&format!("raw/b.{format}"))).unwrap();
        shop.write(&format!("raw/a.{format}"), &content);
        let error = shop.import().await.unwrap_err();
        assert!(
            error.to_string().contains(&says.replace("b.", "a.")),
            "{error}"
        );
        assert_eq!(state(&shop).await, (1, 2, 0, 1), "{error}");
        shop.write(&format!("raw/a.{format}"), &numbers);
        assert_eq!(
            shop.import().await.unwrap().committed,
            Committed::NothingNew
        );
    }
}

#[tokio::test]
async fn a_page_damaged_after_good_ones_leaves_the_lake_as_it_was() {
    const ROWS: usize = 40_000;
    let prices = || Int64Array::from_iter_values(0..ROWS as i64);
    let shop = Shop::new().await;
    shop.write("sources/products.toml", priced("parquet"));
    let first = Arc::new(Int64Array::from(vec![1, 2]));
    shop.write("raw/a.parquet", priced_parquet(1, first));
    shop.import().await.unwrap();
    let whole = priced_parquet(100, Arc::new(prices()));
    shop.write("raw/b.parquet", &whole);
    let file = std::fs::File::open(shop.path("raw/b.parquet")).unwrap();
    let (start, length) = SerializedFileReader::new(file)
        .unwrap()
        .metadata()
        .row_group(0)
        .column(0)
        .byte_range();
    let mut damaged = whole.clone();
    // In the last page of the identifiers: by then, rows were read, judged and written.
    let end = usize::try_from(start + length).unwrap();
    damaged[end - 400..end - 300]
        .iter_mut()
        .for_each(|byte| *byte = !*byte);
    shop.write("raw/b.parquet", damaged);
    // A good file after it does not slip in alone.
    let other = Arc::new(Int64Array::from(vec![7]));
    shop.write("raw/c.parquet", priced_parquet(50, other));
    let error = shop.import().await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("raw/b.parquet: the Parquet file is cut short or damaged: "),
        "{text}"
    );
    assert_eq!(
        (error.blame(), state(&shop).await),
        (Blame::Data, (1, 2, 0, 1))
    );
    shop.write("raw/b.parquet", whole);
    assert!(shop.import().await.unwrap().gate_open);
    assert_eq!(state(&shop).await, (2, ROWS as i64 + 3, 0, 3));
}

#[tokio::test]
async fn floating_point_numbers_that_are_none_are_set_aside_with_their_value() {
    let shop = Shop::new().await;
    shop.write("sources/products.toml", priced("parquet"));
    let prices = Float64Array::from(vec![1.0, f64::NAN, 1e308, f64::INFINITY, 2.0, -1.0]);
    shop.write("raw/a.parquet", priced_parquet(1, Arc::new(prices)));
    shop.import_anyway().await;
    assert_eq!(state(&shop).await, (1, 2, 4, 1));
    assert_eq!(
        shop.rows("SELECT line_no, rule, \"column\", value FROM quarantine ORDER BY line_no")
            .await,
        [
            ["2", "type", "price_cents", "NaN"],
            ["3", "type", "price_cents", "1e308"],
            ["4", "type", "price_cents", "inf"],
            ["6", "range", "price_cents", "-100"],
        ]
    );
}

#[tokio::test]
async fn an_unclosed_quote_cannot_fill_the_memory() {
    let mut content = format!("{HEADER}{ROW}b,2024-03-01,\"c1,p1,1,1\n").into_bytes();
    let line = b"c,2024-03-01,c1,p1,1,1\n".repeat(1 << 16);
    while content.len() < 70 << 20 {
        content.extend_from_slice(&line);
    }
    refused(
        content,
        "the row that begins on line 3 is longer than 64.0 MiB",
        Blame::Data,
    )
    .await;
}

/// Each bad row among good ones is set aside with its rule, column and value; the good ones are accepted.
#[tokio::test]
async fn bad_rows_are_set_aside_with_their_rule_and_value() {
    let long = "x".repeat(10 << 20);
    let bad = [
        (
            "b,2024-03-01,c1,p1,1,1e308\n".to_owned(),
            "type",
            "unit_price_cents",
            "1e308",
        ),
        (
            "c,2024-03-01,c1,p1,1,NaN\n".to_owned(),
            "type",
            "unit_price_cents",
            "NaN",
        ),
        (
            "d,01/03/2024,c1,p1,1,1\n".to_owned(),
            "type",
            "sold_at",
            "01/03/2024",
        ),
        (
            "e,2024-03-01,c1,p1,1\n".to_owned(),
            "shape",
            "",
            "e,2024-03-01,c1,p1,1",
        ),
        (
            "f,2024-03-01,c1,,1,1\n".to_owned(),
            "not null",
            "product_id",
            "",
        ),
        (
            "g,2024-03-01,c1,p1,1,-1\n".to_owned(),
            "range",
            "unit_price_cents",
            "-100",
        ),
        (
            "h,2024-03-01,c1,p1,1.5,1\n".to_owned(),
            "type",
            "quantity",
            "1.5",
        ),
        (
            format!("i,2024-03-01,{long},p1,1,1\n"),
            "cell too long",
            "customer",
            "i | 2024-03-01 | xxxxx",
        ),
    ];
    let rows: String = bad.iter().map(|b| b.0.as_str()).collect();
    let shop = Shop::with_sales(&format!("{ROW}{rows}z,2024-03-01,c1,p1,1,1\n")).await;
    let outcome = shop.import_anyway().await;
    let report = outcome.sources[0].report.as_ref().unwrap();
    assert_eq!(
        (
            report.rows_read,
            report.rows_accepted,
            report.rows_quarantined
        ),
        (10, 2, 8)
    );
    assert_eq!(
        shop.rows("SELECT order_id FROM sales ORDER BY line_no")
            .await,
        [["a"], ["z"]]
    );
    let found = shop
        .rows("SELECT line_no, rule, \"column\", value FROM quarantine ORDER BY line_no")
        .await;
    for (position, (expected, found)) in bad.iter().zip(&found).enumerate() {
        assert_eq!(found[0], (position + 2).to_string());
        assert_eq!(
            (found[1].as_str(), found[2].as_str()),
            (expected.1, expected.2)
        );
        assert!(found[3].starts_with(expected.3), "{found:?}");
    }
    assert_eq!(found.len(), bad.len());
}

#[tokio::test]
async fn a_duplicate_key_is_set_aside_within_a_file_and_across_files() {
    let shop = Shop::new().await;
    let products = "table = \"products\"\nfiles = \"raw/*.csv\"\nformat = \"csv\"\n[columns]\nproduct_id = { from = \"id\" }\nname = { from = \"name\" }\n";
    shop.write("sources/products.toml", products);
    shop.write("raw/a.csv", "id,name\np1,one\np2,two\np1,again\n");
    shop.import_anyway().await;
    shop.write("raw/b.csv", "id,name\np3,three\np2,other file\n");
    shop.import_anyway().await;
    let kept = shop
        .rows("SELECT product_id, name FROM products ORDER BY product_id")
        .await;
    assert_eq!(kept, [["p1", "one"], ["p2", "two"], ["p3", "three"]]);
    let found = shop
        .rows("SELECT file, line_no, rule, value FROM quarantine ORDER BY file")
        .await;
    assert_eq!(
        found,
        [
            ["raw/a.csv", "3", "unique key", "p1"],
            ["raw/b.csv", "2", "unique key", "p2"]
        ]
    );
}

#[tokio::test]
async fn rules_of_the_source_file_are_checked_and_wrong_ones_refused_at_their_line() {
    let shop = Shop::with_sales(&format!("{ROW}b,2024-03-01,c1,p1,1,900\n{ROW}")).await;
    let rules = "[[rule]]\nname = \"plausible\"\nholds = \"unit_price_cents < 10000\"\n[[rule]]\nname = \"duplicate\"\nunique = [\"order\", \"product\"]\n[[rule]]\nname = \"short\"\ncolumn = \"order_id\"\npattern = '^.$'\n";
    shop.write("sources/sales.toml", format!("{SALES}{rules}"));
    shop.import_anyway().await;
    let found = shop
        .rows("SELECT line_no, rule, value FROM quarantine ORDER BY line_no")
        .await;
    assert_eq!(
        found,
        [["2", "plausible", ""], ["3", "duplicate", "a | p1"]]
    );
    shop.write(
        "sources/sales.toml",
        format!("{SALES}[[rule]]\nname = \"short\"\ncolumn = \"order_id\"\npattern = '('\n"),
    );
    let error = shop.import().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("sales.toml:18: `rule.0.pattern` is \"(\""),
        "{error}"
    );
    shop.write(
        "sources/sales.toml",
        format!("{SALES}[[rule]]\nname = \"x\"\nholds = \"prize < 3\"\n"),
    );
    let error = shop.import().await.unwrap_err();
    assert_eq!(error.blame(), Blame::Project);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        cause.starts_with("compile rule `x`, `prize < 3`:") && cause.contains("prize"),
        "{cause}"
    );
    assert_eq!(shop.version().await, 1);
}

#[tokio::test]
async fn a_condition_that_fails_on_a_row_stops_the_import_and_says_what_to_write() {
    let shop = Shop::with_sales(ROW).await;
    let skip = "[[skip]]\nwhen = \"CAST(product AS BIGINT) = 1\"\nreason = \"x\"\n";
    shop.write("sources/sales.toml", format!("{SALES}{skip}"));
    let error = shop.import().await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        cause.contains("evaluate skip 1") && cause.contains("TRY_CAST"),
        "{cause}"
    );
    assert_eq!((error.blame(), shop.version().await), (Blame::Project, 0));
}

#[tokio::test]
async fn a_project_without_sources_says_what_to_write() {
    let shop = Shop::new().await;
    let error = shop
        .import_with(&ImportOptions::at(crate::import_shop::now()))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("sources/sales.toml"), "{error}");
}
