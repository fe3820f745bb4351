//! Demand of what was never sold: forecast before a launch opens, corrected in its first hours.
//!
//! Each layer can be used alone, so that what it adds can be told:
//!
//! 1. [`History`]: one log-normal of all past launches; of those whose stock ran out it is known that demand was more.
//! 2. [`Attributes`]: what is told of a launch, by the method that forecast best in the order of time, and the past
//!    launches that it is most like.
//! 3. [`Merchants`]: estimates of merchants, calibrated by their own record as far as it reaches.
//! 4. [`Pool`]: both together, by how their errors go together.
//! 5. [`Curves`]: which share of demand comes in the first hours.
//! 6. [`Curves::update`]: demand given the hours that were seen.
//!
//! [`Forecaster`] holds all of them; [`Newsvendor`] says how much to order; [`Score`] how good forecasts were.
//!
//! Units are those that would have been sold, had there been enough. Logarithms of nothing are those of half a unit.

mod distribution;
mod error;
mod newsvendor;
mod past;
mod score;

pub use distribution::{Demand, LogNormal, Points};
pub use error::{EstimateError, FitError, PastError, UpdateError};
pub use newsvendor::{Newsvendor, NewsvendorError, Order};
pub use past::{Columns, Estimate, Launch, Past, Sales, Total};
pub use score::{Score, crps, kendall_tau};
