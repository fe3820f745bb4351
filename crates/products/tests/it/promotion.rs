//! Kind `promotion` under a budget: money goes where it earns most, a slice is drawn by chance, and what makes no sense
//! is refused.

use features::{Assignment, History, HistoryBuilder, NewLine, Trials};
use math::random::stream;
use products::{Asked, FitError, Fitted, NoMoney, Raw, Serving, Shop, Stake};
use rand::RngExt;
use schema::config::ConfigFile;
use schema::time::date_of;
use schema::{AsOf, Cents, ConfigError, CustomerId};
use std::sync::Arc;

/// The day on which everybody is drawn.
const DRAWN: i64 = 20_000;

const DAY: i64 = 86_400;

pub(crate) const CUSTOMERS: usize = 1_600;

/// What the deal takes off the order after it, in the shop's currency.
const DISCOUNT: f64 = 5.0;

fn customer(number: usize) -> String {
    format!("c{number:05}")
}

/// Whether a customer spends much, and is brought to spend more by the deal; the others redeem it and spend as before.
fn is_large(number: usize) -> bool {
    number.is_multiple_of(2)
}

/// Whom chance gave the deal.
fn is_drawn(number: usize) -> bool {
    (number / 2).is_multiple_of(2)
}

/// Orders before and after the draw, the deal's discount among them.
pub(crate) fn shop() -> History {
    shop_at(|_| None)
}

/// The same with the site of each customer's orders.
pub(crate) fn shop_at(site: impl Fn(usize) -> Option<&'static str>) -> History {
    let mut random = stream(5, 0);
    let mut builder = HistoryBuilder::default();
    let mut draws = Vec::new();
    for number in 0..CUSTOMERS {
        let usual = if is_large(number) { 60.0 } else { 20.0 };
        let deal = is_drawn(number);
        let more = if deal && is_large(number) { 20.0 } else { 0.0 };
        let given = if deal { DISCOUNT } else { 0.0 };
        for (day, added, discount) in [(-37, 0.0, 0.0), (-9, 0.0, 0.0), (2, more, given)] {
            let amount: f64 = usual + added + random.random_range(-18.0..18.0) - discount;
            let line = NewLine {
                customer: Some(&customer(number)),
                product: "tea",
                order: &format!("{number} {day}"),
                at_seconds: (DRAWN + day) * DAY,
                quantity: 1,
                spend_cents: (amount * 100.0).round() as i64,
                discount_cents: (discount * 100.0).round() as i64,
                is_return: false,
            };
            builder.push_at(line, site(number));
        }
        draws.push(Assignment {
            trial: "pilot".into(),
            customer: customer(number),
            at_seconds: DRAWN * DAY,
            arm: if deal { "deal" } else { "none" }.into(),
            propensities: r#"{"deal":0.5,"none":0.5}"#.into(),
            context: None,
        });
    }
    let as_of = AsOf(date_of(i32::try_from(DRAWN).unwrap() + 20));
    builder
        .build(as_of, Vec::new())
        .with_trials(Trials::new(draws, []))
}

pub(crate) fn product(settings: &str) -> Result<Box<dyn products::Product>, ConfigError> {
    let text = format!(
        "kind = \"promotion\"\nowner = \"tests\"\n\n[settings]\ntrial = \"pilot\"\noutcome = \"revenue\"\nfolds = 2\n{settings}\n"
    );
    let file = ConfigFile::new("offers.toml", &text);
    Raw::read(file).and_then(|raw| raw.check())
}

pub(crate) fn fitted(settings: &str, history: &History) -> Result<Box<dyn Fitted>, FitError> {
    product(settings).unwrap().fit(history, 1)
}

pub(crate) fn serving(version: &dyn Fitted, history: &History) -> Box<dyn Serving> {
    let shop = Shop::new(
        Arc::new(history.clone()),
        &decisions::RuleSet::default(),
        Arc::default(),
    );
    version.attach(Arc::new(shop))
}

