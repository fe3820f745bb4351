//! The launches, and the truth about each of their products.

use jiff::civil::DateTime;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, Poisson, StandardNormal};

use super::catalogue::{Brand, Category};
use super::curves::Curve;
use super::merchants::{Habit, MIDDLE, MerchantSkill};
use super::{DAY_SECONDS, FlashSales, HOUR_SECONDS};
use crate::counts::Newsvendor;
use crate::draws::{Purpose, pick, stream};

/// τ: standard deviation of the part of the logarithm of an intensity that attributes do not tell.
pub(super) const UNEXPLAINED: f64 = 0.5;
/// Size of the negative binomial demand: its variance is `mean + mean² / SIZE`.
pub(super) const SIZE: f64 = 25.0;
/// Hours of the day, in UTC, at which launches open.
pub(super) const MORNING_HOUR: i64 = 6;
const EVENING_HOUR: i64 = 18;
const EVENING_SHARE: f64 = 0.2;
/// Logarithm of the factor of an evening on demand.
const EVENING: f64 = -0.12;
/// How much likelier a second wave is when a launch opens in the evening.
const EVENING_WAVE: f64 = 3.0;
/// Logarithms of the factors of the weekday of the opening, Monday first.
const WEEKDAY: [f64; 7] = [0.05, 0.1, 0.08, 0.05, 0.0, -0.16, -0.12];
/// Demand goes as price^(-ELASTICITY) within a category, and grows with the share of the list price that is taken off.
const ELASTICITY: f64 = 0.9;
const DEPTH: f64 = 2.0;
const MIDDLE_DEPTH: f64 = 0.5;
/// Chances of one to six products.
const PRODUCTS: [f64; 6] = [0.30, 0.25, 0.20, 0.12, 0.08, 0.05];
/// Chances of 48, 72, 96 and 120 hours.
const LENGTHS: [f64; 4] = [0.2, 0.4, 0.25, 0.15];
/// Chance that a product was in a launch before, where its brand has had one of the category long enough ago.
const AGAIN: f64 = 0.15;
const AGAIN_DAYS: i64 = 45;

/// What is true of one product in one launch.
#[derive(Debug, Clone, PartialEq)]
pub struct LaunchTruth {
    /// The shop's identifier of the launch.
    pub launch: String,
    /// The shop's identifier of the product.
    pub product: String,
    /// Its category.
    pub category: &'static str,
    /// Its brand.
    pub brand: String,
    /// Position of the merchant in charge in [`FlashSalesShop::merchants`](super::FlashSalesShop::merchants).
    pub merchant: usize,
    /// When it opens, in UTC.
    pub opens_at: DateTime,
    /// When it closes, in UTC.
    pub closes_at: DateTime,
    /// Hours from opening to closing.
    pub length_hours: f64,
    /// Price of the launch.
    pub price_cents: i64,
    /// Price elsewhere.
    pub list_price_cents: i64,
    /// What the shop pays for one unit.
    pub cost_cents: i64,
    /// What a unit brings that is left over.
    pub salvage_cents: i64,
    /// How many can be sold; nothing where there is no limit, as in all launches to come.
    pub available_units: Option<u32>,
    /// Logarithm of the intensity as far as attributes tell it: category, brand, price, depth, season, weekday, hour
    /// and merchant.
    pub attributes: f64,
    /// The rest of the logarithm, normal of mean 0, drawn anew for each product of each launch.
    pub unexplained: f64,
    /// Mean of the negative binomial demand, in units: the exponential of the sum of both.
    pub intensity: f64,
    /// Units wanted from opening to closing, sold or not.
    pub demand: u32,
    /// Chances of the curves as far as attributes tell them, in the order of [`Curve::ALL`].
    pub curve_chances: [f64; Curve::ALL.len()],
    /// The curve of the launch.
    pub curve: Curve,
    /// Whether it opens on the last day or later.
    pub upcoming: bool,
    /// Seconds from the club's first midnight to the opening.
    pub(super) opens: i64,
    /// Position in the catalogue of products.
    pub(super) article: usize,
}

impl LaunchTruth {
    /// Share of the demand that has come in the first `hours`, 0 to 1.
    #[must_use]
    pub fn share(&self, hours: f64) -> f64 {
        self.curve.share(hours, self.length_hours)
    }

    /// What it costs to order too little or too much before the launch.
    #[must_use]
    pub fn costs(&self) -> Newsvendor {
        Newsvendor {
            underage_cents: (self.price_cents - self.cost_cents) as f64,
            overage_cents: (self.cost_cents - self.salvage_cents) as f64,
        }
    }
}

