//! Which learner: the one that ranks held-out customers best by what treatment changed, and the simpler of equals.

use rayon::prelude::*;

use super::average::AverageEffect;
use super::boosted::{Result as Boost, TreesError};
use super::error::FitError;
use super::experiment::Experiment;
use super::fitted::{ArmEffects, Fitted};
use super::folds::half;
use super::learner::Learner;
use super::learners::{Learnt, finish, learn};
use super::settings::Settings;
use super::shrink::Shrinkage;
use super::surface::Rows;
use super::work::{Keep, Work};

/// Standard errors of a learner's slope that count as nothing, see [`Shrinkage`].
const ERRORS_IGNORED: f64 = 1.0;

/// How far behind the best a simpler learner may be, in standard errors of the difference.
const BEHIND_ERRORS_MAX: f64 = 1.0;

/// How one learner ranked customers that it had not seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// The learner.
    pub learner: Learner,
    /// What its ranking gains over treating at random, per customer and averaged over all shares that could be
    /// treated, in units of the outcome, summed over the arms. 0 is a ranking that finds nobody.
    pub gain: f64,
    /// Its standard error.
    pub gain_standard_error: f64,
    /// Gain of the best less this one.
    pub behind: f64,
    /// Standard error of that difference, on the same customers; 0 for the best.
    pub behind_standard_error: f64,
    /// How many learners are simpler, see [`choose`].
    pub complexity: usize,
}

/// The additive learner, which a person can read, beside the best of those that nobody can.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Twin {
    /// The best of T, S, X, R and doubly robust by its gain.
    pub black_box: Learner,
    /// Its gain less that of the additive learner, in the unit of [`Trial::gain`]; below 0 where the additive one is ahead.
    pub gap: f64,
    /// Standard error of that difference, on the same customers.
    pub gap_standard_error: f64,
}

/// The learner chosen, fitted to all rows, and why it was.
#[derive(Debug)]
pub struct Choice {
    /// The learner.
    pub chosen: Learner,
    /// What it learnt.
    pub fitted: Fitted,
    /// Every candidate, in the order given.
    pub trials: Vec<Trial>,
    /// The additive learner beside the best black box; `None` where one of the two was no candidate.
    pub twin: Option<Twin>,
}

/// Fits one learner.
///
/// # Errors
/// [`FitError`] when a setting is out of range or trees cannot be boosted.
pub fn fit(
    experiment: &Experiment,
    learner: Learner,
    settings: &Settings,
) -> Result<Fitted, FitError> {
    let work = Work::new(experiment, settings)?;
    let learnt = learn(&work, learner).map_err(of_learner)?;
    let shrinkage = shrinkage(&work, &learnt);
    finalise(&work, &learnt, &shrinkage)
}

/// Learns with every candidate and fits the one to use.
///
/// Each row is ranked within its fold by models that have not seen the fold. The gain of a ranking is the Qini-weighted
/// rank average of the doubly robust scores, which are unbiased for the effect of each row because propensities are
/// known; how well outcomes are predicted plays no part. Rows count as much as they tell: outcomes of customers from whom
/// much is expected scatter more, and would drown those of the others. Of the candidates whose gain is within one standard error of
/// the best (of the paired difference), the simplest is taken. Simplest first: the average; the prognostic learner
/// while it uses no residual effect; the additive one; T, S, X, R, doubly robust; the prognostic learner with a residual effect.
///
/// Deterministic on any number of threads. Outcome models and scores are learnt once for all candidates.
///
/// # Errors
/// [`FitError`] when there is no candidate, a setting is out of range, or trees cannot be boosted.
/// # Source
/// Yadlowsky et al. (2021) for the rank average; Breiman et al. (1984) for the rule of one standard error.
pub fn choose(
    experiment: &Experiment,
    candidates: &[Learner],
    settings: &Settings,
) -> Result<Choice, FitError> {
    if candidates.is_empty() {
        return Err(FitError::NoCandidates);
    }
    let work = Work::new(experiment, settings)?;
    let mut tried = Vec::with_capacity(candidates.len());
    for &learner in candidates {
        let learnt = learn(&work, learner).map_err(of_learner)?;
        let shrinkage = shrinkage(&work, &learnt);
        let gains = gains(&work, &learnt, &shrinkage);
        tried.push((learnt, shrinkage, gains));
    }
    let gain = |gains: &[f64]| mean_and_error(gains.iter().copied());
    let best = (0..tried.len())
        .reduce(|best, other| {
            if gain(&tried[other].2).0 > gain(&tried[best].2).0 {
                other
            } else {
                best
            }
        })
        .unwrap_or(0);
    let trials: Vec<Trial> = tried
        .iter()
        .map(|(learnt, _, gains)| {
            let ahead = tried[best]
                .2
                .iter()
                .zip(gains)
                .map(|(best, own)| best - own);
            let (behind, behind_standard_error) = mean_and_error(ahead);
            let (gain, gain_standard_error) = gain(gains);
            Trial {
                learner: learnt.learner,
                gain,
                gain_standard_error,
                behind,
                behind_standard_error,
                complexity: complexity(learnt),
            }
        })
        .collect();
    let close = |trial: &Trial| trial.behind <= BEHIND_ERRORS_MAX * trial.behind_standard_error;
    let chosen = (0..trials.len())
        .filter(|at| close(&trials[*at]))
        .min_by_key(|at| trials[*at].complexity)
        .unwrap_or(best);
    let (learnt, shrinkage, _) = &tried[chosen];
    Ok(Choice {
        chosen: learnt.learner,
        fitted: finalise(&work, learnt, shrinkage)?,
        twin: twin(&tried),
        trials,
    })
}

