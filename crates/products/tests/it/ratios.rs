//! Kind `experiment`: ratios of outcomes, and what must not get worse.

use crate::read_out::{fitted, number, product};
use features::{Assignment, History, HistoryBuilder, NewLine, Trials};
use math::random::stream;
use rand::RngExt;
use schema::AsOf;
use schema::scorecard::{Gate, Role};
use schema::time::date_of;
use serde_json::Value;

const DRAWN: i64 = 20_000;

const DAY: i64 = 86_400;

/// What treating a customer does.
#[derive(Clone, Copy)]
struct Planted {
    /// Factor on the size of a basket.
    basket: f64,
    /// Whether anybody treated orders after the draw.
    orders: bool,
    /// One of how many lines is taken back after the draw; of the others it is one of eight.
    returned: u32,
}

/// Customers of whom every other one is mailed. They order one to three times before and after, about as much per order,
/// and some lines are taken back.
///
/// - returns the history, and by hand of the control after the draw: revenue, orders, lines and returns.
fn shop(customers: usize, planted: Planted) -> (History, [f64; 4]) {
    let mut random = stream(17, 0);
    let mut builder = HistoryBuilder::default();
    let mut draws = Vec::new();
    let mut by_hand = [0.0; 4];
    for number in 0..customers {
        let (customer, mailed) = (format!("c{number:05}"), number % 2 == 1);
        let usual: f64 = random.random_range(20.0..60.0);
        for (days, after) in [(-40, false), (3, true)] {
            let orders = if after && mailed && !planted.orders {
                0
            } else {
                random.random_range(1..4)
            };
            for order in 0..orders {
                let noise: f64 = random.random_range(-6.0..6.0);
                let factor = if after && mailed { planted.basket } else { 1.0 };
                let cents = (100.0 * factor * (usual + noise)) as i64;
                let of = if after && mailed { planted.returned } else { 8 };
                let back = random.random_range(0..of) == 0;
                let mut push = |is_return: bool, spend_cents: i64| {
                    builder.push(NewLine {
                        customer: Some(&customer),
                        product: "tea",
                        order: &format!("{number} {days} {order}"),
                        at_seconds: (DRAWN + days + order) * DAY,
                        quantity: if is_return { -1 } else { 1 },
                        spend_cents,
                        discount_cents: 0,
                        is_return,
                    });
                };
                push(false, cents);
                if back {
                    push(true, -cents);
                }
                if after && !mailed {
                    let left = if back { 0.0 } else { cents as f64 / 100.0 };
                    let counted = [left, 1.0, 1.0, f64::from(u8::from(back))];
                    by_hand
                        .iter_mut()
                        .zip(counted)
                        .for_each(|(sum, own)| *sum += own);
                }
            }
        }
        draws.push(Assignment {
            trial: "mail".into(),
            customer,
            at_seconds: DRAWN * DAY,
            arm: if mailed { "mail" } else { "none" }.into(),
            propensities: r#"{"mail":0.5,"none":0.5}"#.into(),
            context: None,
        });
    }
    let as_of = AsOf(date_of(i32::try_from(DRAWN + 20).unwrap()));
    let history = builder.build(as_of, vec![]);
    (history.with_trials(Trials::new(draws, [])), by_hand)
}

const BASKET: &str = "[[settings.ratio]]\nname = \"basket\"\nof = \"revenue\"\nper = \"orders\"\n";

const RETURNED: &str =
    "[[settings.ratio]]\nname = \"returned\"\nof = \"returns\"\nper = \"lines\"\n";

fn guarding(what: &str, worse_by: f64) -> String {
    format!("[[settings.guardrail]]\noutcome = \"{what}\"\nworse_by = {worse_by}\n")
}

fn settings(more: &str) -> String {
    format!("trial = \"mail\"\noutcomes = [\"revenue\", \"orders\"]\n{more}")
}

fn ratio(page: &Value, name: &str) -> Value {
    let all = page["findings"].as_array().unwrap();
    let found = all.iter().find(|found| found["ratio"]["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {page:#}")).clone()
}

const NOTHING: Planted = Planted {
    basket: 1.0,
    orders: true,
    returned: 8,
};

const SMALLER: Planted = Planted {
    basket: 0.8,
    orders: true,
    returned: 4,
};

