//! Recommenders: what is shown to whom, and why.
//!
//! Every method is fitted on [`Interactions`] and scores a history, of a customer it has seen or not: batch and online
//! run the same code. [`Method`] names them all, [`candidates`] lists those worth comparing for a placement; the choice
//! among them is made on held-out data by whoever composes the steps.
//!
//! Two terms are worth more on real sets than a deeper model, and every method takes them: histories decay with age
//! ([`Decay`]), and scores are multiplied by what sells now ([`RecentDemand`]).

mod complements;
mod dense;
mod ease;
mod frequency;
mod ials;
mod interactions;
mod item_knn;
mod item_rows;
mod method;
mod next_item;
mod placements;
mod popularity;

pub use complements::{Complement, ComplementParams, Complements, lift_at_least};
pub use ease::{EaseParams, customer_rows, weights as ease_weights};
pub use frequency::{Frequency, FrequencyParams};
pub use ials::{Ials, IalsParams, ImplicitCells, Unobserved};
pub use interactions::{Decay, Event, Interactions, InteractionsError, baskets};
pub use item_knn::{ItemKnnParams, Similarity};
pub use item_rows::{ItemToItem, diversified};
pub use method::{AnyFitted, BlendMember, Blended, Fitter, Method, Recommendation, Seen, Size};
pub use next_item::{NextItemParams, TransitionParams};
pub use placements::{Placement, Tuning, candidates, candidates_with};
pub use popularity::{Popularity, PopularityParams, RecentDemand};

use math::sparse::SparseError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a recommender could not be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum FitError {
    /// There is nothing to learn from.
    #[error("learn from {n_events} events: at least one that still counts is needed")]
    NothingSeen {
        /// Events given.
        n_events: usize,
    },
    /// A parameter has no meaning.
    #[error("use `{name}` = {found}: allowed is {allowed}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// The value found.
        found: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Categories were given for another catalogue.
    #[error("read {found} categories: the catalogue has {expected} items")]
    Categories {
        /// Categories given.
        found: usize,
        /// Items of the catalogue.
        expected: usize,
    },
    /// The arithmetic broke down.
    #[error("factor the normal equations: they are not positive definite, a larger `l2` is needed")]
    NotPositiveDefinite,
    /// Rows are not a matrix.
    #[error("arrange interactions as a matrix")]
    Matrix(#[source] SparseError),
}

/// Why a history could not be scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ScoreError {
    /// An item is not in the catalogue the model was fitted on.
    #[error("score item {item}: the model knows items below {n_items}")]
    UnknownItem {
        /// The item found.
        item: u32,
        /// Items of the catalogue.
        n_items: usize,
    },
    /// The room for scores has another size than the catalogue.
    #[error("write scores of {expected} items: found room for {found}")]
    WrongLength {
        /// Length given.
        found: usize,
        /// Items of the catalogue.
        expected: usize,
    },
}

/// Whom an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The customer's own history made the scores.
    Personal,
    /// The history is empty, or too old to count: the scores are what sells now.
    PopularBecauseNothingKnown,
    /// The method scores the same for everyone.
    Popular,
}

/// Where a part of a score comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Source {
    /// An item of the customer's history.
    HistoryItem(u32),
    /// What everybody buys.
    Popularity,
    /// The learnt taste of the customer, which is not a sum over the history.
    Taste,
}

/// Why an item is recommended, in numbers a customer or an analyst can check.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Reason {
    /// Customers who have `item` have this one too.
    BoughtWith {
        /// Item of the history.
        item: u32,
        /// Customers, or baskets for complements, with both.
        times: f32,
        /// The same if the two had nothing to do with each other.
        expected: f32,
    },
    /// This one comes after `item`.
    Follows {
        /// Item of the history.
        item: u32,
        /// Times this one followed within the window of the method.
        times: f32,
        /// The same if the two had nothing to do with each other.
        expected: f32,
    },
    /// This one is like `item`, though the two have not met often enough to quote a count.
    SimilarTo {
        /// Item of the history.
        item: u32,
        /// Part of the score that this item brings, 0 to 1.
        share: f32,
    },
    /// The customer bought it before.
    BoughtBefore {
        /// Times it was bought.
        times: u32,
        /// Days since the last time.
        last_days_ago: f64,
        /// Median days between purchases of the item by one customer; `None` when too few came back for it.
        usual_interval_days: Option<f32>,
    },
    /// It sells.
    Popular {
        /// Decayed sales, in weights of events.
        recent_sales: f32,
        /// Share of all decayed sales.
        share: f32,
    },
    /// It fits the learnt taste of the customer; no single item explains it.
    FitsTaste {
        /// The preference predicted: about 1 for what a customer buys, about 0 for the rest.
        preference: f32,
    },
}

pub(crate) fn check_item(item: u32, n_items: usize) -> Result<(), ScoreError> {
    if (item as usize) < n_items {
        Ok(())
    } else {
        Err(ScoreError::UnknownItem { item, n_items })
    }
}

pub(crate) fn check_decay(name: &'static str, decay: &Decay) -> Result<(), FitError> {
    let found = match *decay {
        Decay::None => 1.0,
        Decay::PerBasket { kept } => kept,
        Decay::PerDay { half_life_days } => half_life_days,
    };
    if decay.is_valid() {
        return Ok(());
    }
    Err(FitError::Parameter {
        name,
        found: f64::from(found),
        allowed: "`kept` in (0, 1], `half_life_days` above 0",
    })
}

pub(crate) fn check_positive(name: &'static str, found: f64) -> Result<(), FitError> {
    if found > 0.0 && found.is_finite() {
        return Ok(());
    }
    Err(FitError::Parameter {
        name,
        found,
        allowed: "a finite number above 0",
    })
}
