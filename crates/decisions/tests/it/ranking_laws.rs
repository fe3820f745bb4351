//! What holds for every list, whatever the rules, the catalogue and the scores.

use crate::shop::{asked, item, rule, rules};
use decisions::rank::{By, Touch};
use decisions::{ItemFacts, Limits, Ranked, rank};
use proptest::prelude::*;

const CATEGORIES: [&str; 4] = ["wine", "cheese", "bread", "soap"];

#[derive(Debug, Clone)]
struct Case {
    items: Vec<ItemFacts>,
    candidates: Vec<(u32, f32)>,
    limits: Limits,
    excluded: &'static str,
    cap: u32,
    brand_cap: u32,
    pins: Vec<(u32, u32)>,
    factor: f32,
}

fn catalogue() -> impl Strategy<Value = Vec<ItemFacts>> {
    let one = (
        0..=CATEGORIES.len(),
        prop::option::of(0..2000i64),
        prop::option::weighted(0.9, prop::bool::weighted(0.8)),
        prop::bool::weighted(0.9),
    );
    prop::collection::vec(one, 1..40).prop_map(|all| {
        all.into_iter()
            .enumerate()
            .map(|(n, (category, price, in_stock, active))| ItemFacts {
                category: CATEGORIES.get(category).map(|c| (*c).to_owned()),
                price_cents: price.map(schema::Cents),
                in_stock,
                active,
                ..item(n, "", 0)
            })
            .collect()
    })
}

fn cases() -> impl Strategy<Value = Case> {
    catalogue().prop_flat_map(|items| {
        let n = items.len() as u32;
        // Few different scores, so that ties are common.
        let candidates =
            prop::collection::vec((0..n, (-8..9i32).prop_map(|s| s as f32 / 2.0)), 0..60);
        let limits =
            (1..15u32, prop::option::of(1..4u32)).prop_map(|(k, at_most_per_category)| Limits {
                at_most_per_category,
                keep_excluded: true,
                ..Limits::of(k)
            });
        let pins = prop::collection::btree_map(1..16u32, 0..n, 0..4)
            .prop_map(|pins| pins.into_iter().collect());
        (
            Just(items),
            candidates,
            limits,
            prop::sample::select(&CATEGORIES[..]),
            0..4u32,
            1..4u32,
            pins,
            0.05..20f32,
        )
            .prop_map(
                |(items, candidates, limits, excluded, cap, brand_cap, pins, factor)| Case {
                    items,
                    candidates,
                    limits,
                    excluded,
                    cap,
                    brand_cap,
                    pins,
                    factor,
                },
            )
    })
}

fn rule_text(case: &Case) -> String {
    let Case {
        excluded,
        cap,
        brand_cap,
        factor,
        ..
    } = case;
    let mut text = rule(
        "exclude",
        &format!("item.category == '{excluded}' && item.price_cents >= 500"),
        "then = 'exclude'",
        &format!("item = {{ category = '{excluded}', price_cents = 500 }}\napplies = true"),
    );
    text += &rule(
        "cap",
        "item.category != 'soap'",
        &format!("then = 'cap'\nat_most = {cap}\nper = 'category'"),
        "item = { category = 'x' }\napplies = true",
    );
    text += &rule(
        "brands",
        "true",
        &format!("then = 'cap'\nat_most = {brand_cap}\nper = 'brand'"),
        "applies = true",
    );
    text += &rule(
        "boost",
        "item.price_cents < 1000",
        &format!("then = 'boost'\nfactor = {factor}"),
        "item = { price_cents = 1 }\napplies = true",
    );
    for (n, (position, item)) in case.pins.iter().enumerate() {
        let when = format!("item.product_id == 'p{item}'");
        let example = format!("item = {{ product_id = 'p{item}' }}\napplies = true");
        text += &rule(
            &format!("pin {n}"),
            &when,
            &format!("then = 'pin'\nposition = {position}"),
            &example,
        );
    }
    text
}

