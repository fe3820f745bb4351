//! What stops learning or predicting.

use thiserror::Error;

use super::boosted::TreesError;

/// Effects that could not be learnt.
#[derive(Debug, Error)]
pub enum FitError {
    /// A setting is out of range.
    #[error("learn effects: `{setting}` is {found}, allowed is {allowed}")]
    Setting {
        /// Setting.
        setting: &'static str,
        /// Value found.
        found: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A family names an arm that is the control, does not exist, or is in a family already.
    #[error(
        "learn effects: a family of depths has arm {found}, allowed are arms 1 to {arms_last}, each once"
    )]
    Family {
        /// Arm found.
        found: usize,
        /// The last arm there is.
        arms_last: usize,
    },
    /// There is nothing to choose from.
    #[error("choose a learner of effects: there are 0 candidates, at least 1 is needed")]
    NoCandidates,
    /// Trees could not be boosted.
    #[error("learn effects: boost trees for {what}")]
    Boosting {
        /// What was learnt.
        what: &'static str,
        /// Why not.
        #[source]
        source: TreesError,
    },
}

impl FitError {
    pub(super) fn of_outcomes(source: TreesError) -> Self {
        Self::Boosting {
            what: "the outcome of each arm",
            source,
        }
    }
}

/// Effects that could not be predicted.
#[derive(Debug, Error)]
pub enum PredictError {
    /// The columns are not those learnt from.
    #[error("predict effects: column {position} is `{found}`, the model learnt from `{expected}`")]
    Column {
        /// Position, from 0.
        position: usize,
        /// Name found.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// There are too few columns.
    #[error("predict effects: there are {found} columns, the model learnt from {expected}")]
    Columns {
        /// Columns found.
        found: usize,
        /// Columns learnt from.
        expected: usize,
    },
    /// The level is not a probability.
    #[error(
        "predict effects: the level of the intervals is {found}, allowed is above 0 and below 1"
    )]
    Level {
        /// Level found.
        found: f64,
    },
    /// Trees could not be read.
    #[error("predict effects: read trees")]
    Trees(#[source] TreesError),
}
