//! What goes with an item in the same basket or soon after, and does not replace it.

use math::special::normal_quantile;
use math::topk::{Scored, top_k};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::interactions::{Interactions, baskets};
use super::{FitError, Reason, ScoreError, check_item, check_positive};

/// When two items go together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ComplementParams {
    /// Days after a basket in which a purchase still goes with it; 0 for the basket alone.
    pub window_days: f64,
    /// Pairs of nobody added above and below the lift, above 0: what a pair must overcome to count.
    pub prior_pairs: f64,
    /// Probability that the true lift is above the bound: 0.95 leaves one chance in twenty.
    pub confidence: f64,
    /// How much a pair loses for being bought in turns by the same customers; 0 does not look.
    pub substitute_penalty: f64,
    /// Whether two items of one category can complement each other.
    pub within_category: bool,
    /// Complements kept per item, at least 1.
    pub kept: u32,
}

/// One complement, with the counts behind it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Complement {
    /// The item that goes with the one asked about.
    pub item: u32,
    /// Logarithm of the lower bound of lift, less the penalty of substitutes; above 0.
    pub score: f32,
    /// Lower bound of lift: the pair is at least this many times more frequent than chance.
    pub lift_at_least: f32,
    /// Baskets of the first item that had this one in or soon after.
    pub times: u32,
    /// The same if the two had nothing to do with each other.
    pub expected: f32,
}

impl Complement {
    /// "Bought with `item` 14 times, expected 2.1".
    #[must_use]
    pub fn reason(&self, with: u32) -> Reason {
        Reason::BoughtWith {
            item: with,
            times: self.times as f32,
            expected: self.expected,
        }
    }
}

/// Complements of every item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Complements {
    starts: Vec<u32>,
    entries: Vec<Complement>,
}

/// Lower bound of lift: the `1 − confidence` quantile of its posterior under a Gamma prior.
///
/// Given `times` pairs where `expected` would meet by chance, lift is Gamma(times + prior, rate expected + prior).
/// The quantile is by Wilson and Hilferty (1931), within 1 % for a shape of 2 and more; never below 0.
#[must_use]
pub fn lift_at_least(times: f64, expected: f64, prior_pairs: f64, confidence: f64) -> f64 {
    let shape = times + prior_pairs;
    let z = normal_quantile(1.0 - confidence);
    let root = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * shape.sqrt());
    shape * root.max(0.0).powi(3) / (expected + prior_pairs)
}

impl Complements {
    /// Bytes that [`Complements::fit`] needs beside the interactions, on `n_threads` threads.
    #[must_use]
    pub fn memory_needed(
        n_items: u64,
        n_events: u64,
        n_threads: u64,
        params: &ComplementParams,
    ) -> u64 {
        n_events * 24 + n_items * (u64::from(params.kept) * 20 + n_threads * 24)
    }

    /// Counts pairs and keeps those whose lift is above 1 with confidence.
    ///
    /// - directed: `j` in or soon after a basket with `i` says nothing of `i` after `j` (printers bring ink).
    /// - `category_of[item]`: optional; with `within_category: false`, pairs of one category are left out.
    ///
    /// Deterministic on any number of threads. Time O(Σ over baskets of items within the window squared).
    ///
    /// # Errors
    /// [`FitError`] on parameters without meaning, categories of another catalogue, or when nothing was seen.
    pub fn fit(
        seen: &Interactions,
        category_of: Option<&[u32]>,
        params: &ComplementParams,
    ) -> Result<Self, FitError> {
        check(params)?;
        let n = seen.n_items();
        if let Some(found) = category_of.map(<[u32]>::len).filter(|&found| found != n) {
            return Err(FitError::Categories { found, expected: n });
        }
        if seen.n_events() == 0 {
            return Err(FitError::NothingSeen { n_events: 0 });
        }
        let counted = Counted::new(seen, params.window_days);
        let lists: Vec<Vec<Complement>> = (0..n)
            .into_par_iter()
            .map_init(
                || Meetings::new(n),
                |meetings, item| counted.complements(item, category_of, params, meetings),
            )
            .collect();
        let mut all = Self {
            starts: vec![0],
            entries: Vec::new(),
        };
        for list in lists {
            all.entries.extend(list);
            all.starts.push(all.entries.len() as u32);
        }
        Ok(all)
    }

    /// Complements of one item, best first; empty when none is certain enough.
    ///
    /// # Errors
    /// [`ScoreError::UnknownItem`] when the item is not in the catalogue.
    pub fn of(&self, item: u32) -> Result<&[Complement], ScoreError> {
        check_item(item, self.starts.len() - 1)?;
        let entries = self.starts[item as usize] as usize..self.starts[item as usize + 1] as usize;
        Ok(&self.entries[entries])
    }
}

fn check(params: &ComplementParams) -> Result<(), FitError> {
    check_positive("prior_pairs", params.prior_pairs)?;
    for (name, found) in [
        ("window_days", params.window_days),
        ("substitute_penalty", params.substitute_penalty),
    ] {
        if !(found >= 0.0 && found.is_finite()) {
            return Err(FitError::Parameter {
                name,
                found,
                allowed: "a finite number, at least 0",
            });
        }
    }
    if !(0.5..1.0).contains(&params.confidence) {
        return Err(FitError::Parameter {
            name: "confidence",
            found: params.confidence,
            allowed: "0.5 to below 1",
        });
    }
    if params.kept == 0 {
        return Err(FitError::Parameter {
            name: "kept",
            found: 0.0,
            allowed: "at least 1",
        });
    }
    Ok(())
}

