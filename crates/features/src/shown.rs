//! What customers came to see and what reached them, out of the lake.

use crate::load::{LoadError, Names, each};
use crate::{Assignment, Exposure, Until};
use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use lake::{Lake, Snapshot};
use std::collections::HashSet;

/// Every visit of a known customer before a day: who, and when in seconds since 1970-01-01 UTC.
///
/// # Errors
/// [`LoadError::Lake`] when the table cannot be read.
pub async fn visits(
    lake: &Lake,
    snapshot: &Snapshot,
    until: &Until,
    mut take: impl FnMut(&str, i64),
) -> Result<(), LoadError> {
    let known = until.sql();
    let views = format!(
        "SELECT customer_id, occurred_at FROM events WHERE \"type\" = 'view' \
         AND occurred_at < {known} \
         AND customer_id IS NOT NULL"
    );
    each(lake, snapshot, "events", &views, |batch| {
        let customer = batch.column(0).as_string::<i32>();
        let at = batch.column(1).as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            take(customer.value(row), at.value(row).div_euclid(1_000_000));
        }
    })
    .await
}

/// The offers that reached the customers drawn, before the day.
pub(crate) async fn exposures(
    lake: &Lake,
    snapshot: &Snapshot,
    until: &Until,
    assignments: &[Assignment],
    names: &mut Names,
) -> Result<Vec<(String, Exposure)>, LoadError> {
    let mut shown = Vec::new();
    if assignments.is_empty() {
        return Ok(shown);
    }
    let drawn: HashSet<&str> = assignments.iter().map(|a| a.customer.as_str()).collect();
    let known = until.sql();
    let sql = format!(
        "SELECT customer_id, exposed_at, offer_id FROM exposures WHERE customer_id IS NOT NULL \
         AND offer_id IS NOT NULL AND exposed_at < {known}"
    );
    each(lake, snapshot, "exposures", &sql, |batch| {
        let texts = |i: usize| batch.column(i).as_string::<i32>();
        let at = batch.column(1).as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            let customer = texts(0).value(row);
            if drawn.contains(customer) {
                let exposure = Exposure {
                    at_seconds: at.value(row).div_euclid(1_000_000),
                    offer: names.shared(texts(2).value(row)),
                };
                shown.push((customer.to_owned(), exposure));
            }
        }
    })
    .await?;
    Ok(shown)
}
