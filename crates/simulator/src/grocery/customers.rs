//! The customers: how often they come, what they buy, and how they answer to an offer.

use jiff::civil::Date;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, StandardNormal};

use super::Grocery;
use super::catalogue::{Article, CATEGORIES};
use super::offers::Arm;
use crate::draws::{Purpose, stream};

/// Days to which the frequency of a customer refers.
pub(super) const FREQUENCY_DAYS: f64 = 28.0;
/// Trips in 28 days before anyone lapses: Gamma of this shape and mean, a quarter of it under 0.7.
const FREQUENCY: (f64, f64) = (0.95, 2.2);
/// Items beyond the first three, on average: Gamma of this shape and mean.
const EXTRA_ITEMS: (f64, f64) = (2.0, 3.0);
/// No mean is below it, so that every process is a proper one.
const LEAST_MEAN: f64 = 0.02;
const LAPSING_SHARE: f64 = 0.15;
const LAPSED_TO: f64 = 1.0 / 3.0;
/// Standard deviation of the logarithm of what nothing tells about an answer.
const NOISE: f64 = 0.35;
/// Concentration of the taste for a category: under 1, so that most customers have favourites.
const TASTE_SHAPE: f64 = 0.8;
/// Standard deviation of the preference for dear goods, per half of the price range.
const PRICE_TASTE: f64 = 0.5;

/// A holder of a card, with all that is latent.
#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub(super) card: String,
    pub(super) since: Date,
    /// Mean trips in 28 days in the first half of the history.
    pub(super) frequency_before: f64,
    /// Mean trips in 28 days from the second half of the history on, without an offer.
    pub(super) frequency: f64,
    /// Mean items of a basket beyond the first three, without an offer.
    pub(super) extra_items: f64,
    /// Mean price and mean cost of an item, in cents.
    pub(super) price_cents: f64,
    pub(super) cost_cents: f64,
    /// In the order of [`Arm::ALL`].
    pub(super) responses: [Response; Arm::ALL.len()],
    /// What customers of the same habits answer on average, in the order of [`Arm::ALL`].
    pub(super) typical: [Response; Arm::ALL.len()],
}

/// What an arm does to a customer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Response {
    /// Growth of the mean number of trips; 0 is no change.
    pub(super) trips: f64,
    /// Growth of the mean number of items beyond the first three; 0 is no change.
    pub(super) items: f64,
}

/// The customer at position `index`.
pub(super) fn customer(grocery: &Grocery, articles: &[Article], index: u32) -> Customer {
    let mut rng = stream(grocery.seed, Purpose::GroceryCustomer, u64::from(index));
    let frequency_before = gamma(&mut rng, FREQUENCY);
    let lapsing = rng.random::<f64>() < LAPSING_SHARE;
    let factor = if lapsing { LAPSED_TO } else { 1.0 };
    let frequency = frequency_before * factor;
    let extra_items = gamma(&mut rng, EXTRA_ITEMS);
    let days_before: i64 = rng.random_range(1..1_500);
    let chances = chances(grocery.seed, articles, index);
    let mean = |value: fn(&Article) -> i64| -> f64 {
        let weighted = articles.iter().zip(&chances);
        weighted
            .map(|(article, chance)| value(article) as f64 * chance)
            .sum()
    };
    let typical = typical(frequency, lapsing, extra_items);
    Customer {
        card: format!("g{index:06}"),
        since: grocery
            .start
            .saturating_sub(jiff::Span::new().days(days_before)),
        frequency_before,
        frequency,
        extra_items,
        price_cents: mean(|article| article.price_cents),
        cost_cents: mean(|article| article.cost_cents),
        responses: responses(&mut rng, &typical),
        typical,
    }
}

fn gamma(rng: &mut ChaCha8Rng, (shape, mean): (f64, f64)) -> f64 {
    let gamma = Gamma::new(shape, mean / shape).expect("shapes and means are above 0");
    gamma.sample(rng).max(LEAST_MEAN)
}

