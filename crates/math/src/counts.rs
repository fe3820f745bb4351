//! Poisson and negative binomial counts: masses and both tails, each computed as such.

use statrs::function::{beta, gamma};

use crate::special::{ln_gamma, normal_quantile};

/// Probability that a Poisson variable of this mean (≥ 0) is `count`, a whole number ≥ 0.
#[must_use]
pub fn poisson_mass(count: f64, mean: f64) -> f64 {
    if mean <= 0.0 {
        return f64::from(u8::from(count == 0.0));
    }
    (count * mean.ln() - mean - ln_gamma(count + 1.0)).exp()
}

/// Probability that a Poisson variable of this mean (≥ 0) is at most `count`, a whole number; 0 below 0.
///
/// # Source
/// The regularised upper incomplete gamma function, DLMF 8.4.10.
#[must_use]
pub fn poisson_lower_tail(count: f64, mean: f64) -> f64 {
    if count < 0.0 {
        0.0
    } else if mean <= 0.0 {
        1.0
    } else {
        gamma::gamma_ur(count + 1.0, mean)
    }
}

/// Probability that a Poisson variable of this mean (≥ 0) is above `count`, a whole number; 1 below 0.
///
/// Keeps its digits where one less the lower tail would have none left.
#[must_use]
pub fn poisson_upper_tail(count: f64, mean: f64) -> f64 {
    if count < 0.0 {
        1.0
    } else if mean <= 0.0 {
        0.0
    } else {
        gamma::gamma_lr(count + 1.0, mean)
    }
}

/// The least count of which the lower tail of a Poisson variable of this mean (≥ 0) reaches a level below 1.
///
/// Time: some ten tails.
#[must_use]
pub fn poisson_quantile(level: f64, mean: f64) -> f64 {
    least_count(level, mean, mean.sqrt(), |count| {
        poisson_lower_tail(count, mean) >= level
    })
}

