//! Growing one tree, leaf by leaf where the loss falls most.

use std::ops::Range;

use rayon::prelude::*;

use super::codes::Codes;
use super::histogram::{Layout, Members, Pair, Sums, build, subtract};
use super::settings::Settings;
use super::split::{Bounds, Candidate, Rule};
use super::table::Table;
use super::tree::{Child, Split, goes_left};

/// Sums that are worth the cost of sharing them out to threads.
const PARALLEL_MIN: usize = 1 << 15;

/// What trees grow on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) table: &'a Table,
    pub(super) codes: &'a Codes<'a>,
    /// By row of the codes.
    pub(super) pairs: &'a [Pair],
    /// Columns drawn for this tree.
    pub(super) columns: &'a [u32],
    pub(super) settings: &'a Settings,
}

/// A tree grown, with the rows of each leaf.
#[derive(Debug)]
pub(super) struct Grown {
    pub(super) splits: Vec<Split>,
    /// By split, the last code that goes left.
    pub(super) codes_up_to: Vec<u8>,
    /// By leaf, the value of least loss.
    pub(super) values: Vec<f64>,
    /// By leaf, which part of `order` it holds.
    pub(super) ranges: Vec<Range<usize>>,
    /// Rows of the codes, leaf after leaf, rising within each.
    pub(super) order: Vec<u32>,
}

/// A leaf that may be split.
struct Open {
    rows: Range<usize>,
    depth: usize,
    sums: Sums,
    bounds: Bounds,
    /// Sums by column and code; empty where the leaf cannot be split.
    bins: Vec<Sums>,
    best: Option<Candidate>,
    /// The split above and whether the leaf is its left child.
    parent: Option<(usize, bool)>,
}

/// Grows a tree on the rows given, rising.
pub(super) fn grow(ground: &Ground<'_>, rows: Vec<u32>) -> Grown {
    let widths = ground.columns.iter();
    let widths = widths.map(|column| ground.table.column(*column as usize).width());
    let mut growth = Growth {
        ground,
        rule: Rule::new(ground.settings),
        layout: Layout::new(widths.collect()),
        splits: Vec::new(),
        codes_up_to: Vec::new(),
        leaves: Vec::new(),
        order: rows,
        aside: Vec::new(),
        gathered: Vec::new(),
        spare: Vec::new(),
    };
    growth.plant();
    while let Some(leaf) = growth.widest() {
        growth.split(leaf);
    }
    let value = |leaf: &Open| growth.rule.value(leaf.sums, leaf.bounds);
    Grown {
        values: growth.leaves.iter().map(value).collect(),
        ranges: growth.leaves.iter().map(|leaf| leaf.rows.clone()).collect(),
        splits: growth.splits,
        codes_up_to: growth.codes_up_to,
        order: growth.order,
    }
}

struct Growth<'a> {
    ground: &'a Ground<'a>,
    rule: Rule,
    layout: Layout,
    splits: Vec<Split>,
    codes_up_to: Vec<u8>,
    leaves: Vec<Open>,
    order: Vec<u32>,
    /// Rows that go right while those that go left are moved up.
    aside: Vec<u32>,
    /// Derivatives of the rows of a leaf.
    gathered: Vec<Pair>,
    /// Sums of leaves that are done, to be used again.
    spare: Vec<Vec<Sums>>,
}

