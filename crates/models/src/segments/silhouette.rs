//! How well each point sits in its own group compared with the next one.

use rayon::prelude::*;

use super::kmeans::squared;
use super::standardise::Point;

/// Mean silhouette of points under a grouping, from −1 to 1, over all pairs of the points given.
///
/// A point alone in its group counts for 0, as in the source. None when the lengths differ or
/// fewer than two groups are present: there is then no next group. Time O(n²).
///
/// # Source
/// Rousseeuw (1987), Silhouettes, Journal of Computational and Applied Mathematics 20.
pub fn silhouette(points: &[[f64; 3]], groups: &[usize]) -> Option<f64> {
    if points.len() != groups.len() {
        return None;
    }
    let slots = groups.iter().max()? + 1;
    let mut sizes = vec![0_usize; slots];
    for &g in groups {
        sizes[g] += 1;
    }
    if sizes.iter().filter(|&&n| n > 0).count() < 2 {
        return None;
    }
    let each: Vec<f64> = points
        .par_iter()
        .zip(groups)
        .map(|(point, &own)| one(point, own, points, groups, &sizes))
        .collect();
    Some(each.iter().sum::<f64>() / points.len() as f64)
}

fn one(point: &Point, own: usize, points: &[Point], groups: &[usize], sizes: &[usize]) -> f64 {
    if sizes[own] < 2 {
        return 0.0;
    }
    let mut sums = vec![0.0; sizes.len()];
    for (other, &group) in points.iter().zip(groups) {
        sums[group] += squared(point, other).sqrt();
    }
    let inside = sums[own] / (sizes[own] - 1) as f64;
    let next = sums
        .iter()
        .zip(sizes)
        .enumerate()
        .filter(|(g, (_, n))| *g != own && **n > 0)
        .map(|(_, (sum, n))| sum / *n as f64)
        .fold(f64::INFINITY, f64::min);
    let scale = inside.max(next);
    if scale > 0.0 {
        (next - inside) / scale
    } else {
        0.0
    }
}
