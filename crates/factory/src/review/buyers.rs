//! What customers were expected to buy, joined with what they bought, beside what they had bought before.

use super::ByProduct;
use super::judged::{count, product_in, quoted};
use super::outcomes::OutcomesError;
use super::sums::{Judging, Measure, Span};
use crate::Workshop;
use arrow::array::AsArray;
use lake::Snapshot;
use products::Product;
use products::value::{EXPECTED_PURCHASES, horizon_days};
use std::collections::BTreeMap;

/// Characters at the end of a customer's identifier by which it is said when a horizon of theirs begins.
const ENDING: u32 = 6;

/// Forecasts of what customers buy within a horizon.
pub(super) struct Buyers<'a> {
    pub(super) span: Span<'a>,
    /// Days that they are of.
    pub(super) horizon_days: u16,
    /// The versions of each product that forecast so many days.
    pub(super) versions: ByProduct<Vec<u32>>,
}

impl Buyers<'_> {
    /// Counts and errors by product, day of the decision, version and holdout.
    ///
    /// Time is cut for each customer into horizons, and the first decision in each counts: its days are those from its own
    /// on. Where they begin is another day for each customer, by the last characters of the identifier, so that each day
    /// has its share of the customers also where all are decided for in one night. Customers without a purchase before
    /// are none that a version values, and nothing is said of days before which less than a horizon of sales is known.
    pub(super) fn judging(&self) -> Judging {
        let horizon = self.horizon_days;
        Judging {
            tables: format!(
                "WITH {made},
                bought AS (SELECT DISTINCT customer_id, CAST(CAST(sold_at AS DATE) AS INTEGER) AS number FROM sales
                    WHERE customer_id IS NOT NULL AND NOT is_return),
                known AS (SELECT customer_id, min(number) AS first FROM bought GROUP BY customer_id),
                shop AS (SELECT min(first) AS first FROM known),
                held AS (SELECT product, version, holdout, made.day, made.customer_id, score,
                        CAST(count(CASE WHEN bought.number >= made.number THEN 1 END) AS DOUBLE) AS came,
                        CAST(count(CASE WHEN bought.number < made.number THEN 1 END) AS DOUBLE) AS naive
                    FROM made
                    JOIN known ON known.customer_id = made.customer_id AND known.first < made.number
                    JOIN shop ON shop.first <= made.number - {horizon}
                    LEFT JOIN bought ON bought.customer_id = made.customer_id
                        AND bought.number >= made.number - {horizon} AND bought.number < made.number + {horizon}
                    GROUP BY product, version, holdout, made.day, made.customer_id, score)",
                made = self.made(),
            ),
            missed: Measure::Squared.missed(),
            days: Measure::Squared.sums(),
            waiting: format!(
                "SELECT product, count(DISTINCT customer_id) FROM decisions
                WHERE {} AND decided_at >= TIMESTAMP '{}T00:00:00Z' GROUP BY product",
                self.forecasts(),
                self.span.to
            ),
        }
    }

    /// Forecasts of customers by the versions.
    fn forecasts(&self) -> String {
        let of_versions = |(name, versions): (&String, &Vec<u32>)| {
            let versions: Vec<String> = versions.iter().map(u32::to_string).collect();
            let name = quoted(name);
            format!(
                "(product = {name} AND version IN ({}))",
                versions.join(", ")
            )
        };
        let known: Vec<String> = self.versions.iter().map(of_versions).collect();
        let known = match known.is_empty() {
            true => "false".to_owned(),
            false => known.join(" OR "),
        };
        format!(
            "({known}) AND NOT fallback AND customer_id IS NOT NULL AND score IS NOT NULL
                AND action = '{EXPECTED_PURCHASES}'"
        )
    }

    /// Table `made`: the decisions that count. Of a horizon before the first day the moments are read too: what counts is
    /// the first in each.
    fn made(&self) -> String {
        let horizon = self.horizon_days;
        let places = (0..ENDING).map(|place| {
            let character = place + 1;
            format!(
                "{} * ascii(substr(reverse(customer_id), {character}, 1))",
                31_u32.pow(place)
            )
        });
        let turn = places.collect::<Vec<_>>().join(" + ");
        format!(
            "days AS (SELECT product, version, holdout, customer_id, score, decision_id, decided_at,
                    CAST(decided_at AS DATE) AS day, CAST(CAST(decided_at AS DATE) AS INTEGER) AS number
                FROM decisions WHERE {forecasts} AND {around}),
            asked AS (SELECT *, (number + ({turn}) % {horizon}) / {horizon} AS turn FROM days),
            firsts AS (SELECT product AS of_product, customer_id AS of_customer, turn AS of_turn, min(decided_at) AS first_at
                FROM asked GROUP BY product, customer_id, turn),
            alike AS (SELECT asked.*,
                    row_number() OVER (PARTITION BY product, customer_id, turn ORDER BY decision_id) AS place
                FROM asked JOIN firsts ON of_product = product AND of_customer = customer_id AND of_turn = turn
                    AND first_at = decided_at
                WHERE {holds}),
            made AS (SELECT * FROM alike WHERE place = 1)",
            forecasts = self.forecasts(),
            around = self.span.around("decided_at", i32::from(horizon)),
            holds = self.span.holds("day"),
        )
    }
}

/// The versions that decided, of each product those that forecast as many days as its file says: a version that learnt
/// from another file may forecast others, and one that cannot be read forecasts nobody knows how many.
pub(super) async fn versions(
    workshop: &Workshop,
    products: &[&dyn Product],
    span: &Span<'_>,
    horizon: u16,
    snapshot: &Snapshot,
) -> Result<ByProduct<Vec<u32>>, OutcomesError> {
    let since = span.since("decided_at", i32::from(horizon));
    let sql = format!(
        "SELECT DISTINCT product, version FROM decisions
        WHERE {} AND action = '{EXPECTED_PURCHASES}'{since} ORDER BY product, version",
        product_in(span.names)
    );
    let mut found: ByProduct<Vec<u32>> = BTreeMap::new();
    for batch in workshop.lake.query_at(&sql, snapshot).await? {
        let (names, versions) = (batch.column(0).as_string::<i32>(), count(&batch, 1));
        for row in 0..batch.num_rows() {
            let of = names.value(row);
            let product = products.iter().find(|product| product.header().name == of);
            let Ok(version) = u32::try_from(versions(row)) else {
                continue;
            };
            if let Some(product) = product
                && forecasts(workshop, *product, version).await? == Some(u32::from(horizon))
            {
                found.entry(of.to_owned()).or_default().push(version);
            }
        }
    }
    Ok(found)
}

/// Days that a version forecasts; `None` where it cannot be read.
async fn forecasts(
    workshop: &Workshop,
    product: &dyn Product,
    version: u32,
) -> Result<Option<u32>, OutcomesError> {
    let header = product.header();
    let Some(record) = workshop.registry.version(&header.name, version).await? else {
        return Ok(None);
    };
    let run = workshop.registry.run(&record.run).await?;
    if let Some(run) = run
        && run.config_fingerprint == header.fingerprint
        && let products::Judged::Valued { horizon_days } = product.judged()
    {
        return Ok(Some(u32::from(horizon_days)));
    }
    let fitted = workshop.version(product, version).await.ok();
    Ok(fitted.and_then(|fitted| horizon_days(fitted.as_ref())))
}
