//! Demand of a launch of which nothing is known but that it is one.

use serde::{Deserialize, Serialize};

use super::censored::Logarithm;
use super::distribution::LogNormal;
use super::error::FitError;
use super::folds::{Fold, at};
use super::past::Past;
use super::stretch::Stretch;

/// What is held of the spread before any launch was seen: a standard deviation of the logarithm of 1, a factor of e ...
pub(super) const SIGMA_PRIOR: f64 = 1.0;

/// ... as if seen on so many launches.
const PRIOR_LAUNCHES: f64 = 2.0;

/// Steps of the search at most; each lessens what is left by about the share of launches that ran out.
const STEPS_MAX: usize = 200;

/// Moves of the mean and spread below this end the search.
const SETTLED: f64 = 1e-7;

/// Hours of a day.
const DAY: f64 = 24.0;

/// A log-normal of all past launches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct History {
    demand: LogNormal,
    launches: usize,
    censored: usize,
    half_life_days: Option<f64>,
    stretch: Stretch,
}

/// Half-lives that are compared, in days, beside that of no ageing.
const HALF_LIVES_DAYS: [f64; 4] = [730.0, 365.0, 180.0, 90.0];

impl History {
    /// Learns from launches that are over.
    ///
    /// - `now_hour`: the hour that ages are counted to, on the clock of [`super::Launch::opens_hour`].
    /// - `half_life_days`: days after which a launch counts half; `None` where all count alike.
    ///
    /// Maximum likelihood of a normal distribution of the logarithm. Of launches whose stock ran out it is known that
    /// demand was at least what was sold. The spread starts from 1 (a factor of e) as if seen on two launches, so that one
    /// launch gives a forecast, a wide one. The spread of the forecast includes that of the mean.
    ///
    /// # Errors
    /// [`FitError::NoPast`] where there is no launch, [`FitError::AllCensored`] where all ran out, [`FitError::Setting`]
    /// for a half-life that is not above 0.
    /// # Source
    /// Tobin (1958), by expectation and maximisation (Dempster, Laird, Rubin, 1977).
    pub fn fit(
        past: &[Past],
        now_hour: i64,
        half_life_days: Option<f64>,
    ) -> Result<Self, FitError> {
        let past: Vec<&Past> = past.iter().collect();
        Self::of(&past, now_hour, half_life_days)
    }

    pub(super) fn of(
        past: &[&Past],
        now_hour: i64,
        half_life_days: Option<f64>,
    ) -> Result<Self, FitError> {
        if past.is_empty() {
            return Err(FitError::NoPast);
        }
        if let Some(found) = half_life_days.filter(|days| days.is_nan() || *days <= 0.0) {
            return Err(FitError::Setting {
                setting: "half-life in days",
                found,
                allowed: "above 0",
            });
        }
        let censored = past.iter().filter(|past| past.total.is_censored()).count();
        if censored == past.len() {
            return Err(FitError::AllCensored {
                launches: past.len(),
            });
        }
        let weight = |past: &&Past| {
            let age_days = (now_hour - past.launch.opens_hour).max(0) as f64 / DAY;
            half_life_days.map_or(1.0, |half| 0.5_f64.powf(age_days / half))
        };
        let each = past
            .iter()
            .map(|past| (Logarithm::from(past.total), weight(past)));
        let each: Vec<(Logarithm, f64)> = each.collect();
        // Weights are of launches: the newest counts as one, however old it is.
        let most = each.iter().fold(0.0_f64, |most, (_, w)| most.max(*w));
        let each: Vec<_> = each.into_iter().map(|(y, w)| (y, w / most)).collect();
        Ok(Self {
            demand: tobit(&each),
            launches: past.len(),
            censored,
            half_life_days,
            stretch: Stretch::NONE,
        })
    }

