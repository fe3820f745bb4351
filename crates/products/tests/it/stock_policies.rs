//! Kind `stock`: orders that cost something by themselves, and one service of the whole shop.

use features::Supply;
use features::demand::Sold;
use features::supply::{Answer, Levels, OrderAnswer, Terms};
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

/// Units that the shop sold of a product at a site on a day.
fn sold_on(product: usize, site: usize, day: i32) -> f64 {
    crate::demand::units(product, site, day, crate::demand::is_promoted(day)) as f64
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
fn what_people_made_of_proposals_is_told_with_what_it_saved() {
    // What is asked for is what was sold: some of each day's, whatever was there.
    let day = |ago: i32| TODAY - ago;
    let answers = |author: &str, ordered: i64, answer: Answer| {
        let author = author.to_owned();
        (10..18).map(move |ago| OrderAnswer {
            author: author.clone(),
            product: "p1".to_owned(),
            site: "s0".to_owned(),
            ordered_on: day(ago),
            proposed: 60,
            answer,
            ordered,
        })
    };
    let mut given: Vec<OrderAnswer> = answers("ann", 60, Answer::Accepted)
        .chain(answers("bob", 0, Answer::Refused))
        .chain(answers("cat", 80, Answer::Changed))
        .collect();
    // Of this one the days are not over.
    given.push(OrderAnswer {
        ordered_on: day(1),
        ..given[8].clone()
    });
    given.sort_by_key(|of| of.ordered_on);
    let mut level = level("p1", "s0", TODAY, 0);
    // Nothing is left when an order arrives.
    level.days = (1..30).rev().map(|ago| (day(ago), 0)).collect();
    let supply = Supply {
        levels: vec![level],
        terms: vec![Terms {
            order_cost_cents: None,
            ..terms()
        }],
        answers: given,
        ..Supply::default()
    };
    let history = history(whole(), supply);
    let told = product("")
        .unwrap()
        .fit(&history, 1)
        .unwrap()
        .summary()
        .join("\n");
    assert!(
        told.contains("ann took 8 proposed orders as they were, changed 0 and refused 0: what that saved is not measurable"),
        "{told}"
    );
    let saved = |start: &str| -> [f64; 3] {
        let of = told.split(start).nth(1).unwrap_or_else(|| panic!("{told}"));
        let of = of.split(" cents (").collect::<Vec<_>>();
        let (low, high) = of[1].split(')').next().unwrap().split_once(" to ").unwrap();
        [of[0], low, high].map(|number| number.replace(',', "").parse().unwrap())
    };
    let by_hand = |ordered: f64| -> f64 {
        let each = (10..18).map(|ago| {
            // The order of a day arrives three days later and has to last for one.
            let at = day(ago - 3);
            let asked = sold_on(1, 0, at);
            let spent = |units: f64| {
                200.0 * (asked - units).max(0.0) + 100.0 * 0.25 / 365.25 * (units - asked).max(0.0)
            };
            spent(60.0) - spent(ordered)
        });
        each.sum::<f64>() / 8.0
    };
    for (start, ordered) in [
        (
            "bob took 0 proposed orders as they were, changed 0 and refused 9: each of 8 changes saved ",
            0.0,
        ),
        (
            "cat took 0 proposed orders as they were, changed 8 and refused 0: each of 8 changes saved ",
            80.0,
        ),
    ] {
        let [point, low, high] = saved(start);
        let truth = by_hand(ordered);
        assert!(
            (point - truth).abs() <= 0.001 * truth.abs() + 0.01,
            "{point} {truth}"
        );
        assert!(low < point && point < high, "{low} {point} {high}");
    }
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
