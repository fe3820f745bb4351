//! Effects in groups of units that were told apart before the draw, with intervals that all cover together.

use super::{Effect, EffectError, Moments, Scale, check_level, cuped, difference, too_few};
use math::tails::chi_squared_upper_tail;
use schema::WhyNot;
use serde::{Deserialize, Serialize};

/// Effects of groups, and whether they differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InGroups {
    /// Of each group; with the probability of the level all intervals cover at once.
    pub effects: Vec<Effect>,
    /// Whether they differ.
    pub same: Same,
}

/// Whether the effect is the same in all groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Same {
    /// It was tested.
    Tested {
        /// P-value of "it is".
        p_value: f64,
    },
    /// It cannot be said, and why.
    NotMeasurable(WhyNot),
}

impl Same {
    /// The p-value, where there is one.
    #[must_use]
    pub fn p_value(&self) -> Option<f64> {
        match self {
            Self::Tested { p_value } => Some(*p_value),
            Self::NotMeasurable(_) => None,
        }
    }
}

/// The difference in means of each group, control first; adjusted by the covariate where a group has one in both arms.
///
/// Groups share no unit, so that their estimates are independent and the largest of their |t| has the product of their
/// distributions: each interval is read at the level to the power of one over the number of groups, which is the exact
/// simultaneous interval and not a bound.
///
/// # Errors
/// [`EffectError`] when the level is no probability or an arm has neither one nor two columns.
/// # Source
/// Šidák (1967); Cochran (1954) for the test, whose chi-squared is good from some dozens of units a group on.
pub fn in_groups(groups: &[[&Moments; 2]], level: f64) -> Result<InGroups, EffectError> {
    check_level(level)?;
    let each = level.powf(1.0 / groups.len().max(1) as f64);
    let effects = groups.iter().map(|[control, treated]| {
        if control.columns() == 2 && treated.columns() == 2 {
            cuped(control, treated, Scale::Absolute, each)
        } else {
            difference(control, treated, Scale::Absolute, each)
        }
    });
    let effects = effects.collect::<Result<Vec<_>, _>>()?;
    let same = same(&effects);
    Ok(InGroups { effects, same })
}

fn same(effects: &[Effect]) -> Same {
    let sizes: Vec<_> = effects.iter().filter_map(Effect::size).collect();
    if sizes.len() < 2 {
        return Same::NotMeasurable(too_few("groups with an effect", sizes.len() as u64, 2));
    }
    let weight = |error: f64| 1.0 / (error * error);
    let weights: f64 = sizes.iter().map(|s| weight(s.standard_error)).sum();
    let sum: f64 = sizes
        .iter()
        .map(|s| weight(s.standard_error) * s.point)
        .sum();
    let mean = sum / weights;
    let apart = sizes
        .iter()
        .map(|s| ((s.point - mean) / s.standard_error).powi(2));
    Same::Tested {
        p_value: chi_squared_upper_tail(apart.sum(), (sizes.len() - 1) as f64),
    }
}
