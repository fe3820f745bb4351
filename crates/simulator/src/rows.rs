//! The clean rows of the shop, before they are exported and dirtied.
//!
//! Rows point at each other by position (`customer: 12` is `Generated::customers[12]`); the numbers
//! a foreign system prints are derived from the position.

use jiff::civil::{Date, DateTime};

/// A customer of the shop.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    /// The number printed in the files, unique.
    pub number: String,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// Address ending in `example.org`, unique.
    pub email: String,
    /// City of France.
    pub city: &'static str,
    /// A postal code of that city.
    pub postcode: &'static str,
    /// Day of the first purchase.
    pub registered: Date,
    /// Year of birth.
    pub birth_year: i16,
    /// Whether letters may be sent.
    pub opt_in: bool,
}

/// Someone who sells on the marketplace.
#[derive(Debug, Clone, PartialEq)]
pub struct Merchant {
    /// The number printed in the files, unique.
    pub number: String,
    /// Name of the business.
    pub name: String,
}

/// Something sold.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// The reference printed in the files, unique.
    pub reference: String,
    /// What the shop calls it.
    pub label: String,
    /// Position in [`crate::Truth::categories`].
    pub category: usize,
    /// Kind of goods within the category.
    pub family: &'static str,
    /// Brand.
    pub brand: &'static str,
    /// Position in `Generated::merchants`.
    pub merchant: usize,
    /// Position in `Generated::sites`.
    pub site: usize,
    /// Price asked on the day it is launched, in euro cents.
    pub list_price_cents: i64,
    /// What it costs the merchant, in euro cents.
    pub cost_cents: i64,
    /// Weight in grams.
    pub weight_g: u32,
    /// First day on sale, as days since the start of the shop.
    pub launched_day: u32,
    /// First day no longer on sale, as days since the start; `None` is still on sale at the end.
    pub retired_day: Option<u32>,
}

/// A place where goods are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// The code printed in the files, unique.
    pub code: &'static str,
    /// Name.
    pub name: &'static str,
    /// City.
    pub city: &'static str,
}

/// A price in force from a day on.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceChange {
    /// Position in `Generated::products`.
    pub product: usize,
    /// First day of this price.
    pub from: Date,
    /// Price of a unit, in euro cents.
    pub price_cents: i64,
}

/// What a line of an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Goods sold.
    Sale,
    /// A line of an order that was cancelled before anything left; the customer ordered again.
    Cancelled,
    /// Goods that came back: the quantity is negative.
    Return {
        /// Position in `Generated::lines` of the sale.
        of_line: usize,
    },
}

/// One line of an order, in the order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderLine {
    /// The number printed in the files; returns have their own.
    pub order: String,
    /// Line within the order, from 1.
    pub line: u32,
    /// Local time of Paris.
    pub at: DateTime,
    /// Position in `Generated::customers`.
    pub customer: usize,
    /// Position in `Generated::products`.
    pub product: usize,
    /// Units; negative for a return.
    pub quantity: i32,
    /// Price of a unit before discount, in euro cents.
    pub unit_price_cents: i64,
    /// Taken off the whole line by a coupon, in euro cents, ≥ 0.
    pub discount_cents: i64,
    /// Sale, cancelled or return.
    pub kind: LineKind,
}

/// What a visitor did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// Asked for something in words.
    Search,
    /// Was shown an item at a position of a list.
    View,
    /// Opened an item.
    Click,
    /// Put an item in the cart.
    Cart,
    /// Bought an item.
    Purchase,
}

impl EventKind {
    /// The word printed in the files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::View => "view",
            Self::Click => "click",
            Self::Cart => "cart",
            Self::Purchase => "purchase",
        }
    }
}

/// One event of the site, in the order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Local time of Paris.
    pub at: DateTime,
    /// Visit it belongs to, from 0.
    pub session: u32,
    /// Position in `Generated::customers`; `None` is a visitor who did not log in.
    pub customer: Option<usize>,
    /// What was done.
    pub kind: EventKind,
    /// Position in `Generated::products`; `None` for a search.
    pub product: Option<usize>,
    /// Position in the list shown, from 1; `None` outside a list.
    pub position: Option<u32>,
    /// Words searched, for a search and for what its list showed.
    pub query: Option<&'static str>,
    /// Position in `Generated::lines` of what was bought, for a purchase.
    pub bought_line: Option<usize>,
}

/// Units on hand when a day opens, after what came in; a row per day on which it changed.
#[derive(Debug, Clone, PartialEq)]
pub struct StockDay {
    /// Day.
    pub date: Date,
    /// Position in `Generated::products`.
    pub product: usize,
    /// Position in `Generated::sites`.
    pub site: usize,
    /// Units at opening, ≥ 0.
    pub on_hand: u32,
}
