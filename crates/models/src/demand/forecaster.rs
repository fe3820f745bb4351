//! The method that forecast best in the past, with how far off it was.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::alone;
use super::boosted::{Boosted, Scale, Settings, least};
use super::columns::Driver;
use super::error::FitError;
use super::local::Local;
use super::naive::Naive;
use super::panel::{Panel, Step};
use super::score::{LEVELS, quantile_loss};
use super::spread::{Past, Spread, deviations};

/// Windows at the end of the history that candidates are compared on, each by the intervals that the others teach.
const WINDOWS: usize = 3;

/// Where less than this share of the periods sold nothing, logarithms can be learnt.
const NOTHING_MAX: f64 = 0.02;

/// Where more than this share of the periods sold nothing, the median tells next to nothing.
const SELDOM: f64 = 0.3;

/// Something that forecasts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Without learning.
    Naive(Naive),
    /// Each series from itself.
    Local(Local),
    /// Trees that see all series.
    Boosted(Scale),
}

impl Part {
    /// As the field calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Naive(naive) => naive.name(),
            Self::Local(local) => local.name(),
            Self::Boosted(Scale::Logarithm) => "boosted trees of logarithms",
            Self::Boosted(Scale::Counts) => "boosted trees, Tweedie",
            Self::Boosted(Scale::Middle) => "boosted trees of the median",
        }
    }
}

/// A way to forecast: by the mean of its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Method(Vec<Part>);

impl Method {
    /// Its parts.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// As the field calls it.
    #[must_use]
    pub fn name(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|part| part.name()).collect();
        match names.as_slice() {
            [one] => (*one).to_owned(),
            _ => format!("mean of {}", names.join(" and ")),
        }
    }
}

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
    boosted: Vec<Boosted>,
    spreads: Spreads,
    /// The naive method that did better, to be held against.
    naive: Naive,
    naive_spreads: Spreads,
}

/// How far off forecasts of one period, and of all periods up to one together, are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Spreads {
    single: Spread,
    total: Spread,
}

/// A forecast of all series of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast<'a> {
    spreads: &'a Spreads,
    ahead: usize,
    expected: Vec<f64>,
    deviations: Vec<f64>,
}

/// What is compared: forecasts of a method from the start of each window.
struct Candidate {
    method: Method,
    /// By window: series × ahead.
    forecasts: Vec<Vec<f64>>,
}

/// Share of the known periods that sold nothing.
fn nothing_sold(panel: &Panel) -> f64 {
    let (mut nothing, mut all) = (0usize, 0usize);
    for series in 0..panel.series() {
        for value in panel.values(series).iter().filter(|v| !v.is_nan()) {
            nothing += usize::from(*value <= 0.0);
            all += 1;
        }
    }
    nothing as f64 / all.max(1) as f64
}

/// Scales that suit a panel of which so much sold nothing.
fn scales(nothing: f64) -> &'static [Scale] {
    match nothing {
        share if share < NOTHING_MAX => &[Scale::Logarithm, Scale::Middle],
        share if share < SELDOM => &[Scale::Counts, Scale::Middle],
        _ => &[Scale::Counts],
    }
}

/// Methods for single series that suit a panel. ETS looks at every form of each series, which takes too long for days.
fn locals(panel: &Panel, nothing: f64) -> &'static [Local] {
    match panel.step() {
        _ if nothing >= SELDOM => &[Local::Theta, Local::CrostonSba, Local::Tsb, Local::Adida],
        Step::Month => &[Local::Ets, Local::Theta],
        Step::Week | Step::Day => &[Local::Theta],
    }
}

/// Forecasts with what came of them, period by period, and as totals from the first period on.
fn outcomes(
    panel: &Panel,
    from: usize,
    forecast: &[f64],
    ahead: usize,
    deviations: &[f64],
) -> (Vec<Past>, Vec<Past>) {
    let (mut single, mut total) = (Vec::new(), Vec::new());
    for series in 0..panel.series() {
        let sold = &panel.values(series)[from..];
        let (mut expected, mut so_far, mut whole) = (0.0, 0.0, true);
        for h in 0..ahead.min(sold.len()) {
            let closed = !panel.is_open(series, from + h);
            let forecast = forecast[series * ahead + h];
            let known = if closed { 0.0 } else { f64::from(sold[h]) };
            // A period of which it is not known what was sold ends the totals that are known.
            whole &= !known.is_nan();
            let of = |forecast, sold| Past {
                forecast,
                deviation: deviations[series],
                ahead: h + 1,
                sold,
            };
            if !known.is_nan() && !closed {
                single.push(of(forecast, known));
            }
            expected += forecast;
            so_far += known;
            if whole {
                total.push(of(expected, so_far));
            }
        }
    }
    (single, total)
}

