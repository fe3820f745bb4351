//! What the dealer sells, and where.

use std::f64::consts::TAU;

use jiff::civil::Date;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::draws::{Purpose, stream};

/// Makes of cars, with their shares among customers' cars.
pub(super) const MAKES: [(&str, f64); 6] = [
    ("Averon", 0.27),
    ("Belcourt", 0.22),
    ("Corvina", 0.17),
    ("Dalby", 0.14),
    ("Estoril", 0.11),
    ("Fenwick", 0.09),
];

/// The sites: identifier, town, region, share of the customers.
pub(super) const SITES: [(&str, &str, &str, f64); 6] = [
    ("angers", "Angers", "west", 0.24),
    ("nantes", "Nantes", "west", 0.22),
    ("tours", "Tours", "centre", 0.17),
    ("orleans", "Orleans", "centre", 0.15),
    ("rennes", "Rennes", "west", 0.12),
    ("bourges", "Bourges", "centre", 0.10),
];

/// What sort of thing is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Kept on shelves at every site.
    Part,
    /// Done in the workshop or sold at the desk: nothing to keep.
    Service,
    /// A line of used cars, paid by the month, of which the till sees the first: looked at often, bought seldom.
    Vehicle,
}

/// A family of articles.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) sort: Sort,
    /// How often it is among what a customer cares for, relative to others.
    pub(super) share: f64,
    /// Middle price, in cents.
    pub(super) price_cents: f64,
    /// Share of the price that a unit costs the dealer.
    cost: f64,
    /// How far sales swing over the year, as a share, and the month (1 to 12) in whose middle they peak.
    season: (f64, f64),
    /// Mean units of a line beyond the first.
    pub(super) extra_units: f64,
    goods: &'static [&'static str],
}

macro_rules! family {
    ($name:literal, $sort:ident, $share:literal, $price:literal, $cost:literal, $season:expr, $extra:literal, $goods:expr) => {
        Family {
            name: $name,
            sort: Sort::$sort,
            share: $share,
            price_cents: $price,
            cost: $cost,
            season: $season,
            extra_units: $extra,
            goods: &$goods,
        }
    };
}

pub(super) const FAMILIES: [Family; 22] = [
    family!(
        "winter tyres",
        Part,
        1.6,
        9_500.0,
        0.66,
        (0.3, 11.0),
        0.9,
        ["winter tyre", "all-season tyre"]
    ),
    family!(
        "summer tyres",
        Part,
        1.3,
        8_500.0,
        0.66,
        (0.25, 4.5),
        0.9,
        ["summer tyre", "touring tyre"]
    ),
    family!(
        "wheels",
        Part,
        0.6,
        12_000.0,
        0.6,
        (0.15, 4.0),
        0.3,
        ["alloy wheel", "wheel cover"]
    ),
    family!(
        "floor mats",
        Part,
        1.1,
        3_900.0,
        0.45,
        (0.15, 10.5),
        0.0,
        ["rubber mats", "velour mats"]
    ),
    family!(
        "boot liners",
        Part,
        0.9,
        4_900.0,
        0.45,
        (0.1, 6.0),
        0.0,
        ["boot tray", "boot liner"]
    ),
    family!(
        "roof boxes",
        Part,
        0.5,
        29_900.0,
        0.62,
        (0.25, 6.5),
        0.0,
        ["roof box", "ski box"]
    ),
    family!(
        "roof bars",
        Part,
        0.6,
        12_900.0,
        0.58,
        (0.2, 6.5),
        0.0,
        ["roof bars", "bicycle carrier"]
    ),
    family!(
        "wiper blades",
        Part,
        1.2,
        2_200.0,
        0.4,
        (0.25, 10.5),
        0.4,
        ["wiper blades", "rear wiper"]
    ),
    family!(
        "oil and fluids",
        Part,
        1.4,
        2_900.0,
        0.5,
        (0.1, 10.0),
        0.6,
        ["engine oil", "screen wash", "coolant"]
    ),
    family!(
        "batteries and bulbs",
        Part,
        0.9,
        5_500.0,
        0.55,
        (0.2, 12.0),
        0.2,
        ["battery", "headlight bulbs"]
    ),
    family!(
        "car care",
        Part,
        1.2,
        1_500.0,
        0.42,
        (0.2, 5.0),
        0.5,
        ["shampoo", "wax", "interior cleaner"]
    ),
    family!(
        "safety",
        Part,
        0.7,
        7_900.0,
        0.55,
        (0.1, 8.0),
        0.1,
        ["child seat", "warning kit", "dog guard"]
    ),
    family!(
        "maintenance",
        Service,
        1.6,
        16_900.0,
        0.55,
        (0.1, 6.0),
        0.0,
        ["annual service", "brake service", "inspection"]
    ),
    family!(
        "tyre service",
        Service,
        1.5,
        5_900.0,
        0.5,
        (0.25, 11.0),
        0.0,
        ["tyre change", "wheel storage", "balancing"]
    ),
    family!(
        "bodywork",
        Service,
        0.6,
        24_900.0,
        0.6,
        (0.15, 2.0),
        0.0,
        ["dent repair", "paint repair", "stone chip repair"]
    ),
    family!(
        "insurance",
        Service,
        0.7,
        9_900.0,
        0.7,
        (0.0, 1.0),
        0.0,
        ["warranty", "breakdown cover"]
    ),
    family!(
        "cleaning",
        Service,
        0.9,
        5_900.0,
        0.45,
        (0.2, 5.0),
        0.0,
        ["inside cleaning", "hand wash", "polish"]
    ),
    family!(
        "city cars",
        Vehicle,
        0.2,
        14_900.0,
        0.85,
        (0.1, 9.0),
        0.0,
        ["city car"]
    ),
    family!(
        "family cars",
        Vehicle,
        0.2,
        19_900.0,
        0.85,
        (0.1, 5.0),
        0.0,
        ["hatchback"]
    ),
    family!(
        "estates",
        Vehicle,
        0.15,
        22_900.0,
        0.85,
        (0.1, 5.0),
        0.0,
        ["estate"]
    ),
    family!(
        "sports utility",
        Vehicle,
        0.2,
        27_900.0,
        0.85,
        (0.1, 10.0),
        0.0,
        ["sports utility car"]
    ),
    family!(
        "vans",
        Vehicle,
        0.1,
        24_900.0,
        0.85,
        (0.0, 1.0),
        0.0,
        ["van"]
    ),
];

