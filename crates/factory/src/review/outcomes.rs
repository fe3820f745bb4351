//! What decisions led to: joined once a day's outcomes are complete, and held against the days after launch.

use super::ByProduct;
use crate::Workshop;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use arrow::record_batch::RecordBatch;
use jiff::Timestamp;
use lake::{LakeError, Snapshot};
use monitoring::loss::{LossDay, LossPromise, LossReference, LossVerdict, LossWatch};
use monitoring::refusal::Refusal;
use products::{Judged, Product};
use registry::{OutcomeDay, StoreError};
use schema::time::day_of;
use schema::{AsOf, Estimate, WhyNot};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Days with outcomes after launch that later ones are held against.
const LAUNCH_DAYS: usize = 28;

/// The chance that a version is ever said to have lost quality although it has not, however often it is looked at.
const ALPHA: f64 = 0.05;

/// The normal quantile of a 95 % interval.
const Z_95: f64 = 1.959_963_984_540_054;

/// Why outcomes cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum OutcomesError {
    /// The lake.
    #[error("read the lake")]
    Lake(#[from] LakeError),
    /// The registry.
    #[error("read the registry")]
    Registry(#[from] StoreError),
    /// Counts that no decisions can have.
    #[error("watch the outcomes")]
    Watch(#[from] Refusal),
}

/// What a product's decisions led to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case", tag = "judged")]
pub enum Live {
    /// Single decisions are not judged.
    NotJudged {
        /// Why.
        because: String,
    },
    /// They are, but nothing can be said yet.
    Unknown {
        /// Why.
        why: WhyNot,
        /// Decisions whose outcomes are not complete.
        pending: u64,
    },
    /// They are held against the days after launch.
    Measured(Measured),
}

/// What decisions led to, beside what they led to after launch.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// What a good decision is.
    pub what: String,
    /// Share of good ones since the version answers, with the interval that holds however often it is read.
    pub good: Estimate,
    /// Share of good ones on the first days.
    pub at_launch: Estimate,
    /// The first of these days and the last.
    pub launch_days: (AsOf, AsOf),
    /// The share that quality may fall to.
    pub allowed: f64,
    /// The days since then on which outcomes are known, and the share of good ones on each.
    pub days: Vec<(AsOf, f64)>,
    /// What the baseline's answers to the holdout led to since the version answers.
    pub baseline: Estimate,
    /// When it was seen that quality fell below that, where it did.
    pub fell: Option<Fell>,
    /// Decisions whose outcomes are not complete.
    pub pending: u64,
}

/// A loss of quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fell {
    /// The day that showed it.
    pub seen: AsOf,
    /// The day from which on a change explains most.
    pub likely_since: Option<AsOf>,
}

impl std::fmt::Display for Fell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "fell below what is allowed, seen by {}", self.seen)?;
        match self.likely_since {
            Some(since) => write!(f, ", likely since {since}"),
            None => Ok(()),
        }
    }
}

/// Products whose decisions are judged alike, and of which the same days are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Alike {
    window_days: u16,
    delay_days: u16,
    /// The last day whose outcomes are noted.
    known: Option<AsOf>,
}

impl Alike {
    /// The last day of which everything has come in: the one before the first that still waits.
    fn complete(self, now: AsOf) -> AsOf {
        now.minus_days(1 + i32::from(self.window_days) + i32::from(self.delay_days))
    }
}

/// Notes what the decisions of days led to that have become complete, of all products whose decisions are judged; how
/// many decisions of each still wait. Those that are judged alike are joined together, so that the log is read once.
pub(super) async fn note(
    workshop: &Workshop,
    products: &[&Arc<dyn Product>],
    snapshot: &Snapshot,
    data_until: Option<AsOf>,
) -> Result<ByProduct<u64>, OutcomesError> {
    let mut pending = BTreeMap::new();
    let has = |table: &str| snapshot.tables.contains_key(table);
    let (Some(now), true) = (data_until, has("decisions") && has("sales")) else {
        return Ok(pending);
    };
    let mut groups: BTreeMap<Alike, Vec<&str>> = BTreeMap::new();
    for product in products {
        if let Judged::Bought { window_days } = product.judged() {
            let header = product.header();
            let (_, known) = workshop.registry.outcomes(&header.name).await?;
            let delay_days = header.promises.label_delay_days;
            let alike = Alike {
                window_days,
                delay_days,
                known,
            };
            groups.entry(alike).or_default().push(&header.name);
        }
    }
    for (alike, names) in &groups {
        let complete = alike.complete(now);
        let join = Join {
            names,
            window_days: alike.window_days,
            from: alike.known.map(|known| known.minus_days(-1)),
            to: complete.minus_days(-1),
        };
        if alike.known.is_none_or(|known| known < complete) {
            let mut joined = join.run(workshop, snapshot).await?;
            for name in names {
                let days = joined.remove(*name).unwrap_or_default();
                workshop
                    .registry
                    .add_outcomes(name, &days, complete)
                    .await?;
            }
        }
        pending.extend(join.pending(workshop, snapshot).await?);
    }
    Ok(pending)
}

