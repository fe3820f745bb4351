//! Learning: what customers are worth, which groups they form, what they will want next, what an offer changes.
//!
//! Everything here is synchronous and takes data, dates and seeds as arguments.
//! The same seed gives the same bytes on any number of threads.

pub mod boost;
pub mod coherent;
pub mod demand;
pub mod launch;
pub mod recommend;
pub mod segments;
pub mod uplift;
pub mod value;
