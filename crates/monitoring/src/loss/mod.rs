//! Whether a product's live loss has passed its baseline plus what is tolerated, looked at every day, for ever.
//!
//! Reading order: [`LossReference`] (what the loss was on days that count as good), [`LossPromise`] (what may never be
//! passed unseen), [`LossWatch`] (the state between two days), [`LossReading`] (what is told).

mod interval;
mod reference;
mod scan;
mod watch;

pub use interval::Interval;
pub use reference::LossReference;
use reference::{DAYS_MIN, raised};
pub use watch::{LossReading, LossVerdict, LossWatch};

use math::tails::normal_upper_quantile;
use schema::AsOf;
use serde::{Deserialize, Serialize};

use crate::refusal::{Allowed, Refusal, require, require_alpha, require_finite};

/// Share of the alpha of bets that goes to each thing that was measured and not given: the baseline, the spread.
const MEASURED_SHARE: f64 = 0.2;

/// Share of alpha for windows of days beside a measured reference: they lose less to the errors of the reference than
/// bets do, which must bound them first.
const SCAN_SHARE: f64 = 0.8;

/// The losses of one day of one product, of outcomes that are mature.
///
/// Which decisions a day holds must not depend on their losses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossDay {
    /// The day.
    pub day: AsOf,
    /// Decisions with a known loss; a day without any is left out.
    pub count: u64,
    /// Sum of their losses.
    pub sum: f64,
    /// Sum of the squares of their losses.
    pub sum_squares: f64,
    /// How the loss of such a day stands to that of a usual one, known before it: 1 where there is no season.
    pub season: f64,
}

/// Where the loss stood when all was well.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// A figure that was agreed.
    Given {
        /// Mean loss of a decision on a usual day.
        mean: f64,
    },
    /// A figure that was measured: bets add its error to what is tolerated, at a fifth of their alpha.
    Measured {
        /// Mean loss of a decision on a usual day.
        mean: f64,
        /// Its standard error.
        standard_error: f64,
    },
}

/// What is known of how losses vary. The less is asked for, the later a change is seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// Each loss lies between 0 and `most`, and each decision is expected to lose no more than is allowed, whatever
    /// those before it lost: exact, but days must not have a common fate.
    BoundedDecisions {
        /// The largest loss that a decision can have.
        most: f64,
    },
    /// Each loss lies between 0 and `most`; losses of a day may hang together in any way: exact, and slow.
    BoundedDays {
        /// The largest loss that a decision can have.
        most: f64,
    },
    /// Means of days are normal, or of lighter tails, with a variance of `days_sd² + decisions_sd² / count`.
    Normal {
        /// Standard deviation of losses of one day.
        decisions_sd: f64,
        /// Standard deviation of what all losses of a day have in common.
        days_sd: f64,
    },
    /// The same, measured on the reference days: means of days are normal.
    Measured {
        /// Standard deviation of losses of one day.
        decisions_sd: f64,
        /// Standard deviation of what all losses of a day have in common.
        days_sd: f64,
        /// Days that it was measured on, at least 14.
        days: u64,
    },
}

/// What may never be passed unseen, and how often an alarm may be false.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossPromise {
    /// Where the loss stood.
    pub baseline: Baseline,
    /// How much more a decision may lose, in the unit of the loss.
    pub tolerance: f64,
    /// What is known of how losses vary.
    pub spread: Spread,
    /// The chance of ever alarming although the loss never passed what is allowed, over the product's whole life.
    pub alpha: f64,
}

impl Baseline {
    fn mean(&self) -> f64 {
        match self {
            Self::Given { mean } | Self::Measured { mean, .. } => *mean,
        }
    }
}

impl LossPromise {
    /// A promise held against what was measured on days that count as good.
    #[must_use]
    pub fn against(reference: &LossReference, tolerance: f64, alpha: f64) -> Self {
        Self {
            baseline: Baseline::Measured {
                mean: reference.mean,
                standard_error: reference.standard_error,
            },
            tolerance,
            spread: Spread::Measured {
                decisions_sd: reference.decisions_sd,
                days_sd: reference.days_sd,
                days: reference.days,
            },
            alpha,
        }
    }

    /// The mean loss that a day of this season may have before bets win: what is tolerated above a bound that the true
    /// baseline passes with at most a fifth of the alpha of bets.
    #[must_use]
    pub fn allowed(&self, season: f64) -> f64 {
        let baseline = match self.baseline {
            Baseline::Given { mean } => mean,
            Baseline::Measured {
                mean,
                standard_error,
            } => {
                let beyond = normal_upper_quantile(MEASURED_SHARE * self.alpha_beside_scan());
                mean + beyond * standard_error * self.raised().sqrt()
            }
        };
        baseline * season + self.tolerance
    }

