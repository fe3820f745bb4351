//! How far off sums of forecasts are: of every group of a hierarchy by its own past errors.

mod law;
mod past;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::FitError;
use super::held_out::HeldOut;
use super::panel::Panel;
use crate::coherent::Hierarchy;
use law::{Law, Learnt};
use past::Errors;

/// Groups and windows from which the shape of the errors of a level is known; of fewer, levels with more groups join in.
const SHAPED_BY: usize = 30;

/// Quantiles of what the groups of a hierarchy sell, around sums of forecasts of their series.
///
/// Errors of several series go together, so that how far off their sum is follows from no quantile of theirs. It is learnt
/// of the sums themselves, on windows that the forecasts had not seen:
/// - how much each group scatters: the mean square of its own errors, relative to what was forecast of it, drawn to the
///   median of its level as if that were one window more;
/// - how errors grow with how far ahead a forecast looks: a power of the periods, one for each level;
/// - the shape of the rest, errors over their scatter as the other windows tell it: quantiles of all groups of the level
///   and, where these are few, of the next levels with more, stretched until each window is held by what the others teach.
///
/// Of the sum over several periods all that is learnt anew from sums over periods.
///
/// Holds numbers, no code; serialisable.
///
/// # Source
/// Smyth (2004) for variances drawn to those of others; Vovk, Gammerman, Shafer (2005) for quantiles; Taylor (1961) for the
/// power by which scatter grows with what is expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    levels: Vec<Level>,
    /// Whether more was ever taken back than sold: else no quantile lies below nothing.
    below_nothing: bool,
}

/// The groups of one level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Level {
    name: String,
    single: Law,
    total: Law,
    /// By name.
    groups: BTreeMap<String, Scatter>,
}

/// How much one group scatters: mean squares of relative errors of single periods, and of several together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Scatter {
    /// Windows in which it is known.
    windows: usize,
    single: f64,
    total: f64,
}

/// What the interval of a group rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Its own errors, drawn to those of its level.
    Own {
        /// Windows of the past in which they are known.
        windows: usize,
    },
    /// Those of its level: of its own too little is known.
    Level {
        /// Groups of the level.
        groups: usize,
    },
}

/// A sum of forecasts that quantiles are asked of.
struct Asked<'a> {
    law: &'a Law,
    square: f64,
    /// What is forecast.
    forecast: f64,
    /// What errors are relative to.
    size: f64,
    /// Periods ahead, from 1.
    ahead: usize,
}

impl Totals {
    /// Learns from forecasts of the series on windows of the past that they had not seen.
    ///
    /// - `panel`: of the series.
    /// - `hierarchy`: its leaves are these.
    /// - `windows`: as [`super::Forecaster::held_out`] gives them.
    ///
    /// Deterministic. Memory: 8 bytes for each group, period ahead and window.
    ///
    /// # Errors
    /// [`FitError::NothingSold`] when nothing is known of the groups in any window, and [`FitError`] when the hierarchy has
    /// other leaves or forecasts another shape.
    pub fn learn(
        panel: &Panel,
        hierarchy: &Hierarchy,
        windows: &[HeldOut],
    ) -> Result<Self, FitError> {
        let sums = panel.summed(hierarchy)?;
        let errors = Errors::all(&sums, hierarchy, windows)?;
        let below_nothing = errors.iter().any(|of| of.below_nothing);
        let single: Vec<Learnt> = errors.iter().map(|of| Learnt::of(&of.single, of)).collect();
        let total: Vec<Learnt> = errors.iter().map(|of| Learnt::of(&of.total, of)).collect();
        let (of_single, of_total) = (laws(&single), laws(&total));
        let (Some(of_single), Some(of_total)) = (of_single, of_total) else {
            return Err(FitError::NothingSold);
        };
        let levels = hierarchy.level_names().take(errors.len()).enumerate();
        let levels = levels.zip(of_single.into_iter().zip(of_total));
        let levels = levels.map(|((at, name), (of_single, of_total))| {
            let scatter = |(group, node): (usize, usize)| {
                let one = Scatter {
                    windows: single[at].windows(group),
                    single: single[at].square(group),
                    total: total[at].square(group),
                };
                (hierarchy.label(node).to_owned(), one)
            };
            Level {
                name: name.to_owned(),
                single: of_single,
                total: of_total,
                groups: hierarchy.nodes(at).enumerate().map(scatter).collect(),
            }
        });
        Ok(Self {
            levels: levels.collect(),
            below_nothing,
        })
    }

    /// What the interval of a group rests on; `None` where its level is not known.
    #[must_use]
    pub fn basis(&self, level: &str, group: &str) -> Option<Basis> {
        let level = self.level(level)?;
        Some(match level.groups.get(group) {
            Some(of) if of.windows >= law::OWN_MIN => Basis::Own {
                windows: of.windows,
            },
            Some(_) | None => Basis::Level {
                groups: level.groups.len(),
            },
        })
    }

