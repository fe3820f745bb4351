//! Levels that cross the tree: how they are weighed against what the tree says.

use super::arrangement::Arrangement;
use super::dense::Cholesky;
use super::error::{ReconcileError, WeightsError};
use super::tree::Tree;

/// Conjugate gradients end where what is left is this share of what there was.
const TOLERANCE: f64 = 1e-13;

/// Steps of conjugate gradients at most, beside twice the number of equations that would do without rounding.
const STEPS_MAX: usize = 200;

/// The covariance of how far groups that cross the tree are from what the tree says of them: their own variances plus
/// those of sums of leaves that the tree has reconciled. Symmetric, one row for each such group.
#[derive(Debug, Clone)]
pub(super) enum Crossed {
    /// There are none.
    Nothing,
    /// Few: its Cholesky factor, exact and used again for all periods.
    Factored(Cholesky),
    /// Many: never made. Its product with a vector is one pass over the tree; its diagonal is what conjugate gradients
    /// are scaled by.
    Iterated {
        /// Its diagonal.
        diagonal: Vec<f64>,
    },
}

impl Crossed {
    /// - `leaves`: variances by place; `crossing`: of the forecasts of groups that cross the tree.
    /// - `factored_max`: groups up to which it is factored.
    pub(super) fn new(
        arrangement: &Arrangement,
        tree: &Tree<'_>,
        leaves: &[f64],
        crossing: &[f64],
        factored_max: usize,
    ) -> Result<Self, WeightsError> {
        let n = arrangement.n_crossed;
        if n == 0 {
            return Ok(Self::Nothing);
        }
        let mut diagonal = crossing.to_vec();
        if n > factored_max {
            for of in &arrangement.crossings {
                for (group, variance) in of.of_place.iter().zip(leaves) {
                    diagonal[*group as usize] += variance;
                }
            }
            tree.crossed(arrangement, leaves, |row, spread| {
                for (group, value) in row {
                    diagonal[*group as usize] -= value * value / spread;
                }
            });
            // Rounding may take off all of it where a group is a node of the tree once more.
            if diagonal.iter().any(|value| *value <= 0.0) {
                return Err(WeightsError::NotPositiveDefinite);
            }
            return Ok(Self::Iterated { diagonal });
        }
        let mut cells = vec![0.0; n * n];
        for (group, variance) in diagonal.iter().enumerate() {
            cells[group * n + group] = *variance;
        }
        for (place, variance) in leaves.iter().enumerate() {
            for (at, column) in arrangement.crossings.iter().enumerate() {
                for row in &arrangement.crossings[at..] {
                    let column = column.of_place[place] as usize;
                    cells[column * n + row.of_place[place] as usize] += variance;
                }
            }
        }
        tree.crossed(arrangement, leaves, |entries, spread| {
            for (at, (column, value)) in entries.iter().enumerate() {
                let taken = value / spread;
                let cells = &mut cells[*column as usize * n..][..n];
                for (row, value) in &entries[at..] {
                    cells[*row as usize] -= taken * value;
                }
            }
        });
        let factor = Cholesky::of(cells, n).ok_or(WeightsError::NotPositiveDefinite)?;
        Ok(Self::Factored(factor))
    }

    /// Solves for what is off, in place: groups × periods.
    pub(super) fn solve(
        &self,
        off: &mut Vec<f64>,
        periods: usize,
        times: impl Fn(&[f64]) -> Vec<f64>,
    ) -> Result<(), ReconcileError> {
        match self {
            Self::Nothing => Ok(()),
            Self::Factored(factor) => {
                let given = off.clone();
                factor.solve(off, periods);
                // Once more for what rounding left: covariances were made by taking large numbers from large ones, their
                // product with a vector is not.
                let mut left = times(off);
                left.iter_mut()
                    .zip(&given)
                    .for_each(|(left, given)| *left = given - *left);
                factor.solve(&mut left, periods);
                off.iter_mut()
                    .zip(&left)
                    .for_each(|(off, left)| *off += left);
                Ok(())
            }
            Self::Iterated { diagonal } => {
                *off = conjugate_gradients(diagonal, off, periods, times)?;
                Ok(())
            }
        }
    }
}

/// Solves as many systems of one matrix as there are periods, side by side.
///
/// - `diagonal`: of the matrix.
/// - `times`: the matrix times rows × periods.
///
/// # Source
/// Hestenes and Stiefel (1952), scaled by the diagonal.
fn conjugate_gradients(
    diagonal: &[f64],
    right: &[f64],
    periods: usize,
    times: impl Fn(&[f64]) -> Vec<f64>,
) -> Result<Vec<f64>, ReconcileError> {
    let scaled = |rows: &[f64]| -> Vec<f64> {
        let rows = rows.chunks_exact(periods).zip(diagonal);
        rows.flat_map(|(row, by)| row.iter().map(move |value| value / by))
            .collect()
    };
    let mut found = vec![0.0; right.len()];
    let mut left = right.to_vec();
    let mut step = scaled(&left);
    let mut size = products(&left, &step, periods);
    let ends: Vec<f64> = size
        .iter()
        .map(|size| size * TOLERANCE * TOLERANCE)
        .collect();
    let steps = STEPS_MAX + 2 * diagonal.len();
    for _ in 0..steps {
        if size.iter().zip(&ends).all(|(size, end)| size <= end) {
            return Ok(found);
        }
        let product = times(&step);
        let curvature = products(&step, &product, periods);
        // A system that is solved stays as it is.
        let length: Vec<f64> = (0..periods)
            .map(|of| {
                if size[of] > ends[of] {
                    size[of] / curvature[of]
                } else {
                    0.0
                }
            })
            .collect();
        add(&mut found, &length, &step);
        let back: Vec<f64> = length.iter().map(|length| -length).collect();
        add(&mut left, &back, &product);
        let scaled = scaled(&left);
        let next = products(&left, &scaled, periods);
        for (row, scaled) in step
            .chunks_exact_mut(periods)
            .zip(scaled.chunks_exact(periods))
        {
            for (of, value) in row.iter_mut().enumerate() {
                let kept = if size[of] > ends[of] {
                    next[of] / size[of]
                } else {
                    0.0
                };
                *value = scaled[of] + kept * *value;
            }
        }
        size = next;
    }
    Err(ReconcileError::NotConverged { steps })
}

/// By period, the product of two columns.
fn products(one: &[f64], other: &[f64], periods: usize) -> Vec<f64> {
    let mut sums = vec![0.0; periods];
    for (one, other) in one.chunks_exact(periods).zip(other.chunks_exact(periods)) {
        for ((sum, one), other) in sums.iter_mut().zip(one).zip(other) {
            *sum += one * other;
        }
    }
    sums
}

/// Adds to each row another, by period times a length.
fn add(to: &mut [f64], length: &[f64], rows: &[f64]) {
    let periods = length.len();
    for (to, row) in to.chunks_exact_mut(periods).zip(rows.chunks_exact(periods)) {
        for ((to, length), value) in to.iter_mut().zip(length).zip(row) {
            *to += length * value;
        }
    }
}
