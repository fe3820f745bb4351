//! Why a mean has changed: whom it is about, what they are like, or how they answer.
//!
//! Reading order: [`PeriodMoments`] (sums of the rows of a period, by segment), [`explain`] (the change between two
//! periods, in parts that add up to it).

mod explain;
mod moments;

pub use explain::{Cause, CauseOptions, NamedPart, Part, explain};
pub use moments::PeriodMoments;
