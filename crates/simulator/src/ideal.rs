//! The list nobody can beat: what each customer would put in an order on the last day.

use crate::baskets::{Memory, PLANTED, Shelf};
use crate::catalogue::Catalogue;
use crate::customers::Buyer;
use crate::draws::{fixed_choice, rounded};
use crate::shop::Shop;
use crate::truth::LikelyItem;

const LIST_LENGTH: usize = 10;

/// What the lists of all customers need.
pub(crate) struct Ideal<'a> {
    pub(crate) shop: &'a Shop,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) shelf: &'a Shelf,
    /// Month of the last day, 0 is January.
    pub(crate) month: usize,
    /// Last second of the span.
    pub(crate) now: u64,
}

impl Ideal<'_> {
    /// The likeliest items of `customer`, the likeliest first, ties by product.
    pub(crate) fn list(&self, customer: usize, buyer: &Buyer, memory: &Memory) -> Vec<LikelyItem> {
        let mut probability = self.wished(customer, buyer);
        for pair in &self.catalogue.pairs {
            let caused = pair.same_order * probability[pair.bought];
            probability[pair.adds] = either(probability[pair.adds], caused);
        }
        for &(product, due) in &memory.habits {
            if due <= self.now && self.catalogue.weight(product, self.shop.days - 1) > 0.0 {
                probability[product] = either(probability[product], PLANTED.due_probability);
            }
        }
        for &product in &memory.pending {
            probability[product] = 1.0;
        }
        let likelier = |left: &usize, right: &usize| {
            probability[*right]
                .total_cmp(&probability[*left])
                .then(left.cmp(right))
        };
        let mut order: Vec<usize> = (0..probability.len()).collect();
        order.select_nth_unstable_by(LIST_LENGTH, likelier);
        order.truncate(LIST_LENGTH);
        order.sort_unstable_by(likelier);
        order
            .into_iter()
            .map(|product| LikelyItem {
                product: self.catalogue.goods[product].row.reference.clone(),
                probability: rounded(probability[product]),
            })
            .collect()
    }

    /// Probability that each product is wished for at least once among `1 + Poisson(m)` wishes:
    /// `1 − (1 − s)·exp(−m·s)` for a share s of one wish.
    fn wished(&self, customer: usize, buyer: &Buyer) -> Vec<f64> {
        let mut share = vec![0.0; self.catalogue.goods.len()];
        let weights = self.shelf.category_weights(&buyer.mix, self.month);
        let total: f64 = weights.iter().sum();
        for (category, weight) in weights.iter().enumerate() {
            let tiers = self.shelf.tier_weights(category, &buyer.tiers);
            let tier_total: f64 = tiers.iter().sum();
            for (tier, tier_weight) in tiers.iter().enumerate() {
                for (product, within) in self.shelf.shares(category, tier) {
                    share[product] = weight / total * tier_weight / tier_total * within;
                }
            }
        }
        for (group, members) in self.catalogue.groups.iter().enumerate() {
            let moved: f64 = members.iter().map(|&member| share[member]).sum::<f64>()
                * PLANTED.favourite_probability;
            for &member in members {
                share[member] *= 1.0 - PLANTED.favourite_probability;
            }
            let choice = fixed_choice(self.shop.seed, customer as u64, group as u64, members.len());
            share[members[choice]] += moved;
        }
        let extra = self.shop.extra_items_mean;
        share
            .into_iter()
            .map(|share| 1.0 - (1.0 - share) * (-extra * share).exp())
            .collect()
    }
}

fn either(left: f64, right: f64) -> f64 {
    1.0 - (1.0 - left) * (1.0 - right)
}