pub(crate) fn asked(number: usize) -> Asked {
    Asked {
        customer_id: Some(CustomerId::new(customer(number)).unwrap()),
        ..Asked::default()
    }
}

/// The arm, its probability, and the code of its reason.
pub(crate) fn decided(serving: &dyn Serving, number: usize) -> (String, f64, String) {
    let answer = serving
        .decide(&asked(number), jiff::Timestamp::UNIX_EPOCH)
        .unwrap();
    let action = &answer.actions[0];
    let code = action.reasons.list()[0].code.clone();
    (action.id.clone(), action.propensity.get(), code)
}

#[test]
fn a_budget_is_spent_where_it_earns_most_and_no_more_than_it_is() {
    let history = shop();
    // Half of the customers gain by the deal; the money is for a quarter of these.
    let version = fitted("budget = 1000.0", &history).unwrap();
    let serving = serving(version.as_ref(), &history);
    let given: Vec<usize> = (0..CUSTOMERS)
        .filter(|number| decided(serving.as_ref(), *number).0 == "deal")
        .collect();
    let spent = given.len() as f64 * DISCOUNT;
    assert!((700.0..1_150.0).contains(&spent), "{spent}");
    assert!(given.iter().all(|number| is_large(*number)), "{given:?}");
    let round = &version.page()["round"];
    let (price, spend) = (round["price"].as_f64(), round["spend"].as_f64());
    assert!(price > Some(1.0) && spend <= Some(1_000.0), "{round}");
    // Who is held out gets the control, and an explanation adds up, for who gets the deal and who does not.
    let now = jiff::Timestamp::UNIX_EPOCH;
    let baseline = serving.baseline(&asked(given[0]), now).unwrap();
    assert_eq!(baseline.actions[0].id, "none");
    for number in [given[0], 1] {
        let told = serving.explain(&asked(number), Some("deal"), now).unwrap();
        let sum: f64 = told.lines.iter().map(|line| line.contribution).sum();
        assert!((sum - told.score).abs() < 1e-9, "{told:?}");
        let of_budget = |line: &products::ExplanationLine| line.what.contains("of the budget");
        assert!(told.lines.iter().any(of_budget), "{told:?}");
        assert_eq!(told.why_not.is_some(), number == 1, "{told:?}");
    }
}

#[test]
fn money_for_everybody_has_no_price_and_who_loses_by_an_offer_gets_none() {
    let history = shop();
    let version = fitted("budget = 1000000.0", &history).unwrap();
    assert_eq!(version.page()["round"]["price"], 0.0);
    let serving = serving(version.as_ref(), &history);
    let right = |number: &usize| {
        let expected = if is_large(*number) { "deal" } else { "none" };
        decided(serving.as_ref(), *number).0 == expected
    };
    let right = (0..CUSTOMERS).filter(right).count();
    assert!(right > CUSTOMERS * 95 / 100, "{right}");
}

#[test]
fn a_slice_is_drawn_by_chance_with_the_probability_it_tells() {
    let history = shop();
    let version = fitted("budget = 1000.0\nexplore = 0.2", &history).unwrap();
    let served = serving(version.as_ref(), &history);
    let all: Vec<_> = (0..CUSTOMERS)
        .map(|number| decided(served.as_ref(), number))
        .collect();
    let drawn: Vec<_> = all.iter().filter(|(_, _, code)| code == "drawn").collect();
    // 20 % of 1,600, half of them into each arm.
    assert!((256..=384).contains(&drawn.len()), "{}", drawn.len());
    let deals = drawn.iter().filter(|(arm, _, _)| arm == "deal").count();
    assert!(
        (drawn.len() * 35 / 100..drawn.len() * 65 / 100).contains(&deals),
        "{deals}"
    );
    for (arm, propensity, code) in &all {
        // What is drawn only has half of a fifth, what is best or may be so has more.
        assert!(
            (0.099..=0.901).contains(propensity),
            "{arm} {propensity} {code}"
        );
        assert!(
            code == "drawn" || *propensity > 0.1,
            "{arm} {propensity} {code}"
        );
    }
    // The same on another day with the same version; others with the next one.
    assert_eq!(decided(served.as_ref(), 7), all[7]);
}

