//! One budget over everything, in three passes.
//!
//! Every customer's best choices for falling prices are steps of a path. The steps of all customers, by falling
//! ratio, are the solution of the linear program up to the step at which the budget ends, so that finding the price
//! is a selection. The first pass counts steps by leading bits of their ratio; the second lists the steps near the
//! end of the budget and takes what fits, going on after the first that does not; the third chooses.

use std::collections::BTreeSet;
use std::convert::Infallible;

use rayon::prelude::*;

use super::check;
use super::errors::{AllocateError, StreamError};
use super::path::{Path, Place, Step, best_sum};
use super::ratio::{Histogram, Keys, key};
use super::table::{Allocation, Choices, LimitUse, NO_OFFER, Offers, Outcome};

/// Customers of a block of a table in memory: sums are taken over blocks, in order.
const BLOCK: usize = 8192;
/// Most steps listed at once, about 50 MB.
const LISTED_MAX: u64 = 1 << 20;
/// Steps below the end of the budget that are tried with what is left.
const TRIED_MAX: u64 = 1 << 16;
/// Blocks whose choices are held before they are handed over.
const HELD: usize = 64;
/// The name of the limit where the caller gives none.
const NAME: &str = "budget";

/// A table that is read in blocks of rows, several times.
///
/// A block is the same each time it is read. Blocks are read by several threads at once.
pub trait Blocks: Sync {
    /// Why a block cannot be read.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Number of blocks.
    fn n_blocks(&self) -> usize;

    /// Reads a block and shows it. Groups of customers are not looked at.
    ///
    /// # Errors
    /// When the block cannot be read.
    fn with_block<T>(
        &self,
        block: usize,
        look: impl FnOnce(Offers<'_>) -> T,
    ) -> Result<T, Self::Error>;
}

/// Chooses offers for every customer under one budget over everything.
///
/// - `offers`: customers × offers.
/// - `budget`: in the unit of the costs; at 0 only what costs nothing is chosen.
/// - `at_most`: most offers of one customer; more than there are means no limit.
///
/// The budget is never exceeded. What any other choice could be worth more ([`Outcome::gap`]) is at most the value of
/// one step of one customer, usually far less, and proved by the dual bound of the answer.
///
/// The same bytes on any number of threads. Time O(customers · offers · `at_most`), three passes without sorting;
/// memory O(customers) beside the table.
///
/// # Errors
/// [`AllocateError`] when shapes differ, a value is not finite, or a cost or the budget is negative or unknown.
///
/// # Source
/// Sinha and Zoltners (1979), "The multiple-choice knapsack problem", Operations Research 27(3), for the hull of each
/// class and the greedy solution of the linear relaxation.
pub fn one_budget(
    offers: &Offers<'_>,
    budget: i64,
    at_most: usize,
) -> Result<Allocation, AllocateError> {
    check::offers(offers, at_most)?;
    checked(offers, NAME, budget, at_most)
}

/// The same for a table that was looked at, under the name of the limit.
pub(super) fn checked(
    offers: &Offers<'_>,
    name: &str,
    budget: i64,
    at_most: usize,
) -> Result<Allocation, AllocateError> {
    check::spending(offers, name, budget, |_| true)?;
    let run = Run {
        source: &InMemory(*offers),
        name,
        budget: budget.unsigned_abs(),
        at_most: at_most.min(offers.n_offers),
        look_at_numbers: false,
    };
    let mut chosen = Vec::with_capacity(offers.n_customers() * run.at_most);
    let outcome = run.solved(|_, choices| chosen.extend_from_slice(&choices.offers));
    match outcome {
        Ok(outcome) => Ok(Allocation {
            choices: Choices {
                at_most: run.at_most,
                offers: chosen,
            },
            outcome,
        }),
        Err(StreamError::Refused { source, .. }) => Err(source),
        Err(StreamError::Read { source, .. }) => match source {},
        Err(StreamError::Changed { .. }) => unreachable!("a borrowed table does not change"),
    }
}

/// Chooses as [`one_budget`] does for a table that is read block by block, three times or a few times more where
/// very many customers are alike.
///
/// - `chosen`: is shown the number of the first customer of a block and the choices of the block, block after block,
///   in order; it is only called once everything is decided.
///
/// The same blocks give the same bytes on any number of threads. Memory O(threads · block + blocks), whatever the
/// number of customers.
///
/// # Errors
/// [`StreamError`] when a block cannot be read, is refused as [`one_budget`] refuses a table, or changed meanwhile.
pub fn one_budget_streamed<S: Blocks>(
    source: &S,
    budget: i64,
    at_most: usize,
    chosen: impl FnMut(u64, &Choices),
) -> Result<Outcome, StreamError<S::Error>> {
    let refused = |source| StreamError::Refused { block: 0, source };
    if at_most == 0 {
        return Err(refused(AllocateError::NothingPerCustomer));
    }
    let budget = u64::try_from(budget).map_err(|_| {
        refused(AllocateError::Budget {
            limit: NAME.to_owned(),
            found: budget,
        })
    })?;
    let mut run = Run {
        source,
        name: NAME,
        budget,
        at_most,
        look_at_numbers: true,
    };
    if source.n_blocks() > 0 {
        run.at_most = run.read(0, |offers| Ok(at_most.min(offers.n_offers)))?;
    }
    run.solved(chosen)
}

struct InMemory<'a>(Offers<'a>);

