//! A review says which columns of what products read are no longer what they were, and is silent of the others.

use crate::program::{good, json, starter};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

const FIRST: Date = date(2026, 1, 5);
const DAYS: i32 = 200;
/// The day from which on something is wrong: within the last quarter that is known.
const WRONG: Date = date(2026, 7, 10);

/// A sale, before anything goes wrong.
struct Sale {
    channel: &'static str,
    price: f64,
}

/// Sales of 200 days that differ from day to day and from week to weekend.
fn sales(spoil: impl Fn(u64, &mut Sale)) -> String {
    let mut text = String::from("order,date,customer,product,channel,quantity,price\n");
    let mut state = 7_u64;
    let mut draw = move |of: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % of
    };
    for n in 0..DAYS {
        let day = FIRST + n.days();
        let weekend = day.weekday().to_monday_one_offset() >= 6;
        let (orders, of_web) = (20 + draw(25), 40 + draw(20) + if weekend { 25 } else { 0 });
        for order in 0..orders {
            let mut sale = Sale {
                channel: if draw(100) < of_web { "web" } else { "store" },
                price: 2.0 + draw(800) as f64 / 100.0,
            };
            if day >= WRONG {
                spoil(draw(100), &mut sale);
            }
            let (customer, product) = (draw(300), draw(40));
            let Sale { channel, price } = sale;
            writeln!(
                text,
                "{n}-{order},{day}T10:00:00,C{customer},TEA-{product},{channel},1,{price:.2}"
            )
            .unwrap();
        }
    }
    text
}

fn inputs(folder: &Path, sales: &str) -> (String, Value) {
    let shop = starter(folder);
    let source = shop.join("sources/sales.toml");
    let text = std::fs::read_to_string(&source).unwrap();
    let channel = "customer_id = { from = \"customer\" }\nchannel = { from = \"channel\" }";
    let text = text.replace("customer_id = { from = \"customer\" }", channel);
    std::fs::write(&source, text).unwrap();
    std::fs::write(shop.join("raw/sales.csv"), sales).unwrap();
    good(&shop, &["import", "-q"]);
    let told = good(&shop, &["review", "-q"]).out;
    let document = json(&good(&shop, &["review", "-q", "--output", "json"]).out);
    (told, document["review"]["inputs"].clone())
}

#[track_caller]
fn shifted(inputs: &Value, column: &str, aspect: &str, share: std::ops::Range<f64>) {
    let all = inputs["shifted"].as_array().unwrap();
    assert_eq!(all.len(), 1, "{inputs}");
    assert_eq!(
        (&all[0]["column"], &all[0]["aspect"]),
        (&column.into(), &aspect.into())
    );
    let since: Date = all[0]["since"].as_str().unwrap().parse().unwrap();
    let off = (since - WRONG).get_days();
    assert!((-2..=2).contains(&off), "{inputs}");
    assert!(
        share.contains(&all[0]["share"].as_f64().unwrap()),
        "{inputs}"
    );
    assert_eq!(all[0]["read_by"].as_array().unwrap().len(), 3);
}

#[test]
fn a_quiet_shop_is_said_to_be_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (told, inputs) = inputs(folder.path(), &sales(|_, _| {}));
    assert!(
        told.contains("5 columns are what they were before 2026-07-01"),
        "{told}"
    );
    assert_eq!(inputs["shifted"].as_array().unwrap().len(), 0);
}

#[test]
fn prices_in_another_unit_are_named_with_the_day() {
    let folder = tempfile::tempdir().unwrap();
    let (told, inputs) = inputs(folder.path(), &sales(|_, sale| sale.price *= 100.0));
    shifted(&inputs, "unit_price_cents", "values", 0.9..1.01);
    let sentence = "column unit_price_cents of table sales has other values than before, likely since 2026-07-";
    assert!(told.contains(sentence), "{told}");
    let incidents = good(&folder.path().join("shop"), &["incidents", "-q"]).out;
    assert!(
        incidents.contains("for-you, segments, value"),
        "{incidents}"
    );
}

#[test]
fn a_column_that_goes_absent_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let absent = |draw, sale: &mut Sale| {
        if draw < 40 {
            sale.channel = "";
        }
    };
    let (_, inputs) = inputs(folder.path(), &sales(absent));
    shifted(&inputs, "channel", "nulls", 0.25..0.55);
}

#[test]
fn a_category_that_never_was_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let new = |draw, sale: &mut Sale| {
        if draw < 20 {
            sale.channel = "app";
        }
    };
    let (_, inputs) = inputs(folder.path(), &sales(new));
    shifted(&inputs, "channel", "never_seen", 0.1..0.35);
}

#[test]
fn what_versions_hang_on_is_ranked_before_what_changed_more_and_is_used_by_none() {
    let folder = tempfile::tempdir().unwrap();
    // The channel is another one in every sale, prices only in six of ten.
    let both = |draw, sale: &mut Sale| {
        sale.channel = "app";
        if draw < 60 {
            sale.price *= 100.0;
        }
    };
    let (told, before) = inputs(folder.path(), &sales(both));
    let column = |inputs: &Value, n: usize| inputs["shifted"][n]["column"].clone();
    assert_eq!(
        [column(&before, 0), column(&before, 1)],
        ["channel", "unit_price_cents"],
        "as long as no version answers all columns weigh alike"
    );
    assert!(told.contains("(weight not known)"), "{told}");
    let shop = folder.path().join("shop");
    let wrong = WRONG.to_string();
    for product in ["segments", "value"] {
        let file = shop.join(format!("products/{product}.toml"));
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(
            &file,
            text.replace("held_out_days = 90", "held_out_days = 28"),
        )
        .unwrap();
    }
    // A version that passes no gate would answer nobody: the value model is let in by hand.
    crate::program::run(&shop, &["run", "-q", "--as-of", &wrong]);
    for product in ["for-you", "segments", "value"] {
        let by_hand = [
            "promote",
            product,
            "1",
            "--despite-gate",
            "--why",
            "a test",
            "-q",
        ];
        crate::program::run(&shop, &by_hand);
    }
    let told = good(&shop, &["review", "-q"]).out;
    let document = json(&good(&shop, &["review", "-q", "--output", "json"]).out);
    let inputs = &document["review"]["inputs"];
    assert_eq!(
        [column(inputs, 0), column(inputs, 1)],
        ["unit_price_cents", "channel"],
        "{inputs}"
    );
    let users = |n: usize| -> Vec<&str> {
        let read_by = inputs["shifted"][n]["read_by"].as_array().unwrap();
        let names = read_by.iter().map(|by| by["product"].as_str().unwrap());
        names.collect()
    };
    // Recommendations do not look at what was paid.
    assert_eq!(users(0), ["segments", "value"], "{inputs}");
    assert!(users(1).is_empty(), "{inputs}");
    assert!(
        told.contains("used by segments (17 %), value (17 %)")
            && told.contains("used by no version that answers"),
        "{told}"
    );
    let of_value = good(&shop, &["review", "value", "-q"]).out;
    assert!(
        of_value.contains("% of them; it weighs 17 % in version 1"),
        "{of_value}"
    );
}
