//! Synthetic control: one or a few changed units beside the weighted mean of others that kept their company before.

use super::simplex::{Convergence, Weights, simplex_weights};
use super::{Assumption, Change, Panel, QuasiError, Reading, mean};
use crate::effects::{Effect, Size, no_variation, too_few};
use math::random::stream;
use rand::RngExt;
use rayon::prelude::*;
use schema::WhyNot;
use serde::{Deserialize, Serialize};

/// Periods before the change that weights are found on, at least: on fewer any units fit by chance.
const BEFORE_MIN: usize = 4;

/// Share of the periods before that is held out to pretend a change in it.
const PRETENDED: usize = 3;

/// The stream that draws placebos.
const STREAM: u64 = 0x51c0;

/// What the change did, per unit and period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyntheticControl {
    /// What must be true.
    pub assumption: Assumption,
    /// Mean gap after the change.
    pub point: f64,
    /// The same with the interval that the placebos give, or why there is none.
    pub effect: Effect,
    /// Share of the placebos, this one among them, that depart as much for how well they fitted before.
    pub p_value: f64,
    /// The least p-value that so many placebos allow: 1 over their number and this one.
    pub p_least: f64,
    /// Placebos: others of which a change at the same time is pretended.
    pub placebos: u64,
    /// Mean of those changed after the change, per unit and period.
    pub treated_after: f64,
    /// Units changed.
    pub treated: u64,
    /// Units that may have a weight.
    pub others: u64,
    /// Weight of each unit, 0 for those changed.
    pub weights: Vec<f64>,
    /// Those changed less their synthetic control, in each period.
    pub gaps: Vec<f64>,
    /// How well it fits before.
    pub fit: Fit,
    /// A change pretended at an earlier time, of which nothing was known when the weights were found.
    pub in_time: InTime,
    /// The smallest effect that four placebos of five would have shown; absent where none can be.
    pub detectable: Option<f64>,
    /// The worst of all searches for weights.
    pub convergence: Convergence,
}

/// How well a synthetic control fits the periods before the change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Root of the mean squared gap.
    pub error: f64,
    /// Standard deviation of those changed, which a constant would leave.
    pub spread: f64,
    /// Periods.
    pub periods: u64,
    /// Units with a weight above 0.001.
    pub weighted: u64,
}

/// A pretended change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InTime {
    /// It was.
    Pretended {
        /// The first period with it.
        first: u64,
        /// The gap in each period from it to the change.
        gaps: Vec<f64>,
        /// What those changed departed there from their own mean before.
        unaided: Vec<f64>,
        /// Share of the placebos that depart as much there.
        p_value: f64,
    },
    /// There are too few periods.
    NotMeasurable(WhyNot),
}

/// Series with the sums of their products before some period.
struct Company {
    values: Vec<f64>,
    gram: Vec<f64>,
    periods: usize,
    units: usize,
    first: usize,
}

/// Gaps of one group against the others.
struct Departure {
    gaps: Vec<f64>,
    weights: Weights,
    /// Root of the mean squared gap before.
    error: f64,
    /// Mean gap after.
    after: f64,
}

impl Company {
    /// - `intercept`: each series without its mean before `first`.
    fn new(panel: &Panel<'_>, periods: usize, first: usize, intercept: bool) -> Self {
        let units = panel.units();
        let mut values = Vec::with_capacity(units * periods);
        for unit in 0..units {
            let own = &panel.of(unit)[..periods];
            let level = if intercept { mean(&own[..first]) } else { 0.0 };
            values.extend(own.iter().map(|value| value - level));
        }
        let before = |unit: usize| &values[unit * periods..unit * periods + first];
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut gram = vec![0.0; units * units];
        gram.par_chunks_mut(units.max(1))
            .enumerate()
            .for_each(|(i, row)| {
                for (j, cell) in row.iter_mut().enumerate() {
                    *cell = product(before(i), before(j));
                }
            });
        Self {
            values,
            gram,
            periods,
            units,
            first,
        }
    }

    fn average(&self, group: &[usize], period: usize) -> f64 {
        let own = group
            .iter()
            .map(|unit| self.values[unit * self.periods + period]);
        own.sum::<f64>() / group.len() as f64
    }

