//! What decisions led to: joined once a day's outcomes are complete, and held against the days after launch.

use super::ByProduct;
use super::judged::Join;
use crate::Workshop;
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
    /// Share of good ones in the four weeks before the present version answered.
    pub before: Estimate,
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
    judged: Judged,
    delay_days: u16,
    /// The last day whose outcomes are noted.
    known: Option<AsOf>,
}

impl Alike {
    /// The last day of which everything has come in: the one before the first that still waits.
    fn complete(self, now: AsOf) -> AsOf {
        let window_days = self.judged.window_days().unwrap_or_default();
        now.minus_days(1 + i32::from(window_days) + i32::from(self.delay_days))
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
    let (Some(now), true) = (data_until, has("decisions")) else {
        return Ok(pending);
    };
    let mut groups: BTreeMap<Alike, Vec<&str>> = BTreeMap::new();
    for product in products {
        let judged = product.judged();
        let told_by = match judged {
            Judged::Bought { .. } => "sales",
            Judged::Clicked { .. } => "events",
            Judged::No { .. } => continue,
        };
        if has(told_by) {
            let header = product.header();
            let (_, known) = workshop.registry.outcomes(&header.name).await?;
            let delay_days = header.promises.label_delay_days;
            let alike = Alike {
                judged,
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
            judged: alike.judged,
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
    let what = match product.judged() {
        Judged::No { because } => {
            return Ok(Live::NotJudged {
                because: because.to_owned(),
            });
        }
        Judged::Bought { window_days } => format!(
            "of customers who bought within {window_days} days, those who bought what was shown"
        ),
        Judged::Clicked { .. } => "of answers, those of which something was clicked".to_owned(),
    };
    let header = product.header();
    let (mut days, _) = workshop.registry.outcomes(&header.name).await?;
    if let Some(first) = header.promises.quality_since {
        days.retain(|of| of.day >= first);
    }
    let since = since.map(|at| AsOf(schema::time::date_of(day_of(at.as_second()))));
    let loss_max = header.promises.quality_loss_max;
    held_against_launch(&days, since, what, loss_max, pending)
}

/// Days with outcomes beside the first of them.
fn held_against_launch(
    days: &[OutcomeDay],
    since: Option<AsOf>,
    what: String,
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
    let recent = losses
        .iter()
        .filter(|day| day.day < first && day.day >= first.minus_days(LAUNCH_DAYS as i32));
    Ok(Live::Measured(Measured {
        what,
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
        before: share(recent, "decisions before the present version"),
        baseline: share(
            held_out.iter().filter(|day| day.day >= first),
            "decisions for the holdout",
        ),
        fell: match reading.verdict {
            LossVerdict::Quiet => None,
            // A later change may explain more than the one that was seen; that one it does not date.
            LossVerdict::Passed { seen, likely_since } => Some(Fell {
                seen,
                likely_since: likely_since.filter(|since| *since <= seen),
            }),
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

/// Share of good decisions.
fn share<'a>(days: impl Iterator<Item = &'a LossDay>, what: &str) -> Estimate {
    let (count, lost) = days.fold((0, 0.0), |(n, lost), day| (n + day.count, lost + day.sum));
    Estimate::share(count as f64 - lost, count, what)
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
            let live = held_against_launch(&forty(good), None, String::new(), 0.1, 5).unwrap();
            let nothing = matches!(
                live,
                Live::Unknown {
                    why: WhyNot::NoVariation { .. },
                    pending: 5
                }
            );
            assert!(nothing, "{live:?}");
        }
        let live = held_against_launch(&forty(8), None, String::new(), 0.1, 5).unwrap();
        assert!(matches!(live, Live::Measured(of) if of.fell.is_none() && of.days.len() == 12));
    }
}
