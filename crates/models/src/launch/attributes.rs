//! Demand of a launch from what is told of it.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::analogues::{Analogue, Analogues, standard};
use super::completed::Completed;
use super::distribution::LogNormal;
use super::encoder::Encoder;
use super::error::{FitError, PastError};
use super::folds::{Fold, at, early, folds};
use super::history::History;
use super::linear::Linear;
use super::past::{Columns, Launch, Past};
use super::spread::{Held, REASONS, Spread};
use super::trees;
use crate::boost::{self, Model};

/// Nearest launches whose distance says how unlike anything a launch is.
const UNLIKE: usize = 5;

/// Launches needed before trees are grown.
const TREES_MIN: usize = 60;

/// A way to forecast from what is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// All launches alike: too few to tell anything apart.
    History,
    /// Ridge regression on labels by what launches that carry them sold, words, and ranks of numbers.
    Linear,
    /// The same, corrected by how the nearest launches differed from it.
    Analogues {
        /// How many.
        nearest: usize,
    },
    /// Boosted trees on the same columns.
    Trees,
    /// The mean of trees and ridge regression.
    TreesAndLinear,
}

impl Method {
    /// Those that are compared.
    pub const ALL: [Self; 5] = [
        Self::Linear,
        Self::Analogues { nearest: 5 },
        Self::Analogues { nearest: 20 },
        Self::TreesAndLinear,
        Self::Trees,
    ];

    fn needs_trees(self) -> bool {
        matches!(self, Self::Trees | Self::TreesAndLinear)
    }
}

/// How a method did on launches that were held out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The method.
    pub method: Method,
    /// Launches forecast.
    pub launches: usize,
    /// Mean log-likelihood of the logarithm of demand, or of at least what was sold: more is better.
    pub ln_likelihood: f64,
    /// Standard deviation of the errors of the logarithm.
    pub sigma: f64,
}

/// Figures of at least 0 as shares of their sum; all 0 where that is 0.
fn shares(of: impl Iterator<Item = f64>) -> Vec<f64> {
    let all: Vec<f64> = of.collect();
    let sum: f64 = all.iter().sum();
    all.into_iter()
        .map(|one| one / sum.max(f64::MIN_POSITIVE))
        .collect()
}

/// A learnt forecast from attributes. Holds numbers and what past launches were called and sold, no code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    columns: Columns,
    settings: boost::Settings,
    method: Method,
    trials: Vec<Trial>,
    mean: Mean,
    spread: Spread,
}

/// What means are made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Mean {
    encoder: Encoder,
    linear: Linear,
    analogues: Analogues,
    trees: Option<Model>,
}

impl Mean {
    fn fit(past: &[&Past], trees: bool, settings: &boost::Settings) -> Result<Self, FitError> {
        let completed = Completed::new(past);
        let analogues = Analogues::new(past, &completed);
        let Completed {
            encoder,
            rows,
            linear,
            target,
        } = completed;
        let trees = (trees && past.len() >= TREES_MIN)
            .then(|| trees::fit(&rows, encoder.columns(), &target, settings))
            .transpose()?;
        Ok(Self {
            encoder,
            linear,
            analogues,
            trees,
        })
    }

    /// Mean of the logarithm; of a method that needs trees where there are none, the linear one.
    fn of(&self, launch: &Launch, method: Method) -> f64 {
        let row = self.encoder.row(launch);
        let linear = self.linear.predict(&row);
        let trees = || {
            // A row of the encoder has the columns that the trees were grown on.
            let said = self.trees.as_ref()?.predict(&trees::single(&row)).ok()?;
            said.first().copied()
        };
        match method {
            Method::History | Method::Linear => linear,
            Method::Analogues { nearest } => {
                let own = standard(&self.linear, &row);
                linear + self.analogues.off(&own, launch, nearest)
            }
            Method::Trees => trees().unwrap_or(linear),
            Method::TreesAndLinear => 0.5 * (linear + trees().unwrap_or(linear)),
        }
    }

    /// What may make the forecast less certain: how unlike the nearest launches are, and how few have its category.
    fn reasons(&self, launch: &Launch) -> [f64; REASONS] {
        let row = standard(&self.linear, &self.encoder.row(launch));
        let unlike = self.analogues.distance(&row, launch, UNLIKE);
        let same = self.encoder.same_category(launch) as f64;
        [unlike.ln_1p(), same.ln_1p()]
    }
}

