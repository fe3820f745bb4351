//! Money that a process promises: it leases a part of a budget, grants from it in memory, and writes down behind the
//! answers what it has promised.
//!
//! What was granted is known for certain because each decision is logged with what it reserved before it is answered:
//! of a process that died, [`crate::Workshop::settle_dead_leases`] reads it there.

mod batch;
mod pace;
mod settle;
mod tend;

pub use batch::HoldError;
pub(crate) use batch::Purse;
pub(crate) use settle::BATCH;
pub use settle::{SettleError, Settled};

use crate::workshop::Workshop;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lake::log::Reserved;
use parking_lot::Mutex;
use products::{Allowance, NoMoney, Stake};
use registry::{NewReservation, Registry};
use schema::{Cents, CustomerId, DecisionId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Offers' worth that a lease takes at least, and at most, of what is free.
const OFFERS_MIN: i64 = 8;
const OFFERS_MAX: i64 = 300;

/// How long an answer waits for money that is about to be leased.
const GRANT_WAIT: Duration = Duration::from_millis(300);

/// For how long its holder must not have been heard of before a lease may be taken from it.
pub const LEASE_SILENCE: SignedDuration = SignedDuration::from_mins(10);

/// For how long a lease is granted from without the registry having heard of its holder. Why: half of
/// [`LEASE_SILENCE`], so that nothing is granted any more when somebody takes it away.
const UNHEARD_MAX: SignedDuration = SignedDuration::from_mins(5);

/// What is to be promised.
#[derive(Debug, Clone, Copy)]
pub struct Promise<'a> {
    /// The data product.
    pub product: &'a str,
    /// The version that decided.
    pub version: u32,
    /// The decision.
    pub decision: &'a DecisionId,
    /// To whom.
    pub customer: Option<&'a CustomerId>,
    /// The arm given.
    pub arm: &'a str,
    /// What it takes.
    pub stake: Stake,
    /// When.
    pub at: Timestamp,
}

/// The money of one product and period that this process may promise.
#[derive(Debug)]
struct Account {
    /// The lease; as long as nothing came of asking for it, nothing is known to be leased.
    lease: Arc<str>,
    leased: i64,
    used: i64,
    /// What was leased the last time: half of it left is the time to ask for more.
    step: i64,
    /// When the registry last heard of the holder.
    heard_at: Timestamp,
    granted_at: Timestamp,
    /// What must be there for whoever asks for more.
    wanted: Option<i64>,
    /// When the budget was found used up.
    used_up_at: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct State {
    /// By product and period.
    accounts: BTreeMap<String, BTreeMap<String, Account>>,
    /// What was promised from each lease and is not known to be written down.
    promised: BTreeMap<Arc<str>, Waiting>,
    /// Leases that nothing is granted from any more.
    retired: Vec<Arc<str>>,
    /// The registry does not answer.
    away: bool,
    /// What is promised of the budgets that are spread over their period, by product.
    paced: BTreeMap<String, Paced>,
    /// Nothing is granted any more.
    closed: bool,
    signed_at: Option<Timestamp>,
    expired_at: Option<Timestamp>,
}

/// Promises on their way to the registry, the oldest first.
#[derive(Debug, Default)]
struct Waiting {
    all: Vec<NewReservation>,
    /// How many of them may be there already.
    begun: usize,
}

/// What is promised of a budget that is spread over its period, as far as this process knows.
#[derive(Debug)]
struct Paced {
    period: String,
    /// When the period begins, and when it ends.
    span: (Timestamp, Timestamp),
    /// By all processes: what the registry told, and what this one has promised since.
    promised: i64,
    read_at: Timestamp,
}

/// What this process may promise, of all products that have a ledger.
#[derive(Debug)]
pub struct Ledger {
    registry: Registry,
    holder: String,
    time_zone: TimeZone,
    allowances: BTreeMap<String, Allowance>,
    state: Mutex<State>,
    /// More money is wanted.
    wanted: Notify,
    /// Something came of asking for it.
    asked: Notify,
}

/// Whether so much time is over since a moment; where that lies ahead the clock was set back, and it counts as over.
fn is_past(since: Timestamp, lasts: SignedDuration, now: Timestamp) -> bool {
    now < since || now.duration_since(since) >= lasts
}

/// What became of a try.
enum Tried {
    Granted(Option<Reserved>),
    Refused(NoMoney),
    /// It is about to be leased.
    Wait,
}

impl Ledger {
    /// The ledger of a process; none where no product has one.
    ///
    /// - `holder`: the place of its log, see [`lake::log::Wal::place`].
    #[must_use]
    pub fn of(workshop: &Workshop, holder: String) -> Option<Self> {
        let products = workshop.project.products.iter();
        let allowances: BTreeMap<String, Allowance> = products
            .filter_map(|p| Some((p.header().name.clone(), p.allowance()?)))
            .collect();
        (!allowances.is_empty()).then(|| Self {
            registry: workshop.registry.clone(),
            holder,
            time_zone: workshop.project.time_zone.clone(),
            allowances,
            state: Mutex::default(),
            wanted: Notify::new(),
            asked: Notify::new(),
        })
    }

