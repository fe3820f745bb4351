//! The import moves the lake from one consistent state to the next.

use crate::import_shop::{HEADER, SALES, Shop, now};
use factory::import::{Blame, Committed, FileState, ImportError, ImportOptions};

const TWO_ROWS: &str = "a,2024-03-01,c1,p1,1,2.50\nb,2024-03-02,,p2,2,1\n";

#[tokio::test]
async fn importing_twice_changes_nothing() {
    let shop = Shop::with_sales(TWO_ROWS).await;
    let first = shop.import().await.unwrap();
    assert_eq!(first.committed, Committed::Snapshot { version: 1 });
    assert_eq!(first.sources[0].files[0].state, FileState::New);
    let second = shop.import().await.unwrap();
    assert_eq!(second.committed, Committed::NothingNew);
    assert_eq!(second.sources[0].files[0].state, FileState::Unchanged);
    assert_eq!(
        (
            shop.version().await,
            shop.count("sales").await,
            shop.count("imports").await
        ),
        (1, 2, 1)
    );
    let sold = shop.rows("SELECT order_id, line_no, sold_at, customer_id, unit_price_cents, currency, is_return FROM sales ORDER BY line_no").await;
    assert_eq!(
        sold[0],
        [
            "a",
            "1",
            "2024-03-01T00:00:00Z",
            "c1",
            "250",
            "EUR",
            "false"
        ]
    );
    assert_eq!(
        sold[1],
        ["b", "2", "2024-03-02T00:00:00Z", "", "100", "EUR", "false"]
    );
}

#[tokio::test]
async fn a_changed_file_replaces_its_rows_and_its_quarantine() {
    let shop = Shop::with_sales(&format!("{TWO_ROWS}c,2024-03-03,c1,p1,one,1\n")).await;
    shop.import_anyway().await;
    assert_eq!(
        (shop.count("sales").await, shop.count("quarantine").await),
        (2, 1)
    );
    shop.write(
        "raw/sales.csv",
        format!("{HEADER}{TWO_ROWS}c,2024-03-03,c1,p1,1,1\n"),
    );
    let outcome = shop.import().await.unwrap();
    // The keys of the rows replaced are free again: nothing is a duplicate of its earlier self.
    assert_eq!(outcome.sources[0].files[0].state, FileState::Replaced);
    assert_eq!(
        (shop.count("sales").await, shop.count("quarantine").await),
        (3, 0)
    );
    assert_eq!(shop.count("imports").await, 2);
}

#[tokio::test]
async fn a_changed_mapping_imports_again_and_may_go_to_another_table() {
    let shop = Shop::with_sales(TWO_ROWS).await;
    shop.import().await.unwrap();
    shop.write("sources/sales.toml", SALES.replace("\"EUR\"", "\"CHF\""));
    assert_eq!(
        shop.import().await.unwrap().sources[0].files[0].state,
        FileState::Replaced
    );
    assert_eq!(
        shop.rows("SELECT DISTINCT currency FROM sales").await,
        [["CHF"]]
    );
    let products = "table = \"products\"\nfiles = \"raw/sales.csv\"\nformat = \"csv\"\n[columns]\nproduct_id = { from = \"product\" }\n";
    shop.write("sources/sales.toml", products);
    shop.import().await.unwrap();
    assert_eq!(
        (shop.count("sales").await, shop.count("products").await),
        (0, 2)
    );
}

#[tokio::test]
async fn a_comment_in_the_source_file_imports_nothing_again() {
    let shop = Shop::with_sales(TWO_ROWS).await;
    shop.import().await.unwrap();
    shop.write("sources/sales.toml", format!("# Why.\n{SALES}"));
    assert_eq!(
        shop.import().await.unwrap().committed,
        Committed::NothingNew
    );
}

#[tokio::test]
async fn one_bad_file_of_many_leaves_the_lake_as_it_was() {
    let shop = Shop::with_sales(TWO_ROWS).await;
    shop.import().await.unwrap();
    shop.write(
        "sources/sales.toml",
        SALES.replace("raw/sales.csv", "raw/*.csv"),
    );
    shop.write("raw/more.csv", format!("{HEADER}d,2024-03-04,c1,p1,1,1\n"));
    shop.write("raw/zero.csv", "");
    assert!(matches!(
        shop.import().await,
        Err(ImportError::Read(sources::ReadError::Empty { .. }))
    ));
    assert_eq!((shop.version().await, shop.count("sales").await), (1, 2));
    shop.write("raw/zero.csv", format!("{HEADER}e,2024-03-05,c1,p1,1,1\n"));
    shop.import().await.unwrap();
    assert_eq!((shop.version().await, shop.count("sales").await), (2, 4));
}