/// The least count ≥ 0 that is enough, where all above it are: bracketed from the normal quantile, then halved.
fn least_count(level: f64, mean: f64, deviation: f64, enough: impl Fn(f64) -> bool) -> f64 {
    if level <= 0.0 {
        return 0.0;
    }
    let start = (mean + normal_quantile(level) * deviation).floor().max(0.0);
    let step = (0.1 * deviation).ceil().max(1.0);
    let (mut low, mut high, mut reach) = (start - 1.0, start, step);
    while !enough(high) {
        low = high;
        high += reach;
        reach *= 2.0;
    }
    reach = step;
    while low >= 0.0 && enough(low) {
        high = low;
        low = (low - reach).max(-1.0);
        reach *= 2.0;
    }
    while high - low > 1.0 {
        let middle = (0.5 * (low + high)).floor();
        if enough(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// A negative binomial variable: failures before the `size`-th success, each a success with `success`.
///
/// Its mean is `size · (1 − success) / success`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NegativeBinomial {
    /// Above 0, not necessarily whole.
    pub size: f64,
    /// In `0..=1`, above 0.
    pub success: f64,
}

/// Means up to this are walked through count by count.
const WALKED_MAX: f64 = 64.0;

impl NegativeBinomial {
    /// Of a mean above 0, and with a variance of `mean + dispersion · mean²`; the dispersion is above 0.
    #[must_use]
    pub fn of_mean(mean: f64, dispersion: f64) -> Self {
        let size = 1.0 / dispersion;
        Self {
            size,
            success: size / (size + mean),
        }
    }

    /// The least count of which the lower tail reaches a level; levels are taken as 1 − 1e-12 at most.
    ///
    /// Time O(mean) for means up to 64, and of some ten tails beyond.
    #[must_use]
    pub fn quantile(&self, level: f64) -> f64 {
        let level = level.min(1.0 - 1e-12);
        if self.mean() <= WALKED_MAX {
            let mut mass = self.success.powf(self.size);
            let (mut count, mut below) = (0.0, mass);
            // Rounding must not walk on for ever.
            while below < level && (mass > f64::EPSILON * 1e-3 || below < 0.5) {
                mass *= (count + self.size) / (count + 1.0) * (1.0 - self.success);
                count += 1.0;
                below += mass;
            }
            return count;
        }
        least_count(level, self.mean(), self.deviation(), |count| {
            self.lower_tail(count) >= level
        })
    }

    fn mean(&self) -> f64 {
        self.size * (1.0 - self.success) / self.success
    }

    fn deviation(&self) -> f64 {
        (self.mean() / self.success).sqrt()
    }

    /// Probability of `count`, a whole number ≥ 0.
    #[must_use]
    pub fn mass(&self, count: f64) -> f64 {
        if self.success >= 1.0 {
            return f64::from(u8::from(count == 0.0));
        }
        let ways = ln_gamma(count + self.size) - ln_gamma(self.size) - ln_gamma(count + 1.0);
        (ways + self.size * self.success.ln() + count * (-self.success).ln_1p()).exp()
    }

    /// Probability of at most `count`, a whole number; 0 below 0.
    ///
    /// # Source
    /// The regularised incomplete beta function, DLMF 8.17.24.
    #[must_use]
    pub fn lower_tail(&self, count: f64) -> f64 {
        if count < 0.0 {
            0.0
        } else if self.success >= 1.0 {
            1.0
        } else {
            beta::beta_reg(self.size, count + 1.0, self.success)
        }
    }

    /// Probability of more than `count`, a whole number; 1 below 0.
    #[must_use]
    pub fn upper_tail(&self, count: f64) -> f64 {
        if count < 0.0 {
            1.0
        } else if self.success >= 1.0 {
            0.0
        } else {
            beta::beta_reg(count + 1.0, self.size, 1.0 - self.success)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, relative: f64) {
        assert!(
            (found / expected - 1.0).abs() < relative,
            "{found:e} is not {expected:e}"
        );
    }

    // Expected values: scipy 1.17.1, `poisson.pmf/cdf/sf` and `nbinom.pmf/cdf/sf`.

    const POISSON: [(f64, f64, f64, f64, f64); 6] = [
        (
            0.0,
            0.3,
            0.7408182206817179,
            0.740818220681718,
            0.25918177931828207,
        ),
        (
            8.0,
            6.0,
            0.1032577335308442,
            0.8472374939845612,
            0.15276250601543884,
        ),
        (
            30.0,
            6.0,
            2.0659059438602488e-12,
            0.9999999999995086,
            4.913563616344795e-13,
        ),
        (
            2.0,
            40.0,
            3.3986834042332734e-15,
            3.572865928700233e-15,
            0.9999999999999964,
        ),
        (
            1010.0,
            1000.0,
            0.011941828905650683,
            0.6318369541385921,
            0.36816304586140786,
        ),
        (
            100300.0,
            100000.0,
            0.0008035665712230701,
            0.829024116610298,
            0.17097588338970196,
        ),
    ];
    const NEGATIVE_BINOMIAL: [(f64, f64, f64, f64, f64, f64); 5] = [
        (
            0.0,
            0.7,
            0.4,
            0.5265528817336953,
            0.526552881733695,
            0.47344711826630503,
        ),
        (
            5.0,
            0.7,
            0.4,
            0.019064582867103247,
            0.9742650728127079,
            0.02573492718729237,
        ),
        (
            60.0,
            2.5,
            0.2,
            9.885260181037364e-06,
            0.9999554451015457,
            4.4554898454293304e-05,
        ),
        (
            3.0,
            30.0,
            0.5,
            5.774199962615957e-07,
            7.005874067544937e-07,
            0.9999992994125932,
        ),
        (
            900.0,
            12.5,
            0.015,
            0.00146501950889401,
            0.664192086152477,
            0.335807913847523,
        ),
    ];

    #[test]
    fn poisson_tails_are_tabled_values() {
        for (count, mean, mass, lower, upper) in POISSON {
            close(poisson_mass(count, mean), mass, 1e-9);
            close(poisson_lower_tail(count, mean), lower, 1e-10);
            close(poisson_upper_tail(count, mean), upper, 1e-10);
        }
        assert_eq!(poisson_lower_tail(-1.0, 3.0), 0.0);
        assert_eq!(poisson_upper_tail(0.0, 0.0), 0.0);
        assert_eq!(poisson_mass(0.0, 0.0), 1.0);
    }

    #[test]
    fn negative_binomial_tails_are_tabled_values() {
        for (count, size, success, mass, lower, upper) in NEGATIVE_BINOMIAL {
            let variable = NegativeBinomial { size, success };
            close(variable.mass(count), mass, 1e-9);
            close(variable.lower_tail(count), lower, 1e-10);
            close(variable.upper_tail(count), upper, 1e-10);
        }
    }

    #[test]
    fn a_poisson_quantile_is_the_least_count_that_reaches_its_level() {
        for mean in [0.0, 0.01, 0.7, 12.0, 900.0, 1e6] {
            for level in [1e-9, 0.05, 0.5, 0.9, 0.999, 1.0 - 1e-12] {
                let count = poisson_quantile(level, mean);
                assert!(poisson_lower_tail(count, mean) >= level, "{mean} {level}");
                assert!(
                    poisson_lower_tail(count - 1.0, mean) < level,
                    "{mean} {level}"
                );
            }
        }
        // scipy 1.17.1, `poisson.ppf`.
        assert_eq!(poisson_quantile(0.9, 12.0), 17.0);
        assert_eq!(poisson_quantile(0.5, 900.0), 900.0);
    }

    #[test]
    fn a_quantile_is_the_least_count_that_reaches_its_level() {
        for mean in [0.01, 0.3, 4.0, 63.9, 64.1, 500.0, 20_000.0] {
            for dispersion in [1e-3, 0.5, 3.0] {
                let of = NegativeBinomial::of_mean(mean, dispersion);
                close(of.size * (1.0 - of.success) / of.success, mean, 1e-9);
                for level in [0.0, 0.05, 0.5, 0.9, 0.999] {
                    let count = of.quantile(level);
                    assert!(
                        of.lower_tail(count) >= level - 1e-9,
                        "{mean} {dispersion} {level}"
                    );
                    assert!(
                        of.lower_tail(count - 1.0) <= level + 1e-9,
                        "{mean} {dispersion} {level}"
                    );
                }
                assert!(of.quantile(1.0).is_finite());
            }
        }
    }
}
