//! BG/NBD: customers buy at their own rate and may leave after any purchase.

use math::special::{digamma_rising, ln_add_exp, ln_rising};
use serde::{Deserialize, Serialize};

use super::check::check;
use super::estimate::{self, Convergence, FitError, Parameter};
use super::outlook::{Alive, Leaving, Outlook};
use super::summary::{Group, Summary, group};

/// The four parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BgNbdParameters {
    /// Shape of the purchase rate over customers.
    pub r: f64,
    /// Inverse scale of the purchase rate, days.
    pub alpha_days: f64,
    /// First shape of the probability to leave after a purchase.
    pub a: f64,
    /// Second shape of the probability to leave after a purchase.
    pub b: f64,
}

/// A fitted BG/NBD model.
///
/// A customer without a repeat is alive with certainty here, because leaving needs a repeat purchase:
/// an assumption of the model, not a finding. [`super::ParetoNbd`] does not make it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BgNbd {
    parameters: BgNbdParameters,
    described: Vec<Parameter>,
    convergence: Convergence,
}

/// Log-likelihood of one history with its slopes.
pub(crate) struct Terms {
    pub(crate) log_likelihood: f64,
    /// Share of the likelihood in which the customer is still there: the probability alive.
    pub(crate) alive: f64,
    /// Slopes in ln r, ln α, ln a, ln b.
    pub(crate) parameters: [f64; 4],
    /// Slope in the time of the last purchase.
    pub(crate) recency: f64,
    /// Slope in the age.
    pub(crate) age: f64,
}

impl BgNbdParameters {
    fn from_logs(logs: &[f64]) -> Self {
        Self {
            r: logs[0].exp(),
            alpha_days: logs[1].exp(),
            a: logs[2].exp(),
            b: logs[3].exp(),
        }
    }

    /// Log-likelihood of a history, in log space throughout, and its exact slopes.
    ///
    /// # Source
    /// Fader, Hardie and Lee (2005), eq. 6; probability alive from Fader, Hardie and Lee (2008).
    pub(crate) fn terms(&self, repeats: u32, recency: f64, age: f64) -> Terms {
        let &Self {
            r,
            alpha_days: alpha,
            a,
            b,
        } = self;
        let x = f64::from(repeats);
        // ln of (α/(α+t))^r (α+t)^-x, whose parts cancel when written apart.
        let decay = |time: f64| -r * (time / alpha).ln_1p() - x * (alpha + time).ln();
        let decay_in_alpha = |time: f64| r * time / (alpha * (alpha + time)) - x / (alpha + time);
        let common = ln_rising(r, repeats) + ln_rising(b, repeats) - ln_rising(a + b, repeats);
        let stayed = decay(age);
        let left = if repeats == 0 {
            f64::NEG_INFINITY
        } else {
            a.ln() - (b + x - 1.0).ln() + decay(recency)
        };
        let mixed = ln_add_exp(stayed, left);
        let (alive, gone) = ((stayed - mixed).exp(), (left - mixed).exp());
        let before = digamma_rising(a + b, repeats);
        let log_slope = |time: f64| -(time / alpha).ln_1p();
        let in_r = digamma_rising(r, repeats) + alive * log_slope(age) + gone * log_slope(recency);
        let in_alpha = alive * decay_in_alpha(age) + gone * decay_in_alpha(recency);
        let (left_in_a, left_in_b) = if repeats == 0 {
            (0.0, 0.0)
        } else {
            (gone / a, -gone / (b + x - 1.0))
        };
        Terms {
            log_likelihood: common + mixed,
            alive,
            parameters: [
                r * in_r,
                alpha * in_alpha,
                a * (left_in_a - before),
                b * (digamma_rising(b, repeats) - before + left_in_b),
            ],
            recency: -gone * (r + x) / (alpha + recency),
            age: -alive * (r + x) / (alpha + age),
        }
    }