#[tokio::test]
async fn two_imports_at_once_are_refused_and_the_second_may_try_again() {
    let shop = Shop::with_sales(TWO_ROWS).await;
    let other = shop.lake.begin().await.unwrap();
    let refused = shop.import().await.unwrap_err();
    assert_eq!(refused.blame(), Blame::Busy, "{refused}");
    drop(other);
    assert!(shop.import().await.is_ok());
}

#[tokio::test]
async fn a_dry_run_judges_everything_and_writes_nothing() {
    let shop = Shop::with_sales(TWO_ROWS).await;
    let options = ImportOptions {
        dry_run: true,
        ..ImportOptions::at(now())
    };
    let outcome = shop.import_with(&options).await.unwrap();
    assert_eq!(outcome.committed, Committed::DryRun);
    assert_eq!(outcome.sources[0].report.as_ref().unwrap().rows_accepted, 2);
    assert_eq!(shop.version().await, 0);
}

#[tokio::test]
async fn a_closed_gate_writes_nothing_unless_told_to() {
    let shop = Shop::with_sales("a,2024-03-01,c1,p1,1,2.50\nb,2024-03-02,,p2,2,NaN\n").await;
    let closed = shop.import().await.unwrap();
    assert_eq!(
        (closed.committed, closed.gate_open),
        (Committed::GateClosed, false)
    );
    assert_eq!(shop.version().await, 0);
    assert_eq!(shop.data_files(), Vec::<std::path::PathBuf>::new());
    let text = closed.to_string();
    assert!(
        text.contains("50.00 % of the rows of raw/sales.csv broke a rule, allowed is 5.00 %"),
        "{text}"
    );
    let anyway = shop.import_anyway().await;
    assert_eq!(
        (anyway.committed, anyway.gate_open),
        (Committed::Snapshot { version: 1 }, false)
    );
    assert_eq!(
        (shop.count("sales").await, shop.count("quarantine").await),
        (1, 1)
    );
}

#[tokio::test]
async fn an_import_that_fails_at_its_last_file_leaves_no_data_files() {
    let shop = Shop::with_sales(TWO_ROWS).await;
    shop.write("sources/sales.toml", SALES.replace("sales.csv", "s*.csv"));
    let cut_short = [
        HEADER.as_bytes(),
        TWO_ROWS.as_bytes(),
        b"c,2024-03-01,c\xe9,p1,1,1\n",
    ];
    for late in [b"order,day\n".to_vec(), cut_short.concat()] {
        shop.write("raw/so-late.csv", &late);
        shop.import().await.unwrap_err();
        assert_eq!(shop.version().await, 0);
        assert_eq!(shop.data_files(), Vec::<std::path::PathBuf>::new());
    }
}

#[tokio::test]
async fn sources_are_imported_in_the_order_of_their_references() {
    let shop = Shop::with_sales(
        "a,2024-03-01,c1,p1,1,2.50\nb,2024-03-02,c9,p1,2,1\nc,2024-03-02,c1,p9,2,1\n",
    )
    .await;
    shop.write("raw/zz.csv", "id\nc1\nc2\n");
    shop.write("raw/yy.csv", "id\np1\n");
    let source = |table: &str, key: &str, file: &str| {
        format!(
            "table = \"{table}\"\nfiles = \"raw/{file}\"\nformat = \"csv\"\n[columns]\n{key} = {{ from = \"id\" }}\n"
        )
    };
    shop.write(
        "sources/zz.toml",
        source("customers", "customer_id", "zz.csv"),
    );
    shop.write(
        "sources/yy.toml",
        source("products", "product_id", "yy.csv"),
    );
    let outcome = shop.import_anyway().await;
    let order: Vec<&str> = outcome.sources.iter().map(|s| s.table.as_str()).collect();
    assert_eq!(order, ["products", "customers", "sales"]);
    let set_aside = shop
        .rows("SELECT rule, \"column\", value, reason FROM quarantine ORDER BY line_no")
        .await;
    assert_eq!(
        set_aside[0],
        [
            "reference",
            "customer_id",
            "c9",
            "a value of customers.customer_id"
        ]
    );
    assert_eq!(
        set_aside[1],
        [
            "reference",
            "product_id",
            "p9",
            "a value of products.product_id"
        ]
    );
    assert_eq!((shop.count("sales").await, set_aside.len()), (1, 2));
}

#[tokio::test]
async fn references_are_checked_against_what_earlier_imports_brought() {
    let shop = Shop::new().await;
    shop.write("raw/customers.csv", "id\nc1\n");
    let customers = "table = \"customers\"\nfiles = \"raw/customers.csv\"\nformat = \"csv\"\n[columns]\ncustomer_id = { from = \"id\" }\n";
    shop.write("sources/customers.toml", customers);
    shop.import().await.unwrap();
    shop.write(
        "sources/sales.toml",
        format!("{SALES}[contract]\nreferences = \"warn\"\n"),
    );
    shop.write(
        "raw/sales.csv",
        format!("{HEADER}{}", TWO_ROWS.replace("c1", "c7")),
    );
    let outcome = shop.import().await.unwrap();
    let report = outcome
        .sources
        .iter()
        .find(|s| s.source == "sales")
        .unwrap()
        .report
        .as_ref()
        .unwrap();
    let warned = report.rules.iter().find(|r| r.rows > 0).unwrap();
    assert_eq!(
        (warned.rule.as_str(), warned.warns, warned.rows),
        ("reference", true, 1)
    );
    assert_eq!((report.rows_accepted, shop.count("sales").await), (2, 2));
}

