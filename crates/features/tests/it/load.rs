//! What a history takes out of the lake, and what it leaves there because it was not known yet.

use crate::shop::{SALES, Shop, as_of, logs, product, until};
use features::supply::{Answer, OrderAnswer};
use features::{LoadError, Logs, Purchase, SaleLine, load, purchases, recency_frequency_value};
use schema::Cents;
use schema::progress::Silent;

const STOCK: &str = "product_id, site_id, day, on_hand";
const PRICES: &str = "product_id, valid_from, price_cents, currency";

/// A shop with one sale on 1 March 2024 and three products in its catalogue.
async fn three_products() -> Shop {
    let mut shop = Shop::new().await;
    shop.sell(&[("o1", "c1", "lamp", "2024-03-01T10:00:00Z")])
        .await;
    shop.put(
        "products",
        "product_id, price_cents",
        "('lamp', 1000), ('rug', 2000), ('vase', NULL)",
    )
    .await;
    shop
}

#[tokio::test]
async fn offers_are_known_with_their_days_costs_and_to_whom_they_may_be_given() {
    let mut shop = three_products().await;
    assert!(
        shop.load("2024-03-10")
            .await
            .unwrap()
            .offers()
            .all()
            .is_empty()
    );
    shop.put(
        "offers",
        "offer_id, \"type\", depth, cost_retailer_cents, cost_brand_cents, fixed_cost_retailer_cents, currency, valid_from, valid_to, eligibility",
        "('percent10', 'percentage', 10, 800, NULL, NULL, 'EUR', '2024-01-01', '2024-12-31', NULL), \
         ('amount5', 'amount', 5, 200, 300, 40, 'EUR', '2025-01-01', '2025-01-31', 'customer.orders > 1')",
    )
    .await;
    let history = shop.load("2024-03-10").await.unwrap();
    let offers = history.offers();
    let ids: Vec<&str> = offers.all().iter().map(|offer| offer.id.as_str()).collect();
    assert_eq!(ids, ["amount5", "percent10"]);
    let amount = offers.get("amount5").unwrap();
    assert_eq!((amount.kind.as_str(), amount.depth), ("amount", 5.0));
    assert_eq!(amount.fixed_cost_retailer_cents, Some(40));
    assert_eq!(
        (amount.cost_retailer_cents, amount.cost_brand_cents),
        (200, Some(300))
    );
    assert_eq!(
        amount.fixed_cost_brand_cents, None,
        "not told is not nothing"
    );
    assert_eq!(
        amount.valid_from.to_string(),
        "2025-01-01",
        "days to come are known"
    );
    assert_eq!(amount.eligibility.as_deref(), Some("customer.orders > 1"));
    let percent = offers.get("percent10").unwrap();
    assert_eq!(
        (percent.fixed_cost_retailer_cents, &percent.eligibility),
        (None, &None)
    );
    assert!(offers.get("percent").is_none());
}

#[tokio::test]
async fn the_latest_level_of_each_site_counts_and_sites_add_up() {
    let mut shop = three_products().await;
    // The latest level is neither the last row of its file nor in the last file.
    shop.put(
        "stock_levels",
        STOCK,
        "('lamp', 'lyon', '2024-03-09', 2), ('lamp', 'lyon', '2024-03-01', 0), ('lamp', 'paris', '2024-03-04', 0), \
         ('rug', 'lyon', '2024-03-08', 0), ('rug', 'paris', '2024-03-05', 0)",
    )
    .await;
    shop.put(
        "stock_levels",
        STOCK,
        "('lamp', 'paris', '2024-03-02', 7), ('rug', 'lyon', '2024-03-07', 5), ('rug', 'paris', '2024-03-03', 9)",
    )
    .await;
    let in_stock = async |day: &str| {
        let history = shop.load(day).await.unwrap();
        ["lamp", "rug", "vase"].map(|id| product(&history, id).in_stock)
    };
    // lamp: 2 in Lyon and none in Paris; rug: 0 in both; vase: nobody ever counted, which is not "none".
    assert_eq!(
        in_stock("2024-03-10").await,
        [Some(true), Some(false), None]
    );
    // What is told of the day itself is not known yet: on the 9th, Lyon still has the lamps of the 1st.
    assert_eq!(
        in_stock("2024-03-09").await,
        [Some(false), Some(false), None]
    );
    assert_eq!(
        in_stock("2024-03-08").await,
        [Some(false), Some(true), None]
    );
    // On the 4th Paris had lamps, and on the 3rd no rug had been counted.
    assert_eq!(in_stock("2024-03-04").await, [Some(true), Some(true), None]);
    assert_eq!(in_stock("2024-03-03").await, [Some(true), None, None]);
}

