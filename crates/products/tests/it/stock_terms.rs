//! Kind `stock`: when suppliers take orders and how long those take, what services and budgets are for.

use features::demand::{CalendarDay, Demand, Sold};
use features::supply::{Levels, Replenishment, Terms};
use features::{History, HistoryBuilder, NewLine, Product as Item, Supply};
use products::{Decisions, Serving};
use schema::AsOf;
use schema::Estimate;
use schema::time::date_of;
use std::sync::Arc;

use crate::demand::{FIRST, decided, whole};
use crate::stock::{
    PRODUCTS, TODAY, attached, explained, history, level, line, product, serving, units, values,
};

fn terms(lead_time_days: Option<u32>) -> Terms {
    Terms {
        supplier: "x".to_owned(),
        lead_time_days,
        ..Terms::default()
    }
}

/// So many units of the three products at both sites.
fn levels(on_hand: i64, before: i32) -> Vec<Levels> {
    let lines = (0..3).flat_map(|p| (0..2).map(move |s| (p, s)));
    lines
        .map(|(p, s)| level(&format!("p{p}"), &format!("s{s}"), before, on_hand))
        .collect()
}

fn supply(lead_time_days: Option<u32>) -> Supply {
    Supply {
        levels: levels(0, TODAY),
        terms: vec![terms(lead_time_days)],
        ..Supply::default()
    }
}

fn sent(product: &str, ordered_on: i32, units: i64) -> Replenishment {
    Replenishment {
        product: product.to_owned(),
        site: "s0".to_owned(),
        supplier: Some("x".to_owned()),
        from_site: None,
        ordered_on,
        units,
        unit_cost_cents: None,
        due_on: None,
        received: None,
    }
}

/// As many products as an interval needs, that sell as the first three do.
fn ten() -> Demand {
    let mut demand = whole();
    for more in 3..PRODUCTS {
        let like = format!("p{}", more % 3);
        let of = demand.sold.iter().filter(|of| of.product == like);
        let of: Vec<Sold> = of.cloned().collect();
        demand.sold.extend(of.into_iter().map(|of| Sold {
            product: format!("p{more}"),
            ..of
        }));
    }
    demand
}

/// The share of what is asked for that is served, played on the last two weeks from empty shelves.
fn fill_rate(demand: Demand, settings: &str) -> f64 {
    let start = TODAY - 14;
    let lines = (0..PRODUCTS).flat_map(|p| (0..2).map(move |s| (p, s)));
    let levels = lines.map(|(p, s)| level(&format!("p{p}"), &format!("s{s}"), start, 0));
    let supply = Supply {
        levels: levels.collect(),
        ..supply(Some(1))
    };
    let history = history(demand, supply);
    let earlier = history.until(AsOf(date_of(start)));
    let fitted = product(settings).unwrap().fit(&earlier, 1).unwrap();
    let scorecard = fitted.evaluate(&history, 1);
    scorecard.metrics[1].value.point().unwrap()
}

/// Orders of all lines, in units.
fn orders(serving: &dyn Serving) -> f64 {
    let lines = (0..3).flat_map(|p| (0..2).map(move |s| (format!("p{p}"), format!("s{s}"))));
    lines
        .map(|(p, s)| units(&decided(serving, &p, Some(&s)), "order"))
        .sum()
}

#[test]
fn a_day_on_which_the_supplier_is_closed_is_one_more_to_last_for() {
    let order = |closed: &[i32]| {
        let mut demand = whole();
        demand.calendar.extend(closed.iter().map(|day| CalendarDay {
            day: TODAY + day,
            site: Some("x".to_owned()),
            open: false,
            holiday: None,
            school_holiday: None,
        }));
        let serving = serving(&history(demand, supply(Some(3))), "");
        decided(serving.as_ref(), "p1", Some("s0"))
    };
    let days = |of: &Decisions| values(of, "order", "needed")[0]["days"].clone();
    let plain = order(&[]);
    assert_eq!(days(&plain), "4.000");
    // Tomorrow and the day after nothing can be ordered: today's order has to last for two days more.
    let before = order(&[1, 2]);
    assert_eq!(days(&before), "6.000");
    assert!(units(&before, "order") > units(&plain, "order"));
    let closed = order(&[0, 1]);
    assert_eq!(units(&closed, "order"), 0.0);
    assert_eq!(values(&closed, "order", "not_today")[0]["days"], 2);
}

#[test]
fn days_played_are_without_orders_while_the_supplier_is_closed() {
    let mut demand = ten();
    let open = fill_rate(demand.clone(), "");
    let closed = TODAY - 14..TODAY - 3;
    demand.calendar.extend(closed.map(|day| CalendarDay {
        day,
        site: Some("x".to_owned()),
        open: false,
        holiday: None,
        school_holiday: None,
    }));
    let closed = fill_rate(demand, "");
    assert!(open > 0.8 && closed < 0.3, "{open} {closed}");
}

