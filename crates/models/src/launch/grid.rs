//! A posterior on points that are narrowed to where it lies.

use super::distribution::Demand;

/// Points of each round, which narrows what is looked at to the cells that hold all but [`LEFT_OUT`] of the probability:
/// the last is what is told, the others only find it.
const POINTS: [usize; 3] = [120, 120, 360];

/// Probability that may be left out at each end.
const LEFT_OUT: f64 = 1e-8;

/// Where the ends lie further apart than this factor, points are spaced by factors.
const WIDE: f64 = 3.0;

/// Units with their probabilities.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cells(Vec<(f64, f64)>);

impl Cells {
    pub(super) fn iter(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.0.iter().copied()
    }
}

/// Probability below an edge of a cell or above it, whichever is the smaller.
#[derive(Debug, Clone, Copy)]
enum Tail {
    Below(f64),
    Above(f64),
}

impl Tail {
    fn at(prior: &Demand, units: f64) -> Self {
        match prior {
            Demand::Points(points) => Self::Below(points.up_to(units)),
            Demand::LogNormal(one) if units > 0.0 && units.ln() > one.mu => {
                Self::Above(one.upper_tail(units))
            }
            Demand::LogNormal(one) => Self::Below(one.cdf(units)),
        }
    }

    /// Probability between two edges, which keeps its digits in both tails.
    fn to(self, other: Self) -> f64 {
        match (self, other) {
            (Self::Below(low), Self::Below(high)) => high - low,
            (Self::Above(low), Self::Above(high)) => low - high,
            (Self::Below(low), Self::Above(high)) => 1.0 - low - high,
            // Edges rise, so that none above the median comes before one below it.
            (Self::Above(_), Self::Below(_)) => 0.0,
        }
    }
}

/// Logarithm of the probability of a cell before anything was seen.
fn ln_mass(prior: &Demand, tails: (Tail, Tail), width: f64, middle: f64) -> f64 {
    let mass = tails.0.to(tails.1);
    match prior {
        // So far out only the density has digits left.
        Demand::LogNormal(one) if mass < 1e-290 => one.ln_density(middle.max(0.5)) + width.ln(),
        Demand::LogNormal(_) | Demand::Points(_) => mass.max(0.0).ln(),
    }
}

/// The posterior of a whole number from `least` on.
///
/// - `most`: beyond which nothing lies, unless the prior does.
/// - `ln_likelihood`: at a number.
pub(super) fn refine(
    prior: &Demand,
    least: f64,
    most: f64,
    ln_likelihood: impl Fn(f64) -> f64,
) -> Cells {
    let top = most
        .max(prior.quantile(1.0 - 1e-10))
        .max(least + 1.0)
        .ceil();
    let (mut from, mut to) = (least, top);
    let mut cells = Vec::new();
    for (round, count) in POINTS.into_iter().enumerate() {
        let whole = to - from < POINTS[POINTS.len() - 1] as f64;
        // In the first round anything may be anywhere: points are spaced by factors from the least on.
        let points = if whole {
            evenly(from, to, to - from)
        } else if round == 0 {
            by_factors(from, to, (from - 1.0, count))
        } else if to / from.max(1.0) > WIDE {
            by_factors(from, to, (f64::min(0.0, from - 1.0), count))
        } else {
            evenly(from, to, count as f64)
        };
        cells = weigh(prior, &points, least, &ln_likelihood);
        let Some((low, high)) = held(&cells) else {
            break;
        };
        (from, to) = (low.max(least), high.min(top));
        if whole {
            break;
        }
    }
    Cells(cells)
}

/// Whole numbers between two, spaced by factors of the distance from an origin below both.
fn by_factors(from: f64, to: f64, (origin, count): (f64, usize)) -> Vec<f64> {
    let (first, last) = ((from - origin).max(1.0), (to - origin).max(1.0));
    let factor = (last / first).powf(1.0 / count as f64);
    let mut points = Vec::with_capacity(count + 1);
    let mut next = from;
    while next < to {
        points.push(next);
        next = (origin + (next - origin) * factor).round().max(next + 1.0);
    }
    points.push(to);
    points
}

/// Whole numbers between two, in so many steps of about the same size.
fn evenly(from: f64, to: f64, steps: f64) -> Vec<f64> {
    let count = steps.max(1.0) as usize;
    let step = (to - from) / count as f64;
    let mut points: Vec<f64> = (0..=count)
        .map(|at| (from + at as f64 * step).round())
        .collect();
    points.dedup();
    points
}

/// Probabilities of the cells around points; at whole numbers next to each other a cell is one number.
fn weigh(
    prior: &Demand,
    points: &[f64],
    least: f64,
    ln_likelihood: &impl Fn(f64) -> f64,
) -> Vec<(f64, f64)> {
    let edge = |at: usize| match (at.checked_sub(1).map(|at| points[at]), points.get(at)) {
        (Some(below), Some(above)) => 0.5 * (below + above),
        (None, Some(first)) if *first <= 0.0 => -1.0,
        (None, Some(first)) => first - 0.5,
        (Some(last), None) => last + 0.5,
        (None, None) => least,
    };
    let edges: Vec<f64> = (0..=points.len()).map(edge).collect();
    let tails: Vec<Tail> = edges.iter().map(|edge| Tail::at(prior, *edge)).collect();
    let ln = |(at, units): (usize, &f64)| {
        let width = edges[at + 1] - edges[at];
        let mass = ln_mass(prior, (tails[at], tails[at + 1]), width, *units);
        if mass == f64::NEG_INFINITY {
            return mass;
        }
        mass + ln_likelihood(*units)
    };
    let ln: Vec<f64> = points.iter().enumerate().map(ln).collect();
    let highest = ln.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if highest == f64::NEG_INFINITY {
        return vec![(least, 1.0)];
    }
    let sum: f64 = ln.iter().map(|ln| (ln - highest).exp()).sum();
    let each = points.iter().zip(ln);
    each.map(|(units, ln)| (*units, (ln - highest).exp() / sum))
        .collect()
}

/// The ends of what holds nearly all of the probability, a cell beyond on each side.
fn held(cells: &[(f64, f64)]) -> Option<(f64, f64)> {
    let (mut below, mut first) = (0.0, None);
    for (at, (_, p)) in cells.iter().enumerate() {
        below += p;
        if below > LEFT_OUT {
            first = Some(at);
            break;
        }
    }
    let (mut above, mut last) = (0.0, None);
    for (at, (_, p)) in cells.iter().enumerate().rev() {
        above += p;
        if above > LEFT_OUT {
            last = Some(at);
            break;
        }
    }
    let (first, last) = (first?.saturating_sub(1), (last? + 1).min(cells.len() - 1));
    Some((cells[first].0, cells[last].0))
}
