//! Curves of launches and which of them a launch will follow.

use serde::{Deserialize, Serialize};

use super::assignment::{Assignment, Column};
use super::clusters::Mixture;
use super::curve::Curve;
use super::error::FitError;
use super::past::{Launch, Past};
use super::product_limit::Observed;

/// Share of the launches, the latest, that say how many curves there are.
const HELD_OUT: f64 = 0.3;

/// Launches needed for each curve.
const LAUNCHES_PER_CLUSTER: usize = 10;

/// Launches learnt from at most, the latest.
const LAUNCHES_MAX: usize = 3_000;

/// How curves are learnt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CurveSettings {
    /// Seed of the starts of the search.
    pub seed: u64,
    /// Curves at most, at least 1.
    pub clusters_max: usize,
}

impl Default for CurveSettings {
    fn default() -> Self {
        Self {
            seed: 0,
            clusters_max: 4,
        }
    }
}

/// How many curves told held-out launches best.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurveTrial {
    /// Curves.
    pub clusters: usize,
    /// Mean log-likelihood per launch of how its hours compare, less what no curve changes.
    pub ln_likelihood: f64,
}

/// Curves of launches, and which a launch follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    clusters: Vec<Curve>,
    assignment: Assignment,
    trials: Vec<CurveTrial>,
    settings: CurveSettings,
    launches: usize,
    /// Logarithm of the factor on the size of what came by each hour that told totals best.
    ln_loosened: f64,
}

impl Observed {
    /// The hours of a launch that can be compared; `None` where nothing is known of them.
    pub(super) fn new(past: &Past) -> Option<Self> {
        let sales = past.sales.as_ref()?;
        let mut hours = sales.hours.clone();
        let sold: f64 = hours.iter().map(|units| f64::from(*units)).sum();
        if sold <= 0.0 {
            return None;
        }
        let all = past.total.units() as f64;
        let is_whole = !past.total.is_censored() && sold >= all;
        let open_hours = past.launch.duration_hours;
        if is_whole {
            hours.resize(open_hours as usize, 0);
        }
        let mut sum = 0.0;
        let up_to = hours.iter().map(|units| {
            sum += f64::from(*units);
            sum
        });
        // Where later hours are not told, all that was asked for is known all the same.
        let whole = (!past.total.is_censored() && all > 0.0).then_some(all);
        Some(Self {
            up_to: up_to.collect(),
            hours,
            open_hours,
            whole,
        })
    }
}

impl Curves {
    /// Learns from the hours of launches that are over, each until its stock ran out.
    ///
    /// How many curves there are is chosen by how well they tell the latest 30 % of the launches: the fewest that are
    /// not beaten beyond the standard error. Which curve a launch follows is told by the label that told it best there, or
    /// by how many follow each. A single launch gives a curve of which others are held to differ as launches commonly do.
    ///
    /// Deterministic: the same seed gives the same bytes on any number of threads.
    ///
    /// # Errors
    /// [`FitError::NoHours`] where no launch sold anything in a known hour.
    pub fn fit(past: &[Past], settings: &CurveSettings) -> Result<Self, FitError> {
        let mut sorted: Vec<&Past> = past.iter().collect();
        sorted.sort_by_key(|past| past.launch.opens_hour);
        Self::learn(&sorted, settings, None)
    }

    /// Learns anew from other launches, as many curves as were chosen, told apart by the same label.
    ///
    /// # Errors
    /// Those of [`Self::fit`].
    pub fn refit(&self, past: &[Past]) -> Result<Self, FitError> {
        let mut sorted: Vec<&Past> = past.iter().collect();
        sorted.sort_by_key(|past| past.launch.opens_hour);
        Self::learn(&sorted, &self.settings, Some(self))
    }

    /// Curves that are known: a launch follows each with the same probability.
    #[must_use]
    pub fn known(clusters: Vec<Curve>) -> Option<Self> {
        let count = clusters.len();
        (count > 0).then(|| Self {
            clusters,
            assignment: Assignment::even(count),
            trials: Vec::new(),
            settings: CurveSettings::default(),
            launches: 0,
            ln_loosened: 0.0,
        })
    }

