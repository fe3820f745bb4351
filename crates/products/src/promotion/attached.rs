//! A version that answers: the arm for a customer, and why.

use super::CARD;
use super::facts::Facts;
use super::fitted::Body;
use crate::answer::{Action, Asked, Decisions, Explanation, ExplanationLine, Infeasible};
use crate::contract::Serving;
use crate::reasons::reason;
use crate::shop::Shop;
use models::uplift::EffectInterval;
use schema::estimate::short;
use schema::{Estimate, Probability};
use std::sync::Arc;

pub(super) struct Attached {
    body: Arc<Body>,
    shop: Arc<Shop>,
}

/// Method of an answer to somebody of whom nothing is known.
const NOTHING_KNOWN: &str =
    "nothing is known of the customer: the best arm on average, less its cost";

impl Attached {
    pub(super) fn new(body: Arc<Body>, shop: Arc<Shop>) -> Self {
        Self { body, shop }
    }

    /// What is known of a customer: what their last draw logged, and their orders.
    fn facts(&self, asked: &Asked) -> Result<Facts, Infeasible> {
        let missing = || Infeasible::Missing {
            field: "customer_id",
            placement: CARD.kind.to_owned(),
        };
        let customer = asked.customer_id.as_ref().ok_or_else(missing)?.as_str();
        let draw = self.shop.history.trials().last_of(customer);
        let context = draw.and_then(|draw| draw.context.as_deref());
        let lines = self.shop.lines_of(customer);
        Ok(Facts::new(context, &lines, self.shop.today()))
    }

    fn unit(&self) -> String {
        format!("additional {}", self.body.settings.unit())
    }

    /// The answer with an arm, or with the control where none is worth it.
    fn answer(&self, arm: Option<(usize, EffectInterval)>, method: &str, code: Code) -> Decisions {
        let unit = self.body.settings.outcome.unit();
        let action = match arm {
            Some((arm, effect)) => {
                let of = &self.body.arms[arm];
                let average = of.average().point;
                let values = [
                    ("arm", of.name.as_str().into()),
                    ("effect", short(effect.point).into()),
                    ("low", short(effect.low).into()),
                    ("high", short(effect.high).into()),
                    ("average", short(average).into()),
                    ("cost", short(self.body.cost(arm)).into()),
                    ("unit", unit.into()),
                ];
                let why = match code {
                    Code::Own => reason(
                        "largest_effect",
                        "{arm} adds {effect} {unit} ({low} to {high}) and costs {cost}: no arm is worth more; on average it adds {average}",
                        values,
                    ),
                    Code::Average => reason(
                        "best_on_average",
                        "{arm} adds {average} {unit} on average and costs {cost}: no arm is worth more",
                        values,
                    ),
                };
                Action {
                    position: 1,
                    id: of.name.clone(),
                    label: None,
                    score: Some(effect.point),
                    estimate: Some(Estimate::Measured {
                        point: effect.point,
                        low: effect.low,
                        high: effect.high,
                        units: of.draws as u64,
                    }),
                    unit: self.unit(),
                    propensity: Probability::ONE,
                    reasons: vec![why].into(),
                }
            }
            None => {
                let control = self.body.settings.control.as_str();
                let values = [("control", control.into()), ("unit", unit.into())];
                let why = reason(
                    "no_effect",
                    "no arm is expected to add more {unit} than it costs: {control}",
                    values,
                );
                Action {
                    position: 1,
                    id: control.to_owned(),
                    label: None,
                    score: Some(0.0),
                    estimate: None,
                    unit: self.unit(),
                    propensity: Probability::ONE,
                    reasons: vec![why].into(),
                }
            }
        };
        Decisions {
            placement: None,
            actions: vec![action],
            short_of: None,
            method: method.to_owned(),
        }
    }

    /// The best arm on average, with what it adds.
    fn average(&self) -> Option<(usize, EffectInterval)> {
        let averages = self.body.averages();
        let arm = self.body.best(&averages)?;
        Some((arm, averages[arm]))
    }
}

/// Which sentence is true of an answer.
#[derive(Clone, Copy)]
enum Code {
    Own,
    Average,
}

impl Serving for Attached {
    fn decide(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let facts = self.facts(asked)?;
        if facts.is_empty() {
            return Ok(self.answer(self.average(), NOTHING_KNOWN, Code::Average));
        }
        let effects = self.body.effects(&facts);
        let arm = self.body.best(&effects).map(|arm| (arm, effects[arm]));
        Ok(self.answer(
            arm,
            "largest effect on the customer, less its cost",
            Code::Own,
        ))
    }

    fn baseline(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        self.facts(asked)?;
        Ok(self.answer(self.average(), CARD.baseline, Code::Average))
    }

    fn explain(
        &self,
        asked: &Asked,
        about: Option<&str>,
        _: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        let facts = self.facts(asked)?;
        let customer = asked.customer_id.as_ref().map_or("", |c| c.as_str());
        let effects = if facts.is_empty() {
            self.body.averages()
        } else {
            self.body.effects(&facts)
        };
        let chosen = self.body.best(&effects);
        let named = |name: &str| self.body.arms.iter().position(|arm| arm.name == name);
        let net = |arm: &usize| effects[*arm].point - self.body.cost(*arm);
        let nearest = || {
            let order = (0..effects.len()).max_by(|a, b| net(a).total_cmp(&net(b)));
            order.ok_or(Infeasible::NothingToExplain)
        };
        let arm = match about {
            Some(name) => named(name).ok_or_else(|| {
                let arms = self.body.arms.iter().map(|arm| arm.name.as_str());
                Infeasible::UnknownArm {
                    found: name.to_owned(),
                    allowed: arms.collect::<Vec<_>>().join(", "),
                }
            })?,
            None => chosen.map_or_else(nearest, Ok)?,
        };
        let (base, parts) = if facts.is_empty() {
            (effects[arm].point, Vec::new())
        } else {
            let why = self.body.why(arm, &facts);
            why.ok_or(Infeasible::NothingToExplain)?
        };
        let mut lines: Vec<ExplanationLine> = parts
            .into_iter()
            .map(|(what, contribution)| ExplanationLine { what, contribution })
            .collect();
        lines.push(ExplanationLine {
            what: "what the arm changes for everybody".to_owned(),
            contribution: base,
        });
        if self.body.cost(arm) > 0.0 {
            lines.push(ExplanationLine {
                what: "what it costs".to_owned(),
                contribution: -self.body.cost(arm),
            });
        }
        lines.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        let of = |arm: usize| {
            let effect = effects[arm];
            format!(
                "{} adds {} ({} to {})",
                self.body.arms[arm].name,
                short(effect.point),
                short(effect.low),
                short(effect.high)
            )
        };
        let why_not = match chosen {
            Some(better) if better != arm => Some(format!("{}; {}", of(better), of(arm))),
            None => Some(format!(
                "{}, which is not above its cost of {}: {}",
                of(arm),
                short(self.body.cost(arm)),
                self.body.settings.control
            )),
            Some(_) => None,
        };
        Ok(Explanation {
            about: self.body.arms[arm].name.clone(),
            summary: format!("customer {customer}: {}", of(arm)),
            score: lines.iter().map(|line| line.contribution).sum(),
            unit: self.unit(),
            lines,
            why_not,
            rules: Vec::new(),
        })
    }
}
