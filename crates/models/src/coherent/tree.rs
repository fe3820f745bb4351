//! The least squares of a tree, by one way up and one way down.

use super::arrangement::{Arrangement, Tier};

/// Leaves of given variances under a tree of nodes with given variances, made ready to be reconciled.
///
/// Going up, a node hears from its children what they expect together, weighs it against its own forecast, and tells its
/// parent; going down, each hands on what its parent decided otherwise, to each child by its share of the variance. That
/// is the minimum of the weighted squares, exactly, in one pass over the nodes: no matrix is made. It is the forward and
/// backward pass of Rauch, Tung, Striebel (1965) along a tree.
#[derive(Debug, Clone)]
pub(super) struct Tree<'a> {
    tiers: &'a [Tier],
    /// By tier.
    factors: Vec<Factors>,
}

#[derive(Debug, Clone)]
struct Factors {
    /// By group: the share of a surprise that it takes over from its own forecast.
    gains: Vec<f64>,
    /// By group: 1 less that share, without its rounding.
    keeps: Vec<f64>,
    /// By group: variance of its children's sum plus that of its own forecast.
    spreads: Vec<f64>,
    /// By child: its share of the variance of its parent's sum.
    shares: Vec<f64>,
}

/// The quotient, 0 where nothing is divided by nothing.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

impl<'a> Tree<'a> {
    /// - `leaves`: by place, variances of at least 0; a leaf of variance 0 stays as it is.
    /// - `nodes`: by node, variances above 0.
    pub(super) fn new(arrangement: &'a Arrangement, leaves: &[f64], nodes: &[f64]) -> Self {
        let tiers = arrangement.tiers.as_slice();
        let mut factors = Vec::with_capacity(tiers.len());
        let mut below = leaves.to_vec();
        for tier in tiers {
            let (mut gains, mut keeps) = (Vec::new(), Vec::new());
            let (mut spreads, mut own) = (Vec::new(), Vec::new());
            let mut shares = Vec::with_capacity(below.len());
            for (children, node) in tier.starts.windows(2).zip(&tier.nodes) {
                let children = &below[children[0] as usize..children[1] as usize];
                let sum: f64 = children.iter().sum();
                let variance = nodes[*node as usize];
                let gain = share(sum, sum + variance);
                gains.push(gain);
                keeps.push(share(variance, sum + variance));
                spreads.push(sum + variance);
                // The parallel sum of both variances.
                own.push(gain * variance);
                shares.extend(children.iter().map(|child| share(*child, sum)));
            }
            below = own;
            factors.push(Factors {
                gains,
                keeps,
                spreads,
                shares,
            });
        }
        Self { tiers, factors }
    }

    /// Reconciles leaves in place: places × periods.
    ///
    /// - `forecasts`: by node; `None` forecasts nothing of every node.
    pub(super) fn solve(&self, leaves: &mut [f64], forecasts: Option<&[f64]>, periods: usize) {
        // By tier: what the children say, and what came of it.
        let mut sums: Vec<Vec<f64>> = Vec::with_capacity(self.tiers.len());
        let mut values: Vec<Vec<f64>> = Vec::with_capacity(self.tiers.len());
        for (tier, factors) in self.tiers.iter().zip(&self.factors) {
            let below = values.last().map_or(&*leaves, Vec::as_slice);
            let sum = sums_of(tier, below, periods);
            let mut value = sum.clone();
            for (at, row) in value.chunks_exact_mut(periods).enumerate() {
                let (gain, kept) = (factors.gains[at], factors.keeps[at]);
                match forecasts {
                    None => row.iter_mut().for_each(|value| *value *= kept),
                    Some(all) => {
                        let own = &all[tier.nodes[at] as usize * periods..][..periods];
                        for (value, own) in row.iter_mut().zip(own) {
                            *value += gain * (own - *value);
                        }
                    }
                }
            }
            sums.push(sum);
            values.push(value);
        }
        for at in (0..self.tiers.len()).rev() {
            let (below, above) = values.split_at_mut(at);
            let below = below.last_mut().map_or(&mut *leaves, Vec::as_mut_slice);
            let rows = above[0].chunks_exact(periods);
            let rows = rows.zip(sums[at].chunks_exact(periods));
            let shares = &self.factors[at].shares;
            for (children, (value, sum)) in self.tiers[at].starts.windows(2).zip(rows) {
                let children = children[0] as usize..children[1] as usize;
                let rows = &mut below[children.start * periods..children.end * periods];
                for (row, share) in rows.chunks_exact_mut(periods).zip(&shares[children]) {
                    for ((child, value), sum) in row.iter_mut().zip(value).zip(sum) {
                        *child += share * (value - sum);
                    }
                }
            }
        }
    }

    /// Calls `each(row, spread)` for every node of the tree: covariances of its sum, as known below it, with the sums of
    /// groups that cross the tree (ascending numbers of groups, none where it is 0), and the variance of its surprise.
    ///
    /// Each node takes off the covariance of two such groups the product of its two entries over its spread.
    pub(super) fn crossed(
        &self,
        arrangement: &Arrangement,
        leaves: &[f64],
        mut each: impl FnMut(&[(u32, f64)], f64),
    ) {
        let crossings = &arrangement.crossings;
        let mut starts: Vec<usize> = vec![0];
        let mut entries: Vec<(u32, f64)> = Vec::new();
        for (place, variance) in leaves.iter().enumerate() {
            if *variance > 0.0 {
                entries.extend(crossings.iter().map(|of| (of.of_place[place], *variance)));
            }
            starts.push(entries.len());
        }
        let mut sums = vec![0.0; arrangement.n_crossed];
        let mut is_touched = vec![false; arrangement.n_crossed];
        for (tier, factors) in self.tiers.iter().zip(&self.factors) {
            let (mut next_starts, mut next): (Vec<usize>, Vec<(u32, f64)>) = (vec![0], Vec::new());
            for (at, children) in tier.starts.windows(2).enumerate() {
                let mut touched: Vec<u32> = Vec::new();
                for (group, value) in
                    &entries[starts[children[0] as usize]..starts[children[1] as usize]]
                {
                    if !std::mem::replace(&mut is_touched[*group as usize], true) {
                        touched.push(*group);
                    }
                    sums[*group as usize] += value;
                }
                touched.sort_unstable();
                let row = next.len();
                for group in touched {
                    is_touched[group as usize] = false;
                    next.push((group, std::mem::take(&mut sums[group as usize])));
                }
                each(&next[row..], factors.spreads[at]);
                let kept = factors.keeps[at];
                next[row..].iter_mut().for_each(|(_, value)| *value *= kept);
                next_starts.push(next.len());
            }
            (starts, entries) = (next_starts, next);
        }
    }
}

/// Sums of the children of each group: groups × periods.
fn sums_of(tier: &Tier, below: &[f64], periods: usize) -> Vec<f64> {
    let mut sums = vec![0.0; tier.nodes.len() * periods];
    let rows = sums.chunks_exact_mut(periods);
    for (children, sums) in tier.starts.windows(2).zip(rows) {
        let rows = &below[children[0] as usize * periods..children[1] as usize * periods];
        for row in rows.chunks_exact(periods) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
    }
    sums
}
