//! Difference in differences: units changed on one day, beside units that were not.

use super::placements::{Placed, each};
use super::{
    Assumption, Change, Panel, QuasiError, Reading, check_finite, detectable, mean, mean_where,
};
use crate::effects::{Effect, Moments, Scale, UNITS_MIN, difference, no_variation, too_few};
use schema::WhyNot;
use serde::{Deserialize, Serialize};

/// What a change did, per unit and period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DifferenceInDifferences {
    /// What must be true.
    pub assumption: Assumption,
    /// The change of those changed, less that of the others.
    pub point: f64,
    /// The same with its interval, or why there is none.
    pub effect: Effect,
    /// Mean of those changed after the change, per unit and period.
    pub treated_after: f64,
    /// Units changed.
    pub treated: u64,
    /// Units not changed.
    pub others: u64,
    /// The least p-value that the ways to place the change allow; absent where there are enough units for a standard
    /// error clustered by unit.
    pub p_least: Option<f64>,
    /// By how much those changed differ from the others in each period, each against its own mean before the change:
    /// before it these are the leads, and after it their mean is the effect.
    pub steps: Vec<Step>,
    /// Whether they moved alike before.
    pub trends: Trends,
    /// Effect that a difference of trends would have feigned which goes unseen one time of five; absent where there is
    /// one period before.
    pub unseen_trend: Option<f64>,
    /// The smallest effect that is seen four times of five; absent where none can be.
    pub detectable: Option<f64>,
}

/// One period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The difference.
    pub point: f64,
    /// With its interval, or why there is none.
    pub effect: Effect,
}

/// Whether those changed and the others moved alike before the change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trends {
    /// Nothing speaks against it.
    Alike {
        /// P-value.
        p_value: f64,
    },
    /// They did not: the effect is not one of the change alone.
    Apart {
        /// P-value.
        p_value: f64,
    },
    /// It cannot be said, and why.
    NotMeasurable(WhyNot),
}

/// Compares how units that were changed moved with how the others did.
///
/// The estimate is the coefficient of the regression with effects of units and of periods. Its standard error is
/// clustered by unit: with one date and units known in all periods, the estimator with leverage corrected (CR2) and its
/// degrees of freedom are those of Welch's comparison of the units' changes, which is what is computed. Where an arm has
/// fewer than [`UNITS_MIN`] units, clustered errors and the wild bootstrap promise too much; then p-value and interval
/// are of all ways to place the change on as many units, which takes that any of them might have been chosen.
///
/// Trends before are tested by the largest of all leads, against the same placements.
///
/// # Errors
/// [`QuasiError`] when there is nothing before or after, nobody or everybody was changed, or the level is none.
/// # Source
/// Bell and McCaffrey (2002), "Bias reduction in standard errors"; Imbens and Kolesár (2016), who show that the degrees
/// are Welch's; MacKinnon and Webb (2020), "Randomization inference for difference-in-differences with few treated
/// clusters"; Roth (2022), "Pretest with caution", for the trend that goes unseen.
pub fn difference_in_differences(
    panel: &Panel<'_>,
    change: &Change<'_>,
    reading: &Reading,
) -> Result<DifferenceInDifferences, QuasiError> {
    let treated = change.check(panel)?;
    let alpha = reading.alpha()?;
    let (units, first) = (panel.units(), change.first);
    let before: Vec<f64> = (0..units).map(|u| mean(&panel.of(u)[..first])).collect();
    let after: Vec<f64> = (0..units).map(|u| mean(&panel.of(u)[first..])).collect();
    let changes: Vec<f64> = after.iter().zip(&before).map(|(a, b)| a - b).collect();
    check_finite(&changes)?;
    let of = |values: &[f64]| {
        mean_where(values, change.treated, true) - mean_where(values, change.treated, false)
    };
    let enough = treated.min(units - treated) as u64 >= UNITS_MIN;
    let placed = (!enough).then(|| Placed::new(&changes, change.treated, reading));
    let effect = match &placed {
        None => welch(&changes, change.treated, reading.level),
        Some(placed) => placed.effect(reading.level),
    };
    let p_least = placed.map(|placed| placed.p_least);
    let steps = (0..panel.periods()).map(|period| {
        let values: Vec<f64> = (0..units)
            .map(|u| panel.of(u)[period] - before[u])
            .collect();
        let effect = if enough {
            welch(&values, change.treated, reading.level)
        } else {
            let fewer = treated.min(units - treated) as u64;
            Effect::NotMeasurable(too_few("units on one side", fewer, UNITS_MIN))
        };
        Step {
            point: of(&values),
            effect,
        }
    });
    Ok(DifferenceInDifferences {
        assumption: Assumption::ParallelTrends,
        point: of(&changes),
        treated_after: mean_where(&after, change.treated, true),
        treated: treated as u64,
        others: (units - treated) as u64,
        p_least,
        steps: steps.collect(),
        trends: trends(panel, change, &before, reading, alpha),
        unseen_trend: unseen_trend(panel, change, treated as f64, alpha),
        detectable: effect
            .size()
            .map(|size| detectable(size.standard_error, alpha)),
        effect,
    })
}

