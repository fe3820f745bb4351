//! What happens near a store or is said of a product, and is in no table: people may know of it.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Boutique;
use super::catalogue::{BoutiqueProduct, CATEGORIES};
use crate::draws::{Purpose, stream};

/// Mean days from one to the next.
const PAUSE_DAYS: usize = 4;

/// Something that changes demand for some days and that no table tells of.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalEvent {
    /// What it is, in words.
    pub reason: &'static str,
    /// Position of the product; nothing for all.
    pub product: Option<usize>,
    /// Position of the category among those of the products; nothing for all.
    pub category: Option<usize>,
    /// Position of the site; nothing for all.
    pub site: Option<usize>,
    /// First day of the chain.
    pub first: usize,
    /// Last day of the chain.
    pub last: usize,
    /// Factor on demand.
    pub factor: f64,
}

impl LocalEvent {
    /// Whether it changes the demand for a product, which is of position `kind` among the categories, at a site.
    pub(super) fn covers(&self, product: usize, kind: usize, site: usize) -> bool {
        self.product.is_none_or(|one| one == product)
            && self.category.is_none_or(|one| one == kind)
            && self.site.is_none_or(|one| one == site)
    }
}

/// The events in the order of their starts; none ends before it starts, and none goes beyond the last day.
pub(super) fn events(chain: &Boutique, products: &[BoutiqueProduct]) -> Vec<LocalEvent> {
    let mut rng = stream(chain.seed, Purpose::BoutiqueEvent, 0);
    let mut events = Vec::new();
    let days = chain.all_days();
    let mut day = rng.random_range(1..2 * PAUSE_DAYS);
    while day < days {
        events.push(event(&mut rng, chain, products, day));
        day += rng.random_range(1..2 * PAUSE_DAYS);
    }
    for event in &mut events {
        event.last = event.last.min(days - 1);
    }
    events
}

fn event(
    rng: &mut ChaCha8Rng,
    chain: &Boutique,
    products: &[BoutiqueProduct],
    first: usize,
) -> LocalEvent {
    let site = rng.random_range(1..=chain.stores as usize);
    let category = rng.random_range(0..CATEGORIES);
    let product = rng.random_range(0..products.len());
    let mut between = |low: f64, high: f64| low + (high - low) * rng.random::<f64>();
    let (share, length, height) = (between(0.0, 1.0), between(0.0, 1.0), between(0.0, 1.0));
    let days = |low: f64, high: f64| first + (low + (high - low) * length) as usize - 1;
    let of = |reason, product, category, site, last, (low, high): (f64, f64)| LocalEvent {
        reason,
        product,
        category,
        site,
        first,
        last,
        factor: low + (high - low) * height,
    };
    if share < 0.30 {
        of(
            "street fair",
            None,
            None,
            Some(site),
            days(2.0, 5.0),
            (1.3, 2.0),
        )
    } else if share < 0.50 {
        of(
            "road works",
            None,
            None,
            Some(site),
            days(7.0, 21.0),
            (0.6, 0.85),
        )
    } else if share < 0.80 {
        of(
            "in the press",
            Some(product),
            None,
            None,
            days(7.0, 15.0),
            (1.6, 3.0),
        )
    } else {
        let last = days(5.0, 11.0);
        of(
            "neighbour closed",
            None,
            Some(category),
            Some(site),
            last,
            (1.3, 2.0),
        )
    }
}
