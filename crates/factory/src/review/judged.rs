//! Lists of products joined with what came after them, by what the kind says a good one is.

use super::ByProduct;
use super::expected::{Calibration, Waiting};
use crate::Workshop;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use arrow::record_batch::RecordBatch;
use lake::{LakeError, Snapshot};
use products::Judged;
use registry::{OutcomeDay, PositionDay};
use schema::AsOf;
use std::collections::BTreeMap;

/// Decisions of some products and days, to be joined with what came after them.
pub(super) struct Join<'a> {
    pub(super) names: &'a [&'a str],
    /// How all of them are judged.
    pub(super) judged: Judged,
    /// The days of the decisions, in order and apart.
    pub(super) days: &'a [Days],
}

/// What came of the decisions of one product.
#[derive(Debug, Default)]
pub(super) struct Came {
    pub(super) days: Vec<OutcomeDay>,
    pub(super) calibration: Calibration,
    /// Of lists of a day, a version and the holdout: at each position those that show something, and those that led to
    /// something there first.
    lists: BTreeMap<(AsOf, u32, bool), Vec<[u64; 2]>>,
}

impl Came {
    /// Without positions: of what is no list.
    pub(super) fn of(days: Vec<OutcomeDay>) -> Self {
        Self {
            days,
            ..Self::default()
        }
    }

    /// Adds decisions that are alike; days come in their order.
    ///
    /// - `items`: how many products they show, where they are judged.
    /// - `found`: the first position that led to something; 0 where none did.
    fn add(&mut self, of: OutcomeDay, cell: &str, items: u64, found: u64) {
        if !of.held_out {
            self.calibration.add(cell, &of);
        }
        if of.judged > 0 {
            let key = (of.day, of.version, of.held_out);
            let at = self.lists.entry(key).or_default();
            let items = usize::try_from(items).unwrap_or(0);
            if at.len() < items {
                at.resize(items, [0, 0]);
            }
            for (index, [shown, good]) in at.iter_mut().take(items).enumerate() {
                *shown += of.judged;
                if index as u64 + 1 == found {
                    *good += of.judged;
                }
            }
        }
        match self.days.last_mut() {
            Some(last) if is_same(last, &of) => {
                last.decisions += of.decisions;
                last.judged += of.judged;
                last.good += of.good;
            }
            _ => self.days.push(of),
        }
    }

    /// What came of lists at each of their positions.
    pub(super) fn positions(&self) -> Vec<PositionDay> {
        let days = self.lists.iter().flat_map(|(key, at)| {
            let (day, version, held_out) = *key;
            at.iter()
                .zip(1..)
                .map(move |([shown, good], position)| PositionDay {
                    day,
                    version,
                    held_out,
                    position,
                    shown: *shown,
                    good: *good,
                })
        });
        days.collect()
    }
}

/// Days of decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Days {
    /// The first; all from the beginning where absent.
    pub(super) from: Option<AsOf>,
    /// The day after the last.
    pub(super) to: AsOf,
}

impl Days {
    /// That a moment lies on them, or so many days later.
    fn hold(self, column: &str, later: i32) -> String {
        let to = self.to.minus_days(-later);
        let since = self.from.map_or_else(String::new, |from| {
            format!("{column} >= TIMESTAMP '{from}T00:00:00Z' AND ")
        });
        format!("({since}{column} < TIMESTAMP '{to}T00:00:00Z')")
    }
}

/// A text in a query.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// That a decision is of one of some products.
pub(super) fn product_in(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("product IN ({})", names.join(", "))
}

