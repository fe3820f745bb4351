//! Real customers are valued each morning of a past autumn, and the review tells what came of it.

use crate::clock::Clock;
use crate::program::{comptoir, good, json, real_data, root, rows, run};
use crate::shops::copy;
use std::path::Path;

/// Mornings on which all customers are valued.
const MORNINGS: u32 = 36;

/// The first of them; the version has learnt from all days before.
const FIRST: &str = "1997-10-01T05:00:00Z";

/// Days that are forecast.
const HORIZON: i64 = 28;

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

/// Horizons of a customer in which the mornings lie: in each of them one forecast counts.
fn horizons(customer: &str) -> i64 {
    let ending = customer.bytes().rev().take(6).zip(0..);
    let turn: i64 = ending
        .map(|(of, place)| 31_i64.pow(place) * i64::from(of))
        .sum();
    let moment: jiff::Timestamp = FIRST.parse().unwrap();
    let first = moment.as_second() / 86_400;
    let horizon_of = |day: i64| (day + turn % HORIZON) / HORIZON;
    horizon_of(first + i64::from(MORNINGS) - 1) - horizon_of(first) + 1
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
        .replace("horizon_days = 273", &format!("horizon_days = {HORIZON}"));
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
    let review = json(&told.out)["review"].clone();
    let live = &review["products"][0]["live"];
    assert_eq!(live["judged"], "measured", "{review}");
    let printed = run(shop, &["review", "--quiet"]).out;
    let one = run(shop, &["review", "value", "--quiet"]).out;
    println!("{printed}\n{one}");
    let percent = |of: &serde_json::Value| {
        let share = of["measured"]["point"].as_f64().unwrap();
        format!("{:.1} %", 100.0 * share)
    };
    let row = printed
        .lines()
        .find(|line| line.starts_with("value"))
        .unwrap();
    for told in [&live["good"], &live["at_launch"]].map(percent) {
        assert!(row.contains(&told), "no {told} in {row}");
    }
    assert!(one.contains("bought in the 28 days before"), "{one}");
    let customers = rows(shop, "SELECT DISTINCT customer_id FROM sales");
    let customers = customers
        .iter()
        .map(|row| row["customer_id"].as_str().unwrap());
    let horizons: i64 = customers.map(horizons).sum();
    assert_eq!(live["errors"]["forecasts"], horizons, "{live}");
    assert_eq!(live["fell"], serde_json::Value::Null, "{live}");
    let at_launch = live["at_launch"]["measured"]["point"].as_f64().unwrap();
    assert!((0.05..0.6).contains(&at_launch), "{live}");
    assert_eq!(live["pending"], 0, "{live}");

    // Of plain distances nothing would be saved: most customers buy nothing, and the best answer would be too low.
    let of_first = "WITH said AS (SELECT customer_id, score FROM decisions
            WHERE action = 'expected_purchases' AND decided_at < TIMESTAMP '1997-10-02T00:00:00Z'),
        bought AS (SELECT DISTINCT customer_id, CAST(sold_at AS DATE) AS day FROM sales
            WHERE sold_at >= TIMESTAMP '1997-09-03T00:00:00Z' AND sold_at < TIMESTAMP '1997-10-29T00:00:00Z'),
        held AS (SELECT score, CAST(count(CASE WHEN day >= DATE '1997-10-01' THEN 1 END) AS DOUBLE) AS came,
                CAST(count(CASE WHEN day < DATE '1997-10-01' THEN 1 END) AS DOUBLE) AS naive
            FROM said LEFT JOIN bought ON bought.customer_id = said.customer_id GROUP BY said.customer_id, score)
        SELECT 1 - sum(abs(score - came)) / sum(abs(naive - came)) AS plain,
            1 - sum(power(score - came, 2) / (1 + naive)) / sum(power(naive - came, 2) / (1 + naive)) AS squared
        FROM held";
    let saved = &rows(shop, of_first)[0];
    let (plain, squared) = (&saved["plain"], &saved["squared"]);
    assert!((plain.as_f64().unwrap() - 0.003).abs() < 5e-4, "{saved}");
    assert!((squared.as_f64().unwrap() - 0.298).abs() < 5e-4, "{saved}");
}
