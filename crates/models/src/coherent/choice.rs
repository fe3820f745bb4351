//! Which weights: those that did best on windows they have not learnt from, and the simpler of equals.

use rayon::prelude::*;

use super::error::{ChoiceError, LossError, TrialError};
use super::hierarchy::Hierarchy;
use super::loss::LevelLoss;
use super::reconcile::{Sign, reconcile};
use super::weights::{Method, Weights};
use super::window::{Window, check_windows};

/// Windows needed: with one nothing is known of the noise.
const WINDOWS_MIN: usize = 2;

/// How far behind the best a simpler method may be, in standard errors of the difference. With one, chance alone chose another
/// method in 5 of 20 draws in which four windows held methods that are alike.
const BEHIND_ERRORS_MAX: f64 = 2.0;

/// How a method did on windows of the past.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The method.
    pub method: Method,
    /// How it did.
    pub outcome: Outcome,
}

/// How a method did.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It reconciled all windows.
    Tried {
        /// Mean loss over the windows.
        loss: f64,
        /// This loss less that of the best.
        behind: f64,
        /// Standard error of that difference, from how it differs between windows; 0 for the best.
        behind_standard_error: f64,
    },
    /// It could not, and why.
    NotTried(TrialError),
}

/// The method chosen, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Its weights, learnt from all windows.
    pub weights: Weights,
    /// Windows that judged.
    pub windows: usize,
    /// Every method, the simplest first.
    pub trials: Vec<Trial>,
}

/// Says which weights to use, by forecasts of the past and what came of them.
///
/// Each window is reconciled with weights learnt from the others alone. Of the methods whose mean loss is within two
/// standard errors of the best, the simplest is taken, in the order of [`Method::ALL`]: bottom-up, which changes no
/// forecast of a leaf, before all others. Windows of which nothing but 0 is known judge nothing. A method that cannot be
/// tried, as covariances of a large hierarchy, is told with the reason.
///
/// Deterministic on any number of threads.
///
/// # Errors
/// [`ChoiceError`] when no method is given or one twice, fewer than two windows tell something, they do not fill the
/// hierarchy, the loss is that of another hierarchy, or no method could be tried.
pub fn choose(
    hierarchy: &Hierarchy,
    windows: &[Window<'_>],
    methods: &[Method],
    loss: &LevelLoss,
    sign: Sign,
) -> Result<Choice, ChoiceError> {
    let mut methods = methods.to_vec();
    methods.sort_unstable();
    if let Some(pair) = methods.windows(2).find(|pair| pair[0] == pair[1]) {
        let method = pair[0].name();
        return Err(ChoiceError::MethodTwice { method });
    }
    if methods.is_empty() {
        return Err(ChoiceError::NoMethod);
    }
    let (found, levels) = (loss.n_levels(), hierarchy.n_levels());
    if found != levels {
        return Err(LossError::Levels { found, levels }.into());
    }
    check_windows(hierarchy, windows)?;
    let judges: Vec<usize> = (0..windows.len())
        .filter(|at| {
            let of = &windows[*at];
            loss.of(hierarchy, of.base, of.actual, of.periods).is_some()
        })
        .collect();
    if judges.len() < WINDOWS_MIN {
        return Err(ChoiceError::TooFewWindows {
            found: judges.len(),
            needed: WINDOWS_MIN,
        });
    }
    let pairs = methods
        .iter()
        .flat_map(|method| judges.iter().map(|at| (*method, *at)));
    let pairs: Vec<(Method, usize)> = pairs.collect();
    let losses: Vec<Result<f64, TrialError>> = pairs
        .into_par_iter()
        .map(|(method, at)| held_out(hierarchy, windows, at, method, loss, sign))
        .collect();
    // By method: a loss for each window that judges.
    let losses = losses.chunks(judges.len());
    let losses: Vec<Result<Vec<f64>, TrialError>> =
        losses.map(|of| of.iter().cloned().collect()).collect();
    let outcomes = compared(&losses)?;
    let mut tried = methods.iter().zip(&outcomes);
    let chosen = tried.find_map(|(method, outcome)| match outcome {
        Outcome::Tried {
            behind,
            behind_standard_error: error,
            ..
        } if *behind <= BEHIND_ERRORS_MAX * error => Some(*method),
        Outcome::Tried { .. } | Outcome::NotTried(_) => None,
    });
    // The best is behind nobody.
    let chosen = chosen.ok_or(ChoiceError::NoMethod)?;
    let trials = methods.into_iter().zip(outcomes);
    Ok(Choice {
        weights: chosen.learn(hierarchy, windows)?,
        windows: judges.len(),
        trials: trials
            .map(|(method, outcome)| Trial { method, outcome })
            .collect(),
    })
}

/// Loss on a window by what the others teach.
fn held_out(
    hierarchy: &Hierarchy,
    windows: &[Window<'_>],
    at: usize,
    method: Method,
    loss: &LevelLoss,
    sign: Sign,
) -> Result<f64, TrialError> {
    let others = [&windows[..at], &windows[at + 1..]].concat();
    let weights = method.learn(hierarchy, &others)?;
    let Window {
        base,
        actual,
        periods,
    } = windows[at];
    let forecasts = reconcile(hierarchy, &weights, base, periods, sign)?;
    let loss = loss.of(hierarchy, &forecasts, actual, periods);
    // Whether a window judges does not depend on the forecasts.
    Ok(loss.unwrap_or(0.0))
}

/// How each is behind the best.
fn compared(losses: &[Result<Vec<f64>, TrialError>]) -> Result<Vec<Outcome>, ChoiceError> {
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    let best = losses
        .iter()
        .flatten()
        .min_by(|one, other| mean(one).total_cmp(&mean(other)));
    let Some(best) = best else {
        let first = losses.iter().find_map(|of| of.as_ref().err());
        return Err(first.map_or(ChoiceError::NoMethod, |why| {
            ChoiceError::NoneTried(why.clone())
        }));
    };
    let outcome = |of: &Result<Vec<f64>, TrialError>| match of {
        Err(why) => Outcome::NotTried(why.clone()),
        Ok(of) => {
            let behind: Vec<f64> = of.iter().zip(best).map(|(one, best)| one - best).collect();
            let (n, middle) = (behind.len() as f64, mean(&behind));
            let squares: f64 = behind.iter().map(|one| (one - middle).powi(2)).sum();
            Outcome::Tried {
                loss: mean(of),
                behind: middle,
                behind_standard_error: (squares / (n - 1.0) / n).sqrt(),
            }
        }
    };
    Ok(losses.iter().map(outcome).collect())
}
