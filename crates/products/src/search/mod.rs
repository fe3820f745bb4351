//! Which settings of a kind are worth searching, and where.

mod gain;
mod read;
mod space;

pub use gain::{PERIODS_FOR_SPREAD, gain};
pub use space::{Candidate, Dimension, SearchFile, Space};

use serde::{Deserialize, Serialize};

/// One value of a setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// A name, or yes and no as they stand in TOML.
    Text(String),
}

impl Value {
    /// The value as TOML has it.
    #[must_use]
    pub fn toml(&self) -> toml::Value {
        match self {
            Self::Whole(value) => toml::Value::Integer(*value),
            Self::Number(value) => toml::Value::Float(*value),
            Self::Text(value) => toml::Value::String(value.clone()),
        }
    }

    /// A value of TOML; `None` where it is of no type that is searched.
    fn read(value: &toml::Value) -> Option<Self> {
        match value {
            toml::Value::Integer(value) => Some(Self::Whole(*value)),
            toml::Value::Float(value) => Some(Self::Number(*value)),
            toml::Value::String(value) => Some(Self::Text(value.clone())),
            toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => None,
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
        }
    }
}

/// Where a setting is sought.
#[derive(Debug, Clone, PartialEq)]
pub enum Within {
    /// Whole numbers of a range, ends included.
    Whole {
        /// The smallest.
        from: i64,
        /// The largest.
        to: i64,
        /// Whether each doubling counts alike, instead of each step.
        logarithmic: bool,
    },
    /// Numbers of a range, ends included.
    Number {
        /// The smallest.
        from: f64,
        /// The largest.
        to: f64,
        /// Whether each doubling counts alike, instead of each step.
        logarithmic: bool,
    },
    /// One of some values.
    Of(Vec<Value>),
}

impl std::fmt::Display for Within {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scale = |logarithmic: &bool| if *logarithmic { ", log" } else { "" };
        match self {
            Self::Whole {
                from,
                to,
                logarithmic,
            } => write!(f, "{from} to {to}{}", scale(logarithmic)),
            Self::Number {
                from,
                to,
                logarithmic,
            } => write!(f, "{from} to {to}{}", scale(logarithmic)),
            Self::Of(values) => {
                let values: Vec<String> = values.iter().map(Value::to_string).collect();
                f.write_str(&values.join(", "))
            }
        }
    }
}

/// A setting that may be searched: it changes how is learnt, and nothing of what is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Knob {
    /// Its key below `[settings]`, dotted.
    pub key: &'static str,
    /// Its value where a file says nothing.
    pub default: Value,
    /// Where it is sought unless a file says otherwise.
    pub within: Within,
    /// Whether it is searched unless a file says otherwise.
    pub by_default: bool,
}

/// What of a kind can be searched.
#[derive(Debug, Clone, PartialEq)]
pub enum Searched {
    /// These settings.
    Of(Vec<Knob>),
    /// Nothing, and why.
    Nothing {
        /// In a few words.
        because: &'static str,
    },
}
