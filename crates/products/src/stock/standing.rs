//! What is on hand and on its way of each product at each site.

use features::supply::{Replenishment, Supply};
use std::collections::HashMap;

/// Days after which a stock level is old.
pub(super) const STALE_DAYS: i32 = 7;

/// What there is of one product at one site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Units on hand, with the day that they were counted at the end of.
    pub(super) on_hand: Option<(i32, i64)>,
    /// Day of the newest level that the site told of anything: levels may be told only where they changed.
    pub(super) told: Option<i32>,
    /// Day on which what is on hand arrived, on average, where receipts tell it: what came first went first.
    pub(super) arrived: Option<i32>,
    /// Units on their way with the day on which they are due where it is known, those without last.
    pub(super) coming: Vec<(Option<i32>, i64)>,
}

impl Standing {
    /// Units on their way that are due before a day. What should have arrived already, and what has no day, is counted.
    pub(super) fn due_before(&self, day: i32) -> i64 {
        let due = self
            .coming
            .iter()
            .filter(|(due, _)| due.is_none_or(|due| due < day));
        due.map(|(_, units)| units).sum()
    }
}

/// By product and site.
#[derive(Debug, Default)]
pub(super) struct Standings<'a> {
    of: HashMap<&'a str, HashMap<&'a str, Standing>>,
}

impl<'a> Standings<'a> {
    /// As known before a day.
    ///
    /// - `lead_time`: days that an order takes, where nobody promised a day.
    pub(super) fn new(
        supply: &'a Supply,
        lead_time: impl Fn(&Replenishment) -> Option<u32>,
    ) -> Self {
        let mut of: HashMap<&str, HashMap<&str, Standing>> = HashMap::new();
        let mut newest: HashMap<&str, i32> = HashMap::new();
        for levels in &supply.levels {
            let at = of.entry(&levels.product).or_default();
            let at = at.entry(&levels.site).or_default();
            at.on_hand = levels.days.last().copied();
            if let Some((day, _)) = at.on_hand {
                let site = newest.entry(&levels.site).or_insert(day);
                *site = day.max(*site);
            }
        }
        let mut received: HashMap<(&str, &str), Vec<(i32, i64)>> = HashMap::new();
        for sent in &supply.replenishments {
            if let Some(received_on) = sent.received {
                let at = (sent.product.as_str(), sent.site.as_str());
                received.entry(at).or_default().push(received_on);
                continue;
            }
            let taken = || {
                let days = i32::try_from(lead_time(sent)?).ok()?;
                Some(sent.ordered_on + days)
            };
            let due = sent.due_on.or_else(taken);
            let at = of.entry(&sent.product).or_default();
            let at = at.entry(&sent.site).or_default();
            at.coming.push((due, sent.units));
        }
        for standing in of.values_mut().flat_map(HashMap::values_mut) {
            standing
                .coming
                .sort_unstable_by_key(|(due, units)| (due.is_none(), *due, *units));
        }
        for (product, of_product) in &mut of {
            for (site, standing) in of_product {
                standing.told = newest.get(site).copied();
                let on_hand = standing.on_hand.map_or(0, |(_, units)| units);
                let received = received.remove(&(*product, *site));
                standing.arrived = arrived(on_hand, received.unwrap_or_default());
            }
        }
        Self { of }
    }

    /// All of them with something on hand, by product and site.
    pub(super) fn on_hand(&self) -> Vec<(&'a str, &'a str, &Standing)> {
        let each = self.of.iter().flat_map(|(product, of)| {
            of.iter()
                .map(move |(site, standing)| (*product, *site, standing))
        });
        let some = |standing: &Standing| standing.on_hand.is_some_and(|(_, units)| units > 0);
        let mut all: Vec<_> = each.filter(|(.., standing)| some(standing)).collect();
        all.sort_unstable_by_key(|(product, site, _)| (*product, *site));
        all
    }

    pub(super) fn of(&self, product: &str, site: &str) -> Option<&Standing> {
        self.of.get(product)?.get(site)
    }
}

/// Day on which so many units arrived, on average, by what was received: the newest is still there.
fn arrived(on_hand: i64, mut received: Vec<(i32, i64)>) -> Option<i32> {
    received.sort_unstable();
    let (mut left, mut days, mut units) = (on_hand, 0i64, 0i64);
    for (day, came) in received.into_iter().rev() {
        let still = came.clamp(0, left);
        days += i64::from(day) * still;
        units += still;
        left -= still;
    }
    i32::try_from(days.checked_div(units)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use features::supply::Levels;

    #[test]
    fn what_is_late_still_comes_and_what_has_no_day_comes_after_the_usual_time() {
        let sent = |due_on: Option<i32>, ordered_on: i32, units: i64| Replenishment {
            product: "tea".to_owned(),
            site: "s".to_owned(),
            supplier: Some("x".to_owned()),
            from_site: None,
            ordered_on,
            units,
            unit_cost_cents: None,
            due_on,
            received: None,
        };
        let supply = Supply {
            levels: vec![Levels {
                product: "tea".to_owned(),
                site: "s".to_owned(),
                days: vec![(8, 5), (9, 3)],
            }],
            replenishments: vec![
                sent(Some(8), 1, 10),
                sent(None, 6, 20),
                sent(Some(30), 7, 40),
                Replenishment {
                    received: Some((9, 80)),
                    ..sent(Some(9), 2, 80)
                },
            ],
            ..Supply::default()
        };
        let standings = Standings::new(&supply, |_| Some(5));
        let standing = standings.of("tea", "s").unwrap();
        assert_eq!(standing.on_hand, Some((9, 3)));
        assert_eq!(standing.due_before(10), 10);
        assert_eq!(standing.due_before(12), 30);
        assert_eq!(standing.due_before(40), 70);
        assert_eq!(standings.of("tea", "t"), None);
        // The three that are there are of the eighty that came last.
        assert_eq!(standing.arrived, Some(9));
        assert_eq!(standings.on_hand().len(), 1);
    }

    #[test]
    fn what_came_last_is_what_is_left() {
        let received = || vec![(2, 10), (8, 3), (5, 4)];
        assert_eq!(arrived(3, received()), Some(8));
        // Three of the eighth day, four of the fifth, one of the second.
        assert_eq!(arrived(8, received()), Some((3 * 8 + 4 * 5 + 2) / 8));
        assert_eq!(arrived(0, received()), None);
        assert_eq!(arrived(3, Vec::new()), None);
    }
}
