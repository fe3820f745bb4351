//! The lake and the decision log, as their users see them.

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

mod compaction;
mod draining;
mod indicators;
mod killed;
mod killed_transactions;
mod lookups;
mod queries;
mod shop;
mod transactions;
mod wal;
