//! The known processes: when customers buy, when they stop, what they spend.

use std::ops::RangeInclusive;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, Exp1, Gamma};
use serde::{Deserialize, Serialize};

use crate::draws::{Purpose, stream};

/// BG/NBD: purchase rate per day λ ~ Gamma(shape `r`, rate `alpha_days`); after each repeat
/// purchase the customer stops for good with probability p ~ Beta(`a`, `b`).
///
/// # Source
/// Fader, Hardie, Lee (2005), "Counting your customers" the easy way, section 2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BgNbd {
    /// Shape of the rates, > 0.
    pub r: f64,
    /// Rate of the rates in days, > 0: the mean rate is `r / alpha_days` a day.
    pub alpha_days: f64,
    /// First shape of the stopping probabilities, > 0.
    pub a: f64,
    /// Second shape of the stopping probabilities, > 0.
    pub b: f64,
}

/// Pareto/NBD: purchase rate per day λ ~ Gamma(`r`, `alpha_days`), stopping rate per day
/// μ ~ Gamma(`s`, `beta_days`).
///
/// # Source
/// Schmittlein, Morrison, Colombo (1987), Counting your customers, section 2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParetoNbd {
    /// Shape of the purchase rates, > 0.
    pub r: f64,
    /// Rate of the purchase rates in days, > 0.
    pub alpha_days: f64,
    /// Shape of the stopping rates, > 0.
    pub s: f64,
    /// Rate of the stopping rates in days, > 0.
    pub beta_days: f64,
}

/// Gamma-Gamma: a purchase is worth z ~ Gamma(shape `p`, rate ν), ν ~ Gamma(shape `q`, rate
/// `gamma`); the mean over customers is `p·gamma/(q-1)`.
///
/// # Source
/// Fader, Hardie (2013), The Gamma-Gamma model of monetary value, section 2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GammaGamma {
    /// Shape of a purchase's value, > 0.
    pub p: f64,
    /// Shape of the customers, > 0.
    pub q: f64,
    /// Scale of the customers, in the unit of the values, > 0.
    pub gamma: f64,
}

/// What a purchase history reduces to: `(x, t_x, T)` of the papers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PurchaseSummary {
    /// Purchases after the first one.
    pub repeats: u32,
    /// Days from the first purchase to the last one; 0 without a repeat.
    pub recency_days: f64,
    /// Days from the first purchase to the end of observation.
    pub age_days: f64,
}

/// Why a process cannot be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProcessError {
    /// A parameter is not a positive finite number.
    #[error("simulate `{process}`: `{parameter}` is {found}, allowed finite and above 0")]
    Parameter {
        /// Name of the process.
        process: &'static str,
        /// Its parameter.
        parameter: &'static str,
        /// Its value.
        found: f64,
    },
    /// The ages are not an ordered range of finite days ≥ 0.
    #[error("simulate purchases: ages are {low} to {high} days, allowed 0 ≤ low ≤ high")]
    Ages {
        /// Least age.
        low: f64,
        /// Largest age.
        high: f64,
    },
}

fn positive(process: &'static str, parameters: &[(&'static str, f64)]) -> Result<(), ProcessError> {
    for &(parameter, found) in parameters {
        if !(found.is_finite() && found > 0.0) {
            return Err(ProcessError::Parameter {
                process,
                parameter,
                found,
            });
        }
    }
    Ok(())
}

fn gamma(shape: f64, rate: f64) -> Gamma<f64> {
    Gamma::new(shape, 1.0 / rate).expect("the parameters are checked: finite and above 0")
}

impl BgNbd {
    pub(crate) fn check(&self) -> Result<(), ProcessError> {
        positive(
            "BG/NBD",
            &[
                ("r", self.r),
                ("alpha_days", self.alpha_days),
                ("a", self.a),
                ("b", self.b),
            ],
        )
    }

    /// One customer watched for `age_days`; the parameters are already checked.
    pub(crate) fn live(&self, rng: &mut ChaCha8Rng, age_days: f64) -> Life {
        let rate_per_day = gamma(self.r, self.alpha_days).sample(rng);
        let stop_probability = Beta::new(self.a, self.b)
            .expect("the parameters are checked: finite and above 0")
            .sample(rng);
        let mut repeats_at = Vec::new();
        let mut now = 0.0;
        loop {
            let wait: f64 = rng.sample::<f64, _>(Exp1) / rate_per_day;
            now += wait;
            if now.is_nan() || now > age_days {
                return Life {
                    rate_per_day,
                    stop_probability,
                    repeats_at,
                    stopped: false,
                };
            }
            repeats_at.push(now);
            if rng.random::<f64>() < stop_probability {
                return Life {
                    rate_per_day,
                    stop_probability,
                    repeats_at,
                    stopped: true,
                };
            }
        }
    }
}

