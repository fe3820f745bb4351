//! Past forecasts and what came of them.

use super::error::{LearnError, ShapeError};
use super::hierarchy::{Hierarchy, check_shape};

/// Variances are at least this share of the mean of their level: no forecast is certain because it was right in a few
/// periods, as of what never sold.
const VARIANCE_MIN_SHARE: f64 = 1e-6;

/// Forecasts of all nodes from one day of the past, and what came of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window<'a> {
    /// What was forecast: nodes × periods.
    pub base: &'a [f64],
    /// What came: nodes × periods; `None` where it is not known, as of a day on which nothing could be sold.
    pub actual: &'a [Option<f64>],
    /// Periods, at least 1.
    pub periods: usize,
}

/// Whether windows fill the hierarchy, with finite values.
pub(super) fn check_windows(
    hierarchy: &Hierarchy,
    windows: &[Window<'_>],
) -> Result<(), LearnError> {
    if windows.is_empty() {
        return Err(LearnError::NoWindow);
    }
    for (at, window) in windows.iter().enumerate() {
        let of_window = |shape: ShapeError| LearnError::Shape { window: at, shape };
        let (n, periods) = (hierarchy.n_nodes(), window.periods);
        check_shape(window.base.len(), n, periods).map_err(of_window)?;
        check_shape(window.actual.len(), n, periods).map_err(of_window)?;
        for (cell, (base, actual)) in window.base.iter().zip(window.actual).enumerate() {
            let values = [Some(*base), *actual].into_iter().flatten();
            if let Some(value) = values.into_iter().find(|value| !value.is_finite()) {
                return Err(LearnError::NotFinite {
                    window: at,
                    node: hierarchy.label(cell / periods).to_owned(),
                    period: cell % periods,
                    value,
                });
            }
        }
    }
    Ok(())
}

/// By node, the mean squared error of its forecasts over the periods of which it is known what came, so that a bias counts
/// as an error. A node of which nothing is known has the mean of its level; one that was never off a millionth of it.
pub(super) fn error_variances(
    hierarchy: &Hierarchy,
    windows: &[Window<'_>],
) -> Result<Vec<f64>, LearnError> {
    check_windows(hierarchy, windows)?;
    let mut sums = vec![(0.0, 0.0); hierarchy.n_nodes()];
    for window in windows {
        let rows = window.base.chunks_exact(window.periods);
        let rows = rows.zip(window.actual.chunks_exact(window.periods));
        for ((sum, known), (base, actual)) in sums.iter_mut().zip(rows) {
            for (base, actual) in base.iter().zip(actual) {
                if let Some(actual) = actual {
                    *sum += (actual - base).powi(2);
                    *known += 1.0;
                }
            }
        }
    }
    let mean = |(sum, known): (f64, f64)| (known > 0.0).then(|| sum / known);
    floored(hierarchy, sums.into_iter().map(mean).collect())
}

/// Variances of all nodes from those that are known, none so small that it means certainty.
pub(super) fn floored(
    hierarchy: &Hierarchy,
    known: Vec<Option<f64>>,
) -> Result<Vec<f64>, LearnError> {
    let overall = mean(&known).filter(|mean| *mean > 0.0);
    let overall = overall.ok_or(LearnError::NothingOff)?;
    let mut variances = Vec::with_capacity(known.len());
    for level in 0..hierarchy.n_levels() {
        let of = &known[hierarchy.nodes(level)];
        let mean = mean(of).filter(|mean| *mean > 0.0).unwrap_or(overall);
        let least = VARIANCE_MIN_SHARE * mean;
        variances.extend(
            of.iter()
                .map(|known| known.map_or(mean, |known| known.max(least))),
        );
    }
    Ok(variances)
}

/// Mean of those that are known.
fn mean(known: &[Option<f64>]) -> Option<f64> {
    let (sum, n) = known
        .iter()
        .flatten()
        .fold((0.0, 0.0), |(sum, n), of| (sum + of, n + 1.0));
    (n > 0.0).then(|| sum / n)
}
