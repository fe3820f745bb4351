//! Settings of kind `stock`.

use crate::demand;
use crate::file::Raw;
use crate::trees::Trees;
use features::demand::ALL;
use schema::{Cents, ConfigError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an order is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GoalName {
    /// The least expected cost of missing, kept and perished units.
    Cost,
    /// A probability that nothing is missing until the next delivery.
    CycleService,
    /// A share of demand that is served from stock.
    FillRate,
    /// A share of all that the shop is asked for, spread over its lines so that it takes the least stock.
    ShopService,
}

/// What the service of a whole shop is a share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ServiceOf {
    /// Units asked for.
    Units,
    /// What they would have brought at their prices.
    Revenue,
}

/// What happens to demand that finds no stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UnmetName {
    /// It is gone.
    Lost,
    /// It waits for the next delivery.
    Waits,
}

/// What is done where nothing tells how long an order takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LeadTimeUnknown {
    /// It is taken to be `lead_time_days`.
    Assume,
    /// Nothing is proposed.
    Refuse,
}

/// Settings as written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Days ahead that demand is forecast, 7 to 180. A lead time with a review must fit; what takes longer is refused.
    pub(crate) horizon_days: u32,
    /// Days at the end of the history on which the policy is played to measure it, 7 to 180.
    pub(crate) held_out_days: u32,
    /// What an order is for: `cost`, `cycle_service`, `fill_rate` or `shop_service`.
    pub(crate) goal: GoalName,
    /// The service to be kept, 0.5 to 0.999, where the goal is one.
    pub(crate) service: f64,
    /// The same by category of table `products`; categories that are not named keep `service`.
    pub(crate) services: Option<BTreeMap<String, f64>>,
    /// What the service of the shop is a share of, where the goal is that: `units` or `revenue`.
    pub(crate) service_of: ServiceOf,
    /// What happens to demand that finds no stock: `lost` or `waits`.
    pub(crate) unmet: UnmetName,
    /// Cost of a unit not served, as a multiple of its margin; 0.1 to 20.
    pub(crate) missing: f64,
    /// Cost of keeping a unit for a year, as a share of what it costs to buy; 0.01 to 5.
    pub(crate) holding_yearly: f64,
    /// Days from order to arrival, where neither receipts nor the terms of supply tell it; 0 to 120.
    pub(crate) lead_time_days: u32,
    /// What is done there: `assume` these days, or `refuse` to propose an order.
    pub(crate) lead_time_unknown: LeadTimeUnknown,
    /// Days between orders, where the terms name no weekdays; 1 to 60.
    pub(crate) review_days: u32,
    /// Probability with which all of an order sells before it perishes, 0.5 to 0.99, where the goal is a service; where it
    /// is the cost, what perishes is weighed like everything else.
    pub(crate) perish_level: f64,
    /// Which sites may send goods to which, by site that sends; `*` stands for all. Without it nothing is moved.
    pub(crate) transfers: Option<BTreeMap<String, Vec<String>>>,
    /// Cost of moving a unit between sites, in cents.
    pub(crate) transfer_cents: u32,
    /// Cost of a shipment from one site to another on a day, whatever is in it, in cents.
    pub(crate) shipment_cents: u32,
    /// What moving a product from one site to another saves at least, in cents, the cost of its units taken off.
    pub(crate) transfer_gain_cents: u32,
    /// Days that what is sent takes to arrive, 0 to 30.
    pub(crate) transfer_days: u32,
    /// Rows that trees learn from at most, 10000 to 50000000.
    pub(crate) rows_max: u32,
    /// Whether an order waits until it is worth what it costs by the terms of supply, where the goal is cost.
    pub(crate) weigh_order_costs: bool,
    /// Money that an order costs whatever is in it, by supplier, where the goal is cost: an order waits until it is worth it.
    pub(crate) order_costs: Option<BTreeMap<String, f64>>,
    /// Money that may be ordered in `budget_days`, by supplier; those that are not named have no limit.
    pub(crate) budgets: Option<BTreeMap<String, f64>>,
    /// Days that a budget is for, today among them, 1 to 366: what was ordered in them already is taken off.
    pub(crate) budget_days: u32,
    /// Money that a supplier delivers at least, for all sites together, by supplier.
    pub(crate) minimum_orders: Option<BTreeMap<String, f64>>,
    /// Whether forecasts of demand take in the weather of table `weather`: `off`, `chosen` or `taken_in`, as of kind `demand`.
    pub(crate) weather: demand::WeatherUse,
    /// How the trees that forecast demand grow; as is usual for the kind where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trees: Option<Trees>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            horizon_days: 35,
            held_out_days: 28,
            goal: GoalName::Cost,
            service: 0.95,
            services: None,
            service_of: ServiceOf::Units,
            unmet: UnmetName::Lost,
            missing: 1.0,
            holding_yearly: 0.25,
            lead_time_days: 7,
            lead_time_unknown: LeadTimeUnknown::Assume,
            review_days: 1,
            perish_level: 0.9,
            transfers: None,
            transfer_cents: 0,
            shipment_cents: 0,
            transfer_gain_cents: 0,
            transfer_days: 2,
            rows_max: 600_000,
            weigh_order_costs: false,
            order_costs: None,
            budgets: None,
            budget_days: 1,
            minimum_orders: None,
            weather: demand::WeatherUse::Off,
            trees: None,
        }
    }
}

