//! Tail probabilities and quantiles of the distributions that tests and intervals read.
//!
//! Upper tails are computed as such and keep their digits where `1 - cdf` would have none left.

use std::f64::consts::PI;

use statrs::function::gamma;

use crate::special::{ln_gamma, normal_quantile};

/// Probability that a standard normal variable is above `x`.
#[must_use]
pub fn normal_upper_tail(x: f64) -> f64 {
    // The square is chi-squared, whose tail keeps two digits more than the error function at hand.
    let beyond = 0.5 * chi_squared_upper_tail(x * x, 1.0);
    if x < 0.0 { 1.0 - beyond } else { beyond }
}

/// Value that a standard normal variable exceeds with this probability, in `0..1` exclusive.
#[must_use]
pub fn normal_upper_quantile(tail: f64) -> f64 {
    -normal_quantile(tail)
}

/// Probability that a chi-squared variable of `degrees` > 0 degrees of freedom is above `x`.
#[must_use]
pub fn chi_squared_upper_tail(x: f64, degrees: f64) -> f64 {
    if x <= 0.0 {
        1.0
    } else if x.is_infinite() {
        0.0
    } else {
        gamma::gamma_ur(0.5 * degrees, 0.5 * x)
    }
}

/// Probability that a Student t variable of `degrees` > 0 degrees of freedom is above `t`; infinite degrees are normal.
///
/// Relative error below 1e-11 up to 1e9 degrees: no difference of large terms is taken.
/// # Source
/// The incomplete beta function (DLMF 8.17) by the continued fraction of Didonato and Morris (1992), algorithm 708.
#[must_use]
pub fn student_t_upper_tail(t: f64, degrees: f64) -> f64 {
    if t.is_nan() || degrees.is_nan() {
        return f64::NAN;
    }
    if degrees.is_infinite() {
        return normal_upper_tail(t);
    }
    if t < 0.0 {
        return 1.0 - student_t_upper_tail(-t, degrees);
    }
    if t.is_infinite() {
        return 0.0;
    }
    // P(T > t) = I_x(a, 1/2) / 2 with x = 1 / (1 + y).
    let (a, y) = (0.5 * degrees, t * t / degrees);
    let x = 1.0 / (1.0 + y);
    let rest = y / (1.0 + y);
    let front = (ln_half_step(a) - a * y.ln_1p()).exp() * (rest / PI).sqrt();
    // How far x is below the mean of the beta distribution; the fraction of the shorter side converges.
    let below_mean = (a + 0.5) * rest - 0.5;
    if below_mean > 0.0 {
        0.5 * front / beta_fraction([a, 0.5], [x, rest], below_mean)
    } else {
        0.5 - 0.5 * front / beta_fraction([0.5, a], [rest, x], -below_mean)
    }
}

/// Value that a Student t variable of `degrees` > 0 degrees of freedom exceeds with this probability, in `0..1` exclusive.
///
/// Newton's method on the tail, which is convex above 0: from the normal quantile it only moves outwards and cannot overshoot.
#[must_use]
pub fn student_t_upper_quantile(tail: f64, degrees: f64) -> f64 {
    if tail > 0.5 {
        return -student_t_upper_quantile(1.0 - tail, degrees);
    }
    let mut t = normal_upper_quantile(tail).max(0.0);
    if degrees.is_infinite() {
        return t;
    }
    let ln_front = ln_half_step(0.5 * degrees) - 0.5 * (PI * degrees).ln();
    // Heavy tails start far away and double at each step: 200 steps reach any number.
    for _ in 0..200 {
        let density = (ln_front - 0.5 * (degrees + 1.0) * (t * t / degrees).ln_1p()).exp();
        let step = (student_t_upper_tail(t, degrees) - tail) / density;
        t += step;
        // Rounding is all that can move it inwards: then it is there.
        if step <= 1e-14 * t {
            break;
        }
    }
    t
}

