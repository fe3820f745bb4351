//! Prognostic: the effect as a smooth monotone function of the expected outcome without treatment.

use hessboost::error::Result;

use super::super::boosted::Task;
use super::super::curve::Curve;
use super::super::outcomes;
use super::super::shrink::Shrinkage;
use super::super::surface::{ArmSurface, Prognosis, Surface, Term};
use super::super::work::{Keep, Work};
use super::{ByArm, Tuned};

/// Standard errors of the residual effect's slope that count as nothing: chance alone passes once in 44 arms.
const RESIDUAL_ERRORS_IGNORED: f64 = 2.0;

/// The curve of an arm's scores against the expected outcome without treatment, from the rows kept.
fn curve(work: &Work<'_>, arm: usize, keep: impl Fn(usize) -> bool) -> Curve {
    let kept = (0..work.experiment.rows()).filter(|row| keep(*row));
    let pairs = kept.map(|row| (work.outcomes.held_out[0][row], work.scores[arm - 1][row]));
    let (expected, scores): (Vec<f64>, Vec<f64>) = pairs.unzip();
    Curve::fit(&expected, &scores)
}

/// What the curve leaves of an arm's scores.
fn residual(work: &Work<'_>, arm: usize, curve_held_out: &[f64]) -> Task {
    let pairs = work.scores[arm - 1].iter().zip(curve_held_out);
    Task {
        rows: (0..work.experiment.rows()).collect(),
        target: pairs.map(|(score, curve)| score - curve).collect(),
        weight: None,
    }
}

pub(super) fn learn(work: &Work<'_>) -> Result<ByArm> {
    let (mut held_out, mut tuned) = (Vec::new(), Vec::new());
    for arm in work.treatments() {
        let folds = &work.folds;
        let curves: Vec<Curve> = (0..folds.n())
            .map(|fold| curve(work, arm, |row| folds.of(row) != fold))
            .collect();
        let expected = work.outcomes.held_out[0].iter().enumerate();
        let along: Vec<f64> = expected
            .map(|(row, expected)| curves[folds.of(row)].value(*expected))
            .collect();
        let task = residual(work, arm, &along);
        let model = work.cross_fit(&work.matrix, std::slice::from_ref(&task))?;
        let beside = model.held_out(&work.matrix, folds)?;
        let weight = Shrinkage::of(&beside, &task.target, folds, RESIDUAL_ERRORS_IGNORED).weight;
        let both = along.iter().zip(&beside);
        held_out.push(both.map(|(along, beside)| along + weight * beside).collect());
        tuned.push(Tuned {
            rounds: vec![model.rounds],
            residual_weight: weight,
            curve_held_out: along,
        });
    }
    Ok((held_out, tuned))
}

pub(super) fn finish(work: &Work<'_>, tuned: &[Tuned], keep: Keep<'_>) -> Result<Surface> {
    let control = outcomes::task(work.experiment, 0);
    let rounds = work.outcomes.models[0].rounds;
    let mut models = vec![work.fit(&work.matrix, &control, keep, rounds)?];
    let mut arms = Vec::new();
    for (arm, tuned) in work.treatments().zip(tuned) {
        let mut terms = Vec::new();
        if tuned.residual_weight > 0.0 {
            let task = residual(work, arm, &tuned.curve_held_out);
            terms.push(Term::of(models.len(), tuned.residual_weight));
            models.push(work.fit(&work.matrix, &task, keep, tuned.rounds[0])?);
        }
        let curve = curve(work, arm, |row| keep.holds(row));
        arms.push(ArmSurface {
            terms,
            curve: Some(Prognosis { model: 0, curve }),
            centre: 0.0,
        });
    }
    Ok(Surface { models, arms })
}
