//! Kind `stock`: orders that cost something by themselves, and one service of the whole shop.

use features::Supply;
use features::demand::Sold;
use features::supply::{Levels, Terms};
use products::{Decisions, Serving};
use schema::AsOf;
use schema::time::date_of;

use crate::demand::{decided, whole};
use crate::stock::{
    PRODUCTS, TODAY, explained, history, level, line, product, serving, units, values,
};

/// One supplier that takes three days, of whom an order of a product costs five of the shop's currency.
fn terms() -> Terms {
    Terms {
        supplier: "x".to_owned(),
        lead_time_days: Some(3),
        order_cost_cents: Some(500),
        ..Terms::default()
    }
}

/// Units of all products at both sites, by product and site.
fn levels(products: i32, before: i32, units: impl Fn(i32, i32) -> i64) -> Vec<Levels> {
    let lines = (0..products).flat_map(|p| (0..2).map(move |s| (p, s)));
    lines
        .map(|(p, s)| level(&format!("p{p}"), &format!("s{s}"), before, units(p, s)))
        .collect()
}

fn answer(settings: &str, supply: Supply) -> (Box<dyn Serving>, Decisions) {
    let serving = serving(&history(whole(), supply), settings);
    let decided = decided(serving.as_ref(), "p1", Some("s0"));
    (serving, decided)
}

#[test]
fn an_order_that_costs_something_waits_until_it_is_worth_it_and_brings_more_then() {
    let with = |on_hand: i64| Supply {
        levels: levels(3, TODAY, |_, _| on_hand),
        terms: vec![terms()],
        ..Supply::default()
    };
    let weighed = "weigh_order_costs = true\n";
    let (_, enough) = answer(weighed, with(900));
    assert_eq!(units(&enough, "order"), 0.0);
    let waits = &values(&enough, "order", "order_waits")[0];
    assert_eq!(waits["cost"], "500.0");
    let point = waits["point"].as_i64().unwrap();
    // Four days until the delivery after this one, of which three are promoted, sell some two hundred.
    assert!((120..300).contains(&point), "{waits}");
    let (serving, due) = answer(weighed, with(point));
    let brings = &values(&due, "order", "for_order_cost")[0];
    let level = brings["level"].as_f64().unwrap();
    let order = units(&due, "order");
    // Keeping a unit costs a fifteenth of a cent a day: five hundred pay for some twenty days.
    assert!(
        order > 400.0 && order <= level - point as f64 + 1.0,
        "{due:?}"
    );
    let lasts = units(&due, "cover");
    assert!((10.0..40.0).contains(&lasts), "{lasts}");
    explained(serving.as_ref(), "p1", "s0");
    let (_, above) = answer(weighed, with(point + 1));
    assert_eq!(units(&above, "order"), 0.0);
    // What perishes is not ordered ahead.
    let perishing = |settings: &str| {
        let mut supply = with(100);
        supply.terms[0].shelf_life_days = Some(4);
        units(&answer(settings, supply).1, "order")
    };
    assert_eq!(perishing(weighed), perishing(""));
    // Where orders are taken to cost nothing each day orders for itself.
    let (_, plain) = answer("", with(100));
    let (_, more) = answer(weighed, with(100));
    assert!(
        units(&more, "order") > 3.0 * units(&plain, "order"),
        "{plain:?} {more:?}"
    );
    assert!(values(&plain, "order", "for_order_cost").is_empty());
}

#[test]
fn lines_share_what_an_order_of_their_supplier_costs_and_join_it() {
    let with = |first: i64| Supply {
        levels: levels(3, TODAY, |p, s| if (p, s) == (1, 0) { first } else { 420 }),
        terms: vec![Terms {
            order_cost_cents: None,
            ..terms()
        }],
        ..Supply::default()
    };
    let orders = |first: i64| -> Vec<f64> {
        let settings = "order_costs = { x = 30 }\n";
        let serving = serving(&history(whole(), with(first)), settings);
        let lines = (0..3).flat_map(|p| (0..2).map(move |s| (p, s)));
        lines
            .map(|(p, s)| {
                let (p, s) = (format!("p{p}"), format!("s{s}"));
                units(&decided(serving.as_ref(), &p, Some(&s)), "order")
            })
            .collect()
    };
    assert!(orders(420).iter().all(|units| *units == 0.0));
    // One must be ordered, and the order is paid: the others are half-way there.
    let joined = orders(60);
    assert!(
        joined.iter().filter(|units| **units > 0.0).count() >= 4,
        "{joined:?}"
    );
    assert!(joined[2] > 200.0, "{joined:?}");
}

