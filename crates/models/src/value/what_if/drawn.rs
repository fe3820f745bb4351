//! What customers would buy if their rates were these: draws of what is not known of each.

use math::random::stream;
use math::special::mean_decay;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::super::amounts::OrderAmount;
use super::super::outlook::{Alive, Leaving, gamma};
use super::ahead::Ahead;
use super::{Bought, Change, Changed, Prospect, Prospects};

/// Customers that a thread sums alone. Fixed, so that the order of additions never depends on the threads.
const CHUNK: usize = 512;

impl Prospects {
    /// Of each draw of an effect: what all customers together buy without it and with it, when each customer's being
    /// there, rates and mean order are drawn from what their past leaves open.
    ///
    /// A draw gives both sides the same customers: no change then changes nothing, exactly. What they buy is expected
    /// from their rates: the luck of single purchases is not in it, nor what is unknown of the models' parameters, which
    /// vanishes with the number of customers. The same seed gives the same bytes on any number of threads.
    #[must_use]
    pub fn drawn(&self, changes: &[Change], seed: u64) -> Vec<Changed> {
        // Whoever is here has a mean order, so amounts were learnt.
        let Ok(amount) = self.amounts.of_order() else {
            return vec![Changed::default(); changes.len()];
        };
        let parts: Vec<Vec<Changed>> = self
            .customers
            .par_chunks(CHUNK)
            .enumerate()
            .map(|(chunk, customers)| {
                let mut random = stream(seed, chunk as u64);
                let mut sums = vec![Changed::default(); changes.len()];
                for customer in customers {
                    for (sum, change) in sums.iter_mut().zip(changes) {
                        let drawn = draw(customer, &amount, &self.ahead, change, &mut random);
                        *sum = sum.and(drawn);
                    }
                }
                sums
            })
            .collect();
        let mut all = vec![Changed::default(); changes.len()];
        for part in parts {
            all.iter_mut()
                .zip(part)
                .for_each(|(sum, one)| *sum = sum.and(one));
        }
        all
    }
}

impl Changed {
    fn and(self, other: Self) -> Self {
        Self {
            before: self.before + other.before,
            after: self.after + other.after,
        }
    }
}

/// One customer with rates of their own.
#[derive(Clone, Copy)]
struct Rates {
    /// Purchases per shop day.
    purchases: f64,
    leaving: Leaves,
}

#[derive(Clone, Copy)]
enum Leaves {
    /// With this probability after each purchase.
    AfterAPurchase(f64),
    /// At this rate per shop day.
    AfterATime(f64),
}

fn draw(
    customer: &Prospect,
    amount: &OrderAmount<'_>,
    ahead: &Ahead,
    change: &Change,
    random: &mut ChaCha8Rng,
) -> Changed {
    let Some(way) = drawn_way(&customer.outlook.alive, random) else {
        return Changed::default();
    };
    let [before, after] = drawn_rates(way, change.dropout, random);
    let cents = amount.mean_of(amount.draw_customer(&customer.spend, random));
    Changed {
        before: before.buy(ahead, cents, &Change::NONE),
        after: after.buy(ahead, cents, change),
    }
}

/// The way in which the customer is alive; `None` where they are gone.
fn drawn_way<'a>(ways: &'a [Alive], random: &mut ChaCha8Rng) -> Option<&'a Alive> {
    let mut left: f64 = random.random();
    for way in ways {
        if left < way.probability {
            return Some(way);
        }
        left -= way.probability;
    }
    None
}

/// The customer's rates without the effect and with it.
///
/// A Gamma of shape `a` is the sum of two whose shapes add up to `a`: so the probability to leave that is Beta(`a`, `b`)
/// and the one that is Beta(`a · dropout`, `b`) are drawn together, and the customer who leaves sooner does on both sides.
fn drawn_rates(way: &Alive, dropout: f64, random: &mut ChaCha8Rng) -> [Rates; 2] {
    let purchases = gamma(way.rate_shape, way.rate_days, random);
    let leaving = match way.leaving {
        Leaving::AfterATime { shape, days } => {
            let rate = gamma(shape, days, random);
            [rate, rate * dropout].map(Leaves::AfterATime)
        }
        Leaving::AfterAPurchase { a, b } => {
            let stays = gamma(b, 1.0, random);
            let common = gamma(a * dropout.min(1.0), 1.0, random);
            let more = if dropout == 1.0 {
                0.0
            } else {
                gamma(a * (dropout - 1.0).abs(), 1.0, random)
            };
            let (before, after) = if dropout < 1.0 {
                (common + more, common)
            } else {
                (common, common + more)
            };
            // Both may be too small for a number: then nobody knows, and nothing is lost by staying.
            let share = |leaves: f64| {
                let share = leaves / (leaves + stays);
                Leaves::AfterAPurchase(if share.is_nan() { 0.0 } else { share })
            };
            [before, after].map(share)
        }
    };
    leaving.map(|leaving| Rates { purchases, leaving })
}

impl Rates {
    /// What is expected of a customer with these rates.
    fn buy(&self, ahead: &Ahead, cents: f64, change: &Change) -> Bought {
        let (mut gone, mut until, mut bought) = (0.0, 0.0, Bought::default());
        for stretch in &ahead.stretches {
            let faster = stretch.faster(change);
            // The time that a purchase is still looked for: until somebody leaves at a constant hazard.
            let (clock, often, hazard) = match self.leaving {
                Leaves::AfterAPurchase(share) => (faster, 1.0, self.purchases * share),
                Leaves::AfterATime(rate) => (1.0, faster, rate),
            };
            gone += stretch.shop_days * clock;
            let looked_for = gone * mean_decay(hazard * gone);
            let orders = self.purchases * (looked_for - until) * often;
            until = looked_for;
            bought = bought + stretch.brings(orders, cents, change);
        }
        bought
    }
}
