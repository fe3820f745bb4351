//! Money that a process promises: it leases a part of a budget, grants from it in memory, and writes down behind the
//! answers what it has promised.
//!
//! What was granted is known for certain because each decision is logged with what it reserved before it is answered:
//! of a process that died, [`crate::Workshop::settle_dead_leases`] reads it there.

mod batch;
mod pace;
mod pot;
mod settle;
mod short;
mod tend;

pub use batch::HoldError;
pub(crate) use batch::{Free, Purse};
pub(crate) use settle::BATCH;
pub use settle::{SettleError, Settled};

use crate::workshop::Workshop;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lake::log::Reserved;
use parking_lot::Mutex;
use pot::Pot;
use products::{Allowance, ArmsAllowance, LimitLeft, NoMoney, Stake};
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
    pub stake: &'a Stake,
    /// When.
    pub at: Timestamp,
}

/// Why a promise is not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The budget does not pay for it, or nobody can say whether it does: nothing can be promised.
    Budget(NoMoney),
    /// Limits on some arms do not: it is to be decided again without the arms that they do not pay for.
    Limits(Vec<LimitLeft>),
}

/// Of which part of a product's promises an account is: those of a period to customers whom the same limits count.
///
/// Which limits a promise counts against follows from its lease and its arm, so that customers whom other limits count
/// are promised from another lease.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    period: String,
    /// See [`Stake::counted_by`].
    counted_by: Vec<usize>,
}

impl Part {
    /// Whether a limit counts its customers.
    ///
    /// - `place`: of the limit in the allowance.
    fn is_counted(&self, place: usize, limit: &ArmsAllowance) -> bool {
        limit.sites.is_none() || self.counted_by.contains(&place)
    }
}

/// What this process may promise of the budget of one product and period to customers whom the same limits count.
#[derive(Debug)]
struct Account {
    /// The lease; as long as nothing came of asking for it, nothing is known to be leased.
    lease: Arc<str>,
    money: Pot,
    /// Of the limits on some arms within it, in the order of the allowance.
    limits: Vec<Pot>,
    /// When the registry last heard of the holder.
    heard_at: Timestamp,
    /// When something was last taken from it; at first when it was wanted.
    taken_at: Timestamp,
}

#[derive(Debug, Default)]
struct State {
    /// By product.
    accounts: BTreeMap<String, BTreeMap<Part, Account>>,
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
    Refused(Refusal),
    /// It is about to be leased; why it is refused where that takes too long.
    Wait(Refusal),
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
    /// What is granted counts as promised from now on. It waits a moment where more is about to be leased; for what is
    /// known to be used up it does not wait.
    ///
    /// # Errors
    /// [`Refusal`]: the budget or a limit does not pay for it, or nobody can say whether it does.
    pub async fn grant(&self, promise: &Promise<'_>) -> Result<Option<Reserved>, Refusal> {
        let allowance = self
            .allowances
            .get(promise.product)
            .ok_or(Refusal::Budget(NoMoney::Unavailable))?;
        let period = allowance.period;
        let part = Part {
            period: period.name_at(promise.at, &self.time_zone, promise.version),
            counted_by: promise.stake.counted_by.clone(),
        };
        let until = tokio::time::Instant::now() + GRANT_WAIT;
        loop {
            let asked = self.asked.notified();
            tokio::pin!(asked);
            asked.as_mut().enable();
            let late = match self.try_grant(promise, &part, allowance) {
                Tried::Granted(reserved) => return Ok(reserved),
                Tried::Refused(why) => return Err(why),
                Tried::Wait(late) => late,
            };
            if tokio::time::timeout_at(until, asked).await.is_err() {
                return Err(late);
            }
        }
    }