    /// How a group departs from those of `others` that are not in it.
    fn departure(&self, group: &[usize], others: &[usize]) -> Departure {
        let (n, size) = (self.units, group.len() as f64);
        let target: Vec<f64> = (0..n)
            .map(|j| group.iter().map(|i| self.gram[i * n + j]).sum::<f64>() / size)
            .collect();
        let donors: Vec<usize> = others
            .iter()
            .copied()
            .filter(|j| !group.contains(j))
            .collect();
        let weights = simplex_weights(&self.gram, n, &target, &donors);
        let used: Vec<usize> = donors
            .into_iter()
            .filter(|j| weights.of[*j] > 0.0)
            .collect();
        let gaps: Vec<f64> = (0..self.periods)
            .map(|period| {
                let at = |j: &usize| weights.of[*j] * self.values[j * self.periods + period];
                self.average(group, period) - used.iter().map(at).sum::<f64>()
            })
            .collect();
        let before = &gaps[..self.first];
        let error = (before.iter().map(|g| g * g).sum::<f64>() / before.len() as f64).sqrt();
        Departure {
            error,
            after: mean(&gaps[self.first..]),
            gaps,
            weights,
        }
    }
}

impl Departure {
    /// Departure after, in units of that before.
    fn ratio(&self, least: f64) -> f64 {
        self.after.abs() / self.error.max(least)
    }
}

/// Compares those changed with a weighted mean of the others, found on the periods before.
///
/// Several changed units are taken together, as their mean. Each placebo pretends that others were changed at the same
/// time: every single other unit, or as many groups of the size of those changed as `reading.draws` says. P-value and
/// interval compare the mean gap after with the root mean squared gap before.
///
/// Memory: 8 bytes for each pair of units.
///
/// - `intercept`: each unit is taken less its own mean before, so that the weighted others need have the course of those
///   changed, not their level.
///
/// # Errors
/// [`QuasiError`] when there is nothing after, fewer than 4 periods before, nobody or everybody was changed, or the level
/// is none.
/// # Source
/// Abadie, Diamond, Hainmueller (2010 and 2015), weights on outcomes alone; Ferman and Pinto (2021) for the intercept;
/// Firpo and Possebom (2018) for the interval.
pub fn synthetic_control(
    panel: &Panel<'_>,
    change: &Change<'_>,
    intercept: bool,
    reading: &Reading,
) -> Result<SyntheticControl, QuasiError> {
    change.check(panel)?;
    let alpha = reading.alpha()?;
    if change.first < BEFORE_MIN {
        return Err(QuasiError::NothingBefore { needed: BEFORE_MIN });
    }
    let side = |which: bool| -> Vec<usize> {
        (0..panel.units())
            .filter(|unit| change.treated[*unit] == which)
            .collect()
    };
    let (group, others) = (side(true), side(false));
    let groups = placebo_groups(&others, group.len(), reading);
    let company = Company::new(panel, panel.periods(), change.first, intercept);
    let found = company.departure(&group, &others);
    let placebos: Vec<Departure> = groups
        .par_iter()
        .map(|placebo| company.departure(placebo, &others))
        .collect();
    let own: Vec<f64> = (0..panel.periods())
        .map(|t| company.average(&group, t))
        .collect();
    let before = &own[..change.first];
    let middle = mean(before);
    let squares: f64 = before.iter().map(|value| (value - middle).powi(2)).sum();
    let spread = (squares / before.len() as f64).sqrt();
    // A fit is as good as the arithmetic at best.
    let least = 1e-9 * (spread + middle.abs());
    let p_value = share_as_far(&found, &placebos, least);
    let n = placebos.len() as f64 + 1.0;
    let bar = bar(&placebos, least, alpha);
    let after = group
        .iter()
        .map(|unit| mean(&panel.of(*unit)[change.first..]));
    let worst = placebos
        .iter()
        .chain([&found])
        .map(|d| d.weights.convergence);
    Ok(SyntheticControl {
        assumption: Assumption::SameCourse,
        point: found.after,
        effect: effect(&found, &placebos, bar, least, p_value, reading.level),
        p_value,
        p_least: 1.0 / n,
        placebos: placebos.len() as u64,
        treated_after: after.sum::<f64>() / group.len() as f64,
        treated: group.len() as u64,
        others: others.len() as u64,
        fit: Fit {
            error: found.error,
            spread,
            periods: change.first as u64,
            weighted: found.weights.of.iter().filter(|w| **w > 0.001).count() as u64,
        },
        in_time: in_time(panel, change.first, &group, &others, &groups, intercept),
        detectable: bar.map(|bar| four_of_five(&placebos, bar, least)),
        convergence: worst
            .reduce(|a, b| if a.gap >= b.gap { a } else { b })
            .unwrap_or(found.weights.convergence),
        weights: found.weights.of,
        gaps: found.gaps,
    })
}

