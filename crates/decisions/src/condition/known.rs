//! The values behind the names of a condition.

use super::words::{CONTEXT_FIELDS, LIST, PRESENT};
use crate::facts::{CustomerFacts, ItemFacts, OfferFacts, Request, Told};
use cel::common::types::{CelBool, CelDouble, CelInt, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use std::collections::BTreeSet;

/// What is known of an item; borrowed, so that no text is copied to evaluate a rule.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KnownItem<'a> {
    pub(crate) product_id: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) category: Option<&'a str>,
    pub(crate) brand: Option<&'a str>,
    pub(crate) merchant_id: Option<&'a str>,
    pub(crate) price_cents: Option<i64>,
    pub(crate) in_stock: Option<bool>,
}

impl<'a> From<&'a ItemFacts> for KnownItem<'a> {
    fn from(item: &'a ItemFacts) -> Self {
        Self {
            product_id: Some(item.product_id.as_str()),
            name: item.name.as_deref(),
            category: item.category.as_deref(),
            brand: item.brand.as_deref(),
            merchant_id: item.merchant_id.as_deref(),
            price_cents: item.price_cents.map(|c| c.0),
            in_stock: item.in_stock,
        }
    }
}

/// What is known of a request and its customer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KnownRequest<'a> {
    pub(crate) placement: Option<&'a str>,
    pub(crate) product_id: Option<&'a str>,
    pub(crate) hour: Option<u8>,
    pub(crate) customer_id: Option<&'a str>,
    pub(crate) customer: Option<&'a CustomerFacts>,
}

/// What is known of an offer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KnownOffer<'a> {
    pub(crate) offer_id: Option<&'a str>,
    pub(crate) kind: Option<&'a str>,
    pub(crate) depth: Option<f64>,
}

impl<'a> From<&'a OfferFacts> for KnownOffer<'a> {
    fn from(offer: &'a OfferFacts) -> Self {
        Self {
            offer_id: Some(&offer.offer_id),
            kind: offer.kind.as_deref(),
            depth: offer.depth,
        }
    }
}

impl<'a> From<&Request<'a>> for KnownRequest<'a> {
    fn from(request: &Request<'a>) -> Self {
        Self {
            placement: request.placement,
            product_id: request.product_id,
            hour: request.hour,
            customer_id: request.customer_id,
            customer: request.customer,
        }
    }
}

/// Everything a condition may look at, for one evaluation.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub(crate) item: Option<KnownItem<'a>>,
    pub(crate) offer: Option<KnownOffer<'a>>,
    pub(crate) request: Option<KnownRequest<'a>>,
    pub(crate) lists: &'a [Box<dyn Val>],
}

#[derive(Clone, Copy)]
enum Fact<'a> {
    Text(&'a str),
    Integer(i64),
    Number(f64),
    Truth(bool),
}

impl std::fmt::Display for Fact<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Truth(truth) => write!(f, "{truth}"),
        }
    }
}

/// A fact that trials logged; whole numbers are integers.
fn told(told: &Told) -> Fact<'_> {
    match told {
        Told::Text(text) => Fact::Text(text),
        Told::Truth(truth) => Fact::Truth(*truth),
        Told::Number(number) => {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
            let whole = *number as i64;
            if whole as f64 == *number {
                Fact::Integer(whole)
            } else {
                Fact::Number(*number)
            }
        }
    }
}

impl<'a> Known<'a> {
    fn fact(&self, field: &str) -> Option<Fact<'a>> {
        let item = self.item.unwrap_or_default();
        let request = self.request.unwrap_or_default();
        let offer = self.offer.unwrap_or_default();
        let of = |read: fn(&CustomerFacts) -> Option<i64>| {
            request.customer.and_then(read).map(Fact::Integer)
        };
        match field {
            "item.product_id" => item.product_id.map(Fact::Text),
            "item.name" => item.name.map(Fact::Text),
            "item.category" => item.category.map(Fact::Text),
            "item.brand" => item.brand.map(Fact::Text),
            "item.merchant_id" => item.merchant_id.map(Fact::Text),
            "item.price_cents" => item.price_cents.map(Fact::Integer),
            "item.in_stock" => item.in_stock.map(Fact::Truth),
            "customer.customer_id" => request.customer_id.map(Fact::Text),
            "customer.orders" => of(|c| c.orders.map(i64::from)),
            "customer.spend_cents" => of(|c| c.spend_cents.map(|cents| cents.0)),
            "customer.days_since_order" => of(|c| c.days_since_order.map(i64::from)),
            "customer.days_since_first_order" => of(|c| c.days_since_first_order.map(i64::from)),
            "customer.recent_orders" => of(|c| c.recent_orders.map(i64::from)),
            "customer.recent_spend_cents" => of(|c| c.recent_spend_cents.map(|cents| cents.0)),
            "offer.offer_id" => offer.offer_id.map(Fact::Text),
            "offer.type" => offer.kind.map(Fact::Text),
            "offer.depth" => offer.depth.map(Fact::Number),
            "request.placement" => request.placement.map(Fact::Text),
            "request.product_id" => request.product_id.map(Fact::Text),
            "request.hour" => request.hour.map(|h| Fact::Integer(i64::from(h))),
            _ => {
                let key = field.strip_prefix(CONTEXT_FIELDS)?;
                request.customer?.context.get(key).map(told)
            }
        }
    }

    /// Some fields with what is known of each, in one line.
    pub(crate) fn shown(&self, fields: &BTreeSet<&str>) -> String {
        let of = |field: &&str| match self.fact(field) {
            Some(fact) => format!("{field} is {fact}"),
            None => format!("{field} is not known"),
        };
        fields.iter().map(of).collect::<Vec<_>>().join(", ")
    }
}

impl VariableResolver for Known<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        if let Some(field) = name.strip_prefix(PRESENT) {
            return Some(CowVal::owned(CelBool::from(self.fact(field).is_some())));
        }
        if let Some(number) = name.strip_prefix(LIST) {
            let list = self.lists.get(number.parse::<usize>().ok()?)?;
            return Some(CowVal::Borrowed(list.as_ref()));
        }
        Some(match self.fact(name)? {
            Fact::Text(text) => CowVal::owned(CelString::from(text)),
            Fact::Integer(number) => CowVal::owned(CelInt::from(number)),
            Fact::Number(number) => CowVal::owned(CelDouble::from(number)),
            Fact::Truth(truth) => CowVal::owned(CelBool::from(truth)),
        })
    }
}
