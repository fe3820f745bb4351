//! A shallow decision tree that says in round numbers what the clusters say.

use rayon::prelude::*;

/// Fewest customers under one rule, as a share of all: a rule for fewer is an anecdote.
const LEAF_SHARE_MIN: f64 = 0.002;

/// Bounds of a leaf on each feature: `above` < value ≤ `up_to`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) above: Option<f64>,
    pub(crate) up_to: Option<f64>,
}

/// A box of the space of raw values, with who is in it.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) bounds: [Bounds; 3],
    /// Customers of each segment.
    pub(crate) counts: Vec<u64>,
}

impl Leaf {
    pub(crate) fn customers(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The segment of most customers, the first of equals.
    pub(crate) fn segment(&self) -> usize {
        let most = self.counts.iter().max().copied().unwrap_or(0);
        self.counts.iter().position(|&n| n == most).unwrap_or(0)
    }

    fn agreeing(&self) -> u64 {
        self.counts.iter().max().copied().unwrap_or(0)
    }
}

/// Customers with the same place between thresholds and the same segment.
struct Cell {
    bins: [u16; 3],
    segment: u16,
    customers: u64,
}

struct Node {
    leaf: Leaf,
    cells: Vec<Cell>,
    best: Option<Split>,
}

#[derive(Clone, Copy)]
struct Split {
    feature: usize,
    /// Cells whose bin is at most this go left.
    bin: usize,
    gain: f64,
}

/// Leaves of a tree grown where it errs most, until `fidelity` of the customers fall in a leaf of
/// their own segment, or `leaves_max` leaves exist, or no split helps. The leaves are disjoint and
/// cover everything. Splits reduce the Gini impurity (Breiman, Friedman, Olshen, Stone 1984).
pub(crate) fn grow(
    values: &[[f64; 3]],
    segments: &[usize],
    k: usize,
    thresholds: &[Vec<f64>; 3],
    fidelity: f64,
    leaves_max: usize,
) -> Vec<Leaf> {
    let leaf_min = ((values.len() as f64 * LEAF_SHARE_MIN) as u64).max(1);
    let root = Node {
        leaf: leaf_of(&[], k, [Bounds::default(); 3]),
        cells: cells(values, segments, thresholds),
        best: None,
    };
    let mut nodes = vec![finish(root, k, thresholds, leaf_min)];
    while nodes.len() < leaves_max {
        let agreeing: u64 = nodes.iter().map(|n| n.leaf.agreeing()).sum();
        if agreeing as f64 >= fidelity * values.len() as f64 {
            break;
        }
        let Some(at) = widest_gain(&nodes) else { break };
        let (left, right) = split(nodes.swap_remove(at), thresholds);
        nodes.push(finish(left, k, thresholds, leaf_min));
        nodes.push(finish(right, k, thresholds, leaf_min));
    }
    merge_same(nodes.into_iter().map(|n| n.leaf).collect())
}

/// Customers counted by place between thresholds; sorting keys keeps this exact and ordered.
fn cells(values: &[[f64; 3]], segments: &[usize], thresholds: &[Vec<f64>; 3]) -> Vec<Cell> {
    let mut keys: Vec<u64> = values
        .par_iter()
        .zip(segments)
        .map(|(v, &segment)| {
            (0..3).fold(0_u64, |key, f| {
                let bin = thresholds[f].partition_point(|t| *t < v[f]);
                (key << 16) | bin as u64
            }) << 16
                | segment as u64
        })
        .collect();
    keys.par_sort_unstable();
    keys.chunk_by(|a, b| a == b)
        .map(|same| Cell {
            bins: [48, 32, 16].map(|shift| (same[0] >> shift) as u16),
            segment: same[0] as u16,
            customers: same.len() as u64,
        })
        .collect()
}

fn leaf_of(cells: &[Cell], k: usize, bounds: [Bounds; 3]) -> Leaf {
    let mut counts = vec![0; k];
    for cell in cells {
        counts[usize::from(cell.segment)] += cell.customers;
    }
    Leaf { bounds, counts }
}

/// Counts the customers of a node and finds its best split.
fn finish(mut node: Node, k: usize, thresholds: &[Vec<f64>; 3], leaf_min: u64) -> Node {
    node.leaf = leaf_of(&node.cells, k, node.leaf.bounds);
    for (feature, cuts) in thresholds.iter().enumerate() {
        let mut bins = vec![vec![0_u64; k]; cuts.len() + 1];
        for cell in &node.cells {
            bins[usize::from(cell.bins[feature])][usize::from(cell.segment)] += cell.customers;
        }
        let mut left = vec![0_u64; k];
        for (bin, counts) in bins.iter().enumerate().take(cuts.len()) {
            for (l, n) in left.iter_mut().zip(counts) {
                *l += n;
            }
            let right: Vec<u64> = node
                .leaf
                .counts
                .iter()
                .zip(&left)
                .map(|(n, l)| n - l)
                .collect();
            if left.iter().sum::<u64>() < leaf_min || right.iter().sum::<u64>() < leaf_min {
                continue;
            }
            let gain = purity(&left) + purity(&right) - purity(&node.leaf.counts);
            if gain > node.best.map_or(1e-9, |b| b.gain) {
                node.best = Some(Split { feature, bin, gain });
            }
        }
    }
    node
}

/// Σ n_c² / n: customers times (1 − Gini impurity).
fn purity(counts: &[u64]) -> f64 {
    let n: u64 = counts.iter().sum();
    counts.iter().map(|&c| (c as f64).powi(2)).sum::<f64>() / n.max(1) as f64
}

fn widest_gain(nodes: &[Node]) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (i, node) in nodes.iter().enumerate() {
        if let Some(split) = node.best
            && best.is_none_or(|(_, gain)| split.gain > gain)
        {
            best = Some((i, split.gain));
        }
    }
    best.map(|(i, _)| i)
}

