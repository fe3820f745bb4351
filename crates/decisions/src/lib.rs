//! Decisions under limits: what the experts of the shop have written down is applied to what the models propose.
//!
//! - [`rules`]: rule files, their conditions in CEL, their examples, their validity.
//! - [`catalogue`]: what every rule says about every item, worked out ahead of the request.
//! - [`rank`](mod@rank): the list that is answered, with the reason of every place and of every absence.
//! - [`allocate`]: which customer has which offer under budgets, with a proof of how good the choice is.

pub mod allocate;
pub mod catalogue;
mod condition;
pub mod facts;
pub mod rank;
pub mod rules;

pub use catalogue::ItemRules;
pub use facts::{ItemFacts, Request};
pub use rank::{Limits, RankError, Ranked, rank};
pub use rules::RuleSet;
