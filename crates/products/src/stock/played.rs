//! A policy played on days that were held out: what is asked for is what was sold then, what is there comes of the
//! policy's own orders.

use super::fitted::Body;
use super::lead_times::LeadTime;
use super::naive;
use super::plan::{Of, Plan};
use super::standing::{Standing, Standings};
use super::terms::Orders;
use crate::demand::Series;
use math::random::stream;
use models::demand::Forecast;
use rand::RngExt;
use schema::AsOf;
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
struct Costs {
    missing: f64,
    kept: f64,
    perished: f64,
    order: f64,
}

/// The shelf of one product at one site.
#[derive(Debug, Clone)]
struct Shelf {
    /// Units with the day on which they perish, oldest first.
    lots: VecDeque<(i32, i64)>,
    /// Day of arrival and units.
    coming: Vec<(i32, i64)>,
    outcome: Outcome,
}

/// Does not perish.
const NEVER: i32 = i32::MAX;

impl Shelf {
    fn on_hand(&self) -> i64 {
        self.lots.iter().map(|(_, units)| units).sum()
    }

    /// As known in the morning of a day.
    fn standing(&self, day: i32) -> Standing {
        Standing {
            on_hand: Some((day - 1, self.on_hand())),
            told: Some(day - 1),
            coming: self
                .coming
                .iter()
                .map(|(on, units)| (Some(*on), *units))
                .collect(),
        }
    }

    /// What has arrived by the morning of a day.
    fn receive(&mut self, day: i32, shelf_life: Option<u32>) {
        let perishes = shelf_life
            .and_then(|days| i32::try_from(days).ok())
            .map_or(NEVER, |days| day + days);
        let arrived: i64 = self
            .coming
            .iter()
            .filter(|(on, _)| *on <= day)
            .map(|(_, units)| units)
            .sum();
        self.coming.retain(|(on, _)| *on > day);
        if arrived > 0 {
            self.lots.push_back((perishes, arrived));
        }
    }

    /// Sells what is asked for on a day, oldest first; what has perished by its end is thrown away.
    fn sell(&mut self, day: i32, asked: i64, costs: &Costs) {
        let mut missing = asked;
        while missing > 0
            && let Some((_, units)) = self.lots.front_mut()
        {
            let taken = missing.min(*units);
            *units -= taken;
            missing -= taken;
            if *units == 0 {
                self.lots.pop_front();
            }
        }
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

/// One product at one site that is played.
struct Player {
    series: usize,
    costs: Costs,
    shelf_life: Option<u32>,
    pack: u32,
    orders: Orders,
    lead: LeadTime,
    /// Ours, and that of the naive rule.
    shelves: [Shelf; 2],
}

/// What came of the days, by series: ours and the naive rule's on the same demand and the same lead times.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) ours: Vec<Outcome>,
    pub(super) naive: Vec<Outcome>,
    /// Days of series whose demand was not known, for the stock had run out: it is estimated.
    pub(super) filled: usize,
    /// Series left out because their stock, price or cost is not known.
    pub(super) left_out: usize,
    pub(super) days: usize,
}

/// Days of a history that a version does not know.
pub(super) struct Game<'a> {
    pub(super) body: &'a Body,
    pub(super) of: &'a Of<'a>,
    /// With the days that are played.
    pub(super) found: &'a Series,
    /// The first of them in the panel.
    pub(super) from: usize,
    pub(super) as_of: AsOf,
    pub(super) seed: u64,
}

