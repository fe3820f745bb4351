//! The whole program, as its users meet it.

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

mod architecture;
mod bad_input;
mod batch;
mod changes;
mod clock;
mod clock_jumps;
mod database;
mod deals;
mod demo;
mod documents;
mod experiments;
mod full_disk;
mod guide;
mod imports;
mod incidents;
mod inputs;
mod jobs;
mod ledger;
mod limits;
mod offers;
mod planned_shop;
mod program;
mod reference;
mod registry_away;
mod search;
mod serving;
mod shops;
mod simulated_shops;
mod stores;
mod terminal;
mod valued;
mod versions;
mod whatif;
