//! The average effect of an arm, for what would follow from it elsewhere.

use super::fitted::FittedPromotion;
use crate::contract::Fitted;
use crate::outcome::Outcome;
use crate::what_if::{Measured, NoEffect, Normal, arm_among, outcome_among};
use math::tails::normal_upper_quantile;

/// What a version says of an arm on average; `None` where it is of another kind.
pub(crate) fn effect_of(
    version: &dyn Fitted,
    arm: Option<&str>,
    outcome: Option<Outcome>,
) -> Option<Result<Measured, NoEffect>> {
    let version = version.of_kind::<FittedPromotion>()?;
    Some(of_arm(version, arm, outcome))
}

fn of_arm(
    version: &FittedPromotion,
    arm: Option<&str>,
    outcome: Option<Outcome>,
) -> Result<Measured, NoEffect> {
    let body = version.body();
    let arms: Vec<&str> = body.arms.iter().map(|arm| arm.name.as_str()).collect();
    let arm = &body.arms[arm_among(&arms, arm)?];
    let outcome = outcome_among(&[body.settings.outcome], outcome)?;
    let average = arm.average();
    let effect = Normal {
        point: average.point,
        error: (average.high - average.low) / (2.0 * normal_upper_quantile(0.025)),
    };
    let control_mean = body.control_mean();
    Measured {
        experiment: format!("trial {}", body.settings.trial),
        arm: arm.name.clone(),
        outcome,
        window_days: body.settings.window_days,
        customers: arm.draws as u64,
        effect,
        relative: effect.over(control_mean),
        control_mean,
    }
    .checked()
}
