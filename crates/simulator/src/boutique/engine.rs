//! A day of the chain: goods leave and arrive, are sold, come back, perish.

use rand_distr::{Distribution, StandardNormal};

use super::shelf::{Lot, Shelf};
use super::sites::WAREHOUSE;
use super::supply::{TRANSFER_DAYS, fulfilment};
use super::tickets::{Line, Till};
use super::world::World;
use crate::draws::{Purpose, stream};

/// Days of which what was sold lately is told.
pub(super) const LATELY_DAYS: usize = 28;
/// Standard deviation of the logarithm of what is guessed of a product before it is sold.
const GUESS: f64 = 0.35;
/// Days beyond lead time and order interval that a first delivery is meant to last.
const FIRST_DAYS: f64 = 8.0;
/// Share of what the stores sell that the warehouse keeps for them.
pub(super) const RESERVE: f64 = 0.1;

/// What happened to a product at a site on a day, in units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerDay {
    /// Wanted by customers.
    pub wanted: u32,
    /// Sold: what was wanted as far as it was there.
    pub sold: u32,
    /// Brought back by customers, and on the shelf again.
    pub returned: u32,
    /// Arrived from a supplier or another site, before the opening.
    pub received: u32,
    /// Left for another site, before the opening.
    pub sent: u32,
    /// Thrown away in the evening.
    pub wasted: u32,
    /// On hand at the end of the day: that of the day before, and received and returned, less sent, sold and wasted.
    pub on_hand: u32,
}

/// Goods on their way, or arrived.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Delivery {
    pub(super) series: usize,
    /// Site that they come from; nothing where a supplier sends them.
    pub(super) from: Option<usize>,
    /// May lie before the start.
    pub(super) ordered: i64,
    pub(super) due: i64,
    pub(super) arrives: usize,
    pub(super) units: u32,
    pub(super) received: u32,
    /// Where they come from another site, what they are.
    lots: Vec<Lot>,
}

/// What is decided in the morning of a day, checked: series with units, and two series with units.
#[derive(Debug, Clone, Default)]
pub(super) struct Orders {
    pub(super) orders: Vec<(usize, u32)>,
    pub(super) transfers: Vec<(usize, usize, u32)>,
}

/// How things stand before a day.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// The day to come.
    pub(super) day: usize,
    pub(super) shelves: Vec<Shelf>,
    /// What has not arrived.
    pub(super) open: Vec<Delivery>,
    /// Lines that will come back.
    back: Vec<Line>,
    /// By series, what was sold on each of the last days, by the rest of its number.
    lately: Vec<[u32; LATELY_DAYS]>,
}

/// What happened since it was begun.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// By series, day by day.
    pub(super) ledger: Vec<Vec<LedgerDay>>,
    /// What has arrived, in the order of arrival.
    pub(super) arrived: Vec<Delivery>,
    pub(super) lines: Vec<Line>,
}

impl Record {
    pub(super) fn new(world: &World) -> Self {
        Self {
            ledger: vec![Vec::new(); world.series.len()],
            arrived: Vec::new(),
            lines: Vec::new(),
        }
    }
}

impl State {
    pub(super) fn new(world: &World) -> Self {
        let series = world.series.len();
        Self {
            day: 0,
            shelves: vec![Shelf::default(); series],
            open: Vec::new(),
            back: Vec::new(),
            lately: vec![[0; LATELY_DAYS]; series],
        }
    }

    pub(super) fn sold_lately(&self, series: usize) -> u32 {
        self.lately[series].iter().sum()
    }

    pub(super) fn on_order(&self, world: &World) -> Vec<u32> {
        let mut on_order = vec![0; world.series.len()];
        for delivery in &self.open {
            on_order[delivery.series] += delivery.units;
        }
        on_order
    }

    /// Runs the day.
    pub(super) fn run(&mut self, world: &World, record: &mut Record, orders: &Orders) {
        let mut today = vec![LedgerDay::default(); world.series.len()];
        self.first_deliveries(world);
        self.order(world, orders, &mut today);
        self.receive(world, record, &mut today);
        for (series, shelf) in self.shelves.iter_mut().enumerate() {
            let day = &mut today[series];
            day.wanted = world.wanted[series][self.day];
            day.sold = shelf.take(day.wanted).iter().map(|lot| lot.units).sum();
            self.lately[series][self.day % LATELY_DAYS] = day.sold;
        }
        self.sell(world, record, &mut today);
        for (series, day) in today.into_iter().enumerate() {
            let shelf = &mut self.shelves[series];
            let ended = world.products[world.series[series].product].ended;
            let gone = ended.is_some_and(|end| end <= self.day + 1);
            let last = if gone { usize::MAX } else { self.day };
            let wasted = shelf.waste(last);
            record.ledger[series].push(LedgerDay {
                wasted,
                on_hand: shelf.on_hand(),
                ..day
            });
        }
        self.day += 1;
    }