/// Probability that a beta variable of parameters `a` and `b`, both above 0, is at most `x`.
///
/// Each tail keeps its digits: `beta_lower_tail(1 - x, b, a)` is the upper one. Not a number where an argument is none.
/// # Source
/// As [`student_t_upper_tail`].
#[must_use]
pub fn beta_lower_tail(x: f64, a: f64, b: f64) -> f64 {
    if x.is_nan() || a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let rest = 1.0 - x;
    let ln_beta = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let front = (a * x.ln() + b * (-x).ln_1p() - ln_beta).exp();
    let below_mean = a - (a + b) * x;
    if below_mean > 0.0 {
        front / beta_fraction([a, b], [x, rest], below_mean)
    } else {
        1.0 - front / beta_fraction([b, a], [rest, x], -below_mean)
    }
}

/// `ln Γ(a + 1/2) - ln Γ(a)`, without the cancellation of two large terms.
fn ln_half_step(a: f64) -> f64 {
    if a < 20.0 {
        return ln_gamma(a + 0.5) - ln_gamma(a);
    }
    // Stirling's series of the difference; the first term left out is below 3e-15 from a = 20 on.
    let square = 1.0 / (a * a);
    let series =
        -1.0 / 8.0 + square * (1.0 / 192.0 - square * (1.0 / 640.0 - square * 17.0 / 14_336.0));
    0.5 * a.ln() + series / a
}

