//! What offers cost a retailer and a brand: redemptions that sales show count once, those that no sale shows count too,
//! and what a brand pays back is the retailer's.

use features::{Assignment, History, HistoryBuilder, NewLine, Offer, Offers, Product, Trials};
use jiff::civil::date;
use math::random::stream;
use products::{Asked, Explanation, Fitted, Raw, Serving, Shop};
use rand::RngExt;
use schema::config::ConfigFile;
use schema::time::date_of;
use schema::{AsOf, CustomerId};
use std::sync::{Arc, OnceLock};

const DRAWN: i64 = 20_000;
const DAY: i64 = 86_400;
const CUSTOMERS: usize = 800;

fn customer(number: usize) -> String {
    format!("c{number:05}")
}

fn has_offer(number: usize) -> bool {
    (number / 2).is_multiple_of(2)
}

/// A trial of one offer that brings everybody to spend `more` and takes `discount` off, of goods that cost nothing.
fn trial(more: f64, discount: f64) -> History {
    let mut random = stream(11, 0);
    let mut builder = HistoryBuilder::default();
    let mut draws = Vec::new();
    for number in 0..CUSTOMERS {
        let given = if has_offer(number) { discount } else { 0.0 };
        let added = if has_offer(number) { more } else { 0.0 };
        let usual = [(-37, 30.0, 0.0), (-9, 30.0, 0.0), (2, 30.0 + added, given)];
        // Every third orders once more, something small.
        let again = (3, 1.0, 0.0);
        let orders = usual
            .into_iter()
            .chain(number.is_multiple_of(3).then_some(again));
        for (day, value, given) in orders {
            let amount: f64 = value - given + random.random_range(-0.5..0.5);
            builder.push(NewLine {
                customer: Some(&customer(number)),
                product: "tea",
                order: &format!("{number} {day}"),
                at_seconds: (DRAWN + day) * DAY,
                quantity: 1,
                spend_cents: (amount * 100.0).round() as i64,
                discount_cents: (given * 100.0).round() as i64,
                is_return: false,
            });
        }
        draws.push(Assignment {
            trial: "pilot".into(),
            customer: customer(number),
            at_seconds: DRAWN * DAY,
            arm: if has_offer(number) { "deal" } else { "none" }.into(),
            propensities: r#"{"deal":0.5,"none":0.5}"#.into(),
            context: None,
        });
    }
    let tea = Product {
        id: "tea".to_owned(),
        name: None,
        category: None,
        brand: None,
        merchant_id: None,
        price_cents: Some(3_000),
        cost_cents: Some(0),
        active: true,
        in_stock: None,
    };
    let as_of = AsOf(date_of(i32::try_from(DRAWN).unwrap() + 20));
    let history = builder.build(as_of, vec![tea]);
    history.with_trials(Trials::new(draws, []))
}

/// Brings three and takes four off: it loses one.
fn coupons() -> &'static History {
    static HISTORY: OnceLock<History> = OnceLock::new();
    HISTORY.get_or_init(|| trial(3.0, 4.0))
}

/// Brings three, and no sale shows what it gives.
fn points() -> &'static History {
    static HISTORY: OnceLock<History> = OnceLock::new();
    HISTORY.get_or_init(|| trial(3.0, 0.0))
}

/// The offer, whose redemption costs so many cents.
fn offered(history: &History, kind: &str, retailer: i64, brand: Option<i64>) -> History {
    let offer = Offer {
        id: "deal".to_owned(),
        kind: kind.to_owned(),
        depth: 4.0,
        cost_retailer_cents: retailer,
        cost_brand_cents: brand,
        fixed_cost_retailer_cents: Some(0),
        fixed_cost_brand_cents: None,
        valid_from: date(2024, 1, 1),
        valid_to: date(2024, 12, 31),
        eligibility: None,
    };
    history.clone().with_offers(Offers::new(vec![offer]))
}

fn product(settings: &str) -> Result<Box<dyn products::Product>, schema::ConfigError> {
    let text = format!(
        "kind = \"promotion\"\nowner = \"tests\"\n\n[settings]\ntrial = \"pilot\"\nfolds = 2\n{settings}\n"
    );
    let file = ConfigFile::new("offers.toml", &text);
    Raw::read(file).and_then(|raw| raw.check())
}

