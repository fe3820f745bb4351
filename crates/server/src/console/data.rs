//! What pages ask of the lake and of the shop, remembered while nothing has changed.

use super::demand::Overviews;
use super::demand::gathering::Gatherings;
use super::format::Currency;
use super::indicators::Series;
use super::launches::Ahead;
use super::orders::Proposals;
use crate::problem::Problem;
use crate::state::AppState;
use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type};
use factory::review::Review;
use jiff::civil::Date;
use lake::Snapshot;
use parking_lot::Mutex;
use products::Shop;
use schema::progress::Silent;
use schema::time::date_of;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// A customer with a few figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Buyer {
    pub(super) id: String,
    pub(super) orders: u64,
    pub(super) spend_cents: i64,
    /// Days since 1970-01-01.
    pub(super) last_day: i32,
}

/// Versions of the tables that an answer was computed from.
pub(super) type Stamp = Vec<Option<u64>>;

/// Answers that stay true until the lake or the shop changes.
#[derive(Default)]
pub(super) struct Cache {
    currency: tokio::sync::Mutex<Option<(Stamp, Currency)>>,
    rows: tokio::sync::Mutex<Option<(u64, BTreeMap<String, u64>)>>,
    pub(super) indicators: tokio::sync::Mutex<Option<(Stamp, Arc<Series>)>>,
    best: Mutex<Option<(Weak<Shop>, Arc<Vec<Buyer>>)>>,
    pub(super) demand: Overviews,
    pub(super) orders: Gatherings<Proposals>,
    pub(super) launches: Gatherings<Ahead>,
    review: tokio::sync::Mutex<Option<(Instant, Arc<Review>)>>,
}

/// How long a review is shown before it is made anew.
const REVIEW_AGE_MAX: Duration = Duration::from_secs(20);

/// Customers shown as examples.
const BEST: usize = 12;

/// The versions of some tables.
pub(super) fn stamp(snapshot: &Snapshot, tables: &[&str]) -> Stamp {
    tables
        .iter()
        .map(|t| snapshot.tables.get(*t).copied())
        .collect()
}

fn failed(error: lake::LakeError) -> Problem {
    Problem::internal("read the lake", &error)
}

fn unreadable(error: arrow::error::ArrowError) -> Problem {
    Problem::internal("read the answer of the lake", &error)
}

/// The rows of a query.
pub(super) async fn query(
    state: &AppState,
    snapshot: &Snapshot,
    sql: &str,
) -> Result<Vec<RecordBatch>, Problem> {
    state
        .workshop
        .lake
        .query_at(sql, snapshot)
        .await
        .map_err(failed)
}

/// The latest state of all tables.
pub(super) async fn snapshot(state: &AppState) -> Result<Snapshot, Problem> {
    state.workshop.lake.snapshot().await.map_err(failed)
}

/// A column as texts.
pub(super) fn texts(batch: &RecordBatch, column: usize) -> Result<StringArray, Problem> {
    Ok(cast(batch.column(column), &DataType::Utf8)
        .map_err(unreadable)?
        .as_string::<i32>()
        .clone())
}

/// A column as whole numbers.
pub(super) fn integers(batch: &RecordBatch, column: usize) -> Result<Vec<Option<i64>>, Problem> {
    let column = cast(batch.column(column), &DataType::Int64).map_err(unreadable)?;
    Ok(column.as_primitive::<Int64Type>().iter().collect())
}

/// A column as numbers.
pub(super) fn numbers(batch: &RecordBatch, column: usize) -> Result<Vec<Option<f64>>, Problem> {
    let column = cast(batch.column(column), &DataType::Float64).map_err(unreadable)?;
    Ok(column.as_primitive::<Float64Type>().iter().collect())
}

/// A column of days.
pub(super) fn dates(batch: &RecordBatch, column: usize) -> Result<Vec<Option<Date>>, Problem> {
    let column = cast(batch.column(column), &DataType::Date32).map_err(unreadable)?;
    let days = column.as_primitive::<Date32Type>().iter();
    Ok(days.map(|day| day.map(date_of)).collect())
}

/// A value of a column of texts.
pub(super) fn text(column: &StringArray, row: usize) -> Option<String> {
    column.is_valid(row).then(|| column.value(row).to_owned())
}