    /// The quantile of a level, 0 to 1, of what a group sells in one period ahead, counted from 0. `None` where its level
    /// is not known.
    ///
    /// - `expected`: of the group, all periods ahead, in any unit.
    #[must_use]
    pub fn quantile(
        &self,
        (level, group): (&str, &str),
        expected: &[f64],
        ahead: usize,
        at: f64,
    ) -> Option<f64> {
        Some(self.at(&self.single((level, group), expected, ahead)?, at))
    }

    /// The same of all periods up to one, from 0, together.
    #[must_use]
    pub fn quantile_of_total(
        &self,
        (level, group): (&str, &str),
        expected: &[f64],
        up_to: usize,
        at: f64,
    ) -> Option<f64> {
        Some(self.at(&self.total((level, group), expected, up_to)?, at))
    }

    /// An interval that holds what a group sells in one period ahead, from 0, with a probability; as much is left out below
    /// as above, unless nothing can be left out below. `None` where its level is not known.
    #[must_use]
    pub fn interval(
        &self,
        of: (&str, &str),
        expected: &[f64],
        ahead: usize,
        probability: f64,
    ) -> Option<(f64, f64)> {
        Some(self.between(&self.single(of, expected, ahead)?, probability))
    }

    /// The same of all periods up to one, from 0, together.
    #[must_use]
    pub fn interval_of_total(
        &self,
        of: (&str, &str),
        expected: &[f64],
        up_to: usize,
        probability: f64,
    ) -> Option<(f64, f64)> {
        Some(self.between(&self.total(of, expected, up_to)?, probability))
    }

    /// A figure that changes with any that it holds.
    #[must_use]
    pub fn check(&self) -> f64 {
        let of = |level: &Level| {
            let groups = level.groups.values().zip(1..);
            let groups = groups.map(|(of, at)| (of.single + 2.0 * of.total) / f64::from(at));
            level.single.check() + 2.0 * level.total.check() + groups.sum::<f64>()
        };
        self.levels.iter().map(of).sum()
    }

    fn level(&self, name: &str) -> Option<&Level> {
        self.levels.iter().find(|level| level.name == name)
    }

    fn single(&self, of: (&str, &str), expected: &[f64], ahead: usize) -> Option<Asked<'_>> {
        let level = self.level(of.0)?;
        let own = level.groups.get(of.1);
        let forecast = *expected.get(ahead)?;
        Some(Asked {
            law: &level.single,
            square: level.single.drawn(own.map(|of| (of.windows, of.single))),
            forecast,
            size: past::size(forecast, past::usual(expected)),
            ahead: ahead + 1,
        })
    }

    fn total(&self, of: (&str, &str), expected: &[f64], up_to: usize) -> Option<Asked<'_>> {
        let level = self.level(of.0)?;
        let own = level.groups.get(of.1);
        let forecast: f64 = expected.get(..=up_to)?.iter().sum();
        Some(Asked {
            law: &level.total,
            square: level.total.drawn(own.map(|of| (of.windows, of.total))),
            forecast,
            size: forecast,
            ahead: up_to + 1,
        })
    }

    fn at(&self, of: &Asked<'_>, at: f64) -> f64 {
        if of.forecast <= 0.0 {
            return 0.0;
        }
        let said = of.forecast + of.size * of.law.error(of.square, of.ahead, at);
        let least = if self.below_nothing { said } else { 0.0 };
        // Adding 0 makes a negative zero a plain one.
        said.max(least) + 0.0
    }

    fn between(&self, of: &Asked<'_>, probability: f64) -> (f64, f64) {
        let tail = (1.0 - probability) / 2.0;
        let low = self.at(of, tail);
        if low == 0.0 {
            (0.0, self.at(of, probability))
        } else {
            (low, self.at(of, 1.0 - tail))
        }
    }
}

/// The law of each level, its shape learnt with levels of more groups where it has few itself; `None` where nothing is
/// known at all.
fn laws(levels: &[Learnt]) -> Option<Vec<Law>> {
    let mut order: Vec<usize> = (0..levels.len()).collect();
    order.sort_by_key(|at| levels[*at].groups());
    let of = |at: usize| {
        let own = order.iter().position(|one| *one == at).unwrap_or(0);
        let (mut rest, mut shaped_by) = (Vec::<Vec<f64>>::new(), 0);
        // Where even the finest are few, the coarser ones join in.
        for next in order[own..].iter().chain(order[..own].iter().rev()) {
            if shaped_by >= SHAPED_BY {
                break;
            }
            let more = levels[*next].rest();
            rest.resize(rest.len().max(more.len()), Vec::new());
            for (rest, more) in rest.iter_mut().zip(more) {
                rest.extend_from_slice(more);
            }
            shaped_by += levels[*next].known();
        }
        levels[at].law(&rest)
    };
    (0..levels.len()).map(of).collect()
}
