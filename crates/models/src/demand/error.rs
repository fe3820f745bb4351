//! Why demand cannot be learnt.

use crate::boost;
use crate::coherent::{ChoiceError, LearnError, ReconcileError, ShapeError};

/// Why series cannot stand side by side.
#[derive(Debug, thiserror::Error)]
pub enum PanelError {
    /// The weather is of other series.
    #[error("weather: expected a place and a kind for each of {series} series")]
    Weather {
        /// Series.
        series: usize,
    },
    /// Nothing to forecast.
    #[error("arrange the series: found {series} series of {known} periods, at least 1 of 1 needed")]
    Empty {
        /// Series found.
        series: usize,
        /// Periods found.
        known: usize,
    },
    /// Values do not fill the series.
    #[error("arrange the series: found {found} values, expected {series} series × {known} periods")]
    Values {
        /// Values found.
        found: usize,
        /// Series.
        series: usize,
        /// Periods.
        known: usize,
    },
    /// An infinite value.
    #[error("arrange the series: series {series} is infinite in period {period}")]
    Infinite {
        /// The series.
        series: usize,
        /// The period.
        period: usize,
    },
    /// What is known ahead does not fit the series.
    #[error(
        "arrange the series: column `{column}` does not have one row of all periods for each series"
    )]
    Column {
        /// The column.
        column: String,
    },
    /// A hierarchy of other series.
    #[error(
        "sum the series up: found a hierarchy of {leaves} leaves, expected one for each of {series} series"
    )]
    Leaves {
        /// Leaves found.
        leaves: usize,
        /// Series.
        series: usize,
    },
}

/// Why no forecast could be learnt.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// Too short.
    #[error("forecast {ahead} periods: found {known} periods of history, at least {needed} needed")]
    TooShort {
        /// Periods to forecast.
        ahead: usize,
        /// Periods of history.
        known: usize,
        /// Periods needed.
        needed: usize,
    },
    /// Nothing sold.
    #[error("no series sold anything in the periods that are learnt from")]
    NothingSold,
    /// The series cannot be summed up.
    #[error(transparent)]
    Panel(#[from] PanelError),
    /// No weights could be chosen by which forecasts agree.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// No weights could be learnt by which forecasts agree.
    #[error(transparent)]
    Learn(#[from] LearnError),
    /// Forecasts could not be made to agree.
    #[error(transparent)]
    Reconcile(#[from] ReconcileError),
    /// Forecasts do not fill the series.
    #[error("sum the forecasts up")]
    Sum(#[from] ShapeError),
    /// The values do not fit.
    #[error("bin the columns")]
    Table(#[from] boost::TableError),
    /// The trees could not be grown.
    #[error("boost the trees")]
    Boost(#[from] boost::FitError),
    /// The trees could not be asked.
    #[error("ask the trees")]
    Predict(#[from] boost::PredictError),
}
