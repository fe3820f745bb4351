//! Features of one customer: plain functions over the customer's lines.

use crate::SaleLine;
use schema::{AsOf, Cents};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

/// Days whose orders say where a customer usually buys.
const USUAL_DAYS: i32 = 365;

/// Recency, frequency and monetary value of a customer as of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recency {
    /// Days since the last order.
    pub recency_days: f64,
    /// Days with an order, returns not counted.
    pub orders: u32,
    /// Money spent, returns taken off.
    pub spend: Cents,
}

/// What purchase models need of a customer: days with an order, counted from the first one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PurchaseSummary {
    /// Days with an order after the first such day.
    pub repeat_purchases: u32,
    /// Days from the first to the last day with an order.
    pub recency_days: f64,
    /// Days from the first day with an order to the as-of day.
    pub age_days: f64,
    /// First day with an order, as days since 1970-01-01.
    pub first_day: i32,
    /// Money of the repeat purchases: total in cents, over `repeat_purchases` days.
    pub repeat_spend: Cents,
}

/// Days with an order and the money of each, oldest first; returns do not make a day.
fn purchase_days(lines: &[SaleLine], as_of: AsOf) -> impl Iterator<Item = (i32, i64)> + '_ {
    let end = as_of.epoch_day();
    let mut rest = lines;
    std::iter::from_fn(move || {
        loop {
            let day = rest.first()?.epoch_day();
            if day >= end {
                return None;
            }
            let n = rest.iter().take_while(|l| l.epoch_day() == day).count();
            let (of_day, after) = rest.split_at(n);
            rest = after;
            let bought = of_day.iter().filter(|l| !l.is_return);
            if bought.clone().next().is_some() {
                return Some((day, bought.map(|l| l.spend_cents).sum()));
            }
        }
    })
}

/// Recency, frequency and money of a customer; `None` for one who has not ordered before the day.
///
/// - `lines`: the customer's lines, oldest first.
#[must_use]
pub fn recency_frequency_value(lines: &[SaleLine], as_of: AsOf) -> Option<Recency> {
    let (mut orders, mut last) = (0, None);
    for (day, _) in purchase_days(lines, as_of) {
        orders += 1;
        last = Some(day);
    }
    let end = as_of.epoch_day();
    let spend = lines
        .iter()
        .filter(|l| l.epoch_day() < end)
        .map(|l| Cents(l.spend_cents))
        .sum();
    last.map(|day| Recency {
        recency_days: f64::from(end - day),
        orders,
        spend,
    })
}

/// The site of most of a customer's orders in the year before a day, returns and orders at no site not counted; of sites
/// with as many the one of the latest order, then the first by name. `None` for one who has not ordered at a site then.
///
/// - `lines`: the customer's lines, oldest first.
/// - returns the number of the site, as in [`SaleLine::site`].
#[must_use]
pub fn usual_site(lines: &[SaleLine], as_of: AsOf) -> Option<NonZeroU32> {
    let end = as_of.epoch_day();
    let year = lines.partition_point(|line| line.epoch_day() < end - USUAL_DAYS);
    let bought = lines[year..].iter().filter(|line| !line.is_return);
    // Orders, and the moment of the last one; numbers of sites are in the order of their names.
    let mut sites: BTreeMap<NonZeroU32, (u32, i64)> = BTreeMap::new();
    let mut orders = BTreeSet::new();
    for line in bought.take_while(|line| line.epoch_day() < end) {
        let Some(site) = line.site else {
            continue;
        };
        let of = sites.entry(site).or_default();
        of.0 += u32::from(orders.insert((line.order, site)));
        of.1 = line.at_seconds;
    }
    let most = sites
        .into_iter()
        .reduce(|best, other| if other.1 > best.1 { other } else { best });
    most.map(|(site, _)| site)
}

