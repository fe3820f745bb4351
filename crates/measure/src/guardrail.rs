//! What must not get worse by more than a tolerance, read at any time.

use schema::{Direction, WhyNot};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::effects::{
    Line, Moments, NOTHING_LEFT, cuped_slope, no_variation, ratio_lines, slope_of,
};
use crate::readout::Method;
use crate::sequential::ConfidenceSequence;

/// A metric that must not get worse by more than a tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guardrail {
    /// What the moments of the metric hold.
    pub method: Method,
    /// Which way is better.
    pub better: Direction,
    /// Share of the control's mean by which it may get worse, above 0 and below 1.
    pub worse_by: f64,
}

/// What a guardrail says at one reading. A verdict may be kept: the truth is ever on its other side with a probability of
/// at most the alpha of the sequence, however often it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guarded {
    /// It is not worse by the tolerance.
    Kept(Change),
    /// It is worse by more.
    Broken(Change),
    /// Neither can be said yet.
    Undecided(Change),
    /// It cannot be said, and why.
    NotMeasurable(WhyNot),
}

/// A change as a share of the control's mean: -0.02 is two per cent less.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The estimate.
    pub point: f64,
    /// Bound from below that holds at all times by itself.
    pub low: f64,
    /// Bound from above that holds at all times by itself.
    pub high: f64,
    /// Units of both arms.
    pub units: u64,
}

/// A guardrail that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum GuardrailError {
    /// The tolerance is no share.
    #[error("guard against a change of {found}: allowed is above 0 and below 1")]
    WorseBy {
        /// Tolerance found.
        found: f64,
    },
    /// The arms do not hold what the method reads.
    #[error("guard arms of {control} and {treated} columns: {method:?} reads {expected}")]
    Columns {
        /// How the metric is read.
        method: Method,
        /// Columns of the control arm.
        control: usize,
        /// Columns of the treated arm.
        treated: usize,
        /// Columns needed.
        expected: usize,
    },
}

impl Guarded {
    /// The change, where there is one.
    #[must_use]
    pub fn change(&self) -> Option<&Change> {
        match self {
            Self::Kept(change) | Self::Broken(change) | Self::Undecided(change) => Some(change),
            Self::NotMeasurable(_) => None,
        }
    }
}

/// Reads a guardrail: a non-inferiority test, valid at any time.
///
/// - moments hold what [`Guardrail::method`] names.
///
/// "Not worse than `r` times the control" is a difference, `b - r a`, and has no estimate in a denominator. The bounds are
/// the `r` that it cannot tell from the truth on one side each (Fieller), so that a control whose mean is hardly known
/// makes wide bounds, and none where the mean itself is not told from 0. What the covariate explains is taken out of `b`
/// and of `a` by one slope. The two verdicts exclude each other; each is wrong, ever, with probability alpha at most.
///
/// # Errors
/// [`GuardrailError`] when the tolerance is no share or the arms have other columns.
/// # Source
/// Fieller (1954), with the width of [`ConfidenceSequence::one_sided_width`]; non-inferiority as in Schultzberg, Ankargren
/// and Frånberg (2024), "Risk-aware product decisions in A/B tests with multiple metrics".
pub fn guarded(
    guardrail: &Guardrail,
    control: &Moments,
    treated: &Moments,
    sequence: &ConfidenceSequence,
) -> Result<Guarded, GuardrailError> {
    let found = guardrail.worse_by;
    if !(found > 0.0 && found < 1.0) {
        return Err(GuardrailError::WorseBy { found });
    }
    guardrail.check_columns(control, treated)?;
    Ok(match guardrail.method.change(control, treated, sequence) {
        Err(why) => Guarded::NotMeasurable(why),
        Ok(change) => guardrail.judged(change),
    })
}

impl Guardrail {
    fn check_columns(&self, control: &Moments, treated: &Moments) -> Result<(), GuardrailError> {
        let expected = match self.method {
            Method::Mean => 1,
            Method::Adjusted | Method::Ratio | Method::Clustered => 2,
            Method::AdjustedRatio => 4,
        };
        let (control, treated) = (control.columns(), treated.columns());
        if control == expected && treated == expected {
            return Ok(());
        }
        Err(GuardrailError::Columns {
            method: self.method,
            control,
            treated,
            expected,
        })
    }

    fn judged(&self, change: Change) -> Guarded {
        let edge = self.worse_by;
        let (kept, broken) = match self.better {
            Direction::Higher => (change.low > -edge, change.high < -edge),
            Direction::Lower => (change.high < edge, change.low > edge),
        };
        match (kept, broken) {
            (true, _) => Guarded::Kept(change),
            (false, true) => Guarded::Broken(change),
            (false, false) => Guarded::Undecided(change),
        }
    }
}

impl Method {
    /// Both arms, and the slope on what is known from before; 0 where the method reads nothing from before.
    fn lines(self, control: &Moments, treated: &Moments) -> Result<([Line; 2], f64), WhyNot> {
        let flat = || no_variation("the covariate");
        match self {
            Self::Mean | Self::Adjusted => {
                let arms = [
                    Line::of_mean(control, "control")?,
                    Line::of_mean(treated, "treated")?,
                ];
                let slope = if self == Self::Adjusted {
                    cuped_slope(&[control, treated]).ok_or_else(flat)?
                } else {
                    0.0
                };
                Ok((arms, slope))
            }
            Self::Ratio | Self::Clustered => Ok((ratio_lines(control, treated)?, 0.0)),
            Self::AdjustedRatio => {
                let arms = ratio_lines(control, treated)?;
                let slope = slope_of(&arms).ok_or_else(flat)?;
                Ok((arms, slope))
            }
        }
    }

    /// The change with its two bounds.
    fn change(
        self,
        control: &Moments,
        treated: &Moments,
        sequence: &ConfidenceSequence,
    ) -> Result<Change, WhyNot> {
        let ([from, to], slope) = self.lines(control, treated)?;
        let units = from.units + to.units;
        let width = sequence.one_sided_width(1.0, units as f64).powi(2);
        // The treated mean with the arms' difference from before taken out, and all that varies but the control's own mean.
        let treated = to.mean - slope * (to.before - from.before);
        let moved = to.variance - 2.0 * slope * to.shared
            + slope * slope * (to.before_variance + from.before_variance);
        let left = moved - 2.0 * slope * from.shared + from.variance;
        if left <= NOTHING_LEFT * (to.variance + from.variance) {
            return Err(no_variation("what the covariate leaves of the metric"));
        }
        // (treated - r mean)² = width (moved - 2 r slope shared + r² variance) has the bounds as its solutions.
        let squared = from.mean * from.mean - width * from.variance;
        let crossed = treated * from.mean - width * slope * from.shared;
        let constant = treated * treated - width * moved;
        if from.mean <= 0.0 || squared <= 0.0 {
            return Err(WhyNot::DoesNotApply {
                because:
                    "the mean of the control arm is not told from 0, of which nothing is a share"
                        .to_owned(),
            });
        }
        let apart = (crossed * crossed - squared * constant).max(0.0).sqrt();
        Ok(Change {
            point: treated / from.mean - 1.0,
            low: (crossed - apart) / squared - 1.0,
            high: (crossed + apart) / squared - 1.0,
            units,
        })
    }
}
