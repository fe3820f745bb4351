//! What is done beside the answers: leasing more, writing down what was promised, giving back what is not needed.

use super::pot::Pot;
use super::{Account, Ledger, OFFERS_MAX, OFFERS_MIN, Part, State, Waiting, is_past};
use crate::run::one_line;
use jiff::{SignedDuration, Timestamp};
use products::{Allowance, ArmsAllowance};
use registry::{
    LeaseAsked, LeaseError, LeaseLimitsError, LimitAsked, NewLimit, NewReservation,
    OpenBudgetError, Registry, ReserveError, StoreError,
};
use schema::Cents;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long the registry may take for one thing before it counts as away.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long closing may take.
const CLOSING: Duration = Duration::from_secs(5);

/// Promises written down in one transaction.
const WRITTEN_TOGETHER: usize = 2_000;

/// Promises are written down so long after they were granted: by then their decisions are in the log.
const WRITTEN_AFTER: SignedDuration = SignedDuration::from_secs(1);

/// A lease that nothing was taken from for so long is given back: others may need it.
const IDLE: SignedDuration = SignedDuration::from_secs(60);

/// Between two signs of life, and between two looks for what has expired.
const SIGN_EVERY: SignedDuration = SignedDuration::from_secs(30);

/// Why the registry is of no use now.
#[derive(Debug, thiserror::Error)]
pub(super) enum Away {
    #[error("the registry did not answer within {PATIENCE:?}")]
    Silent,
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) async fn within<T, E>(
    asked: impl Future<Output = Result<T, E>>,
) -> Result<Result<T, E>, Away> {
    // Whatever is dropped half way is asked again: each operation is one transaction and may be repeated.
    tokio::time::timeout(PATIENCE, asked)
        .await
        .map_err(|_| Away::Silent)
}

/// More that is wanted of a budget and of limits within it.
struct Wanted {
    product: String,
    part: Part,
    lease: Arc<str>,
    /// What is leased of the budget, and what must be there.
    money: Option<(i64, i64)>,
    /// Whether more of any limit is wanted.
    limits: bool,
}

impl Ledger {
    /// Leases what is wanted, writes down what was promised, gives back what is idle, reads what all have promised of
    /// budgets that have a plan, gives a sign of life and frees what has expired. Called often; a call that finds nothing to do asks nobody.
    ///
    /// Where the registry does not answer, leases are used up to their end, and everything is tried again with the next
    /// call.
    pub async fn tend(&self, now: Timestamp) {
        let done = self.tend_all(now).await;
        let mut state = self.state.lock();
        match done {
            Ok(asked) => {
                if asked && std::mem::take(&mut state.away) {
                    tracing::warn!("the ledger of the budgets answers again");
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut state.away, true) {
                    let error = one_line(&error);
                    tracing::error!(
                        error,
                        "the ledger of the budgets is away; what is leased is still promised"
                    );
                }
            }
        }
        drop(state);
        self.asked.notify_waiters();
    }

    /// Whether the registry was asked for anything.
    async fn tend_all(&self, now: Timestamp) -> Result<bool, Away> {
        let mut asked = false;
        for wanted in self.wanted(now) {
            self.lease_more(&wanted, now).await?;
            self.state.lock().away = false;
            self.asked.notify_waiters();
            asked = true;
        }
        let before = now.saturating_sub(WRITTEN_AFTER).unwrap_or(Timestamp::MIN);
        for lease in self.unwritten() {
            asked |= self.write(&lease, before, now).await?;
        }
        // While the registry is away, what is leased is all that can be promised.
        if !self.state.lock().away {
            self.retire(|taken_at| now.duration_since(taken_at).abs() >= IDLE);
            asked |= self.give_back_idle(now).await?;
        }
        asked |= self.settle_retired(now).await?;
        asked |= self.look_at_pace(now).await?;
        asked |= self.give_sign(now).await?;
        Ok(asked)
    }

    fn wanted(&self, now: Timestamp) -> Vec<Wanted> {
        let state = self.state.lock();
        let of_products = state.accounts.iter();
        let all = of_products.flat_map(|(product, parts)| {
            parts.iter().filter_map(move |(part, account)| {
                let money = &account.money;
                let needed = money.wanted.filter(|_| money.may_ask(now));
                let limits = account.limits.iter().any(|of| wants(of, now));
                (needed.is_some() || limits).then(|| Wanted {
                    product: product.clone(),
                    part: part.clone(),
                    lease: Arc::clone(&account.lease),
                    money: needed.map(|needed| (money.leased, needed)),
                    limits,
                })
            })
        });
        all.collect()
    }