    /// - `past`: in the order of time.
    pub(super) fn learn(
        past: &[&Past],
        settings: &CurveSettings,
        chosen: Option<&Self>,
    ) -> Result<Self, FitError> {
        if settings.clusters_max == 0 {
            return Err(FitError::Setting {
                setting: "clusters_max",
                found: 0.0,
                allowed: "at least 1",
            });
        }
        let known = past
            .iter()
            .filter_map(|past| Some((&past.launch, Observed::new(past)?)));
        let (labels, hours): (Vec<&Launch>, Vec<Observed>) = known.unzip();
        if hours.is_empty() {
            return Err(FitError::NoHours {
                launches: past.len(),
            });
        }
        let from = hours.len().saturating_sub(LAUNCHES_MAX);
        let (labels, hours) = (&labels[from..], &hours[from..]);
        let length = hours
            .iter()
            .map(|launch| launch.hours.len())
            .max()
            .unwrap_or(1);
        let (trials, clusters) = match chosen {
            Some(chosen) => (chosen.trials.clone(), chosen.clusters.len()),
            None => compare(hours, length, settings),
        };
        let mixture = Mixture::fit(hours, length, clusters.min(hours.len()), settings.seed);
        let shares: Vec<Vec<f64>> = hours.iter().map(|launch| mixture.shares(launch)).collect();
        let column = chosen.map(|chosen| chosen.assignment.column());
        let ln_loosened = chosen.map_or(0.0, |chosen| chosen.ln_loosened);
        let clusters = mixture.curves(hours).into_iter();
        Ok(Self {
            clusters: clusters.map(|curve| curve.loosened(ln_loosened)).collect(),
            assignment: Assignment::fit(labels, &shares, column),
            trials,
            settings: settings.clone(),
            launches: hours.len(),
            ln_loosened,
        })
    }

    /// The same curves whose launches differ by so many times the size in what came by an hour.
    pub(super) fn loosened(mut self, ln_factor: f64) -> Self {
        self.ln_loosened += ln_factor;
        let clusters = self.clusters.into_iter();
        self.clusters = clusters.map(|curve| curve.loosened(ln_factor)).collect();
        self
    }

    /// The curves.
    #[must_use]
    pub fn clusters(&self) -> &[Curve] {
        &self.clusters
    }

    /// Probability of each curve before a launch opens.
    #[must_use]
    pub fn weights(&self, launch: &Launch) -> Vec<f64> {
        self.assignment.weights(launch)
    }

    /// What tells launches apart before they open.
    #[must_use]
    pub fn told_by(&self) -> Column {
        self.assignment.column()
    }

    /// How well so many curves told the launches held out; empty where there were too few.
    #[must_use]
    pub fn trials(&self) -> &[CurveTrial] {
        &self.trials
    }

    /// Launches learnt from.
    #[must_use]
    pub fn launches(&self) -> usize {
        self.launches
    }
}

/// How many curves there are.
fn compare(
    hours: &[Observed],
    length: usize,
    settings: &CurveSettings,
) -> (Vec<CurveTrial>, usize) {
    let held = (HELD_OUT * hours.len() as f64) as usize;
    let (early, late) = hours.split_at(hours.len() - held);
    let most = settings
        .clusters_max
        .min(early.len() / LAUNCHES_PER_CLUSTER);
    if held < LAUNCHES_PER_CLUSTER || most < 2 {
        return (Vec::new(), 1);
    }
    let fit = |clusters| Mixture::fit(early, length, clusters, settings.seed);
    let first = fit(1);
    let parts = first.parts().to_vec();
    let mixtures = std::iter::once(first).chain((2..=most).map(fit));
    let each: Vec<Vec<f64>> = mixtures.map(|m| m.ln_likelihoods(late, &parts)).collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let trials = each.iter().enumerate().map(|(at, ln)| CurveTrial {
        clusters: at + 1,
        ln_likelihood: mean(ln),
    });
    let trials: Vec<CurveTrial> = trials.collect();
    let best = (0..each.len()).reduce(|a, b| {
        if trials[b].ln_likelihood > trials[a].ln_likelihood {
            b
        } else {
            a
        }
    });
    let best = best.unwrap_or(0);
    let not_beaten = |at: &usize| {
        let gaps: Vec<f64> = each[best]
            .iter()
            .zip(&each[*at])
            .map(|(b, a)| b - a)
            .collect();
        let gap = mean(&gaps);
        let squares: f64 = gaps.iter().map(|one| (one - gap).powi(2)).sum();
        gap <= (squares / (gaps.len() - 1) as f64 / gaps.len() as f64).sqrt()
    };
    let fewest = (0..=best).find(not_beaten).unwrap_or(best);
    (trials, fewest + 1)
}
