//! The words of the shop: typed identifiers, money, time, the shared tables and indicators, and the
//! types that one step hands to the next.
//!
//! Nothing here computes; everything here is spoken by all other crates.

pub mod config;
pub mod estimate;
pub mod id;
pub mod indicator;
pub mod json;
pub mod memory;
pub mod money;
pub mod progress;
pub mod scorecard;
pub mod table;
pub mod time;
pub mod weights;

pub use config::ConfigError;
pub use estimate::{Estimate, WhyNot};
pub use id::{CustomerId, DecisionId, OrderId, ProductId, RunId, SiteId};
pub use json::Json;
pub use memory::Bytes;
pub use money::{Cents, Currency, LimitUnit, Probability};
pub use scorecard::{Direction, HeldOut, Metric, Part, Role, Scorecard};
pub use time::AsOf;
pub use weights::{Weight, Weights};