impl Growth<'_> {
    fn may_split(&self, depth: usize, rows: usize) -> bool {
        depth < self.ground.settings.depth_max
            && rows >= 2 * self.rule.rows_min as usize
            && self.leaves.len() < self.ground.settings.leaves_max
    }

    /// The root.
    fn plant(&mut self) {
        let Ground { pairs, .. } = *self.ground;
        let whole = self.order.len() == pairs.len();
        let mut root = Open {
            rows: 0..self.order.len(),
            depth: 0,
            sums: Sums::of(self.order.iter().map(|row| &pairs[*row as usize])),
            bounds: Bounds::NONE,
            bins: Vec::new(),
            best: None,
            parent: None,
        };
        if self.may_split(0, self.order.len()) {
            root.bins = self.layout.empty();
            let members = if whole {
                Members::All(pairs)
            } else {
                gather(pairs, &self.order, &mut self.gathered);
                Members::Of(&self.order, &self.gathered)
            };
            let parts = self.layout.parts(&mut root.bins);
            let search = |(at, bins): (usize, &mut [Sums])| {
                let column = self.ground.columns[at] as usize;
                build(self.ground.codes.column(column), members, bins);
                self.best(column, bins, root.sums, root.bounds)
            };
            let found: Vec<_> = if self.order.len() * parts.len() < PARALLEL_MIN {
                parts.into_iter().enumerate().map(search).collect()
            } else {
                parts.into_par_iter().enumerate().map(search).collect()
            };
            root.best = first_best(found.into_iter());
        }
        self.leaves.push(root);
    }

    fn best(&self, column: usize, bins: &[Sums], sums: Sums, bounds: Bounds) -> Option<Candidate> {
        let monotone = self.ground.settings.monotone_of(column);
        self.rule.best(column, bins, sums, bounds, monotone)
    }

    /// The leaf whose split gains most, the first of equals; none where nothing gains or leaves are enough.
    fn widest(&self) -> Option<usize> {
        if self.leaves.len() >= self.ground.settings.leaves_max {
            return None;
        }
        let mut widest: Option<(usize, f64)> = None;
        for (at, leaf) in self.leaves.iter().enumerate() {
            if let Some(best) = &leaf.best
                && widest.is_none_or(|(_, gain)| best.gain > gain)
            {
                widest = Some((at, best.gain));
            }
        }
        widest.map(|(at, _)| at)
    }

    /// Splits a leaf: its left child takes its place, its right child is the last leaf.
    fn split(&mut self, leaf: usize) {
        let (position, right_leaf) = (self.splits.len(), self.leaves.len());
        let parent = &mut self.leaves[leaf];
        let Some(best) = parent.best.take() else {
            return;
        };
        let (depth, rows) = (parent.depth + 1, parent.rows.clone());
        let bins = std::mem::take(&mut parent.bins);
        let above = parent.parent;
        let codes = self.ground.codes.column(best.column);
        let left = |row: u32| goes_left(codes[row as usize], best.code, best.missing_left);
        let middle = rows.start + part(&mut self.order[rows.clone()], &mut self.aside, left);
        if let Some((split, is_left)) = above {
            let split = &mut self.splits[split];
            let child = if is_left {
                &mut split.left
            } else {
                &mut split.right
            };
            *child = Child::Split(position as u32);
        }
        self.splits.push(Split {
            column: best.column as u32,
            threshold: self.ground.table.column(best.column).threshold(best.code),
            missing_left: best.missing_left,
            left: Child::Leaf(leaf as u32),
            right: Child::Leaf(right_leaf as u32),
            gain: best.gain,
        });
        self.codes_up_to.push(best.code);
        let child = |rows: Range<usize>, sums: Sums, bounds: Bounds, is_left: bool| Open {
            rows,
            depth,
            sums,
            bounds,
            bins: Vec::new(),
            best: None,
            parent: Some((position, is_left)),
        };
        let left = child(rows.start..middle, best.left, best.left_bounds, true);
        let right = child(middle..rows.end, best.right, best.right_bounds, false);
        self.leaves[leaf] = left;
        self.leaves.push(right);
        self.look_into(leaf, right_leaf, bins);
    }

    /// Finds the best splits of two children: the smaller one's sums are built, the larger one's are what is left.
    ///
    /// - `bins`: sums of their parent.
    fn look_into(&mut self, left: usize, right: usize, mut bins: Vec<Sums>) {
        let rows_of = |leaf: usize| self.leaves[leaf].rows.len();
        let may = |leaf: usize| self.may_split(self.leaves[leaf].depth, rows_of(leaf));
        let (small, large) = if rows_of(left) <= rows_of(right) {
            (left, right)
        } else {
            (right, left)
        };
        let (may_small, may_large) = (may(small), may(large));
        if !may_small && !may_large {
            self.spare.push(bins);
            return;
        }
        let mut of_small = self.spare.pop().unwrap_or_else(|| self.layout.empty());
        let rows = &self.order[self.leaves[small].rows.clone()];
        gather(self.ground.pairs, rows, &mut self.gathered);
        let members = Members::Of(rows, &self.gathered);
        let best = |leaf: usize, column: usize, bins: &[Sums]| {
            let leaf = &self.leaves[leaf];
            self.best(column, bins, leaf.sums, leaf.bounds)
        };
        let search = |(at, (of_small, of_large)): (usize, (&mut [Sums], &mut [Sums]))| {
            let column = self.ground.columns[at] as usize;
            build(self.ground.codes.column(column), members, of_small);
            let in_small = may_small.then(|| best(small, column, of_small)).flatten();
            let in_large = may_large.then(|| {
                subtract(of_large, of_small);
                best(large, column, of_large)
            });
            (in_small, in_large.flatten())
        };
        let parts = self.layout.parts(&mut of_small).into_iter();
        let parts: Vec<_> = parts.zip(self.layout.parts(&mut bins)).collect();
        let found: Vec<_> = if rows.len() * parts.len() < PARALLEL_MIN {
            parts.into_iter().enumerate().map(search).collect()
        } else {
            parts.into_par_iter().enumerate().map(search).collect()
        };
        let in_small = first_best(found.iter().map(|(found, _)| *found));
        let in_large = first_best(found.iter().map(|(_, found)| *found));
        for (leaf, best, bins) in [(small, in_small, of_small), (large, in_large, bins)] {
            if best.is_some() {
                self.leaves[leaf].best = best;
                self.leaves[leaf].bins = bins;
            } else {
                self.spare.push(bins);
            }
        }
    }
}

/// The candidate of most gain, the first of equals, whichever thread found it.
fn first_best(found: impl Iterator<Item = Option<Candidate>>) -> Option<Candidate> {
    found.flatten().reduce(
        |best, other| {
            if other.gain > best.gain { other } else { best }
        },
    )
}

fn gather(pairs: &[Pair], rows: &[u32], gathered: &mut Vec<Pair>) {
    gathered.clear();
    gathered.extend(rows.iter().map(|row| pairs[*row as usize]));
}

/// Moves rows that go left before the others, both in order; returns how many there are.
fn part(rows: &mut [u32], aside: &mut Vec<u32>, left: impl Fn(u32) -> bool) -> usize {
    aside.clear();
    let mut kept = 0;
    for at in 0..rows.len() {
        let row = rows[at];
        if left(row) {
            rows[kept] = row;
            kept += 1;
        } else {
            aside.push(row);
        }
    }
    rows[kept..].copy_from_slice(aside);
    kept
}
