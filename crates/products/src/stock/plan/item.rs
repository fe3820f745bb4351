//! What is known of one product at one site on a day.

use super::policies::MinMax;
use super::totals::{Ahead, EMPTY, Total};
use super::transfers::{Moves, Relief};
use super::{Of, Shared};
use crate::demand::Key;
use crate::stock::lead_times::{LeadTime, ToldBy};
use crate::stock::settings::{GoalName, Settings, UnmetName};
use crate::stock::standing::Standing;
use crate::stock::terms::Orders;
use decisions::stock::propose::Goal;
use features::demand::Override;
use features::supply::Terms;
use models::demand::Forecast;
use schema::AsOf;

/// Days of a year.
const YEAR: f64 = 365.25;

/// Keeping costs at least this much a day, in cents, so that of two orders that serve as well the smaller one wins.
const HOLDING_CENTS_MIN: f64 = 1e-4;

/// What is known of one product at one site on the day.
#[derive(Debug, Clone)]
pub(in crate::stock) struct Item {
    /// Its series of the forecast.
    pub(in crate::stock) series: usize,
    /// Who supplies it.
    pub(in crate::stock) supplier: Option<String>,
    /// What there is, where it is known.
    pub(in crate::stock) standing: Option<Standing>,
    /// Units on their way that arrive before the delivery after this one.
    pub(in crate::stock) on_order: i64,
    /// Days until what is ordered now arrives, as expected; `None` where nobody knows.
    pub(in crate::stock) lead_days: Option<f64>,
    /// What says so.
    pub(in crate::stock) lead_by: Option<ToldBy>,
    /// Days until the delivery after this one.
    pub(in crate::stock) protection_days: f64,
    /// Days until it can be ordered next, where that is not today.
    pub(in crate::stock) orders_in: Option<u32>,
    /// Units expected to be asked for until the delivery after this one.
    pub(in crate::stock) expected: f64,
    /// What planners changed of that, in units, change by change.
    pub(in crate::stock) changes: Vec<(Override, f64)>,
    /// Days until the delivery after this one, with their probabilities.
    next_days: LeadTime,
    /// When it is ordered and how much, where orders cost something.
    pub(in crate::stock) min_max: Option<MinMax>,
    /// What an order of it costs by its terms, in cents.
    pub(in crate::stock) order_cents: Option<i64>,
    /// What one unit costs, where it is known.
    pub(in crate::stock) unit_cost_cents: Option<i64>,
    /// What other sites send it, and what it sends them, before anything is ordered.
    pub(in crate::stock) moves: Moves,
    /// Cents of a unit that is not served; absent where nobody knows.
    pub(in crate::stock) missing_cents: Option<f64>,
    /// What others can help it with, where units are moved between sites.
    pub(in crate::stock) relief: Option<Relief>,
    /// Why it has no proposal beside what the line says.
    pub(in crate::stock) unknown: Option<Unknown>,
    pub(in crate::stock) review_days: f64,
    pub(in crate::stock) pack_units: u32,
    pub(in crate::stock) minimum_units: u32,
    pub(in crate::stock) presentation_units: u32,
    pub(in crate::stock) capacity_units: Option<u32>,
    pub(in crate::stock) goal: Goal,
    /// The service that it is to keep, where the goal is one.
    pub(in crate::stock) service: f64,
    /// The category that the service is of; `None` where it is that of all others.
    pub(in crate::stock) class: Option<String>,
    pub(in crate::stock) holding_cents: f64,
    pub(in crate::stock) until_arrival: Total,
    pub(in crate::stock) until_next: Total,
    pub(in crate::stock) until_perished: Option<Total>,
    pub(in crate::stock) order: Option<u32>,
    pub(in crate::stock) budget: Option<u32>,
    pub(in crate::stock) site: Option<u32>,
}

/// What must be known of a line and is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stock) enum Unknown {
    /// What a unit costs, or what it sells for.
    Margin,
    /// What a unit costs, while its supplier has a budget.
    Cost,
    /// The order would arrive, or have to last, beyond the days that are forecast.
    BeyondHorizon,
}

