//! DR: doubly robust scores as if they were outcomes.

use super::super::boosted::{Form, Result, Task};
use super::super::surface::{ArmSurface, Surface, Term};
use super::super::work::{Keep, Work};
use super::{ByArm, Tuned};

fn task(work: &Work<'_>, arm: usize, form: Form) -> Task {
    Task {
        form,
        rows: (0..work.experiment.rows()).collect(),
        target: work.scores[arm - 1].clone(),
        weight: Some(work.precision.of_scores[arm - 1].clone()),
    }
}

pub(super) fn learn(work: &Work<'_>, form: Form) -> Result<ByArm> {
    learn_targets(work, |arm| task(work, arm, form))
}

pub(super) fn finish(
    work: &Work<'_>,
    tuned: &[Tuned],
    keep: Keep<'_>,
    form: Form,
) -> Result<Surface> {
    finish_targets(work, tuned, keep, |arm| task(work, arm, form))
}

/// One regression per arm.
pub(super) fn learn_targets(work: &Work<'_>, task: impl Fn(usize) -> Task) -> Result<ByArm> {
    let (mut held_out, mut tuned) = (Vec::new(), Vec::new());
    for arm in work.treatments() {
        let model = work.cross_fit(&work.matrix, &[task(arm)])?;
        held_out.push(model.held_out(&work.matrix, &work.folds)?);
        tuned.push(Tuned {
            sizes: vec![model.size],
            ..Tuned::default()
        });
    }
    Ok((held_out, tuned))
}

/// One regression per arm.
pub(super) fn finish_targets(
    work: &Work<'_>,
    tuned: &[Tuned],
    keep: Keep<'_>,
    task: impl Fn(usize) -> Task,
) -> Result<Surface> {
    let (mut models, mut arms) = (Vec::new(), Vec::new());
    for (arm, tuned) in work.treatments().zip(tuned) {
        arms.push(ArmSurface {
            terms: vec![Term::of(models.len(), 1.0)],
            curve: None,
            centre: 0.0,
        });
        models.push(work.fit(&work.matrix, &task(arm), keep, tuned.sizes[0])?);
    }
    Ok(Surface { models, arms })
}
