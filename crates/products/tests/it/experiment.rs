//! Kind `experiment`: what was planted is found, and what cannot be read is not.

use crate::read_out::{fitted, number, product, refused};
use features::{
    Assignment, Exposure, History, HistoryBuilder, Logged, NewLine, Product as Goods,
    RoundsBuilder, Trials,
};
use math::random::stream;
use products::{Asked, Infeasible, Shop};
use rand::RngExt;
use schema::scorecard::Gate;
use schema::time::date_of;
use schema::{AsOf, CustomerId};
use serde_json::Value;
use std::sync::Arc;

/// The day on which everybody is drawn or decided for.
const DRAWN: i64 = 20_000;

const DAY: i64 = 86_400;

/// Margin that being treated adds, in the shop's currency.
const ADDED: f64 = 3.0;

fn customer(number: usize) -> String {
    format!("c{number:05}")
}

/// A shop whose customers order before and after the draw about as much, and those of whom `treated` is true for more.
///
/// - `days`: those after the draw that are known.
fn shop(customers: usize, days: i64, treated: impl Fn(usize) -> bool) -> History {
    let mut random = stream(3, 0);
    let mut builder = HistoryBuilder::default();
    for number in 0..customers {
        let usual: f64 = random.random_range(20.0..60.0);
        let mut order = |day: i64, amount: f64| {
            builder.push(NewLine {
                customer: Some(&customer(number)),
                product: "tea",
                order: &format!("{number} {day}"),
                at_seconds: day * DAY,
                quantity: 1,
                spend_cents: (100.0 * amount) as i64,
                discount_cents: 0,
                is_return: false,
            });
        };
        let noise: f64 = random.random_range(-6.0..6.0);
        let added = if treated(number) { ADDED } else { 0.0 };
        order(DRAWN - 20, usual);
        order(DRAWN + 3, usual + noise + added);
    }
    let tea = Goods {
        id: "tea".to_owned(),
        cost_cents: Some(500),
        active: true,
        ..Goods::default()
    };
    let as_of = i32::try_from(DRAWN + days).unwrap();
    builder.build(AsOf(date_of(as_of)), vec![tea])
}

/// Customers drawn into "mail" where `mailed`, else into "none".
fn drawn(customers: usize, mailed: impl Fn(usize) -> bool) -> Trials {
    let draw = |number: usize| Assignment {
        trial: "mail".into(),
        customer: customer(number),
        at_seconds: DRAWN * DAY,
        arm: if mailed(number) { "mail" } else { "none" }.into(),
        propensities: r#"{"mail":0.5,"none":0.5}"#.into(),
        context: None,
    };
    Trials::new((0..customers).map(draw).collect(), [])
}

/// What is said of one outcome of one arm.
fn finding(page: &Value, outcome: &str) -> Value {
    let all = page["findings"].as_array().unwrap();
    let found = all.iter().find(|found| found["outcome"] == outcome);
    found.unwrap().clone()
}

const TRIAL: &str = "trial = \"mail\"\noutcomes = [\"margin\", \"orders\"]";

#[test]
fn a_planted_effect_is_found_and_where_nothing_was_planted_nothing_is() {
    let odd = |number: usize| number % 2 == 1;
    let history = shop(1_200, 20, odd).with_trials(drawn(1_200, odd));
    let version = fitted(TRIAL, &history).unwrap();
    let page = version.page();
    let margin = finding(&page, "margin");
    assert_eq!(margin["real"], true, "{margin:#}");
    let (low, high) = (
        number(&margin, "/effect/measured/low"),
        number(&margin, "/effect/measured/high"),
    );
    assert!(low < ADDED && ADDED < high, "{low} to {high}");
    // Noise is 12 wide, customers are 40 wide: without the covariate the error is 0.70, with it 0.20.
    assert!(
        high - low < 1.0,
        "{low} to {high}: the covariate takes nothing away"
    );
    assert!(number(&margin, "/variance_saved") > 0.8);
    let total = number(&margin, "/total/point");
    assert!((total - 600.0 * ADDED).abs() < 600.0 * 0.6, "{total}");
    let anyway = number(&margin, "/total/anyway");
    assert!((anyway - 600.0 * 35.0).abs() < 600.0 * 2.0, "{anyway}");
    // Everybody orders once: there is nothing to tell apart.
    let orders = finding(&page, "orders");
    assert_eq!(orders["real"], false);
    assert!(orders["effect"]["not_measurable"].is_object(), "{orders:#}");
    let told = version.summary().join("\n");
    assert!(told.contains("because of mail, 600 customers"), "{told}");
    assert!(told.contains("this is real"), "{told}");
    let Gate::Open { because } = version.evaluate(&history, 7).gate(None) else {
        panic!("{:#?}", version.evaluate(&history, 7));
    };
    assert!(because.contains("standard error"), "{because}");
}

