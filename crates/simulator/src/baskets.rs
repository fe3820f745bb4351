//! What goes in a basket: tastes, tiers, popularity, habits, complements, substitutes, stock.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

use crate::catalogue::{Catalogue, Relation, TIERS, ZIPF_EXPONENT, category_months};
use crate::customers::Buyer;
use crate::draws::{fixed_choice, pick};
use crate::season::DAY_SECONDS;
use crate::stock::Stock;
use crate::truth::BasketTruth;

pub(crate) const PLANTED: BasketTruth = BasketTruth {
    zipf_exponent: ZIPF_EXPONENT,
    favourite_probability: 0.85,
    substitute_refusal_probability: 0.95,
    habit_probability: 0.5,
    due_probability: 0.9,
    switch_probability: 0.5,
    coupon_share: 0.08,
    coupon_discount: 0.10,
};
/// Tries before a wish is given up: a category and tier may hold nothing on hand that is new to the
/// basket.
const TRIES: usize = 12;

/// The items a wish can fall on in a week, by category and tier.
#[derive(Debug)]
pub(crate) struct Shelf {
    cells: Vec<Cell>,
    months: Vec<[f64; 12]>,
    categories: usize,
}

#[derive(Debug, Default)]
struct Cell {
    products: Vec<usize>,
    /// Weights summed up to and including each product.
    cumulative: Vec<f64>,
}

impl Shelf {
    pub(crate) fn new(catalogue: &Catalogue) -> Self {
        let mut cells: Vec<Cell> = Vec::new();
        cells.resize_with(catalogue.categories * TIERS, Cell::default);
        for (product, good) in catalogue.goods.iter().enumerate() {
            cells[good.row.category * TIERS + good.tier]
                .products
                .push(product);
        }
        let months = (0..catalogue.categories).map(category_months).collect();
        let mut shelf = Self {
            cells,
            months,
            categories: catalogue.categories,
        };
        shelf.stock_week(catalogue, 0);
        shelf
    }

    /// Takes the prices, trends and range of the week that starts on `day`.
    pub(crate) fn stock_week(&mut self, catalogue: &Catalogue, day: u32) {
        for cell in &mut self.cells {
            let mut sum = 0.0;
            cell.cumulative.clear();
            for &product in &cell.products {
                sum += catalogue.weight(product, day);
                cell.cumulative.push(sum);
            }
        }
    }

    fn total(&self, cell: usize) -> f64 {
        self.cells[cell].cumulative.last().copied().unwrap_or(0.0)
    }

    /// Probability of each category for a wish in `month` (0 is January), as weights.
    pub(crate) fn category_weights(&self, mix: &[f64], month: usize) -> Vec<f64> {
        (0..self.categories)
            .map(|category| mix[category] * self.months[category][month])
            .collect()
    }

    /// Probability of each tier of `category`, as weights; a tier with nothing on sale has none.
    pub(crate) fn tier_weights(&self, category: usize, tiers: &[f64; TIERS]) -> [f64; TIERS] {
        let mut weights = *tiers;
        for (tier, weight) in weights.iter_mut().enumerate() {
            if self.total(category * TIERS + tier) <= 0.0 {
                *weight = 0.0;
            }
        }
        weights
    }

    /// Products of a category and tier with their shares of it.
    pub(crate) fn shares(&self, category: usize, tier: usize) -> Vec<(usize, f64)> {
        let cell = &self.cells[category * TIERS + tier];
        let total = self.total(category * TIERS + tier);
        let mut before = 0.0;
        let mut shares = Vec::with_capacity(cell.products.len());
        for (&product, &cumulative) in cell.products.iter().zip(&cell.cumulative) {
            if cumulative > before {
                shares.push((product, (cumulative - before) / total));
            }
            before = cumulative;
        }
        shares
    }

    pub(crate) fn item(&self, rng: &mut ChaCha8Rng, category: usize, tier: usize) -> Option<usize> {
        let cell = &self.cells[category * TIERS + tier];
        let total = self.total(category * TIERS + tier);
        if total <= 0.0 {
            return None;
        }
        let at = rng.random::<f64>() * total;
        let position = cell.cumulative.partition_point(|sum| *sum <= at);
        cell.products.get(position).copied()
    }

    /// A wish of a customer in `month`.
    pub(crate) fn wish(&self, rng: &mut ChaCha8Rng, buyer: &Buyer, month: usize) -> Option<usize> {
        let category = pick(rng, &self.category_weights(&buyer.mix, month))?;
        let tier = pick(rng, &self.tier_weights(category, &buyer.tiers))?;
        self.item(rng, category, tier)
    }
}

/// What a customer carries from one order to the next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    /// Product and local second at which it is due.
    pub(crate) habits: Vec<(usize, u64)>,
    /// Replenished products tried and not taken up.
    pub(crate) declined: Vec<usize>,
    /// Complements decided for the next order.
    pub(crate) pending: Vec<usize>,
}

/// What stock-outs did to the wishes for a product.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Missed {
    pub(crate) lost: u64,
    pub(crate) switched: u64,
}

/// One order being filled.
pub(crate) struct Filling<'a> {
    pub(crate) seed: u64,
    pub(crate) customer: usize,
    pub(crate) buyer: &'a Buyer,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) shelf: &'a Shelf,
    pub(crate) stock: &'a mut Stock,
    pub(crate) missed: &'a mut [Missed],
    pub(crate) rng: ChaCha8Rng,
    pub(crate) second: u64,
    pub(crate) month: usize,
    pub(crate) basket: Vec<(usize, u32)>,
}

