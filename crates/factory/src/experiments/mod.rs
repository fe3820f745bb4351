//! Experiments of the project: what they can see before they start, and who is drawn into which arm.

mod assign;
mod design;
mod known;
mod refused;

pub use assign::{AssignOptions, AssignState, Assigned};
pub use design::{DesignError, DesignOptions};
pub use refused::AssignError;

use crate::import::{self, ImportError};
use crate::workshop::Workshop;
use lake::LakeError;
use products::experiment::{Change, Definition, Drawing, DrawingError, ExperimentFile, Unit};
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

    /// The experiments whose definition is not what it was when they were drawn, each with what has changed.
    ///
    /// # Errors
    /// [`ExperimentsError`] when the ledger of earlier draws cannot be read.
    pub async fn changed_experiments(
        &self,
    ) -> Result<Vec<(String, Vec<Change>)>, ExperimentsError> {
        let drawn = self.drawn().await?;
        let planned = self.project.experiments.iter();
        let changed = planned.filter_map(|planned| {
            let changes = planned.changes(drawn.get(planned.name())?);
            (!changes.is_empty()).then(|| (planned.name().to_owned(), changes))
        });
        Ok(changed.collect())
    }

    /// By which definition each experiment was drawn last.
    async fn drawn(&self) -> Result<BTreeMap<String, Definition>, ExperimentsError> {
        let mut drawn = BTreeMap::new();
        for (name, stored) in import::drawn_experiments(&self.lake).await? {
            let file = serde_json::from_str::<ExperimentFile>(&stored);
            let file = file.map_err(|error| ExperimentsError::Stored {
                experiment: name.clone(),
                found: error.to_string(),
            })?;
            drawn.insert(name.clone(), Definition::stored(&name, file));
        }
        Ok(drawn)
    }

    /// All experiments, to draw units of one sort: the universal holdout is one of customers.
    async fn experiments(&self, unit: Unit) -> Result<Experiments, ExperimentsError> {
        let drawn = self.drawn().await?;
        let mut all = self.project.experiments.clone();
        let gone = |name: &str| !self.project.experiments.iter().any(|e| e.name() == name);
        all.extend(drawn.values().filter(|d| gone(d.name())).cloned());
        let holdout = &self.project.file.holdout;
        let share = match unit {
            Unit::Customer => holdout.share,
            Unit::Site => 0.0,
        };
        let drawing = Drawing::of(&all, (&holdout.salt, share))?;
        Ok(Experiments {
            drawing,
            all,
            drawn,
        })
    }
}