#[test]
fn a_ratio_is_that_of_the_sums_and_a_planted_change_of_it_is_found() {
    let (history, [revenue, orders, lines, returns]) = shop(1_200, SMALLER);
    let all = settings(&format!("{BASKET}{RETURNED}"));
    let version = fitted(&all, &history).unwrap();
    let page = version.page();
    let basket = ratio(&page, "basket");
    // Orders taken back as a whole are orders all the same, as table `sales` has them; their money is not.
    let mean = number(&basket, "/control_mean");
    assert!((mean - revenue / orders).abs() < 1e-9, "{mean}");
    assert_eq!(basket["unit"], "basket (revenue per order)");
    assert_eq!(
        (&basket["money"], &basket["real"]),
        (&true.into(), &true.into())
    );
    assert_eq!(
        (&basket["outcome"], &basket["total"]),
        (&Value::Null, &Value::Null)
    );
    assert!(number(&basket, "/variance_saved") > 0.1, "{basket:#}");
    let returned = ratio(&page, "returned");
    let share = number(&returned, "/control_mean");
    assert!((share - returns / lines).abs() < 1e-12, "{share}");
    // An eighth of the lines comes back of the control, a fourth of those mailed.
    let of = |end: &str| number(&returned, &format!("/effect/measured/{end}"));
    assert!(of("low") < 0.125 && 0.125 < of("high"), "{returned:#}");
    assert_eq!(
        (&returned["money"], &returned["real"]),
        (&false.into(), &true.into())
    );
    let told = version.summary().join("\n");
    for part in [
        "basket (revenue per order) within 14 d: ",
        "of the variance of basket (revenue per order)",
        "returned (returns per line) within 14 d: ",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // It is one of what is looked at: two outcomes and two ratios of one arm.
    assert_eq!(page["findings"].as_array().unwrap().len(), 4);
    let again = product(&all).unwrap().load(&version.artefact()).unwrap();
    assert_eq!(again.page(), page);
}

#[test]
fn what_gets_worse_beyond_its_tolerance_is_said_before_anything_else() {
    let (history, _) = shop(2_000, SMALLER);
    let rails = [guarding("basket", 0.05), guarding("orders", 0.2)].concat();
    let version = fitted(&settings(&format!("{BASKET}{rails}")), &history).unwrap();
    let page = version.page();
    let says = |place: usize| {
        page["guardrails"][place]["says"]
            .as_object()
            .unwrap()
            .clone()
    };
    assert!(says(0).contains_key("broken"), "{page:#}");
    assert!(says(1).contains_key("kept"), "{page:#}");
    let change = |end: &str| number(&page, &format!("/guardrails/0/says/broken/{end}"));
    // Baskets are a fifth smaller, and one in eight more of those mailed is taken back: 0.8 · 0.75 / 0.875.
    let truth = 0.8 * 0.75 / 0.875 - 1.0;
    assert!(change("low") < truth && truth < change("high"), "{page:#}");
    let told = version.summary();
    assert!(
        told[0].starts_with("guardrail broken: mail changes basket (revenue per order) by -"),
        "{told:#?}"
    );
    assert!(told[0].ends_with("more than 5 % worse"), "{told:#?}");
    assert!(
        told.iter()
            .any(|line| line.starts_with("guardrail kept: mail changes orders per customer")),
        "{told:#?}"
    );
    let card = version.evaluate(&history, 7);
    assert_eq!(card.metrics[0].role, Role::Warns);
    assert_eq!(card.metrics[0].name, "change of basket (revenue per order)");
    assert!(card.notes[0].starts_with("guardrail broken"), "{card:#?}");
    // A read-out that was kept back would leave one in place that does not know of it.
    let Gate::Open { because } = card.gate(None) else {
        panic!("{card:#?}")
    };
    assert!(
        because.starts_with("warning: mail change of basket (revenue per order) -"),
        "{because}"
    );
}

#[test]
fn where_nothing_changes_no_guardrail_breaks_and_few_customers_leave_it_open() {
    let (history, _) = shop(4_000, NOTHING);
    let of = |history: &History, worse_by: f64| {
        let all = settings(&format!("{BASKET}{}", guarding("basket", worse_by)));
        let version = fitted(&all, history).unwrap();
        (
            version.page()["guardrails"][0]["says"].clone(),
            version.summary(),
        )
    };
    let (says, _) = of(&history, 0.1);
    assert!(says["kept"].is_object(), "{says:#}");
    let (few, _) = shop(60, NOTHING);
    let (says, told) = of(&few, 0.1);
    assert!(says["undecided"].is_object(), "{says:#}");
    assert!(
        told.iter()
            .any(|line| line.contains("whether it is 10 % worse cannot be said yet")),
        "{told:#?}"
    );
    let (fewer, _) = shop(12, NOTHING);
    let (says, told) = of(&fewer, 0.1);
    assert!(says["not_measurable"]["too_few"].is_object(), "{says:#}");
    assert!(
        told.iter()
            .any(|line| line.starts_with("guardrail open: whether mail makes basket")),
        "{told:#?}"
    );
}

#[test]
fn an_arm_without_a_denominator_has_no_ratio_and_says_so() {
    let nobody = Planted {
        orders: false,
        ..NOTHING
    };
    let (history, _) = shop(400, nobody);
    let rails = guarding("basket", 0.05);
    let version = fitted(&settings(&format!("{BASKET}{rails}")), &history).unwrap();
    let page = version.page();
    let basket = ratio(&page, "basket");
    let because = "the denominator of the treated arm is 0";
    for of in [&basket["effect"], &page["guardrails"][0]["says"]] {
        assert_eq!(
            of["not_measurable"]["does_not_apply"]["because"], because,
            "{of:#}"
        );
    }
    assert_eq!(basket["real"], false);
    let told = version.summary().join("\n");
    assert!(
        told.contains("what mail changes in basket (revenue per order) is not measurable"),
        "{told}"
    );
    let card = version.evaluate(&history, 7);
    let shown = card
        .metrics
        .iter()
        .find(|m| m.name == "basket (revenue per order)");
    assert_eq!(shown.unwrap().value.point(), None, "{card:#?}");
}

#[test]
fn broken_sizes_of_arms_leave_no_guardrail_to_be_read() {
    let (history, _) = shop(1_000, NOTHING);
    let all = settings(&guarding("revenue", 0.2));
    let draws = history.trials().assignments().to_vec();
    let kept = draws
        .into_iter()
        .enumerate()
        .filter(|(n, draw)| &*draw.arm == "none" || n % 3 == 0);
    let history = history.with_trials(Trials::new(kept.map(|(_, draw)| draw).collect(), []));
    let page = fitted(&all, &history).unwrap().page();
    let why = &page["guardrails"][0]["says"]["not_measurable"];
    assert!(
        why.to_string().contains("do not have the sizes asked"),
        "{page:#}"
    );
}

#[test]
fn ratios_and_guardrails_that_make_no_sense_are_refused_at_their_line() {
    let rails = |what: &str, worse_by: &str| {
        format!("[[settings.guardrail]]\noutcome = \"{what}\"\nworse_by = {worse_by}\n")
    };
    let of = |name: &str, of: &str, per: &str| {
        format!("[[settings.ratio]]\nname = \"{name}\"\nof = \"{of}\"\nper = \"{per}\"\n")
    };
    let twice = |one: &str| [one, one].concat();
    for (more, says) in [
        (
            of("basket", "spend", "orders"),
            "read-out.toml:9: unknown variant `spend`",
        ),
        (
            of("basket", "orders", "orders"),
            "read-out.toml:10: `settings.ratio.0.per` is \"orders\", as `of` is, allowed is another outcome than `of`",
        ),
        (
            of("revenue", "revenue", "orders"),
            "`settings.ratio.0.name` is \"revenue\", allowed is a name that no outcome and no other ratio has",
        ),
        (
            of("a (b)", "revenue", "orders"),
            "allowed is a name of letters",
        ),
        (of("", "revenue", "orders"), "allowed is a name of letters"),
        (twice(BASKET), "`settings.ratio.1.name` is \"basket\""),
        (
            format!("{BASKET}{}", of("cart", "revenue", "orders")),
            "what \"basket\" is the ratio of already, allowed is each ratio once",
        ),
        (format!("{BASKET}by = 3\n"), "unknown field `by`"),
        (
            rails("margin", "0.02"),
            "`settings.guardrail.0.outcome` is \"margin\", allowed is \"revenue\", \"orders\"",
        ),
        (
            format!("{BASKET}{}", rails("cart", "0.02")),
            "allowed is \"revenue\", \"orders\", \"basket\"",
        ),
        (
            twice(&rails("revenue", "0.02")),
            "`settings.guardrail.1.outcome` is \"revenue\" twice",
        ),
        (
            rails("revenue", "0.0"),
            "read-out.toml:9: `settings.guardrail.0.worse_by` is 0, allowed is above 0 and below 1",
        ),
        (
            rails("revenue", "1.0"),
            "`settings.guardrail.0.worse_by` is 1",
        ),
        (rails("revenue", "-0.1"), "is -0.1, allowed is above 0"),
        (rails("revenue", "nan"), "is NaN, allowed is above 0"),
    ] {
        let error = product(&settings(&more))
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains(says), "{more}: {error}");
    }
    let change = "outcomes = [\"revenue\"]\nchange = { method = \"difference_in_differences\", sites = [\"lyon\"], start = \"2026-03-02\" }\n";
    for (more, key) in [
        (BASKET.to_owned(), "ratio"),
        (rails("revenue", "0.1"), "guardrail"),
    ] {
        let error = product(&format!("{change}{more}"))
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("`settings.{key}` is it and `change`")),
            "{error}"
        );
    }
    // Costs are not known: a ratio of margin is refused as margin itself is.
    let (history, _) = shop(100, NOTHING);
    let of_margin = settings(&of("rate", "margin", "revenue"));
    let error = fitted(&of_margin, &history).map(|_| ()).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("knows the cost of no product"), "{source}");
}
