//! `raw/orders/orders-YYYY-MM.csv`.

use std::collections::BTreeSet;

use rand::RngExt;

use super::RawFile;
use super::sheet::{Form, Sheet, Soiler, decimal};
use crate::dirt::{Columns, DirtKind, Ledger, Other, plan};
use crate::draws::{Purpose, stream};
use crate::rows::{Customer, LineKind, OrderLine, Product};
use crate::shop::Shop;

const HEADER: [&str; 11] = [
    "OrderNo",
    "LineNo",
    "OrderedAt",
    "CustNo",
    "Ref",
    "Qty",
    "UnitPrice",
    "Discount",
    "Cur",
    "Status",
    "ReturnOf",
];
const KINDS: [DirtKind; 19] = [
    DirtKind::ExactDuplicate,
    DirtKind::KeyWithAnotherValue,
    DirtKind::MissingId,
    DirtKind::StrayCharacters,
    DirtKind::MissingCustomer,
    DirtKind::UnknownCustomer,
    DirtKind::UnknownProduct,
    DirtKind::NegativePrice,
    DirtKind::AbsurdPrice,
    DirtKind::OverflowingPrice,
    DirtKind::NotANumber,
    DirtKind::ZeroQuantity,
    DirtKind::UnparseableDate,
    DirtKind::DateInAnotherFormat,
    DirtKind::DateInTheFuture,
    DirtKind::UnknownCurrency,
    DirtKind::CodeThatIsNoProduct,
    DirtKind::MissingReturnReference,
    DirtKind::UnknownReturnReference,
];
/// Charges that shops book as if they were goods.
const CHARGES: [(&str, i64); 4] = [
    ("POSTAGE", 490),
    ("BANK CHARGES", 150),
    ("GIFT WRAPPING", 300),
    ("ADJUST", 1_000),
];

pub(crate) fn order_files(
    shop: &Shop,
    lines: &[OrderLine],
    customers: &[Customer],
    products: &[Product],
    ledger: &mut Ledger,
) -> Vec<RawFile> {
    let columns = Columns {
        key: &[0, 1],
        id: 0,
        other: (5, Other::Plus(7)),
        date: 2,
        customer: 3,
        product: 4,
        quantity: 5,
        price: 6,
        number: 6,
        currency: 8,
        return_of: 10,
        ..Columns::default()
    };
    let mut rng = stream(shop.seed, Purpose::Dirt, 5);
    let untouched = orders_returned(lines);
    let planned = plan(
        &mut rng,
        shop.dirt_rate,
        lines.len(),
        &KINDS,
        |row, kind| {
            let about_returns = [
                DirtKind::MissingReturnReference,
                DirtKind::UnknownReturnReference,
            ]
            .contains(&kind);
            match lines[row].kind {
                LineKind::Sale => !about_returns && !untouched[row],
                LineKind::Return { .. } => about_returns,
                LineKind::Cancelled => false,
            }
        },
    );
    let mut soiler = Soiler::new(columns, planned, rng, ledger);
    let mut files = Vec::new();
    let mut from = 0;
    while from < lines.len() {
        let first = lines[from].at.date().first_of_month();
        let path = format!(
            "raw/orders/orders-{:04}-{:02}.csv",
            first.year(),
            first.month()
        );
        let mut sheet = Sheet::new(path, Form::Comma, &HEADER);
        while from < lines.len() && lines[from].at.date().first_of_month() == first {
            let cells = cells(&lines[from], lines, customers, products);
            let charge = soiler.plan.get(&from) == Some(&DirtKind::CodeThatIsNoProduct);
            if charge {
                sheet.push(&cells);
                let (code, cents) = CHARGES[soiler.rng.random_range(0..CHARGES.len())];
                soiler.add(
                    &mut sheet,
                    DirtKind::CodeThatIsNoProduct,
                    &billed(cells, code, cents),
                );
            } else {
                soiler.write(&mut sheet, from, cells);
            }
            from += 1;
        }
        files.push(soiler.close(sheet));
    }
    files
}

/// For each line, whether its order came back in part. Those orders stay clean: refusing a line of
/// theirs could leave a return of an order that exists nowhere, which the truth would not count.
fn orders_returned(lines: &[OrderLine]) -> Vec<bool> {
    let mut returned = BTreeSet::new();
    for line in lines {
        if let LineKind::Return { of_line } = line.kind {
            returned.insert(lines[of_line].order.as_str());
        }
    }
    lines
        .iter()
        .map(|line| returned.contains(line.order.as_str()))
        .collect()
}

fn cells(
    line: &OrderLine,
    lines: &[OrderLine],
    customers: &[Customer],
    products: &[Product],
) -> Vec<String> {
    let (status, return_of) = match line.kind {
        LineKind::Sale => ("SOLD", String::new()),
        LineKind::Cancelled => ("CANCELLED", String::new()),
        LineKind::Return { of_line } => ("RETURNED", lines[of_line].order.clone()),
    };
    let (date, time) = (line.at.date(), line.at.time());
    vec![
        line.order.clone(),
        line.line.to_string(),
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        ),
        customers[line.customer].number.clone(),
        products[line.product].reference.clone(),
        line.quantity.to_string(),
        decimal(line.unit_price_cents, '.'),
        decimal(line.discount_cents, '.'),
        "EUR".to_owned(),
        status.to_owned(),
        return_of,
    ]
}

/// A charge on the order of `cells`: a line of its own, numbered from 91.
fn billed(mut cells: Vec<String>, code: &str, cents: i64) -> Vec<String> {
    let line: u32 = cells[1].parse().unwrap_or(0);
    cells[1] = (90 + line).to_string();
    cells[4] = code.to_owned();
    cells[5] = "1".to_owned();
    cells[6] = decimal(cents, '.');
    cells[7] = decimal(0, '.');
    cells
}
