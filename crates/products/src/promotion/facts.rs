//! What is known of a customer, as the numbers that effects are learnt from: the same when learning and when deciding.

use features::{History, Recency, SaleLine, recency_frequency_value};
use schema::estimate::short;
use schema::{AsOf, Cents};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Texts told apart per key of the context; rarer ones are all "none of these".
const LEVELS_MAX: usize = 32;

/// One number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Column {
    /// A number or truth value of the context.
    Number { key: String },
    /// Whether a text of the context is this one.
    Is { key: String, text: String },
    /// Days since the last order.
    RecencyDays,
    /// Days with an order per four weeks since the first one. Rates, not sums: sums grow with time, and what was learnt
    /// of some in a trial would be said of others later.
    OrderRate,
    /// Money spent per four weeks since the first order, in the shop's currency.
    SpendRate,
    /// Money spent per day with an order.
    SpendPerOrder,
    /// Days with an order in the last so many days.
    OrdersWithin { days: i32 },
    /// Money spent in the last so many days.
    SpendWithin { days: i32 },
}

/// The columns that orders tell, whatever time they are known for.
const OF_ORDERS: [Column; 4] = [
    Column::RecencyDays,
    Column::OrderRate,
    Column::SpendRate,
    Column::SpendPerOrder,
];

/// Four weeks, so that every weekday counts as often.
const MONTH_DAYS: i32 = 28;

/// How far back orders are counted: one, two, three and six months, and a year. Each is whole weeks. Beside one another
/// they tell who has begun to stay away from who never came often.
const WITHIN_DAYS: [i32; 5] = [MONTH_DAYS, 56, 91, 182, 364];

fn money(cents: Cents) -> f64 {
    cents.0 as f64 / 100.0
}

impl Column {
    /// What a person reads for it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Number { key } => key.clone(),
            Self::Is { key, text } => format!("{key} = {text}"),
            Self::RecencyDays => "days since the last order".to_owned(),
            Self::OrderRate => format!("days with an order per {MONTH_DAYS}"),
            Self::SpendRate => format!("money spent per {MONTH_DAYS} days"),
            Self::SpendPerOrder => "money spent per day with an order".to_owned(),
            Self::OrdersWithin { days } => format!("days with an order in the last {days}"),
            Self::SpendWithin { days } => format!("money spent in the last {days} days"),
        }
    }

    /// Columns of the shared tables that it is made of.
    pub(crate) fn made_of(&self) -> Vec<&'static str> {
        const WHEN: [&str; 3] = ["sales.customer_id", "sales.sold_at", "sales.is_return"];
        const MONEY: [&str; 3] = [
            "sales.quantity",
            "sales.unit_price_cents",
            "sales.discount_cents",
        ];
        match self {
            Self::Number { .. } | Self::Is { .. } => vec!["assignments.context"],
            Self::RecencyDays | Self::OrderRate | Self::OrdersWithin { .. } => WHEN.to_vec(),
            Self::SpendRate | Self::SpendPerOrder | Self::SpendWithin { .. } => {
                [WHEN, MONEY].concat()
            }
        }
    }

    /// A condition on it, as a person reads it.
    pub(crate) fn condition(&self, below: f32, holds: bool) -> String {
        let name = self.name();
        match (self, holds) {
            (Self::Is { .. }, true) => format!("not {name}"),
            (Self::Is { .. }, false) => name,
            (_, true) => format!("{name} below {}", short(f64::from(below))),
            (_, false) => format!("{name} not below {}", short(f64::from(below))),
        }
    }

    fn value(&self, facts: &Facts) -> f32 {
        let of_orders = |read: fn(&Recency) -> f64| facts.orders.as_ref().map(read);
        // Who ordered before and not lately has ordered nothing lately; of who never did, nothing is known.
        let within = |days: i32, read: fn(&Recency) -> f64| {
            let place = WITHIN_DAYS.iter().position(|d| *d == days)?;
            facts.orders.as_ref()?;
            Some(facts.within[place].as_ref().map_or(0.0, read))
        };
        let found = match self {
            Self::Number { key } => match facts.context.get(key) {
                Some(Value::Number(n)) => n.as_f64(),
                Some(Value::Bool(b)) => Some(f64::from(u8::from(*b))),
                _ => None,
            },
            Self::Is { key, text } => match facts.context.get(key) {
                Some(Value::String(found)) => Some(f64::from(u8::from(found == text))),
                _ => None,
            },
            Self::RecencyDays => of_orders(|r| r.recency_days),
            Self::OrderRate => of_orders(|r| f64::from(r.orders)).map(|sum| sum * facts.per_month),
            Self::SpendRate => of_orders(|r| money(r.spend)).map(|sum| sum * facts.per_month),
            Self::SpendPerOrder => of_orders(|r| money(r.spend) / f64::from(r.orders)),
            Self::OrdersWithin { days } => within(*days, |r| f64::from(r.orders)),
            Self::SpendWithin { days } => within(*days, |r| money(r.spend)),
        };
        match found {
            Some(value) if (value as f32).is_finite() => value as f32,
            _ => f32::NAN,
        }
    }
}

/// What is known of one customer at a moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    context: Map<String, Value>,
    orders: Option<Recency>,
    /// Of orders in the last days, as in [`WITHIN_DAYS`].
    within: [Option<Recency>; WITHIN_DAYS.len()],
    /// What a sum since the first order is per four weeks; of less than four weeks the whole sum.
    per_month: f64,
}

