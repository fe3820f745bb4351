//! Records to the columns of their tables, and back.

use super::records::{
    ActionRecord, Answer, DecisionRecord, EventRecord, OrderAnswer, OrderAnswerRecord, Reserved,
};
use super::wire::{AnswerWire, DecisionWire, ShadowWire};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Date32Type, Float64Type, Int64Type, SchemaRef, TimestampMicrosecondType};
use jiff::Timestamp;
use schema::table::Table;
use schema::time::{date_of, epoch_day};
use schema::{Cents, CustomerId, DecisionId, Json, Probability, ProductId};
use std::sync::Arc;

/// Table of decisions.
pub(crate) const DECISIONS: &str = "decisions";
/// Table of answers that were never shown.
pub(crate) const SHADOW_ANSWERS: &str = "shadow_answers";
/// Table of events.
pub(crate) const EVENTS: &str = "events";
/// Table of what people made of proposed orders.
pub(crate) const ORDER_ANSWERS: &str = "order_answers";

/// The definition of a table of the log.
pub(crate) fn log_table(table: &'static str) -> &'static Table {
    schema::table::table(table).expect("the tables of the log are shipped with the program")
}

/// The schema of a table of the log.
pub(crate) fn table_schema(table: &'static str) -> SchemaRef {
    log_table(table).arrow()
}

fn batch(table: &'static str, columns: Vec<ArrayRef>) -> RecordBatch {
    // A test writes every column of each table, so a change of the schema is noticed there.
    RecordBatch::try_new(table_schema(table), columns)
        .expect("the columns are those of the table's definition")
}

fn moments(micros: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
}

fn required<'a>(texts: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(texts))
}

fn optional<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(texts.collect::<StringArray>())
}

/// One row of table `decisions`.
struct Row<'a> {
    decision: &'a DecisionWire<'a>,
    position: i64,
    action: Option<&'a str>,
    score: Option<f64>,
    propensity: f64,
    reasons: Option<&'a str>,
}

fn said(reasons: &str) -> Option<&str> {
    (reasons != "null").then_some(reasons)
}

fn rows<'a>(decision: &'a DecisionWire<'a>) -> impl Iterator<Item = Row<'a>> {
    let none = |propensity, reasons| Row {
        decision,
        position: 0,
        action: None,
        score: None,
        propensity,
        reasons,
    };
    let (none, actions) = match &decision.answer {
        AnswerWire::Nothing {
            propensity,
            reasons,
        } => (Some(none(*propensity, said(reasons))), &[][..]),
        // An empty list is no action, and was not drawn.
        AnswerWire::Actions(actions) if actions.is_empty() => (Some(none(1.0, None)), &[][..]),
        AnswerWire::Actions(actions) => (None, &actions[..]),
    };
    let actions = (1..).zip(actions).map(move |(position, a)| Row {
        decision,
        position,
        action: a.action,
        score: a.score.filter(|s| s.is_finite()),
        propensity: a.propensity,
        reasons: said(a.reasons),
    });
    none.into_iter().chain(actions)
}