impl Join<'_> {
    /// Counts by product, day, version and holdout, by position too, and of answers of the version by what scores alike.
    pub(super) async fn run(
        &self,
        workshop: &Workshop,
        snapshot: &Snapshot,
    ) -> Result<ByProduct<Came>, LakeError> {
        const BY: &str = "product, day, version, holdout, asked_at, bucket";
        let sql = format!(
            "WITH {}
            SELECT * FROM (
                SELECT {BY}, count(*) AS decisions, 0 AS judged, 0 AS good, 0 AS items, 0 AS found
                FROM heads GROUP BY {BY}
                UNION ALL
                SELECT {BY}, 0 AS decisions, count(*) AS judged, sum(good) AS good, items, found
                FROM judged GROUP BY {BY}, items, found) AS counted
            ORDER BY product, day, version, holdout",
            self.tables(),
        );
        let mut of: ByProduct<Came> = BTreeMap::new();
        for batch in workshop.lake.query_at(&sql, snapshot).await? {
            let names = batch.column(0).as_string::<i32>();
            let cell = cells(&batch, 4);
            let [items, found] = [9, 10].map(|column| count(&batch, column));
            for (row, day) in outcome_days(&batch, [6, 7, 8]) {
                let came = of.entry(names.value(row).to_owned()).or_default();
                came.add(day, &cell(row), items(row), found(row));
            }
        }
        Ok(of)
    }

    /// That a moment lies on one of the days, or so many days later.
    fn within(&self, column: &str, later: u16) -> String {
        let any: Vec<String> = self
            .days
            .iter()
            .map(|days| days.hold(column, i32::from(later)))
            .collect();
        format!("({})", any.join(" OR "))
    }

    /// That a decision can be judged. Fallbacks are left out: they are no answers of the version, and a promise of their
    /// own counts them.
    fn judgeable(&self) -> String {
        let of_whom = match self.judged {
            Judged::Bought { .. } => " AND customer_id IS NOT NULL",
            Judged::Clicked { .. }
            | Judged::Sold(_)
            | Judged::Valued { .. }
            | Judged::Launched
            | Judged::Lasted { .. }
            | Judged::No { .. } => "",
        };
        format!("{} AND NOT fallback{of_whom}", product_in(self.names))
    }

    /// The tables of a query: `heads`, one row for each decision that could be judged, and `judged`, one row for each
    /// that can be, with what is at its `top`, how many `items` it has, whether it was `good`, and the first position that
    /// was `found` to lead to something, 0 where none did: the first decision of a day about a customer at a place stands
    /// for all of them, for who looks ten times at the same list is no ten customers.
    ///
    /// Only decisions about customers who bought something within the days after are looked at closer: most did not.
    pub(super) fn tables(&self) -> String {
        let judgeable = self.judgeable();
        let days = self.judged.window_days().unwrap_or_default();
        let decided = self.within("decided_at", 0);
        // Purchases stand on each day whose decisions they may follow, so that they are joined by the day too: by the
        // customer alone each decision would meet all that the customer ever bought.
        let (came, near, joined) = match self.judged {
            Judged::Bought { .. }
            | Judged::Sold(_)
            | Judged::Valued { .. }
            | Judged::Launched
            | Judged::Lasted { .. }
            | Judged::No { .. } => (
                format!(
                    "SELECT customer_id, product_id, sold_at AS came_at,
                        CAST(CAST(sold_at AS DATE) AS INTEGER) - before.days AS day_number
                    FROM sales CROSS JOIN (SELECT column1 AS days FROM (VALUES {})) AS before
                    WHERE customer_id IS NOT NULL AND NOT is_return AND {}",
                    (0..=days)
                        .map(|day| format!("({day})"))
                        .collect::<Vec<_>>()
                        .join(", "),
                    self.within("sold_at", days)
                ),
                "LEFT SEMI JOIN came ON came.customer_id = heads.customer_id AND came.day_number = heads.day_number",
                "JOIN came ON came.customer_id = shown.customer_id AND came.day_number = shown.day_number
                    AND came.came_at > shown.decided_at",
            ),
            Judged::Clicked { .. } => (
                format!(
                    "SELECT decision_id, product_id, occurred_at AS came_at FROM events
                    WHERE decision_id IS NOT NULL AND type IN ('click', 'cart', 'purchase') AND {}",
                    self.within("occurred_at", days)
                ),
                "",
                "LEFT JOIN came ON came.decision_id = shown.decision_id AND came.came_at >= shown.decided_at",
            ),
        };
        format!(
            "heads AS (
                SELECT decision_id, product, version, holdout, customer_id, placement, coalesce(placement, '') AS asked_at,
                    {BUCKET} AS bucket, decided_at, subject_product_id AS subject, action AS top,
                    CAST(decided_at AS DATE) AS day, {DAY_NUMBER} AS day_number
                FROM decisions
                WHERE {judgeable} AND position = 1 AND {decided}),
            came AS ({came}),
            first AS (
                SELECT first_value(decision_id ORDER BY decided_at, decision_id) AS id
                FROM heads {near}
                GROUP BY product, coalesce(customer_id, decision_id), asked_at, day_number),
            shown AS (
                SELECT decision_id, customer_id, decided_at, {DAY_NUMBER} AS day_number, position, action
                FROM decisions
                WHERE {judgeable} AND position >= 1 AND {decided}),
            led AS (
                SELECT shown.decision_id AS id, CAST(max(position) AS BIGINT) AS items,
                    max(CASE WHEN came.product_id = shown.action THEN 1 ELSE 0 END) AS good,
                    CAST(coalesce(min(CASE WHEN came.product_id = shown.action THEN position END), 0) AS BIGINT) AS found
                FROM shown
                {joined} AND came.came_at <= shown.decided_at + INTERVAL '{days} days'
                GROUP BY shown.decision_id),
            judged AS (
                SELECT heads.*, items, good, found
                FROM heads LEFT SEMI JOIN first ON first.id = heads.decision_id JOIN led ON led.id = heads.decision_id)"
        )
    }

    /// Decisions of each product whose outcomes are not complete, by version and by what scores alike; those about the
    /// holdout are none of a version.
    pub(super) async fn pending(
        &self,
        workshop: &Workshop,
        snapshot: &Snapshot,
    ) -> Result<ByProduct<Waiting>, LakeError> {
        let Some(from) = self.days.last().map(|days| days.to) else {
            return Ok(BTreeMap::new());
        };
        let judgeable = self.judgeable();
        let sql = format!(
            "SELECT product, version, holdout, count(*), coalesce(placement, ''), {BUCKET} FROM decisions
             WHERE {judgeable} AND position = 1 AND decided_at >= TIMESTAMP '{from}T00:00:00Z' GROUP BY 1, 2, 3, 5, 6"
        );
        let mut of: ByProduct<Waiting> = BTreeMap::new();
        for batch in workshop.lake.query_at(&sql, snapshot).await? {
            let (names, held_out) = (
                batch.column(0).as_string::<i32>(),
                batch.column(2).as_boolean(),
            );
            let [version, decisions] = [1, 3].map(|column| count(&batch, column));
            let cell = cells(&batch, 4);
            for row in 0..batch.num_rows() {
                let waiting = of.entry(names.value(row).to_owned()).or_default();
                waiting.all += decisions(row);
                if !held_out.value(row) {
                    let version = u32::try_from(version(row)).unwrap_or(0);
                    let cells = waiting.by_version.entry(version).or_default();
                    *cells.entry(cell(row)).or_default() += decisions(row);
                }
            }
        }
        Ok(of)
    }
}

