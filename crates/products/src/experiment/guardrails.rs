//! What must not get worse, as it is read of every arm.

use super::error::ExperimentError;
use super::ratio::Measure;
use super::settings::Settings;
use super::sums::Sums;
use measure::effects::Effect;
use measure::guardrail::{Guarded, Guardrail, guarded};
use measure::readout::{Experiment, ReadOut, ReadOutError};
use measure::sequential::{ConfidenceSequence, SampleRatio};
use schema::{Direction, Estimate, Metric, Role};
use serde::{Deserialize, Serialize};

/// What a change is held against.
pub(super) const GUARDRAIL: &str = "the guardrail";

/// One guardrail of one arm.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Watched {
    /// The outcome or ratio, as the settings call it.
    pub(super) outcome: String,
    /// Its unit.
    pub(super) unit: String,
    pub(super) arm: String,
    /// Which way is better.
    pub(super) better: Direction,
    /// Share of the control's mean by which it may get worse.
    pub(super) worse_by: f64,
    /// What is said of it, as of the day of the read-out.
    pub(super) says: Guarded,
}

impl Watched {
    /// Every guardrail of every arm but the control. Where the arms do not have their sizes, nothing is said.
    pub(super) fn all(
        sums: &Sums,
        settings: &Settings,
        planned: &Experiment,
        read: &ReadOut,
    ) -> Result<Vec<Self>, ExperimentError> {
        let sequence = ConfidenceSequence::tuned_to(planned.tuned_units, planned.alpha);
        let sequence = sequence.map_err(ReadOutError::Tuning)?;
        let broken = match (&read.sample_ratio, read.findings.first()) {
            (SampleRatio::Broken { .. }, Some(first)) => match &first.effect {
                Effect::NotMeasurable(why) => Some(Guarded::NotMeasurable(why.clone())),
                Effect::Measured(_) => None,
            },
            (_, _) => None,
        };
        let measures: Vec<Measure<'_>> = settings.measures().collect();
        let mut all = Vec::new();
        for asked in &settings.guardrail {
            let Some(place) = measures.iter().position(|m| m.code() == asked.outcome) else {
                continue;
            };
            let (measure, moments) = (measures[place], &sums.moments[place]);
            let guardrail = Guardrail {
                method: planned.metrics[place].method,
                better: measure.better(),
                worse_by: asked.worse_by,
            };
            for (arm, treated) in sums.arms.iter().zip(moments).skip(1) {
                let says = match &broken {
                    Some(broken) => broken.clone(),
                    None => guarded(&guardrail, &moments[0], treated, &sequence)?,
                };
                all.push(Self {
                    outcome: asked.outcome.clone(),
                    unit: measure.unit(),
                    arm: arm.clone(),
                    better: measure.better(),
                    worse_by: asked.worse_by,
                    says,
                });
            }
        }
        Ok(all)
    }

    pub(super) fn is_broken(&self) -> bool {
        matches!(self.says, Guarded::Broken(_))
    }

    /// On a scorecard: the change beside the one that was allowed. A broken one is said first; none decides, since a
    /// read-out that says so must be the one that is told.
    pub(super) fn metric(&self) -> Metric {
        let edge = match self.better {
            Direction::Higher => -self.worse_by,
            Direction::Lower => self.worse_by,
        };
        let less = |by: f64| match &self.says {
            Guarded::NotMeasurable(why) => Estimate::NotMeasurable(why.clone()),
            Guarded::Kept(change) | Guarded::Broken(change) | Guarded::Undecided(change) => {
                Estimate::Measured {
                    point: change.point - by,
                    low: change.low - by,
                    high: change.high - by,
                    units: change.units,
                }
            }
        };
        Metric {
            name: format!("change of {}", self.unit),
            scope: self.arm.clone(),
            unit: "share of the control's mean".to_owned(),
            better: self.better,
            role: if self.is_broken() {
                Role::Warns
            } else {
                Role::Shown
            },
            value: less(0.0),
            baseline: Estimate::Exact(edge),
            baseline_name: GUARDRAIL.to_owned(),
            gain: less(edge),
        }
    }
}
