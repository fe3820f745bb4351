//! What a change did where no customers were drawn: stores beside other stores, or periods beside other periods.
//!
//! Reading order: [`Panel`] and [`Change`] (what happened where and when), [`difference_in_differences`] (many stores
//! changed), [`synthetic_control`] (one or a few did), [`switchback`] (all did, in periods that chance drew).
//!
//! Each result names the [`Assumption`] that it stands on, which the data can contradict but never prove, and the
//! smallest effect that it would have seen. What cannot be identified is a [`QuasiError`] with the reason.

mod differences;
mod placements;
mod simplex;
mod switchback;
mod synthetic;

pub use differences::{DifferenceInDifferences, Step, Trends, difference_in_differences};
pub use simplex::{Convergence, Weights, simplex_weights};
pub use switchback::{Switchback, Switched, switchback};
pub use synthetic::{Fit, InTime, SyntheticControl, synthetic_control};

use math::tails::normal_upper_quantile;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Probability with which the smallest detectable effect is seen.
const POWER: f64 = 0.8;

/// What must be true for an effect to be one. It cannot be proved by what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assumption {
    /// Of difference in differences.
    ParallelTrends,
    /// Of a synthetic control.
    SameCourse,
    /// Of a switchback.
    DrawnPeriods,
}

impl std::fmt::Display for Assumption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ParallelTrends => {
                "without the change, those changed and the others would have moved alike, and the change did not touch the others"
            }
            Self::SameCourse => {
                "without the change, those changed would have stayed on the course of the weighted others, and the change did not touch the others"
            }
            Self::DrawnPeriods => {
                "chance drew the periods with the change, and what a period leaves behind is over after the burn-in"
            }
        })
    }
}

/// Outcomes of units (stores, households) in periods of one length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Panel<'a> {
    values: &'a [f64],
    periods: usize,
}

impl<'a> Panel<'a> {
    /// - `values`: units × periods, one unit after the other, oldest period first; a period in which a unit sold
    ///   nothing is 0, one of which nothing is known makes its unit unfit.
    ///
    /// # Errors
    /// [`QuasiError`] when values are no whole number of units, or one is not finite.
    pub fn new(values: &'a [f64], periods: usize) -> Result<Self, QuasiError> {
        let found = values.len();
        if periods == 0 || found == 0 || !found.is_multiple_of(periods) {
            return Err(QuasiError::Shape { found, periods });
        }
        check_finite(values)?;
        Ok(Self { values, periods })
    }

    /// Units.
    #[must_use]
    pub fn units(&self) -> usize {
        self.values.len() / self.periods
    }

    /// Periods.
    #[must_use]
    pub fn periods(&self) -> usize {
        self.periods
    }

    /// The outcomes of one unit.
    fn of(&self, unit: usize) -> &'a [f64] {
        &self.values[unit * self.periods..(unit + 1) * self.periods]
    }
}

/// Who was changed, and from which period on; for all of them the same, and for good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change<'a> {
    /// Whether each unit was changed.
    pub treated: &'a [bool],
    /// The first period with the change, from 0.
    pub first: usize,
}

impl Change<'_> {
    /// Units changed, of a change that can be compared with something.
    fn check(&self, panel: &Panel<'_>) -> Result<usize, QuasiError> {
        let (units, periods) = (panel.units(), panel.periods());
        if self.treated.len() != units {
            let found = self.treated.len();
            return Err(QuasiError::Treated { found, units });
        }
        let treated = self.treated.iter().filter(|treated| **treated).count();
        if treated == 0 {
            return Err(QuasiError::NobodyTreated { units });
        }
        if treated == units {
            return Err(QuasiError::EverybodyTreated { units });
        }
        if self.first == 0 {
            return Err(QuasiError::NothingBefore { needed: 1 });
        }
        if self.first >= periods {
            return Err(QuasiError::NothingAfter { periods });
        }
        Ok(treated)
    }
}

/// How a result is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Probability with which the interval covers.
    pub level: f64,
    /// Ways to place the change that are tried, where there are too many to try all.
    pub draws: u32,
    /// Draws them.
    pub seed: u64,
}

impl Reading {
    /// Share of wrong alarms.
    fn alpha(&self) -> Result<f64, QuasiError> {
        let level = self.level;
        if level > 0.0 && level < 1.0 {
            Ok(1.0 - level)
        } else {
            Err(QuasiError::Level { level })
        }
    }
}

/// A change of which nothing can be said.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum QuasiError {
    /// Outcomes are no table.
    #[error("read outcomes of {periods} periods each: {found} values are no whole number of units")]
    Shape {
        /// Values found.
        found: usize,
        /// Periods of each unit.
        periods: usize,
    },
    /// An outcome is not a number.
    #[error("read outcomes: value {place} is {value}, it must be finite")]
    NotFinite {
        /// Place, from 0.
        place: usize,
        /// Value found.
        value: f64,
    },
    /// It is not said of each unit whether it was changed.
    #[error("read a change: {found} units are said to be changed or not, there are {units}")]
    Treated {
        /// Units found.
        found: usize,
        /// Units of the panel.
        units: usize,
    },
    /// There is no change.
    #[error("no unit of {units} was changed: there is nothing to measure")]
    NobodyTreated {
        /// Units.
        units: usize,
    },
    /// There is nothing to compare with.
    #[error(
        "all {units} units were changed at once: what the change did cannot be told from what else happened then"
    )]
    EverybodyTreated {
        /// Units.
        units: usize,
    },
    /// There is no past.
    #[error(
        "fewer than {needed} periods lie before the change: whether those changed were like the others before cannot be known"
    )]
    NothingBefore {
        /// Periods needed.
        needed: usize,
    },
    /// There is no outcome.
    #[error("none of {periods} periods lies after the change: there is no outcome yet")]
    NothingAfter {
        /// Periods there are.
        periods: usize,
    },
    /// Blocks are no whole number of periods.
    #[error("read a switchback of {blocks} blocks of {block} periods: {found} periods were found")]
    Blocks {
        /// Blocks.
        blocks: usize,
        /// Periods of a block.
        block: usize,
        /// Periods found.
        found: usize,
    },
    /// Burn-in leaves nothing.
    #[error(
        "leave out the first {burn_in} periods of blocks of {block}: nothing of a block is left"
    )]
    BurnIn {
        /// Periods left out.
        burn_in: usize,
        /// Periods of a block.
        block: usize,
    },
    /// One arm has no block to vary.
    #[error(
        "{treated} of {blocks} blocks had the change: both with it and without it at least 2 are needed"
    )]
    OneArm {
        /// Blocks with the change.
        treated: usize,
        /// Blocks.
        blocks: usize,
    },
    /// The level is not a probability.
    #[error("read a change at level {level}: allowed is above 0 and below 1")]
    Level {
        /// Level found.
        level: f64,
    },
}

fn check_finite(values: &[f64]) -> Result<(), QuasiError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(place) => Err(QuasiError::NotFinite {
            place,
            value: values[place],
        }),
    }
}

/// The effect that an estimate of this standard error sees four times of five.
///
/// # Source
/// Bloom (1995).
fn detectable(standard_error: f64, alpha: f64) -> f64 {
    (normal_upper_quantile(0.5 * alpha) + normal_upper_quantile(1.0 - POWER)) * standard_error
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean over some units of one value each.
fn mean_where(values: &[f64], treated: &[bool], which: bool) -> f64 {
    let own = values.iter().zip(treated).filter(|(_, t)| **t == which);
    let (sum, count) = own.fold((0.0, 0usize), |(sum, n), (value, _)| (sum + value, n + 1));
    sum / count as f64
}