/// What a product's decisions led to, as far as it is noted.
///
/// - `since`: from when on the present version answers.
pub(super) async fn live(
    workshop: &Workshop,
    product: &dyn Product,
    since: Option<Timestamp>,
    pending: u64,
) -> Result<Live, OutcomesError> {
    let window_days = match product.judged() {
        Judged::No { because } => {
            return Ok(Live::NotJudged {
                because: because.to_owned(),
            });
        }
        Judged::Bought { window_days } => window_days,
    };
    let header = product.header();
    let (days, _) = workshop.registry.outcomes(&header.name).await?;
    let since = since.map(|at| AsOf(schema::time::date_of(day_of(at.as_second()))));
    let loss_max = header.promises.quality_loss_max;
    held_against_launch(&days, since, window_days, loss_max, pending)
}

/// Days with outcomes beside the first of them.
fn held_against_launch(
    days: &[OutcomeDay],
    since: Option<AsOf>,
    window_days: u16,
    loss_max: f64,
    pending: u64,
) -> Result<Live, OutcomesError> {
    let unknown = |why| Ok(Live::Unknown { why, pending });
    let too_few = |found: usize| WhyNot::TooFew {
        what: "days with outcomes after launch".to_owned(),
        found: found as u64,
        needed: LAUNCH_DAYS as u64 + 1,
    };
    let losses = by_day(days, false);
    if losses.len() <= LAUNCH_DAYS {
        return unknown(too_few(losses.len()));
    }
    let (launch, after) = losses.split_at(LAUNCH_DAYS);
    let lost: f64 = launch.iter().map(|day| day.sum).sum();
    let judged: u64 = launch.iter().map(|day| day.count).sum();
    if lost == 0.0 || lost == judged as f64 {
        return unknown(WhyNot::NoVariation {
            what: "what decisions led to after launch".to_owned(),
        });
    }
    let reference = LossReference::measure(launch)?;
    let first = since.unwrap_or(launch[0].day);
    let watched: Vec<&LossDay> = after.iter().filter(|day| day.day >= first).collect();
    if watched.is_empty() {
        return unknown(too_few(LAUNCH_DAYS));
    }
    let at_launch = 1.0 - reference.mean;
    let tolerance = loss_max * at_launch;
    let promise = LossPromise::against(&reference, tolerance, ALPHA);
    let mut watch = LossWatch::new(promise)?;
    for day in &watched {
        watch.look(day)?;
    }
    let reading = watch.read();
    let units: u64 = watched.iter().map(|day| day.count).sum();
    let good = match reading.interval {
        None => Estimate::NotMeasurable(too_few(0)),
        Some(interval) => Estimate::Measured {
            point: 1.0 - interval.mean,
            low: (1.0 - interval.high).max(0.0),
            high: (1.0 - interval.low).min(1.0),
            units,
        },
    };
    let half = Z_95 * reference.standard_error;
    let held_out = by_day(days, true);
    Ok(Live::Measured(Measured {
        what: format!(
            "of customers who bought within {window_days} days, those who bought what was shown"
        ),
        good,
        at_launch: Estimate::Measured {
            point: at_launch,
            low: (at_launch - half).max(0.0),
            high: (at_launch + half).min(1.0),
            units: judged,
        },
        launch_days: (launch[0].day, launch[launch.len() - 1].day),
        allowed: at_launch - tolerance,
        days: watched
            .iter()
            .map(|day| (day.day, 1.0 - day.mean()))
            .collect(),
        baseline: share(held_out.iter().filter(|day| day.day >= first)),
        fell: match reading.verdict {
            LossVerdict::Quiet => None,
            LossVerdict::Passed { seen, likely_since } => Some(Fell { seen, likely_since }),
        },
        pending,
    }))
}

/// Losses of each day: 1 for a decision that was judged and not good.
fn by_day(days: &[OutcomeDay], held_out: bool) -> Vec<LossDay> {
    let mut sums: BTreeMap<AsOf, (u64, u64)> = BTreeMap::new();
    for of in days.iter().filter(|of| of.held_out == held_out) {
        let (judged, good) = sums.entry(of.day).or_default();
        *judged += of.judged;
        *good += of.good;
    }
    let judged = sums.into_iter().filter(|(_, (judged, _))| *judged > 0);
    judged
        .map(|(day, (judged, good))| {
            let lost = (judged - good) as f64;
            LossDay {
                day,
                count: judged,
                sum: lost,
                sum_squares: lost,
                season: 1.0,
            }
        })
        .collect()
}

