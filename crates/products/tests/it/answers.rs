//! What an answer says where there is little to say, and what is answered to those who are held out.

use crate::shop::{HISTORY, example, shop};
use features::{History, HistoryBuilder, NewLine, Product};
use products::{Action, Asked, Fitted, KINDS, Kind, Raw, Shop};
use schema::config::ConfigFile;
use schema::{AsOf, CustomerId, Estimate};
use std::sync::Arc;

fn kind(name: &str) -> &'static dyn Kind {
    *KINDS.iter().find(|kind| kind.card().kind == name).unwrap()
}

/// A shop of many customers who buy one product every so often, at a price by customer and day.
fn subscriptions(price_cents: impl Fn(i64, i64) -> i64) -> History {
    let mut builder = HistoryBuilder::default();
    for customer in 0..240i64 {
        let (every, stops) = (7 + customer % 40, 60 + customer * 37 % 340);
        for (n, day) in (customer % 50..400).step_by(every as usize).enumerate() {
            if n > 0 && day > stops {
                break;
            }
            builder.push(NewLine {
                customer: Some(&format!("c{customer}")),
                product: "month",
                order: &format!("{customer}-{day}"),
                at_seconds: (19_000 + day) * 86_400,
                quantity: 1,
                spend_cents: price_cents(customer, day),
                discount_cents: 0,
                is_return: false,
            });
        }
    }
    let month = Product {
        id: "month".to_owned(),
        active: true,
        ..Product::default()
    };
    builder.build(AsOf(schema::time::date_of(19_400)), vec![month])
}

fn asked(customer: &str) -> Asked {
    Asked {
        customer_id: Some(CustomerId::new(customer.to_owned()).unwrap()),
        ..Asked::default()
    }
}

fn answered(fitted: &dyn Fitted, history: History, customer: &str) -> Vec<Action> {
    let shop = Arc::new(Shop::new(
        Arc::new(history),
        &decisions::RuleSet::default(),
        Arc::default(),
    ));
    let serving = fitted.attach(shop);
    let now = jiff::Timestamp::UNIX_EPOCH;
    serving.decide(&asked(customer), now).unwrap().actions
}

#[test]
fn a_shop_with_one_price_gets_its_purchases_and_the_exact_amount() {
    let history = subscriptions(|_, _| 999);
    let fitted = example(kind("value")).fit(&history, 7).unwrap();
    let told = fitted.summary().join("\n");
    assert!(
        told.contains("that exact mean") && told.contains("9.99"),
        "{told}"
    );
    let actions = answered(fitted.as_ref(), history, "c9");
    let point = |n: usize| {
        actions[n]
            .estimate
            .as_ref()
            .and_then(Estimate::point)
            .unwrap()
    };
    let (value, purchases) = (point(0), point(1));
    assert!(purchases > 0.1, "{actions:#?}");
    // Every purchase brings 9.99, a little less where it is discounted.
    let each = value / purchases;
    assert!(each > 900.0 && each <= 1000.0, "{each}");
    assert_eq!(actions[0].reasons.list()[0].code, "same_amount");
}

#[test]
fn a_value_that_cannot_be_said_has_no_score_and_the_purchases_are_said() {
    let history = subscriptions(|_, _| 0);
    let fitted = example(kind("value")).fit(&history, 7).unwrap();
    let actions = answered(fitted.as_ref(), history, "c9");
    assert!(matches!(
        actions[0].estimate,
        Some(Estimate::NotMeasurable(_))
    ));
    let json = serde_json::to_value(&actions).unwrap();
    assert!(json[0].get("score").is_none(), "{json:#}");
    assert!(json[1]["score"].as_f64().unwrap() > 0.1, "{json:#}");
    let back: Vec<Action> = serde_json::from_value(json).unwrap();
    assert_eq!(back, actions);
}

#[test]
fn how_the_value_was_fitted_is_told() {
    let history = subscriptions(|customer, day| 500 + customer * 37 % 900 + day * 53 % 400);
    let fitted = example(kind("value")).fit(&history, 7).unwrap();
    let page = fitted.page();
    for fit in ["fit", "amounts"] {
        let steps = page[fit]["convergence"]["iterations"].as_u64();
        assert!(steps.is_some_and(|n| n > 0), "{page:#}");
        let gradient = page[fit]["convergence"]["gradient_norm"].as_f64();
        assert!(gradient.is_some_and(|g| g < 1e-4), "{page:#}");
        assert!(!page[fit]["parameters"].as_array().unwrap().is_empty());
    }
    assert!(
        page["amounts"]["frequency_correlation"].is_f64(),
        "{page:#}"
    );
    assert!(page.get("better_baseline").is_some(), "{page:#}");
    let told = fitted.summary().join("\n");
    for said in ["largest gradient", "95 % intervals", "correlation is"] {
        assert!(told.contains(said), "{told}");
    }
}

