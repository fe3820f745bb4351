//! What came of decisions, day by day, as queries of each kind of judgement give it.

use super::ByProduct;
use super::expected::Waiting;
use super::judged::{count, outcome_days};
use crate::Workshop;
use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use lake::{LakeError, Snapshot};
use registry::{ErrorSums, OutcomeDay};
use schema::AsOf;
use std::collections::BTreeMap;

/// Decisions of some products and days.
pub(super) struct Span<'a> {
    pub(super) names: &'a [&'a str],
    /// The first day; from the beginning where absent.
    pub(super) from: Option<AsOf>,
    /// The day after the last.
    pub(super) to: AsOf,
}

impl Span<'_> {
    /// That a column of moments lies on its days, or at most so many days before; those after it are left out too.
    pub(super) fn around(&self, column: &str, days_before: i32) -> String {
        let since = self.since(column, days_before);
        format!("{column} < TIMESTAMP '{}T00:00:00Z'{since}", self.to)
    }

    /// That a column of moments lies no more than so many days before its first.
    pub(super) fn since(&self, column: &str, days_before: i32) -> String {
        self.from.map_or_else(String::new, |from| {
            let earliest = from.minus_days(days_before);
            format!(" AND {column} >= TIMESTAMP '{earliest}T00:00:00Z'")
        })
    }

    /// That a column of dates lies on its days.
    pub(super) fn holds(&self, column: &str) -> String {
        let begins = self.from.map_or_else(String::new, |from| {
            format!(" AND {column} >= DATE '{from}'")
        });
        format!("{column} < DATE '{}'{begins}", self.to)
    }
}

/// How decisions are judged, as queries.
pub(super) struct Judging {
    /// Tables from `WITH` on, the last of which is `held`: one row for each decision that is judged, with `product, holdout,
    /// day` and what is known of it.
    pub(super) tables: String,
    /// What a row of `held` misses, and what the naive forecast misses there; of orders whether it was not good, and 1.
    pub(super) missed: [String; 2],
    /// After these tables: counts by product, day, version and holdout: `product, day, version, holdout, decisions, judged, good`; of
    /// forecasts their sums of errors after them, as in [`ErrorSums`].
    pub(super) days: String,
    /// Decisions of each product whose outcomes are not complete: `product, count`.
    pub(super) waiting: String,
}

/// What the distance of a forecast and what came is measured by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Measure {
    /// Itself.
    Absolute,
    /// Its square, divided by one more than the naive forecast.
    Squared,
}

impl Measure {
    /// What forecasts and the naive forecast miss.
    pub(super) fn missed(self) -> [String; 2] {
        ["score", "naive"].map(|forecast| self.of(forecast))
    }

    fn of(self, forecast: &str) -> String {
        match self {
            Self::Absolute => format!("abs({forecast} - came)"),
            Self::Squared => format!("(power({forecast} - came, 2) / (1 + naive))"),
        }
    }

    /// The sums over table `held`: one row for each forecast with `product, version, holdout, day, score, came, naive`.
    pub(super) fn sums(self) -> String {
        let [lost, naive] = self.missed();
        format!(
            "SELECT product, day, version, holdout, count(*) AS decisions, count(*) AS judged,
                sum(CASE WHEN {lost} <= {naive} THEN 1 ELSE 0 END) AS good,
                CAST(sum({lost}) AS DOUBLE) AS missed, CAST(sum(power({lost}, 2)) AS DOUBLE) AS missed_squares,
                CAST(sum({naive}) AS DOUBLE) AS missed_naive,
                CAST(sum(score - came) AS DOUBLE) AS excess, CAST(sum(came) AS DOUBLE) AS sold
            FROM held GROUP BY product, day, version, holdout ORDER BY 1, 2, 3, 4"
        )
    }
}

impl Judging {
    /// What came of the decisions of each product.
    pub(super) async fn run(
        &self,
        workshop: &Workshop,
        snapshot: &Snapshot,
    ) -> Result<ByProduct<Vec<OutcomeDay>>, LakeError> {
        let mut of: ByProduct<Vec<OutcomeDay>> = BTreeMap::new();
        for batch in workshop
            .lake
            .query_at(&format!("{}\n{}", self.tables, self.days), snapshot)
            .await?
        {
            let names = batch.column(0).as_string::<i32>();
            let sums = (batch.num_columns() > 7).then(|| {
                [7, 8, 9, 10, 11].map(|column| batch.column(column).as_primitive::<Float64Type>())
            });
            for (row, day) in outcome_days(&batch, [4, 5, 6]) {
                let errors = sums.map(|sums| {
                    let [missed, missed_squares, missed_naive, excess, sold] =
                        sums.map(|sum| sum.value(row));
                    ErrorSums {
                        missed,
                        missed_squares,
                        missed_naive,
                        excess,
                        sold,
                    }
                });
                let days = of.entry(names.value(row).to_owned()).or_default();
                days.push(OutcomeDay { errors, ..day });
            }
        }
        Ok(of)
    }

    /// Decisions of each product whose outcomes are not complete.
    pub(super) async fn pending(
        &self,
        workshop: &Workshop,
        snapshot: &Snapshot,
    ) -> Result<ByProduct<Waiting>, LakeError> {
        let mut of = BTreeMap::new();
        for batch in workshop.lake.query_at(&self.waiting, snapshot).await? {
            let (names, counts) = (batch.column(0).as_string::<i32>(), count(&batch, 1));
            let waiting = |row| (names.value(row).to_owned(), Waiting::of(counts(row)));
            of.extend((0..batch.num_rows()).map(waiting));
        }
        Ok(of)
    }
}
