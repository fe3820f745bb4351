//! What monitoring promises, as tests.

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
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ageing;
mod cause;
mod cause_columns;
mod expected;
mod exposition;
mod inputs;
mod latency;
mod loss;
mod positions;
mod promises;
mod saved;
mod simulated;
mod turns;
