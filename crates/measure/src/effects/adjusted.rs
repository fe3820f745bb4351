//! Effects adjusted by what was known of the units before the experiment.

use math::optimise::inverse_positive_definite;
use schema::WhyNot;

use super::difference::{ArmMean, checked_variance, columns, compare, enough, mean_part};
use super::{
    Effect, EffectError, Moments, Part, Scale, Size, UNITS_MIN, check_level, no_variation,
    size_with, spread_of,
};

/// Share of a variance below which nothing of it is left but rounding.
pub(crate) const NOTHING_LEFT: f64 = 1e-12;

/// The slope of the metric (column 0) on the covariate (column 1), pooled over arms: `cov / var`.
///
/// `None` when there is no arm of two columns or the covariate does not vary.
/// # Source
/// Deng, Xu, Kohavi and Walker (2013): any slope common to the arms leaves the effect unbiased, this one makes
/// its variance smallest. Pooled by adding sums, as gbstats 0.8.0 does.
#[must_use]
pub fn cuped_slope(arms: &[&Moments]) -> Option<f64> {
    let mut all = Moments::new(2);
    for arm in arms {
        all.merge(arm).ok()?;
    }
    let (with, own) = (all.covariance(0, 1)?, all.covariance(1, 1)?);
    (own > 0.0).then(|| with / own)
}

/// Difference in means of the metric (column 0) after taking out what a covariate from before the experiment
/// (column 1) explains: `Y - θ (X - X̄)`, with [`cuped_slope`] over both arms and Welch's interval.
///
/// The covariate must not be touched by the treatment, or the effect is taken out with it.
///
/// # Errors
/// [`EffectError`] when the level is no probability or the arms are not of two columns.
/// # Source
/// Deng, Xu, Kohavi and Walker (2013), CUPED. Compared with gbstats 0.8.0 in `tests/it/effects.rs`.
pub fn cuped(
    control: &Moments,
    treated: &Moments,
    scale: Scale,
    level: f64,
) -> Result<Effect, EffectError> {
    columns(control, treated, 2..=2, "2")?;
    check_level(level)?;
    for (arm, name) in [(control, "control"), (treated, "treated")] {
        if let Err(why) = enough(arm, name, "units", UNITS_MIN) {
            return Ok(Effect::NotMeasurable(why));
        }
    }
    let Some(slope) = cuped_slope(&[control, treated]) else {
        return Ok(Effect::NotMeasurable(no_variation("the covariate")));
    };
    compare(
        |arm, name| cuped_mean(arm, name, slope),
        control,
        treated,
        scale,
        level,
    )
}

fn cuped_mean(arm: &Moments, name: &str, slope: f64) -> Result<ArmMean, WhyNot> {
    let plain = checked_variance(arm, name, "the metric", 0)?;
    let degrees = (arm.count() - 1) as f64;
    let left = (arm.product(0, 0) - 2.0 * slope * arm.product(0, 1)
        + slope * slope * arm.product(1, 1))
        / degrees;
    if left <= NOTHING_LEFT * plain {
        return Err(no_variation(&format!(
            "what the covariate leaves of the metric in the {name} arm"
        )));
    }
    let means = arm.means();
    Ok(ArmMean {
        units: arm.count(),
        // The mean of all units' covariate cancels in the difference.
        mean: means[0] - slope * means[1],
        plain_mean: means[0],
        part: mean_part(left, arm.count()),
    })
}

/// Effect on the metric (column 0) adjusted by a regression on covariates (columns 1 and on) in each arm by itself.
///
/// Never worse than the plain difference in large samples, also when arms differ in size or slopes.
/// The standard error holds for the effect in the population that the units were drawn from:
/// residual variance of each arm, the gap of its covariates, and the spread of the effect over units.
///
/// # Errors
/// [`EffectError`] when the level is no probability or the arms do not have the same two or more columns.
/// # Source
/// Lin (2013), "Agnostic notes on regression adjustments"; the last part of the variance by Negi and
/// Wooldridge (2021). With moments alone the variance is that of least squares within each arm,
/// not the sandwich, which needs the rows; the two agree in large samples.
pub fn regression_adjusted(
    control: &Moments,
    treated: &Moments,
    level: f64,
) -> Result<Effect, EffectError> {
    let same = control.columns();
    if same < 2 {
        columns(control, treated, 2.., "2 or more")?;
    }
    columns(
        control,
        treated,
        same..=same,
        "the same number, of 2 or more",
    )?;
    check_level(level)?;
    Ok(adjusted(control, treated, level).into())
}

