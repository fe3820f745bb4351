//! What is known of whom a decision is about.

use serde::{Deserialize, Serialize};

/// What is known of whom a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribute {
    /// Where it is shown.
    Placement,
    /// The customer's country.
    Country,
    /// How long the customer had bought for.
    BoughtBefore,
    /// The category of the product that it is about.
    CategoryAsked,
}

impl Attribute {
    pub(super) const ALL: [Self; 4] = [
        Self::Placement,
        Self::Country,
        Self::BoughtBefore,
        Self::CategoryAsked,
    ];

    /// In words.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Placement => "placement",
            Self::Country => "the customer's country",
            Self::BoughtBefore => "what the customer had bought before",
            Self::CategoryAsked => "the category asked about",
        }
    }

    /// Its value of a row of `judged` with [`joins`], where the lake has the table that says it.
    pub(super) fn sql(self, has: &dyn Fn(&str) -> bool) -> &'static str {
        match self {
            Self::Placement => "coalesce(judged.placement, '')",
            Self::Country if has("customers") => "coalesce(customers.country, '')",
            Self::BoughtBefore if has("sales") => {
                "CASE WHEN customer_id IS NULL THEN '' WHEN first.at IS NULL OR first.at >= decided_at THEN 'nothing' \
                 WHEN first.at >= decided_at - INTERVAL '91 days' THEN 'first within 91 days' \
                 ELSE 'first longer ago' END"
            }
            Self::CategoryAsked if has("products") => "coalesce(asked.category, '')",
            Self::Country | Self::BoughtBefore | Self::CategoryAsked => "''",
        }
    }
}

/// What [`Attribute::sql`] needs beside rows of `judged`: decisions with `customer_id`, `decided_at`, `placement` and
/// `subject`, the product asked about.
pub(super) fn joins(has: &dyn Fn(&str) -> bool) -> String {
    [
        (
            "sales",
            "LEFT JOIN (SELECT customer_id AS buyer, min(sold_at) AS at FROM sales WHERE NOT is_return
                GROUP BY customer_id) AS first ON first.buyer = judged.customer_id",
        ),
        (
            "customers",
            "LEFT JOIN (SELECT customer_id AS id, country FROM customers) AS customers
                ON customers.id = judged.customer_id",
        ),
        (
            "products",
            "LEFT JOIN (SELECT product_id, category FROM products) AS asked ON asked.product_id = judged.subject",
        ),
    ]
    .into_iter()
    .filter(|(table, _)| has(table))
    .map(|(_, join)| join)
    .collect::<Vec<_>>()
    .join(" ")
}