/// The day of a decision, counted.
const DAY_NUMBER: &str = "CAST(CAST(decided_at AS DATE) AS INTEGER)";

/// Which scores are alike: those of one half of a power of two, on each side of 0; 0 and none are alike too.
const BUCKET: &str = "CASE WHEN score > 0 THEN CAST(floor(2 * log2(score)) AS BIGINT)
    WHEN score < 0 THEN -10000 - CAST(floor(2 * log2(-score)) AS BIGINT) ELSE -20000 END";

/// Names of what scores alike, from a column of placements and the next of buckets.
fn cells(batch: &RecordBatch, column: usize) -> impl Fn(usize) -> String {
    let placements = batch.column(column).as_string::<i32>().clone();
    let buckets = batch.column(column + 1).as_primitive::<Int64Type>().clone();
    move |row| format!("{} {}", placements.value(row), buckets.value(row))
}

fn is_same(a: &OutcomeDay, b: &OutcomeDay) -> bool {
    (a.day, a.version, a.held_out) == (b.day, b.version, b.held_out)
}

/// A column of counts.
pub(super) fn count(batch: &RecordBatch, column: usize) -> impl Fn(usize) -> u64 {
    let counts = batch.column(column).as_primitive::<Int64Type>().clone();
    move |row| u64::try_from(counts.value(row)).unwrap_or(0)
}

/// The rows of an answer with their places: product, day, version, holdout, and in other columns counts of decisions, of
/// those that are judged and of good ones.
pub(super) fn outcome_days(batch: &RecordBatch, counts: [usize; 3]) -> Vec<(usize, OutcomeDay)> {
    let days = batch.column(1).as_primitive::<Date32Type>();
    let held_out = batch.column(3).as_boolean();
    let version = count(batch, 2);
    let [decisions, judged, good] = counts.map(|column| count(batch, column));
    let row = |row| OutcomeDay {
        day: AsOf(schema::time::date_of(days.value(row))),
        version: u32::try_from(version(row)).unwrap_or(0),
        held_out: held_out.value(row),
        decisions: decisions(row),
        judged: judged(row),
        good: good(row),
        errors: None,
    };
    let known = (0..batch.num_rows()).filter(|at| days.is_valid(*at));
    known.map(|at| (at, row(at))).collect()
}