/// Rows of table `decisions`: one per action, in order; one at position 0 where there is no action.
pub(super) fn decision_rows(decisions: &[DecisionWire<'_>]) -> RecordBatch {
    let rows: Vec<Row<'_>> = decisions.iter().flat_map(rows).collect();
    let decisions = || rows.iter().map(|r| r.decision);
    batch(
        DECISIONS,
        vec![
            required(decisions().map(|d| d.decision_id)),
            Arc::new(Int64Array::from_iter_values(
                rows.iter().map(|r| r.position),
            )),
            moments(decisions().map(DecisionWire::decided_at_micros)),
            required(decisions().map(|d| d.product)),
            Arc::new(Int64Array::from_iter_values(
                decisions().map(|d| i64::from(d.version)),
            )),
            optional(decisions().map(|d| d.customer_id)),
            optional(decisions().map(|d| d.subject_product_id)),
            optional(decisions().map(|d| d.placement)),
            optional(rows.iter().map(|r| r.action)),
            Arc::new(rows.iter().map(|r| r.score).collect::<Float64Array>()),
            Arc::new(Float64Array::from_iter_values(
                rows.iter().map(|r| r.propensity),
            )),
            Arc::new(
                decisions()
                    .map(|d| Some(d.holdout))
                    .collect::<BooleanArray>(),
            ),
            Arc::new(
                decisions()
                    .map(|d| Some(d.fallback))
                    .collect::<BooleanArray>(),
            ),
            optional(rows.iter().map(|r| r.reasons)),
            optional(decisions().map(|d| d.fingerprint)),
            optional(decisions().map(|d| d.reserved.map(|r| r.lease))),
            Arc::new(
                decisions()
                    .map(|d| d.reserved.map(|r| r.cents))
                    .collect::<Int64Array>(),
            ),
        ],
    )
}

/// Rows of table `shadow_answers`: as those of decisions.
pub(super) fn shadow_rows(shadows: &[ShadowWire<'_>]) -> RecordBatch {
    let rows: Vec<(&ShadowWire<'_>, Row<'_>)> = shadows
        .iter()
        .flat_map(|shadow| rows(&shadow.answer).map(move |row| (shadow, row)))
        .collect();
    let answers = || rows.iter().map(|(shadow, _)| &shadow.answer);
    let whole = |of: &dyn Fn(&(&ShadowWire<'_>, Row<'_>)) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(of)))
    };
    batch(
        SHADOW_ANSWERS,
        vec![
            required(answers().map(|a| a.decision_id)),
            whole(&|(_, row)| row.position),
            moments(answers().map(DecisionWire::decided_at_micros)),
            required(answers().map(|a| a.product)),
            whole(&|(shadow, _)| i64::from(shadow.answer.version)),
            whole(&|(shadow, _)| i64::from(shadow.shown)),
            required(rows.iter().map(|(shadow, _)| shadow.outcome.name())),
            whole(&|(shadow, _)| i64::try_from(shadow.took_micros).unwrap_or(i64::MAX)),
            optional(answers().map(|a| a.customer_id)),
            optional(answers().map(|a| a.subject_product_id)),
            optional(answers().map(|a| a.placement)),
            optional(rows.iter().map(|(_, row)| row.action)),
            Arc::new(
                rows.iter()
                    .map(|(_, row)| row.score)
                    .collect::<Float64Array>(),
            ),
        ],
    )
}

impl DecisionRecord {
    /// Rows of table `decisions`: one per action, in order; one at position 0 where there is no action.
    ///
    /// # Panics
    /// Never for the definition of the table that this program ships.
    #[must_use]
    pub fn to_batch(records: &[Self]) -> RecordBatch {
        let borrowed: Vec<DecisionWire<'_>> = records.iter().map(DecisionWire::from).collect();
        decision_rows(&borrowed)
    }

    /// The decision whose rows these are, all of one decision and in order of position; `None` where there is no
    /// row, or a row that this program would not have written.
    pub(crate) fn from_batches(batches: &[RecordBatch]) -> Option<Self> {
        let mut decision: Option<Self> = None;
        for batch in batches {
            for row in 0..batch.num_rows() {
                let cell = |name| text(batch, name, row);
                let position = integer(batch, "position", row)?;
                let propensity = Probability::new(number(batch, "propensity", row)?).ok()?;
                let reasons = cell("reasons")
                    .map_or_else(|| Ok(Json::default()), Json::from_text)
                    .ok()?;
                let record = match &mut decision {
                    Some(record) => record,
                    none => none.insert(head(batch, row)?),
                };
                if position == 0 {
                    record.answer = Answer::Nothing {
                        propensity,
                        reasons,
                    };
                } else if let Answer::Actions(actions) = &mut record.answer {
                    let score = number(batch, "score", row);
                    actions.push(ActionRecord {
                        action: cell("action"),
                        score,
                        propensity,
                        reasons,
                    });
                }
            }
        }
        decision
    }
}

/// What all rows of a decision share.
fn head(batch: &RecordBatch, row: usize) -> Option<DecisionRecord> {
    let cell = |name| text(batch, name, row);
    let at = batch
        .column_by_name("decided_at")?
        .as_primitive_opt::<TimestampMicrosecondType>()?
        .value(row);
    let flag = |name| Some(batch.column_by_name(name)?.as_boolean_opt()?.value(row));
    Some(DecisionRecord {
        decision_id: DecisionId::new(cell("decision_id")?).ok()?,
        decided_at: Timestamp::from_microsecond(at).ok()?,
        product: cell("product")?,
        version: u32::try_from(integer(batch, "version", row)?).ok()?,
        customer_id: cell("customer_id").and_then(|id| CustomerId::new(id).ok()),
        subject_product_id: cell("subject_product_id").and_then(|id| ProductId::new(id).ok()),
        placement: cell("placement"),
        answer: Answer::Actions(Vec::new()),
        holdout: flag("holdout")?,
        fallback: flag("fallback")?,
        fingerprint: cell("fingerprint"),
        reserved: cell("lease")
            .zip(integer(batch, "reserved_cents", row))
            .map(|(lease, cents)| Reserved {
                lease,
                cents: Cents(cents),
            }),
    })
}

