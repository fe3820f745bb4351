//! A trained forecaster of launches: what it learnt, and what it tells of it.

use super::attached::Attached;
use super::gathered::{Found, MADE_OF, columns, gathered};
use super::measured;
use super::settings::Settings;
use crate::artefact::Artefact;
use crate::contract::{FitError, Fitted, Serving};
use crate::file::Header;
use crate::shop::Shop;
use features::History;
use models::launch::{self, Forecaster, Launch, Layer, Method, Past, Record};
use schema::estimate::short;
use schema::weights::WeighedBy;
use schema::{AsOf, Scorecard, Weights};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Launches whose forecasts prove an artefact.
const GOLDEN: usize = 3;

/// Merchants that a summary names.
const NAMED: usize = 3;

/// What was learned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(super) settings: Settings,
    pub(super) forecaster: Forecaster,
    /// Launches learnt from, and those of them whose stock ran out.
    launches: (usize, usize),
    notes: Vec<String>,
    golden: Vec<Launch>,
}

/// Launches of a history that are over.
fn past(history: &History) -> (Found, Vec<Past>) {
    let found = gathered(history);
    let over = found.over.iter();
    let past = over.map(|launch| launch.past(history.launches())).collect();
    (found, past)
}

impl Body {
    /// Learns.
    pub(super) fn fit(history: &History, settings: &Settings, seed: u64) -> Result<Self, FitError> {
        let (found, past) = past(history);
        let mut learning = launch::Settings::default();
        learning.trees = settings.trees.unwrap_or_default().over(learning.trees);
        learning.trees.seed = seed;
        learning.curves.seed = seed;
        let forecaster = Forecaster::fit(&past, &columns(), &learning)?;
        Ok(Self::new(settings, forecaster, found, &past))
    }

    /// Learns from another history by the same choices.
    pub(super) fn again(&self, history: &History) -> Result<Self, FitError> {
        let (found, past) = past(history);
        let forecaster = self.forecaster.refit(&past)?;
        Ok(Self::new(&self.settings, forecaster, found, &past))
    }

    fn new(settings: &Settings, forecaster: Forecaster, found: Found, past: &[Past]) -> Self {
        let every = (past.len() / GOLDEN).max(1);
        let golden = past.iter().step_by(every).take(GOLDEN);
        let censored = past.iter().filter(|past| past.total.is_censored()).count();
        Self {
            settings: settings.clone(),
            forecaster,
            launches: (past.len(), censored),
            notes: found.notes,
            golden: golden.map(|past| past.launch.clone()).collect(),
        }
    }

    /// What golden launches are forecast to sell.
    pub(super) fn scores(&self, golden: &[Launch]) -> Vec<f64> {
        let told = golden.iter().flat_map(|launch| {
            let forecast = self.forecaster.forecast(launch);
            forecast.map_or([f64::NAN; 2], |forecast| {
                let demand = forecast.demand();
                [demand.mean(), demand.quantile(0.9)]
            })
        });
        told.collect()
    }
}

/// A layer in words.
pub(super) fn named(layer: Layer) -> String {
    match layer {
        Layer::Naive => "launches of the category".to_owned(),
        Layer::History => "history".to_owned(),
        Layer::Attributes => "attributes".to_owned(),
        Layer::Estimate => "merchant's estimate".to_owned(),
        Layer::Combined => "attributes and estimate".to_owned(),
        Layer::Hours(0) => "the same on launches with hours".to_owned(),
        Layer::Hours(1) => "first hour".to_owned(),
        Layer::Hours(hours) => format!("first {hours} hours"),
    }
}

/// A method in words.
fn by(method: Method) -> String {
    match method {
        Method::History => "nothing: there are too few to tell apart".to_owned(),
        Method::Linear => "a linear model".to_owned(),
        Method::Analogues { nearest } => format!("the {nearest} launches most alike"),
        Method::Trees => "boosted trees".to_owned(),
        Method::TreesAndLinear => "boosted trees and a linear model".to_owned(),
    }
}

