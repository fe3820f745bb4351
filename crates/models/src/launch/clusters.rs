//! Launches whose demand comes at the same pace.

use math::random::stream;
use rand::RngExt;
use rayon::prelude::*;

use super::curve::{Curve, LN_SIZE_OF_HOUR, LN_SIZE_PRIOR, LN_SIZES, Share, ln_rising, peak};
use super::product_limit::{Observed, product_limit};

/// Parts that hours are joined to where launches are compared: each brings about this share of demand.
const PARTS: usize = 16;

/// Rounds of expectation and maximisation at most.
const ROUNDS_MAX: usize = 40;

/// A gain of the log-likelihood per launch below which it has settled.
const SETTLED: f64 = 1e-4;

/// Starts that are compared: by pace, and drawn.
const STARTS: usize = 4;

/// Rounds after which sizes are estimated anew: they move slowly and cost the most.
const SIZE_EVERY: usize = 6;

/// Steps of a search for a size: the bracket of 12 narrows to 0.01.
const SIZE_STEPS: usize = 15;

/// Launches that sizes are estimated on at most.
const SIZE_LAUNCHES_MAX: usize = 300;

/// Hours at which it is measured how much launches differ by then.
const HOURS: [usize; 20] = [
    1, 2, 3, 4, 6, 8, 10, 12, 18, 24, 36, 48, 72, 96, 120, 168, 240, 336, 480, 720,
];

/// A mixture of curves.
#[derive(Debug, Clone)]
pub(super) struct Mixture {
    /// By cluster, the shares by hour.
    curves: Vec<Vec<f64>>,
    ln_sizes: Vec<f64>,
    pub(super) weights: Vec<f64>,
    /// Ends of the parts, hours.
    parts: Vec<usize>,
}

/// How the units of a launch split over the parts that it knows.
struct Split {
    /// Hours open.
    open: usize,
    /// Hours of each part, and units in it.
    parts: Vec<(usize, usize, u32)>,
}

fn split(launch: &Observed, parts: &[usize]) -> Split {
    let known = launch.hours.len();
    let mut from = 0;
    let mut found = Vec::new();
    for part in parts.iter().copied().chain([known]) {
        let to = part.min(known);
        if to > from {
            let units = launch.hours[from..to]
                .iter()
                .fold(0u32, |sum, own| sum.saturating_add(*own));
            found.push((from, to, units));
            from = to;
        }
    }
    Split {
        open: launch.open_hours as usize,
        parts: found,
    }
}

/// Log-probability of a split given its sum, less what no curve changes.
fn ln_split(split: &Split, curve: &[f64], ln_size: f64) -> f64 {
    let up_to = |hours: usize| {
        hours
            .checked_sub(1)
            .map_or(0.0, |at| curve[at.min(curve.len() - 1)])
    };
    // Of a launch that is open for less than the curve all comes within its own hours.
    let size = ln_size.exp() / up_to(split.open).max(1e-9);
    let (mut ln, mut sum, mut known) = (0.0, 0u32, 0.0);
    for (from, to, units) in &split.parts {
        let share = (up_to(*to) - up_to(*from)).max(1e-9);
        ln += ln_rising(size * share, *units);
        sum = sum.saturating_add(*units);
        known += share;
    }
    ln - ln_rising(size * known, sum)
}

fn ln_prior(ln_size: f64) -> f64 {
    -0.5 * ((ln_size - LN_SIZE_PRIOR.0) / LN_SIZE_PRIOR.1).powi(2)
}

/// Ends of parts of a curve that bring about the same share each.
fn parts(curve: &[f64]) -> Vec<usize> {
    let wanted = (1..PARTS).map(|part| part as f64 / PARTS as f64);
    let mut ends: Vec<usize> = wanted
        .map(|level| curve.partition_point(|up_to| *up_to < level) + 1)
        .chain([curve.len()])
        .collect();
    ends.dedup();
    ends
}

impl Mixture {
    /// Learns `clusters` curves; the likeliest of several starts.
    pub(super) fn fit(launches: &[Observed], hours: usize, clusters: usize, seed: u64) -> Self {
        let all = launches.iter().map(|launch| (launch, 1.0));
        let pooled = product_limit(all, hours, LN_SIZE_PRIOR.0.exp(), None);
        let parts = parts(&pooled);
        let splits: Vec<Split> = launches
            .iter()
            .map(|launch| split(launch, &parts))
            .collect();
        let starts = if clusters == 1 { 1 } else { STARTS };
        let found = (0..starts).into_par_iter().map(|start| {
            let shares = begin(launches, &pooled, clusters, (start, seed));
            let empty = Self {
                curves: vec![pooled.clone(); clusters],
                ln_sizes: vec![LN_SIZE_PRIOR.0; clusters],
                weights: vec![1.0 / clusters as f64; clusters],
                parts: parts.clone(),
            };
            empty.climb(launches, &splits, &pooled, shares)
        });
        let found: Vec<(Self, f64)> = found.collect();
        let best = found
            .into_iter()
            .reduce(|a, b| if b.1 > a.1 { b } else { a });
        best.map_or_else(
            || Self {
                curves: vec![pooled.clone()],
                ln_sizes: vec![LN_SIZE_PRIOR.0],
                weights: vec![1.0],
                parts,
            },
            |(best, _)| best,
        )
    }