impl Candidate {
    /// Weighted quantile loss over the windows, each by intervals learnt on the others.
    fn quantile_loss(
        &self,
        panel: &Panel,
        ahead: usize,
        starts: &[(usize, Vec<f64>)],
    ) -> Option<f64> {
        let each = self
            .forecasts
            .iter()
            .zip(starts)
            .map(|(forecast, (from, deviations))| {
                outcomes(panel, *from, forecast, ahead, deviations).0
            });
        let windows: Vec<Vec<Past>> = each.collect();
        let mut told = Vec::new();
        for (at, window) in windows.iter().enumerate() {
            let spread = Spread::without(&windows, at)?;
            let quantiles = |past| LEVELS.map(|level| spread.quantile(level, past));
            told.extend(window.iter().map(|past| (past.sold, quantiles(past))));
        }
        quantile_loss(told)
    }
}

impl Candidate {
    /// How far off it was over all windows; `None` where it forecast nothing at all.
    fn spreads(
        &self,
        panel: &Panel,
        ahead: usize,
        starts: &[(usize, Vec<f64>)],
    ) -> Option<Spreads> {
        let each = self.forecasts.iter().zip(starts);
        let each = each.map(|(forecast, (from, deviations))| {
            outcomes(panel, *from, forecast, ahead, deviations)
        });
        let (single, total): (Vec<_>, Vec<_>) = each.unzip();
        Some(Spreads {
            single: Spread::over(&single)?,
            total: Spread::over(&total)?,
        })
    }
}

impl Forecaster {
    /// Learns to forecast the `ahead` periods after what is known.
    ///
    /// Candidates learn from all but the last three times `ahead` periods, forecast these, and the one of the least
    /// weighted quantile loss learns again from everything. Where the history is too short for trees the naive methods
    /// alone are compared.
    ///
    /// Deterministic: the same seed gives the same bytes on any number of threads.
    ///
    /// # Errors
    /// [`FitError`] when there are fewer than four times `ahead` periods, or nothing was sold.
    pub fn fit(panel: &Panel, ahead: usize, settings: &Settings) -> Result<Self, FitError> {
        let known = panel.known();
        let needed = (WINDOWS + 1) * ahead;
        if known < needed {
            return Err(FitError::TooShort {
                ahead,
                known,
                needed,
            });
        }
        let starts: Vec<(usize, Vec<f64>)> = (1..=WINDOWS)
            .rev()
            .map(|window| known - window * ahead)
            .map(|from| (from, deviations(&panel.before(from))))
            .collect();
        let origins: Vec<usize> = starts.iter().map(|(from, _)| *from).collect();
        let nothing = nothing_sold(&panel.before(origins[0]));
        let naive = [Naive::Alike, Naive::Seasonal].map(Part::Naive);
        let local = locals(panel, nothing).iter().copied().map(Part::Local);
        let mut candidates: Vec<Candidate> = naive
            .into_iter()
            .chain(local)
            .map(|part| Candidate {
                method: Method(vec![part]),
                forecasts: origins
                    .iter()
                    .map(|from| unlearnt(part, &panel.before(*from), ahead))
                    .collect(),
            })
            .collect();
        let mut rounds = Vec::new();
        if origins[0] >= least(panel) + 2 * ahead {
            for scale in scales(nothing).iter().copied() {
                let boosted =
                    Boosted::fit_before(panel, origins[0], ahead, &origins, scale, settings)?;
                let forecasts: Result<_, _> = origins
                    .iter()
                    .map(|from| boosted.forecast(&panel.before(*from), ahead))
                    .collect();
                rounds.push((scale, boosted.rounds().max(1)));
                candidates.push(Candidate {
                    method: Method(vec![Part::Boosted(scale)]),
                    forecasts: forecasts?,
                });
            }
        }
        let judge = |of: &[Candidate]| -> Vec<Option<f64>> {
            of.par_iter()
                .map(|candidate| candidate.quantile_loss(panel, ahead, &starts))
                .collect()
        };
        let mut losses = judge(&candidates);
        let joined = joined(&candidates, &losses);
        losses.extend(judge(&joined));
        candidates.extend(joined);
        let mut best: Option<(usize, f64)> = None;
        for (at, loss) in losses.iter().enumerate() {
            if let Some(loss) = *loss
                && best.is_none_or(|(_, least)| loss < least)
            {
                best = Some((at, loss));
            }
        }
        let chosen = &candidates[best.ok_or(FitError::NothingSold)?.0];
        let spreads = |of: &Candidate| {
            of.spreads(panel, ahead, &starts)
                .ok_or(FitError::NothingSold)
        };
        let naive = match (losses[0], losses[1]) {
            (Some(alike), Some(seasonal)) if seasonal < alike => (Naive::Seasonal, &candidates[1]),
            _ => (Naive::Alike, &candidates[0]),
        };
        let trials = candidates
            .iter()
            .zip(&losses)
            .map(|(candidate, loss)| Trial {
                method: candidate.method.clone(),
                quantile_loss: *loss,
            });
        let learnt = Self {
            ahead,
            method: chosen.method.clone(),
            trials: trials.collect(),
            rounds,
            boosted: Vec::new(),
            spreads: spreads(chosen)?,
            naive: naive.0,
            naive_spreads: spreads(naive.1)?,
        };
        learnt.again(panel, settings)
    }

