//! What was planted: the answers a method is judged against.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

use crate::dirt::{DirtKind, DirtRow};
use crate::shop::Shop;

/// Everything planted in a simulated shop. Real numbers are rounded to 9 decimals so that the file
/// reads back to the same bits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// What was asked for: seed, span, buying process (r, alpha, a, b), basket size.
    pub shop: Shop,
    /// First day after the span.
    pub end: Date,
    /// Operational time of the purchase process.
    pub season: SeasonTruth,
    /// How a basket fills.
    pub basket: BasketTruth,
    /// Categories with their season, returns and price response.
    pub categories: Vec<CategoryTruth>,
    /// Taste clusters.
    pub tastes: Vec<Taste>,
    /// One per customer.
    pub customers: Vec<CustomerTruth>,
    /// One per merchant.
    pub merchants: Vec<MerchantTruth>,
    /// One per product.
    pub products: Vec<ProductTruth>,
    /// Planted complements, directed. A product has at most one relation.
    pub complements: Vec<Complement>,
    /// Planted substitutes. A product has at most one relation.
    pub substitutes: Vec<SubstituteGroup>,
    /// How the position of an item in a list hides it.
    pub position_bias: PositionBias,
    /// Days on which a launched product had nothing on hand when the day opened; one that has left
    /// the range is never supplied again.
    pub stock_outs: Vec<StockOut>,
    /// What customers wanted and did not find, for the products concerned.
    pub lost_demand: Vec<LostDemand>,
    /// Every return with the sale it undoes, whatever the files say.
    pub returns: Vec<ReturnLink>,
    /// Numbers of the orders cancelled; each was placed again at once by the same customer.
    pub cancelled_orders: Vec<String>,
    /// Rows of each raw file, header not counted, dirt included.
    pub rows: BTreeMap<String, u64>,
    /// How many rows of each kind of dirt each raw file holds; kinds that do not occur are absent.
    pub dirt_counts: BTreeMap<String, BTreeMap<DirtKind, u64>>,
    /// Kinds of dirt that occur and that a contract may accept, each with the reason.
    pub dirt_accepted: BTreeMap<DirtKind, String>,
    /// The dirty rows, by file and line.
    pub dirt: Vec<DirtRow>,
}

/// Operational time: `weekday × month`, scaled to mean 1 over the span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeasonTruth {
    /// Relative demand of Monday to Sunday.
    pub weekday: Vec<f64>,
    /// Relative demand of January to December.
    pub month: Vec<f64>,
    /// Relative demand of the hours from `first_hour` on.
    pub hour: Vec<f64>,
    /// Hour of the day of the first entry of `hour`.
    pub first_hour: u32,
}

/// How a basket fills: `1 + Poisson(extra_items_mean)` wishes, each a category from the customer's
/// mix times the category's season, then a price tier, then an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BasketTruth {
    /// Popularity of an item goes as `rank^(-zipf_exponent)` within its category.
    pub zipf_exponent: f64,
    /// Probability that a wish for a member of a substitute group becomes the customer's own
    /// favourite of the group.
    pub favourite_probability: f64,
    /// Probability that a second member of a group already in the basket is put back.
    pub substitute_refusal_probability: f64,
    /// Probability that a replenished item starts a habit at its first purchase.
    pub habit_probability: f64,
    /// Probability that an item due by habit is bought at the next order.
    pub due_probability: f64,
    /// Probability that a wish out of stock moves to another item instead of being lost.
    pub switch_probability: f64,
    /// Share of orders with a coupon.
    pub coupon_share: f64,
    /// What a coupon takes off, as a share of the line.
    pub coupon_discount: f64,
}

/// A category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CategoryTruth {
    /// Name.
    pub name: String,
    /// Relative demand of January to December on top of the shop's season, mean 1.
    pub month: Vec<f64>,
    /// Probability that a line sold by an ordinary merchant comes back.
    pub return_rate: f64,
    /// Demand for an item within its category and price tier goes as `price^(-elasticity)`.
    pub elasticity: f64,
}

