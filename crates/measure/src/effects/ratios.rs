//! Ratios of two means: adjusted by the same ratio before the experiment, and unit by unit.

use schema::WhyNot;
use schema::estimate::short;

use super::adjusted::NOTHING_LEFT;
use super::difference::{ArmMean, between, columns, enough, mean_part, ratio_mean};
use super::{Effect, EffectError, Moments, Scale, UNITS_MIN, check_level, no_variation};

/// Standard errors by which a denominator must be above 0 before anything is divided by it.
///
/// The delta method takes the denominator for known. At 5 its noise moves the ratio by at most 4 % of itself; below, the
/// ratio is far from normal and its interval covers less than it says.
const DENOMINATOR_ERRORS_MIN: f64 = 5.0;

/// An arm as the mean of one value per unit, beside a covariate whose mean is the same in all arms but for chance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) units: u64,
    pub(crate) mean: f64,
    /// Mean of the covariate; 0 without one.
    pub(crate) before: f64,
    /// Variance of the first mean.
    pub(crate) variance: f64,
    /// Covariance of the two means.
    pub(crate) shared: f64,
    /// Variance of the second.
    pub(crate) before_variance: f64,
}

/// What a ratio was before the experiment, over all arms.
struct Before {
    ratio: f64,
    denominator: f64,
}

impl Line {
    /// The mean of the metric (column 0), and of the covariate (column 1) where there is one.
    pub(crate) fn of_mean(arm: &Moments, name: &str) -> Result<Self, WhyNot> {
        enough(arm, name, "units", UNITS_MIN)?;
        let n = arm.count() as f64;
        let of = |one: usize, other: usize| arm.covariance(one, other).unwrap_or(0.0) / n;
        if of(0, 0) <= 0.0 {
            return Err(no_variation(&format!("the metric in the {name} arm")));
        }
        Ok(Self {
            units: arm.count(),
            mean: arm.means()[0],
            before: arm.mean(1).unwrap_or(0.0),
            variance: of(0, 0),
            shared: of(0, 1),
            before_variance: of(1, 1),
        })
    }

    /// The ratio of the means of columns 0 and 1, in units of which the denominator is taken for known.
    fn of_ratio(arm: &Moments, name: &str, before: Option<&Before>) -> Result<Self, WhyNot> {
        let ratio = ratio_mean(arm, name, "units", "the ratio")?;
        above_zero(arm, name)?;
        let (n, denominator) = (arm.count() as f64, arm.means()[1]);
        let mut line = Self {
            units: arm.count(),
            mean: ratio.mean,
            before: 0.0,
            variance: ratio.part.variance,
            shared: 0.0,
            before_variance: 0.0,
        };
        let Some(before) = before else {
            return Ok(line);
        };
        let over = (n - 1.0) * n;
        let (r, r0) = (ratio.mean, before.ratio);
        let of = |one, other| arm.product(one, other);
        line.before = (arm.means()[2] - r0 * arm.means()[3]) / before.denominator;
        line.shared = (of(0, 2) - r0 * of(0, 3) - r * of(1, 2) + r * r0 * of(1, 3))
            / (over * denominator * before.denominator);
        let squares = of(2, 2) - 2.0 * r0 * of(2, 3) + r0 * r0 * of(3, 3);
        // Equal values can miss 0 by rounding.
        let size = of(2, 2) + r0 * r0 * of(3, 3);
        if squares > 1e-14 * size {
            line.before_variance = squares / (over * before.denominator.powi(2));
        }
        Ok(line)
    }

    /// What is compared once the covariate has explained its part.
    fn adjusted(&self, slope: f64, name: &str) -> Result<ArmMean, WhyNot> {
        let left = self.variance - 2.0 * slope * self.shared + slope * slope * self.before_variance;
        if left <= NOTHING_LEFT * self.variance {
            let what = format!("what the covariate leaves of the ratio in the {name} arm");
            return Err(no_variation(&what));
        }
        let units = self.units as f64;
        Ok(ArmMean {
            units: self.units,
            mean: self.mean - slope * self.before,
            plain_mean: self.mean,
            part: mean_part(left * units, self.units),
        })
    }
}

/// Both arms of a ratio, and of the same ratio before (columns 2 and 3) where there are four columns.
pub(crate) fn ratio_lines(control: &Moments, treated: &Moments) -> Result<[Line; 2], WhyNot> {
    let before = if control.columns() == 4 {
        Some(before(control, treated)?)
    } else {
        None
    };
    Ok([
        Line::of_ratio(control, "control", before.as_ref())?,
        Line::of_ratio(treated, "treated", before.as_ref())?,
    ])
}

