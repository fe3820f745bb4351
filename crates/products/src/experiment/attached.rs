//! A version that answers: the arm of a customer, and what it changes.

use super::fitted::Body;
use super::reading::Finding;
use super::settings::Source;
use super::units::Times;
use super::versions::SideBySide;
use super::{CARD, decided, drawn, ruled};
use crate::answer::{Action, Asked, Decisions, Explanation, ExplanationLine, Infeasible, Reason};
use crate::contract::Serving;
use crate::reasons::reason;
use crate::shop::Shop;
use measure::effects::{Effect, Size};
use schema::estimate::short;
use schema::{Probability, WhyNot};
use std::sync::Arc;

pub(super) struct Attached {
    body: Arc<Body>,
    shop: Arc<Shop>,
    /// The versions that are compared, where they are.
    versions: Option<SideBySide>,
}

/// Part of a score that everybody has.
const MEAN_OF_CONTROL: &str = "the control's mean";

/// Part of a score that the arm makes.
const ARM_ADDS: &str = "what the arm adds";

impl Attached {
    pub(super) fn new(body: Arc<Body>, shop: Arc<Shop>) -> Self {
        let (history, settings) = (&shop.history, &body.settings);
        let versions = match settings.source() {
            Source::Versions(product) => {
                let both = SideBySide::of(history, product, Times::of(history, settings));
                both.map(|both| both.asked_for(&body.sums.asked_for))
            }
            Source::Product(_) | Source::Trial { .. } | Source::Rule { .. } => None,
        };
        Self {
            body,
            shop,
            versions,
        }
    }

    /// The arm of the customer asked about.
    fn arm(&self, asked: &Asked) -> Result<usize, Infeasible> {
        let customer = asked.customer(CARD.kind)?;
        let (history, settings) = (&self.shop.history, &self.body.settings);
        let found = match settings.source() {
            Source::Trial { trial, .. } => {
                let draw = drawn::draw_of(history, trial, customer, settings);
                draw.and_then(|draw| {
                    let mut arms = self.body.sums.arms.iter();
                    arms.position(|name| **name == *draw.arm)
                })
            }
            Source::Product(product) => {
                let rounds = decided::rounds_of(history, product, customer, settings);
                decided::answered(rounds, decided::arm_of).arm()
            }
            Source::Versions(product) => {
                let rounds = history.trials().rounds().of_customer(product, customer);
                let versions = self.versions.as_ref();
                versions.and_then(|both| both.answered(rounds).arm())
            }
            Source::Rule { product, rule } => {
                let start = Times::of(history, settings).start;
                let rounds = ruled::rounds_of(history, (product, rule), customer, start);
                ruled::answered(rounds).arm()
            }
        };
        found.ok_or_else(|| Infeasible::NotInExperiment {
            customer: customer.to_owned(),
            experiment: settings.experiment(),
        })
    }

    fn name(&self, arm: usize) -> &str {
        self.body.sums.arms.get(arm).map_or("", String::as_str)
    }

    /// What the first outcome says of an arm; `None` for the control.
    fn found(&self, arm: usize) -> Option<&Finding> {
        self.body.reading.deciding(self.name(arm))
    }

    fn control_mean(&self) -> Option<f64> {
        self.body.reading.findings.first()?.control_mean
    }

    /// The arm's mean of the first outcome.
    fn mean(&self, arm: usize) -> Option<f64> {
        match arm {
            0 => self.control_mean(),
            _ => self.found(arm)?.arm_mean(),
        }
    }

    fn unit(&self) -> String {
        let first = self.body.settings.outcomes.first();
        first.map_or_else(String::new, |outcome| self.body.settings.unit(*outcome))
    }