#[test]
fn budgets_that_make_no_sense_are_refused() {
    for (settings, key, found) in [
        ("budget = 0.0", "budget", "0"),
        ("budget = -5.0", "budget", "-5"),
        ("budget = nan", "budget", "NaN"),
        ("explore = 0.3", "explore", "0.3"),
        ("caution = -1.0", "caution", "-1"),
        ("costs = { deal = -1.0 }", "costs", "-1"),
    ] {
        let refused = product(settings).map(|_| ()).unwrap_err().to_string();
        assert!(
            refused.contains(key) && refused.contains(found),
            "{settings}: {refused}"
        );
    }
    let visits = "kind = \"promotion\"\nowner = \"tests\"\n\n[settings]\noutcome = \"visits\"\nbudget = 5.0\n";
    let refused = Raw::read(ConfigFile::new("offers.toml", visits)).and_then(|raw| raw.check());
    let refused = refused.map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("`revenue` or `margin`"), "{refused}");
    let history = shop();
    for (settings, says) in [
        ("budget = 10.0\nexplore = 0.2", "explore less"),
        ("costs = { letter = 1.0 }", "no arm of trial"),
    ] {
        let error = fitted(settings, &history).map(|_| ()).unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string);
        assert!(source.is_some_and(|s| s.contains(says)), "{settings}");
    }
}

pub(crate) const LEDGER: &str =
    "[settings.ledger]\nperiod = \"month\"\nexpires_days = 14\nmost = { deal = 7.5 }";

#[test]
fn an_answer_says_what_it_takes_of_the_budget_and_what_is_given_without() {
    let history = shop();
    let version = fitted(
        &format!("budget = 1000.0\nexplore = 0.1\n{LEDGER}"),
        &history,
    )
    .unwrap();
    let served = serving(version.as_ref(), &history);
    let now = jiff::Timestamp::UNIX_EPOCH;
    for number in 0..200 {
        let answer = served.decide(&asked(number), now).unwrap();
        // Whoever is drawn might have got the deal: without money for it nobody would be drawn.
        let takes = if answer.actions[0].id == "deal" {
            750
        } else {
            0
        };
        let stake = Stake {
            takes: Cents(takes),
            must_have: Cents(750),
            limits: Vec::new(),
            counted_by: Vec::new(),
        };
        assert_eq!(answer.stake, Some(stake), "{number}");
        assert_eq!(served.baseline(&asked(number), now).unwrap().stake, None);
    }
    for (why, code) in [
        (NoMoney::UsedUp, "budget_used_up"),
        (NoMoney::Unavailable, "ledger_unavailable"),
    ] {
        let answer = served.without_money(&asked(3), now, why).unwrap();
        let action = &answer.actions[0];
        assert_eq!(
            (action.id.as_str(), action.propensity.get(), answer.stake),
            ("none", 1.0, None)
        );
        assert_eq!(action.reasons.list()[0].code, code);
    }
    // Without exploring, whoever could get nothing anyway asks for nothing.
    let version = fitted(&format!("budget = 100000.0\n{LEDGER}"), &history).unwrap();
    let served = serving(version.as_ref(), &history);
    let mut stakes = (0..200).map(|number| {
        let answer = served.decide(&asked(number), now).unwrap();
        (answer.actions[0].id == "deal", answer.stake.is_some())
    });
    assert!(stakes.all(|(deal, asks)| deal == asks));
}

