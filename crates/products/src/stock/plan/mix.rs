//! One service for the whole shop, spread over its lines so that it takes the least stock.

use super::Of;
use super::item::Item;
use crate::demand::Key;
use crate::stock::settings::{GoalName, ServiceOf};
use decisions::stock::propose::Goal;
use decisions::stock::{MixLine, service_mix};
use std::collections::BTreeMap;

/// The price is that of the last unit that the service needs; so much more, and it is worth taking and no draw.
const ABOVE: f64 = 1.0 + 1e-9;

/// A price of a missing unit is above nothing, in cents.
const CENTS_MIN: f64 = 1e-9;

/// Gives every line that can be ordered today the price of a missing unit at which the shop reaches its service; where
/// categories have services of their own, each of them reaches its own, and the others together theirs. Lines that cannot
/// be ordered keep their own service: nothing can be done about them today.
pub(super) fn spread(of: &Of<'_>, keys: &[Key], items: &mut [Item]) {
    let settings = of.settings;
    if settings.goal != GoalName::ShopService {
        return;
    }
    let weight = |item: &Item| match settings.service_of {
        ServiceOf::Units => Some(1.0),
        ServiceOf::Revenue => of
            .price(&keys[item.series].product)
            .map(|cents| cents as f64)
            .filter(|cents| *cents > 0.0),
    };
    let mut classes: BTreeMap<Option<&str>, Vec<(usize, MixLine<'_>)>> = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        if let Some(line) = weight(item).and_then(|weight| seen(item, weight)) {
            let class = classes.entry(item.class.as_deref()).or_default();
            class.push((place, line));
        }
    }
    let mut prices: Vec<(usize, f64)> = Vec::new();
    for (class, of_class) in classes {
        let (places, lines): (Vec<usize>, Vec<MixLine<'_>>) = of_class.into_iter().unzip();
        // Where nothing is asked for there is nothing to spread.
        let Ok(mix) = service_mix(&lines, settings.service_of(class)) else {
            continue;
        };
        let each = places.into_iter().zip(&lines);
        prices.extend(each.map(|(place, line)| (place, mix.missing_cents * line.weight * ABOVE)));
    }
    for (place, cents) in prices {
        let missing_cents = cents.max(CENTS_MIN);
        items[place].goal = Goal::Cost { missing_cents };
    }
}

/// A line as the mix sees it; `None` where it cannot be ordered today.
fn seen(item: &Item, weight: f64) -> Option<MixLine<'_>> {
    let open = item.unknown.is_none() && item.orders_in.is_none();
    Some(MixLine {
        demand: item.until_next.demand().ok().filter(|_| open)?,
        weight,
        left_cents: item.holding_cents * item.review_days.max(1.0),
        position_units: u32::try_from(item.position()?.max(0)).ok()?,
        pack_units: item.pack_units,
    })
}