impl Item {
    /// Units there and on their way before the delivery after this one, once goods are moved.
    pub(in crate::stock) fn position(&self) -> Option<i64> {
        let (_, on_hand) = self.standing.as_ref()?.on_hand?;
        let moved = self.moves.units_received() - self.moves.units_sent();
        Some(on_hand + self.on_order + moved)
    }

    /// What is wanted at a position: where orders cost something, so much that they are worth it.
    pub(super) fn goal_at(&self, position: i64, settings: &Settings) -> Goal {
        match (self.goal, self.min_max) {
            (Goal::Cost { missing_cents }, Some(of)) => {
                // What is lost before it arrives need not be ordered.
                let until = self.until_arrival.demand().ok();
                let until = until.filter(|_| settings.unmet == UnmetName::Lost);
                let lost = until.map_or(0.0, |until| until.shortage(position as f64));
                Goal::UpTo {
                    level: (of.level as f64 - lost).max(0.0),
                    missing_cents,
                }
            }
            (goal, _) => goal,
        }
    }

    /// The share of a day ahead, from 0 on, that lies before the delivery after this one.
    pub(in crate::stock) fn counts(&self, ahead: usize) -> f64 {
        let (mut all, mut inside) = (0.0, 0.0);
        for (days, p) in &self.next_days {
            all += p;
            inside += if ahead < *days as usize { *p } else { 0.0 };
        }
        if all > 0.0 { inside / all } else { 0.0 }
    }
}

/// Everything of a day that items are made of.
pub(super) struct Day<'a> {
    pub(super) of: &'a Of<'a>,
    pub(super) today: AsOf,
    pub(super) standing: &'a dyn Fn(usize) -> Option<Standing>,
    pub(super) shared: &'a Shared,
    pub(super) forecast: &'a Forecast,
}

