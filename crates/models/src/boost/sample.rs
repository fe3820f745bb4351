//! Rows and columns drawn for a tree.

use math::random::stream;
use rand::RngExt;

/// What is drawn: each has its own stream of the seed in each round.
#[derive(Debug, Clone, Copy)]
pub(super) enum Draw {
    Rows,
    Columns,
}

/// A share of `0..n`, rising, at least one; all where the share is 1.
///
/// # Source
/// Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S.
pub(super) fn sample(n: usize, share: f64, seed: u64, round: usize, draw: Draw) -> Vec<u32> {
    let wanted = ((share * n as f64).round() as usize).clamp(1, n);
    if wanted == n {
        return (0..n as u32).collect();
    }
    let mut random = stream(seed, 2 * round as u64 + draw as u64);
    let mut drawn = Vec::with_capacity(wanted);
    for at in 0..n {
        let (left, needed) = ((n - at) as f64, (wanted - drawn.len()) as f64);
        if random.random::<f64>() * left < needed {
            drawn.push(at as u32);
        }
    }
    drawn
}
