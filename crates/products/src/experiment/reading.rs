//! What the sums of an experiment say.

use super::error::ExperimentError;
use super::guardrails::Watched;
use super::ratio::{Measure, Ratio};
use super::settings::Settings;
use super::sums::Sums;
use crate::outcome::Outcome;
use math::tails::normal_upper_quantile;
use measure::design::{Baseline, Plan, Watch};
use measure::effects::{Effect, Moments, Scale, Size, UNITS_MIN, difference, ratio};
use measure::readout::{self, Arm, Experiment, Metric, read_out};
use measure::sequential::{AlwaysValid, SampleRatio, TUNED_UNITS};
use schema::WhyNot;
use serde::{Deserialize, Serialize};

/// Level of the intervals that hold when the experiment is read once.
pub(super) const LEVEL: f64 = 0.95;

/// Probability with which the minimum detectable effect is seen.
const POWER: f64 = 0.8;

/// One outcome or ratio of one arm against the control.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Finding {
    /// What is measured; what is divided where it is a ratio.
    pub(super) outcome: Outcome,
    /// The ratio, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ratio: Option<Ratio>,
    pub(super) arm: String,
    /// Customers of the arm whose window is over.
    pub(super) customers: u64,
    /// Mean or ratio of the control; absent where nobody is in it, or nothing to divide by.
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
    /// Standard error of the smallest experiment that can be read; absent for a ratio.
    pub(super) smallest: Option<f64>,
}

/// What an experiment says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reading {
    /// Whether the arms have the sizes asked for.
    pub(super) sample_ratio: SampleRatio,
    /// By outcome and then by ratio, and within by arm.
    pub(super) findings: Vec<Finding>,
    /// By guardrail, and within by arm.
    #[serde(default)]
    pub(super) guardrails: Vec<Watched>,
}

impl Finding {
    /// What is measured.
    pub(super) fn measure(&self) -> Measure<'_> {
        let outcome = Measure::Outcome(self.outcome);
        self.ratio.as_ref().map_or(outcome, Measure::Ratio)
    }

    /// Whether it is of the outcome that decides.
    pub(super) fn decides(&self, settings: &Settings) -> bool {
        self.ratio.is_none() && settings.outcomes.first() == Some(&self.outcome)
    }

    /// Effect and its interval on all customers of the arm together; there is no such thing of a ratio.
    pub(super) fn total(&self) -> Option<[f64; 3]> {
        let size = self.effect.size().filter(|_| self.ratio.is_none())?;
        let customers = self.customers as f64;
        Some([size.point, size.low, size.high].map(|of_one| of_one * customers))
    }

    /// What would have come of the arm's customers without it.
    pub(super) fn anyway(&self) -> Option<f64> {
        if self.ratio.is_some() {
            return None;
        }
        Some(self.control_mean? * self.customers as f64)
    }

    /// Mean of the arm: the control's, and what the arm adds.
    pub(super) fn arm_mean(&self) -> Option<f64> {
        Some(self.control_mean? + self.effect.size()?.point)
    }
}

impl Reading {
    pub(super) fn of(sums: &Sums, settings: &Settings) -> Result<Self, ExperimentError> {
        let measures: Vec<Measure<'_>> = settings.measures().collect();
        let planned = planned(sums, settings, &measures);
        let units = sums.clusters.as_ref().unwrap_or(&sums.assigned);
        let read = read_out(&planned, sums.as_of, units, &sums.moments)?;
        let guardrails = Watched::all(sums, settings, &planned, &read)?;
        let sample_ratio = if sums.shares.is_some() {
            read.sample_ratio
        } else {
            let because = if settings.versions {
                "which share the version on trial was asked to answer was not noted on all of its days"
            } else {
                "the share held out is a setting of the project, which a version does not know"
            };
            SampleRatio::NotMeasurable(WhyNot::DoesNotApply {
                because: because.to_owned(),
            })
        };
        let arms = sums.arms.len() - 1;
        let findings = read.findings.into_iter().enumerate();
        let findings = findings.map(|(place, found)| {
            let (measured, arm) = (place / arms, place % arms + 1);
            let of = &sums.moments[measured];
            let clusters = sums.clusters.is_some();
            finding(
                found,
                (measures[measured], clusters),
                &of[0],
                &of[arm],
                sums.finished(arm),
            )
        });
        Ok(Self {
            sample_ratio,
            findings: findings.collect(),
            guardrails,
        })
    }

    /// What is said of an arm by the outcome that decides; `None` for the control.
    pub(super) fn deciding(&self, arm: &str) -> Option<&Finding> {
        self.findings.iter().find(|found| found.arm == arm)
    }
}