fn split(node: Node, thresholds: &[Vec<f64>; 3]) -> (Node, Node) {
    let at = node.best.expect("only nodes with a split are split");
    let threshold = thresholds[at.feature][at.bin];
    let (mut left, mut right) = (node.leaf.clone(), node.leaf);
    left.bounds[at.feature].up_to = Some(threshold);
    right.bounds[at.feature].above = Some(threshold);
    let (low, high) = node
        .cells
        .into_iter()
        .partition(|c| usize::from(c.bins[at.feature]) <= at.bin);
    let half = |leaf, cells| Node {
        leaf,
        cells,
        best: None,
    };
    (half(left, low), half(right, high))
}

/// Joins leaves of one segment that touch along one feature and agree on the others: fewer, longer
/// rules that say the same.
fn merge_same(mut leaves: Vec<Leaf>) -> Vec<Leaf> {
    'again: loop {
        for a in 0..leaves.len() {
            for b in 0..leaves.len() {
                if a != b
                    && leaves[a].segment() == leaves[b].segment()
                    && let Some(bounds) = union(&leaves[a].bounds, &leaves[b].bounds)
                {
                    let other = leaves[b].counts.clone();
                    leaves[a].bounds = bounds;
                    for (n, m) in leaves[a].counts.iter_mut().zip(other) {
                        *n += m;
                    }
                    leaves.remove(b);
                    continue 'again;
                }
            }
        }
        return leaves;
    }
}

/// The box of two boxes when `low` ends where `high` starts on one feature and all else is equal.
fn union(low: &[Bounds; 3], high: &[Bounds; 3]) -> Option<[Bounds; 3]> {
    let differing: Vec<usize> = (0..3).filter(|&f| low[f] != high[f]).collect();
    let [f] = differing[..] else { return None };
    if low[f].up_to.is_none() || low[f].up_to != high[f].above {
        return None;
    }
    let mut joined = *low;
    joined[f].up_to = high[f].up_to;
    Some(joined)
}
