//! Demand in whole units, one at a time: Poisson and negative binomial.

use math::counts::{
    NegativeBinomial, poisson_lower_tail, poisson_mass, poisson_quantile, poisson_upper_tail,
};

/// Below this probability of being above a stock its closed form has lost too many digits: terms are added up.
const TAIL: f64 = 1e-5;

/// A distribution of whole units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Count {
    Poisson { mean: f64 },
    NegativeBinomial { mean: f64, of: NegativeBinomial },
}

impl Count {
    pub(super) fn mean(&self) -> f64 {
        match self {
            Self::Poisson { mean } | Self::NegativeBinomial { mean, .. } => *mean,
        }
    }

    pub(super) fn mass(&self, count: f64) -> f64 {
        match self {
            Self::Poisson { mean } => poisson_mass(count, *mean),
            Self::NegativeBinomial { of, .. } => of.mass(count),
        }
    }

    pub(super) fn cdf(&self, units: f64) -> f64 {
        match self {
            Self::Poisson { mean } => poisson_lower_tail(units.floor(), *mean),
            Self::NegativeBinomial { of, .. } => of.lower_tail(units.floor()),
        }
    }

    pub(super) fn above(&self, units: f64) -> f64 {
        match self {
            Self::Poisson { mean } => poisson_upper_tail(units.floor(), *mean),
            Self::NegativeBinomial { of, .. } => of.upper_tail(units.floor()),
        }
    }

    /// The least whole number of which the lower tail reaches the level.
    pub(super) fn quantile(&self, level: f64) -> f64 {
        if level <= 0.0 || self.mean() == 0.0 {
            return 0.0;
        }
        if level >= 1.0 {
            return f64::INFINITY;
        }
        match self {
            Self::Poisson { mean } => poisson_quantile(level, *mean),
            Self::NegativeBinomial { of, .. } => of.quantile(level),
        }
    }

    /// E(D − y)⁺ at whole numbers, and the straight line between two of them, which is exact.
    ///
    /// With `d·P(d)` of a mean `m` being `m·P(d − 1)` of Poisson demand, and `m·P'(d − 1)` of negative binomial demand
    /// with one success more, it is `m·P'(D ≥ y) − y·P(D > y)`.
    pub(super) fn shortage(&self, stock: f64) -> f64 {
        if stock < 0.0 {
            return self.mean() - stock;
        }
        let whole = stock.floor();
        let above = self.above(whole);
        let at_whole = if above < TAIL {
            self.added_up(whole)
        } else {
            let shifted = match self {
                Self::Poisson { mean } => poisson_upper_tail(whole - 1.0, *mean),
                Self::NegativeBinomial { of, .. } => NegativeBinomial {
                    size: of.size + 1.0,
                    ..*of
                }
                .upper_tail(whole - 1.0),
            };
            self.mean() * shifted - whole * above
        };
        at_whole - (stock - whole) * above
    }

    /// The same as a sum, term by term, far out where terms fall fast.
    fn added_up(&self, whole: f64) -> f64 {
        let (mut sum, mut beyond) = (0.0, 1.0);
        loop {
            let term = beyond * self.mass(whole + beyond);
            sum += term;
            if term <= 1e-14 * sum {
                return sum;
            }
            beyond += 1.0;
        }
    }
}
