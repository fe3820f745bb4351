//! What is proposed for every product at every site on one day, within the limits that they share.

use super::lead_times::LeadTimes;
use super::settings::{GoalName, Settings, UnmetName};
use super::standing::Standing;
use super::terms::{Book, Orders};
use crate::demand::Key;
use decisions::stock::propose::{
    Goal, Limits, Line, LineError, Lines, OrderMinimum, Outcome, Proposals, ProposeError,
    ShelfLife, Unmet, propose,
};
use decisions::stock::{Demand, DemandError, Quantiles, Units};
use features::History;
use features::supply::Terms;
use models::demand::Forecast;
use schema::{AsOf, Cents};

/// Levels at which demand over several days is kept.
const LEVELS: [f64; 13] = [
    0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99,
];

/// Days of a year.
const YEAR: f64 = 365.25;

/// Keeping costs at least this much a day, in cents, so that of two orders that serve as well the smaller one wins.
const HOLDING_CENTS_MIN: f64 = 1e-4;

/// Demand over some days together, by [`LEVELS`].
#[derive(Debug, Clone, Copy, PartialEq)]
struct Total {
    values: [f64; LEVELS.len()],
    expected: f64,
}

impl Total {
    fn demand(&self) -> Result<Demand<'_>, DemandError> {
        Demand::quantiles(Quantiles {
            levels: &LEVELS,
            values: &self.values,
            expected: Some(self.expected),
            units: Units::Whole,
        })
    }
}

/// What is known of one product at one site on the day.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Its series of the forecast.
    pub(super) series: usize,
    /// Who supplies it.
    pub(super) supplier: Option<String>,
    /// What there is, where it is known.
    pub(super) standing: Option<Standing>,
    /// Units on their way that arrive before the delivery after this one.
    pub(super) on_order: i64,
    /// Days until what is ordered now arrives, as expected; `None` where nobody knows.
    pub(super) lead_days: Option<f64>,
    /// Days until the delivery after this one.
    pub(super) protection_days: f64,
    /// Days until it can be ordered next, where that is not today.
    pub(super) orders_in: Option<u32>,
    /// Units expected to be asked for until the delivery after this one.
    pub(super) expected: f64,
    /// What one unit costs, where it is known.
    pub(super) unit_cost_cents: Option<i64>,
    /// Why it has no proposal beside what the line says.
    pub(super) unknown: Option<Unknown>,
    review_days: f64,
    pub(super) pack_units: u32,
    minimum_units: u32,
    presentation_units: u32,
    capacity_units: Option<u32>,
    goal: Goal,
    holding_cents: f64,
    until_arrival: Total,
    until_next: Total,
    until_perished: Option<Total>,
    order: Option<u32>,
    budget: Option<u32>,
    site: Option<u32>,
}

/// What must be known of a line and is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// What a unit costs, or what it sells for.
    Margin,
    /// What a unit costs, while its supplier has a budget.
    Cost,
    /// The order would arrive, or have to last, beyond the days that are forecast.
    BeyondHorizon,
}

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
        let position = on_hand + item.on_order;
        // Where nothing can be ordered today there is room for nothing more.
        let room = u32::try_from(position).unwrap_or(0);
        let closed = item.orders_in.is_some() || item.unknown.is_some();
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
            on_order: item.on_order,
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
            goal: item.goal,
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
}

