//! Pareto/NBD: customers buy at their own rate and may leave at any moment.

use math::special::{GaussLegendre, digamma_rising, ln_add_exp, ln_rising};
use serde::{Deserialize, Serialize};

use super::check::check;
use super::estimate::{self, Convergence, FitError, Parameter};
use super::outlook::{Alive, Leaving, Outlook};
use super::summary::{Group, Summary};

/// The four parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ParetoNbdParameters {
    /// Shape of the purchase rate over customers.
    pub r: f64,
    /// Inverse scale of the purchase rate, days.
    pub alpha_days: f64,
    /// Shape of the rate of leaving over customers.
    pub s: f64,
    /// Inverse scale of the rate of leaving, days.
    pub beta_days: f64,
}

/// A fitted Pareto/NBD model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParetoNbd {
    parameters: ParetoNbdParameters,
    described: Vec<Parameter>,
    convergence: Convergence,
}

/// Nodes over the time of leaving; the integrand is smooth in the logarithm of time.
const NODES: u32 = 24;
/// Where the integrand has lost this many powers of e it is not followed further.
const NEGLIGIBLE_LOG: f64 = 45.0;

struct Terms {
    log_likelihood: f64,
    alive: f64,
    parameters: [f64; 4],
}

impl ParetoNbdParameters {
    fn from_logs(logs: &[f64]) -> Self {
        Self {
            r: logs[0].exp(),
            alpha_days: logs[1].exp(),
            s: logs[2].exp(),
            beta_days: logs[3].exp(),
        }
    }

    /// Log-likelihood of a history and its exact slopes, by integrating over the day of leaving.
    ///
    /// The usual form with two Gauss hypergeometric functions is this integral in closed form; integrating it
    /// has no case to tell apart for α and β, cancels nothing, and differentiates term by term.
    /// # Source
    /// Schmittlein, Morrison and Colombo (1987); Fader and Hardie (2005), "A note on deriving the Pareto/NBD", eq. 15.
    fn terms(&self, past: &Summary, rule: &GaussLegendre) -> Terms {
        let &Self {
            r,
            alpha_days: alpha,
            s,
            beta_days: beta,
        } = self;
        let Summary {
            repeat_purchases: repeats,
            recency_days: recency,
            age_days: age,
        } = *past;
        let x = f64::from(repeats);
        // ln (α/(α+t))^r (α+t)^-x and ln (β/(β+t))^s.
        let bought = |time: f64| -r * (time / alpha).ln_1p() - x * (alpha + time).ln();
        let survived = |time: f64| -s * (time / beta).ln_1p();
        let slopes = |time: f64| {
            [
                -(time / alpha).ln_1p(),
                r * time / (alpha * (alpha + time)) - x / (alpha + time),
                -(time / beta).ln_1p(),
                s * time / (beta * (beta + time)),
            ]
        };
        let stayed = bought(age) + survived(age);
        let mut total = stayed;
        let mut left = Vec::with_capacity(NODES as usize);
        // Time of leaving u = e^v - shift, between the last purchase and now.
        let shift = alpha.min(beta);
        let begin = (shift + recency).ln();
        let decay = (r + x) * (shift + recency) / (alpha + recency)
            + s * (shift + recency) / (beta + recency);
        let width = ((age - recency) / (shift + recency))
            .ln_1p()
            .min(NEGLIGIBLE_LOG / decay);
        for (v, weight) in rule.over(begin, begin + width) {
            let time = (v.exp() - shift).clamp(recency, age);
            let density = bought(time) + survived(time) + (s / (beta + time)).ln() + v;
            let term = density + weight.ln();
            if term.is_finite() {
                left.push((time, term));
                total = ln_add_exp(total, term);
            }
        }
        let alive = (stayed - total).exp();
        let mut mixed = slopes(age).map(|slope| alive * slope);
        for (time, term) in left {
            let share = (term - total).exp();
            let here = slopes(time);
            for (slope, part) in mixed.iter_mut().zip(here) {
                *slope += share * part;
            }
            // The density of leaving s/(β+u) has slopes of its own.
            mixed[2] += share / s;
            mixed[3] -= share / (beta + time);
        }
        let parameters = [
            r * (digamma_rising(r, repeats) + mixed[0]),
            alpha * mixed[1],
            s * mixed[2],
            beta * mixed[3],
        ];
        Terms {
            log_likelihood: ln_rising(r, repeats) + total,
            alive,
            parameters,
        }
    }

    /// Log-likelihood of histories; durations in days, natural logarithm.
    ///
    /// # Errors
    /// [`FitError::BadSummary`] names the first impossible history.
    pub fn log_likelihood(&self, customers: &[Summary]) -> Result<f64, FitError> {
        check(customers)?;
        let rule = GaussLegendre::new(NODES);
        Ok(estimate::sum_in_order(customers, &mut [], |past, _| {
            self.terms(past, &rule).log_likelihood
        }))
    }

