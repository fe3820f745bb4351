//! Which series add up to which.

use std::collections::BTreeSet;
use std::ops::Range;

use super::arrangement::Arrangement;
use super::error::{HierarchyError, ShapeError};
use super::levels::{Groups, Level, groups, of_tree};

/// Name of the level of the leaves.
pub const LEAVES: &str = "leaves";

/// Leaves, and levels at which they are summed up; nested or crossed.
///
/// Nodes are numbered: the groups of the first level in the order of their first leaves, those of the next levels, and
/// the leaves last, in the order given. Values of all nodes are rows of periods in that order.
///
/// Sparse: leaves × levels numbers, whatever the number of groups. Immutable and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Hierarchy {
    leaves: Vec<String>,
    levels: Vec<Groups>,
    /// Node of the first group of each level, and of the first leaf.
    firsts: Vec<usize>,
    arrangement: Arrangement,
}

impl Hierarchy {
    /// Leaves under levels, in any order of the levels.
    ///
    /// - `leaves`: names, each once.
    /// - `levels`: each says of every leaf, or of every group of another level, in which group it is.
    ///
    /// Which levels are nested in which is found from the leaves. Time O(leaves · levels²).
    ///
    /// # Errors
    /// [`HierarchyError`] when there is no leaf or no level, a name is used twice, a leaf or group has no group, a child
    /// has two, a level groups one that is named nowhere, or levels group each other in a circle.
    pub fn new(leaves: &[&str], levels: &[Level<'_>]) -> Result<Self, HierarchyError> {
        if leaves.is_empty() || levels.is_empty() {
            return Err(HierarchyError::Empty {
                leaves: leaves.len(),
                levels: levels.len(),
            });
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = leaves.iter().find(|leaf| !seen.insert(**leaf)) {
            let leaf = (*twice).to_owned();
            return Err(HierarchyError::LeafTwice { leaf });
        }
        let leaves: Vec<String> = leaves.iter().map(|leaf| (*leaf).to_owned()).collect();
        let levels = groups(&leaves, levels)?;
        let mut firsts = vec![0];
        for level in &levels {
            firsts.push(firsts.last().copied().unwrap_or(0) + level.labels.len());
        }
        let found = firsts.last().copied().unwrap_or(0) + leaves.len();
        let allowed = u32::MAX as usize;
        if found > allowed {
            return Err(HierarchyError::TooLarge { found, allowed });
        }
        let arrangement = Arrangement::of(&levels, &firsts);
        Ok(Self {
            leaves,
            levels,
            firsts,
            arrangement,
        })
    }

    /// A tree of which each child names its parent, as a table of categories does.
    ///
    /// - `leaves`: names, each with its parent.
    /// - `parents`: everything above leaves, each with its parent; `None` for those at the top.
    /// - `levels`: names of the levels above the leaves, the finest first; each leaf has all of them above it.
    ///
    /// # Errors
    /// [`HierarchyError`] when a parent is named nowhere, somebody has two, going up comes back (`A` is in `B`, which is in
    /// `A`), a leaf has more or fewer levels above it, or as [`Hierarchy::new`].
    pub fn tree(
        leaves: &[(&str, &str)],
        parents: &[(&str, Option<&str>)],
        levels: &[&str],
    ) -> Result<Self, HierarchyError> {
        let names: Vec<&str> = leaves.iter().map(|(leaf, _)| *leaf).collect();
        Self::new(&names, &of_tree(leaves, parents, levels)?)
    }

    /// Number of leaves.
    #[must_use]
    pub fn n_leaves(&self) -> usize {
        self.leaves.len()
    }

    /// Number of nodes: groups of all levels, and leaves.
    #[must_use]
    pub fn n_nodes(&self) -> usize {
        self.first_leaf() + self.leaves.len()
    }

    /// Node of the first leaf; leaf `i` is node `first_leaf() + i`.
    #[must_use]
    pub fn first_leaf(&self) -> usize {
        self.firsts.last().copied().unwrap_or(0)
    }

    /// Names of the levels in the order given, then [`LEAVES`].
    pub fn level_names(&self) -> impl Iterator<Item = &str> {
        let named = self.levels.iter().map(|of| of.name.as_str());
        named.chain(std::iter::once(LEAVES))
    }

    /// Number of levels, the leaves among them.
    #[must_use]
    pub fn n_levels(&self) -> usize {
        self.levels.len() + 1
    }

    /// Nodes of a level, counted as [`Hierarchy::level_names`] does; none of a level that is not there.
    #[must_use]
    pub fn nodes(&self, level: usize) -> Range<usize> {
        match self.firsts.get(level) {
            None => 0..0,
            Some(first) => {
                *first
                    ..self
                        .firsts
                        .get(level + 1)
                        .copied()
                        .unwrap_or(self.n_nodes())
            }
        }
    }

    /// The node of a label within a level; leaves are the level [`LEAVES`]. `None` where there is none.
    #[must_use]
    pub fn node(&self, level: &str, label: &str) -> Option<usize> {
        let (first, labels) = match self.levels.iter().position(|of| of.name == level) {
            Some(at) => (self.firsts[at], &self.levels[at].labels),
            None if level == LEAVES => (self.first_leaf(), &self.leaves),
            None => return None,
        };
        let at = labels.iter().position(|found| found == label)?;
        Some(first + at)
    }

    /// Label of a node within its level; empty for a node that is not there.
    #[must_use]
    pub fn label(&self, node: usize) -> &str {
        let level = self.firsts.partition_point(|first| *first <= node) - 1;
        let labels = self.levels.get(level).map_or(&self.leaves, |of| &of.labels);
        labels
            .get(node - self.firsts[level])
            .map_or("", String::as_str)
    }

    /// Nodes that a leaf is part of, one of each level in their order, without itself; none for a leaf that is not there.
    pub fn above(&self, leaf: usize) -> impl Iterator<Item = usize> {
        let levels = self.levels.iter().zip(&self.firsts);
        levels.filter_map(move |(of, first)| Some(first + *of.of_leaf.get(leaf)? as usize))
    }

    /// Sums of leaves for all nodes: nodes × periods.
    ///
    /// - `leaves`: leaves × periods.
    ///
    /// Each sum is taken over the leaves in their order, so that it is the same wherever it is computed.
    ///
    /// # Errors
    /// [`ShapeError`] when `leaves` does not fill leaves × periods.
    pub fn sum_up(&self, leaves: &[f64], periods: usize) -> Result<Vec<f64>, ShapeError> {
        check_shape(leaves.len(), self.n_leaves(), periods)?;
        let mut all = vec![0.0; self.first_leaf() * periods];
        all.reserve_exact(leaves.len());
        for (of, first) in self.levels.iter().zip(&self.firsts) {
            let sums = &mut all[first * periods..];
            for (group, values) in of.of_leaf.iter().zip(leaves.chunks_exact(periods)) {
                let sums = &mut sums[*group as usize * periods..][..periods];
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += value;
                }
            }
        }
        all.extend_from_slice(leaves);
        Ok(all)
    }

    /// Leaves below each node: 1 for a leaf.
    pub(super) fn sizes(&self) -> Vec<f64> {
        let mut sizes = vec![0.0; self.first_leaf()];
        for (of, first) in self.levels.iter().zip(&self.firsts) {
            for group in &of.of_leaf {
                sizes[first + *group as usize] += 1.0;
            }
        }
        sizes.resize(self.n_nodes(), 1.0);
        sizes
    }

    pub(super) fn arrangement(&self) -> &Arrangement {
        &self.arrangement
    }
}

/// Whether values fill series × periods.
pub(super) fn check_shape(found: usize, series: usize, periods: usize) -> Result<(), ShapeError> {
    if periods == 0 || series.checked_mul(periods) != Some(found) {
        return Err(ShapeError {
            found,
            series,
            periods,
        });
    }
    Ok(())
}
