//! One experiment read as of a day: sizes of arms first, then every metric of every arm, then which effects are real.

use schema::{AsOf, WhyNot};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::effects::{
    Effect, EffectError, Moments, Scale, adjusted_ratio, clustered, cuped, difference, ratio,
};
use crate::sequential::{
    AlwaysValid, ConfidenceSequence, SampleRatio, SampleRatioError, SequentialError, discoveries,
    sample_ratio,
};

/// Level of the intervals that hold when the experiment is read once, at its end.
const LEVEL: f64 = 0.95;

/// An experiment as it was planned. Arm 0 is the control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The first day of the experiment.
    pub start: AsOf,
    /// Names of the arms and their shares of the units, the control first.
    pub arms: Vec<Arm>,
    /// What is measured.
    pub metrics: Vec<Metric>,
    /// Share of wrong discoveries accepted, and probability that a confidence sequence ever misses.
    pub alpha: f64,
    /// Units of two arms together at which the confidence sequences are narrowest.
    pub tuned_units: f64,
}

/// An arm as it was planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Name.
    pub name: String,
    /// Share of the units.
    pub share: f64,
}

/// A metric and how it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Name.
    pub name: String,
    /// What its moments hold.
    pub method: Method,
}

/// How a metric is read, which says what the columns of its moments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Mean per unit: the value.
    Mean,
    /// Mean per unit, adjusted: the value, and the covariate from before the start.
    Adjusted,
    /// Ratio of means: numerator and denominator.
    Ratio,
    /// Ratio of means, adjusted: numerator and denominator, and both from before the start.
    AdjustedRatio,
    /// Mean over rows of clusters that were assigned as a whole: sum and rows of each cluster.
    Clustered,
}

/// What an experiment says as of a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadOut {
    /// The first day that is not known yet.
    pub as_of: AsOf,
    /// Whether the arms have the sizes asked. Where not, nothing else is measurable.
    pub sample_ratio: SampleRatio,
    /// Every metric of every arm but the control: metrics in order, arms within.
    pub findings: Vec<Finding>,
}

/// One metric of one arm against the control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Metric.
    pub metric: String,
    /// Arm.
    pub arm: String,
    /// The effect, with an interval of 95 % that holds when it is read once, at an end fixed before.
    pub effect: Effect,
    /// The same over the control's mean.
    pub relative: Effect,
    /// The effect with an interval that holds at all times.
    pub always: AlwaysValid,
    /// Whether it is real: among all that are called so, a share of at most `alpha` is wrong on average.
    pub discovered: bool,
}

/// An experiment that cannot be read.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ReadOutError {
    /// It has not begun.
    #[error(
        "read an experiment as of {as_of}: it starts on {start}, its first day is known the day after"
    )]
    BeforeStart {
        /// Day asked.
        as_of: AsOf,
        /// First day of the experiment.
        start: AsOf,
    },
    /// Its error rate or tuning is out of range.
    #[error("read an experiment")]
    Tuning(#[source] SequentialError),
    /// The arms' sizes cannot be compared.
    #[error("read an experiment: sizes of arms")]
    Sizes(#[source] SampleRatioError),
    /// Moments are not of its metrics and arms.
    #[error(
        "read an experiment of {metrics} metrics and {arms} arms: moments of {found_metrics} metrics, of which one has {found_arms} arms"
    )]
    Shape {
        /// Metrics planned.
        metrics: usize,
        /// Arms planned.
        arms: usize,
        /// Metrics found.
        found_metrics: usize,
        /// Arms found, of the first metric that differs.
        found_arms: usize,
    },
    /// More units were measured than assigned.
    #[error(
        "read metric `{metric}` of arm `{arm}`: {measured} units were measured of {assigned} assigned"
    )]
    MoreThanAssigned {
        /// Metric.
        metric: String,
        /// Arm.
        arm: String,
        /// Units measured.
        measured: u64,
        /// Units assigned.
        assigned: u64,
    },
    /// Moments do not hold what the method reads.
    #[error("read metric `{metric}`")]
    Metric {
        /// Metric.
        metric: String,
        /// What is wrong.
        source: EffectError,
    },
}

