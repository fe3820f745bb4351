//! Models that predict rows they have not seen, and how many trees are worth adding.

use hessboost::config::TrainingParams;
use hessboost::data::DMatrix;
use hessboost::error::Result;
use hessboost::model::BoostedModel;
use hessboost::training::Trainer;
use rayon::prelude::*;

use super::boosted::{Boosted, Matrix, Task};
use super::folds::Folds;

/// Rounds added before it is asked whether more are worth it.
const STAGE_FIRST: usize = 48;

/// More rounds are added while the best number lies beyond this share of those tried.
const STAGE_ENOUGH: f64 = 0.6;

/// One model per fold, learnt from the other folds.
#[derive(Debug)]
pub(super) struct CrossFit {
    models: Vec<Boosted>,
    /// Rounds that predicted held-out rows best, over all folds: for the model learnt from all rows.
    pub(super) rounds: usize,
}

/// A model being boosted, with its loss on the fold that it does not see.
struct Run {
    learn: DMatrix,
    held_out: DMatrix,
    held_out_weight: f64,
    intercept: f64,
    trees: Option<BoostedModel>,
    /// Weighted squared error on the held-out rows after 0, 1, 2 … rounds.
    losses: Vec<f64>,
}

impl Run {
    fn new(matrix: &Matrix, task: &Task, folds: &Folds, fold: usize) -> Result<Self> {
        let learn = task.only(|row| folds.of(row) != fold);
        let held_out = task.only(|row| folds.of(row) == fold);
        let intercept = learn.mean();
        Ok(Self {
            learn: matrix.labelled(&learn, intercept)?,
            held_out: matrix.labelled(&held_out, intercept)?,
            held_out_weight: held_out.weight_sum(),
            intercept,
            trees: None,
            losses: vec![held_out.squares_around(intercept)],
        })
    }

    /// Adds rounds until there are `rounds`.
    fn advance(&mut self, parameters: &TrainingParams, rounds: usize) -> Result<()> {
        let more = rounds + 1 - self.losses.len();
        let mut trainer =
            Trainer::new(parameters, &self.learn, more).eval(&self.held_out, "held out");
        if let Some(trees) = &self.trees {
            trainer = trainer.init_model(trees);
        }
        let result = trainer.train()?;
        let weight = self.held_out_weight;
        let losses = result.history.rounds().map(|round| {
            let rmse = round.values().last().copied().unwrap_or(f64::INFINITY);
            rmse * rmse * weight
        });
        self.losses.extend(losses);
        self.trees = Some(result.model);
        Ok(())
    }

    fn model(self, rounds: usize) -> Result<Boosted> {
        let trees = match self.trees {
            Some(trees) if rounds > 0 => Some(trees.slice(..rounds, 1)?),
            _ => None,
        };
        Ok(Boosted::new(self.intercept, trees))
    }
}

/// Learns a task once per fold without its rows.
///
/// - `tasks`: one for all folds, or one per fold where the target itself depends on the fold.
///
/// How many rounds the model of a fold gets is read from the other folds, so that its own rows stay unseen.
pub(super) fn cross_fit(
    matrix: &Matrix,
    tasks: &[Task],
    folds: &Folds,
    parameters: &TrainingParams,
    rounds_max: usize,
) -> Result<CrossFit> {
    let mut runs = (0..folds.n())
        .into_par_iter()
        .map(|fold| Run::new(matrix, &tasks[fold % tasks.len()], folds, fold))
        .collect::<Result<Vec<Run>>>()?;
    let mut tried = STAGE_FIRST.min(rounds_max);
    loop {
        runs.par_iter_mut()
            .map(|run| run.advance(parameters, tried))
            .collect::<Result<Vec<()>>>()?;
        let best = best_rounds(&runs, None);
        if tried >= rounds_max || (best as f64) <= STAGE_ENOUGH * tried as f64 {
            break;
        }
        tried = (2 * tried).min(rounds_max);
    }
    let rounds = best_rounds(&runs, None);
    let by_fold: Vec<usize> = (0..folds.n())
        .map(|fold| best_rounds(&runs, Some(fold)))
        .collect();
    let models = runs
        .into_iter()
        .zip(by_fold)
        .map(|(run, rounds)| run.model(rounds))
        .collect::<Result<Vec<Boosted>>>()?;
    Ok(CrossFit { models, rounds })
}

/// Rounds with the smallest held-out loss, the fewest of equals, over all folds but one.
fn best_rounds(runs: &[Run], without: Option<usize>) -> usize {
    let tried = runs.first().map_or(0, |run| run.losses.len());
    let loss = |rounds: usize| -> f64 {
        let counted = runs
            .iter()
            .enumerate()
            .filter(|(fold, _)| Some(*fold) != without);
        counted.map(|(_, run)| run.losses[rounds]).sum()
    };
    let mut best = (0, f64::INFINITY);
    for rounds in 0..tried {
        let found = loss(rounds);
        if found < best.1 {
            best = (rounds, found);
        }
    }
    best.0
}

impl CrossFit {
    /// Every row of a matrix predicted by the model that has not seen its fold.
    pub(super) fn held_out(&self, matrix: &Matrix, folds: &Folds) -> Result<Vec<f64>> {
        let parts = (0..folds.n())
            .into_par_iter()
            .map(|fold| {
                let rows = folds.rows(fold);
                let predicted = self.models[fold].predict(&matrix.rows(&rows)?)?;
                Ok((rows, predicted))
            })
            .collect::<Result<Vec<_>>>()?;
        let mut predicted = vec![0.0; matrix.all().n_rows()];
        for (rows, values) in parts {
            for (row, value) in rows.into_iter().zip(values) {
                predicted[row] = value;
            }
        }
        Ok(predicted)
    }

    /// Some rows predicted by the model that has not seen a fold.
    pub(super) fn without(&self, fold: usize, matrix: &Matrix, rows: &[usize]) -> Result<Vec<f64>> {
        self.models[fold].predict(&matrix.rows(rows)?)
    }
}
