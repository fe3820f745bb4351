//! What the factory promises.

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

mod alerts;
mod buyers;
mod clock;
mod days;
mod decided;
mod forecasts;
mod given;
mod import;
mod import_bad_input;
mod import_dirt;
mod import_gate;
mod import_killed;
mod import_real_data;
mod import_shop;
mod incidents;
mod jobs;
mod launches;
mod ledger;
mod ledger_limits;
mod ledger_stores;
mod mail_server;
mod orders;
mod project;
mod web_receiver;
