//! Kind `experiment`: outcomes that are cut, customers who were drawn together, and regressions on what was known before.

use crate::read_out::{fitted, number, product, refused};
use features::{Assignment, History, HistoryBuilder, NewLine, Trials};
use math::random::stream;
use measure::effects::{Moments, Scale, Winsor, cluster_totals, clustered, difference};
use rand::RngExt;
use schema::AsOf;
use schema::time::date_of;
use serde_json::Value;

const DRAWN: i64 = 20_000;
const DAY: i64 = 86_400;

/// A customer of a trial: the orders of days before and after the draw, the arm and the store.
struct Customer {
    orders: Vec<(i64, f64)>,
    treated: bool,
    store: Option<usize>,
}

fn shop(customers: &[Customer]) -> History {
    let (mut builder, mut draws) = (HistoryBuilder::default(), Vec::new());
    for (number, of) in customers.iter().enumerate() {
        let name = format!("c{number:05}");
        for (day, amount) in &of.orders {
            builder.push(NewLine {
                customer: Some(&name),
                product: "tea",
                order: &format!("{number} {day}"),
                at_seconds: (DRAWN + day) * DAY + 3_600,
                quantity: 1,
                spend_cents: (100.0 * amount).round() as i64,
                discount_cents: 0,
                is_return: false,
            });
        }
        draws.push(Assignment {
            trial: "mail".into(),
            customer: name,
            at_seconds: DRAWN * DAY,
            arm: if of.treated { "mail" } else { "none" }.into(),
            propensities: r#"{"mail":0.5,"none":0.5}"#.into(),
            context: of
                .store
                .map(|store| format!("{{\"store\":\"s{store:03}\"}}")),
        });
    }
    let as_of = AsOf(date_of(i32::try_from(DRAWN + 20).unwrap()));
    let history = builder.build(as_of, Vec::new());
    history.with_trials(Trials::new(draws, []))
}

fn settings(more: &str) -> String {
    format!("trial = \"mail\"\noutcomes = [\"revenue\"]\n{more}")
}

/// Point and standard error of the effect.
fn effect(page: &Value) -> (f64, f64) {
    let at = |end: &str| number(page, &format!("/findings/0/effect/measured/{end}"));
    (at("point"), at("standard_error"))
}

/// Somebody of five hundred spends a thousand times as much as the others, before as after.
fn with_whales(effect: f64) -> Vec<Customer> {
    let mut random = stream(41, 0);
    let customers = (0..2_000).map(|number| {
        let treated = number % 2 == 0;
        let usual: f64 = if number % 500 == 7 { 20_000.0 } else { 20.0 };
        let mut amount = || (usual * random.random_range(0.5..1.5) * 100.0).round() / 100.0;
        let (before, after) = (amount(), amount());
        Customer {
            orders: vec![
                (-5, before),
                (3, after + if treated { effect } else { 0.0 }),
            ],
            treated,
            store: None,
        }
    });
    customers.collect()
}

#[test]
fn what_a_few_bring_is_cut_to_what_was_usual_before_the_draw() {
    let customers = with_whales(2.0);
    let history = shop(&customers);
    let as_it_is = fitted(&settings("covariate_days = 0"), &history).unwrap();
    let version = fitted(&settings("covariate_days = 0\nwinsorise = 0.99"), &history).unwrap();
    let page = version.page();
    let before: Vec<f64> = customers.iter().map(|of| of.orders[0].1).collect();
    let bounds = Winsor::at_quantiles(&before, 0.01, 0.99).unwrap();
    let of = |treated: bool| {
        let own = customers.iter().filter(|of| of.treated == treated);
        let cut: Vec<f64> = own.map(|of| bounds.cut(of.orders[1].1)).collect();
        Moments::of(&cut).unwrap()
    };
    let expected = difference(&of(false), &of(true), Scale::Absolute, 0.95).unwrap();
    let expected = expected.size().unwrap();
    let (point, error) = effect(&page);
    assert!(
        (point - expected.point).abs() < 1e-9,
        "{point} {expected:?}"
    );
    assert!(
        (error - expected.standard_error).abs() < 1e-9,
        "{error} {expected:?}"
    );
    let (_, uncut) = effect(&as_it_is.page());
    assert!(uncut > 20.0 * error, "{uncut} {error}");
    assert_eq!(page["cuts"][0]["basis"], "before");
    let told = version.summary().join("\n");
    let beyond = customers
        .iter()
        .filter(|of| bounds.cut(of.orders[1].1) != of.orders[1].1);
    let beyond = beyond.count();
    assert!(
        told.contains("revenue per customer is cut to between")
            && told.contains(&format!(
                "as it was in the 14 d before: {beyond} customers are beyond"
            )),
        "{told}"
    );
    assert!(as_it_is.page()["cuts"].as_array().unwrap().is_empty());

    // Of whom nothing is known from before, all arms together say it.
    let mut new = with_whales(2.0);
    for of in &mut new {
        of.orders.remove(0);
    }
    let version = fitted(&settings("winsorise = 0.99"), &shop(&new)).unwrap();
    let (point, error) = effect(&version.page());
    assert_eq!(version.page()["cuts"][0]["basis"], "arms");
    assert!(
        (point - 2.0).abs() < 3.0 * error && error < 1.0,
        "{point} {error}"
    );
}

