//! Who was in which arm, with which probability, and what came of it.

use thiserror::Error;

use super::features::Features;

/// Rows that each arm needs: below it the variance of an arm is itself unknown within a quarter.
pub const ARM_ROWS_MIN: usize = 30;

/// What the propensities of a row may add up to: 1, and rounding.
pub const PROPENSITY_SUM_MAX: f64 = 1.0 + 1e-9;

/// A trial as it was logged, not yet checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// What was known of each customer before the treatment.
    pub features: Features,
    /// Names of the arms; the first is the control, which was left alone.
    pub arms: Vec<String>,
    /// Arm of each row, a position in `arms`.
    pub arm: Vec<usize>,
    /// What happened, in any unit: 0 or 1, a count, an amount that is mostly 0.
    pub outcome: Vec<f64>,
    /// Logged probability of each arm, rows × arms, row after row; above 0 and below 1. A row may add up to less than
    /// 1 where customers of further arms were left out.
    pub propensity: Vec<f64>,
}

/// A trial that can be learnt from.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    observed: Observed,
    /// Rows × arms: probability of the arm given that it was one of these.
    propensity: Vec<f64>,
}

/// A trial that cannot be learnt from.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ExperimentError {
    /// Columns differ in length.
    #[error(
        "learn from a trial of {rows} rows: `{column}` has {found} values, needed are {needed}"
    )]
    Lengths {
        /// Column.
        column: &'static str,
        /// Rows there are.
        rows: usize,
        /// Values found.
        found: usize,
        /// Values needed.
        needed: usize,
    },
    /// There is nothing to compare.
    #[error(
        "learn from a trial of {found} arms: at least 2 are needed, the first being the control"
    )]
    NoTreatment {
        /// Arms found.
        found: usize,
    },
    /// A row is in an arm that does not exist.
    #[error("learn from a trial: row {row} is in arm {found}, there are arms 0 to {}", .arms - 1)]
    UnknownArm {
        /// Row, from 0.
        row: usize,
        /// Arm found.
        found: usize,
        /// Arms there are.
        arms: usize,
    },
    /// An arm has too few rows.
    #[error("learn from a trial: arm `{arm}` has {found} rows, at least {needed} are needed")]
    ArmTooSmall {
        /// Name of the arm.
        arm: String,
        /// Rows found.
        found: usize,
        /// Rows needed, [`ARM_ROWS_MIN`].
        needed: usize,
    },
    /// A propensity was not logged.
    #[error(
        "learn from a trial: the propensity of arm `{arm}` is missing in row {row}, it must be logged when the arm is drawn"
    )]
    PropensityMissing {
        /// Row, from 0.
        row: usize,
        /// Name of the arm.
        arm: String,
    },
    /// A propensity is 0, 1 or out of range.
    #[error(
        "learn from a trial: the propensity of arm `{arm}` is {found} in row {row}, allowed is above 0 and below 1; a customer who could not have been in another arm says nothing of the difference"
    )]
    Propensity {
        /// Row, from 0.
        row: usize,
        /// Name of the arm.
        arm: String,
        /// Value found.
        found: f64,
    },
    /// Propensities of a row add up to more than 1.
    #[error(
        "learn from a trial: the propensities of row {row} add up to {found}, at most 1 is allowed"
    )]
    PropensitySum {
        /// Row, from 0.
        row: usize,
        /// Sum found.
        found: f64,
    },
    /// An outcome is not a number.
    #[error("learn from a trial: the outcome of row {row} is {found}, it must be finite")]
    Outcome {
        /// Row, from 0.
        row: usize,
        /// Value found.
        found: f64,
    },
    /// All outcomes are equal.
    #[error("learn from a trial: the outcome is {value} in all rows, its variance must be above 0")]
    NoVariation {
        /// The one value.
        value: f64,
    },
}

