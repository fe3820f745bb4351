//! The server, asked over HTTP.

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

mod access;
mod api;
mod browser;
mod console;
mod demand;
mod events;
mod house;
mod incidents;
mod jobs;
mod launches;
mod makes_room;
mod measured_rule;
mod needed;
mod openapi;
mod orders;
mod positions;
mod purchases;
mod report;
mod requests;
mod review;
mod served;
mod shadow;
mod stocked;
mod table_ages;
mod trial;
mod versions;
