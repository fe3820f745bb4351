//! What the sums of an experiment say.

use super::error::ExperimentError;
use super::settings::Settings;
use super::sums::Sums;
use crate::outcome::Outcome;
use measure::design::{Baseline, Plan, Watch};
use measure::effects::{Effect, Moments, Scale, Size, UNITS_MIN, difference};
use measure::readout::{self, Arm, Experiment, Metric, read_out};
use measure::sequential::{AlwaysValid, SampleRatio, TUNED_UNITS};
use schema::WhyNot;
use serde::{Deserialize, Serialize};

/// Level of the intervals that hold when the experiment is read once.
pub(super) const LEVEL: f64 = 0.95;

/// Probability with which the minimum detectable effect is seen.
const POWER: f64 = 0.8;

/// One outcome of one arm against the control.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Finding {
    pub(super) outcome: Outcome,
    pub(super) arm: String,
    /// Customers of the arm whose window is over.
    pub(super) customers: u64,
    /// Mean of the control; absent where nobody is in it.
    pub(super) control_mean: Option<f64>,
    /// The effect, with an interval of 95 % that holds when it is read once.
    pub(super) effect: Effect,
    /// The same over the control's mean.
    pub(super) relative: Effect,
    /// The effect with an interval that holds at all times.
    pub(super) always: AlwaysValid,
    /// Whether it is real: of all that are called so, a share of at most `alpha` is wrong on average.
    pub(super) real: bool,
    /// The plain difference of means.
    pub(super) plain: Effect,
    /// Share of the variance that the outcome before the first draw takes away; absent where it explains nothing.
    pub(super) variance_saved: Option<f64>,
    /// The smallest effect that so many customers show four times of five.
    pub(super) detectable: Option<f64>,
    /// Standard error of the smallest experiment that can be read.
    pub(super) smallest: Option<f64>,
}

/// What an experiment says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reading {
    /// Whether the arms have the sizes asked for.
    pub(super) sample_ratio: SampleRatio,
    /// By outcome, and within by arm.
    pub(super) findings: Vec<Finding>,
}

impl Finding {
    /// Effect and its interval on all customers of the arm together.
    pub(super) fn total(&self) -> Option<[f64; 3]> {
        let size = self.effect.size()?;
        let customers = self.customers as f64;
        Some([size.point, size.low, size.high].map(|of_one| of_one * customers))
    }

    /// What would have come of the arm's customers without it.
    pub(super) fn anyway(&self) -> Option<f64> {
        Some(self.control_mean? * self.customers as f64)
    }

    /// Mean of the arm: the control's, and what the arm adds.
    pub(super) fn arm_mean(&self) -> Option<f64> {
        Some(self.control_mean? + self.effect.size()?.point)
    }
}

impl Reading {
    pub(super) fn of(sums: &Sums, settings: &Settings) -> Result<Self, ExperimentError> {
        let planned = planned(sums, settings);
        let read = read_out(&planned, sums.as_of, &sums.assigned, &sums.moments)?;
        let sample_ratio = if sums.shares.is_some() {
            read.sample_ratio
        } else {
            SampleRatio::NotMeasurable(WhyNot::DoesNotApply {
                because:
                    "the share held out is a setting of the project, which a version does not know"
                        .to_owned(),
            })
        };
        let arms = sums.arms.len() - 1;
        let findings = read.findings.into_iter().enumerate();
        let findings = findings.map(|(place, found)| {
            let (outcome, arm) = (place / arms, place % arms + 1);
            let of = &sums.moments[outcome];
            finding(found, settings.outcomes[outcome], &of[0], &of[arm])
        });
        Ok(Self {
            sample_ratio,
            findings: findings.collect(),
        })
    }

    /// What is said of an arm by the outcome that decides; `None` for the control.
    pub(super) fn deciding(&self, arm: &str) -> Option<&Finding> {
        self.findings.iter().find(|found| found.arm == arm)
    }
}

/// The experiment as it is read. Where no shares were asked for, the sizes found are as good as any.
fn planned(sums: &Sums, settings: &Settings) -> Experiment {
    let found = || sums.assigned.iter().map(|customers| *customers as f64);
    let shares = sums.shares.clone().unwrap_or_else(|| found().collect());
    let arms = sums.arms.iter().zip(shares);
    let metrics = settings.outcomes.iter().zip(&sums.moments);
    Experiment {
        start: sums.start,
        arms: arms
            .map(|(name, share)| Arm {
                name: name.clone(),
                share,
            })
            .collect(),
        metrics: metrics
            .map(|(outcome, moments)| Metric {
                name: outcome.unit().to_owned(),
                method: method(&moments[0]),
            })
            .collect(),
        alpha: settings.alpha,
        tuned_units: TUNED_UNITS,
    }
}

fn method(moments: &Moments) -> readout::Method {
    if moments.columns() == 2 {
        readout::Method::Adjusted
    } else {
        readout::Method::Mean
    }
}

fn finding(
    found: readout::Finding,
    outcome: Outcome,
    control: &Moments,
    treated: &Moments,
) -> Finding {
    // The level is a probability, and every arm has a first column.
    let plain = difference(control, treated, Scale::Absolute, LEVEL).ok();
    let plain = plain.filter(|_| found.effect.size().is_some());
    let plain = plain.unwrap_or_else(|| found.effect.clone());
    let (adjusted, alone) = (found.effect.size(), plain.size());
    let variance_saved = adjusted.zip(alone).filter(|_| control.columns() == 2);
    let variance_saved = variance_saved.map(|(adjusted, alone)| saved(adjusted, alone));
    Finding {
        outcome,
        arm: found.arm,
        customers: treated.count(),
        control_mean: control.mean(0),
        detectable: detectable(control, treated),
        smallest: smallest(control, treated),
        variance_saved,
        effect: found.effect,
        relative: found.relative,
        always: found.always,
        real: found.discovered,
        plain,
    }
}

fn saved(adjusted: &Size, alone: &Size) -> f64 {
    1.0 - (adjusted.standard_error / alone.standard_error).powi(2)
}

/// The smallest effect that these customers show, read once.
fn detectable(control: &Moments, treated: &Moments) -> Option<f64> {
    let baseline = Baseline::of(control).ok()?;
    let units = (control.count() + treated.count()) as f64;
    let share = treated.count() as f64 / units;
    let plan = Plan::new(1.0 - LEVEL, POWER, share, Watch::Once).ok()?;
    plan.detectable(&baseline, units).ok()
}

/// Standard error of the plain difference with as few customers in each arm as can be read.
fn smallest(control: &Moments, treated: &Moments) -> Option<f64> {
    let variance = control.covariance(0, 0)? + treated.covariance(0, 0)?;
    (variance > 0.0).then(|| (variance / UNITS_MIN as f64).sqrt())
}