/// A taste cluster: what its customers want.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Taste {
    /// Share of each category in the wishes, sums to 1; a customer's own mix is
    /// Dirichlet(25 × this).
    pub mix: Vec<f64>,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerTruth {
    /// Customer number.
    pub customer: String,
    /// Position in [`Truth::tastes`].
    pub cluster: usize,
    /// Share of each category in this customer's wishes, sums to 1.
    pub mix: Vec<f64>,
    /// Probabilities of the entry, middle and premium price tier, sum to 1.
    pub price_tiers: [f64; 3],
    /// Purchase rate λ per operational day.
    pub rate_per_day: f64,
    /// Probability p of stopping after each repeat purchase.
    pub stop_probability: f64,
    /// Time of the first purchase.
    pub first_purchase_at: DateTime,
    /// Operational days from the first purchase to the end of the span.
    pub age_operational_days: f64,
    /// Purchases after the first one.
    pub repeats: u32,
    /// Time of the purchase after which the customer stopped for good; absent is still a customer.
    pub stopped_at: Option<DateTime>,
    /// Whether visits are tracked (the customer agreed to it).
    pub tracked: bool,
    /// The ten likeliest items of an order placed on the last day, the likeliest first, ignoring
    /// stock.
    pub next_items: Vec<LikelyItem>,
}

/// An item and how likely it is to be in the next order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LikelyItem {
    /// Product reference.
    pub product: String,
    /// Probability under the planted process.
    pub probability: f64,
}

/// A merchant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MerchantTruth {
    /// Merchant number.
    pub merchant: String,
    /// Returns over those of an ordinary merchant for the same category.
    pub return_multiplier: f64,
}

/// How the demand of a product drifts: a multiplier `1 + (to − 1) / (1 + exp(−(day − mid_day)/20))`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// Where the multiplier ends: above 1 rises, below 1 falls.
    pub to: f64,
    /// Day (since the start) at the middle of the change.
    pub mid_day: f64,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProductTruth {
    /// Product reference.
    pub product: String,
    /// Rank of popularity within its category, from 1.
    pub rank: u32,
    /// Price tier: 0 entry, 1 middle, 2 premium.
    pub price_tier: u8,
    /// Drift of its demand; absent is steady.
    pub trend: Option<Trend>,
    /// Days (±10 %) after which a customer with the habit buys it again; absent is not replenished.
    pub replenished_every_days: Option<u32>,
    /// Probability of a click when it is seen.
    pub attraction: f64,
}

/// Buying `bought` makes customers add `adds`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Complement {
    /// Product reference of the cause.
    pub bought: String,
    /// Product reference of the effect.
    pub adds: String,
    /// Probability added that it is in the same order.
    pub same_order_probability: f64,
    /// Probability added, when not in the same order, that it is in the customer's next one.
    pub next_order_probability: f64,
}

/// Items of which a customer buys one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubstituteGroup {
    /// Product references.
    pub products: Vec<String>,
}

/// Position-based model: P(click at position k) = attraction × k^(-eta). Lists are in random order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PositionBias {
    /// Exponent.
    pub eta: f64,
    /// Length of a list.
    pub list_length: u32,
}

/// Why a product was out of stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockOutCause {
    /// Sold faster than the reorder point foresaw.
    SoldOut,
    /// Planted: the supplier failed and what was left was withdrawn.
    SupplierFailure,
}

/// A window without stock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StockOut {
    /// Product reference.
    pub product: String,
    /// Site code.
    pub site: String,
    /// First day that opened with nothing on hand.
    pub from: Date,
    /// First day that opened with something again, or the end of the span.
    pub until: Date,
    /// Why; a window with both causes is a supplier's.
    pub cause: StockOutCause,
}

/// Demand that stock-outs hid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LostDemand {
    /// Product reference.
    pub product: String,
    /// Wishes lost.
    pub lost: u64,
    /// Wishes that moved to another product.
    pub switched: u64,
}

/// A return and the sale it undoes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReturnLink {
    /// Number of the return.
    pub return_order: String,
    /// Number of the order the goods came from.
    pub sale_order: String,
    /// Line of that order.
    pub sale_line: u32,
    /// Units returned, > 0.
    pub units: u32,
}
