//! A history out of the lake: only rows that passed their contract are there.

use crate::history::{History, HistoryBuilder, NewLine};
use crate::shown::{exposures, visits};
use crate::{Assignment, Logged, Offer, Offers, Product, Rounds, RoundsBuilder, Trials, Until};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use futures::TryStreamExt;
use lake::{Lake, LakeError, Snapshot};
use schema::AsOf;
use schema::progress::Progress;
use schema::time::date_of;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// Why a history cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The lake refused.
    #[error("read table `{table}`")]
    Lake {
        /// The table.
        table: &'static str,
        /// What the lake said.
        #[source]
        source: LakeError,
    },
    /// There is nothing to learn from.
    #[error(
        "read the history before {as_of}: table `sales` has no accepted row before that day; import sales first"
    )]
    Empty {
        /// The day asked for.
        as_of: AsOf,
    },
}

/// Whose decisions are read: the names of data products that others learn from, or that learn from their own. A log
/// grows with every answer, so that those of all others are left out.
pub type Logs = BTreeSet<String>;

/// The condition that a decision is of one of these data products.
fn of_products(logs: &Logs) -> String {
    let names = logs
        .iter()
        .map(|name| format!("'{}'", name.replace('\'', "''")));
    format!("product IN ({})", names.collect::<Vec<_>>().join(", "))
}

pub(crate) async fn each(
    lake: &Lake,
    snapshot: &Snapshot,
    table: &'static str,
    sql: &str,
    mut take: impl FnMut(&RecordBatch),
) -> Result<(), LoadError> {
    let failed = |source| LoadError::Lake { table, source };
    let mut stream = lake.stream_at(sql, snapshot).await.map_err(failed)?;
    while let Some(batch) = stream
        .try_next()
        .await
        .map_err(|e| failed(lake.sql_error(e)))?
    {
        take(&batch);
    }
    Ok(())
}

/// Lines of sales before a day, so that it can be told how far the reading is.
async fn sales_before(lake: &Lake, snapshot: &Snapshot, until: &Until) -> Result<u64, LoadError> {
    let known = until.sql();
    let sql = format!("SELECT COUNT(*) FROM sales WHERE sold_at < {known}");
    let mut rows = 0;
    each(lake, snapshot, "sales", &sql, |batch| {
        let counted = batch.column(0).as_primitive::<Int64Type>();
        rows += counted.values().iter().sum::<i64>();
    })
    .await?;
    Ok(u64::try_from(rows).unwrap_or(0))
}

/// Everything that `snapshot` knows before a day.
///
/// `progress` is told one stage whose units are lines of sales.
///
/// Draws of trials come with it, of the data products in `logs` also what they drew and the days on which they decided for
/// customers, and the visits of all these customers.
///
/// Time O(rows log rows); memory about 60 bytes a sales line while it is built, 40 after.
///
/// # Errors
/// [`LoadError::Empty`] when no sale was accepted before the day; [`LoadError::Lake`] when a table cannot be read.
pub async fn load(
    lake: &Lake,
    snapshot: &Snapshot,
    until: &Until,
    logs: &Logs,
    progress: &dyn Progress,
) -> Result<History, LoadError> {
    let mut sales = sales(lake, snapshot, until, "customer_id", progress).await?;
    each(
        lake,
        snapshot,
        "sites",
        "SELECT site_id FROM sites",
        |batch| {
            let sites = batch.column(0).as_string::<i32>();
            sites
                .iter()
                .flatten()
                .for_each(|site| sales.know_site(site));
        },
    )
    .await?;
    let products = products(lake, snapshot, until.as_of).await?;
    let history = sales.build(until.as_of, products).by(until.clock.clone());
    let history = history.with_trials(trials(lake, snapshot, until, logs).await?);
    Ok(history.with_offers(offers(lake, snapshot).await?))
}

/// The same sales with the site of each in the place of its customer, and no trials: what happened at each site.
///
/// # Errors
/// As [`load`].
pub async fn load_sites(
    lake: &Lake,
    snapshot: &Snapshot,
    until: &Until,
    progress: &dyn Progress,
) -> Result<History, LoadError> {
    let sales = sales(lake, snapshot, until, "site_id", progress).await?;
    let products = products(lake, snapshot, until.as_of).await?;
    Ok(sales.build(until.as_of, products).by(until.clock.clone()))
}