/// The shop with a category for each product: `a` for the first, `b` for the others.
fn with_categories(supply: Supply) -> Arc<History> {
    let mut builder = HistoryBuilder::default();
    builder.push(NewLine {
        customer: None,
        product: "p0",
        order: "o",
        at_seconds: i64::from(FIRST) * 86_400,
        quantity: 1,
        spend_cents: 300,
        discount_cents: 0,
        is_return: false,
    });
    let items = (0..3).map(|p| Item {
        id: format!("p{p}"),
        active: true,
        category: Some(if p == 0 { "a" } else { "b" }.to_owned()),
        price_cents: Some(300),
        cost_cents: Some(100),
        ..Item::default()
    });
    let history = builder.build(AsOf(date_of(TODAY)), items.collect());
    Arc::new(history.with_demand(whole()).with_supply(supply))
}

#[test]
fn a_category_keeps_its_own_service() {
    let history = with_categories(supply(Some(3)));
    for (goal, code) in [
        ("cycle_service", "for_cycle_service"),
        ("fill_rate", "for_fill_rate"),
    ] {
        let of = |services: &str| {
            let settings =
                format!("unmet = \"waits\"\ngoal = \"{goal}\"\nservice = 0.9\n{services}");
            let serving = serving(&history, &settings);
            ["p0", "p1"].map(|p| {
                let decided = decided(serving.as_ref(), p, Some("s0"));
                let told = values(&decided, "order", code)[0]["service"].clone();
                (units(&decided, "order"), told)
            })
        };
        let plain = of("");
        let [a, b] = of("services = { \"a\" = 0.995 }\n");
        assert_eq!((&a.1, &b.1), (&"99.50".into(), &"90.00".into()), "{goal}");
        assert!(a.0 > plain[0].0 && b == plain[1], "{goal}: {a:?} {plain:?}");
    }
}

#[test]
fn each_category_reaches_its_service_of_the_shop_by_itself() {
    let history = with_categories(supply(Some(3)));
    let settings = "unmet = \"waits\"\ngoal = \"shop_service\"\nservice = 0.9\nservices = { a = 0.99, nothing = 0.8 }\n";
    let serving = serving(&history, settings);
    let missing = |products: &[&str]| {
        let lines = products.iter().flat_map(|p| ["s0", "s1"].map(|s| (*p, s)));
        let (mut asked, mut lost) = (0.0, 0.0);
        for (p, s) in lines {
            let of = explained(serving.as_ref(), p, s);
            asked += line(&of, "expected to be asked for").unwrap();
            lost += units(&decided(serving.as_ref(), p, Some(s)), "lost");
        }
        lost / asked
    };
    let (a, others) = (missing(&["p0"]), missing(&["p1", "p2"]));
    assert!((0.0..=0.01 + 1e-9).contains(&a), "{a}");
    assert!(others <= 0.1 + 1e-9 && others > 0.05, "{others}");
    let summary = product(settings)
        .unwrap()
        .fit(&history, 1)
        .unwrap()
        .summary();
    let told = summary.join("\n");
    assert!(
        told.contains("1 categories with a service have no product: nothing"),
        "{told}"
    );
}

