//! One regression by boosted trees.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hessboost::config::{TrainingParams, TreeMethod};
use hessboost::data::{DMatrix, ViewCuts};
use hessboost::error::{HessboostError, Result};
use hessboost::model::{BoostedModel, Iterations, ModelFormat};
use hessboost::objective::{Objective, RegLoss};
use hessboost::training::Trainer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::settings::Boosting;

/// Rows that share one table of bins, which is built once for every model learnt from them.
#[derive(Debug)]
pub(super) struct Matrix {
    data: DMatrix,
}

impl Matrix {
    /// - `values`: row after row, not a number where missing.
    pub(super) fn new(values: Vec<f32>, columns: usize) -> Result<Self> {
        let rows = values.len() / columns;
        let data = DMatrix::from_dense_vec(values, rows, columns)?;
        Ok(Self { data })
    }

    /// Some of the rows, without labels.
    pub(super) fn rows(&self, rows: &[usize]) -> Result<DMatrix> {
        self.data.select_rows_with_cuts(rows, ViewCuts::Source)
    }

    /// All rows, without labels.
    pub(super) fn all(&self) -> &DMatrix {
        &self.data
    }

    /// The rows of a task with their targets, less `intercept`, as labels.
    pub(super) fn labelled(&self, task: &Task, intercept: f64) -> Result<DMatrix> {
        let labels: Vec<f32> = task
            .target
            .iter()
            .map(|value| (value - intercept) as f32)
            .collect();
        let view = self.rows(&task.rows)?.with_labels(&labels)?;
        match &task.weight {
            Some(weight) => {
                let weight: Vec<f32> = weight.iter().map(|value| *value as f32).collect();
                view.with_weights(&weight)
            }
            None => Ok(view),
        }
    }
}

/// What one regression learns.
#[derive(Debug, Clone)]
pub(super) struct Task {
    /// Rows of the matrix, rising.
    pub(super) rows: Vec<usize>,
    /// Target of each of these rows.
    pub(super) target: Vec<f64>,
    /// Weight of each of these rows, above 0; 1 where there is none.
    pub(super) weight: Option<Vec<f64>>,
}

impl Task {
    /// The task on those of its rows that are kept.
    pub(super) fn only(&self, keep: impl Fn(usize) -> bool) -> Self {
        let kept: Vec<usize> = (0..self.rows.len())
            .filter(|at| keep(self.rows[*at]))
            .collect();
        let of = |values: &[f64]| kept.iter().map(|at| values[*at]).collect();
        Self {
            rows: kept.iter().map(|at| self.rows[*at]).collect(),
            target: of(&self.target),
            weight: self.weight.as_deref().map(of),
        }
    }

    /// Sum of the weights.
    pub(super) fn weight_sum(&self) -> f64 {
        match &self.weight {
            Some(weight) => weight.iter().sum(),
            None => self.rows.len() as f64,
        }
    }

    /// Weighted mean of the target.
    pub(super) fn mean(&self) -> f64 {
        let sum: f64 = match &self.weight {
            Some(weight) => weight.iter().zip(&self.target).map(|(w, y)| w * y).sum(),
            None => self.target.iter().sum(),
        };
        sum / self.weight_sum()
    }

    /// Weighted sum of squares of the target around a value.
    pub(super) fn squares_around(&self, value: f64) -> f64 {
        let square = |y: &f64| (y - value).powi(2);
        match &self.weight {
            Some(weight) => weight
                .iter()
                .zip(&self.target)
                .map(|(w, y)| w * square(y))
                .sum(),
            None => self.target.iter().map(square).sum(),
        }
    }
}

/// What the booster is told.
pub(super) fn parameters(boosting: &Boosting, seed: u64) -> Result<TrainingParams> {
    TrainingParams::builder()
        .objective(Objective::SquaredError(RegLoss::default()))
        .base_score(0.0)
        .tree_method(TreeMethod::Hist)
        .seed(seed)
        .eta(boosting.learning_rate)
        .max_depth(boosting.depth)
        .min_child_weight(boosting.leaf_rows_min as f64)
        .lambda(boosting.l2_rows)
        .max_bin(boosting.bins)
        .subsample(boosting.rows_share)
        .colsample_bytree(boosting.columns_share)
        .build()
}

/// A regression learnt: a constant and the trees that are added to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Boosted {
    intercept: f64,
    /// None where no tree predicted better than the constant.
    #[serde(serialize_with = "encode", deserialize_with = "decode")]
    trees: Option<BoostedModel>,
}

impl Boosted {
    pub(super) fn new(intercept: f64, trees: Option<BoostedModel>) -> Self {
        Self { intercept, trees }
    }

    /// Learns a task with a known number of rounds.
    pub(super) fn fit(
        matrix: &Matrix,
        task: &Task,
        parameters: &TrainingParams,
        rounds: usize,
    ) -> Result<Self> {
        let intercept = task.mean();
        let trees = if rounds == 0 {
            None
        } else {
            let data = matrix.labelled(task, intercept)?;
            Some(Trainer::new(parameters, &data, rounds).train()?.model)
        };
        Ok(Self { intercept, trees })
    }

    /// Predictions of the rows of a matrix.
    pub(super) fn predict(&self, data: &DMatrix) -> Result<Vec<f64>> {
        match &self.trees {
            None => Ok(vec![self.intercept; data.n_rows()]),
            Some(trees) => {
                let margins = trees.predict_margin(data, Iterations::Best)?;
                let add = |margin: &f32| self.intercept + f64::from(*margin);
                Ok(margins.as_slice().iter().map(add).collect())
            }
        }
    }

    /// What each column adds to the prediction of each row, then the constant: rows × (columns + 1).
    pub(super) fn contributions(&self, data: &DMatrix) -> Result<Vec<f64>> {
        let width = data.n_cols() + 1;
        let mut parts = match &self.trees {
            None => vec![0.0; data.n_rows() * width],
            Some(trees) => {
                let parts = trees.predict_contribs(data, Iterations::Best)?;
                parts
                    .as_slice()
                    .iter()
                    .map(|part| f64::from(*part))
                    .collect()
            }
        };
        for row in parts.chunks_exact_mut(width) {
            row[width - 1] += self.intercept;
        }
        Ok(parts)
    }

    /// Columns read; none where there are no trees.
    pub(super) fn columns(&self) -> Option<usize> {
        self.trees.as_ref().map(BoostedModel::n_features)
    }
}

/// Trees in the booster's own binary format, which later releases keep reading, as text.
fn encode<S: Serializer>(
    trees: &Option<BoostedModel>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    let text = trees.as_ref().map(|trees| {
        let bytes = trees.encode(ModelFormat::Binary);
        bytes.map(|bytes| BASE64_STANDARD.encode(bytes))
    });
    let text = text.transpose().map_err(serde::ser::Error::custom)?;
    text.serialize(serializer)
}

fn decode<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<BoostedModel>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let bytes = BASE64_STANDARD
        .decode(text)
        .map_err(serde::de::Error::custom)?;
    let trees: std::result::Result<BoostedModel, HessboostError> =
        BoostedModel::decode(bytes, ModelFormat::Binary);
    trees.map(Some).map_err(serde::de::Error::custom)
}
