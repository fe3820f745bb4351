//! A small simulated shop as a history, without files or a lake.

use features::demand::{Demand, Sold, SoldDay};
use features::{Assignment, History, HistoryBuilder, NewLine, Product, Trials};
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
    Arc::new(history.with_trials(trials).with_demand(demand))
});

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
                site: None,
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
