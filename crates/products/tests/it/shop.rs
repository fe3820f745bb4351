//! A small simulated shop as a history, without files or a lake.

use features::demand::{Demand, Sold, SoldDay};
use features::supply::{Levels, Terms};
use features::{
    Assignment, History, HistoryBuilder, Launch, LaunchEstimate, Launches, NewLine, Product,
    Supply, Trials,
};
use math::random::stream;
use products::{Raw, Recent, Shop};
use rand::RngExt;
use schema::AsOf;
use schema::config::ConfigFile;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// The history of a simulated shop: half a thousand customers, a bit more than a year, no dirt.
pub(crate) static HISTORY: LazyLock<Arc<History>> = LazyLock::new(|| {
    let shop = simulator::Shop {
        customers: 700,
        days: 450,
        dirt_rate: 0.0,
        ..simulator::Shop::tiny()
    };
    let history = history(&simulator::generate(&shop).unwrap());
    let trials = trial(&history);
    let demand = demand(&history);
    let supply = supply(&history, &demand);
    let launches = launches(&history);
    let history = history.with_trials(trials).with_demand(demand);
    Arc::new(history.with_supply(supply).with_launches(launches))
});

/// The one site that everything is sold at.
const SITE: &str = "shop";

/// Enough of everything for two weeks on each day, one supplier who takes five days, and packs of two.
fn supply(history: &History, demand: &Demand) -> Supply {
    let until = history.as_of().epoch_day();
    let levels = demand.sold.iter().map(|sold| {
        let units: i64 = sold.days.iter().map(|day| day.units).sum();
        let days = until - sold.days[0].day;
        let on_hand = 14 * units / i64::from(days.max(1)) + 1;
        Levels {
            product: sold.product.clone(),
            site: SITE.to_owned(),
            days: (until - 60..until).map(|day| (day, on_hand)).collect(),
        }
    });
    let terms = Terms {
        supplier: "wholesale".to_owned(),
        lead_time_days: Some(5),
        order_days: Some("mon,thu".to_owned()),
        pack_units: Some(2),
        ..Terms::default()
    };
    Supply {
        levels: levels.collect(),
        terms: vec![terms],
        ..Supply::default()
    }
}

/// A launch of some product every day, estimated by one of two merchants, and one to come of each product.
fn launches(history: &History) -> Launches {
    const HOUR: i64 = 3_600;
    const HOURS: i64 = 48;
    let mut random = stream(3, 0);
    let products = history.catalogue().products();
    let end = i64::from(history.as_of().epoch_day()) * 24 * HOUR;
    let mut launches = Launches {
        known_until: end,
        ..Launches::default()
    };
    let mut launch = |id: String, product: &Product, opens_at: i64| {
        let category = product.category.as_deref().unwrap_or_default();
        let of_category = category.bytes().map(f64::from).sum::<f64>() % 7.0;
        let mut noise = || random.random::<f64>() + random.random::<f64>() - 1.0;
        let demand = (3.0 + 0.3 * of_category + 1.2 * noise()).exp();
        let estimate = demand * (0.4 * noise()).exp();
        let left = |hour: i64| (-(hour as f64) / 8.0).exp();
        let all = 1.0 - left(HOURS);
        let sold = (0..HOURS).map(|hour| {
            let units = demand * (left(hour) - left(hour + 1)) / all;
            (units + random.random::<f64>()).floor() as u32
        });
        let over = opens_at + HOURS * HOUR <= end;
        launches.launches.push(Launch {
            id: id.clone(),
            product: product.id.clone(),
            opens_at,
            closes_at: opens_at + HOURS * HOUR,
            price_cents: Some(2_000),
            list_price_cents: Some(4_000),
            cost_cents: Some(1_200),
            salvage_cents: Some(300),
            available_units: None,
            sold: if over { sold.collect() } else { Vec::new() },
        });
        launches.estimates.push(LaunchEstimate {
            launch: id,
            product: product.id.clone(),
            author: if demand > 40.0 { "anna" } else { "bert" }.to_owned(),
            made_at: opens_at - 24 * HOUR,
            low: Some(estimate * 0.7),
            likely: estimate,
            high: Some(estimate * 1.4),
        });
    };
    for (day, at) in (3..400).rev().zip(0..) {
        let opens_at = end - day * 24 * HOUR + 7 * HOUR;
        launch(
            format!("l{day:03}"),
            &products[at * 37 % products.len()],
            opens_at,
        );
    }
    for product in products {
        launch("next".to_owned(), product, end + 7 * HOUR);
    }
    launches.estimates.sort_by(|a, b| {
        let name = |of: &LaunchEstimate| (of.launch.clone(), of.product.clone());
        name(a).cmp(&name(b))
    });
    launches
}