impl Settings {
    pub(crate) fn check(&self, raw: &Raw) -> Result<(), ConfigError> {
        let counts = [
            ("horizon_days", self.horizon_days, 7, 180),
            ("held_out_days", self.held_out_days, 7, 180),
            ("lead_time_days", self.lead_time_days, 0, 120),
            ("review_days", self.review_days, 1, 60),
            ("transfer_days", self.transfer_days, 0, 30),
            ("budget_days", self.budget_days, 1, 366),
            ("rows_max", self.rows_max, 10_000, 50_000_000),
        ];
        for (key, found, min, max) in counts {
            if !(min..=max).contains(&found) {
                return Err(raw.refuse(key, found, format!("{min} to {max}")));
            }
        }
        let shares = [
            ("service", self.service, 0.5, 0.999),
            ("missing", self.missing, 0.1, 20.0),
            ("holding_yearly", self.holding_yearly, 0.01, 5.0),
            ("perish_level", self.perish_level, 0.5, 0.99),
        ];
        for (key, found, min, max) in shares {
            if !(min..=max).contains(&found) {
                return Err(raw.refuse(key, found, format!("{min} to {max}")));
            }
        }
        if let Some(services) = &self.services {
            if self.goal == GoalName::Cost {
                let allowed = "nothing while `goal` is \"cost\": it keeps no service";
                return Err(raw.refuse("services", format!("{services:?}"), allowed));
            }
            let mut each = services.iter();
            if let Some((class, found)) = each.find(|(_, of)| !(0.5..=0.999).contains(*of)) {
                let found = format!("{class} = {found}");
                return Err(raw.refuse("services", found, "0.5 to 0.999"));
            }
        }
        let needed = self.lead_time_days + self.review_days;
        if needed > self.horizon_days {
            let allowed = format!(
                "at least {needed}: lead_time_days and review_days together, before which nothing ordered now arrives"
            );
            return Err(raw.refuse("horizon_days", self.horizon_days, allowed));
        }
        if let Some(transfers) = &self.transfers
            && (transfers.is_empty() || transfers.values().any(Vec::is_empty))
        {
            let allowed = "each site that sends with those that it may send to, such as { \"depot\" = [\"*\"] }";
            return Err(raw.refuse("transfers", format!("{transfers:?}"), allowed));
        }
        self.trees.unwrap_or_default().check(raw)?;
        let money = [
            ("budgets", &self.budgets),
            ("order_costs", &self.order_costs),
            ("minimum_orders", &self.minimum_orders),
        ];
        for (key, of) in money {
            let mut of = of.iter().flatten();
            let wrong = of.find(|(_, money)| !(0.0..=1e12).contains(*money));
            if let Some((supplier, found)) = wrong {
                let found = format!("{supplier} = {found}");
                return Err(raw.refuse(key, found, "money from 0 to 1e12"));
            }
        }
        Ok(())
    }

    /// Whether a site may send goods to another.
    pub(crate) fn sends(&self, from: &str, to: &str) -> bool {
        let is = |named: &String, site: &str| named == ALL || named == site;
        let mut routes = self.transfers.iter().flatten();
        routes.any(|(sends, gets)| is(sends, from) && gets.iter().any(|gets| is(gets, to)))
    }

    /// Whether a site may send goods anywhere.
    pub(crate) fn may_send(&self, from: &str) -> bool {
        let mut routes = self.transfers.iter().flatten();
        routes.any(|(site, _)| site == ALL || site == from)
    }

    /// Probability with which all of an order must sell before it perishes.
    pub(crate) fn sells_in_time(&self) -> f64 {
        /// What perishes costs, so that cost bounds an order; no more than a trace of certainty is asked for beside it.
        const BY_COST: f64 = 0.01;
        match self.goal {
            GoalName::Cost | GoalName::ShopService => BY_COST,
            GoalName::CycleService | GoalName::FillRate => self.perish_level,
        }
    }

    /// The service to be kept of a category whose service is named, or of all others.
    pub(crate) fn service_of(&self, class: Option<&str>) -> f64 {
        let named = self.services.as_ref().zip(class);
        let named = named.and_then(|(services, class)| services.get(class));
        named.copied().unwrap_or(self.service)
    }

    /// Money that may be ordered of a supplier in the days of a budget, in cents.
    pub(crate) fn budget(&self, supplier: &str) -> Option<Cents> {
        in_cents(self.budgets.as_ref(), supplier)
    }

    /// Money that an order of a supplier costs whatever is in it, in cents.
    pub(crate) fn order_cost(&self, supplier: &str) -> Option<Cents> {
        in_cents(self.order_costs.as_ref(), supplier)
    }

    /// Money that a supplier delivers at least, in cents.
    pub(crate) fn minimum_order(&self, supplier: &str) -> Option<Cents> {
        in_cents(self.minimum_orders.as_ref(), supplier)
    }

    /// Suppliers that something is said of.
    pub(crate) fn suppliers(&self) -> impl Iterator<Item = &String> {
        let of = [&self.budgets, &self.minimum_orders];
        of.into_iter().flatten().flat_map(BTreeMap::keys)
    }

    /// What demand is learnt by.
    pub(crate) fn demand(&self) -> demand::Settings {
        demand::Settings {
            horizon: self.horizon_days,
            rows_max: self.rows_max,
            weather: self.weather,
            trees: self.trees,
            ..demand::Settings::default()
        }
    }
}

fn in_cents(of: Option<&BTreeMap<String, f64>>, supplier: &str) -> Option<Cents> {
    let money = of?.get(supplier)?;
    Some(Cents((money * 100.0).round() as i64))
}
