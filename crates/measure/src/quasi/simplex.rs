//! Weights that are not negative and sum to 1, so that a mean of many series comes as near as it can to one.

use serde::{Deserialize, Serialize};

/// Share of the largest diagonal that is added to it, so that series which say the same can still be solved for.
const RIDGE: f64 = 1e-10;

/// The search is done when no other weights can lower the squared error by more than this share of what they could
/// lower that of the best single series.
const TOLERANCE: f64 = 1e-7;

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Convergence {
    /// Series taken up one after the other.
    pub steps: u64,
    /// By how much other weights could lower the squared error at most, as a share of what they could lower that of the
    /// best single series.
    pub gap: f64,
    /// Whether that is below the tolerance of 1e-7.
    pub converged: bool,
}

/// The weights found.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// One per series, not negative; they sum to 1.
    pub of: Vec<f64>,
    /// How near they are to the best.
    pub convergence: Convergence,
}

/// What is minimised.
struct Square<'a> {
    gram: &'a [f64],
    n: usize,
    target: &'a [f64],
    ridge: f64,
}

/// Series with a weight, and the weights.
type Active = Vec<(usize, f64)>;

impl Square<'_> {
    fn at(&self, i: usize, j: usize) -> f64 {
        let ridge = if i == j { self.ridge } else { 0.0 };
        self.gram[i * self.n + j] + ridge
    }

    /// Of one series' weight.
    fn gradient(&self, active: &Active, series: usize) -> f64 {
        let own = active
            .iter()
            .map(|(j, weight)| weight * self.at(series, *j));
        own.sum::<f64>() - self.target[series]
    }

    /// The best weights of the active series that sum to 1, whatever their sign; `None` where they cannot be told apart.
    fn free(&self, active: &Active) -> Option<Vec<f64>> {
        let k = active.len();
        // The lower triangle of Cholesky's factor, row by row.
        let mut factor: Vec<f64> = Vec::with_capacity(k * k);
        for (row, (i, _)) in active.iter().enumerate() {
            for (column, (j, _)) in active.iter().take(row + 1).enumerate() {
                let known: f64 = (0..column)
                    .map(|c| factor[row * k + c] * factor[column * k + c])
                    .sum();
                let rest = self.at(*i, *j) - known;
                if column < row {
                    factor.push(rest / factor[column * k + column]);
                } else if rest > 0.0 {
                    factor.push(rest.sqrt());
                } else {
                    return None;
                }
            }
            factor.resize((row + 1) * k, 0.0);
        }
        let solve = |mut b: Vec<f64>| {
            for i in 0..k {
                let known: f64 = (0..i).map(|c| factor[i * k + c] * b[c]).sum();
                b[i] = (b[i] - known) / factor[i * k + i];
            }
            for i in (0..k).rev() {
                let known: f64 = (i + 1..k).map(|c| factor[c * k + i] * b[c]).sum();
                b[i] = (b[i] - known) / factor[i * k + i];
            }
            b
        };
        let best = solve(active.iter().map(|(j, _)| self.target[*j]).collect());
        let even = solve(vec![1.0; k]);
        let missing = (1.0 - best.iter().sum::<f64>()) / even.iter().sum::<f64>();
        let weights = best.iter().zip(&even).map(|(b, e)| b + missing * e);
        Some(weights.collect())
    }

    /// Moves to the best weights of the active series, leaving out those whose weight would fall below 0.
    fn settle(&self, active: &mut Active) {
        while let Some(free) = self.free(active) {
            let below = active.iter().zip(&free).filter(|(_, to)| **to <= 0.0);
            let room = below.map(|((_, from), to)| from / (from - to));
            let share = room.fold(1.0, f64::min);
            for ((_, weight), to) in active.iter_mut().zip(&free) {
                *weight += share * (to - *weight);
            }
            let before = active.len();
            let least = 1e-14;
            active.retain(|(_, weight)| *weight > least);
            if share >= 1.0 || active.len() == before {
                return;
            }
        }
    }
}

/// The weights of the least `w'Gw / 2 - b'w`.
///
/// - `gram`: G, series × series, the sums of products of two series, in rows of length `n`.
/// - `target`: b, the sums of products of each series with the one to be met.
/// - `donors`: the series that may have a weight, at least one.
///
/// Takes up one series after the other, that which lowers the error fastest, and solves for the weights of all taken up,
/// dropping those that would turn negative: at most one more than there are periods keep a weight. Where many weights
/// fit without error, these are some of them. The duality gap `g'w - min g` of the gradient `g` bounds what is left to
/// gain.
///
/// # Source
/// Wolfe (1976), "Finding the nearest point in a polytope".
#[must_use]
pub fn simplex_weights(gram: &[f64], n: usize, target: &[f64], donors: &[usize]) -> Weights {
    let largest = donors.iter().map(|j| gram[j * n + j]).fold(0.0, f64::max);
    let square = Square {
        gram,
        n,
        target,
        ridge: RIDGE * largest,
    };
    let alone = |j: &usize| 0.5 * square.at(*j, *j) - target[*j];
    let start = donors
        .iter()
        .copied()
        .min_by(|a, b| alone(a).total_cmp(&alone(b)));
    let mut active: Active = start.map(|start| (start, 1.0)).into_iter().collect();
    let (mut steps, mut scale, mut gap) = (0u64, None, f64::INFINITY);
    while !active.is_empty() && steps <= 4 * donors.len() as u64 + 100 {
        let of = |j: &usize| (*j, square.gradient(&active, *j));
        let fastest = donors.iter().map(of).min_by(|a, b| a.1.total_cmp(&b.1));
        let Some((series, slope)) = fastest else {
            break;
        };
        let own = active.iter().map(|(j, w)| w * square.gradient(&active, *j));
        let left = (own.sum::<f64>() - slope).max(0.0);
        gap = left / *scale.get_or_insert(left.max(f64::MIN_POSITIVE));
        if gap <= TOLERANCE || left == 0.0 || active.iter().any(|(j, _)| *j == series) {
            break;
        }
        active.push((series, 0.0));
        square.settle(&mut active);
        steps += 1;
        if !active.iter().any(|(j, _)| *j == series) {
            // The limit of the arithmetic.
            break;
        }
    }
    if gap.is_finite() && scale.is_some_and(|scale| scale <= f64::MIN_POSITIVE) {
        // The best single series is the best of all.
        gap = 0.0;
    }
    let mut of = vec![0.0; n];
    let sum: f64 = active.iter().map(|(_, weight)| weight).sum();
    for (series, weight) in active {
        of[series] = weight / sum;
    }
    Weights {
        of,
        convergence: Convergence {
            steps,
            gap,
            converged: gap <= TOLERANCE,
        },
    }
}
