//! Kind `experiment` on the version of a product that is tried on a share of the customers.

use crate::read_out::{fitted, number, product, refused};
use features::{History, HistoryBuilder, Logged, NewLine, RoundsBuilder, TrialShare, Trials};
use math::random::stream;
use products::experiment::ToldOfVersion;
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
        "which share the version on trial was asked to answer was not noted",
    ] {
        assert!(told.contains(says), "{says}: {told}");
    }
    let card = version.evaluate(&history, 1);
    let told = ToldOfVersion::of(&card, 2).unwrap();
    let broken = told.guardrail.unwrap();
    assert!(broken.value.interval().unwrap().1 < -0.02, "{broken:?}");
    assert!(told.is_worse() && told.sizes.is_none(), "{told:?}");
    assert_eq!(told.as_of, Some(history.as_of()));
    for other in [1, 3] {
        assert_eq!(ToldOfVersion::of(&card, other), None);
    }

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

fn asked(version: u32, share: f64, day: i64) -> TrialShare {
    TrialShare {
        version,
        share,
        since_seconds: day * DAY + 30_000,
    }
}

#[test]
fn the_sizes_of_versions_are_held_against_the_share_that_was_asked_for() {
    // Of 2,000 customers 100 are held out, all of them where version 2 would answer.
    let shares = vec![asked(1, 0.5, BEGUN - 40), asked(2, 500.0 / 1_900.0, BEGUN)];
    let history = shop(true).with_trial_shares("for-you", shares);
    let version = fitted(SETTINGS, &history).unwrap();
    let page = version.page();
    assert!(
        number(&page, "/sample_ratio/holds/p_value") > 0.5,
        "{page:#}"
    );
    assert_eq!(page["asked_for"].as_array().unwrap().len(), 1);
    let told = version.summary().join("\n");
    assert!(
        told.contains("version 2 was asked to answer 26.32 % of the customers from 2024-10-04 on"),
        "{told}"
    );

    // Of another share they are not: nothing is read, and the trial's end is told which arm it was.
    let history = shop(true).with_trial_shares("for-you", vec![asked(2, 0.35, BEGUN)]);
    let version = fitted(SETTINGS, &history).unwrap();
    let page = version.page();
    assert!(
        number(&page, "/sample_ratio/broken/p_value") < 1e-4
            && page["findings"][0]["effect"]["not_measurable"].is_object(),
        "{page:#}"
    );
    let card = version.evaluate(&history, 1);
    let told = ToldOfVersion::of(&card, 2).unwrap();
    let sizes = told.sizes.unwrap();
    assert!(!told.is_worse() && told.guardrail.is_none(), "{told:?}");
    assert!(sizes.value.point().is_some() && sizes.baseline.point().is_some());
    assert!(
        matches!(card.gate(None), schema::scorecard::Gate::Closed { .. }),
        "{card:?}"
    );

    // Noted only once its days were over: of days before nothing is known.
    let history = shop(true).with_trial_shares("for-you", vec![asked(2, 0.3, BEGUN + 3)]);
    let page = fitted(SETTINGS, &history).unwrap().page();
    assert!(
        page["sample_ratio"]["not_measurable"].is_object(),
        "{page:#}"
    );
}

/// A trial whose share is raised from a tenth to four tenths after twenty days: customers come in the first days, in the
/// last ones or in both, and those who come late spend ten times as much. `lost` is the share of the tried version's
/// customers whose answers were never logged.
fn raised(lost: f64) -> History {
    const RAISED: i64 = BEGUN + 20;
    let mut random = stream(31, 0);
    let (mut builder, mut rounds) = (HistoryBuilder::default(), RoundsBuilder::default());
    let share_on = |day: i64| if day < RAISED { 0.1 } else { 0.4 };
    for number in 0..12_000 {
        let name = customer(number);
        let place: f64 = random.random();
        let days: &[i64] = match number % 3 {
            0 => &[2, 9],
            1 => &[22, 31],
            _ => &[4, 27],
        };
        let is_lost = random.random_bool(lost);
        let version = |day: i64| if place < share_on(day) { 2 } else { 1 };
        for day in days.iter().map(|day| BEGUN + day) {
            if version(day) == 2 && is_lost {
                continue;
            }
            let logged = Logged {
                at_seconds: day * DAY + 40_000,
                version: version(day),
                held_out: false,
                open: false,
            };
            rounds.push("for-you", &name, &logged);
        }
        let usual = if number % 3 == 1 { 100.0 } else { 10.0 };
        let amount: f64 = usual + random.random_range(-3.0..3.0);
        let first = BEGUN + days[0];
        let added = if version(first) == 2 { ADDED } else { 0.0 };
        builder.push(NewLine {
            customer: Some(&name),
            product: "tea",
            order: &number.to_string(),
            at_seconds: (first + 1) * DAY,
            quantity: 1,
            spend_cents: (100.0 * (amount + added)).round() as i64,
            discount_cents: 0,
            is_return: false,
        });
    }
    // One customer makes version 2 answer on the day before the first that counts.
    let logged = Logged {
        at_seconds: BEGUN * DAY + 40_000,
        version: 2,
        held_out: false,
        open: false,
    };
    rounds.push("for-you", &customer(0), &logged);
    let as_of = AsOf(date_of(i32::try_from(BEGUN + 60).unwrap()));
    let history = builder.build(as_of, vec![]);
    history
        .with_trials(Trials::new(vec![], []).with_rounds(rounds.build()))
        .with_trial_shares("for-you", vec![asked(2, 0.1, BEGUN), asked(2, 0.4, RAISED)])
}

#[test]
fn a_share_that_was_raised_meanwhile_counts_day_by_day() {
    let settings =
        "product = \"for-you\"\nversions = true\noutcomes = [\"revenue\"]\ncovariate_days = 0\n";
    let version = fitted(settings, &raised(0.0)).unwrap();
    let page = version.page();
    assert!(
        number(&page, "/sample_ratio/holds/p_value") > 1e-3,
        "{page:#}"
    );
    // A tenth, four tenths, and of those who came on both sides one of seven who were not answered by both.
    let share = |place: usize| number(&page["arms"][place], "/share");
    assert!((share(1) - 0.224).abs() < 0.01, "{page:#}");
    let effect = &page["findings"][0]["effect"]["measured"];
    let at = |end: &str| effect[end].as_f64().unwrap();
    // Unweighed the version on trial would seem to add some 20: its customers came late.
    assert!(at("low") < ADDED && ADDED < at("high"), "{effect:#}");
    assert!(at("high") - at("low") < 8.0, "{effect:#}");

    let page = fitted(settings, &raised(0.2)).unwrap().page();
    assert!(page["sample_ratio"]["broken"].is_object(), "{page:#}");
}
