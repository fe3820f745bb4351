//! Windows of the past with forecasts of all nodes of a hierarchy.

use super::super::error::FitError;
use super::super::forecaster::Forecaster;
use super::super::held_out::HeldOut;
use super::super::panel::Panel;
use super::LevelError;
use crate::coherent::{ChoiceError, Hierarchy, LevelLoss, Method, Sign, Window, reconcile};

/// Forecasts of all nodes and what came of them.
#[derive(Debug)]
pub(super) struct Past {
    periods: usize,
    each: Vec<Nodes>,
}

/// One window.
#[derive(Debug)]
struct Nodes {
    from: usize,
    /// Nodes × periods.
    base: Vec<f64>,
    /// Nodes × periods; `None` where it is not known.
    actual: Vec<Option<f64>>,
}

/// Forecasts of groups and of series, none below 0.
pub(super) fn base(groups: &[f64], series: &[f64]) -> Vec<f64> {
    let each = groups.iter().chain(series);
    each.map(|value| value.max(0.0)).collect()
}

impl Past {
    /// What forecasters that have not seen their last windows forecast of them.
    pub(super) fn new(
        (panel, series): (&Panel, &Forecaster),
        (sums, groups): (&Panel, &Forecaster),
    ) -> Result<Self, FitError> {
        let periods = series.ahead();
        let windows = series.held_out(panel)?.into_iter();
        let windows = windows.zip(groups.held_out(sums)?);
        let window = |(of_series, of_groups): (HeldOut, HeldOut)| Nodes {
            from: of_series.from,
            base: base(&of_groups.expected, &of_series.expected),
            actual: [sums, panel]
                .into_iter()
                .flat_map(|panel| panel.came(of_series.from, periods))
                .collect(),
        };
        let each = windows.map(window).collect();
        Ok(Self { periods, each })
    }

    pub(super) fn windows(&self) -> Vec<Window<'_>> {
        self.each.iter().map(|of| self.window(of)).collect()
    }

    fn window<'a>(&self, of: &'a Nodes) -> Window<'a> {
        Window {
            base: &of.base,
            actual: &of.actual,
            periods: self.periods,
        }
    }

    /// Each window as a way makes it agree that has learnt from the others: nodes × periods.
    pub(super) fn agreed(
        &self,
        hierarchy: &Hierarchy,
        method: Method,
        sign: Sign,
    ) -> Result<Vec<Vec<f64>>, FitError> {
        let windows = self.windows();
        let each = (0..windows.len()).map(|at| {
            let others = [&windows[..at], &windows[at + 1..]].concat();
            let weights = method.learn(hierarchy, &others)?;
            let (base, periods) = (windows[at].base, self.periods);
            Ok(reconcile(hierarchy, &weights, base, periods, sign)?)
        });
        each.collect()
    }

    /// The series of what was made to agree.
    pub(super) fn leaves(&self, hierarchy: &Hierarchy, agreed: &[Vec<f64>]) -> Vec<HeldOut> {
        let first = hierarchy.first_leaf() * self.periods;
        let windows = self.each.iter().zip(agreed);
        let windows = windows.map(|(of, agreed)| HeldOut {
            from: of.from,
            expected: agreed[first..].to_vec(),
        });
        windows.collect()
    }

    /// How far off each level was, the mean over the windows that tell something of it.
    pub(super) fn errors(
        &self,
        hierarchy: &Hierarchy,
        agreed: &[Vec<f64>],
    ) -> Result<Vec<LevelError>, FitError> {
        let summed = self.agreed(hierarchy, Method::BottomUp, Sign::NonNegative)?;
        let mut levels = Vec::new();
        for (at, level) in hierarchy.level_names().enumerate() {
            let mut weights = vec![0.0; hierarchy.n_levels()];
            weights[at] = 1.0;
            let loss = LevelLoss::new(hierarchy, weights).map_err(ChoiceError::from)?;
            let mut sums = [0.0; 3];
            let mut windows = 0.0;
            for ((of, summed), agreed) in self.each.iter().zip(&summed).zip(agreed) {
                let off = |forecasts| loss.of(hierarchy, forecasts, &of.actual, self.periods);
                let each = [&of.base, summed, agreed].map(|forecasts| off(forecasts));
                if let [Some(own), Some(summed), Some(agreed)] = each {
                    for (sum, one) in sums.iter_mut().zip([own, summed, agreed]) {
                        *sum += one;
                    }
                    windows += 1.0;
                }
            }
            if windows > 0.0 {
                let [own, summed, agreed] = sums.map(|sum| sum / windows);
                levels.push(LevelError {
                    level: level.to_owned(),
                    nodes: hierarchy.nodes(at).len(),
                    own,
                    summed,
                    agreed,
                });
            }
        }
        Ok(levels)
    }
}
