//! Real customers are valued each morning of a past autumn, and the review tells what came of it.

use crate::clock::Clock;
use crate::program::{comptoir, good, json, real_data, root, rows, run};
use crate::shops::copy;
use std::path::Path;

/// Mornings on which all customers are valued.
const MORNINGS: u32 = 36;

/// The first of them; the version has learnt from all days before.
const FIRST: &str = "1997-10-01T05:00:00Z";

/// Runs the program as of a moment of the past.
fn at(clock: &Clock, moment: jiff::Timestamp, shop: &Path, arguments: &[&str]) -> i32 {
    let now = jiff::Timestamp::now();
    clock.set(moment.as_second() - now.as_second()).unwrap();
    let ran = clock
        .command(comptoir())
        .args(arguments)
        .current_dir(shop)
        .env_remove("COMPTOIR_PROJECT")
        .output()
        .unwrap();
    let code = ran.status.code().unwrap_or(-1);
    assert!(code <= 1, "comptoir {}: {ran:?}", arguments.join(" "));
    code
}

#[test]
fn what_real_customers_were_expected_to_buy_is_held_against_what_they_bought() {
    let name = "what_real_customers_were_expected_to_buy_is_held_against_what_they_bought";
    if real_data(name).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(clock) = Clock::new(folder.path()).unwrap() else {
        println!("skipped: a clock that can be set needs Linux and a C compiler");
        return;
    };
    let shop = &folder.path().join("cdnow");
    copy(&root().join("examples/cdnow"), shop);
    let product = shop.join("products/value.toml");
    let text = std::fs::read_to_string(&product).unwrap();
    let short = text
        .replace("held_out_days = 180", "held_out_days = 60")
        .replace("horizon_days = 273", "horizon_days = 28");
    std::fs::write(&product, short).unwrap();
    let source = shop.join("sources/sales.toml");
    let whole = std::fs::read_to_string(&source).unwrap();
    let so_far = "\n[[skip]]\nwhen = \"day >= '19971001'\"\nreason = \"yet to come\"\n";
    std::fs::write(
        &source,
        whole.replace("\n[contract]", &format!("{so_far}\n[contract]")),
    )
    .unwrap();

    let first: jiff::Timestamp = FIRST.parse().unwrap();
    at(&clock, first, shop, &["import", "--quiet"]);
    if at(&clock, first, shop, &["run", "--quiet"]) == 1 {
        let despite = ["promote", "value", "1", "--despite-gate", "--why", "test"];
        at(&clock, first, shop, &despite);
    }
    let decide = ["decide", "value", "--output-file", "values.csv", "--quiet"];
    for morning in 0..MORNINGS {
        let moment = first + jiff::SignedDuration::from_hours(24 * i64::from(morning));
        at(&clock, moment, shop, &decide);
    }
    std::fs::write(&source, whole).unwrap();
    good(shop, &["import", "--quiet"]);

    let told = run(shop, &["review", "value", "--output", "json", "--quiet"]);
    let review = json(&told.out);
    let live = &review["products"][0]["live"];
    assert_eq!(live["judged"], "measured", "{review}");
    println!("{}", run(shop, &["review", "--quiet"]).out);
    println!("{}", run(shop, &["review", "value", "--quiet"]).out);
    let errors = &live["errors"];
    // Each customer counts at most once in 28 days, and once more where they were valued first.
    let customers = rows(shop, "SELECT COUNT(DISTINCT customer_id) AS n FROM sales")[0]["n"]
        .as_u64()
        .unwrap();
    let forecasts = errors["forecasts"].as_u64().unwrap();
    assert!(forecasts > 0 && forecasts <= 2 * customers, "{live}");
    assert_eq!(live["fell"], serde_json::Value::Null, "{live}");
    let at_launch = live["at_launch"]["measured"]["point"].as_f64().unwrap();
    assert!((0.05..0.6).contains(&at_launch), "{live}");
    assert_eq!(live["pending"], 0, "{live}");
}
