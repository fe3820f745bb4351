//! What is on the shelves of the sites, and what they order.
//!
//! Each part has a level at each site. Once a week a site orders what was recorded as sold there since its last order, so
//! that what is on hand and on order comes back to the level, as long as everything is recorded. Beside it runs what
//! would be there had everything been.

use std::collections::BTreeMap;

use super::catalogue::{Article, SITES};

/// A supplier: its name, the weekday of its orders (0 is Monday), days until they arrive.
#[derive(Debug)]
pub(super) struct Supplier {
    pub(super) name: &'static str,
    pub(super) weekday: i64,
    pub(super) weekday_name: &'static str,
    pub(super) lead_days: i64,
}

const SUPPLIERS: [Supplier; 3] = [
    Supplier {
        name: "gomme",
        weekday: 0,
        weekday_name: "mon",
        lead_days: 3,
    },
    Supplier {
        name: "transfrance",
        weekday: 2,
        weekday_name: "wed",
        lead_days: 5,
    },
    Supplier {
        name: "accessoria",
        weekday: 4,
        weekday_name: "fri",
        lead_days: 7,
    },
];

/// Supplier of a family of parts.
pub(super) fn supplier(family: usize) -> &'static Supplier {
    &SUPPLIERS[match family {
        0..=2 => 0,
        7..=9 => 1,
        _ => 2,
    }]
}

/// Units of one part at one site.
#[derive(Debug, Clone, Copy, Default)]
struct Shelf {
    /// On hand, in truth and had everything been recorded.
    on_hand: u32,
    unharmed: u32,
    /// Sold since the last order: recorded as sold here, not recorded, and had everything been.
    recorded: u32,
    missed: u32,
    unharmed_sold: u32,
}

/// A delivery to come.
#[derive(Debug, Clone, Copy)]
struct Delivery {
    shelf: usize,
    units: u32,
    unharmed: u32,
}

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Served {
    /// Units that were there.
    pub(super) units: u32,
    /// Units that would have been there had all sales been recorded.
    pub(super) unharmed: u32,
}

/// All shelves; a shelf is `part × SITES + site`.
#[derive(Debug, Clone)]
pub(super) struct Shelves {
    shelves: Vec<Shelf>,
    /// What was on hand when it was told last.
    told: Vec<Option<u32>>,
    to_come: BTreeMap<i64, Vec<Delivery>>,
}

impl Shelves {
    /// Full shelves; `daily` is the mean of the units wanted a day, by shelf.
    pub(super) fn new(articles: &[Article], daily: &[f64]) -> Self {
        let level = |(shelf, mean): (usize, &f64)| {
            let family = articles
                .get(shelf / SITES.len())
                .map_or(0, |article| article.family);
            let covered = mean * (7 + supplier(family).lead_days) as f64;
            (covered + 1.3 * covered.sqrt()).ceil().max(1.0) as u32 + 1
        };
        let shelves: Vec<Shelf> = daily
            .iter()
            .enumerate()
            .map(level)
            .map(|on_hand| Shelf {
                on_hand,
                unharmed: on_hand,
                ..Shelf::default()
            })
            .collect();
        Self {
            told: vec![None; shelves.len()],
            shelves,
            to_come: BTreeMap::new(),
        }
    }

    /// Position of the shelf of a part at a site.
    pub(super) fn position(part: usize, site: usize) -> usize {
        part * SITES.len() + site
    }

    /// Puts what arrives in the morning of a day on the shelves.
    pub(super) fn receive(&mut self, day: i64) {
        for delivery in self.to_come.remove(&day).unwrap_or_default() {
            let shelf = &mut self.shelves[delivery.shelf];
            shelf.on_hand += delivery.units;
            shelf.unharmed += delivery.unharmed;
        }
    }

    /// Takes up to `units` off a shelf; `recorded` says whether the feed names the site of the line.
    pub(super) fn take(&mut self, shelf: usize, units: u32, recorded: bool) -> Served {
        let shelf = &mut self.shelves[shelf];
        let served = Served {
            units: units.min(shelf.on_hand),
            unharmed: units.min(shelf.unharmed),
        };
        shelf.on_hand -= served.units;
        shelf.unharmed -= served.unharmed;
        shelf.unharmed_sold += served.unharmed;
        if recorded {
            shelf.recorded += served.units;
        } else {
            shelf.missed += served.units;
        }
        served
    }

    /// Orders in the evening of a day what was recorded as sold since the last order.
    pub(super) fn order(&mut self, articles: &[Article], day: i64) {
        for (position, shelf) in self.shelves.iter_mut().enumerate() {
            let family = articles
                .get(position / SITES.len())
                .map_or(0, |article| article.family);
            let supplier = supplier(family);
            if day.rem_euclid(7) != supplier.weekday {
                continue;
            }
            let delivery = Delivery {
                shelf: position,
                units: std::mem::take(&mut shelf.recorded),
                unharmed: std::mem::take(&mut shelf.unharmed_sold),
            };
            if delivery.units > 0 || delivery.unharmed > 0 {
                let arrives = day + supplier.lead_days;
                self.to_come.entry(arrives).or_default().push(delivery);
            }
        }
    }

    /// People find what was not recorded: it goes with the next order.
    pub(super) fn find_missed(&mut self) {
        for shelf in &mut self.shelves {
            shelf.recorded += std::mem::take(&mut shelf.missed);
        }
    }

    /// Shelves on which another number of units lies than was told last, with that number.
    pub(super) fn changed(&mut self) -> Vec<(usize, u32)> {
        let mut changed = Vec::new();
        for (position, (shelf, told)) in self.shelves.iter().zip(&mut self.told).enumerate() {
            if *told != Some(shelf.on_hand) {
                *told = Some(shelf.on_hand);
                changed.push((position, shelf.on_hand));
            }
        }
        changed
    }
}