/// A product of the catalogue.
#[derive(Debug, Clone)]
pub(super) struct Article {
    pub(super) reference: String,
    pub(super) name: String,
    pub(super) category: usize,
    pub(super) brand: usize,
    /// Who made its first launch.
    pub(super) merchant: usize,
    pub(super) list_price_cents: i64,
    pub(super) cost_cents: i64,
    /// Second of the opening of its last launch.
    last: i64,
}

/// Who and what there is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cast<'a> {
    pub(super) club: &'a FlashSales,
    pub(super) categories: &'a [Category],
    pub(super) brands: &'a [Brand],
    pub(super) merchants: &'a [MerchantSkill],
}

/// What the products of one launch share.
struct Launch {
    index: usize,
    name: String,
    opens: i64,
    length: f64,
    brand: usize,
    category: usize,
    merchant: usize,
    depth: f64,
    curve_chances: [f64; Curve::ALL.len()],
    curve: Curve,
}

impl Cast<'_> {
    /// The catalogue and the truth of every launch × product, in the order of the openings.
    pub(super) fn launches(self) -> (Vec<Article>, Vec<LaunchTruth>) {
        let mut articles = Vec::new();
        let mut truths = Vec::new();
        for (index, opens) in self.openings().into_iter().enumerate() {
            let mut rng = stream(self.club.seed, Purpose::FlashLaunch, index as u64);
            let launch = self.launch(&mut rng, index, opens);
            let products = 1 + pick(&mut rng, &PRODUCTS).unwrap_or(0);
            let mut chosen = Vec::with_capacity(products);
            for _ in 0..products {
                let article = self.article(&mut rng, &launch, &mut articles, &chosen);
                chosen.push(article);
                truths.push(self.truth(&mut rng, &launch, article, &articles[article]));
            }
        }
        for (pair, truth) in truths.iter_mut().enumerate() {
            truth.demand = demand(self.club.seed, pair, truth.intensity);
        }
        (articles, truths)
    }

    /// Seconds of the openings: those before the last day, those of its morning, those after it.
    fn openings(self) -> Vec<i64> {
        let mut rng = stream(self.club.seed, Purpose::FlashCatalogue, 2);
        let mut at = |days: std::ops::Range<i64>| {
            let day = rng.random_range(days);
            let evening = rng.random::<f64>() < EVENING_SHARE;
            let hour = if evening { EVENING_HOUR } else { MORNING_HOUR };
            day * DAY_SECONDS + hour * HOUR_SECONDS
        };
        let last = i64::from(self.club.days);
        let mut openings: Vec<i64> = (0..self.club.launches).map(|_| at(0..last)).collect();
        let today = self.club.upcoming / 2;
        openings.extend((0..today).map(|_| self.club.now()));
        openings.extend((today..self.club.upcoming).map(|_| at(last + 1..last + 11)));
        openings.sort_unstable();
        openings
    }

    fn launch(self, rng: &mut ChaCha8Rng, index: usize, opens: i64) -> Launch {
        let brand = rng.random_range(0..self.brands.len());
        let made = &self.brands[brand].categories;
        let category = made[rng.random_range(0..made.len())];
        let mut curve_chances = self.categories[category].curves;
        if opens.rem_euclid(DAY_SECONDS) == EVENING_HOUR * HOUR_SECONDS {
            curve_chances[Curve::SecondWave as usize] *= EVENING_WAVE;
            let sum: f64 = curve_chances.iter().sum();
            curve_chances = curve_chances.map(|chance| chance / sum);
        }
        let curve = pick(rng, &curve_chances).unwrap_or(0);
        Launch {
            index,
            name: format!("L{:05}", index + 1),
            opens,
            length: 48.0 + 24.0 * pick(rng, &LENGTHS).unwrap_or(0) as f64,
            brand,
            category,
            merchant: self.in_charge(rng, index),
            depth: 0.3 + 0.4 * rng.random::<f64>(),
            curve_chances,
            curve: Curve::ALL[curve],
        }
    }

    /// Newcomers make the first launches to come; all other launches are spread over the others.
    fn in_charge(self, rng: &mut ChaCha8Rng, index: usize) -> usize {
        let new = |merchant: &MerchantSkill| merchant.habit == Habit::Newcomer;
        let newcomers = self.merchants.iter().filter(|one| new(one)).count();
        let first = self.club.launches as usize;
        if (first..first + newcomers).contains(&index) {
            return self.merchants.len() - newcomers + index - first;
        }
        let weights: Vec<f64> = self
            .merchants
            .iter()
            .map(|one| if new(one) { 0.0 } else { one.activity })
            .collect();
        pick(rng, &weights).unwrap_or(0)
    }

    /// Position of a product for the launch: one that was sold before, or a new one.
    fn article(
        self,
        rng: &mut ChaCha8Rng,
        launch: &Launch,
        articles: &mut Vec<Article>,
        chosen: &[usize],
    ) -> usize {
        let before = launch.opens - AGAIN_DAYS * DAY_SECONDS;
        let known: Vec<usize> = (0..articles.len())
            .filter(|&position| {
                let article = &articles[position];
                (article.brand, article.category) == (launch.brand, launch.category)
                    && article.last < before
                    && !chosen.contains(&position)
            })
            .collect();
        if !known.is_empty() && rng.random::<f64>() < AGAIN {
            let position = known[rng.random_range(0..known.len())];
            articles[position].last = launch.opens;
            return position;
        }
        let category = &self.categories[launch.category];
        let brand = &self.brands[launch.brand];
        let dearness: f64 = StandardNormal.sample(rng);
        let list_price = category.list_price_cents * brand.tier * (0.25 * dearness).exp();
        // Prices end in 0.90.
        let list_price_cents = (list_price / 100.0).round().max(10.0) as i64 * 100 - 10;
        let share = 0.18 + 0.1 * rng.random::<f64>();
        let goods = category.goods[rng.random_range(0..category.goods.len())];
        articles.push(Article {
            reference: format!("A{:05}", articles.len() + 1),
            name: format!("{goods} {} {:04}", brand.name, articles.len() + 1),
            category: launch.category,
            brand: launch.brand,
            merchant: launch.merchant,
            list_price_cents,
            cost_cents: (share * list_price_cents as f64).round() as i64,
            last: launch.opens,
        });
        articles.len() - 1
    }

    fn truth(
        self,
        rng: &mut ChaCha8Rng,
        launch: &Launch,
        position: usize,
        article: &Article,
    ) -> LaunchTruth {
        let off: f64 = StandardNormal.sample(rng);
        let depth = (launch.depth + 0.04 * off).clamp(0.25, 0.7);
        let list = article.list_price_cents as f64;
        let price_cents = (list * (1.0 - depth)).round() as i64;
        let unexplained: f64 = StandardNormal.sample(rng);
        let unexplained = UNEXPLAINED * unexplained;
        let attributes = self.attributes(launch, price_cents as f64, list);
        let salvage = 0.3 + 0.4 * rng.random::<f64>();
        let opens_at = self.club.moment(launch.opens);
        let closes = launch.opens + (launch.length * HOUR_SECONDS as f64) as i64;
        LaunchTruth {
            launch: launch.name.clone(),
            product: article.reference.clone(),
            category: self.categories[launch.category].name,
            brand: self.brands[launch.brand].name.clone(),
            merchant: launch.merchant,
            opens_at,
            closes_at: self.club.moment(closes),
            length_hours: launch.length,
            price_cents,
            list_price_cents: article.list_price_cents,
            cost_cents: article.cost_cents,
            salvage_cents: (salvage * article.cost_cents as f64).round() as i64,
            available_units: None,
            attributes,
            unexplained,
            intensity: (attributes + unexplained).exp(),
            demand: 0,
            curve_chances: launch.curve_chances,
            curve: launch.curve,
            upcoming: launch.index >= self.club.launches as usize,
            opens: launch.opens,
            article: position,
        }
    }

    /// Logarithm of the intensity as far as attributes tell it.
    fn attributes(self, launch: &Launch, price: f64, list: f64) -> f64 {
        let category = &self.categories[launch.category];
        let opens_at = self.club.moment(launch.opens);
        let weekday = opens_at.weekday().to_monday_zero_offset() as usize;
        let hour = launch.opens.rem_euclid(DAY_SECONDS) / HOUR_SECONDS;
        let evening = if hour == EVENING_HOUR { EVENING } else { 0.0 };
        let usual = category.list_price_cents * (1.0 - MIDDLE_DEPTH);
        MIDDLE + category.effect + self.brands[launch.brand].effect
            - ELASTICITY * (price / usual).ln()
            + DEPTH * (1.0 - price / list - MIDDLE_DEPTH)
            + category.season(opens_at.month())
            + WEEKDAY[weekday]
            + evening
            + self.merchants[launch.merchant].quality
    }
}

/// Units wanted of the launch × product at position `pair`: a Poisson number whose mean is the intensity times a gamma
/// factor of mean 1.
fn demand(seed: u64, pair: usize, intensity: f64) -> u32 {
    let mut rng = stream(seed, Purpose::FlashDemand, pair as u64);
    let factor = Gamma::new(SIZE, 1.0 / SIZE).expect("the size is above 0");
    let mean = (intensity * factor.sample(&mut rng)).max(f64::MIN_POSITIVE);
    let poisson = Poisson::new(mean).expect("the mean is above 0");
    poisson.sample(&mut rng) as u32
}
