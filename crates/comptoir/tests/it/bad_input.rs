//! Wrong use: one clear error, the right exit code, nothing half written.

use crate::program::{counts, good, refused, starter};

#[test]
fn outside_a_project_the_way_in_is_told() {
    let folder = tempfile::tempdir().unwrap();
    refused(
        folder.path(),
        &["import"],
        2,
        &["comptoir.toml", "comptoir new"],
    );
}

#[test]
fn an_unknown_key_is_refused_at_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    let file = shop.join("products/for-you.toml");
    let text = std::fs::read_to_string(&file).unwrap() + "colour = \"blue\"\n";
    std::fs::write(&file, &text).unwrap();
    let line = format!("for-you.toml:{}", text.lines().count());
    refused(&shop, &["check"], 1, &[&line, "colour", "expected"]);
    refused(&shop, &["run"], 2, &[&line]);
}

#[test]
fn a_value_out_of_range_names_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    let file = shop.join("products/value.toml");
    std::fs::write(
        &file,
        "kind = \"value\"\nowner = \"me\"\n[settings]\nhorizon_days = 0\n",
    )
    .unwrap();
    refused(
        &shop,
        &["check"],
        1,
        &["value.toml:4", "horizon_days", "0", "1 to 3650"],
    );
    std::fs::write(&file, "kind = \"valeu\"\nowner = \"me\"\n").unwrap();
    refused(
        &shop,
        &["check"],
        1,
        &["value.toml:1", "valeu", "recommend", "segments", "value"],
    );
}

#[test]
fn unknown_names_are_answered_with_those_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    refused(
        &shop,
        &["run", "for-me"],
        2,
        &["for-me", "for-you", "segments", "value"],
    );
    refused(&shop, &["tables", "sale"], 2, &["sale", "sales"]);
    refused(
        &shop,
        &["new", "x", "--shop", "bakery"],
        2,
        &["bakery", "marketplace", "starter"],
    );
    refused(&shop, &["--output", "xml", "tables"], 2, &["xml", "json"]);
    refused(&shop, &["plan", "--memory", "lots"], 2, &["lots", "8GiB"]);
}

#[test]
fn nothing_to_learn_from_is_told_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    refused(&shop, &["run"], 2, &["sales", "import"]);
    refused(
        &shop,
        &["explain", "for-you", "--for", "customer=C001"],
        2,
        &["no champion", "comptoir run"],
    );
}

#[test]
fn training_over_the_memory_budget_is_not_started() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    good(&shop, &["import"]);
    refused(&shop, &["plan", "--memory", "1MiB"], 3, &["budget"]);
    refused(
        &shop,
        &["run", "segments", "--memory", "1MiB"],
        3,
        &["1.0 MiB"],
    );
    let runs = good(
        &shop,
        &[
            "query",
            "SELECT state, reason FROM runs",
            "--output",
            "json",
        ],
    );
    assert!(
        runs.out.contains("failed") && runs.out.contains("budget"),
        "{runs:#?}"
    );
}

#[test]
fn the_lake_is_not_written_by_a_query_and_no_file_outside_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    good(&shop, &["import"]);
    let before = counts(&shop);
    let stolen = folder.path().join("stolen.csv");
    for sql in [
        "DELETE FROM sales",
        "INSERT INTO sales SELECT * FROM sales",
        "UPDATE sales SET quantity = 0",
        &format!("COPY sales TO '{}'", stolen.display()),
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
        "CREATE TABLE x AS SELECT * FROM sales",
        "DROP TABLE sales",
    ] {
        let ran = refused(&shop, &["query", sql], 2, &["only SELECT"]);
        assert_eq!(ran.out, "", "{sql}");
    }
    assert!(!stolen.exists(), "a query has written {}", stolen.display());
    assert_eq!(counts(&shop), before);
    refused(
        &shop,
        &["query", "SELECT * FROM '/etc/passwd'"],
        2,
        &["/etc/passwd"],
    );
    refused(
        &shop,
        &["query", "SELECT nothing FROM sales"],
        2,
        &["nothing", "order_id"],
    );
}

#[test]
fn a_lake_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    std::fs::write(shop.join("lake"), "a file where the folder should be").unwrap();
    let ran = refused(
        &shop,
        &["import", "--quiet"],
        2,
        &["open the lake at \"./lake\"", "File exists"],
    );
    assert_eq!(ran.out, "");
    assert_eq!(
        std::fs::read_to_string(shop.join("lake")).unwrap(),
        "a file where the folder should be"
    );
}
