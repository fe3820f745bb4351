//! Examples of rules: facts, and whether the condition holds for them.

use super::check::Place;
use super::raw::{RawCustomer, RawExample, RawItem, RawOffer, RawRequest};
use crate::condition::{Condition, Evaluator, Known, KnownItem, KnownOffer, KnownRequest, Verdict};
use crate::facts::{CustomerFacts, Told};
use schema::{Cents, ConfigError};
use std::collections::BTreeMap;

/// The facts of an example, as conditions read them.
#[derive(Debug, Clone)]
pub(crate) struct Example {
    item: RawItem,
    offer: RawOffer,
    request: RawRequest,
    customer_id: Option<String>,
    customer: CustomerFacts,
    /// Whether the condition holds.
    pub(crate) applies: bool,
}

impl Example {
    /// Reads an example.
    ///
    /// # Errors
    /// [`ConfigError`] for an hour that is none, and for a fact of the context that is no number, text or truth value.
    pub(super) fn new(
        raw: RawExample,
        number: usize,
        place: &Place<'_>,
    ) -> Result<Self, ConfigError> {
        let position = number.to_string();
        if let Some(hour) = raw.request.hour
            && hour > 23
        {
            return Err(place.refuse(&["example", &position, "request", "hour"], hour, "0 to 23"));
        }
        let mut context = BTreeMap::new();
        for (key, value) in raw.context {
            let told = match value {
                toml::Value::String(text) => Told::Text(text),
                toml::Value::Boolean(truth) => Told::Truth(truth),
                toml::Value::Integer(number) => Told::Number(number as f64),
                toml::Value::Float(number) => Told::Number(number),
                other @ (toml::Value::Datetime(_)
                | toml::Value::Array(_)
                | toml::Value::Table(_)) => {
                    let path = ["example", &position, "context", &key];
                    return Err(place.refuse(&path, other, "a number, a text or a truth value"));
                }
            };
            context.insert(key, told);
        }
        let RawCustomer {
            customer_id,
            orders,
            spend_cents,
            days_since_order,
            days_since_first_order,
            recent_orders,
            recent_spend_cents,
        } = raw.customer;
        Ok(Self {
            item: raw.item,
            offer: raw.offer,
            request: raw.request,
            customer_id,
            customer: CustomerFacts {
                orders,
                spend_cents: spend_cents.map(Cents),
                days_since_order,
                days_since_first_order,
                recent_orders,
                recent_spend_cents: recent_spend_cents.map(Cents),
                context,
            },
            applies: raw.applies,
        })
    }

    fn known_item(&self) -> KnownItem<'_> {
        KnownItem {
            product_id: self.item.product_id.as_deref(),
            name: self.item.name.as_deref(),
            category: self.item.category.as_deref(),
            brand: self.item.brand.as_deref(),
            merchant_id: self.item.merchant_id.as_deref(),
            price_cents: self.item.price_cents,
            in_stock: self.item.in_stock,
        }
    }

    fn known_offer(&self) -> KnownOffer<'_> {
        KnownOffer {
            offer_id: self.offer.offer_id.as_deref(),
            kind: self.offer.kind.as_deref(),
            depth: self.offer.depth,
        }
    }

    fn known_request(&self) -> KnownRequest<'_> {
        KnownRequest {
            placement: self.request.placement.as_deref(),
            product_id: self.request.product_id.as_deref(),
            hour: self.request.hour,
            customer_id: self.customer_id.as_deref(),
            customer: Some(&self.customer),
        }
    }

    /// What a condition says of it.
    pub(super) fn verdict(&self, condition: &Condition, evaluator: &Evaluator) -> Verdict {
        let (item, offer) = (self.known_item(), self.known_offer());
        condition.on_all(evaluator, item, offer, self.known_request())
    }

    /// The fields that conditions name with what the example says of each, in one line.
    pub(super) fn shown(&self, conditions: &[&Condition]) -> String {
        let fields = conditions.iter().flat_map(|condition| condition.fields());
        let known = Known {
            item: Some(self.known_item()),
            offer: Some(self.known_offer()),
            request: Some(self.known_request()),
            lists: &[],
        };
        known.shown(&fields.map(String::as_str).collect())
    }

    /// Whether the condition says of it what the example claims.
    pub(super) fn check(
        &self,
        number: usize,
        rule: &str,
        condition: &Condition,
        place: &Place<'_>,
        evaluator: &Evaluator,
    ) -> Result<(), ConfigError> {
        let verdict = self.verdict(condition, evaluator);
        let found = match verdict {
            Verdict::Applies => "true",
            Verdict::DoesNot => "false",
            Verdict::Unknown => "unknown, because a field that decides is missing",
            Verdict::Failed => "an error, such as a division by zero or a text that is no number",
        };
        let holds = match verdict {
            Verdict::Applies => self.applies,
            // A rule whose condition is unknown does not apply: an example may say just that.
            Verdict::DoesNot | Verdict::Unknown => !self.applies,
            Verdict::Failed => false,
        };
        if holds {
            return Ok(());
        }
        let facts = self.shown(&[condition]);
        let facts = if facts.is_empty() {
            facts
        } else {
            format!(" ({facts})")
        };
        Err(place.refuse(
            &["example", &number.to_string(), "applies"],
            format!(
                "{}, but example {} of rule `{rule}` evaluates to {found}{facts}",
                self.applies,
                number + 1
            ),
            if verdict == Verdict::Failed {
                "a condition that can be evaluated".to_owned()
            } else {
                (!self.applies).to_string()
            },
        ))
    }

    /// The item and the offer of this example, and what both say of the request and the customer; `None` where they
    /// differ there. Items and offers are not put together: one that has the properties of two may not exist.
    pub(super) fn joined(&self, other: &Self) -> Option<Self> {
        let (a, b) = (self, other);
        let mut context = a.customer.context.clone();
        for (key, told) in &b.customer.context {
            if context
                .insert(key.clone(), told.clone())
                .is_some_and(|own| own != *told)
            {
                return None;
            }
        }
        let (one, two) = (&a.customer, &b.customer);
        Some(Self {
            item: a.item.clone(),
            offer: a.offer.clone(),
            request: RawRequest {
                placement: either(&a.request.placement, &b.request.placement)?,
                product_id: either(&a.request.product_id, &b.request.product_id)?,
                hour: either(&a.request.hour, &b.request.hour)?,
            },
            customer_id: either(&a.customer_id, &b.customer_id)?,
            customer: CustomerFacts {
                orders: either(&one.orders, &two.orders)?,
                spend_cents: either(&one.spend_cents, &two.spend_cents)?,
                days_since_order: either(&one.days_since_order, &two.days_since_order)?,
                days_since_first_order: either(
                    &one.days_since_first_order,
                    &two.days_since_first_order,
                )?,
                recent_orders: either(&one.recent_orders, &two.recent_orders)?,
                recent_spend_cents: either(&one.recent_spend_cents, &two.recent_spend_cents)?,
                context,
            },
            applies: true,
        })
    }
}

/// What two facts say together; `None` where they contradict each other.
fn either<T: Clone + PartialEq>(one: &Option<T>, other: &Option<T>) -> Option<Option<T>> {
    match (one, other) {
        (Some(a), Some(b)) if a != b => None,
        (Some(known), _) | (None, Some(known)) => Some(Some(known.clone())),
        (None, None) => Some(None),
    }
}
