//! Pareto/NBD: customers buy at their own rate and may leave at any moment.

use std::sync::LazyLock;

use math::special::{GaussLegendre, digamma_rising, ln_rising};
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

/// Width of a stretch, in logarithms of time, and fall of the integrand over it, up to which few nodes do.
const FEW_NODES_WIDTH: f64 = 2.5;
const FEW_NODES_FALL: f64 = 8.0;
const FEW_NODES: u32 = 12;

/// Quadrature for short and for long stretches. The integrand is analytic within ±πi of the stretch, so that
/// the error falls with `(2π/width)^(-2 nodes)` or faster.
struct Rules {
    few: GaussLegendre,
    many: GaussLegendre,
}

/// The nodes are constants that only a computation can write down.
static RULES: LazyLock<Rules> = LazyLock::new(Rules::new);

impl Rules {
    fn new() -> Self {
        Self {
            few: GaussLegendre::new(FEW_NODES),
            many: GaussLegendre::new(NODES),
        }
    }

    fn for_stretch(&self, width: f64, decay: f64) -> &GaussLegendre {
        let is_easy = width <= FEW_NODES_WIDTH && width * decay <= FEW_NODES_FALL;
        if is_easy { &self.few } else { &self.many }
    }
}

/// A time of leaving in the quadrature.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    time: f64,
    grown: [f64; 2],
    term: f64,
    weight: f64,
}

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
    fn terms(&self, past: &Summary, rules: &Rules) -> Terms {
        let &Self {
            r,
            alpha_days: alpha,
            s,
            beta_days: beta,
        } = self;
        let Summary {
            repeat_purchases: repeats,
            recency_days: _,
            age_days: age,
        } = *past;
        let x = f64::from(repeats);
        let slopes = |time: f64, grown: [f64; 2]| {
            [
                -grown[0],
                r * time / (alpha * (alpha + time)) - x / (alpha + time),
                -grown[1],
                s * time / (beta * (beta + time)),
            ]
        };
        let grown_to_now = [(age / alpha).ln_1p(), (age / beta).ln_1p()];
        let stayed = self.log_density(x, grown_to_now);
        let mut nodes = [Node::default(); NODES as usize];
        let used = self.times_of_leaving(past, rules, &mut nodes);
        let highest = nodes[..used]
            .iter()
            .fold(stayed, |highest, node| highest.max(node.term));
        let alive_share = (stayed - highest).exp();
        let mut sum = alive_share;
        let mut mixed = slopes(age, grown_to_now).map(|slope| alive_share * slope);
        for node in &nodes[..used] {
            let share = s * node.weight * (node.term - highest).exp();
            sum += share;
            let here = slopes(node.time, node.grown);
            for (slope, part) in mixed.iter_mut().zip(here) {
                *slope += share * part;
            }
            mixed[2] += share / s;
            mixed[3] -= share / (beta + node.time);
        }
        mixed.iter_mut().for_each(|slope| *slope /= sum);
        let alive = alive_share / sum;
        let total = highest + sum.ln();
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

    /// `ln (α/(α+t))^r (α+t)^-x (β/(β+t))^s` at a time `t`, given `ln(1 + t/α)` and `ln(1 + t/β)`.
    fn log_density(&self, x: f64, grown: [f64; 2]) -> f64 {
        -self.r * grown[0] - x * (self.alpha_days.ln() + grown[0]) - self.s * grown[1]
    }

    /// The times between the last purchase and now at which the customer may have left, with their densities
    /// less the factor `s`; returns how many of the nodes are used.
    fn times_of_leaving(&self, past: &Summary, rules: &Rules, nodes: &mut [Node]) -> usize {
        let &Self {
            r,
            alpha_days: alpha,
            s,
            beta_days: beta,
        } = self;
        let Summary {
            recency_days: recency,
            age_days: age,
            ..
        } = *past;
        let x = f64::from(past.repeat_purchases);
        let (ln_alpha, ln_beta) = (alpha.ln(), beta.ln());
        // A time u = e^v - shift.
        let shift = alpha.min(beta);
        let begin = (shift + recency).ln();
        let decay = (r + x) * (shift + recency) / (alpha + recency)
            + s * (shift + recency) / (beta + recency);
        let width = ((age - recency) / (shift + recency))
            .ln_1p()
            .min(NEGLIGIBLE_LOG / decay);
        let points = rules.for_stretch(width, decay).over(begin, begin + width);
        let mut used = 0;
        for (node, (v, weight)) in nodes.iter_mut().zip(points) {
            let time = (v.exp() - shift).clamp(recency, age);
            // The logarithm of the smaller scale plus time is v itself.
            let grown = if alpha <= beta {
                [v - ln_alpha, (time / beta).ln_1p()]
            } else {
                [(time / alpha).ln_1p(), v - ln_beta]
            };
            // The density of leaving is s/(β+u), and du = e^v dv.
            let term = self.log_density(x, grown) - (ln_beta + grown[1]) + v;
            *node = Node {
                time,
                grown,
                term,
                weight,
            };
            used += 1;
        }
        used
    }

    /// Log-likelihood of histories; durations in days, natural logarithm.
    ///
    /// # Errors
    /// [`FitError::BadSummary`] names the first impossible history.
    pub fn log_likelihood(&self, customers: &[Summary]) -> Result<f64, FitError> {
        check(customers)?;
        Ok(estimate::sum_in_order(customers, &mut [], |past, _| {
            self.terms(past, &RULES).log_likelihood
        }))
    }

    /// The future of a customer with this past.
    pub fn outlook(&self, past: &Summary) -> Outlook {
        let terms = self.terms(past, &RULES);
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
        let start = start(&groups, customers.len() as f64);
        let found = estimate::maximise(&start, customers.len() as f64, |logs, gradient| {
            let parameters = ParetoNbdParameters::from_logs(logs);
            estimate::sum_in_order(&groups, gradient, |group, slopes| {
                let terms = parameters.terms(&group.summary, &RULES);
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
                let terms = ParetoNbdParameters::from_logs(&logs).terms(&past, &RULES);
                for index in 0..4 {
                    let at = |step: f64| {
                        let mut moved = logs;
                        moved[index] += step;
                        ParetoNbdParameters::from_logs(&moved)
                            .terms(&past, &RULES)
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
    fn the_quadrature_agrees_with_a_fine_sum() {
        for logs in [
            [-0.6, 4.3, -0.5, 4.4],
            [0.3, 2.0, 0.5, 5.0],
            [-2.0, 6.0, -1.0, 2.0],
            [2.0, -1.0, 1.0, 7.0],
            [-0.2, 3.7, 4.0, 8.0],
        ] {
            for (repeats, recency, age) in [
                (0, 0.0, 900.0),
                (0, 0.0, 0.0),
                (2, 30.0, 272.0),
                (9, 100.0, 272.0),
                (150, 60.0, 500.0),
                (1, 3.0, 3.0),
            ] {
                let past = Summary {
                    repeat_purchases: repeats,
                    recency_days: recency,
                    age_days: age,
                };
                let parameters = ParetoNbdParameters::from_logs(&logs);
                let found = parameters.terms(&past, &RULES).log_likelihood;
                let gap = found - by_fine_sum(&parameters, &past);
                assert!(gap.abs() < 1e-9, "{logs:?} {past:?} {gap:e}");
            }
        }
    }

    /// The same integral in plain time, over two thousand stretches of five nodes.
    fn by_fine_sum(of: &ParetoNbdParameters, past: &Summary) -> f64 {
        let (r, alpha, s, beta) = (of.r, of.alpha_days, of.s, of.beta_days);
        let x = f64::from(past.repeat_purchases);
        let (from, to) = (past.recency_days, past.age_days);
        let log = |time: f64| {
            -r * (time / alpha).ln_1p() - x * (alpha + time).ln() - s * (time / beta).ln_1p()
        };
        let highest = log(from);
        let rule = GaussLegendre::new(5);
        let mut sum = (log(to) - highest).exp();
        // Stretches grow from the last purchase on, where the integrand falls fastest.
        let cut = |part: u32| from + (to - from) * (f64::from(part) / 2000.0).powi(3);
        for part in 0..2000 {
            for (time, weight) in rule.over(cut(part), cut(part + 1)) {
                sum += weight * s / (beta + time) * (log(time) - highest).exp();
            }
        }
        ln_rising(r, past.repeat_purchases) + highest + sum.ln()
    }
}
