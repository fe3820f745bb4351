//! Categories and brands, and what they do to demand.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::FlashSales;
use super::curves::Curve;
use crate::draws::{Purpose, distinct, stream};

pub(super) const CATEGORIES: usize = 12;

/// Name, kinds of goods, middling list price in cents, month of the peak (1 to 12), height of the peak as a logarithm.
const WORDS: [(&str, [&str; 3], f64, u8, f64); CATEGORIES] = [
    (
        "Shoes",
        ["ankle boots", "trainers", "sandals"],
        9_000.0,
        9,
        0.15,
    ),
    (
        "Women's fashion",
        ["dress", "blouse", "cardigan"],
        7_500.0,
        4,
        0.15,
    ),
    (
        "Men's fashion",
        ["shirt", "chinos", "jacket"],
        8_000.0,
        10,
        0.10,
    ),
    (
        "Children",
        ["dungarees", "pyjamas", "rain coat"],
        4_000.0,
        8,
        0.25,
    ),
    (
        "Lingerie",
        ["bra", "swimsuit", "night dress"],
        5_500.0,
        5,
        0.25,
    ),
    ("Bags", ["tote", "rucksack", "suitcase"], 11_000.0, 6, 0.15),
    (
        "Jewellery",
        ["earrings", "bracelet", "watch"],
        12_000.0,
        12,
        0.45,
    ),
    (
        "Beauty",
        ["serum", "perfume", "make-up set"],
        6_000.0,
        12,
        0.30,
    ),
    (
        "Home linen",
        ["duvet cover", "towels", "table cloth"],
        7_000.0,
        1,
        0.20,
    ),
    (
        "Kitchen",
        ["casserole", "knife set", "blender"],
        9_500.0,
        11,
        0.25,
    ),
    ("Wine", ["burgundy", "champagne", "rosé"], 8_500.0, 12, 0.35),
    ("Toys", ["board game", "bricks", "doll"], 4_500.0, 12, 0.55),
];

const BRAND_WORDS: [&str; 30] = [
    "Alder & Fils",
    "Belisande",
    "Corvane",
    "Dunmore",
    "Elvire Paris",
    "Fjellvik",
    "Gaspard M.",
    "Hautefeuille",
    "Ilona",
    "Jasperine",
    "Kallio",
    "Lunaire",
    "Mirabelle",
    "Norrland",
    "Opaline",
    "Perrault",
    "Quillon",
    "Rosalba",
    "Solveig",
    "Tamarix",
    "Ursane",
    "Valcourt",
    "Wexley",
    "Xavane",
    "Ysatis",
    "Zephirin",
    "Ardoise",
    "Brindille",
    "Calanque",
    "Dorlisse",
];

/// Standard deviations of the logarithms of what category and brand do to demand.
const CATEGORY_SPREAD: f64 = 0.3;
const BRAND_SPREAD: f64 = 0.45;
/// Standard deviation of the logarithm of how dear a brand is.
const TIER_SPREAD: f64 = 0.35;
/// Chance of a category's own curve; the others share the rest.
const OWN_CURVE: f64 = 0.7;

/// A category with what is planted for it.
#[derive(Debug, Clone)]
pub(super) struct Category {
    pub(super) name: &'static str,
    pub(super) goods: [&'static str; 3],
    pub(super) list_price_cents: f64,
    /// Logarithm of its factor on demand.
    pub(super) effect: f64,
    peak_month: u8,
    peak: f64,
    /// Chances of the curves, in the order of [`Curve::ALL`].
    pub(super) curves: [f64; Curve::ALL.len()],
}

impl Category {
    /// Logarithm of the factor of a month, 1 to 12, on demand.
    pub(super) fn season(&self, month: i8) -> f64 {
        let months = f64::from(month) - f64::from(self.peak_month);
        self.peak * (std::f64::consts::TAU * months / 12.0).cos()
    }
}

/// A brand with what is planted for it.
#[derive(Debug, Clone)]
pub(super) struct Brand {
    pub(super) name: String,
    /// Logarithm of its factor on demand.
    pub(super) effect: f64,
    /// Factor on the list prices of its categories.
    pub(super) tier: f64,
    /// What it makes: one to three categories.
    pub(super) categories: Vec<usize>,
}

pub(super) fn categories(club: &FlashSales) -> Vec<Category> {
    let mut rng = stream(club.seed, Purpose::FlashCatalogue, 0);
    WORDS
        .iter()
        .map(|(name, goods, price, month, peak)| {
            let effect: f64 = StandardNormal.sample(&mut rng);
            let own = rng.random_range(0..Curve::ALL.len());
            let rest = (1.0 - OWN_CURVE) / (Curve::ALL.len() - 1) as f64;
            let mut curves = [rest; Curve::ALL.len()];
            curves[own] = OWN_CURVE;
            Category {
                name,
                goods: *goods,
                list_price_cents: *price,
                effect: CATEGORY_SPREAD * effect,
                peak_month: *month,
                peak: *peak,
                curves,
            }
        })
        .collect()
}

pub(super) fn brands(club: &FlashSales) -> Vec<Brand> {
    let mut rng = stream(club.seed, Purpose::FlashCatalogue, 1);
    (0..club.brands as usize)
        .map(|index| {
            let word = BRAND_WORDS[index % BRAND_WORDS.len()];
            let name = match index / BRAND_WORDS.len() {
                0 => word.to_owned(),
                line => format!("{word} {}", line + 1),
            };
            let effect: f64 = StandardNormal.sample(&mut rng);
            let tier: f64 = StandardNormal.sample(&mut rng);
            let many = rng.random_range(1..=3);
            Brand {
                name,
                effect: BRAND_SPREAD * effect,
                tier: (TIER_SPREAD * tier).exp(),
                categories: distinct(&mut rng, CATEGORIES, many),
            }
        })
        .collect()
}
