//! Forecasts whose errors are weighed by all their covariances.

use super::covariance::Covariance;
use super::dense::Cholesky;
use super::error::{ReconcileError, WeightsError};
use super::hierarchy::Hierarchy;
use super::nonnegative::Held;

/// A small hierarchy with the covariance of all nodes, made ready to be reconciled.
///
/// # Source
/// Wickramasuriya, Athanasopoulos, Hyndman (2019), the form of eq. 10 with one equation for each group: what groups and
/// their leaves are apart, and what moves with it.
#[derive(Debug, Clone)]
pub(super) struct Full<'a> {
    hierarchy: &'a Hierarchy,
    covariance: &'a Covariance,
    /// Covariances of leaves with how far each group is from the sum of its leaves: leaves × groups.
    moves: Vec<f64>,
    /// Of the covariance of the latter.
    factor: Cholesky,
}

/// The least squares as one quadratic function of the leaves.
pub(super) struct Quadratic {
    /// By leaf, by leaf.
    curvature: Vec<f64>,
    /// Leaves × periods.
    pull: Vec<f64>,
    periods: usize,
}

impl<'a> Full<'a> {
    pub(super) fn new(
        hierarchy: &'a Hierarchy,
        covariance: &'a Covariance,
    ) -> Result<Self, WeightsError> {
        let (n, groups) = (hierarchy.n_nodes(), hierarchy.first_leaf());
        if covariance.n_nodes() != n {
            return Err(WeightsError::Nodes {
                found: covariance.n_nodes(),
                nodes: n,
            });
        }
        // All nodes × groups.
        let mut moves = vec![0.0; n * groups];
        for (row, cells) in moves.chunks_exact_mut(groups).enumerate() {
            let of = covariance.row(row);
            cells.copy_from_slice(&of[..groups]);
            for (leaf, value) in of[groups..].iter().enumerate() {
                hierarchy
                    .above(leaf)
                    .for_each(|group| cells[group] -= value);
            }
        }
        let mut apart = moves[..groups * groups].to_vec();
        for (leaf, cells) in moves[groups * groups..].chunks_exact(groups).enumerate() {
            for group in hierarchy.above(leaf) {
                let row = &mut apart[group * groups..][..groups];
                row.iter_mut()
                    .zip(cells)
                    .for_each(|(to, value)| *to -= value);
            }
        }
        moves.drain(..groups * groups);
        let factor = Cholesky::of(apart, groups).ok_or(WeightsError::NotPositiveDefinite)?;
        Ok(Self {
            hierarchy,
            covariance,
            moves,
            factor,
        })
    }

    /// Reconciled leaves: leaves × periods.
    pub(super) fn solve(&self, forecasts: &[f64], periods: usize) -> Vec<f64> {
        let groups = self.hierarchy.first_leaf();
        let (off, leaves) = forecasts.split_at(groups * periods);
        let (mut off, mut leaves) = (off.to_vec(), leaves.to_vec());
        for (leaf, row) in leaves.chunks_exact(periods).enumerate() {
            for group in self.hierarchy.above(leaf) {
                let off = &mut off[group * periods..][..periods];
                off.iter_mut()
                    .zip(row)
                    .for_each(|(off, value)| *off -= value);
            }
        }
        self.factor.solve(&mut off, periods);
        let rows = leaves.chunks_exact_mut(periods);
        for (row, moves) in rows.zip(self.moves.chunks_exact(groups)) {
            for (by, off) in moves.iter().zip(off.chunks_exact(periods)) {
                row.iter_mut()
                    .zip(off)
                    .for_each(|(to, off)| *to -= by * off);
            }
        }
        leaves
    }

    /// The squares of forecasts as a function of the leaves.
    pub(super) fn quadratic(
        &self,
        forecasts: &[f64],
        periods: usize,
    ) -> Result<Quadratic, WeightsError> {
        let (n, groups) = (self.hierarchy.n_nodes(), self.hierarchy.first_leaf());
        let leaves = self.hierarchy.n_leaves();
        let inverse = Cholesky::of(self.covariance.cells().to_vec(), n)
            .ok_or(WeightsError::NotPositiveDefinite)?;
        let mut sums = vec![0.0; n * leaves];
        for leaf in 0..leaves {
            for node in self.hierarchy.above(leaf).chain([groups + leaf]) {
                sums[node * leaves + leaf] = 1.0;
            }
        }
        inverse.solve(&mut sums, leaves);
        let mut pull = forecasts.to_vec();
        inverse.solve(&mut pull, periods);
        Ok(Quadratic {
            curvature: self.summed(&sums, leaves),
            pull: self.summed(&pull, periods),
            periods,
        })
    }

    /// By leaf, the sum of the rows of all nodes that it is part of.
    fn summed(&self, rows: &[f64], columns: usize) -> Vec<f64> {
        let first = self.hierarchy.first_leaf();
        let mut sums = rows[first * columns..].to_vec();
        for (leaf, sums) in sums.chunks_exact_mut(columns).enumerate() {
            for node in self.hierarchy.above(leaf) {
                let row = &rows[node * columns..][..columns];
                sums.iter_mut()
                    .zip(row)
                    .for_each(|(sum, value)| *sum += value);
            }
        }
        sums
    }
}

impl Quadratic {
    /// Least squares in a period where some leaves are held at 0.
    pub(super) fn held(&self, period: usize, is_held: &[bool]) -> Result<Held, ReconcileError> {
        let n = is_held.len();
        let free: Vec<usize> = (0..n).filter(|leaf| !is_held[*leaf]).collect();
        let pull = |leaf: usize| self.pull[leaf * self.periods + period];
        let row = |leaf: usize| &self.curvature[leaf * n..][..n];
        let mut cells = Vec::with_capacity(free.len() * free.len());
        for leaf in &free {
            let row = row(*leaf);
            cells.extend(free.iter().map(|other| row[*other]));
        }
        let mut found: Vec<f64> = free.iter().map(|leaf| pull(*leaf)).collect();
        let factor = Cholesky::of(cells, free.len()).ok_or(WeightsError::NotPositiveDefinite)?;
        factor.solve(&mut found, 1);
        let mut values = vec![0.0; n];
        for (leaf, value) in free.iter().zip(found) {
            values[*leaf] = value;
        }
        let slope = |leaf: usize| {
            if !is_held[leaf] {
                return 0.0;
            }
            let row = row(leaf);
            let sum: f64 = free.iter().map(|other| row[*other] * values[*other]).sum();
            (sum - pull(leaf)) / row[leaf]
        };
        let slopes = (0..n).map(slope).collect();
        Ok(Held { values, slopes })
    }
}
