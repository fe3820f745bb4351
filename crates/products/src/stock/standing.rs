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
        let open = supply
            .replenishments
            .iter()
            .filter(|r| r.received.is_none());
        for sent in open {
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
        for (site, standing) in of.values_mut().flatten() {
            standing.told = newest.get(site).copied();
        }
        Self { of }
    }

    pub(super) fn of(&self, product: &str, site: &str) -> Option<&Standing> {
        self.of.get(product)?.get(site)
    }
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
    }
}
