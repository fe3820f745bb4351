//! What shops order by hand: what sells on average over the time to be covered, less what there is.

use super::plan::{Item, Plan};
use super::told;
use crate::answer::Action;
use crate::demand::Series;
use crate::reasons::reason;
use models::demand::Panel;
use schema::{Estimate, Probability, WhyNot};

/// What it is called.
pub(super) const NAME: &str =
    "mean of the last 28 days over the days to be covered, less what there is";

/// Days of the mean.
const DAYS: usize = 28;

/// Units sold a day in the last days with anything to sell.
pub(super) fn mean(panel: &Panel, series: usize, known: usize) -> f64 {
    let values = &panel.values(series)[..known];
    let last = values.iter().rev().filter(|v| !v.is_nan()).take(DAYS);
    let (sum, n) = last.fold((0.0, 0u32), |(sum, n), v| (sum + f64::from(*v), n + 1));
    sum / f64::from(n.max(1))
}

/// Units in whole packs that bring a position up to a level.
pub(super) fn units(level: f64, position: i64, pack: u32) -> u64 {
    let missing = (level - position as f64).max(0.0);
    let pack = f64::from(pack.max(1));
    ((missing / pack).ceil() * pack) as u64
}

fn order(item: &Item, panel: &Panel) -> Option<u64> {
    let (_, on_hand) = item.standing.as_ref()?.on_hand?;
    item.lead_days?;
    if item.orders_in.is_some() {
        return Some(0);
    }
    let level = mean(panel, item.series, panel.known()) * item.protection_days;
    Some(units(level, on_hand + item.on_order, item.pack_units))
}

/// For each item of a plan; nothing where too little is known of it.
pub(super) fn orders(found: &Series, plan: &Plan) -> Vec<Option<u64>> {
    let items = plan.items.iter();
    items.map(|item| order(item, &found.panel)).collect()
}

/// As an answer.
pub(super) fn action(units: Option<u64>) -> Action {
    let estimate = match units {
        Some(units) => Estimate::Exact(units as f64),
        None => Estimate::NotMeasurable(WhyNot::DoesNotApply {
            because: "its stock or its lead time is not known".to_owned(),
        }),
    };
    Action {
        position: 1,
        id: told::ORDER.to_owned(),
        label: None,
        score: estimate.point(),
        estimate: Some(estimate),
        unit: "units".into(),
        propensity: Probability::ONE,
        reasons: vec![reason(
            "usual_order",
            "the mean of the last {days} days over the days to be covered, less what there is",
            [("days", DAYS.into())],
        )]
        .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_packs_bring_the_position_up_to_the_level() {
        assert_eq!(units(10.0, 3, 6), 12);
        assert_eq!(units(9.0, 3, 6), 6);
        assert_eq!(units(10.0, 12, 6), 0);
        assert_eq!(units(0.5, 0, 1), 1);
    }
}
