//! What an experiment of a size can see, from the history of its metric.

use math::tails::{normal_upper_quantile, normal_upper_tail};
use schema::WhyNot;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::effects::{Moments, UNITS_MIN, cuped_slope, no_variation, too_few};
use crate::sequential::ConfidenceSequence;

/// A metric's history, per unit and over a period as long as the experiment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Mean of the metric.
    pub mean: f64,
    /// Its variance over units.
    pub variance: f64,
    /// Share of the variance that is left after the covariate has explained its part: 1 without one.
    pub variance_left: f64,
}

/// How the experiment is going to be read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Watch {
    /// Once, at an end fixed before.
    Once,
    /// At any time, by a confidence sequence that is narrowest at this many units.
    Always {
        /// Units of both arms together.
        tuned_units: f64,
    },
}

/// A comparison of two arms that is planned. Checked when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Plan {
    alpha: f64,
    power: f64,
    treated_share: f64,
    sequence: Option<ConfidenceSequence>,
}

/// A plan that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum PlanError {
    /// The probabilities are out of range.
    #[error("plan for alpha {alpha} and power {power}: allowed is 0 < alpha < power < 1")]
    Probabilities {
        /// Alpha found.
        alpha: f64,
        /// Power found.
        power: f64,
    },
    /// The treated arm is empty or everybody.
    #[error(
        "plan to treat a share of {share} of the units compared: allowed is above 0 and below 1"
    )]
    Share {
        /// Share found.
        share: f64,
    },
    /// The confidence sequence has no tuning.
    #[error("plan to watch always with a sequence tuned to {units} units: at least 1 is needed")]
    Tuning {
        /// Units found.
        units: f64,
    },
    /// The effect is nothing.
    #[error("plan to see an effect of {effect}: it must be a number other than 0")]
    Effect {
        /// Effect found.
        effect: f64,
    },
    /// There are too few units for any reading.
    #[error("plan with {units} units: at least {needed} are needed for both arms to be read")]
    Units {
        /// Units found.
        units: f64,
        /// Units needed.
        needed: u64,
    },
    /// No experiment of a size that can be counted sees such an effect.
    #[error(
        "plan to see an effect of {effect} in a metric of standard deviation {deviation}: it would take more than 1e15 units"
    )]
    NeverSeen {
        /// Effect found.
        effect: f64,
        /// Standard deviation, after the covariate.
        deviation: f64,
    },
}

impl Baseline {
    /// The history of a metric (column 0), with a covariate (column 1) where there is one.
    ///
    /// # Errors
    /// [`WhyNot`] when there are fewer than [`UNITS_MIN`] units, or the metric does not vary.
    pub fn of(history: &Moments) -> Result<Self, WhyNot> {
        if history.count() < UNITS_MIN {
            return Err(too_few("units in the history", history.count(), UNITS_MIN));
        }
        let (Some(mean), Some(variance)) = (history.mean(0), history.covariance(0, 0)) else {
            return Err(no_variation("a history without a column"));
        };
        if variance <= 0.0 {
            return Err(no_variation("the metric"));
        }
        let explained = if history.columns() == 2 {
            let slope = cuped_slope(&[history]).unwrap_or(0.0);
            slope * history.covariance(0, 1).unwrap_or(0.0) / variance
        } else {
            0.0
        };
        Ok(Self {
            mean,
            variance,
            variance_left: (1.0 - explained).max(0.0),
        })
    }

    /// Standard deviation of what is compared.
    fn deviation(&self) -> f64 {
        (self.variance * self.variance_left).sqrt()
    }
}

impl Plan {
    /// A comparison of two arms.
    ///
    /// - `alpha`: probability of an effect seen where there is none, two-sided.
    /// - `power`: probability that the smallest effect of interest is seen.
    /// - `treated_share`: of the units compared, those that are treated.
    ///
    /// # Errors
    /// [`PlanError`] when a probability, the share or the tuning is out of range.
    pub fn new(
        alpha: f64,
        power: f64,
        treated_share: f64,
        watch: Watch,
    ) -> Result<Self, PlanError> {
        if !(0.0 < alpha && alpha < power && power < 1.0) {
            return Err(PlanError::Probabilities { alpha, power });
        }
        if !(treated_share > 0.0 && treated_share < 1.0) {
            let share = treated_share;
            return Err(PlanError::Share { share });
        }
        let sequence = match watch {
            Watch::Once => None,
            Watch::Always { tuned_units } => Some(
                ConfidenceSequence::tuned_to(tuned_units, alpha)
                    .map_err(|_| PlanError::Tuning { units: tuned_units })?,
            ),
        };
        Ok(Self {
            alpha,
            power,
            treated_share,
            sequence,
        })
    }

    /// Probability that an effect (in the unit of the metric) is seen with `units` units in both arms together.
    ///
    /// Read always, this is the probability at that one reading: looking before can only add to it.
    ///
    /// # Errors
    /// [`PlanError`] when an arm would be smaller than [`UNITS_MIN`] or the effect is not finite.
    pub fn power(&self, baseline: &Baseline, effect: f64, units: f64) -> Result<f64, PlanError> {
        self.check(effect, units)?;
        let z = effect.abs() / self.standard_error(baseline, units);
        let bar = self.bar(units);
        Ok(normal_upper_tail(bar - z) + normal_upper_tail(bar + z))
    }

