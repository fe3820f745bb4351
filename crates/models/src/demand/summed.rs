//! The groups of a hierarchy as series of their own.

use std::collections::BTreeMap;

use super::alone::filled;
use super::error::PanelError;
use super::panel::{Known, Panel, Role};
use super::recent::mean;
use crate::coherent::Hierarchy;

/// Share of what a group sold in a period that may be filled in; of more it is not known what the group sold.
const FILLED_MAX: f64 = 0.25;

/// What a series that never sold weighs beside the others where plans of a group are worked out.
const WEIGHT_MIN: f64 = 1e-9;

impl Panel {
    /// The groups of a hierarchy whose leaves are the series, in the order of its nodes, with what is known of them.
    ///
    /// A group sells what its series sell. A series that could not sell sold nothing; what it would have sold where that
    /// is not known (out of stock) is filled by the season before. Where more than a quarter of what a group sold is
    /// filled, or all its series are closed or sold nothing yet, it is not known what it sold. Plans of a group
    /// (openings, promotions, prices) are means of those of its series, weighed by what these usually sell: a group is
    /// closed where all its series are.
    ///
    /// Time and memory O(series · levels · periods) and O(groups · periods).
    ///
    /// # Errors
    /// [`PanelError::Leaves`] when the hierarchy has other leaves than there are series.
    pub fn summed(&self, hierarchy: &Hierarchy) -> Result<Self, PanelError> {
        let (leaves, series) = (hierarchy.n_leaves(), self.series());
        if leaves != series {
            return Err(PanelError::Leaves { leaves, series });
        }
        let groups = hierarchy.first_leaf();
        let usual = (0..series).map(|one| mean(self.values(one)).unwrap_or(0.0).max(WEIGHT_MIN));
        let usual: Vec<f64> = usual.collect();
        let columns = (0..self.columns().len()).map(|at| self.summed_column(at, hierarchy, &usual));
        let mut codes = Vec::with_capacity(groups);
        for (level, code) in (0..hierarchy.n_levels() - 1).zip(0u32..) {
            codes.extend(hierarchy.nodes(level).map(|_| [code; 2]));
        }
        let (known, ahead) = (self.known(), self.ahead());
        let values = self.summed_values(hierarchy);
        Self::new(
            self.step(),
            self.date(0),
            (known, ahead),
            values,
            codes,
            columns.collect(),
        )
    }

    fn summed_values(&self, hierarchy: &Hierarchy) -> Vec<f32> {
        let (groups, known) = (hierarchy.first_leaf(), self.known());
        let season = self.step().season();
        let mut sold = vec![0.0f64; groups * known];
        let mut guessed = vec![0.0f64; groups * known];
        let mut any = vec![false; groups * known];
        for series in 0..self.series() {
            let values = self.values(series);
            let filled = filled(values, season);
            let first = known - filled.len();
            for (period, value) in (first..).zip(filled) {
                let is_guess = values[period].is_nan();
                if is_guess && !self.is_open(series, period) {
                    continue;
                }
                for group in hierarchy.above(series) {
                    let at = group * known + period;
                    sold[at] += value;
                    any[at] = true;
                    if is_guess {
                        guessed[at] += value.abs();
                    }
                }
            }
        }
        let told = |at: usize| {
            if any[at] && guessed[at] <= FILLED_MAX * sold[at].abs() {
                sold[at] as f32
            } else {
                f32::NAN
            }
        };
        (0..groups * known).map(told).collect()
    }

    /// A column of the groups: the mean of the rows of their series.
    fn summed_column(&self, at: usize, hierarchy: &Hierarchy, usual: &[f64]) -> Known {
        let (column, all) = (&self.columns()[at], self.known() + self.ahead());
        let groups = hierarchy.first_leaf();
        // Series of a group share rows, as those of one site: each row is looked at once.
        let mut weights: BTreeMap<(usize, u32), f64> = BTreeMap::new();
        for (series, row) in column.row_of.iter().enumerate() {
            for group in hierarchy.above(series) {
                *weights.entry((group, *row)).or_default() += usual[series];
            }
        }
        let mut sums = vec![(0.0f64, 0.0f64); groups * all];
        for ((group, row), weight) in weights {
            let values = &column.values[row as usize * all..][..all];
            for ((sum, known), value) in sums[group * all..][..all].iter_mut().zip(values) {
                // Nobody said that it is closed.
                let open = value.is_nan() && column.role == Role::Open;
                let value = if open { 1.0 } else { f64::from(*value) };
                if !value.is_nan() {
                    *sum += weight * value;
                    *known += weight;
                }
            }
        }
        let mean = |(sum, known): &(f64, f64)| (sum / known) as f32;
        Known {
            role: column.role,
            name: column.name.clone(),
            row_of: (0..groups as u32).collect(),
            values: sums.iter().map(mean).collect(),
        }
    }
}
