//! Random streams: one per purpose and subject, so that adding a draw in one place moves nothing
//! elsewhere.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream is for; the number is part of the format: never reuse one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Catalogue = 1,
    Relations = 2,
    PriceChanges = 3,
    StockOuts = 4,
    Person = 5,
    Life = 6,
    Basket = 7,
    Return = 8,
    Session = 9,
    Dirt = 10,
    Helper = 11,
    GroceryCatalogue = 12,
    GroceryCustomer = 13,
    GroceryTaste = 14,
    GroceryPilot = 15,
    GroceryTrips = 16,
    FlashCatalogue = 17,
    FlashMerchant = 18,
    FlashLaunch = 19,
    FlashDemand = 20,
    FlashEstimate = 21,
    FlashStock = 22,
    FlashArrival = 23,
    FlashCustomer = 24,
    BoutiqueCatalogue = 25,
    BoutiqueWeather = 26,
    BoutiquePrice = 27,
    BoutiquePromotion = 28,
    BoutiqueEvent = 29,
    BoutiqueSupply = 30,
    BoutiqueDemand = 31,
    BoutiqueFirst = 32,
    BoutiqueDelay = 33,
    BoutiqueShort = 34,
    BoutiqueTicket = 35,
    BoutiqueCustomer = 36,
    BoutiqueOverride = 37,
    BoutiqueForecast = 38,
    CarsCatalogue = 39,
    CarsCustomer = 40,
    CarsTrial = 41,
    CarsLaunch = 42,
    CarsOrder = 43,
    CarsVisit = 44,
    CarsClick = 45,
    CarsIncident = 46,
    CarsView = 47,
    CarsFeed = 48,
}

/// The stream of `purpose` for the subject `index` (a customer, an order, a file).
pub(crate) fn stream(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((purpose as u64) << 48) | index);
    rng
}

/// Position drawn in proportion to `weights` (≥ 0); `None` when they are all zero.
pub(crate) fn pick(rng: &mut ChaCha8Rng, weights: &[f64]) -> Option<usize> {
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return None;
    }
    let mut left = rng.random::<f64>() * total;
    for (position, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return Some(position);
        }
    }
    weights.iter().rposition(|weight| *weight > 0.0)
}

/// `n` distinct positions below `len`, in random order; all of them when `n` ≥ `len`.
pub(crate) fn distinct(rng: &mut ChaCha8Rng, len: usize, n: usize) -> Vec<usize> {
    rand::seq::index::sample(rng, len, n.min(len)).into_vec()
}

/// A fixed choice below `len` for the pair (`left`, `right`): a customer's favourite in a group
/// never changes and needs no memory (SplitMix64 finaliser, Steele, Lea, Flood 2014).
pub(crate) fn fixed_choice(seed: u64, left: u64, right: u64, len: usize) -> usize {
    let mut z = seed ^ (left << 32) ^ right.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z % len.max(1) as u64) as usize
}

/// `value` rounded to 9 decimals: what the truth file holds reads back to the same bits.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}
