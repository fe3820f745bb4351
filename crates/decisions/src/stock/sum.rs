//! Sums that are the same on any number of threads.

use rayon::prelude::*;

/// Numbers of a part.
const PART: usize = 4096;

/// A sum over numbers from 0 to `n`, in parts of fixed size, so that its rounding does not hang on the number of
/// threads.
pub(super) fn summed(n: usize, of: impl Fn(usize) -> f64 + Sync) -> f64 {
    let parts: Vec<f64> = (0..n.div_ceil(PART))
        .into_par_iter()
        .map(|part| (part * PART..((part + 1) * PART).min(n)).map(&of).sum())
        .collect();
    parts.iter().sum()
}
