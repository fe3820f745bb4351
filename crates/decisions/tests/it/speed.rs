//! Preparing a catalogue and ranking in it, timed. Run with `--nocapture` to see the figures.

use crate::shop::{asked, item, rule, rules};
use decisions::{Limits, Request, rank};
use std::time::Instant;

#[test]
fn preparing_a_catalogue_and_ranking_in_it_stay_within_generous_times() {
    let categories = ["wine", "cheese", "bread", "soap", "toys"];
    let items: Vec<_> = (0..100_000)
        .map(|n| item(n, categories[n % 5], (n % 3000) as i64))
        .collect();
    let many: Vec<String> = (0..200).map(|n| format!("'p{}'", n * 37)).collect();
    let conditions = [
        "item.category == 'wine' && item.price_cents < 100000".to_owned(),
        "item.category == 'wine' && item.price_cents < 1000 && request.hour < 9".to_owned(),
        "item.price_cents > 2500 || item.in_stock == false".to_owned(),
        "item.category in ['wine', 'beer', 'spirits']".to_owned(),
        "item.name.startsWith('item 12')".to_owned(),
        "item.brand == 'brand 1' && !(item.category == 'toys')".to_owned(),
        "item.merchant_id == 'm3' && item.price_cents % 100 == 99".to_owned(),
        "has(item.brand) && item.brand != 'brand 2'".to_owned(),
        "item.product_id != request.product_id && item.price_cents >= 0".to_owned(),
        format!("item.product_id in [{}]", many.join(", ")),
    ];
    let example = "item = { product_id = 'x', name = 'x', category = 'x', brand = 'brand 2', merchant_id = 'x', price_cents = 1, in_stock = true }\n\
                   request = { product_id = 'x', hour = 12 }\napplies = false";
    let text: String = conditions
        .iter()
        .enumerate()
        .map(|(n, when)| {
            rule(
                &format!("rule {n}"),
                when,
                "then = 'boost'\nfactor = 1.1",
                example,
            )
        })
        .collect();

    let start = Instant::now();
    let set = rules(&text);
    let checked = start.elapsed();
    let start = Instant::now();
    let prepared = set.compile_for(&items);
    let compiled = start.elapsed();
    println!(
        "10 rules checked in {checked:?}, prepared for {} items in {compiled:?}",
        prepared.n_items()
    );

    let candidates: Vec<(u32, f32)> = (0..500).map(|n| (n * 199, (n % 83) as f32)).collect();
    let request = Request {
        hour: Some(8),
        product_id: Some("p7"),
        ..asked()
    };
    let start = Instant::now();
    let rounds = 200;
    for _ in 0..rounds {
        let ranked = rank(&candidates, &items, &prepared, &request, &Limits::of(24)).unwrap();
        assert_eq!(ranked.items.len(), 24);
    }
    let each = start.elapsed() / rounds;
    println!(
        "24 of 500 candidates ranked in {each:?}, one of the 10 rules judged for each candidate"
    );
    // Wide enough for a busy machine without optimised libraries: this catches a change of order only.
    assert!(
        compiled.as_secs() < 30 && each.as_millis() < 50,
        "{compiled:?} {each:?}"
    );
}
