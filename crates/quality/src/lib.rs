//! Contracts: each row that is read is accepted, or set aside with the rule that it broke and the value found.
//!
//! A contract begins with what the shared schema says of a table and is extended by the source file. Rows pass in
//! batches; each is judged by the first rule that it breaks, in a fixed order: skipped by the source file, readable as
//! its type, not null, within its range, among the allowed values, of its pattern, every SQL condition, references,
//! and last uniqueness, so that a row that is refused anyway does not occupy a key.

mod check;
mod compare;
mod contract;
mod gate;
mod keys;
mod merge;
mod render;
mod report;
mod rows;

pub use check::Checker;
pub use contract::{Check, Condition, Contract, ContractError, Effect, Limits, Rule};
pub use keys::{KeySet, Known};
pub use merge::merge;
pub use report::{EarlierFiles, Example, Finding, Gate, Newest, Report, RuleReport, Volume};
pub use rows::{CellFailure, CheckError, FileToCheck, RowsToCheck, SetAside, UnreadRow, Verdicts};
