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
use super::panel::{Panel, Step};
use super::recent::deviations;
use super::scale::Scale;
use super::segments::{Segment, of_one, of_series, segments};
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
    /// Sorts of series that were judged by themselves, and what was chosen for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) segments: Vec<Segment>,
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
    /// weighted quantile loss learns again from everything. For series of one sort (how often they sell nothing, and how
    /// much they sell) another one is taken where it did better beyond noise. Where the history is too short for trees the methods
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
        let best = least_of(&losses).ok_or(FitError::NothingSold)?;
        let chosen = &candidates[best];
        let segments = segments(&windows, &candidates, best);
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
        let forecasts = chosen.forecasts.clone();
        let mut forecaster = Self {
            ahead,
            method: chosen.method.clone(),
            trials: trials.collect(),
            rounds,
            boosted: Vec::new(),
            spreads: spreads(chosen)?,
            segments,
            naive: naive.0,
            naive_spreads: spreads(naive.1)?,
            answers,
            weather: None,
        };
        let parts = forecaster.parts();
        let is_part = |of: &Boosted| parts.contains(&Part::Boosted(of.scale()));
        forecaster.boosted = boosted.into_iter().filter(is_part).collect();
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
        let parts = self.parts();
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

    /// The method that forecasts a series.
    #[must_use]
    pub fn method_of(&self, panel: &Panel, series: usize) -> &Method {
        self.of_segment(of_one(panel, series, &self.segments))
    }

    /// Sorts of series that were judged by themselves; none where all are of one sort.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The method of a segment, or of all other series.
    fn of_segment(&self, segment: Option<usize>) -> &Method {
        let own = segment.and_then(|at| self.segments[at].own());
        own.unwrap_or(&self.method)
    }

    /// Everything that forecasts some series, once, in the order of the methods that name it.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let own = self.segments.iter().filter_map(Segment::own);
        let mut all: Vec<Part> = Vec::new();
        for part in [&self.method]
            .into_iter()
            .chain(own)
            .flat_map(Method::parts)
        {
            if !all.contains(part) {
                all.push(*part);
            }
        }
        all
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
        let scales = self.boosted.iter().map(|of| Part::Boosted(of.scale()));
        let mut parts: Vec<(Part, Vec<f64>)> = scales.zip(boosted).collect();
        let segment_of = of_series(panel, &self.segments);
        for part in self.unlearnt() {
            let wanted = |series: usize| {
                let method = self.of_segment(segment_of[series]);
                method.parts().contains(&part.part())
            };
            parts.push((part.part(), part.over(panel, &calm, ahead, &wanted)));
        }
        let expected = segment_of.iter().enumerate().map(|(series, segment)| {
            let of = self.of_segment(*segment).parts();
            let own = parts.iter().filter(|(part, _)| of.contains(part));
            let own: Vec<&[f64]> = own
                .map(|(_, said)| &said[series * ahead..][..ahead])
                .collect();
            mean_of(&own)
        });
        Ok(Forecast {
            spreads: self.spreads.clone(),
            // A segment without a method of its own is nobody's.
            others: self
                .segments
                .iter()
                .map(|of| of.spreads.clone().unwrap_or_else(|| self.spreads.clone()))
                .collect(),
            expected: expected.flatten().collect(),
            other_of: segment_of,
            ahead,
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
            others: Vec::new(),
            other_of: Vec::new(),
            ahead,
            expected: self.naive.forecast(panel, ahead),
            deviations: deviations(panel),
            dispersions: dispersions(panel),
        }
    }

    /// What each driver adds to the forecast of some periods ahead together, counted from 0, in its unit: they add up to
    /// it. Methods that know no other series have a level, a trend and a season.
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
        let method = self.method_of(panel, series);
        let is_part = |part: Part| method.parts().contains(&part);
        let mut each = Vec::new();
        let of_method = |of: &&Boosted| is_part(Part::Boosted(of.scale()));
        for boosted in self.boosted.iter().filter(of_method) {
            let of = |period: usize| factor(period - panel.known());
            each.push(boosted.drivers(calm.panel(), series, periods.clone(), of)?);
        }
        let season = match panel.step() {
            Step::Day => Driver::Week,
            Step::Week | Step::Month => Driver::Season,
        };
        for part in self.unlearnt().filter(|of| is_part(of.part())) {
            let all = part.told_apart(&panel.only(series), &calm.only(series), ahead.end);
            let mut drivers = BTreeMap::new();
            for at in ahead.clone() {
                let apart = all[at];
                let stirred = match part {
                    Unlearnt::Naive(_) => 0.0,
                    Unlearnt::Local(_) => apart.sum() * (factor(at) - 1.0),
                };
                for (driver, more) in [
                    (Driver::Level, apart.level),
                    (Driver::Trend, apart.trend),
                    (season, apart.season),
                    (Driver::Weather, stirred),
                ] {
                    if more != 0.0 || driver == Driver::Level {
                        *drivers.entry(driver).or_default() += more;
                    }
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

    /// Parts of the methods that have not learnt.
    fn unlearnt(&self) -> impl Iterator<Item = Unlearnt> {
        self.parts().into_iter().filter_map(|part| match part {
            Part::Naive(naive) => Some(Unlearnt::Naive(naive)),
            Part::Local(local) => Some(Unlearnt::Local(local)),
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
            .map(|of| of.over(&past, &calm, ahead, &|_| true))
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
