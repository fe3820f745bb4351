//! Forecasts whose errors are weighed each by its own variance.

use super::arrangement::Arrangement;
use super::crossed::Crossed;
use super::error::{ReconcileError, WeightsError};
use super::tree::Tree;

/// Groups that cross the tree up to which their covariance is factored: 32 MiB and a second.
pub(super) const FACTORED_MAX: usize = 2_000;

/// The same where it is made anew for every set of leaves that are held at 0.
pub(super) const FACTORED_AGAIN_MAX: usize = 200;

/// A hierarchy with a variance of every node, made ready to be reconciled.
///
/// The tree is solved exactly in one pass up and down. What crosses it is as many further equations as there are groups
/// that cross: the leaves move by the covariance that the tree leaves them times what these groups are off by (a Kalman
/// update). Both are the minimum of the weighted squares over all nodes: nothing as large as leaves × nodes is made.
#[derive(Debug, Clone)]
pub(super) struct Diagonal<'a> {
    arrangement: &'a Arrangement,
    tree: Tree<'a>,
    crossed: Crossed,
    /// Variances by place.
    leaves: Vec<f64>,
    /// Variances of the groups that cross the tree.
    crossing: Vec<f64>,
}

impl<'a> Diagonal<'a> {
    /// - `leaves`: by place, variances of at least 0; a leaf of variance 0 stays as it is.
    /// - `nodes`: by node, variances above 0.
    pub(super) fn new(
        arrangement: &'a Arrangement,
        leaves: Vec<f64>,
        nodes: &[f64],
        factored_max: usize,
    ) -> Result<Self, WeightsError> {
        let tree = Tree::new(arrangement, &leaves, nodes);
        let mut crossing = Vec::with_capacity(arrangement.n_crossed);
        for of in &arrangement.crossings {
            crossing.extend_from_slice(&nodes[of.node..of.node + of.groups]);
        }
        let crossed = Crossed::new(arrangement, &tree, &leaves, &crossing, factored_max)?;
        Ok(Self {
            arrangement,
            tree,
            crossed,
            leaves,
            crossing,
        })
    }

    /// Reconciled leaves: places × periods.
    ///
    /// - `base`: forecasts of leaves, places × periods; `forecasts`: of all nodes, nodes × periods.
    pub(super) fn solve(
        &self,
        base: &[f64],
        forecasts: &[f64],
        periods: usize,
    ) -> Result<Vec<f64>, ReconcileError> {
        let mut found = base.to_vec();
        self.tree.solve(&mut found, Some(forecasts), periods);
        if matches!(self.crossed, Crossed::Nothing) {
            return Ok(found);
        }
        let mut off = self.sums(&found, periods);
        for of in &self.arrangement.crossings {
            let rows = &mut off[of.column * periods..][..of.groups * periods];
            let own = &forecasts[of.node * periods..][..of.groups * periods];
            for (value, own) in rows.iter_mut().zip(own) {
                *value = own - *value;
            }
        }
        let times = |rows: &[f64]| {
            let mut moved = vec![0.0; base.len()];
            self.add_moves(&mut moved, rows, periods);
            self.tree.solve(&mut moved, None, periods);
            let mut product = self.sums(&moved, periods);
            let each = product
                .chunks_exact_mut(periods)
                .zip(rows.chunks_exact(periods));
            for ((product, row), variance) in each.zip(&self.crossing) {
                for (product, value) in product.iter_mut().zip(row) {
                    *product += variance * value;
                }
            }
            product
        };
        self.crossed.solve(&mut off, periods, times)?;
        found.copy_from_slice(base);
        self.add_moves(&mut found, &off, periods);
        self.tree.solve(&mut found, Some(forecasts), periods);
        Ok(found)
    }

    /// Variances of leaves, by place.
    pub(super) fn variances(&self) -> &[f64] {
        &self.leaves
    }

    /// Share of the largest forecast below which a value or slope is taken for 0.
    pub(super) fn rounding(&self) -> f64 {
        match self.crossed {
            Crossed::Nothing | Crossed::Factored(_) => 1e-13,
            Crossed::Iterated { .. } => 1e-11,
        }
    }

    /// Sums of leaves over the groups that cross the tree: groups × periods.
    fn sums(&self, leaves: &[f64], periods: usize) -> Vec<f64> {
        let mut sums = vec![0.0; self.arrangement.n_crossed * periods];
        for of in &self.arrangement.crossings {
            for (group, row) in of.of_place.iter().zip(leaves.chunks_exact(periods)) {
                let sums = &mut sums[*group as usize * periods..][..periods];
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += value;
                }
            }
        }
        sums
    }

    /// Adds to each leaf its variance times the sum of rows of the groups that it is in.
    fn add_moves(&self, leaves: &mut [f64], rows: &[f64], periods: usize) {
        for of in &self.arrangement.crossings {
            let leaves = leaves.chunks_exact_mut(periods).zip(&self.leaves);
            for ((row, variance), group) in leaves.zip(&of.of_place) {
                let by = &rows[*group as usize * periods..][..periods];
                for (value, by) in row.iter_mut().zip(by) {
                    *value += variance * by;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::arrangement::Arrangement;
    use super::super::levels::{Level, Parents, groups};
    use super::Diagonal;

    /// 400 leaves in levels of 100, 25, 5 and 1 groups, nested, with forecasts and variances that follow no pattern.
    #[test]
    fn one_pass_factors_and_conjugate_gradients_agree() {
        let leaves: Vec<String> = (0..400).map(|leaf| leaf.to_string()).collect();
        let level = |name, size: usize| Level {
            name,
            parents: Parents::OfLeaves(
                (0..400)
                    .map(|leaf| Some(leaves[leaf / size].as_str()))
                    .collect(),
            ),
        };
        let levels = [
            level("a", 4),
            level("b", 16),
            level("c", 80),
            level("d", 400),
        ];
        let levels = groups(&leaves, &levels).unwrap();
        let firsts = [0, 100, 125, 130, 131];
        let (n, periods) = (531, 3);
        let base: Vec<f64> = (0..n * periods)
            .map(|at| ((at * 7_919) % 1_009) as f64)
            .collect();
        let variances: Vec<f64> = (0..n)
            .map(|node| 0.1 + ((node * 631) % 101) as f64)
            .collect();
        let solved = |chain: &[usize], factored_max: usize| {
            let arrangement = Arrangement::along(chain, &levels, &firsts);
            let own = arrangement.placed(&variances[131..], 1);
            let of_leaves = arrangement.placed(&base[131 * periods..], periods);
            let solver = Diagonal::new(&arrangement, own, &variances, factored_max).unwrap();
            let found = solver.solve(&of_leaves, &base, periods).unwrap();
            arrangement.unplaced(&found, periods)
        };
        let tree = solved(&[0, 1, 2, 3], 0);
        let alike = |name: &str, other: Vec<f64>| {
            for (one, other) in tree.iter().zip(other) {
                assert!((one - other).abs() < 1e-9, "{name}: {one} {other}");
            }
        };
        alike("three levels factored", solved(&[0], 1_000));
        alike("the finest level factored", solved(&[1, 2, 3], 1_000));
        alike("all levels factored", solved(&[], 1_000));
        alike("three levels iterated", solved(&[0], 0));
        alike("the finest level iterated", solved(&[1, 2, 3], 0));
        alike("all levels iterated", solved(&[], 0));
    }
}
