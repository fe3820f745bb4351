//! Purchases that events tell of: known at once, over an import and over a restart, and none that the sales hold already.

use crate::house::{customers, decide, ids};
use crate::served::{Served, edit, get, in_no_hurry, post, serving, trained, within};
use factory::import::ImportOptions;
use jiff::civil::Date;
use schema::progress::Silent;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn buy(served: &Served, event: &str, customer: &str, product: &str, at: &str) {
    let event = json!({
        "event_id": event, "occurred_at": at, "type": "purchase",
        "customer_id": customer, "product_id": product, "quantity": 1,
    });
    let sent = json!({ "events": [event] }).to_string();
    let answer = post(served.address, "/v1/events", &[], &sent);
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// What is shown to a customer on the first page.
fn offered(served: &Served, customer: &str) -> Vec<String> {
    let asked = json!({ "customer_id": customer, "placement": "for_you", "items": 8 });
    let answer = decide(served, "for-you", &asked);
    assert_eq!(answer["fallback"], false, "{answer}");
    ids(&answer).into_iter().map(str::to_owned).collect()
}

/// Orders of a customer, as their page tells.
fn orders(served: &Served, customer: &str) -> u64 {
    let page = get(served.address, &format!("/customers/{customer}"), &[]).body;
    let figure = page.split("<dt>Orders</dt><dd>").nth(1);
    let figure = figure.and_then(|rest| rest.split('<').next());
    figure.unwrap_or_else(|| panic!("{page}")).parse().unwrap()
}

/// Waits until the server has seen something.
fn wait_until(what: &str, mut seen: impl FnMut() -> bool) {
    let started = Instant::now();
    while !seen() {
        assert!(started.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The first day that the shop does not know.
fn tomorrow(folder: &Path) -> Date {
    within(folder, async |workshop| {
        workshop.shop().await.unwrap().today().0
    })
}

/// Tells that a product is sold out, and imports that.
fn sell_out(folder: &Path, product: &str, day: Date) {
    let stock = format!("Ref,Site,Day,OnHand\n{product},ORL1,{day},0\n");
    std::fs::write(folder.join("raw/stock.csv"), stock).unwrap();
    within(folder, async |workshop| {
        let options = ImportOptions::at("2025-06-06T08:00:00Z".parse().unwrap());
        workshop.import(&options, &Silent).await.unwrap();
    });
}

#[test]
fn what_was_just_bought_is_not_offered_after_an_import_and_a_restart_either() {
    let folder = trained();
    edit(
        folder.path(),
        "comptoir.toml",
        "share = 0.02",
        "share = 0.0",
    );
    in_no_hurry(folder.path());
    let today = tomorrow(folder.path());
    let served = serving(folder);
    let customer = customers(&served).remove(0);
    let (before, count) = (offered(&served, &customer), orders(&served, &customer));
    let [first, second, sold_out] = [0, 1, 2].map(|n| before[n].as_str());

    // The later one is told first: a till that was offline sends when it can.
    buy(
        &served,
        "e2",
        &customer,
        second,
        &format!("{today}T10:00:00Z"),
    );
    buy(
        &served,
        "e1",
        &customer,
        first,
        &format!("{today}T09:00:00Z"),
    );
    let bought = |offered: &[String]| offered.iter().any(|id| id == first || id == second);
    assert!(!bought(&offered(&served, &customer)));
    assert_eq!(orders(&served, &customer), count + 2, "two orders");

    let yesterday = today.yesterday().unwrap();
    sell_out(served.folder(), sold_out, yesterday);
    wait_until("the server takes over what was imported", || {
        !offered(&served, &customer).iter().any(|id| id == sold_out)
    });
    assert!(!bought(&offered(&served, &customer)));
    assert_eq!(orders(&served, &customer), count + 2);

    let served = serving(served.stop());
    assert!(!bought(&offered(&served, &customer)));
    assert_eq!(orders(&served, &customer), count + 2);

    // A purchase of a day whose sales were imported is among them, or was none: it is logged and changes nothing.
    let now = offered(&served, &customer);
    buy(
        &served,
        "e3",
        &customer,
        &now[0],
        // By the shop's clocks, an hour or two ahead.
        &format!("{yesterday}T21:59:59Z"),
    );
    assert_eq!(offered(&served, &customer), now);
    assert_eq!(orders(&served, &customer), count + 2);
    let served = serving(served.stop());
    assert_eq!(offered(&served, &customer), now);
}

/// The data files of a table.
fn files(folder: &Path, table: &str) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder.join("lake").join(table)).unwrap();
    all.map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "parquet"))
        .collect()
}

#[test]
fn a_shop_that_cannot_be_read_is_not_ready_and_says_why() {
    let folder = trained();
    let hidden: Vec<(PathBuf, PathBuf)> = files(folder.path(), "sales")
        .into_iter()
        .map(|p| (p.with_extension("hidden"), p))
        .collect();
    assert!(!hidden.is_empty());
    for (aside, place) in &hidden {
        std::fs::rename(place, aside).unwrap();
    }
    let served = serving(folder);
    let told = |path: &str| -> (u16, Value) {
        let answer = get(served.address, path, &[]);
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    };
    let (status, ready) = told("/health/ready");
    assert_eq!((status, &ready["ready"]), (503, &json!(false)), "{ready}");
    let why = ready["problem"].as_str().unwrap_or_default();
    assert!(
        why.contains("read the shop") && why.contains("sales"),
        "{ready}"
    );
    let refused = post(served.address, "/v1/products/for-you/decide", &[], "{}");
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(
        refused.body.contains("read the shop") && !refused.body.contains("comptoir run"),
        "{refused:?}"
    );
    let page = get(served.address, "/", &[]).body;
    assert!(
        page.contains("read the shop") && !page.contains("The lake holds no sale yet"),
        "{page}"
    );

    for (aside, place) in &hidden {
        std::fs::rename(aside, place).unwrap();
    }
    wait_until("the shop can be read again", || {
        told("/health/ready").0 == 200
    });
    assert!(told("/health/ready").1["problem"].is_null());
    let answer = post(served.address, "/v1/products/for-you/decide", &[], "{}");
    assert_eq!(answer.status, 200, "{answer:?}");
}