impl Facts {
    /// - `context`: a JSON object; what is none tells nothing.
    /// - `lines`: the customer's lines, oldest first, those after `as_of` not read.
    pub(crate) fn new(context: Option<&str>, lines: &[SaleLine], as_of: AsOf) -> Self {
        let within = WITHIN_DAYS.map(|days| {
            let since = as_of.epoch_day() - days;
            let before = lines.partition_point(|line| line.epoch_day() < since);
            recency_frequency_value(&lines[before..], as_of)
        });
        let context = context.and_then(|text| serde_json::from_str(text).ok());
        let first = lines
            .first()
            .map_or(0, |line| as_of.epoch_day() - line.epoch_day());
        Self {
            per_month: f64::from(MONTH_DAYS) / f64::from(first.max(MONTH_DAYS)),
            context: context.unwrap_or_default(),
            orders: recency_frequency_value(lines, as_of),
            within,
        }
    }

    /// What is known of a customer on the as-of day of a history: what their last draw logged, and their orders.
    pub(crate) fn of(history: &History, customer: &str) -> Self {
        let lines = history.customer_index(customer);
        let lines = lines.map_or(&[][..], |c| history.lines_of(c));
        let draw = history.trials().last_of(customer);
        let context = draw.and_then(|draw| draw.context.as_deref());
        Self::new(context, lines, history.as_of())
    }

    /// Whether nothing is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.context.is_empty() && self.orders.is_none()
    }
}

/// The columns that `customers` tell anything by, in a fixed order.
///
/// - `known_days`: for how long sales were known when the customers were drawn. What is counted over more days would
///   count more of them later, and what was learnt of few be said of many.
pub(crate) fn columns(customers: &[Facts], leave_out: &[String], known_days: i32) -> Vec<Column> {
    let mut numbers = BTreeSet::new();
    let mut texts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for facts in customers {
        for (key, value) in facts.context.iter().filter(|(k, _)| !leave_out.contains(k)) {
            match value {
                Value::Number(_) | Value::Bool(_) => {
                    numbers.insert(key.as_str());
                }
                Value::String(text) => {
                    *texts.entry(key).or_default().entry(text).or_default() += 1;
                }
                Value::Null | Value::Array(_) | Value::Object(_) => {}
            }
        }
    }
    let numbers = numbers.into_iter().map(|key| Column::Number {
        key: key.to_owned(),
    });
    let levels = texts.into_iter().flat_map(|(key, counted)| {
        let mut levels: Vec<(&str, usize)> = counted.into_iter().collect();
        levels.sort_by_key(|(text, times)| (std::cmp::Reverse(*times), *text));
        let common = levels.into_iter().take(LEVELS_MAX);
        common.map(move |(text, _)| Column::Is {
            key: key.to_owned(),
            text: text.to_owned(),
        })
    });
    let ordered = customers.iter().any(|facts| facts.orders.is_some());
    let within = WITHIN_DAYS.into_iter().filter(|days| *days <= known_days);
    let within =
        within.flat_map(|days| [Column::OrdersWithin { days }, Column::SpendWithin { days }]);
    let of_orders = OF_ORDERS.into_iter().chain(within).filter(|_| ordered);
    numbers.chain(levels).chain(of_orders).collect()
}

/// The numbers of some customers, row after row.
pub(crate) fn rows<'a>(
    customers: impl IntoIterator<Item = &'a Facts>,
    columns: &[Column],
) -> Vec<f32> {
    let of = |facts: &'a Facts| columns.iter().map(move |column| column.value(facts));
    customers.into_iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(context: &str) -> Facts {
        Facts::new(Some(context), &[], AsOf(jiff::civil::date(2026, 1, 1)))
    }

    #[test]
    fn numbers_truths_and_common_texts_become_columns() {
        let customers = [
            facts(r#"{"age": 40, "web": true, "place": "north", "note": null}"#),
            facts(r#"{"web": false, "place": "south"}"#),
            facts("not json"),
        ];
        let columns = columns(&customers, &["age".to_owned()], 364);
        let names: Vec<String> = columns.iter().map(Column::name).collect();
        assert_eq!(names, ["web", "place = north", "place = south"]);
        let rows = rows(&customers, &columns);
        assert_eq!(rows[..6], [1.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        assert!(rows[6..].iter().all(|v| v.is_nan()));
        assert!(customers[2].is_empty());
    }

    #[test]
    fn orders_are_counted_as_far_back_as_sales_were_known_at_the_first_draw() {
        let as_of = AsOf(jiff::civil::date(2026, 1, 1));
        let order = |days_before: i32, cents: i64| SaleLine {
            at_seconds: i64::from(as_of.epoch_day() - days_before) * 86_400,
            product: 0,
            order: 0,
            quantity: 1,
            is_return: false,
            spend_cents: cents,
            discount_cents: 0,
            site: None,
        };
        // One who has begun to stay away, one who comes rarely, one who never came.
        let lines = [
            [order(170, 100), order(120, 200), order(92, 400)],
            [order(150, 100), order(91, 200), order(20, 400)],
        ];
        let mut customers = lines.map(|lines| Facts::new(None, &lines, as_of)).to_vec();
        customers.push(Facts::new(None, &[], as_of));
        let columns = columns(&customers, &[], 181);
        let names: Vec<String> = columns[4..].iter().map(Column::name).collect();
        let of = |days| {
            [
                format!("days with an order in the last {days}"),
                format!("money spent in the last {days} days"),
            ]
        };
        assert_eq!(names, [of(28), of(56), of(91)].concat());
        let rows = rows(&customers, &columns[4..]);
        assert_eq!(rows[..6], [0.0; 6]);
        assert_eq!(rows[6..12], [1.0, 4.0, 1.0, 4.0, 2.0, 6.0]);
        assert!(rows[12..].iter().all(|value| value.is_nan()));
    }
}
