//! Kind `stock` on a small shop whose sales and stock are planted: what is moved, what is ordered, and how it is told.

use features::demand::{Change, Demand, Override, Sold};
use features::supply::{Levels, Replenishment, Terms};
use features::{History, HistoryBuilder, NewLine, Product as Item, Supply};
use products::{Action, Decisions, Explanation, Fitted, Product, Raw, Recent, Serving, Shop};
use schema::config::ConfigFile;
use schema::time::date_of;
use schema::{AsOf, ConfigError};
use std::sync::Arc;

use crate::demand::{DAYS, FIRST, asked, decided, whole};

/// The first day that is not known.
pub(crate) const TODAY: i32 = FIRST + DAYS;

pub(crate) fn product(settings: &str) -> Result<Box<dyn Product>, ConfigError> {
    let text = format!(
        "kind = \"stock\"\nowner = \"tests\"\n\n[settings]\nhorizon_days = 14\nheld_out_days = 14\n\
         lead_time_days = 6\nrows_max = 10000\n{settings}"
    );
    Raw::read(ConfigFile::new("stock.toml", text))?.check()
}

/// Products with a price.
pub(crate) const PRODUCTS: i32 = 10;

/// The shop, with prices and costs of its products.
pub(crate) fn history(demand: Demand, supply: Supply) -> Arc<History> {
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
    let items = (0..PRODUCTS).map(|p| Item {
        id: format!("p{p}"),
        active: true,
        price_cents: Some(300),
        cost_cents: Some(100),
        ..Item::default()
    });
    let history = builder.build(AsOf(date_of(TODAY)), items.collect());
    Arc::new(history.with_demand(demand).with_supply(supply))
}

pub(crate) fn serving(history: &Arc<History>, settings: &str) -> Box<dyn Serving> {
    let fitted = product(settings).unwrap().fit(history, 1).unwrap();
    attached(history, fitted.as_ref())
}

pub(crate) fn attached(history: &Arc<History>, fitted: &dyn Fitted) -> Box<dyn Serving> {
    let rules = decisions::RuleSet::default();
    let shop = Shop::new(Arc::clone(history), &rules, Arc::new(Recent::default()));
    fitted.attach(Arc::new(shop))
}

/// What is on hand in the evening before a day.
pub(crate) fn level(product: &str, site: &str, before: i32, units: i64) -> Levels {
    Levels {
        product: product.to_owned(),
        site: site.to_owned(),
        days: vec![(before - 1, units)],
    }
}

/// Nothing of `p1` at `s0`, far too much at `s1`.
fn uneven() -> Supply {
    Supply {
        levels: vec![level("p1", "s0", TODAY, 0), level("p1", "s1", TODAY, 2_000)],
        ..Supply::default()
    }
}

pub(crate) fn action<'a>(decided: &'a Decisions, id: &str) -> Option<&'a Action> {
    decided.actions.iter().find(|action| action.id == id)
}

pub(crate) fn units(decided: &Decisions, id: &str) -> f64 {
    action(decided, id).map_or(0.0, |action| action.score.unwrap())
}

/// The values of the reasons with a code, of an action.
pub(crate) fn values(decided: &Decisions, id: &str, code: &str) -> Vec<serde_json::Value> {
    let reasons = action(decided, id).map(|action| action.reasons.list());
    let of = reasons.unwrap_or_default().into_iter();
    of.filter(|reason| reason.code == code)
        .map(|reason| serde_json::to_value(reason.values).unwrap())
        .collect()
}

pub(crate) fn explained(serving: &dyn Serving, product: &str, site: &str) -> Explanation {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let of = serving.explain(&asked(product, Some(site)), None, now);
    let of = of.unwrap();
    let sum: f64 = of.lines.iter().map(|line| line.contribution).sum();
    assert!((sum - of.score).abs() < 1e-6 * of.score.max(1.0), "{of:?}");
    of
}

