//! What all learners of one trial share.

use hessboost::config::TrainingParams;
use hessboost::error::Result as Boost;

use super::average::AverageEffect;
use super::boosted::{Boosted, Matrix, Task, parameters};
use super::cross_fit::{CrossFit, cross_fit};
use super::error::FitError;
use super::experiment::Experiment;
use super::folds::Folds;
use super::outcomes::Outcomes;
use super::settings::Settings;

/// A trial prepared: folds, bins, outcome models, doubly robust scores.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) settings: &'a Settings,
    pub(super) folds: Folds,
    pub(super) matrix: Matrix,
    pub(super) outcomes: Outcomes,
    /// By arm, without the control, then row.
    pub(super) scores: Vec<Vec<f64>>,
    /// By arm, without the control.
    pub(super) averages: Vec<AverageEffect>,
    parameters: TrainingParams,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        experiment: &'a Experiment,
        settings: &'a Settings,
    ) -> Result<Self, FitError> {
        settings.check(experiment.arms().len())?;
        let folds = Folds::new(experiment, settings.folds, settings.seed);
        let features = experiment.features();
        let of = |source| FitError::Boosting {
            what: "the outcome of each arm",
            source,
        };
        let parameters = parameters(&settings.boosting, settings.seed).map_err(of)?;
        let matrix =
            Matrix::new(features.values().to_vec(), features.columns().len()).map_err(of)?;
        let rounds_max = settings.boosting.rounds_max;
        let outcomes =
            Outcomes::learn(experiment, &matrix, &folds, &parameters, rounds_max).map_err(of)?;
        let scores: Vec<Vec<f64>> = (1..experiment.arms().len())
            .map(|arm| outcomes.scores(experiment, arm))
            .collect();
        let averages = scores
            .iter()
            .map(|scores| AverageEffect::of(scores))
            .collect();
        Ok(Self {
            experiment,
            settings,
            folds,
            matrix,
            outcomes,
            scores,
            averages,
            parameters,
        })
    }

    /// Arms that are not the control.
    pub(super) fn treatments(&self) -> std::ops::Range<usize> {
        1..self.experiment.arms().len()
    }

    /// Probability of an arm in a row, given that it was this arm or the control.
    pub(super) fn against_control(&self, row: usize, arm: usize) -> f64 {
        let (treated, control) = (
            self.experiment.propensity(row, arm),
            self.experiment.propensity(row, 0),
        );
        treated / (treated + control)
    }

    /// Learns a task without each fold.
    pub(super) fn cross_fit(&self, matrix: &Matrix, tasks: &[Task]) -> Boost<CrossFit> {
        let rounds_max = self.settings.boosting.rounds_max;
        cross_fit(matrix, tasks, &self.folds, &self.parameters, rounds_max)
    }

    /// Learns those rows of a task that are kept, with a known number of rounds.
    pub(super) fn fit(
        &self,
        matrix: &Matrix,
        task: &Task,
        keep: Keep<'_>,
        rounds: usize,
    ) -> Boost<Boosted> {
        match keep {
            Keep::All => Boosted::fit(matrix, task, &self.parameters, rounds),
            Keep::Half(kept) => {
                let task = task.only(|row| kept[row]);
                Boosted::fit(matrix, &task, &self.parameters, rounds)
            }
        }
    }
}

/// Rows to learn from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keep<'a> {
    /// All.
    All,
    /// Those marked, by row.
    Half(&'a [bool]),
}

impl Keep<'_> {
    /// Whether a row is learnt from.
    pub(super) fn holds(self, row: usize) -> bool {
        match self {
            Self::All => true,
            Self::Half(kept) => kept[row],
        }
    }
}
