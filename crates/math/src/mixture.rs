//! Bounds on a mean that hold at all times together: the normal mixture.

use serde::Serialize;

/// Evidence that is a mixture over normal effects; `alpha` is the probability that a bound read off it, ever, misses.
///
/// It knows nothing of where its standard errors come from: exact where a sum of known variance is sub-Gaussian,
/// asymptotic where the variance is estimated.
///
/// # Source
/// Robbins (1970); Howard, Ramdas, McAuliffe and Sekhon (2021), "Time-uniform, nonparametric, nonasymptotic confidence
/// sequences", eq. 14; tuned and named as in Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2021), arXiv
/// 2103.06476v7, eq. 9, 155 and 161.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NormalMixture {
    alpha: f64,
    rho: f64,
}

impl NormalMixture {
    /// A mixture whose bounds are narrowest when this many units are in; they are valid at any number.
    ///
    /// `None` when there is less than one unit or alpha is not above 0 and below 1.
    #[must_use]
    pub fn tuned_to(units: f64, alpha: f64) -> Option<Self> {
        let usable = units >= 1.0 && units.is_finite() && alpha > 0.0 && alpha < 1.0;
        let odds = -2.0 * alpha.ln();
        usable.then(|| Self {
            alpha,
            rho: ((odds + (odds + 1.0).ln()) / units).sqrt(),
        })
    }

    /// Half the width of the interval of an estimate with this standard error after `units` units.
    #[must_use]
    pub fn half_width(&self, standard_error: f64, units: f64) -> f64 {
        let seen = units * self.rho * self.rho;
        let ln_bound = 0.5 * (seen + 1.0).ln() - self.alpha.ln();
        standard_error * (2.0 * (seen + 1.0) / seen * ln_bound).sqrt()
    }

    /// Distance from the estimate to a bound on one side only: `alpha` is the probability that the truth, ever, lies
    /// beyond it. Two such bounds, one on each side, may be read together: each misses with `alpha`.
    ///
    /// # Source
    /// Waudby-Smith et al. (2021), proposition on one-sided sequences: a mixture over the positive half of a normal. With
    /// `v = tρ² + 1` its evidence at `s = ρS/√v` is `2 v^{-1/2} e^{s²/2} Φ(s)`; since `Φ(s) ≥ 1 - e^{-s²/2} / 2` it is
    /// above `1 / alpha` where `e^{s²/2}` is above `√v / (2 alpha) + 1/2`. The paper rounds the half up to 1.
    #[must_use]
    pub fn one_sided_width(&self, standard_error: f64, units: f64) -> f64 {
        let seen = units * self.rho * self.rho;
        let ln_bound = ((seen + 1.0).sqrt() / (2.0 * self.alpha) + 0.5).ln();
        standard_error * (2.0 * (seen + 1.0) / seen * ln_bound).sqrt()
    }

    /// Natural logarithm of the e-value against "the mean is 0".
    #[must_use]
    pub fn ln_e_value(&self, point: f64, standard_error: f64, units: f64) -> f64 {
        let seen = units * self.rho * self.rho;
        let z = point / standard_error;
        0.5 * z * z * seen / (seen + 1.0) - 0.5 * (seen + 1.0).ln()
    }
}
