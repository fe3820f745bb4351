//! A policy played on days that were held out: what is asked for is what was sold then, what is there comes of the
//! policy's own orders.

use super::fitted::Body;
use super::lead_times::LeadTime;
use super::naive;
use super::plan::{Depot, Known, Of, Ordered, Plan, Spent};
use super::shelf::{Coming, Costs, NEVER, Outcome, Shelf};
use super::standing::{Standing, Standings};
use super::terms::Orders;
use crate::demand::{Key, Series};
use math::random::stream;
use models::demand::Forecast;
use rand::RngExt;
use schema::AsOf;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One product at one site that is played.
struct Player {
    key: Key,
    /// What it is asked for; `None` for a site that only sends it.
    series: Option<usize>,
    costs: Costs,
    supplier: Option<String>,
    shelf_life: Option<u32>,
    pack: u32,
    unit_cents: i64,
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
    /// Series left out, by what is not known of them.
    pub(super) left_out: BTreeMap<Lacks, usize>,
    pub(super) days: usize,
}

/// What is not known of a series that is not played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lacks {
    Site,
    Stock,
    Price,
    Cost,
    LeadTime,
}

impl Lacks {
    /// In words.
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::Site => "the site of their sales is not known",
            Self::Stock => "their stock before those days is not known",
            Self::Price => "their price is not known",
            Self::Cost => "their cost is not known",
            Self::LeadTime => "how long their orders take is not known",
        }
    }
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
        let before = self.of.history.supply().before(self.as_of);
        let mut ordered = Ordered::all(self.of, &before);
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
            .map(|player| {
                let of = player.series.map(|series| expected.expected(series));
                of.unwrap_or_default().to_vec()
            })
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
            let moves = self.of.settings.transfers.is_some();
            if moves || players.iter().any(|player| self.reviews(player, period)) {
                self.order(&mut players, period, &mut ordered);
            }
            for (player, expected) in players.iter_mut().zip(&expected) {
                let expected = expected.get(period - self.from).copied();
                let asked = player.series.map_or(0, |series| {
                    self.asked((series, period), expected, &mut played)
                });
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

    /// What a series is asked for in a period: what it sold, or what is estimated where nothing was left to sell.
    fn asked(
        &self,
        (series, period): (usize, usize),
        expected: Option<f64>,
        played: &mut Played,
    ) -> i64 {
        let panel = &self.found.panel;
        let asked = panel.values(series)[period];
        if !asked.is_nan() {
            played.filled += usize::from(self.found.sold(series, period).is_none());
            asked.max(0.0).round() as i64
        } else if panel.is_open(series, period) {
            played.filled += 1;
            expected.map_or(0, |units| units.round() as i64)
        } else {
            0
        }
    }

    /// Whether something can be ordered on a day.
    fn reviews(&self, player: &Player, period: usize) -> bool {
        if player.series.is_none() {
            return false;
        }
        let panel = &self.found.panel;
        player.orders.due(panel.date(period), panel.date(self.from))
    }

    /// Every product at every site of which enough is known, as it stood before the first day; what only sends comes last.
    fn players(&self, played: &mut Played) -> Vec<Player> {
        let supply = self.of.history.supply().before(self.as_of);
        let standings = Standings::new(&supply, |sent| self.of.usual(sent));
        let keys = &self.found.keys;
        let mut players = Vec::new();
        for (key, series) in keys.iter().zip(0..) {
            let site = key.site.as_deref().ok_or(Lacks::Site);
            let standing = site.map(|site| standings.of(&key.product, site));
            let standing = standing.and_then(|of| of.ok_or(Lacks::Stock));
            match standing.and_then(|standing| self.player(key, Some(series), standing)) {
                Ok(player) => players.push(player),
                Err(lacks) => *played.left_out.entry(lacks).or_default() += 1,
            }
        }
        let depots = self.of.depots(keys, &standings);
        players.extend(
            depots
                .iter()
                .filter_map(|of| self.player(&of.key, None, &of.standing).ok()),
        );
        players
    }

    fn player(
        &self,
        key: &Key,
        series: Option<usize>,
        standing: &Standing,
    ) -> Result<Player, Lacks> {
        let (of, first) = (self.of, self.as_of.epoch_day());
        let site = key.site.as_deref().ok_or(Lacks::Site)?;
        let terms = of.book.of(&key.product, site);
        let (_, on_hand) = standing.on_hand.ok_or(Lacks::Stock)?;
        let price = of.price(&key.product).ok_or(Lacks::Price)? as f64;
        let unit_cents = of.unit_cost(&key.product, terms).ok_or(Lacks::Cost)?;
        let cost = unit_cents as f64;
        let shelf_life = terms.and_then(|t| t.shelf_life_days);
        let perishes = shelf_life
            .and_then(|days| i32::try_from(days).ok())
            .map_or(NEVER, |days| first + days);
        let coming = standing.coming.iter();
        let coming =
            coming.map(|(due, units)| Coming::fresh(due.unwrap_or(first).max(first), *units));
        let shelf = Shelf {
            lots: VecDeque::from([(perishes, on_hand.max(0))]),
            coming: coming.collect(),
            outcome: Outcome::default(),
        };
        Ok(Player {
            key: key.clone(),
            series,
            costs: Costs {
                missing: (price - cost).max(0.0) * of.settings.missing,
                kept: cost * of.settings.holding_yearly / 365.25,
                perished: cost,
                order: terms.and_then(|t| t.order_cost_cents).unwrap_or(0) as f64,
            },
            supplier: terms.map(|t| t.supplier.clone()),
            shelf_life,
            pack: terms.and_then(|t| t.pack_units).unwrap_or(1),
            unit_cents,
            orders: Orders::new(terms, of.settings, &of.closed),
            lead: of
                .lead_times
                .of(terms.map(|t| t.supplier.as_str()), terms)
                .ok_or(Lacks::LeadTime)?
                .days,
            shelves: [shelf.clone(), shelf],
        })
    }

    /// What both order on a day, as far as it can be ordered.
    fn order(&self, players: &mut [Player], period: usize, ordered: &mut Vec<Ordered>) {
        let panel = self.found.panel.before(period);
        let Ok(forecast) = self.body.demand.forecaster.forecast(&panel) else {
            return;
        };
        let today = AsOf(self.found.panel.date(period));
        let days = self.of.settings.budget_days;
        let spent = Spent::new(ordered.iter(), today.epoch_day(), days);
        let Some(plan) = self.plan(players, (today, &spent), &forecast) else {
            return;
        };
        self.send(players, today, &plan);
        let mut ours = vec![0; self.found.keys.len()];
        for (item, place) in plan.items.iter().zip(0..) {
            ours[item.series] = plan.units(place);
        }
        let settings = self.of.settings;
        let mut paid = [BTreeSet::new(), BTreeSet::new()];
        for player in players {
            let Some(series) = player.series.filter(|_| self.reviews(player, period)) else {
                continue;
            };
            // Both wait as long for what they order on a day.
            let mut random = stream(self.seed ^ (period as u64).rotate_left(32), series as u64);
            let days = drawn(&player.lead, random.random::<f64>());
            let arrives = today.epoch_day() + i32::try_from(days).unwrap_or(i32::MAX / 2);
            let mean = naive::mean(&self.found.panel, series, period);
            let lead: f64 = player
                .lead
                .iter()
                .map(|(days, p)| f64::from(*days) * p)
                .sum();
            let covered = lead + f64::from(player.orders.until_next(today.0));
            let coming: i64 = player.shelves[1]
                .coming
                .iter()
                .map(|coming| coming.units)
                .sum();
            let position = player.shelves[1].on_hand() + coming;
            let units = [
                ours[series],
                naive::units(mean * covered, position, player.pack),
            ];
            let supplier = player.supplier.as_deref();
            if let Some(supplier) = supplier.filter(|_| units[0] > 0) {
                let units = i64::try_from(units[0]).unwrap_or(i64::MAX);
                ordered.push(Ordered {
                    supplier: supplier.to_owned(),
                    on: today.epoch_day(),
                    cents: Some(player.unit_cents.saturating_mul(units)),
                });
            }
            let of_supplier = supplier.and_then(|supplier| settings.order_cost(supplier));
            for ((shelf, units), paid) in player.shelves.iter_mut().zip(units).zip(&mut paid) {
                if units > 0 {
                    let units = i64::try_from(units).unwrap_or(i64::MAX / 2);
                    shelf.coming.push(Coming::fresh(arrives, units));
                    shelf.outcome.cost += player.costs.order;
                    // The first line of a supplier's order pays for it.
                    if paid.insert(player.supplier.clone()) {
                        shelf.outcome.cost += of_supplier.map_or(0.0, |cents| cents.0 as f64);
                    }
                }
            }
        }
    }

    /// What is proposed on a day.
    fn plan(
        &self,
        players: &[Player],
        (today, spent): (AsOf, &Spent),
        forecast: &Forecast,
    ) -> Option<Plan> {
        let standing_of =
            |player: &Player| player.shelves[0].standing(today.epoch_day(), player.shelf_life);
        let selling = players.partition_point(|player| player.series.is_some());
        let (selling, sending) = players.split_at(selling);
        let standing = |series: usize| {
            let at = selling.binary_search_by_key(&Some(series), |player| player.series);
            Some(standing_of(&selling[at.ok()?]))
        };
        let depots: Vec<Depot> = sending
            .iter()
            .map(|player| Depot {
                key: player.key.clone(),
                standing: standing_of(player),
            })
            .collect();
        let known = Known {
            forecast,
            standing: &standing,
            depots: &depots,
            spent,
        };
        Plan::new(self.of, today, &self.found.keys, &known).ok()
    }

    /// Sends what is proposed between our shelves: it leaves today.
    fn send(&self, players: &mut [Player], today: AsOf, plan: &Plan) {
        let settings = self.of.settings;
        let days = i32::try_from(settings.transfer_days).unwrap_or(0);
        let mut shipped = BTreeSet::new();
        for item in &plan.items {
            let to_key = &self.found.keys[item.series];
            for shipment in &item.moves.received {
                let from_site = plan.sites.get(shipment.from as usize).cloned();
                let from = Key {
                    site: from_site,
                    ..to_key.clone()
                };
                let (from, to) = (place(players, &from), place(players, to_key));
                let (Some(from), Some(to)) = (from, to) else {
                    continue;
                };
                let units = i64::try_from(shipment.units).unwrap_or(i64::MAX);
                let lots = players[from].shelves[0].take(units);
                let first = shipped.insert((shipment.from, shipment.to));
                let of_shipment = if first { settings.shipment_cents } else { 0 };
                players[from].shelves[0].outcome.cost +=
                    shipment.transport_cents + f64::from(of_shipment);
                let coming = lots.into_iter().map(|(perishes, units)| Coming {
                    on: today.epoch_day() + days,
                    units,
                    perishes: Some(perishes),
                });
                players[to].shelves[0].coming.extend(coming);
            }
        }
    }
}

/// Where a product at a site is among those that sell it and then those that only send it, each by key.
fn place(players: &[Player], key: &Key) -> Option<usize> {
    let selling = players.partition_point(|player| player.series.is_some());
    let (sell, send) = players.split_at(selling);
    let at = |of: &[Player]| of.binary_search_by(|player| player.key.cmp(key)).ok();
    at(sell).or_else(|| Some(selling + at(send)?))
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
    fn levels_find_days_by_their_shares() {
        let lead = vec![(2, 0.5), (5, 0.5)];
        assert_eq!(
            [0.0, 0.49, 0.5, 0.99].map(|at| drawn(&lead, at)),
            [2, 2, 5, 5]
        );
    }
}
