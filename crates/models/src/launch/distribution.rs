//! What demand may be, with which probability.

use math::special::{GaussLegendre, normal_quantile};
use math::tails::normal_upper_tail;
use serde::{Deserialize, Serialize};

use crate::demand::pinball;

/// Nodes of the quadrature of scores up to a limit: right to 1e-8 of the units.
const NODES: u32 = 64;

/// Probability that a standard normal variable is at most `x`.
pub(super) fn normal_cdf(x: f64) -> f64 {
    normal_upper_tail(-x)
}

/// A log-normal distribution of units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogNormal {
    /// Mean of the logarithm: the median is `exp(mu)` units.
    pub mu: f64,
    /// Standard deviation of the logarithm, above 0.
    pub sigma: f64,
}

/// A distribution on points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Points {
    /// Units, rising.
    units: Vec<f64>,
    /// Probability of at most so many, rising to 1.
    up_to: Vec<f64>,
}

/// A distribution of demand in units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// Before the opening.
    LogNormal(LogNormal),
    /// Of past launches, and after hours were seen.
    Points(Points),
}

impl LogNormal {
    fn standard(&self, units: f64) -> f64 {
        (units.ln() - self.mu) / self.sigma
    }

    /// Mean, in units.
    #[must_use]
    pub fn mean(&self) -> f64 {
        (self.mu + 0.5 * self.sigma * self.sigma).exp()
    }

    /// Quantile of a level above 0 and below 1, in units.
    #[must_use]
    pub fn quantile(&self, level: f64) -> f64 {
        (self.mu + self.sigma * normal_quantile(level)).exp()
    }

    /// Probability of at most so many units.
    #[must_use]
    pub fn cdf(&self, units: f64) -> f64 {
        if units <= 0.0 {
            0.0
        } else {
            normal_cdf(self.standard(units))
        }
    }

    /// Probability of more than so many units.
    pub(super) fn upper_tail(&self, units: f64) -> f64 {
        if units <= 0.0 {
            1.0
        } else {
            normal_upper_tail(self.standard(units))
        }
    }

    /// Logarithm of the density, of units above 0.
    pub(super) fn ln_density(&self, units: f64) -> f64 {
        let z = self.standard(units);
        let root = (2.0 * std::f64::consts::PI).sqrt();
        -0.5 * z * z - (self.sigma * units * root).ln()
    }

    /// Mean of what is asked for within a quantity: E min(D, quantity).
    fn within(&self, quantity: f64) -> f64 {
        if quantity <= 0.0 {
            return 0.0;
        }
        let z = self.standard(quantity);
        self.mean() * normal_cdf(z - self.sigma) + quantity * normal_upper_tail(z)
    }

    /// Continuous ranked probability score where so much was asked for, in units.
    ///
    /// # Source
    /// Baran and Lerch (2015), eq. 7.
    #[must_use]
    pub fn crps(&self, units: f64) -> f64 {
        let half = normal_cdf(self.sigma / std::f64::consts::SQRT_2);
        if units <= 0.0 {
            return 2.0 * self.mean() * (1.0 - half) - units;
        }
        let z = self.standard(units);
        let inner = normal_cdf(z - self.sigma) + half - 1.0;
        units * (2.0 * normal_cdf(z) - 1.0) - 2.0 * self.mean() * inner
    }

    /// ∫ F² from nothing to a limit.
    fn squares_up_to(&self, limit: f64) -> f64 {
        if limit <= 0.0 {
            return 0.0;
        }
        // ∫₀ᵃ F² = a F(a)² − ∫ x d(F²), the latter smooth in the standardised logarithm.
        let (low, high) = (-9.0_f64, self.standard(limit).min(9.0));
        let edge = limit * self.cdf(limit).powi(2);
        if high <= low {
            return edge;
        }
        let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let rule = GaussLegendre::new(NODES);
        let moved: f64 = rule
            .over(low, high)
            .map(|(z, w)| w * (self.mu + self.sigma * z).exp() * 2.0 * normal_cdf(z) * density(z))
            .sum();
        (edge - moved).max(0.0)
    }
}

impl Points {
    /// From weights on points; `None` where no weight is above 0.
    ///
    /// - `weighted`: units and weights, in any order; those of equal units are added up.
    #[must_use]
    pub fn new(mut weighted: Vec<(f64, f64)>) -> Option<Self> {
        weighted.retain(|(units, weight)| units.is_finite() && *weight > 0.0);
        weighted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all: f64 = weighted.iter().map(|(_, weight)| weight).sum();
        if !(all > 0.0 && all.is_finite()) {
            return None;
        }
        let (mut units, mut up_to): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        let mut below = 0.0;
        for (at, weight) in weighted {
            below += weight / all;
            if units.last() == Some(&at) {
                up_to.pop();
            } else {
                units.push(at);
            }
            up_to.push(below);
        }
        if let Some(last) = up_to.last_mut() {
            *last = 1.0;
        }
        Some(Self { units, up_to })
    }

    /// Points with their probabilities, rising.
    pub fn iter(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let before = std::iter::once(0.0).chain(self.up_to.iter().copied());
        let each = self.units.iter().zip(&self.up_to).zip(before);
        each.map(|((units, up_to), before)| (*units, up_to - before))
    }