    fn reason(&self, arm: usize) -> Reason {
        let unit = self.unit();
        let mean = self.control_mean().map(short).unwrap_or_default();
        let Some(found) = self.found(arm) else {
            return reason(
                "control_arm",
                "{arm} is the control of {experiment}: {mean} {unit}",
                [
                    ("arm", self.name(arm).into()),
                    ("experiment", self.body.settings.experiment().into()),
                    ("mean", mean.into()),
                    ("unit", unit.into()),
                ],
            );
        };
        match &found.effect {
            Effect::Measured(size) => self.measured(found, size),
            Effect::NotMeasurable(why) => reason(
                "arm_not_measurable",
                "{arm} of {experiment}: what it changes is not measurable: {because}",
                [
                    ("arm", found.arm.as_str().into()),
                    ("experiment", self.body.settings.experiment().into()),
                    ("because", why.to_string().into()),
                ],
            ),
        }
    }

    fn measured(&self, found: &Finding, size: &Size) -> Reason {
        let mean = self.control_mean().map(short).unwrap_or_default();
        let values = [
            ("arm", found.arm.as_str().into()),
            ("effect", short(size.point).into()),
            ("low", short(size.low).into()),
            ("high", short(size.high).into()),
            ("unit", self.unit().into()),
            ("control", self.name(0).into()),
            ("mean", mean.into()),
        ];
        if found.real {
            return reason(
                "arm_adds",
                "{arm} adds {effect} {unit} ({low} to {high}) to the {mean} of {control}: this is real",
                values,
            );
        }
        reason(
            "arm_within_chance",
            "{arm} adds {effect} {unit} ({low} to {high}) to the {mean} of {control}: not told from chance",
            values,
        )
    }

    /// The arm that a name is of.
    fn named(&self, name: &str) -> Result<usize, Infeasible> {
        let arms = &self.body.sums.arms;
        let unknown = || Infeasible::UnknownArm {
            found: name.to_owned(),
            allowed: arms.join(", "),
        };
        arms.iter().position(|arm| arm == name).ok_or_else(unknown)
    }
}

impl Serving for Attached {
    fn decide(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let arm = self.arm(asked)?;
        let action = Action {
            position: 1,
            id: self.name(arm).to_owned(),
            label: None,
            score: self.mean(arm),
            estimate: None,
            unit: self.unit().into(),
            propensity: Probability::ONE,
            reasons: vec![self.reason(arm)].into(),
        };
        Ok(Decisions {
            placement: None,
            actions: vec![action],
            short_of: None,
            method: "the arm that the customer is in".to_owned(),
            stake: None,
        })
    }

    /// The same: which arm a customer is in is a fact, whoever answers.
    fn baseline(&self, asked: &Asked, now: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        self.decide(asked, now)
    }

    fn explain(
        &self,
        asked: &Asked,
        about: Option<&str>,
        _: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        let own = self.arm(asked)?;
        let arm = about.map_or(Ok(own), |name| self.named(name))?;
        let adds = match self.found(arm).map(|found| &found.effect) {
            None => None,
            Some(Effect::Measured(size)) => Some(size.point),
            Some(Effect::NotMeasurable(why)) => return Err(self.unmeasured(asked, why)),
        };
        let mean = self.control_mean().ok_or(Infeasible::NothingToExplain)?;
        let parts = [(MEAN_OF_CONTROL, Some(mean)), (ARM_ADDS, adds)];
        let mut lines: Vec<ExplanationLine> = parts
            .into_iter()
            .filter_map(|(what, contribution)| {
                Some(ExplanationLine {
                    what: what.to_owned(),
                    contribution: contribution?,
                })
            })
            .collect();
        lines.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        let why_not = (arm != own).then(|| {
            let own = self.name(own);
            format!("the customer is in {own}")
        });
        Ok(Explanation {
            about: self.name(arm).to_owned(),
            summary: self.reason(arm).text,
            score: lines.iter().map(|line| line.contribution).sum(),
            unit: self.unit(),
            lines,
            why_not,
            rules: Vec::new(),
            flips: Vec::new(),
        })
    }
}

impl Attached {
    fn unmeasured(&self, asked: &Asked, why: &WhyNot) -> Infeasible {
        let customer = asked.customer_id.as_ref().map(|id| id.as_str());
        Infeasible::NotMeasurable {
            customer: customer.unwrap_or_default().to_owned(),
            what: "what the arm changes",
            why: why.clone(),
        }
    }
}