    fn climb(
        mut self,
        launches: &[Observed],
        splits: &[Split],
        pooled: &[f64],
        mut shares: Vec<Vec<f64>>,
    ) -> (Self, f64) {
        let mut last = f64::NEG_INFINITY;
        for round in 0..ROUNDS_MAX {
            self.maximise(launches, splits, pooled, &shares, round % SIZE_EVERY == 1);
            let each = splits.iter().map(|split| self.of_split(split));
            let (ln, new): (Vec<f64>, Vec<Vec<f64>>) = each.unzip();
            shares = new;
            let now = ln.iter().sum::<f64>();
            let gain = (now - last) / launches.len() as f64;
            last = now;
            if round > SIZE_EVERY && gain.abs() < SETTLED {
                break;
            }
        }
        (self, last)
    }

    fn maximise(
        &mut self,
        launches: &[Observed],
        splits: &[Split],
        pooled: &[f64],
        shares: &[Vec<f64>],
        sizes: bool,
    ) {
        let clusters = self.curves.len();
        let n = launches.len() as f64;
        for cluster in 0..clusters {
            let weight: f64 = shares.iter().map(|share| share[cluster]).sum();
            self.weights[cluster] = (weight + 1.0) / (n + clusters as f64);
            let own = launches
                .iter()
                .zip(shares)
                .map(|(l, share)| (l, share[cluster]));
            let prior = (clusters > 1).then_some(pooled);
            let size = self.ln_sizes[cluster].exp();
            self.curves[cluster] = product_limit(own, pooled.len(), size, prior);
            if sizes {
                self.ln_sizes[cluster] = self.size(splits, shares, cluster);
            }
        }
    }

    /// How alike curves of a cluster are.
    fn size(&self, splits: &[Split], shares: &[Vec<f64>], cluster: usize) -> f64 {
        let weight: f64 = shares.iter().map(|share| share[cluster]).sum();
        if weight < 2.0 {
            return LN_SIZE_PRIOR.0;
        }
        let own = || {
            splits
                .iter()
                .zip(shares)
                .filter(|(_, share)| share[cluster] > 0.1)
        };
        let every = own().count().div_ceil(SIZE_LAUNCHES_MAX).max(1);
        let some: Vec<(&Split, f64)> = own()
            .step_by(every)
            .map(|(split, share)| (split, share[cluster]))
            .collect();
        let value = |ln_size: f64| {
            let each = some
                .iter()
                .map(|(split, weight)| weight * ln_split(split, &self.curves[cluster], ln_size));
            ln_prior(ln_size) + each.sum::<f64>()
        };
        // The curve is drawn to its own launches: what is left differs by as much less.
        let own = peak(value, LN_SIZES, SIZE_STEPS) + ((weight - 1.0) / weight).ln();
        own.max(LN_SIZES.0)
    }

    /// Log-likelihood of a split, and the probability of each cluster given it.
    fn of_split(&self, split: &Split) -> (f64, Vec<f64>) {
        let each = self.curves.iter().zip(&self.ln_sizes).zip(&self.weights);
        let ln: Vec<f64> = each
            .map(|((curve, ln_size), weight)| ln_split(split, curve, *ln_size) + weight.ln())
            .collect();
        let most = ln.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = ln.iter().map(|ln| (ln - most).exp()).sum();
        let shares = ln.iter().map(|ln| (ln - most).exp() / sum).collect();
        (most + sum.ln(), shares)
    }

    /// Log-likelihood of the hours of each launch given their sum, less what no curve changes: over the same parts for all
    /// mixtures that are compared.
    pub(super) fn ln_likelihoods(&self, launches: &[Observed], parts: &[usize]) -> Vec<f64> {
        let of = |launch: &Observed| self.of_split(&split(launch, parts)).0;
        launches.iter().map(of).collect()
    }

    /// Ends of the parts that launches were compared by.
    pub(super) fn parts(&self) -> &[usize] {
        &self.parts
    }

    /// Probability of each cluster given the hours of a launch.
    pub(super) fn shares(&self, launch: &Observed) -> Vec<f64> {
        self.of_split(&split(launch, &self.parts)).1
    }

