//! Input that cannot be watched: which field, what was found there, what is allowed.

use schema::AsOf;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Input that was refused; nothing was taken in.
#[derive(Debug, Clone, PartialEq, Error, Serialize, Deserialize)]
#[error("watch `{field}`{}: found {found}, allowed is {allowed}", place(*at))]
pub struct Refusal {
    /// The field, as the type that holds it names it.
    pub field: String,
    /// Its place, from 0, where there are many.
    pub at: Option<usize>,
    /// What was found.
    pub found: Found,
    /// What is allowed.
    pub allowed: Allowed,
}

fn place(at: Option<usize>) -> String {
    at.map_or_else(String::new, |at| format!(" at {at}"))
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// A number that is finite.
    Number(f64),
    /// A number that is not: JSON has no word for it.
    NotFinite,
    /// A count.
    Count(u64),
    /// A day.
    Day(AsOf),
    /// A moment, in seconds since 1970-01-01 UTC.
    SecondsUtc(i64),
}

/// What is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowed {
    /// Any number that is finite.
    Finite,
    /// At least this.
    AtLeast(f64),
    /// More than this.
    Above(f64),
    /// At most this.
    AtMost(f64),
    /// From the first to the second, both included.
    Between(f64, f64),
    /// Between the first and the second, neither included.
    Inside(f64, f64),
    /// As many as this.
    Count(u64),
    /// At least as many as this.
    CountAtLeast(u64),
    /// At most as many as this.
    CountAtMost(u64),
    /// A multiple of this.
    MultipleOf(u64),
    /// A day after this one.
    After(AsOf),
    /// A day before this one.
    Before(AsOf),
    /// A moment from this one on, in seconds since 1970-01-01 UTC.
    FromSecondsUtc(i64),
    /// A moment up to this one, in seconds since 1970-01-01 UTC.
    UpToSecondsUtc(i64),
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::NotFinite => f.write_str("a number that is not finite"),
            Self::Count(count) => write!(f, "{count}"),
            Self::Day(day) => write!(f, "{day}"),
            Self::SecondsUtc(seconds) => write!(f, "second {seconds}"),
        }
    }
}

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Finite => f.write_str("a finite number"),
            Self::AtLeast(low) => write!(f, "at least {low}"),
            Self::Above(low) => write!(f, "more than {low}"),
            Self::AtMost(high) => write!(f, "at most {high}"),
            Self::Between(low, high) => write!(f, "{low} to {high}"),
            Self::Inside(low, high) => write!(f, "above {low} and below {high}"),
            Self::Count(count) => write!(f, "{count}"),
            Self::CountAtLeast(low) => write!(f, "at least {low}"),
            Self::CountAtMost(high) => write!(f, "at most {high}"),
            Self::MultipleOf(step) => write!(f, "a multiple of {step}"),
            Self::After(day) => write!(f, "a day after {day}"),
            Self::Before(day) => write!(f, "a day before {day}"),
            Self::FromSecondsUtc(low) => write!(f, "second {low} or later"),
            Self::UpToSecondsUtc(high) => write!(f, "second {high} or earlier"),
        }
    }
}

impl From<f64> for Found {
    fn from(number: f64) -> Self {
        if number.is_finite() {
            Self::Number(number)
        } else {
            Self::NotFinite
        }
    }
}

impl From<u64> for Found {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<usize> for Found {
    fn from(count: usize) -> Self {
        Self::Count(count as u64)
    }
}

impl From<AsOf> for Found {
    fn from(day: AsOf) -> Self {
        Self::Day(day)
    }
}

impl Refusal {
    pub(crate) fn of(field: &str, found: impl Into<Found>, allowed: Allowed) -> Self {
        Self {
            field: field.to_owned(),
            at: None,
            found: found.into(),
            allowed,
        }
    }

    pub(crate) fn at(mut self, at: usize) -> Self {
        self.at = Some(at);
        self
    }
}

/// Refuses a field unless what is asked of it holds.
pub(crate) fn require(
    holds: bool,
    field: &str,
    found: impl Into<Found>,
    allowed: Allowed,
) -> Result<(), Refusal> {
    if holds {
        Ok(())
    } else {
        Err(Refusal::of(field, found, allowed))
    }
}

/// Refuses a day that is not after the one before it, if there is one.
pub(crate) fn require_after(before: Option<AsOf>, day: AsOf) -> Result<(), Refusal> {
    match before {
        Some(before) => require(day > before, "day", day, Allowed::After(before)),
        None => Ok(()),
    }
}

/// Refuses what is no probability, neither never nor always.
pub(crate) fn require_alpha(alpha: f64) -> Result<(), Refusal> {
    let allowed = Allowed::Inside(0.0, 1.0);
    require(alpha > 0.0 && alpha < 1.0, "alpha", alpha, allowed)
}

/// Refuses what is not finite.
pub(crate) fn require_finite(field: &str, number: f64) -> Result<(), Refusal> {
    require(number.is_finite(), field, number, Allowed::Finite)
}
