//! Kind `experiment` on the version of a product that is tried on a share of the customers.

use crate::read_out::{fitted, number, product, refused};
use features::{History, HistoryBuilder, Logged, NewLine, RoundsBuilder, Trials};
use math::random::stream;
use products::experiment::broken_guardrail;
use products::{Asked, Infeasible, Shop};
use rand::RngExt;
use schema::time::date_of;
use schema::{AsOf, CustomerId};
use std::sync::Arc;

/// The day on which version 2 answers for the first time, in its midst.
const BEGUN: i64 = 20_000;

const DAY: i64 = 86_400;

const CUSTOMERS: usize = 2_000;

/// What version 2 adds to an order.
const ADDED: f64 = -4.0;

const SETTINGS: &str = "product = \"for-you\"\nversions = true\noutcomes = [\"revenue\"]\n\n\
    [[settings.guardrail]]\noutcome = \"revenue\"\nworse_by = 0.02\n";

fn customer(number: usize) -> String {
    format!("c{number:05}")
}

/// Who is held out, of 20.
fn is_held_out(number: usize) -> bool {
    number.is_multiple_of(20)
}

/// Whom version 2 answers on trial.
fn is_tried(number: usize) -> bool {
    number % 10 < 3
}

/// The first customers of version 1 are asked about once more by version 2, as in a batch.
const OF_BOTH: usize = 5;

fn is_of_both(number: usize) -> bool {
    number / 10 < OF_BOTH && number % 10 == 7
}

/// A shop that asks version 1 about everybody until, on `BEGUN`, version 2 answers some; from ten days later on it answers
/// all, where `tried` is true, and nobody else where not.
fn shop(tried: bool) -> History {
    let mut random = stream(29, 0);
    let (mut builder, mut rounds) = (HistoryBuilder::default(), RoundsBuilder::default());
    for number in 0..CUSTOMERS {
        let (name, held_out) = (customer(number), is_held_out(number));
        let mut ask = |day: i64, version: u64| {
            let logged = Logged {
                at_seconds: day * DAY + 40_000,
                version,
                held_out,
                open: false,
            };
            rounds.push("for-you", &name, &logged);
        };
        let of_trial = if is_tried(number) && tried { 2 } else { 1 };
        for (day, version) in [(-30, 1), (0, of_trial), (2, of_trial), (4, of_trial)] {
            ask(BEGUN + day, version);
        }
        if is_of_both(number) && tried {
            ask(BEGUN + 3, 2);
        }
        ask(BEGUN + 12, if tried { 2 } else { 1 });
        let usual: f64 = random.random_range(20.0..60.0);
        let noise: f64 = random.random_range(-3.0..3.0);
        let added = if of_trial == 2 && !held_out {
            ADDED
        } else {
            0.0
        };
        for (day, amount) in [(-20, usual), (6, usual + noise + added)] {
            builder.push(NewLine {
                customer: Some(&name),
                product: "tea",
                order: &format!("{number} {day}"),
                at_seconds: (BEGUN + day) * DAY,
                quantity: 1,
                spend_cents: (100.0 * amount).round() as i64,
                discount_cents: 0,
                is_return: false,
            });
        }
    }
    let as_of = AsOf(date_of(i32::try_from(BEGUN + 40).unwrap()));
    let history = builder.build(as_of, vec![]);
    history.with_trials(Trials::new(vec![], []).with_rounds(rounds.build()))
}

#[test]
fn a_version_on_trial_is_read_beside_the_champion_on_the_days_of_both_and_its_guardrails_too() {
    let history = shop(true);
    let version = fitted(SETTINGS, &history).unwrap();
    let page = version.page();
    let count = |what: fn(usize) -> bool| (0..CUSTOMERS).filter(|n| what(*n)).count();
    let tried = count(|n| is_tried(n) && !is_held_out(n));
    let champions = count(|n| !is_tried(n) && !is_held_out(n) && !is_of_both(n));
    let arm = |place: usize| {
        let arm = &page["arms"][place];
        (
            arm["arm"].as_str().unwrap(),
            arm["customers"].as_u64().unwrap(),
        )
    };
    assert_eq!(arm(0), ("version 1", champions as u64), "{page:#}");
    assert_eq!(arm(1), ("version 2", tried as u64));
    assert_eq!(page["both"], OF_BOTH);
    let found = &page["findings"][0];
    let at = |end: &str| number(found, &format!("/effect/measured/{end}"));
    assert!(at("low") < ADDED && ADDED < at("high"), "{found:#}");
    assert!(
        at("high") < ADDED + 1.0 && found["real"] == true,
        "{found:#}"
    );
    let told = version.summary().join("\n");
    for says in [
        "because of version 2 of for-you",
        "5 customers answered by both versions are not counted",
        "asked about on 2.000 days per customer of version 2, on 2.000 of version 1",
        "guardrail broken",
    ] {
        assert!(told.contains(says), "{says}: {told}");
    }
    let card = version.evaluate(&history, 1);
    let broken = broken_guardrail(&card, 2).unwrap();
    assert!(broken.value.interval().unwrap().1 < -0.02, "{broken:?}");
    assert!(broken_guardrail(&card, 1).is_none());

    let serving = version.attach(Arc::new(Shop::new(
        Arc::new(history),
        &decisions::RuleSet::default(),
        Arc::default(),
    )));
    let answer = |number: usize| {
        let asked = Asked {
            customer_id: Some(CustomerId::new(customer(number)).unwrap()),
            ..Asked::default()
        };
        serving.decide(&asked, jiff::Timestamp::UNIX_EPOCH)
    };
    assert_eq!(answer(1).unwrap().actions[0].id, "version 2");
    assert_eq!(answer(4).unwrap().actions[0].id, "version 1");
    for nobodys in [0, 7] {
        let refused = answer(nobodys).unwrap_err();
        assert!(matches!(refused, Infeasible::NotInExperiment { .. }));
        assert!(
            refused
                .to_string()
                .contains("the version of for-you on trial"),
            "{refused}"
        );
    }
}

#[test]
fn versions_are_compared_where_a_product_is_named_and_two_of_it_answered_side_by_side() {
    let told = refused(SETTINGS, &shop(false));
    assert!(
        told.contains("no two versions of product \"for-you\"") && told.contains("trial_share"),
        "{told}"
    );
    let told = product("trial = \"mail\"\nversions = true")
        .map(|_| ())
        .unwrap_err();
    assert!(told.to_string().contains("true with `product`"), "{told}");
    let of = product(SETTINGS).unwrap();
    assert_eq!(of.compares_versions_of(), Some("for-you"));
    assert_eq!(
        product("product = \"for-you\"")
            .unwrap()
            .compares_versions_of(),
        None
    );
}
