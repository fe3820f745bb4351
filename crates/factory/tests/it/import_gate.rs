//! Limits of contracts: when they close the gate, what is kept of a refusal, and how a source leaves the lake.

use crate::import_shop::{HEADER, SALES, Shop, now};
use factory::import::{Blame, Committed, ImportOptions, ImportOutcome, forget, refused};
use quality::{Gate, RuleReport};
use schema::Bytes;

const TWO_ROWS: &str = "a,2024-03-01,c1,p1,1,2.50\nb,2024-03-02,,p2,2,1\n";

const PRODUCTS: &str = "table = \"products\"\nfiles = \"raw/products.csv\"\nformat = \"csv\"\n[columns]\nproduct_id = { from = \"id\" }\n";

fn at(moment: &str) -> ImportOptions {
    ImportOptions::at(moment.parse().unwrap())
}

fn rule<'a>(outcome: &'a ImportOutcome, name: &str) -> &'a RuleReport {
    let sales = outcome.sources.iter().find(|s| s.source == "sales");
    let report = sales.unwrap().report.as_ref().unwrap();
    report.rules.iter().find(|r| r.rule == name).unwrap()
}

#[tokio::test]
async fn a_source_is_as_fresh_as_the_newest_row_of_all_its_files() {
    let shop = Shop::with_sales("").await;
    let monthly = SALES.replace("sales.csv", "*.csv");
    let contract = "[contract]\nfreshness_days_max = 10\n";
    shop.write("sources/sales.toml", format!("{monthly}{contract}"));
    std::fs::remove_file(shop.path("raw/sales.csv")).unwrap();
    for month in ["01", "02", "03"] {
        let row = format!("{HEADER}a{month},2024-{month}-02,c1,p1,1,2.50\n");
        shop.write(&format!("raw/2024-{month}.csv"), row);
    }
    let first = shop.import().await.unwrap();
    assert_eq!(
        first.committed,
        Committed::Snapshot { version: 1 },
        "{first}"
    );
    // An old file that changed is as good as it was, beside the new one that did not.
    shop.write(
        "raw/2024-01.csv",
        format!("{HEADER}a01,2024-01-03,c1,p1,1,2.50\n"),
    );
    let changed = shop.import().await.unwrap();
    assert!(changed.gate_open, "{changed}");
}

#[tokio::test]
async fn a_feed_that_stopped_is_noticed_without_a_new_file_and_stops_nobody_else() {
    let shop = Shop::with_sales(TWO_ROWS).await;
    let contract = "[contract]\nfreshness_days_max = 8\n";
    shop.write("sources/sales.toml", format!("{SALES}{contract}"));
    assert!(shop.import().await.unwrap().gate_open);
    let stopped = shop.import_with(&at("2024-04-01T00:00:00Z")).await.unwrap();
    let says = "the newest row of `sales` is 30 days old, allowed is 8";
    assert_eq!(
        (stopped.committed, stopped.gate_open),
        (Committed::NothingNew, false)
    );
    assert!(stopped.to_string().contains(says), "{stopped}");
    assert_eq!(refused(&shop.lake).await.unwrap()["sales"].reasons, [says]);
    shop.write("sources/products.toml", PRODUCTS);
    shop.write("raw/products.csv", "id\np1\np2\n");
    let others = shop.import_with(&at("2024-04-01T00:00:00Z")).await.unwrap();
    assert_eq!(
        (others.committed, others.gate_open),
        (Committed::Snapshot { version: 2 }, false)
    );
    assert_eq!(shop.count("products").await, 2);
}

#[tokio::test]
async fn far_more_rows_than_before_close_the_gate() {
    let shop = Shop::with_sales(TWO_ROWS).await;
    let contract = "[contract]\nvolume_share_max = 1.5\n";
    shop.write("sources/sales.toml", format!("{SALES}{contract}"));
    assert!(shop.import().await.unwrap().gate_open);
    let more = "c,2024-03-02,,p2,2,1\nd,2024-03-02,,p2,2,1\n";
    shop.write("raw/sales.csv", format!("{HEADER}{TWO_ROWS}{more}"));
    let many = shop.import().await.unwrap();
    let says = "raw/sales.csv has 4 rows, 200.00 % of the median of 2; allowed is 150.00 % or less";
    assert!(many.to_string().contains(says), "{many}");
    assert_eq!(many.committed, Committed::GateClosed);
}

