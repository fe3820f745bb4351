//! The shelf of one product at one site, day by day, and what comes of it.

use super::standing::Standing;
use std::collections::VecDeque;

/// What came of one product at one site.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outcome {
    pub(super) asked: f64,
    pub(super) served: f64,
    pub(super) perished: f64,
    /// Units on hand at the end of each day, added up.
    pub(super) unit_days: f64,
    /// Days on which something was asked for, and those of them on which something was missing.
    pub(super) days: f64,
    pub(super) short_days: f64,
    /// Lost margin, money kept, perished and spent on ordering, in cents; nothing where prices are not known.
    pub(super) cost: f64,
}

/// What one unit missing, kept for a day or perished costs, and one order, in cents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Costs {
    pub(super) missing: f64,
    pub(super) kept: f64,
    pub(super) perished: f64,
    pub(super) order: f64,
}

/// The shelf of one product at one site.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    /// Units with the day on which they perish, oldest first.
    pub(super) lots: VecDeque<(i32, i64)>,
    pub(super) coming: Vec<Coming>,
    pub(super) outcome: Outcome,
}

/// Units on their way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coming {
    /// Day of arrival.
    pub(super) on: i32,
    pub(super) units: i64,
    /// Day on which they perish, where they come from another site; what comes from a supplier is fresh.
    pub(super) perishes: Option<i32>,
}

impl Coming {
    pub(super) fn fresh(on: i32, units: i64) -> Self {
        Self {
            on,
            units,
            perishes: None,
        }
    }
}

/// Does not perish.
pub(super) const NEVER: i32 = i32::MAX;

impl Shelf {
    pub(super) fn on_hand(&self) -> i64 {
        self.lots.iter().map(|(_, units)| units).sum()
    }

    /// As known in the morning of a day.
    pub(super) fn standing(&self, day: i32, shelf_life: Option<u32>) -> Standing {
        let keeps = shelf_life.and_then(|days| i32::try_from(days).ok());
        let on_hand = self.on_hand();
        let perishes = self.lots.iter();
        let perishes: i64 = perishes.map(|(day, units)| i64::from(*day) * units).sum();
        let perishes = perishes.checked_div(on_hand);
        let perishes = perishes.and_then(|day| i32::try_from(day).ok());
        Standing {
            on_hand: Some((day - 1, on_hand)),
            told: Some(day - 1),
            arrived: perishes.zip(keeps).map(|(day, keeps)| day - keeps),
            coming: self.coming.iter().map(|c| (Some(c.on), c.units)).collect(),
        }
    }

    /// What has arrived by the morning of a day.
    pub(super) fn receive(&mut self, day: i32, shelf_life: Option<u32>) {
        let fresh = shelf_life
            .and_then(|days| i32::try_from(days).ok())
            .map_or(NEVER, |days| day + days);
        for arrived in self.coming.extract_if(.., |coming| coming.on <= day) {
            if arrived.units <= 0 {
                continue;
            }
            let perishes = arrived.perishes.unwrap_or(fresh);
            let at = self.lots.partition_point(|(lot, _)| *lot <= perishes);
            self.lots.insert(at, (perishes, arrived.units));
        }
    }

    /// Takes units off, oldest first: each lot with the day on which it perishes.
    pub(super) fn take(&mut self, units: i64) -> Vec<(i32, i64)> {
        let mut left = units;
        let mut taken = Vec::new();
        while left > 0
            && let Some((perishes, lot)) = self.lots.front_mut()
        {
            let of_lot = left.min(*lot);
            taken.push((*perishes, of_lot));
            *lot -= of_lot;
            left -= of_lot;
            if *lot == 0 {
                self.lots.pop_front();
            }
        }
        taken
    }

    /// Sells what is asked for on a day, oldest first; what has perished by its end is thrown away.
    pub(super) fn sell(&mut self, day: i32, asked: i64, costs: &Costs) {
        let sold: i64 = self.take(asked).iter().map(|(_, units)| units).sum();
        let missing = asked - sold;
        let perished: i64 = self
            .lots
            .iter()
            .filter(|(perishes, _)| *perishes <= day + 1)
            .map(|(_, units)| units)
            .sum();
        self.lots.retain(|(perishes, _)| *perishes > day + 1);
        let left = self.on_hand() as f64;
        let outcome = &mut self.outcome;
        outcome.asked += asked as f64;
        outcome.served += (asked - missing) as f64;
        outcome.perished += perished as f64;
        outcome.unit_days += left;
        outcome.days += f64::from(u8::from(asked > 0));
        outcome.short_days += f64::from(u8::from(missing > 0));
        outcome.cost +=
            missing as f64 * costs.missing + left * costs.kept + perished as f64 * costs.perished;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_sells_first_and_what_is_past_its_day_is_thrown_away() {
        let costs = Costs {
            missing: 100.0,
            kept: 1.0,
            perished: 10.0,
            order: 0.0,
        };
        let mut shelf = Shelf {
            lots: VecDeque::from([(12, 5)]),
            coming: vec![Coming::fresh(10, 4)],
            outcome: Outcome::default(),
        };
        shelf.receive(10, Some(3));
        assert_eq!(shelf.on_hand(), 9);
        shelf.sell(10, 2, &costs);
        assert_eq!(shelf.on_hand(), 7);
        // Three of the older lot are left in the evening of day 11, the last on which they can be sold.
        shelf.sell(11, 0, &costs);
        assert_eq!((shelf.on_hand(), shelf.outcome.perished), (4, 3.0));
        shelf.sell(12, 6, &costs);
        let Outcome {
            asked,
            served,
            days,
            short_days,
            cost,
            ..
        } = shelf.outcome;
        assert_eq!((asked, served, days, short_days), (8.0, 6.0, 2.0, 1.0));
        assert_eq!(cost, 7.0 + (4.0 + 30.0) + 200.0);
    }

    #[test]
    fn what_another_site_sent_keeps_its_own_day() {
        let costs = Costs {
            missing: 100.0,
            kept: 0.0,
            perished: 10.0,
            order: 0.0,
        };
        let shelf = |lots: &[(i32, i64)]| Shelf {
            lots: lots.iter().copied().collect(),
            coming: Vec::new(),
            outcome: Outcome::default(),
        };
        let mut from = shelf(&[(12, 2), (15, 6)]);
        let mut to = shelf(&[(14, 1)]);
        let taken = from.take(5);
        assert_eq!(
            (taken.as_slice(), from.on_hand()),
            (&[(12, 2), (15, 3)][..], 3)
        );
        to.coming
            .extend(taken.into_iter().map(|(perishes, units)| Coming {
                on: 11,
                units,
                perishes: Some(perishes),
            }));
        to.receive(10, Some(9));
        assert_eq!(to.on_hand(), 1);
        to.receive(11, Some(9));
        assert_eq!(to.standing(11, Some(9)).on_hand, Some((10, 6)));
        // The two of the twelfth go on the eleventh, before the one of the fourteenth.
        to.sell(11, 1, &costs);
        assert_eq!((to.on_hand(), to.outcome.perished), (4, 1.0));
        to.sell(12, 2, &costs);
        assert_eq!(to.lots, [(15, 2)]);
    }
}