/// The slope on the covariate, pooled over arms; `None` where it does not vary.
pub(crate) fn slope_of(arms: &[Line; 2]) -> Option<f64> {
    // Sums of products rather than variances of means, so that a unit counts the same in either arm.
    let weight = |arm: &Line| (arm.units as f64) * (arm.units as f64 - 1.0);
    let sum = |of: fn(&Line) -> f64| -> f64 { arms.iter().map(|arm| weight(arm) * of(arm)).sum() };
    let own = sum(|arm| arm.before_variance);
    (own > 0.0).then(|| sum(|arm| arm.shared) / own)
}

/// The slope of a ratio (columns 0 and 1) on the same ratio before the experiment (columns 2 and 3), pooled over both arms.
///
/// `None` when an arm is not of four columns, has no ratio, or nothing before it varies.
#[must_use]
pub fn ratio_slope(control: &Moments, treated: &Moments) -> Option<f64> {
    columns(control, treated, 4..=4, "4").ok()?;
    slope_of(&ratio_lines(control, treated).ok()?)
}

fn before(control: &Moments, treated: &Moments) -> Result<Before, WhyNot> {
    let mut all = control.clone();
    // The columns were compared by the caller.
    let _ = all.merge(treated);
    let (numerator, denominator) = (all.means()[2], all.means()[3]);
    if denominator > 0.0 {
        return Ok(Before {
            ratio: numerator / denominator,
            denominator,
        });
    }
    Err(WhyNot::DoesNotApply {
        because: "the denominator before the experiment is 0".to_owned(),
    })
}

/// Difference of a ratio of two means, as [`super::ratio`] (columns 0 and 1), after taking out what the same ratio before
/// the experiment (columns 2 and 3) explains.
///
/// Each arm's ratio is the mean of `(y - r d) / d̄` over its units, to first order; the covariate is the same of the days
/// before, around the ratio of both arms together. Its mean is the same in both arms but for chance, whatever the slope.
///
/// # Errors
/// [`EffectError`] when the level is no probability or the arms are not of four columns.
/// # Source
/// Deng, Knoblich and Lu (2018), section on variance reduction; Deng, Xu, Kohavi and Walker (2013), appendix B.
pub fn adjusted_ratio(
    control: &Moments,
    treated: &Moments,
    scale: Scale,
    level: f64,
) -> Result<Effect, EffectError> {
    columns(control, treated, 4..=4, "4")?;
    check_level(level)?;
    let both = || {
        let arms = ratio_lines(control, treated)?;
        let slope = slope_of(&arms).ok_or_else(|| no_variation("the covariate"))?;
        let [from, to] = &arms;
        let (from, to) = (
            from.adjusted(slope, "control")?,
            to.adjusted(slope, "treated")?,
        );
        between(&from, &to, scale, level)
    };
    Ok(both().into())
}

/// Refuses a denominator (column 1) that chance could have made.
pub(super) fn above_zero(arm: &Moments, name: &str) -> Result<(), WhyNot> {
    let (mean, n) = (arm.means()[1], arm.count() as f64);
    let error = (arm.covariance(1, 1).unwrap_or(0.0) / n).sqrt();
    if mean > 0.0 && mean >= DENOMINATOR_ERRORS_MIN * error {
        return Ok(());
    }
    Err(WhyNot::DoesNotApply {
        because: format!(
            "the denominator of the {name} arm is not far enough above 0: a mean of {} with a standard error of {}",
            short(mean),
            short(error)
        ),
    })
}

/// Units of a ratio as units of a mean: `r + (y - r d) / d̄`, and `(y₀ - r₀ d₀) / d̄₀` of the days before.
///
/// - `rows`: per unit numerator and denominator in the window, and both before it.
/// - returns per unit the value whose mean is the ratio and whose variance is that of the delta method, and its
///   covariate: 0 for all where the denominator before is not above 0.
///
/// # Errors
/// [`WhyNot`] when there are fewer than [`UNITS_MIN`] units, the denominator is not above 0 beyond chance, or the ratio is
/// the same for all.
/// # Source
/// Deng, Knoblich and Lu (2018), "Applying the Delta Method in Metric Analytics".
pub fn linearised(rows: &[[f64; 4]]) -> Result<Vec<[f64; 2]>, WhyNot> {
    let all = Moments::of_rows(4, rows).map_err(|error| WhyNot::DoesNotApply {
        because: error.to_string(),
    })?;
    // Everybody of the past is as good as a control.
    let ratio = ratio_mean(&all, "control", "units", "the ratio")?.mean;
    above_zero(&all, "control")?;
    let means = all.means();
    let before = (means[3] > 0.0).then(|| (means[2] / means[3], means[3]));
    let row = |row: &[f64; 4]| {
        let covariate = before.map_or(0.0, |(r0, d0)| (row[2] - r0 * row[3]) / d0);
        [ratio + (row[0] - ratio * row[1]) / means[1], covariate]
    };
    Ok(rows.iter().map(row).collect())
}
