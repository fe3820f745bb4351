//! Maximum likelihood on positive parameters, with what was reached and how sure it is.

use math::optimise::{self, Settings, Stop};
use math::special::normal_quantile;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::summary::SummaryError;

/// Fewest customers a model is fitted to: below, four parameters describe nothing.
pub const CUSTOMERS_MIN: usize = 10;

/// How a fit ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Convergence {
    /// Steps of the optimiser.
    pub iterations: u32,
    /// Largest component of the gradient of the mean log-likelihood in the log-parameters.
    pub gradient_norm: f64,
    /// Log-likelihood reached, natural logarithm, durations in days.
    pub log_likelihood: f64,
}

/// A fitted parameter and the range that the data leave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// The name it has in the paper.
    pub name: String,
    /// Estimate.
    pub value: f64,
    /// Range, from the observed information on the log scale.
    pub interval: ParameterInterval,
}

/// The range of a parameter, where the data give one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum ParameterInterval {
    /// The range that holds the truth in a share `level` of repetitions.
    Measured {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
        /// Share of repetitions, 0 to 1.
        level: f64,
    },
    /// The likelihood is flat around the estimate: the data do not separate this parameter from another.
    LikelihoodIsFlat,
}

/// A model that could not be fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum FitError {
    /// Fewer customers than parameters need.
    #[error("{found} customers, at least {needed} needed")]
    TooFewCustomers {
        /// Customers given.
        found: usize,
        /// Customers needed.
        needed: usize,
    },
    /// A customer's history is impossible.
    #[error("customer at position {position} has an impossible history")]
    BadSummary {
        /// Position in the slice given.
        position: usize,
        /// What is wrong with it.
        #[source]
        source: SummaryError,
    },
    /// Nobody bought twice: neither rate nor departure can be learnt.
    #[error("none of {customers} customers bought twice, repeat purchases needed")]
    NobodyRepeats {
        /// Customers given.
        customers: usize,
    },
    /// All histories are the same: how customers differ cannot be learnt.
    #[error("all {customers} customers have the same history, differing ones needed")]
    AllIdentical {
        /// Customers given.
        customers: usize,
    },
    /// A customer's spend cannot be used.
    #[error(
        "customer at position {position} has {orders} orders of {mean_order_cents} cents on average, expected at least one order of a finite amount above zero"
    )]
    BadSpend {
        /// Position in the slice given.
        position: usize,
        /// Orders found.
        orders: u32,
        /// Mean order found.
        mean_order_cents: f64,
    },
    /// The history is shorter than a year: a season seen once or not at all cannot be told from a trend.
    #[error("history of {days} days, at least {needed} needed to learn a season")]
    HistoryTooShort {
        /// Days given.
        days: u32,
        /// Days needed.
        needed: u32,
    },
    /// The optimiser did not reach a maximum.
    #[error("no maximum after {} iterations, largest gradient {:e}", .0.iterations, .0.gradient_norm)]
    NotConverged(Convergence),
    /// The likelihood cannot be computed at the start.
    #[error("the likelihood is not a number at the starting point")]
    NotComputable,
}

/// A maximum found.
#[derive(Debug, Clone)]
pub(crate) struct Estimate {
    pub(crate) logs: Vec<f64>,
    pub(crate) convergence: Convergence,
    /// Covariance of the logs, row-major; absent when the likelihood is flat.
    pub(crate) covariance: Option<Vec<f64>>,
}

/// Largest gradient of the mean log-likelihood accepted where rounding stops the search.
const GRADIENT_ACCEPTED: f64 = 1e-5;
/// Step for the Hessian: errors of order step² and rounding/step are both about 1e-8.
const HESSIAN_STEP: f64 = 1e-4;

/// Maximises a log-likelihood in the logarithms of its parameters.
///
/// `log_likelihood(logs, gradient)` returns the sum over customers and writes its gradient in the logs.
pub(crate) fn maximise(
    start: &[f64],
    customers: f64,
    log_likelihood: impl Fn(&[f64], &mut [f64]) -> f64,
) -> Result<Estimate, FitError> {
    let mean_loss = |logs: &[f64], gradient: &mut [f64]| {
        let sum = log_likelihood(logs, gradient);
        gradient.iter_mut().for_each(|slope| *slope /= -customers);
        -sum / customers
    };
    let found = optimise::minimise(mean_loss, start, &Settings::default())
        .map_err(|_not_finite| FitError::NotComputable)?;
    let convergence = Convergence {
        iterations: found.iterations,
        gradient_norm: found.gradient_norm,
        log_likelihood: -found.value * customers,
    };
    let reached = match found.stop {
        Stop::GradientIsSmall => true,
        Stop::NoStepHelps | Stop::IterationsAreSpent => found.gradient_norm <= GRADIENT_ACCEPTED,
    };
    if !reached {
        return Err(FitError::NotConverged(convergence));
    }
    let information = optimise::hessian(
        |logs, gradient| {
            mean_loss(logs, gradient);
        },
        &found.at,
        HESSIAN_STEP,
    );
    let covariance = optimise::inverse_positive_definite(&information, start.len())
        .map(|mean| mean.iter().map(|cell| cell / customers).collect());
    Ok(Estimate {
        logs: found.at,
        convergence,
        covariance,
    })
}

impl Estimate {
    /// Named parameters with their intervals: a normal on the log scale, so that no bound is below zero.
    pub(crate) fn parameters(&self, names: &[&str], level: f64) -> Vec<Parameter> {
        let n = self.logs.len();
        let reach = normal_quantile(0.5 + level / 2.0);
        names
            .iter()
            .zip(&self.logs)
            .enumerate()
            .map(|(index, (name, log))| {
                let spread = self
                    .covariance
                    .as_ref()
                    .map(|cells| cells[index * n + index].sqrt());
                let interval = match spread {
                    // A factor of e^6 either way says nothing any more.
                    Some(spread) if spread.is_finite() && reach * spread < 6.0 => {
                        ParameterInterval::Measured {
                            low: (log - reach * spread).exp(),
                            high: (log + reach * spread).exp(),
                            level,
                        }
                    }
                    Some(_) | None => ParameterInterval::LikelihoodIsFlat,
                };
                Parameter {
                    name: (*name).to_owned(),
                    value: log.exp(),
                    interval,
                }
            })
            .collect()
    }
}

/// Items a thread sums alone. Fixed, so that the order of additions never depends on the threads.
const CHUNK: usize = 1024;

/// Sums a term and its gradient over items, in parallel and in the same order on any number of threads.
pub(crate) fn sum_in_order<T: Sync>(
    items: &[T],
    gradient: &mut [f64],
    term: impl Fn(&T, &mut [f64]) -> f64 + Sync,
) -> f64 {
    let width = gradient.len();
    let parts: Vec<(f64, Vec<f64>)> = items
        .par_chunks(CHUNK)
        .map(|chunk| {
            let mut slopes = vec![0.0; width];
            let sum = chunk.iter().map(|item| term(item, &mut slopes)).sum();
            (sum, slopes)
        })
        .collect();
    gradient.fill(0.0);
    let mut total = 0.0;
    for (sum, slopes) in parts {
        total += sum;
        gradient
            .iter_mut()
            .zip(slopes)
            .for_each(|(all, part)| *all += part);
    }
    total
}
