//! A trained policy: how demand is forecast and how long orders take.

use super::attached::Attached;
use super::lead_times::LeadTimes;
use super::left_out::left_out;
use super::measured;
use super::people;
use super::plan::{Known, Of, Ordered, Plan, PlanError, Spent};
use super::settings::Settings;
use super::standing::Standings;
use crate::artefact::Artefact;
use crate::contract::{FitError, Fitted, Serving};
use crate::demand::{self, Golden, Series};
use crate::file::Header;
use crate::shop::Shop;
use features::History;
use schema::weights::WeighedBy;
use schema::{AsOf, Scorecard, Weights};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What was learned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(super) settings: Settings,
    pub(super) demand: demand::Body,
    pub(super) lead_times: LeadTimes,
    /// What nothing is proposed for and why, in words.
    #[serde(default)]
    left_out: Vec<String>,
    /// What people made of proposals and what that was worth, in words.
    #[serde(default)]
    people: Vec<String>,
}

impl Body {
    /// Learns.
    pub(super) fn fit(history: &History, settings: &Settings, seed: u64) -> Result<Self, FitError> {
        let demand = demand::Body::fit(history, &settings.demand(), seed)?;
        Ok(Self::new(history, settings, demand))
    }

    /// Learns from another history by the same method.
    pub(super) fn again(&self, history: &History, seed: u64) -> Result<Self, FitError> {
        let demand = self.demand.again(history, seed)?;
        Ok(Self::new(history, &self.settings, demand))
    }

    fn new(history: &History, settings: &Settings, demand: demand::Body) -> Self {
        let lead_times = LeadTimes::learn(history.supply(), history.as_of(), settings);
        let of = Of::new(history, settings, &lead_times);
        // Series are made for it only where there is something to judge.
        let answered = !history.supply().answers.is_empty();
        let found = answered.then(|| demand::series(history, &demand.settings));
        let people = found.flatten().map(|found| people::told(&of, &found));
        Self {
            left_out: left_out(&of),
            people: people.unwrap_or_default(),
            demand,
            lead_times,
            settings: settings.clone(),
        }
    }

    /// What golden series are forecast to sell.
    pub(super) fn scores(&self, golden: &[Golden]) -> Vec<f64> {
        self.demand.scores(golden)
    }

    /// The series of a history.
    pub(super) fn series(&self, history: &History) -> Option<Series> {
        demand::series(history, &self.demand.settings)
    }

    /// What is proposed on the day that a history does not know yet.
    pub(super) fn plan(&self, history: &History, found: &Series) -> Result<Plan, PlanError> {
        let plain = self.demand.forecaster.forecast(&found.panel)?;
        let changed = found.overrides.change(&found.panel, None, plain);
        let of = Of::new(history, &self.settings, &self.lead_times);
        let standings = Standings::new(history.supply(), |sent| of.usual(sent));
        let standing = |series: usize| {
            let key = &found.keys[series];
            standings.of(&key.product, key.site.as_deref()?).cloned()
        };
        let today = history.as_of().epoch_day();
        let ordered = Ordered::all(&of, history.supply());
        let known = Known {
            forecast: &changed.forecast,
            standing: &standing,
            depots: &of.depots(&found.keys, &standings),
            spent: &Spent::new(ordered.iter(), today, self.settings.budget_days),
        };
        let mut plan = Plan::new(&of, history.as_of(), &found.keys, &known)?;
        for item in &mut plan.items {
            let of = (&found.panel, item.series);
            let changes = changed.weighed(&found.overrides, of, |ahead| item.counts(ahead));
            item.changes = changes
                .into_iter()
                .map(|(of, more)| (of.clone(), more))
                .collect();
        }
        Ok(plan)
    }
}

/// A trained version of this kind.
#[derive(Debug)]
pub(crate) struct FittedStock {
    header: Header,
    as_of: AsOf,
    body: Arc<Body>,
}

impl FittedStock {
    pub(super) fn new(header: Header, as_of: AsOf, body: Body) -> Self {
        Self {
            header,
            as_of,
            body: Arc::new(body),
        }
    }

    pub(super) fn body(&self) -> &Body {
        &self.body
    }
}

impl Fitted for FittedStock {
    fn as_of(&self) -> AsOf {
        self.as_of
    }

    fn evaluate(&self, later: &History, seed: u64) -> Scorecard {
        measured::scorecard(&self.body, self.as_of, later, seed)
    }

    fn weights(&self) -> Weights {
        let forecast = demand::weights(&self.body.demand);
        let forecast = forecast.heaviest().into_iter();
        // An order is a level less what is there and what is under way; each of them counts alike, and the terms beside.
        let forecast = forecast.map(|(column, share)| (share, vec![column]));
        let position = [
            vec!["stock_levels.on_hand"],
            vec![
                "replenishments.units",
                "replenishments.ordered_on",
                "replenishments.received_on",
                "replenishments.received_units",
            ],
        ];
        let position = position.map(|columns| (1.0, columns));
        Weights::of_parts(WeighedBy::Parts, forecast.chain(position)).with([
            "overrides.change",
            "overrides.value",
            "prices.price_cents",
            "products.cost_cents",
            "supply_terms.lead_time_days",
            "supply_terms.pack_units",
        ])
    }

    fn summary(&self) -> Vec<String> {
        let forecaster = &self.body.demand.forecaster;
        let mut lines = vec![format!(
            "demand {} days ahead by: {}",
            forecaster.ahead(),
            forecaster.method().name()
        )];
        let learnt: Vec<String> = self
            .body
            .lead_times
            .learnt()
            .map(|(supplier, receipts)| format!("{supplier} {receipts}"))
            .collect();
        lines.push(if learnt.is_empty() {
            "no receipts: lead times are those that the terms of supply or the settings say"
                .to_owned()
        } else {
            format!("lead times by receipts: {}", learnt.join(", "))
        });
        lines.extend(self.body.left_out.iter().cloned());
        lines.extend(self.body.people.iter().cloned());
        lines.extend(demand::segments_told(forecaster, "day"));
        lines.extend(demand::weather_told(forecaster));
        lines.extend(self.body.demand.planners());
        lines.extend(self.body.demand.notes().iter().cloned());
        lines
    }

    fn page(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn artefact(&self) -> Artefact {
        let golden = &self.body.demand.golden;
        Artefact::new(
            super::CARD.kind,
            &self.header.name,
            self.as_of,
            self.body.as_ref(),
            golden,
            self.body.scores(golden),
        )
    }

    fn attach(&self, shop: Arc<Shop>) -> Box<dyn Serving> {
        Box::new(Attached::new(Arc::clone(&self.body), &shop))
    }
}