impl Experiment {
    /// Checks a trial.
    ///
    /// # Errors
    /// [`ExperimentError`]: columns differ in length; there is no treatment; an arm does not exist or has fewer than
    /// [`ARM_ROWS_MIN`] rows; a propensity is missing, 0, 1 or out of range, or those of a row add up to more than 1;
    /// an outcome is not finite, or all are equal.
    pub fn new(observed: Observed) -> Result<Self, ExperimentError> {
        let (rows, arms) = (observed.features.rows(), observed.arms.len());
        if arms < 2 {
            return Err(ExperimentError::NoTreatment { found: arms });
        }
        let lengths = [
            ("arm", observed.arm.len(), rows),
            ("outcome", observed.outcome.len(), rows),
            ("propensity", observed.propensity.len(), rows * arms),
        ];
        for (column, found, needed) in lengths {
            if found != needed {
                return Err(ExperimentError::Lengths {
                    column,
                    rows,
                    found,
                    needed,
                });
            }
        }
        check_arms(&observed)?;
        check_outcomes(&observed.outcome)?;
        let propensity = check_propensities(&observed)?;
        Ok(Self {
            observed,
            propensity,
        })
    }

    /// What was known of each customer.
    #[must_use]
    pub fn features(&self) -> &Features {
        &self.observed.features
    }

    /// Names of the arms, the control first.
    #[must_use]
    pub fn arms(&self) -> &[String] {
        &self.observed.arms
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.observed.arm.len()
    }

    /// Arm of each row.
    #[must_use]
    pub fn arm(&self) -> &[usize] {
        &self.observed.arm
    }

    /// Outcome of each row.
    #[must_use]
    pub fn outcome(&self) -> &[f64] {
        &self.observed.outcome
    }

    /// Probability of an arm in a row, given that it was one of these arms: the logged ones over their sum.
    #[must_use]
    pub fn propensity(&self, row: usize, arm: usize) -> f64 {
        self.propensity[row * self.arms().len() + arm]
    }

    /// Rows of an arm, in order.
    pub(super) fn rows_of(&self, arm: usize) -> Vec<usize> {
        let of = |row: &usize| self.observed.arm[*row] == arm;
        (0..self.rows()).filter(of).collect()
    }
}

fn check_arms(observed: &Observed) -> Result<(), ExperimentError> {
    let arms = observed.arms.len();
    let mut counts = vec![0; arms];
    for (row, &arm) in observed.arm.iter().enumerate() {
        match counts.get_mut(arm) {
            Some(count) => *count += 1,
            None => {
                return Err(ExperimentError::UnknownArm {
                    row,
                    found: arm,
                    arms,
                });
            }
        }
    }
    match counts.iter().position(|found| *found < ARM_ROWS_MIN) {
        Some(arm) => Err(ExperimentError::ArmTooSmall {
            arm: observed.arms[arm].clone(),
            found: counts[arm],
            needed: ARM_ROWS_MIN,
        }),
        None => Ok(()),
    }
}

fn check_outcomes(outcome: &[f64]) -> Result<(), ExperimentError> {
    if let Some(row) = outcome.iter().position(|value| !value.is_finite()) {
        let found = outcome[row];
        return Err(ExperimentError::Outcome { row, found });
    }
    if outcome.iter().all(|value| *value == outcome[0]) {
        return Err(ExperimentError::NoVariation { value: outcome[0] });
    }
    Ok(())
}

/// Propensities over the sum of their row.
fn check_propensities(observed: &Observed) -> Result<Vec<f64>, ExperimentError> {
    let arms = observed.arms.len();
    let mut propensity = observed.propensity.clone();
    for (row, logged) in propensity.chunks_exact_mut(arms).enumerate() {
        for (arm, &found) in logged.iter().enumerate() {
            let name = || observed.arms[arm].clone();
            if found.is_nan() {
                return Err(ExperimentError::PropensityMissing { row, arm: name() });
            }
            if found <= 0.0 || found >= 1.0 {
                return Err(ExperimentError::Propensity {
                    row,
                    arm: name(),
                    found,
                });
            }
        }
        let found: f64 = logged.iter().sum();
        if found > PROPENSITY_SUM_MAX {
            return Err(ExperimentError::PropensitySum { row, found });
        }
        logged.iter_mut().for_each(|value| *value /= found);
    }
    Ok(propensity)
}
