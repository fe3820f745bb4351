//! The demonstration: from nothing to explained decisions.

use crate::documents::documented;
use crate::program::{Ran, counts, good, json, refused, rows, run};
use serde_json::Value;
use std::path::Path;

/// Every step is told, in order.
fn tells_its_steps(ran: &Ran) {
    let mut steps = vec![
        "1. Simulate a marketplace with known truth (truth.json)",
        "2. Import: every row is accepted or set aside with the reason",
        "the lake is at snapshot 1",
        "3. Train, measure on days held out",
        "for-you (recommend) version 1: champion",
        "segments (segments) version 1: ",
        "value (value) version 1: ",
    ];
    // A version that loses its gate ends the demo before it asks.
    if ran.code == 0 {
        steps.extend([
            "4. Ask: what for customer ",
            "   1. ",
            "Look around: comptoir serve --project comptoir-demo",
        ]);
    } else {
        assert!(
            ran.err.starts_with("refused: ") && ran.out.contains("not promoted"),
            "{ran:#?}"
        );
    }
    let mut rest = ran.out.as_str();
    for step in steps {
        let (_, after) = rest
            .split_once(step)
            .unwrap_or_else(|| panic!("no {step:?} in {ran:#?}"));
        rest = after;
    }
}

/// Every row that was read is accepted or set aside, and each of these says why.
fn dirt_is_set_aside_with_its_reason(shop: &Path) {
    let sql = "SELECT SUM(rows_read) AS read, SUM(rows_accepted) AS accepted, SUM(rows_quarantined) AS aside FROM imports";
    let sums = &rows(shop, sql)[0];
    let n = |name: &str| sums[name].as_u64().unwrap();
    assert_eq!(n("read"), n("accepted") + n("aside"), "{sums}");
    let [sales, aside, files] = counts(shop);
    assert!(
        sales > 5_000 && aside > 500 && files > 50,
        "{sales} {aside} {files}"
    );
    assert_eq!(aside, n("aside"));
    let sql = "SELECT \"table\", COUNT(DISTINCT rule) AS rules, COUNT(*) FILTER (WHERE reason IS NULL OR reason = '') AS bare FROM quarantine GROUP BY 1";
    let found = rows(shop, sql);
    assert!(found.len() > 4, "dirt is in too few tables: {found:?}");
    assert!(found.iter().all(|row| row["bare"] == 0), "{found:?}");
    let rules = |row: &Value| row["rules"].as_u64().unwrap();
    assert!(found.iter().all(|row| rules(row) >= 3), "{found:?}");
}

/// The reasons of an answer add up to its score.
fn explains_what_it_decides(shop: &Path, customer: &str) {
    let subject = format!("customer={customer}");
    let explained = good(
        shop,
        &["explain", "for-you", "--for", &subject, "--output", "json"],
    );
    let explanation = &json(&explained.out)["explanation"];
    let lines = explanation["lines"].as_array().unwrap();
    assert!(!lines.is_empty(), "{explanation}");
    let sum: f64 = lines
        .iter()
        .map(|l| l["contribution"].as_f64().unwrap())
        .sum();
    let score = explanation["score"].as_f64().unwrap();
    assert!(
        (sum - score).abs() <= 1e-5 * score.abs().max(1e-9),
        "{explanation}"
    );
}

/// A batch is answered, for somebody unknown too, and logged.
fn decides_for_many(shop: &Path, customer: &str) {
    std::fs::write(
        shop.join("q.csv"),
        format!("customer_id\n{customer}\nnobody-knows-me\n"),
    )
    .unwrap();
    let arguments = [
        "decide",
        "for-you",
        "--input",
        "q.csv",
        "--output-file",
        "a.ndjson",
        "--output",
        "json",
    ];
    let decided = json(&good(shop, &arguments).out);
    assert_eq!(
        (&decided["questions"], &decided["answered"]),
        (&2.into(), &2.into()),
        "{decided}"
    );
    let logged = rows(
        shop,
        "SELECT COUNT(DISTINCT decision_id) AS n FROM decisions",
    );
    assert_eq!(logged[0]["n"], 2);
}

/// A second call simulates and imports nothing, and trains again.
fn starts_from_what_is_there_and_tells_it_in_one_document(folder: &Path) {
    let again = run(folder, &["demo", "--once", "--output", "json", "--quiet"]);
    assert!(again.code <= 1, "{again:#?}");
    let document = json(&again.out);
    documented("demo", &document);
    assert_eq!(document["folder"], "comptoir-demo");
    assert_eq!(document["simulated"], Value::Null);
    assert_eq!(document["import"]["committed"]["state"], "nothing_new");
    assert_eq!(document["runs"].as_array().unwrap().len(), 3, "{document}");
    assert_eq!(document["asked"].is_null(), again.code == 1, "{document}");
    assert_eq!(document["address"], Value::Null);
}

