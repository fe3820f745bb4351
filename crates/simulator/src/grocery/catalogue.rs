//! The goods of the grocery.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::draws::{Purpose, distinct, stream};

pub(super) const CATEGORIES: usize = 8;
const ARTICLES: usize = 8;
/// Cheapest and dearest price, in cents.
const PRICE_CENTS: (f64, f64) = (200.0, 900.0);
/// Least and largest gross margin rate: rounding the cost to cents keeps it within 20 % to 40 %.
const MARGIN_RATE: (f64, f64) = (0.22, 0.397);

const WORDS: [(&str, [&str; ARTICLES]); CATEGORIES] = [
    (
        "Fruit & vegetables",
        [
            "apples",
            "bananas",
            "tomatoes",
            "lettuce",
            "potatoes",
            "carrots",
            "oranges",
            "mushrooms",
        ],
    ),
    (
        "Dairy",
        [
            "butter",
            "milk",
            "yoghurt",
            "goat cheese",
            "hard cheese",
            "cream",
            "eggs",
            "fromage frais",
        ],
    ),
    (
        "Bakery",
        [
            "baguette",
            "rye bread",
            "croissants",
            "brioche",
            "toast",
            "rolls",
            "apple tart",
            "crêpes",
        ],
    ),
    (
        "Meat & fish",
        [
            "chicken",
            "minced beef",
            "ham",
            "sausages",
            "salmon",
            "cod",
            "bacon",
            "turkey",
        ],
    ),
    (
        "Drinks",
        [
            "orange juice",
            "mineral water",
            "cider",
            "red wine",
            "lemonade",
            "coffee",
            "tea",
            "beer",
        ],
    ),
    (
        "Pantry",
        [
            "pasta",
            "rice",
            "flour",
            "olive oil",
            "honey",
            "mustard",
            "chocolate",
            "biscuits",
        ],
    ),
    (
        "Frozen",
        [
            "peas",
            "pizza",
            "ice cream",
            "spinach",
            "fish fingers",
            "chips",
            "berries",
            "gratin",
        ],
    ),
    (
        "Household",
        [
            "dish soap",
            "washing powder",
            "sponges",
            "paper towels",
            "bin bags",
            "shampoo",
            "toothpaste",
            "candles",
        ],
    ),
];

/// A product of the grocery.
#[derive(Debug, Clone)]
pub(super) struct Article {
    pub(super) reference: String,
    pub(super) name: &'static str,
    pub(super) category: usize,
    /// 200 to 900.
    pub(super) price_cents: i64,
    /// 60 % to 80 % of the price.
    pub(super) cost_cents: i64,
    /// Weight within the category before the taste of a customer.
    pub(super) popularity: f64,
}

impl Article {
    pub(super) fn category_name(&self) -> &'static str {
        WORDS[self.category].0
    }
}

/// The products, category by category.
///
/// Prices and margin rates are spread evenly over their ranges within each category, so that seeds give groceries whose
/// promotions pay about equally.
pub(super) fn articles(seed: u64) -> Vec<Article> {
    let mut rng = stream(seed, Purpose::GroceryCatalogue, 0);
    let mut articles = Vec::with_capacity(CATEGORIES * ARTICLES);
    for (category, (_, names)) in WORDS.iter().enumerate() {
        let prices = spread(&mut rng, PRICE_CENTS);
        let rates = spread(&mut rng, MARGIN_RATE);
        for (position, name) in names.iter().enumerate() {
            let price_cents = prices[position].round();
            articles.push(Article {
                reference: format!("A{:04}", articles.len() + 1),
                name,
                category,
                price_cents: price_cents as i64,
                cost_cents: (price_cents * (1.0 - rates[position])).round() as i64,
                popularity: 0.5 + 1.5 * rng.random::<f64>(),
            });
        }
    }
    articles
}

/// One value from each of equal parts of the range, in random order.
fn spread(rng: &mut ChaCha8Rng, (low, high): (f64, f64)) -> Vec<f64> {
    let parts = distinct(rng, ARTICLES, ARTICLES);
    parts
        .into_iter()
        .map(|part| {
            let share = (part as f64 + rng.random::<f64>()) / ARTICLES as f64;
            low + (high - low) * share
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_and_margins_stay_within_what_is_promised() {
        for seed in 0..50 {
            let articles = articles(seed);
            assert_eq!(articles.len(), 64);
            for article in articles {
                let price = article.price_cents;
                assert!((200..=900).contains(&price), "{article:?}");
                let rate = 1.0 - article.cost_cents as f64 / price as f64;
                assert!((0.2..=0.4).contains(&rate), "{article:?}");
            }
        }
    }
}
