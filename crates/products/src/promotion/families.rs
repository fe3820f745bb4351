//! Depths in order: where nothing is taken off the outcome for it, a deeper offer of a family never changes less.

use super::settings::Settings;
use features::{History, Offer};
use models::uplift::{EffectInterval, rising_blocks};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Arms that give the same to the same customers, some more of it than others: each as places of arms, the shallowest
/// first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Families(Vec<Vec<usize>>);

impl Families {
    /// Offers of one type and one condition, of which no two are as deep. None where the outcome is money: what is given
    /// is taken off revenue and margin, and more of it may well bring less.
    ///
    /// - `arms`: names, without the control.
    pub(crate) fn of(settings: &Settings, history: &History, arms: &[String]) -> Self {
        if settings.outcome.is_money() {
            return Self::default();
        }
        let mut alike: BTreeMap<_, Vec<(&Offer, usize)>> = BTreeMap::new();
        for (place, arm) in arms.iter().enumerate() {
            if let Some(offer) = history.offers().get(arm) {
                let family = (&offer.kind, &offer.eligibility);
                alike.entry(family).or_default().push((offer, place));
            }
        }
        let in_order = alike.into_values().filter_map(|mut family| {
            family.sort_by(|(one, _), (other, _)| one.depth.total_cmp(&other.depth));
            let deepens = family.is_sorted_by(|(one, _), (other, _)| one.depth < other.depth);
            let places = family.into_iter().map(|(_, place)| place);
            Some(places.collect::<Vec<_>>()).filter(|all| deepens && all.len() > 1)
        });
        Self(in_order.collect())
    }

    /// Lets one number for each arm not fall with depth: those that do share their mean.
    pub(crate) fn put_in_order(&self, of_arms: &mut [f64]) {
        for family in &self.0 {
            let values: Vec<f64> = family.iter().map(|arm| of_arms[*arm]).collect();
            for block in rising_blocks(&values) {
                let mean = values[block.clone()].iter().sum::<f64>() / block.len() as f64;
                family[block].iter().for_each(|arm| of_arms[*arm] = mean);
            }
        }
    }

    /// The same of effects on one customer, ends of intervals put in order in the same way.
    pub(crate) fn in_order(&self, effects: Vec<EffectInterval>) -> Vec<EffectInterval> {
        if self.0.is_empty() {
            return effects;
        }
        let ordered = |end: fn(&EffectInterval) -> f64| {
            let mut values: Vec<f64> = effects.iter().map(end).collect();
            self.put_in_order(&mut values);
            values
        };
        let (points, lows, highs) = (
            ordered(|effect| effect.point),
            ordered(|effect| effect.low),
            ordered(|effect| effect.high),
        );
        let each = points.into_iter().zip(lows).zip(highs);
        each.map(|((point, low), high)| EffectInterval { point, low, high })
            .collect()
    }

    /// The arms that share their effect with one, that one included.
    ///
    /// - `effects`: of all arms on a customer, before they are put in order.
    pub(crate) fn sharing(&self, arm: usize, effects: &[f64]) -> Vec<usize> {
        for family in &self.0 {
            let values: Vec<f64> = family.iter().map(|arm| effects[*arm]).collect();
            let blocks = rising_blocks(&values).into_iter();
            let mut those = blocks.map(|block| family[block].to_vec());
            if let Some(block) = those.find(|block| block.contains(&arm)) {
                return block;
            }
        }
        vec![arm]
    }

    /// What it means, in sentences.
    ///
    /// - `arms`: names, without the control.
    pub(crate) fn lines<'a>(&'a self, arms: &'a [&str]) -> impl Iterator<Item = String> + 'a {
        self.0.iter().map(|family| {
            let names: Vec<&str> = family.iter().map(|arm| arms[*arm]).collect();
            format!(
                "a deeper offer is not taken to change less: {}",
                names.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_of_a_family_do_not_fall_with_depth_and_others_stay_as_they_are() {
        // Arms 3, 0 and 2 deepen in this order; arm 1 is alone.
        let families = Families(vec![vec![3, 0, 2]]);
        let mut effects = [4.0, -9.0, 2.0, 1.0];
        assert_eq!(families.sharing(0, &effects), [0, 2]);
        assert_eq!(families.sharing(3, &effects), [3]);
        assert_eq!(families.sharing(1, &effects), [1]);
        families.put_in_order(&mut effects);
        assert_eq!(effects, [3.0, -9.0, 3.0, 1.0]);
        let interval = |point: f64| EffectInterval {
            point,
            low: point - 1.0,
            high: point + 2.0,
        };
        let ordered = families.in_order([5.0, 0.0, 1.0, 6.0].map(interval).to_vec());
        assert_eq!(ordered, [4.0, 0.0, 4.0, 4.0].map(interval));
    }
}