    /// The curves, with how much launches differ from them by each hour.
    pub(super) fn curves(&self, launches: &[Observed]) -> Vec<Curve> {
        let shares: Vec<Vec<f64>> = launches.iter().map(|launch| self.shares(launch)).collect();
        let of = |cluster: usize| {
            let weight: f64 = shares.iter().map(|share| share[cluster]).sum();
            let (up_to, ln_size) = (self.curves[cluster].clone(), self.ln_sizes[cluster]);
            let flat = Curve::learnt(up_to.clone(), ln_size, Vec::new(), weight);
            let own = launches.iter().zip(&shares);
            let own: Vec<(&Observed, f64)> = own
                .map(|(launch, share)| (launch, share[cluster]))
                .filter(|(launch, share)| launch.whole.is_some() && *share > 0.1)
                .collect();
            let hours = HOURS.iter().filter(|hours| **hours < up_to.len());
            let by_hour = hours.map(|hours| (*hours as f64, size_by(&own, &flat, *hours, ln_size)));
            let by_hour = by_hour.collect();
            Curve::learnt(up_to, ln_size, by_hour, weight)
        };
        (0..self.curves.len()).into_par_iter().map(of).collect()
    }
}

/// How much launches differ in what came by an hour, drawn to how much they differ in all.
fn size_by(launches: &[(&Observed, f64)], curve: &Curve, hours: usize, ln_size: f64) -> f64 {
    let every = launches.len().div_ceil(SIZE_LAUNCHES_MAX).max(1);
    let some: Vec<(f64, f64, f64, f64)> = launches
        .iter()
        .step_by(every)
        .filter_map(|(launch, weight)| {
            let share = curve.share(hours, launch.open_hours);
            let inside = (hours < launch.hours.len()).then(|| launch.up_to[hours - 1])?;
            (share < 1.0).then_some((share, inside, launch.whole?, *weight))
        })
        .collect();
    let weight: f64 = some.iter().map(|(_, _, _, weight)| weight).sum();
    if weight < 2.0 {
        return ln_size;
    }
    let value = |own: f64| {
        let size = own.exp();
        let each = some.iter().map(|(share, inside, whole, weight)| {
            let beta = Share::Beta(size * share.max(1e-9), size * (1.0 - share).max(1e-9));
            weight * beta.ln_probability(*inside, *whole)
        });
        each.sum::<f64>() - 0.5 * ((own - ln_size) / LN_SIZE_OF_HOUR).powi(2)
    };
    let own = peak(value, LN_SIZES, SIZE_STEPS) + ((weight - 1.0) / weight).ln();
    own.max(LN_SIZES.0)
}

/// Where a search starts: the probability of each cluster, by launch.
fn begin(
    launches: &[Observed],
    pooled: &[f64],
    clusters: usize,
    (start, seed): (usize, u64),
) -> Vec<Vec<f64>> {
    let certain = |own: usize| {
        let share = |cluster| if cluster == own { 1.0 } else { 0.0 };
        (0..clusters).map(share).collect::<Vec<f64>>()
    };
    if start == 0 {
        // By pace: how late on the common curve the mean unit came, of what is known.
        let pace = |launch: &Observed| {
            let known = pooled[launch.hours.len().clamp(1, pooled.len()) - 1].max(1e-9);
            let each = launch.hours.iter().zip(pooled);
            let late: f64 = each
                .map(|(units, up_to)| f64::from(*units) * up_to / known)
                .sum();
            late / launch.up_to.last().copied().unwrap_or(1.0).max(1.0)
        };
        let paces: Vec<f64> = launches.iter().map(pace).collect();
        let mut order: Vec<usize> = (0..launches.len()).collect();
        order.sort_by(|a, b| paces[*a].total_cmp(&paces[*b]));
        let mut found = vec![Vec::new(); launches.len()];
        for (rank, at) in order.into_iter().enumerate() {
            found[at] = certain(rank * clusters / launches.len().max(1));
        }
        return found;
    }
    // Each launch is drawn to the likeliest of single launches that were drawn.
    let mut random = stream(seed, start as u64);
    let parts = parts(pooled);
    let size = LN_SIZE_PRIOR.0;
    let drawn: Vec<Vec<f64>> = (0..clusters)
        .map(|_| {
            let one = &launches[random.random_range(0..launches.len())];
            product_limit(
                [(one, 1.0)].into_iter(),
                pooled.len(),
                size.exp(),
                Some(pooled),
            )
        })
        .collect();
    let nearest = |launch: &Observed| {
        let split = split(launch, &parts);
        let ln = drawn.iter().map(|curve| ln_split(&split, curve, size));
        let best = ln.enumerate().reduce(|a, b| if b.1 > a.1 { b } else { a });
        certain(best.map_or(0, |(at, _)| at))
    };
    launches.iter().map(nearest).collect()
}
