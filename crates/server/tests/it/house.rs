//! Stock, prices and rules of the house, from the files of the shop to the answers; and the universal holdout.

use crate::served::{Served, edit, get, in_no_hurry, post, serving, shop, trained, within};
use factory::import::ImportOptions;
use jiff::civil::Date;
use schema::progress::Silent;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(crate) fn decide(served: &Served, product: &str, asked: &Value) -> Value {
    let path = format!("/v1/products/{product}/decide");
    let answer = post(served.address, &path, &[], &asked.to_string());
    assert_eq!(answer.status, 200, "{asked}: {answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

/// Identifiers of what is decided, in their order.
pub(crate) fn ids(answer: &Value) -> Vec<&str> {
    let actions = answer["actions"].as_array().unwrap();
    actions.iter().map(|a| a["id"].as_str().unwrap()).collect()
}

/// Codes of the reasons of an action.
fn codes(action: &Value) -> Vec<&str> {
    let reasons = action["reasons"].as_array().unwrap();
    reasons
        .iter()
        .map(|r| r["code"].as_str().unwrap())
        .collect()
}

/// Customers with most orders.
pub(crate) fn customers(served: &Served) -> Vec<String> {
    let page = get(served.address, "/customers", &[]).body;
    let links = page.split("href=\"/customers/").skip(1);
    links
        .map(|rest| rest.split(['"', '?']).next().unwrap().to_owned())
        .collect()
}

/// What the house decides on, each for a product that sells well.
struct Chosen {
    pinned: String,
    boosted: String,
    excluded: String,
    sold_out: String,
    sold_out_here_only: String,
    back_in_stock: String,
    sold_out_tomorrow: String,
    cheap_now: String,
    dear_again: String,
    cheap_tomorrow: String,
    /// A category that none of them is of.
    capped: String,
}

/// A product as the rules see it.
struct Item {
    category: Option<String>,
    price_cents: Option<i64>,
    in_stock: Option<bool>,
}

/// The products of a shop by their identifiers, and the first day that it does not know.
fn items(folder: &Path) -> (BTreeMap<String, Item>, Date) {
    within(folder, async |workshop| {
        let shop = workshop.shop().await.unwrap();
        let item = shop.items.iter().map(|i| {
            let item = Item {
                category: i.category.clone(),
                price_cents: i.price_cents.map(|c| c.0),
                in_stock: i.in_stock,
            };
            (i.product_id.as_str().to_owned(), item)
        });
        (item.collect(), shop.history.as_of().0)
    })
}

/// Chooses from what the shop lists anyway, so that whatever is missing afterwards is missing for its reason.
fn choose(items: &BTreeMap<String, Item>) -> Chosen {
    let popular = decide(
        shop(),
        "for-you",
        &json!({ "placement": "popular", "items": 200 }),
    );
    let popular = ids(&popular);
    let category = |id: &str| items[id].category.clone().unwrap_or_default();
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for id in items.keys() {
        *sizes.entry(category(id)).or_default() += 1;
    }
    let capped = popular
        .iter()
        .map(|id| category(id))
        .filter(|c| !c.is_empty());
    let capped = capped.max_by_key(|c| sizes[c]).unwrap();
    let mut others = popular
        .iter()
        .filter(|id| category(id) != capped)
        .map(|id| (*id).to_owned());
    let mut next = || others.next().expect("the shop lists enough products");
    Chosen {
        sold_out: next(),
        sold_out_here_only: next(),
        back_in_stock: next(),
        sold_out_tomorrow: next(),
        cheap_now: next(),
        dear_again: next(),
        cheap_tomorrow: next(),
        excluded: next(),
        boosted: next(),
        pinned: next(),
        capped,
    }
}

/// Writes the files of the shop and the rules of the house, and imports what has changed.
fn furnish(folder: &Path, chosen: &Chosen, tomorrow: Date) {
    let today = tomorrow.yesterday().unwrap();
    let before = tomorrow - jiff::Span::new().days(30);
    let Chosen {
        pinned,
        boosted,
        excluded,
        sold_out,
        capped,
        ..
    } = chosen;
    let Chosen {
        sold_out_here_only,
        back_in_stock,
        sold_out_tomorrow,
        ..
    } = chosen;
    let Chosen {
        cheap_now,
        dear_again,
        cheap_tomorrow,
        ..
    } = chosen;
    // A level holds until the next one of its site; what can be sold is what all sites have.
    let stock = format!(
        "Ref,Site,Day,OnHand\n\
         {sold_out},ORL1,{before},5\n{sold_out},ORL1,{today},0\n{sold_out},LYS2,{before},0\n\
         {sold_out_here_only},ORL1,{today},0\n{sold_out_here_only},LYS2,{before},3\n\
         {back_in_stock},ORL1,{today},4\n{back_in_stock},ORL1,{before},0\n\
         {sold_out_tomorrow},ORL1,{today},2\n{sold_out_tomorrow},ORL1,{tomorrow},0\n\
         {pinned},ORL1,{before},9\n"
    );
    let prices = format!(
        "Ref,ValidFrom,Price\n\
         {cheap_now},{before},9.90\n{cheap_now},{today},1.50\n\
         {dear_again},{today},9.90\n{dear_again},{before},1.50\n\
         {cheap_tomorrow},{before},9.90\n{cheap_tomorrow},{tomorrow},1.50\n"
    );
    let rule = |name: &str, when: &str, then: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\nowner = \"house\"\nreason = \"the house says so\"\nwhen = \"{when}\"\n\
             {then}\n[[rule.example]]\nitem = {{ }}\napplies = false\n\n"
        )
    };
    let is = |id: &str| format!("has(item.product_id) && item.product_id == '{id}'");
    let rules = [
        rule(
            "too cheap",
            "has(item.price_cents) && item.price_cents < 200",
            "then = \"exclude\"",
        ),
        rule("never this one", &is(excluded), "then = \"exclude\""),
        rule("first place", &is(pinned), "then = \"pin\"\nposition = 1"),
        rule(
            "second place",
            &is(sold_out),
            "then = \"pin\"\nposition = 2",
        ),
        rule(
            "of the month",
            &is(boosted),
            "then = \"boost\"\nfactor = 100.0",
        ),
        rule(
            "few of these",
            &format!("has(item.category) && item.category == '{capped}'"),
            "then = \"cap\"\nat_most = 1\nper = \"list\"",
        ),
    ];
    for (file, text) in [
        ("raw/stock.csv", stock),
        ("raw/prices.csv", prices),
        ("rules/house.toml", rules.concat()),
    ] {
        std::fs::write(folder.join(file), text).unwrap();
    }
    edit(
        folder,
        "products/for-you.toml",
        "at_most_per_category = 4",
        "",
    );
    edit(folder, "comptoir.toml", "share = 0.02", "share = 0.0");
    within(folder, async |workshop| {
        let now = "2025-06-06T08:00:00Z".parse().unwrap();
        let options = ImportOptions::at(now);
        workshop.import(&options, &Silent).await.unwrap();
    });
}