fn most_of_one<'a>(ranked: &'a Ranked, key: impl Fn(u32) -> Option<&'a str>) -> usize {
    let keys: Vec<&str> = ranked.items.iter().filter_map(|p| key(p.item)).collect();
    keys.iter()
        .map(|k| keys.iter().filter(|other| *other == k).count())
        .max()
        .unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_list_keeps_to_its_rules_and_limits(case in cases()) {
        let items = &case.items;
        let prepared = rules(&rule_text(&case)).compile_for(items);
        let ranked = rank(&case.candidates, items, &prepared, &asked(), &case.limits).unwrap();
        let facts = |item: u32| &items[item as usize];

        let missing = case.limits.k - ranked.items.len() as u32;
        prop_assert_eq!(ranked.short.as_ref().map_or(0, |s| s.short_of), missing);
        for (n, placed) in ranked.items.iter().enumerate() {
            prop_assert_eq!(placed.position as usize, n + 1);
            prop_assert!(ranked.items[..n].iter().all(|p| p.item != placed.item), "listed twice");
            let item = facts(placed.item);
            prop_assert!(item.active && item.in_stock != Some(false));
            let excluded = item.category.as_deref() == Some(case.excluded) && item.price_cents.is_some_and(|c| c.0 >= 500);
            prop_assert!(!excluded, "excluded but listed");
        }

        // Caps.
        let capped = |i: u32| facts(i).category.as_deref().filter(|c| *c != "soap");
        prop_assert!(most_of_one(&ranked, capped) <= case.cap as usize);
        prop_assert!(most_of_one(&ranked, |i| facts(i).brand.as_deref()) <= case.brand_cap as usize);
        if let Some(at_most) = case.limits.at_most_per_category {
            prop_assert!(most_of_one(&ranked, |i| facts(i).category.as_deref()) <= at_most as usize);
        }

        // Every pin is at its place, moved up by a short list only, or says why not.
        let mut before_pins = 0;
        for (n, (position, item)) in case.pins.iter().enumerate() {
            let name = format!("pin {n}");
            let not_placed = ranked.pins_not_placed.iter().any(|p| p.rule.as_ref() == name);
            let placed = ranked.items.iter().find(|p| p.rules.iter().any(|t| t.rule.as_ref() == name));
            prop_assert_eq!(placed.is_none(), not_placed);
            if let Some(placed) = placed {
                prop_assert_eq!(placed.item, *item);
                prop_assert!(placed.position <= *position);
                if placed.position < *position {
                    let later = &ranked.items[placed.position as usize..];
                    let is_pin = |p: &decisions::rank::Placed| p.rules.iter().any(|t| matches!(t.what, Touch::Pinned { .. }));
                    prop_assert!(later.iter().all(is_pin), "a pin moved up although there was something to put before it");
                }
                before_pins += 1;
            }
        }
        prop_assert!(before_pins <= ranked.items.len());

        // What is not pinned is ordered by its boosted score, ties by the catalogue.
        let free: Vec<_> = ranked.items.iter().filter(|p| !p.rules.iter().any(|t| matches!(t.what, Touch::Pinned { .. }))).collect();
        for pair in free.windows(2) {
            let (a, b) = (pair[0].score.unwrap(), pair[1].score.unwrap());
            prop_assert!(a > b || (a == b && pair[0].item < pair[1].item));
        }
        for placed in &free {
            let before = placed.score_before_rules.unwrap();
            let best = case.candidates.iter().filter(|c| c.0 == placed.item).map(|c| c.1).fold(f32::MIN, f32::max);
            prop_assert_eq!(before, best);
            let boosted = facts(placed.item).price_cents.is_some_and(|c| c.0 < 1000);
            let expected = if !boosted { before } else if before < 0.0 { before / case.factor } else { before * case.factor };
            prop_assert_eq!(placed.score.unwrap(), expected);
        }

        // Every candidate is listed or absent with a reason, and what is outranked is worse than all that is free.
        let mut candidates: Vec<u32> = case.candidates.iter().map(|c| c.0).collect();
        candidates.sort_unstable();
        candidates.dedup();
        for candidate in candidates {
            let listed = ranked.items.iter().any(|p| p.item == candidate);
            let absent = ranked.excluded.iter().filter(|e| e.item == candidate).count();
            prop_assert_eq!(usize::from(listed) + absent, 1);
        }
        for outranked in ranked.excluded.iter().filter(|e| e.by == By::Outranked) {
            prop_assert_eq!(missing, 0);
            prop_assert!(free.iter().all(|p| p.score.unwrap() >= outranked.score));
        }

        // The same again, and in any order of the candidates.
        let mut reversed = case.candidates.clone();
        reversed.reverse();
        prop_assert_eq!(&ranked, &rank(&reversed, items, &prepared, &asked(), &case.limits).unwrap());
    }
}