    /// Goods that nobody decides on: the first of each product at each site.
    fn first_deliveries(&mut self, world: &World) {
        for series in 0..world.series.len() {
            let first = world.products[world.series[series].product].introduced;
            let (first, lead) = (
                first.unwrap_or(0),
                world.terms[series].lead_time_days as usize,
            );
            if self.day != first.saturating_sub(lead) {
                continue;
            }
            let units = first_units(world, series);
            self.open.push(Delivery {
                series,
                from: None,
                ordered: first as i64 - lead as i64,
                due: first as i64,
                arrives: first,
                units,
                received: units,
                lots: Vec::new(),
            });
        }
    }

    fn order(&mut self, world: &World, orders: &Orders, today: &mut [LedgerDay]) {
        for &(series, units) in &orders.orders {
            let terms = &world.terms[series];
            let one = world.series[series];
            let what = fulfilment(world.chain.seed, (series, one), terms, self.day, units);
            let due = self.day + terms.lead_time_days as usize;
            self.open.push(Delivery {
                series,
                from: None,
                ordered: self.day as i64,
                due: due as i64,
                arrives: due + what.days_late,
                units,
                received: what.units,
                lots: Vec::new(),
            });
        }
        for &(from, to, units) in &orders.transfers {
            let lots = self.shelves[from].take(units);
            today[from].sent += units;
            let arrives = self.day + TRANSFER_DAYS;
            self.open.push(Delivery {
                series: to,
                from: Some(world.series[from].site),
                ordered: self.day as i64,
                due: arrives as i64,
                arrives,
                units,
                received: units,
                lots,
            });
        }
    }

    fn receive(&mut self, world: &World, record: &mut Record, today: &mut [LedgerDay]) {
        let day = self.day;
        for delivery in self.open.extract_if(.., |one| one.arrives <= day) {
            let series = delivery.series;
            today[series].received += delivery.received;
            if delivery.from.is_some() {
                for &lot in &delivery.lots {
                    self.shelves[series].add(lot);
                }
            } else {
                let life = world.terms[series].shelf_life_days;
                self.shelves[series].add(Lot {
                    last_day: life.map_or(usize::MAX, |days| day + days as usize - 1),
                    units: delivery.received,
                });
            }
            record.arrived.push(delivery);
        }
    }

    /// Tickets of every store, and what comes back.
    fn sell(&mut self, world: &World, record: &mut Record, today: &mut [LedgerDay]) {
        let day = self.day;
        let mut sold = vec![Vec::new(); world.sites.len()];
        for (series, ledger) in today.iter().enumerate() {
            let one = world.series[series];
            if ledger.sold > 0 {
                sold[one.site].push((one.product, ledger.sold));
            }
        }
        let mut back = vec![Vec::new(); world.sites.len()];
        for line in self.back.extract_if(.., |line| line.day == day) {
            back[line.site].push(line);
        }
        for (site, (sold, back)) in sold.iter().zip(back).enumerate() {
            for line in &back {
                if let Some(series) = world.position(line.product, site) {
                    let units = line.units.unsigned_abs();
                    today[series].returned += units;
                    self.shelves[series].add(Lot {
                        last_day: usize::MAX,
                        units,
                    });
                }
            }
            let (lines, later) = Till { world, day, site }.tickets(sold, back);
            record.lines.extend(lines);
            self.back.extend(later);
        }
    }
}

/// Units of the first delivery of a series: what was guessed to last until the next one.
pub(super) fn first_units(world: &World, series: usize) -> u32 {
    let one = world.series[series];
    let terms = &world.terms[series];
    let goods = &world.products[one.product];
    let level = goods.category().level * goods.popularity;
    let of = |site: usize| level * world.sites[site].size;
    let expected: f64 = if one.site == WAREHOUSE {
        (1..world.sites.len()).map(of).sum::<f64>() * RESERVE
    } else {
        of(one.site)
    };
    let mut rng = stream(world.chain.seed, Purpose::BoutiqueFirst, series as u64);
    let guess: f64 = StandardNormal.sample(&mut rng);
    let per_week = terms.order_days.iter().filter(|open| **open).count();
    let interval = 7.0 / per_week.max(1) as f64;
    let days = f64::from(terms.lead_time_days) + interval + FIRST_DAYS;
    let days = terms
        .shelf_life_days
        .map_or(days, |life| days.min(f64::from(life)));
    let units = expected * (GUESS * guess).exp() * days;
    terms.allowed((units.ceil() as u32).max(1))
}