fn fitted(settings: &str, history: &History) -> Box<dyn Fitted> {
    product(settings).unwrap().fit(history, 1).unwrap()
}

fn refused(settings: &str, history: &History) -> String {
    let error = product(settings)
        .unwrap()
        .fit(history, 1)
        .map(|_| ())
        .unwrap_err();
    let mut told = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = cause {
        told.push(error.to_string());
        cause = error.source();
    }
    told.join(": ")
}

fn serving(version: &dyn Fitted, history: &History) -> Box<dyn Serving> {
    let rules = decisions::RuleSet::default();
    version.attach(Arc::new(Shop::new(
        Arc::new(history.clone()),
        &rules,
        Arc::default(),
    )))
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second((DRAWN + 21) * DAY).unwrap()
}

fn asked(number: usize) -> Asked {
    Asked {
        customer_id: Some(CustomerId::new(customer(number)).unwrap()),
        ..Asked::default()
    }
}

/// How many customers get the offer.
fn given(version: &dyn Fitted, history: &History) -> usize {
    let serving = serving(version, history);
    let gets = |number: &usize| {
        let answer = serving.decide(&asked(*number), now()).unwrap();
        answer.actions[0].id == "deal"
    };
    (0..CUSTOMERS).filter(gets).count()
}

/// What adds up to an offer's worth to the first customer.
fn explained(version: &dyn Fitted, history: &History) -> Explanation {
    let serving = serving(version, history);
    let told = serving.explain(&asked(0), Some("deal"), now()).unwrap();
    let sum: f64 = told.lines.iter().map(|line| line.contribution).sum();
    assert!((sum - told.score).abs() < 1e-9, "{told:?}");
    told
}

fn line(told: &Explanation, what: &str) -> Option<f64> {
    let line = told.lines.iter().find(|line| line.what == what);
    line.map(|line| line.contribution)
}

const MARGIN: &str = "outcome = \"margin\"";

#[test]
fn what_a_brand_pays_back_of_discounts_is_the_retailers_and_turns_a_loss_into_a_gain() {
    // The retailer alone pays for it: a loss of one.
    let alone = offered(coupons(), "amount", 400, None);
    assert_eq!(given(fitted(MARGIN, &alone).as_ref(), &alone), 0);
    // A brand pays back three of the four.
    let shared = offered(coupons(), "amount", 100, Some(300));
    let version = fitted(MARGIN, &shared);
    assert_eq!(given(version.as_ref(), &shared), CUSTOMERS);
    let told = explained(version.as_ref(), &shared);
    let back = line(&told, "what the brand pays back of its discounts").unwrap();
    assert!((back - 3.0).abs() < 0.1, "{told:?}");
    assert!((told.score - 2.0).abs() < 0.2, "{told:?}");
    let says = "deal: redemptions are discounts in sales, of which the brand pays back 75 %";
    assert!(
        version.summary().iter().any(|line| line == says),
        "{:?}",
        version.summary()
    );
    // The same on the scorecard: the rule adds two to each customer, as it expects.
    let card = version.evaluate(&shared, 1);
    let mut adds = card.metrics.iter();
    let adds = adds
        .find(|m| m.name.starts_with("what the rule adds"))
        .unwrap();
    for found in [&adds.value, &adds.baseline] {
        assert!((found.point().unwrap() - 2.0).abs() < 0.2, "{adds:?}");
    }
    // Revenue has no place for it, and loses by the offer.
    let revenue = fitted("outcome = \"revenue\"", &shared);
    assert_eq!(given(revenue.as_ref(), &shared), 0);
}

#[test]
fn a_budget_spends_what_the_retailer_pays_of_a_discount() {
    let spend = |history: &History| {
        let version = fitted(&format!("{MARGIN}\nbudget = 100000.0"), history);
        version.page()["round"]["spend"].as_f64().unwrap()
    };
    let shared = spend(&offered(coupons(), "amount", 100, Some(300)));
    assert!((shared - CUSTOMERS as f64).abs() < 40.0, "{shared}");
}