/// The continued fraction under the incomplete beta function `I_x(a, b)`, by Lentz's method.
///
/// `x` and `1 - x` are both given, and `below_mean = a - (a + b) x` with the digits that this difference would lose.
fn beta_fraction([a, b]: [f64; 2], [x, rest]: [f64; 2], below_mean: f64) -> f64 {
    let base = |n: f64| {
        // The second part is nothing at 0, where it would be 0 / 0 of a = 1.
        let bent = if n > 0.0 {
            n * (b - n) * x / (a + 2.0 * n - 1.0)
        } else {
            0.0
        };
        n + bent + (a + n) / (a + 2.0 * n + 1.0) * (below_mean + 1.0 + n * (1.0 + rest))
    };
    let term = |n: f64| {
        let (middle, share) = (a + 2.0 * n - 1.0, n * (b - n) * x * x);
        (a + n - 1.0) / middle * (a + b + n - 1.0) / middle * share
    };
    let mut value = base(0.0);
    let (mut above, mut below) = (value, 0.0);
    // Some hundred steps at most; the bound only guards the loop.
    for step in 1..100_000u32 {
        let n = f64::from(step);
        below = 1.0 / (base(n) + term(n) * below);
        above = base(n) + term(n) / above;
        value *= above * below;
        if (above * below - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!(
            (found / expected - 1.0).abs() < 1e-11,
            "{found:e} is not {expected:e}"
        );
    }

    const BETA_TAILS: [(f64, f64, f64, f64); 7] = [
        (0.2, 0.3, 4.0, 0.889_358_055_828_309_5),
        (0.5, 2.0, 3.0, 0.6875),
        (0.9, 40.0, 2.5, 0.126_835_814_512_099_44),
        (0.31, 300.0, 700.0, 0.756_418_682_731_543_7),
        (0.25, 300.0, 700.0, 1.798_919_777_273_885_8e-4),
        (0.5, 1e5, 100_020.0, 0.517_834_441_902_629_3),
        (0.01, 0.01, 5.0, 0.974_644_680_882_357_9),
    ];

    // Expected values: mpmath 1.4.1 with 30 digits and more (betainc, gammainc, erfc), scipy 1.17.1 for quantiles.

    #[test]
    fn student_tails_keep_their_digits_for_any_degrees() {
        for (t, degrees, expected) in [
            (0.2, 1.0, 0.437_167_041_810_998_8),
            (12.0, 1.0, 0.026_464_676_059_589_874),
            (1.5, 2.0, 0.136_196_562_445_500_55),
            (1.96, 2.5, 0.081_473_782_236_407),
            (1.7, 18.0, 0.053_172_521_293_605_4),
            (12.0, 18.0, 2.523_255_551_281_828_5e-10),
            (12.0, 300.0, 1.159_562_376_808_066_6e-27),
            (0.2, 42_691.3, 0.420_740_766_867_751_3),
            (1.96, 42_691.3, 0.025_001_142_779_630_146),
            (12.0, 42_691.3, 2.008_665_819_854_366_4e-33),
            (1.7, 1e7, 0.044_565_478_307_206_7),
            (12.0, 1e7, 1.777_416_025_467_317_6e-33),
        ] {
            close(student_t_upper_tail(t, degrees), expected);
            close(student_t_upper_tail(-t, degrees), 1.0 - expected);
        }
        assert_eq!(student_t_upper_tail(0.0, 7.0), 0.5);
        assert_eq!(student_t_upper_tail(f64::INFINITY, 7.0), 0.0);
        assert!(student_t_upper_tail(f64::NAN, 7.0).is_nan());
        close(
            student_t_upper_tail(1.3, f64::INFINITY),
            normal_upper_tail(1.3),
        );
    }

    #[test]
    fn student_quantiles_equal_tabled_values_and_undo_the_tail() {
        for (tail, degrees, expected) in [
            (0.025, 1.0, 12.706_204_736_174_705),
            (0.025, 7.0, 2.364_624_251_592_784_4),
            (0.025, 42_691.3, 1.960_019_554_113_851_2),
            (1e-9, 30.0, 8.445_862_796_274_243),
            (0.4, 3.0, 0.276_670_662_332_689_8),
        ] {
            close(student_t_upper_quantile(tail, degrees), expected);
            if tail > 1e-3 {
                // One minus a smaller tail has lost the digits.
                close(student_t_upper_quantile(1.0 - tail, degrees), -expected);
            }
        }
        for degrees in [1.0, 1.5, 4.0, 97.3, 3e5, 1e8] {
            for tail in [1e-12, 1e-4, 0.01, 0.2, 0.49, 0.5] {
                let t = student_t_upper_quantile(tail, degrees);
                close(student_t_upper_tail(t, degrees), tail);
            }
        }
    }

    #[test]
    fn beta_tails_equal_reference_values() {
        // scipy 1.17.1, special.betainc.
        for (x, a, b, expected) in BETA_TAILS {
            let found = beta_lower_tail(x, a, b);
            // Digits are lost with the size of the log-gammas: 1e-10 of them at 1e5.
            assert!((found / expected - 1.0).abs() < 1e-9, "{x} {a} {b} {found}");
            let above = beta_lower_tail(1.0 - x, b, a);
            assert!((found + above - 1.0).abs() < 1e-9, "{x} {a} {b}");
        }
        assert_eq!(beta_lower_tail(0.0, 2.0, 3.0), 0.0);
        assert_eq!(beta_lower_tail(1.5, 2.0, 3.0), 1.0);
        assert!(beta_lower_tail(0.5, f64::NAN, 3.0).is_nan());
    }

    #[test]
    fn normal_and_chi_squared_tails_equal_reference_values() {
        close(normal_upper_tail(-1.5), 0.933_192_798_731_141_9);
        close(normal_upper_tail(6.0), 9.865_876_450_376_98e-10);
        close(normal_upper_tail(20.0), 2.753_624_118_606_233_7e-89);
        assert_eq!(normal_upper_tail(0.0), 0.5);
        close(normal_upper_quantile(0.025), 1.959_963_984_540_054);
        for (x, degrees, expected) in [
            (0.5, 1.0, 0.479_500_122_186_953_4),
            (15.1, 1.0, 1.019_632_886_863_419_2e-4),
            (3.3, 5.0, 0.653_841_682_394_454_4),
            (120.0, 7.0, 7.661_246_463_353_02e-23),
            (40.0, 60.0, 0.978_181_782_474_442_7),
        ] {
            close(chi_squared_upper_tail(x, degrees), expected);
        }
        assert_eq!(chi_squared_upper_tail(0.0, 3.0), 1.0);
        assert_eq!(chi_squared_upper_tail(f64::INFINITY, 3.0), 0.0);
    }
}
