//! A shop of launches whose truth is known.

use math::random::stream;
use models::launch::{Columns, Estimate, Launch, LogNormal, Past, Sales, Total};
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
    /// What one would say who knows how the shop was drawn, all that is told, and the estimate.
    pub oracle: LogNormal,
}

pub struct Shop {
    pub past: Vec<Past>,
    pub future: Vec<Truth>,
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

/// Hours in which about two thirds of demand come: launches of the morning are quick, those of the evening slow.
pub fn pace(is_quick: bool) -> f64 {
    if is_quick { 5.0 } else { 25.0 }
}

/// Share of demand by each hour.
pub fn curve(pace: f64) -> Vec<f64> {
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

/// What a shop is drawn from.
struct Drawn {
    categories: Vec<f64>,
    brands: Vec<f64>,
    merchants: Vec<(f64, f64)>,
    stocks: bool,
    restless: bool,
}

impl Drawn {
    /// Demand in all beyond what is told, as a deviation, and by what the pace is multiplied.
    fn untold(&self, random: &mut ChaCha8Rng) -> (f64, f64) {
        let deviation = normal(random);
        if !self.restless {
            return (deviation, 1.0);
        }
        // Heavy tails, of Student's t with five degrees of freedom; what sells beyond what is told sells faster.
        let scale: f64 = Gamma::new(2.5, 2.0 / 5.0).unwrap().sample(random);
        let deviation = deviation / scale.sqrt();
        (deviation, (0.25 * normal(random) - 0.1 * deviation).exp())
    }

    fn launch(&self, random: &mut ChaCha8Rng, at: usize) -> Truth {
        let category = random.random_range(0..CATEGORIES);
        let brand = random.random_range(0..BRANDS);
        let merchant = random.random_range(0..MERCHANTS);
        let is_quick = random.random_range(0.0..1.0) < 0.5;
        let price: f64 = (3.0 + 0.6 * normal(random)).exp();
        let discount: f64 = random.random_range(0.1..0.7);
        let told = 5.0 + self.categories[category] + self.brands[brand] - 0.4 * (price.ln() - 3.0)
            + 1.2 * (discount - 0.4);
        let (deviation, hurry) = self.untold(random);
        let demand = (told + UNTOLD * deviation).exp().round() as u64;
        let (bias, spread) = self.merchants[merchant];
        let noise = bias + spread * normal(random);
        let likely = (demand as f64).max(0.5) * noise.exp();
        let hours = hours(random, demand, &curve(hurry * pace(is_quick)), SIZE);
        let has_stock = self.stocks && random.random_range(0.0..1.0) < 0.6;
        let stock = (likely * (-bias).exp() * random.random_range(0.6..2.0)).ceil();
        let stock = has_stock.then_some(stock as u64);
        let opening = if is_quick { "morning" } else { "evening" };
        let launch = Launch {
            id: format!("launch {at}"),
            opens_hour: 400_000 + 10 * at as i64,
            duration_hours: OPEN_HOURS,
            category: Some(format!("category {category}")),
            merchant: Some(format!("merchant {merchant}")),
            labels: vec![Some(format!("brand {brand}")), Some(opening.to_owned())],
            numbers: vec![Some(price), Some(discount)],
            text: Some(format!("Brand {brand} in category {category}")),
            estimate: Estimate::new(0.6 * likely, likely, 1.6 * likely).ok(),
        };
        let total = match stock {
            Some(stock) if demand >= stock => Total::AtLeast(stock),
            _ => Total::Sold(demand),
        };
        let sales = Some(Sales::until_sold_out(&hours, stock));
        // Two independent measurements of the logarithm of demand, each with its own precision.
        let (of_told, of_estimate) = (UNTOLD.powi(-2), spread.powi(-2));
        let both = of_told + of_estimate;
        let oracle = LogNormal {
            mu: (of_told * told + of_estimate * (likely.ln() - bias)) / both,
            sigma: both.sqrt().recip(),
        };
        Truth {
            past: Past {
                launch,
                total,
                stock,
                sales,
            },
            demand,
            hours,
            oracle,
        }
    }
}

impl Shop {
    /// - `stocks`: whether some launches have a stock that may run out.
    pub fn new(seed: u64, past: usize, future: usize, stocks: bool) -> Self {
        Self::drawn(seed, past, future, (stocks, false))
    }

    /// A shop that is not as models hold: demand has heavy tails, each launch its own pace, and what sells beyond what is
    /// told sells faster.
    pub fn restless(seed: u64, past: usize, future: usize) -> Self {
        Self::drawn(seed, past, future, (true, true))
    }

    fn drawn(seed: u64, past: usize, future: usize, (stocks, restless): (bool, bool)) -> Self {
        let mut random = stream(seed, 0);
        let random = &mut random;
        let categories = (0..CATEGORIES).map(|_| 0.7 * normal(random)).collect();
        let brands = (0..BRANDS).map(|_| 0.35 * normal(random)).collect();
        let merchant = |merchant: usize| {
            // Spreads from 0.1 to 0.9, evenly in their logarithm; biases of 35 %.
            let spread = 0.1 * 9.0_f64.powf(merchant as f64 / (MERCHANTS - 1) as f64);
            (0.3 * normal(random), spread)
        };
        let merchants = (0..MERCHANTS).map(merchant).collect();
        let drawn = Drawn {
            categories,
            brands,
            merchants,
            stocks,
            restless,
        };
        let mut all: Vec<Truth> = (0..past + future)
            .map(|at| drawn.launch(random, at))
            .collect();
        let future = all.split_off(past);
        Self {
            past: all.into_iter().map(|truth| truth.past).collect(),
            future,
            merchants: drawn.merchants,
        }
    }
}
