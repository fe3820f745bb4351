//! Gradient boosting of regression trees on quantile bins.
//!
//! - [`Table`]: columns of values told apart by at most 255 quantile bins each, a missing value in a bin of its own.
//! - [`Labels`]: which rows of the table are learnt from, with their targets and weights; many models share one table.
//! - [`fit`] learns a [`Model`] and stops early on held-out rows; [`Booster`] does the same round by round, for callers
//!   that compare several models while they grow.
//! - [`Model`]: margins, predictions, the gain of each column, and contributions of the columns that add up to the margin.
//!
//! Trees grow leaf by leaf where the loss falls most. Losses: squared, logistic, Poisson, Tweedie, quantile.
//! Deterministic: the same seed gives the same bytes on any number of threads, because each sum has one order.
//!
//! # Source
//! Friedman (2001) for boosting; Chen and Guestrin (2016), eq. 6 and 7, for gains and values of leaves; Ke et al. (2017)
//! for histograms and growth by leaf; Lundberg et al. (2020) for contributions.

mod booster;
mod codes;
mod contributions;
mod error;
mod grow;
mod histogram;
mod labels;
mod loss;
mod model;
mod sample;
mod settings;
mod split;
mod table;
mod tree;

pub use booster::{Booster, fit};
pub use error::{FitError, PredictError, TableError};
pub use labels::Labels;
pub use loss::Loss;
pub use model::Model;
pub use settings::{DEPTH_MAX, Monotone, Settings};
pub use table::{BINS_MAX, Table};