    async fn lease_more(&self, wanted: &Wanted, now: Timestamp) -> Result<(), Away> {
        let Some(allowance) = self.allowances.get(&wanted.product) else {
            return Ok(());
        };
        if let Some((leased, needed)) = wanted.money {
            self.lease_money(wanted, allowance, (leased, needed), now)
                .await?;
        }
        if wanted.limits {
            self.lease_limits(wanted, allowance, now).await?;
        }
        Ok(())
    }

    async fn lease_money(
        &self,
        wanted: &Wanted,
        allowance: &Allowance,
        (known, needed): (i64, i64),
        now: Timestamp,
    ) -> Result<(), Away> {
        let (product, period) = (wanted.product.as_str(), wanted.part.period.as_str());
        if known == 0 {
            let opened = open(&self.registry, product, period, allowance);
            match within(opened).await? {
                Ok(()) => {}
                Err(OpenBudgetError::Store(error)) => return Err(error.into()),
                // The file of the product was checked: there is money in it.
                Err(OpenBudgetError::NoMoney { .. }) => return Ok(()),
            }
        }
        let dearest = allowance.dearest.0;
        let asked = LeaseAsked {
            id: &wanted.lease,
            product,
            period,
            holder: &self.holder,
            expires_days: allowance.expires_days,
            known: Cents(known),
            needed: Cents(needed),
            few: Cents(dearest.saturating_mul(OFFERS_MIN)),
            many: Cents(dearest.saturating_mul(OFFERS_MAX)),
        };
        let leased = within(self.registry.lease(&asked, now)).await?;
        let mut state = self.state.lock();
        let Some(account) = account(&mut state, wanted) else {
            return Ok(());
        };
        match leased {
            Ok(all) => {
                account.money.is_leased(all.0, None);
                account.heard_at = now;
                Ok(())
            }
            Err(LeaseError::UsedUp { .. }) => {
                account.money.used_up_at = Some(now);
                account.money.wanted = None;
                if account.money.leased == 0 {
                    account.heard_at = now;
                }
                Ok(())
            }
            // Somebody took it away: another one is asked for.
            Err(LeaseError::Closed { .. } | LeaseError::NoBudget { .. }) => {
                lose(&mut state, wanted);
                Ok(())
            }
            Err(LeaseError::Store(error)) => Err(error.into()),
        }
    }

    /// Adds what is wanted of limits to a lease that holds money.
    async fn lease_limits(
        &self,
        wanted: &Wanted,
        allowance: &Allowance,
        now: Timestamp,
    ) -> Result<(), Away> {
        let places: Vec<(usize, i64)> = {
            let mut state = self.state.lock();
            let account = account(&mut state, wanted).filter(|of| of.money.leased > 0);
            let pots = account.map(|of| of.limits.iter().enumerate());
            let wanting = pots.into_iter().flatten().filter(|(_, of)| wants(of, now));
            wanting.map(|(place, of)| (place, of.leased)).collect()
        };
        let with_arms = places.iter().filter_map(|(place, known)| {
            let limit = allowance.limits.get(*place)?;
            let arms: Vec<&str> = limit.takes.keys().map(String::as_str).collect();
            Some((*place, *known, limit, arms))
        });
        let with_arms: Vec<_> = with_arms.collect();
        if with_arms.is_empty() {
            return Ok(());
        }
        let asked = with_arms
            .iter()
            .map(|(_, known, limit, arms)| limit_asked(limit, arms, *known));
        let asked: Vec<LimitAsked<'_>> = asked.collect();
        let leased = within(self.registry.lease_limits(&wanted.lease, &asked)).await?;
        let leased = match leased {
            Ok(leased) => leased,
            Err(LeaseLimitsError::Store(error)) => return Err(error.into()),
            Err(LeaseLimitsError::Closed { .. }) => {
                lose(&mut self.state.lock(), wanted);
                return Ok(());
            }
            // Opened by a program that knew nothing of it.
            Err(LeaseLimitsError::NoLimit { .. }) => {
                let (product, period) = (wanted.product.as_str(), wanted.part.period.as_str());
                within(open_limits(&self.registry, product, period, allowance)).await??;
                return Ok(());
            }
        };
        let mut state = self.state.lock();
        let Some(account) = account(&mut state, wanted) else {
            return Ok(());
        };
        for ((place, _, limit, _), leased) in with_arms.iter().zip(leased) {
            if let Some(pot) = account.limits.get_mut(*place) {
                let is_used_up = leased.free < limit.cheapest();
                pot.is_leased(leased.units, is_used_up.then_some(now));
            }
        }
        Ok(())
    }