#[test]
fn what_may_be_promised_is_the_files_to_say_also_of_an_older_version() {
    let history = shop();
    let older = fitted("budget = 1000.0", &history).unwrap().artefact();
    let now = product(&format!("budget = 12.349\n{LEDGER}")).unwrap();
    let allowance = now.allowance().unwrap();
    assert_eq!(
        (allowance.limit, allowance.dearest, allowance.expires_days),
        (Cents(1_234), Cents(750), 14)
    );
    let served = serving(now.load(&older).unwrap().as_ref(), &history);
    let at = jiff::Timestamp::UNIX_EPOCH;
    let mut stakes = (0..200).map(|number| served.decide(&asked(number), at).unwrap().stake);
    assert!(stakes.any(|stake| stake.is_some_and(|s| s.takes == Cents(750))));
    let other = product(&format!(
        "budget = 12.0\n{}",
        LEDGER.replace("deal", "letter")
    ))
    .unwrap();
    let refused = other.load(&older).map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("arm \"deal\" can cost"), "{refused}");
    let error = other.fit(&history, 1).map(|_| ()).unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert!(source.is_some_and(|s| s.contains("arm \"deal\" of trial")));
    assert!(product("budget = 12.0").unwrap().allowance().is_none());
}

#[test]
fn ledgers_that_make_no_sense_are_refused_at_their_line() {
    for (settings, says) in [
        (LEDGER.to_owned(), "without a `budget`"),
        (
            format!("budget = 0.001\n{LEDGER}"),
            "of a `budget` of 0.001",
        ),
        (format!("budget = 0.0\n{LEDGER}"), "budget"),
        (
            format!("budget = 5.0\n{}", LEDGER.replace("14", "0")),
            "1 to 366",
        ),
        (
            format!("budget = 5.0\n{}", LEDGER.replace("7.5", "0.0")),
            "0 for \"deal\"",
        ),
        (
            format!("budget = 5.0\n{}", LEDGER.replace("7.5", "-1.0")),
            "-1 for \"deal\"",
        ),
        (
            format!("budget = 5.0\n{}", LEDGER.replace("deal", "none")),
            "promises nothing",
        ),
        (
            format!("budget = 5.0\n{}", LEDGER.replace("month", "year")),
            "year",
        ),
        (
            format!("budget = 5.0\n{LEDGER}\npace = \"fast\""),
            "`none`, `even`, `usual`",
        ),
        (
            format!(
                "budget = 5.0\n{}\npace = \"even\"",
                LEDGER.replace("month", "version")
            ),
            "nobody knows when a version ends",
        ),
        (
            format!(
                "budget = 5.0\n{}\npace = \"usual\"",
                LEDGER.replace("month", "version")
            ),
            "\"usual\" with period \"version\"",
        ),
    ] {
        let refused = product(&settings).map(|_| ()).unwrap_err().to_string();
        assert!(refused.contains(says), "{settings}: {refused}");
    }
}

#[test]
fn two_questions_that_a_person_can_check_stand_beside_the_version() {
    let history = shop();
    let version = fitted("budget = 4000.0", &history).unwrap();
    let scorecard = version.evaluate(&history, 1);
    let note = |begins: &str| -> &str {
        let found = scorecard.notes.iter().find(|note| note.starts_with(begins));
        found.unwrap_or_else(|| panic!("{begins}: {:#?}", scorecard.notes))
    };
    // Who spends little loses what the deal takes off; who spends much gains fifteen by it.
    let questions = note("as two questions: ");
    assert!(questions.contains("money spent"), "{questions}");
    assert!(questions.contains(": none"), "{questions}");
    // Its gain is told less the five that it spends at their price.
    assert!(questions.contains(": deal (gains "), "{questions}");
    assert!(!questions.contains("(gains -"), "{questions}");
    let worth = note("these questions, found on one half of the customers,");
    assert!(
        worth.contains("the version's own decisions gain"),
        "{worth}"
    );
}
