//! Money that a batch promises: leased at once, since what all of its answers take is known before any is given.

use super::pot::Pot;
use super::tend::{limit_asked, open};
use super::{BATCH, LEASE_SILENCE, OFFERS_MIN, Refusal};
use crate::run::one_line;
use crate::workshop::Workshop;
use jiff::Timestamp;
use lake::log::Reserved;
use products::{Allowance, ArmsAllowance, LimitLeft, NoMoney, Stake};
use registry::{LeaseAsked, LeaseError, LimitAsked, NewReservation, Registry, StoreError};
use schema::{Cents, CustomerId, DecisionId};
use std::collections::BTreeMap;

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
    /// Why no more money than so much can be leased, where that is known.
    empty: Option<(NoMoney, i64)>,
    limits: Vec<Pot>,
    /// Why no more of each limit can be leased, where that is known.
    short: Vec<Option<NoMoney>>,
    promised: Vec<NewReservation>,
}

/// What is free of a budget and of limits within it, for answers that are foreseen.
pub(crate) struct Free<'a> {
    allowance: &'a Allowance,
    money: i64,
    limits: Vec<i64>,
}

impl Free<'_> {
    /// The limits that do not pay for each of their arms any more.
    pub(crate) fn short(&self) -> Vec<LimitLeft> {
        let all = self.limits.iter().zip(&self.allowance.limits).enumerate();
        let short = all.filter(|(_, (units, of))| **units < of.dearest());
        let left = short.map(|(limit, (units, _))| used_up(limit, *units));
        left.collect()
    }

    /// Takes what an answer takes, or says why not, as [`Purse::grant`] does.
    pub(crate) fn take(&mut self, stake: &Stake) -> Result<(), Refusal> {
        if self.money < stake.must_have.max(stake.takes).0 {
            return Err(Refusal::Budget(NoMoney::UsedUp));
        }
        let left = |limit: usize| self.limits.get(limit).copied().unwrap_or(0);
        let lacks = stake.limits.iter().map(|of| (of, left(of.limit)));
        let lacks = lacks.filter(|(of, left)| *left < of.must_have);
        let lacks: Vec<LimitLeft> = lacks.map(|(of, left)| used_up(of.limit, left)).collect();
        if !lacks.is_empty() {
            return Err(Refusal::Limits(lacks));
        }
        self.money -= stake.takes.0;
        for of in &stake.limits {
            if let Some(left) = self.limits.get_mut(of.limit) {
                *left -= of.takes;
            }
        }
        Ok(())
    }
}

fn used_up(limit: usize, units: i64) -> LimitLeft {
    LimitLeft {
        limit,
        units,
        why: NoMoney::UsedUp,
    }
}

impl Workshop {
    /// What is free of a budget and its limits in the period of a moment. Of what the registry does not tell it is all:
    /// then nothing was leased yet, or nothing can be leased.
    pub(crate) async fn free<'a>(
        &self,
        product: &str,
        version: u32,
        allowance: &'a Allowance,
        now: Timestamp,
    ) -> Free<'a> {
        let period = allowance.period;
        let period = period.name_at(now, &self.project.time_zone, version);
        let budget = self.registry.budget(product, &period).await.ok().flatten();
        let held = budget.map_or(0, |of| of.limit_cents.0 - of.free_cents.0);
        let all = self.registry.budget_limits().await.unwrap_or_default();
        let mut opened = BTreeMap::new();
        for of in &all {
            if of.product == product && of.period == period {
                opened.insert((of.limit.as_str(), of.counts), of.allowed - of.free);
            }
        }
        let held_of = |of: &ArmsAllowance| opened.get(&(of.name.as_str(), of.unit)).copied();
        let left = |of: &ArmsAllowance| of.units - held_of(of).unwrap_or(0);
        Free {
            money: allowance.limit.0 - held,
            limits: allowance.limits.iter().map(left).collect(),
            allowance,
        }
    }

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
        allowance: Allowance,
        takes: &Stake,
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
        if takes.must_have.max(takes.takes).0 == 0 {
            return Ok(purse);
        }
        purse.open().await;
        if takes.takes.0 > 0 {
            purse.lease_money(1, (takes.takes.0, takes.takes.0)).await;
        }
        for of in takes.limits.iter().filter(|of| of.takes > 0) {
            purse.lease_limit(of.limit, (of.takes, of.takes)).await;
        }
        Ok(purse)
    }
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
            self.empty = Some((self.away(&error), 0));
        }
    }

    /// Leases more money: so much as is there of what is wanted, unless that is less than is needed.
    ///
    /// - `few`, `many`: see [`LeaseAsked`].
    async fn lease_money(&mut self, needed: i64, (few, many): (i64, i64)) {
        if self.empty.is_some_and(|(_, free)| free < needed) {
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
            Err(LeaseError::UsedUp { free, .. }) => self.empty = Some((NoMoney::UsedUp, free.0)),
            Err(
                other @ (LeaseError::NoBudget { .. }
                | LeaseError::Closed { .. }
                | LeaseError::Store(_)),
            ) => self.empty = Some((self.away(&other), 0)),
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
    /// A little more is leased where what was foreseen is not enough: the dearest arm that an answer might have been must
    /// be there too, and what was asked for meanwhile by others may make answers of other arms. What customers whom other
    /// limits count could have is not kept from them.
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
            let lacks = needed - self.money.left().max(0);
            let many = self.allowance.dearest.0.saturating_mul(OFFERS_MIN);
            self.lease_money(lacks, (lacks, many)).await;
        }
        if self.money.left() < needed {
            let why = self.empty.map_or(NoMoney::UsedUp, |(why, _)| why);
            return Err(Refusal::Budget(why));
        }
        let mut lacks = Vec::new();
        for of in &stake.limits {
            let left = |purse: &Self| purse.limits.get(of.limit).map_or(0, Pot::left);
            if left(self) < of.must_have {
                let lacks = of.must_have - left(self).max(0);
                let many = of.must_have.saturating_mul(OFFERS_MIN);
                self.lease_limit(of.limit, (lacks, many)).await;
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
