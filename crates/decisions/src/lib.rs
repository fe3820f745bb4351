//! Decisions under limits: what the experts of the shop have written down is applied to what the models propose.
//!
//! - [`rules`]: rule files, their conditions in CEL, their examples, their validity.
//! - [`catalogue`]: what every rule says about every item, worked out ahead of the request.
//! - [`rank`](mod@rank): the list that is answered, with the reason of every place and of every absence.
//! - [`ItemRules::on_offers`], [`Eligibility`]: which offers a customer may be given.
//! - [`ItemRules::on_shop`]: what the rules do on a shop, so that one that never fires is seen.
//! - [`allocate`]: which customer has which offer under budgets, with a proof of how good the choice is.
//! - [`stock`]: how much to order, when and for where, from the distribution of demand.

pub mod allocate;
pub mod catalogue;
mod condition;
pub mod facts;
mod offers;
mod on_shop;
pub mod rank;
pub mod rules;
pub mod stock;

pub use catalogue::ItemRules;
pub use facts::{CustomerFacts, ItemFacts, OfferFacts, Request, Told};
pub use offers::{Eligibility, EligibilityError, Eligible, OfferTouch, known_keys};
pub use on_shop::{Fired, Known, OnShop, Over, Together};
pub use rank::{Limits, RankError, Ranked, rank};
pub use rules::RuleSet;
