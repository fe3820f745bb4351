//! k-means on points of three coordinates.

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::random::uniform;
use super::standardise::{CHUNK, Point, add};

/// Centroids that move less than this, squared and summed, have settled.
const SETTLED: f64 = 1e-10;

/// Lloyd steps before giving up on settling; boundaries then move by far less than one customer
/// in a thousand.
const STEPS_MAX: usize = 100;

/// Groups of points and how tight they are.
#[derive(Debug, Clone)]
pub(crate) struct Grouping {
    pub(crate) centroids: Vec<Point>,
    /// Sum of squared distances to the own centroid.
    pub(crate) inertia: f64,
}

/// The tightest of `starts` runs of k-means++ and Lloyd steps. Needs at least `k` distinct points.
///
/// # Source
/// Arthur and Vassilvitskii (2007), k-means++: the advantages of careful seeding.
pub(crate) fn kmeans(points: &[Point], k: usize, starts: usize, rng: &mut ChaCha8Rng) -> Grouping {
    let mut best: Option<Grouping> = None;
    for _ in 0..starts.max(1) {
        let found = lloyd(points, seeds(points, k, rng));
        if best.as_ref().is_none_or(|b| found.inertia < b.inertia) {
            best = Some(found);
        }
    }
    best.expect("at least one start is run")
}

/// k-means++ seeds; each is the best of a few draws, which avoids most bad starts.
fn seeds(points: &[Point], k: usize, rng: &mut ChaCha8Rng) -> Vec<Point> {
    let tries = 2 + (k as f64).ln() as usize;
    let first = points[super::random::below(rng, points.len())];
    let mut chosen = vec![first];
    let mut nearest: Vec<f64> = points.iter().map(|p| squared(p, &first)).collect();
    while chosen.len() < k {
        let total: f64 = nearest.iter().sum();
        let mut best: Option<(f64, Vec<f64>, Point)> = None;
        for _ in 0..tries {
            let candidate = points[draw(&nearest, total, rng)];
            let closer: Vec<f64> = points
                .iter()
                .zip(&nearest)
                .map(|(p, d)| d.min(squared(p, &candidate)))
                .collect();
            let left: f64 = closer.iter().sum();
            if best.as_ref().is_none_or(|b| left < b.0) {
                best = Some((left, closer, candidate));
            }
        }
        let (_, closer, candidate) = best.expect("at least two draws are tried");
        nearest = closer;
        chosen.push(candidate);
    }
    chosen
}

/// A position drawn in proportion to its weight.
fn draw(weights: &[f64], total: f64, rng: &mut ChaCha8Rng) -> usize {
    let mut left = uniform(rng) * total;
    let mut last_positive = 0;
    for (i, &w) in weights.iter().enumerate() {
        if w > 0.0 {
            last_positive = i;
            if left < w {
                return i;
            }
        }
        left -= w;
    }
    last_positive
}

/// Lloyd steps from given centroids until they settle.
pub(crate) fn lloyd(points: &[Point], mut centroids: Vec<Point>) -> Grouping {
    for _ in 0..STEPS_MAX {
        let sums = accumulate(points, &centroids);
        let mut next: Vec<Point> = sums
            .groups
            .iter()
            .zip(&centroids)
            .map(|(g, old)| match g.count {
                0 => *old,
                n => g.sum.map(|s| s / n as f64),
            })
            .collect();
        if let Some(empty) = sums.groups.iter().position(|g| g.count == 0) {
            // A group that lost everybody restarts on the point served worst.
            next[empty] = points[sums.farthest.1];
        }
        let moved: f64 = next
            .iter()
            .zip(&centroids)
            .map(|(a, b)| squared(a, b))
            .sum();
        centroids = next;
        if moved < SETTLED {
            break;
        }
    }
    let inertia = accumulate(points, &centroids).inertia;
    Grouping { centroids, inertia }
}

#[derive(Clone, Default)]
struct Group {
    sum: Point,
    count: u64,
}

struct Sums {
    groups: Vec<Group>,
    inertia: f64,
    /// Largest squared distance to the own centroid, and the first point that has it.
    farthest: (f64, usize),
}

/// One pass over the points, in fixed chunks added in order.
fn accumulate(points: &[Point], centroids: &[Point]) -> Sums {
    let parts: Vec<Sums> = points
        .par_chunks(CHUNK)
        .enumerate()
        .map(|(chunk, part)| accumulate_chunk(part, chunk * CHUNK, centroids))
        .collect();
    let mut total = Sums {
        groups: vec![Group::default(); centroids.len()],
        inertia: 0.0,
        farthest: (-1.0, 0),
    };
    for part in parts {
        for (into, from) in total.groups.iter_mut().zip(part.groups) {
            into.sum = add(into.sum, from.sum);
            into.count += from.count;
        }
        total.inertia += part.inertia;
        if part.farthest.0 > total.farthest.0 {
            total.farthest = part.farthest;
        }
    }
    total
}

fn accumulate_chunk(part: &[Point], offset: usize, centroids: &[Point]) -> Sums {
    let mut sums = Sums {
        groups: vec![Group::default(); centroids.len()],
        inertia: 0.0,
        farthest: (-1.0, offset),
    };
    for (i, point) in part.iter().enumerate() {
        let (own, distance) = nearest(point, centroids);
        let group = &mut sums.groups[own];
        group.sum = add(group.sum, *point);
        group.count += 1;
        sums.inertia += distance;
        if distance > sums.farthest.0 {
            sums.farthest = (distance, offset + i);
        }
    }
    sums
}

/// Nearest centroid, the first of equals, and its squared distance.
pub(crate) fn nearest(point: &Point, centroids: &[Point]) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for (c, centroid) in centroids.iter().enumerate() {
        let distance = squared(point, centroid);
        if distance < best.1 {
            best = (c, distance);
        }
    }
    best
}

/// The group of every point.
pub(crate) fn assign_all(points: &[Point], centroids: &[Point]) -> Vec<usize> {
    points.par_iter().map(|p| nearest(p, centroids).0).collect()
}

/// Squared Euclidean distance.
pub(crate) fn squared(a: &Point, b: &Point) -> f64 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)
}