    /// So many units for certain.
    pub(super) fn certain(units: f64) -> Self {
        Self {
            units: vec![units],
            up_to: vec![1.0],
        }
    }

    /// Probability of at most so many units.
    pub(super) fn up_to(&self, units: f64) -> f64 {
        let at = self.units.partition_point(|point| *point <= units);
        at.checked_sub(1).map_or(0.0, |at| self.up_to[at])
    }

    fn quantile(&self, level: f64) -> f64 {
        let at = self.up_to.partition_point(|up_to| *up_to < level);
        self.units[at.min(self.units.len() - 1)]
    }

    /// ∫ (F − 1{units ≤ x})² from nothing to a limit; points of less than nothing have no place here.
    fn crps_within(&self, units: f64, limit: f64) -> f64 {
        let (mut sum, mut from, mut below) = (0.0, 0.0_f64, 0.0);
        let mut add = |from: f64, to: f64, below: f64| {
            let to = to.min(limit);
            if to > from {
                let middle = units.clamp(from, to);
                sum += (middle - from) * below * below + (to - middle) * (1.0 - below).powi(2);
            }
        };
        for (point, up_to) in self.units.iter().zip(&self.up_to) {
            add(from, *point, below);
            (from, below) = (*point, *up_to);
        }
        add(from, units.max(from), below);
        sum
    }
}

impl Demand {
    /// Mean, in units.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match self {
            Self::LogNormal(one) => one.mean(),
            Self::Points(one) => one.iter().map(|(units, p)| units * p).sum(),
        }
    }

    /// Quantile of a level, in units: the least demand that is not passed with this probability.
    ///
    /// - `level`: above 0 and below 1.
    #[must_use]
    pub fn quantile(&self, level: f64) -> f64 {
        match self {
            Self::LogNormal(one) => one.quantile(level),
            Self::Points(one) => one.quantile(level),
        }
    }

    /// Interval that leaves out as much below as above, in units.
    ///
    /// - `probability`: that it holds demand, above 0 and below 1.
    #[must_use]
    pub fn interval(&self, probability: f64) -> (f64, f64) {
        let tail = 0.5 * (1.0 - probability);
        (self.quantile(tail), self.quantile(1.0 - tail))
    }

    /// Probability of at most so many units.
    #[must_use]
    pub fn cdf(&self, units: f64) -> f64 {
        match self {
            Self::LogNormal(one) => one.cdf(units),
            Self::Points(one) => one.up_to(units),
        }
    }

    /// Units expected to be sold of a quantity: E min(D, quantity).
    #[must_use]
    pub fn expected_sold(&self, quantity: f64) -> f64 {
        match self {
            Self::LogNormal(one) => one.within(quantity),
            Self::Points(one) => one.iter().map(|(units, p)| units.min(quantity) * p).sum(),
        }
    }

    /// Units expected to be asked for beyond a quantity: E (D − quantity)⁺.
    #[must_use]
    pub fn expected_lost(&self, quantity: f64) -> f64 {
        (self.mean() - self.expected_sold(quantity)).max(0.0)
    }

    /// Units expected to be left of a quantity: E (quantity − D)⁺.
    #[must_use]
    pub fn expected_left(&self, quantity: f64) -> f64 {
        (quantity - self.expected_sold(quantity)).max(0.0)
    }

    /// Continuous ranked probability score where so much was asked for, in units: 0 is best.
    ///
    /// Closed form for the log-normal, exact sums on points.
    ///
    /// # Source
    /// Gneiting and Raftery (2007), eq. 20; Baran and Lerch (2015), eq. 7.
    #[must_use]
    pub fn crps(&self, units: f64) -> f64 {
        match self {
            Self::LogNormal(one) => one.crps(units),
            Self::Points(one) => one.crps_within(units, f64::INFINITY),
        }
    }

    /// The score over demand up to a limit only: what can be judged of a launch whose stock is the limit.
    ///
    /// - `units`: what was sold; where the stock ran out this is the limit itself.
    ///
    /// # Source
    /// Gneiting and Ranjan (2011), eq. 4, with weight 1 up to the limit: proper, whichever side of it demand lies.
    #[must_use]
    pub fn crps_within(&self, units: f64, limit: f64) -> f64 {
        match self {
            Self::LogNormal(one) if units >= limit => one.squares_up_to(limit),
            // Above the limit the step has risen: what lies there is ∫ (1 − F)² = ∫ 1 − 2F + F².
            Self::LogNormal(one) => {
                let left_at = |x: f64| x - one.within(x);
                let between = (limit - units) - 2.0 * (left_at(limit) - left_at(units));
                (between + one.squares_up_to(limit)).max(0.0)
            }
            Self::Points(one) => one.crps_within(units.min(limit), limit),
        }
    }

    /// Pinball loss of the quantile of a level where so much was asked for, in units.
    #[must_use]
    pub fn pinball(&self, level: f64, units: f64) -> f64 {
        pinball(level, units, self.quantile(level))
    }
}
