//! A shop of launches whose truth is known.

use math::random::stream;
use models::launch::{Columns, Estimate, Launch, Past, Sales, Total};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution, Gamma, StandardNormal};

pub const CATEGORIES: usize = 6;
pub const BRANDS: usize = 15;
pub const MERCHANTS: usize = 20;
pub const OPEN_HOURS: u32 = 48;
pub const DAY: usize = 24;

/// How alike curves of launches are: the size of a Dirichlet distribution.
const SIZE: f64 = 60.0;

/// What is not told of a launch, as a standard deviation of the logarithm.
pub const UNTOLD: f64 = 0.5;

/// A launch with its truth.
pub struct Truth {
    pub past: Past,
    /// What would have been sold, had there been enough.
    pub demand: u64,
    /// All hours, as if there had been enough.
    pub hours: Vec<u32>,
}

pub struct Shop {
    pub past: Vec<Past>,
    pub future: Vec<Truth>,
    /// Demand of the past launches, the same order.
    pub demands: Vec<u64>,
    /// By merchant: logarithm of the factor by which estimates are too high, and their spread.
    pub merchants: Vec<(f64, f64)>,
}

pub fn normal(random: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(random)
}

pub fn columns() -> Columns {
    Columns {
        labels: vec!["brand".to_owned(), "opening".to_owned()],
        numbers: vec!["price".to_owned(), "discount".to_owned()],
    }
}

/// Share of demand by each hour: launches of the morning are quick, those of the evening slow.
pub fn curve(is_quick: bool) -> Vec<f64> {
    let pace = if is_quick { 5.0 } else { 25.0 };
    let end = 1.0 - (-f64::from(OPEN_HOURS) / pace).exp();
    (1..=OPEN_HOURS)
        .map(|hour| (1.0 - (-f64::from(hour) / pace).exp()) / end)
        .collect()
}

/// Units by hour of so much demand, the curve being one of the Dirichlet distribution around a common one.
pub fn hours(random: &mut ChaCha8Rng, demand: u64, up_to: &[f64], size: f64) -> Vec<u32> {
    let mut before = 0.0;
    let weights: Vec<f64> = up_to
        .iter()
        .map(|up_to| {
            let share = (up_to - before) * size;
            before = *up_to;
            Gamma::new(share.max(1e-6), 1.0).unwrap().sample(random)
        })
        .collect();
    let (mut left, mut rest) = (demand, weights.iter().sum::<f64>());
    let each = weights.iter().map(|weight| {
        let share = (weight / rest.max(1e-300)).clamp(0.0, 1.0);
        rest -= weight;
        let own = Binomial::new(left, share).unwrap().sample(random);
        left -= own;
        own as u32
    });
    let mut each: Vec<u32> = each.collect();
    *each.last_mut().unwrap() += left as u32;
    each
}

impl Shop {
    /// - `stocks`: whether some launches have a stock that may run out.
    pub fn new(seed: u64, past: usize, future: usize, stocks: bool) -> Self {
        let mut random = stream(seed, 0);
        let random = &mut random;
        let categories: Vec<f64> = (0..CATEGORIES).map(|_| 0.7 * normal(random)).collect();
        let brands: Vec<f64> = (0..BRANDS).map(|_| 0.35 * normal(random)).collect();
        let merchants: Vec<(f64, f64)> = (0..MERCHANTS)
            .map(|merchant| {
                // Spreads from 0.1 to 0.9, evenly in their logarithm; biases of 35 %.
                let spread = 0.1 * 9.0_f64.powf(merchant as f64 / (MERCHANTS - 1) as f64);
                (0.3 * normal(random), spread)
            })
            .collect();
        let mut all: Vec<Truth> = (0..past + future)
            .map(|at| {
                let category = random.random_range(0..CATEGORIES);
                let brand = random.random_range(0..BRANDS);
                let merchant = random.random_range(0..MERCHANTS);
                let is_quick = random.random_range(0.0..1.0) < 0.5;
                let price: f64 = (3.0 + 0.6 * normal(random)).exp();
                let discount: f64 = random.random_range(0.1..0.7);
                let told = 5.0 + categories[category] + brands[brand] - 0.4 * (price.ln() - 3.0)
                    + 1.2 * (discount - 0.4);
                let demand = (told + UNTOLD * normal(random)).exp().round() as u64;
                let (bias, spread) = merchants[merchant];
                let noise = bias + spread * normal(random);
                let likely = (demand as f64).max(0.5) * noise.exp();
                let hours = hours(random, demand, &curve(is_quick), SIZE);
                let has_stock = stocks && random.random_range(0.0..1.0) < 0.6;
                let stock = (likely * (-bias).exp() * random.random_range(0.6..2.0)).ceil();
                let stock = has_stock.then_some(stock as u64);
                let launch = Launch {
                    id: format!("launch {at}"),
                    opens_hour: 400_000 + 10 * at as i64,
                    duration_hours: OPEN_HOURS,
                    category: Some(format!("category {category}")),
                    merchant: Some(format!("merchant {merchant}")),
                    labels: vec![
                        Some(format!("brand {brand}")),
                        Some(if is_quick { "morning" } else { "evening" }.to_owned()),
                    ],
                    numbers: vec![Some(price), Some(discount)],
                    text: Some(format!("Brand {brand} in category {category}")),
                    estimate: Estimate::new(0.6 * likely, likely, 1.6 * likely).ok(),
                };
                let total = match stock {
                    Some(stock) if demand >= stock => Total::AtLeast(stock),
                    _ => Total::Sold(demand),
                };
                let sales = Sales::until_sold_out(&hours, stock);
                Truth {
                    past: Past {
                        launch,
                        total,
                        stock,
                        sales: Some(sales),
                    },
                    demand,
                    hours,
                }
            })
            .collect();
        let future = all.split_off(past);
        Self {
            demands: all.iter().map(|truth| truth.demand).collect(),
            past: all.into_iter().map(|truth| truth.past).collect(),
            future,
            merchants,
        }
    }
}