/// The sales before a day, by the column that says whose they are.
async fn sales(
    lake: &Lake,
    snapshot: &Snapshot,
    until: &Until,
    whose: &str,
    progress: &dyn Progress,
) -> Result<HistoryBuilder, LoadError> {
    progress.stage(
        "read the history",
        sales_before(lake, snapshot, until).await?,
    );
    let mut builder = HistoryBuilder::default();
    let mut rows = 0usize;
    let known = until.sql();
    let sales = format!(
        "SELECT {whose}, product_id, order_id, sold_at, quantity, is_return, \
         quantity * unit_price_cents - CASE WHEN is_return THEN -1 ELSE 1 END * COALESCE(discount_cents, 0) AS spend, \
         COALESCE(discount_cents, 0) AS discount, site_id AS site \
         FROM sales WHERE sold_at < {known}"
    );
    each(lake, snapshot, "sales", &sales, |batch| {
        let texts = |i: usize| batch.column(i).as_string::<i32>();
        let numbers = |i: usize| batch.column(i).as_primitive::<Int64Type>();
        let (customer, product, order) = (texts(0), texts(1), texts(2));
        let at = batch.column(3).as_primitive::<TimestampMicrosecondType>();
        let (quantity, is_return, spend) = (numbers(4), batch.column(5).as_boolean(), numbers(6));
        let (discount, site) = (numbers(7), texts(8));
        rows += batch.num_rows();
        progress.advance(batch.num_rows() as u64);
        for i in 0..batch.num_rows() {
            let line = NewLine {
                customer: customer.is_valid(i).then(|| customer.value(i)),
                product: product.value(i),
                order: order.value(i),
                at_seconds: at.value(i).div_euclid(1_000_000),
                quantity: quantity.value(i),
                spend_cents: spend.value(i),
                discount_cents: discount.value(i),
                is_return: is_return.value(i),
            };
            builder.push_at(line, site.is_valid(i).then(|| site.value(i)));
        }
    })
    .await?;
    if rows == 0 {
        return Err(LoadError::Empty { as_of: until.as_of });
    }
    Ok(builder)
}

/// What may be offered to customers: those of days to come are known too.
async fn offers(lake: &Lake, snapshot: &Snapshot) -> Result<Offers, LoadError> {
    let sql = "SELECT offer_id, \"type\", depth, fixed_cost_retailer_cents, fixed_cost_brand_cents, valid_from, valid_to, \
               eligibility, cost_retailer_cents, cost_brand_cents FROM offers";
    let mut found = Vec::new();
    each(lake, snapshot, "offers", sql, |batch| {
        let text = |i: usize| batch.column(i).as_string::<i32>();
        let day = |i: usize, row| date_of(batch.column(i).as_primitive::<Date32Type>().value(row));
        let cents = |i: usize, row| {
            let column = batch.column(i).as_primitive::<Int64Type>();
            column.is_valid(row).then(|| column.value(row))
        };
        let (depth, eligibility) = (batch.column(2).as_primitive::<Float64Type>(), text(7));
        for row in 0..batch.num_rows() {
            found.push(Offer {
                id: text(0).value(row).to_owned(),
                kind: text(1).value(row).to_owned(),
                depth: depth.value(row),
                cost_retailer_cents: cents(8, row).unwrap_or(0),
                cost_brand_cents: cents(9, row),
                fixed_cost_retailer_cents: cents(3, row),
                fixed_cost_brand_cents: cents(4, row),
                valid_from: day(5, row),
                valid_to: day(6, row),
                eligibility: eligibility
                    .is_valid(row)
                    .then(|| eligibility.value(row).to_owned()),
            });
        }
    })
    .await?;
    Ok(Offers::new(found))
}

/// Code of the reason of a decision that chance made: its value [`PROPENSITIES`] holds the probability of every arm.
const DRAWN: &str = "drawn";

/// Code of the reason of a decision that a rule made: where that is measured its probability is below 1, and it is no
/// choice of the version all the same.
const RULE_GAVE: &str = "rule_gave";

/// The value of the reason `drawn` that holds the probability of every arm, as a JSON object.
pub const PROPENSITIES: &str = "propensities";

/// The probabilities of all arms, out of the reasons of a decision that chance made.
fn drawn_with(reasons: &str) -> Option<String> {
    let reasons: serde_json::Value = serde_json::from_str(reasons).ok()?;
    let drawn = reasons.as_array()?.iter().find(|r| r["code"] == DRAWN)?;
    Some(drawn["values"][PROPENSITIES].as_str()?.to_owned())
}

