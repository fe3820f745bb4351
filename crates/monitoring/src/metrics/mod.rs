//! Counters, gauges and response times, kept without a lock and told in the text format of Prometheus.
//!
//! A series is asked for once, when a route or a product is set up, and kept: recording in it takes no lock and
//! allocates nothing. Names, help and labels come from [`Indicator`], so no two places can name the same thing twice.

mod exposition;
mod indicator;
mod series;

pub use exposition::CONTENT_TYPE;
pub use indicator::{Indicator, Kind, Label};
pub use series::{Counter, Gauge, ResponseTimes};

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most series of one registry. A label that holds something endless, such as a customer, is refused before it costs
/// the memory of this process and of the monitoring system.
pub const SERIES_MAX: usize = 10_000;

/// Why there is no such series.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    /// The indicator is of another kind.
    #[error("open `{}` as a {asked}: it is a {}", indicator.name(), indicator.kind())]
    Kind {
        /// The indicator.
        indicator: Indicator,
        /// What it was taken for.
        asked: Kind,
    },
    /// The labels are not those of the indicator.
    #[error(
        "open `{}` with the labels {}: allowed are {}",
        indicator.name(), indicator::listed(found), indicator::listed(indicator.labels())
    )]
    Labels {
        /// The indicator.
        indicator: Indicator,
        /// The labels given.
        found: Vec<Label>,
    },
    /// There are too many already.
    #[error("open `{}`: {SERIES_MAX} series are open, the most allowed", indicator.name())]
    TooMany {
        /// The indicator.
        indicator: Indicator,
    },
}

/// The values of the labels of one series, in the order of [`Label`].
type Values = BTreeMap<Label, String>;

#[derive(Debug, Clone)]
enum Series {
    Counter(Arc<Counter>),
    Gauge(Arc<Gauge>),
    ResponseTimes(Arc<ResponseTimes>),
}

/// All series of one process.
#[derive(Debug, Default)]
pub struct Registry {
    series: Mutex<BTreeMap<(Indicator, Values), Series>>,
}

impl Registry {
    /// Opens a counter, or the one that is open already.
    ///
    /// # Errors
    /// [`SeriesError`] when the indicator is no counter, its labels are others, or too many series are open.
    pub fn counter(
        &self,
        indicator: Indicator,
        labels: &[(Label, &str)],
    ) -> Result<Arc<Counter>, SeriesError> {
        let new = || Series::Counter(Arc::default());
        match self.open(indicator, Kind::Counter, labels, new)? {
            Series::Counter(counter) => Ok(counter),
            Series::Gauge(_) | Series::ResponseTimes(_) => Err(SeriesError::Kind {
                indicator,
                asked: Kind::Counter,
            }),
        }
    }

    /// Opens a gauge, or the one that is open already. It is not told until it is set.
    ///
    /// # Errors
    /// [`SeriesError`] when the indicator is no gauge, its labels are others, or too many series are open.
    pub fn gauge(
        &self,
        indicator: Indicator,
        labels: &[(Label, &str)],
    ) -> Result<Arc<Gauge>, SeriesError> {
        let new = || Series::Gauge(Arc::default());
        match self.open(indicator, Kind::Gauge, labels, new)? {
            Series::Gauge(gauge) => Ok(gauge),
            Series::Counter(_) | Series::ResponseTimes(_) => Err(SeriesError::Kind {
                indicator,
                asked: Kind::Gauge,
            }),
        }
    }

    /// Opens response times, or those that are open already.
    ///
    /// # Errors
    /// [`SeriesError`] when the indicator holds no times, its labels are others, or too many series are open.
    pub fn response_times(
        &self,
        indicator: Indicator,
        labels: &[(Label, &str)],
    ) -> Result<Arc<ResponseTimes>, SeriesError> {
        let new = || Series::ResponseTimes(Arc::default());
        match self.open(indicator, Kind::Histogram, labels, new)? {
            Series::ResponseTimes(times) => Ok(times),
            Series::Counter(_) | Series::Gauge(_) => Err(SeriesError::Kind {
                indicator,
                asked: Kind::Histogram,
            }),
        }
    }

    fn open(
        &self,
        indicator: Indicator,
        asked: Kind,
        labels: &[(Label, &str)],
        new: impl FnOnce() -> Series,
    ) -> Result<Series, SeriesError> {
        if indicator.kind() != asked {
            return Err(SeriesError::Kind { indicator, asked });
        }
        let values: Values = labels
            .iter()
            .map(|(label, value)| (*label, (*value).to_owned()))
            .collect();
        if labels.len() != values.len() || !values.keys().eq(indicator.labels()) {
            return Err(SeriesError::Labels {
                indicator,
                found: labels.iter().map(|l| l.0).collect(),
            });
        }
        let mut series = self.series.lock();
        if let Some(open) = series.get(&(indicator, values.clone())) {
            return Ok(open.clone());
        }
        if series.len() >= SERIES_MAX {
            return Err(SeriesError::TooMany { indicator });
        }
        let opened = new();
        series.insert((indicator, values), opened.clone());
        Ok(opened)
    }

    /// All series in the text format of Prometheus, version 0.0.4, by name and label values.
    ///
    /// Recording goes on meanwhile; opening a series waits.
    #[must_use]
    pub fn exposition(&self) -> String {
        let all = self.series.lock().clone();
        exposition::text(&all)
    }
}
