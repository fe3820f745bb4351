//! What is proposed for every product at every site on one day, within the limits that they share.

mod item;
mod mix;
mod policies;
mod spent;
mod totals;
mod transfers;

pub(super) use item::{Item, Unknown};
pub(super) use spent::{Ordered, Spent};

use super::lead_times::{LeadTime, LeadTimes};
use super::settings::{Settings, UnmetName};
use super::standing::{Standing, Standings};
use super::terms::{Book, Closed};
use crate::demand::Key;
use decisions::stock::propose::{
    Limits, Line, LineError, Lines, OrderMinimum, Outcome, Proposals, ProposeError, ShelfLife,
    Unmet, propose,
};
use decisions::stock::transfer::ShipmentError;
use features::History;
use features::supply::{Replenishment, Terms};
use item::Day;
use models::demand::Forecast;
use schema::{AsOf, Cents};

/// Lines as columns of which each is made when it is asked for.
struct Asked<'a> {
    items: &'a [Item],
    settings: &'a Settings,
}

impl Lines for Asked<'_> {
    fn n_lines(&self) -> usize {
        self.items.len()
    }

    fn line(&self, place: usize) -> Result<Line<'_>, LineError> {
        let item = &self.items[place];
        if item.lead_days.is_none() {
            return Err(LineError::UnknownLeadTime);
        }
        let on_hand = item.standing.as_ref().and_then(|s| s.on_hand);
        let (_, on_hand) = on_hand.ok_or(LineError::UnknownStock)?;
        // What is sent has left, and what is sent here is on its way.
        let on_hand = on_hand - item.moves.units_sent();
        let on_order = item.on_order + item.moves.units_received();
        let position = on_hand + on_order;
        // Where nothing can be ordered today there is room for nothing more.
        let room = u32::try_from(position).unwrap_or(0);
        let waits = item.min_max.is_some_and(|of| !of.due);
        let closed = item.orders_in.is_some() || item.unknown.is_some() || waits;
        let shelf_life = match &item.until_perished {
            Some(total) => Some(ShelfLife {
                demand: total.demand()?,
                level: self.settings.sells_in_time(),
                wasted_cents: item.unit_cost_cents.unwrap_or(0) as f64,
            }),
            None => None,
        };
        Ok(Line {
            demand: item.until_next.demand()?,
            until_arrival: Some(item.until_arrival.demand()?),
            unmet: match self.settings.unmet {
                UnmetName::Lost => Unmet::Lost,
                UnmetName::Waits => Unmet::Waits,
            },
            protection_days: item.protection_days,
            review_days: item.review_days,
            on_hand,
            on_order,
            committed: 0,
            pack_units: item.pack_units,
            minimum_units: if closed { 0 } else { item.minimum_units },
            presentation_units: if closed { 0 } else { item.presentation_units },
            capacity_units: if closed {
                Some(room)
            } else {
                item.capacity_units
            },
            shelf_life,
            goal: item.goal_at(position, self.settings),
            unit_cost: Cents(item.unit_cost_cents.unwrap_or(0)),
            holding_cents_per_day: item.holding_cents,
            order: item.order,
            budget: item.budget,
            site: item.site,
        })
    }
}

/// What is proposed on a day.
#[derive(Debug)]
pub(super) struct Plan {
    /// One for each series that is of a product at a site.
    pub(super) items: Vec<Item>,
    /// In the same places.
    pub(super) proposals: Proposals,
    /// Suppliers of [`Proposals::orders`] and [`Proposals::budgets`].
    pub(super) suppliers: Vec<String>,
    /// What suppliers' budgets were and are, in the places of [`Plan::suppliers`]; `None` where there is none.
    pub(super) budgets: Vec<Option<Budget>>,
    /// Sites between which units are moved, by the places that [`Moves`] name.
    pub(super) sites: Vec<String>,
}

/// Why nothing is planned.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlanError {
    /// Demand cannot be forecast.
    #[error("forecast demand")]
    Forecast(#[from] models::demand::FitError),
    /// Nothing can be moved.
    #[error(transparent)]
    Move(#[from] ShipmentError),
    /// The limits are no limits.
    #[error(transparent)]
    Propose(#[from] ProposeError),
}

/// What stands on a day.
pub(super) struct Known<'a> {
    /// Of the day and those after it.
    pub(super) forecast: &'a Forecast,
    /// Of a series, what there is of it in the morning.
    pub(super) standing: &'a dyn Fn(usize) -> Option<Standing>,
    /// Products at sites that sell nothing of them and may send it, by product and site.
    pub(super) depots: &'a [Depot],
    /// What was ordered in the days that budgets are for.
    pub(super) spent: &'a Spent,
}

/// Money that may be ordered of a supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    /// In all its days.
    pub(super) all: Cents,
    /// Ordered already.
    pub(super) used: Cents,
    /// Order lines whose cost nobody knows.
    pub(super) unknown: u64,
}

impl Budget {
    fn left(self) -> Cents {
        Cents((self.all.0 - self.used.0).max(0))
    }
}

/// A product at a site that never sold it.
#[derive(Debug, Clone)]
pub(super) struct Depot {
    pub(super) key: Key,
    pub(super) standing: Standing,
}