/// What each product sold, day by day.
fn demand(history: &History) -> Demand {
    let mut days: BTreeMap<(u32, i32), SoldDay> = BTreeMap::new();
    for line in history.lines().iter().chain(history.anonymous()) {
        let day = line.epoch_day();
        let sold = days.entry((line.product, day)).or_default();
        sold.day = day;
        let units = i64::from(line.quantity);
        if line.is_return {
            sold.returned_units -= units;
            sold.returned_cents -= line.spend_cents;
        } else {
            sold.units += units;
            sold.spend_cents += line.spend_cents;
        }
    }
    let mut sold: Vec<Sold> = Vec::new();
    for ((product, _), day) in days {
        let id = &history.catalogue().products()[product as usize].id;
        match sold.last_mut() {
            Some(last) if last.product == *id => last.days.push(day),
            _ => sold.push(Sold {
                product: id.clone(),
                site: Some(SITE.to_owned()),
                days: vec![day],
            }),
        }
    }
    Demand {
        sold,
        ..Demand::default()
    }
}

/// A mail drawn for half of the customers. It brings four more of ten who shop on the web, and keeps two of ten others
/// away.
fn trial(history: &History) -> Trials {
    let mut random = stream(1, 0);
    let day = i64::from(history.as_of().epoch_day()) - 60;
    let (mut draws, mut seen) = (Vec::new(), Vec::new());
    for customer in history.customers() {
        let (mailed, web) = (random.random_bool(0.5), random.random_bool(0.5));
        let effect = match (mailed, web) {
            (true, true) => 0.4,
            (true, false) => -0.2,
            (false, _) => 0.0,
        };
        if random.random_bool(0.3 + effect) {
            seen.push((customer.clone(), (day + 1) * 86_400));
        }
        draws.push(Assignment {
            trial: "mail".into(),
            customer: customer.clone(),
            at_seconds: day * 86_400,
            arm: if mailed { "mail" } else { "none" }.into(),
            propensities: r#"{"mail":0.5,"none":0.5}"#.into(),
            context: Some(format!(r#"{{"web":{web}}}"#)),
        });
    }
    Trials::new(draws, seen)
}

/// All that a simulated shop sold and took back, as a history.
pub(crate) fn history(generated: &simulator::Generated) -> History {
    let mut builder = HistoryBuilder::default();
    for line in &generated.lines {
        if line.kind == simulator::LineKind::Cancelled {
            continue;
        }
        let is_return = matches!(line.kind, simulator::LineKind::Return { .. });
        let at = line
            .at
            .to_zoned(jiff::tz::TimeZone::UTC)
            .expect("simulated times exist")
            .timestamp();
        builder.push(NewLine {
            customer: Some(&generated.customers[line.customer].number),
            product: &generated.products[line.product].reference,
            order: &line.order,
            at_seconds: at.as_second(),
            quantity: i64::from(line.quantity),
            spend_cents: i64::from(line.quantity) * line.unit_price_cents,
            discount_cents: 0,
            is_return,
        });
    }
    let catalogue = generated
        .products
        .iter()
        .map(|p| Product {
            id: p.reference.clone(),
            name: Some(p.label.clone()),
            category: Some(p.family.to_owned()),
            price_cents: Some(p.list_price_cents),
            cost_cents: Some(p.list_price_cents * 3 / 5),
            active: true,
            ..Product::default()
        })
        .collect();
    builder.build(AsOf(generated.truth.end), catalogue)
}

/// A product of a kind, from the kind's own example file.
pub(crate) fn example(kind: &dyn products::Kind) -> Box<dyn products::Product> {
    Raw::read(ConfigFile::new("example.toml", kind.card().example))
        .unwrap()
        .check()
        .unwrap()
}

/// A purchase of one unit, some seconds after the as-of day of the history began.
pub(crate) fn purchase(
    event: &str,
    customer: &str,
    product: &str,
    after: i64,
) -> features::Purchase {
    features::Purchase {
        event_id: event.to_owned(),
        customer: customer.to_owned(),
        product: product.to_owned(),
        at_seconds: i64::from(HISTORY.as_of().epoch_day()) * 86_400 + after,
        quantity: 1,
    }
}

/// The shop of the history, without rules, and what events told of since.
pub(crate) fn shop_since(purchases: impl IntoIterator<Item = features::Purchase>) -> Arc<Shop> {
    let recent = Arc::new(Recent::default());
    purchases.into_iter().for_each(|p| {
        recent.add(p);
    });
    Arc::new(Shop::new(
        Arc::clone(&HISTORY),
        &decisions::RuleSet::default(),
        recent,
    ))
}

/// The shop of the history, without rules.
pub(crate) fn shop() -> Arc<Shop> {
    shop_since([])
}
