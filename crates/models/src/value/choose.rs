//! Which model: the one that predicted best a stretch of the past it had not seen.

use serde::{Deserialize, Serialize};

use super::bg_nbd::BgNbd;
use super::estimate::{Convergence, FitError, Parameter};
use super::history::History;
use super::outlook::Outlook;
use super::pareto_nbd::ParetoNbd;
use super::score::Score;
use super::seasonal::{HISTORY_DAYS_MIN, SeasonalBgNbd};

/// What can predict purchases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Candidate {
    /// Baseline: everybody buys at the mean rate.
    MeanRate,
    /// Baseline: everybody goes on at their own past rate.
    OwnRate,
    /// BG/NBD.
    BgNbd,
    /// Pareto/NBD.
    ParetoNbd,
    /// BG/NBD in shop time.
    SeasonalBgNbd,
}

impl Candidate {
    /// All, baselines first.
    pub const ALL: [Self; 5] = [
        Self::MeanRate,
        Self::OwnRate,
        Self::BgNbd,
        Self::ParetoNbd,
        Self::SeasonalBgNbd,
    ];

    /// Whether this is only there to be beaten.
    pub fn is_baseline(self) -> bool {
        matches!(self, Self::MeanRate | Self::OwnRate)
    }
}

/// A fitted model, whichever was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fitted {
    /// BG/NBD.
    BgNbd(BgNbd),
    /// Pareto/NBD.
    ParetoNbd(ParetoNbd),
    /// BG/NBD in shop time.
    SeasonalBgNbd(Box<SeasonalBgNbd>),
}

/// One candidate in the hold-out.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Which one.
    pub candidate: Candidate,
    /// How it went.
    pub result: TrialResult,
}

/// How a candidate did.
#[derive(Debug, Clone, PartialEq)]
pub enum TrialResult {
    /// Compared with what happened.
    Scored(Score),
    /// It could not be fitted to the earlier part.
    NotFitted(FitError),
}

/// What the candidates had not seen when they were judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HeldOut {
    /// The last days of everybody: candidates are fitted to what came before.
    LastDays {
        /// Days held out.
        days: u32,
    },
    /// The last days of every other customer: candidates are fitted to the others' whole history, and vice versa.
    ///
    /// Taken when the history is between one year and two: a season learnt before the last days would be one
    /// without those days in it. How customers differ is judged on customers unseen; that the season comes back is not
    /// judged, because nothing in such a history can.
    LastDaysOfOtherCustomers {
        /// Days held out.
        days: u32,
    },
}

/// The model chosen, refitted to the whole history, and why it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Which one: the model (no baseline) with the smallest mean absolute error per customer in the hold-out, among
    /// those whose total is at most a tenth further off than that of the model closest to it.
    pub chosen: Candidate,
    /// The model.
    pub fitted: Fitted,
    /// What was held out to choose.
    pub held_out: HeldOut,
    /// Every candidate's result, in the order of [`Candidate::ALL`].
    pub trials: Vec<Trial>,
    /// A baseline that did better than the model chosen, if one did: a reason not to trust either.
    pub better_baseline: Option<Candidate>,
}

/// No model could be chosen.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ChooseError {
    /// The hold-out leaves nothing to learn from.
    #[error(
        "hold-out of {hold_out_days} days, expected from 1 to less than the history's {history_days}"
    )]
    HoldOutTooLong {
        /// Days asked.
        hold_out_days: u32,
        /// Days there are.
        history_days: u32,
    },
    /// No model could be fitted to the earlier part.
    #[error("no model could be fitted to the first {days} days")]
    NoneFitted {
        /// Days of the earlier part.
        days: u32,
        /// What stopped the first of them.
        #[source]
        first: FitError,
    },
    /// The model chosen could not be fitted to the whole history.
    #[error("{chosen:?} could not be fitted to the whole history")]
    NotRefitted {
        /// The model.
        chosen: Candidate,
        /// Why.
        #[source]
        source: FitError,
    },
}

/// The hold-out that suits a history: its last third, of everybody or of every other customer.
pub fn suitable_hold_out(history: &History) -> HeldOut {
    let days = history.last_day() / 3;
    let seasons_can_be_fitted = history.last_day() >= HISTORY_DAYS_MIN;
    let seasons_can_be_judged = history.last_day() - days >= SEASON_JUDGED_DAYS_MIN;
    if seasons_can_be_fitted && !seasons_can_be_judged {
        HeldOut::LastDaysOfOtherCustomers { days }
    } else {
        HeldOut::LastDays { days }
    }
}

