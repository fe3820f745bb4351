//! Who gained: groups of customers by what was known before the draw, named in the settings before it is read.

use super::error::ExperimentError;
use super::measuring::{Measuring, Rows};
use super::reading::LEVEL;
use super::settings::{Settings, Source};
use super::units::{Unit, Units};
use crate::outcome::Outcome;
use features::History;
use measure::effects::{Effect, EffectError, InGroups, Moments, in_groups};
use schema::time::DAY_SECONDS;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What tells customers apart by the money they spent before the first draw.
pub(super) const SPENT_BEFORE: &str = "spent_before";

/// Levels of a key of the context that are told apart.
const LEVELS_MAX: usize = 12;

/// Thirds of those who spent anything.
const PARTS: [&str; 3] = ["little", "middle", "much"];

/// The first outcome by group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Groups {
    /// Names, in order.
    names: Vec<String>,
    /// By group and arm.
    moments: Vec<Vec<Moments>>,
}

/// One arm in one group.
#[derive(Debug, Clone, Serialize)]
pub(super) struct InGroup<'a> {
    pub(super) group: &'a str,
    pub(super) customers: u64,
    pub(super) effect: Effect,
}

/// The group of each customer whose window is over.
pub(super) struct Members(Vec<Level>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Level {
    place: usize,
    /// As the settings of a rule call it.
    level: String,
    /// As a person reads it.
    name: String,
}

impl Members {
    /// The groups that the settings name; `None` where they name none.
    pub(super) fn of(
        history: &History,
        settings: &Settings,
        units: &Units<'_>,
    ) -> Result<Option<Self>, ExperimentError> {
        let own = match settings.groups.as_deref() {
            None => return Ok(None),
            Some(SPENT_BEFORE) => spent_before(history, settings, units),
            Some(key) => of_context(history, settings, units, key)?,
        };
        Ok(Some(Self(own)))
    }

    /// The level of each customer.
    pub(super) fn levels(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|level| level.level.as_str())
    }
}

impl Groups {
    /// The first outcome of the groups.
    pub(super) fn of(
        read: &Measuring<'_>,
        units: &Units<'_>,
        members: Option<&Members>,
    ) -> Result<Option<Self>, ExperimentError> {
        let (Some(Members(own)), Some(outcome)) = (members, read.settings.outcomes.first()) else {
            return Ok(None);
        };
        let mut of: BTreeMap<&Level, Vec<&Unit<'_>>> = BTreeMap::new();
        for (unit, level) in units.finished.iter().zip(own) {
            of.entry(level).or_default().push(unit);
        }
        let (mut names, mut moments) = (Vec::new(), Vec::new());
        for (level, members) in of {
            names.push(level.name.clone());
            let rows = Rows {
                members: &members,
                arms: units.arms.len(),
            };
            moments.push(read.moments(&rows, *outcome)?);
        }
        Ok(Some(Self { names, moments }))
    }

    /// What an arm changes in each group.
    ///
    /// # Errors
    /// As [`in_groups`].
    pub(super) fn read(&self, arm: usize) -> Result<InGroups, EffectError> {
        let pairs = self
            .moments
            .iter()
            .filter_map(|arms| Some([arms.first()?, arms.get(arm)?]));
        in_groups(&pairs.collect::<Vec<_>>(), LEVEL)
    }

    /// The same with the groups' names and customers of the arm.
    pub(super) fn named<'a>(&'a self, read: &InGroups, arm: usize) -> Vec<InGroup<'a>> {
        let each = self.names.iter().zip(&self.moments).zip(&read.effects);
        each.map(|((group, arms), effect)| InGroup {
            group,
            customers: arms.get(arm).map_or(0, Moments::count),
            effect: effect.clone(),
        })
        .collect()
    }
}

/// Nothing, or the third of those who spent something.
fn spent_before(history: &History, settings: &Settings, units: &Units<'_>) -> Vec<Level> {
    let days = settings.covariate_days;
    let spent: Vec<f64> = units
        .finished
        .iter()
        .map(|unit| {
            let during = unit.first - i64::from(days) * DAY_SECONDS..unit.first;
            Outcome::Revenue.of(history, unit.customer, &during)
        })
        .collect();
    let mut some: Vec<f64> = spent.iter().copied().filter(|spent| *spent > 0.0).collect();
    some.sort_unstable_by(f64::total_cmp);
    let bound = |part: usize| some.get((part * some.len()).div_ceil(PARTS.len()).saturating_sub(1));
    let bounds: Vec<f64> = (1..PARTS.len()).filter_map(bound).copied().collect();
    let name = |part: usize| match (
        part.checked_sub(1).and_then(|p| bounds.get(p)),
        bounds.get(part),
    ) {
        (None, Some(to)) => format!("spent up to {to:.2} in the {days} days before"),
        (Some(from), Some(to)) => format!("spent {from:.2} to {to:.2} in the {days} days before"),
        (_, None) => {
            let from = bounds.last().copied().unwrap_or(0.0);
            format!("spent more than {from:.2} in the {days} days before")
        }
    };
    let group = |spent: &f64| {
        let part = bounds.iter().filter(|bound| spent > *bound).count();
        let (place, level, name) = if *spent <= 0.0 {
            (
                0,
                "nothing",
                format!("spent nothing in the {days} days before"),
            )
        } else {
            (part + 1, PARTS[part.min(PARTS.len() - 1)], name(part))
        };
        Level {
            place,
            level: level.to_owned(),
            name,
        }
    };
    spent.iter().map(group).collect()
}

/// What the draw of each customer logged under a key; nothing where there is no trial.
pub(super) fn logged_under(
    history: &History,
    settings: &Settings,
    units: &Units<'_>,
    key: &str,
) -> Vec<Option<String>> {
    let Source::Trial { trial, .. } = settings.source() else {
        // Settings refuse a key without a trial.
        return Vec::new();
    };
    let draws = history.trials().of(trial);
    let level = |unit: &Unit<'_>| {
        let from = draws.partition_point(|draw| draw.customer.as_str() < unit.customer);
        let own = draws[from..]
            .iter()
            .take_while(|draw| draw.customer == unit.customer);
        let first = own
            .filter(|draw| draw.at_seconds == unit.first)
            .find_map(|d| d.context.as_ref());
        let context: Option<Value> = first.and_then(|text| serde_json::from_str(text).ok());
        match context.as_ref().and_then(|context| context.get(key)) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) if !other.is_null() => Some(other.to_string()),
            Some(_) | None => None,
        }
    };
    units.finished.iter().map(level).collect()
}

/// Customers by what the draws of a trial logged under a key.
fn of_context(
    history: &History,
    settings: &Settings,
    units: &Units<'_>,
    key: &str,
) -> Result<Vec<Level>, ExperimentError> {
    let levels = logged_under(history, settings, units, key);
    let known: std::collections::BTreeSet<&String> = levels.iter().flatten().collect();
    if known.is_empty() || known.len() > LEVELS_MAX {
        return Err(ExperimentError::Groups {
            key: key.to_owned(),
            found: known.len() as u64,
            most: LEVELS_MAX as u64,
        });
    }
    let named = levels.into_iter().map(|level| match level {
        Some(level) => Level {
            place: 0,
            name: format!("{key} = {level}"),
            level,
        },
        None => Level {
            place: 1,
            level: "unknown".to_owned(),
            name: format!("{key} unknown"),
        },
    });
    Ok(named.collect())
}
