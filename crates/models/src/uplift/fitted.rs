//! Effects learnt: prediction with intervals, and why.

use math::tails::normal_upper_quantile;
use serde::{Deserialize, Serialize};

use super::average::AverageEffect;
use super::boosted::Values;
use super::effects::{Effects, Explanations};
use super::error::PredictError;
use super::features::Features;
use super::learner::Learner;
use super::pool::{rise, rising_blocks};
use super::shrink::Shrinkage;
use super::surface::{Rows, Surface};

/// What is known of one arm against the control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmEffects {
    /// Name of the arm.
    pub name: String,
    /// Its average effect.
    pub average: AverageEffect,
    /// The average in which customers count as much as they tell: outcomes of those from whom much is expected scatter
    /// more. Where effects differ between customers it is not the effect on all of them together.
    pub level: AverageEffect,
    /// How far effects of customers are drawn to it.
    pub shrinkage: Shrinkage,
}

impl ArmEffects {
    /// What differences between customers are added to: the level as far as they are kept, the average as far as not.
    fn anchor(&self) -> f64 {
        let kept = self.shrinkage.weight;
        kept * self.level.effect + (1.0 - kept) * self.average.effect
    }

    /// Its standard error, as if both were measured on the same customers alone, which is the larger one.
    fn anchor_error(&self) -> f64 {
        let kept = self.shrinkage.weight;
        kept * self.level.standard_error + (1.0 - kept) * self.average.standard_error
    }
}

/// Effects learnt from a trial. Holds trees and numbers, no code; serialisable.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Fitted {
    stored: Stored,
}

/// What is written; read again only if every part is there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    learner: Learner,
    columns: Vec<String>,
    arms: Vec<ArmEffects>,
    families: Vec<Vec<usize>>,
    surface: Surface,
    refits: Vec<Surface>,
}

/// Effects with parts missing.
#[derive(Debug, thiserror::Error)]
#[error(
    "read effects: {part} does not fit the {arms} arms and {columns} columns they were learnt from"
)]
struct Broken {
    part: &'static str,
    arms: usize,
    columns: usize,
}

impl TryFrom<Stored> for Fitted {
    type Error = Broken;

    fn try_from(stored: Stored) -> Result<Self, Broken> {
        let (arms, columns) = (stored.arms.len(), stored.columns.len());
        let whole = |surface: &Surface| surface.arms.len() == arms && surface.is_whole(columns);
        let known = |arm: &usize| (1..=arms).contains(arm);
        let parts = [
            ("a model", whole(&stored.surface)),
            ("a refit", stored.refits.iter().all(whole)),
            ("a family", stored.families.iter().flatten().all(known)),
        ];
        match parts.into_iter().find(|(_, whole)| !whole) {
            Some((part, _)) => Err(Broken {
                part,
                arms,
                columns,
            }),
            None => Ok(Self { stored }),
        }
    }
}

impl From<Fitted> for Stored {
    fn from(fitted: Fitted) -> Self {
        fitted.stored
    }
}

impl Fitted {
    pub(super) fn new(
        learner: Learner,
        columns: Vec<String>,
        arms: Vec<ArmEffects>,
        families: Vec<Vec<usize>>,
        surface: Surface,
        refits: Vec<Surface>,
    ) -> Self {
        Self {
            stored: Stored {
                learner,
                columns,
                arms,
                families,
                surface,
                refits,
            },
        }
    }

    /// Which learner this is.
    #[must_use]
    pub fn learner(&self) -> Learner {
        self.stored.learner
    }

