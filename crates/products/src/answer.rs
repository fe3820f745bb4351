//! Questions and answers: the types that the server, the batch command and the decision log share.

use crate::ledger::Stake;
use crate::reasons::Reasons;
use crate::standing::Standing;
use indexmap::IndexMap;
use jiff::Timestamp;
use schema::{Cents, CustomerId, DecisionId, Estimate, Probability, ProductId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What an answer can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A customer.
    Customer,
    /// A product.
    Product,
}

/// One question to a data product.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// For whom. Unknown customers are answered too, from `recent` or by the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub customer_id: Option<CustomerId>,
    /// About which product (placements `similar` and `complementary`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub product_id: Option<ProductId>,
    /// Where the answer is shown; the product's first placement where absent. Of a demand product, the site, or without a
    /// `product_id` what is added up: `all`, `category=NAME`, `product=ID`, `region=NAME`, `site=ID`,
    /// `category=NAME&site=ID`, `category=NAME&region=NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<String>,
    /// How many actions at most; the product's own number where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<u32>,
    /// Products that the visitor has just looked at or put in the cart, latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub recent: Vec<ProductId>,
    /// What the decision stands under beside the question. It cannot be asked for.
    #[serde(skip)]
    #[schemars(skip)]
    pub standing: Standing,
}

impl Asked {
    /// The customer asked about.
    ///
    /// - `kind`: that cannot answer without one.
    pub(crate) fn customer(&self, kind: &str) -> Result<&str, Infeasible> {
        let missing = || Infeasible::Missing {
            field: "customer_id",
            placement: kind.to_owned(),
        };
        Ok(self.customer_id.as_ref().ok_or_else(missing)?.as_str())
    }
}

/// Why an action was chosen: a code that a program can read, its figures, and a sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Stable code, such as `bought_with`.
    pub code: String,
    /// The figures and names in the sentence.
    pub values: IndexMap<String, serde_json::Value>,
    /// The sentence, in English.
    pub text: String,
}

/// One thing decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Place in the answer, from 1.
    pub position: u32,
    /// What is decided: a product, a segment, the name of a figure.
    pub id: String,
    /// What a person reads for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The model's score: higher is better, comparable within one answer; absent where the model has none, as for a
    /// figure that cannot be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The figure itself with its interval, where the action is a figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// Unit of the figure or of the score.
    pub unit: Cow<'static, str>,
    /// Probability with which this action was drawn at this place.
    pub propensity: Probability,
    /// Why.
    pub reasons: Reasons,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decisions {
    /// Where it is shown, where the product has placements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<String>,
    /// What is decided, best first.
    pub actions: Vec<Action>,
    /// How many actions are missing from the number asked for, and why; absent where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_of: Option<ShortOf>,
    /// The method that scored.
    pub method: String,
    /// What the answer takes of the product's budget, where a ledger keeps it: it may only leave once that is granted,
    /// see [`crate::Serving::without_money`].
    #[serde(skip)]
    pub stake: Option<Stake>,
}

/// An answer as it leaves.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Answered<'a> {
    /// Its name in the decision log.
    pub decision_id: &'a DecisionId,
    /// The data product.
    pub product: &'a str,
    /// The version that decided.
    pub version: u32,
    /// When.
    pub decided_at: Timestamp,
    /// Whether the customer is held out, so that the baseline answers.
    pub holdout: bool,
    /// Whether the baseline answers because the version failed or was late.
    pub fallback: bool,
    /// What the answer promises at most, where it promises money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved_cents: Option<Cents>,
    /// What is decided.
    #[serde(flatten)]
    pub decided: &'a Decisions,
}

impl Answered<'_> {
    /// As JSON. Why here: every answer is written so, and this crate is built for speed, which the server is not.
    ///
    /// # Errors
    /// None that is known of: its texts and figures have a JSON.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        /// Room for a list of ten with its reasons.
        const ANSWER_BYTES: usize = 4 * 1024;
        let mut json = Vec::with_capacity(ANSWER_BYTES);
        serde_json::to_writer(&mut json, self)?;
        Ok(json)
    }
}

