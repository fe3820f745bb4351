//! What the outcomes of a change say.

use super::compared::Compared;
use super::settings::{Change, Method};
use crate::outcome::Outcome;
use measure::effects::{Effect, Size};
use measure::quasi::{
    self, Assumption, DifferenceInDifferences, InTime, Panel, QuasiError, Reading, Switchback,
    Switched, SyntheticControl, Trends, difference_in_differences, switchback, synthetic_control,
};
use serde::{Deserialize, Serialize};

/// Ways to place the change that are tried, where there are too many to try all.
const DRAWS: u32 = 999;

/// Others of which the change is pretended: each has weights of its own to be found.
const PLACEBOS: u32 = 199;

/// One outcome.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Finding {
    pub(super) outcome: Outcome,
    pub(super) by: By,
    /// Whether it is real: told from chance among all outcomes, and nothing found against what it stands on.
    pub(super) real: bool,
}

/// What the method found.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum By {
    Differences(Box<DifferenceInDifferences>),
    Synthetic(Box<SyntheticControl>),
    Switched(Box<Switched>),
}

impl Finding {
    /// Reads one outcome.
    ///
    /// - `alpha`: share of wrong alarms accepted for this outcome.
    pub(super) fn of(
        compared: &Compared,
        change: &Change,
        (outcome, values): (Outcome, &[f64]),
        alpha: f64,
        seed: u64,
    ) -> Result<Self, QuasiError> {
        let reading = Reading {
            level: 1.0 - alpha,
            draws: DRAWS,
            seed,
        };
        let changed = quasi::Change {
            treated: &compared.treated,
            first: compared.before,
        };
        let panel = || Panel::new(values, compared.before + compared.after);
        let by = match change.method {
            Method::DifferenceInDifferences => {
                let found = difference_in_differences(&panel()?, &changed, &reading)?;
                By::Differences(Box::new(found))
            }
            Method::SyntheticControl => {
                let reading = Reading {
                    draws: PLACEBOS,
                    ..reading
                };
                // Sites differ in size: what counts is their course.
                let found = synthetic_control(&panel()?, &changed, true, &reading)?;
                By::Synthetic(Box::new(found))
            }
            Method::Switchback => {
                let blocks = Switchback {
                    outcomes: values,
                    treated: &compared.treated,
                    block: change.period_days as usize,
                    burn_in: change.burn_in_days as usize,
                };
                By::Switched(Box::new(switchback(&blocks, &reading)?))
            }
        };
        let told = by.size().is_some_and(|size| size.p_value <= alpha);
        let real = told && by.contradicted(alpha).is_none();
        Ok(Self { outcome, by, real })
    }
}

impl By {
    pub(super) fn effect(&self) -> &Effect {
        match self {
            Self::Differences(found) => &found.effect,
            Self::Synthetic(found) => &found.effect,
            Self::Switched(found) => &found.effect,
        }
    }

    pub(super) fn size(&self) -> Option<&Size> {
        self.effect().size()
    }

    /// The estimate, with or without an interval.
    pub(super) fn point(&self) -> f64 {
        match self {
            Self::Differences(found) => found.point,
            Self::Synthetic(found) => found.point,
            Self::Switched(found) => found.point,
        }
    }

    /// What would have come without the change.
    pub(super) fn anyway(&self) -> f64 {
        match self {
            Self::Differences(found) => found.treated_after - found.point,
            Self::Synthetic(found) => found.treated_after - found.point,
            Self::Switched(found) => found.control_mean,
        }
    }

    pub(super) fn assumption(&self) -> Assumption {
        match self {
            Self::Differences(found) => found.assumption,
            Self::Synthetic(found) => found.assumption,
            Self::Switched(found) => found.assumption,
        }
    }

    pub(super) fn detectable(&self) -> Option<f64> {
        match self {
            Self::Differences(found) => found.detectable,
            Self::Synthetic(found) => found.detectable,
            Self::Switched(found) => found.detectable,
        }
    }

    /// The p-value of what was found against the assumption, where it is below `alpha`.
    pub(super) fn contradicted(&self, alpha: f64) -> Option<f64> {
        let found = match self {
            Self::Differences(found) => match &found.trends {
                Trends::Apart { p_value } | Trends::Alike { p_value } => Some(*p_value),
                Trends::NotMeasurable(_) => None,
            },
            Self::Synthetic(found) => match &found.in_time {
                InTime::Pretended { p_value, .. } => Some(*p_value),
                InTime::NotMeasurable(_) => None,
            },
            Self::Switched(found) => {
                // Either of the two.
                let left = found.carryover.size().map_or(1.0, |size| size.p_value);
                Some((2.0 * left.min(found.order_p_value)).min(1.0))
            }
        };
        found.filter(|p_value| *p_value <= alpha)
    }
}
