//! What `[search.space]` of a product file says of a setting.

use super::{Knob, Value, Within};
use crate::file::Raw;
use schema::ConfigError;
use std::collections::BTreeMap;

/// Keys of a table that says where a setting is sought.
const RANGE: [&str; 3] = ["from", "to", "scale"];

/// The key of a choice.
pub(super) const CHOICE: &str = "of";

/// Tables that say where, by the dotted key of the setting.
pub(super) fn flatten<'a>(
    table: &'a toml::Table,
    path: &mut Vec<String>,
    into: &mut BTreeMap<String, &'a toml::Table>,
) {
    /// Stands for what is no table.
    static NO_TABLE: std::sync::LazyLock<toml::Table> = std::sync::LazyLock::new(|| {
        let not = toml::Value::Boolean(false);
        std::iter::once(("=".to_owned(), not)).collect()
    });
    for (key, value) in table {
        path.push(key.clone());
        match value {
            toml::Value::Table(inner) => {
                let says = |key: &String| RANGE.contains(&key.as_str()) || key == CHOICE;
                if inner.is_empty() || inner.keys().any(says) {
                    into.insert(path.join("."), inner);
                } else {
                    flatten(inner, path, into);
                }
            }
            toml::Value::String(_)
            | toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_) => {
                into.insert(path.join("."), &NO_TABLE);
            }
        }
        path.pop();
    }
}

/// Refuses what `[search.space]` says of a setting.
pub(super) fn refuse(
    raw: &Raw,
    key: &str,
    place: Option<&str>,
    found: impl std::fmt::Display,
    allowed: impl std::fmt::Display,
) -> ConfigError {
    let path: Vec<&str> = ["search", "space"]
        .into_iter()
        .chain(key.split('.'))
        .chain(place)
        .collect();
    raw.file.refuse(&path, found, allowed)
}

/// Where a file seeks a setting.
pub(super) fn within(raw: &Raw, knob: &Knob, said: &toml::Table) -> Result<Within, ConfigError> {
    let form = match &knob.within {
        Within::Whole { .. } => {
            "{ from = 16, to = 512, scale = \"log\" } of whole numbers, { of = [...] } or {}"
        }
        Within::Number { .. } => "{ from = 0.01, to = 0.2, scale = \"log\" }, { of = [...] } or {}",
        Within::Of(_) => "{ of = [...] } or {}",
    };
    let unknown = |key: &&String| !RANGE.contains(&key.as_str()) && *key != CHOICE;
    if let Some(key) = said.keys().find(unknown) {
        let found = if key == "=" {
            "no table".to_owned()
        } else {
            format!("a table with {key:?}")
        };
        return Err(refuse(raw, knob.key, None, found, form));
    }
    if let Some(of) = said.get(CHOICE) {
        if said.len() > 1 {
            let found = "a range and a choice";
            return Err(refuse(raw, knob.key, None, found, form));
        }
        return choice(raw, knob, of);
    }
    let (from, to, logarithmic) = match &knob.within {
        Within::Of(_) if !said.is_empty() => {
            return Err(refuse(raw, knob.key, None, "a range", form));
        }
        Within::Of(_) => return Ok(knob.within.clone()),
        Within::Whole {
            from,
            to,
            logarithmic,
        } => (Value::Whole(*from), Value::Whole(*to), logarithmic),
        Within::Number {
            from,
            to,
            logarithmic,
        } => (Value::Number(*from), Value::Number(*to), logarithmic),
    };
    let end = |key: &'static str, of_kind: Value| match said.get(key) {
        None => Ok(of_kind),
        Some(found) => typed(found, &knob.default).ok_or_else(|| {
            let allowed = match knob.default {
                Value::Whole(_) => "a whole number",
                Value::Number(_) | Value::Text(_) => "a number",
            };
            refuse(raw, knob.key, Some(key), found, allowed)
        }),
    };
    let (from, to) = (end("from", from)?, end("to", to)?);
    let logarithmic = match said.get("scale").map(toml::Value::as_str) {
        None => *logarithmic,
        Some(Some("log")) => true,
        Some(Some("linear")) => false,
        Some(_) => {
            let found = said.get("scale").map(ToString::to_string);
            let allowed = "\"log\" or \"linear\"";
            let found = found.unwrap_or_default();
            return Err(refuse(raw, knob.key, Some("scale"), found, allowed));
        }
    };
    let (low, high) = (number(&from), number(&to));
    if !(low < high && high.is_finite()) {
        let allowed = format!("above `from`, which is {from}");
        return Err(refuse(raw, knob.key, Some("to"), to, allowed));
    }
    if logarithmic && low <= 0.0 {
        let allowed = "above 0, or scale = \"linear\"";
        return Err(refuse(raw, knob.key, Some("from"), from, allowed));
    }
    Ok(match (from, to) {
        (Value::Whole(from), Value::Whole(to)) => Within::Whole {
            from,
            to,
            logarithmic,
        },
        (_, _) => Within::Number {
            from: low,
            to: high,
            logarithmic,
        },
    })
}

fn choice(raw: &Raw, knob: &Knob, of: &toml::Value) -> Result<Within, ConfigError> {
    let refuse = |found: String, allowed: &str| {
        let place = Some(CHOICE);
        Err(refuse(raw, knob.key, place, found, allowed))
    };
    let Some(listed) = of.as_array().filter(|listed| !listed.is_empty()) else {
        let found = if of.is_array() {
            "empty".to_owned()
        } else {
            of.to_string()
        };
        return refuse(found, "a list of values");
    };
    let mut values = Vec::new();
    for one in listed {
        let Some(value) = typed(one, &knob.default) else {
            let allowed = match knob.default {
                Value::Whole(_) => "whole numbers",
                Value::Number(_) => "numbers",
                Value::Text(_) => "names",
            };
            return refuse(one.to_string(), allowed);
        };
        if values.contains(&value) {
            return refuse(format!("{one} twice"), "each value once");
        }
        values.push(value);
    }
    Ok(Within::Of(values))
}

/// A value of the type that a setting has.
fn typed(found: &toml::Value, like: &Value) -> Option<Value> {
    match (Value::read(found)?, like) {
        (Value::Whole(value), Value::Number(_)) => Some(Value::Number(value as f64)),
        (value @ Value::Whole(_), Value::Whole(_))
        | (value @ Value::Number(_), Value::Number(_))
        | (value @ Value::Text(_), Value::Text(_)) => Some(value),
        (_, _) => None,
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Whole(value) => *value as f64,
        Value::Number(value) => *value,
        Value::Text(_) => f64::NAN,
    }
}