/// An answer with fewer actions than asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortOf {
    /// How many are missing.
    pub missing: u32,
    /// Which limits took how many candidates.
    pub because: BTreeMap<String, u32>,
}

/// A question that cannot be answered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Infeasible {
    /// The question lacks what it is about.
    #[error("`{field}` is missing: placement `{placement}` is asked about a {field}")]
    Missing {
        /// The missing field.
        field: &'static str,
        /// The placement.
        placement: String,
    },
    /// No such placement.
    #[error("`placement` is {found:?}, allowed is {allowed}")]
    Placement {
        /// The placement asked for.
        found: String,
        /// Those there are.
        allowed: String,
    },
    /// The number of items is out of range.
    #[error("`items` is {found}, allowed is 1 to {allowed}")]
    Items {
        /// The number asked for.
        found: u32,
        /// The most allowed.
        allowed: u32,
    },
    /// Nobody knows this customer, and there is no answer without knowing.
    #[error("customer {customer:?} has no order before {as_of}: {what} needs at least one")]
    UnknownCustomer {
        /// The customer.
        customer: String,
        /// What cannot be said.
        what: &'static str,
        /// The first day not known.
        as_of: schema::AsOf,
    },
    /// No such product.
    #[error("product {product:?} is not in the catalogue")]
    UnknownProduct {
        /// The product.
        product: String,
    },
    /// Nothing is known of what it sold.
    #[error("product {product:?} sold nothing before {as_of}: a forecast needs at least one sale")]
    UnknownSeries {
        /// The product.
        product: String,
        /// The first day not known.
        as_of: schema::AsOf,
    },
    /// No such group of series.
    #[error("no {level} {found:?} is forecast, near it are {near}")]
    UnknownGroup {
        /// What it is a group by.
        level: String,
        /// The one asked for.
        found: String,
        /// Those that are spelt most like it.
        near: String,
    },
    /// The version was trained without groups of series.
    #[error(
        "the version forecasts single series alone: set `coherent` to \"summed\" or \"chosen\" and train it, to ask for what they add up to"
    )]
    NoGroups,
    /// It is in no launch.
    #[error("product {product:?} is in no launch that is open or to come on {as_of}")]
    NoLaunch {
        /// The product.
        product: String,
        /// The first day not known.
        as_of: schema::AsOf,
    },
    /// No such arm.
    #[error("`about` is {found:?}, allowed is {allowed}")]
    UnknownArm {
        /// The arm asked about.
        found: String,
        /// Those there are.
        allowed: String,
    },
    /// The customer takes no part.
    #[error("customer {customer:?} is in no arm of {experiment}")]
    NotInExperiment {
        /// The customer.
        customer: String,
        /// What is read.
        experiment: String,
    },
    /// The answer is empty, and nothing is named.
    #[error("the answer is empty: name in `about` what it should have held")]
    NothingToExplain,
    /// It cannot be said of this customer, and why.
    #[error("{what} cannot be said of customer {customer:?}: {why}")]
    NotMeasurable {
        /// The customer.
        customer: String,
        /// What cannot be said.
        what: &'static str,
        /// Why.
        why: schema::WhyNot,
    },
}

/// One part of a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplanationLine {
    /// What contributes.
    pub what: String,
    /// How much, in the unit of the score.
    pub contribution: f64,
}

/// Why an answer is what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What is explained: a product, a segment, a figure.
    pub about: String,
    /// In one sentence.
    pub summary: String,
    /// The score; the contributions add up to it.
    pub score: f64,
    /// Unit of the score.
    pub unit: String,
    /// The contributions, largest first.
    pub lines: Vec<ExplanationLine>,
    /// Why it is not in the answer, where it is not: the limit or the better ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
    /// Rules that touched it.
    pub rules: Vec<String>,
    /// The nearest changes that would change the answer, each by itself; none where the kind tells none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flips: Vec<Reason>,
}
