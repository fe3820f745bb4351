//! What is done beside the answers: leasing more, writing down what was promised, giving back what is not needed.

use super::{Ledger, OFFERS_MAX, OFFERS_MIN, State, Waiting, is_past};
use crate::run::one_line;
use jiff::{SignedDuration, Timestamp};
use registry::{LeaseAsked, LeaseError, NewReservation, OpenBudgetError, ReserveError, StoreError};
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

/// A lease that nothing was granted from for so long is given back: others may need it.
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

/// More money that is wanted.
struct Wanted {
    product: String,
    period: String,
    lease: Arc<str>,
    leased: i64,
    needed: i64,
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
            self.retire(|granted_at| now.duration_since(granted_at).abs() >= IDLE);
        }
        asked |= self.settle_retired(now).await?;
        asked |= self.look_at_pace(now).await?;
        asked |= self.give_sign(now).await?;
        Ok(asked)
    }

    fn wanted(&self, now: Timestamp) -> Vec<Wanted> {
        let state = self.state.lock();
        let of_products = state.accounts.iter();
        let all = of_products.flat_map(|(product, periods)| {
            periods.iter().filter_map(move |(period, account)| {
                let needed = account.wanted.filter(|_| account.may_ask(now))?;
                Some(Wanted {
                    product: product.clone(),
                    period: period.clone(),
                    lease: Arc::clone(&account.lease),
                    leased: account.leased,
                    needed,
                })
            })
        });
        all.collect()
    }

    async fn lease_more(&self, wanted: &Wanted, now: Timestamp) -> Result<(), Away> {
        let Some(allowance) = self.allowances.get(&wanted.product) else {
            return Ok(());
        };
        let (product, period) = (wanted.product.as_str(), wanted.period.as_str());
        if wanted.leased == 0 {
            let opened = within(self.registry.open_budget(product, period, allowance.limit));
            match opened.await? {
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
            known: Cents(wanted.leased),
            needed: Cents(wanted.needed),
            few: Cents(dearest.saturating_mul(OFFERS_MIN)),
            many: Cents(dearest.saturating_mul(OFFERS_MAX)),
        };
        let leased = within(self.registry.lease(&asked, now)).await?;
        let mut state = self.state.lock();
        let of_product = state.accounts.get_mut(product);
        let Some(account) = of_product.and_then(|of| of.get_mut(period)) else {
            return Ok(());
        };
        match leased {
            Ok(all) => {
                account.step = all.0 - account.leased;
                account.leased = all.0;
                account.heard_at = now;
                (account.wanted, account.used_up_at) = (None, None);
                Ok(())
            }
            Err(LeaseError::UsedUp { .. }) => {
                account.used_up_at = Some(now);
                account.wanted = None;
                if account.leased == 0 {
                    account.heard_at = now;
                }
                Ok(())
            }
            // Somebody took it away: another one is asked for.
            Err(LeaseError::Closed { .. } | LeaseError::NoBudget { .. }) => {
                let lost = of_period(&mut state, product, period);
                tracing::warn!(lease = ?lost, product, "a lease was closed by somebody else");
                Ok(())
            }
            Err(LeaseError::Store(error)) => Err(error.into()),
        }
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

    /// Grants nothing more from accounts of which the last grant is chosen.
    fn retire(&self, chosen: impl Fn(Timestamp) -> bool) {
        let mut state = self.state.lock();
        let State {
            accounts, retired, ..
        } = &mut *state;
        for periods in accounts.values_mut() {
            periods.retain(|_, account| {
                let goes = chosen(account.granted_at);
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

/// Forgets an account; its lease.
fn of_period(state: &mut State, product: &str, period: &str) -> Option<Arc<str>> {
    let of_product = state.accounts.get_mut(product)?;
    of_product.remove(period).map(|account| account.lease)
}
