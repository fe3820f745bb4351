//! Forecasts of series made to agree with forecasts of the groups that they add up to.

mod kept;
mod past;

use serde::{Deserialize, Serialize};

use super::boosted::Settings;
use super::error::FitError;
use super::forecast::Forecast;
use super::forecaster::Forecaster;
use super::held_out::HeldOut;
use super::panel::Panel;
use crate::coherent::{Choice, Hierarchy, LevelLoss, Method, Outcome, Sign, choose, reconcile};
use kept::Kept;
use past::Past;

/// What forecasts may become: a series that is closed, or of which nothing is expected, stays so.
const SIGN: Sign = Sign::NothingStays;

/// Share of the loss that must be gained before forecasts are changed. Three windows tell little of their own noise: where
/// no way is better than another, a hundredth is gained by chance beyond two standard errors.
const GAIN_MIN: f64 = 0.02;

/// How forecasts of series were made to agree with those of the groups above them, and what that was worth in the past.
/// Holds numbers, no code; serialisable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    windows: usize,
    weighings: Vec<Weighing>,
    levels: Vec<LevelError>,
    /// Absent where the sums of the series are the best forecasts of the groups: then nothing is changed.
    used: Option<Used>,
}

/// What makes forecasts agree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Used {
    /// Forecasts the groups.
    groups: Forecaster,
    weights: Kept,
}

/// How a way to weigh the forecasts did on windows of the past.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weighing {
    /// The way.
    pub method: Method,
    /// Absolute error over all levels as a share of what was sold, the series counted as much as all levels above them
    /// together; absent where it could not be tried.
    pub loss: Option<f64>,
    /// Why it could not.
    pub why_not: Option<String>,
}

/// How far off forecasts of one level were on windows of the past: absolute errors as shares of what was sold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LevelError {
    /// Name of the level.
    pub level: String,
    /// Nodes of it.
    pub nodes: usize,
    /// Of the forecasts that each node has by itself.
    pub own: f64,
    /// Of the sums of the series.
    pub summed: f64,
    /// Of what is told, by weights that had not seen the window.
    pub agreed: f64,
}

impl Agreement {
    /// Forecasts the groups of a hierarchy by themselves, and chooses how they and the series are made to agree: by their
    /// past errors on the windows that the method was chosen on, each by what the others teach. The sums of the series
    /// are taken unless something is better by a fiftieth of the loss and beyond two standard errors.
    ///
    /// Returns with it the forecaster, whose intervals are those of what it tells now, and what both told of the windows,
    /// each by weights that had not seen it.
    ///
    /// - `hierarchy`: its leaves are the series of the panel.
    /// - `early`: of [`Forecaster::fit_early`].
    ///
    /// Deterministic on any number of threads. Memory: for each node, 32 bytes a period ahead and window, three times
    /// while ways are compared on two threads.
    ///
    /// # Errors
    /// [`FitError`] when the groups cannot be forecast, or fewer than two windows tell something.
    pub fn learn(
        panel: &Panel,
        hierarchy: &Hierarchy,
        early: Forecaster,
        settings: &Settings,
    ) -> Result<(Self, Forecaster, Vec<HeldOut>), FitError> {
        let sums = panel.summed(hierarchy)?;
        let groups = Forecaster::fit_early(&sums, early.ahead(), settings)?;
        let past = Past::new((panel, &early), (&sums, &groups))?;
        let windows = past.windows();
        // Above all it is the series that are ordered by.
        let mut weights = vec![1.0; hierarchy.n_levels()];
        if let Some((leaves, above)) = weights.split_last_mut() {
            *leaves = above.len() as f64;
        }
        let loss =
            LevelLoss::new(hierarchy, weights).map_err(crate::coherent::ChoiceError::from)?;
        let choice = choose(hierarchy, &windows, &Method::ALL, &loss, SIGN)?;
        let method = match choice.weights.method() {
            method if gain(&choice, method) < GAIN_MIN => Method::BottomUp,
            method => method,
        };
        let agreed = past.agreed(hierarchy, method, SIGN)?;
        let levels = past.errors(hierarchy, &agreed)?;
        let weighings = weighings(&choice);
        let held_out = past.leaves(hierarchy, &agreed);
        let told = |used, forecaster, held_out| {
            let agreement = Self {
                windows: choice.windows,
                weighings,
                levels,
                used,
            };
            (agreement, forecaster, held_out)
        };
        if method == Method::BottomUp {
            return Ok(told(None, early, held_out));
        }
        let early = early.with_intervals_of(panel, &held_out)?;
        let weights = Kept::new(hierarchy, choice.weights);
        Ok(told(Some(Used { groups, weights }), early, held_out))
    }

