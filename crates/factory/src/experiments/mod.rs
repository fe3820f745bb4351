//! Experiments of the project: what they can see before they start, and who is drawn into which arm.

mod assign;
mod design;
mod known;

pub use assign::{AssignError, AssignOptions, AssignState, Assigned};
pub use design::{DesignError, DesignOptions};

use crate::import::{self, ImportError};
use crate::workshop::Workshop;
use lake::LakeError;
use products::experiment::{Definition, Drawing, DrawingError, ExperimentFile};
use std::collections::BTreeMap;

/// Why experiments cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentsError {
    /// There is none of that name.
    #[error(
        "there is no experiment {asked:?}: write experiments/{asked}.toml; found {}",
        if found.is_empty() { "none".to_owned() } else { found.join(", ") }
    )]
    Unknown {
        /// The name asked for.
        asked: String,
        /// The experiments of the project.
        found: Vec<String>,
    },
    /// The ledger of earlier draws cannot be read.
    #[error("read the experiments drawn so far")]
    Ledger(#[from] ImportError),
    /// Another version of the program drew it.
    #[error(
        "experiment {experiment:?} was drawn by a definition that this version of the program does not read: {found}"
    )]
    Stored {
        /// The experiment.
        experiment: String,
        /// What is wrong with it.
        found: String,
    },
    /// Experiments exclude each other.
    #[error(transparent)]
    Layers(#[from] DrawingError),
    /// The query of the definition says nothing.
    #[error("find the customers of experiment {experiment:?} (`customers`)")]
    Customers {
        /// The experiment.
        experiment: String,
        /// Why.
        #[source]
        source: LakeError,
    },
    /// The lake.
    #[error("read the lake")]
    Lake(#[from] LakeError),
    /// The sales.
    #[error(transparent)]
    Sales(#[from] features::LoadError),
}

/// The experiments of a shop: those of the project, and those drawn before whose file is gone.
struct Experiments {
    drawing: Drawing,
    /// Those of the project, and then those that are gone.
    all: Vec<Definition>,
    /// By which definition each was drawn last.
    drawn: BTreeMap<String, Definition>,
}

impl Workshop {
    /// An experiment of the project.
    fn experiment(&self, name: &str) -> Result<&Definition, ExperimentsError> {
        let all = &self.project.experiments;
        let unknown = || ExperimentsError::Unknown {
            asked: name.to_owned(),
            found: all.iter().map(|e| e.name().to_owned()).collect(),
        };
        all.iter().find(|e| e.name() == name).ok_or_else(unknown)
    }

    async fn experiments(&self) -> Result<Experiments, ExperimentsError> {
        let mut drawn = BTreeMap::new();
        for (name, stored) in import::drawn_experiments(&self.lake).await? {
            let file = serde_json::from_str::<ExperimentFile>(&stored);
            let file = file.map_err(|error| ExperimentsError::Stored {
                experiment: name.clone(),
                found: error.to_string(),
            })?;
            drawn.insert(name.clone(), Definition::stored(&name, file));
        }
        let mut all = self.project.experiments.clone();
        let gone = |name: &str| !self.project.experiments.iter().any(|e| e.name() == name);
        all.extend(drawn.values().filter(|d| gone(d.name())).cloned());
        let holdout = &self.project.file.holdout;
        let drawing = Drawing::of(&all, (&holdout.salt, holdout.share))?;
        Ok(Experiments {
            drawing,
            all,
            drawn,
        })
    }
}
