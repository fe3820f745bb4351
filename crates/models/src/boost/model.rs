//! A model learnt.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::contributions::Additive;
use super::error::PredictError;
use super::loss::Loss;
use super::tree::Tree;

/// Rows that one thread predicts at a time.
const BLOCK: usize = 1 << 10;

/// A constant and the trees that are added to it. Holds numbers, no code; serialisable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Model {
    stored: Stored,
}

/// What is written; read again only if every part fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    columns: usize,
    loss: Loss,
    base: f64,
    trees: Vec<Tree>,
}

/// A model with parts missing.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("read boosted trees: tree {tree} reads a column beyond the {columns} learnt from")]
    Column { tree: usize, columns: usize },
    #[error("read boosted trees: there are 0 columns, at least 1 is needed")]
    NoColumns,
    #[error("read boosted trees: the constant is {base}, it must be finite")]
    Base { base: f64 },
    #[error("read boosted trees: the loss is none")]
    Loss(#[source] super::FitError),
}

impl TryFrom<Stored> for Model {
    type Error = Broken;

    fn try_from(stored: Stored) -> Result<Self, Broken> {
        let (columns, base) = (stored.columns, stored.base);
        if columns == 0 {
            return Err(Broken::NoColumns);
        }
        if !base.is_finite() {
            return Err(Broken::Base { base });
        }
        stored.loss.check().map_err(Broken::Loss)?;
        let wrong = |tree: &Tree| !tree.reads_within(columns);
        match stored.trees.iter().position(wrong) {
            Some(tree) => Err(Broken::Column { tree, columns }),
            None => Ok(Self { stored }),
        }
    }
}

impl From<Model> for Stored {
    fn from(model: Model) -> Self {
        model.stored
    }
}

impl Model {
    pub(super) fn new(columns: usize, loss: Loss, base: f64) -> Self {
        let trees = Vec::new();
        Self {
            stored: Stored {
                columns,
                loss,
                base,
                trees,
            },
        }
    }

    pub(super) fn push(&mut self, tree: Tree) {
        self.stored.trees.push(tree);
    }

    /// The model after its first rounds only.
    #[must_use]
    pub fn after(mut self, rounds: usize) -> Self {
        self.stored.trees.truncate(rounds);
        self
    }

    /// Number of columns read.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.stored.columns
    }

    /// Number of trees.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.stored.trees.len()
    }

    /// The loss learnt by.
    #[must_use]
    pub fn loss(&self) -> Loss {
        self.stored.loss
    }

    /// Margins: what the constant and the trees add up to.
    ///
    /// - `values`: rows × columns, row after row; not a number where missing.
    ///
    /// # Errors
    /// [`PredictError`] when values do not fill rows.
    pub fn margins(&self, values: &[f32]) -> Result<Vec<f64>, PredictError> {
        self.check(values)?;
        let mut margins = vec![self.stored.base; values.len() / self.columns()];
        let rows = values.par_chunks(BLOCK * self.columns());
        let blocks = margins.par_chunks_mut(BLOCK).zip(rows);
        blocks.for_each(|(margins, rows)| self.add_trees(rows, margins));
        Ok(margins)
    }

    /// Predictions, in units of the target: a mean, a probability, or a quantile.
    ///
    /// - `values`: rows × columns, row after row; not a number where missing.
    ///
    /// # Errors
    /// [`PredictError`] when values do not fill rows.
    pub fn predict(&self, values: &[f32]) -> Result<Vec<f64>, PredictError> {
        let mut margins = self.margins(values)?;
        for margin in &mut margins {
            *margin = self.loss().prediction(*margin);
        }
        Ok(margins)
    }

    /// What each column adds to the margin of each row: rows × (columns + 1), the last being the mean margin of the
    /// rows learnt from. A row adds up to its margin.
    ///
    /// - `values`: rows × columns, row after row; not a number where missing.
    ///
    /// Time O(rows · leaves · depth²).
    ///
    /// # Errors
    /// [`PredictError`] when values do not fill rows.
    /// # Source
    /// Lundberg et al. (2020), algorithm 2: Shapley values whose unknown columns follow the rows that went each way.
    pub fn contributions(&self, values: &[f32]) -> Result<Vec<f64>, PredictError> {
        self.check(values)?;
        let trees: Vec<Additive<'_>> = self.stored.trees.iter().map(Additive::new).collect();
        let mean = self.stored.base + trees.iter().map(Additive::mean).sum::<f64>();
        let (columns, width) = (self.columns(), self.columns() + 1);
        let mut parts = vec![0.0; values.len() / columns * width];
        let rows = values.par_chunks(columns);
        let each = parts.par_chunks_mut(width).zip(rows);
        each.for_each(|(parts, row)| {
            parts[columns] = mean;
            for tree in &trees {
                tree.add(row, parts);
            }
        });
        Ok(parts)
    }

    /// By column, by how much its splits lessened twice the loss of the rows learnt from, as it looked at each split.
    #[must_use]
    pub fn gains(&self) -> Vec<f64> {
        let mut gains = vec![0.0; self.columns()];
        for split in self.stored.trees.iter().flat_map(|tree| &tree.splits) {
            gains[split.column as usize] += split.gain;
        }
        gains
    }

    /// Tree by tree, so that each stays in the cache for a block of rows.
    fn add_trees(&self, rows: &[f32], margins: &mut [f64]) {
        for tree in &self.stored.trees {
            let each = rows.chunks_exact(self.columns()).zip(&mut *margins);
            each.for_each(|(row, margin)| *margin += tree.values[tree.leaf(row)]);
        }
    }

    fn check(&self, values: &[f32]) -> Result<(), PredictError> {
        let columns = self.columns();
        if values.len().is_multiple_of(columns) {
            Ok(())
        } else {
            let values = values.len();
            Err(PredictError::Shape { values, columns })
        }
    }
}
