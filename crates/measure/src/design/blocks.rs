//! Arms in blocks of units that are alike: each block is split as the shares say, and not only all of them together.

use super::{Slot, unit_draw};

/// The arm of each unit of a block, from 0, in the order of the units: every arm has its share of the block, to one unit.
///
/// Units are put in the order of their hash and dealt out one after the other from a start that the hash of the block
/// decides: each unit gets each arm with exactly its share as probability, and the same units always the same arms.
///
/// - `block`: its number, so that the starts of blocks differ.
///
/// Time O(units log units).
/// # Source
/// Systematic sampling: Madow and Madow (1944).
#[must_use]
pub fn arms_in_block(slot: &Slot, block: usize, units: &[&str]) -> Vec<usize> {
    let mut order: Vec<(f64, usize)> = units
        .iter()
        .enumerate()
        .map(|(at, unit)| (unit_draw(&slot.salt, unit), at))
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| units[a.1].cmp(units[b.1])));
    let start = unit_draw(&slot.salt, &format!("block\t{block}"));
    let mut arms = vec![0; units.len()];
    for (rank, (_, at)) in order.into_iter().enumerate() {
        arms[at] = slot.arm_at((rank as f64 + start) / units.len() as f64);
    }
    arms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::ArmShare;

    fn slot(shares: &[f64]) -> Slot {
        let arms = shares.iter().enumerate();
        Slot {
            experiment: "mail".to_owned(),
            salt: "mail".to_owned(),
            from: 0.0,
            to: 1.0,
            arms: arms
                .map(|(n, share)| ArmShare {
                    arm: n.to_string(),
                    share: *share,
                })
                .collect(),
        }
    }

    #[test]
    fn every_block_is_split_exactly_and_every_unit_has_the_probability_asked_for() {
        let names: Vec<String> = (0..2_000).map(|n| format!("c{n}")).collect();
        let units: Vec<&str> = names.iter().map(String::as_str).collect();
        let slot = slot(&[0.25, 0.75]);
        let mut treated = 0;
        for block in 0..200 {
            let arms = arms_in_block(&slot, block, &units[block * 10..(block + 1) * 10]);
            let own = arms.iter().filter(|arm| **arm == 1).count();
            // 7.5 of 10: one or the other neighbour, never further off.
            assert!((7..=8).contains(&own), "block {block}: {own}");
            treated += own;
        }
        // 1,500 with a standard deviation of 7.
        assert!((1_465..=1_535).contains(&treated), "{treated}");
        assert_eq!(
            arms_in_block(&slot, 3, &units),
            arms_in_block(&slot, 3, &units)
        );
        assert!(arms_in_block(&slot, 0, &[]).is_empty());
    }
}
