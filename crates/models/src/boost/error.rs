//! What stops learning or predicting.

use thiserror::Error;

/// Values that are no table.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TableError {
    /// Values do not fill whole rows, or there are none.
    #[error(
        "bin a table: {values} values do not fill rows of {columns} columns, at least 1 whole row is needed"
    )]
    Shape {
        /// Values found.
        values: usize,
        /// Columns asked for.
        columns: usize,
    },
    /// There are more rows than can be numbered.
    #[error("bin a table: there are {found} rows, at most {most} are allowed")]
    Rows {
        /// Rows found.
        found: usize,
        /// Rows allowed.
        most: usize,
    },
    /// The number of bins is out of range.
    #[error("bin a table: {found} bins were asked for, allowed is 2 to {most}")]
    Bins {
        /// Bins asked for.
        found: usize,
        /// Bins allowed, [`super::BINS_MAX`].
        most: usize,
    },
    /// A value is infinite.
    #[error(
        "bin a table: column {column} of row {row} is {found}, it must be finite, or not a number where it is missing"
    )]
    Infinite {
        /// Column, from 0.
        column: usize,
        /// Row, from 0.
        row: usize,
        /// Value found.
        found: f32,
    },
}

/// Trees that cannot be learnt.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FitError {
    /// A setting is out of range.
    #[error("boost trees: `{setting}` is {found}, allowed is {allowed}")]
    Setting {
        /// Setting.
        setting: &'static str,
        /// Value found.
        found: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Targets, weights or constraints do not fit the table.
    #[error("boost trees: there are {found} {what}, needed are {needed}")]
    Lengths {
        /// What was counted.
        what: &'static str,
        /// Number found.
        found: usize,
        /// Number needed.
        needed: usize,
    },
    /// There is nothing to learn from.
    #[error("boost trees: there are 0 rows to {purpose}, at least 1 is needed")]
    NoRows {
        /// What they are needed for.
        purpose: &'static str,
    },
    /// A row is named that the table does not have.
    #[error("boost trees: row {found} is named, the table has {rows} rows")]
    UnknownRow {
        /// Row named.
        found: usize,
        /// Rows of the table.
        rows: usize,
    },
    /// A target is not one that the loss can read.
    #[error("boost trees: the target at {position} is {found}, {loss} loss allows {allowed}")]
    Target {
        /// Position among the targets, from 0.
        position: usize,
        /// Value found.
        found: f64,
        /// Name of the loss.
        loss: &'static str,
        /// What is allowed.
        allowed: &'static str,
    },
    /// All targets are at one end of what the loss can read, so that the best constant is infinite.
    #[error("boost trees: all targets are {value}, {loss} loss has no finite constant for it")]
    OneSided {
        /// The one value.
        value: f64,
        /// Name of the loss.
        loss: &'static str,
    },
    /// A weight is not above 0, or too large.
    #[error("boost trees: the weight at {position} is {found}, allowed is above 0, at most 1e18")]
    Weight {
        /// Position among the weights, from 0.
        position: usize,
        /// Value found.
        found: f64,
    },
    /// Leaves of quantile loss take quantiles of residuals, which no bound holds in order.
    #[error("boost trees: quantile loss allows no monotone constraint, column {column} has one")]
    MonotoneQuantile {
        /// Column, from 0.
        column: usize,
    },
}

/// Rows that cannot be predicted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PredictError {
    /// Values do not fill whole rows.
    #[error(
        "predict by trees: {values} values do not fill rows of the {columns} columns learnt from"
    )]
    Shape {
        /// Values found.
        values: usize,
        /// Columns learnt from.
        columns: usize,
    },
}
