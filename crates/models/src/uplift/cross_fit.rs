//! Models that predict rows they have not seen, and how deep and how many trees are worth adding.

use rayon::prelude::*;

use super::boosted::{Matrix, Result, Task};
use super::folds::Folds;
use crate::boost::{Booster, Loss, Model, Settings};

/// Rounds added before it is asked whether more are worth it.
const STAGE_FIRST: usize = 48;

/// More rounds are added while the best number lies beyond this share of those tried.
const STAGE_ENOUGH: f64 = 0.6;

/// How large a model is worth making.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Which of the shapes its trees have.
    pub(super) shape: usize,
    /// How many there are.
    pub(super) rounds: usize,
}

/// One model per fold, learnt from the other folds.
#[derive(Debug)]
pub(super) struct CrossFit {
    models: Vec<Model>,
    /// The size that predicted held-out rows best, over all folds: for the model learnt from all rows.
    pub(super) size: Size,
}

/// A model being boosted, with its loss on the fold that it does not see.
struct Run<'a> {
    booster: Booster<'a>,
    held_out_weight: f64,
}

/// Learns a task once per fold without its rows.
///
/// - `tasks`: one for all folds, or one per fold where the target itself depends on the fold.
/// - `shapes`: what the booster may be told, the simplest first.
///
/// Which shape and how many rounds the model of a fold gets is read from the other folds, so that its own rows stay
/// unseen.
pub(super) fn cross_fit(
    matrix: &Matrix,
    tasks: &[Task],
    folds: &Folds,
    shapes: &[Settings],
) -> Result<CrossFit> {
    let shapes = tasks[0].form.of(shapes);
    let parts: Vec<(Task, Task)> = (0..folds.n())
        .map(|fold| {
            let task = &tasks[fold % tasks.len()];
            let held_out = |row: usize| folds.of(row) == fold;
            (task.only(|row| !held_out(row)), task.only(held_out))
        })
        .collect();
    let mut runs = Vec::with_capacity(shapes.len());
    for settings in shapes {
        runs.push(boost(matrix, &parts, settings)?);
    }
    let by_fold: Vec<Size> = (0..folds.n())
        .map(|fold| best_size(&runs, Some(fold)))
        .collect();
    let size = best_size(&runs, None);
    let mut models: Vec<Option<Model>> = vec![None; folds.n()];
    for (shape, runs) in runs.into_iter().enumerate() {
        for ((model, run), size) in models.iter_mut().zip(runs).zip(&by_fold) {
            if size.shape == shape {
                *model = Some(run.booster.finish(size.rounds));
            }
        }
    }
    let models = models.into_iter().flatten().collect();
    Ok(CrossFit { models, size })
}

/// Boosts until more rounds are not worth it: one run per part.
fn boost<'a>(
    matrix: &'a Matrix,
    parts: &'a [(Task, Task)],
    settings: &'a Settings,
) -> Result<Vec<Run<'a>>> {
    let mut runs = Vec::with_capacity(parts.len());
    for (learn, held_out) in parts {
        let (learn, judge) = (learn.labels(), Some(held_out.labels()));
        runs.push(Run {
            booster: Booster::new(matrix.table(), learn, judge, Loss::Squared, settings)?,
            held_out_weight: held_out.weight_sum(),
        });
    }
    let mut tried = STAGE_FIRST.min(settings.rounds_max);
    loop {
        runs.par_iter_mut()
            .for_each(|run| run.booster.advance(tried - run.booster.rounds()));
        let (best, _) = best_rounds(&runs, None);
        if tried >= settings.rounds_max || (best as f64) <= STAGE_ENOUGH * tried as f64 {
            return Ok(runs);
        }
        tried = (2 * tried).min(settings.rounds_max);
    }
}

/// The shape and rounds of the smallest held-out loss, the first of equals, over all folds but one.
fn best_size(runs: &[Vec<Run<'_>>], without: Option<usize>) -> Size {
    let mut best = (Size::default(), f64::INFINITY);
    for (shape, runs) in runs.iter().enumerate() {
        let (rounds, loss) = best_rounds(runs, without);
        if loss < best.1 {
            best = (Size { shape, rounds }, loss);
        }
    }
    best.0
}

/// Rounds with the smallest held-out loss, the fewest of equals, over all folds but one, and that loss.
fn best_rounds(runs: &[Run<'_>], without: Option<usize>) -> (usize, f64) {
    let tried = runs.first().map_or(0, |run| run.booster.losses().len());
    let loss = |rounds: usize| -> f64 {
        let counted = runs
            .iter()
            .enumerate()
            .filter(|(fold, _)| Some(*fold) != without);
        counted
            .map(|(_, run)| run.booster.losses()[rounds] * run.held_out_weight)
            .sum()
    };
    let mut best = (0, f64::INFINITY);
    for rounds in 0..tried {
        let found = loss(rounds);
        if found < best.1 {
            best = (rounds, found);
        }
    }
    best
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
