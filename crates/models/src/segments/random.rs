//! Independent random streams from one seed, so that tasks can run in any order.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// What a stream is drawn for. Each use has its own streams, so that adding bootstraps does not
/// change the sample.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Use {
    Sample = 1,
    Start = 2,
    Bootstrap = 3,
    Silhouette = 4,
    Baseline = 5,
}

/// The stream of one task, a pure function of its arguments.
pub(crate) fn stream(seed: u64, purpose: Use, index: u64) -> ChaCha8Rng {
    // 2^56 tasks per use are more than any machine runs.
    math::random::stream(seed, ((purpose as u64) << 56) | index)
}

/// Uniform on [0, 1), from 53 random bits.
pub(crate) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Uniform on 0..n by multiplication; the bias is below n / 2^64.
pub(crate) fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize
}

/// `size` distinct positions out of 0..n in increasing order, or all of them when `size` ≥ n.
///
/// Selection sampling (Knuth, The Art of Computer Programming, vol. 2, algorithm 3.4.2 S).
pub(crate) fn sample(rng: &mut ChaCha8Rng, n: usize, size: usize) -> Vec<usize> {
    if size >= n {
        return (0..n).collect();
    }
    let mut taken = Vec::with_capacity(size);
    for position in 0..n {
        let missing = size - taken.len();
        if missing == 0 {
            break;
        }
        if uniform(rng) * ((n - position) as f64) < missing as f64 {
            taken.push(position);
        }
    }
    taken
}

/// `n` positions out of 0..n, drawn with replacement.
pub(crate) fn bootstrap(rng: &mut ChaCha8Rng, n: usize) -> Vec<usize> {
    (0..n).map(|_| below(rng, n)).collect()
}
