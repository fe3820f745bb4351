//! Depths in order: a deeper offer never has the smaller effect.

/// Blocks of neighbours that share their mean so that values do not fall: pool adjacent violators, equal weights.
///
/// Returns one range per block, in order.
///
/// # Source
/// Barlow, Bartholomew, Bremner and Brunk (1972), pool adjacent violators.
#[must_use]
pub fn rising_blocks(values: &[f64]) -> Vec<std::ops::Range<usize>> {
    let mut blocks: Vec<(std::ops::Range<usize>, f64)> = Vec::with_capacity(values.len());
    for (at, value) in values.iter().enumerate() {
        let (mut range, mut mean) = (at..at + 1, *value);
        while let Some((before, lower)) = blocks.last() {
            if *lower <= mean {
                break;
            }
            let (left, right) = (before.len() as f64, range.len() as f64);
            mean = (left * lower + right * mean) / (left + right);
            range = before.start..range.end;
            blocks.pop();
        }
        blocks.push((range, mean));
    }
    blocks.into_iter().map(|(range, _)| range).collect()
}

/// Replaces values by the mean of their block.
pub(super) fn rise(values: &mut [f64]) {
    for block in rising_blocks(values) {
        let mean = values[block.clone()].iter().sum::<f64>() / block.len() as f64;
        values[block].fill(mean);
    }
}