/// Customers of stores that were drawn as one, with what a store adds to the orders of all of its customers.
fn of_stores(seed: u64, stores: usize, effect: f64) -> Vec<Customer> {
    let mut random = stream(43, seed);
    let mut customers = Vec::new();
    for store in 0..stores {
        let treated = store % 2 == 0;
        let of_store: f64 = random.random_range(-8.0..8.0);
        for _ in 0..random.random_range(4..12) {
            let mut amount = || 30.0 + of_store + random.random_range(-6.0..6.0);
            let (before, after) = (amount(), amount());
            customers.push(Customer {
                orders: vec![
                    (-5, before),
                    (3, after + if treated { effect } else { 0.0 }),
                ],
                treated,
                store: Some(store),
            });
        }
    }
    customers
}

#[test]
fn errors_count_stores_that_were_drawn_as_one() {
    let customers = of_stores(0, 80, 3.0);
    let history = shop(&customers);
    let version = fitted(
        &settings("covariate_days = 0\ncluster = \"store\""),
        &history,
    )
    .unwrap();
    let page = version.page();
    let rows = customers.iter().map(|of| {
        let spent = (of.orders[1].1 * 100.0).round() / 100.0;
        (of.store.unwrap() as u64, usize::from(of.treated), spent)
    });
    let arms = cluster_totals(rows, 2).unwrap();
    let expected = clustered(&arms[0], &arms[1], Scale::Absolute, 0.95).unwrap();
    let expected = expected.size().unwrap();
    let (point, error) = effect(&page);
    assert!(
        (point - expected.point).abs() < 1e-9,
        "{point} {expected:?}"
    );
    assert!(
        (error - expected.standard_error).abs() < 1e-9,
        "{error} {expected:?}"
    );
    assert_eq!(page["clusters"], serde_json::json!([40, 40]));
    let finished = |place: usize| page["arms"][place]["finished"].as_u64().unwrap();
    assert_eq!(finished(0) + finished(1), customers.len() as u64);
    assert_eq!(page["findings"][0]["customers"], finished(1));
    assert!(
        number(&page, "/sample_ratio/holds/p_value") > 0.9,
        "{page:#}"
    );
    let (_, alone) = effect(
        &fitted(&settings("covariate_days = 0"), &history)
            .unwrap()
            .page(),
    );
    assert!(error > 1.5 * alone, "{error} {alone}");
    let told = version.summary().join("\n");
    let says = "errors count clusters by store and not customers: 40 in none, 40 in mail";
    assert!(told.contains(says), "{told}");
    let card = version.evaluate(&history, 1);
    assert_eq!(
        card.metrics[0].baseline_name,
        "10 clusters in each arm, the fewest that can be read"
    );
    let gate = card.gate(None);
    assert!(
        matches!(gate, schema::scorecard::Gate::Open { .. }),
        "{gate:?}"
    );

    // What the same stores brought before takes most of that away.
    let (point, adjusted) = effect(
        &fitted(&settings("cluster = \"store\""), &history)
            .unwrap()
            .page(),
    );
    assert!(
        adjusted < 0.5 * error && (point - 3.0).abs() < 3.0 * adjusted,
        "{point} {adjusted}"
    );
}

