//! Rules about offers, to whom an offer may be given, and what rules do on a shop.

use crate::shop::{TODAY, refused, rule, rules, six_items};
use decisions::{CustomerFacts, Eligibility, Eligible, Known, OfferFacts, Over, Request, Told};
use schema::Cents;
use std::collections::BTreeSet;

fn offer(id: &str, kind: &str, depth: f64) -> OfferFacts {
    OfferFacts {
        offer_id: id.to_owned(),
        kind: Some(kind.to_owned()),
        depth: Some(depth),
    }
}

fn three_offers() -> [OfferFacts; 3] {
    [
        offer("amount5", "amount", 5.0),
        offer("percent10", "percentage", 10.0),
        offer("points", "points", 3.0),
    ]
}

fn customer(orders: u32, days_since_order: u32) -> CustomerFacts {
    CustomerFacts {
        orders: Some(orders),
        spend_cents: Some(Cents(i64::from(orders) * 2_000)),
        days_since_order: Some(days_since_order),
        ..CustomerFacts::default()
    }
}

fn asked(customer: &CustomerFacts) -> Request<'_> {
    Request {
        customer_id: Some("c1"),
        customer: Some(customer),
        ..Request::new("promotions", TODAY)
    }
}

const NO_POINTS: &str = "offer.type == 'points' && customer.days_since_order > 56";
const GONE: &str =
    "offer = { type = 'points' }\ncustomer = { days_since_order = 60 }\napplies = true";

/// Rule, offer and whether it is pinned, of each touch.
fn touched(text: &str, customer: &CustomerFacts) -> Vec<(String, usize, bool)> {
    let prepared = rules(text).compile_for(&six_items());
    let touches = prepared.on_offers(&three_offers(), &asked(customer));
    let told = touches
        .iter()
        .map(|t| (t.rule.to_string(), t.offer, t.pinned));
    told.collect()
}

#[test]
fn a_rule_holds_for_the_offers_and_the_customers_of_its_condition() {
    let text = rule("no points", NO_POINTS, "then = 'exclude'", GONE)
        + &rule(
            "five back",
            "offer.depth >= 5.0 && offer.type == 'amount' && customer.orders == 1",
            "then = 'pin'",
            "offer = { type = 'amount', depth = 5.0 }\ncustomer = { orders = 1 }\napplies = true",
        )
        + &rule(
            "left alone",
            "customer.customer_id == 'c1' && customer.orders > 100",
            "then = 'exclude'",
            "customer = { customer_id = 'c1', orders = 101 }\napplies = true",
        );
    let none: [(String, usize, bool); 0] = [];
    assert_eq!(touched(&text, &customer(3, 20)), none);
    assert_eq!(
        touched(&text, &customer(3, 57)),
        [("no points".to_owned(), 2, false)]
    );
    assert_eq!(
        touched(&text, &customer(1, 5)),
        [("five back".to_owned(), 0, true)]
    );
    // A condition on no offer holds for all of them.
    let all = touched(&text, &customer(101, 5));
    let offers: Vec<usize> = all.iter().map(|(_, offer, _)| *offer).collect();
    assert_eq!(offers, [0, 1, 2], "{all:?}");
    // Of who never ordered the days are not known: a rule that depends on them does nothing.
    assert_eq!(touched(&text, &CustomerFacts::default()), none);
}