fn adjusted(control: &Moments, treated: &Moments, level: f64) -> Result<Size, WhyNot> {
    let mut all = control.clone();
    // The columns were compared by the caller.
    let _ = all.merge(treated);
    let from = Regressed::of(control, "control", all.means())?;
    let to = Regressed::of(treated, "treated", all.means())?;
    let units = all.count();
    let gaps: Vec<f64> = to
        .slopes
        .iter()
        .zip(&from.slopes)
        .map(|(t, c)| t - c)
        .collect();
    let mut over_units = 0.0;
    for (row, gap) in gaps.iter().enumerate() {
        for (column, other) in gaps.iter().enumerate() {
            over_units += gap * other * all.product(row + 1, column + 1);
        }
    }
    let degrees = (units - 1) as f64;
    let spread = Part {
        variance: over_units.max(0.0) / degrees / units as f64,
        degrees,
    };
    let (standard_error, degrees) = spread_of(&[from.part, to.part, spread]);
    let point = to.mean - from.mean;
    Ok(size_with(point, standard_error, degrees, units, level))
}

/// One arm's regression, read at the covariates' means over all arms.
struct Regressed {
    mean: f64,
    part: Part,
    slopes: Vec<f64>,
}

impl Regressed {
    fn of(arm: &Moments, name: &str, centre: &[f64]) -> Result<Self, WhyNot> {
        let covariates = arm.columns() - 1;
        enough(arm, name, "units", UNITS_MIN + covariates as u64)?;
        checked_variance(arm, name, "the metric", 0)?;
        let not_its_own = |covariate: usize| {
            no_variation(&format!(
                "covariate {covariate} beside the others in the {name} arm"
            ))
        };
        // Correlations rather than products: covariates come in any unit.
        let scales: Vec<f64> = (1..=covariates).map(|c| arm.product(c, c).sqrt()).collect();
        if let Some(flat) = scales.iter().position(|scale| *scale == 0.0) {
            return Err(not_its_own(flat + 1));
        }
        let correlations: Vec<f64> = (0..covariates * covariates)
            .map(|cell| {
                let (row, column) = (cell / covariates, cell % covariates);
                arm.product(row + 1, column + 1) / (scales[row] * scales[column])
            })
            .collect();
        let Some(inverse) = inverse_positive_definite(&correlations, covariates) else {
            return Err(not_its_own(covariates));
        };
        let at = |row: usize, column: usize| inverse[row * covariates + column];
        // One over the diagonal is the share of a covariate that the others do not explain.
        if let Some(explained) = (0..covariates).find(|c| at(*c, *c) > 1e10) {
            return Err(not_its_own(explained + 1));
        }
        let slopes: Vec<f64> = (0..covariates)
            .map(|row| {
                let sum: f64 = (0..covariates)
                    .map(|column| at(row, column) * arm.product(column + 1, 0) / scales[column])
                    .sum();
                sum / scales[row]
            })
            .collect();
        let explained: f64 = slopes
            .iter()
            .enumerate()
            .map(|(c, slope)| slope * arm.product(c + 1, 0))
            .sum();
        let left = arm.product(0, 0) - explained;
        if left <= NOTHING_LEFT * arm.product(0, 0) {
            return Err(no_variation(&format!(
                "what the covariates leave of the metric in the {name} arm"
            )));
        }
        let means = arm.means();
        let gaps: Vec<f64> = (1..=covariates).map(|c| means[c] - centre[c]).collect();
        let mut leverage = 0.0;
        for row in 0..covariates {
            for column in 0..covariates {
                leverage +=
                    at(row, column) * gaps[row] / scales[row] * gaps[column] / scales[column];
            }
        }
        let degrees = (arm.count() - 1) as f64 - covariates as f64;
        let moved: f64 = slopes
            .iter()
            .zip(&gaps)
            .map(|(slope, gap)| slope * gap)
            .sum();
        Ok(Self {
            mean: means[0] - moved,
            part: Part {
                variance: left / degrees * (1.0 / arm.count() as f64 + leverage.max(0.0)),
                degrees,
            },
            slopes,
        })
    }
}
