//! Effects as a function of the customer, before they are shrunk.

use serde::{Deserialize, Serialize};

use super::boosted::{Result, Values};
use super::curve::Curve;
use crate::boost::{Loss, Model};

/// Effects of every arm, each a sum of models and perhaps of a curve.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Surface {
    /// Models that the arms share.
    pub(super) models: Vec<Model>,
    /// By arm, without the control.
    pub(super) arms: Vec<ArmSurface>,
}

/// Effect of one arm.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ArmSurface {
    /// What is added up.
    pub(super) terms: Vec<Term>,
    /// A curve of what a model predicts, added too.
    pub(super) curve: Option<Prognosis>,
    /// Mean over the customers learnt from, each counting as much as they tell.
    pub(super) centre: f64,
}

/// A curve of what a model predicts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Prognosis {
    /// Position of the model.
    pub(super) model: usize,
    pub(super) curve: Curve,
}

/// A model times a number.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Term {
    /// Position of the model.
    pub(super) model: usize,
    pub(super) coefficient: f64,
    /// Whether the model reads the arm as columns: then the term is what this arm changes.
    pub(super) reads_arm: bool,
}

impl Term {
    pub(super) fn of(model: usize, coefficient: f64) -> Self {
        Self {
            model,
            coefficient,
            reads_arm: false,
        }
    }
}

/// Rows to predict, plain and with the arm as columns.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    /// As they are.
    pub(super) plain: &'a Values<'a>,
    /// By arm, the control first: with that arm's columns. Empty where no model reads them.
    pub(super) armed: Vec<Values<'a>>,
}

/// Rows with one more column per treatment, 1 in the column of the arm.
pub(super) fn with_arm(
    values: &[f32],
    columns: usize,
    treatments: usize,
    arm_of: impl Fn(usize) -> usize,
) -> Vec<f32> {
    let mut wide = Vec::with_capacity(values.len() / columns * (columns + treatments));
    for (row, known) in values.chunks_exact(columns).enumerate() {
        wide.extend_from_slice(known);
        let arm = arm_of(row);
        wide.extend((1..=treatments).map(|treatment| f32::from(u8::from(treatment == arm))));
    }
    wide
}

impl<'a> Rows<'a> {
    pub(super) fn new(plain: &'a Values<'a>, surface: &Surface) -> Self {
        let reads_arm = |arm: &ArmSurface| arm.terms.iter().any(|term| term.reads_arm);
        let mut armed = Vec::new();
        if surface.arms.iter().any(reads_arm) {
            let (columns, treatments) = (plain.columns(), surface.arms.len());
            for arm in 0..=treatments {
                let wide = with_arm(plain.values(), columns, treatments, |_| arm);
                armed.push(Values::new(wide, columns + treatments));
            }
        }
        Self { plain, armed }
    }
}

/// What columns add to the effects of one arm.
#[derive(Debug)]
pub(super) struct Parts {
    /// Rows × columns.
    pub(super) of_columns: Vec<f64>,
    /// By row, what is left for a customer of whom nothing is known.
    pub(super) base: Vec<f64>,
}

impl Surface {
    /// No differences between customers.
    pub(super) fn flat(treatments: usize) -> Self {
        let arm = ArmSurface {
            terms: Vec::new(),
            curve: None,
            centre: 0.0,
        };
        Self {
            models: Vec::new(),
            arms: vec![arm; treatments],
        }
    }

    /// Effects by arm, without the control, then row, less the mean over the customers learnt from.
    pub(super) fn differences(&self, rows: &Rows<'_>) -> Result<Vec<Vec<f64>>> {
        let n = rows.plain.rows();
        // Each model that reads customers only predicts once for all arms.
        let plain = self.each_model(|model| rows.plain.predicted_by(model))?;
        let mut effects = Vec::with_capacity(self.arms.len());
        for (at, arm) in self.arms.iter().enumerate() {
            let mut effect = vec![-arm.centre; n];
            for term in &arm.terms {
                let change = if term.reads_arm {
                    let model = &self.models[term.model];
                    let treated = rows.armed[at + 1].predicted_by(model)?;
                    let control = rows.armed[0].predicted_by(model)?;
                    treated
                        .iter()
                        .zip(control)
                        .map(|(one, other)| one - other)
                        .collect()
                } else {
                    plain[term.model].clone()
                };
                for (sum, change) in effect.iter_mut().zip(change) {
                    *sum += term.coefficient * change;
                }
            }
            if let Some(Prognosis { model, curve }) = &arm.curve {
                for (sum, expected) in effect.iter_mut().zip(&plain[*model]) {
                    *sum += curve.value(*expected);
                }
            }
            effects.push(effect);
        }
        Ok(effects)
    }