/// Share of good decisions with Wilson's 95 % interval.
fn share<'a>(days: impl Iterator<Item = &'a LossDay>) -> Estimate {
    let (count, lost) = days.fold((0, 0.0), |(n, lost), day| (n + day.count, lost + day.sum));
    if count == 0 {
        return Estimate::NotMeasurable(WhyNot::TooFew {
            what: "decisions for the holdout".to_owned(),
            found: 0,
            needed: 1,
        });
    }
    let (n, z) = (count as f64, Z_95);
    let point = 1.0 - lost / n;
    let center = (point + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (point * (1.0 - point) / n + z * z / (4.0 * n * n)).sqrt();
    Estimate::Measured {
        point,
        low: (center - half).max(0.0),
        high: (center + half).min(1.0),
        units: count,
    }
}

/// Decisions of some products and days, to be joined with the purchases that came after them.
struct Join<'a> {
    names: &'a [&'a str],
    window_days: u16,
    /// The first day of decisions; all from the beginning where absent.
    from: Option<AsOf>,
    /// The day after the last.
    to: AsOf,
}

impl Join<'_> {
    /// Counts by product, day, version and holdout. The first decision of a day about a customer at a place stands for
    /// all of them: who looks ten times at the same list is no ten customers. Fallbacks are left out: they are no
    /// answers of the version, and a promise of their own counts them.
    async fn run(
        &self,
        workshop: &Workshop,
        snapshot: &Snapshot,
    ) -> Result<ByProduct<Vec<OutcomeDay>>, LakeError> {
        let mut of: ByProduct<Vec<OutcomeDay>> = BTreeMap::new();
        for batch in workshop.lake.query_at(&self.sql(), snapshot).await? {
            let names = batch.column(0).as_string::<i32>();
            for (row, day) in outcome_days(&batch) {
                of.entry(names.value(row).to_owned()).or_default().push(day);
            }
        }
        Ok(of)
    }

    /// Decisions that can be judged, from a day on and before another one.
    fn judgeable(&self) -> String {
        let names = self
            .names
            .iter()
            .map(|name| format!("'{}'", name.replace('\'', "''")));
        let names: Vec<String> = names.collect();
        format!(
            "product IN ({}) AND customer_id IS NOT NULL AND position >= 1 AND NOT fallback",
            names.join(", ")
        )
    }

    fn sql(&self) -> String {
        let (to, days, judgeable) = (self.to, self.window_days, self.judgeable());
        let since = |column: &str| {
            self.from.map_or_else(String::new, |from| {
                format!(" AND {column} >= TIMESTAMP '{from}T00:00:00Z'")
            })
        };
        let (decided, sold) = (since("decided_at"), since("sold_at"));
        format!(
            "WITH shown AS (
                SELECT product, decision_id, customer_id, action, version, holdout, decided_at,
                    CAST(decided_at AS DATE) AS day,
                    first_value(decision_id) OVER (
                        PARTITION BY product, customer_id, coalesce(placement, ''), CAST(decided_at AS DATE)
                        ORDER BY decided_at, decision_id) AS first
                FROM decisions
                WHERE {judgeable} AND decided_at < TIMESTAMP '{to}T00:00:00Z'{decided}),
            bought AS (
                SELECT customer_id, product_id, sold_at FROM sales
                WHERE customer_id IS NOT NULL AND NOT is_return{sold}),
            judged AS (
                SELECT shown.product, shown.decision_id, day, version, holdout,
                    max(CASE WHEN bought.product_id IS NULL THEN 0 ELSE 1 END) AS judged,
                    max(CASE WHEN bought.product_id = shown.action THEN 1 ELSE 0 END) AS good
                FROM shown LEFT JOIN bought ON bought.customer_id = shown.customer_id
                    AND bought.sold_at > shown.decided_at
                    AND bought.sold_at <= shown.decided_at + INTERVAL '{days} days'
                WHERE shown.decision_id = shown.first
                GROUP BY shown.product, shown.decision_id, day, version, holdout)
            SELECT product, day, version, holdout, count(*) AS decisions,
                sum(judged) AS judged, sum(good) AS good
            FROM judged GROUP BY product, day, version, holdout ORDER BY product, day, version, holdout"
        )
    }

    /// Decisions of each product whose outcomes are not complete.
    async fn pending(
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
fn count(batch: &RecordBatch, column: usize) -> impl Fn(usize) -> u64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Forty days of twenty judged decisions each.
    fn forty(good: u64) -> Vec<OutcomeDay> {
        let first = AsOf(jiff::civil::date(2026, 3, 1));
        let day = |n: i32| OutcomeDay {
            day: first.minus_days(-n),
            version: 1,
            held_out: false,
            decisions: 30,
            judged: 20,
            good: good + u64::from(good > 0 && good < 20 && n % 2 == 0),
        };
        (0..40).map(day).collect()
    }

    #[test]
    fn decisions_that_never_or_always_led_to_something_are_held_against_nothing() {
        for good in [0, 20] {
            let live = held_against_launch(&forty(good), None, 7, 0.1, 5).unwrap();
            let nothing = matches!(
                live,
                Live::Unknown {
                    why: WhyNot::NoVariation { .. },
                    pending: 5
                }
            );
            assert!(nothing, "{live:?}");
        }
        let live = held_against_launch(&forty(8), None, 7, 0.1, 5).unwrap();
        assert!(matches!(live, Live::Measured(of) if of.fell.is_none() && of.days.len() == 12));
    }
}
