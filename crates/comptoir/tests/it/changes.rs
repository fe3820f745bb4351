//! A change at some sites, from the shop's file to the sentence.

use crate::program::{good, json, refused, rows, run, starter};
use std::fmt::Write;
use std::path::Path;

/// Fifteen sites on 140 days; the last three bring 30.00 more a day from 2025-04-11, the hundredth day, on. Two lines
/// of one order a day, one of them with a discount; on the last day one is taken back.
fn sell(shop: &Path) {
    let mut text = String::from("order,day,site,product,quantity,price,discount\n");
    for site in 0..15 {
        for day in 0..140_i64 {
            let date = jiff_day(day);
            // A course that all share and that comes round after ten days, and one of its own after eleven.
            let common = [0, 4, 9, 3, 12, 30, 22, 41, 14, 8][day as usize % 10];
            let own = (day * (3 + site) + site) % 11;
            let more = if site >= 12 && day >= 100 { 30 } else { 0 };
            let price = 200 + 15 * site + common + own + more;
            writeln!(
                text,
                "s{site}-{day},{date},site-{site:02},TEA,1,{price}.00,0.00"
            )
            .unwrap();
            writeln!(text, "s{site}-{day},{date},site-{site:02},JAM,2,5.00,1.50").unwrap();
        }
        writeln!(
            text,
            "r{site},{},site-{site:02},JAM,-1,5.00,0.75",
            jiff_day(139)
        )
        .unwrap();
    }
    std::fs::write(shop.join("raw/sites.csv"), text).unwrap();
    let source = r#"table = "sales"
files = "raw/sites.csv"
format = "csv"
currency = "EUR"

[columns]
order_id = { from = "order" }
line_no = { row_number = true }
sold_at = { from = "day" }
product_id = { from = "product" }
site_id = { from = "site" }
quantity = { from = "quantity" }
unit_price_cents = { from = "price" }
discount_cents = { from = "discount" }

[[return]]
when = "quantity < 0"
reason = "negative quantity"

[contract]
references = "off"
"#;
    std::fs::write(shop.join("sources/sales.toml"), source).unwrap();
    for file in ["for-you", "segments", "value"] {
        std::fs::remove_file(shop.join(format!("products/{file}.toml"))).unwrap();
    }
}

/// A day of 2025, from its first.
fn jiff_day(place: i64) -> String {
    let lengths = [31, 28, 31, 30, 31];
    let mut rest = place;
    for (month, length) in (1..).zip(lengths) {
        if rest < length {
            return format!("2025-{month:02}-{:02}", rest + 1);
        }
        rest -= length;
    }
    unreachable!("the sales end in May")
}

fn product(shop: &Path, name: &str, method: &str, sites: &[&str]) {
    let text = format!(
        "kind = \"experiment\"\nowner = \"stores\"\n\n[settings]\noutcomes = [\"revenue\", \"orders\"]\n\n[settings.change]\nmethod = \"{method}\"\nsites = {sites:?}\nstart = \"2025-04-11\"\n"
    );
    std::fs::write(shop.join(format!("products/{name}.toml")), text).unwrap();
}

#[test]
fn a_change_at_three_sites_is_read_beside_the_others_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    sell(&shop);
    product(
        &shop,
        "shelves",
        "difference_in_differences",
        &["site-12", "site-13", "site-14"],
    );
    good(&shop, &["import", "--quiet"]);
    let outcomes = json(&good(&shop, &["run", "shelves", "--output", "json", "--quiet"]).out);
    assert_eq!(outcomes[0]["promoted"], true, "{outcomes}");
    let told: Vec<&str> = outcomes[0]["summary"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l.as_str().unwrap())
        .collect();
    let told = told.join("\n");
    for part in [
        "revenue per site and 7 days to",
        "this is real (p-value",
        "3 sites with it beside 12 others, 14 periods of 7 days before it and 5 after, from 2025-01-03 until 2025-05-16",
        "how much of the difference of 0 orders per site and 7 days is due to the change at sites site-12, site-13, site-14 is not measurable",
        "with 3 sites changed, no p-value can be below 0.002",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    // The estimate is that of the four means, which the lake gives too.
    let spend = "SUM(quantity * unit_price_cents - CASE WHEN is_return THEN -1 ELSE 1 END * discount_cents) / 100.0";
    let sql = format!(
        "SELECT site_id >= 'site-12' AS changed, sold_at >= TIMESTAMP '2025-04-11T00:00:00Z' AS after, {spend} AS spent FROM sales \
         WHERE sold_at >= TIMESTAMP '2025-01-03T00:00:00Z' AND sold_at < TIMESTAMP '2025-05-16T00:00:00Z' GROUP BY 1, 2"
    );
    let of = |changed: bool, after: bool| {
        let all = rows(&shop, &sql);
        let row = all
            .iter()
            .find(|r| r["changed"] == changed && r["after"] == after);
        let sites = if changed { 3.0 } else { 12.0 };
        let weeks = if after { 5.0 } else { 14.0 };
        row.unwrap()["spent"].as_f64().unwrap() / sites / weeks
    };
    let expected = (of(true, true) - of(true, false)) - (of(false, true) - of(false, false));
    assert!((expected - 210.0).abs() < 10.0, "{expected}");
    let metrics = outcomes[0]["scorecard"]["metrics"].as_array().unwrap();
    let shown = metrics
        .iter()
        .find(|m| m["name"] == "revenue per site and 7 days")
        .unwrap();
    let found = shown["gain"]["measured"]["point"].as_f64().unwrap();
    assert!((found - expected).abs() < 1e-6, "{found} {expected}");
}

#[test]
fn what_cannot_be_told_from_what_else_happened_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    sell(&shop);
    let all: Vec<String> = (0..15).map(|site| format!("site-{site:02}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    product(&shop, "everywhere", "synthetic_control", &all);
    good(&shop, &["import", "--quiet"]);
    let ran = run(&shop, &["run", "everywhere", "--quiet"]);
    assert_ne!(ran.code, 0, "{ran:?}");
    assert!(
        ran.err.contains("all 15 units were changed at once"),
        "{ran:?}"
    );
    product(&shop, "everywhere", "guess", &all);
    refused(
        &shop,
        &["check"],
        1,
        &["everywhere.toml", "difference_in_differences"],
    );
}
