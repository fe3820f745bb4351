//! What is known of whom or what a decision is about.

use products::Judged;
use serde::{Deserialize, Serialize};

/// What is known of whom or what a decision is about.
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
    /// The category of the product that is forecast or ordered.
    Category,
    /// The merchant of that product.
    Merchant,
    /// The site that it is for.
    Site,
    /// The supplier of the order.
    Supplier,
    /// How long before its period the forecast was made.
    Ahead,
    /// How long the product had been sold for.
    SoldBefore,
}

impl Attribute {
    /// What is known of lists of products.
    pub(super) const OF_LISTS: [Self; 4] = [
        Self::Placement,
        Self::Country,
        Self::BoughtBefore,
        Self::CategoryAsked,
    ];

    /// What is known of decisions that are judged so.
    pub(super) fn of(judged: Judged) -> &'static [Self] {
        match judged {
            Judged::Bought { .. } | Judged::Clicked { .. } => &Self::OF_LISTS,
            Judged::Sold(_) => &[Self::Category, Self::Site, Self::SoldBefore, Self::Ahead],
            Judged::Launched => &[Self::Category, Self::Merchant],
            Judged::Valued { .. } => &[Self::Country, Self::BoughtBefore],
            Judged::Lasted { .. } => &[Self::Category, Self::Site, Self::Supplier],
            Judged::No { .. } => &[],
        }
    }

    /// In words.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Placement => "placement",
            Self::Country => "the customer's country",
            Self::BoughtBefore => "what the customer had bought before",
            Self::CategoryAsked => "the category asked about",
            Self::Category => "category",
            Self::Merchant => "merchant",
            Self::Site => "site",
            Self::Supplier => "supplier",
            Self::Ahead => "how far ahead",
            Self::SoldBefore => "how long the product had been sold for",
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
            Self::Country
            | Self::BoughtBefore
            | Self::CategoryAsked
            | Self::Category
            | Self::Merchant
            | Self::Site
            | Self::Supplier
            | Self::Ahead
            | Self::SoldBefore => "''",
        }
    }

    /// Its value of a row of `held` with [`joins_of_held`], where the lake has the table that says it; texts of none are
    /// `''`.
    ///
    /// - `judged`: how the rows are judged, one of those whose attribute it is.
    pub(super) fn sql_of_held(self, judged: Judged, has: &dyn Fn(&str) -> bool) -> &'static str {
        match self {
            Self::Country if has("customers") => "coalesce(customers.country, '')",
            Self::BoughtBefore | Self::SoldBefore if has("sales") => {
                "CASE WHEN first.at IS NULL OR first.at >= held.day THEN 'nothing' \
                 WHEN first.at >= held.day - INTERVAL '91 days' THEN 'first within 91 days' \
                 ELSE 'first longer ago' END"
            }
            Self::Category if has("products") => "coalesce(about.category, '')",
            Self::Merchant if has("products") => "coalesce(about.merchant_id, '')",
            Self::Site if !matches!(judged, Judged::Sold(of) if !of.by_site) => {
                "coalesce(held.site, '')"
            }
            Self::Supplier => "coalesce(held.supplier, '')",
            Self::Ahead => {
                "CASE WHEN held.ahead <= 1 THEN 'at most a day' WHEN held.ahead <= 7 THEN '2 to 7 days' \
                 WHEN held.ahead <= 28 THEN '8 to 28 days' ELSE 'more than 28 days' END"
            }
            Self::Country
            | Self::BoughtBefore
            | Self::SoldBefore
            | Self::Category
            | Self::Merchant
            | Self::Site
            | Self::Placement
            | Self::CategoryAsked => "''",
        }
    }
}

/// What [`Attribute::sql_of_held`] needs beside rows of `held`.
pub(super) fn joins_of_held(judged: Judged, has: &dyn Fn(&str) -> bool) -> String {
    let (whose, of) = match judged {
        Judged::Valued { .. } => ("customer_id", "customer_id"),
        Judged::Bought { .. }
        | Judged::Clicked { .. }
        | Judged::Sold(_)
        | Judged::Launched
        | Judged::Lasted { .. }
        | Judged::No { .. } => ("product_id", "item"),
    };
    let first = format!(
        "LEFT JOIN (SELECT {whose} AS whose, CAST(min(sold_at) AS DATE) AS at FROM sales WHERE NOT is_return
            GROUP BY {whose}) AS first ON first.whose = held.{of}"
    );
    let (customers, about) = (
        "LEFT JOIN (SELECT customer_id AS id, country FROM customers) AS customers ON customers.id = held.customer_id",
        "LEFT JOIN (SELECT product_id, category, merchant_id FROM products) AS about ON about.product_id = held.item",
    );
    let of_customers = whose == "customer_id";
    [
        (
            "sales",
            matches!(judged, Judged::Sold(_) | Judged::Valued { .. }),
            first.as_str(),
        ),
        ("customers", of_customers, customers),
        ("products", !of_customers, about),
    ]
    .into_iter()
    .filter(|(table, is_asked, _)| *is_asked && has(table))
    .map(|(_, _, join)| join)
    .collect::<Vec<_>>()
    .join(" ")
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
