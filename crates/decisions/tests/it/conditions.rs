//! Conditions: what they may say, and what they yield where something is missing.

use crate::shop::{asked, item, refused, rule, rules, six_items};
use decisions::{Limits, rank};

/// Whether a condition holds for a whole item, through the example of a rule that excludes by it.
fn holds(when: &str) -> bool {
    let facts = "item = { product_id = 'p1', name = 'Le Bon Vin', category = 'wine', brand = 'b', merchant_id = 'm1', \
                 price_cents = 1200, in_stock = true }\nrequest = { placement = 'home', hour = 9 }\n\
                 customer = { customer_id = 'c1' }";
    let example = |applies| format!("{facts}\napplies = {applies}");
    let accepts = |applies| {
        let text = rule("r", when, "then = 'exclude'", &example(applies));
        crate::shop::check(&[crate::shop::file(&text)])
    };
    match (accepts(true), accepts(false)) {
        (Ok(_), Err(_)) => true,
        (Err(_), Ok(_)) => false,
        (one, other) => panic!("{when}: {one:?} {other:?}"),
    }
}

#[test]
fn every_function_that_is_offered_works() {
    for when in [
        "item.category == 'wine' && item.price_cents < 100000",
        "item.name.startsWith('Le') && item.name.endsWith('Vin') && item.name.contains('Bon')",
        "item.name.lowerAscii() == 'le bon vin' && item.name.upperAscii().size() == 10",
        "size(item.name.trim()) == 10",
        "string(item.price_cents) == '1200' && int('12') * 100 == item.price_cents",
        "double(item.price_cents) / 100.0 == 12.0 && item.price_cents % 100 == 0 && -item.price_cents < 0",
        "item.category in ['cheese', 'wine'] && !(item.price_cents in [1, 2, 3])",
        "['Vin', 'Wine'].exists(word, item.name.contains(word)) && ['Le', 'B'].all(w, item.name.contains(w))",
        "['Vin', 'Le', 'x'].filter(w, item.name.contains(w)).size() == 2",
        "[1, 2].map(euros, euros * 100).exists_one(cents, cents + 1000 == item.price_cents)",
        "has(item.brand) && item.brand != null && !(null == item.brand)",
        "(item.in_stock ? request.hour : 0) >= 9 && request.placement == 'home' && customer.customer_id != 'c2'",
        "item.price_cents < 1200.5 || false",
    ] {
        assert!(holds(when), "{when}");
        assert!(!holds(&format!("!({when})")), "{when}");
    }
}

#[test]
fn an_unknown_word_is_refused_with_what_is_allowed() {
    let refused = |when: &str| refused(&rule("r", when, "then = 'exclude'", "applies = true"));
    for (when, found, allowed) in [
        (
            "item.colour == 'red'",
            "using the unknown field `item.colour`",
            "item.product_id, item.name, item.category",
        ),
        (
            "item['category'] == 'x'",
            "using `item` without a field",
            "item.category",
        ),
        (
            "basket.total > 3",
            "using the unknown variable `basket`",
            "customer.customer_id",
        ),
        ("now() > 3", "using `now`", "startsWith"),
        ("item.name.matches('a+')", "using `matches`", "contains"),
        ("false && item.name.shout()", "using `shout`", "trim"),
        (
            "['a'].exists(item, item == 'a')",
            "giving the name `item`",
            "any name but item, offer, customer, context, request",
        ),
        (
            "item.category == 3",
            "applying `==` to a text and an integer",
            "two values of the same kind",
        ),
        (
            "item.price_cents in ['a']",
            "applying `in` to an integer and a list of texts",
            "two values of the same kind",
        ),
        (
            "item.price_cents",
            "yielding an integer",
            "an expression that is true or false",
        ),
        (
            "item.in_stock && item.name",
            "yielding a text",
            "true or false",
        ),
        (
            "item.price_cents + 'a' == 'b'",
            "applying `+` to an integer and a text",
            "the same kind",
        ),
        (
            "item.price_cents.startsWith('1')",
            "applying `startsWith` to an integer",
            "a text",
        ),
        (
            "item.price_cents > null",
            "applying `>` to null",
            "null beside == or !=",
        ),
        ("item.category ==", "not CEL", "a CEL expression such as"),
    ] {
        let error = refused(when);
        assert!(
            error.starts_with("rules/shop.toml:5: `rule.0.when` is "),
            "{error}"
        );
        assert!(
            error.contains(found) && error.split("allowed is").nth(1).unwrap().contains(allowed),
            "{error}"
        );
    }
    let long = format!("item.product_id in ['{}']", "x".repeat(30_000));
    assert!(refused(&long).contains("at most 20000 bytes"));
}

#[test]
fn a_missing_field_makes_a_rule_unknown_only_where_it_decides() {
    let mut items = six_items();
    items[0].price_cents = None; // A wine: its price decides.
    items[5].price_cents = None; // A bread: its price does not matter.
    let text = rule(
        "cheap wine",
        "item.price_cents < 1000 && item.category == 'wine'",
        "then = 'exclude'",
        "item = { category = 'wine', price_cents = 900 }\napplies = true",
    );
    let prepared = rules(&text).compile_for(&items);
    let reach = &prepared.reach()[0];
    assert_eq!((reach.items, reach.unknown, reach.failed), (2, 1, 0));
    let all: Vec<(u32, f32)> = (0..6).map(|i| (i, 1.0)).collect();
    let ranked = rank(&all, &items, &prepared, &asked(), &Limits::of(6)).unwrap();
    assert_eq!(
        ranked.items.iter().map(|p| p.item).collect::<Vec<_>>(),
        [0, 3, 4, 5]
    );
}

#[test]
fn not_equal_does_not_hold_for_what_is_missing() {
    let mut items = vec![item(0, "wine", 100), item(1, "bread", 100)];
    items[0].category = None;
    let text = rule(
        "food only",
        "item.category != 'bread'",
        "then = 'exclude'",
        "item = { category = 'wine' }\napplies = true",
    );
    let prepared = rules(&text).compile_for(&items);
    assert_eq!(
        (prepared.reach()[0].items, prepared.reach()[0].unknown),
        (0, 1)
    );
    assert_eq!(prepared.never_matched().count(), 1);
}

#[test]
fn what_cannot_be_computed_does_not_apply_and_is_counted() {
    let items = vec![item(0, "wine", 0), item(1, "wine", 50)];
    let text = rule(
        "r",
        "100 / item.price_cents == 2",
        "then = 'exclude'",
        "item = { price_cents = 50 }\napplies = true",
    );
    let prepared = rules(&text).compile_for(&items);
    let reach = &prepared.reach()[0];
    assert_eq!((reach.items, reach.unknown, reach.failed), (1, 0, 1));
    let bad = rule(
        "r",
        "100 / item.price_cents == 2",
        "then = 'exclude'",
        "item = { price_cents = 0 }\napplies = false",
    );
    assert!(
        refused(&bad).contains("example 1 of rule `r` evaluates to an error"),
        "{}",
        refused(&bad)
    );
}