impl Game<'_> {
    /// The days one by one: what arrives, what is ordered, what is sold.
    pub(super) fn play(&self) -> Played {
        let mut played = Played::default();
        let mut players = self.players(&mut played);
        let panel = &self.found.panel;
        let Ok(expected) = self
            .body
            .demand
            .forecaster
            .forecast(&panel.before(self.from))
        else {
            return played;
        };
        let expected: Vec<Vec<f64>> = players
            .iter()
            .map(|player| expected.expected(player.series).to_vec())
            .collect();
        for period in self.from..panel.known() {
            let date = panel.date(period);
            let day = schema::time::epoch_day(date);
            for player in &mut players {
                let shelf_life = player.shelf_life;
                for shelf in &mut player.shelves {
                    shelf.receive(day, shelf_life);
                }
            }
            if players.iter().any(|player| self.reviews(player, period)) {
                self.order(&mut players, period);
            }
            for (player, expected) in players.iter_mut().zip(&expected) {
                let asked = panel.values(player.series)[period];
                let asked = if !asked.is_nan() {
                    played.filled += usize::from(self.found.sold(player.series, period).is_none());
                    asked.max(0.0).round() as i64
                } else if panel.is_open(player.series, period) {
                    played.filled += 1;
                    expected
                        .get(period - self.from)
                        .map_or(0, |units| units.round() as i64)
                } else {
                    0
                };
                for shelf in &mut player.shelves {
                    shelf.sell(day, asked, &player.costs);
                }
            }
            played.days += 1;
        }
        for player in players {
            let [ours, naive] = player.shelves;
            played.ours.push(ours.outcome);
            played.naive.push(naive.outcome);
        }
        played
    }

    /// Whether something can be ordered on a day.
    fn reviews(&self, player: &Player, period: usize) -> bool {
        match player.orders {
            Orders::On(_) => player.orders.on(self.found.panel.date(period)),
            Orders::Every(days) => (period - self.from).is_multiple_of(days.max(1) as usize),
        }
    }

    /// Every product at every site of which enough is known, as it stood before the first day.
    fn players(&self, played: &mut Played) -> Vec<Player> {
        let settings = self.of.settings;
        let supply = self.of.history.supply().before(self.as_of);
        let standings = Standings::new(&supply, |sent| self.of.lead_times.usual(sent));
        let first = self.as_of.epoch_day();
        let mut players = Vec::new();
        for (key, series) in self.found.keys.iter().zip(0..) {
            let player = key.site.as_deref().and_then(|site| {
                let terms = self.of.book.of(&key.product, site);
                let standing = standings.of(&key.product, site)?;
                let (_, on_hand) = standing.on_hand?;
                let price = self.of.price(&key.product)? as f64;
                let cost = self.of.unit_cost(&key.product, terms)? as f64;
                let shelf_life = terms.and_then(|t| t.shelf_life_days);
                let perishes = shelf_life
                    .and_then(|days| i32::try_from(days).ok())
                    .map_or(NEVER, |days| first + days);
                let coming = standing.coming.iter();
                let coming = coming.map(|(due, units)| (due.unwrap_or(first).max(first), *units));
                let shelf = Shelf {
                    lots: VecDeque::from([(perishes, on_hand.max(0))]),
                    coming: coming.collect(),
                    outcome: Outcome::default(),
                };
                Some(Player {
                    series,
                    costs: Costs {
                        missing: (price - cost).max(0.0) * settings.missing,
                        kept: cost * settings.holding_yearly / 365.25,
                        perished: cost,
                        order: terms.and_then(|t| t.order_cost_cents).unwrap_or(0) as f64,
                    },
                    shelf_life,
                    pack: terms.and_then(|t| t.pack_units).unwrap_or(1),
                    orders: Orders::new(terms, settings),
                    lead: self
                        .of
                        .lead_times
                        .of(terms.map(|t| t.supplier.as_str()), terms)?,
                    shelves: [shelf.clone(), shelf],
                })
            });
            match player {
                Some(player) => players.push(player),
                None => played.left_out += 1,
            }
        }
        players
    }

    /// What both order on a day, as far as it can be ordered.
    fn order(&self, players: &mut [Player], period: usize) {
        let panel = self.found.panel.before(period);
        let Ok(forecast) = self.body.demand.forecaster.forecast(&panel) else {
            return;
        };
        let today = AsOf(self.found.panel.date(period));
        let ours = self.ours(players, today, &forecast);
        for player in players {
            if !self.reviews(player, period) {
                continue;
            }
            // Both wait as long for what they order on a day.
            let mut random = stream(
                self.seed ^ (period as u64).rotate_left(32),
                player.series as u64,
            );
            let days = drawn(&player.lead, random.random::<f64>());
            let arrives = today.epoch_day() + i32::try_from(days).unwrap_or(i32::MAX / 2);
            let mean = naive::mean(&self.found.panel, player.series, period);
            let lead: f64 = player
                .lead
                .iter()
                .map(|(days, p)| f64::from(*days) * p)
                .sum();
            let covered = lead + f64::from(player.orders.until_next(today.0));
            let coming: i64 = player.shelves[1]
                .coming
                .iter()
                .map(|(_, units)| units)
                .sum();
            let position = player.shelves[1].on_hand() + coming;
            let units = [
                ours.get(player.series).copied().unwrap_or(0),
                naive::units(mean * covered, position, player.pack),
            ];
            for (shelf, units) in player.shelves.iter_mut().zip(units) {
                if units > 0 {
                    let units = i64::try_from(units).unwrap_or(i64::MAX / 2);
                    shelf.coming.push((arrives, units));
                    shelf.outcome.cost += player.costs.order;
                }
            }
        }
    }

    /// What is proposed, by series.
    fn ours(&self, players: &[Player], today: AsOf, forecast: &Forecast) -> Vec<u64> {
        let standing = |series: usize| {
            let at = players.binary_search_by_key(&series, |player| player.series);
            Some(players[at.ok()?].shelves[0].standing(today.epoch_day()))
        };
        let mut units = vec![0; self.found.keys.len()];
        if let Ok(plan) = Plan::new(self.of, today, &self.found.keys, forecast, &standing) {
            for (item, place) in plan.items.iter().zip(0..) {
                units[item.series] = plan.units(place);
            }
        }
        units
    }
}

/// Days of a lead time at a level.
fn drawn(lead: &LeadTime, level: f64) -> u32 {
    let mut below = 0.0;
    let at = lead.iter().find(|(_, share)| {
        below += share;
        below > level
    });
    at.or(lead.last()).map_or(0, |(days, _)| *days)
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
            coming: vec![(10, 4)],
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
    fn levels_find_days_by_their_shares() {
        let lead = vec![(2, 0.5), (5, 0.5)];
        assert_eq!(
            [0.0, 0.49, 0.5, 0.99].map(|at| drawn(&lead, at)),
            [2, 2, 5, 5]
        );
    }
}