/// Days before a hold-out that let a season be judged by it: a year and a quarter, so that some months were seen twice
/// and a trend can be told from a season.
const SEASON_JUDGED_DAYS_MIN: u32 = HISTORY_DAYS_MIN + 91;

/// Fits every candidate without what is held out, scores them on it, and refits the best to all.
///
/// Only customers known before the days held out are scored. Deterministic on any number of threads.
///
/// # Errors
/// [`ChooseError`] when there is nothing to hold out or nothing can be fitted.
pub fn choose(history: &History, held_out: HeldOut) -> Result<Choice, ChooseError> {
    let history_days = history.last_day();
    let (HeldOut::LastDays { days } | HeldOut::LastDaysOfOtherCustomers { days }) = held_out;
    if days == 0 || days >= history_days {
        return Err(ChooseError::HoldOutTooLong {
            hold_out_days: days,
            history_days,
        });
    }
    let known_until = history_days - days;
    let folds: Vec<Fold> = match held_out {
        HeldOut::LastDays { .. } => {
            let known = history.until(known_until).history;
            vec![Fold {
                learn: known,
                judge: history.clone(),
            }]
        }
        HeldOut::LastDaysOfOtherCustomers { .. } => {
            let part = |parity: usize| history.among(|customer| customer % 2 == parity);
            vec![
                Fold {
                    learn: part(0),
                    judge: part(1),
                },
                Fold {
                    learn: part(1),
                    judge: part(0),
                },
            ]
        }
    };
    let trials: Vec<Trial> = Candidate::ALL
        .into_iter()
        .map(|candidate| {
            let result = match score(candidate, &folds, known_until) {
                Ok(score) => TrialResult::Scored(score),
                Err(error) => TrialResult::NotFitted(error),
            };
            Trial { candidate, result }
        })
        .collect();
    let (chosen, score) = best(&trials, |candidate| !candidate.is_baseline()).map_err(|first| {
        ChooseError::NoneFitted {
            days: known_until,
            first,
        }
    })?;
    let fitted = Fitted::fit(chosen, history)
        .map_err(|source| ChooseError::NotRefitted { chosen, source })?;
    let better_baseline = best(&trials, Candidate::is_baseline)
        .ok()
        .filter(|(_, baseline)| {
            baseline.mae < score.mae && total_gap(baseline) <= total_gap(&score) + TOTAL_TOLERANCE
        })
        .map(|(baseline, _)| baseline);
    Ok(Choice {
        chosen,
        fitted,
        held_out,
        trials,
        better_baseline,
    })
}

/// Whom a candidate learns from, and whose last days judge it.
struct Fold {
    learn: History,
    judge: History,
}

fn score(candidate: Candidate, folds: &[Fold], known_until: u32) -> Result<Score, FitError> {
    let (mut predicted, mut actual) = (Vec::new(), Vec::new());
    for Fold { learn, judge } in folds {
        let known = judge.until(known_until);
        let days = judge.last_day() - known_until;
        predicted.extend(predictions(candidate, learn, &known.history, days)?);
        actual.extend(
            known
                .customers
                .iter()
                .map(|&customer| f64::from(judge.purchases_after(customer, known_until))),
        );
    }
    Ok(Score::of(&predicted, &actual))
}

/// How much further off the total a candidate may be than the one closest to it, relative to the total.
///
/// Most customers buy nothing in a given stretch, so that predicting too little lowers the mean absolute error:
/// it only decides between candidates whose totals are about as good.
const TOTAL_TOLERANCE: f64 = 0.1;

/// The best candidate among some with its score, or why the first of them has none.
fn best(
    trials: &[Trial],
    among: impl Fn(Candidate) -> bool,
) -> Result<(Candidate, Score), FitError> {
    let mut scored = Vec::new();
    let mut failure = None;
    for trial in trials.iter().filter(|trial| among(trial.candidate)) {
        match &trial.result {
            TrialResult::Scored(score) => scored.push((trial.candidate, *score)),
            TrialResult::NotFitted(error) => failure = failure.or(Some(error.clone())),
        }
    }
    let closest = scored
        .iter()
        .map(|(_, score)| total_gap(score))
        .fold(f64::INFINITY, f64::min);
    scored
        .into_iter()
        .filter(|(_, score)| total_gap(score) <= closest + TOTAL_TOLERANCE)
        .min_by(|(_, one), (_, other)| one.mae.total_cmp(&other.mae))
        .ok_or(failure.unwrap_or(FitError::NotComputable))
}

