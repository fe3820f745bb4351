//! Lists by hand: each rule on its own, and where they meet.

use crate::shop::{asked, rule, rules, six_items};
use decisions::rank::{By, PinProblem, RankError, Touch};
use decisions::{ItemFacts, Limits, Ranked, Request, RuleSet, rank};

const WINE: &str = "item = { category = 'wine' }\napplies = true";

/// Six candidates, the first one best.
const ALL: [(u32, f32); 6] = [(0, 6.0), (1, 5.0), (2, 4.0), (3, 3.0), (4, 2.0), (5, 1.0)];

fn list(items: &[ItemFacts], text: &str, limits: &Limits) -> Ranked {
    rank(
        &ALL,
        items,
        &rules(text).compile_for(items),
        &asked(),
        limits,
    )
    .unwrap()
}

fn places(ranked: &Ranked) -> Vec<u32> {
    for (n, placed) in ranked.items.iter().enumerate() {
        assert_eq!(placed.position as usize, n + 1);
    }
    ranked.items.iter().map(|p| p.item).collect()
}

#[test]
fn without_rules_the_best_come_first_and_ties_go_to_the_first_of_the_catalogue() {
    let items = six_items();
    let prepared = RuleSet::default().compile_for(&items);
    let shuffled = [(4, 1.0), (2, 9.0), (0, 1.0), (4, 3.0), (5, 1.0), (1, 1.0)];
    let ranked = rank(&shuffled, &items, &prepared, &asked(), &Limits::of(4)).unwrap();
    assert_eq!(places(&ranked), [2, 4, 0, 1]);
    assert_eq!(
        ranked.items[1].score_before_rules,
        Some(3.0),
        "the best score of an item that came twice"
    );
    assert_eq!(
        (ranked.short, ranked.rules.len(), ranked.excluded.len()),
        (None, 0, 0)
    );
}

#[test]
fn what_is_excluded_out_of_stock_or_inactive_is_absent_with_its_reason() {
    let mut items = six_items();
    items[3].in_stock = Some(false);
    items[4].active = false;
    items[5].in_stock = None;
    let text = rule(
        "no wine",
        "item.category == 'wine'",
        "then = 'exclude'",
        WINE,
    );
    let ranked = list(
        &items,
        &text,
        &Limits {
            keep_excluded: true,
            ..Limits::of(3)
        },
    );
    assert_eq!((places(&ranked), ranked.stock_unknown), (vec![5], 1));
    let no_wine = By::Rule {
        rule: "no wine".into(),
        reason: "because of no wine".into(),
    };
    let by: Vec<&By> = ranked.excluded.iter().map(|e| &e.by).collect();
    assert_eq!(
        by,
        [&no_wine, &no_wine, &no_wine, &By::OutOfStock, &By::Inactive]
    );
    let short = ranked.short.unwrap();
    assert_eq!((short.short_of, short.candidates), (2, 6));
    assert_eq!(
        short.because,
        [(no_wine, 3), (By::Inactive, 1), (By::OutOfStock, 1)]
    );
    assert_eq!(
        (ranked.rules[0].rule.as_ref(), ranked.rules[0].excluded),
        ("no wine", 3)
    );
}

#[test]
fn a_boost_lifts_scores_of_both_signs_and_says_so() {
    let items = six_items();
    let text = rule(
        "more bread",
        "item.category == 'bread'",
        "then = 'boost'\nfactor = 4.5",
        "item = { category = 'bread' }\napplies = true",
    );
    let ranked = list(&items, &text, &Limits::of(6));
    assert_eq!(places(&ranked), [0, 1, 5, 2, 3, 4]);
    let bread = &ranked.items[2];
    assert_eq!(
        (bread.score_before_rules, bread.score),
        (Some(1.0), Some(4.5))
    );
    assert_eq!(bread.rules[0].what, Touch::Boosted { factor: 4.5 });
    assert_eq!(bread.rules[0].reason.as_ref(), "because of more bread");
    assert!(
        ranked
            .items
            .iter()
            .filter(|p| p.item != 5)
            .all(|p| p.rules.is_empty())
    );

    let prepared = rules(&text).compile_for(&items);
    let below_zero = [(0, -1.0), (5, -3.0)];
    let ranked = rank(&below_zero, &items, &prepared, &asked(), &Limits::of(2)).unwrap();
    assert_eq!(places(&ranked), [5, 0]);
}