#[tokio::test]
async fn a_rule_that_warns_accepts_counts_and_may_close_the_gate_by_its_own_limit() {
    let shop = Shop::with_sales(TWO_ROWS).await;
    let cheap = "[[rule]]\nname = \"not cheap\"\ncolumn = \"unit_price_cents\"\nmin = 200\neffect = \"warn\"\n";
    shop.write("sources/sales.toml", format!("{SALES}{cheap}"));
    let warned = shop.import().await.unwrap();
    let found = rule(&warned, "not cheap");
    assert_eq!((found.rows, found.warns, found.share), (1, true, Some(0.5)));
    assert_eq!(found.examples[0].value.as_deref(), Some("100"));
    assert_eq!((warned.gate_open, shop.count("sales").await), (true, 2));
    let json = serde_json::to_value(found).unwrap();
    assert_eq!((&json["rows"], &json["share"]), (&1.into(), &0.5.into()));
    let limited = format!("{SALES}{cheap}share_max = 0.4\n");
    shop.write("sources/sales.toml", limited);
    let closed = shop.import().await.unwrap();
    let says = "50.00 % of the rows of raw/sales.csv broke `not cheap`, allowed is 40.00 %";
    assert!(closed.to_string().contains(says), "{closed}");
    assert_eq!(closed.committed, Committed::GateClosed);
    let enough = format!("{SALES}{cheap}share_max = 0.5\n");
    shop.write("sources/sales.toml", enough);
    assert!(shop.import().await.unwrap().gate_open);
}

#[tokio::test]
async fn a_source_may_allow_some_values_and_refer_to_another_table() {
    let shop = Shop::with_sales(&TWO_ROWS.replace("p2", "p9")).await;
    let rules = "[[rule]]\nname = \"our coins\"\ncolumn = \"currency\"\nallowed = [\"EUR\", \"CHF\"]\n\
        [[rule]]\nname = \"an order is a product\"\ncolumn = \"order_id\"\nreferences = \"products.product_id\"\n\
        [contract]\nreferences = \"off\"\n";
    shop.write("sources/sales.toml", format!("{SALES}{rules}"));
    shop.write("sources/zz.toml", PRODUCTS);
    shop.write("raw/products.csv", "id\na\n");
    let outcome = shop.import_anyway().await;
    assert_eq!(rule(&outcome, "our coins").rows, 0);
    let found = shop
        .rows("SELECT rule, \"column\", value, reason FROM quarantine")
        .await;
    let aside = [
        "an order is a product",
        "order_id",
        "b",
        "a value of products.product_id",
    ];
    assert_eq!(found, [aside]);
    let dollars = format!("{SALES}{rules}").replace("currency = \"EUR\"", "currency = \"USD\"");
    shop.write("sources/sales.toml", dollars);
    let outcome = shop.import_anyway().await;
    let coins = rule(&outcome, "our coins");
    assert_eq!((coins.rows, coins.allowed.as_str()), (2, "one of CHF, EUR"));
}

#[tokio::test]
async fn a_sale_of_nothing_a_return_that_is_none_and_money_that_does_not_exist_are_set_aside() {
    let rows = "a,2024-03-01,c1,p1,0,2.50\nb,2024-03-02,,p2,-2,1\nc,2024-03-02,,p2,2,1\n";
    let shop = Shop::with_sales(rows).await;
    shop.import_anyway().await;
    let sql = "SELECT rule, reason FROM quarantine ORDER BY line_no";
    let found = shop.rows(sql).await;
    assert_eq!(
        (found[0][0].as_str(), found.len()),
        ("quantity is not zero", 2)
    );
    assert_eq!(
        found[0][1],
        "rows for which quantity <> 0: a line of no units neither sells nor takes back"
    );
    assert_eq!(found[1][0], "only returns are negative");
    // The currency of a file is refused in its source file, that of a column row by row.
    let mapped = SALES
        .replace("currency = \"EUR\"\n", "")
        .replace("[columns]", "[columns]\ncurrency = { from = \"cur\" }");
    shop.write("sources/sales.toml", mapped);
    let header = HEADER.replace("price", "price,cur");
    let rows = "a,2024-03-01,c1,p1,1,2.50,ZZZ\nb,2024-03-01,c1,p1,1,2.50,GBP\n";
    shop.write("raw/sales.csv", format!("{header}{rows}"));
    shop.import_anyway().await;
    let found = shop
        .rows("SELECT rule, \"column\", value, reason FROM quarantine")
        .await;
    let aside = ["currency", "currency", "ZZZ", "a currency code of ISO 4217"];
    assert_eq!(found, [aside]);
}

