//! A shop whose customers have bought twice, and a plan to mail half of them.

use crate::documents::documented;
use crate::program::{good, json, rows, starter};
use jiff::{Timestamp, ToSpan};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub(crate) const CUSTOMERS: usize = 800;

pub(crate) const SOURCE: &str = r#"table = "sales"
files = "raw/*.csv"
format = "csv"
time_zone = "UTC"
currency = "EUR"

[columns]
order_id = { from = "order" }
line_no = { row_number = true }
sold_at = { from = "date" }
customer_id = { from = "customer" }
product_id = { from = "product" }
site_id = { from = "site" }
quantity = { from = "quantity" }
unit_price_cents = { from = "price" }

[contract]
references = "off"
"#;

pub(crate) const PLAN: &str = r#"owner = "crm"
description = "Does a mail bring revenue?"
outcomes = ["revenue", "orders"]
window_days = 1
covariate_days = 60

[arms]
none = 0.5
mail = 0.5
"#;

pub(crate) const READ_OUT: &str = "kind = \"experiment\"\nowner = \"crm\"\ndescription = \"What the mail changed\"\n\n[settings]\ntrial = \"mail\"\n";

pub(crate) fn customer(number: usize) -> String {
    format!("C{number:04}")
}

/// What a customer usually spends, apart for each.
pub(crate) fn usual(number: usize) -> f64 {
    20.0 + (number * 7_919 % 400) as f64 / 10.0
}

/// Orders of customers so many hours after a moment; each spends something around what is usual, and what is added.
pub(crate) fn orders(from: Timestamp, hours: i64, added: impl Fn(&str) -> f64) -> String {
    let mut text = String::from("order,date,customer,product,site,quantity,price\n");
    let at = from.checked_add(hours.hours()).unwrap();
    for number in 0..CUSTOMERS {
        let name = customer(number);
        let noise =
            ((number * 104_729 + hours.unsigned_abs() as usize * 31) % 200) as f64 / 10.0 - 10.0;
        let price = usual(number) + noise + added(&name);
        let site = number % 12;
        let date = at.strftime("%Y-%m-%dT%H:%M:%S");
        writeln!(
            text,
            "{number}-{hours},{date},{name},TEA,S{site},1,{price:.2}"
        )
        .unwrap();
    }
    text
}

/// A shop whose customers have bought twice, and a plan to mail half of them.
pub(crate) fn shop(folder: &Path) -> PathBuf {
    let shop = starter(folder);
    std::fs::write(shop.join("sources/sales.toml"), SOURCE).unwrap();
    std::fs::remove_dir_all(shop.join("products")).unwrap();
    for folder in ["products", "experiments"] {
        std::fs::create_dir_all(shop.join(folder)).unwrap();
    }
    let now = Timestamp::now();
    for (file, hours) in [("raw/sales.csv", -40 * 24), ("raw/before.csv", -10)] {
        std::fs::write(shop.join(file), orders(now, hours, |_| 0.0)).unwrap();
    }
    std::fs::write(shop.join("experiments/mail.toml"), PLAN).unwrap();
    std::fs::write(shop.join("products/read-out.toml"), READ_OUT).unwrap();
    good(&shop, &["import", "--quiet"]);
    shop
}

pub(crate) fn document(shop: &Path, row: &str, arguments: &[&str]) -> Value {
    let told = good(
        shop,
        &[arguments, &["--output", "json", "--quiet"]].concat(),
    );
    let document = json(&told.out);
    documented(row, &document);
    document
}

pub(crate) fn assign(shop: &Path, more: &[&str]) -> Value {
    document(
        shop,
        "assign EXPERIMENT",
        &[&["assign", "mail"], more].concat(),
    )
}

/// The arm of every customer drawn.
pub(crate) fn drawn(shop: &Path) -> BTreeMap<String, String> {
    let sql = "SELECT customer_id, arm, propensities FROM assignments WHERE trial = 'mail'";
    let of = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let rows = rows(shop, sql);
    for row in &rows {
        assert_eq!(row["propensities"], r#"{"mail":0.5,"none":0.5}"#);
    }
    rows.iter()
        .map(|row| (of(row, "customer_id"), of(row, "arm")))
        .collect()
}

pub(crate) fn edit(shop: &Path, file: &str, from: &str, to: &str) {
    let path = shop.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "no {from:?} in {text}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

/// Sets the share of the customers who are held out.
pub(crate) fn hold_out(shop: &Path, share: f64) {
    let main = shop.join("comptoir.toml");
    let text = std::fs::read_to_string(&main).unwrap();
    let without = text.split("[holdout]").next().unwrap();
    let holdout = format!("{without}\n[holdout]\nshare = {share}\nsalt = \"stay\"\n");
    std::fs::write(main, holdout).unwrap();
}
