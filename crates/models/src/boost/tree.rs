//! A tree: splits and the leaves that rows fall into.

use serde::{Deserialize, Serialize};

use super::codes::Codes;
use super::settings::DEPTH_MAX;
use super::table::MISSING;

/// Where a row goes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Child {
    Split(u32),
    Leaf(u32),
}

/// A question to one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Split {
    pub(super) column: u32,
    /// Values up to it go left.
    pub(super) threshold: f32,
    pub(super) missing_left: bool,
    pub(super) left: Child,
    pub(super) right: Child,
    pub(super) gain: f64,
}

/// A regression tree. The first split is the root; a tree without splits is its one leaf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub(super) struct Tree {
    pub(super) splits: Vec<Split>,
    /// What is added to the margin.
    pub(super) values: Vec<f64>,
    /// Weight of the rows learnt from in each leaf.
    pub(super) covers: Vec<f64>,
}

/// What is written: children as whole numbers, a leaf `n` as `-1 - n`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    column: Vec<u32>,
    threshold: Vec<f32>,
    missing_left: Vec<bool>,
    left: Vec<i32>,
    right: Vec<i32>,
    gain: Vec<f64>,
    value: Vec<f64>,
    cover: Vec<f64>,
}

/// A tree that is none.
#[derive(Debug, thiserror::Error)]
#[error("read a tree of {splits} splits and {leaves} leaves: {what}")]
pub(super) struct Broken {
    splits: usize,
    leaves: usize,
    what: &'static str,
}

impl From<Tree> for Stored {
    fn from(tree: Tree) -> Self {
        let written = |child: Child| match child {
            Child::Split(at) => at as i32,
            Child::Leaf(at) => -1 - at as i32,
        };
        let splits = || tree.splits.iter();
        Self {
            column: splits().map(|split| split.column).collect(),
            threshold: splits().map(|split| split.threshold).collect(),
            missing_left: splits().map(|split| split.missing_left).collect(),
            left: splits().map(|split| written(split.left)).collect(),
            right: splits().map(|split| written(split.right)).collect(),
            gain: splits().map(|split| split.gain).collect(),
            value: tree.values,
            cover: tree.covers,
        }
    }
}

impl TryFrom<Stored> for Tree {
    type Error = Broken;

    fn try_from(stored: Stored) -> Result<Self, Broken> {
        let (splits, leaves) = (stored.column.len(), stored.value.len());
        let broken = |what| Broken {
            splits,
            leaves,
            what,
        };
        let lengths = [
            stored.threshold.len(),
            stored.missing_left.len(),
            stored.left.len(),
            stored.right.len(),
            stored.gain.len(),
        ];
        if lengths.iter().any(|length| *length != splits)
            || stored.cover.len() != leaves
            || leaves != splits + 1
        {
            return Err(broken("parts differ in length"));
        }
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        if !finite(&stored.value)
            || !finite(&stored.cover)
            || !finite(&stored.gain)
            || stored.threshold.iter().any(|value| !value.is_finite())
        {
            return Err(broken("a number is not finite"));
        }
        if stored.cover.iter().any(|cover| *cover <= 0.0) {
            return Err(broken("a leaf covers no rows"));
        }
        let read = |child: i32| {
            if child < 0 {
                Child::Leaf((-1 - child) as u32)
            } else {
                Child::Split(child as u32)
            }
        };
        let split = |at: usize| Split {
            column: stored.column[at],
            threshold: stored.threshold[at],
            missing_left: stored.missing_left[at],
            left: read(stored.left[at]),
            right: read(stored.right[at]),
            gain: stored.gain[at],
        };
        let splits: Vec<Split> = (0..splits).map(split).collect();
        if !is_one_tree(&splits, leaves) {
            return Err(broken(
                "splits and leaves are no single tree, or it is too deep",
            ));
        }
        Ok(Self {
            splits,
            values: stored.value,
            covers: stored.cover,
        })
    }
}

/// Whether each split but the first, and each leaf, is the child of one split before it, at most [`DEPTH_MAX`] deep.
fn is_one_tree(splits: &[Split], leaves: usize) -> bool {
    let mut depth = vec![0; splits.len()];
    let (mut split_seen, mut leaf_seen) = (vec![false; splits.len()], vec![false; leaves]);
    if splits.is_empty() {
        return leaves == 1;
    }
    split_seen[0] = true;
    for (at, split) in splits.iter().enumerate() {
        for child in [split.left, split.right] {
            let seen = match child {
                Child::Split(next) => {
                    let next = next as usize;
                    if next <= at || next >= splits.len() {
                        return false;
                    }
                    depth[next] = depth[at] + 1;
                    &mut split_seen[next]
                }
                Child::Leaf(leaf) => match leaf_seen.get_mut(leaf as usize) {
                    Some(seen) => seen,
                    None => return false,
                },
            };
            if std::mem::replace(seen, true) {
                return false;
            }
        }
    }
    split_seen.iter().chain(&leaf_seen).all(|seen| *seen)
        && depth.iter().all(|depth| *depth < DEPTH_MAX)
}

impl Split {
    /// Where a value goes.
    pub(super) fn child_of(&self, value: f32) -> Child {
        let left = if value.is_nan() {
            self.missing_left
        } else {
            value <= self.threshold
        };
        if left { self.left } else { self.right }
    }
}

impl Tree {
    /// The first split, or the one leaf.
    pub(super) fn root(&self) -> Child {
        if self.splits.is_empty() {
            Child::Leaf(0)
        } else {
            Child::Split(0)
        }
    }

    /// The leaf that a row falls into.
    pub(super) fn leaf(&self, row: &[f32]) -> usize {
        let mut at = self.root();
        loop {
            match at {
                Child::Leaf(leaf) => return leaf as usize,
                Child::Split(split) => {
                    let split = &self.splits[split as usize];
                    at = split.child_of(row[split.column as usize]);
                }
            }
        }
    }

    /// The leaf that a binned row falls into.
    ///
    /// - `codes_up_to`: by split, the last code that goes left.
    pub(super) fn leaf_by_code(&self, codes: &Codes<'_>, row: usize, codes_up_to: &[u8]) -> usize {
        let mut at = self.root();
        loop {
            match at {
                Child::Leaf(leaf) => return leaf as usize,
                Child::Split(position) => {
                    let split = &self.splits[position as usize];
                    let code = codes.column(split.column as usize)[row];
                    let up_to = codes_up_to[position as usize];
                    let left = goes_left(code, up_to, split.missing_left);
                    at = if left { split.left } else { split.right };
                }
            }
        }
    }

    /// Whether all columns read are among the first `columns`.
    pub(super) fn reads_within(&self, columns: usize) -> bool {
        let within = |split: &Split| (split.column as usize) < columns;
        self.splits.iter().all(within)
    }
}

/// Whether a code goes left.
pub(super) fn goes_left(code: u8, up_to: u8, missing_left: bool) -> bool {
    if code == MISSING {
        missing_left
    } else {
        code <= up_to
    }
}
