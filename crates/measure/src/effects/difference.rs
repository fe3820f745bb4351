//! The difference of two arms: of means, or of ratios of means.

use std::ops::RangeBounds;

use schema::WhyNot;
use serde::{Deserialize, Serialize};

use super::ratios::above_zero;
use super::{
    Effect, EffectError, Moments, Part, Size, UNITS_MIN, check_level, no_variation, size_with,
    spread_of, too_few,
};

/// How an effect is expressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Treated minus control, in the unit of the metric.
    Absolute,
    /// Treated minus control, over the control's mean: 0.05 is five per cent more.
    Relative,
}

/// An arm reduced to the mean that is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct ArmMean {
    pub(super) units: u64,
    /// The mean compared, adjusted where the method adjusts.
    pub(super) mean: f64,
    /// The plain mean, over which a relative effect is expressed.
    pub(super) plain_mean: f64,
    /// Variance of the mean compared, and its degrees of freedom.
    pub(super) part: Part,
}

/// Difference in means of a metric (column 0 of both arms; further columns are not read), with Welch's interval.
///
/// Arms may differ in size and variance. Units must be independent: see [`super::clustered`] where they are not.
///
/// # Errors
/// [`EffectError`] when the level is no probability or an arm has no column.
/// # Source
/// Welch (1947). The relative effect by the delta method, as gbstats 0.8.0 does
/// (`(b - a) / a` with variance `v_b / a² + v_a b² / a⁴`, where v are variances of the means).
pub fn difference(
    control: &Moments,
    treated: &Moments,
    scale: Scale,
    level: f64,
) -> Result<Effect, EffectError> {
    columns(control, treated, 1.., "1 or more")?;
    compare(
        |arm, name| plain(arm, name, "the metric"),
        control,
        treated,
        scale,
        level,
    )
}

/// Difference of a ratio of two means, such as revenue per order where customers are the units:
/// numerator (column 0) and denominator (column 1; further columns are not read), by the delta method.
///
/// Not measurable where the denominator of an arm is less than five standard errors above 0: nothing is divided by chance.
///
/// # Errors
/// [`EffectError`] when the level is no probability or an arm has fewer than two columns.
/// # Source
/// Deng, Knoblich and Lu (2018), "Applying the Delta Method in Metric Analytics": variance of a mean
/// `(s_yy - 2 r s_yd + r² s_dd) / (d² n)` for the ratio `r`. Compared with gbstats 0.8.0 in `tests/it/effects.rs`.
pub fn ratio(
    control: &Moments,
    treated: &Moments,
    scale: Scale,
    level: f64,
) -> Result<Effect, EffectError> {
    columns(control, treated, 2.., "2 or more")?;
    compare(
        |arm, name| {
            let ratio = ratio_mean(arm, name, "units", "the ratio")?;
            above_zero(arm, name)?;
            Ok(ratio)
        },
        control,
        treated,
        scale,
        level,
    )
}

/// Reduces both arms, or says why one cannot be, and compares.
pub(super) fn compare(
    reduce: impl Fn(&Moments, &str) -> Result<ArmMean, WhyNot>,
    control: &Moments,
    treated: &Moments,
    scale: Scale,
    level: f64,
) -> Result<Effect, EffectError> {
    check_level(level)?;
    let both = || -> Result<Size, WhyNot> {
        let (control, treated) = (reduce(control, "control")?, reduce(treated, "treated")?);
        between(&control, &treated, scale, level)
    };
    Ok(both().into())
}

pub(super) fn between(
    control: &ArmMean,
    treated: &ArmMean,
    scale: Scale,
    level: f64,
) -> Result<Size, WhyNot> {
    let units = control.units + treated.units;
    let gap = treated.mean - control.mean;
    let (standard_error, degrees) = spread_of(&[control.part, treated.part]);
    if scale == Scale::Absolute {
        return Ok(size_with(gap, standard_error, degrees, units, level));
    }
    let (from, to) = (control.plain_mean, treated.plain_mean);
    if from == 0.0 {
        return Err(WhyNot::DoesNotApply {
            because: "the mean of the control arm is 0, of which nothing is a share".to_owned(),
        });
    }
    let variance =
        (treated.part.variance + control.part.variance * (to / from).powi(2)) / (from * from);
    // The degrees of freedom are those of the difference itself.
    Ok(size_with(
        gap / from,
        variance.sqrt(),
        degrees,
        units,
        level,
    ))
}

fn plain(arm: &Moments, name: &str, what: &str) -> Result<ArmMean, WhyNot> {
    let variance = checked_variance(arm, name, what, 0)?;
    let mean = arm.means()[0];
    Ok(ArmMean {
        units: arm.count(),
        mean,
        plain_mean: mean,
        part: mean_part(variance, arm.count()),
    })
}

/// The ratio of the means of columns 0 and 1; `units` is what the rows are.
pub(super) fn ratio_mean(
    arm: &Moments,
    name: &str,
    units: &str,
    what: &str,
) -> Result<ArmMean, WhyNot> {
    enough(arm, name, units, UNITS_MIN)?;
    let (top, bottom) = (arm.means()[0], arm.means()[1]);
    if bottom == 0.0 {
        return Err(WhyNot::DoesNotApply {
            because: format!("the denominator of the {name} arm is 0"),
        });
    }
    let degrees = (arm.count() - 1) as f64;
    let mean = top / bottom;
    let squares =
        arm.product(0, 0) - 2.0 * mean * arm.product(0, 1) + mean * mean * arm.product(1, 1);
    let size = arm.product(0, 0) + mean * mean * arm.product(1, 1);
    if squares <= 1e-14 * size || size == 0.0 {
        return Err(no_variation(&format!("{what} in the {name} arm")));
    }
    Ok(ArmMean {
        units: arm.count(),
        mean,
        plain_mean: mean,
        part: mean_part(squares / degrees / (bottom * bottom), arm.count()),
    })
}

/// Variance of a mean of `count` values of this variance.
pub(super) fn mean_part(variance: f64, count: u64) -> Part {
    Part {
        variance: variance / count as f64,
        degrees: (count - 1) as f64,
    }
}

pub(super) fn checked_variance(
    arm: &Moments,
    name: &str,
    what: &str,
    column: usize,
) -> Result<f64, WhyNot> {
    enough(arm, name, "units", UNITS_MIN)?;
    match arm.covariance(column, column) {
        Some(variance) if variance > 0.0 => Ok(variance),
        _ => Err(no_variation(&format!("{what} in the {name} arm"))),
    }
}

pub(super) fn enough(arm: &Moments, name: &str, units: &str, needed: u64) -> Result<(), WhyNot> {
    if arm.count() < needed {
        let what = format!("{units} in the {name} arm");
        return Err(too_few(&what, arm.count(), needed));
    }
    Ok(())
}

pub(super) fn columns(
    control: &Moments,
    treated: &Moments,
    allowed: impl RangeBounds<usize>,
    expected: &'static str,
) -> Result<(), EffectError> {
    let (control, treated) = (control.columns(), treated.columns());
    if allowed.contains(&control) && allowed.contains(&treated) {
        return Ok(());
    }
    Err(EffectError::Columns {
        control,
        treated,
        expected,
    })
}