#[test]
fn what_is_only_chance_is_not_called_real() {
    let odd = |number: usize| number % 2 == 1;
    let history = shop(1_200, 20, |_| false).with_trials(drawn(1_200, odd));
    let version = fitted(TRIAL, &history).unwrap();
    let margin = finding(&version.page(), "margin");
    assert_eq!(margin["real"], false, "{margin:#}");
    assert!(number(&margin, "/always_valid/measured/low") < 0.0);
    let told = version.summary().join("\n");
    assert!(told.contains("cannot be told from chance"), "{told}");
    // A read-out that finds nothing is one all the same.
    let gate = version.evaluate(&history, 7).gate(None);
    assert!(matches!(gate, Gate::Open { .. }), "{gate:?}");
}

#[test]
fn a_broken_sample_ratio_is_said_and_keeps_the_gate_closed() {
    let fifth = |number: usize| number.is_multiple_of(5);
    let history = shop(1_000, 20, fifth).with_trials(drawn(1_000, fifth));
    let version = fitted(TRIAL, &history).unwrap();
    let told = version.summary().join("\n");
    assert!(told.contains("do not have the sizes asked for"), "{told}");
    assert!(
        told.contains("mail has 200 customers, expected 500"),
        "{told}"
    );
    let margin = finding(&version.page(), "margin");
    assert!(margin["effect"]["not_measurable"].is_object(), "{margin:#}");
    let gate = version.evaluate(&history, 7).gate(None);
    assert!(matches!(gate, Gate::Closed { .. }), "{gate:?}");
}

#[test]
fn too_few_customers_are_no_read_out_that_could_be_published() {
    let odd = |number: usize| number % 2 == 1;
    let history = shop(12, 20, odd).with_trials(drawn(12, odd));
    let version = fitted(TRIAL, &history).unwrap();
    let told = version.summary().join("\n");
    assert!(
        told.contains("what mail changes in margin is not measurable"),
        "{told}"
    );
    let gate = version.evaluate(&history, 7).gate(None);
    assert!(matches!(gate, Gate::Closed { .. }), "{gate:?}");
}

fn logged(at_seconds: i64, held_out: bool) -> Logged {
    Logged {
        at_seconds,
        version: 1,
        held_out,
        open: false,
    }
}

/// A product asked about everybody on three days, one customer of five held out.
fn asked_about(customers: usize) -> Trials {
    let mut rounds = RoundsBuilder::default();
    for number in 0..customers {
        for day in [0, 5, 15] {
            let at = (DRAWN + day) * DAY + 7;
            let logged = logged(at, number.is_multiple_of(5));
            rounds.push("offers", &customer(number), &logged);
        }
    }
    // One who was held out at first and decided for later.
    let later = logged((DRAWN + 6) * DAY, false);
    rounds.push("offers", &customer(0), &later);
    Trials::default().with_rounds(rounds.build())
}

const PRODUCT: &str = "product = \"offers\"\nwindow_days = 7";

