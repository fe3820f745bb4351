//! One model for all series: trees that see a series and a period to come relative to the level of the series.

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::columns::Ground;
use super::error::FitError;
use super::examples::{Examples, Seen};
use super::meaning::{Driver, Meaning};
use super::panel::Panel;
use super::scale::Scale;
use super::weather::TakeIn;
use crate::boost::{self, Model};

/// How it is learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Seed of what is drawn.
    pub seed: u64,
    /// Rows learnt from at most.
    pub rows_max: usize,
    /// How trees grow.
    pub trees: boost::Settings,
    /// Whether the weather is taken in, where a panel tells it.
    #[serde(default)]
    pub weather: TakeIn,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            rows_max: 1_000_000,
            weather: TakeIn::default(),
            trees: boost::Settings {
                rounds_max: 600,
                patience: 40,
                learning_rate: 0.05,
                leaves_max: 63,
                leaf_rows_min: 100,
                columns_share: 0.6,
                rows_share: 0.7,
                ..boost::Settings::default()
            },
        }
    }
}

impl Settings {
    /// Bytes that rows need at most: per row learnt from, with half a row that judges, some sixty columns, twice while they
    /// are gathered, once more in bins, targets and weights.
    #[must_use]
    pub fn rows_bytes(&self) -> u64 {
        const PER_ROW: u64 = 1_100;
        self.rows_max as u64 * PER_ROW
    }

    /// Bytes that learning from a panel and forecasting it need at most, the panel included.
    ///
    /// - `known`, `ahead`: periods of the panel and periods forecast.
    #[must_use]
    pub fn memory_needed(&self, series: usize, known: usize, ahead: usize) -> u64 {
        // What is known of a period, in the panel and in what is taken of it at a time.
        const PER_PERIOD: u64 = 12;
        // What some ten candidates forecast of a period of each of three windows, and what came of it with its quantiles,
        // for the candidates that are judged side by side.
        const PER_FORECAST: u64 = 1_400;
        let (series, known, ahead) = (series as u64, known as u64, ahead as u64);
        self.rows_bytes() + series * (known * PER_PERIOD + ahead * PER_FORECAST) + (128 << 20)
    }
}

/// A model of all series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boosted {
    scale: Scale,
    model: Model,
    /// By which forecasts are multiplied so that totals are right.
    correction: f64,
    meanings: Vec<Meaning>,
}

impl Boosted {
    /// Learns from examples on a scale.
    ///
    /// - `rounds`: trees; `None` for as many as forecast the windows that judge best.
    ///
    /// Deterministic: the same seed gives the same bytes on any number of threads.
    ///
    /// # Errors
    /// [`FitError::Boost`] when a setting is out of range.
    pub fn fit(examples: &Examples, scale: Scale, rounds: Option<usize>) -> Result<Self, FitError> {
        let (learn, judge) = examples.on(scale);
        let trees = boost::Settings {
            rounds_max: rounds.unwrap_or(examples.trees.rounds_max),
            ..examples.trees.clone()
        };
        let judge = judge.as_ref().filter(|_| rounds.is_none());
        let judge = judge.map(|judge| judge.labels());
        let model = boost::fit(&examples.table, learn.labels(), judge, scale.loss(), &trees)?;
        let said = model.predict(&examples.learn.values)?;
        Ok(Self {
            scale,
            correction: correction(scale, &examples.learn, &said),
            model,
            meanings: examples.meanings.clone(),
        })
    }

