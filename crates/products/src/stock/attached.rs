//! Proposals of a shop as it is now, ready to be asked for.

use super::fitted::Body;
use super::plan::Plan;
use super::told;
use super::{CARD, naive};
use crate::answer::{Action, Asked, Decisions, Explanation, ExplanationLine, Infeasible};
use crate::contract::Serving;
use crate::demand::{self, Series, asked_series, change_of};
use crate::shop::Shop;
use decisions::stock::propose::Outcome;
use schema::{AsOf, Estimate};
use std::sync::Arc;

/// How it decides, in a word.
const METHOD: &str = "expected cost over the forecast's distribution";

/// A version joined with what is on hand and on order by now.
#[derive(Debug)]
pub(super) struct Attached {
    body: Arc<Body>,
    found: Option<Series>,
    plan: Option<Plan>,
    /// By item of the plan, units of the naive rule.
    naive: Vec<Option<u64>>,
    today: AsOf,
}

impl Attached {
    pub(super) fn new(body: Arc<Body>, shop: &Shop) -> Self {
        let history = &shop.history;
        let found = body.series(history);
        let plan = found
            .as_ref()
            .and_then(|found| body.plan(history, found).ok());
        let naive = match (&found, &plan) {
            (Some(found), Some(plan)) => naive::orders(found, plan),
            _ => Vec::new(),
        };
        Self {
            body,
            found,
            plan,
            naive,
            today: shop.today(),
        }
    }

    /// The plan and the place of what is asked about.
    fn place(&self, asked: &Asked) -> Result<(&Plan, usize), Infeasible> {
        let (series, _) = asked_series(self.found.as_ref(), asked, CARD.kind, self.today)?;
        let unknown = || Infeasible::UnknownSeries {
            product: asked
                .product_id
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            as_of: self.today,
        };
        let plan = self.plan.as_ref().ok_or_else(unknown)?;
        let place = plan.items.binary_search_by(|item| item.series.cmp(&series));
        Ok((plan, place.map_err(|_| unknown())?))
    }

    fn answer(&self, asked: &Asked, actions: Vec<Action>, method: &str) -> Decisions {
        Decisions {
            placement: asked.placement.clone(),
            actions,
            short_of: None,
            method: method.to_owned(),
            stake: None,
        }
    }
}

impl Serving for Attached {
    fn decide(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let (plan, place) = self.place(asked)?;
        let today = self.today.epoch_day();
        let actions = told::actions(plan, place, &self.body.settings, today);
        Ok(self.answer(asked, actions, METHOD))
    }

    fn baseline(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let (_, place) = self.place(asked)?;
        let units = self.naive.get(place).copied().flatten();
        let actions = vec![naive::action(units)];
        Ok(self.answer(asked, actions, naive::NAME))
    }

    fn all(&self) -> Option<Vec<Asked>> {
        let asked = demand::all(self.found.as_ref()).into_iter();
        Some(asked.filter(|asked| asked.placement.is_some()).collect())
    }

    fn explain(
        &self,
        asked: &Asked,
        _: Option<&str>,
        _: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        let (plan, place) = self.place(asked)?;
        let item = &plan.items[place];
        let actions = told::actions(plan, place, &self.body.settings, self.today.epoch_day());
        let (order, reasons) = actions.first().map_or((None, Vec::new()), |a| {
            (a.estimate.clone(), a.reasons.list())
        });
        let sentences: Vec<String> = reasons.into_iter().map(|r| r.text).collect();
        let units = plan.units(place) as f64;
        // What is ordered is what is expected to be asked for, with what guards against more, less what there is; packs and
        // limits do the rest.
        let lines = match &plan.proposals.outcomes[place] {
            Outcome::Proposed(proposal) => {
                // Before anything is moved.
                let moves = &item.moves;
                let (received, sent) = (moves.units_received(), moves.units_sent());
                let position = (proposal.position_units - received + sent) as f64;
                let wanted = proposal.wanted_units as f64;
                let line = |what: &str, contribution: f64| ExplanationLine {
                    what: what.to_owned(),
                    contribution,
                };
                let safety = wanted - (item.expected - proposal.position_units as f64);
                let changed: f64 = item.changes.iter().map(|(_, more)| more).sum();
                let mut lines = vec![
                    line("expected to be asked for", item.expected - changed),
                    line("on hand and on the way", -position),
                    line("against more or less than expected, in whole packs", safety),
                    line("minimums and limits", units - wanted),
                ];
                let changes = item.changes.iter();
                lines.extend(changes.map(|(of, more)| line(&change_of(of), *more)));
                let moved = [
                    ("sent here from other sites", -received as f64),
                    ("sent to other sites", sent as f64),
                ];
                let moved = moved.into_iter().filter(|(_, units)| *units != 0.0);
                lines.extend(moved.map(|(what, units)| line(what, units)));
                lines
            }
            Outcome::Refused(_) => Vec::new(),
        };
        let told = match order {
            Some(Estimate::NotMeasurable(why)) => format!("no order can be proposed: {why}"),
            _ => format!("order {units} units"),
        };
        Ok(Explanation {
            about: told::ORDER.to_owned(),
            summary: format!("{told}; {}", sentences.join("; ")),
            score: units,
            unit: "units".to_owned(),
            lines,
            why_not: None,
            rules: Vec::new(),
            flips: Vec::new(),
        })
    }
}