#[test]
fn a_measured_rule_covers_whom_it_holds_for_whether_or_not_it_is_applied() {
    let text = rule(
        "no points",
        NO_POINTS,
        "then = 'exclude'\nmeasure_share = 0.1",
        GONE,
    ) + &rule(
        "no wine",
        "item.category == 'wine' && request.placement == 'home'",
        "then = 'exclude'\nmeasure_share = 0.5",
        "item = { category = 'wine' }\nrequest = { placement = 'home' }\napplies = true",
    ) + &rule(
        "no fish",
        "item.category == 'fish'",
        "then = 'exclude'\nmeasure_share = 0.2",
        "item = { category = 'fish' }\napplies = true",
    ) + &rule(
        "no bread",
        "item.category == 'bread'",
        "then = 'exclude'\nmeasure_share = 0.0",
        "item = { category = 'bread' }\napplies = true",
    );
    let prepared = rules(&text).compile_for(&six_items());
    let (gone, there) = (customer(3, 57), customer(3, 20));
    let covering = |customer: &CustomerFacts| {
        let covering = prepared.measured_on_offers(&three_offers(), &asked(customer));
        let told = covering
            .iter()
            .map(|of| (of.number, of.rule.to_string(), of.share));
        told.collect::<Vec<_>>()
    };
    assert_eq!(covering(&gone), [(0, "no points".to_owned(), 0.1)]);
    assert!(covering(&there).is_empty());
    let without = Request {
        without: &[0],
        ..asked(&gone)
    };
    assert!(prepared.on_offers(&three_offers(), &without).is_empty());
    assert_eq!(prepared.on_offers(&three_offers(), &asked(&gone)).len(), 1);
    assert_eq!(
        prepared.measured_on_offers(&three_offers(), &without).len(),
        1
    );

    // Of lists: no item is a fish, and bread is not measured.
    let items = six_items();
    let all: Vec<(u32, f32)> = (0..6).map(|i| (i, 1.0)).collect();
    let at_home = Request {
        placement: Some("home"),
        ..asked(&there)
    };
    let listed = |without| {
        let request = Request { without, ..at_home };
        assert_eq!(prepared.measured_on_lists(&request)[0].number, 1);
        assert_eq!(prepared.measured_on_lists(&request).len(), 1);
        let limits = decisions::Limits::of(6);
        let ranked = decisions::rank(&all, &items, &prepared, &request, &limits).unwrap();
        ranked.items.len()
    };
    assert_eq!((listed(&[]), listed(&[1]), listed(&[1, 3])), (2, 5, 6));
    assert!(prepared.measured_on_lists(&asked(&there)).is_empty());
}

#[test]
fn a_share_is_measured_of_three_rules_at_most() {
    let measured = |name: &str, share: &str| {
        let then = format!("then = 'exclude'\nmeasure_share = {share}");
        rule(
            name,
            "item.category == 'wine'",
            &then,
            "item = { category = 'wine' }\napplies = true",
        )
    };
    for share in ["0.51", "-0.1", "nan"] {
        let told = refused(&measured("a", share));
        assert!(
            told.contains("measure_share") && told.contains("0 to 0.5"),
            "{told}"
        );
    }
    let three = measured("a", "0.1") + &measured("b", "0.2") + &measured("c", "0.3");
    assert_eq!(rules(&three).rules()[2].measure_share(), Some(0.3));
    rules(&(three.clone() + &measured("d", "0.0")));
    let told = refused(&(three + &measured("d", "0.1")));
    assert!(
        told.contains("3 other rules are measured already"),
        "{told}"
    );
}

#[test]
fn rules_of_offers_keep_to_their_days_and_products_and_leave_lists_alone() {
    let over = rule(
        "over",
        "offer.type == 'points'",
        "then = 'exclude'\nvalid_to = 2026-06-14\nproducts = ['promotions']",
        "offer = { type = 'points' }\napplies = true",
    );
    assert!(touched(&over, &customer(1, 1)).is_empty());
    let until_today = over.replace("06-14", "06-15");
    assert_eq!(touched(&until_today, &customer(1, 1)).len(), 1);
    let prepared = rules(&until_today).compile_for(&six_items());
    assert!(prepared.touch_offers("promotions") && !prepared.touch_offers("for-you"));
    let all: Vec<(u32, f32)> = (0..6).map(|i| (i, 1.0)).collect();
    let request = Request::new("promotions", TODAY);
    let limits = decisions::Limits::of(6);
    let ranked = decisions::rank(&all, &six_items(), &prepared, &request, &limits).unwrap();
    assert_eq!(ranked.items.len(), 6);
    assert_eq!(prepared.never_matched().count(), 0, "it is about no item");
}

