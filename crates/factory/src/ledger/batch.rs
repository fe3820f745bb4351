//! Money that a batch promises: leased at once, since what all of its answers take is known before any is given. Where
//! limits on customers of some sites tell its customers apart it is leased bit by bit, so that who is asked about first
//! is served first, whatever limits count them.

use super::pot::Pot;
use super::tend::{limit_asked, open};
use super::{BATCH, LEASE_SILENCE, OFFERS_MAX, OFFERS_MIN, Refusal};
use crate::run::one_line;
use crate::workshop::Workshop;
use jiff::Timestamp;
use lake::log::Reserved;
use products::{Allowance, LimitLeft, NoMoney, Stake};
use registry::{LeaseAsked, LeaseError, LimitAsked, NewReservation, Registry, StoreError};
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

/// The money of one batch, for customers whom the same limits count.
pub(crate) struct Purse {
    registry: Registry,
    holder: String,
    lease: String,
    product: String,
    period: String,
    allowance: Allowance,
    money: Pot,
    /// Why no more money can be leased, where that is known.
    empty: Option<NoMoney>,
    limits: Vec<Pot>,
    /// Why no more of each limit can be leased, where that is known.
    short: Vec<Option<NoMoney>>,
    promised: Vec<NewReservation>,
}

impl Workshop {
    /// Leases what a batch takes, or what is there.
    ///
    /// - `takes`: what all of its answers take together, and what must be there for the dearest.
    /// - `ahead`: whether that is leased now, or bit by bit as it is granted.
    ///
    /// # Errors
    /// [`HoldError`] when the folder of the logs cannot be written. A registry that is away leaves the purse empty.
    pub(crate) async fn purse(
        &self,
        product: &str,
        version: u32,
        allowance: Allowance,
        (takes, ahead): (&Stake, bool),
        now: Timestamp,
    ) -> Result<Purse, HoldError> {
        let machine = lake::log::root_id(&self.log_root()).map_err(HoldError::Place)?;
        let lease = uuid::Uuid::now_v7().simple().to_string();
        let period = allowance
            .period
            .name_at(now, &self.project.time_zone, version);
        let mut purse = Purse {
            registry: self.registry.clone(),
            holder: format!("{machine}/{BATCH}{lease}"),
            lease,
            product: product.to_owned(),
            period,
            money: Pot::new(now),
            empty: None,
            limits: allowance.limits.iter().map(|_| Pot::new(now)).collect(),
            short: vec![None; allowance.limits.len()],
            allowance,
            promised: Vec::new(),
        };
        // The last offer is given where the dearest could be.
        let all = takes.takes + takes.must_have;
        if all.0 == 0 {
            return Ok(purse);
        }
        purse.open().await;
        if !ahead {
            return Ok(purse);
        }
        purse.lease_money(1, (all.0, all.0)).await;
        for of in &takes.limits {
            let all = of.takes + of.must_have;
            purse.lease_limit(of.limit, (all, all)).await;
        }
        Ok(purse)
    }
}

/// How much is leased at once at least, and at most, for answers that take so much.
fn some(each: i64) -> (i64, i64) {
    (
        each.saturating_mul(OFFERS_MIN),
        each.saturating_mul(OFFERS_MAX),
    )
}