#[test]
fn services_that_mean_nothing_are_refused() {
    for (settings, says) in [
        (
            "services = { a = 0.9 }",
            "`settings.services` is {\"a\": 0.9}, allowed is nothing while `goal` is \"cost\"",
        ),
        (
            "goal = \"fill_rate\"\nservices = { a = 0.9, b = 0.4 }",
            "`settings.services` is b = 0.4, allowed is 0.5 to 0.999",
        ),
        (
            "budget_days = 0",
            "`settings.budget_days` is 0, allowed is 1 to 366",
        ),
        (
            "lead_time_unknown = \"guess\"",
            "unknown variant `guess`, expected `assume` or `refuse`",
        ),
    ] {
        let error = product(settings).err().unwrap().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn what_was_ordered_within_its_days_is_taken_off_a_budget() {
    let with = |days: u32, replenishments: Vec<Replenishment>| {
        let supply = Supply {
            replenishments,
            ..supply(Some(3))
        };
        let settings = format!("budgets = {{ x = 100 }}\nbudget_days = {days}\n");
        serving(&history(whole(), supply), &settings)
    };
    // A hundred units cost a hundred, and far more is wanted.
    assert_eq!(orders(with(1, Vec::new()).as_ref()), 100.0);
    let before = vec![
        sent("p9", TODAY - 3, 11),
        sent("p9", TODAY - 2, 20),
        sent("p9", TODAY, 30),
    ];
    let of = with(3, before.clone());
    assert_eq!(orders(of.as_ref()), 50.0);
    let decided = decided(of.as_ref(), "p1", Some("s0"));
    let used = &values(&decided, "order", "budget_used")[0];
    assert_eq!(
        (
            &used["used"],
            &used["budget"],
            &used["days"],
            &used["supplier"]
        ),
        (&5_000.into(), &10_000.into(), &3.into(), &"x".into())
    );
    // Of today alone, as a second run of the day finds it.
    assert_eq!(orders(with(1, before.clone()).as_ref()), 70.0);
    // What an order says that a unit costs holds, and nothing is left below nothing.
    let dear = Replenishment {
        unit_cost_cents: Some(2_000),
        ..sent("p9", TODAY, 30)
    };
    assert_eq!(orders(with(1, vec![dear]).as_ref()), 0.0);
    // What costs nobody knows how much is told.
    let unknown = with(2, vec![sent("nobody knows", TODAY - 1, 5)]);
    assert_eq!(orders(unknown.as_ref()), 100.0);
    let decided = crate::demand::decided(unknown.as_ref(), "p1", Some("s0"));
    assert_eq!(
        values(&decided, "order", "budget_cost_unknown")[0]["lines"],
        1
    );
}

#[test]
fn a_budget_of_many_days_is_spent_once_while_days_are_played() {
    let of = |days: u32| {
        let settings = format!("budgets = {{ x = 700 }}\nbudget_days = {days}\n");
        fill_rate(ten(), &settings)
    };
    let (each, once) = (of(1), of(14));
    // Seven hundred units are about a day's sales, and a twelfth of all.
    assert!(each > 0.6 && once < 0.15, "{each} {once}");
}

#[test]
fn an_order_says_where_its_lead_time_comes_from() {
    let of = |supply: Supply, settings: &str| {
        let serving = serving(&history(whole(), supply), settings);
        decided(serving.as_ref(), "p1", Some("s0"))
    };
    let by_terms = of(supply(Some(3)), "");
    let told = &values(&by_terms, "order", "lead_time_by_terms")[0];
    assert_eq!(
        (&told["days"], &told["supplier"]),
        (&"3.000".into(), &"x".into())
    );
    // No terms and no receipts: the settings of these tests say six days.
    let by_settings = of(
        Supply {
            terms: Vec::new(),
            ..supply(None)
        },
        "",
    );
    assert_eq!(
        values(&by_settings, "order", "lead_time_by_settings")[0]["days"],
        "6.000"
    );
    let receipts = (0..20).map(|n| Replenishment {
        received: Some((TODAY - 100 + n + 2, 5)),
        ..sent("p9", TODAY - 100 + n, 5)
    });
    let learnt = Supply {
        replenishments: receipts.collect(),
        ..supply(Some(3))
    };
    let by_receipts = of(learnt, "");
    let told = &values(&by_receipts, "order", "lead_time_by_receipts")[0];
    assert_eq!(
        (&told["days"], &told["receipts"]),
        (&"2.000".into(), &20.into())
    );
}

#[test]
fn a_lead_time_of_no_days_is_one_and_an_unknown_one_is_none() {
    let none = serving(&history(whole(), supply(Some(0))), "");
    let at_once = decided(none.as_ref(), "p1", Some("s0"));
    // It is there tomorrow, and so is what is ordered then.
    assert_eq!(
        values(&at_once, "order", "lead_time_by_terms")[0]["days"],
        "0"
    );
    assert_eq!(values(&at_once, "order", "needed")[0]["days"], "1.000");
    let sold = crate::demand::units(1, 0, TODAY, crate::demand::is_promoted(TODAY)) as f64;
    let order = units(&at_once, "order");
    assert!((0.8 * sold..2.0 * sold).contains(&order), "{order} {sold}");
    explained(none.as_ref(), "p1", "s0");

    let unknown = history(whole(), supply(None));
    let refusing = "lead_time_unknown = \"refuse\"\n";
    let fitted = product(refusing).unwrap().fit(&unknown, 1).unwrap();
    let serving = attached(&unknown, fitted.as_ref());
    let refused = decided(serving.as_ref(), "p1", Some("s0"));
    assert_eq!(values(&refused, "order", "lead_time_unknown").len(), 1);
    let order = &refused.actions[0];
    assert!(matches!(order.estimate, Some(Estimate::NotMeasurable(_))) && order.score.is_none());
    // The naive rule knows no better.
    let now = jiff::Timestamp::UNIX_EPOCH;
    let asked = crate::demand::asked("p1", Some("s0"));
    let naive = serving.baseline(&asked, now).unwrap();
    assert_eq!(naive.actions[0].score, None);
}