#[tokio::test]
async fn what_a_closed_gate_refused_is_kept_until_the_source_passes() {
    let bad = "a,2024-03-01,c1,p1,1,2.50\nb,2024-03-02,,p2,2,NaN\n";
    let shop = Shop::with_sales(bad).await;
    let dry_run = ImportOptions {
        dry_run: true,
        ..ImportOptions::at(now())
    };
    shop.import_with(&dry_run).await.unwrap();
    assert!(refused(&shop.lake).await.unwrap().is_empty());
    let closed = shop.import().await.unwrap();
    let kept = refused(&shop.lake).await.unwrap();
    let sales = &kept["sales"];
    assert_eq!(
        (sales.import_id.as_str(), sales.table.as_str()),
        (closed.import_id.as_str(), "sales")
    );
    assert_eq!(sales.report, closed.sources[0].report);
    let Gate::Closed { reasons } = &closed.sources[0].gate else {
        panic!("open")
    };
    assert_eq!((&sales.reasons, sales.refused_at), (reasons, now()));
    assert_eq!(shop.version().await, 0);
    shop.write("raw/sales.csv", format!("{HEADER}{TWO_ROWS}"));
    shop.import().await.unwrap();
    assert!(refused(&shop.lake).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_source_whose_file_was_renamed_is_named_and_can_be_forgotten() {
    let shop = Shop::with_sales(&format!("{TWO_ROWS}c,2024-03-03,c1,p1,one,1\n")).await;
    shop.write("sources/products.toml", PRODUCTS);
    shop.write("raw/products.csv", "id\np1\np2\n");
    shop.import_anyway().await;
    let renamed = shop.path("sources/orders.toml");
    std::fs::rename(shop.path("sources/sales.toml"), renamed).unwrap();
    let collided = shop.import().await.unwrap();
    assert_eq!(collided.committed, Committed::GateClosed, "{collided}");
    assert_eq!(collided.sources_gone, ["sales"]);
    let says = "`comptoir import --forget sales` takes them out";
    assert!(collided.to_string().contains(says), "{collided}");

    let unknown = forget(&shop.lake, "sails", now()).await.unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "forget source `sails`: nothing was imported from it; found products, sales"
    );
    let forgotten = forget(&shop.lake, "sales", now()).await.unwrap();
    assert_eq!((forgotten.files, forgotten.version), (1, 2));
    let rows: Vec<(&str, i64)> = forgotten
        .rows
        .iter()
        .map(|(t, n)| (t.as_str(), *n))
        .collect();
    assert_eq!(rows, [("quarantine", 1), ("sales", 2)]);
    assert_eq!(
        (shop.count("sales").await, shop.count("quarantine").await),
        (0, 0)
    );
    assert_eq!(
        shop.rows("SELECT source, rows_read FROM imports").await,
        [["products", "2"]]
    );
    let again = shop.import_anyway().await;
    assert_eq!(again.committed, Committed::Snapshot { version: 3 });
    assert!(again.sources_gone.is_empty());
    assert_eq!(shop.count("sales").await, 2);
    // The rows of the ledger that were written again can be taken out, too.
    forget(&shop.lake, "products", now()).await.unwrap();
    assert_eq!(shop.rows("SELECT source FROM imports").await, [["orders"]]);
}

#[tokio::test]
async fn keys_beyond_the_budget_of_memory_are_refused_with_figures() {
    let rows: String = (0..2_000)
        .map(|n| format!("o{n},2024-03-01,c1,p1,1,2.50\n"))
        .collect();
    let shop = Shop::with_memory(Bytes(16 << 10)).await;
    shop.write("sources/sales.toml", SALES);
    shop.write("raw/sales.csv", format!("{HEADER}{rows}"));
    let error = shop.import().await.unwrap_err();
    assert_eq!(error.blame(), Blame::Budget);
    let said = error.to_string();
    assert!(
        said.starts_with("judge rows of `sales`: keys and references take ")
            && said.contains(", allowed is 16.0 KiB; raise --memory"),
        "{said}"
    );
    assert_eq!(shop.version().await, 0);
}

#[tokio::test]
async fn the_query_of_a_source_is_held_to_the_budget_of_memory() {
    let rows: String = (0..20_000)
        .map(|n| format!("o{n},2024-03-01,customer-{n},product-{n},1,2.50\n"))
        .collect();
    let query = "query = \"SELECT a.* FROM raw a JOIN raw b ON a.product = b.product\"\n";
    let toml = SALES.replacen('\n', &format!("\n{query}"), 1);
    let small = Shop::with_memory(Bytes(1 << 20)).await;
    small.write("sources/sales.toml", &toml);
    small.write("raw/sales.csv", format!("{HEADER}{rows}"));
    let error = small.import().await.unwrap_err();
    assert_eq!(error.blame(), Blame::Budget, "{error}");
    let said = error.to_string();
    assert!(
        said.contains("the source's `query` does not fit into 1.0 MiB of memory: "),
        "{said}"
    );
    let large = Shop::with_memory(Bytes(256 << 20)).await;
    large.write("sources/sales.toml", &toml);
    large.write("raw/sales.csv", format!("{HEADER}{rows}"));
    assert!(large.import().await.unwrap().gate_open);
}