/// The additive learner beside the best black box.
fn twin(tried: &[(Learnt, Vec<Shrinkage>, Vec<f64>)]) -> Option<Twin> {
    let mean = |gains: &[f64]| mean_and_error(gains.iter().copied()).0;
    let (_, _, additive) = tried
        .iter()
        .find(|(learnt, _, _)| learnt.learner == Learner::Additive)?;
    let black_boxes = tried
        .iter()
        .filter(|(learnt, _, _)| learnt.learner.is_black_box());
    let (learnt, _, gains) =
        black_boxes.max_by(|(_, _, one), (_, _, other)| mean(one).total_cmp(&mean(other)))?;
    let ahead = gains.iter().zip(additive).map(|(black, own)| black - own);
    let (gap, gap_standard_error) = mean_and_error(ahead);
    Some(Twin {
        black_box: learnt.learner,
        gap,
        gap_standard_error,
    })
}

fn of_learner(source: TreesError) -> FitError {
    FitError::Boosting {
        what: "the effect",
        source,
    }
}

fn complexity(learnt: &Learnt) -> usize {
    match learnt.learner {
        Learner::Average => 0,
        Learner::Prognostic if !learnt.uses_residual() => 1,
        Learner::Additive => 2,
        Learner::T => 3,
        Learner::S => 4,
        Learner::X => 5,
        Learner::R => 6,
        Learner::DoublyRobust => 7,
        Learner::Prognostic => 8,
    }
}

/// By arm, without the control.
fn shrinkage(work: &Work<'_>, learnt: &Learnt) -> Vec<Shrinkage> {
    let arms = learnt.held_out.iter().zip(&work.scores);
    arms.zip(&work.precision.of_scores)
        .map(|((held_out, scores), told)| {
            Shrinkage::of(held_out, scores, told, &work.folds, ERRORS_IGNORED)
        })
        .collect()
}

/// What each row says of the gain: half its rank, from -1 to 1, times its score, times how much it tells; arms that are
/// shrunk away rank nobody.
fn gains(work: &Work<'_>, learnt: &Learnt, shrinkage: &[Shrinkage]) -> Vec<f64> {
    let mut gains = vec![0.0; work.experiment.rows()];
    for (arm, shrinkage) in shrinkage.iter().enumerate() {
        if shrinkage.weight == 0.0 {
            continue;
        }
        for fold in 0..work.folds.n() {
            let rows = work.folds.rows(fold);
            let of = |values: &[f64]| -> Vec<f64> { rows.iter().map(|row| values[*row]).collect() };
            let told = of(&work.precision.of_scores[arm]);
            let scores = of(&work.scores[arm]);
            let mean = AverageEffect::weighted(&scores, &told).effect;
            let ranks = ranks(&of(&learnt.held_out[arm]), &told);
            for (place, row) in rows.iter().enumerate() {
                // Weighted ranks add up to 0, so that taking the mean away changes no gain, only its error.
                gains[*row] += 0.5 * told[place] * ranks[place] * (scores[place] - mean);
            }
        }
    }
    gains
}

/// Ranks from -1 for the smallest to 1 for the largest, nearly, by the weight that lies below; equal values share theirs.
fn ranks(values: &[f64], weights: &[f64]) -> Vec<f64> {
    let n = values.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    let mut ranks = vec![0.0; n];
    let all: f64 = weights.iter().sum();
    let (mut begin, mut below) = (0, 0.0);
    while begin < n {
        let same = |at: &usize| values[order[*at]] == values[order[begin]];
        let end = (begin..n).take_while(same).count() + begin;
        let own: f64 = order[begin..end].iter().map(|row| weights[*row]).sum();
        let rank = (2.0 * below + own) / all - 1.0;
        below += own;
        for at in begin..end {
            ranks[order[at]] = rank;
        }
        begin = end;
    }
    ranks
}

fn mean_and_error(values: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

/// Fits to all rows, and to halves of them for intervals.
fn finalise(work: &Work<'_>, learnt: &Learnt, shrinkage: &[Shrinkage]) -> Result<Fitted, FitError> {
    let experiment = work.experiment;
    let all = work.matrix.all();
    let fit = |keep: Keep<'_>| {
        let mut surface = finish(work, learnt, keep)?;
        let rows = Rows::new(&all, &surface);
        surface.centre_on(&rows, &work.precision.of_scores)?;
        Ok(surface)
    };
    let surface = fit(Keep::All).map_err(of_learner)?;
    // Where everybody gets the average there is nothing whose spread could be asked.
    let needed = shrinkage.iter().any(|shrinkage| shrinkage.weight > 0.0);
    let refits = if needed { work.settings.refits } else { 0 };
    let refits = (0..refits)
        .into_par_iter()
        .map(|index| {
            let mut kept = vec![false; experiment.rows()];
            for row in half(experiment, work.settings.seed, index as u64) {
                kept[row] = true;
            }
            fit(Keep::Half(&kept))
        })
        .collect::<Boost<Vec<_>>>()
        .map_err(of_learner)?;
    let arms = work
        .treatments()
        .zip(shrinkage)
        .map(|(arm, shrinkage)| ArmEffects {
            name: experiment.arms()[arm].clone(),
            average: work.averages[arm - 1],
            level: work.levels[arm - 1],
            shrinkage: *shrinkage,
        });
    Ok(Fitted::new(
        learnt.learner,
        experiment.features().columns().to_vec(),
        arms.collect(),
        work.settings.families.clone(),
        surface,
        refits,
    ))
}