#[test]
fn a_pinned_item_takes_its_place_even_if_it_was_no_candidate() {
    let items = six_items();
    let text = rule(
        "bread second",
        "item.product_id == 'p5'",
        "then = 'pin'\nposition = 2",
        "item = { product_id = 'p5' }\napplies = true",
    );
    let prepared = rules(&text).compile_for(&items);
    let ranked = rank(&ALL[..4], &items, &prepared, &asked(), &Limits::of(3)).unwrap();
    assert_eq!(places(&ranked), [0, 5, 1]);
    assert_eq!(
        (ranked.items[1].score, ranked.items[1].score_before_rules),
        (None, None)
    );
    assert_eq!(ranked.items[1].rules[0].what, Touch::Pinned { position: 2 });
    let ranked = rank(&ALL, &items, &prepared, &asked(), &Limits::of(6)).unwrap();
    assert_eq!(places(&ranked), [0, 5, 1, 2, 3, 4], "listed once");
    let ranked = rank(&[], &items, &prepared, &asked(), &Limits::of(6)).unwrap();
    assert_eq!(
        places(&ranked),
        [5],
        "moved up where nothing comes before it"
    );
}

#[test]
fn a_pin_that_cannot_be_kept_says_why() {
    let mut items = six_items();
    let pin = |name: &str, number: u32, position: u32, more: &str| {
        let when = format!("item.product_id == 'p{number}'{more}");
        let example = format!(
            "item = {{ product_id = 'p{number}' }}\nrequest = {{ hour = 1 }}\napplies = true"
        );
        rule(
            name,
            &when,
            &format!("then = 'pin'\nposition = {position}"),
            &example,
        )
    };
    let text = pin("bread", 5, 1, "")
        + &pin("at night", 4, 1, " && request.hour < 6")
        + &pin("wine", 0, 2, "")
        + &pin("sold out", 3, 3, "")
        + &pin("far down", 1, 9, "")
        + &pin("bread again", 5, 4, "")
        + &rule(
            "no wine",
            "item.category == 'wine'",
            "then = 'exclude'",
            WINE,
        );
    items[3].in_stock = Some(false);
    let prepared = rules(&text).compile_for(&items);
    let ranked = rank(
        &ALL,
        &items,
        &prepared,
        &Request {
            hour: Some(2),
            ..asked()
        },
        &Limits::of(5),
    )
    .unwrap();
    assert_eq!(places(&ranked), [5, 4]);
    let why: Vec<(&str, PinProblem)> = ranked
        .pins_not_placed
        .iter()
        .map(|p| (p.rule.as_ref(), p.why.clone()))
        .collect();
    let no_wine = By::Rule {
        rule: "no wine".into(),
        reason: "because of no wine".into(),
    };
    assert_eq!(
        why,
        [
            ("at night", PinProblem::PositionTaken { by: "bread".into() }),
            (
                "wine",
                PinProblem::Refused {
                    item: 0,
                    because: no_wine
                }
            ),
            (
                "sold out",
                PinProblem::Refused {
                    item: 3,
                    because: By::OutOfStock
                }
            ),
            ("far down", PinProblem::BeyondList { k: 5 }),
            ("bread again", PinProblem::AlreadyPlaced),
        ]
    );
    let by_day = rank(
        &ALL,
        &items,
        &prepared,
        &Request {
            hour: Some(12),
            ..asked()
        },
        &Limits::of(5),
    )
    .unwrap();
    assert!(
        by_day
            .pins_not_placed
            .iter()
            .all(|p| p.rule.as_ref() != "at night"),
        "its condition does not hold"
    );
}