#[tokio::test]
async fn the_price_is_the_last_one_that_began_before_the_day() {
    let mut shop = three_products().await;
    shop.put(
        "prices",
        PRICES,
        "('lamp', '2024-03-08', 700, 'EUR'), ('lamp', '2024-02-01', 900, 'EUR'), ('vase', '2024-03-05', 50, 'EUR')",
    )
    .await;
    shop.put("prices", PRICES, "('lamp', '2024-03-05', 800, 'EUR')")
        .await;
    let prices = async |day: &str| {
        let history = shop.load(day).await.unwrap();
        ["lamp", "rug", "vase"].map(|id| product(&history, id).price_cents)
    };
    assert_eq!(
        prices("2024-03-09").await,
        [Some(700), Some(2000), Some(50)]
    );
    // A price that begins on the day itself is not known before it.
    assert_eq!(
        prices("2024-03-08").await,
        [Some(800), Some(2000), Some(50)]
    );
    // Without a price in force the catalogue's own holds; without either the price is unknown, not zero.
    assert_eq!(prices("2024-03-05").await, [Some(900), Some(2000), None]);
}

#[tokio::test]
async fn what_the_catalogue_says_of_a_product_is_kept_and_what_it_leaves_open_stays_open() {
    let mut shop = Shop::new().await;
    shop.sell(&[("o1", "c1", "sold-only", "2024-03-01T10:00:00Z")])
        .await;
    shop.put(
        "products",
        "product_id, name, category, brand, merchant_id, price_cents, active",
        "('b', 'Blue rug', 'Rugs', 'Atlas', 'm7', 2000, false), ('a', NULL, NULL, NULL, NULL, NULL, NULL)",
    )
    .await;
    let history = shop.load("2024-03-02").await.unwrap();
    let ids: Vec<&str> = history
        .catalogue()
        .products()
        .iter()
        .map(|p| p.id.as_str())
        .collect();
    assert_eq!(ids, ["a", "b", "sold-only"]);
    let rug = product(&history, "b");
    assert_eq!(
        [&rug.name, &rug.category, &rug.brand, &rug.merchant_id].map(|text| text.as_deref()),
        [Some("Blue rug"), Some("Rugs"), Some("Atlas"), Some("m7")]
    );
    assert_eq!((rug.price_cents, rug.active), (Some(2000), false));
    for id in ["a", "sold-only"] {
        let bare = product(&history, id);
        assert_eq!(
            [&bare.name, &bare.category, &bare.brand, &bare.merchant_id],
            [&None; 4]
        );
        assert_eq!(
            (bare.price_cents, bare.active, bare.in_stock),
            (None, true, None)
        );
    }
}

#[tokio::test]
async fn lines_carry_what_was_paid_and_returns_take_it_off() {
    let mut shop = Shop::new().await;
    shop.put(
        "sales",
        &format!("{SALES}, discount_cents"),
        "('o1', 1, '2024-03-01T23:59:59.999999Z', 'c1', 'lamp', 3, 1000, 'EUR', false, 500), \
         ('o1', 2, '2024-03-01T23:59:59.999999Z', 'c1', 'rug', 1, 2000, 'EUR', false, NULL), \
         ('r1', 1, '2024-03-05T09:00:00Z', 'c1', 'lamp', -2, 1000, 'EUR', true, 300), \
         ('o2', 1, '2024-03-02T09:00:00Z', NULL, 'rug', 1, 2000, 'EUR', false, NULL)",
    )
    .await;
    let history = shop.load("2024-03-06").await.unwrap();
    let index = |id| history.catalogue().index_of(id).unwrap();
    let lines = history.lines_of(history.customer_index("c1").unwrap());
    let seen = |line: &SaleLine| {
        (
            line.product,
            line.quantity,
            line.spend_cents,
            line.is_return,
        )
    };
    let (lamp, rug) = (index("lamp"), index("rug"));
    assert_eq!(
        lines.iter().map(seen).collect::<Vec<_>>(),
        [
            (lamp, 3, 2500, false),
            (rug, 1, 2000, false),
            // The discount of what comes back is not paid back.
            (lamp, -2, -1700, true),
        ]
    );
    assert_eq!(lines[0].order, lines[1].order);
    assert_ne!(lines[0].order, lines[2].order);
    let known = recency_frequency_value(lines, history.as_of()).unwrap();
    assert_eq!((known.orders, known.spend), (1, Cents(2800)));
    // A fraction of a second does not carry a sale into the next day.
    let days: Vec<i32> = lines.iter().map(SaleLine::epoch_day).collect();
    assert_eq!(days, [19_783, 19_783, 19_787]);
    assert_eq!(history.customers(), ["c1"]);
    assert_eq!(
        history.anonymous().iter().map(seen).collect::<Vec<_>>(),
        [(rug, 1, 2000, false)]
    );
}

