//! A drawn chain: products at sites with stored quantiles of their demand, packs, stock and suppliers.

use decisions::stock::propose::{
    Goal, Limits, Line, LineError, Lines, OrderMinimum, Outcome, Proposals, ShelfLife, Unmet,
};
use decisions::stock::{Demand, Quantiles, Units};
use math::random::stream;
use rand_chacha::rand_core::Rng;
use schema::Cents;

/// Levels that forecasts are stored at.
const LEVELS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99];
/// The same of a standard normal variable.
const NORMAL: [f64; 9] = [
    -1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645, 1.96, 2.326,
];
const PACKS: [u32; 8] = [1, 1, 2, 4, 6, 6, 12, 24];
const DRAWN: usize = 1 << 16;

/// Columns, a row for each product at each site.
#[derive(Debug, Default)]
pub(crate) struct Shop {
    /// Quantiles over lead time and review, until arrival, and until what is ordered perishes; rows × levels.
    protection: Vec<f64>,
    until_arrival: Vec<f64>,
    life: Vec<f64>,
    expected: Vec<f64>,
    on_hand: Vec<u32>,
    on_order: Vec<u32>,
    pack: Vec<u32>,
    cost: Vec<u32>,
    supplier: Vec<u32>,
    class: Vec<u8>,
    pub(crate) n_sites: usize,
    pub(crate) n_suppliers: usize,
}

impl Shop {
    pub(crate) fn drawn(rows: usize, n_sites: usize, n_suppliers: usize, seed: u64) -> Self {
        let mut shop = Self {
            n_sites,
            n_suppliers,
            ..Self::default()
        };
        for (index, first) in (0..rows).step_by(DRAWN).enumerate() {
            shop.draw(DRAWN.min(rows - first), seed, index as u64);
        }
        shop
    }

    /// Adds rows. Most sell little, some much; the longer the time, the less a total varies beside its mean.
    fn draw(&mut self, rows: usize, seed: u64, index: u64) {
        let mut random = stream(seed, index);
        let mut unit = || f64::from(random.next_u32()) / f64::from(u32::MAX);
        for _ in 0..rows {
            let mean = 0.3 * (6.0 * unit() * unit()).exp();
            let spread = 0.25 + 0.6 * unit();
            let totals = |share: f64| {
                let deviation = spread / share.sqrt();
                NORMAL.map(|z| {
                    let middle = -0.5 * deviation * deviation;
                    share * mean * (middle + deviation * z).exp()
                })
            };
            let arrival = 0.2 + 0.5 * unit();
            self.protection.extend(totals(1.0));
            self.until_arrival.extend(totals(arrival));
            self.life.extend(totals(1.5 + unit()));
            self.expected.push(mean);
            self.on_hand.push((mean * 1.2 * unit()) as u32);
            self.on_order.push(if unit() < 0.3 {
                (mean * 0.5 * unit()) as u32
            } else {
                0
            });
            self.pack.push(PACKS[(unit() * 7.999) as usize]);
            self.cost.push((100.0 * (4.0 * unit()).exp()) as u32);
            self.supplier
                .push((unit() * unit() * (self.n_suppliers as f64 - 0.01)) as u32);
            self.class.push((unit() * 9.999) as u8);
        }
    }

    /// Orders: of a supplier for each site.
    fn order(&self, row: usize) -> usize {
        self.supplier[row] as usize * self.n_sites + row % self.n_sites
    }

    /// Room at each site, money for each supplier and minimum orders: about half of them tight, beside what would be
    /// ordered without.
    pub(crate) fn limits(&self, free: &Proposals) -> Shared {
        let mut shared = Shared {
            orders: vec![OrderMinimum::default(); self.n_sites * self.n_suppliers],
            budgets: vec![Cents(0); self.n_suppliers],
            sites: vec![0; self.n_sites],
        };
        for (row, outcome) in free.outcomes.iter().enumerate() {
            if let Outcome::Proposed(told) = outcome {
                let budget = &mut shared.budgets[self.supplier[row] as usize];
                *budget = *budget + told.cost;
                let position = told.position_units.max(0) as u64;
                shared.sites[row % self.n_sites] += position + told.quantity_units;
            }
        }
        let orders = (self.n_sites * self.n_suppliers) as i64;
        let all: i64 = shared.budgets.iter().map(|budget| budget.0).sum();
        for (at, order) in shared.orders.iter_mut().enumerate() {
            if at % 2 == 0 {
                order.money = Cents(all / orders / 4);
            }
        }
        for (at, budget) in shared.budgets.iter_mut().enumerate() {
            budget.0 = budget.0 * (7 + (at % 2) as i64 * 8) / 10;
        }
        for (at, room) in shared.sites.iter_mut().enumerate() {
            *room = *room * (7 + (at % 2) as u64 * 4) / 10;
        }
        shared
    }
}

/// Limits that rows share.
#[derive(Debug)]
pub(crate) struct Shared {
    orders: Vec<OrderMinimum>,
    budgets: Vec<Cents>,
    sites: Vec<u64>,
}

impl Shared {
    pub(crate) fn limits(&self) -> Limits<'_> {
        Limits {
            orders: &self.orders,
            budgets: &self.budgets,
            sites: &self.sites,
        }
    }
}

/// The rows of a shop as lines, with or without what they share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) shop: &'a Shop,
    pub(crate) shared: bool,
}

fn stored(values: &[f64], row: usize) -> Result<Demand<'_>, LineError> {
    let first = row * LEVELS.len();
    Ok(Demand::quantiles(Quantiles {
        levels: &LEVELS,
        values: &values[first..first + LEVELS.len()],
        expected: None,
        units: Units::Whole,
    })?)
}

impl Lines for Rows<'_> {
    fn n_lines(&self) -> usize {
        self.shop.expected.len()
    }

    fn line(&self, row: usize) -> Result<Line<'_>, LineError> {
        let shop = self.shop;
        let stored = |values| stored(values, row);
        let unit_cost = i64::from(shop.cost[row]);
        let fresh = row.is_multiple_of(5);
        let shares = |at: usize| self.shared.then_some(at as u32);
        Ok(Line {
            demand: stored(&shop.protection)?,
            until_arrival: Some(stored(&shop.until_arrival)?),
            unmet: if row.is_multiple_of(2) {
                Unmet::Waits
            } else {
                Unmet::Lost
            },
            protection_days: 14.0,
            review_days: 7.0,
            on_hand: i64::from(shop.on_hand[row]),
            on_order: i64::from(shop.on_order[row]),
            committed: 0,
            pack_units: shop.pack[row],
            minimum_units: 0,
            presentation_units: u32::from(row.is_multiple_of(3)),
            capacity_units: None,
            shelf_life: if fresh {
                Some(ShelfLife {
                    demand: stored(&shop.life)?,
                    level: 0.5,
                    wasted_cents: 0.8 * unit_cost as f64,
                })
            } else {
                None
            },
            goal: match shop.class[row] {
                0..=1 => Goal::CycleService(0.98),
                2..=4 => Goal::CycleService(0.95),
                5 => Goal::FillRate(0.97),
                _ => Goal::Cost {
                    missing_cents: 0.6 * unit_cost as f64,
                },
            },
            unit_cost: Cents(unit_cost),
            holding_cents_per_day: unit_cost as f64 * 0.25 / 365.0,
            order: shares(shop.order(row)),
            budget: shares(shop.supplier[row] as usize),
            site: shares(row % shop.n_sites),
        })
    }
}
