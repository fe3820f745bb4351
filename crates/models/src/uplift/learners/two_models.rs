//! T: one model of the outcome per arm.

use super::super::boosted::Result;
use super::super::outcomes::task;
use super::super::surface::{ArmSurface, Surface, Term};
use super::super::work::{Keep, Work};
use super::ByArm;

/// The outcome models that all learners share, and their differences.
pub(super) fn learn(work: &Work<'_>) -> ByArm {
    let expected = &work.outcomes.held_out;
    let difference = |arm: usize| -> Vec<f64> {
        let pairs = expected[arm].iter().zip(&expected[0]);
        pairs.map(|(treated, control)| treated - control).collect()
    };
    (work.treatments().map(difference).collect(), Vec::new())
}

pub(super) fn finish(work: &Work<'_>, keep: Keep<'_>) -> Result<Surface> {
    let mut models = Vec::new();
    for (arm, outcome) in work.outcomes.models.iter().enumerate() {
        models.push(work.fit(
            &work.matrix,
            &task(work.experiment, arm),
            keep,
            outcome.size,
        )?);
    }
    let arm = |arm: usize| ArmSurface {
        terms: vec![Term::of(arm, 1.0), Term::of(0, -1.0)],
        curve: None,
        centre: 0.0,
    };
    Ok(Surface {
        models,
        arms: work.treatments().map(arm).collect(),
    })
}
