//! What conditions may look at: a customer as the shop knows them now, and the offers of table `offers`.

use crate::shop::Shop;
use decisions::{CustomerFacts, OfferFacts, Told};
use features::{History, Offer, Recency, SaleLine, recency_frequency_value};
use schema::AsOf;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Columns of the shared tables that recency, frequency and money of a customer are made of.
pub(crate) const OF_ORDERS: [&str; 6] = [
    "sales.customer_id",
    "sales.sold_at",
    "sales.is_return",
    "sales.quantity",
    "sales.unit_price_cents",
    "sales.discount_cents",
];

/// Days that count as recent: four weeks, so that every weekday counts as often.
const RECENT_DAYS: i32 = 28;

/// What is known of a customer.
///
/// - `context`: a JSON object; what is none tells nothing.
/// - `lines`: the customer's lines, oldest first, those after `as_of` not read.
pub(crate) fn facts(context: Option<&str>, lines: &[SaleLine], as_of: AsOf) -> CustomerFacts {
    let orders = recency_frequency_value(lines, as_of);
    let since = as_of.epoch_day() - RECENT_DAYS;
    let lately = lines.partition_point(|line| line.epoch_day() < since);
    let recent = recency_frequency_value(&lines[lately..], as_of);
    let of = |read: fn(&Recency) -> u32| orders.as_ref().map(read);
    // Who ordered before and not lately has ordered nothing lately; of who never did, nothing is known.
    let recent_orders = recent.map_or(0, |r| r.orders);
    let recent_spend = recent.map(|r| r.spend).unwrap_or_default();
    let first = lines.first().filter(|_| orders.is_some());
    CustomerFacts {
        orders: of(|r| r.orders),
        spend_cents: orders.as_ref().map(|r| r.spend),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole days, 0 or more"
        )]
        days_since_order: of(|r| r.recency_days as u32),
        days_since_first_order: first
            .and_then(|line| u32::try_from(as_of.epoch_day() - line.epoch_day()).ok()),
        recent_orders: of(|_| 0).map(|_| recent_orders),
        recent_spend_cents: of(|_| 0).map(|_| recent_spend),
        context: context.map(told).unwrap_or_default(),
    }
}

/// What a JSON object says by key: numbers, texts and truth values.
fn told(context: &str) -> BTreeMap<String, Told> {
    let all: BTreeMap<String, Value> = serde_json::from_str(context).unwrap_or_default();
    let one = |(key, value)| {
        let told = match value {
            Value::Number(number) => Told::Number(number.as_f64()?),
            Value::String(text) => Told::Text(text),
            Value::Bool(truth) => Told::Truth(truth),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        Some((key, told))
    };
    all.into_iter().filter_map(one).collect()
}

/// What is known of a customer on the as-of day of a history.
pub(crate) fn facts_in(history: &History, customer: &str) -> CustomerFacts {
    let lines = history.customer_index(customer);
    let lines = lines.map_or(&[][..], |c| history.lines_of(c));
    facts(context_of(history, customer), lines, history.as_of())
}

fn context_of<'a>(history: &'a History, customer: &str) -> Option<&'a str> {
    let draw = history.trials().last_of(customer);
    draw.and_then(|draw| draw.context.as_deref())
}

/// The keys that trials logged of anybody.
pub(crate) fn context_keys(history: &History) -> BTreeSet<String> {
    let draws = history.trials().assignments().iter();
    let texts: BTreeSet<&str> = draws.filter_map(|draw| draw.context.as_deref()).collect();
    texts
        .into_iter()
        .flat_map(|text| told(text).into_keys())
        .collect()
}

/// An offer as conditions see it.
pub(crate) fn offer(offer: &Offer) -> OfferFacts {
    OfferFacts {
        offer_id: offer.id.clone(),
        kind: Some(offer.kind.clone()),
        depth: Some(offer.depth),
    }
}

impl Shop {
    /// What is known of a customer now, what happened since the shop's history ends included.
    #[must_use]
    pub fn customer_facts(&self, customer: &str) -> CustomerFacts {
        let context = context_of(&self.history, customer);
        facts(context, &self.lines_of(customer), self.today())
    }

    /// The offers of table `offers`, as rules see them.
    #[must_use]
    pub fn offer_facts(&self) -> Vec<OfferFacts> {
        self.history.offers().all().iter().map(offer).collect()
    }

    /// The keys that trials logged of anybody: conditions know them as fields of `context`.
    #[must_use]
    pub fn context_keys(&self) -> BTreeSet<String> {
        context_keys(&self.history)
    }
}
