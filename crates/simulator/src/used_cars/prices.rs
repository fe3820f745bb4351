//! What things cost from when on, and the feed that tells it.

use super::catalogue::{Article, Sort};
use super::since_start;
use crate::draws::fixed_choice;

/// The feed tells a third of its articles each day.
const TURNS: u64 = 3;
/// Steps of a price, in percent of the usual one.
const STEPS: [i64; 5] = [-4, -2, 0, 2, 4];

/// Price of the article at a position on a day, in cents: it changes every 40 to 69 days by a few percent.
pub(super) fn price_cents(seed: u64, position: usize, article: &Article, day: i64) -> i64 {
    let lasts = 40 + position as u64 % 30;
    let period = since_start(day) / lasts;
    let step = STEPS[fixed_choice(seed, position as u64, period, STEPS.len())];
    article.price_cents * (100 + step) / 100
}

/// Positions of the articles whose price the feed tells on a day: parts and services, for cars have prices of their own.
pub(super) fn told(articles: &[Article], day: i64) -> impl Iterator<Item = (usize, &Article)> {
    let turn = since_start(day) % TURNS;
    let of = articles.iter().enumerate();
    of.filter(move |(position, article)| {
        article.of().sort != Sort::Vehicle && *position as u64 % TURNS == turn
    })
}
