//! Kind `promotion` with limits on some arms beside the budget.

use crate::promotion::{CUSTOMERS, asked, decided, fitted, product, serving, shop};
use products::Serving;

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
    ] {
        let refused = refused(&settings);
        assert!(refused.contains(says), "{settings}: {refused}");
    }
    let history = shop();
    for (settings, says) in [
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