    /// The same method with the same number of trees, learnt from another panel; intervals stay those that were measured.
    ///
    /// # Errors
    /// As [`Boosted::fit`].
    pub fn again(mut self, panel: &Panel, settings: &Settings) -> Result<Self, FitError> {
        let parts = self.method.parts();
        let needed = self
            .rounds
            .iter()
            .filter(|(scale, _)| parts.contains(&Part::Boosted(*scale)));
        let boosted: Result<Vec<Boosted>, FitError> = needed
            .map(|(scale, rounds)| Boosted::fit(panel, self.ahead, *scale, *rounds, settings))
            .collect();
        self.boosted = boosted?;
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
    pub fn forecast(&self, panel: &Panel) -> Result<Forecast<'_>, FitError> {
        let ahead = self.ahead.min(panel.ahead());
        let mut boosted = self.boosted.iter();
        let parts = self.method.parts().iter().map(|part| match part {
            Part::Boosted(_) => match boosted.next() {
                Some(boosted) => boosted.forecast(panel, ahead),
                None => Err(FitError::NothingSold),
            },
            Part::Naive(_) | Part::Local(_) => Ok(unlearnt(*part, panel, ahead)),
        });
        let parts: Vec<Vec<f64>> = parts.collect::<Result<_, _>>()?;
        let expected = mean_of(&parts);
        Ok(Forecast {
            spreads: &self.spreads,
            ahead,
            expected,
            deviations: deviations(panel),
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
    pub fn baseline(&self, panel: &Panel) -> Forecast<'_> {
        let ahead = self.ahead.min(panel.ahead());
        Forecast {
            spreads: &self.naive_spreads,
            ahead,
            expected: self.naive.forecast(panel, ahead),
            deviations: deviations(panel),
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
        ahead: std::ops::Range<usize>,
    ) -> Result<BTreeMap<Driver, f64>, FitError> {
        let mut sums = BTreeMap::new();
        let mut boosted = self.boosted.iter();
        let n = self.method.parts().len() as f64;
        let periods = panel.known() + ahead.start..panel.known() + ahead.end;
        for part in self.method.parts() {
            let drivers = match part {
                Part::Boosted(_) => match boosted.next() {
                    Some(boosted) => boosted.drivers(panel, series, periods.clone())?,
                    None => BTreeMap::new(),
                },
                Part::Naive(_) | Part::Local(_) => {
                    let all = unlearnt(*part, &panel.only(series), ahead.end);
                    BTreeMap::from([(Driver::Level, all[ahead.start..].iter().sum())])
                }
            };
            for (driver, part) in drivers {
                *sums.entry(driver).or_default() += part / n;
            }
        }
        Ok(sums)
    }
}

/// What a part forecasts that need not learn.
fn unlearnt(part: Part, panel: &Panel, ahead: usize) -> Vec<f64> {
    match part {
        Part::Naive(naive) => naive.forecast(panel, ahead),
        Part::Local(local) => alone::forecast(local, panel, ahead),
        Part::Boosted(_) => vec![0.0; panel.series() * ahead],
    }
}

/// Candidates joined: all trees, the best of them with the best that knows no other series, and all of these.
fn joined(single: &[Candidate], losses: &[Option<f64>]) -> Vec<Candidate> {
    let is_boosted = |at: &usize| matches!(single[*at].method.parts(), [Part::Boosted(_)]);
    let loss = |at: &usize| losses[*at].unwrap_or(f64::INFINITY);
    let best = |of: &[usize]| {
        of.iter()
            .copied()
            .min_by(|a, b| loss(a).total_cmp(&loss(b)))
    };
    let (boosted, others): (Vec<usize>, Vec<usize>) = (0..single.len()).partition(is_boosted);
    let mut wanted: Vec<Vec<usize>> = Vec::new();
    if boosted.len() > 1 {
        wanted.push(boosted.clone());
    }
    if let (Some(one), Some(other)) = (best(&boosted), best(&others)) {
        wanted.push(vec![one, other]);
        if boosted.len() > 1 {
            wanted.push(boosted.iter().copied().chain([other]).collect());
        }
    }
    let windows = single.first().map_or(0, |one| one.forecasts.len());
    let join = |of: Vec<usize>| Candidate {
        method: Method(
            of.iter()
                .flat_map(|at| single[*at].method.0.clone())
                .collect(),
        ),
        forecasts: (0..windows)
            .map(|window| {
                let parts = of.iter().map(|at| single[*at].forecasts[window].clone());
                mean_of(&parts.collect::<Vec<_>>())
            })
            .collect(),
    };
    wanted.into_iter().map(join).collect()
}

/// The mean of forecasts.
fn mean_of(parts: &[Vec<f64>]) -> Vec<f64> {
    let n = parts.len() as f64;
    let length = parts.first().map_or(0, Vec::len);
    let at = |i: usize| parts.iter().map(|part| part[i]).sum::<f64>() / n;
    (0..length).map(at).collect()
}

impl Forecast<'_> {
    /// Periods forecast.
    #[must_use]
    pub fn ahead(&self) -> usize {
        self.ahead
    }

    /// What is expected of a series, period by period.
    #[must_use]
    pub fn expected(&self, series: usize) -> &[f64] {
        &self.expected[series * self.ahead..(series + 1) * self.ahead]
    }

    /// The quantile of a level, 0 to 1, of what a series will sell in one period ahead, from 0.
    #[must_use]
    pub fn quantile(&self, series: usize, ahead: usize, level: f64) -> f64 {
        let of = self.past(series, ahead, self.expected(series)[ahead]);
        self.spreads.single.quantile(level, &of)
    }

    /// The quantile of a level, 0 to 1, of what a series will sell in all periods up to one, from 0, together: not the
    /// sum of their quantiles.
    #[must_use]
    pub fn quantile_of_total(&self, series: usize, up_to: usize, level: f64) -> f64 {
        let expected = self.expected(series)[..=up_to].iter().sum();
        let of = self.past(series, up_to, expected);
        self.spreads.total.quantile(level, &of)
    }

    /// An interval that holds what a series will sell in one period ahead, from 0, with a probability.
    ///
    /// As much is left out below as above; where so much of it lies at nothing that nothing can be left out below, all is
    /// left out above.
    #[must_use]
    pub fn interval(&self, series: usize, ahead: usize, probability: f64) -> (f64, f64) {
        interval(probability, |level| self.quantile(series, ahead, level))
    }

    /// The same of all periods up to one, from 0, together.
    #[must_use]
    pub fn interval_of_total(&self, series: usize, up_to: usize, probability: f64) -> (f64, f64) {
        interval(probability, |level| {
            self.quantile_of_total(series, up_to, level)
        })
    }

    fn past(&self, series: usize, ahead: usize, forecast: f64) -> Past {
        Past {
            forecast,
            deviation: self.deviations[series],
            ahead: ahead + 1,
            sold: f64::NAN,
        }
    }
}

fn interval(probability: f64, quantile: impl Fn(f64) -> f64) -> (f64, f64) {
    let tail = (1.0 - probability) / 2.0;
    let low = quantile(tail);
    if low == 0.0 {
        (0.0, quantile(probability).max(0.0))
    } else {
        (low, quantile(1.0 - tail))
    }
}
