//! The same record twice is one record.

use super::columns::{EVENTS, ORDER_ANSWERS};
use super::records::{EventRecord, OrderAnswerRecord};
use crate::{LakeError, Transaction};
use arrow::array::AsArray;
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// What callers send again under the same identifier.
pub(crate) trait Repeatable {
    /// Its table.
    const TABLE: &'static str;
    /// The column of its identifier.
    const ID: &'static str;
    /// The column of its time.
    const TIME: &'static str;

    fn id(&self) -> &str;

    fn at(&self) -> Timestamp;
}

impl Repeatable for EventRecord {
    const TABLE: &'static str = EVENTS;
    const ID: &'static str = "event_id";
    const TIME: &'static str = "occurred_at";

    fn id(&self) -> &str {
        &self.event_id
    }

    fn at(&self) -> Timestamp {
        self.occurred_at
    }
}

impl Repeatable for OrderAnswerRecord {
    const TABLE: &'static str = ORDER_ANSWERS;
    const ID: &'static str = "answer_id";
    const TIME: &'static str = "made_at";

    fn id(&self) -> &str {
        &self.answer_id
    }

    fn at(&self) -> Timestamp {
        self.made_at
    }
}

/// Drops records that came before: earlier in `segments`, or in a row that the commit keeps and whose time lies
/// within `window_days` of theirs. Rows of the same segments do not count: the commit replaces them.
///
/// Returns how many were dropped.
pub(crate) async fn drop_repeated<R: Repeatable>(
    transaction: &Transaction,
    segments: &mut [Vec<R>],
    window_days: u32,
) -> Result<u64, LakeError> {
    let times = || segments.iter().flatten().map(R::at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return Ok(0);
    };
    let window = SignedDuration::from_hours(24 * i64::from(window_days));
    let from = first.checked_sub(window).unwrap_or(Timestamp::MIN);
    let to = last.checked_add(window).unwrap_or(Timestamp::MAX);
    let mut seen = known(transaction, segments, from, to).await?;
    let mut dropped = 0;
    for records in segments {
        records.retain(|record| {
            let new = seen.insert(record.id().to_owned());
            dropped += u64::from(!new);
            new
        });
    }
    Ok(dropped)
}

/// Those of the records' identifiers that the table holds between two moments.
async fn known<R: Repeatable>(
    transaction: &Transaction,
    segments: &[Vec<R>],
    from: Timestamp,
    to: Timestamp,
) -> Result<BTreeSet<String>, LakeError> {
    let asked: BTreeSet<&str> = segments.iter().flatten().map(R::id).collect();
    let (table, id, time) = (R::TABLE, R::ID, R::TIME);
    let sql = format!(
        "SELECT {id} FROM {table} WHERE {time} BETWEEN to_timestamp_micros({}) AND to_timestamp_micros({})",
        from.as_microsecond(),
        to.as_microsecond()
    );
    let mut rows = transaction.kept(&sql).await?;
    let mut known = BTreeSet::new();
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|e| transaction.lake().sql_error(e))?;
        let ids = batch.column(0).as_string::<i32>();
        known.extend(
            ids.iter()
                .flatten()
                .filter(|id| asked.contains(id))
                .map(str::to_owned),
        );
    }
    Ok(known)
}