#[test]
fn rules_of_offers_that_make_no_sense_are_refused_at_their_line() {
    let of = |when: &str, then: &str, example: &str| refused(&rule("r", when, then, example));
    let points = "offer.type == 'points'";
    let applies = "offer = { type = 'points' }\napplies = true";
    for (when, then, example, says) in [
        (
            points,
            "then = 'boost'\nfactor = 2.0",
            applies,
            "`rule.0.then` is \"boost\", allowed is exclude or pin",
        ),
        (
            points,
            "then = 'cap'\nat_most = 1\nper = 'list'",
            applies,
            "`rule.0.then` is \"cap\"",
        ),
        (
            points,
            "then = 'pin'\nposition = 2",
            applies,
            "rules/shop.toml:7: `rule.0.position` is 2, allowed is 1 to 1",
        ),
        (
            points,
            "then = 'exclude'\nplacements = ['home']",
            applies,
            "they have no placement",
        ),
        (
            points,
            "then = 'exclude'\nproducts = ['for-you']",
            applies,
            "rules/shop.toml:7: `rule.0.products` is \"for-you\", allowed is for a condition on offers a data product that gives some: promotions",
        ),
        (
            "offer.type == 'points' && item.category == 'wine'",
            "then = 'exclude'",
            applies,
            "looking at items and at offers",
        ),
        (
            "offer.colour == 'red'",
            "then = 'exclude'",
            applies,
            "allowed is offer.offer_id, offer.type, offer.depth",
        ),
        (
            "customer.ordres > 3",
            "then = 'exclude'",
            "applies = true",
            "using the unknown field `customer.ordres`, allowed is customer.customer_id, customer.orders",
        ),
        (
            "customer.orders > 'a'",
            "then = 'exclude'",
            "applies = true",
            "applying `>` to an integer and a text",
        ),
        (
            "context.age > 60",
            "then = 'exclude'",
            "context = { age = [61] }\napplies = true",
            "`rule.0.example.0.context.age` is [61], allowed is a number",
        ),
        (
            NO_POINTS,
            "then = 'exclude'",
            "offer = { type = 'points' }\ncustomer = { days_since_order = 50 }\napplies = true",
            "is true, but example 1 of rule `r` evaluates to false (customer.days_since_order is 50, offer.type is \"points\"), allowed is false",
        ),
    ] {
        let error = of(when, then, example);
        assert!(error.contains(says), "{when} {then}: {error}");
    }
    // Two offers cannot both be the one that everybody is given.
    let pin = |name: &str, id: &str| {
        let when = format!("offer.offer_id == '{id}'");
        let example = format!("offer = {{ offer_id = '{id}' }}\napplies = true");
        rule(name, &when, "then = 'pin'", &example)
    };
    let error = refused(&(pin("a", "amount5") + &pin("b", "points")));
    assert!(error.contains("`a` does, at rules/shop.toml:1"), "{error}");
}

#[test]
fn what_trials_logged_is_known_to_conditions() {
    let text = rule(
        "phones",
        "context.channel == 'Phone' && context.age >= 60 && offer.type == 'points'",
        "then = 'exclude'",
        "offer = { type = 'points' }\ncontext = { channel = 'Phone', age = 61 }\napplies = true",
    );
    let with = |age: f64| CustomerFacts {
        context: [
            ("channel".to_owned(), Told::Text("Phone".to_owned())),
            ("age".to_owned(), Told::Number(age)),
        ]
        .into(),
        ..CustomerFacts::default()
    };
    assert_eq!(touched(&text, &with(60.0)).len(), 1);
    assert!(touched(&text, &with(59.5)).is_empty());
    let set = rules(&text);
    let keys: Vec<&str> = set.rules()[0].context_keys().collect();
    assert_eq!(keys, ["age", "channel"]);
}

#[test]
fn an_offer_is_for_whom_its_condition_holds_and_says_by_what_it_does_not() {
    let context: BTreeSet<String> = ["channel".to_owned()].into();
    let eligible = |text: &str| Eligibility::new(text, &context);
    let twice = eligible("customer.orders >= 2").unwrap();
    assert_eq!(twice.of("c1", &customer(2, 9)), Eligible::Yes);
    let known = "customer.orders is 1".to_owned();
    assert_eq!(twice.of("c1", &customer(1, 9)), Eligible::No { known });
    let known = "customer.orders is not known".to_owned();
    let nobody = CustomerFacts::default();
    assert_eq!(twice.of("c1", &nobody), Eligible::NotKnown { known });
    assert_eq!(
        eligible("!has(customer.orders)").unwrap().of("c1", &nobody),
        Eligible::Yes
    );
    for (text, says) in [
        (
            "customer.ordres >= 2",
            "using the unknown field `customer.ordres`; allowed is customer.customer_id, customer.orders",
        ),
        (
            "context.chanel == 'Web'",
            "using `context.chanel`, which no draw has logged; allowed is context.channel",
        ),
        (
            "item.category == 'wine'",
            "using `item.category`; allowed is customer.customer_id",
        ),
        ("request.hour > 9", "using `request.hour`; allowed is"),
        ("customer.orders >=", "not CEL"),
        (
            "customer.orders",
            "yielding an integer; allowed is an expression that is true or false",
        ),
    ] {
        let error = eligible(text).unwrap_err().to_string();
        assert!(
            error.contains(says) && error.contains(text),
            "{text}: {error}"
        );
    }
    let none = Eligibility::new("context.age > 3", &BTreeSet::new()).unwrap_err();
    assert!(
        none.to_string().contains("no draw has logged any"),
        "{none}"
    );
}

