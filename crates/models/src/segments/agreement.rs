//! How far two groupings of the same customers agree.

use std::collections::BTreeMap;

/// Adjusted Rand index of two groupings of the same customers, position by position.
///
/// 1 when the groups are the same up to their numbers, 0 on average for unrelated groupings, and
/// negative when they agree less than chance. Two groupings that both put everyone together, or
/// both leave everyone alone, agree perfectly: 1. None when the lengths differ or nobody is given.
///
/// # Source
/// Hubert and Arabie (1985), Comparing partitions, Journal of Classification 2, eq. 5.
pub fn adjusted_rand_index(left: &[usize], right: &[usize]) -> Option<f64> {
    if left.len() != right.len() || left.is_empty() {
        return None;
    }
    let mut cells: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    let mut rows: BTreeMap<usize, u64> = BTreeMap::new();
    let mut columns: BTreeMap<usize, u64> = BTreeMap::new();
    for (&l, &r) in left.iter().zip(right) {
        *cells.entry((l, r)).or_default() += 1;
        *rows.entry(l).or_default() += 1;
        *columns.entry(r).or_default() += 1;
    }
    let together = pairs(cells.values());
    let in_left = pairs(rows.values());
    let in_right = pairs(columns.values());
    let all = pairs([left.len() as u64].iter());
    let expected = if all > 0.0 {
        in_left * in_right / all
    } else {
        0.0
    };
    let most = f64::midpoint(in_left, in_right);
    if most == expected {
        // Only when both groupings are trivial in the same way.
        return Some(1.0);
    }
    Some((together - expected) / (most - expected))
}

/// Number of pairs inside the groups of these sizes.
fn pairs<'a>(sizes: impl Iterator<Item = &'a u64>) -> f64 {
    sizes.map(|&n| (n as f64) * (n as f64 - 1.0) / 2.0).sum()
}
