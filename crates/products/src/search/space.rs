//! Where the settings of one product are sought, and what is drawn there.

use super::read::{CHOICE, flatten, refuse, within};
use super::{Knob, Searched, Value, Within};
use crate::file::Raw;
use crate::{Kind, Product};
use rand::RngExt;
use schema::ConfigError;
use schema::config::ConfigFile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What `comptoir search` looks for. It decides nothing of a version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SearchFile {
    /// Settings that are sought, by their keys below `[settings]`, each with where: `{ from = 16, to = 512, scale = "log" }`
    /// or `{ of = [0, 1, 10] }`; `{}` for the range that the kind has. The kind's own settings and ranges where absent.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub space: toml::Table,
}

/// One setting that is sought.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension {
    /// Its key below `[settings]`, dotted.
    pub key: String,
    /// Where.
    pub within: Within,
    /// What the file has, or what holds where it says nothing.
    pub as_it_is: Value,
}

/// What is sought of one product.
#[derive(Debug, Clone)]
pub struct Space {
    raw: Raw,
    dimensions: Vec<Dimension>,
}

/// Values that are tried together, one of each dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Candidate(BTreeMap<String, Value>);

/// Digits of a number that is drawn: more would only be harder to read.
const DIGITS: i32 = 3;

/// Share of the settings that a candidate changes: the file is no bad place to begin, and of settings that are all drawn anew
/// a bad one spoils the others.
const CHANGED: f64 = 0.5;

/// Draws for each candidate that is asked for, before it is taken that there are no others.
const DRAWS_PER_CANDIDATE: u64 = 30;

impl Candidate {
    /// Values by their keys below `[settings]`.
    pub fn values(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The value of a setting.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }
}

impl Space {
    /// The space of a product file: what `[search.space]` says, else what its kind has; `None` where the kind has nothing to
    /// be searched.
    ///
    /// # Errors
    /// [`ConfigError`] at the line of what is no setting, no range, or a value that the kind refuses.
    pub fn of(raw: &Raw, kind: &dyn Kind, file: &SearchFile) -> Result<Option<Self>, ConfigError> {
        let knobs = match kind.searched() {
            Searched::Of(knobs) => knobs,
            Searched::Nothing { .. } if file.space.is_empty() => return Ok(None),
            Searched::Nothing { because } => {
                let found = "set".to_owned();
                let allowed = format!("none for kind {:?}: {because}", raw.kind);
                return Err(raw.file.refuse(&["search", "space"], found, allowed));
            }
        };
        let mut named = BTreeMap::new();
        flatten(&file.space, &mut Vec::new(), &mut named);
        let mut dimensions = Vec::new();
        let settings = settings_of(raw);
        for (key, said) in &named {
            let Some(knob) = knobs.iter().find(|knob| knob.key == key) else {
                let all: Vec<&str> = knobs.iter().map(|knob| knob.key).collect();
                return Err(refuse(raw, key, None, "unknown", all.join(", ")));
            };
            let within = within(raw, knob, said)?;
            dimensions.push(dimension(knob, within, &settings));
        }
        if named.is_empty() {
            let by_default = knobs.iter().filter(|knob| knob.by_default);
            dimensions.extend(by_default.map(|k| dimension(k, k.within.clone(), &settings)));
        }
        let space = Self {
            raw: raw.clone(),
            dimensions,
        };
        space.check_ends(&named)?;
        Ok(Some(space))
    }

    /// What is sought.
    #[must_use]
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The file as it is.
    #[must_use]
    pub fn as_it_is(&self) -> Candidate {
        let values = self.dimensions.iter();
        Candidate(
            values
                .map(|d| (d.key.clone(), d.as_it_is.clone()))
                .collect(),
        )
    }

    /// The file as it is, and then candidates drawn, each with about half of its settings changed, no two alike; fewer than asked for where the space has no others.
    ///
    /// The first of more candidates are those of fewer.
    #[must_use]
    pub fn candidates(&self, drawn: usize, seed: u64) -> Vec<Candidate> {
        let mut all = vec![self.as_it_is()];
        let draws = (drawn as u64).saturating_mul(DRAWS_PER_CANDIDATE);
        for index in 0..draws {
            if all.len() > drawn {
                break;
            }
            let mut random = math::random::stream(seed, index);
            let mut candidate = Candidate(BTreeMap::new());
            for dimension in &self.dimensions {
                let [whether, share] = [random.random::<f64>(), random.random::<f64>()];
                let value = if whether < CHANGED {
                    dimension.within.at(share)
                } else {
                    dimension.as_it_is.clone()
                };
                candidate.0.insert(dimension.key.clone(), value);
            }
            if !all.contains(&candidate) {
                all.push(candidate);
            }
        }
        all
    }

