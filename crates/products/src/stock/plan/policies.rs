//! When an order is worth what it costs by itself, and how much it brings then.
//!
//! A line whose order costs something waits until no more than `s` is there and on its way, and is then brought up to
//! `S`. What an order costs whatever is in it is shared by the lines of its supplier in proportion to what keeping what
//! they sell costs: so shared, each by itself would be ordered as often as all of them together should be. Where one line
//! must be ordered the others that are half-way there join, for the order is paid.

use super::Of;
use super::item::Item;
use decisions::stock::Demand;
use decisions::stock::policy::{Costs, min_max};
use decisions::stock::propose::Goal;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What an (s, S) policy says of one line on a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::stock) struct MinMax {
    /// It must be ordered where no more than this is there and on its way.
    pub(in crate::stock) point: i64,
    /// What an order brings it up to.
    pub(in crate::stock) level: i64,
    /// What the order costs, with the line's share of what an order of its supplier does, in cents.
    pub(in crate::stock) order_cents: f64,
    /// Whether it is ordered today.
    pub(in crate::stock) due: bool,
}

/// Decides which lines are ordered today, where orders cost something and cost is what stock is for.
///
/// # Source
/// Zheng and Federgruen (1991) for s and S; Silver (1974), "A control system for coordinated inventory replenishment",
/// International Journal of Production Research 12(6), for what joins.
pub(super) fn decide(of: &Of<'_>, items: &mut [Item]) {
    let settings = of.settings;
    if !settings.weigh_order_costs && settings.order_costs.is_none() {
        return;
    }
    // What keeping the units costs that a supplier's lines sell in a day.
    let kept = |item: &Item| item.holding_cents * item.expected / item.protection_days;
    let mut suppliers: BTreeMap<&str, f64> = BTreeMap::new();
    for item in items.iter() {
        if let Some(supplier) = &item.supplier {
            *suppliers.entry(supplier).or_default() += kept(item);
        }
    }
    let cost = |item: &Item| {
        let line = item.order_cents.filter(|_| settings.weigh_order_costs);
        let supplier = item.supplier.as_deref();
        let shared = supplier.and_then(|supplier| {
            let share = kept(item) / suppliers.get(supplier).filter(|all| **all > 0.0)?;
            Some(settings.order_cost(supplier)?.0 as f64 * share)
        });
        line.unwrap_or(0) as f64 + shared.unwrap_or(0.0)
    };
    let levels: Vec<Option<MinMax>> = items
        .par_iter()
        .map(|item| levels(item, cost(item)))
        .collect();
    let due: BTreeSet<String> = items
        .iter()
        .zip(&levels)
        .filter(|(_, of)| of.is_some_and(|of| of.due))
        .filter_map(|(item, _)| item.supplier.clone())
        .filter(|supplier| settings.order_cost(supplier).is_some())
        .collect();
    for (item, of) in items.iter_mut().zip(levels) {
        item.min_max = of.map(|of| {
            let paid = item.supplier.as_ref().is_some_and(|of| due.contains(of));
            let half_way = of.point + (of.level - of.point) / 2;
            let joins = paid && item.position().is_some_and(|units| units <= half_way);
            MinMax {
                due: of.due || joins,
                ..of
            }
        });
    }
}

/// The policy of one line; `None` where its order costs nothing, where it perishes soon, or too little is known of it.
fn levels(item: &Item, order_cents: f64) -> Option<MinMax> {
    let Goal::Cost { missing_cents } = item.goal else {
        return None;
    };
    // What perishes within the days that are forecast is not ordered ahead: its waste costs more than an order.
    let keeps = item.until_perished.is_none();
    let known = keeps && item.unknown.is_none() && item.orders_in.is_none();
    let open = order_cents > 0.0 && known;
    let position = item.position().filter(|_| open)?;
    let next = item.until_next.demand().ok()?;
    let review = item.review_days.max(1.0);
    // Days differ; the policy is for good, and its period is a mean one that scatters as all of them do.
    let mean = next.mean() * review / item.protection_days;
    let spread = (next.quantile(0.84) - next.quantile(0.16)) / 2.0;
    let scatter = (spread * spread / next.mean().max(f64::MIN_POSITIVE)).max(1.0);
    let period = Demand::negative_binomial(mean, mean * scatter).ok()?;
    let costs = Costs {
        holding: item.holding_cents * review,
        missing: missing_cents,
        ordering: order_cents,
    };
    let found = min_max(&period, &next, None, &costs).ok()?;
    let shown = i64::from(item.presentation_units);
    let point = found.reorder_point.max(shown - 1);
    let level = found.order_up_to.max(shown).max(point + 1);
    Some(MinMax {
        point,
        level,
        order_cents,
        due: position <= point,
    })
}
