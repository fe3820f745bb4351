//! What is learnt of a value relative to its level.

use serde::{Deserialize, Serialize};

use crate::boost::Loss;

/// What is learnt of a value relative to its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// The mean of its logarithm: for what sells in nearly every period.
    Logarithm,
    /// Its mean, as that of a count with the level as exposure: for what often sells nothing.
    Counts,
    /// Its median, each series counting as much as it sells.
    Middle,
}

/// Ratios to the level below this are learnt as this on the scale of logarithms.
const RATIO_MIN: f64 = 1e-3;

impl Scale {
    pub(super) fn loss(self) -> Loss {
        match self {
            Self::Logarithm => Loss::Squared,
            Self::Counts => Loss::Tweedie { power: 1.2 },
            Self::Middle => Loss::Quantile { level: 0.5 },
        }
    }

    /// What is learnt of a ratio to the level.
    pub(super) fn target(self, ratio: f64) -> f64 {
        match self {
            Self::Logarithm => ratio.max(RATIO_MIN).ln(),
            Self::Counts => ratio.max(0.0),
            Self::Middle => ratio,
        }
    }

    /// The ratio that a prediction stands for.
    pub(super) fn ratio(self, prediction: f64) -> f64 {
        match self {
            Self::Logarithm => prediction.exp(),
            Self::Counts | Self::Middle => prediction.max(0.0),
        }
    }

    /// What a model predicts where its trees add up to a margin.
    pub(super) fn linked(self, margin: f64) -> f64 {
        self.loss().prediction(margin)
    }
}