#[test]
fn rules_that_contradict_each_other_are_told_with_an_example() {
    let pin = rule(
        "points for regulars",
        "offer.type == 'points' && customer.orders > 5",
        "then = 'pin'",
        "offer = { type = 'points' }\ncustomer = { orders = 6 }\napplies = true",
    );
    let gone = rule("no points", NO_POINTS, "then = 'exclude'", GONE);
    let told = |text: &str| -> Vec<String> {
        let all = rules(text).contradictions();
        all.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        told(&(pin.clone() + &gone)),
        [
            "rules/shop.toml:1: rule `points for regulars` pins what rule `no points` (rules/shop.toml:12) excludes, for example where customer.days_since_order is 60, customer.orders is 6, offer.type is \"points\"; an exclusion wins"
        ]
    );
    // Not where their days or what they look at lie apart, and not where no example shows both.
    let later = gone.replace("'exclude'", "'exclude'\nvalid_from = 2027-01-01");
    let sooner = pin.replace("'pin'", "'pin'\nvalid_to = 2026-12-31");
    assert!(told(&(sooner + &later)).is_empty());
    let few = gone.replace("days_since_order > 56", "orders < 3");
    let few = few.replace("days_since_order = 60", "orders = 2");
    assert!(told(&(pin + &few)).is_empty());
    let wine = "item.category == 'wine'";
    let example = "item = { category = 'wine' }\napplies = true";
    let both = rule("first", wine, "then = 'pin'\nposition = 1", example)
        + &rule(
            "dry",
            "item.category in ['wine', 'beer']",
            "then = 'exclude'",
            example,
        );
    assert_eq!(told(&both).len(), 1);
}

#[test]
fn what_rules_do_on_a_shop_is_counted() {
    let text = rule("no points", NO_POINTS, "then = 'exclude'", GONE)
        + &rule(
            "points for regulars",
            "offer.type == 'points' && customer.orders > 5",
            "then = 'pin'",
            "offer = { type = 'points' }\ncustomer = { orders = 6 }\napplies = true",
        )
        + &rule(
            "bundles",
            "offer.type == 'bundle'",
            "then = 'exclude'",
            "offer = { type = 'bundle' }\napplies = true",
        )
        + &rule(
            "no beer",
            "item.category == 'beer'",
            "then = 'exclude'",
            "item = { category = 'beer' }\napplies = true",
        )
        + &rule(
            "no wine",
            "item.category == 'wine'",
            "then = 'exclude'",
            "item = { category = 'wine' }\napplies = true",
        )
        + &rule(
            "wine first",
            "item.category == 'wine' && customer.orders > 5",
            "then = 'pin'\nposition = 1",
            "item = { category = 'wine' }\ncustomer = { orders = 6 }\napplies = true",
        )
        + &rule(
            "at night",
            "item.category == 'wine' && request.hour < 6",
            "then = 'exclude'",
            "item = { category = 'wine' }\nrequest = { hour = 5 }\napplies = true",
        );
    let facts = [customer(9, 60), customer(9, 10), customer(2, 70)];
    let ids = ["c1", "c2", "c3"];
    let customers: Vec<Known<'_>> = ids
        .iter()
        .zip(&facts)
        .map(|(id, facts)| Known { id, facts })
        .collect();
    let prepared = rules(&text).compile_for(&six_items());
    let seen = prepared.on_shop(&customers, &six_items(), &three_offers());
    let fired: Vec<_> = seen
        .fired
        .iter()
        .map(|f| (&*f.rule, f.over, f.fires, f.unknown, f.of))
        .collect();
    assert_eq!(
        fired,
        [
            ("no points", Over::Customers, 2, 0, 3),
            ("points for regulars", Over::Customers, 2, 0, 3),
            ("bundles", Over::Offers, 0, 0, 3),
            ("no beer", Over::Products, 0, 0, 6),
            ("no wine", Over::Products, 3, 0, 6),
            ("wine first", Over::Customers, 2, 0, 3),
            ("at night", Over::Products, 3, 0, 6),
        ]
    );
    let together: Vec<_> = seen
        .together
        .iter()
        .map(|t| (&*t.pin, &*t.exclude, t.fires, t.of, &*t.first))
        .collect();
    assert_eq!(
        together,
        [
            ("points for regulars", "no points", 1, 3, "c1"),
            ("wine first", "no wine", 2, 3, "c1"),
        ]
    );
}
