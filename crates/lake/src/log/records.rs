//! What the log holds: decisions, events, answers in the shadow, and answers of people to proposed orders.

use super::wire::Wire;
use jiff::Timestamp;
use jiff::civil::Date;
use schema::{Cents, CustomerId, DecisionId, Json, Probability, ProductId};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::time::Duration;

/// One record of the log.
#[derive(Debug, Clone, PartialEq)]
pub enum LogRecord {
    /// A decision.
    Decision(DecisionRecord),
    /// An event.
    Event(EventRecord),
    /// An answer that was never shown.
    Shadow(ShadowRecord),
    /// What a person made of a proposed order.
    OrderAnswer(OrderAnswerRecord),
}

/// Bytes that are no record of this program: of a newer one, they wait in their segment for one that knows them.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Another format.
    #[error("read a record of the log: its format is {found}, this program reads {known}")]
    Format {
        /// Its format.
        found: u8,
        /// The format that this program reads.
        known: u8,
    },
    /// Its fields.
    #[error("read a record of the log")]
    Fields(#[from] postcard::Error),
    /// More fields than this program knows.
    #[error("read a record of the log: {bytes} bytes follow its last field")]
    Longer {
        /// Bytes that follow.
        bytes: usize,
    },
    /// The value of one field.
    #[error("read a record of the log")]
    Field(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl RecordError {
    pub(super) fn field(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Field(error.into())
    }
}

impl LogRecord {
    /// The bytes to append.
    ///
    /// # Errors
    /// [`RecordError::Fields`] when there is no memory for them.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        Wire::from(self).write()
    }

    /// The record that was appended.
    ///
    /// # Errors
    /// [`RecordError`] when the bytes are no record of this version of the program.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        Wire::read(bytes)?.to_record()
    }
}

/// One decision, with everything that a later measurement needs. One row per action in table `decisions`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRecord {
    /// Identifier given with the answer.
    pub decision_id: DecisionId,
    /// When.
    pub decided_at: Timestamp,
    /// The data product that decided.
    pub product: String,
    /// Its version.
    pub version: u32,
    /// For whom, where the decision is about a customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// The product that the decision is about, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_product_id: Option<ProductId>,
    /// Where it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<String>,
    /// What was decided.
    pub answer: Answer,
    /// Whether the customer belongs to the universal holdout and got the baseline instead.
    pub holdout: bool,
    /// Whether the declared fallback answered.
    pub fallback: bool,
    /// Fingerprint of the configuration that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What it reserved of its product's budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<Reserved>,
}

/// What a version answered in the shadow of another to the same question, never shown. One row per action in table
/// `shadow_answers`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowRecord {
    /// The answer, under the identifier of the decision that was shown; its version is the one in the shadow.
    pub answer: DecisionRecord,
    /// The version whose answer was shown.
    pub shown: u32,
    /// What became of the question.
    pub outcome: ShadowOutcome,
    /// How long the version took.
    pub took: Duration,
}

/// What became of a question in the shadow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShadowOutcome {
    /// An answer by the deadline.
    Answered,
    /// An answer after the deadline.
    Late,
    /// The version refused a question that the other answered.
    Refused,
    /// The version failed.
    Failed,
}

impl ShadowOutcome {
    /// The word in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Late => "late",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What a decision reserved of a budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reserved {
    /// The lease that it was promised from.
    pub lease: String,
    /// How much, above 0.
    pub cents: Cents,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// No action: one row at position 0.
    Nothing {
        /// Probability with which nothing was answered; 1 where that was not drawn.
        propensity: Probability,
        /// Why; null where nothing is said.
        #[serde(default)]
        reasons: Json,
    },
    /// Actions, first place first: rows at positions 1, 2, ….
    Actions(Vec<ActionRecord>),
}

/// One action of a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionRecord {
    /// The item, segment or value decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The model's score of it; absent where no model scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Probability with which this action was drawn at this place.
    pub propensity: Probability,
    /// Why; null where nothing is said.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub reasons: Json,
}

/// What a person made of one proposed order: a row of table `order_answers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderAnswerRecord {
    /// The same identifier twice is the same answer.
    pub answer_id: String,
    /// When it was given.
    pub made_at: Timestamp,
    /// Who gave it.
    pub author: String,
    /// The product that was to be ordered.
    pub product_id: ProductId,
    /// The site that it was to be ordered for.
    pub site_id: String,
    /// Day of the proposal.
    pub ordered_on: Date,
    /// Units that were proposed.
    pub proposed_units: u32,
    /// What was made of it.
    pub answer: OrderAnswer,
    /// Units that are ordered.
    pub ordered_units: u32,
    /// Why, in words.
    pub reason: Option<String>,
}

/// What was made of a proposed order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderAnswer {
    /// It is ordered as proposed.
    Accepted,
    /// Another quantity is ordered.
    Changed,
    /// Nothing is ordered.
    Refused,
}

impl OrderAnswer {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Changed, Self::Refused];

    /// The word in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Changed => "changed",
            Self::Refused => "refused",
        }
    }
}

/// One action of a visitor: a row of table `events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRecord {
    /// The same identifier twice is the same event.
    pub event_id: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Who acted; absent for an unknown visitor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// The visit it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The product concerned, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<ProductId>,
    /// Place in the list that was shown, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<NonZeroU32>,
    /// What was typed into the search box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Units put in the cart or bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<NonZeroU32>,
    /// The decision that this action answers, where the shop echoes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_id: Option<DecisionId>,
}

/// What a visitor did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// Saw a page.
    View,
    /// Followed a link.
    Click,
    /// Put into the cart.
    Cart,
    /// Searched.
    Search,
    /// Bought.
    Purchase,
}

impl EventType {
    /// The word in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Click => "click",
            Self::Cart => "cart",
            Self::Search => "search",
            Self::Purchase => "purchase",
        }
    }
}
