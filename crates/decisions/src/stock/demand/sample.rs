//! Demand as it was observed, or as a list of values with their probabilities.

use super::Demand;
use super::error::DemandError;

/// Values with probabilities that add up to 1, prepared so that every question is one search.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Rising, each once.
    values: Vec<f64>,
    /// Probability of more than each value.
    above: Vec<f64>,
    /// Expected shortage of a stock of each value.
    shortage: Vec<f64>,
    mean: f64,
    whole: bool,
}

impl Sample {
    /// Observations, each as likely as the others.
    ///
    /// # Errors
    /// [`DemandError`] when there is none, or one is negative or not finite.
    pub fn observed(values: &[f64]) -> Result<Self, DemandError> {
        Self::weighted(values, &vec![1.0; values.len()])
    }

    /// Values with weights, which need not add up to 1; a value may come more than once.
    ///
    /// # Errors
    /// [`DemandError`] when the lengths differ, no weight is above 0, or a value or weight is negative or not finite.
    pub fn weighted(values: &[f64], weights: &[f64]) -> Result<Self, DemandError> {
        if values.len() != weights.len() {
            return Err(DemandError::Lengths {
                levels: weights.len(),
                values: values.len(),
            });
        }
        let mut pairs = Vec::with_capacity(values.len());
        for (place, (value, weight)) in values.iter().zip(weights).enumerate() {
            if !value.is_finite() || *value < 0.0 {
                return Err(DemandError::Observation {
                    place,
                    found: *value,
                });
            }
            if !weight.is_finite() || *weight < 0.0 {
                return Err(DemandError::Weight {
                    place,
                    found: *weight,
                });
            }
            if *weight > 0.0 {
                pairs.push((*value, *weight));
            }
        }
        let total: f64 = pairs.iter().map(|(_, weight)| weight).sum();
        if pairs.is_empty() || !total.is_finite() {
            return Err(DemandError::Empty);
        }
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        pairs.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 += later.1;
            }
            same
        });
        Ok(Self::of_sorted(&pairs, total))
    }

    /// Probabilities of the counts 0, 1, 2 and so on; they need not add up to 1.
    ///
    /// # Errors
    /// [`DemandError`] when no weight is above 0, or one is negative or not finite.
    pub fn counts(weights: &[f64]) -> Result<Self, DemandError> {
        let values: Vec<f64> = (0..weights.len() as u32).map(f64::from).collect();
        Self::weighted(&values, weights)
    }

    /// Demand that is one of several, each with a weight: over a lead time that is not known, the demand over each
    /// that it may be.
    ///
    /// Exact for whole units, but for less than 1e-10 of each. Of the others each is taken at 512 quantiles in the
    /// middles of equal parts.
    ///
    /// # Errors
    /// [`DemandError`] when no weight is above 0, or one is negative or not finite.
    pub fn mixture(parts: &[(f64, Demand<'_>)]) -> Result<Self, DemandError> {
        const PARTS: u32 = 512;
        const REST: f64 = 1e-10;
        let (mut values, mut weights) = (Vec::new(), Vec::new());
        let used = parts.iter().enumerate().filter(|(_, part)| part.0 != 0.0);
        for (place, (weight, demand)) in used {
            if !weight.is_finite() || *weight < 0.0 {
                return Err(DemandError::Weight {
                    place,
                    found: *weight,
                });
            }
            if demand.is_whole() {
                for (count, mass) in demand.masses(REST).into_iter().enumerate() {
                    values.push(count as f64);
                    weights.push(weight * mass);
                }
            } else {
                for part in 0..PARTS {
                    let level = (f64::from(part) + 0.5) / f64::from(PARTS);
                    values.push(demand.quantile(level).max(0.0));
                    weights.push(weight / f64::from(PARTS));
                }
            }
        }
        Self::weighted(&values, &weights)
    }

    fn of_sorted(pairs: &[(f64, f64)], total: f64) -> Self {
        let n = pairs.len();
        let values: Vec<f64> = pairs.iter().map(|(value, _)| *value).collect();
        let (mut above, mut shortage) = (vec![0.0; n], vec![0.0; n]);
        let mut weight_above = 0.0;
        for place in (0..n.saturating_sub(1)).rev() {
            weight_above += pairs[place + 1].1;
            above[place] = weight_above / total;
            shortage[place] =
                shortage[place + 1] + (values[place + 1] - values[place]) * above[place];
        }
        Self {
            mean: shortage[0] + values[0],
            whole: values.iter().all(|value| value.fract() == 0.0),
            values,
            above,
            shortage,
        }
    }

    /// The same as a demand.
    #[must_use]
    pub fn demand(&self) -> Demand<'_> {
        Demand::sample(self)
    }

    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    /// The last value that is at most so many units.
    fn place(&self, units: f64) -> Option<usize> {
        self.values
            .partition_point(|value| *value <= units)
            .checked_sub(1)
    }

    pub(super) fn above(&self, units: f64) -> f64 {
        self.place(units).map_or(1.0, |place| self.above[place])
    }

    pub(super) fn cdf(&self, units: f64) -> f64 {
        1.0 - self.above(units)
    }

    pub(super) fn quantile(&self, level: f64) -> f64 {
        // Weights are summed from above, which may leave a level reached by all but a rounding.
        let reached = 1.0 - level + 1e-12;
        let place = self.above.partition_point(|above| *above > reached);
        self.values[place.min(self.values.len() - 1)]
    }

    pub(super) fn shortage(&self, stock: f64) -> f64 {
        match self.place(stock) {
            None => self.mean - stock,
            Some(place) => {
                (self.shortage[place] - (stock - self.values[place]) * self.above[place]).max(0.0)
            }
        }
    }
}
