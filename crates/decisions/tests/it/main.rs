//! What the rules and the ranking of this crate promise, as tests.

mod conditions;
mod files;
mod ranking;
mod ranking_laws;
mod shop;
mod speed;
