//! A rule file as it is written, before it is checked.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A file of rules. It is read when a command or the server starts; `comptoir serve` knows of a change once it is
/// started again.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawRuleFile {
    /// The rules, one `[[rule]]` each.
    #[serde(default)]
    pub rule: Vec<RawRule>,
}

/// One rule: who wants it and why, when it holds, what it does, and examples that prove it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawRule {
    /// Its name, as every decision it touches will show it. Unique among all files; 1 to 100 characters.
    pub name: String,
    /// Who answers for it. 1 to 100 characters.
    pub owner: String,
    /// Why it is there. 1 to 500 characters.
    pub reason: String,
    /// The condition, in CEL, over `item` (lists) or `offer` (promotions), `customer`, `context` (what trials logged of
    /// the customer) and `request`. Where a field is missing that the condition depends on, the rule does not apply and
    /// is counted; `has(item.brand)` asks whether it is there. A condition on neither items nor offers holds for
    /// everything that is decided.
    pub when: String,
    /// What it does.
    pub then: RawAction,
    /// For `pin`: the place in the list, 1 to 1000. A customer is given one offer, so that a pin of offers needs none.
    pub position: Option<u32>,
    /// For `boost`: what the score is multiplied by, 0.01 to 100. A score below zero is divided by it instead, so that
    /// a factor above 1 always lifts.
    pub factor: Option<f32>,
    /// For `cap`: how many items the condition holds for may be listed per group, 0 to 1000.
    pub at_most: Option<u32>,
    /// For `cap`: what a group is.
    pub per: Option<RawGroup>,
    /// Placements it is for, each one of a kind of product; all of them without this key.
    pub placements: Option<Vec<String>>,
    /// Data products it is for, each one of the project; all of them without this key.
    pub products: Option<Vec<String>>,
    /// First day it is valid on, in the `time_zone` of the project.
    #[schemars(with = "Option<String>")]
    pub valid_from: Option<toml::value::Date>,
    /// Last day it is valid on, in the `time_zone` of the project.
    #[schemars(with = "Option<String>")]
    pub valid_to: Option<toml::value::Date>,
    /// Share of the customers to whom it is not applied, 0 to 0.5, so that kind `experiment` can read what it changes. They
    /// are drawn by a hash of the rule's name and the customer; who asks without saying who they are is not held out. At
    /// most three rules of a project are measured at once. None where absent.
    pub measure_share: Option<f64>,
    /// Examples, at least one. They are evaluated whenever the file is read.
    #[serde(default)]
    pub example: Vec<RawExample>,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RawAction {
    /// The item is not listed, the offer not given.
    Exclude,
    /// The best item that is allowed takes a fixed place; the offer is given.
    Pin,
    /// The score is multiplied.
    Boost,
    /// Only so many are listed per group.
    Cap,
}

/// What a cap counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RawGroup {
    /// Per category; items of no known category are not counted.
    Category,
    /// Per merchant; items of no known merchant are not counted.
    Merchant,
    /// Per brand; items of no known brand are not counted.
    Brand,
    /// In the whole list.
    List,
}

/// One example of a rule: facts, and whether its condition holds for them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawExample {
    /// The item; fields that are not given are missing.
    #[serde(default)]
    pub item: RawItem,
    /// The offer; fields that are not given are missing.
    #[serde(default)]
    pub offer: RawOffer,
    /// What trials logged of the customer, by key: numbers, texts and truth values.
    #[serde(default)]
    #[schemars(schema_with = "of_context")]
    pub context: BTreeMap<String, toml::Value>,
    /// The customer; fields that are not given are missing.
    #[serde(default)]
    pub customer: RawCustomer,
    /// The request; fields that are not given are missing.
    #[serde(default)]
    pub request: RawRequest,
    /// Whether the condition holds.
    pub applies: bool,
}

/// The item of an example.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawItem {
    /// Identifier.
    pub product_id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Category.
    pub category: Option<String>,
    /// Brand.
    pub brand: Option<String>,
    /// Who sells it.
    pub merchant_id: Option<String>,
    /// Price, in cents.
    pub price_cents: Option<i64>,
    /// Whether it can be delivered.
    pub in_stock: Option<bool>,
}

/// The offer of an example.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawOffer {
    /// Identifier: the arm that gives it.
    pub offer_id: Option<String>,
    /// What is given, as table `offers` calls it.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Size of the gift, in the unit of its type.
    pub depth: Option<f64>,
}

/// The customer of an example.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawCustomer {
    /// Identifier.
    pub customer_id: Option<String>,
    /// Days with an order, returns not counted; missing for who never ordered.
    pub orders: Option<u32>,
    /// Money spent in cents, discounts and returns taken off.
    pub spend_cents: Option<i64>,
    /// Days since the last order.
    pub days_since_order: Option<u32>,
    /// Days since the first order.
    pub days_since_first_order: Option<u32>,
    /// Days with an order in the last four weeks; 0 for who ordered before them only.
    pub recent_orders: Option<u32>,
    /// Money spent in the last four weeks, in cents; 0 for who ordered before them only.
    pub recent_spend_cents: Option<i64>,
}

fn of_context(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "additionalProperties": { "type": ["number", "string", "boolean"] },
    })
}

/// The request of an example.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawRequest {
    /// Where the list is shown.
    pub placement: Option<String>,
    /// The item that is being looked at.
    pub product_id: Option<String>,
    /// The hour of the day, 0 to 23, in the `time_zone` of the project.
    pub hour: Option<u8>,
}