    /// Learns from launches by the half-life that forecast those held out best, and stretched until intervals hold; with
    /// the forecasts of launches held out.
    ///
    /// - `past`: in the order of time.
    /// - `half_life_days`: where it is chosen already.
    pub(super) fn learn(
        past: &[&Past],
        folds: &[Fold],
        half_life_days: Option<Option<f64>>,
    ) -> Result<(Self, Vec<(usize, LogNormal)>), FitError> {
        let tried: Vec<Option<f64>> = match half_life_days {
            Some(chosen) => vec![chosen],
            None => [None]
                .into_iter()
                .chain(HALF_LIVES_DAYS.map(Some))
                .collect(),
        };
        let held = |half_life: Option<f64>| -> Vec<(usize, LogNormal)> {
            let of = |fold: &Fold| {
                let judged = || fold.judge.iter().copied();
                let begins = judged()
                    .map(|at| past[at].launch.opens_hour)
                    .min()
                    .unwrap_or(0);
                let learnt = Self::of(&at(past, &fold.learn), begins, half_life).ok()?;
                Some(judged().map(|at| (at, learnt.demand)).collect::<Vec<_>>())
            };
            folds.iter().filter_map(of).flatten().collect()
        };
        let ln = |held: &[(usize, LogNormal)]| -> f64 {
            held.iter()
                .map(|(at, said)| {
                    Logarithm::from(past[*at].total).ln_likelihood(said.mu, said.sigma)
                })
                .sum()
        };
        let mut best: Option<(Option<f64>, Vec<(usize, LogNormal)>, f64)> = None;
        for half_life in tried {
            let held = held(half_life);
            let ln = ln(&held);
            // Ageing must be worth a parameter: Akaike (1974).
            let needed = if half_life.is_some() { 1.0 } else { 0.0 };
            if best.as_ref().is_none_or(|(_, _, most)| ln > most + needed) {
                best = Some((half_life, held, ln));
            }
        }
        let (half_life, held, _) = best.unwrap_or_default();
        let now_hour = past.last().map_or(0, |past| past.launch.opens_hour);
        let mut learnt = Self::of(past, now_hour, half_life)?;
        let came = |(at, said): &(usize, LogNormal)| (*said, past[*at].total.into());
        learnt.stretch = Stretch::fit(&held.iter().map(came).collect::<Vec<_>>());
        let stretched = held
            .into_iter()
            .map(|(at, said)| (at, learnt.stretch.of(said)));
        Ok((learnt, stretched.collect()))
    }

    /// What is forecast of any launch.
    #[must_use]
    pub fn demand(&self) -> LogNormal {
        self.stretch.of(self.demand)
    }

    /// Days after which a launch counts half; `None` where all count alike.
    #[must_use]
    pub fn half_life_days(&self) -> Option<f64> {
        self.half_life_days
    }

    /// Launches learnt from.
    #[must_use]
    pub fn launches(&self) -> usize {
        self.launches
    }

    /// Those of them whose stock ran out.
    #[must_use]
    pub fn censored(&self) -> usize {
        self.censored
    }
}

/// The distribution of the next of some logarithms; at least one of them is no least value.
fn tobit(each: &[(Logarithm, f64)]) -> LogNormal {
    let weights: f64 = each.iter().map(|(_, weight)| weight).sum();
    let squares: f64 = each.iter().map(|(_, weight)| weight * weight).sum();
    let launches = weights * weights / squares;
    let known = || each.iter().filter(|(y, _)| !y.is_least);
    let of_known: f64 = known().map(|(_, weight)| weight).sum();
    let mut mu = known().map(|(y, weight)| y.value * weight).sum::<f64>() / of_known.max(1e-300);
    let mut sigma = SIGMA_PRIOR;
    for _ in 0..STEPS_MAX {
        let moments = each
            .iter()
            .map(|(y, weight)| (y.moments(mu, sigma), weight / weights));
        let moments: Vec<((f64, f64), f64)> = moments.collect();
        let mean: f64 = moments.iter().map(|((y, _), weight)| y * weight).sum();
        let spread: f64 = moments
            .iter()
            .map(|((y, variance), weight)| ((y - mean).powi(2) + variance) * weight)
            .sum();
        let prior = PRIOR_LAUNCHES * SIGMA_PRIOR * SIGMA_PRIOR;
        let next = ((prior + launches * spread) / (PRIOR_LAUNCHES + launches - 1.0)).sqrt();
        let moved = (mean - mu).abs().max((next - sigma).abs());
        (mu, sigma) = (mean, next);
        if moved < SETTLED {
            break;
        }
    }
    LogNormal {
        mu,
        sigma: sigma * (1.0 + 1.0 / launches).sqrt(),
    }
}
