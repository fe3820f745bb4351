//! Features of one customer: plain functions over the customer's lines.

use crate::SaleLine;
use schema::{AsOf, Cents};

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
        }
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
