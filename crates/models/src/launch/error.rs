//! Why demand of a launch cannot be told.

use crate::boost;

/// Why an estimate cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum EstimateError {
    /// A number is infinite or none.
    #[error("read the estimate: {which} is {found}, expected a finite number of units")]
    NotFinite {
        /// Which of the three.
        which: &'static str,
        /// What was found.
        found: f64,
    },
    /// Less than nothing.
    #[error("read the estimate: low is {found}, expected at least 0")]
    Negative {
        /// What was found.
        found: f64,
    },
    /// Nothing is held likely.
    #[error("read the estimate: likely is {found}, expected above 0")]
    Nothing {
        /// What was found.
        found: f64,
    },
    /// The three contradict each other.
    #[error("read the estimate: found {low}, {likely}, {high}, expected low ≤ likely ≤ high")]
    Order {
        /// Least.
        low: f64,
        /// Likely.
        likely: f64,
        /// Most.
        high: f64,
    },
}

/// Why a launch cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PastError {
    /// It is never open.
    #[error("read launch `{launch}`: open for 0 hours, expected at least 1")]
    NoTime {
        /// The launch.
        launch: String,
    },
    /// It has other columns.
    #[error("read launch `{launch}`: found {found} {what}, expected {expected}")]
    Columns {
        /// The launch.
        launch: String,
        /// Labels or numbers.
        what: &'static str,
        /// How many.
        found: usize,
        /// As many as there are names.
        expected: usize,
    },
    /// A number that is none.
    #[error("read launch `{launch}`: `{column}` is {found}, expected a finite number or none")]
    Number {
        /// The launch.
        launch: String,
        /// The column.
        column: String,
        /// What was found.
        found: f64,
    },
    /// It sold for longer than it was open.
    #[error("read launch `{launch}`: found {found} hours of sales, open for {open}")]
    Hours {
        /// The launch.
        launch: String,
        /// Hours found.
        found: usize,
        /// Hours open.
        open: u32,
    },
    /// Hours sold more than the whole.
    #[error("read launch `{launch}`: {found} units in its hours, {total} in all")]
    MoreThanAll {
        /// The launch.
        launch: String,
        /// Units in its hours.
        found: u64,
        /// Units in all.
        total: u64,
    },
}

/// Why nothing could be learnt.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// No launch is over.
    #[error("learn from past launches: found none, at least 1 needed")]
    NoPast,
    /// All ran out of stock.
    #[error(
        "learn from past launches: the stock of all {launches} ran out, at least 1 that was not sold out needed"
    )]
    AllCensored {
        /// Launches found.
        launches: usize,
    },
    /// No launch has an estimate beside its demand.
    #[error("calibrate estimates: none of {launches} past launches has a merchant and an estimate")]
    NoEstimates {
        /// Launches found.
        launches: usize,
    },
    /// No launch has hours.
    #[error("learn curves: none of {launches} past launches has hours in which something was sold")]
    NoHours {
        /// Launches found.
        launches: usize,
    },
    /// A setting is out of range.
    #[error("learn from past launches: {setting} is {found}, expected {allowed}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What was found.
        found: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A launch does not fit.
    #[error("learn from past launches")]
    Past(#[from] PastError),
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

/// Why hours cannot correct a forecast.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum UpdateError {
    /// More hours than the launch is open.
    #[error("correct the forecast: found {found} hours of sales, open for {open}")]
    Hours {
        /// Hours found.
        found: usize,
        /// Hours open.
        open: u32,
    },
    /// Sold out with less than was sold before.
    #[error("correct the forecast: sold out at {stock} units, {sold} sold in the hours before")]
    SoldOut {
        /// Units in all.
        stock: u64,
        /// Units before.
        sold: u64,
    },
    /// Weights do not fit the clusters.
    #[error("correct the forecast: found {found} weights of clusters, expected {expected}")]
    Clusters {
        /// Weights found.
        found: usize,
        /// Clusters.
        expected: usize,
    },
}

/// Why a forecast cannot be corrected.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ForecastError {
    /// No past launch had hours.
    #[error("correct the forecast: no past launch had hours to learn curves from")]
    NoCurves,
    /// The hours do not fit.
    #[error(transparent)]
    Update(#[from] UpdateError),
}
