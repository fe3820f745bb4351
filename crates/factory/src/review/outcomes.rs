//! What decisions led to: joined once a day's outcomes are complete, and held against the days after launch.

use crate::{CHAMPION, Workshop};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use arrow::record_batch::RecordBatch;
use lake::{LakeError, Snapshot};
use math::tails::normal_upper_quantile;
use monitoring::loss::{LossDay, LossPromise, LossReference, LossVerdict, LossWatch};
use monitoring::matured::Attribution;
use monitoring::refusal::Refusal;
use products::{Judged, Product};
use registry::{OutcomeDay, StoreError};
use schema::time::day_of;
use schema::{AsOf, Estimate, WhyNot};
use serde::Serialize;
use std::collections::BTreeMap;

/// Days with outcomes after launch that later ones are held against.
const LAUNCH_DAYS: usize = 28;

/// The chance that a version is ever said to have lost quality although it has not, however often it is looked at.
const ALPHA: f64 = 0.05;

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

/// What a product's decisions led to, as far as sales before `data_until` tell.
pub(super) async fn live(
    workshop: &Workshop,
    product: &dyn Product,
    snapshot: &Snapshot,
    data_until: Option<AsOf>,
) -> Result<Live, OutcomesError> {
    let window_days = match product.judged() {
        Judged::No { because } => {
            return Ok(Live::NotJudged {
                because: because.to_owned(),
            });
        }
        Judged::Bought { window_days } => window_days,
    };
    let attribution = Attribution {
        window_days,
        delay_days: product.header().promises.label_delay_days,
    };
    let unknown = |why, pending| Ok(Live::Unknown { why, pending });
    let too_few = |found: u64| WhyNot::TooFew {
        what: "days with outcomes after launch".to_owned(),
        found,
        needed: LAUNCH_DAYS as u64 + 1,
    };
    let has = |table: &str| snapshot.tables.contains_key(table);
    let (Some(now), true) = (data_until, has("decisions") && has("sales")) else {
        return unknown(too_few(0), 0);
    };
    let name = &product.header().name;
    let registry = &workshop.registry;
    let (mut days, known) = registry.outcomes(name).await?;
    // The last day of which everything has come in: the one before the first that still waits.
    let waits = i32::from(attribution.window_days) + i32::from(attribution.delay_days);
    let complete = now.minus_days(waits + 1);
    if known.is_none_or(|known| known < complete) {
        let from = known.map(|known| known.minus_days(-1));
        let join = Join {
            name,
            window_days,
            from,
            to: complete.minus_days(-1),
        };
        let joined = join.run(workshop, snapshot).await?;
        registry.add_outcomes(name, &joined, complete).await?;
        days.extend(joined);
    }
    let pending = pending(workshop, snapshot, name, complete.minus_days(-1)).await?;
    let since = registry.alias(name, CHAMPION).await?.map(|champion| {
        let day = day_of(champion.since.as_second());
        AsOf(schema::time::date_of(day))
    });
    let losses = by_day(&days, false);
    if losses.len() <= LAUNCH_DAYS {
        return unknown(too_few(losses.len() as u64), pending);
    }
    let (launch, after) = losses.split_at(LAUNCH_DAYS);
    let reference = LossReference::measure(launch)?;
    let first = since.unwrap_or(launch[0].day);
    let watched: Vec<&LossDay> = after.iter().filter(|day| day.day >= first).collect();
    if watched.is_empty() {
        return unknown(too_few(LAUNCH_DAYS as u64), pending);
    }
    let at_launch = 1.0 - reference.mean;
    let tolerance = product.header().promises.quality_loss_max * at_launch;
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
    let half = normal_upper_quantile(0.025) * reference.standard_error;
    let held_out = by_day(&days, true);
    Ok(Live::Measured(Measured {
        what: format!(
            "of customers who bought within {window_days} days, those who bought what was shown"
        ),
        good,
        at_launch: Estimate::Measured {
            point: at_launch,
            low: (at_launch - half).max(0.0),
            high: (at_launch + half).min(1.0),
            units: launch.iter().map(|day| day.count).sum(),
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
    let (n, z) = (count as f64, normal_upper_quantile(0.025));
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

/// Decisions of some days joined with the purchases that came after them.
struct Join<'a> {
    name: &'a str,
    window_days: u16,
    /// The first day of decisions; all from the beginning where absent.
    from: Option<AsOf>,
    /// The day after the last.
    to: AsOf,
}

impl Join<'_> {
    /// Counts by day, version and holdout. The first decision of a day about a customer at a place stands for all of
    /// them: who looks ten times at the same list is no ten customers. Fallbacks are left out: they are no answers of
    /// the version, and a promise of their own counts them.
    async fn run(
        &self,
        workshop: &Workshop,
        snapshot: &Snapshot,
    ) -> Result<Vec<OutcomeDay>, LakeError> {
        let batches = workshop.lake.query_at(&self.sql(), snapshot).await?;
        Ok(batches.iter().flat_map(outcome_days).collect())
    }

    fn sql(&self) -> String {
        let (to, days) = (self.to, self.window_days);
        let from = self.from.map_or_else(String::new, |from| {
            format!(" AND decided_at >= TIMESTAMP '{from}T00:00:00Z'")
        });
        let bought_from = self.from.map_or_else(String::new, |from| {
            format!(" AND sold_at >= TIMESTAMP '{from}T00:00:00Z'")
        });
        let name = self.name.replace('\'', "''");
        format!(
            "WITH shown AS (
                SELECT decision_id, customer_id, coalesce(placement, '') AS placement, action, version, holdout,
                    decided_at, CAST(decided_at AS DATE) AS day
                FROM decisions
                WHERE product = '{name}' AND customer_id IS NOT NULL AND position >= 1 AND NOT fallback
                    AND decided_at < TIMESTAMP '{to}T00:00:00Z'{from}),
            first AS (
                SELECT customer_id, placement, day, min(decided_at) AS decided_at
                FROM shown GROUP BY customer_id, placement, day),
            kept AS (
                SELECT shown.* FROM shown JOIN first ON shown.customer_id = first.customer_id
                    AND shown.placement = first.placement AND shown.decided_at = first.decided_at),
            bought AS (
                SELECT customer_id, product_id, sold_at FROM sales
                WHERE customer_id IS NOT NULL AND NOT is_return{bought_from}),
            judged AS (
                SELECT kept.decision_id, max(CASE WHEN bought.product_id = kept.action THEN 1 ELSE 0 END) AS good
                FROM kept JOIN bought ON bought.customer_id = kept.customer_id
                    AND bought.sold_at > kept.decided_at
                    AND bought.sold_at <= kept.decided_at + INTERVAL '{days} days'
                GROUP BY kept.decision_id),
            decided AS (SELECT DISTINCT decision_id, day, version, holdout FROM kept)
            SELECT day, version, holdout, count(*) AS decisions, count(judged.good) AS judged,
                coalesce(sum(judged.good), 0) AS good
            FROM decided LEFT JOIN judged ON judged.decision_id = decided.decision_id
            GROUP BY day, version, holdout ORDER BY day, version, holdout"
        )
    }
}

fn outcome_days(batch: &RecordBatch) -> Vec<OutcomeDay> {
    let days = batch.column(0).as_primitive::<Date32Type>();
    let versions = batch.column(1).as_primitive::<Int64Type>();
    let held_out = batch.column(2).as_boolean();
    let counts = [3, 4, 5].map(|column| batch.column(column).as_primitive::<Int64Type>());
    let count = |column: usize, row: usize| u64::try_from(counts[column].value(row)).unwrap_or(0);
    (0..batch.num_rows())
        .filter(|row| days.is_valid(*row))
        .map(|row| OutcomeDay {
            day: AsOf(schema::time::date_of(days.value(row))),
            version: u32::try_from(versions.value(row)).unwrap_or(0),
            held_out: held_out.value(row),
            decisions: count(0, row),
            judged: count(1, row),
            good: count(2, row),
        })
        .collect()
}

/// Decisions from a day on, whose outcomes are not complete.
async fn pending(
    workshop: &Workshop,
    snapshot: &Snapshot,
    name: &str,
    from: AsOf,
) -> Result<u64, LakeError> {
    let name = name.replace('\'', "''");
    let sql = format!(
        "SELECT count(DISTINCT decision_id) FROM decisions WHERE product = '{name}' AND customer_id IS NOT NULL
         AND position >= 1 AND NOT fallback AND decided_at >= TIMESTAMP '{from}T00:00:00Z'"
    );
    let batches = workshop.lake.query_at(&sql, snapshot).await?;
    let count = batches.first().filter(|batch| batch.num_rows() > 0);
    Ok(count.map_or(0, |batch| {
        let counts = batch.column(0).as_primitive::<Int64Type>();
        u64::try_from(counts.value(0)).unwrap_or(0)
    }))
}