#[test]
fn the_demo_goes_from_raw_files_to_explained_decisions() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(
        folder.path(),
        &["demo", "--once", "--customers", "600", "--quiet"],
    );
    assert!(ran.code <= 1, "{ran:#?}");
    tells_its_steps(&ran);
    let shop = folder.path().join("comptoir-demo");
    assert!(shop.join("truth.json").is_file());
    dirt_is_set_aside_with_its_reason(&shop);

    let again = json(&good(&shop, &["import", "--output", "json", "--quiet"]).out);
    assert_eq!(again["committed"]["state"], "nothing_new", "{again}");
    let trained = rows(
        &shop,
        "SELECT product, scorecard FROM runs WHERE version = 1",
    );
    assert_eq!(trained.len(), 3, "{trained:?}");
    for run in &trained {
        let card = json(run["scorecard"].as_str().unwrap());
        assert!(!card["metrics"].as_array().unwrap().is_empty(), "{run}");
    }
    let sql = "SELECT customer_id FROM sales WHERE customer_id IS NOT NULL GROUP BY 1 ORDER BY COUNT(*) DESC, 1 LIMIT 1";
    let best = rows(&shop, sql)[0]["customer_id"]
        .as_str()
        .unwrap()
        .to_owned();
    explains_what_it_decides(&shop, &best);
    decides_for_many(&shop, &best);
    if ran.code == 0 {
        good(&shop, &["doctor"]);
    }

    let other = ["demo", "--once", "--customers", "700"];
    let says = "--customers is 700, but comptoir-demo/raw is there already";
    refused(folder.path(), &other, 2, &[says]);
    let runs = rows(&shop, "SELECT product FROM runs");
    assert_eq!(runs.len(), 3, "a refused demo has trained");
    starts_from_what_is_there_and_tells_it_in_one_document(folder.path());
}

#[test]
fn a_demo_of_too_few_customers_is_refused_and_leaves_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let says = ["--customers", "9", "600..=500000"];
    refused(folder.path(), &["demo", "--customers", "9"], 2, &says);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Who was drawn by chance got any arm alike, was logged with its probability, and is learnt from later.
fn explores_and_logs_it(shop: &Path, customers: u64) {
    let drawn = rows(
        shop,
        "SELECT action, COUNT(*) AS n, MIN(propensity) AS least, MAX(propensity) AS most FROM decisions \
         WHERE reasons LIKE '%\"code\":\"drawn\"%' GROUP BY 1 ORDER BY 1",
    );
    let arms: Vec<&str> = drawn
        .iter()
        .filter_map(|row| row["action"].as_str())
        .collect();
    assert_eq!(
        arms,
        ["amount5", "none", "percent10", "points"],
        "{drawn:?}"
    );
    let n: u64 = drawn.iter().filter_map(|row| row["n"].as_u64()).sum();
    // Two months of 4 % of nine in ten customers.
    let expected = (customers as f64) * 2.0 * 0.9 * 0.04;
    assert!(
        (n as f64 - expected).abs() < 5.0 * expected.sqrt(),
        "{n} of {expected}"
    );
    for row in &drawn {
        let (least, most) = (row["least"].as_f64(), row["most"].as_f64());
        assert!(least >= Some(0.01) && most < Some(1.0), "{row}");
    }
    let held_out = rows(
        shop,
        "SELECT COUNT(*) AS n, COUNT(*) FILTER (WHERE action <> 'none') AS given FROM decisions WHERE holdout",
    );
    assert!(
        held_out[0]["n"].as_u64() > Some(customers / 10),
        "{held_out:?}"
    );
    assert_eq!(held_out[0]["given"], 0, "whoever is held out gets nothing");
}

/// The rule of the house has kept points from those who have gone, and the check says how many they are now.
fn keeps_to_its_offers_and_rules(shop: &Path) {
    let excluded = rows(
        shop,
        "SELECT COUNT(*) AS n, COUNT(*) FILTER (WHERE action = 'points') AS points FROM decisions \
         WHERE reasons LIKE '%\"code\":\"rule_excluded\"%'",
    );
    assert!(excluded[0]["n"].as_u64() > Some(0), "{excluded:?}");
    assert_eq!(excluded[0]["points"], 0);
    let checked = json(&good(shop, &["check", "--data", "--output", "json", "--quiet"]).out);
    let fired = &checked["rules"]["fired"][0];
    assert_eq!(fired["rule"], "no points for who has gone");
    assert_eq!(
        (&fired["over"], &fired["of"]),
        (&"customers".into(), &3_000.into())
    );
    assert!(fired["fires"].as_u64() > Some(0), "{fired}");
}

