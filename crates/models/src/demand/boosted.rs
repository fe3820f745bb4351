//! One model for all series: trees that see a series and a period to come relative to the level of the series.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::columns::{Driver, Ground, Meaning};
use super::error::FitError;
use super::panel::Panel;
use crate::boost::{self, Labels, Loss, Model, Table};

/// What is learnt of a value relative to its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// The mean of its logarithm: for what sells in nearly every period.
    Logarithm,
    /// Its mean, as that of a count with the level as exposure: for what often sells nothing.
    Counts,
    /// Its median, each series counting as much as it sells.
    Middle,
}

/// How it is learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Seed of what is drawn.
    pub seed: u64,
    /// Rows learnt from at most.
    pub rows_max: usize,
    /// How trees grow.
    pub trees: boost::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            rows_max: 1_000_000,
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
    fn trees(&self) -> boost::Settings {
        boost::Settings {
            seed: self.seed,
            ..self.trees.clone()
        }
    }
}

/// Ratios to the level below this are learnt as this on the scale of logarithms.
const RATIO_MIN: f64 = 1e-3;

/// A model of all series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boosted {
    scale: Scale,
    model: Model,
    /// By which forecasts are multiplied so that totals are right.
    correction: f64,
    meanings: Vec<Meaning>,
}

/// Rows to learn from.
struct Rows {
    values: Vec<f32>,
    targets: Vec<f64>,
    levels: Vec<f64>,
}