/// Whom data products decided for before the day; what a fallback answered tells nothing of a product.
async fn rounds(
    lake: &Lake,
    snapshot: &Snapshot,
    until: &Until,
    logs: &Logs,
) -> Result<Rounds, LoadError> {
    let mut builder = RoundsBuilder::default();
    let known = until.sql();
    let first_of_day = format!(
        "SELECT product, customer_id, MIN(decided_at) AS decided_at, holdout, \
         MIN(propensity) < 1 AND NOT coalesce(bool_or(reasons LIKE '%\"code\":\"{RULE_GAVE}\"%'), false) AS open, \
         MIN(version) AS version \
         FROM decisions WHERE {} AND NOT fallback AND customer_id IS NOT NULL \
         AND decided_at < {known} \
         GROUP BY product, customer_id, holdout, CAST(decided_at AS DATE)",
        of_products(logs)
    );
    each(lake, snapshot, "decisions", &first_of_day, |batch| {
        let texts = |i: usize| batch.column(i).as_string::<i32>();
        let at = batch.column(2).as_primitive::<TimestampMicrosecondType>();
        let (held_out, open) = (batch.column(3).as_boolean(), batch.column(4).as_boolean());
        let version = batch.column(5).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let (product, customer) = (texts(0).value(row), texts(1).value(row));
            let logged = Logged {
                at_seconds: at.value(row).div_euclid(1_000_000),
                version: u64::try_from(version.value(row)).unwrap_or(0),
                held_out: held_out.value(row),
                open: open.value(row),
            };
            builder.push(product, customer, &logged);
        }
    })
    .await?;
    Ok(builder.build())
}

/// The draws that data products made themselves, each customer's first by version.
async fn drawn_by_products(
    lake: &Lake,
    snapshot: &Snapshot,
    until: &Until,
    logs: &Logs,
    names: &mut Names,
) -> Result<Vec<Assignment>, LoadError> {
    let mut assignments = Vec::new();
    let known = until.sql();
    let decided = format!(
        "SELECT product, customer_id, MIN(decided_at) AS decided_at, action, reasons FROM decisions \
         WHERE {} AND NOT holdout AND NOT fallback AND customer_id IS NOT NULL AND action IS NOT NULL \
         AND reasons LIKE '%\"code\":\"{DRAWN}\"%' AND decided_at < {known} \
         GROUP BY product, version, customer_id, action, reasons",
        of_products(logs)
    );
    each(lake, snapshot, "decisions", &decided, |batch| {
        let texts = |i: usize| batch.column(i).as_string::<i32>();
        let at = batch.column(2).as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            let Some(propensities) = drawn_with(texts(4).value(row)) else {
                continue;
            };
            assignments.push(Assignment {
                trial: names.shared(texts(0).value(row)),
                customer: texts(1).value(row).to_owned(),
                at_seconds: at.value(row).div_euclid(1_000_000),
                arm: names.shared(texts(3).value(row)),
                propensities: names.shared(&propensities),
                context: None,
            });
        }
    })
    .await?;
    Ok(assignments)
}

/// Gives equal texts one memory.
#[derive(Default)]
pub(crate) struct Names(HashSet<Arc<str>>);

impl Names {
    pub(crate) fn shared(&mut self, text: &str) -> Arc<str> {
        match self.0.get(text) {
            Some(known) => Arc::clone(known),
            None => {
                let new: Arc<str> = text.into();
                self.0.insert(Arc::clone(&new));
                new
            }
        }
    }
}

/// The draws of all trials before the day, and where it is read whom data products decided for, their own draws and
/// their rounds, and the visits of the customers in them.
async fn trials(
    lake: &Lake,
    snapshot: &Snapshot,
    until: &Until,
    logs: &Logs,
) -> Result<Trials, LoadError> {
    let known_until = until.sql();
    let mut names = Names::default();
    let mut assignments = Vec::new();
    let imported = format!(
        "SELECT trial, customer_id, assigned_at, arm, propensities, context FROM assignments \
         WHERE assigned_at < {known_until}"
    );
    each(lake, snapshot, "assignments", &imported, |batch| {
        let texts = |i: usize| batch.column(i).as_string::<i32>();
        let at = batch.column(2).as_primitive::<TimestampMicrosecondType>();
        let context = texts(5);
        for row in 0..batch.num_rows() {
            assignments.push(Assignment {
                trial: names.shared(texts(0).value(row)),
                customer: texts(1).value(row).to_owned(),
                at_seconds: at.value(row).div_euclid(1_000_000),
                arm: names.shared(texts(3).value(row)),
                propensities: names.shared(texts(4).value(row)),
                context: context.is_valid(row).then(|| context.value(row).to_owned()),
            });
        }
    })
    .await?;
    let rounds = if logs.is_empty() {
        Rounds::default()
    } else {
        let drawn = drawn_by_products(lake, snapshot, until, logs, &mut names);
        assignments.extend(drawn.await?);
        rounds(lake, snapshot, until, logs).await?
    };
    let mut seen = Vec::new();
    let drawn = assignments.iter().map(|a| a.customer.as_str());
    let known: HashSet<&str> = drawn.chain(rounds.customers()).collect();
    if !known.is_empty() {
        visits(lake, snapshot, until, |customer, at_seconds| {
            if known.contains(customer) {
                seen.push((customer.to_owned(), at_seconds));
            }
        })
        .await?;
    }
    let shown = exposures(lake, snapshot, until, &assignments, &mut names).await?;
    Ok(Trials::new(assignments, seen)
        .with_rounds(rounds)
        .with_exposures(shown))
}