#[test]
fn who_is_held_out_is_told_what_the_version_is_measured_against() {
    let shop = shop();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let customers = || HISTORY.customers().iter().step_by(31);

    let value = example(kind("value")).fit(&HISTORY, 7).unwrap();
    let serving = value.attach(Arc::clone(&shop));
    let mut told = 0;
    for customer in customers() {
        let Ok(decided) = serving.baseline(&asked(customer), now) else {
            continue;
        };
        let index = HISTORY.customer_index(customer).unwrap();
        let past = features::purchase_summary(HISTORY.lines_of(index), HISTORY.as_of()).unwrap();
        let rate = f64::from(past.repeat_purchases) / past.age_days.max(1.0);
        let expected = Estimate::Exact(rate * 365.0);
        let ids: Vec<&str> = decided.actions.iter().map(|a| a.id.as_str()).collect();
        assert_eq!(
            ids,
            ["expected_value", "expected_purchases", "probability_alive"]
        );
        assert_eq!(decided.actions[1].estimate, Some(expected));
        assert!(matches!(
            decided.actions[2].estimate,
            Some(Estimate::NotMeasurable(_))
        ));
        assert_eq!(decided.method, "own rate so far");
        told += 1;
    }
    assert!(told > 10, "{told}");

    let segments = example(kind("segments")).fit(&HISTORY, 7).unwrap();
    let serving = segments.attach(shop);
    let mut groups = std::collections::BTreeSet::new();
    for customer in customers() {
        let Ok(decided) = serving.baseline(&asked(customer), now) else {
            continue;
        };
        let [group] = decided.actions.as_slice() else {
            panic!("{decided:#?}");
        };
        assert_eq!(group.reasons.list()[0].code, "quintiles");
        groups.insert(group.id.clone());
    }
    let k = segments.page()["segments"].as_array().unwrap().len();
    assert!(groups.len() > 1 && groups.len() <= k, "{groups:?} of {k}");
}

#[test]
fn segments_tell_quintiles_the_truth_of_each_rule_and_their_gain() {
    let product = example(kind("segments"));
    let cut = HISTORY.as_of().minus_days(90);
    let fitted = product.fit(&HISTORY.until(cut), 7).unwrap();
    let page = fitted.page();
    let segments = page["segments"].as_array().unwrap().len();
    let told = page["fidelity_by_segment"].as_array().unwrap();
    assert_eq!(told.len(), segments);
    assert!(told.iter().all(|f| f["found_share"].is_f64()), "{page:#}");
    for metric in &fitted.evaluate(&HISTORY, 7).metrics[..2] {
        let (low, high) = metric
            .gain
            .interval()
            .expect("both sides on the same customers");
        let gain = metric.value.point().unwrap() - metric.baseline.point().unwrap();
        assert!(low <= gain && gain <= high, "{metric:#?}");
        // Pairing takes out what both sides share.
        let (of_low, of_high) = metric.value.interval().unwrap();
        assert!(high - low < of_high - of_low, "{metric:#?}");
    }
    let serving = fitted.attach(shop());
    let decided = HISTORY
        .customers()
        .iter()
        .find_map(|c| serving.decide(&asked(c), jiff::Timestamp::UNIX_EPOCH).ok())
        .unwrap();
    let reasons = decided.actions[0].reasons.list();
    let quintiles = reasons.iter().find(|r| r.code == "quintiles").unwrap();
    for score in quintiles.values.values() {
        assert!((1..=5).contains(&score.as_u64().unwrap()), "{quintiles:?}");
    }
}

/// A shop of groceries: everybody has a few products that they buy in every basket.
fn groceries() -> History {
    const PRODUCTS: i64 = 120;
    let mut builder = HistoryBuilder::default();
    for customer in 0..300i64 {
        for basket in 0..12i64 {
            let day = customer % 9 + basket * 11;
            for place in 0..6i64 {
                // Four of six are always the same, the others are anything.
                let product = match place {
                    0..4 => (customer * 13 + place * 29) % PRODUCTS,
                    _ => (customer * 31 + basket * 47 + place * 83) % PRODUCTS,
                };
                builder.push(NewLine {
                    customer: Some(&format!("c{customer}")),
                    product: &format!("p{product}"),
                    order: &format!("{customer}-{basket}"),
                    at_seconds: (19_000 + day) * 86_400,
                    quantity: 1,
                    spend_cents: 300,
                    discount_cents: 0,
                    is_return: false,
                });
            }
        }
    }
    let product = |n: i64| Product {
        id: format!("p{n}"),
        active: true,
        ..Product::default()
    };
    let catalogue = (0..PRODUCTS).map(product).collect();
    builder.build(AsOf(schema::time::date_of(19_140)), catalogue)
}

#[test]
fn where_repeats_are_allowed_the_own_frequency_is_tried_and_wins_in_groceries() {
    let history = groceries();
    let method = |seen: &str| {
        let text: String = kind("recommend")
            .card()
            .example
            .lines()
            .map(|line| match line.split_once(" = ") {
                Some(("placements", _)) => "placements = [\"for_you\"]\n".to_owned(),
                Some(("seen", _)) => format!("seen = \"{seen}\"\n"),
                Some(("held_out_days", _)) => "held_out_days = 14\n".to_owned(),
                _ => format!("{line}\n"),
            })
            .collect();
        let product = Raw::read(ConfigFile::new("for-you.toml", text)).unwrap();
        let fitted = product.check().unwrap().fit(&history, 7).unwrap();
        let placement = fitted.page()["placements"][0].clone();
        let trials = placement["trials"].as_array().unwrap();
        let kept: Vec<_> = trials.iter().filter(|t| t["kept"] == true).collect();
        assert_eq!(kept.len(), 1, "{placement:#}");
        let tried = trials.iter().any(|t| t["method"] == "frequency");
        (placement["method"].as_str().unwrap().to_owned(), tried)
    };
    assert_eq!(method("allowed"), ("frequency".to_owned(), true));
    assert!(!method("excluded").1);
}
