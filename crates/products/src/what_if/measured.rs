//! What was measured of an effect, as far as it says what customers would spend.

use crate::contract::Fitted;
use crate::outcome::Outcome;
use crate::{experiment, promotion};
use schema::WhyNot;

/// What an arm changes of one outcome, per customer within a window.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measured {
    /// What was read: a trial, a data product.
    pub(crate) experiment: String,
    pub(crate) arm: String,
    pub(crate) outcome: Outcome,
    pub(crate) window_days: u32,
    /// Customers of the arm.
    pub(crate) customers: u64,
    /// The effect, in the unit of the outcome.
    pub(crate) effect: Normal,
    /// The same over the mean of the control.
    pub(crate) relative: Normal,
    pub(crate) control_mean: f64,
}

/// An estimate and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Normal {
    pub(crate) point: f64,
    pub(crate) error: f64,
}

impl Normal {
    pub(crate) fn over(self, scale: f64) -> Self {
        Self {
            point: self.point / scale,
            error: self.error / scale.abs(),
        }
    }
}

/// Why a version says nothing of what customers would spend.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoEffect {
    /// No such arm.
    #[error("`arm` is {found}, allowed is {allowed}")]
    Arm {
        /// The arm asked for.
        found: String,
        /// Those there are.
        allowed: String,
    },
    /// It measured something else.
    #[error(
        "it measured {found}, allowed is {allowed}: what customers are worth is what they spend"
    )]
    Outcome {
        /// What was measured or asked for.
        found: String,
        /// What is needed.
        allowed: String,
    },
    /// The effect has no size.
    #[error("what {arm} changes in {outcome} is not measurable: {why}")]
    NotMeasurable {
        /// The arm.
        arm: String,
        /// The outcome.
        outcome: &'static str,
        /// Why.
        why: WhyNot,
    },
    /// Nothing came of the control, so that no effect can be told as a share of it.
    #[error("{outcome} of the control are {mean}, and an effect is needed as a share of them")]
    NoControl {
        /// The outcome.
        outcome: &'static str,
        /// Their mean.
        mean: f64,
    },
    /// It is contradicted.
    #[error(
        "{experiment} is contradicted (p-value {p_value}): it does not hold that {assumption}, so its effect is none"
    )]
    Contradicted {
        /// What was read.
        experiment: String,
        /// What it stands on.
        assumption: String,
        /// Of what was found against it.
        p_value: String,
    },
    /// It compares sites.
    #[error("{experiment} measured sites, allowed is a read-out of customers")]
    Sites {
        /// What was read.
        experiment: String,
    },
    /// Another kind.
    #[error("it measures no effect of an arm on customers")]
    OtherKind,
}

/// What a version says of an arm.
///
/// - `arm`: the only one where it is absent.
/// - `outcome`: revenue where it is absent and measured, else orders.
pub(crate) fn effect_of(
    version: &dyn Fitted,
    arm: Option<&str>,
    outcome: Option<Outcome>,
) -> Result<Measured, NoEffect> {
    experiment::effect_of(version, arm, outcome)
        .or_else(|| promotion::effect_of(version, arm, outcome))
        .unwrap_or(Err(NoEffect::OtherKind))
}

/// The arm asked for among those there are; the only one where none is.
pub(crate) fn arm_among(arms: &[&str], asked: Option<&str>) -> Result<usize, NoEffect> {
    let found = match asked {
        Some(asked) => arms.iter().position(|arm| *arm == asked),
        None => Some(0).filter(|_| arms.len() == 1),
    };
    found.ok_or_else(|| NoEffect::Arm {
        found: asked.map_or_else(|| "not given".to_owned(), |arm| format!("{arm:?}")),
        allowed: arms.join(", "),
    })
}

/// The outcome asked for among those measured; revenue before orders where none is.
pub(crate) fn outcome_among(
    measured: &[Outcome],
    asked: Option<Outcome>,
) -> Result<Outcome, NoEffect> {
    let wanted = [Outcome::Revenue, Outcome::Orders];
    let found = match asked {
        Some(asked) => Some(asked).filter(|asked| measured.contains(asked)),
        None => wanted
            .into_iter()
            .find(|outcome| measured.contains(outcome)),
    };
    found.ok_or_else(|| {
        let names = measured.iter().map(|outcome| outcome.name());
        NoEffect::Outcome {
            found: names.collect::<Vec<_>>().join(", "),
            allowed: asked.map_or("revenue or orders", Outcome::name).to_owned(),
        }
    })
}

impl Measured {
    /// Refuses an effect that cannot be a share of what would have come anyway.
    pub(crate) fn checked(self) -> Result<Self, NoEffect> {
        if self.control_mean > 0.0 && self.relative.point.is_finite() {
            return Ok(self);
        }
        Err(NoEffect::NoControl {
            outcome: self.outcome.name(),
            mean: self.control_mean,
        })
    }
}