/// A purchase that an event tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// The event.
    pub event_id: String,
    /// Who bought.
    pub customer: String,
    /// What was bought.
    pub product: String,
    /// Seconds since 1970-01-01 UTC.
    pub at_seconds: i64,
    /// Units.
    pub quantity: i32,
}

/// Every purchase of a known customer that table `events` tells of, from the moment on until which a history knows sales,
/// in any order.
///
/// # Errors
/// [`LoadError::Lake`] when the table cannot be read.
pub async fn purchases(
    lake: &Lake,
    snapshot: &Snapshot,
    since: &Until,
    mut take: impl FnMut(Purchase),
) -> Result<(), LoadError> {
    let since = since.sql();
    let sql = format!(
        "SELECT event_id, customer_id, product_id, occurred_at, COALESCE(quantity, 1) AS quantity FROM events \
         WHERE \"type\" = 'purchase' AND customer_id IS NOT NULL AND product_id IS NOT NULL \
         AND occurred_at >= {since}"
    );
    each(lake, snapshot, "events", &sql, |batch| {
        let texts = |i: usize| batch.column(i).as_string::<i32>();
        let (event, customer, product) = (texts(0), texts(1), texts(2));
        let at = batch.column(3).as_primitive::<TimestampMicrosecondType>();
        let quantity = batch.column(4).as_primitive::<Int64Type>();
        for i in 0..batch.num_rows() {
            take(Purchase {
                event_id: event.value(i).to_owned(),
                customer: customer.value(i).to_owned(),
                product: product.value(i).to_owned(),
                at_seconds: at.value(i).div_euclid(1_000_000),
                quantity: i32::try_from(quantity.value(i)).unwrap_or(i32::MAX),
            });
        }
    })
    .await
}

/// The catalogue with the price and the stock known before the day; a level holds until the next one is told.
async fn products(
    lake: &Lake,
    snapshot: &Snapshot,
    as_of: AsOf,
) -> Result<Vec<Product>, LoadError> {
    let sql = format!(
        "SELECT p.product_id, p.name, p.category, p.brand, p.merchant_id, \
                COALESCE(r.price_cents, p.price_cents) AS price_cents, COALESCE(p.active, true) AS active, s.in_stock, p.cost_cents \
         FROM products p \
         LEFT JOIN (SELECT product_id, last_value(price_cents ORDER BY valid_from) AS price_cents FROM prices \
                    WHERE valid_from < DATE '{as_of}' GROUP BY product_id) r ON r.product_id = p.product_id \
         LEFT JOIN (SELECT product_id, SUM(on_hand) > 0 AS in_stock FROM \
                    (SELECT product_id, site_id, last_value(on_hand ORDER BY day) AS on_hand FROM stock_levels \
                     WHERE day < DATE '{as_of}' GROUP BY product_id, site_id) l GROUP BY product_id) s \
                ON s.product_id = p.product_id"
    );
    let mut found = Vec::new();
    each(lake, snapshot, "products", &sql, |batch| {
        let text = |i: usize, row: usize| {
            let column = batch.column(i).as_string::<i32>();
            column.is_valid(row).then(|| column.value(row).to_owned())
        };
        let price = batch.column(5).as_primitive::<Int64Type>();
        let (active, stock) = (batch.column(6).as_boolean(), batch.column(7).as_boolean());
        let cost = batch.column(8).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            found.push(Product {
                id: text(0, row).unwrap_or_default(),
                name: text(1, row),
                category: text(2, row),
                brand: text(3, row),
                merchant_id: text(4, row),
                price_cents: price.is_valid(row).then(|| price.value(row)),
                cost_cents: cost.is_valid(row).then(|| cost.value(row)),
                active: active.value(row),
                in_stock: stock.is_valid(row).then(|| stock.value(row)),
            });
        }
    })
    .await?;
    Ok(found)
}
