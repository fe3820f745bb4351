//! Kind `promotion` with limits on some arms beside the budget.

use crate::promotion::{
    CUSTOMERS, LEDGER, asked, decided, fitted, product, serving, shop, shop_at,
};
use products::{Asked, LimitLeft, NoMoney, Serving, Standing};

fn limits(figure: &str) -> String {
    format!(
        "budget = 100000.0\n[[settings.limits]]\nname = \"campaign\"\narms = [\"deal\"]\n{figure}"
    )
}

/// Customers who get the deal.
fn given(serving: &dyn Serving) -> Vec<usize> {
    let deal = |number: &usize| decided(serving, *number).0 == "deal";
    (0..CUSTOMERS).filter(deal).collect()
}

fn codes(serving: &dyn Serving, number: usize) -> Vec<String> {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let answer = serving.decide(&asked(number), now).unwrap();
    let reasons = answer.actions[0].reasons.list();
    reasons.into_iter().map(|reason| reason.code).collect()
}

/// What an explanation of the deal says of the limit; its lines add up.
fn of_limit(serving: &dyn Serving, number: usize) -> f64 {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let told = serving.explain(&asked(number), Some("deal"), now).unwrap();
    let sum: f64 = told.lines.iter().map(|line| line.contribution).sum();
    assert!((sum - told.score).abs() < 1e-9, "{told:?}");
    let mut lines = told.lines.iter();
    let found = lines.find(|line| line.what.contains("limit campaign"));
    found.map_or(0.0, |line| line.contribution)
}

#[test]
fn a_limit_keeps_to_those_for_whom_it_is_worth_most_and_says_so() {
    let history = shop();
    for (figure, code, most) in [
        ("customers_at_most = 200", "limit_of_customers", 200),
        ("spend_at_most = 1000.0", "limit_of_money", 200),
    ] {
        let version = fitted(&limits(figure), &history).unwrap();
        let serving = serving(version.as_ref(), &history);
        let given = given(serving.as_ref());
        assert!(
            given.len().abs_diff(most) <= 40,
            "{figure}: {}",
            given.len()
        );
        assert!(given.iter().all(|number| number % 2 == 0), "{figure}");
        let limit = &version.page()["round"]["limits"][0];
        assert!(limit["price"].as_f64() > Some(0.5), "{figure}: {limit}");
        let told = version.summary().join("\n");
        assert!(told.contains("limit campaign: "), "{told}");
        // One of the others who gain by it goes without, and is told why.
        let without = (0..CUSTOMERS)
            .step_by(2)
            .find(|number| !given.contains(number));
        let without = without.unwrap();
        let codes = codes(serving.as_ref(), without);
        assert!(
            codes.iter().any(|found| found == code),
            "{figure}: {codes:?}"
        );
        assert!(of_limit(serving.as_ref(), without) < -0.5, "{figure}");
    }
}

#[test]
fn so_many_customers_as_are_asked_for_get_an_offer_also_where_it_loses() {
    let history = shop();
    let version = fitted(&limits("customers_at_least = 1200"), &history).unwrap();
    let serving = serving(version.as_ref(), &history);
    let given = given(serving.as_ref());
    assert!(given.len().abs_diff(1_200) <= 60, "{}", given.len());
    // All who gain by it are among them.
    let gain = given.iter().filter(|number| *number % 2 == 0).count();
    assert!(gain >= CUSTOMERS / 2 - 10, "{gain}");
    let loses = *given.iter().find(|number| *number % 2 == 1).unwrap();
    let codes = codes(serving.as_ref(), loses);
    assert!(
        codes.contains(&"limit_asks_for_more".to_owned()),
        "{codes:?}"
    );
    assert!(of_limit(serving.as_ref(), loses) > 0.5);
}

/// Half of the customers buy in Lyon and the others in Nice, but for some who buy at no store; of each four two gain by
/// the deal.
fn store(number: usize) -> Option<&'static str> {
    match (number % 40, number % 4) {
        (0 | 1, _) => None,
        (_, 0 | 1) => Some("lyon"),
        _ => Some("nice"),
    }
}

/// Limits on the customers of two stores.
fn of_stores(lyon: f64, nice: f64) -> String {
    let one = |name: &str, most: f64| {
        format!(
            "[[settings.limits]]\nname = \"store {name}\"\nsites = [\"{name}\"]\nspend_at_most = {most:.1}\n"
        )
    };
    format!(
        "budget = 100000.0\n{}{}",
        one("lyon", lyon),
        one("nice", nice)
    )
}

