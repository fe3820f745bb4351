//! The files of the grocery, as the systems of a shop would write them.

use jiff::civil::Date;

use super::Grocery;
use super::catalogue::Article;
use super::customers::Customer;
use super::expected::expected;
use super::offers::{AMOUNT_CENTS, Arm, PERCENT, PILOT_CHANCES, POINTS_PERCENT};
use super::trips::{DAY_SECONDS, Ticket};
use crate::raw::{RawFile, money, sheet};

/// Name of the trial that the pilot is.
const PILOT: &str = "pilot";
/// Hour of the draw of the pilot, before the shop opens.
const DRAWN: &str = "00:00:00";

pub(super) fn customers_file(customers: &[Customer]) -> RawFile {
    let mut sheet = sheet("raw/customers.csv", &["card", "since"]);
    for customer in customers {
        sheet.push(&[customer.card.clone(), customer.since.to_string()]);
    }
    sheet.finish()
}

pub(super) fn products_file(articles: &[Article]) -> RawFile {
    let header = ["article", "name", "category", "price", "cost"];
    let mut sheet = sheet("raw/products.csv", &header);
    for article in articles {
        sheet.push(&[
            article.reference.clone(),
            article.name.to_owned(),
            article.category_name().to_owned(),
            money(article.price_cents),
            money(article.cost_cents),
        ]);
    }
    sheet.finish()
}

/// `valid` holds the first and the last day of all offers.
pub(super) fn offers_file(
    grocery: &Grocery,
    customers: &[Customer],
    valid: (Date, Date),
) -> RawFile {
    let header = [
        "offer",
        "type",
        "depth",
        "cost",
        "giving_costs",
        "from",
        "to",
        "for_whom",
    ];
    let mut sheet = sheet("raw/offers.csv", &header);
    for arm in Arm::ALL {
        let (kind, depth, for_whom) = match arm {
            // The control is no offer.
            Arm::None => continue,
            Arm::Amount => ("amount", money(AMOUNT_CENTS), ""),
            Arm::Percent => ("percentage", PERCENT.to_string(), ""),
            Arm::Points => ("points", POINTS_PERCENT.to_string(), "customer.orders >= 2"),
        };
        sheet.push(&[
            arm.name().to_owned(),
            kind.to_owned(),
            depth,
            money(redemption_cents(grocery, customers, arm)),
            // It is told in the app: that costs nothing.
            money(0),
            valid.0.to_string(),
            valid.1.to_string(),
            for_whom.to_owned(),
        ]);
    }
    sheet.finish()
}

/// Expected cost of one redemption of `arm`; a percentage is redeemed at every trip.
fn redemption_cents(grocery: &Grocery, customers: &[Customer], arm: Arm) -> i64 {
    let mean = || {
        let (mut discount, mut trips) = (0.0, 0.0);
        for customer in customers {
            let expected = expected(
                customer,
                arm,
                customer.responses[arm as usize],
                grocery.month_days,
            );
            discount += expected.discount;
            trips += expected.trips;
        }
        (discount / trips * 100.0).round() as i64
    };
    match arm {
        Arm::None => 0,
        Arm::Amount => AMOUNT_CENTS,
        Arm::Percent | Arm::Points => mean(),
    }
}

/// The pilot drew `arms`, one for each customer, in the morning of `day`.
pub(super) fn assignments_file(customers: &[Customer], arms: &[usize], day: Date) -> RawFile {
    let header = ["trial", "card", "drawn_at", "arm", "probabilities"];
    let mut sheet = sheet("raw/assignments.csv", &header);
    let chances: Vec<String> = Arm::ALL
        .into_iter()
        .zip(PILOT_CHANCES)
        .map(|(arm, chance)| format!("\"{}\":{chance}", arm.name()))
        .collect();
    let probabilities = format!("{{{}}}", chances.join(","));
    for (customer, arm) in customers.iter().zip(arms) {
        sheet.push(&[
            PILOT.to_owned(),
            customer.card.clone(),
            format!("{day} {DRAWN}"),
            Arm::ALL[*arm].name().to_owned(),
            probabilities.clone(),
        ]);
    }
    sheet.finish()
}

/// The till's journal of `month` in the order of time; month 0 is the history. Tickets are numbered in that order.
pub(super) fn sales_file(
    grocery: &Grocery,
    articles: &[Article],
    customers: &[Customer],
    month: u32,
    mut tickets: Vec<Ticket>,
) -> RawFile {
    // The sort is stable: trips of the same customer in the same second keep their order.
    tickets.sort_by_key(|ticket| (ticket.second, ticket.customer));
    let header = [
        "ticket",
        "line",
        "time",
        "card",
        "article",
        "units",
        "unit_price",
        "discount",
    ];
    let mut sheet = sheet(&format!("raw/sales-{month}.csv"), &header);
    for (number, ticket) in tickets.iter().enumerate() {
        let name = format!("T{month:02}-{:07}", number + 1);
        let time = time(grocery, ticket.second);
        let card = &customers[ticket.customer as usize].card;
        for (position, line) in ticket.lines.iter().enumerate() {
            let article = &articles[line.article];
            sheet.push(&[
                name.clone(),
                (position + 1).to_string(),
                time.clone(),
                card.clone(),
                article.reference.clone(),
                line.units.to_string(),
                money(article.price_cents),
                money(line.discount_cents),
            ]);
        }
    }
    sheet.finish()
}

fn time(grocery: &Grocery, second: u64) -> String {
    let date = grocery.date_of((second / DAY_SECONDS) as u32);
    let second = second % DAY_SECONDS;
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{date} {hour:02}:{minute:02}:{:02}", second % 60)
}
