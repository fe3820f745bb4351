//! What is known of each customer before the treatment.

use std::collections::BTreeSet;

use thiserror::Error;

/// A matrix of customers × columns; a missing value is not a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    columns: Vec<String>,
    /// Row after row.
    values: Vec<f32>,
}

/// A matrix that cannot be learnt from.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FeaturesError {
    /// There is nothing to read.
    #[error("read features: {rows} rows of {columns} columns, at least 1 of each is needed")]
    Empty {
        /// Rows found.
        rows: usize,
        /// Columns found.
        columns: usize,
    },
    /// Values do not fill whole rows.
    #[error(
        "read features: {values} values do not fill rows of {columns} columns, their number must be a multiple of it"
    )]
    Ragged {
        /// Values found.
        values: usize,
        /// Columns.
        columns: usize,
    },
    /// Two columns have one name.
    #[error("read features: column `{column}` is there twice, names must differ")]
    Twice {
        /// The name.
        column: String,
    },
    /// A value is infinite.
    #[error(
        "read features: `{column}` of row {row} is {found}, it must be finite, or not a number where it is missing"
    )]
    Infinite {
        /// Column.
        column: String,
        /// Row, from 0.
        row: usize,
        /// Value found.
        found: f32,
    },
}

impl Features {
    /// A matrix from its rows.
    ///
    /// - `columns`: a name each, all different.
    /// - `values`: row after row, as many per row as there are columns; not a number where missing.
    ///
    /// # Errors
    /// [`FeaturesError`] when there is no row or column, rows are not whole, names repeat, or a value is infinite.
    pub fn new(columns: Vec<String>, values: Vec<f32>) -> Result<Self, FeaturesError> {
        if columns.is_empty() || values.is_empty() {
            return Err(FeaturesError::Empty {
                rows: values.len().checked_div(columns.len()).unwrap_or(0),
                columns: columns.len(),
            });
        }
        if !values.len().is_multiple_of(columns.len()) {
            return Err(FeaturesError::Ragged {
                values: values.len(),
                columns: columns.len(),
            });
        }
        let mut names = BTreeSet::new();
        if let Some(column) = columns.iter().find(|name| !names.insert(name.as_str())) {
            let column = column.clone();
            return Err(FeaturesError::Twice { column });
        }
        if let Some(at) = values.iter().position(|value| value.is_infinite()) {
            return Err(FeaturesError::Infinite {
                column: columns[at % columns.len()].clone(),
                row: at / columns.len(),
                found: values[at],
            });
        }
        Ok(Self { columns, values })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns.len()
    }

    /// Names of the columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Row after row.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Some of the rows, in the order given; repeats are allowed.
    ///
    /// `None` when no row is named or one of them does not exist.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Option<Self> {
        let there = rows.iter().all(|row| *row < self.rows());
        (there && !rows.is_empty()).then(|| Self {
            columns: self.columns.clone(),
            values: gather(&self.values, self.columns.len(), rows),
        })
    }
}

/// Rows of a matrix, in the order given.
pub(super) fn gather(values: &[f32], columns: usize, rows: &[usize]) -> Vec<f32> {
    let mut gathered = Vec::with_capacity(rows.len() * columns);
    for row in rows {
        gathered.extend_from_slice(&values[row * columns..(row + 1) * columns]);
    }
    gathered
}
