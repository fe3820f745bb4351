//! How far off forecasts are at all levels together.

use super::error::LossError;
use super::hierarchy::Hierarchy;

/// Weighted absolute error over levels: of each level the absolute errors as a share of what came, and of these the mean
/// by the weights of the levels. 0.1 is a tenth off.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelLoss {
    weights: Vec<f64>,
}

impl LevelLoss {
    /// All levels alike, the leaves among them.
    #[must_use]
    pub fn equal(hierarchy: &Hierarchy) -> Self {
        Self {
            weights: vec![1.0; hierarchy.n_levels()],
        }
    }

    /// Each level by its weight, in the order of [`Hierarchy::level_names`]. A level of weight 0 does not count.
    ///
    /// # Errors
    /// [`LossError`] when there is not a finite weight of at least 0 for each level, or none above 0.
    pub fn new(hierarchy: &Hierarchy, weights: Vec<f64>) -> Result<Self, LossError> {
        let (found, levels) = (weights.len(), hierarchy.n_levels());
        if found != levels {
            return Err(LossError::Levels { found, levels });
        }
        for (level, value) in hierarchy.level_names().zip(&weights) {
            if !value.is_finite() || *value < 0.0 {
                return Err(LossError::Weight {
                    level: level.to_owned(),
                    value: *value,
                });
            }
        }
        if weights.iter().all(|weight| *weight == 0.0) {
            return Err(LossError::NoLevel);
        }
        Ok(Self { weights })
    }

    /// Of forecasts, nodes × periods, of which it is known what came where it is not `None`. Levels of which nothing but
    /// 0 is known are left out; `None` where these are all.
    #[must_use]
    pub fn of(
        &self,
        hierarchy: &Hierarchy,
        forecasts: &[f64],
        actual: &[Option<f64>],
        periods: usize,
    ) -> Option<f64> {
        let (mut loss, mut weights) = (0.0, 0.0);
        for (level, weight) in self.weights.iter().enumerate() {
            let nodes = hierarchy.nodes(level);
            let cells = nodes.start * periods..nodes.end * periods;
            let (mut off, mut came) = (0.0, 0.0);
            for (forecast, actual) in forecasts.get(cells.clone())?.iter().zip(actual.get(cells)?) {
                if let Some(actual) = actual {
                    off += (forecast - actual).abs();
                    came += actual.abs();
                }
            }
            if came > 0.0 {
                loss += weight * off / came;
                weights += weight;
            }
        }
        (weights > 0.0).then(|| loss / weights)
    }

    /// Levels weighed, the leaves among them.
    pub(super) fn n_levels(&self) -> usize {
        self.weights.len()
    }
}