    /// What is learnt of a value.
    #[must_use]
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Trees grown.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.model.rounds()
    }

    /// What each column was worth to the trees as a share of all, largest first.
    #[must_use]
    pub fn gains(&self) -> Vec<(&str, f64)> {
        let gains = self.model.gains();
        let all: f64 = gains.iter().sum();
        let named = self.meanings.iter().zip(gains);
        let mut named: Vec<_> = named
            .map(|(meaning, gain)| (meaning.name.as_str(), gain / all.max(f64::MIN_POSITIVE)))
            .collect();
        named.sort_by(|a, b| b.1.total_cmp(&a.1));
        named
    }

    /// What each column means, with what it was worth to the trees as a share of all, in the order of the columns.
    pub fn weighed(&self) -> impl Iterator<Item = (&Meaning, f64)> {
        let gains = self.model.gains();
        let all: f64 = gains.iter().sum();
        let share = move |gain: f64| gain / all.max(f64::MIN_POSITIVE);
        self.meanings.iter().zip(gains.into_iter().map(share))
    }

    /// What is expected in each of the next `ahead` periods: series × `ahead`; 0 while closed.
    ///
    /// # Errors
    /// [`FitError::Predict`] when the panel has other columns than the one learnt from.
    pub fn forecast(&self, panel: &Panel, ahead: usize) -> Result<Vec<f64>, FitError> {
        let each = Self::forecasts(std::slice::from_ref(self), panel, ahead)?;
        Ok(each.concat())
    }

    /// What several models expect in each of the next `ahead` periods: by model, series × `ahead`; 0 while closed. What
    /// trees see is worked out once for all of them.
    ///
    /// # Errors
    /// [`FitError::Predict`] when the panel has other columns than the one learnt from.
    pub(super) fn forecasts(
        models: &[Self],
        panel: &Panel,
        ahead: usize,
    ) -> Result<Vec<Vec<f64>>, FitError> {
        if models.is_empty() {
            return Ok(Vec::new());
        }
        let ground = Ground::new(panel);
        let known = panel.known();
        let of = |series: usize| -> Result<Vec<Vec<f64>>, FitError> {
            let mut values = Vec::new();
            let level = ground.tell(series, known, known..known + ahead, &mut values);
            let open = |at: usize| panel.is_open(series, known + at);
            let each = models.iter().map(|model| {
                let said = model.model.predict(&values)?.into_iter().enumerate();
                let forecast = said.map(|(at, said)| {
                    if open(at) {
                        model.correction * model.scale.ratio(said) * level
                    } else {
                        0.0
                    }
                });
                Ok(forecast.collect())
            });
            each.collect()
        };
        let each: Result<Vec<Vec<Vec<f64>>>, FitError> =
            (0..panel.series()).into_par_iter().map(of).collect();
        let each = each?;
        let by_model = |at: usize| each.iter().flat_map(|one| &one[at]).copied().collect();
        Ok((0..models.len()).map(by_model).collect())
    }

    /// What each driver adds to the forecast of some periods together, in its unit: they add up to it. While closed there
    /// are none.
    ///
    /// A product of factors is told apart as a sum by the logarithmic mean, which leaves no rest.
    ///
    /// - `weather`: by what the weather is expected to multiply a period.
    ///
    /// # Errors
    /// [`FitError::Predict`] when the panel has other columns than the one learnt from.
    /// # Source
    /// Ang (2004), logarithmic mean Divisia index I, eq. 5.
    pub fn drivers(
        &self,
        panel: &Panel,
        series: usize,
        periods: Range<usize>,
        weather: impl Fn(usize) -> f64,
    ) -> Result<BTreeMap<Driver, f64>, FitError> {
        let ground = Ground::new(panel);
        let mut values = Vec::new();
        let open: Vec<usize> = periods
            .filter(|period| panel.is_open(series, *period))
            .collect();
        let level = ground.tell(series, panel.known(), open.iter().copied(), &mut values);
        let parts = self.model.contributions(&values)?;
        let width = self.meanings.len();
        let mut drivers = BTreeMap::new();
        for (parts, period) in parts.chunks_exact(width + 1).zip(open) {
            let (parts, mean) = (&parts[..width], parts[width]);
            let margin = mean + parts.iter().sum::<f64>();
            let told =
                |margin| self.correction * self.scale.ratio(self.scale.linked(margin)) * level;
            let slope = match self.scale {
                _ if (margin - mean).abs() < 1e-9 => 0.0,
                Scale::Middle if margin > 0.0 => level,
                Scale::Logarithm | Scale::Counts | Scale::Middle => {
                    (told(margin) - told(mean)) / (margin - mean)
                }
            };
            *drivers.entry(Driver::Level).or_default() += told(margin) - slope * (margin - mean);
            let factor = weather(period);
            if (factor - 1.0).abs() > f64::EPSILON {
                *drivers.entry(Driver::Weather).or_default() += told(margin) * (factor - 1.0);
            }
            for (meaning, part) in self.meanings.iter().zip(parts) {
                *drivers.entry(meaning.driver).or_default() += slope * part;
            }
        }
        Ok(drivers)
    }
}

/// By what forecasts are multiplied so that the total of what is learnt from is right; a median has none.
fn correction(scale: Scale, seen: &Seen, said: &[f64]) -> f64 {
    if scale == Scale::Middle {
        return 1.0;
    }
    let (mut sold, mut expected) = (0.0, 0.0);
    for ((ratio, level), said) in seen.ratios.iter().zip(&seen.levels).zip(said) {
        sold += ratio * level;
        expected += scale.ratio(*said) * level;
    }
    sold / expected.max(f64::MIN_POSITIVE)
}
