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

mod analogues;
mod assignment;
mod attributes;
mod censored;
mod clusters;
mod completed;
mod curve;
mod curves;
mod distribution;
mod encoder;
mod error;
mod folds;
mod forecaster;
mod grid;
mod hierarchy;
mod history;
mod labels;
mod linear;
mod measured;
mod merchants;
mod naive;
mod newsvendor;
mod past;
mod pool;
mod product_limit;
mod records;
mod score;
mod skill;
mod spread;
mod stretch;
mod tails;
mod trees;
mod update;

pub use analogues::Analogue;
pub use assignment::Column;
pub use attributes::{Attributes, Method, Trial};
pub use curve::{Curve, CurveError};
pub use curves::{CurveSettings, CurveTrial, Curves};
pub use distribution::{Demand, LogNormal, Points};
pub use error::{EstimateError, FitError, ForecastError, PastError, UpdateError};
pub use forecaster::{Forecast, Forecaster, Hourly, Settings};
pub use history::History;
pub use measured::{HOURS, Layer, Measured};
pub use merchants::Merchants;
pub use naive::Naive;
pub use newsvendor::{Newsvendor, NewsvendorError, Order};
pub use past::{Columns, Estimate, Launch, Past, Sales, Total};
pub use pool::{Pair, Pool};
pub use records::{Added, Bias, Intervals, Record};
pub use score::{Score, crps, kendall_tau};
pub use update::Updated;
