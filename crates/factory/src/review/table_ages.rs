//! How old tables are whose age products promise.

use crate::Workshop;
use arrow::array::{Array, AsArray};
use arrow::datatypes::Date32Type;
use jiff::Timestamp;
use lake::{LakeError, Snapshot};
use schema::AsOf;
use schema::table::{ColumnType, table};
use std::collections::{BTreeMap, BTreeSet};

/// Of each table whose age some product promises the first day of which no row is known, by its own time, or the day of
/// the last import that brought rows where it has none; `None` where no row is known. What a table says of days to come
/// makes it no younger.
///
/// - `names`: products; all where there is none.
pub(super) async fn known_until(
    workshop: &Workshop,
    names: &[String],
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<BTreeMap<String, Option<AsOf>>, LakeError> {
    let products = workshop.project.products.iter().map(|of| of.header());
    let promised: BTreeSet<&String> = products
        .filter(|header| names.is_empty() || names.contains(&header.name))
        .flat_map(|header| header.promises.table_age_days_max.keys())
        .collect();
    let mut until = BTreeMap::new();
    for name in promised {
        let day = match question(workshop, name, now) {
            Some(sql) if is_there(name, snapshot) => day(workshop, &sql, snapshot).await?,
            Some(_) | None => None,
        };
        until.insert(name.clone(), day);
    }
    Ok(until)
}

/// Whether a table and what tells its age are in the lake.
fn is_there(name: &str, snapshot: &Snapshot) -> bool {
    let has_time = table(name).is_some_and(|table| table.time.is_some());
    let told_by = if has_time { name } else { "imports" };
    [name, told_by]
        .iter()
        .all(|of| snapshot.tables.contains_key(*of))
}

/// Asks for the first day of which no row of a table is known.
fn question(workshop: &Workshop, name: &str, now: Timestamp) -> Option<String> {
    let table = table(name)?;
    let Some(time) = table.time.as_deref() else {
        return Some(format!(
            "SELECT CAST(MAX(imported_at) AS DATE) AS day FROM imports
             WHERE \"table\" = '{name}' AND rows_accepted > 0 AND imported_at <= TIMESTAMP '{now}'"
        ));
    };
    let day = if table.column(time)?.kind == ColumnType::Timestamp {
        workshop.clock().sql_day(time)
    } else {
        time.to_owned()
    };
    let zone = workshop.project.time_zone.clone();
    let today = AsOf(now.to_zoned(zone).date());
    Some(format!(
        "SELECT MAX({day}) + INTERVAL '1 day' AS day FROM {name} WHERE {day} <= DATE '{today}'"
    ))
}

async fn day(
    workshop: &Workshop,
    sql: &str,
    snapshot: &Snapshot,
) -> Result<Option<AsOf>, LakeError> {
    let sql = format!("SELECT CAST(day AS DATE) AS day FROM ({sql}) AS found");
    let batches = workshop.lake.query_at(&sql, snapshot).await?;
    let first = batches.iter().find(|batch| batch.num_rows() > 0);
    Ok(first.and_then(|batch| {
        let days = batch.column(0).as_primitive::<Date32Type>();
        let day = days.is_valid(0).then(|| days.value(0))?;
        Some(AsOf(schema::time::date_of(day)))
    }))
}
