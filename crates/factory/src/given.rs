//! What customers got lately, out of the decisions in the lake: what caps per customer are kept by.

use crate::workshop::Workshop;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use futures::TryStreamExt;
use jiff::Timestamp;
use lake::{Lake, LakeError};
use products::{Asked, Counted, Gave, Lately, Product, Standing, Week};
use schema::CustomerId;
use std::collections::{BTreeMap, BTreeSet};

/// What customers got lately from the data products that cap it. Within a process it is exact, for what a decision gives
/// is noted before it is answered; what another process or a batch gave counts once it was read in the lake.
#[derive(Debug)]
pub struct Given {
    lake: Lake,
    of: BTreeMap<String, Lately>,
    /// Data files of table `decisions` that were read.
    seen: tokio::sync::Mutex<BTreeSet<String>>,
}

/// The name of a product and which of its decisions count, where it caps what it gives.
#[must_use]
pub fn counted(product: &dyn Product) -> Option<(String, Counted)> {
    let counted = product.counted()?;
    Some((product.header().name.clone(), counted))
}

impl Given {
    /// Of those of the products that cap what they give; none where none does.
    ///
    /// - `counted`: of each of them, see [`counted`].
    #[must_use]
    pub fn of(lake: &Lake, counted: impl IntoIterator<Item = (String, Counted)>) -> Option<Self> {
        let each = counted.into_iter();
        let of: BTreeMap<String, Lately> = each
            .map(|(name, counted)| (name, Lately::new(counted)))
            .collect();
        (!of.is_empty()).then(|| Self {
            lake: lake.clone(),
            of,
            seen: tokio::sync::Mutex::default(),
        })
    }

    /// What customers got from a product; `None` where it does not cap that.
    #[must_use]
    pub fn lately(&self, product: &str) -> Option<&Lately> {
        self.of.get(product)
    }

    /// Reads the decisions that came into the lake since the last look, and forgets what does not count any more.
    ///
    /// - `customer`: read only theirs; everybody's where absent.
    ///
    /// # Errors
    /// [`LakeError`] when the table cannot be read: what was not read is read by the next look.
    pub async fn look(
        &self,
        customer: Option<&CustomerId>,
        now: Timestamp,
    ) -> Result<(), LakeError> {
        let mut seen = self.seen.lock().await;
        let snapshot = self.lake.snapshot().await?;
        let files = self.lake.data_files("decisions", &snapshot).await?;
        let new: Vec<&str> = files.difference(&seen).map(String::as_str).collect();
        if !new.is_empty() {
            let sql = self.sql(customer, now);
            let mut rows = self.lake.stream_files(&sql, "decisions", &new).await?;
            let failed = |e| self.lake.sql_error(e);
            while let Some(batch) = rows.try_next().await.map_err(failed)? {
                self.add(&batch);
            }
        }
        self.of.values().for_each(|lately| lately.forget(now));
        *seen = files;
        Ok(())
    }

    /// What a customer got from a product and still counts; nothing where that is not capped.
    #[must_use]
    pub fn to(&self, product: &str, asked: &Asked, now: Timestamp) -> Vec<Gave> {
        match (self.lately(product), &asked.customer_id) {
            (Some(lately), Some(customer)) => lately.of(customer.as_str(), now),
            _ => Vec::new(),
        }
    }

    fn sql(&self, customer: Option<&CustomerId>, now: Timestamp) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let products: Vec<String> = self.of.keys().map(|name| quoted(name)).collect();
        let counted = self.of.values().map(Lately::counted);
        let since = counted.map(|c: &Counted| c.since(now)).min().unwrap_or(now);
        let theirs = customer.map_or_else(
            || "customer_id IS NOT NULL".to_owned(),
            |id| format!("customer_id = {}", quoted(id.as_str())),
        );
        format!(
            "SELECT product, customer_id, action, decided_at FROM decisions WHERE position = 1 AND action IS NOT NULL \
             AND {theirs} AND product IN ({}) AND decided_at >= TIMESTAMP '{}'",
            products.join(", "),
            since.strftime("%Y-%m-%dT%H:%M:%SZ")
        )
    }

    fn add(&self, batch: &RecordBatch) {
        let texts = |i: usize| batch.column(i).as_string::<i32>();
        let (products, customers, arms) = (texts(0), texts(1), texts(2));
        let moments = batch.column(3).as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            let (Some(lately), Ok(at)) = (
                self.of.get(products.value(row)),
                Timestamp::from_microsecond(moments.value(row)),
            ) else {
                continue;
            };
            let arm = arms.value(row);
            if arm != lately.counted().control {
                let arm = arm.into();
                lately.add(customers.value(row), Gave { arm, at });
            }
        }
    }
}

impl Workshop {
    /// What a question stands under, for who explains beside a server: what that has given and not drained yet is not
    /// known here.
    ///
    /// - `version`: that is explained, and what it knows of usual hours.
    ///
    /// # Errors
    /// [`LakeError`] when what the customer got lately cannot be read.
    pub async fn standing(
        &self,
        product: &dyn Product,
        (version, week): (u32, Option<&Week>),
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Standing, LakeError> {
        let given = match Given::of(&self.lake, counted(product)) {
            Some(given) => {
                given.look(asked.customer_id.as_ref(), now).await?;
                given.to(&product.header().name, asked, now)
            }
            None => Vec::new(),
        };
        Ok(Standing {
            pace: self.pace(product, week, now).await,
            given,
            short: self.short(product, version, now).await,
        })
    }
}