/// What purchase models need of a customer; `None` for one who has not ordered before the day.
///
/// - `lines`: the customer's lines, oldest first.
#[must_use]
pub fn purchase_summary(lines: &[SaleLine], as_of: AsOf) -> Option<PurchaseSummary> {
    let mut days = purchase_days(lines, as_of);
    let (first_day, _) = days.next()?;
    let (mut repeat_purchases, mut last, mut spend) = (0, first_day, 0);
    for (day, cents) in days {
        repeat_purchases += 1;
        last = day;
        spend += cents;
    }
    Some(PurchaseSummary {
        repeat_purchases,
        recency_days: f64::from(last - first_day),
        age_days: f64::from(as_of.epoch_day() - first_day),
        first_day,
        repeat_spend: Cents(spend),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::time::date_of;

    fn line(day: i64, cents: i64) -> SaleLine {
        SaleLine {
            at_seconds: day * 86_400 + 3_600,
            product: 0,
            order: 0,
            quantity: if cents < 0 { -1 } else { 1 },
            is_return: cents < 0,
            spend_cents: cents,
            discount_cents: 0,
            site: None,
        }
    }

    /// A line of an order at a site.
    fn at(day: i64, order: u32, site: u32) -> SaleLine {
        SaleLine {
            order,
            site: NonZeroU32::new(site),
            ..line(day, 100)
        }
    }

    fn usual(lines: &[SaleLine]) -> Option<u32> {
        usual_site(lines, AsOf(date_of(1_000))).map(NonZeroU32::get)
    }

    #[test]
    fn where_most_orders_of_a_year_were_is_where_a_customer_usually_buys() {
        // Two orders count more than one of three lines, and more than one that came later.
        let lines = [
            at(800, 0, 2),
            at(850, 1, 1),
            at(850, 1, 1),
            at(850, 1, 1),
            at(900, 2, 2),
            at(950, 3, 1),
            at(960, 4, 2),
        ];
        assert_eq!(usual(&lines), Some(2));
        // What was a year ago counts no more, nor does what is not known yet.
        let old = [at(633, 0, 1), at(634, 1, 1), at(635, 2, 2), at(1_000, 3, 1)];
        assert_eq!(usual(&old), Some(2));
        assert_eq!(usual(&old[2..]), Some(2));
    }

    #[test]
    fn of_sites_with_as_many_orders_the_latest_counts_and_then_the_first_by_name() {
        assert_eq!(usual(&[at(800, 0, 1), at(900, 1, 2)]), Some(2));
        assert_eq!(usual(&[at(800, 0, 2), at(900, 1, 1)]), Some(1));
        assert_eq!(usual(&[at(900, 0, 2), at(900, 1, 1)]), Some(1));
        assert_eq!(usual(&[at(900, 0, 1), at(900, 1, 2)]), Some(1));
    }

    #[test]
    fn returns_and_orders_at_no_site_say_nothing_of_where_a_customer_buys() {
        let back = SaleLine {
            is_return: true,
            ..at(900, 2, 1)
        };
        assert_eq!(usual(&[at(800, 0, 2), back, back]), Some(2));
        assert_eq!(usual(&[back]), None);
        assert_eq!(
            usual(&[at(800, 0, 0), at(810, 1, 0), at(820, 2, 3)]),
            Some(3)
        );
        assert_eq!(usual(&[at(800, 0, 0)]), None);
        assert_eq!(usual(&[]), None);
    }

    #[test]
    fn two_orders_on_one_day_are_one_purchase_and_a_return_is_none() {
        let lines = [
            line(10, 500),
            line(10, 300),
            line(14, -300),
            line(17, 900),
            line(30, 1),
        ];
        let as_of = AsOf(date_of(20));
        let summary = purchase_summary(&lines, as_of).unwrap();
        assert_eq!(
            (
                summary.repeat_purchases,
                summary.recency_days,
                summary.age_days
            ),
            (1, 7.0, 10.0)
        );
        assert_eq!(summary.repeat_spend, Cents(900));
        let rfm = recency_frequency_value(&lines, as_of).unwrap();
        assert_eq!(
            (rfm.recency_days, rfm.orders, rfm.spend),
            (3.0, 2, Cents(1400))
        );
    }

    #[test]
    fn who_has_only_returned_has_no_summary() {
        assert_eq!(purchase_summary(&[line(3, -100)], AsOf(date_of(9))), None);
        assert_eq!(recency_frequency_value(&[], AsOf(date_of(9))), None);
    }
}
