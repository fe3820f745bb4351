//! Kind `experiment`: who gained, by what was known before the draw.

use crate::read_out::{fitted, product};
use features::{Assignment, History, HistoryBuilder, NewLine, Trials};
use math::random::stream;
use rand::RngExt;
use schema::AsOf;
use schema::time::date_of;

const DRAWN: i64 = 20_000;

const DAY: i64 = 86_400;

/// Customers of whom a third bought nothing before; every other one is mailed. Whoever spent more than 40 before gains
/// 5 by the mail; of the others nobody does.
fn shop(customers: usize) -> History {
    let mut random = stream(9, 0);
    let mut builder = HistoryBuilder::default();
    let mut draws = Vec::new();
    for number in 0..customers {
        let customer = format!("c{number:05}");
        let mut order = |day: i64, amount: f64| {
            builder.push(NewLine {
                customer: Some(&customer),
                product: "tea",
                order: &format!("{number} {day}"),
                at_seconds: day * DAY,
                quantity: 1,
                spend_cents: (100.0 * amount) as i64,
                discount_cents: 0,
                is_return: false,
            });
        };
        let usual: f64 = random.random_range(20.0..60.0);
        let noise: f64 = random.random_range(-6.0..6.0);
        let (new, mailed) = (number % 3 == 0, random.random::<f64>() < 0.5);
        if !new {
            order(DRAWN - 20, usual);
        }
        let gains = mailed && !new && usual > 40.0;
        order(DRAWN + 3, usual + noise + if gains { 5.0 } else { 0.0 });
        draws.push(Assignment {
            trial: "mail".into(),
            customer: customer.clone(),
            at_seconds: DRAWN * DAY,
            arm: if mailed { "mail" } else { "none" }.into(),
            propensities: r#"{"mail":0.5,"none":0.5}"#.into(),
            context: Some(format!(r#"{{"new":{new},"number":{number}}}"#)),
        });
    }
    let as_of = AsOf(date_of(i32::try_from(DRAWN + 20).unwrap()));
    builder
        .build(as_of, vec![])
        .with_trials(Trials::new(draws, []))
}

const TRIAL: &str = "trial = \"mail\"\noutcomes = [\"revenue\"]\n";

#[test]
fn those_who_gain_are_told_from_those_who_do_not_with_intervals_that_hold_together() {
    let history = shop(3_000);
    let version = fitted(&format!("{TRIAL}groups = \"spent_before\""), &history).unwrap();
    let told = version.summary().join("\n");
    assert!(
        told.contains("what mail changes in revenue differs between groups (p-value < 0.001)"),
        "{told}"
    );
    let page = version.page();
    let groups = page["groups"][0]["groups"].as_array().unwrap();
    let name = |n: usize| groups[n]["group"].as_str().unwrap();
    assert_eq!(groups.len(), 4, "{told}");
    assert_eq!(name(0), "spent nothing in the 90 days before");
    assert!(
        name(1).starts_with("spent up to 3") && name(3).starts_with("spent more than 4"),
        "{told}"
    );
    let of = |n: usize, end: &str| groups[n]["effect"]["measured"][end].as_f64().unwrap();
    // A third of those who spent lies above 46.67; half of the middle third gains.
    for (n, truth) in [(0, 0.0), (1, 0.0), (3, 5.0)] {
        assert!(of(n, "low") < truth && truth < of(n, "high"), "{n}: {told}");
    }
    assert!(of(3, "low") > 3.0 && of(1, "high") < 2.0, "{told}");
    // 95 % for all four at once.
    let level = groups[0]["effect"]["measured"]["level"].as_f64().unwrap();
    assert!((level - 0.95_f64.powf(0.25)).abs() < 1e-12, "{level}");
    let customers: u64 = groups
        .iter()
        .map(|g| g["customers"].as_u64().unwrap())
        .sum();
    assert_eq!(page["arms"][1]["finished"], customers);
}

#[test]
fn a_key_that_the_draws_logged_makes_groups_and_one_of_too_many_values_does_not() {
    let history = shop(900);
    let version = fitted(&format!("{TRIAL}groups = \"new\""), &history).unwrap();
    let told = version.summary().join("\n");
    for part in ["new = false: mail adds +", "new = true: mail adds "] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    for (key, found) in [("number", "900 values"), ("colour", "0 values")] {
        let error = fitted(&format!("{TRIAL}groups = \"{key}\""), &history);
        let error = error.map(|_| ()).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(found), "{source}");
    }
    assert!(
        fitted(TRIAL, &history).unwrap().page()["groups"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_rule_is_worth_what_the_draws_that_were_like_it_brought() {
    let history = shop(3_000);
    let groups = format!("{TRIAL}groups = \"spent_before\"\n");
    let rule = format!("{groups}policy = {{ arm = \"mail\", of = [\"middle\", \"much\"] }}");
    let version = fitted(&rule, &history).unwrap();
    let (page, told) = (version.page(), version.summary().join("\n"));
    let of = |of: &str, end: &str| {
        let path = format!("/policy/value/{of}/measured/{end}");
        page.pointer(&path).unwrap().as_f64().unwrap()
    };
    // Without the mail 40 is bought; a third of all gains 5 by it, all of whom the rule mails.
    for by in ["doubly_robust", "self_normalised", "inverse_propensity"] {
        let (low, high) = (of(by, "low"), of(by, "high"));
        assert!(low < 41.67 && 41.67 < high, "{by}: {low} to {high}");
    }
    let width = |by: &str| of(by, "high") - of(by, "low");
    assert!(
        width("doubly_robust") < width("inverse_propensity"),
        "{told}"
    );
    for part in [
        "mail for spent_before = middle or much, none for all others would have brought 4",
        "draws were as the rule, worth",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    for (policy, said) in [
        (
            "arm = \"letter\", of = [\"much\"]",
            "arm \"letter\", which the draws could not show; their arms are mail, none",
        ),
        (
            "arm = \"mail\", of = [\"rich\"]",
            "the groups are little, middle, much, nothing",
        ),
    ] {
        let error = fitted(&format!("{groups}policy = {{ {policy} }}"), &history);
        let error = error.map(|_| ()).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(said), "{source}");
    }
    let alone = format!("{TRIAL}policy = {{ arm = \"mail\", of = [\"much\"] }}");
    let error = product(&alone).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("policy"), "{error}");
}

#[test]
fn groups_that_cannot_be_made_are_refused_at_their_key() {
    for settings in [
        "trial = \"mail\"\ncovariate_days = 0\ngroups = \"spent_before\"",
        "product = \"offers\"\ngroups = \"web\"",
        "trial = \"mail\"\ngroups = \" \"",
        "outcomes = [\"revenue\"]\ngroups = \"spent_before\"\nchange = { method = \"switchback\", start = \"2026-03-02\", switched_on = [\"2026-03-02\"] }",
    ] {
        let error = product(settings).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("groups"), "{settings}: {error}");
    }
}
