//! Forecasts that add up: what is forecast of each product, category, site and of all together, made to agree.
//!
//! - [`Hierarchy`]: the series that cannot be told apart further (leaves) and the levels at which they are summed up,
//!   nested (product → category → total) or crossed (site → region beside them). Sparse: a group number per leaf and level.
//! - [`Reconciler`], [`reconcile`]: forecasts of all nodes, each made by itself, become forecasts of which every group
//!   is the sum of its leaves, by trusting each as its [`Weights`] say. [`Sign::NonNegative`] where less than nothing
//!   cannot be.
//! - [`choose`]: which weights did best on windows of the past; the simpler ones within the noise.
//!
//! What is reconciled are expected values. A quantile that is a multiple of its forecast follows it: where the forecast
//! of a node is moved by a factor, so is its spread.
//!
//! # Source
//! Wickramasuriya, Athanasopoulos, Hyndman (2019), "Optimal forecast reconciliation for hierarchical and grouped time
//! series through trace minimization", JASA 114; Wickramasuriya, Turlach, Hyndman (2020), "Optimal non-negative forecast
//! reconciliation", Statistics and Computing 30. Checked against hierarchicalforecast 1.5.3.

mod arrangement;
mod choice;
mod covariance;
mod crossed;
mod dense;
mod diagonal;
mod error;
mod full;
mod hierarchy;
mod levels;
mod loss;
mod nonnegative;
mod reconcile;
mod tree;
mod weights;
mod window;

pub use choice::{Choice, Outcome, Trial, choose};
pub use covariance::Covariance;
pub use error::{
    ChoiceError, HierarchyError, LearnError, LossError, ReconcileError, ShapeError, TrialError,
    WeightsError,
};
pub use hierarchy::{Hierarchy, LEAVES};
pub use levels::{Level, Parents};
pub use loss::LevelLoss;
pub use reconcile::{Reconciler, Sign, reconcile};
pub use weights::{Method, Weights};
pub use window::Window;