    /// Gives back what is held of limits that no answer has needed for long, while the lease itself is in use.
    async fn give_back_idle(&self, now: Timestamp) -> Result<bool, Away> {
        let mut idle = Vec::new();
        for (product, parts) in &mut self.state.lock().accounts {
            let limits = self.allowances.get(product).map(|of| &of.limits);
            for account in parts.values_mut() {
                let pots = account.limits.iter_mut().zip(limits.into_iter().flatten());
                let pots = pots.filter(|(pot, _)| is_past(pot.needed_at, IDLE, now));
                for (pot, limit) in pots {
                    if let Some(keep) = pot.give_up() {
                        idle.push((Arc::clone(&account.lease), limit, keep));
                    }
                }
            }
        }
        for (lease, limit, keep) in &idle {
            let back = self
                .registry
                .give_back_limit(lease, &limit.name, limit.unit, *keep);
            within(back).await??;
        }
        Ok(!idle.is_empty())
    }

    fn unwritten(&self) -> Vec<Arc<str>> {
        let state = self.state.lock();
        let waiting = state.promised.iter().filter(|(_, w)| !w.all.is_empty());
        waiting.map(|(lease, _)| Arc::clone(lease)).collect()
    }

    /// The oldest promises of a lease, those of before a moment.
    fn begin(&self, lease: &str, before: Timestamp, most: usize) -> Vec<NewReservation> {
        let mut state = self.state.lock();
        let Some(waiting) = state.promised.get_mut(lease) else {
            return Vec::new();
        };
        let old = waiting.all.iter().take_while(|one| one.at < before);
        // What was begun may be there already.
        waiting.begun = waiting.begun.max(old.take(most).count());
        waiting.all[..waiting.begun].to_vec()
    }

