//! Who supplies what, how fast, and how late.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Boutique;
use super::catalogue::{BoutiqueProduct, CATEGORIES};
use super::sites::WAREHOUSE;
use super::world::Series;
use crate::draws::{Purpose, stream};

/// Chances of coming 0, 1, 2, … days late.
const RELIABLE: &[f64] = &[0.92, 0.06, 0.02];
const MIDDLING: &[f64] = &[0.75, 0.15, 0.06, 0.04];
const UNRELIABLE: &[f64] = &[0.50, 0.20, 0.15, 0.10, 0.05];
/// Chance that less is sent than was ordered, and the least share sent then.
const SHORT: f64 = 0.02;
const SHORT_SHARE: f64 = 0.6;
/// Days that a transfer takes.
pub(super) const TRANSFER_DAYS: usize = 2;

/// A supplier: what is promised and what is kept of it.
#[derive(Debug)]
struct Supplier {
    id: &'static str,
    lead_days: u32,
    /// Monday first.
    order_days: [bool; 7],
    delays: &'static [f64],
}

const fn days(monday_first: [u8; 7]) -> [bool; 7] {
    let mut found = [false; 7];
    let mut day = 0;
    while day < 7 {
        found[day] = monday_first[day] == 1;
        day += 1;
    }
    found
}

/// Of each category.
const SUPPLIERS: [Supplier; CATEGORIES] = [
    Supplier {
        id: "BAKER",
        lead_days: 1,
        order_days: days([1, 1, 1, 1, 1, 1, 0]),
        delays: RELIABLE,
    },
    Supplier {
        id: "CHOCO",
        lead_days: 4,
        order_days: days([0, 1, 0, 0, 1, 0, 0]),
        delays: RELIABLE,
    },
    Supplier {
        id: "FLORA",
        lead_days: 1,
        order_days: days([1, 0, 1, 0, 1, 0, 0]),
        delays: RELIABLE,
    },
    Supplier {
        id: "GLACE",
        lead_days: 3,
        order_days: days([1, 0, 0, 1, 0, 0, 0]),
        delays: MIDDLING,
    },
    Supplier {
        id: "LEAF",
        lead_days: 7,
        order_days: days([0, 1, 0, 0, 0, 0, 0]),
        delays: MIDDLING,
    },
    Supplier {
        id: "OUTDOOR",
        lead_days: 14,
        order_days: days([0, 0, 1, 0, 0, 0, 0]),
        delays: UNRELIABLE,
    },
    Supplier {
        id: "OUTDOOR",
        lead_days: 14,
        order_days: days([0, 0, 1, 0, 0, 0, 0]),
        delays: UNRELIABLE,
    },
    Supplier {
        id: "WAX",
        lead_days: 10,
        order_days: days([0, 0, 0, 1, 0, 0, 0]),
        delays: MIDDLING,
    },
    Supplier {
        id: "KILN",
        lead_days: 18,
        order_days: days([1, 0, 0, 0, 0, 0, 0]),
        delays: UNRELIABLE,
    },
    Supplier {
        id: "PAPER",
        lead_days: 7,
        order_days: days([0, 1, 0, 0, 0, 0, 0]),
        delays: MIDDLING,
    },
];

/// How a product is supplied to a site.
#[derive(Debug, Clone, PartialEq)]
pub struct SupplyTerms {
    /// Who supplies it.
    pub supplier: &'static str,
    /// Days from order to arrival as promised; it arrives before the site opens.
    pub lead_time_days: u32,
    /// Weekdays on which it can be ordered, Monday first.
    pub order_days: [bool; 7],
    /// Units of one pack; only whole packs are ordered.
    pub pack_units: u32,
    /// Fewest units of one order.
    pub minimum_units: u32,
    /// What one unit costs, in cents.
    pub unit_cost_cents: i64,
    /// What one order of a product costs whatever its size, in cents.
    pub order_cost_cents: i64,
    /// Days on which it can be sold, that of its arrival included; nothing where it does not perish.
    pub shelf_life_days: Option<u32>,
    /// Units that the shelf must show; 0 in the warehouse.
    pub presentation_units: u32,
    /// Chances of coming 0, 1, 2, … days late; they sum to 1.
    pub delays: &'static [f64],
}

impl SupplyTerms {
    /// The least order of at least `units` that is allowed: whole packs, and the minimum.
    #[must_use]
    pub fn allowed(&self, units: u32) -> u32 {
        let wanted = units.max(self.minimum_units);
        wanted.div_ceil(self.pack_units) * self.pack_units
    }
}

/// The terms of each series.
pub(super) fn terms(
    chain: &Boutique,
    products: &[BoutiqueProduct],
    series: &[Series],
) -> Vec<SupplyTerms> {
    let mut of_product = Vec::with_capacity(products.len());
    for (index, product) in products.iter().enumerate() {
        let mut rng = stream(chain.seed, Purpose::BoutiqueSupply, index as u64);
        let category = product.category();
        // The pack is the usual one, or half of it for goods that sell slowly.
        let halves = product.popularity < 0.8 && category.pack_units % 2 == 0;
        let pack_units = category.pack_units / if halves { 2 } else { 1 };
        let packs = if rng.random::<f64>() < 0.25 { 2 } else { 1 };
        let supplier = &SUPPLIERS[product.kind];
        of_product.push(SupplyTerms {
            supplier: supplier.id,
            lead_time_days: supplier.lead_days,
            order_days: supplier.order_days,
            pack_units,
            minimum_units: packs * pack_units,
            unit_cost_cents: product.cost_cents,
            order_cost_cents: rng.random_range(20..60),
            shelf_life_days: category.shelf_life_days,
            presentation_units: rng.random_range(1..=2),
            delays: supplier.delays,
        });
    }
    let of = |one: &Series| {
        let mut terms = of_product[one.product].clone();
        if one.site == WAREHOUSE {
            terms.presentation_units = 0;
        }
        terms
    };
    series.iter().map(of).collect()
}

/// What becomes of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fulfilment {
    pub(super) days_late: usize,
    pub(super) units: u32,
}

/// What becomes of an order of `units` of a series on a day, whoever ordered them: what a supplier sends to a site on one
/// day comes together.
pub(super) fn fulfilment(
    seed: u64,
    series: (usize, Series),
    terms: &SupplyTerms,
    day: usize,
    units: u32,
) -> Fulfilment {
    let supplier = SUPPLIERS.iter().position(|one| one.id == terms.supplier);
    let sent = (supplier.unwrap_or(0) as u64) << 32 | (series.1.site as u64) << 16 | day as u64;
    let mut of_day = stream(seed, Purpose::BoutiqueDelay, sent);
    let mut of_order = stream(
        seed,
        Purpose::BoutiqueShort,
        (series.0 as u64) << 16 | day as u64,
    );
    let late = crate::draws::pick(&mut of_day, terms.delays).unwrap_or(0);
    Fulfilment {
        days_late: late,
        units: sent_of(&mut of_order, units),
    }
}

fn sent_of(rng: &mut ChaCha8Rng, units: u32) -> u32 {
    let short = rng.random::<f64>() < SHORT;
    let share = SHORT_SHARE + (1.0 - SHORT_SHARE) * rng.random::<f64>();
    if short {
        (share * f64::from(units)).floor() as u32
    } else {
        units
    }
}