/// Chance of each product for an item of the customer at position `index`; they sum to 1.
///
/// Drawn again whenever needed: a list for each customer would take more memory than their sales.
pub(super) fn chances(seed: u64, articles: &[Article], index: u32) -> Vec<f64> {
    let mut rng = stream(seed, Purpose::GroceryTaste, u64::from(index));
    let taste = Gamma::new(TASTE_SHAPE, 1.0).expect("the shape is above 0");
    let categories: [f64; CATEGORIES] = std::array::from_fn(|_| taste.sample(&mut rng) + 1e-3);
    let level: f64 = StandardNormal.sample(&mut rng);
    let mut weights = Vec::with_capacity(articles.len());
    for (category, share) in categories.iter().enumerate() {
        let within = articles
            .iter()
            .filter(|article| article.category == category)
            .map(|article| {
                let dearness = (article.price_cents as f64 - 550.0) / 350.0;
                article.popularity * (PRICE_TASTE * level * dearness).exp()
            });
        let sum: f64 = within.clone().sum();
        weights.extend(within.map(|weight| share * weight / sum));
    }
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// Growth of the trips of lapsing customers, and of rare ones at most, under [`Arm::Amount`].
const AMOUNT_LAPSING: f64 = 1.1;
const AMOUNT_RARE: f64 = 0.9;
/// Frequency at which the answer to [`Arm::Amount`] is half of it, and how steeply it falls there.
const AMOUNT_HALF: f64 = 1.1;
const AMOUNT_STEEPNESS: f64 = 3.0;
/// Growth of trips and items at most under [`Arm::Percent`].
const PERCENT_TRIPS: f64 = 0.45;
const PERCENT_ITEMS: f64 = 0.5;
/// Frequency that answers most to [`Arm::Percent`], and the spread of its logarithm.
const PERCENT_FREQUENCY: f64 = 2.4;
const PERCENT_SPREAD: f64 = 0.8;
/// Extra items above which a basket counts as big, and the width of the passage.
const PERCENT_BIG: (f64, f64) = (2.6, 0.6);
/// Growth of the trips under [`Arm::Points`] of anyone, and of frequent customers on top of it. Points pay from about
/// 0.11 on: the 3 % they cost against a margin of some 30 %.
const POINTS_ANYONE: f64 = 0.01;
const POINTS_FREQUENT: f64 = 0.135;
/// Frequency above which a customer counts as frequent, and the width of the passage.
const POINTS_FREQUENCY: (f64, f64) = (2.2, 0.5);

/// What customers of these habits answer on average.
fn typical(frequency: f64, lapsing: bool, extra_items: f64) -> [Response; Arm::ALL.len()] {
    let rare = 1.0 / (1.0 + (frequency / AMOUNT_HALF).powf(AMOUNT_STEEPNESS));
    let amount = if lapsing {
        AMOUNT_LAPSING
    } else {
        AMOUNT_RARE * rare
    };
    let distance = (frequency / PERCENT_FREQUENCY).ln() / PERCENT_SPREAD;
    let keen = (-0.5 * distance * distance).exp() * passage(extra_items, PERCENT_BIG);
    let points = POINTS_ANYONE + POINTS_FREQUENT * passage(frequency, POINTS_FREQUENCY);
    // The mean of a lognormal factor around 1.
    let mean = (0.5 * NOISE * NOISE).exp();
    let of_trips = |trips: f64| Response {
        trips: mean * trips,
        items: 0.0,
    };
    Arm::ALL.map(|arm| match arm {
        Arm::None => Response::default(),
        Arm::Amount => of_trips(amount),
        Arm::Percent => Response {
            trips: mean * PERCENT_TRIPS * keen,
            items: mean * PERCENT_ITEMS * keen,
        },
        Arm::Points => of_trips(points),
    })
}

/// What one customer answers: the typical answers, each times a factor that nothing tells.
fn responses(
    rng: &mut ChaCha8Rng,
    typical: &[Response; Arm::ALL.len()],
) -> [Response; Arm::ALL.len()] {
    let mut noisy = |value: f64| {
        if value == 0.0 {
            return 0.0;
        }
        let noise: f64 = StandardNormal.sample(rng);
        value * (NOISE * noise - 0.5 * NOISE * NOISE).exp()
    };
    typical.map(|answer| Response {
        trips: noisy(answer.trips),
        items: noisy(answer.items),
    })
}

/// From 0 far below `middle` to 1 far above it.
fn passage(value: f64, (middle, width): (f64, f64)) -> f64 {
    1.0 / (1.0 + (-(value - middle) / width).exp())
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::articles;
    use super::*;

    #[test]
    fn frequencies_are_wide_and_the_planted_share_lapses() {
        let grocery = Grocery::default();
        let articles = articles(grocery.seed);
        let all: Vec<Customer> = (0..4_000)
            .map(|index| customer(&grocery, &articles, index))
            .collect();
        let share = |holds: &dyn Fn(&Customer) -> bool| -> f64 {
            all.iter().filter(|one| holds(one)).count() as f64 / all.len() as f64
        };
        let mean = all.iter().map(|one| one.frequency_before).sum::<f64>() / 4_000.0;
        // Standard errors: 0.036 of the mean, 0.007 of a share of a quarter.
        assert!((mean - 2.2).abs() < 0.15, "{mean}");
        assert!(share(&|one| one.frequency_before < 0.7) > 0.22);
        assert!(share(&|one| one.frequency_before > 6.0) > 0.04);
        let lapsing = share(&|one| one.frequency < one.frequency_before);
        assert!((lapsing - 0.15).abs() < 0.025, "{lapsing}");
    }

    #[test]
    fn chances_of_a_customer_sum_to_one_and_differ_from_those_of_the_next() {
        let articles = articles(1);
        let (first, second) = (chances(1, &articles, 0), chances(1, &articles, 1));
        assert!((first.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_ne!(first, second);
    }
}