/// What customers of a store are expected to spend, by the probability with which each gets the deal.
fn expected(serving: &dyn Serving, at: Option<&str>) -> f64 {
    let all = (0..CUSTOMERS).filter(|number| store(*number) == at);
    let deal = all.map(|number| {
        let (arm, propensity, _) = decided(serving, number);
        if arm == "deal" {
            propensity
        } else {
            1.0 - propensity
        }
    });
    5.0 * deal.sum::<f64>()
}

#[test]
fn only_customers_of_a_store_whose_money_is_used_up_have_its_price() {
    let history = shop_at(store);
    let version = fitted(&of_stores(500.0, 10_000.0), &history).unwrap();
    let served = serving(version.as_ref(), &history);
    let limits = &version.page()["round"]["limits"];
    assert_eq!(limits[0]["sites"], serde_json::json!(["lyon"]));
    assert!(limits[0]["price"].as_f64() > Some(0.5), "{limits}");
    assert!(limits[0]["used"].as_f64() <= Some(500.0), "{limits}");
    assert_eq!(limits[1]["price"], 0.0, "{limits}");
    let told = version.summary().join("\n");
    assert!(
        told.contains("limit store lyon (customers of lyon): spends"),
        "{told}"
    );
    let [lyon, nice, nowhere] =
        [Some("lyon"), Some("nice"), None].map(|at| expected(served.as_ref(), at));
    assert!((350.0..=520.0).contains(&lyon), "{lyon}");
    // All who gain by it: 400 in Nice, 40 who buy nowhere.
    assert!((1_800.0..=2_200.0).contains(&nice), "{nice}");
    assert!((150.0..=250.0).contains(&nowhere), "{nowhere}");
    // Who goes without in Lyon is told why, and what its money would add there; nobody else is.
    let says = |number: usize| {
        let now = jiff::Timestamp::UNIX_EPOCH;
        let told = served.explain(&asked(number), Some("deal"), now).unwrap();
        let sum: f64 = told.lines.iter().map(|line| line.contribution).sum();
        assert!((sum - told.score).abs() < 1e-9, "{told:?}");
        let limits = told.lines.iter().filter(|line| line.what.contains("limit"));
        limits.map(|line| line.what.clone()).collect::<Vec<_>>()
    };
    for number in (0..CUSTOMERS).step_by(2) {
        let codes = codes(served.as_ref(), number);
        let limited = codes.contains(&"limit_of_money".to_owned());
        assert!(!limited || store(number) == Some("lyon"), "{number}");
    }
    let gains_in = |at: Option<&'static str>| {
        let mut gain = (0..CUSTOMERS).step_by(2);
        gain.find(|number| store(*number) == at).unwrap()
    };
    assert_eq!(says(gains_in(Some("lyon"))).len(), 1);
    assert_eq!(says(gains_in(Some("nice"))), Vec::<String>::new());
    assert_eq!(says(gains_in(None)), Vec::<String>::new());
    // The same version as it was kept.
    let again = product(&of_stores(500.0, 10_000.0)).unwrap();
    let again = again.load(&version.artefact()).unwrap();
    let again = serving(again.as_ref(), &history);
    assert!(
        (0..100).all(|number| decided(again.as_ref(), number) == decided(served.as_ref(), number))
    );
}