    /// Sets the means to those over the given rows.
    ///
    /// - `weights`: by arm, then row.
    pub(super) fn centre_on(&mut self, rows: &Rows<'_>, weights: &[Vec<f64>]) -> Result<()> {
        let differences = self.differences(rows)?;
        for ((arm, differences), weights) in self.arms.iter_mut().zip(differences).zip(weights) {
            let pairs = differences.iter().zip(weights);
            let sum = pairs
                .map(|(difference, weight)| weight * difference)
                .sum::<f64>();
            arm.centre += sum / weights.iter().sum::<f64>();
        }
        Ok(())
    }

    /// What each column adds, by arm; parts of a row add up to [`Self::differences`], up to rounding.
    ///
    /// A curve's rise is split as the rise of what it reads: the integral of its slope along the straight way from a
    /// customer of whom nothing is known.
    ///
    /// # Source
    /// Lundberg et al. (2020), path-dependent SHAP values; Aumann and Shapley (1974) for the curve.
    pub(super) fn parts(&self, rows: &Rows<'_>) -> Result<Vec<Parts>> {
        let (n, columns) = (rows.plain.rows(), rows.plain.columns());
        let plain = self.each_model(|model| rows.plain.explained_by(model))?;
        let mut all = Vec::with_capacity(self.arms.len());
        for (at, arm) in self.arms.iter().enumerate() {
            let mut parts = Parts {
                of_columns: vec![0.0; n * columns],
                base: vec![-arm.centre; n],
            };
            for term in &arm.terms {
                if term.reads_arm {
                    let model = &self.models[term.model];
                    parts.add(&rows.armed[at + 1].explained_by(model)?, columns, |_| {
                        term.coefficient
                    });
                    parts.add(&rows.armed[0].explained_by(model)?, columns, |_| {
                        -term.coefficient
                    });
                } else {
                    parts.add(&plain[term.model], columns, |_| term.coefficient);
                }
            }
            if let Some(Prognosis { model, curve }) = &arm.curve {
                let width = columns + 1;
                let ends: Vec<(f64, f64)> = plain[*model]
                    .chunks_exact(width)
                    .map(|row| (row[columns], row.iter().sum()))
                    .collect();
                let slope = |row: usize| curve.slope_between(ends[row].0, ends[row].1);
                parts.add(&plain[*model], columns, slope);
                // The constant of the model itself is no rise.
                for (row, base) in parts.base.iter_mut().enumerate() {
                    let unknown = ends[row].0;
                    *base += curve.value(unknown) - slope(row) * unknown;
                }
            }
            all.push(parts);
        }
        Ok(all)
    }

    /// Reads something of each model that reads customers only; nothing of the others.
    fn each_model(&self, read: impl Fn(&Model) -> Result<Vec<f64>>) -> Result<Vec<Vec<f64>>> {
        let models = self.models.iter().enumerate();
        models
            .map(|(position, model)| {
                if self.is_read(position, true) {
                    Ok(Vec::new())
                } else {
                    read(model)
                }
            })
            .collect()
    }

    /// Whether a model is read with the arm as columns, or without.
    fn is_read(&self, position: usize, with_arm: bool) -> bool {
        let term = |term: &Term| term.model == position && term.reads_arm == with_arm;
        let curve = |read: &Prognosis| read.model == position && !with_arm;
        self.arms
            .iter()
            .any(|arm| arm.terms.iter().any(term) || arm.curve.iter().any(curve))
    }

    /// Whether every position is there and every model reads these columns, for surfaces read from outside.
    pub(super) fn is_whole(&self, columns: usize) -> bool {
        let wide = columns + self.arms.len();
        let reads = |position: usize, needed: usize| {
            let model = self.models.get(position);
            model.is_some_and(|model| model.columns() == needed && model.loss() == Loss::Squared)
        };
        let term = |term: &Term| reads(term.model, if term.reads_arm { wide } else { columns });
        let curve = |read: &Prognosis| reads(read.model, columns) && read.curve.is_whole();
        let one_way = |model| !(self.is_read(model, true) && self.is_read(model, false));
        (0..self.models.len()).all(one_way)
            && (self.arms.iter())
                .all(|arm| arm.terms.iter().all(term) && arm.curve.iter().all(curve))
    }
}

impl Parts {
    /// Adds contributions with their constant, rows × (columns + further ones + 1), each row times a number; what is
    /// not of the first columns goes to the base.
    fn add(&mut self, contributions: &[f64], columns: usize, times: impl Fn(usize) -> f64) {
        let rows = self.base.len();
        let width = contributions.len() / rows;
        for (row, found) in contributions.chunks_exact(width).enumerate() {
            let times = times(row);
            let (of_columns, rest) = found.split_at(columns);
            let sums = &mut self.of_columns[row * columns..(row + 1) * columns];
            for (sum, part) in sums.iter_mut().zip(of_columns) {
                *sum += times * part;
            }
            self.base[row] += times * rest.iter().sum::<f64>();
        }
    }
}
