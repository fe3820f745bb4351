//! What the rules and the ranking of this crate promise, as tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod conditions;
mod files;
mod ranking;
mod ranking_laws;
mod shop;
mod speed;
