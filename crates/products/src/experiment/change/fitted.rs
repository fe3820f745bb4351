//! A read-out of a change as a version.

use super::compared::Compared;
use super::measured;
use super::read::{By, Finding};
use super::settings::Change;
use super::told;
use crate::answer::{Asked, Decisions, Explanation, Infeasible};
use crate::artefact::Artefact;
use crate::contract::{Fitted, Serving};
use crate::estimates;
use crate::experiment::CARD;
use crate::experiment::error::ExperimentError;
use crate::experiment::settings::Settings;
use crate::file::Header;
use crate::outcome::Outcome;
use crate::shop::Shop;
use features::History;
use schema::{AsOf, Scorecard, Weights};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A number that proves a version: the place of an outcome.
pub(in crate::experiment) type Golden = usize;

/// What was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::experiment) struct Body {
    pub(super) settings: Settings,
    change: Change,
    pub(super) as_of: AsOf,
    seed: u64,
    pub(super) compared: Compared,
    pub(super) findings: Vec<Finding>,
}

impl Body {
    /// - `change`: that of the settings.
    pub(in crate::experiment) fn fit(
        history: &History,
        settings: &Settings,
        change: &Change,
        seed: u64,
    ) -> Result<Self, ExperimentError> {
        let compared = Compared::of(history, change, &settings.outcomes)?;
        let mut body = Self {
            settings: settings.clone(),
            change: change.clone(),
            as_of: history.as_of(),
            seed,
            compared,
            findings: Vec::new(),
        };
        body.findings = body.read()?;
        Ok(body)
    }

    fn read(&self) -> Result<Vec<Finding>, ExperimentError> {
        let outcomes = self.settings.outcomes.iter().zip(&self.compared.values);
        let of = |(outcome, values): (&Outcome, &Vec<f64>)| {
            let read = (*outcome, values.as_slice());
            Finding::of(&self.compared, &self.change, read, self.alpha(), self.seed)
        };
        Ok(outcomes.map(of).collect::<Result<_, _>>()?)
    }

    pub(super) fn change(&self) -> &Change {
        &self.change
    }

    /// Share of wrong alarms accepted for each outcome, so that it holds for all of them together (Bonferroni).
    pub(super) fn alpha(&self) -> f64 {
        self.settings.alpha / self.settings.outcomes.len().max(1) as f64
    }

    /// Of each period before the change: the mean of those changed, less its mean over all these periods.
    pub(super) fn unaided(&self, outcome: Outcome) -> Vec<f64> {
        let place = self.settings.outcomes.iter().position(|o| *o == outcome);
        let values = place.and_then(|place| self.compared.values.get(place));
        let (Some(values), before) = (values, self.compared.before) else {
            return Vec::new();
        };
        let rows = values.chunks(before + self.compared.after);
        let treated = rows.zip(&self.compared.treated).filter(|(_, t)| **t);
        let mut means = vec![0.0; before];
        for (row, _) in treated {
            for (mean, value) in means.iter_mut().zip(row) {
                *mean += value / self.compared.changed() as f64;
            }
        }
        let level = means.iter().sum::<f64>() / before.max(1) as f64;
        means.iter().map(|mean| mean - level).collect()
    }

    /// Effects with the ends of their intervals, read once more; nothing where they cannot be read.
    pub(in crate::experiment) fn scores(&self, golden: &[Golden]) -> Vec<f64> {
        let again = self.read().unwrap_or_default();
        let of = |place: &Golden| {
            let by = again.get(*place).map(|found| &found.by);
            let (low, high) = by
                .and_then(By::size)
                .map_or((0.0, 0.0), |s| (s.low, s.high));
            [by.map_or(0.0, By::point), low, high]
        };
        golden.iter().flat_map(of).collect()
    }
}

pub(in crate::experiment) struct FittedChange {
    header: Header,
    body: Arc<Body>,
}