impl Plan {
    /// Of one day: what is moved between sites, and then what is ordered.
    ///
    /// # Errors
    /// [`PlanError`] where a limit is no limit.
    pub(super) fn new(
        of: &Of<'_>,
        today: AsOf,
        keys: &[Key],
        known: &Known<'_>,
    ) -> Result<Self, PlanError> {
        let settings = of.settings;
        let supply = of.history.supply();
        let shared = Shared::new(of.history, settings);
        let day = Day {
            of,
            today,
            standing: known.standing,
            shared: &shared,
            forecast: known.forecast,
        };
        let series = keys.iter().zip(0..);
        let mut items: Vec<Item> = series
            .filter_map(|(key, series)| day.item(key, series))
            .collect();
        let sites = transfers::decide(&day, keys, &mut items, known.depots)?;
        mix::spread(of, keys, &mut items);
        policies::decide(of, &mut items);
        let each = shared.suppliers.iter();
        let minimums: Vec<OrderMinimum> = each
            .clone()
            .map(|supplier| OrderMinimum {
                units: 0,
                money: settings.minimum_order(supplier).unwrap_or(Cents(0)),
            })
            .collect();
        // Far above what anybody orders, and sums of it still have room.
        let unlimited = Cents(i64::MAX / 4);
        let left: Vec<Option<Budget>> = each
            .map(|supplier| {
                let (used, unknown) = known.spent.of(supplier);
                settings.budget(supplier).map(|all| Budget {
                    all,
                    used: Cents(used),
                    unknown,
                })
            })
            .collect();
        let budgets: Vec<Cents> = left
            .iter()
            .map(|budget| budget.map_or(unlimited, Budget::left))
            .collect();
        let rooms: Vec<u64> = supply.capacities.iter().map(|(_, units)| *units).collect();
        let limits = Limits {
            orders: &minimums,
            budgets: &budgets,
            sites: &rooms,
        };
        let asked = Asked {
            items: &items,
            settings,
        };
        let proposals = propose(&asked, &limits)?;
        Ok(Self {
            items,
            proposals,
            suppliers: shared.suppliers,
            budgets: left,
            sites,
        })
    }

    /// Units to order of an item.
    pub(super) fn units(&self, place: usize) -> u64 {
        match &self.proposals.outcomes[place] {
            Outcome::Proposed(proposal) => proposal.quantity_units,
            Outcome::Refused(_) => 0,
        }
    }
}

/// Limits by name.
struct Shared {
    suppliers: Vec<String>,
}

impl Shared {
    fn new(history: &History, settings: &Settings) -> Self {
        let supply = history.supply();
        let mut suppliers: Vec<String> = supply.terms.iter().map(|t| t.supplier.clone()).collect();
        suppliers.extend(settings.suppliers().cloned());
        suppliers.sort_unstable();
        suppliers.dedup();
        Self { suppliers }
    }

    fn supplier(&self, name: &str) -> Option<u32> {
        let at = self
            .suppliers
            .binary_search_by(|s| s.as_str().cmp(name))
            .ok()?;
        u32::try_from(at).ok()
    }
}

/// What holds on all days.
#[derive(Debug)]
pub(super) struct Of<'a> {
    pub(super) history: &'a History,
    pub(super) settings: &'a Settings,
    pub(super) lead_times: &'a LeadTimes,
    pub(super) book: Book<'a>,
    pub(super) closed: Closed<'a>,
}

impl<'a> Of<'a> {
    pub(super) fn new(
        history: &'a History,
        settings: &'a Settings,
        lead_times: &'a LeadTimes,
    ) -> Self {
        Self {
            history,
            settings,
            lead_times,
            book: Book::new(&history.supply().terms),
            closed: Closed::new(&history.supply().terms, &history.demand().calendar),
        }
    }

    /// Days that what was sent takes where nobody promised a day.
    pub(super) fn usual(&self, sent: &Replenishment) -> Option<u32> {
        match sent.from_site {
            Some(_) => Some(self.settings.transfer_days),
            None => self.lead_times.usual(sent),
        }
    }

    /// What lies at sites that never sold it and may send it.
    ///
    /// - `keys`: the products at sites that are forecast.
    pub(super) fn depots(&self, keys: &[Key], standings: &Standings<'_>) -> Vec<Depot> {
        let all = standings.on_hand().into_iter();
        let sending = all.filter(|(_, site, _)| self.settings.may_send(site));
        let depots = sending.map(|(product, site, standing)| Depot {
            key: Key {
                product: product.to_owned(),
                site: Some(site.to_owned()),
            },
            standing: standing.clone(),
        });
        depots
            .filter(|depot| keys.binary_search(&depot.key).is_err())
            .collect()
    }

    /// What a product costs to buy, by the terms of its supply or the catalogue.
    pub(super) fn unit_cost(&self, product: &str, terms: Option<&Terms>) -> Option<i64> {
        let catalogue = self.history.catalogue();
        let known = catalogue.index_of(product).and_then(|at| catalogue.get(at));
        terms
            .and_then(|t| t.unit_cost_cents)
            .or(known.and_then(|p| p.cost_cents))
    }

    /// The category of a product, where its service is named.
    pub(super) fn class(&self, product: &str) -> Option<&str> {
        let catalogue = self.history.catalogue();
        let category = catalogue
            .get(catalogue.index_of(product)?)?
            .category
            .as_deref()?;
        let services = self.settings.services.as_ref()?;
        services.contains_key(category).then_some(category)
    }

    /// What it sells for.
    pub(super) fn price(&self, product: &str) -> Option<i64> {
        let catalogue = self.history.catalogue();
        catalogue.get(catalogue.index_of(product)?)?.price_cents
    }
}