    /// The same with groups learnt from another panel, as [`Forecaster::again`] does.
    ///
    /// # Errors
    /// [`FitError`] when the history is too short or nothing was sold.
    pub fn again(
        mut self,
        panel: &Panel,
        hierarchy: &Hierarchy,
        settings: &Settings,
    ) -> Result<Self, FitError> {
        if let Some(used) = self.used {
            let groups = used.groups.again(&panel.summed(hierarchy)?, settings)?;
            self.used = Some(Used { groups, ..used });
        }
        Ok(self)
    }

    /// A forecast of all series that agrees with those of the groups above them: each group is expected to sell what its
    /// series do. As it was where sums of the series are best.
    ///
    /// Series that were not there when it was learnt are trusted as their level is.
    ///
    /// # Errors
    /// [`FitError`] when the panel has other columns than the one learnt from, the hierarchy has other leaves, or weights
    /// do not suit it.
    pub fn agree(
        &self,
        panel: &Panel,
        hierarchy: &Hierarchy,
        forecast: Forecast,
    ) -> Result<Forecast, FitError> {
        let Some(used) = &self.used else {
            return Ok(forecast);
        };
        let periods = forecast.ahead();
        if periods == 0 {
            return Ok(forecast);
        }
        let groups = used.groups.forecast(&panel.summed(hierarchy)?)?;
        let base = past::base(groups.all(), forecast.all());
        let weights = used.weights.of(hierarchy);
        let agreed = reconcile(hierarchy, &weights, &base, periods, SIGN)?;
        let leaves = &agreed[hierarchy.first_leaf() * periods..];
        Ok(forecast.changed(|expected| expected.copy_from_slice(leaves)))
    }

    /// Whether it changes anything.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.used.is_some()
    }

    /// The way that was chosen.
    #[must_use]
    pub fn method(&self) -> Method {
        let used = self.used.as_ref();
        used.map_or(Method::BottomUp, |used| used.weights.method())
    }

    /// What forecasts the groups; `None` where their series do.
    #[must_use]
    pub fn groups(&self) -> Option<&Forecaster> {
        self.used.as_ref().map(|used| &used.groups)
    }

    /// Windows of the past that judged.
    #[must_use]
    pub fn windows(&self) -> usize {
        self.windows
    }

    /// How each way did, the simplest first.
    #[must_use]
    pub fn weighings(&self) -> &[Weighing] {
        &self.weighings
    }

    /// How far off each level was, the series last.
    #[must_use]
    pub fn levels(&self) -> &[LevelError] {
        &self.levels
    }

    /// A figure that changes with any of the weights.
    #[must_use]
    pub fn check(&self) -> f64 {
        self.used.as_ref().map_or(0.0, |used| used.weights.check())
    }
}

/// By how much a way is better than the sums of the series, as a share of their loss.
fn gain(choice: &Choice, method: Method) -> f64 {
    let loss = |of: Method| {
        let trial = choice.trials.iter().find(|trial| trial.method == of);
        match trial.map(|trial| &trial.outcome) {
            Some(Outcome::Tried { loss, .. }) => *loss,
            Some(Outcome::NotTried(_)) | None => f64::INFINITY,
        }
    };
    let summed = loss(Method::BottomUp);
    if summed.is_finite() {
        1.0 - loss(method) / summed.max(f64::MIN_POSITIVE)
    } else {
        1.0
    }
}

fn weighings(choice: &Choice) -> Vec<Weighing> {
    let each = choice.trials.iter().map(|trial| {
        let (loss, why_not) = match &trial.outcome {
            Outcome::Tried { loss, .. } => (Some(*loss), None),
            Outcome::NotTried(why) => (None, Some(why.to_string())),
        };
        Weighing {
            method: trial.method,
            loss,
            why_not,
        }
    });
    each.collect()
}
