//! Kind `experiment`: what rules would have brought, by the decisions of a product that chance made.

use crate::read_out::{fitted, number};
use features::{Assignment, History, HistoryBuilder, Logged, NewLine, RoundsBuilder, Trials};
use math::random::stream;
use rand::RngExt;
use schema::AsOf;
use schema::time::date_of;
use serde_json::Value;

const DECIDED: i64 = 20_000;

const DAY: i64 = 86_400;

const PRODUCT: &str = "product = \"offers\"\noutcomes = [\"revenue\"]\n";

/// What the mail adds to somebody, and what the letter does.
fn adds(arm: &str, eager: bool) -> f64 {
    match (arm, eager) {
        ("mail", true) => 10.0,
        ("mail", false) => -5.0,
        ("letter", _) => 1.0,
        _ => 0.0,
    }
}

/// How a product decided.
struct Decided {
    customers: usize,
    /// One of how many had their arm drawn.
    drawn: usize,
    /// Of seven customers, how many an older version decided for.
    old: usize,
    /// The arms that a customer may be given.
    possible: fn(usize) -> &'static [&'static str],
}

/// Customers who buy for 40 on average, before and after. One of ten is held out; a rule gives the mail to one of twenty,
/// who buy for 300; chance draws the arm of some; of all others those who are eager get the mail.
fn shop(of: &Decided) -> History {
    let mut random = stream(23, 0);
    let (mut builder, mut rounds) = (HistoryBuilder::default(), RoundsBuilder::default());
    let mut draws = Vec::new();
    for number in 0..of.customers {
        let customer = format!("c{number:05}");
        let (eager, possible) = (random.random::<bool>(), (of.possible)(number));
        let (held_out, pinned) = (number.is_multiple_of(10), number % 20 == 1);
        let drawn = !held_out && !pinned && random.random_range(0..of.drawn) == 0;
        // An older version gave nobody anything, at a time when everybody bought for 8 more.
        let old = number % 7 < of.old;
        let season = if old { 8.0 } else { 0.0 };
        let wanted = if eager && !old { "mail" } else { "none" };
        let arm = if drawn {
            possible[random.random_range(0..possible.len())]
        } else if pinned {
            "mail"
        } else if !held_out && possible.contains(&wanted) {
            wanted
        } else {
            "none"
        };
        let at = DECIDED * DAY + 7;
        let logged = |days: i64, open: bool| Logged {
            at_seconds: at + days * DAY,
            version: if old { 3 } else { 4 },
            held_out,
            open: open && !held_out && !pinned,
        };
        rounds.push("offers", &customer, &logged(0, true));
        // What is decided later is not looked at.
        rounds.push("offers", &customer, &logged(5, false));
        if drawn {
            let share = 1.0 / possible.len() as f64;
            let all: Vec<String> = possible
                .iter()
                .map(|a| format!("\"{a}\":{share}"))
                .collect();
            draws.push(Assignment {
                trial: "offers".into(),
                customer: customer.clone(),
                at_seconds: at,
                arm: arm.into(),
                propensities: format!("{{{}}}", all.join(",")).into(),
                context: None,
            });
        }
        let usual: f64 = random.random_range(20.0..60.0);
        let usual = if pinned { 300.0 } else { usual };
        let noise: f64 = random.random_range(-6.0..6.0);
        for (day, amount) in [(-20, usual), (3, usual + noise + adds(arm, eager) + season)] {
            builder.push(NewLine {
                customer: Some(&customer),
                product: "tea",
                order: &format!("{number} {day}"),
                at_seconds: (DECIDED + day) * DAY,
                quantity: 1,
                spend_cents: (100.0 * amount).round() as i64,
                discount_cents: 0,
                is_return: false,
            });
        }
    }
    let as_of = AsOf(date_of(i32::try_from(DECIDED + 40).unwrap()));
    let history = builder.build(as_of, vec![]);
    history.with_trials(Trials::new(draws, []).with_rounds(rounds.build()))
}

fn both(_: usize) -> &'static [&'static str] {
    &["mail", "none"]
}

fn rule<'a>(page: &'a Value, arm: &str) -> &'a Value {
    let rules = page["by_log"]["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["arm"] == arm).unwrap()
}

/// Within four standard errors, which chance misses once in 16,000.
fn near(of: &Value, path: &str, truth: f64) {
    let at = |end: &str| number(of, &format!("{path}/measured/{end}"));
    let (point, error) = (at("point"), at("standard_error"));
    assert!(
        (point - truth).abs() < 4.0 * error,
        "{path}: {point} ± {error}, {truth}"
    );
}

