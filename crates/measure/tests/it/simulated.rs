//! Draws with a known truth, for the other tests.

use math::random::stream;
use measure::effects::Size;
use rand::{Rng, RngExt};

/// How often intervals covered, and what a fair share would be.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    covered: u32,
    of: u32,
}

impl Coverage {
    pub(crate) fn add(&mut self, low: f64, truth: f64, high: f64) {
        self.covered += u32::from(low <= truth && truth <= high);
        self.of += 1;
    }

    /// The share covered is within four of its own standard errors of `level`: 2.8 points for 1,000 at 95 %.
    pub(crate) fn assert_is(&self, level: f64, what: &str) {
        let share = f64::from(self.covered) / f64::from(self.of);
        let error = (level * (1.0 - level) / f64::from(self.of)).sqrt();
        assert!(
            (share - level).abs() < 4.0 * error,
            "{what}: {share} covered of {}, {level} was promised",
            self.of
        );
    }
}

pub(crate) fn draws(seed: u64, index: u64) -> impl Rng {
    stream(seed, index)
}

/// A standard normal, by Box and Muller.
pub(crate) fn normal(random: &mut impl Rng) -> f64 {
    let (one, other): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - one).ln()).sqrt() * (std::f64::consts::TAU * other).cos()
}

/// An exponential of mean 1: skewed, as spend is.
pub(crate) fn exponential(random: &mut impl Rng) -> f64 {
    -(1.0 - random.random::<f64>()).ln()
}

/// The estimate is within four of its own standard errors of the truth, which chance misses once in 16,000.
pub(crate) fn near(found: &Size, truth: f64) {
    assert!(
        (found.point - truth).abs() < 4.0 * found.standard_error,
        "{truth} is not near {found:?}"
    );
}

pub(crate) fn close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * (1.0 + expected.abs()),
        "{found} is not {expected}"
    );
}