/// Reads an experiment as of a day, whose midnight everything given must lie before.
///
/// - `assigned`: units of each arm, whether or not anything was measured of them.
/// - `measured`: per metric, per arm the moments that its [`Method`] names. Units of which nothing is known count as
///   their zeros do: push them.
///
/// A broken sample ratio makes every effect not measurable: units are missing that the outcome may have decided about.
///
/// # Errors
/// [`ReadOutError`] before the experiment has a day, or when numbers of arms, metrics, columns or units do not fit.
pub fn read_out(
    experiment: &Experiment,
    as_of: AsOf,
    assigned: &[u64],
    measured: &[Vec<Moments>],
) -> Result<ReadOut, ReadOutError> {
    if as_of <= experiment.start {
        let start = experiment.start;
        return Err(ReadOutError::BeforeStart { as_of, start });
    }
    let sequence = ConfidenceSequence::tuned_to(experiment.tuned_units, experiment.alpha)
        .map_err(ReadOutError::Tuning)?;
    let shares: Vec<f64> = experiment.arms.iter().map(|arm| arm.share).collect();
    let sample_ratio = sample_ratio(assigned, &shares).map_err(ReadOutError::Sizes)?;
    check_shape(experiment, assigned, measured)?;
    let broken = match &sample_ratio {
        SampleRatio::Broken { p_value, .. } => Some(Effect::NotMeasurable(WhyNot::DoesNotApply {
            because: format!("the arms do not have the sizes asked (p-value {p_value:.1e})"),
        })),
        SampleRatio::Holds { .. } | SampleRatio::NotMeasurable(_) => None,
    };
    let mut findings = Vec::new();
    for (metric, moments) in experiment.metrics.iter().zip(measured) {
        for (arm, treated) in experiment.arms.iter().zip(moments).skip(1) {
            let read = |scale: Scale| match &broken {
                Some(broken) => Ok(broken.clone()),
                None => metric
                    .method
                    .effect(&moments[0], treated, scale)
                    .map_err(|source| ReadOutError::Metric {
                        metric: metric.name.clone(),
                        source,
                    }),
            };
            let effect = read(Scale::Absolute)?;
            findings.push(Finding {
                metric: metric.name.clone(),
                arm: arm.name.clone(),
                relative: read(Scale::Relative)?,
                always: sequence.read(&effect),
                effect,
                discovered: false,
            });
        }
    }
    // What is not measurable is no evidence, but was asked: it counts among the hypotheses.
    let evidence: Vec<f64> = findings
        .iter()
        .map(|finding| {
            let reading = finding.always.reading();
            reading.map_or(f64::NEG_INFINITY, |reading| reading.ln_e_value)
        })
        .collect();
    // Evidence is a number and alpha was checked with the tuning: nothing is refused.
    let real = discoveries(&evidence, experiment.alpha).unwrap_or_default();
    for (finding, real) in findings.iter_mut().zip(real) {
        finding.discovered = real;
    }
    Ok(ReadOut {
        as_of,
        sample_ratio,
        findings,
    })
}

fn check_shape(
    experiment: &Experiment,
    assigned: &[u64],
    measured: &[Vec<Moments>],
) -> Result<(), ReadOutError> {
    let (metrics, arms) = (experiment.metrics.len(), experiment.arms.len());
    let other = measured.iter().find(|moments| moments.len() != arms);
    if measured.len() != metrics || other.is_some() {
        return Err(ReadOutError::Shape {
            metrics,
            arms,
            found_metrics: measured.len(),
            found_arms: other.map_or(arms, Vec::len),
        });
    }
    for (metric, moments) in experiment.metrics.iter().zip(measured) {
        for ((arm, moments), assigned) in experiment.arms.iter().zip(moments).zip(assigned) {
            if moments.count() > *assigned {
                return Err(ReadOutError::MoreThanAssigned {
                    metric: metric.name.clone(),
                    arm: arm.name.clone(),
                    measured: moments.count(),
                    assigned: *assigned,
                });
            }
        }
    }
    Ok(())
}

impl Method {
    fn effect(
        self,
        control: &Moments,
        treated: &Moments,
        scale: Scale,
    ) -> Result<Effect, EffectError> {
        match self {
            Self::Mean => difference(control, treated, scale, LEVEL),
            Self::Adjusted => cuped(control, treated, scale, LEVEL),
            Self::Ratio => ratio(control, treated, scale, LEVEL),
            Self::AdjustedRatio => adjusted_ratio(control, treated, scale, LEVEL),
            Self::Clustered => clustered(control, treated, scale, LEVEL),
        }
    }
}
