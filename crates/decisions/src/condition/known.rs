//! The values behind the names of a condition.

use super::words::{LIST, PRESENT};
use crate::facts::{ItemFacts, Request};
use cel::common::types::{CelBool, CelInt, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;

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
}

impl<'a> From<&Request<'a>> for KnownRequest<'a> {
    fn from(request: &Request<'a>) -> Self {
        Self {
            placement: request.placement,
            product_id: request.product_id,
            hour: request.hour,
            customer_id: request.customer_id,
        }
    }
}

/// Everything a condition may look at, for one evaluation.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub(crate) item: Option<KnownItem<'a>>,
    pub(crate) request: Option<KnownRequest<'a>>,
    pub(crate) lists: &'a [Box<dyn Val>],
}

#[derive(Clone, Copy)]
enum Fact<'a> {
    Text(&'a str),
    Integer(i64),
    Truth(bool),
}

impl<'a> Known<'a> {
    fn fact(&self, field: &str) -> Option<Fact<'a>> {
        let item = self.item.unwrap_or_default();
        let request = self.request.unwrap_or_default();
        match field {
            "item.product_id" => item.product_id.map(Fact::Text),
            "item.name" => item.name.map(Fact::Text),
            "item.category" => item.category.map(Fact::Text),
            "item.brand" => item.brand.map(Fact::Text),
            "item.merchant_id" => item.merchant_id.map(Fact::Text),
            "item.price_cents" => item.price_cents.map(Fact::Integer),
            "item.in_stock" => item.in_stock.map(Fact::Truth),
            "customer.customer_id" => request.customer_id.map(Fact::Text),
            "request.placement" => request.placement.map(Fact::Text),
            "request.product_id" => request.product_id.map(Fact::Text),
            "request.hour" => request.hour.map(|h| Fact::Integer(i64::from(h))),
            _ => None,
        }
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
            Fact::Truth(truth) => CowVal::owned(CelBool::from(truth)),
        })
    }
}
