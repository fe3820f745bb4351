//! Decisions about customers joined with what came after them, by what the kind says a good one is.

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
            "WITH {},
            outcomes AS (SELECT product, day, version, holdout, count(*) AS judged, sum(good) AS good
                FROM judged GROUP BY product, day, version, holdout),
            asked AS (SELECT product, day, version, holdout, count(*) AS decisions
                FROM heads GROUP BY product, day, version, holdout)
            SELECT asked.product, asked.day, asked.version, asked.holdout, decisions, coalesce(judged, 0),
                coalesce(good, 0)
            FROM asked LEFT JOIN outcomes ON outcomes.product = asked.product AND outcomes.day = asked.day
                AND outcomes.version = asked.version AND outcomes.holdout = asked.holdout
            ORDER BY 1, 2, 3, 4",
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
            Judged::Clicked { .. } | Judged::Sold(_) | Judged::No { .. } => "",
        };
        format!(
            "product IN ({}) AND NOT fallback{of_whom}",
            names.join(", ")
        )
    }

    /// The tables of a query: `heads`, one row for each decision that could be judged, and `judged`, one row for each
    /// that can be: the first of a day about a customer at a place stands for all of them, for who looks ten times at the
    /// same list is no ten customers.
    ///
    /// Only decisions about customers who bought something within the days after are looked at closer: most did not.
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
        let (came, near, joined) = match self.judged {
            Judged::Bought { .. } | Judged::Sold(_) | Judged::No { .. } => (
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
                "LEFT SEMI JOIN came ON came.customer_id = heads.customer_id AND came.day_number = heads.day_number",
                "JOIN came ON came.customer_id = shown.customer_id AND came.day_number = firsts.day_number
                    AND came.came_at > shown.decided_at",
            ),
            Judged::Clicked { .. } => (
                format!(
                    "SELECT decision_id, product_id, occurred_at AS came_at FROM events
                    WHERE decision_id IS NOT NULL AND type IN ('click', 'cart', 'purchase'){}",
                    since("occurred_at")
                ),
                "",
                "LEFT JOIN came ON came.decision_id = shown.decision_id AND came.came_at >= shown.decided_at",
            ),
        };
        format!(
            "heads AS (
                SELECT decision_id, product, version, holdout, customer_id, placement, decided_at,
                    CAST(decided_at AS DATE) AS day, CAST(CAST(decided_at AS DATE) AS INTEGER) AS day_number
                FROM decisions
                WHERE {judgeable} AND position = 1 AND decided_at < TIMESTAMP '{to}T00:00:00Z'{decided}),
            came AS ({came}),
            near AS (
                SELECT decision_id, day, day_number,
                    row_number() OVER (
                        PARTITION BY product, coalesce(customer_id, decision_id), coalesce(placement, ''), day_number
                        ORDER BY decided_at, decision_id) AS place
                FROM heads {near}),
            firsts AS (SELECT decision_id, day, day_number FROM near WHERE place = 1),
            judged AS (
                SELECT shown.product, shown.decision_id, day, version, holdout,
                    max(CASE WHEN came.product_id = shown.action THEN 1 ELSE 0 END) AS good{also}
                FROM firsts
                JOIN decisions AS shown ON shown.decision_id = firsts.decision_id AND shown.position >= 1{shown_since}
                {joined} AND came.came_at <= shown.decided_at + INTERVAL '{days} days'
                GROUP BY shown.product, shown.decision_id, day, version, holdout)",
            shown_since = since("shown.decided_at"),
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
            "SELECT product, count(*) FROM decisions
             WHERE {judgeable} AND position = 1 AND decided_at >= TIMESTAMP '{from}T00:00:00Z' GROUP BY product"
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
pub(super) fn outcome_days(batch: &RecordBatch) -> Vec<(usize, OutcomeDay)> {
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
        errors: None,
    };
    let known = (0..batch.num_rows()).filter(|at| days.is_valid(*at));
    known.map(|at| (at, row(at))).collect()
}
