//! Units that are not independent: customers of a store, visits of a household.

use std::collections::BTreeMap;

use thiserror::Error;

use super::difference::{columns, compare, ratio_mean};
use super::{Effect, EffectError, Moments, Scale};

/// Rows that cannot be grouped into clusters.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum ClusterError {
    /// Clusters were not assigned as a whole.
    #[error(
        "group rows by cluster: row {row} puts cluster {cluster} in arm {found}, earlier rows in arm {before}; a cluster must be in one arm"
    )]
    InTwoArms {
        /// Row, from 0.
        row: usize,
        /// Cluster.
        cluster: u64,
        /// Arm of this row.
        found: usize,
        /// Arm of an earlier row.
        before: usize,
    },
    /// There is no such arm.
    #[error("group rows by cluster: row {row} is of arm {found}, allowed is below {arms}")]
    Arm {
        /// Row, from 0.
        row: usize,
        /// Arm found.
        found: usize,
        /// Arms there are.
        arms: usize,
    },
    /// A value, or the sum of a cluster, is not a number.
    #[error(
        "group rows by cluster: row {row} brings the sum of its cluster to {value}, which is no number"
    )]
    NotFinite {
        /// Row, from 0.
        row: usize,
        /// Sum found.
        value: f64,
    },
}

/// Moments of clusters, per arm: of each cluster the sum of its values (column 0) and its rows (column 1).
///
/// - rows are (cluster, arm from 0, value), in any order; all rows of a cluster must be given in one call,
///   since moments of halves of a cluster do not merge into those of the whole.
///
/// # Errors
/// [`ClusterError`] when a cluster is in two arms, an arm is not below `arms`, or a value is not finite.
pub fn cluster_totals(
    rows: impl IntoIterator<Item = (u64, usize, f64)>,
    arms: usize,
) -> Result<Vec<Moments>, ClusterError> {
    let rows = rows.into_iter();
    cluster_sums(
        rows.map(|(cluster, arm, value)| (cluster, arm, [value, 1.0])),
        arms,
    )
}

/// The same of several values a row: of each cluster the sums of all of them, so that ratios of sums can be read with
/// clusters as units. A value of 1 counts rows.
///
/// # Errors
/// As [`cluster_totals`].
pub fn cluster_sums<const N: usize>(
    rows: impl IntoIterator<Item = (u64, usize, [f64; N])>,
    arms: usize,
) -> Result<Vec<Moments>, ClusterError> {
    let mut totals: BTreeMap<u64, (usize, [f64; N])> = BTreeMap::new();
    for (row, (cluster, arm, values)) in rows.into_iter().enumerate() {
        if arm >= arms {
            let found = arm;
            return Err(ClusterError::Arm { row, found, arms });
        }
        let (before, sums) = totals.entry(cluster).or_insert((arm, [0.0; N]));
        if *before != arm {
            return Err(ClusterError::InTwoArms {
                row,
                cluster,
                found: arm,
                before: *before,
            });
        }
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += value;
            if !sum.is_finite() {
                return Err(ClusterError::NotFinite { row, value: *sum });
            }
        }
    }
    let mut moments = vec![Moments::new(N); arms];
    for (arm, sums) in totals.into_values() {
        // Finite columns, as many as the moments have: nothing is refused.
        let _ = moments[arm].push(&sums);
    }
    Ok(moments)
}

/// Difference in means over rows, where whole clusters were assigned: columns are those of [`cluster_totals`],
/// units are clusters.
///
/// The standard error is the cluster-robust one of the regression of the value on the arm, with the factor
/// `G / (G - 1)` of each arm's clusters; Welch's degrees of freedom count clusters.
///
/// # Errors
/// [`EffectError`] when the level is no probability or the arms are not of two columns.
/// # Source
/// Liang and Zeger (1986); as a ratio of cluster means, Deng, Knoblich and Lu (2018).
pub fn clustered(
    control: &Moments,
    treated: &Moments,
    scale: Scale,
    level: f64,
) -> Result<Effect, EffectError> {
    columns(control, treated, 2..=2, "2")?;
    compare(
        |arm, name| ratio_mean(arm, name, "clusters", "the metric"),
        control,
        treated,
        scale,
        level,
    )
}