/// A number for a series and two periods that looks drawn, 0 to 1.
fn chance(seed: u64, series: usize, known: usize, period: usize) -> f64 {
    let mut x = seed
        ^ (series as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ (known as u64).wrapping_mul(0xBF58_476D_1CE4_E5B9)
        ^ (period as u64).wrapping_mul(0x94D0_49BB_1331_11EB);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Rows of targets in `targets`, as seen from earlier periods.
fn rows(
    ground: &Ground<'_>,
    ahead: usize,
    targets: std::ops::Range<usize>,
    origins: &[usize],
    (share, seed): (f64, u64),
) -> Rows {
    let panel = ground.panel;
    let of = |series: usize| {
        let values = panel.values(series);
        let mut found = Rows {
            values: Vec::new(),
            targets: Vec::new(),
            levels: Vec::new(),
        };
        for known in origins.iter().copied() {
            // Before its first sale there is nothing to see of a series.
            if values[..known].iter().all(|v| v.is_nan()) {
                continue;
            }
            let wanted = (known.max(targets.start)..(known + ahead).min(targets.end)).filter(|p| {
                !values[*p].is_nan()
                    && panel.is_open(series, *p)
                    && (share >= 1.0 || chance(seed, series, known, *p) < share)
            });
            let wanted: Vec<usize> = wanted.collect();
            if wanted.is_empty() {
                continue;
            }
            let level = ground.tell(series, known, wanted.iter().copied(), &mut found.values);
            for period in &wanted {
                found.targets.push(f64::from(values[*period]) / level);
                found.levels.push(level);
            }
        }
        found
    };
    let each: Vec<Rows> = (0..panel.series()).into_par_iter().map(of).collect();
    let mut all = Rows {
        values: Vec::with_capacity(each.iter().map(|r| r.values.len()).sum()),
        targets: Vec::new(),
        levels: Vec::new(),
    };
    for one in each {
        all.values.extend(one.values);
        all.targets.extend(one.targets);
        all.levels.extend(one.levels);
    }
    all
}

impl Scale {
    fn loss(self) -> Loss {
        match self {
            Self::Logarithm => Loss::Squared,
            Self::Counts => Loss::Tweedie { power: 1.2 },
            Self::Middle => Loss::Quantile { level: 0.5 },
        }
    }

    fn target(self, ratio: f64) -> f64 {
        match self {
            Self::Logarithm => ratio.max(RATIO_MIN).ln(),
            Self::Counts => ratio.max(0.0),
            Self::Middle => ratio,
        }
    }

    fn ratio(self, prediction: f64) -> f64 {
        match self {
            Self::Logarithm => prediction.exp(),
            Self::Counts | Self::Middle => prediction.max(0.0),
        }
    }

    /// What a model predicts where its trees add up to a margin.
    fn linked(self, margin: f64) -> f64 {
        match self {
            Self::Counts => margin.exp(),
            Self::Logarithm | Self::Middle => margin,
        }
    }
}

impl Rows {
    /// Refuses rows of which nothing can be learnt.
    fn check(&self) -> Result<(), FitError> {
        if self.targets.iter().all(|ratio| *ratio <= 0.0) {
            return Err(FitError::NothingSold);
        }
        Ok(())
    }

    fn labels(&self, scale: Scale) -> (Vec<f64>, Vec<f64>) {
        let targets = self
            .targets
            .iter()
            .map(|ratio| scale.target(*ratio))
            .collect();
        let mean = self.levels.iter().sum::<f64>() / self.levels.len().max(1) as f64;
        // Each series counts as much as it sells.
        (
            targets,
            self.levels.iter().map(|level| level / mean).collect(),
        )
    }
}

/// Where one stands to learn: how often, from when on, and which share of the rows is drawn.
struct Views {
    origins: Vec<usize>,
    drawn: (f64, u64),
}

impl Views {
    fn new(
        panel: &Panel,
        known: usize,
        ahead: usize,
        settings: &Settings,
    ) -> Result<Self, FitError> {
        let least = least(panel);
        let needed = least + 2 * ahead;
        if known < needed {
            return Err(FitError::TooShort {
                ahead,
                known,
                needed,
            });
        }
        // Origins are counted back from the last period, so that the most recent are among them.
        let stride = (ahead / 6).max(1);
        let origins = (1..)
            .map(|n| known.saturating_sub(n * stride))
            .take_while(|origin| *origin >= least);
        let cells: usize = (0..panel.series())
            .map(|s| {
                panel.values(s)[..known]
                    .iter()
                    .filter(|v| !v.is_nan())
                    .count()
            })
            .sum();
        let all = cells as f64 * ahead as f64 / stride as f64;
        Ok(Self {
            origins: origins.collect(),
            drawn: (settings.rows_max as f64 / all.max(1.0), settings.seed),
        })
    }
}

/// By what forecasts are multiplied so that the total of what is learnt from is right; a median has none.
fn correction(scale: Scale, ratios: &[f64], levels: &[f64], said: &[f64]) -> f64 {
    if scale == Scale::Middle {
        return 1.0;
    }
    let (mut sold, mut expected) = (0.0, 0.0);
    for ((ratio, level), said) in ratios.iter().zip(levels).zip(said) {
        sold += ratio * level;
        expected += scale.ratio(*said) * level;
    }
    sold / expected.max(f64::MIN_POSITIVE)
}

/// Periods that must be known before anything can be told of a series.
pub(super) fn least(panel: &Panel) -> usize {
    (panel.step().level() / 2).max(4)
}

impl Boosted {
    /// Learns from what was known at a period, with as many trees as forecast the periods since best: those of the
    /// windows that begin at `starts`.
    ///
    /// # Errors
    /// [`FitError`] when the history is too short or nothing was sold.
    pub fn fit_before(
        panel: &Panel,
        known: usize,
        ahead: usize,
        starts: &[usize],
        scale: Scale,
        settings: &Settings,
    ) -> Result<Self, FitError> {
        let views = Views::new(panel, known, ahead, settings)?;
        let ground = Ground::new(panel);
        let early = rows(&ground, ahead, 0..known, &views.origins, views.drawn);
        early.check()?;
        // Half as many rows judge at most as are learnt from.
        let judging = panel.series() * (panel.known() - known);
        let share = settings.rows_max as f64 / 2.0 / judging.max(1) as f64;
        let drawn = (share, settings.seed);
        let late = rows(&ground, ahead, known..panel.known(), starts, drawn);
        if late.targets.is_empty() {
            return Err(FitError::NothingSold);
        }
        let meanings = ground.meanings();
        let n = early.targets.len();
        let (targets, weights) = early.labels(scale);
        let (late_targets, late_weights) = late.labels(scale);
        let mut values = early.values;
        values.extend_from_slice(&late.values);
        let table = Table::new(&values, meanings.len(), boost::BINS_MAX)?;
        let (first, second): (Vec<usize>, Vec<usize>) =
            ((0..n).collect(), (n..n + late_targets.len()).collect());
        let learn = Labels {
            rows: Some(&first),
            target: &targets,
            weight: Some(&weights),
        };
        let check = Labels {
            rows: Some(&second),
            target: &late_targets,
            weight: Some(&late_weights),
        };
        let model = boost::fit(&table, learn, Some(check), scale.loss(), &settings.trees())?;
        values.truncate(n * meanings.len());
        let said = model.predict(&values)?;
        Ok(Self {
            scale,
            correction: correction(scale, &early.targets, &early.levels, &said),
            model,
            meanings,
        })
    }

    /// Learns to forecast the `ahead` periods after what is known, with so many trees.
    ///
    /// Deterministic: the same seed gives the same bytes on any number of threads.
    ///
    /// # Errors
    /// [`FitError`] when the history is too short or nothing was sold.
    pub fn fit(
        panel: &Panel,
        ahead: usize,
        scale: Scale,
        rounds: usize,
        settings: &Settings,
    ) -> Result<Self, FitError> {
        let views = Views::new(panel, panel.known(), ahead, settings)?;
        let ground = Ground::new(panel);
        let meanings = ground.meanings();
        let all = rows(
            &ground,
            ahead,
            0..panel.known(),
            &views.origins,
            views.drawn,
        );
        all.check()?;
        let table = Table::new(&all.values, meanings.len(), boost::BINS_MAX)?;
        let (targets, weights) = all.labels(scale);
        let learn = Labels {
            rows: None,
            target: &targets,
            weight: Some(&weights),
        };
        let trees = boost::Settings {
            rounds_max: rounds,
            ..settings.trees()
        };
        let model = boost::fit(&table, learn, None, scale.loss(), &trees)?;
        let said = model.predict(&all.values)?;
        Ok(Self {
            scale,
            correction: correction(scale, &all.targets, &all.levels, &said),
            model,
            meanings,
        })
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

    /// What is expected in each of the next `ahead` periods: series × `ahead`; 0 while closed.
    ///
    /// # Errors
    /// [`FitError::Predict`] when the panel has other columns than the one learnt from.
    pub fn forecast(&self, panel: &Panel, ahead: usize) -> Result<Vec<f64>, FitError> {
        let ground = Ground::new(panel);
        let of = |series: usize| self.of_series(&ground, series, ahead);
        let each: Result<Vec<Vec<f64>>, FitError> =
            (0..panel.series()).into_par_iter().map(of).collect();
        Ok(each?.concat())
    }

    fn of_series(
        &self,
        ground: &Ground<'_>,
        series: usize,
        ahead: usize,
    ) -> Result<Vec<f64>, FitError> {
        let known = ground.panel.known();
        let mut values = Vec::new();
        let level = ground.tell(series, known, known..known + ahead, &mut values);
        let said = self.model.predict(&values)?;
        let forecast = (known..).zip(said).map(|(period, said)| {
            if ground.panel.is_open(series, period) {
                self.correction * self.scale.ratio(said) * level
            } else {
                0.0
            }
        });
        Ok(forecast.collect())
    }

    /// What each driver adds to the forecast of some periods together, in its unit: they add up to it. While closed there
    /// are none.
    ///
    /// A product of factors is told apart as a sum by the logarithmic mean, which leaves no rest.
    ///
    /// # Errors
    /// [`FitError::Predict`] when the panel has other columns than the one learnt from.
    /// # Source
    /// Ang (2004), logarithmic mean Divisia index I, eq. 5.
    pub fn drivers(
        &self,
        panel: &Panel,
        series: usize,
        periods: std::ops::Range<usize>,
    ) -> Result<BTreeMap<Driver, f64>, FitError> {
        let ground = Ground::new(panel);
        let mut values = Vec::new();
        let open = periods.filter(|period| panel.is_open(series, *period));
        let level = ground.tell(series, panel.known(), open, &mut values);
        let parts = self.model.contributions(&values)?;
        let width = self.meanings.len();
        let mut drivers = BTreeMap::new();
        for parts in parts.chunks_exact(width + 1) {
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
            for (meaning, part) in self.meanings.iter().zip(parts) {
                *drivers.entry(meaning.driver).or_default() += slope * part;
            }
        }
        Ok(drivers)
    }
}
