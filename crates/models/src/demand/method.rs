//! Ways to forecast, and which of them suit a panel.

use serde::{Deserialize, Serialize};

use super::alone;
use super::local::{Apart, Local};
use super::naive::Naive;
use super::panel::{Panel, Step};
use super::scale::Scale;
use super::weather::Calm;

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
pub struct Method(pub(super) Vec<Part>);

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

/// Something that forecasts without having learnt.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unlearnt {
    Naive(Naive),
    Local(Local),
}

impl Unlearnt {
    pub(super) fn part(self) -> Part {
        match self {
            Self::Naive(naive) => Part::Naive(naive),
            Self::Local(local) => Part::Local(local),
        }
    }

    /// Series × `ahead`; 0 while closed. What anybody could forecast knows nothing of the weather.
    ///
    /// - `calm`: the panel without what the weather did.
    /// - `wanted`: series whose forecast matters; others may be told to sell nothing.
    pub(super) fn over(
        self,
        panel: &Panel,
        calm: &Calm<'_>,
        ahead: usize,
        wanted: &(dyn Fn(usize) -> bool + Sync),
    ) -> Vec<f64> {
        match self {
            Self::Naive(naive) => naive.forecast(panel, ahead),
            Self::Local(local) => {
                let said = alone::forecast(local, calm.panel(), ahead, wanted);
                calm.stirred(said, ahead)
            }
        }
    }

    /// What the forecast of one series is made of, without what the weather is expected to do.
    ///
    /// - `panel`, `calm`: of that series alone.
    pub(super) fn told_apart(self, panel: &Panel, calm: &Calm<'_>, ahead: usize) -> Vec<Apart> {
        match self {
            Self::Naive(naive) => naive.told_apart(panel, ahead),
            Self::Local(local) => alone::told_apart(local, calm.panel(), ahead),
        }
    }
}

/// Share of the first periods that sold nothing, of those that are known.
pub(super) fn nothing_sold(panel: &Panel, known: usize) -> f64 {
    let (mut nothing, mut all) = (0usize, 0usize);
    for series in 0..panel.series() {
        let values = &panel.values(series)[..known];
        for value in values.iter().filter(|v| !v.is_nan()) {
            nothing += usize::from(*value <= 0.0);
            all += 1;
        }
    }
    nothing as f64 / all.max(1) as f64
}

/// Scales that suit a panel of which so much sold nothing.
pub(super) fn scales(nothing: f64) -> &'static [Scale] {
    match nothing {
        share if share < NOTHING_MAX => &[Scale::Logarithm, Scale::Middle],
        share if share < SELDOM => &[Scale::Counts, Scale::Middle],
        _ => &[Scale::Counts],
    }
}

/// Methods for single series that suit a panel of which so many periods are known. ETS looks at every form of each series,
/// which takes too long for days.
pub(super) fn locals(panel: &Panel, nothing: f64, known: usize) -> Vec<Local> {
    let step = panel.step();
    match step {
        _ if nothing >= SELDOM => {
            vec![Local::Theta, Local::CrostonSba, Local::Tsb, Local::Adida]
        }
        Step::Month => vec![Local::Ets, Local::Theta],
        Step::Week if known >= 2 * step.season() => vec![Local::Theta, Local::Stl],
        Step::Week | Step::Day => vec![Local::Theta],
    }
}

/// The mean of forecasts.
pub(super) fn mean_of(parts: &[&[f64]]) -> Vec<f64> {
    let n = parts.len() as f64;
    let length = parts.first().map_or(0, |part| part.len());
    let at = |i: usize| parts.iter().map(|part| part[i]).sum::<f64>() / n;
    (0..length).map(at).collect()
}
