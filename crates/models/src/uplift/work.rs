//! What all learners of one trial share.

use super::average::AverageEffect;
use super::boosted::{Matrix, Result as Boost, Task, shapes};
use super::cross_fit::{CrossFit, Size, cross_fit};
use super::error::FitError;
use super::experiment::Experiment;
use super::folds::Folds;
use super::outcomes::Outcomes;
use super::precision::Precision;
use super::settings::Settings;
use crate::boost::{self, Model};

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
    pub(super) precision: Precision,
    /// By arm, without the control.
    pub(super) averages: Vec<AverageEffect>,
    /// By arm, without the control: the average in which rows count as much as they tell.
    pub(super) levels: Vec<AverageEffect>,
    shapes: Vec<boost::Settings>,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        experiment: &'a Experiment,
        settings: &'a Settings,
    ) -> Result<Self, FitError> {
        settings.check(experiment.arms().len())?;
        let folds = Folds::new(experiment, settings.folds, settings.seed);
        let of = FitError::of_outcomes;
        let shapes = shapes(&settings.boosting, settings.seed);
        let matrix = Matrix::of(experiment.features(), settings.boosting.bins).map_err(of)?;
        let outcomes = Outcomes::learn(experiment, &matrix, &folds, &shapes).map_err(of)?;
        let scores: Vec<Vec<f64>> = (1..experiment.arms().len())
            .map(|arm| outcomes.scores(experiment, arm))
            .collect();
        let averages = scores
            .iter()
            .map(|scores| AverageEffect::of(scores))
            .collect();
        let precision = Precision::of(experiment, &outcomes);
        let levels = scores
            .iter()
            .zip(&precision.of_scores)
            .map(|(scores, weights)| AverageEffect::weighted(scores, weights))
            .collect();
        Ok(Self {
            experiment,
            settings,
            folds,
            matrix,
            outcomes,
            scores,
            precision,
            averages,
            levels,
            shapes,
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
        cross_fit(matrix, tasks, &self.folds, &self.shapes)
    }

    /// Learns those rows of a task that are kept, to a known size.
    pub(super) fn fit(
        &self,
        matrix: &Matrix,
        task: &Task,
        keep: Keep<'_>,
        size: Size,
    ) -> Boost<Model> {
        match keep {
            Keep::All => task.learn(matrix, &self.shapes, size),
            Keep::Half(kept) => {
                let task = task.only(|row| kept[row]);
                task.learn(matrix, &self.shapes, size)
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
