//! Proposed orders that were placed, joined with whether what came lasted until the next delivery.

use super::judged::product_in;
use super::sums::{Judging, Span};
use features::Clock;
use products::stock::ORDER;

/// Proposals of orders.
pub(super) struct Orders<'a> {
    pub(super) span: Span<'a>,
    /// Days after a proposal from which on what is there is no matter of it.
    pub(super) horizon_days: u16,
    /// By whose days orders are placed.
    pub(super) clock: Clock,
}

impl Orders<'_> {
    /// Counts by product, day of the proposal, version and holdout.
    ///
    /// Of the proposals of one day, by the shop's clocks, for a product at a site the last counts, where it is of some
    /// units. It is judged where exactly so many were ordered of suppliers on that day and all of them were delivered:
    /// what a person ordered instead is the person's, and what does not come is the supplier's. It was good where the
    /// stock did not run out between that delivery and the next; a level holds until another is told. Nothing is said of
    /// products of which no level was told before, and of sites of which none was told until the end of these days.
    pub(super) fn judging(&self) -> Judging {
        let (horizon, proposed) = (self.horizon_days, self.proposed());
        Judging {
            tables: format!(
                "WITH {proposed},
                made AS (SELECT * FROM proposed WHERE {holds}),
                sent AS (SELECT product_id AS item, site_id AS site, ordered_on, sum(units) AS units,
                        max(received_on) AS delivered, max(supplier_id) AS supplier
                    FROM replenishments WHERE from_site_id IS NULL GROUP BY product_id, site_id, ordered_on
                    HAVING count(received_on) = count(*) AND sum(received_units) >= sum(units)),
                placed AS (SELECT made.*, sent.delivered, sent.supplier, CAST(day + INTERVAL '{horizon} days' AS DATE) AS ends
                    FROM made JOIN sent ON sent.item = made.item AND sent.site = made.site AND sent.ordered_on = day
                        AND sent.units = CAST(round(score) AS BIGINT)
                    WHERE sent.delivered < day + INTERVAL '{horizon} days'),
                deliveries AS (SELECT DISTINCT product_id AS item, site_id AS site, received_on FROM replenishments
                    WHERE from_site_id IS NULL AND received_on IS NOT NULL),
                lasts AS (SELECT product, version, holdout, placed.item, placed.site, day, delivered, supplier,
                        coalesce(min(received_on), ends) AS until
                    FROM placed LEFT JOIN deliveries ON deliveries.item = placed.item
                        AND deliveries.site = placed.site AND received_on > delivered AND received_on < ends
                    GROUP BY product, version, holdout, placed.item, placed.site, day, delivered, supplier, ends),
                first_told AS (SELECT product_id AS item, site_id AS site, min(day) AS told_from FROM stock_levels
                    GROUP BY product_id, site_id),
                told AS (SELECT site_id AS site, max(day) AS told_until FROM stock_levels GROUP BY site_id),
                empty AS (SELECT item, levels.site, day AS empty_from,
                        coalesce(next, told_until + INTERVAL '1 day') AS empty_until
                    FROM (SELECT product_id AS item, site_id AS site, day, on_hand,
                        lead(day) OVER (PARTITION BY product_id, site_id ORDER BY day) AS next FROM stock_levels) AS levels
                    JOIN told ON told.site = levels.site
                    WHERE on_hand = 0),
                held AS (SELECT product, version, holdout, day, lasts.item, lasts.site, supplier,
                        max(CASE WHEN empty_from IS NULL THEN 0 ELSE 1 END) AS ran_out
                    FROM lasts
                    JOIN first_told ON first_told.item = lasts.item AND first_told.site = lasts.site AND told_from < until
                    JOIN told ON told.site = lasts.site AND told_until >= until - INTERVAL '1 day'
                    LEFT JOIN empty ON empty.item = lasts.item AND empty.site = lasts.site
                        AND empty_from < until AND empty_until > delivered
                    GROUP BY product, version, holdout, day, lasts.item, lasts.site, supplier)",
                holds = self.span.holds("day"),
            ),
            missed: ["ran_out", "1"].map(str::to_owned),
            days: "SELECT asked.product, asked.day, asked.version, asked.holdout, decisions, coalesce(judged, 0),
                    coalesce(good, 0)
                FROM (SELECT product, day, version, holdout, count(*) AS decisions FROM made
                    GROUP BY product, day, version, holdout) AS asked
                LEFT JOIN (SELECT product, day, version, holdout, count(*) AS judged, sum(1 - ran_out) AS good
                    FROM held GROUP BY product, day, version, holdout) AS counts
                    ON counts.product = asked.product AND counts.day = asked.day
                    AND counts.version = asked.version AND counts.holdout = asked.holdout
                ORDER BY 1, 2, 3, 4"
                .to_owned(),
            waiting: format!(
                "WITH {proposed} SELECT product, count(*) FROM proposed WHERE day >= DATE '{}' GROUP BY product",
                self.span.to
            ),
        }
    }

    /// Table `proposed`: the last proposal of each day for each product at each site, where it is of some units.
    fn proposed(&self) -> String {
        let day = self.clock.sql_day("decided_at");
        format!(
            "proposals AS (SELECT product, version, holdout, subject_product_id AS item, placement AS site, score,
                    {day} AS day,
                    row_number() OVER (PARTITION BY product, subject_product_id, placement, {day}
                        ORDER BY decided_at DESC, decision_id DESC) AS place
                FROM decisions
                WHERE {} AND NOT fallback AND action = '{ORDER}' AND subject_product_id IS NOT NULL
                    AND placement IS NOT NULL{}),
            proposed AS (SELECT * FROM proposals WHERE place = 1 AND score > 0)",
            product_in(self.span.names),
            self.span.since("decided_at", 1),
        )
    }
}
