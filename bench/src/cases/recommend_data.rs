//! The three real sets of the recommender cases, each as what was known and what came after.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int32Type, TimestampMicrosecondType};
use models::recommend::{Event, Interactions, Seen};

use super::columns::batches;

const MICROSECONDS_PER_DAY: f64 = 86_400e6;

/// Histories known on a date, and what each customer took after it.
pub(crate) struct Task {
    pub(crate) known: Interactions,
    pub(crate) as_of_days: f64,
    /// Per customer; ids from `known.n_items()` on are products nobody had seen, which no list can hold.
    pub(crate) targets: Vec<Vec<u32>>,
    pub(crate) seen: Seen,
}

fn integers(batch: &RecordBatch, name: &str) -> anyhow::Result<Vec<i32>> {
    let column = batch
        .column_by_name(name)
        .with_context(|| format!("no column `{name}`"))?;
    let column = cast(column, &DataType::Int32)?;
    Ok(column
        .as_primitive::<Int32Type>()
        .iter()
        .map(|value| value.unwrap_or(0))
        .collect())
}

/// MovieLens-1M: films of earlier splits are known, the film of split `test` is the target. One customer in `every`.
pub(crate) fn movielens(path: &Path, test: i32, every: i32) -> anyhow::Result<Task> {
    let mut rows: Vec<(i32, i32, i32, i32)> = Vec::new();
    for batch in batches(path)? {
        let columns =
            ["user_id", "position", "item_id", "split"].map(|name| integers(&batch, name));
        let [users, positions, items, splits] = columns;
        let (users, positions, items, splits) = (users?, positions?, items?, splits?);
        for row in 0..users.len() {
            rows.push((users[row], positions[row], items[row], splits[row]));
        }
    }
    let items: Vec<i32> = rows
        .iter()
        .map(|row| row.2)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let mut histories: BTreeMap<i32, (Vec<Event>, Vec<u32>)> = BTreeMap::new();
    for (user, position, item, split) in rows {
        if user % every != 0 {
            continue;
        }
        let item = items.binary_search(&item).unwrap_or(0) as u32;
        let (events, targets) = histories.entry(user).or_default();
        if split < test {
            events.push(Event {
                item,
                at_days: f64::from(position),
                weight: 1.0,
            });
        } else if split == test {
            targets.push(item);
        }
    }
    let (events, targets): (Vec<_>, Vec<_>) = histories.into_values().unzip();
    // Positions, not days, tell the time here: nothing is later than the longest history.
    Ok(Task {
        known: Interactions::new(items.len(), events)?,
        as_of_days: 1e5,
        targets,
        seen: Seen::Excluded,
    })
}

/// Ta-Feng: all baskets are known and the future one is the target; or, `inner`, the last known basket is.
pub(crate) fn tafeng(folder: &Path, inner: bool, every: i32) -> anyhow::Result<Task> {
    let mut events: BTreeMap<i32, Vec<Event>> = BTreeMap::new();
    let mut n_items = 0;
    for batch in batches(&folder.join("history.parquet"))? {
        let (users, baskets, items) = (
            integers(&batch, "user")?,
            integers(&batch, "basket_no")?,
            integers(&batch, "item")?,
        );
        for row in 0..users.len() {
            n_items = n_items.max(items[row] + 1);
            if users[row] % every == 0 {
                let event = Event {
                    item: items[row] as u32,
                    at_days: f64::from(baskets[row]),
                    weight: 1.0,
                };
                events.entry(users[row]).or_default().push(event);
            }
        }
    }
    let mut targets: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
    for batch in batches(&folder.join("future.parquet"))? {
        let (users, items) = (integers(&batch, "user")?, integers(&batch, "item")?);
        for row in 0..users.len() {
            n_items = n_items.max(items[row] + 1);
            targets
                .entry(users[row])
                .or_default()
                .push(items[row] as u32);
        }
    }
    let mut held: Vec<Vec<u32>> = Vec::new();
    let mut known: Vec<Vec<Event>> = Vec::new();
    for (user, mut history) in events {
        if inner {
            let last = history
                .iter()
                .map(|event| event.at_days)
                .fold(f64::MIN, f64::max);
            held.push(
                history
                    .iter()
                    .filter(|event| event.at_days == last)
                    .map(|event| event.item)
                    .collect(),
            );
            history.retain(|event| event.at_days < last);
        } else {
            held.push(targets.remove(&user).unwrap_or_default());
        }
        known.push(history);
    }
    let known = Interactions::new(n_items as usize, known)?;
    Ok(Task {
        known,
        as_of_days: 1e4,
        targets: held,
        seen: Seen::Allowed,
    })
}