impl Blocks for InMemory<'_> {
    type Error = Infallible;

    fn n_blocks(&self) -> usize {
        self.0.n_customers().div_ceil(BLOCK)
    }

    fn with_block<T>(
        &self,
        block: usize,
        look: impl FnOnce(Offers<'_>) -> T,
    ) -> Result<T, Infallible> {
        let first = block * BLOCK;
        Ok(look(
            self.0
                .rows(first..(first + BLOCK).min(self.0.n_customers())),
        ))
    }
}

/// Which steps are taken.
#[derive(Debug, Default)]
struct Cut {
    /// Those of a larger key are taken.
    high: u64,
    /// Those of this very key are taken in the blocks before this one.
    tied: Option<(u64, usize)>,
    /// Block, row and number of further steps of customers that have some, sorted.
    further: Vec<(usize, u32, u32)>,
    /// What one more unit of budget is worth.
    price: f64,
}

/// A step near the end of the budget.
#[derive(Debug, Clone, Copy)]
struct Listed {
    key: u64,
    block: usize,
    row: u32,
    usage: u64,
}

/// What a block's choices are worth.
struct BlockOutcome {
    choices: Choices,
    n_chosen: u64,
    value: f64,
    dual: f64,
    cost: u64,
}

struct Run<'a, S> {
    source: &'a S,
    name: &'a str,
    budget: u64,
    at_most: usize,
    look_at_numbers: bool,
}

type Error<S> = StreamError<<S as Blocks>::Error>;