/// How far a total is off, relative to what happened; zero when nothing happened and it cannot be said.
fn total_gap(score: &Score) -> f64 {
    score.total_error().map_or(0.0, f64::abs)
}

/// Purchases of each customer of `known` within the `days` after it, by a candidate fitted to `learn`.
fn predictions(
    candidate: Candidate,
    learn: &History,
    known: &History,
    days: u32,
) -> Result<Vec<f64>, FitError> {
    let horizon = f64::from(days);
    let rate = |repeats: f64, age: f64| if age > 0.0 { repeats / age } else { 0.0 };
    match candidate {
        Candidate::MeanRate => {
            let learnt = learn.summaries();
            let repeats = learnt
                .iter()
                .map(|past| f64::from(past.repeat_purchases))
                .sum();
            let age = learnt.iter().map(|past| past.age_days).sum();
            Ok(vec![rate(repeats, age) * horizon; known.customers()])
        }
        Candidate::OwnRate => Ok(known
            .summaries()
            .iter()
            .map(|past| rate(f64::from(past.repeat_purchases), past.age_days) * horizon)
            .collect()),
        Candidate::BgNbd | Candidate::ParetoNbd | Candidate::SeasonalBgNbd => {
            Ok(Fitted::fit(candidate, learn)?.expected_purchases(known, days))
        }
    }
}

impl Fitted {
    /// Which candidate it is.
    #[must_use]
    pub fn candidate(&self) -> Candidate {
        match self {
            Self::BgNbd(_) => Candidate::BgNbd,
            Self::ParetoNbd(_) => Candidate::ParetoNbd,
            Self::SeasonalBgNbd(_) => Candidate::SeasonalBgNbd,
        }
    }

    /// How the fit ended.
    #[must_use]
    pub fn convergence(&self) -> &Convergence {
        match self {
            Self::BgNbd(model) => model.convergence(),
            Self::ParetoNbd(model) => model.convergence(),
            Self::SeasonalBgNbd(model) => model.convergence(),
        }
    }

    /// The parameters with their names and 95 % intervals.
    #[must_use]
    pub fn parameter_intervals(&self) -> &[Parameter] {
        match self {
            Self::BgNbd(model) => model.parameter_intervals(),
            Self::ParetoNbd(model) => model.parameter_intervals(),
            Self::SeasonalBgNbd(model) => model.parameter_intervals(),
        }
    }

    /// Fits a model to a whole history; a baseline is fitted as the simplest model, BG/NBD.
    ///
    /// # Errors
    /// The model's own [`FitError`].
    pub fn fit(candidate: Candidate, history: &History) -> Result<Self, FitError> {
        match candidate {
            Candidate::MeanRate | Candidate::OwnRate | Candidate::BgNbd => {
                BgNbd::fit(&history.summaries()).map(Self::BgNbd)
            }
            Candidate::ParetoNbd => ParetoNbd::fit(&history.summaries()).map(Self::ParetoNbd),
            Candidate::SeasonalBgNbd => {
                SeasonalBgNbd::fit(history).map(|model| Self::SeasonalBgNbd(Box::new(model)))
            }
        }
    }

    /// Each customer's future, in shop days, seen from the last day of a history.
    ///
    /// For a model in shop time the history starts with the window fitted; it may end before, with or after it.
    pub fn outlooks(&self, history: &History) -> Vec<Outlook> {
        use rayon::prelude::*;
        match self {
            Self::BgNbd(model) => history
                .summaries()
                .par_iter()
                .map(|past| model.outlook(past))
                .collect(),
            Self::ParetoNbd(model) => history
                .summaries()
                .par_iter()
                .map(|past| model.outlook(past))
                .collect(),
            Self::SeasonalBgNbd(model) => model.outlooks(history),
        }
    }

    /// Shop days gone by at the end of each of the `days` calendar days after a day of the window or after it.
    pub fn shop_days_ahead(&self, now_day: u32, days: u32) -> Vec<f64> {
        match self {
            Self::BgNbd(_) | Self::ParetoNbd(_) => (1..=days).map(f64::from).collect(),
            Self::SeasonalBgNbd(model) => model.shop_days_ahead(now_day, days),
        }
    }

    /// Purchases expected of each customer within the `days` calendar days after a history.
    pub fn expected_purchases(&self, history: &History, days: u32) -> Vec<f64> {
        use rayon::prelude::*;
        let shop_days = self
            .shop_days_ahead(history.last_day(), days)
            .last()
            .copied()
            .unwrap_or(0.0);
        self.outlooks(history)
            .par_iter()
            .map(|outlook| outlook.expected_purchases(shop_days))
            .collect()
    }
}
