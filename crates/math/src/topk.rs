//! The k largest of many.

use std::cmp::Ordering;

/// A candidate and its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Row of the candidate.
    pub index: u32,
    /// The larger, the better.
    pub score: f32,
}

/// The order of a list: score descending, then index ascending; a score that is not a number comes last.
#[must_use]
pub fn best_first(left: &Scored, right: &Scored) -> Ordering {
    match (left.score.is_nan(), right.score.is_nan()) {
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (true, true) => left.index.cmp(&right.index),
        // Not `total_cmp`: it would tell -0.0 from 0.0 and break a tie by the sign of nothing.
        (false, false) => right
            .score
            .partial_cmp(&left.score)
            .unwrap_or(Ordering::Equal)
            .then(left.index.cmp(&right.index)),
    }
}

/// The `k` largest scores among the candidates that `keep` accepts, best first; ties go to the lower index.
///
/// - fewer than `k` are returned when fewer are kept.
/// - scores of negative infinity and not-a-number are never returned: they mean "not a candidate".
///
/// Time O(n + k log k), memory O(k).
#[must_use]
pub fn top_k(scores: &[f32], k: usize, mut keep: impl FnMut(u32) -> bool) -> Vec<Scored> {
    if k == 0 {
        return Vec::new();
    }
    // A buffer of 2k is cut back to its k best when full: each cut is linear, so the whole stays linear,
    // and the worst kept score lets most candidates go with one comparison.
    let room = k.saturating_mul(2).min(scores.len()).max(1);
    let mut best: Vec<Scored> = Vec::with_capacity(room);
    let mut bar = f32::NEG_INFINITY;
    for (index, &score) in scores.iter().enumerate() {
        // A tie with the bar loses: its index is higher.
        if score.is_nan() || score <= bar {
            continue;
        }
        let index = index as u32;
        if !keep(index) {
            continue;
        }
        best.push(Scored { index, score });
        if best.len() >= room && best.len() > k {
            best.select_nth_unstable_by(k - 1, best_first);
            best.truncate(k);
            bar = best[k - 1].score;
        }
    }
    best.sort_unstable_by(best_first);
    best.truncate(k);
    best
}

#[cfg(test)]
mod tests {
    use super::{Scored, best_first, top_k};

    #[test]
    fn ties_go_to_the_lower_index() {
        let listed: Vec<u32> = top_k(&[1.0, 2.0, 2.0, 1.0, 2.0], 4, |_| true)
            .iter()
            .map(|s| s.index)
            .collect();
        assert_eq!(listed, [1, 2, 4, 0]);
    }

    #[test]
    fn what_is_not_a_candidate_is_never_listed() {
        let listed = top_k(&[f32::NAN, f32::NEG_INFINITY, 0.0, -0.0, 3.0], 9, |index| {
            index != 4
        });
        assert_eq!(listed.iter().map(|s| s.index).collect::<Vec<_>>(), [2, 3]);
        assert!(top_k(&[1.0], 0, |_| true).is_empty());
        assert!(top_k(&[], 3, |_| true).is_empty());
    }

    #[test]
    fn agrees_with_a_full_sort() {
        // A multiplicative sequence with many ties.
        let scores: Vec<f32> = (0u64..5000)
            .map(|i| ((i * 2_654_435_761) % 97) as f32)
            .collect();
        let mut all: Vec<Scored> = scores
            .iter()
            .enumerate()
            .map(|(i, &score)| Scored {
                index: i as u32,
                score,
            })
            .collect();
        all.sort_by(best_first);
        for k in [1, 2, 10, 97, 4999, 5000, 6000] {
            let expected = &all[..k.min(all.len())];
            assert_eq!(top_k(&scores, k, |_| true), expected, "k = {k}");
        }
    }
}
