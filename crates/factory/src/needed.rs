//! Whether a product needs a training, and why or why not.

use crate::Workshop;
use crate::review::{Live, Most, NextTraining, Review, ReviewError, Reviewed};
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
    /// It is not needed, if decisions are as good as they were and no gain is worth it.
    Unless {
        because: String,
        /// The day of the last training, where a fall asks for one.
        fell_since: Option<AsOf>,
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
    if let Some(makes_room) = &reviewed.makes_room {
        return Some(Needed::No {
            because: format!("{}, once a job reviews", makes_room.sentence()),
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

/// Whether a product needs a training for what that is expected to gain; `because` is why it needs none else.
fn for_gain(next: Option<&NextTraining>, because: String) -> Needed {
    match next {
        Some(NextTraining::Expected(gain)) if gain.pays() => Needed::Yes {
            because: gain.sentence(),
        },
        Some(next) => Needed::No {
            because: format!("{because}; {}", next.sentence()),
        },
        None => Needed::No { because },
    }
}

/// What products need, where that hangs on what their decisions led to.
fn by_review(
    products: &[Arc<dyn Product>],
    verdicts: Vec<Verdict>,
    reviewed: &[Reviewed],
    as_of: Option<AsOf>,
) -> Vec<Needed> {
    let reviewed: BTreeMap<&str, &Reviewed> = reviewed
        .iter()
        .map(|product| (product.header.name.as_str(), product))
        .collect();
    let needed = |(product, verdict): (&Arc<dyn Product>, Verdict)| match verdict {
        Verdict::Known(needed) => needed,
        Verdict::Unless {
            because,
            fell_since,
        } => {
            let found = reviewed.get(product.header().name.as_str()).copied();
            let of_fall = found
                .zip(fell_since)
                .and_then(|(found, trained)| after_fall(found, trained, as_of));
            let next = found.and_then(|found| found.next_training.as_ref());
            of_fall.unwrap_or_else(|| for_gain(next, because))
        }
    };
    products.iter().zip(verdicts).map(needed).collect()
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
        let verdicts = self.verdicts(products, &snapshot, as_of).await?;
        let open: Vec<String> = products
            .iter()
            .zip(&verdicts)
            .filter(|(_, verdict)| matches!(verdict, Verdict::Unless { .. }))
            .map(|(product, _)| product.header().name.clone())
            .collect();
        let reviewed = match open.is_empty() {
            true => Vec::new(),
            false => self.review(&open, now, progress).await?.products,
        };
        Ok(by_review(products, verdicts, &reviewed, as_of))
    }

    /// The same after a review of all these products, since which nothing was imported or trained: it is not made again.
    ///
    /// # Errors
    /// As [`Workshop::trainings_needed`].
    pub async fn trainings_needed_after(
        &self,
        products: &[Arc<dyn Product>],
        review: &Review,
    ) -> Result<Vec<Needed>, ReviewError> {
        let (snapshot, as_of) = (self.lake.snapshot().await?, review.data_until);
        let verdicts = self.verdicts(products, &snapshot, as_of).await?;
        Ok(by_review(products, verdicts, &review.products, as_of))
    }

    async fn verdicts(
        &self,
        products: &[Arc<dyn Product>],
        snapshot: &Snapshot,
        as_of: Option<AsOf>,
    ) -> Result<Vec<Verdict>, ReviewError> {
        let mut verdicts = Vec::with_capacity(products.len());
        for product in products {
            verdicts.push(self.verdict(product.header(), snapshot, as_of).await?);
        }
        Ok(verdicts)
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
        if !asks.on_fall && asks.cost.is_none() {
            return no(because);
        }
        let trained = AsOf(last.started_at.to_zoned(jiff::tz::TimeZone::UTC).date());
        Ok(Verdict::Unless {
            because,
            fell_since: asks.on_fall.then_some(trained),
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::{ExpectedGain, LearntFrom};

    fn expected(worth: f64) -> NextTraining {
        NextTraining::Expected(Box::new(ExpectedGain {
            version: 4,
            age_days: 23,
            measure: "ndcg@20".to_owned(),
            scope: String::new(),
            better_by: [0.004, 0.001, 0.007],
            by: LearntFrom::Trainings { trainings: 5 },
            until: AsOf(jiff::civil::date(2026, 3, 1)),
            worth: [worth, worth / 4.0, 7.0 * worth / 4.0],
            cost: 30.0,
        }))
    }

    #[test]
    fn a_gain_asks_for_a_training_where_it_is_worth_more_than_one_costs() {
        let because = || "version 4 learned until 2026-01-01".to_owned();
        let Needed::Yes { because: told } = for_gain(Some(&expected(61.0)), because()) else {
            panic!("61 are more than 30");
        };
        assert_eq!(
            told,
            "version 4 is 23 days old; one more training is expected to gain 0.004000 of ndcg@20 (0.001000 to \
             0.007000), by 5 trainings, worth 61.00 until 2026-03-01, and costs 30.00"
        );
        let Needed::No { because: told } = for_gain(Some(&expected(29.0)), because()) else {
            panic!("29 are less than 30");
        };
        assert!(
            told.starts_with("version 4 learned until 2026-01-01; version 4 is 23 days old"),
            "{told}"
        );
        let few = NextTraining::Unknown {
            because: "2 past trainings can be compared, at least 3 needed".to_owned(),
        };
        let Needed::No { because: told } = for_gain(Some(&few), because()) else {
            panic!("what is not known asks for nothing");
        };
        assert!(told.ends_with(": the schedule stands"), "{told}");
        assert_eq!(for_gain(None, because()), Needed::No { because: because() });
    }
}
