//! Where a promise stands: kept, at risk or broken, and by which figures.

use jiff::{SignedDuration, Timestamp};
use schema::WhyNot;
use serde::{Deserialize, Serialize};

use super::{BurnWindow, Ledger, Promise};
use crate::refusal::{Allowed, Refusal, require};

/// Where a promise stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Kept, at risk or broken.
    pub state: State,
    /// The budget of the period; absent where the state is unknown.
    pub budget: Option<Budget>,
    /// How fast it burns, in the order of the windows given.
    pub burns: Vec<Burn>,
}

/// Kept, at risk or broken, with the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There is budget left, and it does not burn too fast.
    Kept,
    /// There is budget left, and it burns too fast.
    AtRisk(Reason),
    /// There is none left.
    Broken(Reason),
    /// It cannot be said, and why.
    Unknown(WhyNot),
}

/// What puts a promise at risk or breaks it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Both windows burn faster than they may: of several the one with the highest limit, so the most urgent.
    Burning {
        /// How fast.
        burn: Burn,
        /// When the budget will be spent at the pace of the long window.
        spent_at: Timestamp,
    },
    /// More events were bad than may be.
    Spent {
        /// Bad events of the period.
        bad: u64,
        /// How many may be.
        bad_allowed: f64,
    },
}

/// What may be bad within the period, and what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// All events of the period.
    pub all: u64,
    /// Bad ones.
    pub bad: u64,
    /// How many of them may be bad.
    pub bad_allowed: f64,
    /// What is left, as a share of that; below 0 when more is spent than there was.
    pub left_share: f64,
}

/// How fast a budget burns in a pair of windows; without events it does not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Burn {
    /// The windows.
    pub window: BurnWindow,
    /// Burn rate of the long one: share of bad events over the share that may be.
    pub long: f64,
    /// Burn rate of the short one.
    pub short: f64,
    /// Whether both are above the limit, with at least as many bad events as it takes.
    pub burning: bool,
}

/// Judges a promise by what happened.
///
/// - `bad_min`: bad events in the long window, or in the period, below which nothing is said to burn or to be spent: of
///   a product that is asked ten times a day one slow answer is no incident.
///
/// # Errors
/// [`Refusal`] of a promise or window that contradicts itself, a ledger that does not look back far enough or whose
/// slots are longer than a window, or a `now` before its last slot.
/// # Source
/// Beyer et al. (2018), "The Site Reliability Workbook", ch. 5, "Multiwindow, multi-burn-rate alerts".
pub fn judge(
    promise: &Promise,
    windows: &[BurnWindow],
    ledger: &Ledger,
    now: Timestamp,
    bad_min: u64,
) -> Result<Standing, Refusal> {
    promise.check()?;
    ledger.check_now(now)?;
    let (kept, needed) = (
        u64::from(ledger.kept_minutes()),
        u64::from(promise.period_minutes()),
    );
    let allowed = Allowed::CountAtLeast(needed);
    require(kept >= needed, "kept_minutes", kept, allowed)?;
    let slot = u64::from(ledger.slot_minutes());
    for (at, window) in windows.iter().enumerate() {
        let short = u64::from(window.short_minutes);
        let whole = require(
            short >= slot,
            "short_minutes",
            short,
            Allowed::CountAtLeast(slot),
        );
        window
            .check(promise)
            .and(whole)
            .map_err(|refusal| refusal.at(at))?;
    }
    let burns: Vec<Burn> = windows
        .iter()
        .map(|window| burn(promise, *window, ledger, now, bad_min))
        .collect();
    let budget = budget(promise, ledger, now);
    let state = match &budget {
        None => State::Unknown(WhyNot::TooFew {
            what: "events".to_owned(),
            found: 0,
            needed: 1,
        }),
        Some(budget) => state(promise, budget, &burns, now, bad_min),
    };
    Ok(Standing {
        state,
        budget,
        burns,
    })
}

fn budget(promise: &Promise, ledger: &Ledger, now: Timestamp) -> Option<Budget> {
    let (all, bad) = ledger.within(now, promise.period_minutes());
    if all == 0 {
        return None;
    }
    let bad_allowed = promise.bad_share() * all as f64;
    Some(Budget {
        all,
        bad,
        bad_allowed,
        left_share: 1.0 - bad as f64 / bad_allowed,
    })
}

fn burn(
    promise: &Promise,
    window: BurnWindow,
    ledger: &Ledger,
    now: Timestamp,
    bad_min: u64,
) -> Burn {
    let rate = |minutes| {
        let (all, bad) = ledger.within(now, minutes);
        let share = if all > 0 {
            bad as f64 / all as f64
        } else {
            0.0
        };
        (share / promise.bad_share(), bad)
    };
    let (long, bad) = rate(window.long_minutes);
    let (short, _) = rate(window.short_minutes);
    // A rate that is the limit but for rounding is the limit.
    let above = |rate: f64| rate >= window.burn_max * (1.0 - 1e-9);
    Burn {
        window,
        long,
        short,
        burning: above(long) && above(short) && bad >= bad_min.max(1),
    }
}

fn state(
    promise: &Promise,
    budget: &Budget,
    burns: &[Burn],
    now: Timestamp,
    bad_min: u64,
) -> State {
    if budget.left_share < -1e-9 && budget.bad >= bad_min {
        return State::Broken(Reason::Spent {
            bad: budget.bad,
            bad_allowed: budget.bad_allowed,
        });
    }
    let burning = burns.iter().filter(|burn| burn.burning);
    let urgent = burning.max_by(|one, other| one.window.burn_max.total_cmp(&other.window.burn_max));
    match urgent {
        None => State::Kept,
        Some(burn) => {
            let minutes =
                budget.left_share.max(0.0) * f64::from(promise.period_minutes()) / burn.long;
            let left = SignedDuration::from_secs((minutes * 60.0) as i64);
            State::AtRisk(Reason::Burning {
                burn: *burn,
                spent_at: now.checked_add(left).unwrap_or(Timestamp::MAX),
            })
        }
    }
}
