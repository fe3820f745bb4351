//! Whether a product needs a training, and why or why not.

use crate::Workshop;
use crate::review::{Live, Most, ReviewError, Reviewed};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use jiff::Timestamp;
use lake::Snapshot;
use products::{Header, Product};
use registry::{RunRecord, RunStatus};
use schema::AsOf;
use schema::progress::Progress;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether a training is needed, in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needed {
    /// It is.
    Yes {
        /// Why.
        because: String,
    },
    /// It is not.
    No {
        /// Why not.
        because: String,
    },
}

/// Days after a training that a fall asked for until the same fall asks for another.
const AGAIN_AFTER_DAYS: i32 = 28;

/// Runs among which the last one with a version is sought.
const RUNS_LOOKED_AT: u32 = 20;

/// What is known before what decisions led to is looked at.
enum Verdict {
    Known(Needed),
    /// It is not needed, if decisions are as good as they were.
    UnlessFell {
        because: String,
        /// The day of the last training.
        trained: AsOf,
    },
}

/// Whether a product needs a training because its decisions became worse; `None` where they did not. What learns from a
/// column that broke learns what is wrong, answers that come late do so from any version, and where others ask than
/// before a version is as good for each of them as it was.
///
/// A training since the fall was seen has had its chance: the next comes once there are four weeks more to learn from.
///
/// - `trained`: the day of the last training.
/// - `as_of`: the first day of which no sale is known.
fn after_fall(reviewed: &Reviewed, trained: AsOf, as_of: Option<AsOf>) -> Option<Needed> {
    let Live::Measured(live) = &reviewed.live else {
        return None;
    };
    let fell = live.fell?;
    let because = fell.to_string();
    let is_young = |as_of: AsOf| as_of.epoch_day() - trained.epoch_day() < AGAIN_AFTER_DAYS;
    if trained > fell.seen && as_of.is_some_and(is_young) {
        return Some(Needed::No {
            because: format!("its decisions {because}, and it was trained since, on {trained}"),
        });
    }
    let why = reviewed.why.as_ref();
    let not_by_training =
        why.filter(|why| matches!(why.most, Most::Source | Most::Late | Most::Mix));
    Some(match not_by_training {
        Some(why) => Needed::No {
            because: format!(
                "its decisions {because}, and no training mends why: {}",
                why.sentence
            ),
        },
        None => Needed::Yes { because },
    })
}

impl Workshop {
    /// Which products need a training on all that is in the lake, by what their files say under `[retraining]`; one
    /// answer for each, in their order.
    ///
    /// # Errors
    /// [`ReviewError`] when lake or registry cannot be read.
    pub async fn trainings_needed(
        &self,
        products: &[Arc<dyn Product>],
        now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Vec<Needed>, ReviewError> {
        let snapshot = self.lake.snapshot().await?;
        let as_of = self.day_after_last_sale(&snapshot).await?;
        let mut verdicts = Vec::with_capacity(products.len());
        for product in products {
            verdicts.push(self.verdict(product.header(), &snapshot, as_of).await?);
        }
        let open: BTreeMap<String, AsOf> = products
            .iter()
            .zip(&verdicts)
            .filter_map(|(product, verdict)| match verdict {
                Verdict::UnlessFell { trained, .. } => {
                    Some((product.header().name.clone(), *trained))
                }
                Verdict::Known(_) => None,
            })
            .collect();
        let mut fell: BTreeMap<String, Needed> = BTreeMap::new();
        if !open.is_empty() {
            let names: Vec<String> = open.keys().cloned().collect();
            for reviewed in self.review(&names, now, progress).await?.products {
                let trained = open[&reviewed.header.name];
                let of_fall = after_fall(&reviewed, trained, as_of);
                fell.extend(of_fall.map(|needed| (reviewed.header.name, needed)));
            }
        }
        let needed = |(product, verdict): (&Arc<dyn Product>, Verdict)| match verdict {
            Verdict::Known(needed) => needed,
            Verdict::UnlessFell { because, .. } => fell
                .remove(&product.header().name)
                .unwrap_or(Needed::No { because }),
        };
        Ok(products.iter().zip(verdicts).map(needed).collect())
    }

    async fn verdict(
        &self,
        header: &Header,
        snapshot: &Snapshot,
        as_of: Option<AsOf>,
    ) -> Result<Verdict, ReviewError> {
        let yes = |because: String| Ok(Verdict::Known(Needed::Yes { because }));
        let no = |because: String| Ok(Verdict::Known(Needed::No { because }));
        let runs = self.registry.runs(&header.name, RUNS_LOOKED_AT).await?;
        let ended = |run: &&RunRecord| run.status != RunStatus::Running;
        let Some(last) = runs.iter().find(ended) else {
            return yes("it was never trained".to_owned());
        };
        if last.config_fingerprint != header.fingerprint {
            return yes("its file has changed since it was trained".to_owned());
        }
        let Some(learnt) = runs.iter().find(|run| run.version.is_some()) else {
            return yes("it has no version".to_owned());
        };
        if matches!(last.status, RunStatus::Failed { .. }) {
            return yes("its last training failed".to_owned());
        }
        let version = learnt.version.unwrap_or_default();
        let asks = &header.retraining;
        if asks.is_tried_first()
            && let Some(challenger) = self.waits(&header.name).await?
        {
            return no(format!(
                "version {challenger} is tried beside the champion, and a newer one would take its place"
            ));
        }
        let Some(as_of) = as_of else {
            return no("there is no sale to learn from".to_owned());
        };
        let same = learnt
            .inputs
            .iter()
            .all(|input| snapshot.tables.get(&input.table) == Some(&input.version));
        if learnt.as_of == as_of && same {
            return no(format!(
                "nothing was imported since version {version} learned"
            ));
        }
        let days = as_of.epoch_day() - learnt.as_of.epoch_day();
        if days >= i32::try_from(asks.age_days).unwrap_or(i32::MAX) {
            return yes(format!(
                "version {version} learned until {}, {days} days ago",
                learnt.as_of
            ));
        }
        if let Some(most) = asks.new_sales_share {
            let (old, new) = self.sales_until(learnt.as_of).await?;
            if new >= most * old {
                return yes(format!(
                    "{new} sales came in since version {version} learned from {old}"
                ));
            }
        }
        let because = format!(
            "version {version} learned until {}, and it asks for a training every {} days",
            learnt.as_of, asks.age_days
        );
        if asks.on_fall {
            let trained = AsOf(last.started_at.to_zoned(jiff::tz::TimeZone::UTC).date());
            Ok(Verdict::UnlessFell { because, trained })
        } else {
            no(because)
        }
    }

    /// Sales before a day, and from it on.
    async fn sales_until(&self, day: AsOf) -> Result<(f64, f64), ReviewError> {
        let sql = format!(
            "SELECT COUNT(*) FILTER (WHERE sold_at < TIMESTAMP '{day}T00:00:00Z'), \
             COUNT(*) FILTER (WHERE sold_at >= TIMESTAMP '{day}T00:00:00Z') FROM sales"
        );
        let batches = self.lake.query(&sql).await?;
        let of = |column: usize| {
            let batch = batches.iter().find(|batch| batch.num_rows() > 0);
            batch.map_or(0, |batch| {
                batch.column(column).as_primitive::<Int64Type>().value(0)
            })
        };
        Ok((of(0) as f64, of(1) as f64))
    }
}