impl Cache {
    /// The review of all products, some seconds old at most: many who look at once ask the lake once.
    pub(super) async fn review(&self, state: &AppState) -> Result<Arc<Review>, Problem> {
        let mut kept = self.review.lock().await;
        if let Some((made, review)) = kept.as_ref()
            && made.elapsed() < REVIEW_AGE_MAX
        {
            return Ok(Arc::clone(review));
        }
        let now = jiff::Timestamp::now();
        let review = state.workshop.review(&[], now, &Silent).await;
        let review = Arc::new(review.map_err(|e| Problem::internal("review the products", &e))?);
        *kept = Some((Instant::now(), Arc::clone(&review)));
        Ok(review)
    }

    /// The currency of the sales.
    pub(super) async fn currency(
        &self,
        state: &AppState,
        snapshot: &Snapshot,
    ) -> Result<Currency, Problem> {
        let stamp = stamp(snapshot, &["sales"]);
        let mut kept = self.currency.lock().await;
        if let Some((at, known)) = kept.as_ref().filter(|(at, _)| *at == stamp) {
            debug_assert_eq!(at, &stamp);
            return Ok(known.clone());
        }
        let mut codes = Vec::new();
        if stamp != [None] {
            let sql = "SELECT currency, COUNT(*) AS n FROM sales GROUP BY currency ORDER BY n DESC, currency";
            for batch in query(state, snapshot, sql).await? {
                codes.extend(texts(&batch, 0)?.iter().flatten().map(str::to_owned));
            }
        }
        let found = Currency::of(&codes);
        *kept = Some((stamp, found.clone()));
        Ok(found)
    }

    /// Rows of every table that has any.
    pub(super) async fn rows(
        &self,
        state: &AppState,
        snapshot: &Snapshot,
    ) -> Result<BTreeMap<String, u64>, Problem> {
        let mut kept = self.rows.lock().await;
        if let Some((_, known)) = kept
            .as_ref()
            .filter(|(version, _)| *version == snapshot.version)
        {
            return Ok(known.clone());
        }
        let counts = snapshot
            .tables
            .keys()
            .map(|t| format!("SELECT '{t}' AS name, COUNT(*) AS n FROM {t}"));
        let sql = counts.collect::<Vec<_>>().join(" UNION ALL ");
        let mut rows = BTreeMap::new();
        if !sql.is_empty() {
            for batch in query(state, snapshot, &sql).await? {
                let (names, counts) = (texts(&batch, 0)?, integers(&batch, 1)?);
                for (name, n) in names.iter().zip(counts) {
                    let n = n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
                    rows.insert(name.unwrap_or_default().to_owned(), n);
                }
            }
        }
        *kept = Some((snapshot.version, rows.clone()));
        Ok(rows)
    }

    /// The customers with most orders.
    pub(super) fn best(&self, shop: &Arc<Shop>) -> Arc<Vec<Buyer>> {
        let mut kept = self.best.lock();
        if let Some((_, known)) = kept
            .as_ref()
            .filter(|(of, _)| std::ptr::eq(of.as_ptr(), Arc::as_ptr(shop)))
        {
            return Arc::clone(known);
        }
        let history = &shop.history;
        let mut all: Vec<(u64, u32)> = (0u32..)
            .take(history.customers().len())
            .map(|c| (orders(history.lines_of(c)), c))
            .collect();
        // Ties by identifier, so that the examples stay the same.
        all.sort_unstable_by_key(|(orders, c)| (std::cmp::Reverse(*orders), *c));
        let best = Arc::new(
            all.iter()
                .take(BEST)
                .map(|(_, c)| buyer(shop, *c))
                .collect::<Vec<_>>(),
        );
        *kept = Some((Arc::downgrade(shop), Arc::clone(&best)));
        best
    }
}

/// Orders among lines, returns not counted.
pub(super) fn orders(lines: &[features::SaleLine]) -> u64 {
    let mut orders: Vec<u32> = lines
        .iter()
        .filter(|l| !l.is_return)
        .map(|l| l.order)
        .collect();
    orders.sort_unstable();
    orders.dedup();
    orders.len() as u64
}

/// A customer of the history with a few figures.
pub(super) fn buyer(shop: &Shop, customer: u32) -> Buyer {
    let lines = shop.history.lines_of(customer);
    Buyer {
        id: shop.history.customers()[customer as usize].clone(),
        orders: orders(lines),
        spend_cents: lines.iter().map(|l| l.spend_cents).sum(),
        last_day: lines
            .iter()
            .filter(|l| !l.is_return)
            .map(features::SaleLine::epoch_day)
            .max()
            .unwrap_or(0),
    }
}
