//! The files of what happened: sales, stock and goods that arrived, as the systems of the chain would write them.

use super::engine::{Delivery, Record, State};
use super::tickets::{Line, card_name, ticket_name};
use super::world::World;
use crate::raw::{RawFile, Sheet, money, sheet};

/// Lines of the tills in the order of the days and of the stores, each in the order of time.
pub(super) fn sales_file(world: &World, lines: &[Line], path: &str) -> RawFile {
    let header = [
        "ticket",
        "line",
        "time",
        "site",
        "card",
        "article",
        "units",
        "unit_price",
        "discount",
        "return_of",
    ];
    let mut sheet = sheet(path, &header);
    for line in lines {
        let (hour, minute) = (line.second / 3_600, line.second / 60 % 60);
        let date = world.days[line.day].date;
        let of = line.return_of.map(|of| ticket_name(world, line.site, of));
        sheet.push(&[
            ticket_name(world, line.site, (line.day, line.ticket)),
            line.line.to_string(),
            format!("{date} {hour:02}:{minute:02}:{:02}", line.second % 60),
            world.sites[line.site].id.clone(),
            card_name(line.customer),
            world.products[line.product].reference.clone(),
            line.units.to_string(),
            money(line.price_cents),
            money(line.discount_cents),
            of.unwrap_or_default(),
        ]);
    }
    sheet.finish()
}

/// A row for each series and day on which it holds another number of units than on the row before; the first row of a
/// product is that of its first day. What was recorded starts with day `first` of the chain: with the first one it is
/// `raw/stock_levels.csv`, else `raw/stock_levels-ahead.csv`.
pub(super) fn stock_file(world: &World, record: &Record, first: usize) -> RawFile {
    let path = match first {
        0 => "raw/stock_levels.csv",
        _ => "raw/stock_levels-ahead.csv",
    };
    let mut sheet = sheet(path, &["day", "site", "article", "on_hand"]);
    for (series, ledger) in world.series.iter().zip(&record.ledger) {
        let product = &world.products[series.product];
        let begins = product.introduced.unwrap_or(0);
        let mut before = None;
        for (day, entry) in (first..).zip(ledger) {
            if day < begins || before == Some(entry.on_hand) {
                continue;
            }
            before = Some(entry.on_hand);
            sheet.push(&[
                world.days[day].date.to_string(),
                world.sites[series.site].id.clone(),
                product.reference.clone(),
                entry.on_hand.to_string(),
            ]);
        }
    }
    sheet.finish()
}

const DELIVERIES: [&str; 11] = [
    "order",
    "article",
    "site",
    "supplier",
    "from_site",
    "ordered",
    "units",
    "cost",
    "due",
    "received",
    "received_units",
];

/// What arrived in the history: `raw/replenishments.csv`.
pub(super) fn arrived_file(world: &World, record: &Record) -> RawFile {
    let mut sheet = sheet("raw/replenishments.csv", &DELIVERIES);
    for delivery in &record.arrived {
        push(&mut sheet, world, delivery, true);
    }
    sheet.finish()
}

/// What arrived since the history ended and what is on its way: `raw/replenishments-open.csv`.
pub(super) fn open_file(world: &World, since: &Record, state: &State) -> RawFile {
    let mut sheet = sheet("raw/replenishments-open.csv", &DELIVERIES);
    for delivery in &since.arrived {
        push(&mut sheet, world, delivery, true);
    }
    for delivery in &state.open {
        push(&mut sheet, world, delivery, false);
    }
    sheet.finish()
}

fn push(sheet: &mut Sheet, world: &World, delivery: &Delivery, arrived: bool) {
    let series = world.series[delivery.series];
    let terms = &world.terms[delivery.series];
    let site = &world.sites[series.site].id;
    let ordered = world.chain.date_of(delivery.ordered);
    let day = ordered.strftime("%Y%m%d");
    let (name, supplier, from, cost) = match delivery.from {
        None => {
            let name = format!("R{day}-{site}-{}", terms.supplier);
            (name, terms.supplier, "", money(terms.unit_cost_cents))
        }
        Some(from) => {
            let from = world.sites[from].id.as_str();
            (format!("X{day}-{from}-{site}"), "", from, String::new())
        }
    };
    let date = |shown: bool| {
        let date = world.chain.date_of(delivery.arrives as i64);
        if shown {
            date.to_string()
        } else {
            String::new()
        }
    };
    let received = if arrived {
        delivery.received.to_string()
    } else {
        String::new()
    };
    sheet.push(&[
        name,
        world.products[series.product].reference.clone(),
        site.clone(),
        supplier.to_owned(),
        from.to_owned(),
        ordered.to_string(),
        delivery.units.to_string(),
        cost,
        world.chain.date_of(delivery.due).to_string(),
        date(arrived),
        received,
    ]);
}