impl Plan {
    /// Of one day.
    ///
    /// - `forecast`: of the day and those after it.
    /// - `standing`: of a series, what there is of it in the morning of the day.
    ///
    /// # Errors
    /// [`ProposeError`] where a limit is no limit.
    pub(super) fn new(
        of: &Of<'_>,
        today: AsOf,
        keys: &[Key],
        forecast: &Forecast,
        standing: &dyn Fn(usize) -> Option<Standing>,
    ) -> Result<Self, ProposeError> {
        let settings = of.settings;
        let supply = of.history.supply();
        let shared = Shared::new(of.history, settings);
        let day = Day {
            of,
            today,
            standing,
            shared: &shared,
            forecast,
        };
        let series = keys.iter().zip(0..);
        let items: Vec<Item> = series
            .filter_map(|(key, series)| day.item(key, series))
            .collect();
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
        let budgets: Vec<Cents> = each
            .map(|supplier| settings.budget(supplier).unwrap_or(unlimited))
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
        }
    }

    /// What a product costs to buy, by the terms of its supply or the catalogue.
    pub(super) fn unit_cost(&self, product: &str, terms: Option<&Terms>) -> Option<i64> {
        let catalogue = self.history.catalogue();
        let known = catalogue.index_of(product).and_then(|at| catalogue.get(at));
        terms
            .and_then(|t| t.unit_cost_cents)
            .or(known.and_then(|p| p.cost_cents))
    }

    /// What it sells for.
    pub(super) fn price(&self, product: &str) -> Option<i64> {
        let catalogue = self.history.catalogue();
        catalogue.get(catalogue.index_of(product)?)?.price_cents
    }
}

/// Everything of a day that items are made of.
struct Day<'a> {
    of: &'a Of<'a>,
    today: AsOf,
    standing: &'a dyn Fn(usize) -> Option<Standing>,
    shared: &'a Shared,
    forecast: &'a Forecast,
}