/// Families that the same customers care for: tyres, wear, journeys, looks; with how many customers each has.
pub(super) const CIRCLES: [([usize; 4], f64); 4] = [
    ([0, 1, 2, 13], 0.32),
    ([7, 8, 9, 12], 0.28),
    ([4, 5, 6, 11], 0.18),
    ([3, 10, 14, 16], 0.22),
];

/// Families of which who looks at one is likelier to want the other.
const BESIDE: [(usize, usize); 12] = [
    (0, 13),
    (1, 13),
    (2, 1),
    (3, 4),
    (5, 6),
    (7, 8),
    (9, 7),
    (12, 8),
    (14, 16),
    (10, 16),
    (11, 3),
    (15, 12),
];

/// Whether two families go with each other.
pub(super) fn beside(one: usize, other: usize) -> bool {
    BESIDE.contains(&(one, other)) || BESIDE.contains(&(other, one))
}

impl Family {
    /// What its sales are multiplied with on a day.
    pub(super) fn season(&self, day: Date) -> f64 {
        let (swing, month) = self.season;
        let peak = (month - 0.5) / 12.0;
        let at = f64::from(day.day_of_year()) / 365.25;
        1.0 + swing * (TAU * (at - peak)).cos()
    }

    /// Articles of the family.
    fn articles(&self) -> usize {
        match self.sort {
            Sort::Part | Sort::Vehicle => 10,
            Sort::Service => 6,
        }
    }

    /// Articles of the family that are for one make of car only, as a share; vehicles all are of one.
    fn of_a_make(&self) -> usize {
        match self.sort {
            Sort::Part => MAKES.len(),
            Sort::Service => 0,
            Sort::Vehicle => self.articles(),
        }
    }

    /// The factor on the chance that it is bought by who wants it: cars are looked at far more than they are bought.
    pub(super) fn bought(&self) -> f64 {
        match self.sort {
            Sort::Part | Sort::Service => 1.0,
            Sort::Vehicle => 0.1,
        }
    }
}

/// An article of the catalogue.
#[derive(Debug, Clone)]
pub(super) struct Article {
    pub(super) reference: String,
    pub(super) name: String,
    /// Position in [`FAMILIES`].
    pub(super) family: usize,
    /// Position in [`MAKES`]; nothing for what fits all cars.
    pub(super) make: Option<usize>,
    /// Price in the middle of its history, in cents.
    pub(super) price_cents: i64,
    pub(super) cost_cents: i64,
    /// How much it is liked, relative to the others of its family.
    pub(super) liked: f64,
}

impl Article {
    pub(super) fn of(&self) -> &'static Family {
        &FAMILIES[self.family]
    }

    pub(super) fn is_part(&self) -> bool {
        self.of().sort == Sort::Part
    }

    /// What is earned with a unit at its usual price, in cents.
    pub(super) fn margin_cents(&self) -> f64 {
        (self.price_cents - self.cost_cents) as f64
    }
}

/// Price around a middle one, and what a unit costs then, both in cents; prices end in 0.90.
pub(super) fn priced(rng: &mut ChaCha8Rng, family: &Family) -> (i64, i64) {
    let dearness: f64 = StandardNormal.sample(rng);
    let price = family.price_cents * (0.25 * dearness).exp();
    let price_cents = (price / 100.0).round().max(5.0) as i64 * 100 - 10;
    let share = family.cost + 0.08 * (rng.random::<f64>() - 0.5);
    (
        price_cents,
        (share.min(0.97) * price_cents as f64).round() as i64,
    )
}

/// The goods that a family names, one of them for the article at a position.
pub(super) fn goods(family: &Family, position: usize) -> &'static str {
    let goods = family.goods;
    goods
        .get(position % goods.len().max(1))
        .copied()
        .unwrap_or(family.name)
}

/// The whole catalogue, parts first, then services, then cars.
pub(super) fn articles(seed: u64) -> Vec<Article> {
    let mut rng = stream(seed, Purpose::CarsCatalogue, 0);
    let mut all = Vec::new();
    for (position, family) in FAMILIES.iter().enumerate() {
        for place in 0..family.articles() {
            let (price_cents, cost_cents) = priced(&mut rng, family);
            let liked: f64 = StandardNormal.sample(&mut rng);
            let make = (place < family.of_a_make()).then_some(place % MAKES.len());
            let letter = match family.sort {
                Sort::Part => 'P',
                Sort::Service => 'S',
                Sort::Vehicle => 'V',
            };
            let number = all.len() + 1;
            let brand = make.map_or("Universal", |make| MAKES[make].0);
            all.push(Article {
                reference: format!("{letter}{number:03}"),
                name: format!("{brand} {} {number:03}", goods(family, place)),
                family: position,
                make,
                price_cents,
                cost_cents,
                liked: (0.4 * liked).exp(),
            });
        }
    }
    all
}