#[tokio::test]
async fn nothing_of_the_day_or_after_it_is_known() {
    let mut shop = Shop::new().await;
    shop.sell(&[
        ("o4", "c4", "d", "2024-03-09T12:00:00Z"),
        ("o1", "c1", "a", "2024-03-07T10:00:00Z"),
        ("o3", "c3", "c", "2024-03-08T00:00:00Z"),
        ("o2", "c2", "b", "2024-03-07T23:59:59.999999Z"),
    ])
    .await;
    let history = shop.load("2024-03-08").await.unwrap();
    // Not even the identifiers: a product first sold on the day would be a hint.
    assert_eq!(history.customers(), ["c1", "c2"]);
    assert_eq!(history.catalogue().len(), 2);
    assert_eq!((history.lines().len(), history.days()), (2, 1));
    assert_eq!(history.as_of(), as_of("2024-03-08"));
    let early = shop.load("2024-03-07").await.unwrap_err();
    assert!(matches!(early, LoadError::Empty { .. }), "{early:?}");
    assert_eq!(
        early.to_string(),
        "read the history before 2024-03-07: table `sales` has no accepted row before that day; import sales first"
    );
}

#[tokio::test]
async fn a_history_is_that_of_its_snapshot() {
    let mut shop = three_products().await;
    shop.put("stock_levels", STOCK, "('lamp', 'lyon', '2024-03-01', 4)")
        .await;
    let before = shop.snapshot().await;
    shop.put("stock_levels", STOCK, "('lamp', 'lyon', '2024-03-02', 0)")
        .await;
    shop.sell(&[("o2", "c2", "rug", "2024-03-02T10:00:00Z")])
        .await;
    let day = until("2024-03-10");
    let then = load(&shop.lake, &before, &day, &logs(), &Silent)
        .await
        .unwrap();
    let now = load(&shop.lake, &shop.snapshot().await, &day, &logs(), &Silent)
        .await
        .unwrap();
    assert_eq!((then.lines().len(), now.lines().len()), (1, 2));
    assert_eq!(
        [&then, &now].map(|history| product(history, "lamp").in_stock),
        [Some(true), Some(false)]
    );
}

