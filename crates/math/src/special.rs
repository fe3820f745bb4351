//! Special functions in the forms that keep their digits: differences and ratios, not the large terms.

use statrs::function::{erf, gamma};

/// Above this count, a rising factorial is taken as a difference of log-gammas rather than term by term.
///
/// Term by term is exact to rounding and free of cancellation; past a hundred terms the difference
/// is large enough for its own rounding not to matter and much cheaper.
const TERMS_MAX: u32 = 100;

/// Natural logarithm of the gamma function, for `x > 0`.
pub fn ln_gamma(x: f64) -> f64 {
    gamma::ln_gamma(x)
}

/// Derivative of [`ln_gamma`], for `x > 0`.
pub fn digamma(x: f64) -> f64 {
    gamma::digamma(x)
}

/// `ln Γ(a + count) - ln Γ(a)`, for `a > 0`: the logarithm of the rising factorial.
///
/// Keeps its digits where the two log-gammas would cancel (tiny or huge `a`).
pub fn ln_rising(a: f64, count: u32) -> f64 {
    if count > TERMS_MAX {
        return ln_gamma(a + f64::from(count)) - ln_gamma(a);
    }
    let mut logarithm = 0.0;
    let mut product = 1.0_f64;
    for term in 0..count {
        product *= a + f64::from(term);
        // One logarithm for many factors, taken before the product leaves the range of an f64.
        if !(1e-150..1e150).contains(&product) {
            logarithm += product.ln();
            product = 1.0;
        }
    }
    logarithm + product.ln()
}

/// `ψ(a + count) - ψ(a)`, for `a > 0`: the derivative of [`ln_rising`] in `a`.
pub fn digamma_rising(a: f64, count: u32) -> f64 {
    if count > TERMS_MAX {
        return digamma(a + f64::from(count)) - digamma(a);
    }
    (0..count).map(|term| 1.0 / (a + f64::from(term))).sum()
}

/// `ln(e^a + e^b)` without overflow; `-∞` stands for a zero.
pub fn ln_add_exp(a: f64, b: f64) -> f64 {
    let (high, low) = if a >= b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY {
        return high;
    }
    high + (low - high).exp().ln_1p()
}

/// `(1 - e^(-x)) / x`, continued by 1 at zero: the mean of `e^(-u)` over `0..x`.
pub fn mean_decay(x: f64) -> f64 {
    if x.abs() < 1e-12 {
        1.0 - x / 2.0
    } else {
        -(-x).exp_m1() / x
    }
}

/// Value below which a standard normal variable falls with this probability, in `0..1` exclusive.
pub fn normal_quantile(probability: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erf::erfc_inv(2.0 * probability)
}

/// Nodes and weights of Gauss-Legendre quadrature on `-1..1`.
///
/// Exact for polynomials of degree `2 n - 1`.
/// # Source
/// Golub and Welsch (1969); the nodes here by Newton's method on the Legendre recurrence.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussLegendre {
    nodes: Vec<(f64, f64)>,
}

impl GaussLegendre {
    /// The rule with `n` nodes, `n >= 1`.
    pub fn new(n: u32) -> Self {
        let nodes = (0..n.max(1))
            .map(|index| legendre_node(n.max(1), index))
            .collect();
        Self { nodes }
    }

    /// Points of `low..high` with their weights, in increasing order: the integral is `Σ weight · f(point)`.
    pub fn over(&self, low: f64, high: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
        self.nodes
            .iter()
            .map(move |(node, weight)| (middle + half * node, half * weight))
    }
}

/// Node `index` (from the left) of the rule with `n` nodes, and its weight.
fn legendre_node(n: u32, index: u32) -> (f64, f64) {
    let n_real = f64::from(n);
    let mut x = -(std::f64::consts::PI * (f64::from(index) + 0.75) / (n_real + 0.5)).cos();
    let mut slope = 1.0;
    // Newton from this start converges in 4 to 6 steps for every n; the bound only guards the loop.
    for _ in 0..100 {
        let (mut before, mut value) = (1.0, x);
        for degree in 2..=n {
            let k = f64::from(degree);
            let next = ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k;
            before = value;
            value = next;
        }
        slope = n_real * (x * value - before) / (x * x - 1.0);
        let step = value / slope;
        x -= step;
        if step.abs() < 1e-15 {
            break;
        }
    }
    (x, 2.0 / ((1.0 - x * x) * slope * slope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rising_agrees_with_the_difference_of_log_gammas() {
        for a in [1e-6, 0.24, 1.0, 7.5, 1e5] {
            for count in [0, 1, 2, 17, 99, 100, 101, 400] {
                let direct = ln_gamma(a + f64::from(count)) - ln_gamma(a);
                let tolerance = 1e-13 * (1.0 + ln_gamma(a + f64::from(count)).abs());
                assert!(
                    (ln_rising(a, count) - direct).abs() < tolerance,
                    "{a} {count}"
                );
            }
        }
    }

    #[test]
    fn digamma_rising_is_the_derivative_of_ln_rising() {
        for a in [0.05, 0.8, 12.0] {
            for count in [1, 5, 300] {
                let step = 1e-5 * a;
                let slope =
                    (ln_rising(a + step, count) - ln_rising(a - step, count)) / (2.0 * step);
                // Catches a relative error of 1e-6, far below a wrong term.
                assert!(
                    (digamma_rising(a, count) / slope - 1.0).abs() < 1e-6,
                    "{a} {count}"
                );
            }
        }
    }

    #[test]
    fn a_single_node_and_many_integrate_what_they_promise() {
        let line: f64 = GaussLegendre::new(1)
            .over(0.0, 4.0)
            .map(|(x, w)| w * x)
            .sum();
        assert!((line - 8.0).abs() < 1e-14);
        let power: f64 = GaussLegendre::new(12)
            .over(-1.0, 2.0)
            .map(|(x, w)| w * x.powi(23))
            .sum();
        let exact = (2.0_f64.powi(24) - 1.0) / 24.0;
        assert!((power / exact - 1.0).abs() < 1e-13);
        let weights: f64 = GaussLegendre::new(32).over(-1.0, 1.0).map(|(_, w)| w).sum();
        assert!((weights - 2.0).abs() < 1e-13);
    }

    #[test]
    fn normal_quantile_hits_the_tabled_values() {
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-9);
        assert!(normal_quantile(0.5).abs() < 1e-12);
        assert!((normal_quantile(0.05) + 1.644_853_626_951_472).abs() < 1e-9);
    }

    #[test]
    fn sums_of_exponentials_neither_overflow_nor_lose_a_zero() {
        assert_eq!(ln_add_exp(f64::NEG_INFINITY, -3.0), -3.0);
        assert_eq!(
            ln_add_exp(f64::NEG_INFINITY, f64::NEG_INFINITY),
            f64::NEG_INFINITY
        );
        assert!((ln_add_exp(1000.0, 1000.0) - 1000.0 - 2.0_f64.ln()).abs() < 1e-12);
        assert!((mean_decay(1e-13) - 1.0).abs() < 1e-12);
        assert!((mean_decay(2.0) - (1.0 - (-2.0_f64).exp()) / 2.0).abs() < 1e-15);
    }
}
