//! Decisions joined with what came after them, by what the kind says a good one is.

use super::ByProduct;
use crate::Workshop;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use arrow::record_batch::RecordBatch;
use lake::{LakeError, Snapshot};
use products::Judged;
use registry::OutcomeDay;
use schema::AsOf;
use std::collections::BTreeMap;

/// Decisions of some products and days, to be joined with what came after them.
pub(super) struct Join<'a> {
    pub(super) names: &'a [&'a str],
    /// How all of them are judged.
    pub(super) judged: Judged,
    /// The first day of decisions; all from the beginning where absent.
    pub(super) from: Option<AsOf>,
    /// The day after the last.
    pub(super) to: AsOf,
}

/// A text in a query.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Join<'_> {
    /// Counts by product, day, version and holdout.
    pub(super) async fn run(
        &self,
        workshop: &Workshop,
        snapshot: &Snapshot,
    ) -> Result<ByProduct<Vec<OutcomeDay>>, LakeError> {
        let sql = format!(
            "WITH {}
            SELECT product, day, version, holdout, count(*) AS decisions, sum(judged) AS judged, sum(good) AS good
            FROM judged GROUP BY product, day, version, holdout ORDER BY product, day, version, holdout",
            self.tables("")
        );
        let mut of: ByProduct<Vec<OutcomeDay>> = BTreeMap::new();
        for batch in workshop.lake.query_at(&sql, snapshot).await? {
            let names = batch.column(0).as_string::<i32>();
            for (row, day) in outcome_days(&batch) {
                of.entry(names.value(row).to_owned()).or_default().push(day);
            }
        }
        Ok(of)
    }

    /// Decisions that can be judged, from a day on and before another one. Fallbacks are left out: they are no answers
    /// of the version, and a promise of their own counts them.
    fn judgeable(&self) -> String {
        let names: Vec<String> = self.names.iter().map(|name| quoted(name)).collect();
        let of_whom = match self.judged {
            Judged::Bought { .. } => " AND customer_id IS NOT NULL",
            Judged::Clicked { .. } | Judged::No { .. } => "",
        };
        format!(
            "product IN ({}) AND position >= 1 AND NOT fallback{of_whom}",
            names.join(", ")
        )
    }

    /// The tables of a query, of which `judged` holds one row for each decision: the first of a day about a customer at
    /// a place stands for all of them, for who looks ten times at the same list is no ten customers.
    ///
    /// - `also`: further columns of `judged`, worked out of the rows of one decision in `shown`, with a comma before
    ///   each.
    pub(super) fn tables(&self, also: &str) -> String {
        let (to, judgeable) = (self.to, self.judgeable());
        let days = self.judged.window_days().unwrap_or_default();
        let since = |column: &str| {
            self.from.map_or_else(String::new, |from| {
                format!(" AND {column} >= TIMESTAMP '{from}T00:00:00Z'")
            })
        };
        let decided = since("decided_at");
        // Purchases stand on each day whose decisions they may follow, so that they are joined by the day too: by the
        // customer alone each decision would meet all that the customer ever bought.
        let (came, is_judged, of) = match self.judged {
            Judged::Bought { .. } | Judged::No { .. } => (
                format!(
                    "SELECT customer_id, product_id, sold_at AS came_at,
                        CAST(CAST(sold_at AS DATE) AS INTEGER) - before.days AS day_number
                    FROM sales CROSS JOIN (SELECT column1 AS days FROM (VALUES {})) AS before
                    WHERE customer_id IS NOT NULL AND NOT is_return{}",
                    (0..=days)
                        .map(|day| format!("({day})"))
                        .collect::<Vec<_>>()
                        .join(", "),
                    since("sold_at")
                ),
                "CASE WHEN came.product_id IS NULL THEN 0 ELSE 1 END",
                "came.customer_id = shown.customer_id AND came.day_number = shown.day_number
                    AND came.came_at > shown.decided_at",
            ),
            Judged::Clicked { .. } => (
                format!(
                    "SELECT decision_id, product_id, occurred_at AS came_at FROM events
                    WHERE decision_id IS NOT NULL AND type IN ('click', 'cart', 'purchase'){}",
                    since("occurred_at")
                ),
                "1",
                "came.decision_id = shown.decision_id AND came.came_at >= shown.decided_at",
            ),
        };
        format!(
            "shown AS (
                SELECT *, CAST(decided_at AS DATE) AS day, CAST(CAST(decided_at AS DATE) AS INTEGER) AS day_number,
                    first_value(decision_id) OVER (
                        PARTITION BY product, coalesce(customer_id, decision_id), coalesce(placement, ''),
                            CAST(decided_at AS DATE)
                        ORDER BY decided_at, decision_id) AS first
                FROM decisions
                WHERE {judgeable} AND decided_at < TIMESTAMP '{to}T00:00:00Z'{decided}),
            came AS ({came}),
            judged AS (
                SELECT shown.product, shown.decision_id, day, version, holdout,
                    max({is_judged}) AS judged,
                    max(CASE WHEN came.product_id = shown.action THEN 1 ELSE 0 END) AS good{also}
                FROM shown LEFT JOIN came ON {of} AND came.came_at <= shown.decided_at + INTERVAL '{days} days'
                WHERE shown.decision_id = shown.first
                GROUP BY shown.product, shown.decision_id, day, version, holdout)"
        )
    }

    /// Decisions of each product whose outcomes are not complete.
    pub(super) async fn pending(
        &self,
        workshop: &Workshop,
        snapshot: &Snapshot,
    ) -> Result<ByProduct<u64>, LakeError> {
        let (from, judgeable) = (self.to, self.judgeable());
        let sql = format!(
            "SELECT product, count(DISTINCT decision_id) FROM decisions
             WHERE {judgeable} AND decided_at >= TIMESTAMP '{from}T00:00:00Z' GROUP BY product"
        );
        let mut of = BTreeMap::new();
        for batch in workshop.lake.query_at(&sql, snapshot).await? {
            let (names, counts) = (batch.column(0).as_string::<i32>(), count(&batch, 1));
            of.extend((0..batch.num_rows()).map(|row| (names.value(row).to_owned(), counts(row))));
        }
        Ok(of)
    }
}

/// A column of counts.
pub(super) fn count(batch: &RecordBatch, column: usize) -> impl Fn(usize) -> u64 {
    let counts = batch.column(column).as_primitive::<Int64Type>().clone();
    move |row| u64::try_from(counts.value(row)).unwrap_or(0)
}

/// The rows of an answer with their places.
fn outcome_days(batch: &RecordBatch) -> Vec<(usize, OutcomeDay)> {
    let days = batch.column(1).as_primitive::<Date32Type>();
    let held_out = batch.column(3).as_boolean();
    let [version, decisions, judged, good] = [2, 4, 5, 6].map(|column| count(batch, column));
    let row = |row| OutcomeDay {
        day: AsOf(schema::time::date_of(days.value(row))),
        version: u32::try_from(version(row)).unwrap_or(0),
        held_out: held_out.value(row),
        decisions: decisions(row),
        judged: judged(row),
        good: good(row),
    };
    let known = (0..batch.num_rows()).filter(|at| days.is_valid(*at));
    known.map(|at| (at, row(at))).collect()
}
