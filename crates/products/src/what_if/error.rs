//! Why a question has no answer.

use super::measured::NoEffect;
use decisions::EligibilityError;

/// A question that cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum WhatIfError {
    /// The version does not look so far ahead.
    #[error(
        "`horizon_days` is {found}, allowed is 1 to {covers}: so far the champion of {product:?} looks ahead"
    )]
    Horizon {
        /// Days asked for.
        found: u32,
        /// Days that the version covers.
        covers: u32,
        /// The data product.
        product: String,
    },
    /// The effect does not fit into the horizon.
    #[error(
        "the effect acts {lasts_days} days each time, {times} times, and begins every {every_days} days; allowed is as many days from one beginning to the next as it acts, and all of it within the horizon of {horizon_days} days"
    )]
    Schedule {
        /// Days that it acts.
        lasts_days: u32,
        /// How often.
        times: u32,
        /// Days between beginnings.
        every_days: u32,
        /// Days looked at.
        horizon_days: u32,
    },
    /// The version is of another kind, or does not fit the sales that the lake knows now.
    #[error(
        "the champion of {product:?} cannot value the customers that the lake knows now: it learnt from sales since a later day; train it again with `comptoir run {product}`"
    )]
    Version {
        /// The data product.
        product: String,
    },
    /// The condition asks for what nobody knows.
    #[error("`customers`")]
    Customers(#[from] EligibilityError),
    /// It applies to nobody.
    #[error(
        "`customers` holds for none of {known} customers; of {not_known} it is not known whether it does"
    )]
    Nobody {
        /// Customers there are.
        known: u64,
        /// Of these, those whose facts do not say.
        not_known: u64,
    },
    /// Nobody has a value.
    #[error(
        "none of {customers} customers has a value: {unknown} have no purchase before the champion's day, and of the others it is not known what an order brings"
    )]
    NoValue {
        /// Customers it applies to.
        customers: u64,
        /// Of these, those the version does not know.
        unknown: u64,
    },
    /// A read-out says nothing of it.
    #[error("take the effect from data product {product:?}")]
    Effect {
        /// The data product.
        product: String,
        /// Why.
        #[source]
        source: NoEffect,
    },
    /// The later read-out is not of the same.
    #[error("`effect.measured.later` reads {found}, allowed is {allowed}")]
    Later {
        /// What it reads.
        found: String,
        /// What is needed.
        allowed: String,
    },
    /// An arm has no depth.
    #[error("arm {arm:?} is no offer of table `offers`, which tells its type and depth")]
    NoDepth {
        /// The arm.
        arm: String,
    },
    /// Arms that are not of one family.
    #[error("`effect.measured.arms` are of types {found}, allowed is one type")]
    Types {
        /// The types.
        found: String,
    },
    /// A depth that nobody measured beyond.
    #[error(
        "`effect.measured.depth` is {found}, allowed is {low} to {high}: beyond the depths that were measured nothing is said"
    )]
    Depth {
        /// The depth asked for.
        found: f64,
        /// The least measured.
        low: f64,
        /// The most measured.
        high: f64,
    },
}
