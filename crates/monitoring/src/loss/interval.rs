//! The live mean since the watch began, and an interval that holds on all days together.

use math::mixture::NormalMixture;
use math::special::ln_gamma;
use serde::{Deserialize, Serialize};

use super::{LossDay, LossPromise, Spread};

/// Days after which the interval of normal means is narrowest.
const TUNED_DAYS: f64 = 28.0;

/// Steps of halving: an end is off by less than a billionth of the largest loss.
const HALVINGS: usize = 32;

/// Largest bet of the empirical Bernstein interval, as its authors have it.
const BERNSTEIN_BET_MOST: f64 = 0.5;

/// A mean and the interval that holds at all times together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Mean loss of a decision, over all days watched.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// What was allowed, over the same days with the same weights.
    pub allowed: f64,
}

/// Sums over the days so far, weighted as the spread asks.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Running {
    weight: f64,
    losses: f64,
    allowed: f64,
    /// Normal: variance of the first day's mean. Days: what the interval owes to how days vary.
    extra: f64,
    days: f64,
    /// Days: sum of means, and of squares about the mean known before, each as a share of the largest loss.
    level: f64,
    squares: f64,
}

impl Running {
    pub(crate) fn add(&mut self, promise: &LossPromise, day: &LossDay, alpha: f64) {
        let allowed = promise.allowed(day.season);
        let weight = match promise.spread {
            Spread::BoundedDecisions { .. } => day.count as f64,
            Spread::BoundedDays { most } => self.bernstein(day.mean() / most, alpha),
            Spread::Normal { .. } | Spread::Measured { .. } => {
                let variance = promise.day_variance(day.count);
                if self.days == 0.0 {
                    self.extra = variance;
                }
                1.0 / variance
            }
        };
        self.days += 1.0;
        self.weight += weight;
        self.losses += weight * day.mean();
        self.allowed += weight * allowed;
    }

    /// The weight of a day, by days before it.
    fn bernstein(&mut self, share: f64, alpha: f64) -> f64 {
        let t = self.days + 1.0;
        let known = (self.level + 0.5) / t;
        let variance = (self.squares + 0.25) / t;
        let tuned = (2.0 * (2.0 / alpha).ln() / (variance * t * (1.0 + t).ln())).sqrt();
        let bet = tuned.min(BERNSTEIN_BET_MOST);
        let apart = (share - known).powi(2);
        self.extra += apart * (-(-bet).ln_1p() - bet);
        self.level += share;
        // About the mean that knows this day, for the next day's variance.
        self.squares += (share - (self.level + 0.5) / (t + 1.0)).powi(2);
        bet
    }

    /// The interval at a level that the spread keeps, two-sided; nothing before the first day.
    ///
    /// # Source
    /// Normal: [`NormalMixture`]. Decisions: the beta mixture of Robbins (1970), for bounded losses by the chord as in
    /// Howard et al. (2021), sub-Bernoulli. Days: Waudby-Smith and Ramdas (2024), "Estimating means of bounded random
    /// variables by betting", theorem 2 (predictable plug-in empirical Bernstein). Where what is expected changes from
    /// day to day each holds for the mean of that, with the weights of the days.
    pub(crate) fn interval(&self, promise: &LossPromise, alpha: f64) -> Option<Interval> {
        if self.weight <= 0.0 {
            return None;
        }
        let mean = self.losses / self.weight;
        let (low, high) = match promise.spread {
            Spread::Normal { .. } | Spread::Measured { .. } => {
                let mixture = NormalMixture::tuned_to(TUNED_DAYS, alpha)?;
                let half = mixture.half_width((1.0 / self.weight).sqrt(), self.weight * self.extra);
                (mean - half, mean + half)
            }
            Spread::BoundedDecisions { most } => {
                let (low, high) = beta_interval(self.losses / most, self.weight, alpha);
                (low * most, high * most)
            }
            Spread::BoundedDays { most } => {
                let half = ((2.0 / alpha).ln() + self.extra) / self.weight * most;
                ((mean - half).max(0.0), (mean + half).min(most))
            }
        };
        Some(Interval {
            mean,
            low,
            high,
            allowed: self.allowed / self.weight,
        })
    }
}

/// Rates that the beta mixture does not refute, of `sum` in `n`.
fn beta_interval(sum: f64, n: f64, alpha: f64) -> (f64, f64) {
    let ln_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let mixture = ln_beta(sum + 0.5, n - sum + 0.5) - ln_beta(0.5, 0.5);
    let times_ln = |times: f64, of: f64| if times > 0.0 { times * of.ln() } else { 0.0 };
    let refuted =
        |rate: f64| mixture - times_ln(sum, rate) - times_ln(n - sum, 1.0 - rate) >= -alpha.ln();
    let end = |beyond: f64| {
        let (mut within, mut beyond) = ((sum / n).clamp(0.0, 1.0), beyond);
        if !refuted(beyond) {
            return beyond;
        }
        for _ in 0..HALVINGS {
            let middle = 0.5 * (within + beyond);
            if refuted(middle) {
                beyond = middle;
            } else {
                within = middle;
            }
        }
        beyond
    };
    (end(0.0), end(1.0))
}