/// Baskets with their windows, and the margins of the pair table.
struct Counted {
    /// Basket → its own items, ascending, without repeats.
    own: Vec<Vec<u32>>,
    /// Basket → items in it or within the window after it, ascending, without repeats.
    near: Vec<Vec<u32>>,
    /// Customer of each basket.
    customer: Vec<u32>,
    /// Item → baskets that hold it.
    holding: Vec<Vec<u32>>,
    /// Item → baskets that hold it or have it soon after.
    n_near: Vec<u32>,
    /// Customer → items ever bought, ascending.
    ever: Vec<Vec<u32>>,
    /// Item → customers who ever bought it.
    n_customers: Vec<u32>,
}

/// What one item met, per other item.
struct Meetings {
    near: Vec<u32>,
    customers_both: Vec<u32>,
    customers_together: Vec<u32>,
    last_customer_together: Vec<u32>,
}

impl Meetings {
    fn new(n: usize) -> Self {
        Self {
            near: vec![0; n],
            customers_both: vec![0; n],
            customers_together: vec![0; n],
            last_customer_together: vec![u32::MAX; n],
        }
    }
}

impl Counted {
    fn new(seen: &Interactions, window_days: f64) -> Self {
        let n = seen.n_items();
        let mut counted = Self {
            own: Vec::new(),
            near: Vec::new(),
            customer: Vec::new(),
            holding: vec![Vec::new(); n],
            n_near: vec![0; n],
            ever: Vec::with_capacity(seen.n_customers()),
            n_customers: vec![0; n],
        };
        for (customer, history) in seen.histories().enumerate() {
            let mut first = 0;
            for basket in baskets(history) {
                let last_day = basket[0].at_days + window_days;
                let end =
                    first + history[first..].partition_point(|event| event.at_days <= last_day);
                let own = distinct(basket.iter().map(|event| event.item));
                let near = distinct(
                    history[first..end.max(first + basket.len())]
                        .iter()
                        .map(|event| event.item),
                );
                let row = counted.own.len() as u32;
                own.iter()
                    .for_each(|&item| counted.holding[item as usize].push(row));
                near.iter()
                    .for_each(|&item| counted.n_near[item as usize] += 1);
                counted.own.push(own);
                counted.near.push(near);
                counted.customer.push(customer as u32);
                first += basket.len();
            }
            let ever = distinct(history.iter().map(|event| event.item));
            ever.iter()
                .for_each(|&item| counted.n_customers[item as usize] += 1);
            counted.ever.push(ever);
        }
        counted
    }

    fn complements(
        &self,
        item: usize,
        category_of: Option<&[u32]>,
        params: &ComplementParams,
        meetings: &mut Meetings,
    ) -> Vec<Complement> {
        meetings.near.fill(0);
        meetings.customers_both.fill(0);
        meetings.customers_together.fill(0);
        meetings.last_customer_together.fill(u32::MAX);
        let mut previous = u32::MAX;
        for &basket in &self.holding[item] {
            let customer = self.customer[basket as usize];
            for &other in &self.near[basket as usize] {
                let other = other as usize;
                meetings.near[other] += 1;
                if meetings.last_customer_together[other] != customer {
                    meetings.last_customer_together[other] = customer;
                    meetings.customers_together[other] += 1;
                }
            }
            if params.substitute_penalty > 0.0 && customer != previous {
                self.ever[customer as usize]
                    .iter()
                    .for_each(|&other| meetings.customers_both[other as usize] += 1);
            }
            previous = customer;
        }
        let same_category = |other: usize| category_of.is_some_and(|of| of[other] == of[item]);
        let mut scores = vec![f32::NEG_INFINITY; self.n_near.len()];
        for (other, score) in scores.iter_mut().enumerate() {
            if other == item
                || meetings.near[other] == 0
                || (!params.within_category && same_category(other))
            {
                continue;
            }
            let bound = self.lift_bound(item, other, meetings.near[other], params);
            let lost = params.substitute_penalty * self.in_turns(item, other, meetings, params);
            *score = (bound.max(f64::MIN_POSITIVE).ln() - lost) as f32;
        }
        top_k(&scores, params.kept as usize, |other| {
            scores[other as usize] > 0.0
        })
        .into_iter()
        .map(|Scored { index, score }| Complement {
            item: index,
            score,
            lift_at_least: self.lift_bound(
                item,
                index as usize,
                meetings.near[index as usize],
                params,
            ) as f32,
            times: meetings.near[index as usize],
            expected: self.expected(item, index as usize) as f32,
        })
        .collect()
    }

    fn expected(&self, item: usize, other: usize) -> f64 {
        self.holding[item].len() as f64 * f64::from(self.n_near[other]) / self.own.len() as f64
    }

    fn lift_bound(&self, item: usize, other: usize, times: u32, params: &ComplementParams) -> f64 {
        lift_at_least(
            f64::from(times),
            self.expected(item, other),
            params.prior_pairs,
            params.confidence,
        )
    }

    /// How much more often than chance the same customers buy both but never together, as a logarithm at least 0.
    fn in_turns(
        &self,
        item: usize,
        other: usize,
        meetings: &Meetings,
        params: &ComplementParams,
    ) -> f64 {
        let both = meetings.customers_both[other];
        let apart = both.saturating_sub(meetings.customers_together[other]);
        if apart == 0 {
            return 0.0;
        }
        let expected = f64::from(self.n_customers[item]) * f64::from(self.n_customers[other])
            / self.ever.len() as f64;
        lift_at_least(
            f64::from(apart),
            expected,
            params.prior_pairs,
            params.confidence,
        )
        .max(1.0)
        .ln()
    }
}

fn distinct(items: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut items: Vec<u32> = items.collect();
    items.sort_unstable();
    items.dedup();
    items
}