    /// Log-likelihood of histories; durations in days, natural logarithm.
    ///
    /// # Errors
    /// [`FitError::BadSummary`] names the first impossible history.
    pub fn log_likelihood(&self, customers: &[Summary]) -> Result<f64, FitError> {
        check(customers)?;
        Ok(estimate::sum_in_order(
            &group(customers),
            &mut [],
            |group, _| {
                let Summary {
                    repeat_purchases,
                    recency_days,
                    age_days,
                } = group.summary;
                group.customers
                    * self
                        .terms(repeat_purchases, recency_days, age_days)
                        .log_likelihood
            },
        ))
    }

    /// The future of a customer with this past.
    pub fn outlook(&self, past: &Summary) -> Outlook {
        let terms = self.terms(past.repeat_purchases, past.recency_days, past.age_days);
        Outlook {
            alive: vec![self.alive(past.repeat_purchases, past.age_days, terms.alive)],
        }
    }

    /// The future of a customer met today, the first purchase just made.
    pub fn newcomer(&self) -> Outlook {
        Outlook {
            alive: vec![self.alive(0, 0.0, 1.0)],
        }
    }

    pub(crate) fn alive(&self, repeats: u32, age: f64, probability: f64) -> Alive {
        Alive {
            probability,
            rate_shape: self.r + f64::from(repeats),
            rate_days: self.alpha_days + age,
            leaving: Leaving::AfterAPurchase {
                a: self.a,
                b: self.b + f64::from(repeats),
            },
        }
    }
}

impl BgNbd {
    /// Fits by maximum likelihood.
    ///
    /// Deterministic on any number of threads. Equal histories are computed once.
    ///
    /// # Errors
    /// [`FitError`] when there is too little to learn from, a history is impossible, or no maximum was reached.
    /// # Source
    /// Fader, Hardie and Lee (2005), "Counting your customers" the easy way. Checked on the CDNOW sample.
    pub fn fit(customers: &[Summary]) -> Result<Self, FitError> {
        check(customers)?;
        let groups = super::check::learnable(customers)?;
        let start = start(&groups, customers.len() as f64);
        let found = estimate::maximise(&start, customers.len() as f64, |logs, gradient| {
            let parameters = BgNbdParameters::from_logs(logs);
            estimate::sum_in_order(&groups, gradient, |group, slopes| {
                let Summary {
                    repeat_purchases,
                    recency_days,
                    age_days,
                } = group.summary;
                let terms = parameters.terms(repeat_purchases, recency_days, age_days);
                for (slope, term) in slopes.iter_mut().zip(terms.parameters) {
                    *slope += group.customers * term;
                }
                group.customers * terms.log_likelihood
            })
        })?;
        Ok(Self {
            parameters: BgNbdParameters::from_logs(&found.logs),
            described: found.parameters(&["r", "alpha_days", "a", "b"], super::PARAMETER_LEVEL),
            convergence: found.convergence,
        })
    }

    /// The parameters.
    pub fn parameters(&self) -> &BgNbdParameters {
        &self.parameters
    }

    /// The parameters with their names and 95 % intervals.
    pub fn parameter_intervals(&self) -> &[Parameter] {
        &self.described
    }

    /// How the fit ended.
    pub fn convergence(&self) -> &Convergence {
        &self.convergence
    }

    /// The future of a customer with this past.
    pub fn outlook(&self, past: &Summary) -> Outlook {
        self.parameters.outlook(past)
    }
}

/// A start of the right scale: the mean rate, and one customer in five or so leaving after a purchase.
fn start(groups: &[Group], customers: f64) -> [f64; 4] {
    let repeats: f64 = groups
        .iter()
        .map(|g| g.customers * f64::from(g.summary.repeat_purchases))
        .sum();
    let days: f64 = groups
        .iter()
        .map(|g| g.customers * g.summary.age_days)
        .sum();
    let r = 0.5_f64;
    let rate = (repeats / customers) / (days / customers).max(1e-9);
    [r.ln(), (r / rate).ln(), 0.5_f64.ln(), 2.0_f64.ln()]
}
