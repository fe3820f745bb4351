//! The state of a watched loss between two days.

use math::tails::normal_upper_tail;
use schema::AsOf;
use serde::{Deserialize, Serialize};

use super::interval::{Interval, Running};
use super::scan::Scan;
use super::{LossDay, LossPromise, SCAN_SHARE, Spread};
use crate::evidence::Evidence;
use crate::refusal::{Allowed, Refusal, require};

/// Changes bet on, in standard deviations of a day's mean: from weeks until seen to a day. Each is half an octave from
/// the nearest at most, which costs a sixth of the speed.
const SHIFTS: [f64; 5] = [0.35, 0.7, 1.4, 2.8, 5.6];

/// Bets on means of bounded days, as shares of the most that can be bet without ever losing all.
const SHARES: [f64; 5] = [0.06, 0.12, 0.25, 0.5, 0.9];

/// Share of alpha for what one day shows by itself: a normal tail is thinner than any bet can use, so that a sudden
/// change is seen a day earlier; slow ones are seen 3 % later for it.
const SUDDEN_SHARE: f64 = 0.3;

/// A product's loss, watched: constant in size, and the same whether it was stored between two days or not.
///
/// While the expected loss never passes what is allowed the chance that it ever alarms is at most
/// [`LossPromise::alpha`], however often it is read. Days come in their order; what a day holds may depend on all
/// before. An alarm stays until a new watch begins.
///
/// # Source
/// The test of Podkopaev and Ramdas (2022), "Tracking the risk of a deployed model and detecting harmful distribution
/// shifts", with [`Evidence`] in place of a sequence from the first day: that one grows slower the longer all was well.
/// Bounded losses by betting, Waudby-Smith and Ramdas (2024), eq. 13; by the chord of the bet where only sums of
/// decisions are known, which is Bernoulli's likelihood ratio. A day by itself is judged by its tail at the share of
/// alpha that bets of this day have, a union bound; of bounded losses by Hoeffding (1963), theorem 1. Beside a measured
/// reference windows of days are judged so. Each way has its part of alpha.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossWatch {
    promise: LossPromise,
    evidence: Evidence,
    running: Running,
    scan: Scan,
    alarmed: Option<AsOf>,
}

/// What is told of a watched loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LossReading {
    /// Whether it has passed what is allowed.
    pub verdict: LossVerdict,
    /// Natural logarithm of the e-value against "never passed". An alarm may come from a day or a
    /// window alone before this is high.
    pub ln_e_value: f64,
    /// Always-valid p-value of "never passed".
    pub p_value: f64,
    /// Days taken in.
    pub days: u32,
    /// The mean over all of them; absent before the first.
    ///
    /// It has an alpha of its own beside that of the alarm. A change is seen first by the alarm, which can forget the
    /// quiet days before.
    pub interval: Option<Interval>,
}

/// Whether a loss has passed what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossVerdict {
    /// Nothing speaks for that beyond chance.
    Quiet,
    /// It has.
    Passed {
        /// The day that showed it.
        seen: AsOf,
        /// The day from which on a change would explain most: an estimate.
        likely_since: Option<AsOf>,
    },
}

impl LossWatch {
    /// Before the first day.
    ///
    /// # Errors
    /// [`Refusal`] of a promise that cannot be kept or broken.
    pub fn new(promise: LossPromise) -> Result<Self, Refusal> {
        promise.check()?;
        Ok(Self {
            promise,
            evidence: Evidence::of_bets(SHIFTS.len()),
            running: Running::default(),
            scan: Scan::default(),
            alarmed: None,
        })
    }

