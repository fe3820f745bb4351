//! S: one model of the outcome that reads the arm as columns.

use super::super::boosted::{Form, Matrix, Result, Task};
use super::super::cross_fit::Size;
use super::super::surface::{ArmSurface, Surface, Term, with_arm};
use super::super::work::{Keep, Work};
use super::{ByArm, Tuned};

/// All rows, each with the arm that `arm_of` names.
fn matrix(work: &Work<'_>, arm_of: impl Fn(usize) -> usize) -> Result<Matrix> {
    let features = work.experiment.features();
    let (columns, treatments) = (features.columns().len(), work.treatments().len());
    let wide = with_arm(features.values(), columns, treatments, arm_of);
    Matrix::new(wide, columns + treatments, work.settings.boosting.bins)
}

fn task(work: &Work<'_>) -> Task {
    Task {
        form: Form::Interacting,
        rows: (0..work.experiment.rows()).collect(),
        target: work.experiment.outcome().to_vec(),
        weight: Some(work.precision.of_outcome.clone()),
    }
}

pub(super) fn learn(work: &Work<'_>) -> Result<ByArm> {
    let observed = matrix(work, |row| work.experiment.arm()[row])?;
    let model = work.cross_fit(&observed, &[task(work)])?;
    let control = model.held_out(&matrix(work, |_| 0)?, &work.folds)?;
    let mut held_out = Vec::new();
    for arm in work.treatments() {
        let treated = model.held_out(&matrix(work, |_| arm)?, &work.folds)?;
        held_out.push(
            treated
                .iter()
                .zip(&control)
                .map(|(one, other)| one - other)
                .collect(),
        );
    }
    let tuned = Tuned {
        sizes: vec![model.size],
        ..Tuned::default()
    };
    Ok((held_out, vec![tuned]))
}

pub(super) fn finish(work: &Work<'_>, tuned: &[Tuned], keep: Keep<'_>) -> Result<Surface> {
    let observed = matrix(work, |row| work.experiment.arm()[row])?;
    let size = tuned
        .first()
        .map_or(Size::default(), |tuned| tuned.sizes[0]);
    let model = work.fit(&observed, &task(work), keep, size)?;
    let arm = ArmSurface {
        terms: vec![Term {
            model: 0,
            coefficient: 1.0,
            reads_arm: true,
        }],
        curve: None,
        centre: 0.0,
    };
    Ok(Surface {
        models: vec![model],
        arms: vec![arm; work.treatments().len()],
    })
}