impl Purse {
    /// The ledger is away: nothing more is promised.
    fn away(&self, error: &(dyn std::error::Error + 'static)) -> NoMoney {
        let (error, product) = (one_line(error), self.product.as_str());
        tracing::error!(
            error,
            product,
            "the ledger of the budgets is away: nothing is promised"
        );
        NoMoney::Unavailable
    }

    async fn open(&mut self) {
        let opened = open(&self.registry, &self.product, &self.period, &self.allowance).await;
        if let Err(error) = opened {
            self.empty = Some(self.away(&error));
        }
    }

    /// Leases more money: so much as is there of what is wanted, unless that is less than is needed.
    ///
    /// - `few`, `many`: see [`LeaseAsked`].
    async fn lease_money(&mut self, needed: i64, (few, many): (i64, i64)) {
        if self.empty.is_some() {
            return;
        }
        let asked = LeaseAsked {
            id: &self.lease,
            product: &self.product,
            period: &self.period,
            holder: &self.holder,
            expires_days: self.allowance.expires_days,
            known: Cents(self.money.leased),
            needed: Cents(needed),
            few: Cents(few),
            many: Cents(many),
        };
        match self.registry.lease(&asked, Timestamp::now()).await {
            Ok(all) => self.money.is_leased(all.0, None),
            Err(LeaseError::UsedUp { .. }) => self.empty = Some(NoMoney::UsedUp),
            Err(
                other @ (LeaseError::NoBudget { .. }
                | LeaseError::Closed { .. }
                | LeaseError::Store(_)),
            ) => self.empty = Some(self.away(&other)),
        }
    }

    /// Leases more of a limit, once there is money: so much as is there of what is wanted.
    ///
    /// - `few`, `many`: see [`LimitAsked`].
    async fn lease_limit(&mut self, place: usize, (few, many): (i64, i64)) {
        let known = (
            self.allowance.limits.get(place),
            self.limits.get_mut(place),
            self.short.get(place),
        );
        let (Some(limit), Some(pot), Some(None)) = known else {
            return;
        };
        if self.money.leased == 0 {
            return;
        }
        let arms: Vec<&str> = limit.takes.keys().map(String::as_str).collect();
        let asked = LimitAsked {
            few,
            many,
            ..limit_asked(limit, &arms, pot.leased)
        };
        let leased = self.registry.lease_limits(&self.lease, &[asked]).await;
        let short = match leased {
            Ok(leased) => {
                let free = leased.first().map_or(0, |of| of.free);
                if let Some(of) = leased.first() {
                    pot.is_leased(of.units, None);
                }
                (free < limit.cheapest()).then_some(NoMoney::UsedUp)
            }
            Err(error) => Some(self.away(&error)),
        };
        if let Some(of) = self.short.get_mut(place) {
            *of = short;
        }
    }

    /// The limits that are known not to pay for each of their arms any more.
    pub(crate) fn short(&self) -> Vec<LimitLeft> {
        let all = self.limits.iter().zip(&self.short).enumerate();
        let short = all.filter_map(|(limit, (pot, why))| {
            let (units, why) = (pot.left(), (*why)?);
            let dearest = self.allowance.limits.get(limit)?.dearest();
            (units < dearest).then_some(LimitLeft { limit, units, why })
        });
        short.collect()
    }

    /// Grants what an answer takes, or says why not; nothing is reserved where it takes nothing.
    ///
    /// More is leased where what was thought to be enough is not: an answer that is decided again without some arms may
    /// take more of others.
    pub(crate) async fn grant(
        &mut self,
        decision: &DecisionId,
        customer: Option<&CustomerId>,
        arm: &str,
        stake: &Stake,
        at: Timestamp,
    ) -> Result<Option<Reserved>, Refusal> {
        let (takes, needed) = (stake.takes, stake.must_have.max(stake.takes).0);
        if self.money.left() < needed {
            let more = needed - self.money.left().max(0);
            self.lease_money(more, some(self.allowance.dearest.0)).await;
        }
        if self.money.left() < needed {
            return Err(Refusal::Budget(self.empty.unwrap_or(NoMoney::UsedUp)));
        }
        let mut lacks = Vec::new();
        for of in &stake.limits {
            let left = |purse: &Self| purse.limits.get(of.limit).map_or(0, Pot::left);
            if left(self) < of.must_have {
                self.lease_limit(of.limit, some(of.must_have)).await;
            }
            if left(self) < of.must_have {
                let why = self.short.get(of.limit).copied().flatten();
                lacks.push(LimitLeft {
                    limit: of.limit,
                    units: left(self),
                    why: why.unwrap_or(NoMoney::UsedUp),
                });
            }
        }
        if !lacks.is_empty() {
            return Err(Refusal::Limits(lacks));
        }
        if takes.0 == 0 {
            return Ok(None);
        }
        self.money.used += takes.0;
        for of in &stake.limits {
            if let Some(pot) = self.limits.get_mut(of.limit) {
                pot.used += of.takes;
            }
        }
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
        if self.money.leased == 0 {
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
        if self.money.leased == 0 {
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
