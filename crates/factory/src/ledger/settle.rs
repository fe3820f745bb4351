//! Leases of processes that died: what was promised from them is read from the decisions that they logged.

use super::LEASE_SILENCE;
use crate::workshop::Workshop;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use jiff::Timestamp;
use lake::LakeError;
use registry::{LeaseRecord, NewReservation, ReserveError, StoreError};
use schema::{Cents, DecisionId};
use std::path::{Path, PathBuf};

/// What the name of a batch's log begins with: a batch logs in the lake itself.
pub(crate) const BATCH: &str = "batch-";

/// Why dead leases could not be settled; they count as spent until they are.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The folder of the logs.
    #[error("look for the logs of dead processes in {}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the file system said.
        #[source]
        source: std::io::Error,
    },
    /// The registry.
    #[error("look for leases of dead processes")]
    Registry(#[from] StoreError),
    /// The decisions.
    #[error("read what was promised from lease {lease}")]
    Decisions {
        /// The lease.
        lease: String,
        /// Why they cannot be read.
        #[source]
        source: LakeError,
    },
    /// What was read.
    #[error("write down what was promised from lease {lease}")]
    Reserve {
        /// The lease.
        lease: String,
        /// Why it cannot be written.
        #[source]
        source: ReserveError,
    },
}

/// A lease whose holder is dead, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The lease.
    pub lease: String,
    /// The data product.
    pub product: String,
    /// Promises found in the decisions.
    pub promises: usize,
    /// What is free again.
    pub freed: Cents,
}

impl Workshop {
    /// The folder that holds the decision logs of this machine: beside the lake where that is a folder, else in the
    /// project, since a log needs a local disk.
    #[must_use]
    pub fn log_root(&self) -> PathBuf {
        self.lake.folder().map_or_else(
            || self.project.folder.join("wal"),
            |lake| lake.join("_comptoir/wal"),
        )
    }

    /// Settles the leases of processes of this machine that are dead: what was promised from them is read from table
    /// `decisions` and reserved, the rest is free again.
    ///
    /// Called after a drain. A lease is left alone as long as the log of its holder is there: it lives, or not all of its
    /// log is in the lake. So is one of another machine, whose log cannot be seen from here.
    ///
    /// # Errors
    /// [`SettleError`]; what is not settled counts as spent and is looked at again by the next call.
    pub async fn settle_dead_leases(&self, now: Timestamp) -> Result<Vec<Settled>, SettleError> {
        let root = self.log_root();
        let own = lake::log::root_id(&root).map_err(|source| SettleError::Folder {
            folder: root.clone(),
            source,
        })?;
        let mut settled = Vec::new();
        for lease in self.registry.open_leases().await? {
            if !is_dead(&lease, &root, &own, now) {
                continue;
            }
            let promised = self.promised_from(&lease).await?;
            let freed = self
                .registry
                .settle_lease(&lease.id, &promised, now)
                .await
                .map_err(|source| SettleError::Reserve {
                    lease: lease.id.clone(),
                    source,
                })?;
            settled.push(Settled {
                lease: lease.id,
                product: lease.product,
                promises: promised.len(),
                freed,
            });
        }
        Ok(settled)
    }

    async fn promised_from(&self, lease: &LeaseRecord) -> Result<Vec<NewReservation>, SettleError> {
        let quoted = lease.id.replace('\'', "''");
        let sql = format!(
            "SELECT decision_id, decided_at, customer_id, action, reserved_cents FROM decisions \
             WHERE lease = '{quoted}' AND position = 1"
        );
        let failed = |source| SettleError::Decisions {
            lease: lease.id.clone(),
            source,
        };
        let batches = self.lake.query(&sql).await.map_err(failed)?;
        Ok(batches.iter().flat_map(reservations).collect())
    }
}

/// Whether the holder of a lease logged on this machine and everything that it logged is in the lake.
fn is_dead(lease: &LeaseRecord, root: &Path, own: &str, now: Timestamp) -> bool {
    let Some((machine, log)) = lease.holder.split_once('/') else {
        return false;
    };
    if machine != own {
        return false;
    }
    if log.starts_with(BATCH) {
        return now.duration_since(lease.last_sign_at) >= LEASE_SILENCE;
    }
    // Known to be gone, not only out of sight.
    matches!(root.join(log).try_exists(), Ok(false))
}

/// The promises among decisions; what this program would not have written is none.
fn reservations(batch: &RecordBatch) -> Vec<NewReservation> {
    let text = |name: &str| batch.column_by_name(name)?.as_string_opt::<i32>();
    let columns = || {
        let moments = batch.column_by_name("decided_at")?;
        let amounts = batch.column_by_name("reserved_cents")?;
        Some((
            text("decision_id")?,
            text("customer_id")?,
            text("action")?,
            moments.as_primitive_opt::<TimestampMicrosecondType>()?,
            amounts.as_primitive_opt::<Int64Type>()?,
        ))
    };
    let Some((ids, customers, arms, moments, amounts)) = columns() else {
        return Vec::new();
    };
    let read = |row: usize| {
        Some(NewReservation {
            decision: DecisionId::new(ids.value(row)).ok()?,
            customer: customers
                .is_valid(row)
                .then(|| customers.value(row).to_owned()),
            arm: arms.value(row).to_owned(),
            cents: Cents(amounts.is_valid(row).then(|| amounts.value(row))?),
            at: Timestamp::from_microsecond(moments.value(row)).ok()?,
        })
    };
    (0..batch.num_rows()).filter_map(read).collect()
}
