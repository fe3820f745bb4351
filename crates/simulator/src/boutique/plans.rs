//! What is planned for everybody: prices and promotions.

use rand::RngExt;

use super::Boutique;
use super::calendar::Day;
use super::catalogue::{BoutiqueProduct, CATEGORIES};
use super::sites::{BoutiqueSite, REGIONS};
use crate::draws::{Purpose, distinct, stream};

/// Share of the products whose price changes once or twice.
const CHANGED: f64 = 0.3;
/// Mean days from the start of one promotion to the next.
const PAUSE_DAYS: usize = 6;
const DEPTHS: [f64; 6] = [0.10, 0.15, 0.20, 0.25, 0.30, 0.40];
const LENGTHS: [usize; 3] = [7, 10, 14];
/// Share of the promotions that run in one region only.
const REGIONAL: f64 = 0.4;

/// A price from a day of the chain on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Price {
    pub(super) from: usize,
    pub(super) cents: i64,
}

/// Some products cheaper and displayed from one day to another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Promotion {
    pub(super) name: String,
    pub(super) products: Vec<usize>,
    /// Position of the region; nothing where it runs everywhere.
    pub(super) area: Option<usize>,
    pub(super) first: usize,
    pub(super) last: usize,
    /// Share of the price that is taken off.
    pub(super) depth: f64,
}

impl Promotion {
    pub(super) fn runs(&self, site: &BoutiqueSite, day: usize) -> bool {
        (self.first..=self.last).contains(&day) && self.area.is_none_or(|area| area == site.area)
    }
}

/// The prices of each product, the earliest first.
pub(super) fn prices(chain: &Boutique, products: &[BoutiqueProduct]) -> Vec<Vec<Price>> {
    let of = |(index, product): (u64, &BoutiqueProduct)| {
        let mut rng = stream(chain.seed, Purpose::BoutiquePrice, index);
        let mut prices = vec![Price {
            from: product.introduced.unwrap_or(0),
            cents: product.price_cents,
        }];
        let changes = if rng.random::<f64>() < CHANGED {
            rng.random_range(1..=2)
        } else {
            0
        };
        let mut days: Vec<usize> = (0..changes)
            .map(|_| rng.random_range(28..chain.all_days()))
            .collect();
        days.sort_unstable();
        days.dedup();
        for from in days {
            let before = prices[prices.len() - 1];
            let change = 0.04 + 0.10 * rng.random::<f64>();
            // Prices rise more often than they fall.
            let sign = if rng.random::<f64>() < 0.7 { 1.0 } else { -1.0 };
            let price = before.cents as f64 * (1.0 + sign * change);
            let cents = (price / 10.0).round() as i64 * 10;
            if from > before.from {
                prices.push(Price { from, cents });
            }
        }
        prices
    };
    (0..).zip(products).map(of).collect()
}

/// The promotions in the order of their starts.
pub(super) fn promotions(
    chain: &Boutique,
    products: &[BoutiqueProduct],
    days: &[Day],
) -> Vec<Promotion> {
    let mut rng = stream(chain.seed, Purpose::BoutiquePromotion, 0);
    let mut promotions = Vec::new();
    let mut day = rng.random_range(1..PAUSE_DAYS);
    while day < days.len() {
        let kind = rng.random_range(0..CATEGORIES);
        let of: Vec<usize> = (0..products.len())
            .filter(|&index| products[index].kind == kind && products[index].lives(day))
            .collect();
        let many = rng.random_range(2..=8);
        let mut chosen: Vec<usize> = distinct(&mut rng, of.len(), many)
            .into_iter()
            .map(|place| of[place])
            .collect();
        chosen.sort_unstable();
        let regional = rng.random::<f64>() < REGIONAL;
        let area = rng.random_range(0..REGIONS.len());
        let length = LENGTHS[rng.random_range(0..LENGTHS.len())];
        // It starts on a Monday or a Wednesday.
        let first = (day..days.len()).find(|&start| matches!(days[start].weekday, 0 | 2));
        if let Some(first) = first.filter(|_| !chosen.is_empty()) {
            promotions.push(Promotion {
                name: format!("PR{:03}", promotions.len() + 1),
                products: chosen,
                area: regional.then_some(area),
                first,
                last: first + length - 1,
                depth: DEPTHS[rng.random_range(0..DEPTHS.len())],
            });
        }
        day += rng.random_range(1..2 * PAUSE_DAYS);
    }
    promotions
}