#[tokio::test]
async fn a_measured_rule_tells_whom_it_covered_on_which_day() {
    let mut shop = three_products().await;
    let columns = "decision_id, position, decided_at, product, version, customer_id, propensity, holdout, fallback, reasons";
    let decided = |id: &str, at: &str, customer: &str, code: &str, share: &str| {
        format!(
            "('{id}', 1, '{at}', 'list', 1, {customer}, 0.5, false, false, \
             '[{{\"code\":\"popular\"}},{{\"code\":\"{code}\",\"values\":{{\"rule\":\"no wine\",\"share\":{share}}}}}]')"
        )
    };
    let rows = [
        decided("d1", "2024-03-02T10:00:00Z", "'c2'", "rule_measured", "0.1"),
        decided("d2", "2024-03-02T09:00:00Z", "'c2'", "rule_measured", "0.1"),
        decided("d3", "2024-03-03T09:00:00Z", "'c2'", "rule_held_out", "0.3"),
        decided("d4", "2024-03-02T09:00:00Z", "'c1'", "rule_held_out", "0.1"),
        decided("d5", "2024-03-02T09:00:00Z", "'c3'", "rule_boosted", "0.1"),
        decided("d6", "2024-03-02T09:00:00Z", "NULL", "rule_measured", "0.1"),
        decided("d7", "2024-03-05T00:00:00Z", "'c1'", "rule_held_out", "0.1"),
        decided("d8", "2024-03-02T09:00:00Z", "'c8'", "rule_held_out", "0.1")
            .replace("no wine", "no beer"),
        decided("d9", "2024-03-02T09:00:00Z", "'c9'", "rule_held_out", "0.1")
            .replace("'list'", "'offers'"),
        decided("e1", "2024-03-02T09:00:00Z", "'c7'", "rule_measured", "0.1")
            .replace("0.5, false", "0.5, true"),
        // What a measured rule gave is not what the version chose.
        decided("e2", "2024-03-02T09:00:00Z", "'c4'", "rule_gave", "0.1")
            .replace("'list'", "'offers'"),
        decided("e3", "2024-03-02T09:00:00Z", "'c5'", "popular", "0.1")
            .replace("'list'", "'offers'"),
    ];
    shop.put("decisions", columns, &rows.join(", ")).await;
    let snapshot = shop.snapshot().await;
    let day = as_of("2024-03-05");
    let found = features::ruled(&shop.lake, &snapshot, day, ("list", "no wine"));
    let history = shop.load("2024-03-05").await.unwrap();
    let open = |customer: &str| history.trials().rounds().of_customer("offers", customer)[0].open;
    assert_eq!((open("c4"), open("c5")), (false, true));
    let history = history.with_ruled("list", "no wine", found.await.unwrap());
    let told = |history: &features::History| -> Vec<(String, i64, bool, f64)> {
        let rounds = history.trials().ruled("list", "no wine").iter();
        let hours = |at: i64| at / 3_600 - 19_784 * 24;
        rounds
            .map(|of| {
                (
                    of.customer.clone(),
                    hours(of.at_seconds),
                    of.held_out,
                    of.share,
                )
            })
            .collect()
    };
    let expected = [
        ("c1".to_owned(), 9, true, 0.1),
        ("c2".to_owned(), 9, false, 0.1),
        ("c2".to_owned(), 33, true, 0.3),
    ];
    assert_eq!(told(&history), expected);
    assert_eq!(told(&history.until(as_of("2024-03-03"))), expected[..2]);
    assert!(history.trials().ruled("list", "no beer").is_empty());
}

#[tokio::test]
async fn a_product_decided_for_a_customer_once_a_day_and_fallbacks_tell_nothing() {
    let mut shop = three_products().await;
    let columns = "decision_id, position, decided_at, product, version, customer_id, propensity, holdout, fallback";
    let decided = |id: &str, at: &str, customer: &str, holdout: bool, fallback: bool| {
        format!("('{id}', 1, '{at}', 'offers', 1, {customer}, 1.0, {holdout}, {fallback})")
    };
    let rows = [
        decided("d1", "2024-03-02T10:00:00Z", "'c1'", false, false),
        decided("d2", "2024-03-02T09:00:00Z", "'c1'", false, false).replace("1.0", "0.4"),
        decided("d3", "2024-03-03T09:00:00Z", "'c1'", false, false),
        decided("d4", "2024-03-02T09:00:00Z", "'c2'", true, false),
        decided("d5", "2024-03-02T09:00:00Z", "'c3'", false, true),
        decided("d6", "2024-03-02T09:00:00Z", "NULL", false, false),
        decided("d7", "2024-03-05T00:00:00Z", "'c2'", true, false),
        // Of a product whose decisions nobody learns from.
        decided("d8", "2024-03-02T09:00:00Z", "'c9'", false, false).replace("offers", "list"),
    ];
    shop.put("decisions", columns, &rows.join(", ")).await;
    let events = "event_id, occurred_at, \"type\", customer_id";
    shop.put(
        "events",
        events,
        "('e1', '2024-03-02T12:00:00Z', 'view', 'c2'), ('e2', '2024-03-02T12:00:00Z', 'view', 'c9')",
    )
    .await;
    let history = shop.load("2024-03-05").await.unwrap();
    let rounds = |history: &features::History| -> Vec<(String, Vec<i64>, bool)> {
        let of = history.trials().rounds().of("offers");
        of.map(|(customer, own)| {
            let hours = own.iter().map(|r| r.at_seconds / 3_600 - 19_784 * 24);
            (customer.to_owned(), hours.collect(), own[0].held_out)
        })
        .collect()
    };
    assert_eq!(
        rounds(&history),
        [
            ("c1".to_owned(), vec![9, 33], false),
            ("c2".to_owned(), vec![9], true)
        ]
    );
    assert!(history.trials().rounds().of("list").next().is_none());
    // Chance might have decided otherwise on the first day only.
    let own = history.trials().rounds().of_customer("offers", "c1");
    let of: Vec<(bool, u16)> = own.iter().map(|r| (r.open, r.version)).collect();
    assert_eq!(of, [(true, 1), (false, 1)]);
    // Who was decided for has visits, as those drawn have; nobody else.
    assert_eq!(history.trials().visits_of("c2").len(), 1);
    assert!(history.trials().visits_of("c9").is_empty());
    let earlier = history.until(as_of("2024-03-03"));
    assert_eq!(rounds(&earlier)[0].1, [9]);
    let day = until("2024-03-05");
    let snapshot = shop.snapshot().await;
    let without = load(&shop.lake, &snapshot, &day, &Logs::new(), &Silent).await;
    let without = without.unwrap();
    assert!(rounds(&without).is_empty());
    assert!(without.trials().visits_of("c2").is_empty());
}

