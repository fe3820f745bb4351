//! What launches were expected to sell before they opened, joined with what they sold, beside what others had sold.

use super::judged::product_in;
use super::sums::{Judging, Measure, Span};
use features::Clock;
use products::launch::TOTAL;

/// Days before the close of a launch within which its last forecast is looked for.
const LAST_ASKED_DAYS: i32 = 366;

/// Forecasts of launches: the days are those on which they close.
pub(super) struct Launched<'a> {
    pub(super) span: Span<'a>,
    /// By whose days launches close.
    pub(super) clock: Clock,
}

impl Launched<'_> {
    /// Counts and errors by product, day on which launches close, version and holdout.
    ///
    /// Of each product in each launch the last forecast before it opened counts. The naive forecast is what launches of
    /// its category that had closed by then sold on average, or where there are none all launches; where none had closed
    /// there is nothing to hold it against. Launches that ran out are left out: what was asked for of them is not known.
    ///
    /// - `has_products`: whether it is known which category a product is of.
    pub(super) fn judging(&self, has_products: bool) -> Judging {
        let made = self.made();
        let (category, of_products) = if has_products {
            (
                "products.category",
                "LEFT JOIN products ON products.product_id = closed.item",
            )
        } else {
            ("CAST(NULL AS VARCHAR)", "")
        };
        let before = "ORDER BY moment, asks ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";
        Judging {
            tables: format!(
                "WITH {made},
                counted AS (SELECT * FROM made WHERE {holds}),
                closed AS (SELECT launch_id, launches.product_id AS item, closes_at, available_units,
                        CAST(coalesce(sum(quantity), 0) AS DOUBLE) AS units
                    FROM launches LEFT JOIN sales ON sales.product_id = launches.product_id
                        AND sold_at >= opens_at AND sold_at < closes_at AND NOT is_return
                    WHERE closes_at < {to}
                    GROUP BY launch_id, launches.product_id, closes_at, available_units),
                alike AS (SELECT closed.*, {category} AS category FROM closed {of_products}),
                moments AS (
                    SELECT category, closes_at AS moment, 0 AS asks, units, CAST(NULL AS VARCHAR) AS decision_id FROM alike
                    UNION ALL
                    SELECT category, decided_at AS moment, 1 AS asks, CAST(NULL AS DOUBLE) AS units, decision_id
                    FROM counted JOIN alike ON alike.launch_id = counted.launch_id AND alike.item = counted.item),
                past AS (SELECT decision_id, asks, category,
                        avg(units) OVER (PARTITION BY category {before}) AS of_category,
                        avg(units) OVER ({before}) AS of_all
                    FROM moments),
                held AS (SELECT product, version, holdout, counted.day, counted.item, score, units AS came,
                        CASE WHEN past.category IS NULL THEN of_all ELSE coalesce(of_category, of_all) END AS naive
                    FROM counted
                    JOIN closed ON closed.launch_id = counted.launch_id AND closed.item = counted.item
                    JOIN past ON past.asks = 1 AND past.decision_id = counted.decision_id
                    WHERE of_all IS NOT NULL AND (available_units IS NULL OR units < available_units))",
                holds = self.span.holds("day"),
                to = self.clock.sql_begins(self.span.to),
            ),
            missed: Measure::Absolute.missed(),
            days: Measure::Absolute.sums(),
            waiting: format!(
                "WITH {made} SELECT product, count(*) FROM made WHERE day >= DATE '{}' GROUP BY product",
                self.span.to
            ),
        }
    }

    /// Table `made`: the last forecast of each product in each launch before it opened. A question without a launch is
    /// about the next one of the product, and one from more than a year ago is forgotten.
    fn made(&self) -> String {
        format!(
            "about AS (SELECT product, version, holdout, score, decision_id, decided_at, launch_id,
                    launches.product_id AS item, {} AS day,
                    row_number() OVER (PARTITION BY decision_id ORDER BY opens_at, launch_id) AS nearest
                FROM decisions JOIN launches ON launches.product_id = subject_product_id
                    AND (placement IS NULL OR placement = launch_id) AND decided_at < opens_at
                WHERE {} AND NOT fallback AND action = '{TOTAL}' AND score IS NOT NULL{}),
            latest AS (SELECT *, row_number() OVER (PARTITION BY product, launch_id, item
                    ORDER BY decided_at DESC, decision_id DESC) AS place
                FROM about WHERE nearest = 1),
            made AS (SELECT * FROM latest WHERE place = 1)",
            self.clock.sql_day("closes_at"),
            product_in(self.span.names),
            self.span.since("decided_at", LAST_ASKED_DAYS),
        )
    }
}
