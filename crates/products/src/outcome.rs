//! What came of a customer in a window: the outcomes that trials are read by.

use features::{History, SaleLine};
use schema::Direction;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::Range;

/// What is measured of a customer.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Whether the customer came: 1 where table `events` holds a view of theirs.
    Visits,
    /// Orders, those taken back not counted.
    Orders,
    /// Money in the shop's currency, discounts and returns taken off.
    Revenue,
    /// Revenue less the cost of the goods, over the lines whose cost table `products` knows.
    Margin,
    /// Discounts given, those of returns taken off.
    Discount,
    /// Lines of orders, those taken back not counted.
    Lines,
    /// Lines taken back.
    Returns,
}

impl Outcome {
    /// All there are.
    pub(crate) const ALL: [Self; 7] = [
        Self::Visits,
        Self::Orders,
        Self::Revenue,
        Self::Margin,
        Self::Discount,
        Self::Lines,
        Self::Returns,
    ];

    /// Columns of the shared tables that it is counted from.
    pub(crate) fn reads(self) -> &'static [&'static str] {
        match self {
            Self::Visits => &["events.type", "events.customer_id", "events.occurred_at"],
            Self::Orders => &["sales.order_id", "sales.sold_at", "sales.is_return"],
            Self::Lines | Self::Returns => &["sales.sold_at", "sales.is_return"],
            Self::Discount => &["sales.discount_cents", "sales.sold_at", "sales.is_return"],
            Self::Revenue => &[
                "sales.quantity",
                "sales.unit_price_cents",
                "sales.discount_cents",
                "sales.sold_at",
                "sales.is_return",
            ],
            Self::Margin => &[
                "sales.quantity",
                "sales.unit_price_cents",
                "sales.discount_cents",
                "sales.sold_at",
                "sales.is_return",
                "sales.product_id",
                "products.cost_cents",
            ],
        }
    }

    /// As settings write it.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Discount => "discount",
            Self::Visits
            | Self::Orders
            | Self::Revenue
            | Self::Margin
            | Self::Lines
            | Self::Returns => self.name(),
        }
    }

    /// One of it, after "per".
    pub(crate) fn one(self) -> &'static str {
        match self {
            Self::Visits => "visit",
            Self::Orders => "order",
            Self::Revenue => "revenue",
            Self::Margin => "margin",
            Self::Discount => "discount",
            Self::Lines => "line",
            Self::Returns => "return",
        }
    }

    /// Which way is better.
    pub(crate) fn better(self) -> Direction {
        match self {
            Self::Visits | Self::Orders | Self::Revenue | Self::Margin | Self::Lines => {
                Direction::Higher
            }
            Self::Discount | Self::Returns => Direction::Lower,
        }
    }

    /// As the field calls it, with its unit.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Visits => "visits per customer",
            Self::Orders => "orders per customer",
            Self::Revenue => "revenue per customer",
            Self::Margin => "margin per customer",
            Self::Discount => "discounts per customer",
            Self::Lines => "lines per customer",
            Self::Returns => "returns per customer",
        }
    }

    /// Of many customers together.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Visits => "visits",
            Self::Orders => "orders",
            Self::Revenue => "revenue",
            Self::Margin => "margin",
            Self::Discount => "discounts",
            Self::Lines => "lines",
            Self::Returns => "returns",
        }
    }

    /// Whether it is an amount in the shop's currency.
    pub(crate) fn is_money(self) -> bool {
        matches!(self, Self::Revenue | Self::Margin | Self::Discount)
    }

    /// What came of a customer in `during`, in seconds since 1970-01-01 UTC.
    pub(crate) fn of(self, history: &History, customer: &str, during: &Range<i64>) -> f64 {
        let lines = || {
            let lines = history.customer_index(customer);
            let lines = lines.map_or(&[][..], |c| history.lines_of(c));
            let within = move |line: &&SaleLine| during.contains(&line.at_seconds);
            lines.iter().filter(within)
        };
        let money = |cents: i64| cents as f64 / 100.0;
        match self {
            Self::Visits => {
                let visits = history.trials().visits_of(customer);
                f64::from(u8::from(visits.iter().any(|at| during.contains(at))))
            }
            Self::Orders => {
                let bought = lines().filter(|line| !line.is_return);
                let orders: BTreeSet<u32> = bought.map(|line| line.order).collect();
                orders.len() as f64
            }
            Self::Revenue => money(lines().map(|line| line.spend_cents).sum()),
            Self::Margin => money(lines().filter_map(|line| margin(history, line)).sum()),
            Self::Discount => {
                let given = |line: &SaleLine| {
                    let discount = i64::from(line.discount_cents);
                    if line.is_return { -discount } else { discount }
                };
                money(lines().map(given).sum())
            }
            Self::Lines => lines().filter(|line| !line.is_return).count() as f64,
            Self::Returns => lines().filter(|line| line.is_return).count() as f64,
        }
    }
}

/// Whether the cost of any goods is known: without one, every margin would be 0.
pub(crate) fn knows_costs(history: &History) -> bool {
    let mut goods = history.catalogue().products().iter();
    goods.any(|product| product.cost_cents.is_some())
}

/// Money of a line less the cost of its goods, in cents; `None` where the cost is not known.
fn margin(history: &History, line: &SaleLine) -> Option<i64> {
    let cost = history.catalogue().get(line.product)?.cost_cents?;
    Some(line.spend_cents - cost.saturating_mul(i64::from(line.quantity)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_called_as_settings_write_it() {
        for outcome in Outcome::ALL {
            let written = serde_json::to_value(outcome).unwrap();
            assert_eq!(written, outcome.code());
        }
    }
}