/// UCI retail: products a customer bought from `cut` up to `end` and not before, among lines with a customer, no cancellation,
/// quantity and price above 0 and codes that start with five digits. Dates in days since 1970.
pub(crate) fn uci(path: &Path, cut_days: f64, end_days: f64) -> anyhow::Result<Task> {
    let mut before: Vec<(i32, String, f64)> = Vec::new();
    let mut after: Vec<(i32, String)> = Vec::new();
    for batch in batches(path)? {
        let text = |name: &str| -> anyhow::Result<_> {
            let column = batch
                .column_by_name(name)
                .with_context(|| format!("no column `{name}`"))?;
            Ok(cast(column, &DataType::Utf8)?)
        };
        let (invoices, codes) = (text("InvoiceNo")?, text("StockCode")?);
        let (invoices, codes) = (invoices.as_string::<i32>(), codes.as_string::<i32>());
        let (customers, quantities) = (
            integers(&batch, "CustomerID")?,
            integers(&batch, "Quantity")?,
        );
        let prices = batch
            .column_by_name("UnitPrice")
            .context("no column `UnitPrice`")?;
        let prices = prices.as_primitive::<Float64Type>();
        let times = batch
            .column_by_name("InvoiceDate")
            .context("no column `InvoiceDate`")?;
        let times = times.as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            let code = codes.value(row);
            let is_product = code.len() >= 5 && code.as_bytes()[..5].iter().all(u8::is_ascii_digit);
            let is_sale = customers[row] > 0
                && quantities[row] > 0
                && prices.is_valid(row)
                && prices.value(row) > 0.0;
            if !is_product || !is_sale || invoices.value(row).starts_with('C') {
                continue;
            }
            let at_days = times.value(row) as f64 / MICROSECONDS_PER_DAY;
            if at_days < cut_days {
                before.push((customers[row], code.to_owned(), at_days));
            } else if at_days < end_days {
                after.push((customers[row], code.to_owned()));
            }
        }
    }
    let catalogue: BTreeSet<&str> = before.iter().map(|row| row.1.as_str()).collect();
    let mut ids: BTreeMap<&str, u32> = catalogue
        .iter()
        .enumerate()
        .map(|(id, &code)| (code, id as u32))
        .collect();
    let n_items = ids.len();
    for (_, code) in &after {
        let next = ids.len() as u32;
        ids.entry(code).or_insert(next);
    }
    let mut histories: BTreeMap<i32, (Vec<Event>, Vec<u32>)> = BTreeMap::new();
    for (customer, code, at_days) in &before {
        let event = Event {
            item: ids[code.as_str()],
            at_days: *at_days,
            weight: 1.0,
        };
        histories.entry(*customer).or_default().0.push(event);
    }
    for (customer, code) in &after {
        if let Some((events, targets)) = histories.get_mut(customer) {
            let item = ids[code.as_str()];
            if events.iter().all(|event| event.item != item) {
                targets.push(item);
            }
        }
    }
    let (events, targets): (Vec<_>, Vec<_>) = histories.into_values().unzip();
    Ok(Task {
        known: Interactions::new(n_items, events)?,
        as_of_days: cut_days,
        targets,
        seen: Seen::Excluded,
    })
}
