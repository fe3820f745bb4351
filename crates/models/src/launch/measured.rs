//! What each layer was worth on launches held out in the order of time.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::censored::Logarithm;
use super::curves::Curves;
use super::distribution::{Demand, LogNormal};
use super::folds::{Fold, at};
use super::merchants::Merchants;
use super::naive::Naive;
use super::past::Past;
use super::pool::{Pair, Pool};
use super::records::Judged;
use super::score::Score;

/// Hours after which corrected forecasts are judged.
pub const HOURS: [usize; 4] = [1, 2, 4, 8];

/// Launches that corrected forecasts are judged on at most, the latest.
const LAUNCHES_MAX: usize = 150;

/// Factors on the size of curves that are compared, in logarithms, from how far launches were measured to differ.
pub(super) const LOOSENED: [f64; 5] = [0.0, -0.7, 0.7, -1.4, 1.4];

/// Launches and hours that those are compared on.
const LOOSENED_LAUNCHES: usize = 60;
const LOOSENED_HOURS: [usize; 2] = [1, 4];

/// What is known of a launch where it is forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// What launches of its category sold: the baseline.
    Naive,
    /// Nothing but that it is a launch.
    History,
    /// What is told of it.
    Attributes,
    /// Its merchant's estimate.
    Estimate,
    /// Both.
    Combined,
    /// Both, and so many hours.
    Hours(usize),
}

/// How a layer did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The layer.
    pub layer: Layer,
    /// Its score.
    pub score: Score,
}

/// Forecasts of launches held out, by position among the launches in the order of time.
#[derive(Debug, Clone, Default)]
pub(super) struct HeldOut {
    pub(super) history: Vec<Option<LogNormal>>,
    pub(super) attributes: Vec<Option<LogNormal>>,
    pub(super) estimate: Vec<Option<LogNormal>>,
    pub(super) combined: Vec<Option<LogNormal>>,
}

/// Said of some positions among `n`.
pub(super) fn placed(said: Vec<(usize, LogNormal)>, n: usize) -> Vec<Option<LogNormal>> {
    let mut all = vec![None; n];
    for (at, said) in said {
        all[at] = Some(said);
    }
    all
}

/// Calibrated estimates of launches held out, each by the record before, and the merchants stretched by them.
pub(super) fn estimates(
    past: &[&Past],
    folds: &[Fold],
    merchants: Merchants,
) -> (Merchants, Vec<Option<LogNormal>>) {
    let of = |fold: &Fold| {
        let learnt = Merchants::of(&at(past, &fold.learn)).ok()?;
        let said = |at: &usize| Some((*at, learnt.forecast(&past[*at].launch)?));
        Some(fold.judge.iter().filter_map(said).collect::<Vec<_>>())
    };
    let said: Vec<(usize, LogNormal)> = folds.iter().filter_map(of).flatten().collect();
    let came = |(at, said): &(usize, LogNormal)| (*said, Logarithm::from(past[*at].total));
    let merchants = merchants.stretched(&said.iter().map(came).collect::<Vec<_>>());
    let stretched = said
        .into_iter()
        .map(|(at, said)| (at, merchants.stretch(said)));
    let placed = placed(stretched.collect(), past.len());
    (merchants, placed)
}

impl HeldOut {
    /// A launch with an estimate and a forecast from attributes.
    fn pair(past: &Past, attributes: Option<LogNormal>) -> Option<Pair> {
        Some(Pair {
            merchant: past.launch.merchant.clone()?,
            attributes: attributes?,
            estimate: past.launch.estimate?,
            total: past.total,
        })
    }

    /// All of them, those of `early` first.
    pub(super) fn pairs<'a>(
        &self,
        past: &[&'a Past],
        folds: &[Fold],
        early: &[(usize, LogNormal)],
    ) -> Vec<(&'a Past, Pair)> {
        let first = early.iter().map(|(at, said)| (*at, Some(*said)));
        let later = folds.iter().flat_map(|fold| &fold.judge);
        let later = later.map(|at| (*at, self.attributes[*at]));
        let pair = |(at, said)| Some((past[at], Self::pair(past[at], said)?));
        first.chain(later).filter_map(pair).collect()
    }

    /// Pools forecasts of all pairs, those of `early` among them; fills in what was combined, in each fold by pairs of
    /// launches that were over when it began. Where a launch has no estimate that is the forecast from attributes.
    pub(super) fn pool(
        &mut self,
        past: &[&Past],
        folds: &[Fold],
        early: &[(usize, LogNormal)],
    ) -> Pool {
        self.combined = vec![None; past.len()];
        let pairs = self.pairs(past, folds, early).into_iter();
        let mut pairs: Vec<(i64, Pair)> = pairs
            .map(|(past, pair)| (past.closed_hour(), pair))
            .collect();
        // Spreads are stretched by the latest pairs.
        pairs.sort_by_key(|(closed, _)| *closed);
        for fold in folds {
            let opens = |at: &usize| past[*at].launch.opens_hour;
            let begins = fold.judge.iter().map(opens).min().unwrap_or(i64::MIN);
            let over = pairs.iter().take_while(|(closed, _)| *closed <= begins);
            let over: Vec<Pair> = over.map(|(_, pair)| pair.clone()).collect();
            if over.is_empty() && !pairs.is_empty() {
                // Of estimates nothing is known yet.
                continue;
            }
            let earlier = Pool::fit(&over);
            for at in fold.judge.iter().copied() {
                let pair = Self::pair(past[at], self.attributes[at]);
                let both = |p: &Pair| earlier.forecast(&p.merchant, p.attributes, &p.estimate);
                self.combined[at] = pair.as_ref().map(both).or(self.attributes[at]);
            }
        }
        let all: Vec<Pair> = pairs.into_iter().map(|(_, pair)| pair).collect();
        Pool::fit(&all)
    }

