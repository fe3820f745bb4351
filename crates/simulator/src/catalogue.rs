//! The catalogue: categories, products, prices, trends, complements and substitutes.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

use crate::draws::{Purpose, distinct, pick, rounded, stream};
use crate::rows::{Merchant, Product};
use crate::shop::Shop;
use crate::truth::Trend;
use crate::words::{BRANDS, CATEGORIES, SELLER_NAMES, SELLER_WORDS, SITES, VARIANTS};

pub(crate) const ZIPF_EXPONENT: f64 = 0.9;
pub(crate) const TIERS: usize = 3;
const GROUP_SIZE: usize = 3;
/// Days over which a trend takes hold.
const TREND_WIDTH_DAYS: f64 = 20.0;
/// Intervals at which goods are bought again, days.
const REPLENISHED_DAYS: [u32; 4] = [21, 30, 45, 60];

/// A product with what is planted about it.
#[derive(Debug, Clone)]
pub(crate) struct Good {
    pub(crate) row: Product,
    pub(crate) rank: u32,
    pub(crate) tier: usize,
    pub(crate) trend: Option<Trend>,
    pub(crate) replenished_every_days: Option<u32>,
    pub(crate) attraction: f64,
    /// Price in force in each week, euro cents.
    pub(crate) weekly_price_cents: Vec<i64>,
    pub(crate) relation: Relation,
}

/// The one planted relation a product may have, with its position in the list of that relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    None,
    Causes(usize),
    Follows,
    Substitutes(usize),
}

/// A planted complement, by position.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) bought: usize,
    pub(crate) adds: usize,
    pub(crate) same_order: f64,
    pub(crate) next_order: f64,
}

/// Everything on sale.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    /// Categories in use: the first of [`CATEGORIES`].
    pub(crate) categories: usize,
    pub(crate) goods: Vec<Good>,
    pub(crate) merchants: Vec<Merchant>,
    pub(crate) return_multipliers: Vec<f64>,
    pub(crate) pairs: Vec<Pair>,
    pub(crate) groups: Vec<Vec<usize>>,
}

impl Catalogue {
    pub(crate) fn new(shop: &Shop) -> Self {
        let categories = (shop.products as usize / 12).clamp(5, CATEGORIES.len());
        let mut goods: Vec<Good> = (0..shop.products)
            .map(|index| good(shop, categories, index))
            .collect();
        let mut rng = stream(shop.seed, Purpose::Relations, 0);
        let groups = plant_substitutes(shop, categories, &mut goods, &mut rng);
        let pairs = plant_complements(shop, &mut goods, &mut rng);
        for (index, good) in goods.iter_mut().enumerate() {
            good.weekly_price_cents = weekly_prices(shop, index as u64, good.row.list_price_cents);
        }
        let (merchants, return_multipliers) = merchants(shop);
        Self {
            categories,
            goods,
            merchants,
            return_multipliers,
            pairs,
            groups,
        }
    }

    /// Demand of a product in the week that starts on `day`, relative to the others of its category
    /// and tier; 0 when it is not on sale.
    pub(crate) fn weight(&self, product: usize, day: u32) -> f64 {
        let good = &self.goods[product];
        let row = &good.row;
        if day < row.launched_day || row.retired_day.is_some_and(|retired| day >= retired) {
            return 0.0;
        }
        let popularity = f64::from(good.rank).powf(-ZIPF_EXPONENT);
        let drift = good.trend.as_ref().map_or(1.0, |trend| {
            let late = (f64::from(day) - trend.mid_day) / TREND_WIDTH_DAYS;
            1.0 + (trend.to - 1.0) / (1.0 + (-late).exp())
        });
        let price = good.price_cents(day) as f64 / row.list_price_cents as f64;
        popularity * drift * price.powf(-CATEGORIES[row.category].elasticity)
    }
}

impl Good {
    pub(crate) fn price_cents(&self, day: u32) -> i64 {
        self.weekly_price_cents[day as usize / 7]
    }
}

/// Demand of each month for a category, mean 1: a bump four months wide on a level.
pub(crate) fn category_months(category: usize) -> [f64; 12] {
    let (peak, height) = CATEGORIES[category].peak;
    let mut months = [0.0; 12];
    for (month, factor) in months.iter_mut().enumerate() {
        let apart = (month as i32 + 1 - i32::from(peak)).rem_euclid(12);
        let apart = f64::from(apart.min(12 - apart));
        *factor = 1.0 + (height - 1.0) * (1.0 - apart / 3.0).max(0.0);
    }
    let mean = months.iter().sum::<f64>() / 12.0;
    months.map(|factor| rounded(factor / mean))
}

