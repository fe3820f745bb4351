//! How the chain orders by itself: up to what sold lately, whatever was wanted.

use super::engine::{LATELY_DAYS, Orders, RESERVE, State};
use super::play::{Decision, GoodsOrder, Review, StockPosition, Transfer};
use super::sites::WAREHOUSE;
use super::world::World;

/// Days that the warehouse is meant to reach beyond the lead time.
const WAREHOUSE_DAYS: f64 = 14.0;
/// Days that help from the warehouse is meant to reach.
const HELP_DAYS: f64 = 7.0;

/// Orders up to what sold lately times the days to cover, and helps empty shelves from the warehouse on Mondays and
/// Thursdays.
pub(super) fn decide(world: &World, review: &Review<'_>) -> Decision {
    let mut decision = Decision::default();
    let days = review.number.clamp(1, LATELY_DAYS) as f64;
    let weekday = world.days[review.number].weekday;
    let mut left: Option<(usize, u32)> = None;
    for (series, position) in review.positions.iter().enumerate() {
        let rate = if position.site == WAREHOUSE {
            left = Some((position.product, position.on_hand));
            RESERVE * sold_in_stores(review, series) / days
        } else {
            f64::from(position.sold_lately) / days
        };
        if position.can_order {
            decision
                .orders
                .extend(order(world, (series, position), rate, weekday));
        }
        let reserve = left
            .as_mut()
            .filter(|(product, _)| *product == position.product);
        let empty = position.site != WAREHOUSE && position.on_hand == 0;
        let sold = world.products[position.product].lives(review.number);
        if let Some((_, reserve)) = reserve.filter(|_| empty && sold && matches!(weekday, 0 | 3)) {
            let help = ((rate * HELP_DAYS).ceil() as u32).max(1).min(*reserve);
            *reserve -= help;
            decision.transfers.extend((help > 0).then_some(Transfer {
                product: position.product,
                from: WAREHOUSE,
                to: position.site,
                units: help,
            }));
        }
    }
    decision
}

fn order(
    world: &World,
    (series, position): (usize, &StockPosition),
    rate: f64,
    weekday: usize,
) -> Option<GoodsOrder> {
    let terms = &world.terms[series];
    let interval = (1..=7)
        .find(|days| terms.order_days[(weekday + days) % 7])
        .unwrap_or(7);
    let lead = f64::from(terms.lead_time_days);
    let safety = if position.site == WAREHOUSE {
        WAREHOUSE_DAYS
    } else {
        1.5 + lead / 4.0
    };
    let cover = lead + interval as f64 + safety;
    let cover = terms
        .shelf_life_days
        .map_or(cover, |life| cover.min(f64::from(life)));
    let target = ((rate * cover).ceil() as u32).max(terms.presentation_units);
    let missing = target.saturating_sub(position.on_hand + position.on_order);
    (missing > 0).then(|| GoodsOrder {
        product: position.product,
        site: position.site,
        units: terms.allowed(missing),
    })
}

/// Units that the stores sold lately of the product of the warehouse's series.
fn sold_in_stores(review: &Review<'_>, warehouse: usize) -> f64 {
    let product = review.positions[warehouse].product;
    // The warehouse is the first site of a product.
    let stores = review.positions[warehouse + 1..].iter();
    let of = stores.take_while(|position| position.product == product);
    of.map(|position| f64::from(position.sold_lately)).sum()
}

/// The decision as the engine carries it out; it is always allowed.
pub(super) fn orders(world: &World, state: &State) -> Orders {
    let positions = super::play::positions(world, state);
    let review = Review {
        day: world.days[state.day].date,
        number: state.day,
        positions: &positions,
    };
    let decision = decide(world, &review);
    let at = |product: usize, site: usize| world.position(product, site);
    Orders {
        orders: decision
            .orders
            .iter()
            .filter_map(|order| Some((at(order.product, order.site)?, order.units)))
            .collect(),
        transfers: decision
            .transfers
            .iter()
            .filter_map(|one| {
                let (from, to) = (at(one.product, one.from)?, at(one.product, one.to)?);
                Some((from, to, one.units))
            })
            .collect(),
    }
}
