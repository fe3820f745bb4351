//! The contract of a data product, and one folder per kind.
//!
//! A data product is one TOML file: a question, its kind, its limits, its promises and its owner. A *kind* answers
//! one sort of question; [`KINDS`] is the only list of them. Help, reference pages, JSON Schemas, API paths, console
//! pages and the laws that every kind obeys are derived from it.

mod answer;
mod artefact;
mod contract;
pub mod demand;
mod estimates;
pub mod experiment;
mod file;
mod known;
mod lately;
pub mod launch;
mod ledger;
mod logged;
mod measured_rules;
mod outcome;
mod promises;
pub mod promotion;
pub mod reasons;
mod recent;
pub mod recommend;
mod retraining;
pub mod search;
pub mod segments;
mod shop;
mod standing;
pub mod stock;
mod total;
mod trees;
pub mod value;
mod week;
pub mod what_if;

pub use answer::{
    Action, Answered, Asked, Decisions, Explanation, ExplanationLine, Infeasible, Reason, ShortOf,
    Subject,
};
pub use artefact::{Artefact, LoadError};
pub use contract::{
    Card, FitError, Fitted, Forecasts, Judged, Kind, Output, Parts, Product, Serving, Size,
    TotalsOf,
};
pub use file::{Header, ProductFile, Raw, name_of};
pub use lately::{Counted, Lately};
pub use ledger::{Allowance, ArmsAllowance, LimitStake, NoMoney, Pacing, Period, Stake, even_plan};
pub use logged::PropensitiesError;
pub use models::demand::Step;
pub use promises::{Promises, ValuePromise};
pub use recent::Recent;
pub use retraining::{Promotes, Retraining, Worth};
pub use shop::Shop;
pub use standing::{Gave, LimitLeft, Pace, Standing};
pub use total::Total;
pub use week::Week;

/// All kinds, sorted by name. Adding a kind is one folder, one implementation of [`Kind`] and one line here.
pub static KINDS: &[&dyn Kind] = &[
    &demand::Demand,
    &experiment::Experiment,
    &launch::Launch,
    &promotion::Promotion,
    &recommend::Recommend,
    &segments::Segments,
    &stock::Stock,
    &value::Value,
];

/// A kind by its name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|k| k.card().kind == name)
}
