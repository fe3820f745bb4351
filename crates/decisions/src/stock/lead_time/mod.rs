//! How long a supplier takes, from the orders that arrived and those that are still awaited.

mod error;
mod learn;

pub use error::LeadTimeError;
pub use learn::{Basis, LeadTimes, Learnt, Receipt};

/// Longest lead time, in days.
pub const DAYS_MAX: u32 = 3650;

/// Days from order to arrival, as a distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadTime {
    /// Of 0 days, 1 day and so on; they add up to 1.
    probabilities: Vec<f64>,
    /// Of the last one the part of which is only known that it takes at least so long.
    at_least: f64,
}

impl LeadTime {
    /// Always so many days. With 0 an order is there before the next day.
    ///
    /// # Errors
    /// [`LeadTimeError::Days`] beyond [`DAYS_MAX`].
    pub fn fixed(days: u32) -> Result<Self, LeadTimeError> {
        if days > DAYS_MAX {
            return Err(LeadTimeError::Days {
                found: days,
                allowed_max: DAYS_MAX,
            });
        }
        let mut probabilities = vec![0.0; days as usize + 1];
        probabilities[days as usize] = 1.0;
        Ok(Self {
            probabilities,
            at_least: 0.0,
        })
    }

    /// Weights of 0 days, 1 day and so on, which need not add up to 1.
    ///
    /// # Errors
    /// [`LeadTimeError`] when no weight is above 0, one is negative or not finite, or there are too many.
    pub fn weighted(weights: &[f64]) -> Result<Self, LeadTimeError> {
        for (days, found) in weights.iter().copied().enumerate() {
            if !(found.is_finite() && found >= 0.0) {
                return Err(LeadTimeError::Weight { days, found });
            }
        }
        let Some(last) = weights.iter().rposition(|weight| *weight > 0.0) else {
            return Err(LeadTimeError::Empty);
        };
        if last > DAYS_MAX as usize {
            return Err(LeadTimeError::Days {
                found: last as u32,
                allowed_max: DAYS_MAX,
            });
        }
        let total: f64 = weights.iter().sum();
        Ok(Self {
            probabilities: weights[..=last].iter().map(|w| w / total).collect(),
            at_least: 0.0,
        })
    }

    /// Probability of each number of days, from 0 on.
    #[must_use]
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// Probability of which is only known that it takes at least as long as the longest here: all orders that took so
    /// long are still open.
    #[must_use]
    pub fn at_least(&self) -> f64 {
        self.at_least
    }

    /// Expected days; with [`LeadTime::at_least`] above 0 a lower bound.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.each().map(|(days, p)| f64::from(days) * p).sum()
    }

    /// Variance, in square days.
    #[must_use]
    pub fn variance(&self) -> f64 {
        let mean = self.mean();
        self.each()
            .map(|(days, p)| (f64::from(days) - mean).powi(2) * p)
            .sum()
    }

    /// Fewest days within which an order arrives with this probability, 0 to 1.
    #[must_use]
    pub fn quantile(&self, level: f64) -> u32 {
        let mut sum = 0.0;
        for (days, probability) in self.each() {
            sum += probability;
            // Sums of many probabilities may miss a level by a rounding.
            if sum >= level - 1e-12 {
                return days;
            }
        }
        self.probabilities.len().saturating_sub(1) as u32
    }

    /// The numbers of days that are possible, each with its probability.
    pub fn each(&self) -> impl Iterator<Item = (u32, f64)> + '_ {
        let each = (0u32..).zip(self.probabilities.iter().copied());
        each.filter(|(_, probability)| *probability > 0.0)
    }
}
