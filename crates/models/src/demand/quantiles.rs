//! Quantiles of the past as they are kept: some parts of the whole apart.

/// Quantiles kept are this many parts of the whole apart.
const PARTS: usize = 40;

/// Quantiles of values, [`PARTS`] apart, both ends with them.
///
/// - `sorted`: rising, at least one.
///
/// Of n values the one of rank ⌈level · (n + 1)⌉ is not passed by the next with that probability at least; low levels
/// are counted from above.
pub(super) fn kept(sorted: &[f64]) -> Vec<f32> {
    let n = sorted.len();
    let at = |part: usize| {
        let level = part as f64 / PARTS as f64;
        let rank = if level >= 0.5 {
            (level * (n + 1) as f64).ceil() as usize
        } else {
            (n + 1).saturating_sub(((1.0 - level) * (n + 1) as f64).ceil() as usize)
        };
        sorted[rank.clamp(1, n) - 1] as f32
    };
    (0..=PARTS).map(at).collect()
}

/// The quantile of a level, 0 to 1; between two kept ones the line.
pub(super) fn between(kept: &[f32], level: f64) -> f64 {
    let at = level.clamp(0.0, 1.0) * PARTS as f64;
    let low = (at.floor() as usize).min(PARTS - 1);
    let (one, two) = (f64::from(kept[low]), f64::from(kept[low + 1]));
    one + (at - low as f64) * (two - one)
}
