//! What came of some weeks of decisions.

use super::engine::{Record, State};
use super::world::World;

/// What it costs to have a unit on hand for a year, as a share of what it cost.
pub(super) const HOLDING_PER_YEAR: f64 = 0.25;
/// What a unit costs that is sent from site to site, in cents.
pub(super) const TRANSFER_CENTS: f64 = 25.0;

/// What came of a product at a site.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesPlayed {
    /// Position of the product.
    pub product: usize,
    /// Position of the site.
    pub site: usize,
    /// Days played.
    pub days: u32,
    /// Units wanted.
    pub wanted: u32,
    /// Units sold.
    pub sold: u32,
    /// Units thrown away.
    pub wasted: u32,
    /// Units on hand at the end of all days together.
    pub on_hand_days: u64,
    /// Orders at the supplier.
    pub orders: u32,
    /// Units sent to other sites.
    pub sent: u32,
    /// Times from one delivery to the next, those that are not over included.
    pub cycles: u32,
    /// Those of them in which a unit was wanted in vain.
    pub cycles_short: u32,
    /// Cost of the stock, in cents.
    pub holding_cents: f64,
    /// Margin of the units wanted in vain, in cents.
    pub lost_cents: f64,
    /// Cost of the units thrown away, in cents.
    pub waste_cents: f64,
    /// Cost of ordering, and of sending from this site to others, in cents.
    pub order_cents: f64,
}

impl SeriesPlayed {
    /// Units wanted in vain.
    #[must_use]
    pub fn lost(&self) -> u32 {
        self.wanted - self.sold
    }

    /// All costs together, in cents.
    #[must_use]
    pub fn cost_cents(&self) -> f64 {
        self.holding_cents + self.lost_cents + self.waste_cents + self.order_cents
    }
}

/// What came of all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// By product, then by site.
    pub series: Vec<SeriesPlayed>,
}

impl Played {
    pub(super) fn of(world: &World, record: &Record, state: &State) -> Self {
        let mut series: Vec<SeriesPlayed> = (0..world.series.len())
            .map(|position| of_series(world, record, position))
            .collect();
        let first = world.chain.days as i64;
        let made = record.arrived.iter().chain(&state.open);
        for delivery in made.filter(|one| one.ordered >= first) {
            match delivery.from {
                None => {
                    let order = world.terms[delivery.series].order_cost_cents as f64;
                    series[delivery.series].orders += 1;
                    series[delivery.series].order_cents += order;
                }
                Some(site) => {
                    let product = world.series[delivery.series].product;
                    if let Some(from) = world.position(product, site) {
                        series[from].sent += delivery.units;
                        series[from].order_cents += TRANSFER_CENTS * f64::from(delivery.units);
                    }
                }
            }
        }
        Self { series }
    }

    fn sum(&self, of: impl Fn(&SeriesPlayed) -> f64) -> f64 {
        self.series.iter().map(of).sum()
    }

    /// Share of the units wanted that were sold; nothing where none was wanted.
    #[must_use]
    pub fn fill_rate(&self) -> Option<f64> {
        let wanted = self.sum(|one| f64::from(one.wanted));
        (wanted > 0.0).then(|| self.sum(|one| f64::from(one.sold)) / wanted)
    }

    /// Share of the times between deliveries in which nothing was wanted in vain; nothing where there is none.
    #[must_use]
    pub fn cycle_service(&self) -> Option<f64> {
        let cycles = self.sum(|one| f64::from(one.cycles));
        (cycles > 0.0).then(|| 1.0 - self.sum(|one| f64::from(one.cycles_short)) / cycles)
    }

    /// Units on hand at the end of a day, on average; 0 before the first day.
    #[must_use]
    pub fn mean_stock(&self) -> f64 {
        let days = self.series.first().map_or(0, |one| one.days);
        self.sum(|one| one.on_hand_days as f64) / f64::from(days.max(1))
    }

    /// Units thrown away.
    #[must_use]
    pub fn wasted(&self) -> u64 {
        self.series.iter().map(|one| u64::from(one.wasted)).sum()
    }

    /// Units wanted in vain.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.series.iter().map(|one| u64::from(one.lost())).sum()
    }

    /// All costs together, in cents.
    #[must_use]
    pub fn cost_cents(&self) -> f64 {
        self.sum(SeriesPlayed::cost_cents)
    }
}

fn of_series(world: &World, record: &Record, position: usize) -> SeriesPlayed {
    let one = world.series[position];
    let cost = world.terms[position].unit_cost_cents as f64;
    let mut played = SeriesPlayed {
        product: one.product,
        site: one.site,
        days: 0,
        wanted: 0,
        sold: 0,
        wasted: 0,
        on_hand_days: 0,
        orders: 0,
        sent: 0,
        cycles: 0,
        cycles_short: 0,
        holding_cents: 0.0,
        lost_cents: 0.0,
        waste_cents: 0.0,
        order_cents: 0.0,
    };
    let mut short = false;
    for (number, day) in (world.chain.days as usize..).zip(&record.ledger[position]) {
        if day.received > 0 && played.days > 0 {
            played.cycles += 1;
            played.cycles_short += u32::from(short);
            short = false;
        }
        played.days += 1;
        played.wanted += day.wanted;
        played.sold += day.sold;
        played.wasted += day.wasted;
        played.on_hand_days += u64::from(day.on_hand);
        let lost = day.wanted - day.sold;
        short |= lost > 0;
        played.lost_cents += f64::from(lost) * margin(world, position, number);
    }
    if played.days > 0 {
        played.cycles += 1;
        played.cycles_short += u32::from(short);
    }
    played.holding_cents = played.on_hand_days as f64 * holding(cost);
    played.waste_cents = f64::from(played.wasted) * cost;
    played
}

/// What a unit that cost `cost_cents` costs for a day on hand.
pub(super) fn holding(cost_cents: f64) -> f64 {
    cost_cents * HOLDING_PER_YEAR / 365.0
}

/// What a unit sold on a day brings beyond its cost, in cents, 0 at least.
pub(super) fn margin(world: &World, position: usize, day: usize) -> f64 {
    let one = world.series[position];
    let price = world.price(one.product, day) as f64;
    let paid = price * (1.0 - world.depth(one.product, one.site, day));
    (paid - world.terms[position].unit_cost_cents as f64).max(0.0)
}
