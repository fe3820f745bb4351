//! What to expect of each customer in each arm, and the doubly robust scores that follow.

use super::boosted::{Form, Matrix, Result, Task, Values, shapes};
use super::cross_fit::{CrossFit, cross_fit};
use super::error::FitError;
use super::experiment::Experiment;
use super::features::Features;
use super::folds::Folds;
use super::settings;
use crate::boost::Settings;

/// Outcome to expect in every arm of customers who were not learnt from: by arm, the control first, then row.
///
/// - `unseen`: the columns of the trial, in their order.
///
/// Deterministic on any number of threads.
///
/// # Errors
/// [`FitError`] when a setting is out of range, or trees cannot be boosted or read.
pub fn expected_outcomes(
    experiment: &Experiment,
    unseen: &Features,
    settings: &settings::Settings,
) -> std::result::Result<Vec<Vec<f64>>, FitError> {
    settings.check(experiment.arms().len())?;
    let folds = Folds::new(experiment, settings.folds, settings.seed);
    let shapes = shapes(&settings.boosting, settings.seed);
    let learn = || -> Result<Vec<Vec<f64>>> {
        let matrix = Matrix::of(experiment.features(), settings.boosting.bins)?;
        let unseen = Values::new(unseen.values(), unseen.columns().len());
        (0..experiment.arms().len())
            .map(|arm| {
                let task = task(experiment, arm);
                let size = cross_fit(&matrix, std::slice::from_ref(&task), &folds, &shapes)?.size;
                unseen.predicted_by(&task.learn(&matrix, &shapes, size)?)
            })
            .collect()
    };
    learn().map_err(FitError::of_outcomes)
}

/// Models of the outcome, one per arm.
#[derive(Debug)]
pub(super) struct Outcomes {
    /// By arm.
    pub(super) models: Vec<CrossFit>,
    /// By arm, then row: outcome expected by the model that has not seen the row's fold.
    pub(super) held_out: Vec<Vec<f64>>,
}

impl Outcomes {
    pub(super) fn learn(
        experiment: &Experiment,
        matrix: &Matrix,
        folds: &Folds,
        shapes: &[Settings],
    ) -> Result<Self> {
        let mut models = Vec::new();
        let mut held_out = Vec::new();
        for arm in 0..experiment.arms().len() {
            let task = task(experiment, arm);
            let model = cross_fit(matrix, &[task], folds, shapes)?;
            held_out.push(model.held_out(matrix, folds)?);
            models.push(model);
        }
        Ok(Self { models, held_out })
    }

    /// Doubly robust scores of an arm's effect: their mean given the customer is the effect, whatever the models say,
    /// since the propensities are known.
    ///
    /// `μ̂ₐ - μ̂₀ + 1(A=a)/pₐ (y - μ̂ₐ) - 1(A=0)/p₀ (y - μ̂₀)`, with `μ̂` of models that have not seen the row.
    ///
    /// # Source
    /// Robins, Rotnitzky and Zhao (1994); the pseudo-outcome of Kennedy (2023), "Towards optimal doubly robust estimation".
    pub(super) fn scores(&self, experiment: &Experiment, arm: usize) -> Vec<f64> {
        let potential = |row: usize, arm: usize| {
            let expected = self.held_out[arm][row];
            if experiment.arm()[row] == arm {
                expected + (experiment.outcome()[row] - expected) / experiment.propensity(row, arm)
            } else {
                expected
            }
        };
        let score = |row| potential(row, arm) - potential(row, 0);
        (0..experiment.rows()).map(score).collect()
    }
}

/// The outcome of an arm's rows.
pub(super) fn task(experiment: &Experiment, arm: usize) -> Task {
    let rows = experiment.rows_of(arm);
    let target = rows.iter().map(|row| experiment.outcome()[*row]).collect();
    Task {
        form: Form::Interacting,
        rows,
        target,
        weight: None,
    }
}