#[test]
fn what_a_product_decided_is_read_against_those_held_out() {
    let decided = |number: usize| !number.is_multiple_of(5);
    let history = shop(2_000, 20, decided).with_trials(asked_about(2_000));
    let version = fitted(PRODUCT, &history).unwrap();
    let page = version.page();
    assert_eq!(page["both"], 1);
    assert_eq!(page["unfinished"], 0);
    // The last round is six days old and not counted yet.
    assert_eq!(number(&page, "/arms/1/days_with_a_decision"), 2.0);
    let margin = finding(&page, "margin");
    let (low, high) = (
        number(&margin, "/effect/measured/low"),
        number(&margin, "/effect/measured/high"),
    );
    assert!(low < ADDED && ADDED < high, "{low} to {high}");
    assert_eq!(margin["real"], true);
    // The order of day 3 lies in the windows of two rounds and counts once.
    let mean = number(&margin, "/control_mean");
    assert!((mean - 35.0).abs() < 2.0, "{mean}");
    let told = version.summary().join("\n");
    assert!(
        told.contains("because of product offers, 1600 customers"),
        "{told}"
    );
    assert!(
        told.contains("share held out is a setting of the project"),
        "{told}"
    );
}

#[test]
fn a_customer_is_told_their_arm_and_somebody_outside_that_they_are_in_none() {
    let decided = |number: usize| !number.is_multiple_of(5);
    let history = Arc::new(shop(500, 20, decided).with_trials(asked_about(500)));
    let version = fitted(PRODUCT, &history).unwrap();
    let rules = decisions::RuleSet::default();
    let serving = version.attach(Arc::new(Shop::new(history, &rules, Arc::default())));
    let now = jiff::Timestamp::UNIX_EPOCH;
    let asked = |id: &str| Asked {
        customer_id: Some(CustomerId::new(id).unwrap()),
        ..Asked::default()
    };
    let arm = |number: usize| {
        let decided = serving.decide(&asked(&customer(number)), now).unwrap();
        let action = decided.actions[0].clone();
        (action.id, action.reasons.list()[0].code.clone())
    };
    assert_eq!(arm(5), ("held_out".to_owned(), "control_arm".to_owned()));
    assert_eq!(arm(6), ("decided".to_owned(), "arm_adds".to_owned()));
    for outside in [customer(0), "nobody".to_owned()] {
        let refused = serving.decide(&asked(&outside), now).unwrap_err();
        assert!(
            matches!(refused, Infeasible::NotInExperiment { .. }),
            "{refused}"
        );
    }
    let explained = serving.explain(&asked(&customer(6)), None, now).unwrap();
    let parts: Vec<&str> = explained.lines.iter().map(|l| l.what.as_str()).collect();
    assert_eq!(parts, ["the control's mean", "what the arm adds"]);
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let odd = |number: usize| number % 2 == 1;
    let history = shop(100, 20, odd).with_trials(drawn(100, odd));
    for (settings, said) in [
        ("trial = \"letter\"", "no draw of trial \"letter\""),
        (
            "trial = \"mail\"\ncontrol = \"nothing\"",
            "no arm \"nothing\" to compare with; its arms are mail, none",
        ),
        ("product = \"offers\"", "no decision of product \"offers\""),
        (
            "trial = \"mail\"\nwindow_days = 60",
            "there is no outcome yet",
        ),
        ("trial = \"mail\"\nstart = \"2100-01-01\"", "that counts"),
        (
            "trial = \"mail\"\nbegins = \"2100-01-01\"",
            "trial mail begins on 2100-01-01",
        ),
    ] {
        let error = refused(settings, &history);
        assert!(error.contains(said), "{settings}: {error}");
    }
    let alone = shop(100, 20, odd).with_trials(drawn(100, |_| false));
    let error = refused("trial = \"mail\"", &alone);
    assert!(error.contains("at least 2 arms are needed"), "{error}");
}

