//! Prices of several limits: the dual, minimised one price at a time.
//!
//! The dual at prices p is Σ over customers of the best choice of value − Σ p·usage, plus Σ p·limit. It is convex in
//! the prices, and with all prices but one held it is smallest where that limit alone ends, which is the selection
//! that one budget needs. Every value of the dual, at any prices, is a bound.

use rayon::prelude::*;

use super::Effort;
use super::path::{Path, Place, best_sum};
use super::problem::Problem;
use super::ratio::{Critical, Histogram, Keys, key};

/// Customers on whom prices are looked for first: their error is then far below what any limit feels.
const SAMPLE: usize = 1 << 15;
/// Sweeps on the sample for each that is allowed on all.
const SAMPLE_SWEEPS: u32 = 3;
/// Customers of a part: sums are taken over parts, in order.
const PART: usize = 4096;
/// Steps of a bin up to which they are looked at one by one instead of being taken for evenly spread.
const LISTED_MAX: u64 = 256;
/// Most doublings of a common step of all prices after a sweep.
const DOUBLINGS_MAX: u32 = 6;

/// One price per limit: at least 0, of a minimum at most 0.
#[derive(Debug, Clone)]
pub(super) struct Prices {
    pub(super) of_limit: Vec<f64>,
    n_offers: usize,
    /// Groups × offers: the prices of what is spent, together, and of being chosen.
    spending: Vec<f64>,
    choosing: Vec<f64>,
}

impl Prices {
    pub(super) fn new(problem: &Problem<'_>, of_limit: Vec<f64>) -> Self {
        let n_offers = problem.offers.n_offers;
        let cells = problem.n_groups * n_offers;
        let mut prices = Self {
            of_limit,
            n_offers,
            spending: vec![0.0; cells],
            choosing: vec![0.0; cells],
        };
        for (limit, price) in prices.of_limit.iter().enumerate() {
            let of_cells = if problem.spends(limit) {
                &mut prices.spending
            } else {
                &mut prices.choosing
            };
            if *price == 0.0 {
                continue;
            }
            for group in (0..problem.n_groups).filter(|g| problem.covers_group(limit, *g)) {
                for offer in (0..n_offers).filter(|o| problem.covers_offer(limit, *o)) {
                    of_cells[group * n_offers + offer] += price;
                }
            }
        }
        prices
    }

    /// What an offer is worth to a customer when what it uses is paid.
    pub(super) fn reduced(&self, problem: &Problem<'_>, customer: usize, offer: usize) -> f64 {
        let cell = problem.offers.group(customer) * self.n_offers + offer;
        let cost = f64::from(problem.offers.cost(customer, offer));
        problem.offers.value(customer, offer) - self.spending[cell] * cost - self.choosing[cell]
    }
}

/// Some of the customers, with as much of every limit.
struct Part {
    /// Absent where all.
    customers: Option<Vec<u32>>,
    n_customers: usize,
    bounds: Vec<u64>,
}

impl Part {
    fn all(problem: &Problem<'_>) -> Self {
        Self {
            customers: None,
            n_customers: problem.n_customers,
            bounds: (0..problem.limits.len())
                .map(|limit| problem.bound(limit))
                .collect(),
        }
    }

    /// A fixed random sample of about one customer in `every`: a regular one could miss whole groups.
    fn sample(problem: &Problem<'_>, every: u64) -> Self {
        let customers: Vec<u32> = (0..problem.n_customers as u32)
            .filter(|customer| mixed(u64::from(*customer)).is_multiple_of(every))
            .collect();
        let (kept, of) = (customers.len() as u128, problem.n_customers.max(1) as u128);
        Self {
            n_customers: customers.len(),
            customers: Some(customers),
            bounds: (0..problem.limits.len())
                // A part of a 64-bit number is one.
                .map(|limit| (u128::from(problem.bound(limit)) * kept / of) as u64)
                .collect(),
        }
    }

