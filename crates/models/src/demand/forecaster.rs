//! The method that forecast best in the past, with how far off it was.

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::boosted::{Boosted, Settings};
use super::candidate::{Candidate, Window, Windows, joined};
use super::counted::dispersions;
use super::error::FitError;
use super::examples::{Examples, least};
use super::forecast::{Forecast, Spreads};
use super::meaning::Driver;
use super::method::{Method, Part, Unlearnt, locals, mean_of, nothing_sold, scales};
use super::naive::Naive;
use super::panel::Panel;
use super::recent::deviations;
use super::scale::Scale;

/// Windows at the end of the history that candidates are compared on, each by the intervals that the others teach.
const WINDOWS: usize = 3;

/// How a method did on the last periods of the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The method.
    pub method: Method,
    /// Weighted quantile loss; absent where it could not be learnt.
    pub quantile_loss: Option<f64>,
}

/// A learnt forecaster. Holds numbers, no code; serialisable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecaster {
    ahead: usize,
    method: Method,
    trials: Vec<Trial>,
    rounds: Vec<(Scale, usize)>,
    /// In the order in which the method names them.
    boosted: Vec<Boosted>,
    pub(super) spreads: Spreads,
    /// The naive method that did better, to be held against.
    naive: Naive,
    naive_spreads: Spreads,
}

impl Forecaster {
    /// Learns to forecast the `ahead` periods after what is known.
    ///
    /// Candidates learn from all but the last three times `ahead` periods, forecast these, and the one of the least
    /// weighted quantile loss learns again from everything. Where the history is too short for trees the methods
    /// without them alone are compared.
    ///
    /// Deterministic: the same seed gives the same bytes on any number of threads.
    ///
    /// # Errors
    /// [`FitError`] when there are fewer than four times `ahead` periods, or nothing was sold.
    pub fn fit(panel: &Panel, ahead: usize, settings: &Settings) -> Result<Self, FitError> {
        let early = Self::fit_early(panel, ahead, settings)?;
        early.again(panel, settings)
    }

    /// The same, but that it has not learnt again: what it forecasts of the last [`Forecaster::windows`] times `ahead`
    /// periods it has not seen.
    ///
    /// # Errors
    /// As [`Forecaster::fit`].
    pub fn fit_early(panel: &Panel, ahead: usize, settings: &Settings) -> Result<Self, FitError> {
        let known = panel.known();
        let needed = (WINDOWS + 1) * ahead;
        if known < needed {
            return Err(FitError::TooShort {
                ahead,
                known,
                needed,
            });
        }
        let starts: Vec<usize> = (1..=WINDOWS)
            .rev()
            .map(|window| known - window * ahead)
            .collect();
        let nothing = nothing_sold(panel, starts[0]);
        let boosted = if starts[0] >= least(panel) + 2 * ahead {
            let examples = Examples::before(panel, (starts[0], ahead), &starts, settings)?;
            let scales = scales(nothing).iter();
            let fit = |scale: &Scale| Boosted::fit(&examples, *scale, None);
            scales.map(fit).collect::<Result<Vec<_>, _>>()?
        } else {
            Vec::new()
        };
        let naive = [Naive::Alike, Naive::Seasonal].map(Unlearnt::Naive);
        let local = locals(panel, nothing, starts[0])
            .into_iter()
            .map(Unlearnt::Local);
        let unlearnt: Vec<Unlearnt> = naive.into_iter().chain(local).collect();
        let (windows, mut candidates) = tried(panel, ahead, &starts, &unlearnt, &boosted)?;
        let judge = |of: &[Candidate]| -> Vec<Option<f64>> {
            of.par_iter()
                .map(|candidate| candidate.quantile_loss(&windows))
                .collect()
        };
        let mut losses = judge(&candidates);
        let joined = joined(&candidates, &losses);
        losses.extend(judge(&joined));
        candidates.extend(joined);
        let chosen = &candidates[least_of(&losses).ok_or(FitError::NothingSold)?];
        let spreads = |of: &Candidate| of.spreads(&windows).ok_or(FitError::NothingSold);
        let naive = match (losses[0], losses[1]) {
            (Some(alike), Some(seasonal)) if seasonal < alike => (Naive::Seasonal, &candidates[1]),
            _ => (Naive::Alike, &candidates[0]),
        };
        let trials = candidates.iter().zip(&losses);
        let trials = trials.map(|(candidate, loss)| Trial {
            method: candidate.method.clone(),
            quantile_loss: *loss,
        });
        let rounds = boosted.iter().map(|of| (of.scale(), of.rounds().max(1)));
        let rounds = rounds.collect();
        let parts = chosen.method.parts();
        let is_part = |of: &Boosted| parts.contains(&Part::Boosted(of.scale()));
        Ok(Self {
            ahead,
            method: chosen.method.clone(),
            trials: trials.collect(),
            rounds,
            boosted: boosted.iter().filter(|of| is_part(of)).cloned().collect(),
            spreads: spreads(chosen)?,
            naive: naive.0,
            naive_spreads: spreads(naive.1)?,
        })
    }

