//! What a treatment changes for each customer, learnt from trials whose probabilities of treatment were logged.
//!
//! - [`Features`]: what is known of each customer before the treatment; [`Experiment`]: who was in which arm, with which
//!   probability, and what came of it.
//! - [`Learner`]: seven ways to learn effects; [`fit`] fits one, [`choose`] takes the one that ranks held-out customers
//!   best by the doubly robust score, and the simpler one where the difference is within its own error.
//! - [`Fitted`]: effects per customer and arm with intervals, average effects, and contributions of the columns that add
//!   up to the effect.
//! - [`PolicyTree`]: who should get which arm, in two questions.
//!
//! Effects are shrunk towards the arm's average by how much of their spread is found again in customers that the
//! learner had not seen: where there is nothing to find, everybody gets the average.
//!
//! Deterministic: the same seed gives the same bytes on any number of threads.

mod average;
mod boosted;
mod choose;
mod cross_fit;
mod curve;
mod effects;
mod error;
mod experiment;
mod features;
mod fitted;
mod folds;
mod learner;
mod learners;
mod outcomes;
mod policy_tree;
mod pool;
mod precision;
mod settings;
mod shrink;
mod surface;
mod work;

pub use average::AverageEffect;
pub use boosted::TreesError;
pub use choose::{Choice, Trial, Twin, choose, fit};
pub use effects::{EffectInterval, Effects, Explanation, Explanations};
pub use error::{FitError, PredictError};
pub use experiment::{ARM_ROWS_MIN, Experiment, ExperimentError, Observed, PROPENSITY_SUM_MAX};
pub use features::{Features, FeaturesError};
pub use fitted::{ArmEffects, Fitted};
pub use learner::Learner;
pub use outcomes::expected_outcomes;
pub use policy_tree::{Condition, PolicyLeaf, PolicyTree};
pub use pool::rising_blocks;
pub use settings::{Boosting, Settings};
pub use shrink::{Shrinkage, Slope};