#[test]
fn rules_are_worth_what_they_would_have_brought_and_the_choice_is_told_beside_them() {
    let history = shop(&Decided {
        customers: 6_000,
        drawn: 5,
        old: 0,
        possible: both,
    });
    let version = fitted(PRODUCT, &history).unwrap();
    let page = version.page();
    let log = &page["by_log"];
    // Whom the rule gave the mail, or who was held out, is in neither.
    assert_eq!(log["fixed"], 300);
    let (drawn, chosen) = (number(log, "/drawn"), number(log, "/chosen"));
    assert_eq!(drawn + chosen, 5_100.0);
    assert!((number(log, "/chosen_mean") - 45.0).abs() < 1.0, "{log:#}");
    // Eager or not, half each: 10 less 5 for everybody, and 10 for those who want it.
    let (mail, none) = (rule(&page, "mail"), rule(&page, "none"));
    for by in ["inverse_propensity", "self_normalised", "doubly_robust"] {
        near(mail, &format!("/value/measured/{by}"), 42.5);
        near(none, &format!("/value/measured/{by}"), 40.0);
    }
    near(mail, "/choice_adds", 2.5);
    near(none, "/choice_adds", 5.0);
    let error = |by: &str| {
        number(
            mail,
            &format!("/value/measured/{by}/measured/standard_error"),
        )
    };
    assert!(
        error("doubly_robust") < 0.7 * error("inverse_propensity"),
        "{mail:#}"
    );
    let effective = number(mail, "/value/measured/effective_units");
    assert_eq!(effective.round(), number(mail, "/as_drawn"));
    let told = version.summary().join("\n");
    for part in [
        "of 300 others nothing could be drawn, and no rule is told",
        "mail for everybody would have brought 4",
        "what product offers chose adds +",
        "to none for everybody",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn who_may_not_be_given_an_arm_gets_the_control_by_its_rule() {
    let history = shop(&Decided {
        customers: 8_000,
        drawn: 2,
        old: 0,
        possible: |number| match number % 3 {
            0 => &["letter", "none"],
            1 => &["letter", "mail", "none"],
            _ => &["mail", "none"],
        },
    });
    let page = fitted(PRODUCT, &history).unwrap().page();
    // Two thirds may be given the letter, which adds 1, or the mail, which adds 2.5.
    near(
        rule(&page, "letter"),
        "/value/measured/doubly_robust",
        40.0 + 2.0 / 3.0,
    );
    near(
        rule(&page, "mail"),
        "/value/measured/doubly_robust",
        40.0 + 2.0 / 3.0 * 2.5,
    );
    near(rule(&page, "none"), "/value/measured/doubly_robust", 40.0);
}

#[test]
fn what_the_log_could_not_show_is_not_told() {
    let history = shop(&Decided {
        customers: 2_000,
        drawn: 2,
        old: 0,
        // The mail and the control may always be given: which of them somebody gets instead of the letter is not logged.
        possible: |number| match number % 2 {
            0 => &["letter", "mail", "none"],
            _ => &["mail", "none"],
        },
    });
    let page = fitted(PRODUCT, &history).unwrap().page();
    let why = &rule(&page, "letter")["value"]["not_measurable"];
    assert!(
        why.to_string()
            .contains("what they would get instead is not logged"),
        "{why}"
    );
    near(rule(&page, "mail"), "/value/measured/doubly_robust", 42.5);
    // A handful of draws is no evidence.
    let few = shop(&Decided {
        customers: 300,
        drawn: 12,
        old: 0,
        possible: both,
    });
    let version = fitted(PRODUCT, &few).unwrap();
    let page = version.page();
    let of = &rule(&page, "mail")["value"]["measured"]["doubly_robust"];
    assert!(of["not_measurable"]["too_few"].is_object(), "{of:#}");
    let told = version.summary().join("\n");
    assert!(
        told.contains("what mail for everybody would have brought is not measurable"),
        "{told}"
    );
    // A product that draws nobody, and a trial, tell nothing of rules.
    let mut rounds = RoundsBuilder::default();
    for number in 0..200_usize {
        let customer = format!("c{number:05}");
        let logged = Logged {
            at_seconds: DECIDED * DAY,
            version: 1,
            held_out: number.is_multiple_of(5),
            open: false,
        };
        rounds.push("offers", &customer, &logged);
    }
    let silent = few.with_trials(Trials::default().with_rounds(rounds.build()));
    assert_eq!(
        fitted(PRODUCT, &silent).unwrap().page()["by_log"],
        Value::Null
    );
}

#[test]
fn versions_are_compared_by_what_each_adds_to_the_draws_of_its_own_time() {
    let history = shop(&Decided {
        customers: 8_000,
        drawn: 3,
        old: 3,
        possible: both,
    });
    let version = fitted(PRODUCT, &history).unwrap();
    let page = version.page();
    let versions = page["by_log"]["versions"].as_array().unwrap();
    assert_eq!(
        (&versions[0]["version"], &versions[1]["version"]),
        (&3.into(), &4.into())
    );
    // An arm by chance adds 1.25; nothing for anybody is that less, the mail for those who want it 3.75 more.
    near(&versions[0], "/adds", -1.25);
    near(&versions[1], "/adds", 3.75);
    // The season is on both sides: by what their customers bought alone, version 4 would look 3 worse.
    near(&versions[1], "/more", 5.0);
    assert_eq!(versions[0]["more"], Value::Null);
    let told = version.summary().join("\n");
    for part in [
        "what version 3 chose adds -",
        "what version 4 chose adds +",
        "beside the version before it",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}