impl Filling<'_> {
    /// Fills the basket: never empty unless nothing at all is on hand.
    pub(crate) fn fill(&mut self, memory: &mut Memory, extra_items_mean: f64) {
        for product in std::mem::take(&mut memory.pending) {
            self.add(product);
        }
        self.renew(memory);
        let extra = Poisson::new(extra_items_mean).map_or(0.0, |count| count.sample(&mut self.rng));
        for _ in 0..=extra as usize {
            let Some(product) = self.wish() else { continue };
            if self.add(product) {
                self.add_complement(product, memory);
            }
        }
        for _ in 0..200 {
            if !self.basket.is_empty() {
                break;
            }
            if let Some(product) = self.shelf.wish(&mut self.rng, self.buyer, self.month) {
                self.add(product);
            }
        }
        self.start_habits(memory);
    }

    /// A wish that is not in the basket yet, nor the rival of something in it, nor a replenished
    /// item the customer has a rhythm for.
    fn wish(&mut self) -> Option<usize> {
        for _ in 0..TRIES {
            let drawn = self.shelf.wish(&mut self.rng, self.buyer, self.month)?;
            let product = self.favourite(drawn);
            if self.holds(product) || (self.rivals(product) && self.refuses()) {
                continue;
            }
            return Some(product);
        }
        None
    }

    fn favourite(&mut self, product: usize) -> usize {
        let Relation::Substitutes(group) = self.catalogue.goods[product].relation else {
            return product;
        };
        if self.rng.random::<f64>() >= PLANTED.favourite_probability {
            return product;
        }
        let members = &self.catalogue.groups[group];
        members[fixed_choice(self.seed, self.customer as u64, group as u64, members.len())]
    }

    fn holds(&self, product: usize) -> bool {
        self.basket.iter().any(|&(held, _)| held == product)
    }

    fn rivals(&self, product: usize) -> bool {
        let relation = self.catalogue.goods[product].relation;
        matches!(relation, Relation::Substitutes(_))
            && self
                .basket
                .iter()
                .any(|&(held, _)| self.catalogue.goods[held].relation == relation)
    }

    fn refuses(&mut self) -> bool {
        self.rng.random::<f64>() < PLANTED.substitute_refusal_probability
    }

    /// Adds a product, or another one in its place when there is none on hand.
    fn add(&mut self, product: usize) -> bool {
        if self.holds(product) {
            return false;
        }
        self.stock.want(product);
        if self.stock.on_hand(product) > 0 {
            self.take(product);
            return true;
        }
        let switches = self.rng.random::<f64>() < PLANTED.switch_probability;
        match self.replacement(product).filter(|_| switches) {
            Some(other) => {
                self.missed[product].switched += 1;
                self.stock.want(other);
                self.take(other);
            }
            None => self.missed[product].lost += 1,
        }
        false
    }

    /// Something on hand instead: of the same substitute group first, then of the same category and
    /// tier.
    fn replacement(&mut self, product: usize) -> Option<usize> {
        let good = &self.catalogue.goods[product];
        let found =
            |candidate: &usize| self.stock.on_hand(*candidate) > 0 && !self.holds(*candidate);
        if let Relation::Substitutes(group) = good.relation
            && let Some(&member) = self.catalogue.groups[group]
                .iter()
                .find(|&member| found(member))
        {
            return Some(member);
        }
        for _ in 0..TRIES {
            let other = self
                .shelf
                .item(&mut self.rng, good.row.category, good.tier)?;
            if self.stock.on_hand(other) > 0 && !self.holds(other) && !self.rivals(other) {
                return Some(other);
            }
        }
        None
    }

    fn take(&mut self, product: usize) {
        let several = if self.catalogue.goods[product]
            .replenished_every_days
            .is_some()
        {
            0.25
        } else {
            0.08
        };
        let mut units = 1;
        while units < 12 && self.rng.random::<f64>() < several {
            units += 1;
        }
        let units = self.stock.take(product, units);
        self.basket.push((product, units));
    }

    fn add_complement(&mut self, product: usize, memory: &mut Memory) {
        let Relation::Causes(pair) = self.catalogue.goods[product].relation else {
            return;
        };
        let pair = self.catalogue.pairs[pair];
        let (same, next) = (self.rng.random::<f64>(), self.rng.random::<f64>());
        if same < pair.same_order {
            self.add(pair.adds);
        } else if next < pair.next_order && !memory.pending.contains(&pair.adds) {
            memory.pending.push(pair.adds);
        }
    }

    /// Buys what is due by habit.
    fn renew(&mut self, memory: &mut Memory) {
        for (product, due) in &mut memory.habits {
            if *due > self.second || self.catalogue.weight(*product, self.day()) <= 0.0 {
                continue;
            }
            if self.rng.random::<f64>() < PLANTED.due_probability {
                self.add(*product);
                *due = self.next_due(*product);
            }
        }
    }

    /// A replenished item bought for the first time may start a habit; an item bought again by
    /// chance is due later.
    fn start_habits(&mut self, memory: &mut Memory) {
        for position in 0..self.basket.len() {
            let (product, _) = self.basket[position];
            if self.catalogue.goods[product]
                .replenished_every_days
                .is_none()
                || memory.declined.contains(&product)
            {
                continue;
            }
            let due = self.next_due(product);
            if let Some(habit) = memory.habits.iter_mut().find(|(held, _)| *held == product) {
                habit.1 = due;
            } else if self.rng.random::<f64>() < PLANTED.habit_probability {
                memory.habits.push((product, due));
            } else {
                memory.declined.push(product);
            }
        }
    }

    fn next_due(&mut self, product: usize) -> u64 {
        let days = self.catalogue.goods[product]
            .replenished_every_days
            .unwrap_or(30);
        let days = f64::from(days) * self.rng.random_range(0.9..1.1);
        self.second + (days * DAY_SECONDS as f64) as u64
    }

    fn day(&self) -> u32 {
        (self.second / DAY_SECONDS) as u32
    }
}
