//! Wrong use: one clear error, the right exit code, nothing half written.

use crate::documents::documented;
use crate::program::{counts, good, json, refused, rows, run, starter};
use std::path::Path;

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

/// Changes a file of a shop.
fn change(shop: &Path, file: &str, from: &str, to: &str) {
    let path = shop.join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text.contains(from), "no {from:?} in {file}");
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

const RULE: &str = "[[rule]]\nname = \"no tea\"\nowner = \"me\"\nreason = \"to see\"\nwhen = \"item.category == 'tea'\"\n\
                    then = \"exclude\"\n[[rule.example]]\nitem = { category = \"tea\" }\napplies = true\n";

#[test]
fn what_an_import_would_refuse_is_told_by_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    let file = shop.join("sources/sales.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let start = text.lines().count() + 1;
    let cases: [(&str, usize, &[&str]); 3] = [
        (
            "column = \"product_id\"\npattern = \"[A-Z\"",
            4,
            &["`rule.0.pattern` is \"[A-Z\"", "a regular expression"],
        ),
        (
            "column = \"product_id\"\nmin = 1",
            3,
            &[
                "`rule.0.column` is `product_id`, which holds text",
                "integer, cents or number",
            ],
        ),
        (
            "column = \"quantity\"\nmin = 9\nmax = 1",
            4,
            &["`rule.0.min` is 9, allowed is `max` (1) or less"],
        ),
    ];
    for (rule, line, says) in cases {
        let rule = format!("\n[[rule]]\nname = \"mine\"\n{rule}\n");
        std::fs::write(&file, text.clone() + &rule).unwrap();
        let place = format!("sources/sales.toml:{}: ", start + line);
        let says = [says, &[&place]].concat();
        refused(&shop, &["check"], 1, &says);
        refused(&shop, &["import"], 2, &says);
    }
    assert!(
        !shop.join("lake").exists(),
        "an import of a wrong source has opened the lake"
    );
}

#[test]
fn everything_that_is_wrong_with_a_project_is_told_in_one_list() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    change(&shop, "comptoir.toml", "2GiB", "lots");
    change(&shop, "comptoir.toml", "127.0.0.1:7878", "here");
    std::fs::write(shop.join("sources/other.toml"), [0xff, 0xfe]).unwrap();
    change(&shop, "products/value.toml", "365", "0");
    std::fs::write(shop.join("rules/one.toml"), RULE).unwrap();
    let two =
        RULE.replace("no tea", "twice") + &RULE.replace("then", "thne").replace("no tea", "x");
    std::fs::write(shop.join("rules/two.toml"), two).unwrap();
    let for_yuo = RULE
        .replace("no tea", "mine")
        .replace("then =", "products = [\"for-yuo\"]\nthen =");
    let at = RULE
        .replace("no tea", "there")
        .replace("then =", "placements = [\"for_yuo\"]\nthen =");
    std::fs::write(shop.join("rules/three.toml"), for_yuo + &at).unwrap();
    let told = refused(
        &shop,
        &["check"],
        1,
        &[
            "comptoir.toml:6: `engine.memory` is lots, allowed is a size",
            "comptoir.toml:9: `server.address` is here, allowed is an address",
            "sources/other.toml: stream did not contain valid UTF-8",
            "products/value.toml:7: `settings.horizon_days` is 0",
            "rules/two.toml:15: unknown field `thne`",
            "rules/three.toml:6: `rule.0.products` is \"for-yuo\", allowed is for-you, segments, value",
            "rules/three.toml:16: `rule.1.placements` is \"for_yuo\", allowed is for_you, similar",
            "5 of 9 files are wrong",
        ],
    );
    for right in [
        "products/for-you.toml",
        "rules/one.toml",
        "sources/sales.toml",
    ] {
        let line = told.out.lines().find(|l| l.starts_with(right)).unwrap();
        assert!(!line.contains("WRONG"), "{told:#?}");
    }
    let files = json(&run(&shop, &["check", "--output", "json"]).out);
    let main = &files["files"][0];
    assert_eq!(main["errors"].as_array().unwrap().len(), 2, "{files}");
    assert_eq!(main["error"], main["errors"][0]);
    assert_eq!(files["wrong"], 5);
    refused(&shop, &["run"], 2, &["comptoir.toml:6"]);
    refused(
        folder.path(),
        &["check"],
        2,
        &["comptoir.toml", "comptoir new"],
    );
}

