//! Normal variables of which only a least value is known.

use math::tails::normal_upper_tail;

use super::past::Total;

/// Beyond this many standard deviations the tail has left single digits of a double.
const FAR: f64 = 30.0;

/// ln √(2π)
const LN_ROOT_2_PI: f64 = 0.918_938_533_204_672_7;

/// The logarithm of what was asked for, or of the least it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Logarithm {
    pub(super) value: f64,
    pub(super) is_least: bool,
}

impl From<Total> for Logarithm {
    fn from(total: Total) -> Self {
        Self {
            value: total.ln_units(),
            is_least: total.is_censored(),
        }
    }
}

/// Density over upper tail of a standard normal variable: the inverse Mills ratio.
pub(super) fn hazard(z: f64) -> f64 {
    if z > FAR {
        // The next term of the asymptotic series is 2 z⁻³, below 1e-4 of the second.
        return z + 1.0 / z;
    }
    (-0.5 * z * z - LN_ROOT_2_PI).exp() / normal_upper_tail(z)
}

/// Logarithm of the upper tail of a standard normal variable.
pub(super) fn ln_upper_tail(z: f64) -> f64 {
    if z > FAR {
        return -0.5 * z * z - LN_ROOT_2_PI - z.ln() - 1.0 / (z * z);
    }
    normal_upper_tail(z).ln()
}

impl Logarithm {
    /// The logarithm of a ratio to `exp(by)`.
    pub(super) fn less(self, by: f64) -> Self {
        Self {
            value: self.value - by,
            ..self
        }
    }

    /// Mean and variance of what it was, where N(`mean`, `sigma`²) was expected.
    ///
    /// # Source
    /// Tobin (1958); moments of the truncated normal distribution, Johnson, Kotz, Balakrishnan (1994), eq. 13.134.
    pub(super) fn moments(self, mean: f64, sigma: f64) -> (f64, f64) {
        if !self.is_least {
            return (self.value, 0.0);
        }
        let z = (self.value - mean) / sigma;
        let hazard = hazard(z);
        let left = (1.0 - hazard * (hazard - z)).clamp(0.0, 1.0);
        (
            (mean + sigma * hazard).max(self.value),
            sigma * sigma * left,
        )
    }

    /// Log-likelihood under N(`mean`, `sigma`²): of the value, or of at least that.
    pub(super) fn ln_likelihood(self, mean: f64, sigma: f64) -> f64 {
        let z = (self.value - mean) / sigma;
        if self.is_least {
            ln_upper_tail(z)
        } else {
            -0.5 * z * z - LN_ROOT_2_PI - sigma.ln()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Logarithm, ln_upper_tail};

    #[test]
    fn moments_beyond_a_least_value_are_continuous_where_the_series_takes_over() {
        for z in [29.999_999, 30.000_001] {
            let least = Logarithm {
                value: z,
                is_least: true,
            };
            let (mean, variance) = least.moments(0.0, 1.0);
            // Of the exponential that the tail resembles: 1/z beyond, variance 1/z².
            assert!((mean - z - 1.0 / z).abs() < 1e-4, "{z} {mean}");
            assert!(variance < 3e-3, "{z} {variance}");
        }
        let (below, above) = (ln_upper_tail(29.999_999), ln_upper_tail(30.000_001));
        // The slope there is −30: 6e-5 over the gap.
        assert!((below - above - 6e-5).abs() < 1e-5, "{below} {above}");
    }

    #[test]
    fn half_of_a_normal_variable_has_known_moments() {
        let least = Logarithm {
            value: 1.0,
            is_least: true,
        };
        let (mean, variance) = least.moments(1.0, 2.0);
        let of_half = (2.0 / std::f64::consts::PI).sqrt();
        assert!((mean - 1.0 - 2.0 * of_half).abs() < 1e-12);
        assert!((variance - 4.0 * (1.0 - of_half * of_half)).abs() < 1e-12);
    }
}
