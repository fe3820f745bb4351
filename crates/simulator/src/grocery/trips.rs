//! What happens: trips at random moments, each with a basket.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

use super::Grocery;
use super::catalogue::Article;
use super::customers::{Customer, FREQUENCY_DAYS, chances};
use super::offers::{Arm, discounts};
use crate::draws::{Purpose, stream};

/// Items of a basket that holds no extra ones, each on a line of its own.
pub(super) const LEAST_ITEMS: u32 = 3;
pub(super) const DAY_SECONDS: u64 = 86_400;
/// Second of the day at which the shop opens, and at which it has closed.
const OPEN: (u64, u64) = (8 * 3_600, 21 * 3_600);

/// Days of the grocery, counted from its start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    pub(super) first_day: u32,
    pub(super) days: u32,
}

/// One trip.
#[derive(Debug, Clone)]
pub(super) struct Ticket {
    /// Seconds since the midnight that starts the grocery.
    pub(super) second: u64,
    pub(super) customer: u32,
    pub(super) lines: Vec<Line>,
}

/// A line of a ticket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) article: usize,
    pub(super) units: u32,
    pub(super) discount_cents: i64,
}

/// Who buys and of what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Buyer<'a> {
    pub(super) grocery: &'a Grocery,
    pub(super) articles: &'a [Article],
    pub(super) customer: &'a Customer,
    pub(super) index: u32,
}

impl Buyer<'_> {
    /// The trips of the history, in the order of their moments; lapsing customers lapse in its middle.
    pub(super) fn history(self) -> Vec<Ticket> {
        let mut rng = self.stream(0);
        let days = self.grocery.history_days;
        let half = days / 2;
        let early = Period {
            first_day: 0,
            days: half,
        };
        let late = Period {
            first_day: half,
            days: days - half,
        };
        let mut moments = moments(&mut rng, early, self.customer.frequency_before);
        moments.extend(self::moments(&mut rng, late, self.customer.frequency));
        self.tickets(&mut rng, &moments, Arm::None)
    }

    /// The trips of month `month`, which spans `period`, under `arm`, in the order of their moments.
    pub(super) fn month(self, month: u32, period: Period, arm: Arm) -> Vec<Ticket> {
        let mut rng = self.stream(month);
        let growth = self.customer.responses[arm as usize].trips;
        let moments = moments(&mut rng, period, self.customer.frequency * (1.0 + growth));
        self.tickets(&mut rng, &moments, arm)
    }

    fn stream(self, month: u32) -> ChaCha8Rng {
        let subject = (u64::from(month) << 32) | u64::from(self.index);
        stream(self.grocery.seed, Purpose::GroceryTrips, subject)
    }

    fn tickets(self, rng: &mut ChaCha8Rng, moments: &[u64], arm: Arm) -> Vec<Ticket> {
        if moments.is_empty() {
            return Vec::new();
        }
        let running = running(&chances(self.grocery.seed, self.articles, self.index));
        let growth = self.customer.responses[arm as usize].items;
        let extra_items = self.customer.extra_items * (1.0 + growth);
        moments
            .iter()
            .enumerate()
            .map(|(trip, &second)| {
                let mut lines = basket(rng, &running, extra_items);
                self.discount(&mut lines, arm, trip == 0);
                Ticket {
                    second,
                    customer: self.index,
                    lines,
                }
            })
            .collect()
    }

    fn discount(self, lines: &mut [Line], arm: Arm, first: bool) {
        let values: Vec<i64> = lines
            .iter()
            .map(|line| self.articles[line.article].price_cents * i64::from(line.units))
            .collect();
        for (line, cents) in lines.iter_mut().zip(discounts(arm, first, &values)) {
            line.discount_cents = cents;
        }
    }
}

/// Ascending moments within `period` and the opening hours, `frequency` of them in 28 days on average.
fn moments(rng: &mut ChaCha8Rng, period: Period, frequency: f64) -> Vec<u64> {
    let trips = poisson(rng, frequency * f64::from(period.days) / FREQUENCY_DAYS);
    let first_day = u64::from(period.first_day);
    let mut moments: Vec<u64> = (0..trips)
        .map(|_| {
            let day = first_day + rng.random_range(0..u64::from(period.days));
            day * DAY_SECONDS + rng.random_range(OPEN.0..OPEN.1)
        })
        .collect();
    moments.sort_unstable();
    moments
}

fn poisson(rng: &mut ChaCha8Rng, mean: f64) -> u32 {
    let poisson = Poisson::new(mean).expect("no mean is below its least value");
    poisson.sample(rng) as u32
}

/// Three lines of one item, and extra items; an item bought again goes on the line of the first.
fn basket(rng: &mut ChaCha8Rng, running: &[f64], extra_items: f64) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let extra = poisson(rng, extra_items);
    for item in 0..LEAST_ITEMS + extra {
        let article = item_of(rng, running);
        let known = lines.iter().position(|line| line.article == article);
        match known {
            Some(known) if item >= LEAST_ITEMS => lines[known].units += 1,
            Some(_) | None => lines.push(Line {
                article,
                units: 1,
                discount_cents: 0,
            }),
        }
    }
    lines
}

/// Running sums of the chances.
fn running(chances: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    chances
        .iter()
        .map(|chance| {
            sum += chance;
            sum
        })
        .collect()
}

fn item_of(rng: &mut ChaCha8Rng, running: &[f64]) -> usize {
    let drawn = rng.random::<f64>();
    let position = running.partition_point(|sum| *sum <= drawn);
    position.min(running.len() - 1)
}
