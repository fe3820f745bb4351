//! Laws that every kind obeys, on a simulated shop.

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

mod agreement;
mod answers;
mod by_log;
mod change;
mod demand;
mod demand_parts;
mod experiment;
mod gained;
mod laws;
mod limits;
mod lists;
mod offer_costs;
mod offer_depths;
mod offer_flips;
mod offers;
mod planned;
mod planners;
mod planted;
mod precision;
mod promoted;
mod promotion;
mod ratios;
mod read_out;
mod ruled;
mod search;
mod shop;
mod standing;
mod stock;
mod stock_policies;
mod stock_terms;
mod totals;
mod versions;
mod weather;
mod what_if;