#[test]
fn the_grocery_gives_offers_under_a_budget_and_measures_them_beside_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    good(folder.path(), &["new", "shop", "--shop", "grocery"]);
    let arguments = [
        "demo",
        "--dir",
        "shop",
        "--once",
        "--customers",
        "3000",
        "--output",
        "json",
        "--quiet",
    ];
    let document = json(&good(folder.path(), &arguments).out);
    documented("demo", &document);
    let months = document["grocery"]["months"].as_array().unwrap();
    assert_eq!(months.len(), 2, "{document}");
    for month in months {
        let number = |path: &str| month.pointer(path).and_then(Value::as_f64).unwrap();
        let customers = number("/customers") + number("/held_out");
        assert_eq!(customers, 3_000.0);
        assert!(number("/budget") < 1.5 * 3_000.0);
        // Kept in expectation: single customers redeem or not.
        let spent = number("/spent");
        assert!(spent > 0.0 && spent < 1.25 * number("/budget"), "{month}");
        let measured =
            ["point", "low", "high"].map(|end| number(&format!("/measured/measured/{end}")));
        assert!(
            measured[1] < measured[0] && measured[0] < measured[2],
            "{month}"
        );
        let oracle = number("/rivals/3/margin");
        assert!(
            oracle > number("/gained/margin") && oracle > number("/rivals/0/margin"),
            "{month}"
        );
        assert!(number("/rivals/3/spent") <= number("/budget"), "{month}");
    }
    let shop = folder.path().join("shop");
    explores_and_logs_it(&shop, 3_000);
    keeps_to_its_offers_and_rules(&shop);
    let runs = document["grocery"]["runs"].as_array().unwrap();
    let splits: Vec<&str> = runs
        .iter()
        .filter(|run| run["product"] == "offers")
        .filter_map(|run| run["scorecard"]["split"].as_str())
        .collect();
    assert_eq!(splits.len(), 2, "{splits:?}");
    let learns_on = "that it drew by chance";
    assert!(
        !splits[0].contains(learns_on) && splits[1].contains(learns_on),
        "{splits:?}"
    );
    let again = ["demo", "--dir", "shop", "--shop", "marketplace", "--once"];
    let says = ["--shop is marketplace, but the project in shop is a grocery"];
    refused(folder.path(), &again, 2, &says);
}

/// The parts stand in this order.
#[track_caller]
fn tells_in_order(out: &str, steps: &[&str]) {
    let mut rest = out;
    for step in steps {
        let (_, after) = rest
            .split_once(step)
            .unwrap_or_else(|| panic!("no {step:?} in {out}"));
        rest = after;
    }
}

/// The same demo for a person and for a program, in folders of their own.
fn told_and_documented(shop: &str, arguments: &[&str]) -> (String, Value) {
    let folder = tempfile::tempdir().unwrap();
    let demo = ["demo", "--once", "--quiet", "--shop", shop];
    let of = |dir: &str, more: &[&str]| {
        let arguments = [&demo[..], arguments, &["--dir", dir], more].concat();
        good(folder.path(), &arguments).out
    };
    let document = json(&of("document", &["--output", "json"]));
    documented("demo", &document);
    (of("text", &[]), document)
}