    /// Launches with an estimate that were held out.
    pub(super) fn judged<'a>(&self, past: &[&'a Past]) -> Vec<Judged<'a>> {
        let of = |at: usize| {
            Some(Judged {
                past: past[at],
                attributes: self.attributes[at].filter(|_| past[at].launch.estimate.is_some())?,
                combined: self.combined[at],
            })
        };
        (0..past.len()).filter_map(of).collect()
    }

    /// Scores of all layers on the same launches: those that were combined by what was known before.
    pub(super) fn layers(&self, past: &[&Past], folds: &[Fold]) -> Vec<Measured> {
        let mut naive: Vec<Option<Demand>> = vec![None; past.len()];
        for fold in folds {
            let learn: Vec<Past> = at(past, &fold.learn).into_iter().cloned().collect();
            let Ok(learnt) = Naive::fit(&learn) else {
                continue;
            };
            for at in &fold.judge {
                naive[*at] = Some(learnt.forecast(&past[*at].launch));
            }
        }
        let of = |said: &[Option<LogNormal>]| -> Vec<Option<Demand>> {
            said.iter()
                .map(|said| said.map(Demand::LogNormal))
                .collect()
        };
        let layers = [
            (Layer::Naive, naive),
            (Layer::History, of(&self.history)),
            (Layer::Attributes, of(&self.attributes)),
            (Layer::Estimate, of(&self.estimate)),
            (Layer::Combined, of(&self.combined)),
        ];
        let has_estimates = self.estimate.iter().any(Option::is_some);
        // Estimates are compared on launches that have one, where any has.
        let judged = |at: &usize| {
            self.combined[*at].is_some() && (!has_estimates || self.estimate[*at].is_some())
        };
        let positions: Vec<usize> = (0..past.len()).filter(judged).collect();
        let score = |said: &[Option<Demand>]| {
            let each = positions.iter().map(|at| Some((said[*at].as_ref()?, *at)));
            let each: Option<Vec<(&Demand, usize)>> = each.collect();
            let came = |(said, at): (_, usize)| (said, past[at].total, past[at].stock);
            Score::of(each?.into_iter().map(came))
        };
        layers
            .iter()
            .filter_map(|(layer, said)| Some((*layer, score(said)?)))
            .map(|(layer, score)| Measured { layer, score })
            .collect()
    }

    /// Launches that did not run out and whose first hours are known, with what was forecast of them.
    fn with_hours<'a>(&self, past: &[&'a Past], from: usize) -> Vec<(&'a Past, Demand)> {
        let of = |at: usize| {
            let long = past[at].sales.as_ref()?.hours.len() >= HOURS[HOURS.len() - 1];
            let said = self.combined[at].or(self.attributes[at])?;
            (long && !past[at].total.is_censored()).then(|| (past[at], Demand::LogNormal(said)))
        };
        (from..past.len()).filter_map(of).collect()
    }

    /// The factor on the size of curves at which corrected forecasts told totals best, and their scores by hour.
    ///
    /// - `curves`: of launches before position `from`.
    /// - `factors`: logarithms of those that are compared.
    pub(super) fn hours(
        &self,
        past: &[&Past],
        curves: &Curves,
        from: usize,
        factors: &[f64],
    ) -> (f64, Vec<Measured>) {
        let known = self.with_hours(past, from);
        let mut best: Option<(f64, f64)> = None;
        for ln_factor in factors.iter().copied() {
            let loosened = curves.clone().loosened(ln_factor);
            let few = &known[known.len().saturating_sub(LOOSENED_LAUNCHES)..];
            let ln = LOOSENED_HOURS.map(|hours| {
                let after = corrected(few, &loosened, hours);
                let each = after.iter().map(|(past, after)| near(after, past));
                each.sum::<f64>()
            });
            let ln: f64 = ln.iter().sum();
            if best.is_none_or(|(_, most)| ln > most) {
                best = Some((ln_factor, ln));
            }
        }
        let ln_factor = best.map_or(0.0, |(ln_factor, _)| ln_factor);
        let loosened = curves.clone().loosened(ln_factor);
        let many = &known[known.len().saturating_sub(LAUNCHES_MAX)..];
        let scores = [0].into_iter().chain(HOURS).filter_map(|hours| {
            let after = corrected(many, &loosened, hours);
            let each = after
                .iter()
                .map(|(past, after)| (after, past.total, past.stock));
            let (layer, score) = (Layer::Hours(hours), Score::of(each)?);
            Some(Measured { layer, score })
        });
        (ln_factor, scores.collect())
    }
}

/// Forecasts after so many hours.
fn corrected<'a>(
    known: &[(&'a Past, Demand)],
    curves: &Curves,
    hours: usize,
) -> Vec<(&'a Past, Demand)> {
    let of = |(past, said): &(&'a Past, Demand)| {
        let sales = past.sales.as_ref()?.after(hours);
        let weights = curves.weights(&past.launch);
        let after = curves
            .update(said, &weights, past.launch.duration_hours, &sales)
            .ok()?;
        Some((*past, after.demand().clone()))
    };
    known.par_iter().filter_map(of).collect()
}

/// Logarithm of the probability of about what came: 3 % and half a unit around it.
fn near(said: &Demand, past: &Past) -> f64 {
    let units = past.total.units() as f64;
    let reach = 0.03 * units + 0.5;
    let p = said.cdf(units + reach) - said.cdf(units - reach);
    p.max(1e-6).ln()
}
