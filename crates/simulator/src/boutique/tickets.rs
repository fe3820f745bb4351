//! What was sold in a store on a day, as tickets, and what of it comes back later.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::customers::Cards;
use super::world::World;
use crate::draws::{Purpose, distinct, pick, stream};

/// Seconds of the day at which stores open and have closed, in UTC.
const OPEN: (u32, u32) = (8 * 3_600, 18 * 3_600);
/// Chances of 1, 2 and 3 units on a line, and of 1 to 4 lines on a ticket.
const UNITS: [f64; 3] = [0.80, 0.15, 0.05];
const LINES: [f64; 4] = [0.62, 0.24, 0.10, 0.04];
/// Share of the tickets with a card.
const WITH_CARD: f64 = 0.35;
/// Share of the lines that come back whole, of goods that do not perish, and the most days after which they do.
const RETURNED: f64 = 0.015;
const RETURN_DAYS: usize = 20;
/// Share of the returns of which the ticket is known.
const TICKET_KNOWN: f64 = 0.7;

/// A line of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) day: usize,
    pub(super) second: u32,
    pub(super) site: usize,
    pub(super) ticket: u32,
    pub(super) line: u32,
    pub(super) product: usize,
    /// Below 0 where goods come back.
    pub(super) units: i32,
    pub(super) customer: Option<u32>,
    pub(super) price_cents: i64,
    /// Of the whole line, also where it comes back.
    pub(super) discount_cents: i64,
    /// Day and number of the ticket on which it was sold, where it comes back and that is known.
    pub(super) return_of: Option<(usize, u32)>,
}

/// Where and when something is sold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Till<'a> {
    pub(super) world: &'a World,
    pub(super) day: usize,
    pub(super) site: usize,
}

impl Till<'_> {
    /// The lines of the day in the order of time, those that come back at the end, and the lines that will come back on a
    /// later day.
    ///
    /// - `sold`: products with their units.
    /// - `back`: lines of earlier days that come back today.
    pub(super) fn tickets(self, sold: &[(usize, u32)], back: Vec<Line>) -> (Vec<Line>, Vec<Line>) {
        let subject = (self.site as u64) << 16 | self.day as u64;
        let mut rng = stream(self.world.chain.seed, Purpose::BoutiqueTicket, subject);
        let goods = split(&mut rng, sold);
        let mut sizes = Vec::new();
        let mut left = goods.len();
        while left > 0 {
            let size = (1 + pick(&mut rng, &LINES).unwrap_or(0)).min(left);
            sizes.push(size);
            left -= size;
        }
        let mut seconds: Vec<u32> = sizes
            .iter()
            .map(|_| rng.random_range(OPEN.0..OPEN.1))
            .collect();
        seconds.sort_unstable();
        let mut lines = Vec::with_capacity(goods.len() + back.len());
        let mut goods = goods.into_iter();
        for (ticket, (size, second)) in (1..).zip(sizes.iter().zip(seconds)) {
            let with_card = rng.random::<f64>() < WITH_CARD;
            let holder = self.world.cards.draw(&mut rng, self.site);
            let customer = holder.filter(|_| with_card);
            for (line, (product, units)) in (1..).zip(goods.by_ref().take(*size)) {
                lines.push(self.line((second, ticket, line), product, units, customer));
            }
        }
        let later = self.later(&mut rng, &lines);
        for (ticket, line) in (sizes.len() as u32 + 1..).zip(back) {
            lines.push(Line {
                second: OPEN.1 - 1,
                ticket,
                line: 1,
                ..line
            });
        }
        (lines, later)
    }

    fn line(
        self,
        (second, ticket, line): (u32, u32, u32),
        product: usize,
        units: u32,
        customer: Option<u32>,
    ) -> Line {
        let price_cents = self.world.price(product, self.day);
        let depth = self.world.depth(product, self.site, self.day);
        let value = price_cents as f64 * f64::from(units);
        Line {
            day: self.day,
            second,
            site: self.site,
            ticket,
            line,
            product,
            units: units as i32,
            customer,
            price_cents,
            discount_cents: (depth * value).round() as i64,
            return_of: None,
        }
    }

    /// The lines that will come back, with the day on which they do.
    fn later(self, rng: &mut ChaCha8Rng, lines: &[Line]) -> Vec<Line> {
        let world = self.world;
        let mut later = Vec::new();
        for line in lines {
            let returned = rng.random::<f64>() < RETURNED;
            let earliest = line.day + rng.random_range(1..=RETURN_DAYS);
            let known = rng.random::<f64>() < TICKET_KNOWN;
            let perishes = world.products[line.product]
                .category()
                .shelf_life_days
                .is_some();
            if !returned || perishes {
                continue;
            }
            let open = |day: &usize| world.sites[self.site].opens(&world.days[*day]);
            if let Some(day) = (earliest..world.days.len()).find(open) {
                later.push(Line {
                    day,
                    units: -line.units,
                    return_of: known.then_some((line.day, line.ticket)),
                    ..line.clone()
                });
            }
        }
        later
    }
}

/// Lines of one to three units, in random order.
fn split(rng: &mut ChaCha8Rng, sold: &[(usize, u32)]) -> Vec<(usize, u32)> {
    let mut lines = Vec::new();
    for &(product, units) in sold {
        let mut left = units;
        while left > 0 {
            let some = (1 + pick(rng, &UNITS).unwrap_or(0) as u32).min(left);
            lines.push((product, some));
            left -= some;
        }
    }
    let order = distinct(rng, lines.len(), lines.len());
    order.into_iter().map(|place| lines[place]).collect()
}

/// Number of a ticket, unique in the chain.
pub(super) fn ticket_name(world: &World, site: usize, (day, ticket): (usize, u32)) -> String {
    let date = world.days[day].date.strftime("%Y%m%d");
    format!("{}-{date}-{ticket:04}", world.sites[site].id)
}

/// Who bought, as the till prints it.
pub(super) fn card_name(customer: Option<u32>) -> String {
    customer.map(Cards::name).unwrap_or_default()
}