impl<S: Blocks> Run<'_, S> {
    fn solved(&self, mut chosen: impl FnMut(u64, &Choices)) -> Result<Outcome, Error<S>> {
        let cut = self.cut()?;
        let mut sum = Outcome {
            n_customers: 0,
            n_chosen: 0,
            value: 0.0,
            bound: 0.0,
            limits: Vec::new(),
        };
        let mut cost = 0_u64;
        let n_blocks = self.source.n_blocks();
        let mut from = 0;
        while from < n_blocks {
            let to = (from + HELD).min(n_blocks);
            let blocks: Vec<Result<BlockOutcome, Error<S>>> = (from..to)
                .into_par_iter()
                .map(|block| self.read(block, |offers| Ok(self.chosen(block, &offers, &cut))))
                .collect();
            for block in blocks {
                let block = block?;
                chosen(sum.n_customers, &block.choices);
                sum.n_customers += block.choices.n_customers() as u64;
                sum.n_chosen += block.n_chosen;
                sum.value += block.value;
                sum.bound += block.dual;
                cost = cost.saturating_add(block.cost);
            }
            from = to;
        }
        if cost > self.budget {
            return Err(StreamError::Changed {
                found: cost,
                allowed: self.budget,
            });
        }
        sum.bound += cut.price * self.budget as f64;
        sum.limits = vec![LimitUse {
            name: self.name.to_owned(),
            used: cost,
            limit: self.budget,
            price: cut.price,
        }];
        Ok(sum)
    }

    /// Finds which steps are taken.
    fn cut(&self) -> Result<Cut, Error<S>> {
        let mut keys = Keys::all();
        let mut above = 0;
        let mut look_at_numbers = self.look_at_numbers;
        loop {
            let histogram = self.histogram(&keys, look_at_numbers)?;
            look_at_numbers = false;
            let Some(critical) = histogram.critical(self.budget - above) else {
                return Ok(Cut::default());
            };
            above += critical.above;
            let bin = keys.of_bin(critical.bin);
            if histogram.steps(critical.bin) <= LISTED_MAX {
                let lowest = keys.of_bin(histogram.lowest(critical.bin, TRIED_MAX));
                let listed = self.listed(lowest.low, bin.high, 0..self.source.n_blocks())?;
                let cut = Cut {
                    high: bin.high,
                    ..Cut::default()
                };
                return Ok(taken(listed, self.budget - above, cut));
            }
            if bin.is_one() {
                return self.cut_among_equals(bin.low, above);
            }
            keys = bin;
        }
    }

    /// Very many steps of one ratio: taken block after block, and one by one where the budget ends.
    fn cut_among_equals(&self, tied: u64, mut above: u64) -> Result<Cut, Error<S>> {
        let used: Vec<Result<u64, Error<S>>> = (0..self.source.n_blocks())
            .into_par_iter()
            .map(|block| {
                let mut used = 0_u64;
                self.steps(block, tied, |_, key, step| {
                    if key == tied {
                        used += step.usage as u64;
                    }
                })?;
                Ok(used)
            })
            .collect();
        let mut last = 0;
        for (block, used) in used.into_iter().enumerate() {
            let with = above.saturating_add(used?);
            last = block;
            if with > self.budget {
                break;
            }
            above = with;
        }
        let listed = self.listed(tied, tied, last..last + 1)?;
        let cut = Cut {
            high: tied,
            tied: Some((tied, last)),
            ..Cut::default()
        };
        Ok(taken(listed, self.budget - above, cut))
    }

    fn histogram(&self, keys: &Keys, look_at_numbers: bool) -> Result<Histogram, Error<S>> {
        (0..self.source.n_blocks())
            .into_par_iter()
            .fold(
                || Ok(Histogram::new()),
                |histogram, block| {
                    let mut histogram: Histogram = histogram?;
                    if look_at_numbers {
                        self.read(block, |offers| {
                            check::spending(&offers, self.name, 0, |_| true)?;
                            check::numbers(&offers, 0)?;
                            each_step(&offers, self.at_most, keys.low, |_, key, step| {
                                count(&mut histogram, keys, key, step);
                            });
                            Ok(())
                        })?;
                    } else {
                        self.steps(block, keys.low, |_, key, step| {
                            count(&mut histogram, keys, key, step);
                        })?;
                    }
                    Ok(histogram)
                },
            )
            .reduce(
                || Ok(Histogram::new()),
                |left, right| Ok(left?.merged(right?)),
            )
    }

    fn listed(
        &self,
        low: u64,
        high: u64,
        blocks: std::ops::Range<usize>,
    ) -> Result<Vec<Listed>, Error<S>> {
        let parts: Vec<Result<Vec<Listed>, Error<S>>> = blocks
            .into_par_iter()
            .map(|block| {
                let mut listed = Vec::new();
                self.steps(block, low, |row, key, step| {
                    if key <= high {
                        listed.push(Listed {
                            key,
                            block,
                            row,
                            usage: step.usage as u64,
                        });
                    }
                })?;
                Ok(listed)
            })
            .collect();
        let mut all = Vec::new();
        for part in parts {
            all.extend(part?);
        }
        Ok(all)
    }

    /// Visits the steps of a block whose key is not below `low`.
    fn steps(
        &self,
        block: usize,
        low: u64,
        visit: impl FnMut(u32, u64, &Step),
    ) -> Result<(), Error<S>> {
        self.read(block, |offers| {
            each_step(&offers, self.at_most, low, visit);
            Ok(())
        })
    }

    /// Reads a block and looks at its shape.
    fn read<T>(
        &self,
        block: usize,
        look: impl FnOnce(Offers<'_>) -> Result<T, AllocateError>,
    ) -> Result<T, Error<S>> {
        let seen = self.source.with_block(block, |offers| {
            check::shape(&offers, self.at_most)?;
            look(offers)
        });
        match seen {
            Ok(Ok(seen)) => Ok(seen),
            Ok(Err(source)) => Err(StreamError::Refused { block, source }),
            Err(source) => Err(StreamError::Read { block, source }),
        }
    }

    /// The choices of a block, and what they and the dual are worth.
    fn chosen(&self, block: usize, offers: &Offers<'_>, cut: &Cut) -> BlockOutcome {
        let n_customers = offers.n_customers();
        let mut sum = BlockOutcome {
            choices: Choices {
                at_most: self.at_most,
                offers: vec![NO_OFFER; n_customers * self.at_most],
            },
            n_chosen: 0,
            value: 0.0,
            dual: 0.0,
            cost: 0,
        };
        let tied = cut.tied.filter(|(_, last)| block < *last);
        let first = cut.further.partition_point(|(of, _, _)| *of < block);
        let mut further = cut.further[first..].iter().peekable();
        let mut path = Path::new(self.at_most);
        let mut top = vec![0.0; self.at_most];
        for customer in 0..n_customers {
            let more = further.next_if(|(of, row, _)| (*of, *row as usize) == (block, customer));
            let mut more = more.map_or(0, |(_, _, steps)| *steps);
            load(&mut path, offers, customer);
            while let Some(step) = path.next(false) {
                let key = key(step.ratio);
                if key <= cut.high && tied.is_none_or(|(tied, _)| key != tied) {
                    if more == 0 {
                        break;
                    }
                    more -= 1;
                }
                path.take(&step);
            }
            let places = &mut sum.choices.offers[customer * self.at_most..][..self.at_most];
            for (place, chosen) in places.iter_mut().zip(path.chosen()) {
                *place = chosen.offer;
                sum.n_chosen += 1;
                sum.value += chosen.value;
                sum.cost += chosen.usage as u64;
            }
            sum.dual += dual(offers, customer, cut.price, &mut top);
        }
        sum
    }
}

