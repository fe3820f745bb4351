//! The share of variation that a grouping accounts for.

use std::collections::BTreeMap;

/// Why a share of variance cannot be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotExplained {
    /// One group number per row is needed.
    #[error("{groups} group numbers for {rows} rows")]
    LengthsDiffer {
        /// Group numbers given.
        groups: usize,
        /// Rows given.
        rows: usize,
    },
    /// A value is not a number or is infinite.
    #[error("row {row} holds a value that is not finite")]
    NotFinite {
        /// First such row.
        row: usize,
    },
    /// There is no variation to explain.
    #[error("all {rows} rows are equal")]
    NoVariation {
        /// Rows given.
        rows: usize,
    },
}

/// Between-group sum of squares over total sum of squares, from 0 to 1, over all `D` columns.
///
/// With `D` = 1 and next-period spend as rows this tells how much a grouping says about the
/// future; with standardised logs, how tight its groups are. It grows with the number of groups,
/// so compare groupings of the same number only.
///
/// # Errors
/// [`NotExplained`] when lengths differ, a value is not finite, or nothing varies.
pub fn explained_variance<const D: usize>(
    groups: &[usize],
    rows: &[[f64; D]],
) -> Result<f64, NotExplained> {
    if groups.len() != rows.len() {
        return Err(NotExplained::LengthsDiffer {
            groups: groups.len(),
            rows: rows.len(),
        });
    }
    if let Some(row) = rows.iter().position(|r| r.iter().any(|v| !v.is_finite())) {
        return Err(NotExplained::NotFinite { row });
    }
    let n = rows.len() as f64;
    let mut mean = [0.0; D];
    for row in rows {
        for d in 0..D {
            mean[d] += row[d] / n;
        }
    }
    let mut sums: BTreeMap<usize, ([f64; D], f64)> = BTreeMap::new();
    let mut total = 0.0;
    for (&group, row) in groups.iter().zip(rows) {
        let (sum, count) = sums.entry(group).or_insert(([0.0; D], 0.0));
        *count += 1.0;
        for d in 0..D {
            let centred = row[d] - mean[d];
            sum[d] += centred;
            total += centred * centred;
        }
    }
    if total <= 0.0 {
        return Err(NotExplained::NoVariation { rows: rows.len() });
    }
    let between: f64 = sums
        .values()
        .map(|(sum, count)| sum.iter().map(|s| s * s).sum::<f64>() / count)
        .sum();
    Ok((between / total).clamp(0.0, 1.0))
}