impl Day<'_> {
    /// One product at one site; `None` for sales whose site is not known.
    fn item(&self, key: &Key, series: usize) -> Option<Item> {
        let site = key.site.as_deref()?;
        let (settings, supply) = (self.of.settings, self.of.history.supply());
        let terms = self.of.book.of(&key.product, site);
        let standing = (self.standing)(series);
        let cost = self.of.unit_cost(&key.product, terms);
        let supplier = terms.map(|t| t.supplier.clone());
        let today = self.today;
        let days = Orders::new(terms, settings);
        let now = days.on(today.0);
        let wait = days.until_next(today.0);
        let lead = self.of.lead_times.of(supplier.as_deref(), terms);
        let totals = lead
            .as_ref()
            .map(|lead| self.totals(series, lead, now, wait, terms));
        let beyond = matches!(totals, Some(None));
        let totals = totals.flatten();
        let place = supplier.as_deref().and_then(|s| self.shared.supplier(s));
        let budgeted = supplier
            .as_ref()
            .is_some_and(|s| settings.budget(s).is_some());
        let (goal, no_margin) = goal(settings, self.of.price(&key.product), cost);
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
        Some(Item {
            series,
            on_order: standing.as_ref().map_or(0, |s| s.due_before(due)),
            standing,
            lead_days: expected_lead,
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
            holding_cents: holding.max(HOLDING_CENTS_MIN),
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
        series: usize,
        lead: &[(u32, f64)],
        now: bool,
        wait: u32,
        terms: Option<&Terms>,
    ) -> Option<(Total, Total, Option<Total>)> {
        // What can be ordered another day only arrives so much later.
        let before = if now { 0 } else { wait };
        let review = if now { wait } else { 0 };
        let shifted = |by: u32| -> Vec<(u32, f64)> {
            lead.iter()
                .map(|(days, p)| (days + before + by, *p))
                .collect()
        };
        let horizon = self.of.settings.horizon_days;
        let until_next = self.total(series, &shifted(review), horizon)?;
        let until_arrival = self.total(series, &shifted(0), horizon)?;
        let shelf = terms.and_then(|t| t.shelf_life_days);
        // What keeps for longer than is forecast is not bound by it.
        let perished = shelf.and_then(|shelf| self.total(series, &shifted(shelf), horizon));
        Some((until_arrival, until_next, perished))
    }

    /// Demand over a number of days that is known by its probabilities. What lies beyond the horizon counts as the
    /// horizon, where that is so in less than a tenth of the cases.
    fn total(&self, series: usize, days: &[(u32, f64)], horizon: u32) -> Option<Total> {
        /// Probability of longer times that is let go.
        const BEYOND_MAX: f64 = 0.1;
        let beyond: f64 = days
            .iter()
            .filter(|(days, _)| *days > horizon)
            .map(|(_, p)| p)
            .sum();
        if beyond > BEYOND_MAX {
            return None;
        }
        let each: Vec<(Total, f64)> = days
            .iter()
            .map(|(days, p)| (self.of_days(series, (*days).min(horizon)), *p))
            .collect();
        Some(mixed(&each))
    }

    /// Demand of the next days.
    fn of_days(&self, series: usize, days: u32) -> Total {
        let Some(last) = (days as usize).checked_sub(1) else {
            return EMPTY;
        };
        let expected = self.forecast.expected(series);
        let mut values = LEVELS.map(|level| {
            let units = self.forecast.quantile_of_total(series, last, level);
            units.max(0.0)
        });
        rising(&mut values);
        Total {
            values,
            expected: expected[..=last].iter().sum::<f64>().max(0.0),
        }
    }
}

/// Quantiles rise; rounding must not make them fall.
fn rising(values: &mut [f64]) {
    for at in 1..values.len() {
        values[at] = values[at].max(values[at - 1]);
    }
}

/// Nothing is asked for.
const EMPTY: Total = Total {
    values: [0.0; LEVELS.len()],
    expected: 0.0,
};

/// What is wanted, and whether a margin is missing for it.
fn goal(settings: &Settings, price: Option<i64>, cost: Option<i64>) -> (Goal, bool) {
    match settings.goal {
        GoalName::CycleService => (Goal::CycleService(settings.service), false),
        GoalName::FillRate => (Goal::FillRate(settings.service), false),
        GoalName::Cost => {
            let margin = price.zip(cost).map(|(price, cost)| price - cost);
            match margin.filter(|margin| *margin > 0) {
                Some(margin) => {
                    let missing_cents = margin as f64 * settings.missing;
                    (Goal::Cost { missing_cents }, false)
                }
                None => (Goal::CycleService(settings.service), true),
            }
        }
    }
}

/// A mixture of demands, each with its probability.
fn mixed(each: &[(Total, f64)]) -> Total {
    if let [(only, _)] = each {
        return *only;
    }
    /// Halvings of an interval: its width falls below a thousandth of a unit in a billion.
    const HALVINGS: usize = 40;
    let all: f64 = each.iter().map(|(_, p)| p).sum();
    let drawn: Vec<(Demand<'_>, f64)> = each
        .iter()
        .filter_map(|(total, p)| Some((total.demand().ok()?, p / all)))
        .collect();
    let cdf = |units: f64| -> f64 { drawn.iter().map(|(demand, p)| p * demand.cdf(units)).sum() };
    let mut values = [0.0; LEVELS.len()];
    for (value, level) in values.iter_mut().zip(LEVELS) {
        let ends = drawn.iter().map(|(demand, _)| demand.quantile(level));
        let (mut low, mut high) = ends.fold((f64::MAX, 0.0f64), |(low, high), units| {
            (low.min(units), high.max(units))
        });
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if cdf(middle) >= level {
                high = middle;
            } else {
                low = middle;
            }
        }
        *value = high;
    }
    rising(&mut values);
    Total {
        values,
        expected: each.iter().map(|(total, p)| total.expected * p / all).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_lies_between_its_parts_and_keeps_their_mean() {
        let rising = |scale: f64| Total {
            values: LEVELS.map(|level| scale * level * 10.0),
            expected: scale * 5.0,
        };
        let (one, two) = (rising(1.0), rising(4.0));
        let both = mixed(&[(one, 1.0), (two, 3.0)]);
        assert!((both.expected - (0.25 * 5.0 + 0.75 * 20.0)).abs() < 1e-12);
        for at in 0..LEVELS.len() {
            assert!(both.values[at] >= one.values[at].floor());
            assert!(both.values[at] <= two.values[at].ceil());
        }
        assert!(both.values.is_sorted());
        assert_eq!(mixed(&[(one, 1.0)]), one);
    }
}
