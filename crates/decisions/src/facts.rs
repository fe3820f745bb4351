//! What a rule may look at: an item of the catalogue, an offer, the request, the customer.

use jiff::civil::Date;
use schema::{Cents, ProductId};
use std::collections::BTreeMap;

/// One item of the catalogue, as rules see it. What is not known is `None`, never an empty text or a zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFacts {
    /// The item.
    pub product_id: ProductId,
    /// Its name.
    pub name: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// Its brand.
    pub brand: Option<String>,
    /// Who sells it.
    pub merchant_id: Option<String>,
    /// What it costs now.
    pub price_cents: Option<Cents>,
    /// Whether it can be delivered now. Read when a list is made, so that a sell-out between two preparations counts.
    pub in_stock: Option<bool>,
    /// Whether the shop offers it at all. Read when a list is made.
    pub active: bool,
}

impl ItemFacts {
    /// An active item of which nothing else is known.
    #[must_use]
    pub fn new(product_id: ProductId) -> Self {
        Self {
            product_id,
            name: None,
            category: None,
            brand: None,
            merchant_id: None,
            price_cents: None,
            in_stock: None,
            active: true,
        }
    }
}

/// One offer, as rules see it. What is not known is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferFacts {
    /// The offer: the arm that gives it.
    pub offer_id: String,
    /// What is given, as table `offers` calls it.
    pub kind: Option<String>,
    /// Size of the gift, in the unit of its type.
    pub depth: Option<f64>,
}

/// What is known of a customer, as conditions see it. Of who never ordered the orders are `None`, not zero.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CustomerFacts {
    /// Days with an order, returns not counted.
    pub orders: Option<u32>,
    /// Money spent, discounts and returns taken off.
    pub spend_cents: Option<Cents>,
    /// Days since the last order.
    pub days_since_order: Option<u32>,
    /// Days since the first order.
    pub days_since_first_order: Option<u32>,
    /// Days with an order in the last four weeks; 0 for who ordered before them only.
    pub recent_orders: Option<u32>,
    /// Money spent in the last four weeks; 0 for who ordered before them only.
    pub recent_spend_cents: Option<Cents>,
    /// What the last draw that told something of them logged, by key.
    pub context: BTreeMap<String, Told>,
}

/// A fact that a trial logged of a customer.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A truth value.
    Truth(bool),
}

/// What is asked, by whom, where and on which day. What the shop did not say is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request<'a> {
    /// The data product that answers.
    pub product: &'a str,
    /// The day, in the time zone of the shop; validity of rules is judged by it.
    pub today: Date,
    /// Where the list is shown.
    pub placement: Option<&'a str>,
    /// The item that is being looked at.
    pub product_id: Option<&'a str>,
    /// The hour of the day, 0 to 23, in the time zone of the shop.
    pub hour: Option<u8>,
    /// Who asks.
    pub customer_id: Option<&'a str>,
    /// What is known of them.
    pub customer: Option<&'a CustomerFacts>,
    /// Rules that are not applied, by their number from 0: those measured of which this customer is held out.
    pub without: &'a [usize],
}

impl<'a> Request<'a> {
    /// A request of which only the answering product and the day are known.
    #[must_use]
    pub fn new(product: &'a str, today: Date) -> Self {
        Self {
            product,
            today,
            placement: None,
            product_id: None,
            hour: None,
            customer_id: None,
            customer: None,
            without: &[],
        }
    }
}