    /// Grants what a promise takes, or says why not. Nothing is reserved where it takes nothing.
    ///
    /// What is granted counts as promised from now on. It waits a moment where more money is about to be leased.
    ///
    /// # Errors
    /// [`NoMoney`]: the budget does not pay for it, or nobody can say whether it does.
    pub async fn grant(&self, promise: &Promise<'_>) -> Result<Option<Reserved>, NoMoney> {
        let allowance = self
            .allowances
            .get(promise.product)
            .ok_or(NoMoney::Unavailable)?;
        let period = allowance
            .period
            .name_at(promise.at, &self.time_zone, promise.version);
        let until = tokio::time::Instant::now() + GRANT_WAIT;
        loop {
            let asked = self.asked.notified();
            tokio::pin!(asked);
            asked.as_mut().enable();
            match self.try_grant(promise, &period, allowance) {
                Tried::Granted(reserved) => return Ok(reserved),
                Tried::Refused(why) => return Err(why),
                Tried::Wait => {}
            }
            if tokio::time::timeout_at(until, asked).await.is_err() {
                return Err(NoMoney::Unavailable);
            }
        }
    }

    fn try_grant(&self, promise: &Promise<'_>, period: &str, allowance: &Allowance) -> Tried {
        let (takes, must_have) = (promise.stake.takes.0, promise.stake.must_have.0);
        let mut state = self.state.lock();
        let State {
            accounts,
            promised,
            paced,
            away,
            closed,
            ..
        } = &mut *state;
        if *closed {
            return Tried::Refused(NoMoney::Unavailable);
        }
        let of_product = match accounts.get_mut(promise.product) {
            Some(known) => known,
            None => accounts.entry(promise.product.to_owned()).or_default(),
        };
        let account = match of_product.get_mut(period) {
            Some(known) => known,
            None => {
                let new = Account::new(promise.at);
                of_product.entry(period.to_owned()).or_insert(new)
            }
        };
        let left = account.leased - account.used;
        // By a clock that was set back by more nobody can say how long ago that was.
        let heard = promise.at.duration_since(account.heard_at).abs() < UNHEARD_MAX;
        let pays = left >= must_have && left >= takes && heard;
        let after = if pays { left - takes } else { left };
        let low = after < (account.step / 2).max(allowance.dearest.0);
        if (low || !pays) && account.want(must_have.max(takes), promise.at) && !*away {
            self.wanted.notify_one();
        }
        if !pays {
            return match (*away, account.used_up_at) {
                (true, _) => Tried::Refused(NoMoney::Unavailable),
                (false, Some(_)) if heard => Tried::Refused(NoMoney::UsedUp),
                (false, _) => Tried::Wait,
            };
        }
        account.granted_at = account.granted_at.max(promise.at);
        if takes == 0 {
            return Tried::Granted(None);
        }
        account.used += takes;
        if let Some(paced) = paced.get_mut(promise.product)
            && paced.period == period
        {
            paced.promised += takes;
        }
        let waiting = promised.entry(Arc::clone(&account.lease)).or_default();
        waiting.all.push(NewReservation {
            decision: promise.decision.clone(),
            customer: promise.customer.map(|id| id.as_str().to_owned()),
            arm: promise.arm.to_owned(),
            cents: Cents(takes),
            at: promise.at,
        });
        Tried::Granted(Some(Reserved {
            lease: account.lease.to_string(),
            cents: Cents(takes),
        }))
    }

    /// Takes back what was granted for a decision that is not in the log and leaves for nobody. What is written down
    /// already stays reserved until it expires.
    pub fn take_back(&self, decision: &DecisionId, reserved: &Reserved) {
        let mut state = self.state.lock();
        let State {
            accounts,
            promised,
            paced,
            ..
        } = &mut *state;
        let Some(waiting) = promised.get_mut(reserved.lease.as_str()) else {
            return;
        };
        let at = waiting
            .all
            .iter()
            .rposition(|one| one.decision == *decision);
        let Some(at) = at.filter(|at| *at >= waiting.begun) else {
            return;
        };
        waiting.all.remove(at);
        let mut all = accounts.iter_mut().flat_map(|(product, periods)| {
            let of_product = periods.iter_mut();
            of_product.map(move |(period, account)| (product, period, account))
        });
        let found = all.find(|(_, _, account)| *account.lease == *reserved.lease);
        if let Some((product, period, account)) = found {
            account.used -= reserved.cents.0;
            if let Some(paced) = paced.get_mut(product).filter(|p| p.period == *period) {
                paced.promised -= reserved.cents.0;
            }
        }
    }

    /// Completes when more money is wanted than is leased.
    pub async fn wanting(&self) {
        self.wanted.notified().await;
    }
}

impl Account {
    fn new(now: Timestamp) -> Self {
        Self {
            lease: uuid::Uuid::now_v7().simple().to_string().into(),
            leased: 0,
            used: 0,
            step: 0,
            heard_at: now,
            granted_at: now,
            wanted: None,
            used_up_at: None,
        }
    }

    /// Notes that more is wanted; whether that is news.
    fn want(&mut self, cents: i64, now: Timestamp) -> bool {
        let news = self.wanted.is_none() && self.may_ask(now);
        self.wanted = self.wanted.max(Some(cents));
        news
    }

    /// Whether it is time to ask, after the budget was found used up.
    fn may_ask(&self, now: Timestamp) -> bool {
        /// Between two looks whether something has become free.
        const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(2);
        self.used_up_at
            .is_none_or(|at| is_past(at, LOOK_EVERY, now))
    }
}
