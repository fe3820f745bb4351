//! Forecasts joined with what sold in the periods that they are of, beside the naive forecast.

use super::judged::product_in;
use super::sums::{Judging, Measure, Span};
use features::Clock;
use products::{Forecasts, Step};

/// Forecasts of some products for some periods: the days are the first of each period.
pub(super) struct Held<'a> {
    pub(super) span: Span<'a>,
    /// What all of them are of.
    pub(super) of: Forecasts,
    /// By whose days sales are counted.
    pub(super) clock: Clock,
}

impl Held<'_> {
    /// Counts and errors by product, first day of the period, version and holdout.
    ///
    /// Of each period of each series the last forecast that was made before it began counts. The naive forecast is what
    /// sold in the same period of the week before; of months, in the month before. Periods in which the stock ran out
    /// say nothing of what was wanted and are left out, where forecasts are of units at a site.
    ///
    /// - `has_levels`: whether it is known when the stock ran out.
    pub(super) fn judging(&self, has_levels: bool) -> Judging {
        Judging {
            tables: self.tables(has_levels),
            missed: Measure::Absolute.missed(),
            days: Measure::Absolute.sums(),
            waiting: format!(
                "SELECT product, count(*) FROM (SELECT DISTINCT product, subject_product_id, placement, action FROM decisions
                    WHERE {} AND TRY_CAST(action AS DATE) >= DATE '{}') AS waiting GROUP BY product",
                self.forecasts(),
                self.span.to
            ),
        }
    }

    /// Actions that are forecasts of the version; a sum of periods is none. One of a first period was made at most a
    /// horizon before.
    fn forecasts(&self) -> String {
        let ahead = i32::from(self.of.days_max()) * i32::try_from(self.of.horizon).unwrap_or(400);
        let made_since = self.span.since("decided_at", ahead + 1);
        format!(
            "{} AND NOT fallback AND position >= 1 AND subject_product_id IS NOT NULL AND score IS NOT NULL{made_since}",
            product_in(self.span.names)
        )
    }

    fn tables(&self, has_levels: bool) -> String {
        let of = self.of;
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
        let begins = self.span.holds("TRY_CAST(action AS DATE)");
        // A day of the shop may begin on the day before in UTC.
        let sold_since = self
            .span
            .since("sold_at", i32::from(of.days_max()).max(7) + 1);
        let [sold_on, made_on] = ["sold_at", "decided_at"].map(|at| self.clock.sql_day(at));
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
                    CAST(TRY_CAST(action AS DATE) AS INTEGER) - CAST({made_on} AS INTEGER) AS ahead,
                    row_number() OVER (PARTITION BY product, subject_product_id, {site_made}, action
                        ORDER BY decided_at DESC, decision_id DESC) AS place
                FROM decisions
                WHERE {forecasts} AND {begins}
                    AND {made_on} <= TRY_CAST(action AS DATE)),
            made AS (SELECT product, version, holdout, item, site, day, score, ahead,
                    CAST(day + INTERVAL '{length}' AS DATE) AS day_after, CAST(day - INTERVAL '{before}' AS DATE) AS day_before,
                    CAST(day - INTERVAL '{before}' + INTERVAL '{length}' AS DATE) AS day_before_after
                FROM latest WHERE place = 1),
            {empty}
            lines AS (SELECT product_id AS item, {site_sold} AS site, {sold_on} AS day,
                    sum({line}) AS amount
                FROM sales WHERE {of_returns}{sold_since} GROUP BY 1, 2, 3),
            sold AS (SELECT item, site, day, amount FROM lines {all_sites}),
            held AS (SELECT product, version, holdout, made.item, made.site, made.day, score, ahead,
                    coalesce(sum(CASE WHEN sold.day >= made.day AND sold.day < day_after THEN amount END), 0) AS came,
                    coalesce(sum(CASE WHEN sold.day >= day_before AND sold.day < day_before_after THEN amount END), 0)
                        AS naive
                FROM {ran_out} AS made LEFT JOIN sold ON sold.item = made.item AND sold.site = made.site
                    AND sold.day >= made.day_before AND sold.day < made.day_after
                GROUP BY product, version, holdout, made.item, made.site, made.day, score, ahead)",
            forecasts = self.forecasts(),
        )
    }
}
