//! Why nobody is drawn.

use super::ExperimentsError;
use crate::import::{EXPERIMENTS, ImportError};
use lake::LakeError;
use products::experiment::Change;

/// A draw that failed; the lake is as before.
#[derive(Debug, thiserror::Error)]
pub enum AssignError {
    /// The project or the lake.
    #[error(transparent)]
    Experiments(#[from] ExperimentsError),
    /// It draws something else.
    #[error(
        "draw experiment {experiment:?}: its unit is site, and table `assignments` holds customers; assign sites by hand"
    )]
    NotCustomers {
        /// The experiment.
        experiment: String,
    },
    /// The definition is not what it was.
    #[error(
        "draw experiment {experiment:?}: its definition has changed since the first draw: {}; undo that, or plan another experiment, or take all draws back with `comptoir import --forget {EXPERIMENTS}{experiment}`",
        changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Changed {
        /// The experiment.
        experiment: String,
        /// What has changed.
        changes: Vec<Change>,
    },
    /// Somebody else drew it.
    #[error(
        "draw experiment {experiment:?}: table `assignments` holds {rows} draws of that trial from imported files; choose another name"
    )]
    Imported {
        /// The experiment.
        experiment: String,
        /// Draws there are.
        rows: u64,
    },
    /// Nobody is left.
    #[error(
        "draw experiment {experiment:?}: of {known} known customers the query leaves out {not_asked_for}, the holdout has {held_out}, other parts of the layer have {other_part}: nobody is left"
    )]
    Nobody {
        /// The experiment.
        experiment: String,
        /// Customers known.
        known: u64,
        /// Customers that the query leaves out.
        not_asked_for: u64,
        /// Customers held out.
        held_out: u64,
        /// Customers in other parts of the layer.
        other_part: u64,
    },
    /// The rows cannot be made.
    #[error("write the draws")]
    Rows(#[from] arrow::error::ArrowError),
    /// The ledger of imports.
    #[error("write the ledger of imports")]
    Ledger(#[source] ImportError),
    /// The lake.
    #[error("write the draws")]
    Lake(#[from] LakeError),
}
