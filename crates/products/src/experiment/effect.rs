//! An effect as a read-out holds it, for what would follow from it elsewhere.

use super::change::FittedChange;
use super::fitted::FittedExperiment;
use super::told::p_value;
use crate::contract::Fitted;
use crate::outcome::Outcome;
use crate::what_if::{Measured, NoEffect, Normal, arm_among, outcome_among};
use measure::effects::Effect;

/// What a read-out says of an arm; `None` where the version is of another kind.
pub(crate) fn effect_of(
    version: &dyn Fitted,
    arm: Option<&str>,
    outcome: Option<Outcome>,
) -> Option<Result<Measured, NoEffect>> {
    if let Some(change) = version.of_kind::<FittedChange>() {
        return Some(Err(of_sites(change)));
    }
    let version = version.of_kind::<FittedExperiment>()?;
    Some(of_arm(version, arm, outcome))
}

fn of_sites(change: &FittedChange) -> NoEffect {
    let experiment = change.named();
    match change.contradicted() {
        Some((assumption, p)) => NoEffect::Contradicted {
            experiment,
            assumption,
            p_value: p_value(p),
        },
        None => NoEffect::Sites { experiment },
    }
}

fn of_arm(
    version: &FittedExperiment,
    arm: Option<&str>,
    outcome: Option<Outcome>,
) -> Result<Measured, NoEffect> {
    let body = version.body();
    let arms: Vec<&str> = body.sums.arms.iter().skip(1).map(String::as_str).collect();
    let arm = arms[arm_among(&arms, arm)?];
    let outcome = outcome_among(&body.settings.outcomes, outcome)?;
    let findings = &body.reading.findings;
    let found = findings
        .iter()
        .find(|f| f.arm == arm && f.outcome == outcome);
    let unknown = |why| NoEffect::NotMeasurable {
        arm: arm.to_owned(),
        outcome: outcome.name(),
        why,
    };
    let size = |effect: &Effect| match effect {
        Effect::Measured(size) => Ok(Normal {
            point: size.point,
            error: size.standard_error,
        }),
        Effect::NotMeasurable(why) => Err(unknown(why.clone())),
    };
    // Every outcome of every arm has a finding.
    let found = found.ok_or(NoEffect::OtherKind)?;
    Measured {
        experiment: body.settings.experiment(),
        arm: arm.to_owned(),
        outcome,
        window_days: body.settings.window_days,
        customers: found.customers,
        effect: size(&found.effect)?,
        relative: size(&found.relative)?,
        control_mean: found.control_mean.unwrap_or(0.0),
    }
    .checked()
}