/// What one customer of a BG/NBD process did.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) rate_per_day: f64,
    pub(crate) stop_probability: f64,
    /// Days since the first purchase, ascending.
    pub(crate) repeats_at: Vec<f64>,
    /// Whether the customer stopped at the last purchase.
    pub(crate) stopped: bool,
}

fn age(rng: &mut ChaCha8Rng, ages_days: &RangeInclusive<f64>) -> f64 {
    let (low, high) = (*ages_days.start(), *ages_days.end());
    low + (high - low) * rng.random::<f64>()
}

fn check_ages(ages_days: &RangeInclusive<f64>) -> Result<(), ProcessError> {
    let (low, high) = (*ages_days.start(), *ages_days.end());
    if low >= 0.0 && high >= low && high.is_finite() {
        Ok(())
    } else {
        Err(ProcessError::Ages { low, high })
    }
}

/// `n` customers of `process`, each watched for an age drawn uniformly from `ages_days`.
///
/// Customer `i` depends on the seed and on `i` only: a longer list starts with the shorter one.
///
/// # Errors
/// [`ProcessError`] names the parameter that is not above 0, or the ages out of order.
pub fn purchases_bgnbd(
    n: usize,
    process: &BgNbd,
    ages_days: RangeInclusive<f64>,
    seed: u64,
) -> Result<Vec<PurchaseSummary>, ProcessError> {
    process.check()?;
    check_ages(&ages_days)?;
    Ok((0..n as u64)
        .map(|customer| {
            let mut rng = stream(seed, Purpose::Helper, customer);
            let age_days = age(&mut rng, &ages_days);
            let life = process.live(&mut rng, age_days);
            PurchaseSummary {
                repeats: life.repeats_at.len() as u32,
                recency_days: life.repeats_at.last().copied().unwrap_or(0.0),
                age_days,
            }
        })
        .collect())
}

/// `n` customers of `process`, each watched for an age drawn uniformly from `ages_days`.
///
/// # Errors
/// [`ProcessError`] names the parameter that is not above 0, or the ages out of order.
pub fn purchases_pareto_nbd(
    n: usize,
    process: &ParetoNbd,
    ages_days: RangeInclusive<f64>,
    seed: u64,
) -> Result<Vec<PurchaseSummary>, ProcessError> {
    let ParetoNbd {
        r,
        alpha_days,
        s,
        beta_days,
    } = *process;
    positive(
        "Pareto/NBD",
        &[
            ("r", r),
            ("alpha_days", alpha_days),
            ("s", s),
            ("beta_days", beta_days),
        ],
    )?;
    check_ages(&ages_days)?;
    Ok((0..n as u64)
        .map(|customer| {
            let mut rng = stream(seed, Purpose::Helper, customer);
            let age_days = age(&mut rng, &ages_days);
            let rate = gamma(r, alpha_days).sample(&mut rng);
            let stop_rate = gamma(s, beta_days).sample(&mut rng);
            let lifetime = rng.sample::<f64, _>(Exp1) / stop_rate;
            let until = lifetime.min(age_days);
            let mut summary = PurchaseSummary {
                repeats: 0,
                recency_days: 0.0,
                age_days,
            };
            let mut now = rng.sample::<f64, _>(Exp1) / rate;
            while now <= until {
                summary.repeats += 1;
                summary.recency_days = now;
                now += rng.sample::<f64, _>(Exp1) / rate;
            }
            summary
        })
        .collect())
}

/// Mean value of the purchases of each customer, in the unit of `process.gamma`; customer `i`
/// made `purchases[i]` of them, and `None` is a customer who made none.
///
/// # Errors
/// [`ProcessError`] names the parameter that is not above 0.
pub fn spend_gamma_gamma(
    purchases: &[u32],
    process: &GammaGamma,
    seed: u64,
) -> Result<Vec<Option<f64>>, ProcessError> {
    let GammaGamma { p, q, gamma: scale } = *process;
    positive("Gamma-Gamma", &[("p", p), ("q", q), ("gamma", scale)])?;
    Ok(purchases
        .iter()
        .enumerate()
        .map(|(customer, &count)| {
            // Streams of spend are apart from those of purchases: the two must not be correlated.
            let mut rng = stream(seed, Purpose::Helper, (1 << 40) | customer as u64);
            let rate = gamma(q, scale).sample(&mut rng);
            let shape = p * f64::from(count);
            (count > 0).then(|| gamma(shape, rate * f64::from(count)).sample(&mut rng))
        })
        .collect())
}