fn good(shop: &Shop, categories: usize, index: u32) -> Good {
    let mut rng = stream(shop.seed, Purpose::Catalogue, u64::from(index));
    let category = index as usize % categories;
    let words = &CATEGORIES[category];
    let rank = index / categories as u32 + 1;
    let tier = rank as usize % TIERS;
    let family = words.families[rng.random_range(0..words.families.len())];
    let variant = VARIANTS[rng.random_range(0..VARIANTS.len())];
    let list_price_cents = list_price(words.price_cents, tier, &mut rng);
    let cost = list_price_cents as f64 * rng.random_range(0.45..0.75);
    let replenished = rng.random::<f64>() < words.replenished_share;
    let (launched_day, retired_day) = sold_days(shop, rank, &mut rng);
    let trend = (retired_day.is_none() && launched_day == 0).then(|| trend(shop, &mut rng));
    let row = Product {
        reference: format!("P-{index:05}"),
        label: format!("{family} {variant} {:02}", rank % 100),
        category,
        family,
        brand: BRANDS[rng.random_range(0..BRANDS.len())],
        merchant: rng.random_range(0..shop.merchants as usize),
        site: rng.random_range(0..SITES.len()),
        list_price_cents,
        cost_cents: cost as i64,
        weight_g: rng.random_range(5..400) * 10,
        launched_day,
        retired_day,
    };
    Good {
        row,
        rank,
        tier,
        trend: trend.flatten(),
        replenished_every_days: replenished
            .then(|| REPLENISHED_DAYS[rng.random_range(0..REPLENISHED_DAYS.len())]),
        attraction: rounded(rng.random_range(0.15..0.6)),
        weekly_price_cents: Vec::new(),
        relation: Relation::None,
    }
}

/// A price within the third of the category's range (in logarithms) that is its tier.
fn list_price((low, high): (f64, f64), tier: usize, rng: &mut ChaCha8Rng) -> i64 {
    let share = (tier as f64 + rng.random::<f64>()) / TIERS as f64;
    let price = low * (high / low).powf(share);
    // Shop prices end in 90 cents below 100 euros and in 00 above.
    if price < 10_000.0 {
        (price / 100.0) as i64 * 100 + 90
    } else {
        (price / 100.0) as i64 * 100
    }
}

/// One product in ten comes later, one in thirty goes; never the head of a category, so that no
/// category is ever empty.
fn sold_days(shop: &Shop, rank: u32, rng: &mut ChaCha8Rng) -> (u32, Option<u32>) {
    let (draw, share) = (rng.random::<f64>(), rng.random::<f64>());
    let days = f64::from(shop.days);
    if rank <= 2 * TIERS as u32 {
        (0, None)
    } else if draw < 0.10 {
        ((days * (0.1 + 0.6 * share)) as u32, None)
    } else if draw < 0.133 {
        (0, Some((days * (0.6 + 0.3 * share)) as u32))
    } else {
        (0, None)
    }
}

fn trend(shop: &Shop, rng: &mut ChaCha8Rng) -> Option<Trend> {
    let (draw, share) = (rng.random::<f64>(), rng.random::<f64>());
    let to = if draw < 0.12 {
        4.0
    } else if draw < 0.24 {
        0.2
    } else {
        return None;
    };
    Some(Trend {
        to,
        mid_day: rounded(f64::from(shop.days) * (0.2 + 0.6 * share)),
    })
}

fn merchants(shop: &Shop) -> (Vec<Merchant>, Vec<f64>) {
    let mut rng = stream(shop.seed, Purpose::Catalogue, 1 << 40);
    let mut multipliers = vec![1.0; shop.merchants as usize];
    // One merchant in twenty, at least one, sends goods that come back three times as often.
    for position in distinct(&mut rng, multipliers.len(), (multipliers.len() / 20).max(1)) {
        multipliers[position] = 3.0;
    }
    let rows = (0..shop.merchants as usize)
        .map(|index| {
            let name = SELLER_NAMES[(index / SELLER_WORDS.len()) % SELLER_NAMES.len()];
            let word = SELLER_WORDS[index % SELLER_WORDS.len()];
            Merchant {
                number: format!("S{index:03}"),
                name: format!("{word} {name}"),
            }
        })
        .collect();
    (rows, multipliers)
}

/// A product that is on sale throughout, steady and not replenished: its relations stand out.
fn plain(good: &Good) -> bool {
    good.relation == Relation::None
        && good.row.launched_day == 0
        && good.row.retired_day.is_none()
        && good.replenished_every_days.is_none()
        && good.trend.is_none()
}