    async fn write(
        &self,
        lease: &Arc<str>,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<bool, Away> {
        let batch = self.begin(lease, before, WRITTEN_TOGETHER);
        if batch.is_empty() {
            return Ok(false);
        }
        let written = within(self.registry.reserve(lease, &batch, now)).await?;
        match written {
            Ok(()) => {}
            Err(ReserveError::Store(error)) => return Err(error.into()),
            Err(ReserveError::Unknown { lease }) => {
                tracing::error!(
                    lease,
                    "the registry has forgotten a lease that was promised from"
                );
            }
        }
        let mut state = self.state.lock();
        if let Some(Waiting { all, begun }) = state.promised.get_mut(lease) {
            all.drain(..batch.len());
            *begun = begun.saturating_sub(batch.len());
            if all.is_empty() {
                state.promised.remove(lease);
            }
        }
        heard_of(&mut state, now, |of| of == &**lease);
        Ok(true)
    }

    /// Grants nothing more from accounts chosen by when something was last taken from them.
    fn retire(&self, chosen: impl Fn(Timestamp) -> bool) {
        let mut state = self.state.lock();
        let State {
            accounts, retired, ..
        } = &mut *state;
        for parts in accounts.values_mut() {
            parts.retain(|_, account| {
                let goes = chosen(account.taken_at);
                if goes {
                    retired.push(Arc::clone(&account.lease));
                }
                !goes
            });
        }
    }

    async fn settle_retired(&self, now: Timestamp) -> Result<bool, Away> {
        let retired = self.state.lock().retired.clone();
        for lease in &retired {
            let last = self.begin(lease, Timestamp::MAX, usize::MAX);
            let settled = within(self.registry.settle_lease(lease, &last, now)).await?;
            // A lease that is unknown was asked for and not given.
            if let Err(ReserveError::Store(error)) = settled {
                return Err(error.into());
            }
            let mut state = self.state.lock();
            state.promised.remove(lease);
            state.retired.retain(|other| other != lease);
        }
        Ok(!retired.is_empty())
    }

    async fn give_sign(&self, now: Timestamp) -> Result<bool, Away> {
        let due = |at: Option<Timestamp>| at.is_none_or(|at| is_past(at, SIGN_EVERY, now));
        let (signed_at, expired_at, holds) = {
            let state = self.state.lock();
            let holds = state.accounts.values().flat_map(BTreeMap::values);
            (state.signed_at, state.expired_at, holds.count() > 0)
        };
        let signs = due(signed_at) && holds;
        if signs {
            let open = within(self.registry.renew_leases(&self.holder, now)).await??;
            let mut state = self.state.lock();
            heard_of(&mut state, now, |lease| open.iter().any(|id| id == lease));
            state.signed_at = Some(now);
        }
        let expires = due(expired_at);
        if expires {
            within(self.registry.expire(now)).await??;
            self.state.lock().expired_at = Some(now);
        }
        Ok(signs || expires)
    }

    /// Grants nothing any more, writes down what was promised and gives back what is left. What does not succeed in a
    /// few seconds is settled from the log when it was read.
    pub async fn close(&self, now: Timestamp) {
        self.state.lock().closed = true;
        self.retire(|_| true);
        let until = tokio::time::Instant::now() + CLOSING;
        while tokio::time::Instant::now() < until {
            let settled = self.settle_retired(now).await;
            match settled {
                Ok(_) if self.state.lock().promised.is_empty() => return,
                Ok(_) => {
                    // Of leases that are no account any more.
                    for lease in self.unwritten() {
                        let _ = self.write(&lease, Timestamp::MAX, now).await;
                    }
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
        tracing::warn!(
            "the ledger of the budgets is away: what was promised is read from the decision log later"
        );
    }
}

/// The registry has heard of the holder of the leases chosen.
fn heard_of(state: &mut State, now: Timestamp, chosen: impl Fn(&str) -> bool) {
    for account in state.accounts.values_mut().flat_map(BTreeMap::values_mut) {
        if chosen(&account.lease) {
            account.heard_at = now;
        }
    }
}

/// Opens the budget of a period and its limits.
pub(super) async fn open(
    registry: &Registry,
    product: &str,
    period: &str,
    allowance: &Allowance,
) -> Result<(), OpenBudgetError> {
    registry
        .open_budget(product, period, allowance.limit)
        .await?;
    if !allowance.limits.is_empty() {
        open_limits(registry, product, period, allowance).await?;
    }
    Ok(())
}

async fn open_limits(
    registry: &Registry,
    product: &str,
    period: &str,
    allowance: &Allowance,
) -> Result<(), StoreError> {
    let limits = allowance.limits.iter().map(|limit| NewLimit {
        name: &limit.name,
        unit: limit.unit,
        units: limit.units,
    });
    let limits: Vec<NewLimit<'_>> = limits.collect();
    registry.open_limits(product, period, &limits).await
}

/// What is asked for of a limit; with less than its cheapest arm takes nothing is.
pub(super) fn limit_asked<'a>(
    limit: &'a ArmsAllowance,
    arms: &'a [&'a str],
    known: i64,
) -> LimitAsked<'a> {
    LimitAsked {
        name: &limit.name,
        unit: limit.unit,
        arms,
        known,
        needed: limit.cheapest(),
        few: limit.dearest().saturating_mul(OFFERS_MIN),
        many: limit.dearest().saturating_mul(OFFERS_MAX),
    }
}

/// Whether more of a limit is to be asked for now.
fn wants(of: &Pot, now: Timestamp) -> bool {
    of.wanted.is_some() && of.may_ask(now)
}

/// The account that something was wanted for, where it still has the lease.
fn account<'a>(state: &'a mut State, wanted: &Wanted) -> Option<&'a mut Account> {
    let of_product = state.accounts.get_mut(&wanted.product)?;
    let account = of_product.get_mut(&wanted.part)?;
    (account.lease == wanted.lease).then_some(account)
}

/// Forgets an account whose lease somebody else has closed.
fn lose(state: &mut State, wanted: &Wanted) {
    if account(state, wanted).is_some()
        && let Some(of_product) = state.accounts.get_mut(&wanted.product)
    {
        of_product.remove(&wanted.part);
    }
    let (lease, product) = (&wanted.lease, &wanted.product);
    tracing::warn!(%lease, product, "a lease was closed by somebody else");
}
