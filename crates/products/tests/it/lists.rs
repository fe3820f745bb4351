//! Kind `recommend`: what a list says of itself is true of it.

use crate::shop::{HISTORY, example, shop};
use decisions::RuleSet;
use decisions::rules::Names;
use features::{History, HistoryBuilder, NewLine};
use products::{Asked, Decisions, Fitted, KINDS, Reason, Serving, Shop};
use schema::config::ConfigFile;
use schema::{CustomerId, ProductId};
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

/// A version that ends sixty days before the shop's day.
static EARLIER: LazyLock<Box<dyn Fitted>> = LazyLock::new(|| {
    let recommend = KINDS.iter().find(|k| k.card().kind == "recommend").unwrap();
    let until = HISTORY.until(HISTORY.as_of().minus_days(60));
    example(*recommend).fit(&until, 7).unwrap()
});

fn asked(placement: &str, customer: Option<&str>, product: Option<&str>) -> Asked {
    Asked {
        customer_id: customer.map(|c| CustomerId::new(c).unwrap()),
        product_id: product.map(|p| ProductId::new(p).unwrap()),
        placement: Some(placement.to_owned()),
        ..Asked::default()
    }
}

fn decide(serving: &dyn Serving, asked: &Asked) -> Decisions {
    serving.decide(asked, jiff::Timestamp::UNIX_EPOCH).unwrap()
}

/// The customer with most lines.
fn regular() -> &'static str {
    let lines = |c: &u32| HISTORY.lines_of(*c).len();
    let most = (0u32..).take(HISTORY.customers().len()).max_by_key(lines);
    &HISTORY.customers()[most.unwrap() as usize]
}

fn reasons(decided: &Decisions) -> impl Iterator<Item = (&str, Reason)> {
    let all = decided.actions.iter();
    all.flat_map(|a| {
        a.reasons
            .list()
            .into_iter()
            .map(move |r| (a.id.as_str(), r))
    })
}

#[test]
fn days_since_a_purchase_are_counted_from_the_day_of_the_shop() {
    let serving = EARLIER.attach(shop());
    let customer = regular();
    let lines = HISTORY.lines_of(HISTORY.customer_index(customer).unwrap());
    let decided = decide(serving.as_ref(), &asked("buy_again", Some(customer), None));
    let mut compared = 0;
    for (id, reason) in reasons(&decided) {
        let Some(told) = reason.values.get("last_days_ago") else {
            continue;
        };
        let product = HISTORY.catalogue().index_of(id).unwrap();
        let bought = lines
            .iter()
            .filter(|l| l.product == product && !l.is_return);
        let last = bought.map(|l| l.at_seconds).max().unwrap();
        let ago = i64::from(HISTORY.as_of().epoch_day()) * 86_400 - last;
        let days = (ago as f64 / 86_400.0).round() as i64;
        assert_eq!(told, &serde_json::json!(days), "{id}: {}", reason.text);
        compared += 1;
    }
    assert!(compared >= 3, "{decided:?}");
}

/// The history with one product that nobody has sold before the last day.
fn with_a_new_product() -> History {
    let catalogue = HISTORY.catalogue();
    let mut builder = HistoryBuilder::default();
    let (customers, orders) = (HISTORY.customers(), HISTORY.lines());
    for (c, customer) in (0u32..).zip(customers) {
        for line in HISTORY.lines_of(c) {
            builder.push(NewLine {
                customer: Some(customer),
                product: &catalogue.get(line.product).unwrap().id,
                order: &line.order.to_string(),
                at_seconds: line.at_seconds,
                quantity: i64::from(line.quantity),
                spend_cents: line.spend_cents,
                discount_cents: i64::from(line.discount_cents),
                is_return: line.is_return,
            });
        }
    }
    builder.push(NewLine {
        customer: None,
        product: "brand new",
        order: "the first of it",
        at_seconds: orders.iter().map(|l| l.at_seconds).max().unwrap(),
        quantity: 1,
        spend_cents: 100,
        discount_cents: 0,
        is_return: false,
    });
    builder.build(HISTORY.as_of(), catalogue.products().to_vec())
}

#[test]
fn what_is_like_a_new_product_is_what_sells_and_says_so() {
    let history = Arc::new(with_a_new_product());
    let shop = Shop::new(history, &RuleSet::default(), Arc::default());
    let serving = EARLIER.attach(Arc::new(shop));
    let customer = regular();
    let new = decide(
        serving.as_ref(),
        &asked("similar", Some(customer), Some("brand new")),
    );
    assert_eq!(
        new.method,
        "popularity: the version does not know the product"
    );
    // The customer is known, but the list is the same for everybody, and so are its reasons.
    let codes: BTreeSet<String> = reasons(&new).map(|(_, r)| r.code).collect();
    assert_eq!(codes, BTreeSet::from(["popular".to_owned()]), "{new:?}");
    let anybody = decide(serving.as_ref(), &asked("similar", None, Some("brand new")));
    assert_eq!(anybody.actions, new.actions);
    let question = asked("similar", Some(customer), Some("brand new"));
    let explained = serving
        .explain(&question, None, jiff::Timestamp::UNIX_EPOCH)
        .unwrap();
    assert_eq!(explained.lines.len(), 1, "{explained:?}");
    assert_eq!(explained.lines[0].what, "sells now");
    let best = &new.actions[0];
    assert!(explained.about == best.id && (explained.score - best.score.unwrap()).abs() < 1e-9);

    let bestseller = best.id.as_str();
    let known = decide(
        serving.as_ref(),
        &asked("similar", Some(customer), Some(bestseller)),
    );
    assert!(!known.method.contains("does not know"), "{}", known.method);
    assert!(
        known.actions.iter().all(|a| a.id != bestseller),
        "{known:?}"
    );

    // The baseline of a known customer tells no reason of the version either.
    let held_out = asked("for_you", Some(customer), None);
    let baseline = serving.baseline(&held_out, jiff::Timestamp::UNIX_EPOCH);
    let baseline = baseline.unwrap();
    assert!(
        reasons(&baseline).all(|(_, r)| r.code == "popular"),
        "{baseline:?}"
    );
}

