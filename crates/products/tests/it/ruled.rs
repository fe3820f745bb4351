//! Kind `experiment` on a measured rule of the shop.

use crate::read_out::{fitted, number, product, refused};
use features::{History, HistoryBuilder, NewLine, RuleRound};
use math::random::stream;
use products::{Asked, Infeasible, Shop};
use rand::RngExt;
use schema::time::date_of;
use schema::{AsOf, CustomerId};
use std::sync::Arc;

const BEGUN: i64 = 20_000;
const DAY: i64 = 86_400;
const CUSTOMERS: usize = 6_000;

/// What the rule adds to an order.
const ADDED: f64 = 3.0;

const SETTINGS: &str = "product = \"for-you\"\nrule = \"no wine\"\noutcomes = [\"revenue\"]\n";

fn customer(number: usize) -> String {
    format!("c{number:05}")
}

/// A rule held out of a tenth of the customers, and of three tenths from the tenth day on. Of two thirds it covers what is
/// decided early, of two thirds late, and those who come late only spend more. `lost` is the share of those with the rule
/// whose decisions were never logged.
fn shop(lost: f64) -> History {
    let mut random = stream(37, 0);
    let (mut builder, mut rounds) = (HistoryBuilder::default(), Vec::new());
    let share_on = |day: i64| if day < 10 { 0.1 } else { 0.3 };
    for number in 0..CUSTOMERS {
        let name = customer(number);
        let place: f64 = random.random();
        let days: &[i64] = match number % 3 {
            0 => &[2],
            1 => &[12],
            _ => &[4, 17],
        };
        let is_lost = random.random_bool(lost);
        for day in days {
            let held_out = place < share_on(*day);
            if held_out || !is_lost {
                rounds.push(RuleRound {
                    customer: name.clone(),
                    at_seconds: (BEGUN + day) * DAY + 40_000,
                    held_out,
                    share: share_on(*day),
                });
            }
        }
        let usual: f64 = random.random_range(10.0..50.0) + if number % 3 == 1 { 80.0 } else { 0.0 };
        let noise: f64 = random.random_range(-3.0..3.0);
        let applied = place >= share_on(days[0]);
        let added = if applied { ADDED } else { 0.0 };
        for (day, amount) in [(-20, usual), (days[0] + 1, usual + noise + added)] {
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
    history.with_ruled("for-you", "no wine", rounds)
}

#[test]
fn what_a_rule_changes_is_read_from_those_who_are_held_out_of_it() {
    let history = shop(0.0);
    let version = fitted(SETTINGS, &history).unwrap();
    let page = version.page();
    assert_eq!(page["experiment"], "rule \"no wine\" on product for-you");
    assert!(
        number(&page, "/sample_ratio/holds/p_value") > 1e-3,
        "{page:#}"
    );
    // A tenth, three tenths, and of those of both days an eighth of the four fifths who are of one arm.
    assert!(
        (number(&page["arms"][0], "/share") - 0.176).abs() < 0.005,
        "{page:#}"
    );
    let both = page["both"].as_u64().unwrap();
    assert!((340..460).contains(&both), "{both}");
    let found = &page["findings"][0];
    let at = |end: &str| number(found, &format!("/effect/measured/{end}"));
    assert!(at("low") < ADDED && ADDED < at("high"), "{found:#}");
    assert!(
        at("high") - at("low") < 1.0 && found["real"] == true,
        "{found:#}"
    );
    let told = version.summary().join("\n");
    for says in [
        "because of rule \"no wine\"",
        "customers to whom the rule was applied on some days and not on others are not counted",
        "covered on 1.",
        "the arms have the sizes asked for",
    ] {
        assert!(told.contains(says), "{says}: {told}");
    }

    let rounds = history.trials().ruled("for-you", "no wine").to_vec();
    let of = |held_out: bool| {
        rounds
            .iter()
            .find(|of| of.held_out == held_out && of.at_seconds < (BEGUN + 3) * DAY)
    };
    let shop = Shop::new(
        Arc::new(history),
        &decisions::RuleSet::default(),
        Arc::default(),
    );
    let serving = version.attach(Arc::new(shop));
    let answer = |customer: &str| {
        let asked = Asked {
            customer_id: Some(CustomerId::new(customer).unwrap()),
            ..Asked::default()
        };
        serving.decide(&asked, jiff::Timestamp::UNIX_EPOCH)
    };
    for (held_out, arm) in [(true, "without the rule"), (false, "with the rule")] {
        let answer = answer(&of(held_out).unwrap().customer).unwrap();
        assert_eq!(answer.actions[0].id, arm);
    }
    let nobody = answer("nobody").unwrap_err();
    assert!(matches!(nobody, Infeasible::NotInExperiment { .. }));
}

#[test]
fn decisions_that_were_lost_on_one_side_close_the_read_out() {
    let page = fitted(SETTINGS, &shop(0.2)).unwrap().page();
    assert!(page["sample_ratio"]["broken"].is_object(), "{page:#}");
    assert!(page["findings"][0]["effect"]["not_measurable"].is_object());
}

#[test]
fn a_rule_is_read_where_a_product_is_named_and_its_log_tells_of_it() {
    let other = SETTINGS.replace("no wine", "no beer");
    let told = refused(&other, &shop(0.0));
    assert!(
        told.contains("tells of a measured rule \"no beer\"") && told.contains("measure_share"),
        "{told}"
    );
    for (settings, says) in [
        (
            "trial = \"mail\"\nrule = \"no wine\"",
            "a name with `product`",
        ),
        (
            "product = \"list\"\nversions = true\nrule = \"no wine\"",
            "none with `versions`",
        ),
        ("product = \"list\"\nrule = \" \"", "a name"),
    ] {
        let told = product(settings).map(|_| ()).unwrap_err().to_string();
        assert!(told.contains(says), "{told}");
    }
    assert_eq!(
        product(SETTINGS).unwrap().reads_rule(),
        Some(("for-you", "no wine"))
    );
}