#[tokio::test]
async fn purchases_are_those_of_known_customers_from_the_day_on() {
    let mut shop = Shop::new().await;
    let events = "event_id, occurred_at, \"type\", customer_id, product_id, quantity";
    shop.put(
        "events",
        events,
        "('e1', '2024-03-08T00:00:00Z', 'purchase', 'c1', 'lamp', 2), \
         ('e2', '2024-03-07T23:59:59.999999Z', 'purchase', 'c1', 'lamp', 1), \
         ('e3', '2024-03-09T10:00:00.5Z', 'purchase', 'c2', 'rug', NULL), \
         ('e4', '2024-03-09T10:00:00Z', 'cart', 'c2', 'rug', 1), \
         ('e5', '2024-03-09T10:00:00Z', 'purchase', NULL, 'rug', 1), \
         ('e6', '2024-03-09T10:00:00Z', 'purchase', 'c2', NULL, 1)",
    )
    .await;
    let mut found = Vec::new();
    purchases(
        &shop.lake,
        &shop.snapshot().await,
        &until("2024-03-08"),
        |p| found.push(p),
    )
    .await
    .unwrap();
    found.sort_by(|a, b| a.event_id.cmp(&b.event_id));
    let day = 19_790 * 86_400;
    let purchase = |event: &str, customer: &str, product: &str, at_seconds, quantity| Purchase {
        event_id: event.to_owned(),
        customer: customer.to_owned(),
        product: product.to_owned(),
        at_seconds,
        quantity,
    };
    assert_eq!(
        found,
        [
            purchase("e1", "c1", "lamp", day, 2),
            purchase("e3", "c2", "rug", day + 34 * 3_600, 1),
        ]
    );
}

#[tokio::test]
async fn answers_to_proposals_are_known_from_the_day_after_in_the_order_in_which_they_were_given() {
    let mut shop = three_products().await;
    shop.put(
        "order_answers",
        "answer_id, made_at, author, product_id, site_id, ordered_on, proposed_units, answer, ordered_units, reason",
        "('a3', '2024-03-05T09:00:00Z', 'ann', 'lamp', 'lyon', '2024-03-05', 8, 'changed', 12, 'a fair'), \
         ('a2', '2024-03-04T11:00:00Z', 'bob', 'rug', 'lyon', '2024-03-04', 5, 'refused', 0, NULL), \
         ('a1', '2024-03-04T09:00:00Z', 'ann', 'lamp', 'paris', '2024-03-04', 6, 'accepted', 6, NULL)",
    )
    .await;
    let supply = async |day: &str| {
        let found = features::supply::supply(&shop.lake, &shop.snapshot().await, as_of(day)).await;
        found.unwrap()
    };
    let answer = |author: &str, product: &str, site: &str| OrderAnswer {
        author: author.to_owned(),
        product: product.to_owned(),
        site: site.to_owned(),
        // 2024-03-04.
        ordered_on: 19_786,
        proposed: 6,
        answer: Answer::Accepted,
        ordered: 6,
    };
    let first = [
        answer("ann", "lamp", "paris"),
        OrderAnswer {
            proposed: 5,
            answer: Answer::Refused,
            ordered: 0,
            ..answer("bob", "rug", "lyon")
        },
    ];
    let all = supply("2024-03-06").await;
    assert_eq!(all.answers[..2], first);
    let last = OrderAnswer {
        ordered_on: 19_787,
        proposed: 8,
        answer: Answer::Changed,
        ordered: 12,
        ..answer("ann", "lamp", "lyon")
    };
    assert_eq!(all.answers[2..], [last]);
    assert_eq!(supply("2024-03-05").await.answers, first);
    assert_eq!(all.before(as_of("2024-03-05")).answers, first);
}