#[test]
fn rules_hold_by_the_clock_of_the_shop() {
    let best = decide(
        EARLIER.attach(shop()).as_ref(),
        &asked("popular", None, None),
    );
    let [by_night, in_june] = [0, 1].map(|n| best.actions[n].id.clone());
    let rule = |name: &str, when: &str, more: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\nowner = \"house\"\nreason = \"closed\"\nthen = \"exclude\"\n{more}\n\
             when = \"has(item.product_id) && {when}\"\n[[rule.example]]\nitem = {{ }}\napplies = false\n"
        )
    };
    let night = format!("item.product_id == '{by_night}' && request.hour >= 22");
    let june = format!("item.product_id == '{in_june}'");
    let rules = [
        rule("by night", &night, ""),
        rule("in June", &june, "valid_from = 2026-06-01"),
    ];
    let names = Names {
        products: &[],
        offers: &[],
        placements: &[],
    };
    let file = ConfigFile::new("rules/house.toml", rules.concat());
    let rules = RuleSet::check(&[file], &names).unwrap();
    let listed = |zone: &str, now: &str| -> BTreeSet<String> {
        let zone = jiff::tz::TimeZone::get(zone).unwrap();
        let shop = Shop::new(Arc::clone(&HISTORY), &rules, Arc::default());
        let serving = EARLIER.attach(Arc::new(shop.in_time_zone(zone)));
        let question = asked("popular", None, None);
        let decided = serving.decide(&question, now.parse().unwrap()).unwrap();
        decided.actions.into_iter().map(|a| a.id).collect()
    };
    // In summer Paris is two hours ahead of UTC.
    for (zone, now, at_night, june) in [
        ("UTC", "2026-05-31T21:30:00Z", false, false),
        ("UTC", "2026-05-31T22:30:00Z", true, false),
        ("UTC", "2026-06-01T00:30:00Z", false, true),
        ("Europe/Paris", "2026-05-31T20:30:00Z", true, false),
        ("Europe/Paris", "2026-05-31T22:30:00Z", false, true),
    ] {
        let listed = listed(zone, now);
        assert_eq!(!listed.contains(&by_night), at_night, "{zone} {now}");
        assert_eq!(!listed.contains(&in_june), june, "{zone} {now}");
    }
}

#[test]
fn a_list_tells_of_a_measured_rule_and_how_likely_each_place_was() {
    let best = decide(
        EARLIER.attach(shop()).as_ref(),
        &asked("popular", None, None),
    );
    let (first, second) = (best.actions[0].id.clone(), best.actions[1].id.clone());
    let rule = format!(
        "[[rule]]\nname = \"not the first\"\nowner = \"house\"\nreason = \"a trial\"\nthen = \"exclude\"\n\
         measure_share = 0.4\nwhen = \"item.product_id == '{first}'\"\n\
         [[rule.example]]\nitem = {{ product_id = \"{first}\" }}\napplies = true\n"
    );
    let names = Names {
        products: &[],
        offers: &[],
        placements: &[],
    };
    let rules = RuleSet::check(&[ConfigFile::new("rules/house.toml", rule)], &names).unwrap();
    let shop = Shop::new(Arc::clone(&HISTORY), &rules, Arc::default());
    let serving = EARLIER.attach(Arc::new(shop));
    let mut held_out = 0;
    for number in 0..400 {
        let customer = format!("new {number}");
        let list = decide(serving.as_ref(), &asked("popular", Some(&customer), None));
        let told: Vec<String> = list.actions[0]
            .reasons
            .list()
            .into_iter()
            .map(|reason| reason.code)
            .collect();
        let place = |action: usize| {
            (
                list.actions[action].id.as_str(),
                list.actions[action].propensity.get(),
            )
        };
        if told.contains(&"rule_held_out".to_owned()) {
            held_out += 1;
            assert_eq!(place(0), (first.as_str(), 0.4));
            assert_eq!(place(1), (second.as_str(), 0.4));
        } else {
            assert!(told.contains(&"rule_measured".to_owned()), "{told:?}");
            assert_eq!(place(0), (second.as_str(), 0.6));
        }
        let others = list.actions[1..].iter();
        let of_others = others.flat_map(|action| action.reasons.list());
        assert!(
            of_others
                .into_iter()
                .all(|reason| !reason.code.starts_with("rule_"))
        );
    }
    // Two fifths of 400 with a standard deviation of 10.
    assert!((120..200).contains(&held_out), "{held_out}");
    // Nobody is held out of it where nobody is named.
    let anybody = decide(serving.as_ref(), &asked("popular", None, None));
    assert_eq!(anybody.actions[0].id, second);
    assert!((anybody.actions[0].propensity.get() - 1.0).abs() < 1e-12);
}