    fn try_grant(&self, promise: &Promise<'_>, part: &Part, allowance: &Allowance) -> Tried {
        let stake = promise.stake;
        let (takes, must_have) = (stake.takes.0, stake.must_have.0);
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
            return Tried::Refused(Refusal::Budget(NoMoney::Unavailable));
        }
        let of_product = match accounts.get_mut(promise.product) {
            Some(known) => known,
            None => accounts.entry(promise.product.to_owned()).or_default(),
        };
        let account = match of_product.get_mut(part) {
            Some(known) => known,
            None => {
                let new = Account::new(allowance, promise.at);
                of_product.entry(part.clone()).or_insert(new)
            }
        };
        let heard = account.is_heard(promise.at);
        let left = account.money.left();
        let pays = left >= must_have && left >= takes && heard;
        let after = if pays { left - takes } else { left };
        let low = account.money.is_low(after, allowance.dearest.0);
        let mut news = (low || !pays) && account.money.want(must_have.max(takes), promise.at);
        let lacks = account.lacks(stake, allowance, promise.at, &mut news);
        if news && !*away {
            self.wanted.notify_one();
        }
        if !pays {
            let unavailable = Refusal::Budget(NoMoney::Unavailable);
            return match (*away, account.money.used_up_at) {
                (true, _) => Tried::Refused(unavailable),
                (false, Some(_)) if heard => Tried::Refused(Refusal::Budget(NoMoney::UsedUp)),
                (false, _) => Tried::Wait(unavailable),
            };
        }
        if !lacks.is_empty() {
            return refused(lacks, *away);
        }
        if takes == 0 {
            return Tried::Granted(None);
        }
        account.taken_at = account.taken_at.max(promise.at);
        account.money.used += takes;
        for of in &stake.limits {
            if let Some(pot) = account.limits.get_mut(of.limit) {
                pot.used += of.takes;
            }
        }
        if let Some(paced) = paced.get_mut(promise.product)
            && paced.period == part.period
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
        let arm = waiting.all.remove(at).arm;
        let mut all = accounts.iter_mut().flat_map(|(product, parts)| {
            let of_product = parts.iter_mut();
            of_product.map(move |(part, account)| (product, part, account))
        });
        let found = all.find(|(_, _, account)| *account.lease == *reserved.lease);
        if let Some((product, part, account)) = found {
            account.money.used -= reserved.cents.0;
            let limits = self.allowances.get(product).map(|of| &of.limits);
            let limits = limits.into_iter().flatten().enumerate();
            for (pot, (place, limit)) in account.limits.iter_mut().zip(limits) {
                if part.is_counted(place, limit) {
                    pot.used -= limit.takes(&arm);
                }
            }
            if let Some(paced) = paced.get_mut(product).filter(|p| p.period == part.period) {
                paced.promised -= reserved.cents.0;
            }
        }
    }

    /// Completes when more money is wanted than is leased.
    pub async fn wanting(&self) {
        self.wanted.notified().await;
    }
}

/// What becomes of a promise for which limits lack something: what is known to be short is said at once, so that the
/// answer is decided without it; only for the rest is it worth waiting.
fn refused(lacks: Vec<LimitLeft>, away: bool) -> Tried {
    let is_known = |of: &LimitLeft| away || of.why == NoMoney::UsedUp;
    if lacks.iter().any(is_known) {
        return Tried::Refused(Refusal::Limits(
            lacks.into_iter().filter(is_known).collect(),
        ));
    }
    Tried::Wait(Refusal::Limits(lacks))
}

impl Account {
    fn new(allowance: &Allowance, now: Timestamp) -> Self {
        Self {
            lease: uuid::Uuid::now_v7().simple().to_string().into(),
            money: Pot::new(now),
            limits: allowance.limits.iter().map(|_| Pot::new(now)).collect(),
            heard_at: now,
            taken_at: now,
        }
    }

    /// Whether the registry has heard of the holder lately. By a clock that was set back by more nobody can say how long
    /// ago that was.
    fn is_heard(&self, now: Timestamp) -> bool {
        now.duration_since(self.heard_at).abs() < UNHEARD_MAX
    }

    /// The limits that have less than an answer must have; notes what is wanted of them.
    ///
    /// - `news`: set where that is news.
    fn lacks(
        &mut self,
        stake: &Stake,
        allowance: &Allowance,
        now: Timestamp,
        news: &mut bool,
    ) -> Vec<LimitLeft> {
        let heard = self.is_heard(now);
        let mut lacks = Vec::new();
        for of in &stake.limits {
            let known = (
                self.limits.get_mut(of.limit),
                allowance.limits.get(of.limit),
            );
            let (Some(pot), Some(limit)) = known else {
                // Of a limit that the file does not have: nobody counts it.
                continue;
            };
            pot.needed_at = pot.needed_at.max(now);
            let left = if heard { pot.left() } else { 0 };
            let pays = left >= of.must_have;
            let after = if pays { left - of.takes } else { left };
            if !pays || pot.is_low(after, limit.dearest()) {
                *news |= pot.want(limit.cheapest(), now);
            }
            if !pays {
                lacks.push(LimitLeft {
                    limit: of.limit,
                    units: left,
                    why: match pot.used_up_at {
                        Some(_) if heard => NoMoney::UsedUp,
                        Some(_) | None => NoMoney::Unavailable,
                    },
                });
            }
        }
        lacks
    }
}
