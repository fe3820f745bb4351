//! What customers buy without a list: on errands of their own.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

use super::catalogue::beside;
use super::date_of;
use super::trials::{Arm, VOUCHER_CENTS, WINDOW_DAYS};
use super::world::World;
use crate::draws::{Purpose, pick, stream};

/// Weekdays, Monday first.
const WEEKDAYS: [f64; 7] = [1.1, 0.95, 0.95, 1.0, 1.15, 1.4, 0.45];
/// Errands in the year that is played, relative to the history, in whose sales are those of lists made by hand.
const PLAYED: f64 = 0.5;
/// Mean lines of an order beyond the first, and what a line is likelier to hold that goes with the first.
const EXTRA_LINES: f64 = 0.5;
const BESIDE: f64 = 5.0;
/// Share of orders made in a shop; the others are made online and fetched there.
const IN_STORE: f64 = 0.7;
/// Share of lines with a discount, and how deep it is, in percent.
const DISCOUNTED: f64 = 0.08;
const DISCOUNT_PERCENT: i64 = 10;
/// Hours of the day in which orders are made, in UTC.
const HOURS: (i64, i64) = (7, 19);

/// Something that is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goods {
    /// Position of an article.
    Article(usize),
    /// Position of a launch.
    Launch(usize),
}

/// A line of an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) goods: Goods,
    pub(super) units: u32,
    pub(super) price_cents: i64,
    pub(super) discount_cents: i64,
}

impl Line {
    /// What is bought after a click is one unit.
    fn of_list(&mut self) {
        self.discount_cents /= i64::from(self.units.max(1));
        self.units = 1;
    }
}

/// An order of a day.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) customer: usize,
    /// Second of the day.
    pub(super) second: i64,
    pub(super) channel: &'static str,
    pub(super) lines: Vec<Line>,
    /// Whether a part that is not on the shelf is sent for: so it is with what a list led to.
    pub(super) sent_for: bool,
}

/// What a day does to all errands.
struct Today<'a> {
    world: &'a World,
    day: i64,
    level: f64,
    /// The factor on each family: season and competitor.
    families: Vec<f64>,
    /// The same without season.
    taken: Vec<f64>,
}

impl World {
    /// Orders of a day that come of errands, by customer.
    pub(super) fn errands(&self, day: i64) -> Vec<Order> {
        let taken = self.families(day);
        let date = date_of(day);
        let of = super::catalogue::FAMILIES.iter().zip(&taken);
        let played = if day < 0 { 1.0 } else { PLAYED };
        let today = Today {
            world: self,
            day,
            level: played * WEEKDAYS[day.rem_euclid(7) as usize],
            families: of
                .map(|(family, taken)| family.bought() * family.season(date) * taken)
                .collect(),
            taken,
        };
        let customers = self.customers.iter().enumerate();
        let there =
            customers.filter(|(_, customer)| customer.joins <= day && day <= customer.leaves);
        there
            .filter_map(|(position, _)| today.order(position))
            .collect()
    }
}

impl Today<'_> {
    /// The order of a customer, if there is one: nobody orders twice a day.
    fn order(&self, position: usize) -> Option<Order> {
        let world = self.world;
        let customer = &world.customers[position];
        let mut rng = stream(
            world.cars.seed,
            Purpose::CarsOrder,
            World::stream_of(self.day, position),
        );
        let asked = rng.random::<f64>();
        let trial = world.trials.factor(position, customer, self.day);
        let rate = customer.rate * self.level * trial * self.left(position);
        // Who joins does so with an order; who is sent by a partner looks first.
        let first = customer.joins == self.day && !customer.partner;
        if !first && asked >= rate {
            return None;
        }
        let second = rng.random_range(HOURS.0 * 3_600..HOURS.1 * 3_600);
        let in_store = rng.random::<f64>() < IN_STORE;
        let mut lines = self.lines(&mut rng, position);
        let by_list = self.day < 0 && rng.random::<f64>() >= PLAYED;
        if by_list {
            lines.iter_mut().for_each(Line::of_list);
        }
        let channel = match (customer.partner, in_store) {
            (true, _) => "partner",
            (false, true) => "store",
            (false, false) => "web",
        };
        // A list is clicked on online.
        let channel = if by_list { "web" } else { channel };
        self.redeem(position, &mut lines);
        Some(Order {
            customer: position,
            second,
            channel,
            lines,
            sent_for: false,
        })
    }

    /// The factor on a customer's errands by what a competitor took.
    fn left(&self, position: usize) -> f64 {
        let world = self.world;
        let of = world.customers[position].wants.iter().zip(&world.articles);
        of.map(|(want, article)| want * self.taken[article.family])
            .sum()
    }

    fn lines(&self, rng: &mut ChaCha8Rng, position: usize) -> Vec<Line> {
        let world = self.world;
        let wants = &world.customers[position].wants;
        let of = wants.iter().zip(&world.articles);
        let mut weights: Vec<f64> = of
            .map(|(want, article)| want * self.families[article.family])
            .collect();
        let mut lines = Vec::new();
        let extra = Poisson::new(EXTRA_LINES).map_or(0, |poisson| poisson.sample(rng) as usize);
        for place in 0..=extra {
            let Some(article) = pick(rng, &weights) else {
                break;
            };
            lines.push(self.line(rng, article));
            weights[article] = 0.0;
            if place == 0 {
                let family = world.articles[article].family;
                for (weight, other) in weights.iter_mut().zip(&world.articles) {
                    if beside(family, other.family) {
                        *weight *= BESIDE;
                    }
                }
            }
        }
        lines
    }

    fn line(&self, rng: &mut ChaCha8Rng, position: usize) -> Line {
        let article = &self.world.articles[position];
        let extra = article.of().extra_units;
        let extra = Poisson::new(extra).map_or(0, |poisson| poisson.sample(rng) as u32);
        let units = 1 + extra;
        let price_cents =
            super::prices::price_cents(self.world.cars.seed, position, article, self.day);
        let discounted = rng.random::<f64>() < DISCOUNTED && article.of().bought() == 1.0;
        let value = price_cents * i64::from(units);
        Line {
            goods: Goods::Article(position),
            units,
            price_cents,
            discount_cents: if discounted {
                value * DISCOUNT_PERCENT / 100
            } else {
                0
            },
        }
    }

    /// Takes a voucher off the first order of its window, at most half of each line.
    fn redeem(&self, position: usize, lines: &mut [Line]) {
        let Some((plan, Arm::Voucher)) = self.world.trials.arm(position, self.day) else {
            return;
        };
        if self.has_ordered(position, super::trials::PLANS[plan].day) {
            return;
        }
        let mut left = VOUCHER_CENTS;
        for line in lines {
            let value = line.price_cents * i64::from(line.units);
            let off = left.min((value / 2 - line.discount_cents).max(0));
            line.discount_cents += off;
            left -= off;
        }
    }

    /// Whether a customer has ordered since a day, today not counted.
    fn has_ordered(&self, position: usize, since: i64) -> bool {
        let world = self.world;
        let customer = &world.customers[position];
        let until = self.day.min(since + WINDOW_DAYS);
        (since..until).any(|day| {
            let mut rng = stream(
                world.cars.seed,
                Purpose::CarsOrder,
                World::stream_of(day, position),
            );
            let trial = world.trials.factor(position, customer, day);
            rng.random::<f64>() < customer.rate * WEEKDAYS[day.rem_euclid(7) as usize] * trial
        })
    }
}
