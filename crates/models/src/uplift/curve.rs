//! A smooth monotone function of one number.

use serde::{Deserialize, Serialize};

/// Pieces of the curve: enough to bend, few enough to learn from scores that are almost all noise.
const PIECES: usize = 6;

/// How much a bend costs, over how much the scores say of a slope: bends appear where they are clear.
const BEND_COST: f64 = 10.0;

/// Sweeps of coordinate descent over six slopes; it converges linearly and long before.
const SWEEPS: usize = 500;

/// A continuous piecewise linear function whose slopes have one sign, straight beyond its ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Curve {
    /// Rising; one more than there are slopes. A single one is a constant.
    knots: Vec<f64>,
    slopes: Vec<f64>,
    /// Value at the first knot.
    start: f64,
}

impl Curve {
    /// Fits scores by a function of `at` that rises or falls, whichever the scores do on the whole.
    ///
    /// - `weights`: how much each score tells.
    ///
    /// Least squares in the slopes between seven quantiles of `at`, with squared differences of neighbouring slopes as
    /// penalty and slopes of one sign: without evidence of a bend it is a line.
    ///
    /// # Source
    /// Eilers and Marx (1996) for the penalty on differences; Meyer (2008) for regression under shape constraints.
    pub(super) fn fit(at: &[f64], scores: &[f64], weights: &[f64]) -> Self {
        let n = weights.iter().sum::<f64>();
        let mean = |values: &[f64]| {
            let pairs = values.iter().zip(weights);
            pairs.map(|(value, weight)| weight * value).sum::<f64>() / n
        };
        let (at_mean, score_mean) = (mean(at), mean(scores));
        let knots = quantiles(at);
        if knots.len() < 2 {
            return Self {
                knots,
                slopes: Vec::new(),
                start: score_mean,
            };
        }
        let together: f64 = at
            .iter()
            .zip(scores)
            .zip(weights)
            .map(|((x, y), weight)| weight * (x - at_mean) * (y - score_mean))
            .sum();
        let sign = if together < 0.0 { -1.0 } else { 1.0 };
        let pieces = knots.len() - 1;
        let (mut means, mut gram, mut moments) = (
            vec![0.0; pieces],
            vec![0.0; pieces * pieces],
            vec![0.0; pieces],
        );
        let mut covered = vec![0.0; pieces];
        for (x, weight) in at.iter().zip(weights) {
            cover(&knots, *x, &mut covered);
            for (mean, part) in means.iter_mut().zip(&covered) {
                *mean += weight * part / n;
            }
        }
        for ((x, y), weight) in at.iter().zip(scores).zip(weights) {
            cover(&knots, *x, &mut covered);
            for piece in 0..pieces {
                let part = weight * (covered[piece] - means[piece]);
                moments[piece] += part * sign * (y - score_mean) / n;
                for other in 0..pieces {
                    gram[piece * pieces + other] += part * (covered[other] - means[other]) / n;
                }
            }
        }
        let scale = BEND_COST
            * (0..pieces)
                .map(|piece| gram[piece * pieces + piece])
                .sum::<f64>()
            / pieces as f64;
        for piece in 1..pieces {
            let (here, before) = (piece, piece - 1);
            gram[here * pieces + here] += scale;
            gram[before * pieces + before] += scale;
            gram[here * pieces + before] -= scale;
            gram[before * pieces + here] -= scale;
        }
        let slopes: Vec<f64> = non_negative(&gram, &moments)
            .into_iter()
            .map(|slope| sign * slope)
            .collect();
        let start = score_mean
            - slopes
                .iter()
                .zip(&means)
                .map(|(slope, mean)| slope * mean)
                .sum::<f64>();
        Self {
            knots,
            slopes,
            start,
        }
    }

    /// Value at a point.
    pub(super) fn value(&self, at: f64) -> f64 {
        let mut covered = vec![0.0; self.slopes.len()];
        cover(&self.knots, at, &mut covered);
        let rise: f64 = covered
            .iter()
            .zip(&self.slopes)
            .map(|(part, slope)| part * slope)
            .sum();
        self.start + rise
    }

    /// Mean slope between two points; at one point, the slope there.
    pub(super) fn slope_between(&self, from: f64, to: f64) -> f64 {
        let Some(last) = self.slopes.len().checked_sub(1) else {
            return 0.0;
        };
        let width = self.knots[last + 1] - self.knots[0];
        if (to - from).abs() > 1e-9 * width {
            return (self.value(to) - self.value(from)) / (to - from);
        }
        let inner = &self.knots[1..=last];
        self.slopes[inner.partition_point(|knot| *knot <= to)]
    }

    /// Whether knots and slopes fit together, for curves read from outside.
    pub(super) fn is_whole(&self) -> bool {
        self.knots.len() == self.slopes.len() + 1 && self.knots.is_sorted()
    }
}

/// How much of each piece lies below `x`; the first and last go on beyond their ends.
fn cover(knots: &[f64], x: f64, covered: &mut [f64]) {
    let last = covered.len().saturating_sub(1);
    for (piece, part) in covered.iter_mut().enumerate() {
        let (from, to) = (knots[piece], knots[piece + 1]);
        let low = if piece == 0 { f64::NEG_INFINITY } else { from };
        let high = if piece == last { f64::INFINITY } else { to };
        *part = x.clamp(low, high) - from;
    }
}

/// Seven quantiles, each once.
fn quantiles(at: &[f64]) -> Vec<f64> {
    let mut sorted = at.to_vec();
    sorted.sort_by(f64::total_cmp);
    let pick = |piece: usize| sorted[piece * (sorted.len() - 1) / PIECES];
    let mut knots: Vec<f64> = (0..=PIECES).map(pick).collect();
    knots.dedup();
    knots
}

/// Minimises `x'Gx / 2 - m'x` over x ≥ 0 by coordinate descent.
fn non_negative(gram: &[f64], moments: &[f64]) -> Vec<f64> {
    let n = moments.len();
    let mut x = vec![0.0; n];
    for _ in 0..SWEEPS {
        for at in 0..n {
            let row = &gram[at * n..(at + 1) * n];
            let pull: f64 = row.iter().zip(&x).map(|(g, x)| g * x).sum();
            let diagonal = row[at];
            if diagonal > 0.0 {
                x[at] = f64::max(0.0, x[at] + (moments[at] - pull) / diagonal);
            }
        }
    }
    x
}
