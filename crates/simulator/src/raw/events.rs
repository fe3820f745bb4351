//! `raw/events/events-YYYY-MM.ndjson`.

use super::RawFile;
use super::sheet::{Form, Sheet, Soiler};
use crate::dirt::{Columns, DirtKind, Ledger, Other, plan};
use crate::draws::{Purpose, stream};
use crate::rows::{Customer, Event, EventKind, OrderLine, Product};
use crate::season::paris_offset_hours;
use crate::shop::Shop;

const KEYS: [&str; 9] = [
    "id", "ts", "sid", "cust", "what", "ref", "pos", "q", "order",
];
const KINDS: [DirtKind; 11] = [
    DirtKind::ExactDuplicate,
    DirtKind::KeyWithAnotherValue,
    DirtKind::MissingId,
    DirtKind::StrayCharacters,
    DirtKind::UnknownCustomer,
    DirtKind::UnknownProduct,
    DirtKind::NotANumber,
    DirtKind::UnparseableDate,
    DirtKind::DateInAnotherFormat,
    DirtKind::DateInTheFuture,
    DirtKind::UnknownEventType,
];

pub(crate) fn event_files(
    shop: &Shop,
    events: &[Event],
    lines: &[OrderLine],
    customers: &[Customer],
    products: &[Product],
    ledger: &mut Ledger,
) -> Vec<RawFile> {
    let columns = Columns {
        key: &[0],
        id: 0,
        date: 1,
        customer: 3,
        event: 4,
        other: (4, Other::Text(EventKind::Click.word())),
        product: 5,
        number: 6,
        ..Columns::default()
    };
    let mut rng = stream(shop.seed, Purpose::Dirt, 6);
    let plan = plan(
        &mut rng,
        shop.dirt_rate,
        events.len(),
        &KINDS,
        |row, kind| {
            let event = &events[row];
            // The changed value is a click, so the first one is a view; only views have a position.
            let of_views = [DirtKind::KeyWithAnotherValue, DirtKind::NotANumber].contains(&kind);
            (!of_views || event.kind == EventKind::View)
                && (kind != DirtKind::UnknownCustomer || event.customer.is_some())
                && (kind != DirtKind::UnknownProduct || event.product.is_some())
        },
    );
    let mut soiler = Soiler::new(columns, plan, rng, ledger);
    let mut files = Vec::new();
    let mut from = 0;
    while from < events.len() {
        let first = events[from].at.date().first_of_month();
        let path = format!(
            "raw/events/events-{:04}-{:02}.ndjson",
            first.year(),
            first.month()
        );
        let mut sheet = Sheet::new(
            path,
            Form::JsonLines {
                keys: &KEYS,
                number: 6,
            },
            &[],
        );
        while from < events.len() && events[from].at.date().first_of_month() == first {
            let cells = cells(&events[from], from, lines, customers, products);
            soiler.write(&mut sheet, from, cells);
            from += 1;
        }
        files.push(soiler.close(sheet));
    }
    files
}

fn cells(
    event: &Event,
    number: usize,
    lines: &[OrderLine],
    customers: &[Customer],
    products: &[Product],
) -> Vec<String> {
    let (date, time) = (event.at.date(), event.at.time());
    vec![
        format!("e{number:09}"),
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+{:02}:00",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second(),
            paris_offset_hours(date)
        ),
        format!("s{:08}", event.session),
        event
            .customer
            .map_or(String::new(), |customer| customers[customer].number.clone()),
        event.kind.word().to_owned(),
        event
            .product
            .map_or(String::new(), |product| products[product].reference.clone()),
        event
            .position
            .map_or(String::new(), |position| position.to_string()),
        event.query.unwrap_or_default().to_owned(),
        event
            .bought_line
            .map_or(String::new(), |line| lines[line].order.clone()),
    ]
}
