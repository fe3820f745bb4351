//! What decisions that wait for their outcomes will turn out to have led to, by what came of those that scored alike.

use crate::Workshop;
use monitoring::expected::{Assumption, ScoredAlike, expected_share};
use registry::{OutcomeDay, StoreError};
use schema::{AsOf, Estimate};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Probability with which the interval holds what will be measured.
const LEVEL: f64 = 0.95;

/// Versions whose scores are kept calibrated: the one that answers, and some before it that may answer again.
const VERSIONS_KEPT: usize = 4;

/// Quality to be expected of decisions whose outcomes are not known yet.
#[derive(Debug, Clone, Serialize)]
pub struct Expected {
    /// The share of good ones, of as many as will be judged.
    pub good: Estimate,
    /// What that stands on.
    pub assumes: Assumption,
}

/// Counts of what scores alike: decided, judged, good.
type Counts = BTreeMap<String, [u64; 3]>;

/// What decisions of each version led to, by how they scored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Calibration {
    /// The last day that is in it.
    until: Option<AsOf>,
    by_version: BTreeMap<u32, Counts>,
}

impl Calibration {
    /// Adds decisions that score alike.
    pub(super) fn add(&mut self, cell: &str, of: &OutcomeDay) {
        let cells = self.by_version.entry(of.version).or_default();
        let counts = cells.entry(cell.to_owned()).or_default();
        for (sum, of) in counts.iter_mut().zip([of.decisions, of.judged, of.good]) {
            *sum += of;
        }
    }

    /// Takes in another one's days.
    fn extend(&mut self, other: Self) {
        for (version, cells) in other.by_version {
            let own = self.by_version.entry(version).or_default();
            for (cell, counts) in cells {
                let sums = own.entry(cell).or_default();
                sums.iter_mut().zip(counts).for_each(|(sum, of)| *sum += of);
            }
        }
        while self.by_version.len() > VERSIONS_KEPT {
            self.by_version.pop_first();
        }
    }

    fn name(product: &str) -> String {
        format!("calibration/{product}")
    }

    /// How the scores of a product are calibrated so far.
    async fn kept(workshop: &Workshop, product: &str) -> Result<Self, StoreError> {
        let kept = workshop.registry.kept(&Self::name(product), FORMAT).await?;
        Ok(kept
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default())
    }

    /// Adds the days up to `until` where they are not in it yet.
    pub(super) async fn note(
        workshop: &Workshop,
        product: &str,
        days: Self,
        until: AsOf,
    ) -> Result<(), StoreError> {
        let mut all = Self::kept(workshop, product).await?;
        if all.until.is_some_and(|known| known >= until) {
            return Ok(());
        }
        all.extend(days);
        all.until = Some(until);
        let text = serde_json::to_string(&all).unwrap_or_default();
        let name = Self::name(product);
        workshop.registry.keep(&name, FORMAT, &text).await
    }
}

/// How cells are made; what was kept by others is not read.
const FORMAT: &str = "half powers of two";

/// Decisions whose outcomes are not complete.
#[derive(Debug, Clone, Default)]
pub(super) struct Waiting {
    pub(super) all: u64,
    /// Of each version, by how they score.
    pub(super) by_version: BTreeMap<u32, BTreeMap<String, u64>>,
}

impl Waiting {
    /// Without saying how they score.
    pub(super) fn of(all: u64) -> Self {
        Self {
            all,
            by_version: BTreeMap::new(),
        }
    }

    /// What those of a version will turn out to have led to; nothing where none waits.
    pub(super) async fn expected(
        &self,
        workshop: &Workshop,
        product: &str,
        version: u32,
    ) -> Result<Option<Expected>, StoreError> {
        let Some(waiting) = self.by_version.get(&version) else {
            return Ok(None);
        };
        let calibration = Calibration::kept(workshop, product).await?;
        let known = calibration.by_version.get(&version);
        let of = |cell: &String| {
            let counts = known.and_then(|cells| cells.get(cell));
            let [decided, judged, good] = counts.copied().unwrap_or_default();
            let waiting = waiting.get(cell).copied().unwrap_or(0);
            ScoredAlike {
                waiting,
                decided,
                judged,
                good,
            }
        };
        let names: BTreeSet<&String> = waiting
            .keys()
            .chain(known.into_iter().flat_map(BTreeMap::keys))
            .collect();
        let cells: Vec<ScoredAlike> = names.into_iter().map(of).collect();
        // Counts of one query cannot contradict each other.
        let good = expected_share(&cells, LEVEL).ok();
        Ok(good.map(|good| Expected {
            good,
            assumes: Assumption::ScoresStayCalibrated,
        }))
    }
}
