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
use super::weather::{Answers, Calm, TakeIn, WeatherTrial, gained, pays};

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
    /// How sales answer to the weather; absent where it is not taken in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answers: Option<Answers>,
    /// What taking it in would have done; absent where the weather is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weather: Option<WeatherTrial>,
}

/// A forecaster with what its method forecast of the windows that it was chosen on.
type Tried = (Forecaster, Vec<Vec<f64>>);

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
        let fit = |answers| Self::fit_by(panel, (ahead, &starts), settings, answers);
        let Some(answers) = Answers::learn(&panel.before(starts[0])) else {
            return Ok(fit(None)?.0);
        };
        let (with, told_with) = fit(Some(answers))?;
        let (without, told) = match settings.weather {
            TakeIn::WhereItPays => fit(None)?,
            TakeIn::Always => return Ok(with),
        };
        let (gain, error) = gained(panel, ahead, &starts, [&told, &told_with]);
        let mut trial = WeatherTrial {
            quantile_loss: [without.loss(), with.loss()],
            gain,
            error,
            taken_in: false,
        };
        trial.taken_in = pays(&trial);
        Ok(Self {
            weather: Some(trial),
            ..if trial.taken_in { with } else { without }
        })
    }

    /// The best candidate, where the weather is taken in by what is known of how sales answer to it, or not at all.
    fn fit_by(
        panel: &Panel,
        (ahead, starts): (usize, &[usize]),
        settings: &Settings,
        answers: Option<Answers>,
    ) -> Result<Tried, FitError> {
        let nothing = nothing_sold(panel, starts[0]);
        let boosted = if starts[0] >= least(panel) + 2 * ahead {
            let calm = Calm::new(panel, answers.as_ref(), 0);
            let examples = Examples::before(calm.panel(), (starts[0], ahead), starts, settings)?;
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
        let calm = (boosted.as_slice(), answers.as_ref());
        let (windows, mut candidates) = tried(panel, ahead, starts, &unlearnt, calm)?;
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
        let forecasts = chosen.forecasts.clone();
        let forecaster = Self {
            ahead,
            method: chosen.method.clone(),
            trials: trials.collect(),
            rounds,
            boosted: boosted.iter().filter(|of| is_part(of)).cloned().collect(),
            spreads: spreads(chosen)?,
            naive: naive.0,
            naive_spreads: spreads(naive.1)?,
            answers,
            weather: None,
        };
        Ok((forecaster, forecasts))
    }

    /// Weighted quantile loss of its method on the windows that it was chosen on.
    fn loss(&self) -> Option<f64> {
        let mut trials = self.trials.iter();
        trials
            .find(|trial| trial.method == self.method)
            .and_then(|trial| trial.quantile_loss)
    }

    /// The same method with the same number of trees, learnt from another panel; intervals stay those that were measured.
    ///
    /// # Errors
    /// [`FitError`] when the history is too short or nothing was sold.
    pub fn again(mut self, panel: &Panel, settings: &Settings) -> Result<Self, FitError> {
        if self.answers.is_some() {
            self.answers = Answers::learn(panel).or(self.answers);
        }
        let parts = self.method.parts();
        let needed = |of: &&(Scale, usize)| parts.contains(&Part::Boosted(of.0));
        let needed: Vec<&(Scale, usize)> = self.rounds.iter().filter(needed).collect();
        self.boosted = if needed.is_empty() {
            Vec::new()
        } else {
            let calm = Calm::new(panel, self.answers.as_ref(), 0);
            let examples = Examples::of_all(calm.panel(), self.ahead, settings)?;
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
        let calm = Calm::new(panel, self.answers.as_ref(), ahead);
        let boosted = Boosted::forecasts(&self.boosted, calm.panel(), ahead)?;
        let boosted = boosted.into_iter().map(|said| calm.stirred(said, ahead));
        let mut parts: Vec<Vec<f64>> = boosted.collect();
        parts.extend(self.unlearnt().map(|part| part.over(panel, &calm, ahead)));
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

    /// How sales answer to the weather; `None` where it is not taken in.
    #[must_use]
    pub fn answers(&self) -> Option<&Answers> {
        self.answers.as_ref()
    }

    /// What taking the weather in would have done on the windows; `None` where that was not tried.
    #[must_use]
    pub fn weather(&self) -> Option<&WeatherTrial> {
        self.weather.as_ref()
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
        let calm = Calm::new(panel, self.answers.as_ref(), ahead.end);
        let factors = calm.factors(series);
        let factor = |at: usize| factors.get(at).copied().unwrap_or(1.0);
        let mut each = Vec::new();
        for boosted in &self.boosted {
            let of = |period: usize| factor(period - panel.known());
            each.push(boosted.drivers(calm.panel(), series, periods.clone(), of)?);
        }
        for part in self.unlearnt() {
            let all = part.over(&panel.only(series), &calm.only(series), ahead.end);
            let mut drivers = BTreeMap::new();
            for at in ahead.clone() {
                let plain = match part {
                    Unlearnt::Naive(_) => all[at],
                    Unlearnt::Local(_) => all[at] / factor(at),
                };
                *drivers.entry(Driver::Level).or_default() += plain;
                if !factors.is_empty() {
                    *drivers.entry(Driver::Weather).or_default() += all[at] - plain;
                }
            }
            each.push(drivers);
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
    (boosted, answers): (&[Boosted], Option<&Answers>),
) -> Result<(Windows<'a>, Vec<Candidate>), FitError> {
    let parts = unlearnt.iter().map(|of| of.part());
    let parts = parts.chain(boosted.iter().map(|of| Part::Boosted(of.scale())));
    let mut candidates: Vec<Candidate> = parts.map(Candidate::new).collect();
    let mut each = Vec::with_capacity(starts.len());
    for from in starts.iter().copied() {
        let past = panel.before(from);
        let calm = Calm::new(&past, answers, ahead);
        let mut forecasts: Vec<Vec<f64>> = unlearnt
            .iter()
            .map(|of| of.over(&past, &calm, ahead))
            .collect();
        let trees = Boosted::forecasts(boosted, calm.panel(), ahead)?;
        forecasts.extend(trees.into_iter().map(|said| calm.stirred(said, ahead)));
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
