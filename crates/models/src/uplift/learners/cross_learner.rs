//! X: outcomes of one arm less what the other arm's model expects.

use super::super::boosted::{Form, Result, Task};
use super::super::surface::{ArmSurface, Surface, Term};
use super::super::work::{Keep, Work};
use super::{ByArm, Tuned};

/// Mean probability of an arm among this arm and the control: how much the effects imputed to the control count.
fn treated_share(work: &Work<'_>, arm: usize) -> f64 {
    let rows = work.experiment.rows();
    (0..rows)
        .map(|row| work.against_control(row, arm))
        .sum::<f64>()
        / rows as f64
}

/// Effects imputed to the rows of `of`, against `other`, whose expected outcome is given for each of them.
fn imputed(
    work: &Work<'_>,
    of: usize,
    expected: impl Fn(&[usize]) -> Result<Vec<f64>>,
) -> Result<Task> {
    let rows = work.experiment.rows_of(of);
    let sign = if of == 0 { -1.0 } else { 1.0 };
    let outcome = work.experiment.outcome();
    let pairs = rows.iter().zip(expected(&rows)?);
    let target = pairs
        .map(|(row, expected)| sign * (outcome[*row] - expected))
        .collect();
    let told = &work.precision.of_outcome;
    let weight = rows.iter().map(|row| told[*row]).collect();
    Ok(Task {
        form: Form::Interacting,
        rows,
        target,
        weight: Some(weight),
    })
}

pub(super) fn learn(work: &Work<'_>) -> Result<ByArm> {
    let (mut held_out, mut tuned) = (Vec::new(), Vec::new());
    let models = &work.outcomes.models;
    for arm in work.treatments() {
        let (mut in_treated, mut in_control) = (Vec::new(), Vec::new());
        // The other arm's model must not have seen the fold either, or it would pass on what happened there.
        for fold in 0..work.folds.n() {
            let expected =
                |of: usize| move |rows: &[usize]| models[of].without(fold, &work.matrix, rows);
            in_treated.push(imputed(work, arm, expected(0))?);
            in_control.push(imputed(work, 0, expected(arm))?);
        }
        let treated = work.cross_fit(&work.matrix, &in_treated)?;
        let control = work.cross_fit(&work.matrix, &in_control)?;
        let share = treated_share(work, arm);
        let one = treated.held_out(&work.matrix, &work.folds)?;
        let other = control.held_out(&work.matrix, &work.folds)?;
        let both = one.iter().zip(&other);
        held_out.push(
            both.map(|(one, other)| (1.0 - share) * one + share * other)
                .collect(),
        );
        tuned.push(Tuned {
            sizes: vec![treated.size, control.size],
            ..Tuned::default()
        });
    }
    Ok((held_out, tuned))
}

pub(super) fn finish(work: &Work<'_>, tuned: &[Tuned], keep: Keep<'_>) -> Result<Surface> {
    let expected = |of: usize| {
        let held_out = &work.outcomes.held_out[of];
        move |rows: &[usize]| Ok(rows.iter().map(|row| held_out[*row]).collect())
    };
    let (mut models, mut arms) = (Vec::new(), Vec::new());
    for (arm, tuned) in work.treatments().zip(tuned) {
        let in_treated = imputed(work, arm, expected(0))?;
        let in_control = imputed(work, 0, expected(arm))?;
        let share = treated_share(work, arm);
        let first = models.len();
        models.push(work.fit(&work.matrix, &in_treated, keep, tuned.sizes[0])?);
        models.push(work.fit(&work.matrix, &in_control, keep, tuned.sizes[1])?);
        arms.push(ArmSurface {
            terms: vec![Term::of(first, 1.0 - share), Term::of(first + 1, share)],
            curve: None,
            centre: 0.0,
        });
    }
    Ok(Surface { models, arms })
}
