//! An effect as a read-out holds it, for what would follow from it elsewhere.

use super::change::FittedChange;
use super::fitted::FittedExperiment;
use super::reading::Finding;
use super::told::p_value;
use crate::contract::Fitted;
use crate::outcome::Outcome;
use crate::what_if::{Measured, NoEffect, Normal, arm_among, outcome_among};
use measure::effects::Effect;
use schema::Estimate;

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

/// Money that an experiment's arms brought beyond the control within so many days, from the days whose windows are over:
/// the effect on all their customers together, each customer's one window counted once.
///
/// # Errors
/// In a few words why that cannot be said.
pub fn money_per_period(version: &dyn Fitted, period_days: u32) -> Result<Estimate, String> {
    let Some(version) = version.of_kind::<FittedExperiment>() else {
        return Err("its effect is not one of single customers".to_owned());
    };
    let body = version.body();
    let (settings, sums) = (&body.settings, &body.sums);
    let first = settings.outcomes.first().filter(|first| first.is_money());
    let Some(outcome) = first else {
        return Err("the first of its outcomes is not money".to_owned());
    };
    let known = sums.as_of.epoch_day() - sums.start.epoch_day();
    let over = known - i32::try_from(settings.window_days).unwrap_or(i32::MAX) + 1;
    let mut all = (0.0, 0.0, 0);
    let deciding = |found: &&Finding| found.ratio.is_none() && found.outcome == *outcome;
    for found in body.reading.findings.iter().filter(deciding) {
        let size = match &found.effect {
            Effect::Measured(size) => size,
            Effect::NotMeasurable(why) => return Err(why.to_string()),
        };
        let customers = found.customers as f64;
        all.0 += customers * size.point;
        // Effects of arms beside one control hang together: errors that add up are the worst that can be.
        all.1 += customers * 0.5 * (size.high - size.low);
        all.2 += found.customers;
    }
    if over < 1 || all.2 == 0 {
        return Err("no window of its customers is over".to_owned());
    }
    let scale = f64::from(period_days) / f64::from(over);
    let (point, half) = (all.0 * scale, all.1 * scale);
    Ok(Estimate::Measured {
        point,
        low: point - half,
        high: point + half,
        units: all.2,
    })
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
