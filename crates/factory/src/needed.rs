//! Whether a product needs a training, and why or why not.

use crate::Workshop;
use crate::review::{Live, ReviewError};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use jiff::Timestamp;
use products::Product;
use registry::{RunRecord, RunStatus};
use schema::AsOf;
use schema::progress::Progress;

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

/// Runs among which the last one with a version is sought.
const RUNS_LOOKED_AT: u32 = 20;

impl Workshop {
    /// Whether a product needs a training on all that is in the lake, by what its file says under `[retraining]`.
    ///
    /// # Errors
    /// [`ReviewError`] when lake or registry cannot be read.
    pub async fn training_needed(
        &self,
        product: &dyn Product,
        now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Needed, ReviewError> {
        let header = product.header();
        let yes = |because: String| Ok(Needed::Yes { because });
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
        let snapshot = self.lake.snapshot().await?;
        let Some(as_of) = self.day_after_last_sale(&snapshot).await? else {
            let because = "there is no sale to learn from".to_owned();
            return Ok(Needed::No { because });
        };
        let same = learnt
            .inputs
            .iter()
            .all(|input| snapshot.tables.get(&input.table) == Some(&input.version));
        if learnt.as_of == as_of && same {
            let because = format!("nothing was imported since version {version} learned");
            return Ok(Needed::No { because });
        }
        let asks = &header.retraining;
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
        if asks.on_fall {
            let review = self.review(std::slice::from_ref(&header.name), now, progress);
            for reviewed in review.await?.products {
                if let Live::Measured(live) = reviewed.live
                    && let Some(fell) = live.fell
                {
                    return yes(fell.to_string());
                }
            }
        }
        let because = format!(
            "version {version} learned until {}, and it asks for a training every {} days",
            learnt.as_of, asks.age_days
        );
        Ok(Needed::No { because })
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
