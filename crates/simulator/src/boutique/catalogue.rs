//! What the boutiques sell, and how demand for it moves.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::Boutique;
use super::calendar::Occasion;
use crate::draws::{Purpose, stream};

pub(super) const CATEGORIES: usize = 10;

/// What is planted for a category.
#[derive(Debug)]
pub(super) struct Category {
    pub(super) name: &'static str,
    goods: [&'static str; 5],
    /// Mean units a day of a middling product in a middling store.
    pub(super) level: f64,
    /// Cheapest and dearest price, in cents.
    price_cents: (f64, f64),
    /// Days on which it can be sold, that of its arrival included; nothing where it does not perish.
    pub(super) shelf_life_days: Option<u32>,
    /// Logarithm of the factor of ten degrees more, and of ten millimetres of rain more.
    pub(super) weather: (f64, f64),
    /// Month of the peak and its height as a logarithm.
    pub(super) season: (u8, f64),
    /// Demand goes as price^(-elasticity).
    pub(super) elasticity: f64,
    /// Logarithm of what the display of a promotion adds to the effect of its price.
    pub(super) display: f64,
    /// Logarithms of the factors of Christmas Eve, Valentine's Day, Mother's Day and Easter week.
    gifts: [f64; 4],
    /// Growth in a year, as a logarithm.
    pub(super) trend: f64,
    /// Units of a usual pack.
    pub(super) pack_units: u32,
}

impl Category {
    /// Logarithm of the factor of an occasion.
    pub(super) fn gift(&self, occasion: Occasion) -> f64 {
        match occasion {
            Occasion::None => 0.0,
            Occasion::Christmas(close) => self.gifts[0] * close,
            Occasion::AfterChristmas => -0.25,
            Occasion::Valentine => self.gifts[1],
            Occasion::MothersDay => self.gifts[2],
            Occasion::Easter => self.gifts[3],
        }
    }
}

pub(super) const WORDS: [Category; CATEGORIES] = [
    Category {
        name: "Pastries",
        goods: ["financier", "lemon tart", "éclair", "madeleine", "flan"],
        level: 2.6,
        price_cents: (190.0, 560.0),
        shelf_life_days: Some(4),
        weather: (-0.08, -0.15),
        season: (1, 0.05),
        elasticity: 1.3,
        display: 0.15,
        gifts: [0.15, 0.1, 0.25, 0.1],
        trend: 0.06,
        pack_units: 4,
    },
    Category {
        name: "Pralines",
        goods: [
            "dark pralines",
            "milk pralines",
            "truffles",
            "orangettes",
            "nougat",
        ],
        level: 0.8,
        price_cents: (650.0, 2_600.0),
        shelf_life_days: Some(28),
        weather: (-0.22, 0.03),
        season: (12, 0.15),
        elasticity: 1.6,
        display: 0.2,
        gifts: [0.9, 0.5, 0.3, 0.8],
        trend: 0.03,
        pack_units: 6,
    },
    Category {
        name: "Cut flowers",
        goods: ["roses", "tulips", "peonies", "wild bouquet", "eucalyptus"],
        level: 1.3,
        price_cents: (790.0, 2_900.0),
        shelf_life_days: Some(7),
        weather: (0.08, -0.2),
        season: (5, 0.2),
        elasticity: 1.5,
        display: 0.2,
        gifts: [0.1, 1.0, 1.1, 0.2],
        trend: 0.05,
        pack_units: 4,
    },
    Category {
        name: "Ice cream",
        goods: [
            "vanilla",
            "pistachio",
            "raspberry sorbet",
            "salted caramel",
            "chocolate",
        ],
        level: 0.7,
        price_cents: (350.0, 900.0),
        shelf_life_days: None,
        weather: (0.5, -0.3),
        season: (7, 0.3),
        elasticity: 1.3,
        display: 0.15,
        gifts: [0.1, 0.0, 0.1, 0.0],
        trend: 0.04,
        pack_units: 8,
    },
    Category {
        name: "Tea & coffee",
        goods: [
            "green tea",
            "black tea",
            "herbal tea",
            "coffee beans",
            "rooibos",
        ],
        level: 0.5,
        price_cents: (590.0, 1_900.0),
        shelf_life_days: None,
        weather: (-0.22, 0.08),
        season: (12, 0.1),
        elasticity: 1.8,
        display: 0.2,
        gifts: [0.5, 0.0, 0.2, 0.0],
        trend: 0.02,
        pack_units: 6,
    },
    Category {
        name: "Umbrellas & rainwear",
        goods: [
            "umbrella",
            "rain cape",
            "rubber boots",
            "rain hat",
            "wind jacket",
        ],
        level: 0.18,
        price_cents: (1_500.0, 5_900.0),
        shelf_life_days: None,
        weather: (-0.05, 0.7),
        season: (11, 0.1),
        elasticity: 1.2,
        display: 0.1,
        gifts: [0.1, 0.0, 0.0, 0.0],
        trend: 0.0,
        pack_units: 4,
    },
    Category {
        name: "Sun & beach",
        goods: [
            "straw hat",
            "beach towel",
            "sun cream",
            "flip-flops",
            "parasol",
        ],
        level: 0.22,
        price_cents: (900.0, 3_500.0),
        shelf_life_days: None,
        weather: (0.55, -0.35),
        season: (7, 0.35),
        elasticity: 1.6,
        display: 0.2,
        gifts: [-0.1, 0.0, 0.0, 0.0],
        trend: 0.01,
        pack_units: 6,
    },
    Category {
        name: "Candles",
        goods: [
            "scented candle",
            "pillar candle",
            "tea lights",
            "lantern",
            "diffuser",
        ],
        level: 0.35,
        price_cents: (590.0, 2_900.0),
        shelf_life_days: None,
        weather: (-0.28, 0.08),
        season: (12, 0.2),
        elasticity: 2.0,
        display: 0.25,
        gifts: [0.7, 0.2, 0.2, 0.0],
        trend: -0.02,
        pack_units: 6,
    },
    Category {
        name: "Ceramics",
        goods: ["mug", "bowl", "teapot", "vase", "plate"],
        level: 0.2,
        price_cents: (1_200.0, 6_900.0),
        shelf_life_days: None,
        weather: (0.0, 0.0),
        season: (11, 0.1),
        elasticity: 1.7,
        display: 0.2,
        gifts: [0.6, 0.1, 0.3, 0.0],
        trend: 0.03,
        pack_units: 2,
    },
    Category {
        name: "Stationery",
        goods: [
            "notebook",
            "greeting card",
            "fountain pen",
            "gift wrap",
            "calendar",
        ],
        level: 0.4,
        price_cents: (250.0, 2_400.0),
        shelf_life_days: None,
        weather: (0.0, 0.04),
        season: (9, 0.2),
        elasticity: 1.5,
        display: 0.2,
        gifts: [0.5, 0.3, 0.2, 0.0],
        trend: -0.03,
        pack_units: 10,
    },
];

/// Standard deviation of the logarithm of how popular a product is within its category.
const POPULARITY: f64 = 0.55;
/// Shares of the products that are introduced and that end in the history and in the weeks after it.
const INTRODUCED: f64 = 0.12;
const INTRODUCED_AHEAD: f64 = 0.02;
const ENDED: f64 = 0.08;
const ENDED_AHEAD: f64 = 0.03;
/// No product comes or goes so close to the ends of the history.
const MARGIN_DAYS: usize = 56;

/// A product of the boutiques.
#[derive(Debug, Clone, PartialEq)]
pub struct BoutiqueProduct {
    /// The shop's identifier.
    pub reference: String,
    /// What the customer reads.
    pub name: String,
    /// Category.
    pub category: &'static str,
    /// Price when it is introduced or when the history starts, in cents.
    pub price_cents: i64,
    /// What the chain pays for one unit, in cents.
    pub cost_cents: i64,
    /// Day of the chain on which it is first sold; nothing where that was before the history.
    pub introduced: Option<usize>,
    /// First day of the chain on which it is no longer sold; nothing where it stays.
    pub ended: Option<usize>,
    /// Size of its negative binomial demand: the variance of a day is `mean + mean² / size`; nothing where it is Poisson.
    pub demand_size: Option<f64>,
    /// Position of the category.
    pub(super) kind: usize,
    /// Factor on demand; 1 on average within a category.
    pub(super) popularity: f64,
}

impl BoutiqueProduct {
    pub(super) fn category(&self) -> &'static Category {
        &WORDS[self.kind]
    }