    /// The same method with the same number of trees, learnt from another panel; intervals stay those that were measured.
    ///
    /// # Errors
    /// [`FitError`] when the history is too short or nothing was sold.
    pub fn again(mut self, panel: &Panel, settings: &Settings) -> Result<Self, FitError> {
        let parts = self.method.parts();
        let needed = |of: &&(Scale, usize)| parts.contains(&Part::Boosted(of.0));
        let needed: Vec<&(Scale, usize)> = self.rounds.iter().filter(needed).collect();
        self.boosted = if needed.is_empty() {
            Vec::new()
        } else {
            let examples = Examples::of_all(panel, self.ahead, settings)?;
            let fit = |of: &&(Scale, usize)| Boosted::fit(&examples, of.0, Some(of.1));
            needed.iter().map(fit).collect::<Result<_, _>>()?
        };
        Ok(self)
    }

    /// Periods ahead that it was learnt for.
    #[must_use]
    pub fn ahead(&self) -> usize {
        self.ahead
    }

    /// The method chosen.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// How each candidate did.
    #[must_use]
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The trees that forecast; none where a naive method does.
    #[must_use]
    pub fn boosted(&self) -> &[Boosted] {
        &self.boosted
    }

    /// Forecasts the periods after what a panel knows; fewer where it has no more periods ahead.
    ///
    /// # Errors
    /// [`FitError::Predict`] when the panel has other columns than the one learnt from.
    pub fn forecast(&self, panel: &Panel) -> Result<Forecast, FitError> {
        let ahead = self.ahead.min(panel.ahead());
        let mut parts = Boosted::forecasts(&self.boosted, panel, ahead)?;
        parts.extend(self.unlearnt().map(|part| part.forecast(panel, ahead)));
        let parts: Vec<&[f64]> = parts.iter().map(Vec::as_slice).collect();
        Ok(Forecast {
            spreads: self.spreads.clone(),
            ahead,
            expected: mean_of(&parts),
            deviations: deviations(panel),
            dispersions: dispersions(panel),
        })
    }

    /// Windows of `ahead` periods that candidates were compared on.
    #[must_use]
    pub fn windows(&self) -> usize {
        WINDOWS
    }

    /// The naive method that it is held against.
    #[must_use]
    pub fn baseline_method(&self) -> Naive {
        self.naive
    }

    /// What the naive method forecasts.
    #[must_use]
    pub fn baseline(&self, panel: &Panel) -> Forecast {
        let ahead = self.ahead.min(panel.ahead());
        Forecast {
            spreads: self.naive_spreads.clone(),
            ahead,
            expected: self.naive.forecast(panel, ahead),
            deviations: deviations(panel),
            dispersions: dispersions(panel),
        }
    }

    /// What each driver adds to the forecast of some periods ahead together, counted from 0, in its unit: they add up to
    /// it. A method without trees has one, the level.
    ///
    /// # Errors
    /// As [`Forecaster::forecast`].
    pub fn drivers(
        &self,
        panel: &Panel,
        series: usize,
        ahead: Range<usize>,
    ) -> Result<BTreeMap<Driver, f64>, FitError> {
        let periods = panel.known() + ahead.start..panel.known() + ahead.end;
        let mut each = Vec::new();
        for boosted in &self.boosted {
            each.push(boosted.drivers(panel, series, periods.clone())?);
        }
        for part in self.unlearnt() {
            let all = part.forecast(&panel.only(series), ahead.end);
            let sum = all[ahead.start..].iter().sum();
            each.push(BTreeMap::from([(Driver::Level, sum)]));
        }
        let mut sums = BTreeMap::new();
        for (driver, part) in each.iter().flatten() {
            *sums.entry(*driver).or_default() += part / each.len() as f64;
        }
        Ok(sums)
    }

    /// Parts of the method that have not learnt.
    fn unlearnt(&self) -> impl Iterator<Item = Unlearnt> {
        self.method.parts().iter().filter_map(|part| match part {
            Part::Naive(naive) => Some(Unlearnt::Naive(*naive)),
            Part::Local(local) => Some(Unlearnt::Local(*local)),
            Part::Boosted(_) => None,
        })
    }
}

/// Forecasts of all methods from the start of each window.
fn tried<'a>(
    panel: &'a Panel,
    ahead: usize,
    starts: &[usize],
    unlearnt: &[Unlearnt],
    boosted: &[Boosted],
) -> Result<(Windows<'a>, Vec<Candidate>), FitError> {
    let parts = unlearnt.iter().map(|of| of.part());
    let parts = parts.chain(boosted.iter().map(|of| Part::Boosted(of.scale())));
    let mut candidates: Vec<Candidate> = parts.map(Candidate::new).collect();
    let mut each = Vec::with_capacity(starts.len());
    for from in starts.iter().copied() {
        let past = panel.before(from);
        let mut forecasts: Vec<Vec<f64>> = unlearnt
            .iter()
            .map(|of| of.forecast(&past, ahead))
            .collect();
        forecasts.extend(Boosted::forecasts(boosted, &past, ahead)?);
        for (candidate, forecast) in candidates.iter_mut().zip(forecasts) {
            candidate.forecasts.push(forecast);
        }
        each.push(Window {
            from,
            deviations: deviations(&past),
            dispersions: dispersions(&past),
        });
    }
    Ok((Windows { panel, ahead, each }, candidates))
}

/// Where the least loss is, the first of equals.
fn least_of(losses: &[Option<f64>]) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (at, loss) in losses.iter().enumerate() {
        if let Some(loss) = *loss
            && best.is_none_or(|(_, least)| loss < least)
        {
            best = Some((at, loss));
        }
    }
    best.map(|(at, _)| at)
}