    fn customer(&self, index: usize) -> usize {
        match &self.customers {
            Some(customers) => customers[index] as usize,
            None => index,
        }
    }
}

/// Bits of a number, mixed: the finaliser of SplitMix64.
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Prices whose dual is small, and that dual: a bound on every choice within the limits.
pub(super) fn found(problem: &Problem<'_>, effort: &Effort) -> (Prices, f64) {
    let mut prices = vec![0.0; problem.limits.len()];
    let every = problem.n_customers / SAMPLE;
    if every >= 2 {
        let sample = Part::sample(problem, every as u64);
        let sweeps = effort.sweeps_max.saturating_mul(SAMPLE_SWEEPS);
        prices = lowest(problem, &sample, prices, effort.gap, sweeps).0;
    }
    let all = Part::all(problem);
    let (prices, bound) = lowest(problem, &all, prices, effort.gap, effort.sweeps_max);
    (Prices::new(problem, prices), bound)
}

/// Sweeps over the limits until the dual hardly falls.
fn lowest(
    problem: &Problem<'_>,
    part: &Part,
    start: Vec<f64>,
    gap: f64,
    sweeps_max: u32,
) -> (Vec<f64>, f64) {
    let mut best = start;
    let mut bound = dual(problem, part, &best);
    for _ in 0..sweeps_max {
        let mut prices = best.clone();
        for limit in 0..prices.len() {
            prices[limit] = 0.0;
            prices[limit] = end_of(problem, part, &Prices::new(problem, prices.clone()), limit);
        }
        let mut now = dual(problem, part, &prices);
        // Prices that share customers pull each other along slowly: all go on together while that helps.
        let along: Vec<f64> = prices
            .iter()
            .zip(&best)
            .map(|(to, from)| to - from)
            .collect();
        let mut length = 1.0;
        for _ in 0..DOUBLINGS_MAX {
            let further: Vec<f64> = (0..prices.len())
                .map(|limit| {
                    let price = prices[limit] + length * along[limit];
                    if problem.is_minimum(limit) {
                        price.min(0.0)
                    } else {
                        price.max(0.0)
                    }
                })
                .collect();
            let then = dual(problem, part, &further);
            if then >= now {
                break;
            }
            (prices, now) = (further, then);
            length *= 2.0;
        }
        if now < bound {
            let fell = bound - now;
            (best, bound) = (prices, now);
            // A sweep seldom halves what is left to fall, so a tenth of the gap would be left at most.
            if fell > 0.1 * gap * bound.abs() {
                continue;
            }
        }
        break;
    }
    (best, bound)
}

/// The dual: what all customers' best choices are worth at the prices, and what the limits are.
fn dual(problem: &Problem<'_>, part: &Part, of_limit: &[f64]) -> f64 {
    let prices = Prices::new(problem, of_limit.to_vec());
    let sums: Vec<f64> = (0..part.n_customers.div_ceil(PART))
        .into_par_iter()
        .map(|chunk| {
            let mut top = vec![0.0; problem.at_most];
            let first = chunk * PART;
            (first..(first + PART).min(part.n_customers))
                .map(|index| {
                    let customer = part.customer(index);
                    let reduced = problem
                        .may_have(customer)
                        .map(|offer| prices.reduced(problem, customer, offer));
                    best_sum(reduced, &mut top)
                })
                .sum()
        })
        .collect();
    let limits = of_limit.iter().zip(&part.bounds);
    sums.iter().sum::<f64>()
        + limits
            .map(|(price, bound)| price * *bound as f64)
            .sum::<f64>()
}

/// What lies between the price 0 and that at which a limit is kept.
struct Steps {
    histogram: Histogram,
    /// Of a minimum: what is chosen at the price 0.
    reached: u64,
}