    /// Whether it is sold on a day of the chain.
    #[must_use]
    pub fn lives(&self, day: usize) -> bool {
        self.introduced.is_none_or(|first| first <= day) && self.ended.is_none_or(|end| day < end)
    }
}

/// The products, whose categories take turns.
pub(super) fn products(chain: &Boutique) -> Vec<BoutiqueProduct> {
    let mut rng = stream(chain.seed, Purpose::BoutiqueCatalogue, 0);
    let n = chain.products as usize;
    let mut products: Vec<BoutiqueProduct> = (0..n)
        .map(|index| product(&mut rng, chain, index))
        .collect();
    for kind in 0..CATEGORIES {
        let of = |product: &&mut BoutiqueProduct| product.kind == kind;
        let (mut sum, mut many) = (0.0, 0.0);
        for product in products.iter_mut().filter(of) {
            sum += product.popularity;
            many += 1.0;
        }
        for product in products.iter_mut().filter(of) {
            product.popularity *= many / sum;
        }
    }
    products
}

fn product(rng: &mut ChaCha8Rng, chain: &Boutique, index: usize) -> BoutiqueProduct {
    let kind = index % CATEGORIES;
    let words = &WORDS[kind];
    let (low, high) = words.price_cents;
    // Prices end in 0.
    let price = low * (high / low).powf(rng.random::<f64>());
    let price_cents = (price / 10.0).round() as i64 * 10;
    let cost = (0.42 + 0.16 * rng.random::<f64>()) * price_cents as f64;
    let popularity: f64 = StandardNormal.sample(rng);
    let sizes = [None, Some(12.0), Some(5.0), Some(2.5)];
    let (introduced, ended) = life(rng, chain);
    let number = index / CATEGORIES;
    BoutiqueProduct {
        reference: format!("P{:04}", index + 1),
        name: format!("{} {}", words.goods[number % words.goods.len()], number + 1),
        category: words.name,
        price_cents,
        cost_cents: cost.round() as i64,
        introduced,
        ended,
        demand_size: sizes[rng.random_range(0..sizes.len())],
        kind,
        popularity: (POPULARITY * popularity).exp(),
    }
}

/// First day and the day after the last one.
fn life(rng: &mut ChaCha8Rng, chain: &Boutique) -> (Option<usize>, Option<usize>) {
    let days = chain.days as usize;
    let within = rng.random_range(MARGIN_DAYS..days - MARGIN_DAYS);
    let ahead = days + rng.random_range(7..42);
    let drawn = rng.random::<f64>();
    let marks = [INTRODUCED, INTRODUCED_AHEAD, ENDED, ENDED_AHEAD];
    let mut sum = 0.0;
    let chosen = marks.iter().position(|share| {
        sum += share;
        drawn < sum
    });
    match chosen {
        Some(0) => (Some(within), None),
        Some(1) => (Some(ahead), None),
        Some(2) => (None, Some(within)),
        Some(3) => (None, Some(ahead)),
        _ => (None, None),
    }
}
