//! The shop as it is now: its history, what has happened since, and its rules.

use decisions::{ItemFacts, ItemRules, RuleSet};
use features::{History, Product, SaleLine};
use parking_lot::RwLock;
use schema::{Cents, ProductId};
use std::collections::HashMap;
use std::sync::Arc;

/// Events kept per customer beyond the history; older ones are dropped first.
const RECENT_PER_CUSTOMER: usize = 200;

/// Customers with events beyond the history. Bounded: when it is full, new customers are not added until the next
/// history is loaded, which holds the events that the lake has taken in meanwhile.
const RECENT_CUSTOMERS_MAX: usize = 1_000_000;

/// What every attached version shares.
pub struct Shop {
    /// Everything the lake knew when the shop was opened.
    pub history: Arc<History>,
    /// The catalogue as rules see it, by the index of the history's catalogue.
    pub items: Vec<ItemFacts>,
    /// What every rule says of every item, worked out ahead of the requests.
    pub item_rules: ItemRules,
    recent: RwLock<HashMap<String, Vec<SaleLine>>>,
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
    /// A shop with nothing beyond its history.
    #[must_use]
    pub fn new(history: Arc<History>, rules: &RuleSet) -> Self {
        let items: Vec<ItemFacts> = history.catalogue().products().iter().map(facts).collect();
        let item_rules = rules.compile_for(&items);
        Self {
            history,
            items,
            item_rules,
            recent: RwLock::default(),
        }
    }

    /// Adds a purchase that happened after the history was loaded. Returns whether it was taken.
    pub fn add_purchase(&self, customer: &str, line: SaleLine) -> bool {
        let mut recent = self.recent.write();
        if recent.len() >= RECENT_CUSTOMERS_MAX && !recent.contains_key(customer) {
            return false;
        }
        let lines = recent.entry(customer.to_owned()).or_default();
        if lines.len() >= RECENT_PER_CUSTOMER {
            lines.remove(0);
        }
        lines.push(line);
        true
    }

    /// Whether a customer bought something after the history was loaded.
    pub(crate) fn bought_since(&self, customer: &str) -> bool {
        self.recent.read().contains_key(customer)
    }

    /// The first day that the shop does not know: that of its history.
    #[must_use]
    pub fn today(&self) -> schema::AsOf {
        self.history.as_of()
    }

    /// A customer's lines, oldest first: those of the history and those since. Empty for an unknown customer.
    #[must_use]
    pub fn lines_of(&self, customer: &str) -> Vec<SaleLine> {
        let known = self
            .history
            .customer_index(customer)
            .map_or(&[][..], |c| self.history.lines_of(c));
        let mut lines = known.to_vec();
        if let Some(recent) = self.recent.read().get(customer) {
            lines.extend(recent);
        }
        lines
    }
}
