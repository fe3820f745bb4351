//! Kind `promotion`: the nearest change that would flip an answer flips it.

use features::{Assignment, History, HistoryBuilder, NewLine, Trials};
use math::random::stream;
use products::{Asked, Explanation, Raw, Reason, Serving, Shop};
use rand::RngExt;
use schema::config::ConfigFile;
use schema::time::date_of;
use schema::{AsOf, CustomerId};
use std::sync::Arc;

const DRAWN: i64 = 20_000;
const DAY: i64 = 86_400;
const CUSTOMERS: usize = 1_200;

fn customer(number: usize) -> String {
    format!("c{number:05}")
}

fn age(number: usize) -> usize {
    20 + number % 50
}

/// Customers of 45 and more are brought to spend 12 more by the mail, the others to spend 6 less. Nobody bought before.
fn builder() -> (HistoryBuilder, Vec<Assignment>) {
    let mut random = stream(5, 0);
    let mut builder = HistoryBuilder::default();
    let mut draws = Vec::new();
    for number in 0..CUSTOMERS {
        let mailed = (number / 50).is_multiple_of(2);
        let more = match (mailed, age(number) >= 45) {
            (true, true) => 12.0,
            (true, false) => -6.0,
            (false, _) => 0.0,
        };
        let amount: f64 = 30.0 + more + random.random_range(-4.0..4.0);
        builder.push(NewLine {
            customer: Some(&customer(number)),
            product: "tea",
            order: &number.to_string(),
            at_seconds: (DRAWN + 2) * DAY,
            quantity: 1,
            spend_cents: (amount * 100.0).round() as i64,
            discount_cents: 0,
            is_return: false,
        });
        draws.push(Assignment {
            trial: "pilot".into(),
            customer: customer(number),
            at_seconds: DRAWN * DAY,
            arm: if mailed { "mail" } else { "none" }.into(),
            propensities: r#"{"mail":0.5,"none":0.5}"#.into(),
            context: Some(format!("{{\"age\":{}}}", age(number))),
        });
    }
    (builder, draws)
}

/// The trial, the context of one customer perhaps another one.
fn history(other: Option<(usize, f64)>) -> History {
    let (builder, mut draws) = builder();
    if let Some((number, age)) = other {
        draws[number].context = Some(format!("{{\"age\":{age}}}"));
    }
    let as_of = AsOf(date_of(i32::try_from(DRAWN).unwrap() + 20));
    let history = builder.build(as_of, Vec::new());
    history.with_trials(Trials::new(draws, []))
}

fn fitted(settings: &str) -> Box<dyn products::Fitted> {
    let text = format!(
        "kind = \"promotion\"\nowner = \"tests\"\n\n[settings]\ntrial = \"pilot\"\noutcome = \"revenue\"\nfolds = 2\n{settings}\n"
    );
    let raw = Raw::read(ConfigFile::new("offers.toml", &text)).unwrap();
    raw.check().unwrap().fit(&history(None), 1).unwrap()
}

fn serving(version: &dyn products::Fitted, history: History) -> Box<dyn Serving> {
    let rules = decisions::RuleSet::default();
    version.attach(Arc::new(Shop::new(
        Arc::new(history),
        &rules,
        Arc::default(),
    )))
}

fn asked(number: usize) -> Asked {
    Asked {
        customer_id: Some(CustomerId::new(customer(number)).unwrap()),
        ..Asked::default()
    }
}

fn decided(serving: &dyn Serving, number: usize) -> String {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let answer = serving.decide(&asked(number), now).unwrap();
    answer.actions[0].id.clone()
}

fn explained(serving: &dyn Serving, number: usize) -> Explanation {
    let now = jiff::Timestamp::UNIX_EPOCH;
    serving.explain(&asked(number), None, now).unwrap()
}

fn flip<'a>(told: &'a Explanation, code: &str) -> &'a Reason {
    let found = told.flips.iter().find(|flip| flip.code == code);
    found.unwrap_or_else(|| panic!("{code}: {told:?}"))
}

fn value(of: &Reason, name: &str) -> f64 {
    of.values[name].as_str().unwrap().parse().unwrap()
}

#[test]
fn the_fact_that_is_told_to_flip_an_answer_flips_it_and_nothing_nearer_does() {
    let version = fitted("");
    let served = serving(version.as_ref(), history(None));
    for (number, own, other) in [(10, "none", "mail"), (40, "mail", "none")] {
        assert_eq!(decided(served.as_ref(), number), own);
        let told = explained(served.as_ref(), number);
        let flips = flip(&told, "flips_with_fact");
        assert_eq!(
            (&flips.values["fact"], &flips.values["answer"]),
            (&"age".into(), &other.into())
        );
        let (from, to) = (value(flips, "from"), value(flips, "to"));
        assert_eq!(from, age(number) as f64);
        // Fifty ages alike have a standard deviation of 14.4.
        assert!(
            ((to - from).abs() / 14.43 - value(flips, "spreads")).abs() < 0.01,
            "{flips:?}"
        );
        let with = |age: f64| {
            let moved = history(Some((number, age)));
            decided(serving(version.as_ref(), moved).as_ref(), number)
        };
        assert_eq!(with(to), other, "{flips:?}");
        // The grid has a value for every twentieth of the customers: two or three years.
        for age in (20..70)
            .step_by(5)
            .map(f64::from)
            .chain([to + 3.0 * (from - to).signum()])
        {
            if (age - from).abs() < (to - from).abs() - 2.5 {
                assert_eq!(with(age), own, "{age}: {flips:?}");
            }
        }
    }
}

#[test]
fn the_cost_that_is_told_to_flip_an_answer_flips_it() {
    let version = fitted("");
    let served = serving(version.as_ref(), history(None));
    let told = explained(served.as_ref(), 40);
    let dearer = flip(&told, "flips_if_dearer");
    assert_eq!(dearer.values["answer"], "none");
    let change = value(dearer, "change");
    // Without other costs that is what the mail adds.
    assert!((change - told.score).abs() < 0.01, "{told:?}");
    for (share, answer) in [(0.99, "mail"), (1.01, "none")] {
        let costs = format!("costs = {{ mail = {} }}", share * change);
        let dearer = fitted(&costs);
        let served = serving(dearer.as_ref(), history(None));
        assert_eq!(decided(served.as_ref(), 40), answer, "{share} of {change}");
    }
    // Whom the mail keeps away gets it were it paid for.
    let told = explained(served.as_ref(), 10);
    let cheaper = flip(&told, "flips_if_cheaper");
    assert!(
        (value(cheaper, "change") + told.score).abs() < 0.01,
        "{told:?}"
    );
    // Of nobody no fact is known that could be otherwise.
    let nobody = Asked {
        customer_id: Some(CustomerId::new("nobody").unwrap()),
        ..Asked::default()
    };
    let told = served
        .explain(&nobody, None, jiff::Timestamp::UNIX_EPOCH)
        .unwrap();
    assert!(
        told.flips
            .iter()
            .all(|flip| !flip.code.starts_with("flips_with")),
        "{told:?}"
    );
    assert!(!told.flips.is_empty());
}
