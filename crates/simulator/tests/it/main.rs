//! The simulator's claims.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    clippy::result_large_err,
    clippy::type_complexity,
    unreachable_pub,
    missing_docs,
    reason = "a test says what is wrong by failing"
)]

mod boutique;
mod boutique_planners;
mod boutique_play;
mod boutique_stock;
mod determinism;
mod dirt;
mod flash_merchants;
mod flash_sales;
mod grocery;
mod planted;
mod process;
mod stock;
mod used_cars;

use std::sync::OnceLock;

use simulator::{Generated, Shop, generate};

/// The demonstration shop, generated once for all tests.
fn marketplace() -> &'static Generated {
    static SHOP: OnceLock<Generated> = OnceLock::new();
    SHOP.get_or_init(|| generate(&Shop::marketplace()).unwrap())
}

/// The small shop, generated once for all tests.
fn tiny() -> &'static Generated {
    static SHOP: OnceLock<Generated> = OnceLock::new();
    SHOP.get_or_init(|| generate(&Shop::tiny()).unwrap())
}
