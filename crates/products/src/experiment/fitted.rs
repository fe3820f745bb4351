//! A read-out as a version.

use super::error::ExperimentError;
use super::groups::InGroup;
use super::reading::{Finding, Reading};
use super::settings::Settings;
use super::sums::Sums;
use super::{CARD, attached, measured, told};
use crate::artefact::Artefact;
use crate::contract::{Fitted, Serving};
use crate::file::Header;
use crate::shop::Shop;
use features::History;
use measure::effects::Same;
use measure::sequential::SampleRatio;
use schema::{AsOf, Scorecard, Weights};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A number that proves a version: the place of an outcome or ratio and that of an arm.
pub(super) type Golden = (usize, usize);

/// What was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) settings: Settings,
    pub(super) sums: Sums,
    pub(super) reading: Reading,
}

impl Body {
    pub(super) fn fit(history: &History, settings: &Settings) -> Result<Self, ExperimentError> {
        let sums = Sums::of(history, settings)?;
        let reading = Reading::of(&sums, settings)?;
        Ok(Self {
            settings: settings.clone(),
            sums,
            reading,
        })
    }

    /// What each arm changes in each group; nothing where there are no groups, or the arms do not have their sizes.
    pub(super) fn in_groups(&self) -> Vec<ArmInGroups<'_>> {
        let broken = matches!(self.reading.sample_ratio, SampleRatio::Broken { .. });
        let groups = self.sums.groups.as_ref().filter(|_| !broken);
        let read = groups.into_iter().flat_map(|groups| {
            let arms = self.sums.arms.iter().enumerate().skip(1);
            arms.filter_map(|(place, arm)| {
                let read = groups.read(place).ok()?;
                Some(ArmInGroups {
                    arm,
                    groups: groups.named(&read, place),
                    same: read.same,
                })
            })
        });
        read.collect()
    }

    /// Every outcome and ratio of every arm.
    fn golden(&self) -> Vec<Golden> {
        let measured = 0..self.settings.measures().count();
        let arms = self.sums.arms.len();
        measured
            .flat_map(|outcome| (0..arms).map(move |arm| (outcome, arm)))
            .collect()
    }

    /// Means of arms and effects, read once more from the sums; nothing where the sums cannot be read.
    pub(super) fn scores(&self, golden: &[Golden]) -> Vec<f64> {
        let Ok(again) = Reading::of(&self.sums, &self.settings) else {
            return Vec::new();
        };
        let treated = self.sums.arms.len().saturating_sub(1);
        let of = |(outcome, arm): &Golden| {
            let moments = self.sums.moments.get(*outcome);
            let mean = moments.and_then(|arms| arms.get(*arm)?.mean(0));
            let place = arm.checked_sub(1).map(|arm| outcome * treated + arm);
            let found = place.and_then(|place| again.findings.get(place));
            let effect = found.and_then(|found| Some(found.effect.size()?.point));
            [mean.unwrap_or(0.0), effect.unwrap_or(0.0)]
        };
        golden.iter().flat_map(of).collect()
    }
}

/// One arm in all groups.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ArmInGroups<'a> {
    pub(super) arm: &'a str,
    pub(super) groups: Vec<InGroup<'a>>,
    /// Whether it changes all groups alike.
    pub(super) same: Same,
}

pub(super) struct FittedExperiment {
    header: Header,
    body: Arc<Body>,
}

impl FittedExperiment {
    pub(super) fn new(header: Header, body: Body) -> Self {
        Self {
            header,
            body: Arc::new(body),
        }
    }

    pub(super) fn body(&self) -> &Body {
        &self.body
    }
}

impl Fitted for FittedExperiment {
    fn as_of(&self) -> AsOf {
        self.body.sums.as_of
    }

    fn evaluate(&self, later: &History, _: u64) -> Scorecard {
        measured::scorecard(&self.body.settings, later)
    }

    fn weights(&self) -> Weights {
        let outcomes = self.body.settings.outcomes.iter();
        let read: BTreeSet<&str> = outcomes.flat_map(|of| of.reads()).copied().collect();
        let drawn = [
            "assignments.customer_id",
            "assignments.assigned_at",
            "assignments.arm",
        ];
        Weights::alike(drawn.into_iter().chain(read))
    }

    fn summary(&self) -> Vec<String> {
        told::lines(&self.body)
    }

    fn page(&self) -> Value {
        let Body {
            settings,
            sums,
            reading,
        } = self.body.as_ref();
        let arms = sums.arms.iter().enumerate().map(|(arm, name)| {
            json!({
                "arm": name,
                "customers": sums.assigned.get(arm),
                "finished": sums.finished(arm),
                "share": sums.shares.as_ref().and_then(|shares| shares.get(arm)),
                "days_with_a_decision": sums.rounds.as_ref().and_then(|rounds| rounds.get(arm)),
            })
        });
        json!({
            "experiment": settings.experiment(),
            "start": sums.start,
            "as_of": sums.as_of,
            "window_days": settings.window_days,
            "covariate_days": settings.covariate_days,
            "alpha": settings.alpha,
            "control": sums.arms.first(),
            "arms": arms.collect::<Vec<_>>(),
            "sample_ratio": reading.sample_ratio,
            "cuts": sums.cuts,
            "clusters": sums.clusters,
            "asked_for": sums.asked_for,
            "unfinished": sums.unfinished,
            "repeated": sums.repeated,
            "both": sums.both,
            "moved": sums.moved,
            "reached": sums.reached,
            "findings": reading.findings.iter().map(shown).collect::<Vec<_>>(),
            "guardrails": reading.guardrails,
            "groups": self.body.in_groups(),
            "policy": sums.policy,
            "by_log": sums.by_log,
            "told": told::lines(&self.body),
        })
    }

    fn artefact(&self) -> Artefact {
        let golden = self.body.golden();
        Artefact::new(
            CARD.kind,
            &self.header.name,
            self.as_of(),
            self.body.as_ref(),
            &golden,
            self.body.scores(&golden),
        )
    }

    fn attach(&self, shop: Arc<Shop>) -> Box<dyn Serving> {
        Box::new(attached::Attached::new(Arc::clone(&self.body), shop))
    }
}

/// One outcome or ratio of one arm, with what it is in total.
fn shown(found: &Finding) -> Value {
    let measure = found.measure();
    let total = found.total().map(|[point, low, high]| {
        let anyway = found.anyway();
        json!({ "point": point, "low": low, "high": high, "anyway": anyway })
    });
    json!({
        "outcome": found.ratio.is_none().then_some(found.outcome),
        "ratio": found.ratio,
        "unit": measure.unit(),
        "money": measure.is_money(),
        "arm": found.arm,
        "customers": found.customers,
        "control_mean": found.control_mean,
        "effect": found.effect,
        "relative": found.relative,
        "always_valid": found.always,
        "real": found.real,
        "variance_saved": found.variance_saved,
        "detectable": found.detectable,
        "total": total,
    })
}
