//! One regression by boosted trees.

use std::borrow::Cow;

use thiserror::Error;

use super::cross_fit::Size;
use super::features::{Features, gather};
use super::settings::Boosting;
use crate::boost::{self, Labels, Loss, Model, Table};

/// Trees that could not be learnt or read.
#[derive(Debug, Error)]
pub enum TreesError {
    /// What is known of customers could not be binned.
    #[error(transparent)]
    Table(#[from] boost::TableError),
    /// Trees could not be learnt.
    #[error(transparent)]
    Fit(#[from] boost::FitError),
    /// Trees could not be read.
    #[error(transparent)]
    Predict(#[from] boost::PredictError),
}

pub(super) type Result<T> = std::result::Result<T, TreesError>;

/// Rows to predict, row after row.
#[derive(Debug, Clone)]
pub(super) struct Values<'a> {
    values: Cow<'a, [f32]>,
    columns: usize,
}

impl<'a> Values<'a> {
    pub(super) fn new(values: impl Into<Cow<'a, [f32]>>, columns: usize) -> Self {
        Self {
            values: values.into(),
            columns,
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Margins of a model, which with squared loss are its predictions.
    pub(super) fn predicted_by(&self, model: &Model) -> Result<Vec<f64>> {
        Ok(model.margins(&self.values)?)
    }

    /// What each column adds, then the mean: rows × (columns + 1).
    pub(super) fn explained_by(&self, model: &Model) -> Result<Vec<f64>> {
        Ok(model.contributions(&self.values)?)
    }
}

/// Rows that share one table of bins, which is built once for every model learnt from them.
#[derive(Debug)]
pub(super) struct Matrix {
    values: Vec<f32>,
    table: Table,
}

impl Matrix {
    /// - `values`: row after row, not a number where missing.
    pub(super) fn new(values: Vec<f32>, columns: usize, bins: usize) -> Result<Self> {
        let table = Table::new(&values, columns, bins)?;
        Ok(Self { values, table })
    }

    /// What is known of the customers of a trial.
    pub(super) fn of(features: &Features, bins: usize) -> Result<Self> {
        Self::new(features.values().to_vec(), features.columns().len(), bins)
    }

    /// Some of the rows.
    pub(super) fn rows(&self, rows: &[usize]) -> Values<'static> {
        let columns = self.table.columns();
        Values::new(gather(&self.values, columns, rows), columns)
    }

    /// All rows.
    pub(super) fn all(&self) -> Values<'_> {
        Values::new(&self.values, self.table.columns())
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }
}

/// How columns may play together in a regression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// They do not: trees of one split, whose sum is a sum of functions of one column each.
    Additive,
    /// Trees of several splits.
    Interacting,
}

impl Form {
    /// Those of the shapes that have this form.
    pub(super) fn of(self, shapes: &[boost::Settings]) -> &[boost::Settings] {
        let split = shapes.partition_point(|shape| shape.depth_max == 1);
        match self {
            Self::Additive => &shapes[..split],
            Self::Interacting => &shapes[split..],
        }
    }
}

/// What one regression learns.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) form: Form,
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
            form: self.form,
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

    pub(super) fn labels(&self) -> Labels<'_> {
        Labels {
            rows: Some(&self.rows),
            target: &self.target,
            weight: self.weight.as_deref(),
        }
    }

    /// Learns the task to a known size.
    pub(super) fn learn(
        &self,
        matrix: &Matrix,
        shapes: &[boost::Settings],
        size: Size,
    ) -> Result<Model> {
        let labels = self.labels();
        let settings = &self.form.of(shapes)[size.shape];
        let mut booster =
            boost::Booster::new(matrix.table(), labels, None, Loss::Squared, settings)?;
        booster.advance(size.rounds);
        Ok(booster.finish(size.rounds))
    }
}

/// What the booster may be told: trees of one split, then the others, the shallowest first.
pub(super) fn shapes(boosting: &Boosting, seed: u64) -> Vec<boost::Settings> {
    let depths = boosting.depth_min..=boosting.depth_max;
    let of = |depth_max: usize| boost::Settings {
        seed,
        rounds_max: boosting.rounds_max,
        learning_rate: boosting.learning_rate,
        leaves_max: boosting.leaves_max,
        depth_max,
        // With squared loss second derivatives are the weights, so that a row counts as much as it weighs.
        leaf_rows_min: 1,
        leaf_hessian_min: boosting.leaf_rows_min as f64,
        l2: boosting.l2_rows,
        rows_share: boosting.rows_share,
        columns_share: boosting.columns_share,
        ..boost::Settings::default()
    };
    std::iter::once(1).chain(depths).map(of).collect()
}