/// What is learnt, with what was said of launches that were held out, by position.
pub(super) struct Learnt {
    pub(super) attributes: Attributes,
    /// In the order of time.
    pub(super) held_out: Vec<(usize, LogNormal)>,
    /// Of the first launches, each from others of them.
    pub(super) early: Vec<(usize, LogNormal)>,
}

impl Attributes {
    /// Learns from launches that are over.
    ///
    /// Methods are compared on launches held out in the order of time (of fewer than 40 launches every fifth in turn): the
    /// one of the highest likelihood is learnt anew from all. The spread of a forecast is that of the errors on
    /// launches held out, larger or smaller by how unlike any past launch it is and how many have its category where
    /// that helps, and stretched until intervals of 80 % and 90 % held what they promise. Of fewer than eight launches
    /// [`History`] alone is told.
    ///
    /// Of launches whose stock ran out it is known that demand was more.
    ///
    /// Deterministic: the same seed gives the same bytes on any number of threads.
    ///
    /// # Errors
    /// [`FitError`] when there is no launch, all ran out, or one does not fit the columns.
    pub fn fit(
        past: &[Past],
        columns: &Columns,
        trees: &boost::Settings,
    ) -> Result<Self, FitError> {
        let sorted = in_time(past, columns)?;
        Ok(Self::learn(&sorted, &folds(&sorted), columns, trees, None)?.attributes)
    }

    /// Learns anew from other launches by the method that was chosen: nothing is compared, the spread is measured anew.
    ///
    /// # Errors
    /// Those of [`Self::fit`].
    pub fn refit(&self, past: &[Past]) -> Result<Self, FitError> {
        let sorted = in_time(past, &self.columns)?;
        let (folds, chosen) = (folds(&sorted), Some(self));
        Ok(Self::learn(&sorted, &folds, &self.columns, &self.settings, chosen)?.attributes)
    }

    /// - `past`: in the order of time.
    pub(super) fn learn(
        past: &[&Past],
        folds: &[Fold],
        columns: &Columns,
        settings: &boost::Settings,
        chosen: Option<&Self>,
    ) -> Result<Learnt, FitError> {
        let level = History::of(past, 0, None)?.demand();
        let methods: Vec<Method> = match chosen {
            Some(chosen) => vec![chosen.method],
            None if folds.is_empty() => vec![Method::History],
            None if past.len() < TREES_MIN => Method::ALL
                .into_iter()
                .filter(|method| !method.needs_trees())
                .collect(),
            None => Method::ALL.to_vec(),
        };
        let held = if methods == [Method::History] {
            Vec::new()
        } else {
            hold_out(past, folds, &methods, settings)?
        };
        let tried = methods
            .iter()
            .zip(&held)
            .filter(|(_, held)| !held.is_empty());
        let judged = |(method, held): (&Method, &Vec<(usize, Held)>)| {
            let held: Vec<Held> = held.iter().map(|(_, held)| *held).collect();
            let spread = Spread::fit(&held);
            let trial = Trial::of(*method, &held);
            (trial, spread)
        };
        let judged: Vec<(Trial, Spread)> = tried.map(judged).collect();
        let best = (0..judged.len()).reduce(|a, b| {
            if judged[b].0.ln_likelihood > judged[a].0.ln_likelihood {
                b
            } else {
                a
            }
        });
        let (method, spread, said) = match best {
            Some(best) => {
                let spread = judged[best].1.clone();
                let said = held[best].iter();
                let said = said.map(|(at, h)| (*at, spread.of(h.said, &h.reasons)));
                (methods[best], spread.clone(), said.collect())
            }
            None => {
                let spread = Spread::constant(level.sigma);
                (Method::History, spread, Vec::new())
            }
        };
        let trials = match chosen {
            Some(chosen) => chosen.trials.clone(),
            None => judged.iter().map(|(trial, _)| *trial).collect(),
        };
        let mut mean = Mean::fit(past, method.needs_trees(), settings)?;
        if method == Method::History {
            mean.linear = mean.linear.constant_at(level.mu);
        }
        let learnt = Self {
            columns: columns.clone(),
            settings: settings.clone(),
            method,
            trials,
            mean,
            spread,
        };
        let early = match method {
            Method::History => Vec::new(),
            Method::Linear | Method::Analogues { .. } | Method::Trees | Method::TreesAndLinear => {
                hold_out(past, &early(past), &[method], settings)?.concat()
            }
        };
        let early = early.into_iter();
        let early = early.map(|(at, h)| (at, learnt.spread.of(h.said, &h.reasons)));
        Ok(Learnt {
            early: early.collect(),
            attributes: learnt,
            held_out: said,
        })
    }