#[test]
fn clusters_that_were_not_drawn_as_one_are_refused() {
    let mut customers = of_stores(0, 30, 3.0);
    let by_store = settings("cluster = \"store\"");
    customers[0].treated = !customers[0].treated;
    let told = refused(&by_store, &shop(&customers));
    assert!(told.contains("customers of \"s000\" are in arms"), "{told}");
    customers[0].store = None;
    let told = refused(&by_store, &shop(&customers));
    let all = customers.len();
    assert!(
        told.contains(&format!(
            "of 1 of the {all} customers the draws logged no value"
        )),
        "{told}"
    );
    for (more, says) in [
        ("cluster = \" \"", "with `trial` a key of its context"),
        (
            "cluster = \"store\"\ngroups = \"spent_before\"",
            "none with `groups`",
        ),
        ("winsorise = 0.5", "above 0.5 and below 1"),
        ("winsorise = 1.0", "above 0.5 and below 1"),
        (
            "adjust = \"regression\"\ncovariate_days = 0",
            "with `covariate_days` above 0",
        ),
    ] {
        let told = product(&settings(more))
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(told.contains(says), "{told}");
    }
    let told = product("product = \"list\"\ncluster = \"store\"")
        .map(|_| ())
        .unwrap_err();
    assert!(told.to_string().contains("with `trial` a key"), "{told}");
}

/// Who ordered lately orders again; how much they spent in all before says less.
fn by_habit(seed: u64, customers: usize, effect: f64) -> Vec<Customer> {
    let mut random = stream(47, seed);
    let of = |_| {
        let treated = random.random_bool(0.5);
        let last: i64 = random.random_range(1..60);
        let spent: f64 = random.random_range(5.0..80.0);
        let usual = 60.0 - last as f64 + 0.2 * spent + random.random_range(-8.0..8.0);
        Customer {
            orders: vec![
                (-last, spent),
                (3, usual + if treated { effect } else { 0.0 }),
            ],
            treated,
            store: None,
        }
    };
    (0..customers).map(of).collect()
}

const REGRESSION: &str = "adjust = \"regression\"";

#[test]
fn a_regression_on_habits_takes_away_more_than_the_outcome_before_alone() {
    let history = shop(&by_habit(0, 1_500, 2.0));
    let [plain, cuped, regressed] = ["covariate_days = 0", "", REGRESSION]
        .map(|more| fitted(&settings(more), &history).unwrap());
    let errors = [&plain, &cuped, &regressed].map(|version| effect(&version.page()).1);
    assert!(
        errors[2] < 0.5 * errors[1] && errors[1] < errors[0],
        "{errors:?}"
    );
    let (point, error) = effect(&regressed.page());
    assert!((point - 2.0).abs() < 3.0 * error, "{point} {error}");
    let told = regressed.summary().join("\n");
    assert!(
        told.contains("a regression on 8 things known of the 90 d before takes away"),
        "{told}"
    );
    // The same history gives the same bytes.
    let again = fitted(&settings(REGRESSION), &history).unwrap();
    assert_eq!(again.artefact().to_bytes(), regressed.artefact().to_bytes());
}

#[test]
fn intervals_of_regressions_clusters_and_cut_outcomes_cover_as_often_as_they_say() {
    const RUNS: u64 = 200;
    let mut covered = [0_u32; 3];
    for seed in 1..=RUNS {
        let (habit, stores) = (
            shop(&by_habit(seed, 120, 2.0)),
            shop(&of_stores(seed, 60, 2.0)),
        );
        let read = [
            (&habit, REGRESSION),
            (&stores, "cluster = \"store\""),
            (
                &stores,
                "cluster = \"store\"\nadjust = \"regression\"\nwinsorise = 0.999",
            ),
        ];
        for (count, (history, more)) in covered.iter_mut().zip(read) {
            let page = fitted(&settings(more), history).unwrap().page();
            let at = |end: &str| number(&page, &format!("/findings/0/effect/measured/{end}"));
            *count += u32::from(at("low") < 2.0 && 2.0 < at("high"));
        }
    }
    // Of 200 an interval of 95 % covers 190, with a standard deviation of 3.
    assert!(
        covered.iter().all(|covered| (178..=199).contains(covered)),
        "{covered:?}"
    );
}