fn text(batch: &RecordBatch, name: &str, row: usize) -> Option<String> {
    let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
    column.is_valid(row).then(|| column.value(row).to_owned())
}

fn integer(batch: &RecordBatch, name: &str, row: usize) -> Option<i64> {
    let column = batch
        .column_by_name(name)?
        .as_primitive_opt::<Int64Type>()?;
    column.is_valid(row).then(|| column.value(row))
}

fn number(batch: &RecordBatch, name: &str, row: usize) -> Option<f64> {
    let column = batch
        .column_by_name(name)?
        .as_primitive_opt::<Float64Type>()?;
    column.is_valid(row).then(|| column.value(row))
}

impl EventRecord {
    /// Rows of table `events`, in order.
    ///
    /// # Panics
    /// Never for the definition of the table that this program ships.
    #[must_use]
    pub fn to_batch(records: &[Self]) -> RecordBatch {
        let whole = |n: Option<std::num::NonZeroU32>| n.map(|n| i64::from(n.get()));
        batch(
            EVENTS,
            vec![
                required(records.iter().map(|e| e.event_id.as_str())),
                moments(records.iter().map(|e| e.occurred_at.as_microsecond())),
                required(records.iter().map(|e| e.kind.name())),
                optional(
                    records
                        .iter()
                        .map(|e| e.customer_id.as_ref().map(CustomerId::as_str)),
                ),
                optional(records.iter().map(|e| e.session_id.as_deref())),
                optional(
                    records
                        .iter()
                        .map(|e| e.product_id.as_ref().map(ProductId::as_str)),
                ),
                Arc::new(
                    records
                        .iter()
                        .map(|e| whole(e.position))
                        .collect::<Int64Array>(),
                ),
                optional(records.iter().map(|e| e.query.as_deref())),
                Arc::new(
                    records
                        .iter()
                        .map(|e| whole(e.quantity))
                        .collect::<Int64Array>(),
                ),
                optional(
                    records
                        .iter()
                        .map(|e| e.decision_id.as_ref().map(DecisionId::as_str)),
                ),
            ],
        )
    }
}

impl OrderAnswerRecord {
    /// Rows of table `order_answers`, in order.
    ///
    /// # Panics
    /// Never for the definition of the table that this program ships.
    #[must_use]
    pub fn to_batch(records: &[Self]) -> RecordBatch {
        let units = |of: fn(&Self) -> u32| -> ArrayRef {
            let units = records.iter().map(|answer| i64::from(of(answer)));
            Arc::new(Int64Array::from_iter_values(units))
        };
        batch(
            ORDER_ANSWERS,
            vec![
                required(records.iter().map(|a| a.answer_id.as_str())),
                moments(records.iter().map(|a| a.made_at.as_microsecond())),
                required(records.iter().map(|a| a.author.as_str())),
                required(records.iter().map(|a| a.product_id.as_str())),
                required(records.iter().map(|a| a.site_id.as_str())),
                Arc::new(Date32Array::from_iter_values(
                    records.iter().map(|a| epoch_day(a.ordered_on)),
                )),
                units(|answer| answer.proposed_units),
                required(records.iter().map(|a| a.answer.name())),
                units(|answer| answer.ordered_units),
                optional(records.iter().map(|a| a.reason.as_deref())),
            ],
        )
    }

    /// The answers whose rows these are, in order; a row that the table's contract would not take is passed over.
    pub(crate) fn from_batches(batches: &[RecordBatch]) -> Vec<Self> {
        let rows = batches
            .iter()
            .flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)));
        rows.filter_map(|(batch, row)| order_answer(batch, row))
            .collect()
    }
}

fn order_answer(batch: &RecordBatch, row: usize) -> Option<OrderAnswerRecord> {
    let cell = |name| text(batch, name, row);
    let units = |name| u32::try_from(integer(batch, name, row)?).ok();
    let made_at = batch
        .column_by_name("made_at")?
        .as_primitive_opt::<TimestampMicrosecondType>()?;
    let ordered_on = batch
        .column_by_name("ordered_on")?
        .as_primitive_opt::<Date32Type>()?;
    let answer = cell("answer")?;
    Some(OrderAnswerRecord {
        answer_id: cell("answer_id")?,
        made_at: Timestamp::from_microsecond(made_at.value(row)).ok()?,
        author: cell("author")?,
        product_id: ProductId::new(cell("product_id")?).ok()?,
        site_id: cell("site_id")?,
        ordered_on: date_of(ordered_on.value(row)),
        proposed_units: units("proposed_units")?,
        answer: OrderAnswer::ALL.into_iter().find(|a| a.name() == answer)?,
        ordered_units: units("ordered_units")?,
        reason: cell("reason"),
    })
}