impl Day<'_> {
    /// One product at one site; `None` for sales whose site is not known.
    pub(super) fn item(&self, key: &Key, series: usize) -> Option<Item> {
        let site = key.site.as_deref()?;
        let (settings, supply) = (self.of.settings, self.of.history.supply());
        let terms = self.of.book.of(&key.product, site);
        let standing = (self.standing)(series);
        let cost = self.of.unit_cost(&key.product, terms);
        let supplier = terms.map(|t| t.supplier.clone());
        let today = self.today;
        let days = Orders::new(terms, settings, &self.of.closed);
        let now = days.on(today.0);
        let wait = days.until_next(today.0);
        let known = self.of.lead_times.of(supplier.as_deref(), terms);
        let (lead, lead_by) = known.map(|known| (known.days, known.by)).unzip();
        // What can be ordered another day only arrives so much later.
        let arrival = lead
            .as_ref()
            .map(|lead| later(lead, if now { 0 } else { wait }));
        let review = if now { wait } else { 0 };
        let ahead = self.ahead(series);
        let totals = arrival
            .as_ref()
            .map(|arrival| self.totals(&ahead, arrival, review, terms));
        let beyond = matches!(totals, Some(None));
        let totals = totals.flatten();
        let place = supplier.as_deref().and_then(|s| self.shared.supplier(s));
        let budgeted = supplier
            .as_ref()
            .is_some_and(|s| settings.budget(s).is_some());
        let price = self.of.price(&key.product);
        let margin = price.zip(cost).map(|(price, cost)| price - cost);
        let margin = margin.filter(|margin| *margin > 0);
        let class = self.of.class(&key.product);
        let service = settings.service_of(class);
        let (goal, no_margin) = goal(settings, service, margin);
        let unknown = if beyond {
            Some(Unknown::BeyondHorizon)
        } else if no_margin {
            Some(Unknown::Margin)
        } else if budgeted && cost.is_none() {
            Some(Unknown::Cost)
        } else {
            None
        };
        let expected_lead = lead.as_ref().map(|lead| {
            lead.iter()
                .map(|(days, p)| f64::from(*days) * p)
                .sum::<f64>()
        });
        let protection = expected_lead.unwrap_or(0.0) + f64::from(wait);
        let due = today.epoch_day() + protection.ceil() as i32;
        let (until_arrival, until_next, until_perished) = totals.unwrap_or((EMPTY, EMPTY, None));
        let site_of = |name: &str| {
            let at = supply.capacities.iter().position(|(site, _)| site == name);
            at.and_then(|at| u32::try_from(at).ok())
        };
        let holding = cost.unwrap_or(0) as f64 * settings.holding_yearly / YEAR;
        let holding = holding.max(HOLDING_CENTS_MIN);
        let next_days = arrival.as_ref().map(|arrival| later(arrival, review));
        let next_days = next_days.unwrap_or_default();
        let known = arrival.filter(|_| unknown != Some(Unknown::BeyondHorizon));
        let relief = known.and_then(|arrival| {
            settings.transfers.as_ref()?;
            Relief::new(
                &ahead,
                &arrival,
                standing.as_ref()?,
                terms,
                (today, settings),
            )
        });
        Some(Item {
            series,
            moves: Moves::default(),
            min_max: None,
            order_cents: terms.and_then(|t| t.order_cost_cents),
            changes: Vec::new(),
            next_days,
            missing_cents: missing_cents(settings, service, margin, holding * f64::from(wait)),
            relief,
            on_order: standing.as_ref().map_or(0, |s| s.due_before(due)),
            standing,
            lead_days: expected_lead,
            lead_by,
            protection_days: protection.max(1.0),
            orders_in: (!now).then_some(wait),
            expected: until_next.expected,
            unit_cost_cents: cost,
            unknown,
            review_days: f64::from(wait),
            pack_units: terms.and_then(|t| t.pack_units).unwrap_or(1),
            minimum_units: terms.and_then(|t| t.minimum_units).unwrap_or(0),
            presentation_units: terms.and_then(|t| t.presentation_units).unwrap_or(0),
            capacity_units: terms.and_then(|t| t.capacity_units),
            goal,
            service,
            class: class.map(str::to_owned),
            holding_cents: holding,
            until_arrival,
            until_next,
            until_perished,
            order: place.filter(|_| now && settings.minimum_orders.is_some()),
            budget: place.filter(|_| now && budgeted),
            site: site_of(site).filter(|_| now),
            supplier,
        })
    }

    /// Demand until the arrival of what is ordered now, until the delivery after it, and until it perishes; `None` where
    /// one of the first two lies beyond what is forecast.
    fn totals(
        &self,
        ahead: &Ahead<'_>,
        arrival: &LeadTime,
        review: u32,
        terms: Option<&Terms>,
    ) -> Option<(Total, Total, Option<Total>)> {
        let until_next = ahead.over(&later(arrival, review))?;
        let until_arrival = ahead.over(arrival)?;
        let shelf = terms.and_then(|t| t.shelf_life_days);
        // What keeps for longer than is forecast is not bound by it.
        let perished = shelf.and_then(|shelf| ahead.over(&later(arrival, shelf)));
        Some((until_arrival, until_next, perished))
    }

    /// The forecast of a series.
    pub(super) fn ahead(&self, series: usize) -> Ahead<'_> {
        Ahead {
            forecast: self.forecast,
            series,
            horizon: self.of.settings.horizon_days,
        }
    }
}

/// So many days later.
fn later(days: &LeadTime, by: u32) -> LeadTime {
    days.iter().map(|(days, p)| (days + by, *p)).collect()
}

/// What a unit that is not served is worth, in cents: its margin, or what a service says that asks for it.
fn missing_cents(
    settings: &Settings,
    service: f64,
    margin: Option<i64>,
    left_cents: f64,
) -> Option<f64> {
    let by_margin = margin.map(|margin| margin as f64 * settings.missing);
    match settings.goal {
        GoalName::Cost => by_margin,
        GoalName::CycleService | GoalName::FillRate | GoalName::ShopService => {
            by_margin.or_else(|| Some(left_cents * service / (1.0 - service)))
        }
    }
}

/// What is wanted, and whether a margin is missing for it.
fn goal(settings: &Settings, service: f64, margin: Option<i64>) -> (Goal, bool) {
    match settings.goal {
        // That of the shop is spread once all lines are known.
        GoalName::CycleService | GoalName::ShopService => (Goal::CycleService(service), false),
        GoalName::FillRate => (Goal::FillRate(service), false),
        GoalName::Cost => match margin {
            Some(margin) => {
                let missing_cents = margin as f64 * settings.missing;
                (Goal::Cost { missing_cents }, false)
            }
            None => (Goal::CycleService(service), true),
        },
    }
}