/// One group per 48 products, at least two: neighbours in rank within a category and tier, of one
/// kind and of nearly one price.
fn plant_substitutes(
    shop: &Shop,
    categories: usize,
    goods: &mut [Good],
    rng: &mut ChaCha8Rng,
) -> Vec<Vec<usize>> {
    let wanted = (shop.products as usize / 48).max(2);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut cells: Vec<(usize, usize)> = (0..categories)
        .flat_map(|category| (0..TIERS).map(move |tier| (category, tier)))
        .collect();
    let order = distinct(rng, cells.len(), cells.len());
    cells = order.into_iter().map(|position| cells[position]).collect();
    for round in 0..wanted.div_ceil(cells.len()) + 1 {
        for &(category, tier) in &cells {
            if groups.len() == wanted {
                return groups;
            }
            let free: Vec<usize> = (0..goods.len())
                .filter(|&index| goods[index].row.category == category && goods[index].tier == tier)
                .filter(|&index| plain(&goods[index]))
                .collect();
            // Leave the first free product of the cell to the complements.
            let Some(members) = free.get(1 + round..1 + round + GROUP_SIZE) else {
                continue;
            };
            let first = goods[members[0]].row.clone();
            for (place, &index) in members.iter().enumerate() {
                let row = &mut goods[index].row;
                row.family = first.family;
                row.label = format!("{} {} {:02}", first.family, VARIANTS[place], index % 100);
                row.list_price_cents = first.list_price_cents + 10 * place as i64;
                goods[index].relation = Relation::Substitutes(groups.len());
            }
            groups.push(members.to_vec());
        }
    }
    groups
}

/// One pair per 30 products, at least three: a popular cause, an effect of a middling popularity,
/// in another category half of the time or more.
fn plant_complements(shop: &Shop, goods: &mut [Good], rng: &mut ChaCha8Rng) -> Vec<Pair> {
    let wanted = (shop.products as usize / 30).max(3);
    let per_category = goods.iter().map(|good| good.rank).max().unwrap_or(1);
    let mut pairs = Vec::new();
    for _ in 0..wanted {
        let weight = |good: &Good, cause: bool| {
            let popular = good.rank * 4 <= per_category + 4;
            let middling = good.rank * 4 > per_category && good.rank * 4 <= per_category * 3;
            f64::from(u8::from(
                plain(good) && if cause { popular } else { middling },
            ))
        };
        let causes: Vec<f64> = goods.iter().map(|good| weight(good, true)).collect();
        let effects: Vec<f64> = goods.iter().map(|good| weight(good, false)).collect();
        let (Some(bought), Some(adds)) = (pick(rng, &causes), pick(rng, &effects)) else {
            break;
        };
        goods[bought].relation = Relation::Causes(pairs.len());
        goods[adds].relation = Relation::Follows;
        pairs.push(Pair {
            bought,
            adds,
            same_order: rounded(rng.random_range(0.25..0.45)),
            next_order: rounded(rng.random_range(0.10..0.25)),
        });
    }
    pairs
}

/// Prices change on the first day of a week of the shop: lasting changes of ±5 to 15 % for a third
/// of the products, and two-week promotions at −20 or −30 %, about two a year.
fn weekly_prices(shop: &Shop, product: u64, list_price_cents: i64) -> Vec<i64> {
    let mut rng = stream(shop.seed, Purpose::PriceChanges, product);
    let weeks = shop.days as usize / 7 + 1;
    let mut prices = vec![list_price_cents; weeks];
    if rng.random::<f64>() < 1.0 / 3.0 {
        let from = rng.random_range(1..weeks);
        let step = rng.random_range(0.05..0.15) * if rng.random::<bool>() { 1.0 } else { -1.0 };
        let price = (list_price_cents as f64 * (1.0 + step) / 10.0).round() as i64 * 10;
        prices[from..].fill(price);
    }
    let mean = weeks as f64 / 26.0;
    let promotions = Poisson::new(mean).map_or(0.0, |count| count.sample(&mut rng)) as usize;
    for _ in 0..promotions {
        let from = rng.random_range(1..weeks);
        let cut = if rng.random::<bool>() { 0.8 } else { 0.7 };
        for price in prices.iter_mut().skip(from).take(2) {
            // Where two promotions overlap, the one drawn last is in force.
            *price = (list_price_cents as f64 * cut).round() as i64;
        }
    }
    prices
}
