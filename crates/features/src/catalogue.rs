//! The products that can be shown, with what the shop knows of them.

use std::collections::HashMap;

/// What is known of one product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Product {
    /// The shop's identifier.
    pub id: String,
    /// What the customer reads.
    pub name: Option<String>,
    /// Leaf category.
    pub category: Option<String>,
    /// Brand.
    pub brand: Option<String>,
    /// Who sells it.
    pub merchant_id: Option<String>,
    /// Price in cents.
    pub price_cents: Option<i64>,
    /// What the shop pays for one unit, in cents.
    pub cost_cents: Option<i64>,
    /// Whether it may be shown.
    pub active: bool,
    /// Whether there is a unit to sell on the last day known; `None` where stock is not known.
    pub in_stock: Option<bool>,
}

/// All products, sorted by identifier: the position is the product's index everywhere else.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    products: Vec<Product>,
    index: HashMap<String, u32>,
}

impl Catalogue {
    /// Sorts the products by identifier. A second product with the same identifier is dropped.
    #[must_use]
    pub fn new(mut products: Vec<Product>) -> Self {
        products.sort_by(|a, b| a.id.cmp(&b.id));
        products.dedup_by(|b, a| a.id == b.id);
        let index = products
            .iter()
            .zip(0u32..)
            .map(|(p, i)| (p.id.clone(), i))
            .collect();
        Self { products, index }
    }

    /// All products, by index.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// The index of a product.
    #[must_use]
    pub fn index_of(&self, id: &str) -> Option<u32> {
        self.index.get(id).copied()
    }

    /// A product by index.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<&Product> {
        self.products.get(index as usize)
    }

    /// How many products there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.products.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
    }
}