    /// What a candidate says otherwise than the file.
    fn changes<'a>(&self, candidate: &'a Candidate) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let as_it_is = self.as_it_is();
        let values = candidate.values();
        values.filter(move |(key, value)| as_it_is.0.get(*key) != Some(*value))
    }

    /// The lines that make the product file say what a candidate does.
    #[must_use]
    pub fn toml(&self, candidate: &Candidate) -> String {
        let lines = self.changes(candidate);
        let lines = lines.map(|(key, value)| format!("{key} = {}\n", value.toml()));
        format!("[settings]\n{}", lines.collect::<String>())
    }

    /// The product file with the values of a candidate in it.
    ///
    /// # Errors
    /// [`ConfigError`] where a value cannot be put into the file.
    pub fn file_with(&self, candidate: &Candidate) -> Result<ConfigFile, ConfigError> {
        let mut file = self.raw.file.clone();
        for (key, value) in self.changes(candidate) {
            let path: Vec<&str> = std::iter::once("settings").chain(key.split('.')).collect();
            file = file
                .with(&path, &value.toml())
                .ok_or_else(|| file.refuse(&path, "no place for a value", "a table with it"))?;
        }
        Ok(file)
    }

    /// The product that a candidate makes of the file, and the fingerprint of its file.
    ///
    /// # Errors
    /// [`ConfigError`] where its kind refuses it.
    pub fn product(&self, candidate: &Candidate) -> Result<Box<dyn Product>, ConfigError> {
        let raw = Raw {
            file: self.file_with(candidate)?,
            ..self.raw.clone()
        };
        raw.check_kind()
    }

    /// Refuses ends of ranges, and choices, that the kind would refuse in the file.
    fn check_ends(&self, named: &BTreeMap<String, &toml::Table>) -> Result<(), ConfigError> {
        let as_it_is = self.as_it_is();
        for dimension in &self.dimensions {
            for (place, value) in dimension.within.ends() {
                let mut one = as_it_is.clone();
                one.0.insert(dimension.key.clone(), value.clone());
                let Err(refused) = self.product(&one) else {
                    continue;
                };
                if !named.contains_key(&dimension.key) {
                    return Err(refused);
                }
                let key = format!("settings.{}", dimension.key);
                let allowed = match refused {
                    ConfigError::Value {
                        key: of, allowed, ..
                    } if of == key => allowed,
                    ConfigError::Value { .. }
                    | ConfigError::Syntax { .. }
                    | ConfigError::Unreadable { .. } => {
                        format!("what the kind takes: {refused}")
                    }
                };
                return Err(refuse(
                    &self.raw,
                    &dimension.key,
                    Some(place),
                    value,
                    allowed,
                ));
            }
        }
        Ok(())
    }
}

impl Within {
    /// The value at a share of the way, 0 to 1.
    fn at(&self, share: f64) -> Value {
        match self {
            Self::Whole {
                from,
                to,
                logarithmic,
            } => {
                // Each whole number has the half below and the half above it.
                let (low, high) = (*from as f64 - 0.5, *to as f64 + 0.5);
                let value = between(low, high, *logarithmic && low > 0.0, share);
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "between two whole numbers of 64 bits"
                )]
                let value = value.round() as i64;
                Value::Whole(value.clamp(*from, *to))
            }
            Self::Number {
                from,
                to,
                logarithmic,
            } => {
                let value = between(*from, *to, *logarithmic, share);
                Value::Number(rounded(value).clamp(*from, *to))
            }
            Self::Of(values) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a place in a list"
                )]
                let place = (share * values.len() as f64) as usize;
                let last = values.len().saturating_sub(1);
                values
                    .get(place.min(last))
                    .cloned()
                    .unwrap_or_else(|| unreachable!("a choice without values is refused"))
            }
        }
    }

    /// What must be allowed so that all of it is, with the key that says it.
    fn ends(&self) -> Vec<(&'static str, Value)> {
        match self {
            Self::Whole { from, to, .. } => {
                vec![("from", Value::Whole(*from)), ("to", Value::Whole(*to))]
            }
            Self::Number { from, to, .. } => {
                vec![("from", Value::Number(*from)), ("to", Value::Number(*to))]
            }
            Self::Of(values) => values.iter().cloned().map(|v| (CHOICE, v)).collect(),
        }
    }
}

fn between(from: f64, to: f64, logarithmic: bool, share: f64) -> f64 {
    if logarithmic {
        from * (to / from).powf(share)
    } else {
        from + (to - from) * share
    }
}

/// A number with few digits.
fn rounded(value: f64) -> f64 {
    if value == 0.0 {
        return value;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a logarithm of a finite number is small"
    )]
    let decimals = DIGITS - 1 - value.abs().log10().floor() as i32;
    let text = if decimals > 0 {
        format!("{value:.*}", usize::try_from(decimals).unwrap_or(0))
    } else {
        let unit = 10f64.powi(-decimals);
        format!("{}", (value / unit).round() * unit)
    };
    text.parse().unwrap_or(value)
}

/// The settings that a file says.
fn settings_of(raw: &Raw) -> toml::Table {
    let table = raw.file.text.parse::<toml::Table>().unwrap_or_default();
    match table.get("settings") {
        Some(toml::Value::Table(settings)) => settings.clone(),
        Some(_) | None => toml::Table::new(),
    }
}

fn dimension(knob: &Knob, within: Within, settings: &toml::Table) -> Dimension {
    let mut keys = knob.key.split('.');
    let first = keys.next().and_then(|key| settings.get(key));
    let said = keys.fold(first, |at, key| at.and_then(|value| value.get(key)));
    // A whole number where a number is asked for is one.
    let as_it_is = match (said.and_then(Value::read), &knob.default) {
        (Some(Value::Whole(value)), Value::Number(_)) => Value::Number(value as f64),
        (Some(value), _) => value,
        (None, default) => default.clone(),
    };
    Dimension {
        key: knob.key.to_owned(),
        within,
        as_it_is,
    }
}