    /// Smallest effect, in the unit of the metric, that `units` units in both arms together see with the power planned.
    ///
    /// # Errors
    /// [`PlanError::Units`] when an arm would be smaller than [`UNITS_MIN`].
    /// # Source
    /// Bloom (1995), "Minimum detectable effects": `(z(1 - alpha/2) + z(power)) · standard error`.
    pub fn detectable(&self, baseline: &Baseline, units: f64) -> Result<f64, PlanError> {
        self.check(1.0, units)?;
        let sum = self.bar(units) + normal_upper_quantile(1.0 - self.power);
        Ok(sum * self.standard_error(baseline, units))
    }

    /// Units of both arms together that see an effect, in the unit of the metric, with the power planned.
    ///
    /// The smallest number of which each arm gets at least [`UNITS_MIN`].
    ///
    /// # Errors
    /// [`PlanError`] when the effect is 0, not finite, or too small for any number of units.
    pub fn units_needed(&self, baseline: &Baseline, effect: f64) -> Result<u64, PlanError> {
        let least = self.units_min();
        self.check(effect, least as f64)?;
        if effect == 0.0 {
            return Err(PlanError::Effect { effect });
        }
        let enough = |units: u64| {
            self.detectable(baseline, units as f64)
                .is_ok_and(|seen| seen <= effect.abs())
        };
        // What is detectable shrinks with units.
        smallest(least, enough).ok_or_else(|| PlanError::NeverSeen {
            effect,
            deviation: baseline.deviation(),
        })
    }

    /// Probability that a guardrail is read as kept, at that one reading, where nothing has changed.
    ///
    /// - `worse_by`: share of the mean by which the metric may fall, above 0 and below 1; where less is better, the share by
    ///   which it may rise, with a minus.
    ///
    /// # Errors
    /// [`PlanError`] when an arm would be smaller than [`UNITS_MIN`], the mean is not above 0, or the plan is not one to
    /// watch always.
    /// # Source
    /// As [`crate::guardrail::guarded`]: `b - (1 - worse_by) a` must lie a one-sided width above 0.
    pub fn keeps(&self, baseline: &Baseline, worse_by: f64, units: f64) -> Result<f64, PlanError> {
        let allowed = worse_by.abs() * baseline.mean;
        self.check(allowed, units)?;
        let Some(sequence) = self.sequence.filter(|_| allowed > 0.0) else {
            return Err(PlanError::Effect { effect: allowed });
        };
        let (treated, control) = self.arms(units);
        let spread = 1.0 / treated + (1.0 - worse_by).powi(2) / control;
        let z = allowed / (baseline.deviation() * spread.sqrt());
        Ok(normal_upper_tail(sequence.one_sided_width(1.0, units) - z))
    }

    /// Units of both arms together with which a guardrail is kept with the power planned, where nothing has changed.
    ///
    /// # Errors
    /// As [`Plan::keeps`], and [`PlanError::NeverSeen`] where no number of units is enough.
    pub fn units_to_keep(&self, baseline: &Baseline, worse_by: f64) -> Result<u64, PlanError> {
        let least = self.units_min();
        self.keeps(baseline, worse_by, least as f64)?;
        let enough = |units: u64| {
            let kept = self.keeps(baseline, worse_by, units as f64);
            kept.is_ok_and(|kept| kept >= self.power)
        };
        smallest(least, enough).ok_or_else(|| PlanError::NeverSeen {
            effect: worse_by.abs() * baseline.mean,
            deviation: baseline.deviation(),
        })
    }

    fn check(&self, effect: f64, units: f64) -> Result<(), PlanError> {
        if !effect.is_finite() {
            return Err(PlanError::Effect { effect });
        }
        let needed = self.units_min();
        if units.is_finite() && units >= needed as f64 {
            return Ok(());
        }
        Err(PlanError::Units { units, needed })
    }

    /// Units at which the smaller arm has enough.
    fn units_min(&self) -> u64 {
        let smaller = self.treated_share.min(1.0 - self.treated_share);
        (UNITS_MIN as f64 / smaller).ceil() as u64
    }

    /// Units of the treated arm, and of the control.
    fn arms(&self, units: f64) -> (f64, f64) {
        (
            self.treated_share * units,
            (1.0 - self.treated_share) * units,
        )
    }

    fn standard_error(&self, baseline: &Baseline, units: f64) -> f64 {
        let (treated, control) = self.arms(units);
        baseline.deviation() * (1.0 / treated + 1.0 / control).sqrt()
    }

    /// Standard errors that an estimate must be away from 0 to be seen.
    fn bar(&self, units: f64) -> f64 {
        self.sequence.map_or_else(
            || normal_upper_quantile(0.5 * self.alpha),
            |sequence| sequence.half_width(1.0, units),
        )
    }
}

/// The smallest number from `least` on that is enough; `None` where none of those that can be counted is. More is never
/// less, so that halving finds it.
fn smallest(least: u64, enough: impl Fn(u64) -> bool) -> Option<u64> {
    let mut high = least;
    while !enough(high) {
        if high > 1_000_000_000_000_000 {
            return None;
        }
        high *= 2;
    }
    let mut low = least.max(high / 2);
    while low < high {
        let middle = low + (high - low) / 2;
        if enough(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(high)
}