pub(crate) fn line(of: &Explanation, what: &str) -> Option<f64> {
    let line = of.lines.iter().find(|line| line.what == what);
    line.map(|line| line.contribution)
}

const ANYWHERE: &str = "transfers = { \"*\" = [\"*\"] }\ntransfer_days = 1\ntransfer_cents = 25\n";

#[test]
fn who_runs_out_gets_what_another_can_spare_until_its_supplier_comes() {
    let history = history(whole(), uneven());
    let serving = serving(&history, ANYWHERE);
    let here = decided(serving.as_ref(), "p1", Some("s0"));
    let there = decided(serving.as_ref(), "p1", Some("s1"));
    let received = units(&here, "receive");
    assert_eq!(received, units(&there, "send"));
    // From tomorrow to the delivery in six days five days sell: some 36 on each, twice as many on Saturday, half as many
    // again in the promotion of the first three days.
    assert!((170.0..330.0).contains(&received), "{received}");
    let of = &values(&here, "receive", "receive_from")[0];
    assert_eq!(
        (of["site"].as_str(), of["units"].as_f64()),
        (Some("s1"), Some(received))
    );
    let number = |name: &str| {
        of[name]
            .as_str()
            .unwrap()
            .replace(',', "")
            .parse::<f64>()
            .unwrap()
    };
    // Of what is sent nearly all sells, for two a unit, less what moving it costs.
    assert!((number("missing") / received - 1.0).abs() < 0.1, "{of}");
    assert!(
        (number("cost") / (25.0 * received) - 1.0).abs() < 0.01,
        "{of}"
    );
    let saved = 200.0 * number("missing") - number("cost");
    assert!((number("saved") / saved - 1.0).abs() < 0.02, "{of}");
    assert_eq!(values(&there, "send", "send_to")[0]["site"], "s0");
    assert_eq!(values(&here, "order", "receive_from").len(), 1);
    // Why not more: another one would hardly sell before the delivery.
    let why = &values(&here, "order", "transfer_not_worth");
    assert!(why.len() <= 1 && values(&here, "order", "transfer_none_to_spare").is_empty());
    let order = explained(serving.as_ref(), "p1", "s0");
    assert_eq!(line(&order, "sent here from other sites"), Some(-received));
    assert_eq!(
        line(
            &explained(serving.as_ref(), "p1", "s1"),
            "sent to other sites"
        ),
        Some(received)
    );
    // Nothing is known of the stock of the others: nothing is moved, and they say so.
    let other = decided(serving.as_ref(), "p2", Some("s0"));
    assert_eq!(
        (units(&other, "receive"), other.actions[0].score),
        (0.0, None)
    );
    let without = self::serving(&history, "");
    let plain = decided(without.as_ref(), "p1", Some("s0"));
    assert!(action(&plain, "receive").is_none() && values(&plain, "order", "send_to").is_empty());
}

#[test]
fn what_is_sent_here_need_not_be_ordered() {
    let history = history(whole(), uneven());
    let waits = "unmet = \"waits\"\n";
    let plain = decided(serving(&history, waits).as_ref(), "p1", Some("s0"));
    let moved = decided(
        serving(&history, &format!("{waits}{ANYWHERE}")).as_ref(),
        "p1",
        Some("s0"),
    );
    let received = units(&moved, "receive");
    assert!(received > 100.0);
    assert_eq!(units(&moved, "order") + received, units(&plain, "order"));
    assert!(units(&moved, "lost") <= units(&plain, "lost") + 1e-9);
}

#[test]
fn a_depot_that_sells_nothing_sends_and_only_those_send_that_may() {
    let mut supply = uneven();
    supply.levels.push(level("p1", "w", TODAY, 90));
    let history = history(whole(), supply);
    let from_depot = "transfers = { \"w\" = [\"s0\"] }\ntransfer_days = 1\ntransfer_cents = 25\n";
    let serving = serving(&history, from_depot);
    let here = decided(serving.as_ref(), "p1", Some("s0"));
    // Ninety are all there are.
    assert_eq!(units(&here, "receive"), 90.0);
    assert_eq!(values(&here, "receive", "receive_from")[0]["site"], "w");
    assert_eq!(values(&here, "order", "transfer_none_to_spare").len(), 1);
    let there = decided(serving.as_ref(), "p1", Some("s1"));
    assert!(action(&there, "send").is_none() && action(&there, "receive").is_none());
}

