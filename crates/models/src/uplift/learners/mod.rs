//! The learners: each predicts the effects of rows it has not seen, and is then fitted to all rows or to half of them.

mod cross_learner;
mod doubly_robust;
mod prognostic;
mod residual;
mod single;
mod two_models;

use super::boosted::{Form, Result};
use super::cross_fit::Size;
use super::learner::Learner;
use super::surface::Surface;
use super::work::{Keep, Work};

/// A learner whose sizes have been found on held-out rows.
#[derive(Debug)]
pub(super) struct Learnt {
    pub(super) learner: Learner,
    /// By arm, without the control, then row: effects by models that have not seen the row's fold.
    pub(super) held_out: Vec<Vec<f64>>,
    /// By arm, without the control.
    tuned: Vec<Tuned>,
}

/// What held-out rows said of the models of one arm.
#[derive(Debug, Default)]
struct Tuned {
    /// Size of each model, in the learner's own order.
    sizes: Vec<Size>,
    /// Share of the residual effect that is used; only of the prognostic learner.
    residual_weight: f64,
    /// By row, outcomes expected by models that have not seen its fold; only of the prognostic learner.
    expected: Vec<f64>,
    /// By row, effects by the curve of the other folds; only of the prognostic learner.
    along: Vec<f64>,
}

impl Learnt {
    /// Whether a prognostic learner uses the residual effect of any arm.
    pub(super) fn uses_residual(&self) -> bool {
        self.tuned.iter().any(|tuned| tuned.residual_weight > 0.0)
    }
}

/// Predicts every row by models that have not seen its fold.
pub(super) fn learn(work: &Work<'_>, learner: Learner) -> Result<Learnt> {
    let (held_out, tuned) = match learner {
        Learner::Average => {
            let nothing = vec![0.0; work.experiment.rows()];
            (
                work.treatments().map(|_| nothing.clone()).collect(),
                Vec::new(),
            )
        }
        Learner::Prognostic => prognostic::learn(work)?,
        Learner::Additive => doubly_robust::learn(work, Form::Additive)?,
        Learner::T => two_models::learn(work),
        Learner::S => single::learn(work)?,
        Learner::X => cross_learner::learn(work)?,
        Learner::R => residual::learn(work)?,
        Learner::DoublyRobust => doubly_robust::learn(work, Form::Interacting)?,
    };
    Ok(Learnt {
        learner,
        held_out,
        tuned,
    })
}

/// Fits a learner to the rows kept.
pub(super) fn finish(work: &Work<'_>, learnt: &Learnt, keep: Keep<'_>) -> Result<Surface> {
    let tuned = &learnt.tuned;
    match learnt.learner {
        Learner::Average => Ok(Surface::flat(work.treatments().len())),
        Learner::Prognostic => prognostic::finish(work, tuned, keep),
        Learner::Additive => doubly_robust::finish(work, tuned, keep, Form::Additive),
        Learner::T => two_models::finish(work, keep),
        Learner::S => single::finish(work, tuned, keep),
        Learner::X => cross_learner::finish(work, tuned, keep),
        Learner::R => residual::finish(work, tuned, keep),
        Learner::DoublyRobust => doubly_robust::finish(work, tuned, keep, Form::Interacting),
    }
}

/// Held-out effects and what was tuned, by arm.
type ByArm = (Vec<Vec<f64>>, Vec<Tuned>);
