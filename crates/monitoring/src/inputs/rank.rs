//! Which of all features of all products have shifted, and which shift matters.

use math::discoveries::discoveries;
use serde::{Deserialize, Serialize};

use super::watch::{Aspect, FeatureWatch};
use crate::refusal::{Allowed, Refusal, require, require_alpha, require_finite};

/// What a watched feature tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureReading {
    /// The product that reads it.
    pub product: String,
    /// The feature.
    pub feature: String,
    /// What it weighs in the product's model: the mean absolute part that it has in scores, at least 0.
    pub weight: f64,
    /// How far it is from its profile, 0 to 1.
    pub shift: f64,
    /// Natural logarithm of the e-value against "as it was".
    pub ln_e_value: f64,
    /// What of it has changed most.
    pub aspect: Aspect,
}

/// A feature beside all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankedFeature {
    /// What it tells.
    pub reading: FeatureReading,
    /// Weight × shift: what its shift can move scores by.
    pub harm: f64,
    /// Whether it has shifted, in the unit of all features looked at together.
    pub shifted: bool,
}

impl FeatureReading {
    /// The reading of a watch; before its first day there is none.
    #[must_use]
    pub fn of(watch: &FeatureWatch, product: &str, feature: &str, weight: f64) -> Option<Self> {
        Some(Self {
            product: product.to_owned(),
            feature: feature.to_owned(),
            weight,
            shift: watch.shift()?,
            ln_e_value: watch.ln_e_value(),
            aspect: watch.aspect(),
        })
    }
}

/// Features that have shifted before those that have not, each by harm, then by name.
///
/// Of those called shifted the expected share that have not is at most `alpha`, however features and products hang
/// together and on whichever day they are read.
///
/// # Errors
/// [`Refusal`] when a figure is not a number or out of range.
/// # Source
/// Wang and Ramdas (2022), e-BH ([`discoveries`]).
pub fn rank_features(
    readings: Vec<FeatureReading>,
    alpha: f64,
) -> Result<Vec<RankedFeature>, Refusal> {
    require_alpha(alpha)?;
    for (at, reading) in readings.iter().enumerate() {
        check(reading).map_err(|refusal| refusal.at(at))?;
    }
    let evidence: Vec<f64> = readings.iter().map(|reading| reading.ln_e_value).collect();
    // Everything that it could refuse is checked above.
    let shifted = discoveries(&evidence, alpha).unwrap_or_default();
    let mut ranked: Vec<RankedFeature> = readings
        .into_iter()
        .zip(shifted)
        .map(|(reading, shifted)| RankedFeature {
            harm: reading.weight * reading.shift,
            reading,
            shifted,
        })
        .collect();
    ranked.sort_by(|one, other| {
        let named = |ranked: &RankedFeature| {
            (
                ranked.reading.product.clone(),
                ranked.reading.feature.clone(),
            )
        };
        (other.shifted.cmp(&one.shifted))
            .then(other.harm.total_cmp(&one.harm))
            .then_with(|| named(one).cmp(&named(other)))
    });
    Ok(ranked)
}

fn check(reading: &FeatureReading) -> Result<(), Refusal> {
    let usable = reading.weight >= 0.0 && reading.weight.is_finite();
    require(usable, "weight", reading.weight, Allowed::AtLeast(0.0))?;
    let usable = (0.0..=1.0).contains(&reading.shift);
    require(usable, "shift", reading.shift, Allowed::Between(0.0, 1.0))?;
    require_finite("ln_e_value", reading.ln_e_value)
}