#[test]
fn days_played_cost_less_where_orders_are_weighed() {
    let start = TODAY - 14;
    let mut demand = whole();
    for more in 3..PRODUCTS {
        let like = format!("p{}", more % 3);
        let like: Vec<Sold> = demand
            .sold
            .iter()
            .filter(|of| of.product == like)
            .cloned()
            .collect();
        demand.sold.extend(like.into_iter().map(|of| Sold {
            product: format!("p{more}"),
            ..of
        }));
    }
    let supply = |cents: Option<i64>| Supply {
        levels: levels(PRODUCTS, start, |_, _| 150),
        terms: vec![Terms {
            order_cost_cents: cents,
            ..terms()
        }],
        ..Supply::default()
    };
    let cost = |settings: &str, cents: Option<i64>| {
        let history = history(demand.clone(), supply(cents));
        let earlier = history.until(AsOf(date_of(start)));
        let fitted = product(settings).unwrap().fit(&earlier, 1).unwrap();
        fitted.evaluate(&history, 1).metrics[0]
            .value
            .point()
            .unwrap()
    };
    let (plain, weighed) = (
        cost("", Some(500)),
        cost("weigh_order_costs = true\n", Some(500)),
    );
    assert!(weighed < 0.6 * plain, "{weighed} {plain}");
    // What an order of the supplier costs is spent once for all that is in it.
    let supplier = cost("order_costs = { x = 100 }\n", None);
    let lines = cost("weigh_order_costs = true\n", Some(10_000));
    assert!(supplier < lines, "{supplier} {lines}");
}

#[test]
fn one_service_of_the_shop_is_reached_where_it_takes_least_stock() {
    let of = |p: usize, cents: i64| Terms {
        product: Some(format!("p{p}")),
        unit_cost_cents: Some(cents),
        order_cost_cents: None,
        ..terms()
    };
    let supply = || Supply {
        levels: levels(3, TODAY, |_, _| 0),
        terms: vec![of(0, 10), of(1, 250), of(2, 250)],
        ..Supply::default()
    };
    let shares = |settings: &str| {
        let serving = serving(&history(whole(), supply()), settings);
        let (mut asked, mut lost, mut cents) = (Vec::new(), Vec::new(), Vec::new());
        for (p, s) in (0..3).flat_map(|p| (0..2).map(move |s| (p, s))) {
            let (p, s) = (format!("p{p}"), format!("s{s}"));
            let decided = decided(serving.as_ref(), &p, Some(&s));
            let of = explained(serving.as_ref(), &p, &s);
            asked.push(line(&of, "expected to be asked for").unwrap());
            lost.push(units(&decided, "lost"));
            let why = values(&decided, "order", "for_shop_service");
            cents.extend(why.iter().map(|of| of["cents"].clone()));
        }
        (asked, lost, cents)
    };
    let goal =
        |more: &str| format!("unmet = \"waits\"\ngoal = \"shop_service\"\nservice = 0.98\n{more}");
    let (asked, lost, cents) = shares(&goal(""));
    let missing = lost.iter().sum::<f64>() / asked.iter().sum::<f64>();
    assert!(missing <= 0.02 + 1e-9 && missing > 0.01, "{missing}");
    // A unit of the first costs a twenty-fifth of the others: more of it is there.
    let share = |of: std::ops::Range<usize>| {
        lost[of.clone()].iter().sum::<f64>() / asked[of].iter().sum::<f64>()
    };
    assert!(share(0..2) < 0.5 * share(2..6), "{lost:?} {asked:?}");
    // One price of a missing unit for all.
    assert!(
        cents.len() == 6 && cents.iter().all(|of| *of == cents[0]),
        "{cents:?}"
    );
    let (_, by_revenue, _) = shares(&goal("service_of = \"revenue\"\n"));
    assert_eq!(by_revenue, lost, "all prices are the same");
}