    /// Forecast of a launch.
    ///
    /// # Errors
    /// [`PastError`] when the launch has other columns than those learnt from.
    pub fn forecast(&self, launch: &Launch) -> Result<LogNormal, PastError> {
        launch.check(&self.columns)?;
        let said = self.mean.of(launch, self.method);
        Ok(self.spread.of(said, &self.mean.reasons(launch)))
    }

    /// Past launches that a launch is most like, nearest first.
    ///
    /// # Errors
    /// [`PastError`] when the launch has other columns than those learnt from.
    pub fn analogues(&self, launch: &Launch, count: usize) -> Result<Vec<Analogue>, PastError> {
        launch.check(&self.columns)?;
        let row = standard(&self.mean.linear, &self.mean.encoder.row(launch));
        Ok(self.mean.analogues.named(&row, launch, count))
    }

    /// The method that was chosen.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// What each thing told of a launch weighs in its forecast, as shares that sum to 1: its category, its merchant, each
    /// of [`Columns::labels`], the words of its name, when it opens, how long it is open, and each of
    /// [`Columns::numbers`], in this order. All 0 where nothing tells launches apart.
    ///
    /// By the gains of trees and the slopes of the linear model beside the deviation of each column, the mean of both
    /// where both are used.
    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        let slopes = shares(self.mean.linear.slopes().map(f64::abs));
        let trees = self.mean.trees.as_ref();
        let gains = trees.map(|trees| shares(trees.gains().into_iter()));
        match (self.method, gains) {
            (Method::Trees, Some(gains)) => gains,
            (Method::TreesAndLinear, Some(gains)) => {
                let both = slopes.iter().zip(gains);
                both.map(|(slope, gain)| 0.5 * (slope + gain)).collect()
            }
            (
                Method::History
                | Method::Linear
                | Method::Analogues { .. }
                | Method::Trees
                | Method::TreesAndLinear,
                _,
            ) => slopes,
        }
    }

    /// How methods did on launches held out, in the order of [`Method::ALL`]; empty where there were too few.
    #[must_use]
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }
}

impl Trial {
    fn of(method: Method, held: &[Held]) -> Self {
        let spread = Spread::fit(held);
        let n = held.len() as f64;
        let squares: f64 = held
            .iter()
            .filter(|h| !h.came.is_least)
            .map(|h| (h.came.value - h.said).powi(2))
            .sum();
        let known = held.iter().filter(|h| !h.came.is_least).count();
        Self {
            method,
            launches: held.len(),
            ln_likelihood: spread.ln_likelihood(held) / n,
            sigma: (squares / known.max(1) as f64).sqrt(),
        }
    }
}

/// Launches in the order of time, each checked.
pub(super) fn in_time<'a>(past: &'a [Past], columns: &Columns) -> Result<Vec<&'a Past>, FitError> {
    past.iter().try_for_each(|past| past.check(columns))?;
    let mut sorted: Vec<&Past> = past.iter().collect();
    sorted.sort_by_key(|past| past.launch.opens_hour);
    Ok(sorted)
}

/// By method, forecasts of all launches that are held out, with their positions.
fn hold_out(
    past: &[&Past],
    folds: &[Fold],
    methods: &[Method],
    settings: &boost::Settings,
) -> Result<Vec<Vec<(usize, Held)>>, FitError> {
    let trees = methods.iter().any(|method| method.needs_trees());
    let of = |fold: &Fold| -> Result<Vec<Vec<(usize, Held)>>, FitError> {
        let mean = Mean::fit(&at(past, &fold.learn), trees, settings)?;
        let held = |position: &usize| {
            let (launch, came) = (&past[*position].launch, past[*position].total.into());
            let reasons = mean.reasons(launch);
            let each = methods.iter().map(|method| {
                let said = mean.of(launch, *method);
                (
                    *position,
                    Held {
                        said,
                        came,
                        reasons,
                    },
                )
            });
            each.collect::<Vec<_>>()
        };
        Ok(fold.judge.par_iter().map(held).collect())
    };
    let each: Result<Vec<_>, FitError> = folds.par_iter().map(of).collect();
    let each = each?.concat();
    let of_method = |method: usize| each.iter().map(|all| all[method]).collect();
    Ok((0..methods.len()).map(of_method).collect())
}
