//! Prognostic: the effect as a smooth monotone function of the expected outcome without treatment.

use super::super::boosted::{Form, Result, Task};
use super::super::cross_fit::Size;
use super::super::curve::Curve;
use super::super::shrink::Shrinkage;
use super::super::surface::{ArmSurface, Prognosis, Surface, Term};
use super::super::work::{Keep, Work};
use super::{ByArm, Tuned};

/// Standard errors of the residual effect's slope that count as nothing: chance alone passes once in 44 arms.
const RESIDUAL_ERRORS_IGNORED: f64 = 2.0;

/// The outcome without treatment, learnt from all rows: outcomes of treated rows less their arm's average effect.
///
/// The control alone would say the same with less data. What effects differ by is in it as far as treated rows are:
/// a signal where effects are small beside outcomes, and where they are not, other learners are ahead.
fn prognosis(work: &Work<'_>) -> Task {
    let experiment = work.experiment;
    let average = |arm: usize| {
        arm.checked_sub(1)
            .map_or(0.0, |at| work.averages[at].effect)
    };
    let pairs = experiment.outcome().iter().zip(experiment.arm());
    Task {
        form: Form::Interacting,
        rows: (0..experiment.rows()).collect(),
        target: pairs
            .map(|(outcome, arm)| outcome - average(*arm))
            .collect(),
        weight: Some(work.precision.of_outcome.clone()),
    }
}

/// The curve of an arm's scores against the expected outcome, from the rows kept.
fn curve(work: &Work<'_>, arm: usize, expected: &[f64], keep: impl Fn(usize) -> bool) -> Curve {
    let kept: Vec<usize> = (0..work.experiment.rows())
        .filter(|row| keep(*row))
        .collect();
    let of = |values: &[f64]| -> Vec<f64> { kept.iter().map(|row| values[*row]).collect() };
    let (scores, weights) = (&work.scores[arm - 1], &work.precision.of_scores[arm - 1]);
    Curve::fit(&of(expected), &of(scores), &of(weights))
}

/// What the curve leaves of an arm's scores.
fn residual(work: &Work<'_>, arm: usize, along: &[f64]) -> Task {
    let pairs = work.scores[arm - 1].iter().zip(along);
    Task {
        form: Form::Interacting,
        rows: (0..work.experiment.rows()).collect(),
        target: pairs.map(|(score, along)| score - along).collect(),
        weight: Some(work.precision.of_scores[arm - 1].clone()),
    }
}

pub(super) fn learn(work: &Work<'_>) -> Result<ByArm> {
    let folds = &work.folds;
    let model = work.cross_fit(&work.matrix, &[prognosis(work)])?;
    let prognosis_size = model.size;
    let expected = model.held_out(&work.matrix, folds)?;
    let (mut held_out, mut tuned) = (Vec::new(), Vec::new());
    for arm in work.treatments() {
        let curves: Vec<Curve> = (0..folds.n())
            .map(|fold| curve(work, arm, &expected, |row| folds.of(row) != fold))
            .collect();
        let along: Vec<f64> = (expected.iter().enumerate())
            .map(|(row, expected)| curves[folds.of(row)].value(*expected))
            .collect();
        let task = residual(work, arm, &along);
        let model = work.cross_fit(&work.matrix, std::slice::from_ref(&task))?;
        let beside = model.held_out(&work.matrix, folds)?;
        let told = &work.precision.of_scores[arm - 1];
        let weight =
            Shrinkage::of(&beside, &task.target, told, folds, RESIDUAL_ERRORS_IGNORED).weight;
        let both = along.iter().zip(&beside);
        held_out.push(
            both.map(|(along, beside)| along + weight * beside)
                .collect(),
        );
        tuned.push(Tuned {
            sizes: vec![prognosis_size, model.size],
            residual_weight: weight,
            expected: expected.clone(),
            along,
        });
    }
    Ok((held_out, tuned))
}

pub(super) fn finish(work: &Work<'_>, tuned: &[Tuned], keep: Keep<'_>) -> Result<Surface> {
    let size = tuned
        .first()
        .map_or(Size::default(), |tuned| tuned.sizes[0]);
    let mut models = vec![work.fit(&work.matrix, &prognosis(work), keep, size)?];
    let mut arms = Vec::new();
    for (arm, tuned) in work.treatments().zip(tuned) {
        let mut terms = Vec::new();
        if tuned.residual_weight > 0.0 {
            let task = residual(work, arm, &tuned.along);
            terms.push(Term::of(models.len(), tuned.residual_weight));
            models.push(work.fit(&work.matrix, &task, keep, tuned.sizes[1])?);
        }
        let curve = curve(work, arm, &tuned.expected, |row| keep.holds(row));
        arms.push(ArmSurface {
            terms,
            curve: Some(Prognosis { model: 0, curve }),
            centre: 0.0,
        });
    }
    Ok(Surface { models, arms })
}