#[test]
fn windows_of_those_drawn_before_the_beginning_begin_then() {
    let odd = |number: usize| number % 2 == 1;
    let history = shop(200, 20, odd).with_trials(drawn(200, odd));
    let orders = |begins: i64| {
        let begins = date_of(i32::try_from(DRAWN + begins).unwrap());
        let settings = format!("{TRIAL}\nbegins = \"{begins}\"");
        let page = fitted(&settings, &history).unwrap().page();
        number(&finding(&page, "orders"), "/control_mean")
    };
    // Everybody orders on the third day after the draw.
    assert_eq!((orders(-5), orders(2), orders(4)), (1.0, 1.0, 0.0));
}

#[test]
fn what_reached_customers_beside_their_draw_is_told() {
    let odd = |number: usize| number % 2 == 1;
    let mail = |number: usize, day: i64| {
        let exposure = Exposure {
            at_seconds: (DRAWN + day) * DAY,
            offer: "mail".into(),
        };
        (customer(number), exposure)
    };
    // 1 and 3 get theirs before and after they buy, 5 before the draw, 2 although it is the control.
    let shown = [mail(1, 1), mail(3, 5), mail(5, -2), mail(2, 1)];
    let trials = drawn(200, odd).with_exposures(shown);
    let history = shop(200, 20, odd).with_trials(trials);
    let version = fitted(TRIAL, &history).unwrap();
    let reached = serde_json::json!({
        "treated": 100, "by_own_arm": 2, "bought_before": 1, "by_another_arm": 1, "before_the_draw": 1,
    });
    assert_eq!(version.page()["reached"], reached);
    let told = version.summary().join("\n");
    for part in [
        "2 of 100 customers were reached by their arm",
        "1 customers bought before their arm reached them",
        "1 customers were reached by another arm",
        "clocks are out of order",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let unshown = shop(200, 20, odd).with_trials(drawn(200, odd));
    let page = fitted(TRIAL, &unshown).unwrap().page();
    assert_eq!(page["reached"], Value::Null);
}

#[test]
fn who_is_drawn_again_into_another_arm_counts_in_the_first_and_is_told() {
    let odd = |number: usize| number % 2 == 1;
    let again = |customer: usize, arm: &str| Assignment {
        trial: "mail".into(),
        customer: self::customer(customer),
        at_seconds: (DRAWN + 1) * DAY,
        arm: arm.into(),
        propensities: r#"{"mail":0.5,"none":0.5}"#.into(),
        context: None,
    };
    let mut draws = drawn(200, odd).assignments().to_vec();
    draws.extend([again(1, "none"), again(3, "mail")]);
    let history = shop(200, 20, odd).with_trials(Trials::new(draws, []));
    let page = fitted(TRIAL, &history).unwrap().page();
    assert_eq!((&page["moved"], &page["repeated"]), (&1.into(), &2.into()));
    assert_eq!(page["arms"][1]["customers"], 100);
}

#[test]
fn settings_that_make_no_sense_are_refused_at_their_key() {
    for (settings, key, found) in [
        ("", "trial", "neither it nor `product`"),
        (
            "trial = \"mail\"\nproduct = \"offers\"",
            "product",
            "it and `trial`",
        ),
        (
            "product = \"offers\"\ncontrol = \"none\"",
            "control",
            "\"none\"",
        ),
        ("product = \"read-out\"", "product", "this product itself"),
        ("trial = \" \"", "trial", "\" \""),
        ("trial = \"mail\"\nalpha = 0.5", "alpha", "0.5"),
        ("trial = \"mail\"\nalpha = 0.0001", "alpha", "0.0001"),
        ("trial = \"mail\"\noutcomes = []", "outcomes", "none"),
        (
            "trial = \"mail\"\noutcomes = [\"orders\", \"orders\"]",
            "outcomes",
            "twice",
        ),
        ("trial = \"mail\"\nwindow_days = 0", "window_days", "0"),
        (
            "trial = \"mail\"\ncovariate_days = 366",
            "covariate_days",
            "366",
        ),
    ] {
        let error = product(settings).map(|_| ()).unwrap_err().to_string();
        assert!(
            error.contains(key) && error.contains(found),
            "{settings}: {error}"
        );
    }
}