/// Mean of those treated less that of the others, one value per unit.
fn welch(values: &[f64], treated: &[bool], level: f64) -> Effect {
    let moments = |which: bool| {
        let own = values.iter().zip(treated).filter(|(_, t)| **t == which);
        Moments::of(&own.map(|(value, _)| *value).collect::<Vec<_>>())
    };
    // Values and level were checked.
    match (moments(false), moments(true)) {
        (Ok(others), Ok(treated)) => difference(&others, &treated, Scale::Absolute, level)
            .unwrap_or_else(|_| Effect::NotMeasurable(no_variation("the outcome"))),
        (_, _) => Effect::NotMeasurable(no_variation("the outcome")),
    }
}

/// The largest lead of all, in standard deviations of its period, against those of all placements.
fn trends(
    panel: &Panel<'_>,
    change: &Change<'_>,
    before: &[f64],
    reading: &Reading,
    alpha: f64,
) -> Trends {
    let (units, first) = (panel.units(), change.first);
    if first < 2 {
        return Trends::NotMeasurable(too_few("periods before the change", first as u64, 2));
    }
    // Of each period: the deviations of all units from their own mean before, over their standard deviation.
    let mut rows = Vec::new();
    for period in 0..first {
        let own: Vec<f64> = (0..units)
            .map(|u| panel.of(u)[period] - before[u])
            .collect();
        let middle = mean(&own);
        let spread = (own.iter().map(|v| (v - middle).powi(2)).sum::<f64>() / units as f64).sqrt();
        if spread > 1e-12 * middle.abs() {
            rows.push(
                own.iter()
                    .map(|v| (v - middle) / spread)
                    .collect::<Vec<f64>>(),
            );
        }
    }
    if rows.is_empty() {
        return Trends::NotMeasurable(no_variation("the outcome before the change"));
    }
    // Each period's values sum to 0: the sum over one side says all.
    let largest = |placed: &[usize]| {
        let of = |row: &Vec<f64>| placed.iter().map(|unit| row[*unit]).sum::<f64>().abs();
        rows.iter().map(of).fold(0.0, f64::max)
    };
    let observed: Vec<usize> = (0..units).filter(|u| change.treated[*u]).collect();
    let bar = largest(&observed) * (1.0 - 1e-10);
    let mut as_large = 0u64;
    let count = each(change.treated, reading, &mut |placed| {
        as_large += u64::from(largest(placed) >= bar);
    });
    let p_value = as_large as f64 / count as f64;
    if p_value <= alpha {
        Trends::Apart { p_value }
    } else {
        Trends::Alike { p_value }
    }
}

/// What a difference of slopes that the past shows four times of five would add up to from the middle of the past to
/// the middle of what came after.
fn unseen_trend(panel: &Panel<'_>, change: &Change<'_>, treated: f64, alpha: f64) -> Option<f64> {
    let first = change.first;
    if first < 2 {
        return None;
    }
    let middle = 0.5 * (first - 1) as f64;
    let squares: f64 = (0..first).map(|t| (t as f64 - middle).powi(2)).sum();
    let slopes: Vec<f64> = (0..panel.units())
        .map(|unit| {
            let own = panel.of(unit)[..first].iter().enumerate();
            own.map(|(t, value)| (t as f64 - middle) * value)
                .sum::<f64>()
                / squares
        })
        .collect();
    let n = slopes.len() as f64;
    let average = mean(&slopes);
    let variance = slopes.iter().map(|s| (s - average).powi(2)).sum::<f64>() / (n - 1.0);
    let standard_error = (variance * n / (treated * (n - treated))).sqrt();
    let distance = 0.5 * panel.periods() as f64;
    Some(detectable(standard_error, alpha) * distance)
}
