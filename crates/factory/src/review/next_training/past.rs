//! Past trainings of a product, each beside the version that answered then.

use crate::{CHAMPION, Workshop};
use monitoring::ageing::Step;
use products::Worth;
use registry::{AliasChange, RunRecord, StoreError};
use schema::{AsOf, Metric, Scorecard};
use std::collections::BTreeMap;

/// Trainings that are looked at, the last ones: what a training gained years ago says little of the next.
const LOOKED_AT: u32 = 60;

/// What is kept of a version.
struct Version {
    as_of: AsOf,
    fingerprint: String,
    scorecard: Scorecard,
}

/// Past trainings.
pub(super) struct Past {
    versions: BTreeMap<u32, Version>,
    worth: Worth,
    /// Each new version beside the champion of its time.
    pub(super) steps: Vec<Step>,
    /// The version that was trained last.
    pub(super) newest: Option<u32>,
}

impl Past {
    pub(super) async fn of(
        workshop: &Workshop,
        product: &str,
        worth: &Worth,
    ) -> Result<Self, StoreError> {
        let runs = workshop.registry.runs(product, LOOKED_AT).await?;
        let moves = workshop.registry.alias_history(product, CHAMPION).await?;
        Ok(Self::by(&runs, &moves, worth))
    }

    /// - `moves`: of the champion, in their order.
    pub(super) fn by(runs: &[RunRecord], moves: &[AliasChange], worth: &Worth) -> Self {
        let mut past = Self {
            versions: BTreeMap::new(),
            worth: worth.clone(),
            steps: Vec::new(),
            newest: runs.iter().filter_map(|run| run.version).max(),
        };
        for run in runs {
            let scorecard = run
                .scorecard
                .clone()
                .map(serde_json::from_value::<Scorecard>);
            let (Some(number), Some(Ok(scorecard))) = (run.version, scorecard) else {
                continue;
            };
            let version = Version {
                as_of: run.as_of,
                fingerprint: run.config_fingerprint.clone(),
                scorecard,
            };
            past.versions.insert(number, version);
        }
        let started = runs
            .iter()
            .filter_map(|run| Some((run.version?, run.started_at)));
        let pairs = started.filter_map(|(number, at)| {
            let before = moves.iter().rfind(|of| of.at <= at && of.to != number)?;
            past.step(number, before.to)
        });
        past.steps = pairs.collect();
        past
    }

    /// The measure that is worth money, of a version.
    pub(super) fn metric(&self, number: u32) -> Option<&Metric> {
        let worth = &self.worth;
        let metrics = &self.versions.get(&number)?.scorecard.metrics;
        metrics.iter().find(|metric| {
            metric.name == worth.measure
                && worth
                    .scope
                    .as_ref()
                    .is_none_or(|scope| *scope == metric.scope)
        })
    }

    /// A version beside another; nothing where they were measured in other ways, or by other settings: what those gained
    /// is no matter of age.
    fn step(&self, number: u32, before: u32) -> Option<Step> {
        let (new, old) = (self.versions.get(&number)?, self.versions.get(&before)?);
        let (metric, rival) = (self.metric(number)?, self.metric(before)?);
        let age_days = f64::from(new.as_of.epoch_day() - old.as_of.epoch_day());
        let days = |of: &Version| of.scorecard.held_out_days();
        let alike = new.fingerprint == old.fingerprint
            && metric.is_alike(rival)
            && days(new) == days(old)
            && age_days > 0.0;
        if !alike {
            return None;
        }
        let ((ours, our_half), (theirs, their_half)) = metric.lead().zip(rival.lead())?;
        // As shares of the baselines, for a season changes what can be reached.
        let unit = metric.baseline.point()?;
        let half_width = our_half.hypot(their_half) * unit;
        (half_width > 0.0).then(|| Step::new(age_days, (ours - theirs) * unit, half_width))
    }
}