    /// Columns read, in this order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.stored.columns
    }

    /// Arms, without the control.
    #[must_use]
    pub fn arms(&self) -> &[ArmEffects] {
        &self.stored.arms
    }

    /// Effect of every arm on every row, with an interval.
    ///
    /// - `features`: the columns learnt from, in their order.
    /// - `level`: how often an interval should hold the effect of its customer, above 0 and below 1.
    ///
    /// The interval is normal. Its variance is that of the average effect, plus that of the difference from it (from
    /// refits to halves of the rows), plus what shrinking left out (see [`Shrinkage`]). Differences between customers
    /// that no column tells are not in it. Within a family the effect does not fall with depth; ends of intervals are
    /// put in order in the same way.
    ///
    /// # Errors
    /// [`PredictError`] when columns differ from those learnt from or the level is none.
    /// # Source
    /// Politis, Romano and Wolf (1999): the spread over halves drawn without replacement is that of the whole.
    pub fn predict(&self, features: &Features, level: f64) -> Result<Effects, PredictError> {
        if !(level > 0.0 && level < 1.0) {
            return Err(PredictError::Level { found: level });
        }
        let data = self.matrix(features)?;
        let of = |surface: &Surface| {
            let differences = surface.differences(&Rows::new(&data, surface));
            differences.map_err(PredictError::Trees)
        };
        let differences = of(&self.stored.surface)?;
        let (rows, arms) = (features.rows(), self.arms().len());
        let mut spread = Spread::new(rows * arms);
        for refit in &self.stored.refits {
            spread.add(&of(refit)?);
        }
        let quantile = normal_upper_quantile(0.5 * (1.0 - level));
        let mut effects = Effects {
            arms,
            point: vec![0.0; rows * arms],
            low: vec![0.0; rows * arms],
            high: vec![0.0; rows * arms],
        };
        for (at, arm) in self.arms().iter().enumerate() {
            let weight = arm.shrinkage.weight;
            let common = arm.anchor_error().powi(2) + arm.shrinkage.left_variance();
            for (row, difference) in differences[at].iter().enumerate() {
                let own = weight * weight * spread.variance(at * rows + row);
                let reach = quantile * (common + own).sqrt();
                let point = arm.anchor() + weight * difference;
                effects.point[row * arms + at] = point;
                effects.low[row * arms + at] = point - reach;
                effects.high[row * arms + at] = point + reach;
            }
        }
        for values in [&mut effects.point, &mut effects.low, &mut effects.high] {
            for row in values.chunks_exact_mut(arms) {
                self.put_in_order(row);
            }
        }
        Ok(effects)
    }

    /// What each column adds to the effect of every arm on every row.
    ///
    /// Contributions and base add up to the effect of [`Self::predict`]; rounding is in the base. Arms of a family that
    /// share an effect share its explanation.
    ///
    /// # Errors
    /// [`PredictError`] when columns differ from those learnt from.
    /// # Source
    /// Lundberg et al. (2020), path-dependent SHAP values of trees.
    pub fn explain(&self, features: &Features) -> Result<Explanations, PredictError> {
        let data = self.matrix(features)?;
        let surface = &self.stored.surface;
        let seen = Rows::new(&data, surface);
        let parts = surface.parts(&seen).map_err(PredictError::Trees)?;
        let differences = surface.differences(&seen).map_err(PredictError::Trees)?;
        let (rows, arms, columns) = (features.rows(), self.arms().len(), self.columns().len());
        let mut explanations = Explanations {
            columns,
            arms,
            base: vec![0.0; rows * arms],
            parts: vec![0.0; rows * arms * columns],
        };
        for (at, arm) in self.arms().iter().enumerate() {
            let weight = arm.shrinkage.weight;
            for (row, difference) in differences[at].iter().enumerate() {
                let cell = row * arms + at;
                let found = &parts[at].of_columns[row * columns..(row + 1) * columns];
                let sum: f64 = found.iter().sum();
                explanations.base[cell] = arm.anchor() + weight * (difference - sum);
                let own = &mut explanations.parts[cell * columns..(cell + 1) * columns];
                for (own, part) in own.iter_mut().zip(found) {
                    *own = weight * part;
                }
            }
        }
        for row in 0..rows {
            self.share_in_order(row, &mut explanations);
        }
        Ok(explanations)
    }

    /// The rows as the trees read them.
    fn matrix<'a>(&self, features: &'a Features) -> Result<Values<'a>, PredictError> {
        let (found, expected) = (features.columns(), self.columns());
        if found.len() != expected.len() {
            return Err(PredictError::Columns {
                found: found.len(),
                expected: expected.len(),
            });
        }
        if let Some(position) = (0..found.len()).find(|at| found[*at] != expected[*at]) {
            return Err(PredictError::Column {
                position,
                found: found[position].clone(),
                expected: expected[position].clone(),
            });
        }
        Ok(Values::new(features.values(), found.len()))
    }

    /// Lets the values of a row, one per arm, not fall with depth.
    fn put_in_order(&self, row: &mut [f64]) {
        for family in &self.stored.families {
            let mut values: Vec<f64> = family.iter().map(|arm| row[arm - 1]).collect();
            rise(&mut values);
            for (arm, value) in family.iter().zip(values) {
                row[arm - 1] = value;
            }
        }
    }

    /// Gives arms that share an effect the mean of their explanations.
    fn share_in_order(&self, row: usize, explanations: &mut Explanations) {
        let (arms, columns) = (explanations.arms, explanations.columns);
        for family in &self.stored.families {
            let cells: Vec<usize> = family.iter().map(|arm| row * arms + arm - 1).collect();
            let effects: Vec<f64> = cells
                .iter()
                .map(|cell| explanations.effect_at(*cell))
                .collect();
            for block in rising_blocks(&effects) {
                let cells = &cells[block];
                let share = 1.0 / cells.len() as f64;
                let base: f64 = cells
                    .iter()
                    .map(|cell| share * explanations.base[*cell])
                    .sum();
                for cell in cells {
                    explanations.base[*cell] = base;
                }
                for column in 0..columns {
                    let at = |cell: &usize| cell * columns + column;
                    let mean: f64 = cells
                        .iter()
                        .map(|cell| share * explanations.parts[at(cell)])
                        .sum();
                    for cell in cells {
                        explanations.parts[at(cell)] = mean;
                    }
                }
            }
        }
    }
}

/// Variance over refits, value by value.
struct Spread {
    count: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Spread {
    fn new(values: usize) -> Self {
        Self {
            count: 0.0,
            mean: vec![0.0; values],
            squares: vec![0.0; values],
        }
    }

    /// Adds a refit: one value per arm and row, by arm.
    fn add(&mut self, by_arm: &[Vec<f64>]) {
        self.count += 1.0;
        for (at, value) in by_arm.iter().flatten().enumerate() {
            let off = value - self.mean[at];
            self.mean[at] += off / self.count;
            self.squares[at] += off * (value - self.mean[at]);
        }
    }

    /// 0 without refits.
    fn variance(&self, at: usize) -> f64 {
        if self.count < 2.0 {
            0.0
        } else {
            self.squares[at] / (self.count - 1.0)
        }
    }
}
