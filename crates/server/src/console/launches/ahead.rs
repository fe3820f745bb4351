//! Every launch that is open or to come, the exceptions first.

use crate::live::Answering;
use jiff::Timestamp;
use products::launch::{FIRST_DAY, Hourly, PRE_ORDER, SOLD, TOTAL};
use products::{Action, Asked, Decisions, Shop};
use schema::Estimate;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// One product in a launch that is open or to come.
#[derive(Debug)]
pub(in crate::console) struct One {
    pub(super) launch: String,
    pub(super) product: String,
    /// Seconds since 1970-01-01 UTC.
    pub(super) opens_at: i64,
    /// Whether it had opened by the last moment that sales are known of.
    has_opened: bool,
    /// Units that can be sold, where there is a limit.
    pub(super) available: Option<u32>,
    /// All that is expected to be asked for.
    pub(super) total: Estimate,
    pub(super) first_day: Option<Estimate>,
    /// The quantity to order, with its reasons.
    pub(super) order: Option<Action>,
    pub(super) sold: Option<f64>,
    /// How the interval narrowed, before the first hour first; empty where no hour is known.
    pub(super) hours: Vec<Hourly>,
}

/// All of them, those first that need a person.
#[derive(Debug)]
pub(in crate::console) struct Ahead(pub(super) Vec<One>);

fn action<'a>(decided: &'a Decisions, id: &str) -> Option<&'a Action> {
    decided.actions.iter().find(|action| action.id == id)
}

fn figure(decided: &Decisions, id: &str) -> Option<Estimate> {
    action(decided, id)?.estimate.clone()
}

impl One {
    fn of(
        known_until: i64,
        launch: &features::Launch,
        answering: &Answering,
        asked: &Asked,
    ) -> Option<Self> {
        let decided = answering.serving.decide(asked, Timestamp::now()).ok()?;
        Some(Self {
            launch: launch.id.clone(),
            product: launch.product.clone(),
            opens_at: launch.opens_at,
            has_opened: launch.opens_at < known_until,
            available: launch.available_units,
            total: figure(&decided, TOTAL)?,
            first_day: figure(&decided, FIRST_DAY),
            order: action(&decided, PRE_ORDER).cloned(),
            sold: figure(&decided, SOLD).and_then(|sold| sold.point()),
            hours: answering.serving.hourly(asked),
        })
    }

    pub(super) fn is_open(&self) -> bool {
        self.has_opened
    }

    /// Whether more is expected to be asked for than there is.
    pub(super) fn is_beyond_stock(&self) -> bool {
        let stock = self.available.map(f64::from);
        let total = self.total.point();
        total.zip(stock).is_some_and(|(total, stock)| total > stock)
    }

    /// The width of the interval, as a share of what is expected.
    fn width(&self) -> f64 {
        let parts = self.total.interval().zip(self.total.point());
        parts.map_or(0.0, |((low, high), point)| (high - low) / point.max(1.0))
    }

    /// What lacks stock first, then the widest interval.
    fn place(&self) -> (bool, Reverse<u64>) {
        // Widths are not negative, so that their bits are in the order of their values.
        let width = self.width().max(0.0).to_bits();
        (!self.is_beyond_stock(), Reverse(width))
    }
}

impl Ahead {
    /// Asks a version for all of them.
    pub(super) fn ask(shop: &Shop, answering: &Answering) -> Option<Self> {
        let launches = shop.history.launches();
        let name = |launch: &'_ features::Launch| (launch.id.clone(), launch.product.clone());
        let by_name: BTreeMap<_, _> = launches.launches.iter().map(|of| (name(of), of)).collect();
        let all = answering.serving.all().unwrap_or_default();
        let found = all.iter().filter_map(|asked| {
            let product = asked.product_id.as_ref()?.as_str().to_owned();
            let launch = by_name.get(&(asked.placement.clone()?, product))?;
            One::of(launches.known_until, launch, answering, asked)
        });
        Some(Self::sorted(found.collect()))
    }

    fn sorted(mut all: Vec<One>) -> Self {
        all.sort_by_cached_key(One::place);
        Self(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_stock_comes_first_and_then_the_widest() {
        let one = |launch: &str, point: f64, half: f64, available| One {
            launch: launch.to_owned(),
            product: "p".to_owned(),
            opens_at: 0,
            has_opened: false,
            available,
            total: Estimate::Measured {
                point,
                low: point - half,
                high: point + half,
                units: 1,
            },
            first_day: None,
            order: None,
            sold: None,
            hours: Vec::new(),
        };
        let all = vec![
            one("sure", 1_000.0, 100.0, None),
            one("unsure", 100.0, 90.0, Some(100)),
            one("short and sure", 500.0, 10.0, Some(400)),
            one("short and unsure", 50.0, 40.0, Some(10)),
        ];
        let sorted = Ahead::sorted(all);
        let names: Vec<&str> = sorted.0.iter().map(|one| one.launch.as_str()).collect();
        assert_eq!(
            names,
            ["short and unsure", "short and sure", "unsure", "sure"]
        );
    }
}