/// Others of which a change is pretended; with one changed unit each of them, as far as the draws go.
fn placebo_groups(others: &[usize], size: usize, reading: &Reading) -> Vec<Vec<usize>> {
    let draws = reading.draws as usize;
    if size >= others.len() {
        // A placebo would have no others left.
        return Vec::new();
    }
    if size == 1 && others.len() <= draws {
        return others.iter().map(|unit| vec![*unit]).collect();
    }
    let mut random = stream(reading.seed, STREAM);
    let mut pool = others.to_vec();
    let mut drawn = |size: usize| {
        for place in 0..size {
            let other = random.random_range(place..pool.len());
            pool.swap(place, other);
        }
        pool[..size].to_vec()
    };
    if size == 1 {
        return drawn(draws).into_iter().map(|unit| vec![unit]).collect();
    }
    (0..draws).map(|_| drawn(size)).collect()
}

fn share_as_far(found: &Departure, placebos: &[Departure], least: f64) -> f64 {
    let observed = found.ratio(least) * (1.0 - 1e-10);
    let as_far = placebos
        .iter()
        .filter(|p| p.ratio(least) >= observed)
        .count();
    (1 + as_far) as f64 / (1 + placebos.len()) as f64
}

/// The ratio up to which nothing is told from the placebos; `None` where they are too few to tell anything.
fn bar(placebos: &[Departure], least: f64, alpha: f64) -> Option<f64> {
    // So many placebos beyond it are the fewest of which this one may be one without being told.
    let beyond = (alpha * (placebos.len() + 1) as f64 + 1e-9).floor() as usize;
    let mut ratios: Vec<f64> = placebos.iter().map(|p| p.ratio(least)).collect();
    ratios.sort_unstable_by(|a, b| b.total_cmp(a));
    ratios.get(beyond.checked_sub(1)?).copied()
}

fn effect(
    found: &Departure,
    placebos: &[Departure],
    bar: Option<f64>,
    least: f64,
    p_value: f64,
    level: f64,
) -> Effect {
    let Some(bar) = bar else {
        let needed = (1.0 / (1.0 - level) - 1e-9).ceil() as u64 - 1;
        return Effect::NotMeasurable(too_few("placebos", placebos.len() as u64, needed));
    };
    let scale = found.error.max(least);
    let squares: f64 = placebos.iter().map(|p| p.ratio(least).powi(2)).sum();
    let standard_error = scale * (squares / placebos.len() as f64).sqrt();
    if standard_error.is_nan() || standard_error <= 0.0 {
        return Effect::NotMeasurable(no_variation("the outcome between units"));
    }
    Effect::Measured(Size {
        point: found.after,
        standard_error,
        low: found.after - bar * scale,
        high: found.after + bar * scale,
        level,
        p_value,
        units: placebos.len() as u64 + 1,
    })
}

/// The effect that takes four placebos of five beyond the bar, in the direction of those that need more.
fn four_of_five(placebos: &[Departure], bar: f64, least: f64) -> f64 {
    let needed = |sign: f64| {
        let mut all: Vec<f64> = placebos
            .iter()
            .map(|p| bar * p.error.max(least) - sign * p.after)
            .collect();
        all.sort_unstable_by(f64::total_cmp);
        let place = (super::POWER * all.len() as f64).ceil() as usize;
        all[place.clamp(1, all.len()) - 1]
    };
    needed(1.0).max(needed(-1.0)).max(0.0)
}

/// Pretends the change in the last third of the periods before it.
fn in_time(
    panel: &Panel<'_>,
    first: usize,
    group: &[usize],
    others: &[usize],
    groups: &[Vec<usize>],
    intercept: bool,
) -> InTime {
    let pretended = first - (first / PRETENDED).max(1);
    if pretended < BEFORE_MIN {
        let what = "periods before the change to pretend one in";
        let needed = (BEFORE_MIN * PRETENDED).div_ceil(PRETENDED - 1) as u64;
        return InTime::NotMeasurable(too_few(what, first as u64, needed));
    }
    let company = Company::new(panel, first, pretended, intercept);
    let found = company.departure(group, others);
    let placebos: Vec<Departure> = groups
        .par_iter()
        .map(|placebo| company.departure(placebo, others))
        .collect();
    let own: Vec<f64> = (0..first).map(|t| company.average(group, t)).collect();
    let level = mean(&own[..pretended]);
    InTime::Pretended {
        first: pretended as u64,
        unaided: own[pretended..].iter().map(|value| value - level).collect(),
        p_value: share_as_far(&found, &placebos, 1e-9 * level.abs()),
        gaps: found.gaps[pretended..].to_vec(),
    }
}
