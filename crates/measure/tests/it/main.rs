//! Claims about measuring.

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

mod design;
mod effects;
mod groups;
mod guardrail;
mod offpolicy;
mod quasi;
mod quasi_rossmann;
mod quasi_simulated;
mod ranking;
mod ratios;
mod readout;
mod sequential;
mod simulated;
mod uplift;
