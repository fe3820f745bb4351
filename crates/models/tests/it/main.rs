//! Claims about the models.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    clippy::result_large_err,
    clippy::type_complexity,
    clippy::needless_range_loop,
    unreachable_pub,
    missing_docs,
    reason = "a test says what is wrong by failing"
)]

mod agreement;
mod boost;
mod coherent;
mod demand;
mod launch;
mod local;
mod promoted;
mod recommend;
mod segments;
mod segments_of_series;
mod segments_uci;
mod totals;
mod uplift;
mod uplift_hillstrom;
mod value;
mod value_cdnow;
mod weather;
mod what_if;
