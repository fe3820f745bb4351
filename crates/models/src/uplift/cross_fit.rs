//! Models that predict rows they have not seen, and how many trees are worth adding.

use rayon::prelude::*;

use super::boosted::{Matrix, Result, Task};
use super::folds::Folds;
use crate::boost::{Booster, Loss, Model, Settings};

/// Rounds added before it is asked whether more are worth it.
const STAGE_FIRST: usize = 48;

/// More rounds are added while the best number lies beyond this share of those tried.
const STAGE_ENOUGH: f64 = 0.6;

/// One model per fold, learnt from the other folds.
#[derive(Debug)]
pub(super) struct CrossFit {
    models: Vec<Model>,
    /// Rounds that predicted held-out rows best, over all folds: for the model learnt from all rows.
    pub(super) rounds: usize,
}

/// A model being boosted, with its loss on the fold that it does not see.
struct Run<'a> {
    booster: Booster<'a>,
    held_out_weight: f64,
}

impl Run<'_> {
    /// Weighted squared error on the held-out rows after a number of rounds.
    fn loss(&self, rounds: usize) -> f64 {
        self.booster.losses()[rounds] * self.held_out_weight
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
    settings: &Settings,
) -> Result<CrossFit> {
    let parts: Vec<(Task, Task)> = (0..folds.n())
        .map(|fold| {
            let task = &tasks[fold % tasks.len()];
            let held_out = |row: usize| folds.of(row) == fold;
            (task.only(|row| !held_out(row)), task.only(held_out))
        })
        .collect();
    let mut runs = Vec::with_capacity(parts.len());
    for (learn, held_out) in &parts {
        let labels = (learn.labels(), Some(held_out.labels()));
        let booster = Booster::new(matrix.table(), labels.0, labels.1, Loss::Squared, settings)?;
        runs.push(Run {
            booster,
            held_out_weight: held_out.weight_sum(),
        });
    }
    let mut tried = STAGE_FIRST.min(settings.rounds_max);
    loop {
        runs.par_iter_mut()
            .for_each(|run| run.booster.advance(tried - run.booster.rounds()));
        let best = best_rounds(&runs, None);
        if tried >= settings.rounds_max || (best as f64) <= STAGE_ENOUGH * tried as f64 {
            break;
        }
        tried = (2 * tried).min(settings.rounds_max);
    }
    let rounds = best_rounds(&runs, None);
    let by_fold: Vec<usize> = (0..folds.n())
        .map(|fold| best_rounds(&runs, Some(fold)))
        .collect();
    let models = runs.into_iter().zip(by_fold);
    Ok(CrossFit {
        models: models
            .map(|(run, rounds)| run.booster.finish(rounds))
            .collect(),
        rounds,
    })
}

/// Rounds with the smallest held-out loss, the fewest of equals, over all folds but one.
fn best_rounds(runs: &[Run<'_>], without: Option<usize>) -> usize {
    let tried = runs.first().map_or(0, |run| run.booster.losses().len());
    let loss = |rounds: usize| -> f64 {
        let counted = runs
            .iter()
            .enumerate()
            .filter(|(fold, _)| Some(*fold) != without);
        counted.map(|(_, run)| run.loss(rounds)).sum()
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
        let mut predicted = vec![0.0; matrix.table().rows()];
        for (fold, model) in self.models.iter().enumerate() {
            let rows = folds.rows(fold);
            let values = matrix.rows(&rows).predicted_by(model)?;
            for (row, value) in rows.into_iter().zip(values) {
                predicted[row] = value;
            }
        }
        Ok(predicted)
    }

    /// Some rows predicted by the model that has not seen a fold.
    pub(super) fn without(&self, fold: usize, matrix: &Matrix, rows: &[usize]) -> Result<Vec<f64>> {
        matrix.rows(rows).predicted_by(&self.models[fold])
    }
}