#[tokio::test]
async fn only_the_sources_asked_for_are_imported_and_an_unknown_one_is_named() {
    let shop = Shop::with_sales(TWO_ROWS).await;
    let ask = |name: &str| ImportOptions {
        only: vec![name.to_owned()],
        ..ImportOptions::at(now())
    };
    let error = shop
        .import_with(&ask("sails"))
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "import source `sails`: there is none of that name; found sales"
    );
    assert!(shop.import_with(&ask("sales")).await.is_ok());
}

#[tokio::test]
async fn rows_are_skipped_and_returned_with_their_reasons() {
    let shop = Shop::with_sales(
        "a,2024-03-01,c1,p1,1,2.50\nCb,2024-03-02,,p2,-2,1\nd,2024-03-02,,POST,1,4\n",
    )
    .await;
    let more = "[[skip]]\nwhen = \"product = 'POST'\"\nreason = \"postage\"\n[[return]]\nwhen = \"\\\"order\\\" LIKE 'C%'\"\nreason = \"cancellation\"\n";
    shop.write("sources/sales.toml", format!("{SALES}{more}"));
    let outcome = shop.import().await.unwrap();
    let report = outcome.sources[0].report.as_ref().unwrap();
    assert_eq!(
        (
            report.rows_read,
            report.rows_accepted,
            report.rows_quarantined,
            report.rows_skipped
        ),
        (3, 2, 1, 1)
    );
    assert_eq!(
        (report.returned[0].reason.as_str(), report.returned[0].rows),
        ("cancellation", 1)
    );
    assert_eq!(
        shop.rows("SELECT order_id FROM sales WHERE is_return")
            .await,
        [["Cb"]]
    );
    let skipped = shop
        .rows("SELECT rule, reason, skipped, \"row\" FROM quarantine")
        .await;
    let row = r#"{"order":"d","day":"2024-03-02","customer":null,"product":"POST","units":"1","price":"4"}"#;
    assert_eq!(skipped, [["skip", "postage", "true", row]]);
    let ledger = shop
        .rows("SELECT rows_read, rows_accepted, rows_quarantined, rows_skipped FROM imports")
        .await;
    assert_eq!(ledger, [["3", "2", "1", "1"]]);
}

#[tokio::test]
async fn fresh_rows_and_enough_of_them_open_the_gate() {
    let shop = Shop::with_sales(TWO_ROWS).await;
    shop.write(
        "sources/sales.toml",
        format!("{SALES}[contract]\nfreshness_days_max = 7\nvolume_share_min = 0.6\n"),
    );
    let stale = shop.import().await.unwrap();
    assert!(
        stale
            .to_string()
            .contains("the newest row of `sales` is 8 days old, allowed is 7"),
        "{stale}"
    );
    shop.write(
        "sources/sales.toml",
        format!("{SALES}[contract]\nfreshness_days_max = 8\nvolume_share_min = 0.6\n"),
    );
    assert!(shop.import().await.unwrap().gate_open);
    shop.write(
        "raw/sales.csv",
        format!("{HEADER}a,2024-03-09,c1,p1,1,2.50\n"),
    );
    let few = shop.import().await.unwrap();
    assert!(
        few.to_string()
            .contains("has 1 rows, 50.00 % of the median of 2; allowed is 60.00 % or more"),
        "{few}"
    );
}

#[tokio::test]
async fn a_new_column_is_noted_and_a_renamed_one_is_an_error_that_names_what_is_there() {
    let shop = Shop::with_sales(TWO_ROWS).await;
    shop.import().await.unwrap();
    shop.write(
        "raw/sales.csv",
        "order,day,customer,product,units,price,shop\na,2024-03-01,c1,p1,1,2,x\n",
    );
    let noted = shop.import().await.unwrap();
    assert!(
        noted
            .to_string()
            .contains("note: columns new since the last file: shop"),
        "{noted}"
    );
    shop.write(
        "raw/sales.csv",
        "order,day,Customers,product,units,price\na,2024-03-01,c1,p1,1,2\n",
    );
    let error = shop.import().await.unwrap_err();
    assert_eq!(error.blame(), Blame::Data);
    let said = error.to_string();
    let wanted = "column `customer`, mapped to `customer_id`, is not there (nearest is `Customers`); found order, day, Customers, product, units, price";
    assert!(said.ends_with(wanted), "{said}");
    assert_eq!(shop.version().await, 2);
}
