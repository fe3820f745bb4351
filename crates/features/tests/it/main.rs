//! What is known of customers and products as of a day.

#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    missing_docs,
    reason = "a test says what is wrong by failing"
)]

mod clock;
mod load;
mod shop;
mod sites;