/// The price at which a limit ends when all other prices are held; the given prices have none for it.
fn end_of(problem: &Problem<'_>, part: &Part, prices: &Prices, limit: usize) -> f64 {
    let keys = Keys::all();
    let new = || Steps {
        histogram: Histogram::new(),
        reached: 0,
    };
    let steps = (0..part.n_customers.div_ceil(PART))
        .into_par_iter()
        .fold(new, |mut steps, chunk| {
            each_step(problem, part, prices, limit, chunk, |key, usage| match key
                .and_then(|key| keys.bin(key))
            {
                Some(bin) => steps.histogram.add(bin, usage),
                None => steps.reached += usage,
            });
            steps
        })
        .reduce(new, |left, right| Steps {
            histogram: left.histogram.merged(right.histogram),
            reached: left.reached + right.reached,
        });
    let bound = part.bounds[limit];
    let minimum = problem.is_minimum(limit);
    let allowed = if minimum {
        if steps.reached >= bound {
            return 0.0;
        }
        // What is not needed, by falling loss, is what the limit can do without.
        let needed = bound - steps.reached;
        steps.histogram.total().saturating_sub(needed)
    } else {
        bound
    };
    let price = match steps.histogram.critical(allowed) {
        None => 0.0,
        Some(critical) if steps.histogram.steps(critical.bin) > LISTED_MAX => {
            steps.histogram.between(&keys, critical, allowed)
        }
        Some(critical) => exact_end(problem, part, prices, limit, critical, allowed),
    };
    if minimum { -price } else { price }
}

/// The ratio of the step with which more than is allowed is used.
fn exact_end(
    problem: &Problem<'_>,
    part: &Part,
    prices: &Prices,
    limit: usize,
    critical: Critical,
    allowed: u64,
) -> f64 {
    let bin = Keys::all().of_bin(critical.bin);
    let mut listed: Vec<(u64, u64)> = (0..part.n_customers.div_ceil(PART))
        .into_par_iter()
        .flat_map_iter(|chunk| {
            let mut listed = Vec::new();
            each_step(problem, part, prices, limit, chunk, |key, usage| {
                if let Some(key) = key
                    && (bin.low..=bin.high).contains(&key)
                {
                    listed.push((key, usage));
                }
            });
            listed
        })
        .collect();
    listed.sort_unstable_by(|a, b| b.cmp(a));
    let mut used = critical.above;
    for (key, usage) in &listed {
        used = used.saturating_add(*usage);
        if used > allowed {
            return f64::from_bits(*key);
        }
    }
    0.0
}

/// Visits the steps of some customers along one limit's price: the key of the price, or of its opposite for a
/// minimum; no key where a minimum's step is taken at the price 0 already.
fn each_step(
    problem: &Problem<'_>,
    part: &Part,
    prices: &Prices,
    limit: usize,
    chunk: usize,
    mut visit: impl FnMut(Option<u64>, u64),
) {
    let minimum = problem.is_minimum(limit);
    let spends = problem.spends(limit);
    let offers = problem.offers;
    let mut path = Path::new(problem.at_most);
    let first = chunk * PART;
    for index in first..(first + PART).min(part.n_customers) {
        let customer = part.customer(index);
        if !problem.covers_group(limit, offers.group(customer)) {
            continue;
        }
        path.clear();
        for offer in problem.may_have(customer) {
            let covered = problem.covers_offer(limit, offer);
            let value = prices.reduced(problem, customer, offer);
            if value > 0.0 || (minimum && covered) {
                path.add(Place {
                    value,
                    usage: match (covered, spends) {
                        (false, _) => 0.0,
                        (true, true) => f64::from(offers.cost(customer, offer)),
                        (true, false) => 1.0,
                    },
                    offer: offer as u16,
                });
            }
        }
        while let Some(step) = path.next(minimum) {
            let key = if !minimum {
                Some(key(step.ratio))
            } else if step.ratio >= 0.0 {
                None
            } else {
                Some(key(-step.ratio))
            };
            visit(key, step.usage as u64);
            path.take(&step);
        }
    }
}