#[test]
fn caps_and_diversity_hold_and_count_pinned_items() {
    let items = six_items();
    let cap = rule(
        "one wine",
        "item.category == 'wine'",
        "then = 'cap'\nat_most = 1\nper = 'category'",
        WINE,
    );
    let ranked = list(
        &items,
        &cap,
        &Limits {
            keep_excluded: true,
            ..Limits::of(4)
        },
    );
    assert_eq!(places(&ranked), [0, 3, 4, 5]);
    assert_eq!(ranked.rules[0].capped, 2);
    assert!(
        matches!(&ranked.excluded[0].by, By::Cap { rule, at_most: 1, .. } if rule.as_ref() == "one wine")
    );

    let pin = rule(
        "third wine",
        "item.product_id == 'p2'",
        "then = 'pin'\nposition = 3",
        "item = { product_id = 'p2' }\napplies = true",
    );
    assert_eq!(
        places(&list(&items, &(cap.clone() + &pin), &Limits::of(4))),
        [3, 4, 2, 5]
    );

    let diverse = list(
        &items,
        "",
        &Limits {
            at_most_per_category: Some(1),
            keep_excluded: true,
            ..Limits::of(4)
        },
    );
    assert_eq!(places(&diverse), [0, 3, 5]);
    assert_eq!(
        diverse.short.unwrap().because,
        [(By::Diversity { at_most: 1 }, 3)]
    );

    let none = rule(
        "no wine at all",
        "item.category == 'wine'",
        "then = 'cap'\nat_most = 0\nper = 'list'",
        WINE,
    );
    assert_eq!(places(&list(&items, &none, &Limits::of(4))), [3, 4, 5]);
}

#[test]
fn items_without_a_category_are_listed_and_counted() {
    let mut items = six_items();
    items[1].category = None;
    items[2].category = None;
    let ranked = list(
        &items,
        "",
        &Limits {
            at_most_per_category: Some(1),
            ..Limits::of(6)
        },
    );
    assert_eq!(
        (places(&ranked), ranked.group_unknown),
        (vec![0, 1, 2, 3, 5], 2)
    );
}

#[test]
fn rules_hold_only_in_their_scope_and_for_their_request() {
    let items = six_items();
    let text = rule(
        "r",
        "item.category == 'wine'",
        "then = 'exclude'\nplacements = ['home']\nvalid_to = 2026-06-15",
        WINE,
    ) + &rule(
        "not what is looked at",
        "item.product_id == request.product_id",
        "then = 'exclude'",
        "item = { product_id = 'p4' }\nrequest = { product_id = 'p4' }\napplies = true",
    );
    let prepared = rules(&text).compile_for(&items);
    let with =
        |request: Request<'_>| rank(&ALL, &items, &prepared, &request, &Limits::of(6)).unwrap();
    let home = Request {
        placement: Some("home"),
        product_id: Some("p4"),
        ..asked()
    };
    assert_eq!(places(&with(home)), [3, 5]);
    assert_eq!(
        places(&with(Request {
            placement: Some("basket"),
            ..home
        })),
        [0, 1, 2, 3, 5]
    );
    assert_eq!(
        places(&with(Request {
            today: jiff::civil::date(2026, 6, 16),
            ..home
        })),
        [0, 1, 2, 3, 5]
    );
    let unknown = with(Request {
        product_id: None,
        ..home
    });
    assert_eq!(places(&unknown), [3, 4, 5]);
    assert_eq!(
        unknown
            .rules
            .iter()
            .map(|r| (r.excluded, r.unknown))
            .collect::<Vec<_>>(),
        [(3, 0), (0, 6)]
    );
}

#[test]
fn input_that_makes_no_sense_is_refused() {
    let items = six_items();
    let prepared = RuleSet::default().compile_for(&items);
    let with = |candidates: &[(u32, f32)], items: &[ItemFacts]| {
        rank(candidates, items, &prepared, &asked(), &Limits::of(3))
    };
    assert_eq!(
        with(&[(6, 1.0)], &items).unwrap_err(),
        RankError::UnknownItem {
            item: 6,
            allowed_max: 5
        }
    );
    assert!(matches!(
        with(&[(1, f32::NAN)], &items),
        Err(RankError::Score { item: 1, .. })
    ));
    assert_eq!(
        with(&[], &items[..5]).unwrap_err(),
        RankError::OtherCatalogue {
            found: 5,
            expected: 6
        }
    );
}

#[test]
fn an_answer_is_json_with_the_reason_of_every_place() {
    let items = six_items();
    let text = rule(
        "more bread",
        "item.category == 'bread'",
        "then = 'boost'\nfactor = 10",
        "item = { category = 'bread' }\napplies = true",
    );
    let json = serde_json::to_value(list(&items, &text, &Limits::of(1))).unwrap();
    let touch = serde_json::json!({
        "rule": "more bread", "reason": "because of more bread", "what": { "did": "boosted", "factor": 10.0 }
    });
    assert_eq!(json["items"][0]["rules"], serde_json::json!([touch]));
}
