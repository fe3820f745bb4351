//! What a rule would have brought: an arm for some groups and another for the others, valued by the draws that were made.

use super::error::ExperimentError;
use super::groups::Members;
use super::measuring::Measuring;
use super::units::Units;
use crate::logged::listed;
use crate::outcome::Outcome;
use measure::offpolicy::{Logged, PolicyValue, Predicted, evaluate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A rule as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    /// The arm that customers of these groups get.
    pub(crate) arm: String,
    /// Values of `groups`; of `spent_before`: nothing, little, middle, much.
    pub(crate) of: Vec<String>,
    /// The arm that all others get; the control where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) others: Option<String>,
}

/// What a rule is worth.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Valued {
    /// The rule in words.
    pub(super) rule: String,
    /// Of the first outcome, per customer.
    pub(super) value: PolicyValue,
    /// Customers whose draw is the arm that the rule gives.
    pub(super) as_drawn: u64,
}

impl Valued {
    /// The rule that the settings name; `None` where they name none.
    pub(super) fn of(
        read: &Measuring<'_>,
        units: &Units<'_>,
        members: Option<&Members>,
    ) -> Result<Option<Self>, ExperimentError> {
        let settings = read.settings;
        let (Some(policy), Some(members)) = (&settings.policy, members) else {
            return Ok(None);
        };
        let Some(outcome) = settings.outcomes.first() else {
            return Ok(None);
        };
        let arm = |name: &str| {
            let place = units.arms.iter().position(|arm| arm == name);
            place.ok_or_else(|| ExperimentError::NotDrawn {
                arm: name.to_owned(),
                arms: listed(&units.arms.iter().map(String::as_str).collect()),
            })
        };
        let known: BTreeSet<&str> = members.levels().collect();
        if let Some(level) = policy
            .of
            .iter()
            .find(|level| !known.contains(level.as_str()))
        {
            return Err(ExperimentError::NoSuchGroup {
                group: level.clone(),
                groups: listed(&known),
            });
        }
        let given = arm(&policy.arm)?;
        let others = policy.others.as_deref().map_or(Ok(0), arm)?;
        let gives = |level: &str| {
            if policy.of.iter().any(|of| of == level) {
                given
            } else {
                others
            }
        };
        let value = value(read, units, *outcome, members, &gives)?;
        let drawn = units.finished.iter().zip(members.levels());
        Ok(Some(Self {
            rule: format!(
                "{} for {} = {}, {} for all others",
                policy.arm,
                settings.groups.as_deref().unwrap_or_default(),
                policy.of.join(" or "),
                units.arms[others]
            ),
            as_drawn: drawn
                .filter(|(unit, level)| unit.arm == gives(level))
                .count() as u64,
            value,
        }))
    }
}

/// Values of the draws, with predictions by arm and group that each half of the customers makes for the other.
fn value(
    read: &Measuring<'_>,
    units: &Units<'_>,
    outcome: Outcome,
    members: &Members,
    gives: &dyn Fn(&str) -> usize,
) -> Result<PolicyValue, ExperimentError> {
    let finished = &units.finished;
    let reward: Vec<f64> = finished
        .iter()
        .map(|unit| read.row(unit, outcome)[0])
        .collect();
    let levels: Vec<&str> = members.levels().collect();
    let mut sums: BTreeMap<(usize, usize, &str), [f64; 2]> = BTreeMap::new();
    let mut all = [0.0; 2];
    for (place, unit) in finished.iter().enumerate() {
        for [sum, count] in [
            sums.entry((place % 2, unit.arm, levels[place]))
                .or_default(),
            &mut all,
        ] {
            *sum += reward[place];
            *count += 1.0;
        }
    }
    let mean = |[sum, count]: [f64; 2]| sum / count.max(1.0);
    let predicted = |place: usize, arm: usize| {
        let other_half = (1 - place % 2, arm, levels[place]);
        mean(sums.get(&other_half).copied().unwrap_or(all))
    };
    let places = 0..finished.len();
    let taken: Vec<f64> = places
        .clone()
        .map(|p| predicted(p, finished[p].arm))
        .collect();
    let policy: Vec<f64> = places.map(|p| predicted(p, gives(levels[p]))).collect();
    let target: Vec<f64> = finished
        .iter()
        .zip(&levels)
        .map(|(unit, level)| f64::from(u8::from(unit.arm == gives(level))))
        .collect();
    let propensity: Vec<f64> = finished.iter().map(|unit| 1.0 / unit.weight).collect();
    let logged = Logged {
        reward: &reward,
        propensity: &propensity,
        target: &target,
        predicted: Some(Predicted {
            taken: &taken,
            policy: &policy,
        }),
    };
    Ok(evaluate(&logged, super::reading::LEVEL)?)
}
