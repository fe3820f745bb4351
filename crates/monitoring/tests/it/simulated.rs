//! Draws for the tests.

use math::random::stream;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rand_distr::{Binomial, Distribution, Gamma, StandardNormal};
use schema::AsOf;

/// The day `n` days after the first one.
pub fn day(n: i32) -> AsOf {
    AsOf(schema::time::date_of(20_454 + n))
}

/// The draws of one product.
pub struct Draws(ChaCha8Rng);

impl Draws {
    pub fn of(seed: u64, index: u64) -> Self {
        Self(stream(seed, index))
    }

    /// Uniform in 0..1.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// Gamma of this shape and mean.
    pub fn gamma(&mut self, shape: f64, mean: f64) -> f64 {
        Gamma::new(shape, mean / shape).unwrap().sample(&mut self.0)
    }

    /// Successes among `n`.
    pub fn hits(&mut self, n: u64, rate: f64) -> u64 {
        Binomial::new(n, rate.clamp(0.0, 1.0))
            .unwrap()
            .sample(&mut self.0)
    }

    /// Counts of `n` units over cells of these shares.
    pub fn cells(&mut self, n: u64, shares: &[f64]) -> Vec<u64> {
        let (mut left, mut rest) = (n, shares.iter().sum::<f64>());
        let mut counts = Vec::with_capacity(shares.len());
        for share in shares {
            let of_rest = if rest > 0.0 { share / rest } else { 0.0 };
            let hits = self.hits(left, of_rest);
            counts.push(hits);
            left -= hits;
            rest -= share;
        }
        counts
    }
}