#[test]
fn a_limit_of_a_store_that_is_used_up_takes_arms_away_from_its_customers_alone() {
    let history = shop_at(store);
    let settings = format!("{}{LEDGER}", of_stores(5_000.0, 6_000.0));
    let allowance = product(&settings).unwrap().allowance().unwrap();
    let of_store: Vec<_> = allowance
        .limits
        .iter()
        .map(|limit| (limit.units, limit.takes("deal"), limit.sites.is_some()))
        .collect();
    assert_eq!(of_store, [(500_000, 750, true), (600_000, 750, true)]);
    let version = fitted(&settings, &history).unwrap();
    let served = serving(version.as_ref(), &history);
    let now = jiff::Timestamp::UNIX_EPOCH;
    let short = |number: usize, limit: usize| Asked {
        standing: Standing {
            short: vec![LimitLeft {
                limit,
                units: 0,
                why: NoMoney::UsedUp,
            }],
            ..Standing::default()
        },
        ..asked(number)
    };
    let mut gave = 0;
    for number in (0..200).step_by(2) {
        let plain = served.decide(&asked(number), now).unwrap();
        let counted_by = match store(number) {
            Some("lyon") => vec![0],
            Some(_) => vec![1],
            None => Vec::new(),
        };
        assert_eq!(served.counted_by(&asked(number)), counted_by);
        let Some(stake) = &plain.stake else {
            continue;
        };
        gave += 1;
        assert_eq!(stake.counted_by, counted_by);
        let limits: Vec<usize> = stake.limits.iter().map(|of| of.limit).collect();
        assert_eq!(limits, counted_by, "of no other store");
        for limit in [0, 1] {
            let answer = served.decide(&short(number, limit), now).unwrap();
            if counted_by == [limit] {
                assert_eq!(
                    (answer.actions[0].id.as_str(), answer.stake),
                    ("none", None)
                );
            } else {
                assert_eq!(answer, plain);
            }
        }
    }
    assert!(gave > 90, "{gave}");
}

#[test]
fn limits_that_make_no_sense_are_refused_and_named() {
    let refused = |settings: &str| product(settings).map(|_| ()).unwrap_err().to_string();
    let one = "[[settings.limits]]\nname = \"campaign\"\narms = [\"deal\"]\ncustomers_at_most = 5";
    for (settings, says) in [
        (one.to_owned(), "without a `budget`"),
        (limits(""), "not one figure of \"campaign\""),
        (
            limits("customers_at_most = 5\nspend_at_most = 5.0"),
            "not one figure",
        ),
        (limits("spend_at_most = -1.0"), "-1 of \"campaign\""),
        (limits("spend_at_most = nan"), "NaN of \"campaign\""),
        (
            limits("customers_at_most = 5").replace("deal", "none"),
            "the control \"none\"",
        ),
        (
            limits("customers_at_most = 5").replace("\"deal\"", ""),
            "one or more `arms`",
        ),
        (
            format!("{}\n{one}", limits("customers_at_most = 5")),
            "that no other limit has",
        ),
        (
            format!(
                "{}\n{}",
                limits("customers_at_least = 9"),
                one.replace("campaign", "other")
            ),
            "at least 9 customers and at most 5",
        ),
        (
            limits("customers_at_most = 5\nsites = []"),
            "[] as `sites` of \"campaign\"",
        ),
        (
            limits("customers_at_most = 5\nsites = [\"lyon\", \"lyon\"]"),
            "each once",
        ),
        (
            limits("customers_at_most = 5").replace("arms = [\"deal\"]", ""),
            "none of \"campaign\"",
        ),
        (
            format!(
                "{}\n{}\nsites = [\"lyon\"]",
                limits("customers_at_least = 9\nsites = [\"lyon\"]"),
                one.replace("campaign", "other")
            ),
            "on the same arms and sites",
        ),
    ] {
        let refused = refused(&settings);
        assert!(refused.contains(says), "{settings}: {refused}");
    }
    let others = limits("customers_at_least = 9") + "\n" + &one.replace("campaign", "other");
    assert!(product(&format!("{others}\nsites = [\"lyon\"]")).is_ok());
    let history = shop_at(store);
    for (settings, says) in [
        (
            limits("customers_at_most = 5\nsites = [\"lyon\", \"metz\"]"),
            "limit \"campaign\" of [[settings.limits]] names \"metz\", which is a site of no row of tables `sales` and `sites`; the sites are lyon, nice",
        ),
        (
            limits("customers_at_least = 730\nsites = [\"lyon\"]"),
            "campaign",
        ),
        (
            limits("customers_at_most = 5").replace("deal", "letter"),
            "names \"letter\", which is no arm of trial",
        ),
        (limits("customers_at_least = 100000"), "campaign"),
        (
            limits("customers_at_most = 50").replace("budget", "explore = 0.2\nbudget"),
            "explore less",
        ),
    ] {
        let error = fitted(&settings, &history).map(|_| ()).unwrap_err();
        let mut told = format!("{error}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            told = format!("{told}: {cause}");
            source = cause.source();
        }
        assert!(told.contains(says), "{settings}: {told}");
    }
}