#[test]
fn what_is_not_worth_its_shipment_or_too_little_stays_and_says_why() {
    let history = history(whole(), uneven());
    for (setting, code) in [
        ("shipment_cents = 4000000\n", "transfer_shipment"),
        ("transfer_gain_cents = 4000000\n", "transfer_saves_little"),
    ] {
        let serving = serving(&history, &format!("{ANYWHERE}{setting}"));
        let here = decided(serving.as_ref(), "p1", Some("s0"));
        assert!(action(&here, "receive").is_none(), "{code}");
        let why = &values(&here, "order", code)[0];
        assert!(
            why["site"] == "s1" && why["units"].as_f64() > Some(100.0),
            "{why}"
        );
        explained(serving.as_ref(), "p1", "s0");
    }
}

#[test]
fn what_would_perish_is_moved_where_it_sells_in_time() {
    // Received three days ago and good for twelve: in nine days some four hundred sell there. At the other site the stock
    // lasts until the next delivery, but not for nine days.
    let came = Replenishment {
        product: "p1".to_owned(),
        site: "s1".to_owned(),
        supplier: Some("x".to_owned()),
        from_site: None,
        ordered_on: TODAY - 8,
        units: 900,
        unit_cost_cents: None,
        due_on: None,
        received: Some((TODAY - 3, 900)),
    };
    let supply = |shelf_life_days: Option<u32>| Supply {
        levels: vec![level("p1", "s0", TODAY, 260), level("p1", "s1", TODAY, 900)],
        replenishments: vec![came.clone()],
        terms: vec![Terms {
            supplier: "x".to_owned(),
            lead_time_days: Some(6),
            shelf_life_days,
            ..Terms::default()
        }],
        ..Supply::default()
    };
    let moved = |shelf_life_days: Option<u32>| {
        let history = history(whole(), supply(shelf_life_days));
        let serving = serving(&history, ANYWHERE);
        decided(serving.as_ref(), "p1", Some("s0"))
    };
    let keeps = units(&moved(None), "receive");
    let perishes = moved(Some(12));
    let received = units(&perishes, "receive");
    assert!(received > keeps, "{received} {keeps}");
    let of = &values(&perishes, "receive", "receive_from")[0];
    assert!(
        of["wasted"].as_str().unwrap().parse::<f64>().unwrap() > 10.0,
        "{of}"
    );
    // What would perish on the way stays.
    assert_eq!(units(&moved(Some(4)), "receive"), 0.0);
}

#[test]
fn what_was_sent_yesterday_is_on_its_way() {
    let mut supply = uneven();
    supply.replenishments.push(Replenishment {
        product: "p1".to_owned(),
        site: "s0".to_owned(),
        supplier: None,
        from_site: Some("s1".to_owned()),
        ordered_on: TODAY - 1,
        units: 150,
        unit_cost_cents: None,
        due_on: None,
        received: None,
    });
    let again = history(whole(), supply);
    let first = history(whole(), uneven());
    let here = decided(serving(&again, ANYWHERE).as_ref(), "p1", Some("s0"));
    assert_eq!(values(&here, "order", "stock_position")[0]["on_order"], 150);
    let before = decided(serving(&first, ANYWHERE).as_ref(), "p1", Some("s0"));
    let (now, then) = (units(&here, "receive"), units(&before, "receive"));
    // It comes today, when some fifty sell that would otherwise be lost.
    assert!((then - now - 100.0).abs() < 25.0, "{now} {then}");
}