impl FittedChange {
    pub(in crate::experiment) fn new(header: Header, body: Body) -> Self {
        Self {
            header,
            body: Arc::new(body),
        }
    }

    /// What was compared, as a person calls it.
    pub(in crate::experiment) fn named(&self) -> String {
        self.body.change.named()
    }

    /// What the first outcome stands on and does not hold, with the p-value; `None` where nothing was found against it.
    pub(in crate::experiment) fn contradicted(&self) -> Option<(String, f64)> {
        let found = self.body.findings.first()?;
        let p_value = found.by.contradicted(self.body.alpha())?;
        Some((found.by.assumption().to_string(), p_value))
    }
}

impl Fitted for FittedChange {
    fn as_of(&self) -> AsOf {
        self.body.as_of
    }

    fn evaluate(&self, later: &History, _: u64) -> Scorecard {
        let Body {
            settings,
            change,
            seed,
            ..
        } = self.body.as_ref();
        match Body::fit(later, settings, change, *seed) {
            Ok(body) => measured::scorecard(&body),
            // What was just read can be read again.
            Err(error) => estimates::not_measured(&error),
        }
    }

    fn weights(&self) -> Weights {
        let outcomes = self.body.settings.outcomes.iter();
        let read: BTreeSet<&str> = outcomes.flat_map(|of| of.reads()).copied().collect();
        Weights::alike(["sales.site_id"].into_iter().chain(read))
    }

    fn summary(&self) -> Vec<String> {
        told::lines(&self.body)
    }

    fn page(&self) -> Value {
        let body = self.body.as_ref();
        let compared = &body.compared;
        json!({
            "experiment": body.change.named(),
            "method": body.change.method,
            "from": compared.from,
            "start": body.change.start,
            "until": compared.until,
            "as_of": body.as_of,
            "alpha": body.settings.alpha,
            "changed": compared.changed(),
            "others": compared.treated.len() - compared.changed(),
            "left_out": compared.left_out,
            "changes": body.findings.iter().map(|found| shown(body, found)).collect::<Vec<_>>(),
            "told": told::lines(body),
        })
    }

    fn artefact(&self) -> Artefact {
        let golden: Vec<Golden> = (0..self.body.findings.len()).collect();
        Artefact::new(
            CARD.kind,
            &self.header.name,
            self.as_of(),
            self.body.as_ref(),
            &golden,
            self.body.scores(&golden),
        )
    }

    fn attach(&self, _: Arc<Shop>) -> Box<dyn Serving> {
        Box::new(NoCustomers(self.body.change.named()))
    }
}

/// One outcome.
fn shown(body: &Body, found: &Finding) -> Value {
    let anyway = found.by.anyway();
    let size = found.by.size();
    json!({
        "outcome": found.outcome,
        "unit": body.change.unit(found.outcome),
        "name": found.outcome.name(),
        "money": found.outcome.is_money(),
        "anyway": anyway,
        "effect": found.by.effect(),
        "point": found.by.point(),
        "relative": size.filter(|_| anyway != 0.0).map(|size| size.point / anyway),
        "p_value": size.map(|size| size.p_value),
        "real": found.real,
        "contradicted": found.by.contradicted(body.alpha()),
        "assumption": found.by.assumption(),
        "detectable": found.by.detectable(),
        "before": body.compared.before,
        "by": found.by,
    })
}

/// A read-out of sites or blocks has no arm for a customer.
struct NoCustomers(String);

impl Serving for NoCustomers {
    fn decide(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        Err(Infeasible::NotInExperiment {
            customer: asked.customer(CARD.kind)?.to_owned(),
            experiment: self.0.clone(),
        })
    }

    fn baseline(&self, asked: &Asked, now: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        self.decide(asked, now)
    }

    fn explain(
        &self,
        asked: &Asked,
        _: Option<&str>,
        now: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        match self.decide(asked, now) {
            Ok(_) => Err(Infeasible::NothingToExplain),
            Err(why) => Err(why),
        }
    }
}
