//! Why a text is no condition, and what would be one.

use super::words::{VARIABLES, allowed_fields, allowed_functions};

/// Longest condition, in bytes. A list of a thousand article numbers fits; a generated file should be several rules.
pub(crate) const TEXT_BYTES_MAX: usize = 20_000;

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConditionError {
    #[error("{bytes} bytes long")]
    TooLong { bytes: usize },
    #[error("not CEL: {message} at line {line}, column {column}")]
    Syntax {
        message: String,
        line: isize,
        column: isize,
    },
    #[error("using the unknown variable `{name}`")]
    UnknownVariable { name: String },
    #[error("using `{variable}` without a field")]
    NoField { variable: String },
    #[error("using the unknown field `{field}`")]
    UnknownField { variable: String, field: String },
    #[error("looking at items and at offers")]
    ItemsAndOffers,
    #[error("giving the name `{name}` to an element of a list")]
    Shadowed { name: String },
    #[error("using `{function}`")]
    UnknownFunction { function: String },
    #[error("applying `{operator}` to {found}")]
    Operand {
        operator: String,
        found: &'static str,
        wanted: &'static str,
    },
    #[error("applying `{operator}` to {left} and {right}")]
    Operands {
        operator: String,
        left: &'static str,
        right: &'static str,
    },
    #[error("yielding {found}")]
    NotTruth { found: &'static str },
}

impl ConditionError {
    /// What would be allowed in its place.
    pub(crate) fn allowed(&self) -> String {
        match self {
            Self::TooLong { .. } => format!("at most {TEXT_BYTES_MAX} bytes"),
            Self::Syntax { .. } => {
                "a CEL expression such as item.category == 'wine' && item.price_cents < 1000".into()
            }
            Self::UnknownVariable { .. } => allowed_fields(None),
            Self::NoField { variable } => allowed_fields(Some(variable)),
            Self::UnknownField { variable, .. } => {
                allowed_fields(VARIABLES.contains(&variable.as_str()).then_some(variable))
            }
            Self::ItemsAndOffers => {
                "item.… for what lists show, or offer.… for what customers are given".to_owned()
            }
            Self::Shadowed { .. } => format!("any name but {}", VARIABLES.join(", ")),
            Self::UnknownFunction { .. } => allowed_functions(),
            Self::Operand { wanted, .. } => (*wanted).to_owned(),
            Self::Operands { .. } => "two values of the same kind".to_owned(),
            Self::NotTruth { .. } => "an expression that is true or false".to_owned(),
        }
    }
}