    /// Takes in a day.
    ///
    /// # Errors
    /// [`Refusal`] when the day is not after the last, cannot be, or loses more than can be lost; nothing is taken in.
    pub fn look(&mut self, day: &LossDay) -> Result<(), Refusal> {
        self.evidence.check_day(day.day)?;
        day.check()?;
        if let Some(most) = self.promise.most() {
            let mean = day.mean();
            let usable = (0.0..=most).contains(&mean);
            require(usable, "sum / count", mean, Allowed::Between(0.0, most))?;
            let allowed = self.promise.allowed(day.season);
            let range = Allowed::Inside(0.0, most);
            require(
                allowed > 0.0 && allowed < most,
                "season × baseline plus tolerance",
                allowed,
                range,
            )?;
        }
        let (alpha, alpha_of_bets) = (self.promise.alpha, self.promise.alpha_of_bets());
        let share = self.evidence.next_share();
        let (shown, gathered) = match self.promise.spread {
            Spread::Measured { .. } => {
                let shown = self
                    .scan
                    .look(&self.promise, day, SCAN_SHARE * alpha * share);
                (shown, alpha_of_bets)
            }
            Spread::Normal { .. } | Spread::BoundedDecisions { .. } => {
                let level = SUDDEN_SHARE * alpha_of_bets * share;
                let shown = ln_tail(&self.promise, day) <= level.ln();
                (shown, (1.0 - SUDDEN_SHARE) * alpha_of_bets)
            }
            Spread::BoundedDays { .. } => (false, alpha_of_bets),
        };
        let gains = ln_gains(&self.promise, day);
        self.evidence.look(day.day, &gains)?;
        let alpha = self.promise.alpha_of_interval();
        self.running.add(&self.promise, day, alpha);
        if self.alarmed.is_none() && (shown || self.evidence.ever_reached(gathered)) {
            self.alarmed = Some(day.day);
        }
        Ok(())
    }

    /// What is to be told now.
    #[must_use]
    pub fn read(&self) -> LossReading {
        let verdict = match self.alarmed {
            None => LossVerdict::Quiet,
            Some(seen) => LossVerdict::Passed {
                seen,
                likely_since: self.evidence.likely_since(),
            },
        };
        let alpha = self.promise.alpha_of_interval();
        LossReading {
            verdict,
            ln_e_value: self.evidence.ln_e_value(),
            p_value: self.evidence.p_value(),
            days: self.evidence.looks(),
            interval: self.running.interval(&self.promise, alpha),
        }
    }

    /// The promise that is watched.
    #[must_use]
    pub fn promise(&self) -> &LossPromise {
        &self.promise
    }
}

/// Logarithm of the probability of a day at least this bad while it is expected to lose what is allowed, or of a bound
/// of it.
fn ln_tail(promise: &LossPromise, day: &LossDay) -> f64 {
    let allowed = promise.allowed(day.season);
    match promise.most() {
        None => {
            let z = (day.mean() - allowed) / promise.day_variance(day.count).sqrt();
            normal_upper_tail(z).ln()
        }
        Some(most) => {
            let (rate, share) = (allowed / most, day.mean() / most);
            if share <= rate {
                return 0.0;
            }
            let rest = if share < 1.0 {
                (1.0 - share) * ((1.0 - share) / (1.0 - rate)).ln()
            } else {
                0.0
            };
            -(day.count as f64) * (share * (share / rate).ln() + rest)
        }
    }
}

/// What each bet gains on a day, in logarithms. Each is a supermartingale's step while the day's expected loss is at
/// most what is allowed.
fn ln_gains(promise: &LossPromise, day: &LossDay) -> [f64; SHIFTS.len()] {
    let allowed = promise.allowed(day.season);
    match promise.spread {
        Spread::Normal { .. } | Spread::Measured { .. } => {
            let z = (day.mean() - allowed) / promise.day_variance(day.count).sqrt();
            SHIFTS.map(|shift| shift * z - 0.5 * shift * shift)
        }
        Spread::BoundedDecisions { most } => {
            let (rate, n) = (allowed / most, day.count as f64);
            let hits = day.sum / most;
            let step = (rate * (1.0 - rate) / n).sqrt();
            SHIFTS.map(|shift| {
                // At most halfway to 1, so that a single decision without loss never takes all.
                let bet = (rate + shift * step).min(0.5 * (1.0 + rate));
                hits * (bet / rate).ln() + (n - hits) * ((1.0 - bet) / (1.0 - rate)).ln()
            })
        }
        Spread::BoundedDays { most } => {
            let (rate, share) = (allowed / most, day.mean() / most);
            SHARES.map(|part| (part * (share - rate) / rate).ln_1p())
        }
    }
}