#[test]
fn a_wrong_type_is_refused_with_its_key_in_every_sort_of_file() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    std::fs::write(shop.join("rules/one.toml"), RULE).unwrap();
    change(&shop, "comptoir.toml", "\"2GiB\"", "2");
    change(
        &shop,
        "sources/sales.toml",
        "{ from = \"date\" }",
        "{ from = 4 }",
    );
    change(&shop, "products/value.toml", "365", "\"a year\"");
    change(
        &shop,
        "products/segments.toml",
        "\"customer marketing\"",
        "[1]",
    );
    change(
        &shop,
        "rules/one.toml",
        "applies = true",
        "applies = \"yes\"",
    );
    let told = refused(&shop, &["check"], 1, &["5 of 6 files are wrong"]);
    for (place, key) in [
        ("comptoir.toml:6: ", "engine.memory"),
        ("sources/sales.toml:", "columns.sold_at.from"),
        ("products/value.toml:7: ", "settings.horizon_days"),
        ("products/segments.toml:2: ", "owner"),
        ("rules/one.toml:9: ", "rule.0.example.0.applies"),
    ] {
        let line = told
            .out
            .lines()
            .find(|l| l.contains(place))
            .unwrap_or_else(|| panic!("{told:#?}"));
        assert!(
            line.contains("invalid type: ") && line.ends_with(&format!("(in `{key}`)")),
            "{line}"
        );
    }
}

#[test]
fn only_outside_a_project_are_tables_and_kinds_shown_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let tables = good(folder.path(), &["tables"]).out;
    assert!(tables.contains("no project"), "{tables}");
    let kinds = good(folder.path(), &["products"]).out;
    assert!(kinds.contains("recommend"), "{kinds}");
    let shop = starter(folder.path());
    let both = |says: &[&str]| {
        for verb in ["tables", "products"] {
            let ran = refused(&shop, &[verb], 2, says);
            assert_eq!(ran.out, "", "{verb}");
        }
    };
    std::fs::write(shop.join("registry.sqlite"), "no database").unwrap();
    both(&["open the registry"]);
    std::fs::remove_file(shop.join("registry.sqlite")).unwrap();
    let _ = std::fs::remove_dir_all(shop.join("lake"));
    std::fs::write(shop.join("lake"), "no folder").unwrap();
    both(&["open the lake"]);
    change(&shop, "comptoir.toml", "memory", "memroy");
    both(&["comptoir.toml:6", "memroy", "memory"]);
}

#[test]
fn the_error_of_one_product_keeps_no_other_from_running() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    change(&shop, "products/segments.toml", "90", "200");
    good(&shop, &["import", "--quiet"]);
    let says = [
        "for-you (recommend) version 1",
        "segments (segments): not trained",
        "value (value) version 1",
        "error: run segments: the history before 2026-01-01 has 364 days, at least 600 needed",
    ];
    let told = refused(&shop, &["run"], 2, &says);
    let told_in_order = says[..3].iter().try_fold(told.out.as_str(), |rest, part| {
        rest.split_once(part).map(|(_, after)| after)
    });
    assert!(told_in_order.is_some(), "{told:#?}");
    let ran = run(&shop, &["run", "segments", "--output", "json", "--quiet"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    documented("run", &json(&ran.out));
    assert_eq!(json(&ran.out)[0]["product"], "segments");
    let states = rows(
        &shop,
        "SELECT product, state FROM runs ORDER BY product, state",
    );
    assert_eq!(states.len(), 4, "{states:?}");
    // The worst of several: nothing is worse than a budget.
    let budget = refused(&shop, &["run", "--memory", "1MiB"], 3, &[]);
    for product in ["for-you", "segments", "value"] {
        let said = format!("run {product}: training needs up to");
        assert!(budget.err.contains(&said), "{budget:#?}");
    }
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
