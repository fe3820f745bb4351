//! The shop as it is now: its history, what has happened since, and its rules.

use crate::recent::{Bought, Recent};
use decisions::{ItemFacts, ItemRules, RuleSet};
use features::{History, Product, SaleLine};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schema::{Cents, ProductId};
use std::sync::Arc;

/// What every attached version shares.
pub struct Shop {
    /// Everything the lake knew when the shop was opened.
    pub history: Arc<History>,
    /// The catalogue as rules see it, by the index of the history's catalogue.
    pub items: Vec<ItemFacts>,
    /// What every rule says of every item, worked out ahead of the requests.
    pub item_rules: ItemRules,
    recent: Arc<Recent>,
    time_zone: TimeZone,
}

impl std::fmt::Debug for Shop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shop")
            .field("as_of", &self.history.as_of())
            .finish_non_exhaustive()
    }
}

/// A product of the catalogue, as rules see it.
fn facts(product: &Product) -> ItemFacts {
    // The contract refuses such identifiers today; a lake may hold rows from before it did.
    let printable: String = product
        .id
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    let id = ProductId::new(printable).unwrap_or_else(|_| ProductId::unnamed());
    ItemFacts {
        name: product.name.clone(),
        category: product.category.clone(),
        brand: product.brand.clone(),
        merchant_id: product.merchant_id.clone(),
        price_cents: product.price_cents.map(Cents),
        in_stock: product.in_stock,
        active: product.active,
        ..ItemFacts::new(id)
    }
}

impl Shop {
    /// A shop with what events tell beyond its history; its clocks show UTC.
    #[must_use]
    pub fn new(history: Arc<History>, rules: &RuleSet, recent: Arc<Recent>) -> Self {
        let items: Vec<ItemFacts> = history.catalogue().products().iter().map(facts).collect();
        let item_rules = rules.compile_for(&items);
        Self {
            history,
            items,
            item_rules,
            recent,
            time_zone: TimeZone::UTC,
        }
    }

    /// The same with clocks that show the time of a place: by them rules hold at an hour or on a day.
    #[must_use]
    pub fn in_time_zone(self, time_zone: TimeZone) -> Self {
        Self { time_zone, ..self }
    }

    /// What the shop's clocks show.
    pub(crate) fn clock(&self, now: jiff::Timestamp) -> DateTime {
        self.time_zone.to_datetime(now)
    }

    /// Whether a customer bought something that the history does not hold yet.
    pub(crate) fn bought_since(&self, customer: &str) -> bool {
        self.recent.has_since(customer, self.known_until())
    }

    /// The first day that the shop does not know: that of its history.
    #[must_use]
    pub fn today(&self) -> schema::AsOf {
        self.history.as_of()
    }

    /// The moment until which the shop knows sales, in seconds since 1970-01-01 UTC: when that day begins.
    #[must_use]
    pub fn known_until(&self) -> i64 {
        self.history.begins(self.today())
    }

    /// A customer's lines, oldest first: those of the history, and the purchases since its as-of day, each an order of
    /// its own. Of that day and later the history holds nothing, and what came before it holds already: an event that
    /// tells of an earlier purchase is no second one. Empty for an unknown customer.
    #[must_use]
    pub fn lines_of(&self, customer: &str) -> Vec<SaleLine> {
        let known = self
            .history
            .customer_index(customer)
            .map_or(&[][..], |c| self.history.lines_of(c));
        let since = self.recent.since(customer, self.known_until());
        let mut lines = Vec::with_capacity(known.len() + since.len());
        lines.extend_from_slice(known);
        // Orders of the history are numbered from 0.
        let numbers = (0..=u32::MAX).rev();
        lines.extend(
            since
                .iter()
                .zip(numbers)
                .filter_map(|(b, n)| self.line(b, n)),
        );
        lines
    }

    /// A purchase as a line of the order of that number, at the price of the catalogue; nothing where the catalogue
    /// does not hold the product.
    fn line(&self, bought: &Bought, order: u32) -> Option<SaleLine> {
        let catalogue = self.history.catalogue();
        let product = catalogue.index_of(&bought.product)?;
        let price = catalogue.get(product)?.price_cents.unwrap_or(0);
        Some(SaleLine {
            at_seconds: bought.at_seconds,
            product,
            order,
            quantity: bought.quantity,
            is_return: false,
            spend_cents: price.saturating_mul(i64::from(bought.quantity)),
            discount_cents: 0,
            site: None,
        })
    }
}
