//! R: what outcomes exceed their expectation by, against what treatment exceeds its propensity by.

use super::super::boosted::{Form, Result, Task};
use super::super::surface::Surface;
use super::super::work::{Keep, Work};
use super::{ByArm, Tuned, doubly_robust};

/// Minimises `Σ ((y - m) - (t - e) τ)²`, as a regression of `(y - m)/(t - e)` with weight `(t - e)²`
/// times how much the row tells, in the rows of an arm and of the control; `e` is the arm's probability among the two, `m` the outcome expected of both together.
fn task(work: &Work<'_>, arm: usize) -> Task {
    let experiment = work.experiment;
    let expected = &work.outcomes.held_out;
    let rows: Vec<usize> = (0..experiment.rows())
        .filter(|row| [0, arm].contains(&experiment.arm()[*row]))
        .collect();
    let (mut target, mut weight) = (Vec::new(), Vec::new());
    for &row in &rows {
        let share = work.against_control(row, arm);
        let expected = share * expected[arm][row] + (1.0 - share) * expected[0][row];
        let treated = if experiment.arm()[row] == arm {
            1.0
        } else {
            0.0
        };
        target.push((experiment.outcome()[row] - expected) / (treated - share));
        // Four times, so that an even trial has weight 1 and leaves keep their number of rows.
        let told = work.precision.of_outcome[row];
        weight.push(4.0 * told * (treated - share).powi(2));
    }
    Task {
        form: Form::Interacting,
        rows,
        target,
        weight: Some(weight),
    }
}

pub(super) fn learn(work: &Work<'_>) -> Result<ByArm> {
    doubly_robust::learn_targets(work, |arm| task(work, arm))
}

pub(super) fn finish(work: &Work<'_>, tuned: &[Tuned], keep: Keep<'_>) -> Result<Surface> {
    doubly_robust::finish_targets(work, tuned, keep, |arm| task(work, arm))
}
