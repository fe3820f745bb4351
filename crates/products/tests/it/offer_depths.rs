//! Kind `promotion`: of offers of one family a deeper one is not taken to change less.

use features::{Assignment, History, HistoryBuilder, NewLine, Offer, Offers, Trials};
use jiff::civil::date;
use math::random::stream;
use products::{Asked, Explanation, Fitted, Raw, Shop};
use rand::RngExt;
use schema::config::ConfigFile;
use schema::time::date_of;
use schema::{AsOf, CustomerId};
use std::sync::Arc;

const DRAWN: i64 = 20_000;
const DAY: i64 = 86_400;
const CUSTOMERS: usize = 1_500;
const ARMS: [&str; 3] = ["none", "five", "ten"];

fn customer(number: usize) -> String {
    format!("c{number:05}")
}

fn age(number: usize) -> usize {
    20 + (number / 3) % 50
}

/// Both offers bring those above 45 to order more often, as chance has it the smaller one some of them a little more; the
/// deeper one takes 5 more off.
fn history(ten: &str) -> History {
    let mut random = stream(7, 0);
    let mut builder = HistoryBuilder::default();
    let mut draws = Vec::new();
    for number in 0..CUSTOMERS {
        let arm = ARMS[number % 3];
        let chance = match (arm, age(number)) {
            ("none", _) | (_, 0..45) => 0.2,
            ("five", 60..) => 0.75,
            ("ten", 60..) => 0.6,
            (_, _) => 0.65,
        };
        let discount = match arm {
            "five" => 5.0,
            "ten" => 10.0,
            _ => 0.0,
        };
        for day in 1..4 {
            if !random.random_bool(chance) {
                continue;
            }
            builder.push(NewLine {
                customer: Some(&customer(number)),
                product: "tea",
                order: &format!("{number} {day}"),
                at_seconds: (DRAWN + day) * DAY,
                quantity: 1,
                spend_cents: ((30.0 - discount) * 100.0) as i64,
                discount_cents: (discount * 100.0) as i64,
                is_return: false,
            });
        }
        draws.push(Assignment {
            trial: "pilot".into(),
            customer: customer(number),
            at_seconds: DRAWN * DAY,
            arm: arm.into(),
            propensities: r#"{"five":0.33333,"none":0.33334,"ten":0.33333}"#.into(),
            context: Some(format!("{{\"age\":{}}}", age(number))),
        });
    }
    let as_of = AsOf(date_of(i32::try_from(DRAWN).unwrap() + 20));
    let offer = |id: &str, kind: &str, depth: f64| Offer {
        id: id.to_owned(),
        kind: kind.to_owned(),
        depth,
        cost_retailer_cents: 0,
        cost_brand_cents: None,
        fixed_cost_retailer_cents: Some(0),
        fixed_cost_brand_cents: None,
        valid_from: date(2024, 1, 1),
        valid_to: date(2024, 12, 31),
        eligibility: None,
    };
    let offers = vec![offer("five", "amount", 5.0), offer("ten", ten, 10.0)];
    let history = builder.build(as_of, Vec::new());
    history
        .with_trials(Trials::new(draws, []))
        .with_offers(Offers::new(offers))
}

fn fitted(outcome: &str, history: &History) -> Box<dyn Fitted> {
    let text = format!(
        "kind = \"promotion\"\nowner = \"tests\"\n\n[settings]\ntrial = \"pilot\"\nfolds = 2\noutcome = \"{outcome}\"\n"
    );
    let raw = Raw::read(ConfigFile::new("offers.toml", &text)).unwrap();
    raw.check().unwrap().fit(history, 1).unwrap()
}

/// What each offer changes of every tenth customer, each with its reasons.
fn explained(version: &dyn Fitted, history: &History) -> Vec<[Explanation; 2]> {
    let rules = decisions::RuleSet::default();
    let shop = Shop::new(Arc::new(history.clone()), &rules, Arc::default());
    let serving = version.attach(Arc::new(shop));
    let of = |number: usize, about: &str| {
        let asked = Asked {
            customer_id: Some(CustomerId::new(customer(number)).unwrap()),
            ..Asked::default()
        };
        let now = jiff::Timestamp::UNIX_EPOCH;
        serving.explain(&asked, Some(about), now).unwrap()
    };
    let some = (0..CUSTOMERS).step_by(10);
    some.map(|number| [of(number, "five"), of(number, "ten")])
        .collect()
}

fn reversed(all: &[[Explanation; 2]]) -> usize {
    let falls = |[five, ten]: &&[Explanation; 2]| five.score > ten.score + 1e-9;
    all.iter().filter(falls).count()
}

#[test]
fn a_deeper_offer_of_a_family_never_changes_less_and_its_reasons_add_up() {
    let family = history("amount");
    let version = fitted("orders", &family);
    let says = "a deeper offer is not taken to change less: five, ten";
    let told = |version: &dyn Fitted| version.summary().iter().any(|line| line == says);
    assert!(told(version.as_ref()));
    let all = explained(version.as_ref(), &family);
    assert_eq!(reversed(&all), 0);
    let mut shared = 0;
    for [five, ten] in &all {
        for one in [five, ten] {
            let sum: f64 = one.lines.iter().map(|line| line.contribution).sum();
            assert!((sum - one.score).abs() < 1e-9, "{one:?}");
            // The effect that is told in words is the one that adds up.
            let says = format!(
                "{} adds {} (",
                one.about,
                schema::estimate::short(one.score)
            );
            assert!(one.summary.contains(&says), "{one:?}");
        }
        shared += usize::from((five.score - ten.score).abs() < 1e-9);
    }
    assert!(shared > 0, "some had to be put in order");
    // Offers of two types are no family: one may well change less.
    let others = history("percentage");
    let version = fitted("orders", &others);
    assert!(!told(version.as_ref()));
    assert!(reversed(&explained(version.as_ref(), &others)) > 0);
    // What is taken off revenue may make the deeper one worth less.
    assert!(!told(fitted("revenue", &family).as_ref()));
}