#[test]
fn days_played_with_transfers_cost_less_where_one_has_what_another_lacks() {
    let start = TODAY - 14;
    let supply = Supply {
        levels: (0..PRODUCTS)
            .flat_map(|p| {
                let of = format!("p{p}");
                [("s0", 0), ("s1", 400), ("w", 600)].map(|(at, units)| level(&of, at, start, units))
            })
            .collect(),
        ..Supply::default()
    };
    // So many products that the figures have an interval.
    let mut demand = whole();
    for more in 3..PRODUCTS {
        let like = format!("p{}", more % 3);
        let like: Vec<_> = demand
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
    let history = history(demand, supply);
    let measured = |settings: &str| {
        let product = product(settings).unwrap();
        let earlier = history.until(AsOf(date_of(start)));
        product.fit(&earlier, 1).unwrap().evaluate(&history, 1)
    };
    let plain = measured("");
    let moved =
        measured("transfers = { \"w\" = [\"*\"] }\ntransfer_days = 1\ntransfer_cents = 25\n");
    let cost = |of: &schema::Scorecard| of.metrics[0].value.point().unwrap();
    let fill = |of: &schema::Scorecard| of.metrics[1].value.point().unwrap();
    // Of some five days without a delivery four are served.
    assert!(
        fill(&moved) > fill(&plain) + 0.1,
        "{} {}",
        fill(&moved),
        fill(&plain)
    );
    assert!(
        cost(&moved) < 0.8 * cost(&plain),
        "{} {}",
        cost(&moved),
        cost(&plain)
    );
    assert!(
        moved
            .notes
            .iter()
            .any(|note| note.starts_with("goods are moved between sites"))
    );
}

#[test]
fn what_planners_change_is_ordered_told_and_adds_up() {
    let change = |id: &str, first: i32, last: i32, change: Change| Override {
        id: id.to_owned(),
        made_at_seconds: i64::from(TODAY - 7) * 86_400,
        author: "ann".to_owned(),
        product: Some("p1".to_owned()),
        category: None,
        site: Some("s0".to_owned()),
        first,
        last,
        change,
        reason: Some("a fair".to_owned()),
    };
    let supply = || Supply {
        levels: vec![level("p1", "s0", TODAY, 300), level("p1", "s1", TODAY, 300)],
        ..Supply::default()
    };
    // Who finds nothing waits, so that all of it is ordered.
    let waits = "unmet = \"waits\"\n";
    let plain = serving(&history(whole(), supply()), waits);
    let demand = Demand {
        // The first day, twice; then a fair within the week; and one beyond what an order of today has to last for.
        overrides: vec![
            change("twice", TODAY, TODAY, Change::Factor(2.0)),
            change("fair", TODAY + 3, TODAY + 4, Change::More(200.0)),
            change("later", TODAY + 10, TODAY + 10, Change::More(500.0)),
        ],
        ..whole()
    };
    let changed_history = history(demand, supply());
    let fitted = product(waits).unwrap().fit(&changed_history, 1).unwrap();
    let changed = attached(&changed_history, fitted.as_ref());
    let of = |serving: &dyn Serving, site: &str| explained(serving, "p1", site);
    let (before, after) = (of(plain.as_ref(), "s0"), of(changed.as_ref(), "s0"));
    let asked = "expected to be asked for";
    // What is expected without the changes is told as it was, beside what each of them adds.
    assert!((line(&before, asked).unwrap() - line(&after, asked).unwrap()).abs() < 1e-6);
    assert!(
        (line(&after, "change of ann (fair)").unwrap() - 200.0).abs() < 1e-6,
        "{after:?}"
    );
    let twice = line(&after, "change of ann (twice)").unwrap();
    assert!((40.0..65.0).contains(&twice), "{after:?}");
    assert_eq!(line(&after, "change of ann (later)"), None);
    let more = after.score - before.score;
    assert!((more - 200.0 - twice).abs() < 60.0, "{before:?} {after:?}");
    let decided = decided(changed.as_ref(), "p1", Some("s0"));
    let told = values(&decided, "order", "override");
    let fair = told.iter().find(|of| of["change"] == "fair").unwrap();
    assert!(
        fair["more"] == "200.0" && fair["why"] == "a fair",
        "{told:?}"
    );
    // Another site is ordered for as before.
    assert_eq!(
        of(plain.as_ref(), "s1").score,
        of(changed.as_ref(), "s1").score
    );
}

#[test]
fn what_changes_of_planners_were_worth_is_told_when_a_version_learns() {
    // Ann says every week of a day that was as usual that it would sell twice as much.
    let overrides = (3..20).map(|week| Override {
        id: format!("w{week}"),
        made_at_seconds: i64::from(TODAY - 7 * week - 2) * 86_400,
        author: "ann".to_owned(),
        product: Some("p1".to_owned()),
        category: None,
        site: Some("s0".to_owned()),
        first: TODAY - 7 * week + 1,
        last: TODAY - 7 * week + 1,
        change: Change::Factor(2.0),
        reason: None,
    });
    let mut overrides: Vec<Override> = overrides.collect();
    overrides.sort_by_key(|of| of.made_at_seconds);
    let demand = Demand {
        overrides,
        ..whole()
    };
    let history = history(demand, uneven());
    let fitted = product("").unwrap().fit(&history, 1).unwrap();
    let told = fitted.summary().join("\n");
    assert!(
        told.contains("changes of forecasts by ann: absolute error "),
        "{told}"
    );
}

#[test]
fn what_nothing_is_proposed_for_is_counted_and_named() {
    let mut demand = whole();
    for sold in &mut demand.sold {
        if sold.product == "p2" && sold.site.as_deref() == Some("s1") {
            sold.site = None;
        }
    }
    let term = |product: &str, site: &str| Terms {
        product: Some(product.to_owned()),
        site: Some(site.to_owned()),
        supplier: "x".to_owned(),
        // Dearer than it sells for.
        unit_cost_cents: (product == "p0" && site == "s0").then_some(400),
        ..Terms::default()
    };
    let levels = ["p0", "p1"]
        .iter()
        .flat_map(|p| ["s0", "s1", "w"].map(|s| level(p, s, TODAY, 50)));
    let mut supply = Supply {
        levels: levels.collect(),
        terms: vec![term("p0", "s0"), term("p9", "s0"), term("p1", "s7")],
        ..Supply::default()
    };
    supply.levels.push(level("p9", "s1", TODAY, 0));
    let history = history(demand, supply);
    let told = |settings: &str| {
        let fitted = product(settings).unwrap().fit(&history, 1).unwrap();
        fitted.summary().join("\n")
    };
    let plain = told("");
    for part in [
        "2 products at sites have stock or some on its way and never sold there: without a sale no demand is known, and nothing is proposed: p0 at w, p1 at w",
        "2 products at sites have terms of supply, no stock and no sale there: nothing is proposed: p1 at s7, p9 at s0",
        "1 products at sites sell and nothing tells their stock: nothing is ordered: p2 at s0",
        "1 products are sold at no site that is known: nothing is proposed for these sales: p2",
        "1 products at sites have no price above a cost that is known: nothing is ordered by cost: p0 at s0",
    ] {
        assert!(plain.contains(part), "no {part:?} in {plain}");
    }
    let sending = told("transfers = { w = [\"*\"] }\n");
    assert!(
        sending.contains("2 products at sites have stock and never sold there: they can send it"),
        "{sending}"
    );
    let service = told("goal = \"cycle_service\"\n");
    assert!(!service.contains("ordered by cost"), "{service}");
}

#[test]
fn routes_that_say_nothing_are_refused_by_name() {
    for routes in ["{}", "{ w = [] }"] {
        let refused = product(&format!("transfers = {routes}\n")).err().unwrap();
        let text = refused.to_string();
        assert!(
            text.contains("transfers") && text.contains("sends"),
            "{text}"
        );
    }
    let refused = product("transfer_days = 31\n").err().unwrap().to_string();
    assert!(refused.contains("transfer_days"), "{refused}");
}
