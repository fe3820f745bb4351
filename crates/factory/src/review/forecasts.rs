//! Forecasts joined with what sold in the periods that they are of, beside the naive forecast.

use super::ByProduct;
use super::expected::{Calibration, Waiting};
use super::judged::{count, outcome_days, product_in};
use crate::Workshop;
use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use lake::{LakeError, Snapshot};
use products::{Forecasts, Step};
use registry::{ErrorSums, OutcomeDay};
use schema::AsOf;
use std::collections::BTreeMap;

/// Forecasts of some products for some periods.
pub(super) struct Held<'a> {
    pub(super) names: &'a [&'a str],
    /// What all of them are of.
    pub(super) of: Forecasts,
    /// The first day on which a period may begin; from the beginning where absent.
    pub(super) from: Option<AsOf>,
    /// The day after the last.
    pub(super) to: AsOf,
}

impl Held<'_> {
    /// Counts and errors by product, first day of the period, version and holdout. There is nothing to calibrate: scores
    /// are forecasts.
    ///
    /// Of each period of each series the last forecast that was made before it began counts. The naive forecast is what
    /// sold in the same period of the week before; of months, in the month before. Periods in which the stock ran out
    /// say nothing of what was wanted and are left out, where forecasts are of units at a site.
    pub(super) async fn run(
        &self,
        workshop: &Workshop,
        snapshot: &Snapshot,
    ) -> Result<ByProduct<(Vec<OutcomeDay>, Calibration)>, LakeError> {
        let sql = self.sql(snapshot.tables.contains_key("stock_levels"));
        let mut of: ByProduct<(Vec<OutcomeDay>, Calibration)> = BTreeMap::new();
        for batch in workshop.lake.query_at(&sql, snapshot).await? {
            let names = batch.column(0).as_string::<i32>();
            let sums =
                [7, 8, 9, 10, 11].map(|column| batch.column(column).as_primitive::<Float64Type>());
            for (row, day) in outcome_days(&batch) {
                let [missed, missed_squares, missed_naive, excess, sold] =
                    sums.map(|sum| sum.value(row));
                let errors = ErrorSums {
                    missed,
                    missed_squares,
                    missed_naive,
                    excess,
                    sold,
                };
                let (days, _) = of.entry(names.value(row).to_owned()).or_default();
                days.push(OutcomeDay {
                    errors: Some(errors),
                    ..day
                });
            }
        }
        Ok(of)
    }

    /// Forecasts of each product for periods that are not over.
    pub(super) async fn pending(
        &self,
        workshop: &Workshop,
        snapshot: &Snapshot,
    ) -> Result<ByProduct<Waiting>, LakeError> {
        let sql = format!(
            "SELECT product, count(*) FROM (SELECT DISTINCT product, subject_product_id, placement, action FROM decisions
                WHERE {} AND TRY_CAST(action AS DATE) >= DATE '{}') AS waiting GROUP BY product",
            self.forecasts(),
            self.to
        );
        let mut of = BTreeMap::new();
        for batch in workshop.lake.query_at(&sql, snapshot).await? {
            let (names, counts) = (batch.column(0).as_string::<i32>(), count(&batch, 1));
            let waiting = |row| (names.value(row).to_owned(), Waiting::of(counts(row)));
            of.extend((0..batch.num_rows()).map(waiting));
        }
        Ok(of)
    }

    /// Actions that are forecasts of the version; a sum of periods is none. One of a first period was made at most a
    /// horizon before.
    fn forecasts(&self) -> String {
        let ahead = i32::from(self.of.days_max()) * i32::try_from(self.of.horizon).unwrap_or(400);
        let made_since = self.from.map_or_else(String::new, |from| {
            let earliest = from.minus_days(ahead);
            format!(" AND decided_at >= TIMESTAMP '{earliest}T00:00:00Z'")
        });
        format!(
            "{} AND NOT fallback AND position >= 1 AND subject_product_id IS NOT NULL AND score IS NOT NULL{made_since}",
            product_in(self.names)
        )
    }

    fn sql(&self, has_levels: bool) -> String {
        let (of, to) = (self.of, self.to);
        let (length, before) = match of.step {
            Step::Day => ("1 day", "7 days"),
            Step::Week => ("7 days", "7 days"),
            Step::Month => ("1 month", "1 month"),
        };
        // What comes back has a negative quantity.
        let line = if of.in_money {
            "quantity * unit_price_cents - CASE WHEN is_return THEN -1 ELSE 1 END * coalesce(discount_cents, 0)"
        } else {
            "quantity"
        };
        let of_returns = if of.net_of_returns {
            "true"
        } else {
            "NOT is_return"
        };
        let begins = self.from.map_or_else(String::new, |from| {
            format!(" AND TRY_CAST(action AS DATE) >= DATE '{from}'")
        });
        let sold_since = self.from.map_or_else(String::new, |from| {
            let earliest = from.minus_days(i32::from(of.days_max()).max(7));
            format!(" AND sold_at >= TIMESTAMP '{earliest}T00:00:00Z'")
        });
        let (site_made, site_sold) = if of.by_site {
            ("coalesce(placement, '')", "coalesce(site_id, '')")
        } else {
            ("''", "''")
        };
        // A forecast without a site is of a product that is sold at one only.
        let all_sites = if of.by_site {
            "UNION ALL SELECT item, '' AS site, day, sum(amount) AS amount FROM lines WHERE site <> '' GROUP BY item, day"
        } else {
            ""
        };
        let (empty, ran_out) = if has_levels && of.by_site && !of.in_money {
            (
                "empty AS (SELECT product_id AS item, site_id AS site, day AS empty_from,
                    coalesce(next, day + INTERVAL '1 day') AS empty_until
                    FROM (SELECT product_id, site_id, day, on_hand,
                        lead(day) OVER (PARTITION BY product_id, site_id ORDER BY day) AS next FROM stock_levels) AS levels
                    WHERE on_hand = 0),
                had AS (SELECT made.* FROM made LEFT ANTI JOIN empty ON empty.item = made.item
                    AND empty.site = made.site AND empty_from < made.day_after AND empty_until > made.day),",
                "had",
            )
        } else {
            ("", "made")
        };
        format!(
            "WITH latest AS (
                SELECT product, version, holdout, subject_product_id AS item, {site_made} AS site,
                    TRY_CAST(action AS DATE) AS day, score,
                    row_number() OVER (PARTITION BY product, subject_product_id, {site_made}, action
                        ORDER BY decided_at DESC, decision_id DESC) AS place
                FROM decisions
                WHERE {forecasts} AND TRY_CAST(action AS DATE) < DATE '{to}'{begins}
                    AND CAST(decided_at AS DATE) <= TRY_CAST(action AS DATE)),
            made AS (SELECT product, version, holdout, item, site, day, score,
                    CAST(day + INTERVAL '{length}' AS DATE) AS day_after, CAST(day - INTERVAL '{before}' AS DATE) AS day_before,
                    CAST(day - INTERVAL '{before}' + INTERVAL '{length}' AS DATE) AS day_before_after
                FROM latest WHERE place = 1),
            {empty}
            lines AS (SELECT product_id AS item, {site_sold} AS site, CAST(sold_at AS DATE) AS day,
                    sum({line}) AS amount
                FROM sales WHERE {of_returns}{sold_since} GROUP BY 1, 2, 3),
            sold AS (SELECT item, site, day, amount FROM lines {all_sites}),
            held AS (SELECT product, version, holdout, made.item, made.site, made.day, score,
                    coalesce(sum(CASE WHEN sold.day >= made.day AND sold.day < day_after THEN amount END), 0) AS came,
                    coalesce(sum(CASE WHEN sold.day >= day_before AND sold.day < day_before_after THEN amount END), 0)
                        AS naive
                FROM {ran_out} AS made LEFT JOIN sold ON sold.item = made.item AND sold.site = made.site
                    AND sold.day >= made.day_before AND sold.day < made.day_after
                GROUP BY product, version, holdout, made.item, made.site, made.day, score)
            SELECT product, day, version, holdout, count(*) AS decisions, count(*) AS judged,
                sum(CASE WHEN abs(score - came) <= abs(naive - came) THEN 1 ELSE 0 END) AS good,
                CAST(sum(abs(score - came)) AS DOUBLE) AS missed,
                CAST(sum(power(score - came, 2)) AS DOUBLE) AS missed_squares,
                CAST(sum(abs(naive - came)) AS DOUBLE) AS missed_naive,
                CAST(sum(score - came) AS DOUBLE) AS excess, CAST(sum(came) AS DOUBLE) AS sold
            FROM held GROUP BY product, day, version, holdout ORDER BY 1, 2, 3, 4",
            forecasts = self.forecasts(),
        )
    }
}
