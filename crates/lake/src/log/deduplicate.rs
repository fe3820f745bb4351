//! The same event twice is one event.

use super::columns::EVENTS;
use super::records::EventRecord;
use crate::{LakeError, Transaction};
use arrow::array::AsArray;
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Drops events that came before: earlier in `segments`, or in a row that the commit keeps and whose time lies
/// within `window_days` of theirs. Rows of the same segments do not count: the commit replaces them.
///
/// Returns how many were dropped.
pub(crate) async fn drop_repeated(
    transaction: &Transaction,
    segments: &mut [Vec<EventRecord>],
    window_days: u32,
) -> Result<u64, LakeError> {
    let times = || segments.iter().flatten().map(|e| e.occurred_at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return Ok(0);
    };
    let window = SignedDuration::from_hours(24 * i64::from(window_days));
    let from = first.checked_sub(window).unwrap_or(Timestamp::MIN);
    let to = last.checked_add(window).unwrap_or(Timestamp::MAX);
    let mut seen = known(transaction, segments, from, to).await?;
    let mut dropped = 0;
    for events in segments {
        events.retain(|event| {
            let new = seen.insert(event.event_id.clone());
            dropped += u64::from(!new);
            new
        });
    }
    Ok(dropped)
}

/// Those of the events' identifiers that the table holds between two moments.
async fn known(
    transaction: &Transaction,
    segments: &[Vec<EventRecord>],
    from: Timestamp,
    to: Timestamp,
) -> Result<BTreeSet<String>, LakeError> {
    let asked: BTreeSet<&str> = segments
        .iter()
        .flatten()
        .map(|e| e.event_id.as_str())
        .collect();
    let sql = format!(
        "SELECT event_id FROM {EVENTS} WHERE occurred_at BETWEEN to_timestamp_micros({}) AND to_timestamp_micros({})",
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
