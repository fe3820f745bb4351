//! What an offer would change, through the command line.

use crate::documents::documented;
use crate::planned_shop::document;
use crate::program::{good, json, real_data, refused, root, rows, run, starter};
use crate::shops::copy;
use serde_json::Value;
use std::path::{Path, PathBuf};

const SPEND: &str = "[effect.assumed]\nspend = { expected = 1.1, low = 1.05, high = 1.15 }\n";

fn ask(shop: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(shop.join("whatif")).unwrap();
    let file = format!("owner = \"crm\"\nproduct = \"value\"\n{text}");
    std::fs::write(shop.join(format!("whatif/{name}.toml")), file).unwrap();
}

fn cents(of: &Value, path: &str) -> f64 {
    let found = of.pointer(path).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("{path}: {of:#}"))
}

/// The starter shop with its sales, and no data product trained.
fn imported(folder: &Path) -> PathBuf {
    let shop = starter(folder);
    good(&shop, &["import", "--quiet"]);
    shop
}

#[test]
fn a_question_is_answered_by_the_champion_and_its_exit_code_says_whether_it_pays() {
    let folder = tempfile::tempdir().unwrap();
    let shop = &imported(folder.path());
    ask(shop, "more", SPEND);
    refused(
        shop,
        &["whatif", "more"],
        2,
        &["data product \"value\" has no champion: it was never trained"],
    );
    good(shop, &["run", "value", "--quiet"]);
    let found = document(shop, "whatif QUESTION", &["whatif", "more"]);
    assert_eq!(
        (&found["verdict"], &found["version"]),
        (&"pays".into(), &1.into())
    );
    let (worth, more) = (
        cents(&found, "/clv/total/expected_cents"),
        cents(&found, "/change/expected_cents"),
    );
    assert!((more - 0.1 * worth).abs() <= 1.0, "{worth} {more}");
    let again = document(
        shop,
        "whatif QUESTION",
        &["whatif", "more", "--threads", "1"],
    );
    assert_eq!(again, found);
    let other = document(shop, "whatif QUESTION", &["whatif", "more", "--seed", "8"]);
    assert_eq!(
        other["change"]["expected_cents"],
        found["change"]["expected_cents"]
    );
    assert_ne!(other["change"]["low_cents"], found["change"]["low_cents"]);
    // What costs more than it brings is answered too.
    ask(
        shop,
        "dear",
        &format!("cost = {{ per_customer_cents = 100000 }}\n{SPEND}"),
    );
    let ran = refused(
        shop,
        &["whatif", "dear", "--output", "json"],
        1,
        &["dear is not told to pay: its net lies between -"],
    );
    let dear = json(&ran.out);
    documented("whatif QUESTION", &dear);
    assert_eq!(dear["verdict"], "does_not_pay");
    let shown = run(shop, &["whatif", "dear"]);
    for part in [
        "It would cost ",
        "it does not pay: -",
        "what an order brings: times 1.1 (1.05 to 1.15), assumed, nobody has measured it",
        "sales count in full, as if the goods cost nothing",
        "break-even: ",
        "WORTH NOW",
        "10 of 10",
    ] {
        assert!(shown.out.contains(part), "no {part:?} in {shown:?}");
    }
    refused(
        shop,
        &["whatif", "less"],
        2,
        &["there is no question \"less\": write whatif/less.toml; found dear, more"],
    );
    ask(shop, "far", &format!("horizon_days = 3000\n{SPEND}"));
    refused(
        shop,
        &["whatif", "far"],
        2,
        &[
            "answer whatif/far.toml",
            "`horizon_days` is 3000, allowed is 1 to",
        ],
    );
}

#[test]
fn a_question_of_a_product_that_is_not_there_is_wrong_before_it_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let shop = &starter(folder.path());
    ask(shop, "good", SPEND);
    let told = good(shop, &["check"]).out;
    assert!(
        told.contains("whatif/good.toml") && told.contains("question of data product value"),
        "{told}"
    );
    for (product, says) in [
        (
            "for-you",
            "`product` is \"for-you\", of kind recommend, allowed is a data product of kind value: value",
        ),
        (
            "worth",
            "`product` is \"worth\", allowed is a data product of kind value: value",
        ),
    ] {
        let text = format!("owner = \"crm\"\nproduct = \"{product}\"\n{SPEND}");
        std::fs::write(shop.join("whatif/wrong.toml"), text).unwrap();
        refused(
            shop,
            &["check"],
            1,
            &[&format!("whatif/wrong.toml:2: {says}")],
        );
        refused(shop, &["whatif", "good"], 2, &["whatif/wrong.toml:2"]);
    }
    // A product whose own file is wrong is told of once.
    std::fs::remove_file(shop.join("whatif/wrong.toml")).unwrap();
    std::fs::write(shop.join("products/value.toml"), "kind = \"value\"\n").unwrap();
    let wrong = refused(shop, &["check"], 1, &["products/value.toml"]);
    assert!(!wrong.out.contains("whatif/good.toml:"), "{wrong:?}");
}

#[test]
fn the_reference_customers_are_worth_together_what_each_is_told_to_be() {
    if real_data("the_reference_customers_are_worth_together_what_each_is_told_to_be").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let shop = &folder.path().join("cdnow");
    copy(&root().join("examples/cdnow"), shop);
    good(shop, &["import", "--quiet"]);
    good(shop, &["run", "--quiet"]);
    ask(
        shop,
        "club",
        "cost = { per_customer_cents = 50 }\n[effect.assumed]\npurchase_rate = { expected = 1.05, low = 1.0, high = 1.1 }\n",
    );
    let ran = run(shop, &["whatif", "club", "--output", "json", "--quiet"]);
    assert!(ran.code <= 1, "{ran:?}");
    let found = json(&ran.out);
    let all = rows(shop, "SELECT DISTINCT customer_id FROM sales");
    let mut questions = "customer_id\n".to_owned();
    for row in &all {
        questions.push_str(row["customer_id"].as_str().unwrap());
        questions.push('\n');
    }
    std::fs::write(shop.join("q.csv"), questions).unwrap();
    let decide = [
        "decide",
        "value",
        "--input",
        "q.csv",
        "--output-file",
        "a.ndjson",
        "--quiet",
    ];
    good(shop, &decide);
    let answers = std::fs::read_to_string(shop.join("a.ndjson")).unwrap();
    let sum: f64 = answers
        .lines()
        .map(json)
        .filter(|row| row["action"] == "expected_value")
        .map(|row| cents(&row, "/score"))
        .sum();
    let total = cents(&found, "/clv/total/expected_cents");
    // Each was rounded to the cent.
    assert!(
        (sum - total).abs() <= 0.5 * all.len() as f64,
        "{sum} {total}"
    );
    assert_eq!(found["customers"]["applies"], all.len());
    assert_eq!(
        cents(&found, "/cost/total/expected_cents"),
        50.0 * all.len() as f64
    );
    // Some leave after a purchase: 5 % more often brings a little less than 5 % more.
    let more = cents(&found, "/change/expected_cents") / total;
    assert!((0.02..0.05).contains(&more), "{more}");
}