    /// The future of a customer with this past.
    pub fn outlook(&self, past: &Summary) -> Outlook {
        let terms = self.terms(past, &GaussLegendre::new(NODES));
        Outlook {
            alive: vec![Alive {
                probability: terms.alive,
                rate_shape: self.r + f64::from(past.repeat_purchases),
                rate_days: self.alpha_days + past.age_days,
                leaving: Leaving::AfterATime {
                    shape: self.s,
                    days: self.beta_days + past.age_days,
                },
            }],
        }
    }
}

impl ParetoNbd {
    /// Fits by maximum likelihood.
    ///
    /// Deterministic on any number of threads. Equal histories are computed once.
    ///
    /// # Errors
    /// [`FitError`] when there is too little to learn from, a history is impossible, or no maximum was reached.
    /// # Source
    /// Schmittlein, Morrison and Colombo (1987). Checked on the CDNOW sample.
    pub fn fit(customers: &[Summary]) -> Result<Self, FitError> {
        check(customers)?;
        let groups = super::check::learnable(customers)?;
        let rule = GaussLegendre::new(NODES);
        let start = start(&groups, customers.len() as f64);
        let found = estimate::maximise(&start, customers.len() as f64, |logs, gradient| {
            let parameters = ParetoNbdParameters::from_logs(logs);
            estimate::sum_in_order(&groups, gradient, |group, slopes| {
                let terms = parameters.terms(&group.summary, &rule);
                for (slope, term) in slopes.iter_mut().zip(terms.parameters) {
                    *slope += group.customers * term;
                }
                group.customers * terms.log_likelihood
            })
        })?;
        Ok(Self {
            parameters: ParetoNbdParameters::from_logs(&found.logs),
            described: found.parameters(
                &["r", "alpha_days", "s", "beta_days"],
                super::PARAMETER_LEVEL,
            ),
            convergence: found.convergence,
        })
    }

    /// The parameters.
    pub fn parameters(&self) -> &ParetoNbdParameters {
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

/// A start of the right scale: the mean rate, and a life of about the time observed.
fn start(groups: &[Group], customers: f64) -> [f64; 4] {
    let repeats: f64 = groups
        .iter()
        .map(|g| g.customers * f64::from(g.summary.repeat_purchases))
        .sum();
    let days: f64 = groups
        .iter()
        .map(|g| g.customers * g.summary.age_days)
        .sum();
    let r = 0.7_f64;
    let age = (days / customers).max(1e-9);
    [
        r.ln(),
        (r * age * customers / repeats).ln(),
        0.7_f64.ln(),
        age.ln(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_likelihood() {
        let rule = GaussLegendre::new(NODES);
        for logs in [
            [-0.6, 4.3, -0.5, 4.4],
            [0.3, 2.0, 0.5, 5.0],
            [-2.0, 6.0, -1.0, 2.0],
        ] {
            for (repeats, recency, age) in [
                (0, 0.0, 200.0),
                (2, 30.0, 272.0),
                (40, 260.0, 272.0),
                (1, 3.0, 3.0),
            ] {
                let past = Summary {
                    repeat_purchases: repeats,
                    recency_days: recency,
                    age_days: age,
                };
                let terms = ParetoNbdParameters::from_logs(&logs).terms(&past, &rule);
                for index in 0..4 {
                    let at = |step: f64| {
                        let mut moved = logs;
                        moved[index] += step;
                        ParetoNbdParameters::from_logs(&moved)
                            .terms(&past, &rule)
                            .log_likelihood
                    };
                    let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
                    // A missing term would be off by far more than 1e-6.
                    let gap = (slope - terms.parameters[index]).abs();
                    assert!(
                        gap < 1e-6 * (1.0 + slope.abs()),
                        "{logs:?} {past:?} {index}: {slope} {}",
                        terms.parameters[index]
                    );
                }
            }
        }
    }

    #[test]
    fn more_nodes_change_nothing() {
        let (few, many) = (GaussLegendre::new(NODES), GaussLegendre::new(200));
        for logs in [
            [-0.6, 4.3, -0.5, 4.4],
            [0.3, 2.0, 0.5, 5.0],
            [-2.0, 6.0, -1.0, 2.0],
            [2.0, -1.0, 1.0, 7.0],
        ] {
            for (repeats, recency, age) in [
                (0, 0.0, 900.0),
                (2, 30.0, 272.0),
                (150, 60.0, 500.0),
                (1, 3.0, 3.0),
            ] {
                let past = Summary {
                    repeat_purchases: repeats,
                    recency_days: recency,
                    age_days: age,
                };
                let parameters = ParetoNbdParameters::from_logs(&logs);
                let gap = parameters.terms(&past, &few).log_likelihood
                    - parameters.terms(&past, &many).log_likelihood;
                assert!(gap.abs() < 1e-9, "{logs:?} {past:?} {gap:e}");
            }
        }
    }
}