/// Counts a step where it is among the keys.
fn count(histogram: &mut Histogram, keys: &Keys, key: u64, step: &Step) {
    if let Some(bin) = keys.bin(key) {
        histogram.add(bin, step.usage as u64);
    }
}

/// Visits the steps of every customer whose key is not below `low`.
fn each_step(
    offers: &Offers<'_>,
    at_most: usize,
    low: u64,
    mut visit: impl FnMut(u32, u64, &Step),
) {
    let mut path = Path::new(at_most);
    for customer in 0..offers.n_customers() {
        load(&mut path, offers, customer);
        while let Some(step) = path.next(false) {
            let key = key(step.ratio);
            if key < low {
                break;
            }
            // There are at most 2^32 customers.
            visit(customer as u32, key, &step);
            path.take(&step);
        }
    }
}

/// The offers that a customer may have and that are worth something.
fn load(path: &mut Path, offers: &Offers<'_>, customer: usize) {
    path.clear();
    let first = customer * offers.n_offers;
    for (offer, value) in offers.values[first..first + offers.n_offers]
        .iter()
        .enumerate()
    {
        if *value > 0.0 && offers.is_allowed(first + offer) {
            path.add(Place {
                value: f64::from(*value),
                usage: f64::from(offers.costs.of(first + offer, offer)),
                offer: offer as u16,
            });
        }
    }
}

/// What a customer's best choice is worth when what it costs is paid at the price.
fn dual(offers: &Offers<'_>, customer: usize, price: f64, top: &mut [f64]) -> f64 {
    let first = customer * offers.n_offers;
    let row = offers.values[first..first + offers.n_offers].iter();
    let reduced = row.enumerate().map(|(offer, value)| {
        if offers.is_allowed(first + offer) {
            f64::from(*value) - price * f64::from(offers.costs.of(first + offer, offer))
        } else {
            0.0
        }
    });
    best_sum(reduced, top)
}

/// Takes the listed steps that fit, by falling ratio; the first that does not fit is the price.
fn taken(mut listed: Vec<Listed>, mut left: u64, mut cut: Cut) -> Cut {
    // Stable: equal keys stay in the order of the customers, and of each customer's steps.
    listed.par_sort_by_key(|step| std::cmp::Reverse(step.key));
    let mut stopped = BTreeSet::new();
    let mut taken = Vec::new();
    for step in &listed {
        let customer = (step.block, step.row);
        if step.usage > left {
            if stopped.is_empty() {
                cut.price = f64::from_bits(step.key);
            }
            stopped.insert(customer);
        } else if !stopped.contains(&customer) {
            // A step is only possible after all before it.
            left -= step.usage;
            taken.push(customer);
        }
        if left == 0 && !stopped.is_empty() {
            break;
        }
    }
    taken.sort_unstable();
    cut.further = taken
        .chunk_by(|a, b| a == b)
        .map(|steps| (steps[0].0, steps[0].1, steps.len() as u32))
        .collect();
    cut
}
