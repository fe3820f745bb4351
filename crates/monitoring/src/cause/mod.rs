//! Why a mean has changed: whom it is about, what they are like, or how they answer.
//!
//! Reading order: [`PeriodMoments`] (sums of the rows of a period, by segment), [`explain`] (the change between two
//! periods, in parts that add up to it), [`explain_columns`] (the relation by columns whose values have changed),
//! [`explain_saved`] (the change of what forecasts save of the naive forecast's error).

mod columns;
mod explain;
mod moments;
mod saved;

pub use columns::{Alike, ByColumns, ColumnPart, explain_columns};
pub use explain::{Cause, CauseOptions, NamedPart, Part, explain};
pub use moments::PeriodMoments;
pub use saved::{Errors, explain_saved};