#[test]
fn the_club_forecasts_its_launches_before_they_open_and_hour_by_hour() {
    let (text, document) = told_and_documented("flash-sales", &["--customers", "600"]);
    tells_in_order(
        &text,
        &[
            "1. Simulate a flash-sales club: ",
            "2. Import: every row is accepted or set aside with the reason",
            "3. Learn from launches that are over",
            "launch (launch) version 1: champion",
            "4. Before the launches of the last day open",
            "in the end ",
            "expected cost of ordering so",
            "5. The first hours: sales are imported, forecasts corrected",
            "Look around: comptoir serve --project text",
        ],
    );
    let club = &document["flash_sales"];
    let summary = club["runs"][0].to_string();
    let layers = ["history", "attributes", "merchant's estimate", "first hour"];
    assert!(
        layers.iter().all(|layer| summary.contains(layer)),
        "{summary}"
    );

    let launches = club["launches"].as_array().unwrap();
    assert!(launches.len() > 8, "{club}");
    for one in launches {
        let number = |name: &str| one[name].as_f64().unwrap();
        let (low, forecast, high) = (number("low"), number("forecast"), number("high"));
        assert!(low <= forecast && forecast <= high, "{one}");
    }
    // What a person is told of the first launch is what a program is.
    let first = &launches[0];
    let said = format!(
        "   {} {}: ",
        first["launch"].as_str().unwrap(),
        first["product"].as_str().unwrap()
    );
    let end = format!("; in the end {} are asked for", first["truth"]);
    tells_in_order(&text, &[&said, &end]);

    let costs = club["costs"].as_array().unwrap();
    let cost = |at: usize| costs[at]["cost"].as_f64().unwrap();
    assert_eq!(costs.len(), 5, "{club}");
    assert!(cost(0) < cost(1), "less than the naive order: {costs:?}");
    assert!(cost(4) <= cost(0) && cost(4) <= cost(3), "{costs:?}");
    for one in costs {
        let line = format!(
            "{:>10.0}  {}",
            one["cost"].as_f64().unwrap(),
            one["rule"].as_str().unwrap()
        );
        assert!(text.contains(&line), "no {line:?} in {text}");
    }

    let hours = club["hours"].as_array().unwrap();
    let seen: Vec<_> = hours.iter().map(|hour| hour["hours"].clone()).collect();
    assert_eq!(seen, [0, 1, 2, 4, 8]);
    let of = |at: usize, name: &str| hours[at][name].as_f64().unwrap();
    assert!(of(4, "error") < of(0, "error"), "{hours:?}");
    assert!(of(4, "width") < of(0, "width"), "{hours:?}");
    assert!(of(0, "held") >= 0.6 * of(0, "launches"), "{hours:?}");
}

#[test]
fn the_boutiques_order_each_morning_and_tell_forecasts_beside_what_sold() {
    let size = ["--customers", "600", "--weeks", "1"];
    let (text, document) = told_and_documented("boutique", &size);
    tells_in_order(
        &text,
        &[
            "1. Simulate a chain of boutiques: 2 stores, 30 products, 728 days",
            "2. Import: every row is accepted or set aside with the reason",
            "3. Learn what sells where and how long suppliers take",
            "4. 1 weeks: each morning yesterday is imported, and what is proposed is ordered",
            "what the first morning forecast of the first week, beside what sold:",
            "by the simulator's truth, the same demand and the same delays:",
            "as proposed",
            "by the chain's own rule",
            "by who knows the true demand",
            "Look around: comptoir serve --project text",
        ],
    );
    let chain = &document["boutique"];
    assert_eq!(chain["weeks"], 1);
    let products: Vec<_> = chain["runs"].as_array().unwrap().iter().collect();
    assert_eq!(products.len(), 2, "{chain}");
    assert!(
        !chain["proposals"].as_array().unwrap().is_empty(),
        "{chain}"
    );

    let forecasts = chain["forecasts"].as_array().unwrap();
    assert_eq!(forecasts.len(), 3, "{chain}");
    let (mut sold, mut held) = (0.0, 0);
    for one in forecasts {
        let name = format!(
            "   {} at {}: ",
            one["product"].as_str().unwrap(),
            one["site"].as_str().unwrap()
        );
        assert!(text.contains(&name), "no {name:?} in {text}");
        let days = one["days"].as_array().unwrap();
        assert_eq!(days.len(), 7, "{one}");
        for day in days {
            let number = |name: &str| day[name].as_f64().unwrap();
            let (low, forecast, high) = (number("low"), number("forecast"), number("high"));
            assert!(low <= forecast && forecast <= high, "{day}");
            sold += number("sold");
            held += usize::from((low..=high).contains(&number("sold")));
            let line = format!("     {}  ", day["day"].as_str().unwrap());
            assert!(text.contains(&line), "no {line:?} in {text}");
        }
    }
    assert!(sold > 0.0, "{forecasts:?}");
    // Of 21 intervals that hold 80 % each, more than half.
    assert!(held > 10, "{held} of 21: {forecasts:?}");

    let policies = chain["policies"].as_array().unwrap();
    let names: Vec<_> = policies.iter().map(|of| of["policy"].clone()).collect();
    let expected = [
        "as proposed",
        "by the chain's own rule",
        "by who knows the true demand",
    ];
    assert_eq!(names, expected);
    for one in policies {
        let served = one["fill_rate"].as_f64().unwrap();
        assert!((0.5..=1.0).contains(&served), "{one}");
        let line = format!("{:.1} %", 100.0 * served);
        assert!(text.contains(&line), "no {line:?} in {text}");
    }
}

#[test]
fn a_boutique_plays_four_weeks_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let demo = ["demo", "--once", "--shop", "boutique", "--weeks", "5"];
    let says = ["--weeks is 5, a boutique plays 1 to 4"];
    refused(folder.path(), &demo, 2, &says);
}