    /// Variance of the mean of a day of so many losses; where it was measured a bound that the truth passes with at
    /// most a fifth of the alpha of bets.
    pub(crate) fn day_variance(&self, count: u64) -> f64 {
        let of = |days_sd: f64, decisions_sd: f64| {
            days_sd * days_sd + decisions_sd * decisions_sd / count as f64
        };
        match self.spread {
            Spread::Normal {
                decisions_sd,
                days_sd,
            }
            | Spread::Measured {
                decisions_sd,
                days_sd,
                ..
            } => self.raised() * of(days_sd, decisions_sd),
            // What is between 0 and `most` varies most at its ends.
            Spread::BoundedDecisions { most } | Spread::BoundedDays { most } => most * most / 4.0,
        }
    }

    /// The factor that takes a measured variance to its bound.
    fn raised(&self) -> f64 {
        match self.spread {
            Spread::Measured { days, .. } => {
                raised(days, MEASURED_SHARE * self.alpha_beside_scan())
            }
            Spread::Normal { .. }
            | Spread::BoundedDecisions { .. }
            | Spread::BoundedDays { .. } => 1.0,
        }
    }

    /// What of alpha windows beside a measured reference leave over.
    fn alpha_beside_scan(&self) -> f64 {
        match self.spread {
            Spread::Measured { .. } => (1.0 - SCAN_SHARE) * self.alpha,
            Spread::Normal { .. }
            | Spread::BoundedDecisions { .. }
            | Spread::BoundedDays { .. } => self.alpha,
        }
    }

    /// What of that is left to bets when all that was measured has had its share.
    pub(crate) fn alpha_of_bets(&self) -> f64 {
        self.alpha_beside_scan() * self.share_of_bets()
    }

    /// Alpha of the interval, which has one of its own, less the shares of what was measured.
    pub(crate) fn alpha_of_interval(&self) -> f64 {
        self.alpha * self.share_of_bets()
    }

    fn share_of_bets(&self) -> f64 {
        let baseline = matches!(self.baseline, Baseline::Measured { .. });
        let spread = matches!(self.spread, Spread::Measured { .. });
        1.0 - MEASURED_SHARE * f64::from(u8::from(baseline) + u8::from(spread))
    }

    /// Largest loss, where it is known.
    pub(crate) fn most(&self) -> Option<f64> {
        match self.spread {
            Spread::BoundedDecisions { most } | Spread::BoundedDays { most } => Some(most),
            Spread::Normal { .. } | Spread::Measured { .. } => None,
        }
    }

    /// # Errors
    /// [`Refusal`] when a figure is not finite or out of range, or nothing could ever pass what is allowed.
    pub fn check(&self) -> Result<(), Refusal> {
        require_alpha(self.alpha)?;
        require_finite("baseline.mean", self.baseline.mean())?;
        if let Baseline::Measured { standard_error, .. } = self.baseline {
            at_least_zero("baseline.standard_error", standard_error)?;
        }
        at_least_zero("tolerance", self.tolerance)?;
        if let Spread::Normal {
            decisions_sd,
            days_sd,
        }
        | Spread::Measured {
            decisions_sd,
            days_sd,
            ..
        } = self.spread
        {
            at_least_zero("spread.decisions_sd", decisions_sd)?;
            at_least_zero("spread.days_sd", days_sd)?;
            let either = decisions_sd + days_sd;
            require(either > 0.0, "spread", either, Allowed::Above(0.0))?;
        }
        if let Spread::Measured { days, .. } = self.spread {
            let enough = Allowed::CountAtLeast(DAYS_MIN);
            require(days >= DAYS_MIN, "spread.days", days, enough)?;
        }
        if let Some(most) = self.most() {
            let usable = most > 0.0 && most.is_finite();
            require(usable, "spread.most", most, Allowed::Above(0.0))?;
            let allowed = self.allowed(1.0);
            let usable = allowed > 0.0 && allowed < most;
            let range = Allowed::Inside(0.0, most);
            require(usable, "baseline plus tolerance", allowed, range)?;
        }
        Ok(())
    }
}

impl LossDay {
    /// # Errors
    /// [`Refusal`] when the day has no decisions, or sums that no losses can have.
    pub fn check(&self) -> Result<(), Refusal> {
        require(
            self.count > 0,
            "count",
            self.count,
            Allowed::CountAtLeast(1),
        )?;
        require_finite("sum", self.sum)?;
        require_finite("sum_squares", self.sum_squares)?;
        // Sums of many losses are rounded: a millionth is no contradiction.
        let least = self.sum * self.sum / self.count as f64;
        let usable = self.sum_squares >= least * (1.0 - 1e-6);
        require(
            usable,
            "sum_squares",
            self.sum_squares,
            Allowed::AtLeast(least),
        )?;
        let usable = self.season > 0.0 && self.season.is_finite();
        require(usable, "season", self.season, Allowed::Above(0.0))
    }

    /// Mean loss of the day's decisions.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }
}

fn at_least_zero(field: &str, number: f64) -> Result<(), Refusal> {
    let usable = number >= 0.0 && number.is_finite();
    require(usable, field, number, Allowed::AtLeast(0.0))
}
