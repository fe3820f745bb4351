//! Money that a batch promises: leased at once, since what all of its answers take is known before any is given.

use super::{BATCH, LEASE_SILENCE};
use crate::run::one_line;
use crate::workshop::Workshop;
use jiff::Timestamp;
use lake::log::Reserved;
use products::{Allowance, NoMoney, Stake};
use registry::{LeaseAsked, LeaseError, NewReservation, Registry, StoreError};
use schema::{Cents, CustomerId, DecisionId};

/// Why a batch must not be logged: nobody could tell what it promises.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// The folder of the logs.
    #[error("name the log of the batch")]
    Place(#[source] std::io::Error),
    /// The registry.
    #[error("keep the money of the batch")]
    Registry(#[from] StoreError),
    /// Somebody took it away.
    #[error(
        "keep the money of the batch: lease {lease} was released, since nothing was heard of the batch for {} minutes; start it again",
        LEASE_SILENCE.as_mins()
    )]
    Released {
        /// The lease.
        lease: String,
    },
}

/// The money of one batch.
pub(crate) struct Purse {
    registry: Registry,
    holder: String,
    lease: String,
    leased: i64,
    left: i64,
    /// Why nothing can be promised where nothing is left.
    empty: NoMoney,
    promised: Vec<NewReservation>,
}

impl Workshop {
    /// Leases what a batch takes, or what is there.
    ///
    /// - `takes`: what all of its answers take together, and what must be there for the dearest.
    ///
    /// # Errors
    /// [`HoldError`] when the folder of the logs cannot be written. A registry that is away leaves the purse empty.
    pub(crate) async fn purse(
        &self,
        product: &str,
        version: u32,
        allowance: &Allowance,
        takes: Stake,
        now: Timestamp,
    ) -> Result<Purse, HoldError> {
        let machine = lake::log::root_id(&self.log_root()).map_err(HoldError::Place)?;
        let lease = uuid::Uuid::now_v7().simple().to_string();
        let mut purse = Purse {
            registry: self.registry.clone(),
            holder: format!("{machine}/{BATCH}{lease}"),
            lease,
            leased: 0,
            left: 0,
            empty: NoMoney::UsedUp,
            promised: Vec::new(),
        };
        // The last offer is given where the dearest could be.
        let all = takes.takes + takes.must_have;
        if all.0 == 0 {
            return Ok(purse);
        }
        let period = allowance
            .period
            .name_at(now, &self.project.time_zone, version);
        let asked = LeaseAsked {
            id: &purse.lease,
            product,
            period: &period,
            holder: &purse.holder,
            expires_days: allowance.expires_days,
            known: Cents(0),
            needed: Cents(1),
            few: all,
            many: all,
        };
        let opened = self
            .registry
            .open_budget(product, &period, allowance.limit)
            .await;
        let leased = match opened {
            Ok(()) => self
                .registry
                .lease(&asked, Timestamp::now())
                .await
                .map_err(|e| match e {
                    LeaseError::UsedUp { .. } => None,
                    other @ (LeaseError::NoBudget { .. }
                    | LeaseError::Closed { .. }
                    | LeaseError::Store(_)) => Some(one_line(&other)),
                }),
            Err(error) => Err(Some(one_line(&error))),
        };
        match leased {
            Ok(cents) => (purse.leased, purse.left) = (cents.0, cents.0),
            Err(None) => {}
            Err(Some(error)) => {
                tracing::error!(
                    error,
                    product,
                    "the ledger of the budgets is away: nothing is promised"
                );
                purse.empty = NoMoney::Unavailable;
            }
        }
        Ok(purse)
    }
}

impl Purse {
    /// Grants what an answer takes, or says why not; nothing is reserved where it takes nothing.
    pub(crate) fn grant(
        &mut self,
        decision: &DecisionId,
        customer: Option<&CustomerId>,
        arm: &str,
        stake: Stake,
        at: Timestamp,
    ) -> Result<Option<Reserved>, NoMoney> {
        let Stake { takes, must_have } = stake;
        if self.left < must_have.0.max(takes.0) {
            return Err(self.empty);
        }
        if takes.0 == 0 {
            return Ok(None);
        }
        self.left -= takes.0;
        self.promised.push(NewReservation {
            decision: decision.clone(),
            customer: customer.map(|id| id.as_str().to_owned()),
            arm: arm.to_owned(),
            cents: takes,
            at,
        });
        Ok(Some(Reserved {
            lease: self.lease.clone(),
            cents: takes,
        }))
    }

    /// Gives a sign of life, right before the decisions are logged.
    ///
    /// # Errors
    /// [`HoldError`]: the registry is away, or the lease was released.
    pub(crate) async fn hold(&self) -> Result<(), HoldError> {
        if self.leased == 0 {
            return Ok(());
        }
        let now = Timestamp::now();
        let open = self.registry.renew_leases(&self.holder, now).await?;
        if open.contains(&self.lease) {
            return Ok(());
        }
        Err(HoldError::Released {
            lease: self.lease.clone(),
        })
    }

    /// Writes down what was promised, and gives back what is left. Where that fails it is read from the decisions later.
    pub(crate) async fn settle(self, now: Timestamp) {
        if self.leased == 0 {
            return;
        }
        let settled = self.registry.settle_lease(&self.lease, &self.promised, now);
        if let Err(error) = settled.await {
            let (error, lease) = (one_line(&error), self.lease.as_str());
            tracing::warn!(
                error,
                lease,
                "what the batch promised is read from its decisions later"
            );
        }
    }
}
