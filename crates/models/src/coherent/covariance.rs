//! Covariances of forecast errors, shrunk to what few periods can tell.

use serde::{Deserialize, Serialize};

use super::error::LearnError;
use super::hierarchy::Hierarchy;
use super::window::{Window, check_windows, floored};

/// Periods needed.
const PERIODS_MIN: usize = 3;

/// Covariance of the errors of all nodes, shrunk towards its diagonal.
///
/// With as few periods as windows have, the sample covariance is not even invertible. Covariances off the diagonal are
/// multiplied by 1 − λ, with the λ of the least expected squared error: the variances of the correlations, estimated from
/// the same errors, over their squares.
///
/// # Source
/// Schäfer and Strimmer (2005), target D; Wickramasuriya, Athanasopoulos, Hyndman (2019), section 2.4.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Covariance {
    n: usize,
    /// By node, by node; symmetric.
    cells: Vec<f64>,
    intensity: f64,
}

impl Covariance {
    /// Nodes of a hierarchy whose covariances are learnt at most: all pairs are kept, and a set of linear equations of
    /// that size is solved.
    pub const NODES_MAX: usize = 1_000;

    /// Learns from the periods in which it is known of all nodes what came of their forecasts.
    ///
    /// A node whose errors never vary has no covariance with others, and a millionth of the mean variance of its level.
    ///
    /// Time O(nodes² · periods), memory O(nodes²).
    ///
    /// # Errors
    /// [`LearnError`] when there are more than [`Covariance::NODES_MAX`] nodes, fewer than 3 such periods, no error
    /// varies, or windows do not fill the hierarchy.
    pub fn shrunk(hierarchy: &Hierarchy, windows: &[Window<'_>]) -> Result<Self, LearnError> {
        let n = hierarchy.n_nodes();
        if n > Self::NODES_MAX {
            return Err(LearnError::TooLarge {
                found: n,
                allowed: Self::NODES_MAX,
            });
        }
        check_windows(hierarchy, windows)?;
        let errors = complete_errors(n, windows);
        let periods = errors.len() / n;
        if periods < PERIODS_MIN {
            return Err(LearnError::TooFew {
                found: periods,
                needed: PERIODS_MIN,
            });
        }
        // By node: errors less their mean, and these again in standard deviations.
        let mut centred = vec![0.0; n * periods];
        for (at, error) in errors.iter().enumerate() {
            centred[at % n * periods + at / n] = *error;
        }
        let mut standard = centred.clone();
        let rows = centred.chunks_exact_mut(periods);
        for (row, standard) in rows.zip(standard.chunks_exact_mut(periods)) {
            let mean = row.iter().sum::<f64>() / periods as f64;
            row.iter_mut().for_each(|error| *error -= mean);
            let square: f64 = row.iter().map(|error| error * error).sum();
            let deviation = (square / periods as f64).sqrt();
            for (standard, error) in standard.iter_mut().zip(row) {
                *standard = if deviation > 0.0 {
                    *error / deviation
                } else {
                    0.0
                };
            }
        }
        let intensity = intensity(&standard, n, periods);
        let mut cells = vec![0.0; n * n];
        let row = |node: usize| &centred[node * periods..][..periods];
        for one in 0..n {
            for other in 0..=one {
                let product = dot(row(one), row(other)) / (periods - 1) as f64;
                let kept = if one == other { 1.0 } else { 1.0 - intensity };
                cells[one * n + other] = kept * product;
                cells[other * n + one] = kept * product;
            }
        }
        let variances = (0..n).map(|node| Some(cells[node * n + node])).collect();
        for (node, variance) in floored(hierarchy, variances)?.into_iter().enumerate() {
            cells[node * n + node] = variance;
        }
        Ok(Self {
            n,
            cells,
            intensity,
        })
    }

    /// What covariances are shrunk by: 0 for not at all, 1 for none left.
    #[must_use]
    pub fn intensity(&self) -> f64 {
        self.intensity
    }

    /// Number of nodes.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.n
    }

    /// Covariances of a node with all; none for a node that is not there.
    #[must_use]
    pub fn row(&self, node: usize) -> &[f64] {
        self.cells
            .chunks_exact(self.n.max(1))
            .nth(node)
            .unwrap_or(&[])
    }

    pub(super) fn cells(&self) -> &[f64] {
        &self.cells
    }
}

/// What was forecast less what came of it, by period in which it is known of all nodes, by node.
fn complete_errors(n: usize, windows: &[Window<'_>]) -> Vec<f64> {
    let mut errors = Vec::new();
    for window in windows {
        for period in 0..window.periods {
            let at = |node: usize| node * window.periods + period;
            let of: Option<Vec<f64>> = (0..n)
                .map(|node| Some(window.actual[at(node)]? - window.base[at(node)]))
                .collect();
            errors.extend(of.into_iter().flatten());
        }
    }
    errors
}

/// Estimated variances of all correlations over their squares.
fn intensity(standard: &[f64], n: usize, periods: usize) -> f64 {
    let row = |node: usize| &standard[node * periods..][..periods];
    let (mut variances, mut squares) = (0.0, 0.0);
    for one in 0..n {
        for other in 0..one {
            let (one, other) = (row(one), row(other));
            let correlation = dot(one, other) / periods as f64;
            let off = one.iter().zip(other).map(|(a, b)| a * b - correlation);
            variances += off.map(|off| off * off).sum::<f64>();
            squares += correlation * correlation;
        }
    }
    if squares > 0.0 {
        (variances / (periods * (periods - 1)) as f64 / squares).min(1.0)
    } else {
        1.0
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}
