//! Seeded random streams.
//!
//! Every random number of the product comes from an explicit seed and a stream index,
//! so that work split over threads draws the same numbers as work done by one.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

/// The random numbers of one piece of work.
///
/// The same `seed` and `index` give the same numbers on every machine; two indices of one seed are independent streams
/// of ChaCha8.
#[must_use]
pub fn stream(seed: u64, index: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(index);
    random
}

/// `n` draws of a normal distribution of mean 0, from the given stream.
#[must_use]
pub fn normals(seed: u64, index: u64, n: usize, standard_deviation: f32) -> Vec<f32> {
    let mut random = stream(seed, index);
    let mut draw = || {
        let unit: f32 = StandardNormal.sample(&mut random);
        unit * standard_deviation
    };
    (0..n).map(|_| draw()).collect()
}

#[cfg(test)]
mod tests {
    use super::stream;
    use rand_chacha::rand_core::Rng;

    #[test]
    fn a_stream_is_a_function_of_seed_and_index() {
        assert_eq!(stream(7, 3).next_u64(), stream(7, 3).next_u64());
        assert_ne!(stream(7, 3).next_u64(), stream(7, 4).next_u64());
        assert_ne!(stream(7, 3).next_u64(), stream(8, 3).next_u64());
    }
}