/// The experiment as it is read. Where no shares were asked for, the sizes found are as good as any.
fn planned(sums: &Sums, settings: &Settings, measures: &[Measure<'_>]) -> Experiment {
    let found = || sums.assigned.iter().map(|customers| *customers as f64);
    let shares = sums.shares.clone().unwrap_or_else(|| found().collect());
    let arms = sums.arms.iter().zip(shares);
    let metrics = measures.iter().zip(&sums.moments);
    Experiment {
        start: sums.start,
        arms: arms
            .map(|(name, share)| Arm {
                name: name.clone(),
                share,
            })
            .collect(),
        metrics: metrics
            .map(|(measure, moments)| Metric {
                name: measure.unit(),
                method: method(*measure, sums.clusters.is_some(), &moments[0]),
            })
            .collect(),
        alpha: settings.alpha,
        tuned_units: TUNED_UNITS,
    }
}

fn method(measure: Measure<'_>, clusters: bool, moments: &Moments) -> readout::Method {
    match (measure, clusters, moments.columns()) {
        (Measure::Outcome(_), false, 2) => readout::Method::Adjusted,
        (Measure::Outcome(_), false, _) => readout::Method::Mean,
        // The mean over customers, adjusted: a ratio of sums of clusters to their customers.
        (Measure::Outcome(_), true, 4) | (Measure::Ratio(_), _, 4) => {
            readout::Method::AdjustedRatio
        }
        (Measure::Outcome(_), true, _) => readout::Method::Clustered,
        (Measure::Ratio(_), _, _) => readout::Method::Ratio,
    }
}

/// - `clusters`: whether units are clusters and not customers.
/// - `customers`: of the arm.
fn finding(
    found: readout::Finding,
    (measure, clusters): (Measure<'_>, bool),
    control: &Moments,
    treated: &Moments,
    customers: u64,
) -> Finding {
    let (outcome, of_ratio) = match measure {
        Measure::Outcome(outcome) => (outcome, None),
        Measure::Ratio(ratio) => (ratio.of, Some(ratio.clone())),
    };
    // The level is a probability, and every arm has its first columns.
    let plain = match (measure, clusters) {
        (Measure::Outcome(_), false) => difference(control, treated, Scale::Absolute, LEVEL).ok(),
        (Measure::Ratio(_), _) | (Measure::Outcome(_), true) => {
            ratio(control, treated, Scale::Absolute, LEVEL).ok()
        }
    };
    let plain = plain.filter(|_| found.effect.size().is_some());
    let plain = plain.unwrap_or_else(|| found.effect.clone());
    let (adjusted, alone) = (found.effect.size(), plain.size());
    let is_adjusted = matches!(
        method(measure, clusters, control),
        readout::Method::Adjusted | readout::Method::AdjustedRatio
    );
    let variance_saved = adjusted.zip(alone).filter(|_| is_adjusted);
    let variance_saved = variance_saved.map(|(adjusted, alone)| saved(adjusted, alone));
    let (control_mean, detectable, smallest) = match (measure, clusters) {
        (Measure::Outcome(_), false) => (
            control.mean(0),
            detectable(control, treated),
            smallest(control, treated),
        ),
        (Measure::Outcome(_), true) => (
            quotient(control),
            adjusted.map(seen_again),
            smallest_of_clusters(control, treated),
        ),
        (Measure::Ratio(_), _) => (quotient(control), adjusted.map(seen_again), None),
    };
    Finding {
        outcome,
        ratio: of_ratio,
        arm: found.arm,
        customers,
        control_mean,
        detectable,
        smallest,
        variance_saved,
        effect: found.effect,
        relative: found.relative,
        always: found.always,
        real: found.discovered,
        plain,
    }
}

/// The ratio of an arm; `None` where there is nothing to divide by.
pub(super) fn quotient(arm: &Moments) -> Option<f64> {
    let by = arm.mean(1).filter(|by| *by > 0.0)?;
    Some(arm.mean(0)? / by)
}

/// The smallest effect that as many customers show with as large a standard error, read once.
fn seen_again(size: &Size) -> f64 {
    let errors = normal_upper_quantile(0.5 * (1.0 - LEVEL)) + normal_upper_quantile(1.0 - POWER);
    errors * size.standard_error
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

/// The same with as few clusters.
fn smallest_of_clusters(control: &Moments, treated: &Moments) -> Option<f64> {
    let variance = |arm: &Moments| {
        let (mean, by) = (quotient(arm)?, arm.mean(1)?);
        let of = |one, other| arm.covariance(one, other);
        let squares = of(0, 0)? - 2.0 * mean * of(0, 1)? + mean * mean * of(1, 1)?;
        Some(squares / (by * by))
    };
    let both = variance(control)? + variance(treated)?;
    (both > 0.0).then(|| (both / UNITS_MIN as f64).sqrt())
}