/// A product that others go with, none of those chosen.
fn with_complements(chosen: &[&String]) -> String {
    let popular = decide(
        shop(),
        "for-you",
        &json!({ "placement": "popular", "items": 200 }),
    );
    let found = ids(&popular).into_iter().find(|id| {
        let asked = json!({ "placement": "complementary", "product_id": id });
        !chosen.iter().any(|c| c == id) && ids(&decide(shop(), "for-you", &asked)).len() >= 3
    });
    found
        .expect("some product is bought with others")
        .to_owned()
}

#[test]
fn what_is_sold_out_or_excluded_is_never_listed_and_pins_boosts_and_caps_hold() {
    let folder = trained();
    in_no_hurry(folder.path());
    let (before, tomorrow) = items(folder.path());
    let chosen = choose(&before);
    furnish(folder.path(), &chosen, tomorrow);

    let (items, _) = items(folder.path());
    let stock = |id: &String| items[id].in_stock;
    assert_eq!(stock(&chosen.sold_out), Some(false));
    assert_eq!(stock(&chosen.sold_out_here_only), Some(true));
    assert_eq!(stock(&chosen.back_in_stock), Some(true));
    assert_eq!(stock(&chosen.sold_out_tomorrow), Some(true));
    assert_eq!(stock(&chosen.cheap_now), None, "nobody has counted it");
    let price = |id: &String| items[id].price_cents;
    assert_eq!(price(&chosen.cheap_now), Some(150));
    assert_eq!(price(&chosen.dear_again), Some(990));
    assert_eq!(price(&chosen.cheap_tomorrow), Some(990));
    assert!(price(&chosen.pinned).is_some(), "its list price");

    let about = with_complements(&[
        &chosen.pinned,
        &chosen.sold_out,
        &chosen.excluded,
        &chosen.cheap_now,
    ]);
    let served = serving(folder);
    let customer = customers(&served).remove(0);
    let never = [&chosen.sold_out, &chosen.excluded, &chosen.cheap_now];
    let is_capped = |id: &&str| items[*id].category.as_ref() == Some(&chosen.capped);
    for placement in [
        "for_you",
        "similar",
        "complementary",
        "buy_again",
        "popular",
    ] {
        let asked = json!({ "placement": placement, "product_id": about, "customer_id": customer, "items": 150 });
        let answer = decide(&served, "for-you", &asked);
        assert_eq!(
            (&answer["placement"], &answer["fallback"]),
            (&json!(placement), &json!(false))
        );
        let listed = ids(&answer);
        assert!(
            listed.len() > 1,
            "{placement}: nothing but the pin: {answer}"
        );
        assert_eq!(listed[0], chosen.pinned, "{placement}: {answer}");
        assert!(
            codes(&answer["actions"][0]).contains(&"rule_pinned"),
            "{placement}: {answer}"
        );
        for id in never {
            assert!(
                !listed.contains(&id.as_str()),
                "{placement} lists {id}: {answer}"
            );
        }
        assert!(
            listed.iter().filter(|id| is_capped(id)).count() <= 1,
            "{placement}: {answer}"
        );
        let different: BTreeSet<&&str> = listed.iter().collect();
        assert_eq!(
            different.len(),
            listed.len(),
            "{placement} lists an item twice: {answer}"
        );
        for (action, position) in answer["actions"].as_array().unwrap().iter().zip(1..) {
            assert_eq!(action["position"], position);
        }
    }

    let popular = decide(
        &served,
        "for-you",
        &json!({ "placement": "popular", "items": 200 }),
    );
    let listed = ids(&popular);
    for id in [
        &chosen.sold_out_here_only,
        &chosen.back_in_stock,
        &chosen.sold_out_tomorrow,
        &chosen.dear_again,
        &chosen.cheap_tomorrow,
    ] {
        assert!(listed.contains(&id.as_str()), "{id} may be sold: {popular}");
    }
    // The pin of what is sold out leaves its place to the next best, which is what the house lifts.
    assert_eq!(listed[1], chosen.boosted, "{popular}");
    assert!(
        codes(&popular["actions"][1]).contains(&"rule_boosted"),
        "{popular}"
    );
    let capped: Vec<usize> = (0..listed.len())
        .filter(|n| is_capped(&listed[*n]))
        .collect();
    assert_eq!(
        capped.len(),
        1,
        "one of the category is still listed: {popular}"
    );
    assert!(
        codes(&popular["actions"][capped[0]]).contains(&"rule_capped"),
        "{popular}"
    );

    let why_not = |id: &String| {
        let asked = json!({ "request": { "placement": "popular", "items": 200 }, "about": id });
        let answer = post(
            served.address,
            "/v1/products/for-you/explain",
            &[],
            &asked.to_string(),
        );
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        told["explanation"]["why_not"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(
        why_not(&chosen.sold_out).contains("out of stock"),
        "{}",
        why_not(&chosen.sold_out)
    );
    assert!(
        why_not(&chosen.excluded).contains("never this one"),
        "{}",
        why_not(&chosen.excluded)
    );
    assert!(
        why_not(&chosen.cheap_now).contains("too cheap"),
        "{}",
        why_not(&chosen.cheap_now)
    );
    assert_eq!(why_not(&chosen.pinned), "");
}

#[test]
fn a_customer_has_a_value_with_its_interval_and_a_segment_with_its_reasons() {
    // Who is held out is told no value; the others are.
    let best = customers(shop());
    let asked = best.iter().map(|c| json!({ "customer_id": c }));
    let (asked, value) = asked
        .map(|asked| (asked.clone(), decide(shop(), "value", &asked)))
        .find(|(_, value)| value["holdout"] == false)
        .expect("not everybody is held out");
    assert_eq!(
        ids(&value),
        ["expected_value", "expected_purchases", "probability_alive"]
    );
    let action = |n: usize| &value["actions"][n];
    for (n, unit) in [
        (0, "cents within 365 days"),
        (1, "purchase days within 365 days"),
    ] {
        let measured = &action(n)["estimate"]["measured"];
        let [low, point, high] = ["low", "point", "high"].map(|k| measured[k].as_f64().unwrap());
        assert!(
            0.0 <= low && low <= point && point <= high && high > 0.0,
            "{value}"
        );
        assert_eq!(
            (&action(n)["unit"], action(n)["score"].as_f64()),
            (&json!(unit), Some(point))
        );
    }
    let alive = action(2)["estimate"]["exact"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&alive), "{value}");
    for n in 0..3 {
        assert!(!codes(action(n)).is_empty(), "{value}");
    }
    let segment = decide(shop(), "segments", &asked);
    assert_eq!(ids(&segment).len(), 1);
    let action = &segment["actions"][0];
    assert!(!action["label"].as_str().unwrap().is_empty(), "{segment}");
    assert_eq!(codes(action)[0], "behaviour", "{segment}");
    let orders = action["reasons"][0]["values"]["orders"].as_u64().unwrap();
    assert!(
        orders >= 2,
        "the first customer of the list has most orders: {segment}"
    );
}

#[test]
fn who_is_held_out_gets_what_sells_to_all_and_the_others_their_own() {
    let folder = trained();
    edit(
        folder.path(),
        "comptoir.toml",
        "share = 0.02",
        "share = 0.5",
    );
    let served = serving(folder);
    let mut lists: BTreeMap<bool, Vec<Vec<String>>> = BTreeMap::new();
    for customer in customers(&served) {
        let answer = decide(&served, "for-you", &json!({ "customer_id": customer }));
        let held_out = answer["holdout"].as_bool().unwrap();
        assert_eq!(answer["fallback"], false);
        if held_out {
            assert_eq!(answer["method"], "popularity", "{answer}");
        }
        let id = answer["decision_id"].as_str().unwrap();
        let logged = get(served.address, &format!("/v1/decisions/{id}"), &[]).body;
        let logged: Value = serde_json::from_str(&logged).unwrap();
        assert_eq!(logged["holdout"], held_out, "{logged}");
        let asked = json!({ "request": { "customer_id": customer } }).to_string();
        let explained = post(served.address, "/v1/products/for-you/explain", &[], &asked);
        let explained: Value = serde_json::from_str(&explained.body).unwrap();
        assert_eq!(explained["holdout"], held_out, "{explained}");
        let note = explained["note"].as_str().unwrap_or_default();
        assert_eq!(
            note.contains("held out and gets the baseline"),
            held_out,
            "{explained}"
        );
        let listed = ids(&answer).into_iter().map(str::to_owned).collect();
        lists.entry(held_out).or_default().push(listed);
    }
    let (held, own) = (&lists[&true], &lists[&false]);
    assert!(
        held.len() >= 2 && own.len() >= 2,
        "{} and {}",
        held.len(),
        own.len()
    );
    assert!(
        !held[0].is_empty() && held.iter().all(|list| list == &held[0]),
        "{held:?}"
    );
    let different: BTreeSet<&Vec<String>> = own.iter().collect();
    assert!(different.len() > 1, "{own:?}");
}
