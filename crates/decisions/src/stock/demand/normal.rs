//! Normal and log-normal demand.

use std::f64::consts::PI;

use math::special::normal_quantile;
use math::tails::normal_upper_tail;

/// Density of the standard normal distribution.
fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Normal {
    pub(super) mean: f64,
    /// At 0 the mean is asked for with certainty.
    pub(super) deviation: f64,
}

impl Normal {
    fn standardised(&self, units: f64) -> f64 {
        (units - self.mean) / self.deviation
    }

    pub(super) fn cdf(&self, units: f64) -> f64 {
        if self.deviation == 0.0 {
            return f64::from(u8::from(units >= self.mean));
        }
        normal_upper_tail(-self.standardised(units))
    }

    pub(super) fn above(&self, units: f64) -> f64 {
        if self.deviation == 0.0 {
            return f64::from(u8::from(units < self.mean));
        }
        normal_upper_tail(self.standardised(units))
    }

    pub(super) fn quantile(&self, level: f64) -> f64 {
        if self.deviation == 0.0 {
            return self.mean;
        }
        if level <= 0.0 {
            return f64::NEG_INFINITY;
        }
        if level >= 1.0 {
            return f64::INFINITY;
        }
        self.mean + self.deviation * normal_quantile(level)
    }

    /// E(D − y)⁺ = σ (φ(z) − z (1 − Φ(z))) with z = (y − μ) / σ.
    pub(super) fn shortage(&self, stock: f64) -> f64 {
        if self.deviation == 0.0 {
            return (self.mean - stock).max(0.0);
        }
        let z = self.standardised(stock);
        (self.deviation * (density(z) - z * normal_upper_tail(z))).max(0.0)
    }
}

/// Mean and standard deviation are those of the logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LogNormal {
    log_mean: f64,
    log_deviation: f64,
}

impl LogNormal {
    /// Of a mean above 0 and a deviation of 0 or more of the demand itself.
    pub(super) fn of(mean: f64, deviation: f64) -> Self {
        let square = (deviation / mean).powi(2).ln_1p();
        Self {
            log_mean: mean.ln() - 0.5 * square,
            log_deviation: square.sqrt(),
        }
    }

    fn logarithm(&self) -> Normal {
        Normal {
            mean: self.log_mean,
            deviation: self.log_deviation,
        }
    }

    pub(super) fn mean(&self) -> f64 {
        (self.log_mean + 0.5 * self.log_deviation * self.log_deviation).exp()
    }

    pub(super) fn cdf(&self, units: f64) -> f64 {
        if units <= 0.0 {
            return 0.0;
        }
        self.logarithm().cdf(units.ln())
    }

    pub(super) fn above(&self, units: f64) -> f64 {
        if units <= 0.0 {
            return 1.0;
        }
        self.logarithm().above(units.ln())
    }

    pub(super) fn quantile(&self, level: f64) -> f64 {
        self.logarithm().quantile(level).exp()
    }

    /// E(D − y)⁺ = m Φ(s − z) − y (1 − Φ(z)), m the mean, s and z deviation and standardised value of the logarithm.
    pub(super) fn shortage(&self, stock: f64) -> f64 {
        if stock <= 0.0 {
            return self.mean() - stock;
        }
        if self.log_deviation == 0.0 {
            return (self.mean() - stock).max(0.0);
        }
        let z = self.logarithm().standardised(stock.ln());
        let of_mean = normal_upper_tail(z - self.log_deviation);
        (self.mean() * of_mean - stock * normal_upper_tail(z)).max(0.0)
    }
}