/// What is known of a merchant's estimates, in words.
fn told(record: &Record) -> String {
    let held = record.intervals.share_held();
    let held = held.map_or(String::new(), |share| {
        format!(", own intervals held {:.0} %", 100.0 * share)
    });
    let added = record.added.map_or(String::new(), |added| {
        format!(", saves {:.0} % of the score", 100.0 * added.crps_saved())
    });
    format!(
        "{} estimates {:.2} times what is asked for ({:.2} to {:.2}) over {} launches{held}{added}",
        record.merchant, record.bias.factor, record.bias.low, record.bias.high, record.launches
    )
}

/// A trained version of this kind.
#[derive(Debug)]
pub(crate) struct FittedLaunch {
    header: Header,
    as_of: AsOf,
    body: Arc<Body>,
}

impl FittedLaunch {
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

impl Fitted for FittedLaunch {
    fn as_of(&self) -> AsOf {
        self.as_of
    }

    fn evaluate(&self, later: &History, seed: u64) -> Scorecard {
        measured::scorecard(&self.body, self.as_of, later, seed)
    }

    fn weights(&self) -> Weights {
        let forecaster = &self.body.forecaster;
        // Of a launch that its merchant estimates, what a merchant's estimate weighs on average.
        let estimate = forecaster.merchants().map_or(0.0, |merchants| {
            let each: Vec<f64> = merchants
                .names()
                .map(|m| forecaster.pool().weight(m))
                .collect();
            each.iter().sum::<f64>() / each.len().max(1) as f64
        });
        let attributes = forecaster.attributes().weights();
        let attributes = attributes.into_iter().zip(MADE_OF);
        let attributes = attributes.map(|(weight, of)| ((1.0 - estimate) * weight, of.to_vec()));
        let estimates = vec!["estimates.likely", "estimates.low", "estimates.high"];
        let all = attributes.chain([(estimate, estimates)]);
        // Once it is open a launch is forecast by what it has sold, until its units are gone.
        Weights::of_parts(WeighedBy::Gains, all).with([
            "sales.quantity",
            "sales.sold_at",
            "sales.is_return",
            "launches.available_units",
        ])
    }

    fn summary(&self) -> Vec<String> {
        let body = &self.body;
        let forecaster = &body.forecaster;
        let (launches, censored) = body.launches;
        let mut lines = vec![format!(
            "{launches} products in launches that are over, {censored} of them sold out; attributes by {}",
            by(forecaster.attributes().method())
        )];
        let layers = forecaster
            .measured()
            .iter()
            .map(|measured| format!("{} {}", named(measured.layer), short(measured.score.crps)));
        let layers: Vec<String> = layers.collect();
        if !layers.is_empty() {
            lines.push(format!(
                "score of each layer in units, on the last launches learnt from: {}",
                layers.join(", ")
            ));
        }
        let records = forecaster.records();
        let ends = if records.len() > 2 * NAMED {
            records[..NAMED]
                .iter()
                .chain(&records[records.len() - NAMED..])
        } else {
            records.iter().chain(&[])
        };
        lines.extend(ends.map(told));
        lines.extend(body.notes.iter().cloned());
        lines
    }

    fn page(&self) -> serde_json::Value {
        let forecaster = &self.body.forecaster;
        serde_json::json!({
            "layers": forecaster.measured().iter().map(|measured| serde_json::json!({
                "layer": named(measured.layer),
                "launches": measured.score.launches,
                "crps": measured.score.crps,
            })).collect::<Vec<_>>(),
            "merchants": forecaster.records().iter().map(|record| serde_json::json!({
                "merchant": record.merchant,
                "rank": record.rank,
                "launches": record.launches,
                "sold_out": record.censored,
                "bias": record.bias.factor,
                "bias_low": record.bias.low,
                "bias_high": record.bias.high,
                "drawn": record.drawn,
                "slope": record.slope,
                "slope_error": record.slope_error,
                "spread": record.spread,
                "correlation": record.correlation,
                "held": record.intervals.share_held(),
                "intervals": record.intervals,
                "saved": record.added.map(|added| added.crps_saved()),
                "saved_on": record.added.map(|added| added.combined.launches),
                "skill": record.skill,
            })).collect::<Vec<_>>(),
        })
    }

    fn artefact(&self) -> Artefact {
        let golden = &self.body.golden;
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