#[test]
fn redemptions_that_no_sale_shows_are_never_free() {
    let history = offered(points(), "points", 1_000, Some(500));
    for settings in [MARGIN.to_owned(), format!("{MARGIN}\nbudget = 500.0")] {
        let told = refused(&settings, &history);
        assert!(
            told.contains("offer \"deal\" of table `offers` costs 10 when it is redeemed and is of type \"points\", whose redemptions no sale shows: say in `redeemed`"),
            "{told}"
        );
    }
    // Half of them redeem: five of three is a loss; a tenth: one of three is a gain of two.
    let by_type = fitted(
        &format!("{MARGIN}\nredeemed = {{ points = 0.5 }}"),
        &history,
    );
    assert_eq!(given(by_type.as_ref(), &history), 0);
    let by_name = format!("{MARGIN}\nredeemed = {{ points = 0.5, deal = 0.1 }}");
    let version = fitted(&by_name, &history);
    assert_eq!(given(version.as_ref(), &history), CUSTOMERS);
    let told = explained(version.as_ref(), &history);
    let redeemed = "what its redemptions cost, 0.1000 of 10.00 each";
    assert_eq!(line(&told, redeemed), Some(-1.0), "{told:?}");
    assert!((told.score - 2.0).abs() < 0.2, "{told:?}");
    let says = "deal: a redemption costs 10.00 that no sale shows, 0.1000 expected of each customer who gets it: 1.000 is taken off";
    assert!(
        version.summary().iter().any(|line| line == says),
        "{:?}",
        version.summary()
    );
    // They are spent of a budget.
    let version = fitted(&format!("{by_name}\nbudget = 100000.0"), &history);
    let spend = version.page()["round"]["spend"].as_f64().unwrap();
    assert!((spend - CUSTOMERS as f64).abs() < 1e-6, "{spend}");
    // Who says what an offer costs in all has said it.
    let named = fitted(&format!("{MARGIN}\ncosts = {{ deal = 1.0 }}"), &history);
    assert_eq!(given(named.as_ref(), &history), CUSTOMERS);
    assert_eq!(
        line(&explained(named.as_ref(), &history), "what it costs"),
        Some(-1.0)
    );
}

#[test]
fn nothing_is_counted_twice_and_what_is_not_counted_is_said() {
    let coupon = offered(coupons(), "amount", 400, None);
    let told = refused(&format!("{MARGIN}\nredeemed = {{ deal = 1.0 }}"), &coupon);
    assert!(told.contains("they would count twice"), "{told}");
    let told = refused(&format!("{MARGIN}\nredeemed = {{ letter = 1.0 }}"), &coupon);
    assert!(
        told.contains("`redeemed` names \"letter\", which is neither"),
        "{told}"
    );
    for (settings, says) in [
        (
            "redeemed = { amount = 1.0 }",
            "types that are not in `in_sales`",
        ),
        ("redeemed = { points = -1.0 }", "-1 for \"points\""),
        ("redeemed = { points = nan }", "NaN for \"points\""),
        ("in_sales = [\"gifts\"]", "gifts"),
    ] {
        let refused = product(settings).map(|_| ()).unwrap_err().to_string();
        assert!(refused.contains(says), "{settings}: {refused}");
    }
    // Points that the till books as discounts are discounts.
    let booked = offered(coupons(), "points", 400, None);
    let settings = format!("{MARGIN}\nin_sales = [\"points\"]");
    assert_eq!(given(fitted(&settings, &booked).as_ref(), &booked), 0);
    let notes = |settings: &str, history: &History| fitted(settings, history).summary().join("\n");
    // No sale has any of the discounts that it should.
    let unbooked = offered(points(), "amount", 400, None);
    let says = "deal: its redemptions should be discounts in sales, but none of the 400 customers given it has any";
    assert!(notes(MARGIN, &unbooked).contains(says));
    assert!(!notes(MARGIN, &coupon).contains("should be discounts"));
    // Orders are no money, so that nothing can be taken off them.
    let says = "what offers cost is not taken off: orders per customer are no money";
    assert!(notes("outcome = \"orders\"", &coupon).contains(says));
}
