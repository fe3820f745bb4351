//! From prices to choices that keep every limit.
//!
//! At the prices every customer has a best choice, and together these nearly keep the limits. Minimum counts are
//! served first. Then customers are admitted in the order of what they would lose by not having their best offer, so
//! that where a limit ends it is those who lose least who take another offer or none. What is left of the limits is
//! filled at last, beginning with what wastes least of it.

use rayon::prelude::*;

use super::errors::AllocateError;
use super::path::best_sum;
use super::prices::Prices;
use super::problem::Problem;
use super::table::{Allocation, Choices, LimitUse, NO_OFFER, Outcome};

/// Customers of a part: sums are taken over parts, in order.
const PART: usize = 4096;
/// Most rounds of filling; each ends where nothing that was worth it alone still fits.
const ROUNDS_MAX: u32 = 10;

/// Choices within the limits.
pub(super) fn rounded(
    problem: &Problem<'_>,
    prices: &Prices,
    bound: f64,
) -> Result<Allocation, AllocateError> {
    let mut state = State {
        problem,
        prices,
        offers: vec![NO_OFFER; problem.n_customers * problem.at_most],
        used: vec![0; problem.limits.len()],
    };
    for limit in 0..problem.limits.len() {
        if problem.is_minimum(limit) {
            state.serve(limit)?;
        }
    }
    state.admit();
    for _ in 0..ROUNDS_MAX {
        if !state.fill() {
            break;
        }
    }
    Ok(state.into_allocation(bound))
}

/// A change of one customer's choice.
#[derive(Debug, Clone, Copy)]
struct Move {
    /// Smaller is better.
    order: f64,
    customer: u32,
    /// The place that changes.
    slot: u16,
    /// The new offer, or none.
    offer: u16,
}

struct State<'a> {
    problem: &'a Problem<'a>,
    prices: &'a Prices,
    /// Customers × most offers.
    offers: Vec<u16>,
    /// Per limit.
    used: Vec<u64>,
}

impl<'a> State<'a> {
    fn slots(&self, customer: usize) -> &[u16] {
        &self.offers[customer * self.problem.at_most..][..self.problem.at_most]
    }

    fn slot(&mut self, customer: usize, slot: usize) -> &mut u16 {
        &mut self.offers[customer * self.problem.at_most + slot]
    }

    fn free_slot(&self, customer: usize) -> Option<usize> {
        self.slots(customer).iter().position(|o| *o == NO_OFFER)
    }

    fn limits_of(&self, customer: usize, offer: u16) -> &'a [u16] {
        if offer == NO_OFFER {
            &[]
        } else {
            self.problem.limits_of(customer, usize::from(offer))
        }
    }

    fn usage(&self, limit: usize, customer: usize, offer: u16) -> u64 {
        if offer == NO_OFFER {
            return 0;
        }
        u64::from(self.problem.usage(limit, customer, usize::from(offer)))
    }

    /// Whether one offer, or none, can take the place of another within the limits.
    fn fits(&self, customer: usize, old: u16, new: u16) -> bool {
        let within = |limit: &u16| {
            let limit = usize::from(*limit);
            self.problem.is_minimum(limit)
                || self.used[limit] + self.usage(limit, customer, new)
                    <= self.problem.bound(limit) + self.usage(limit, customer, old)
        };
        let enough = |limit: &u16| {
            let limit = usize::from(*limit);
            !self.problem.is_minimum(limit)
                || self.usage(limit, customer, new) > 0
                || self.used[limit] > self.problem.bound(limit)
        };
        self.limits_of(customer, new).iter().all(within)
            && self.limits_of(customer, old).iter().all(enough)
    }

    fn put(&mut self, customer: usize, slot: usize, new: u16) {
        let old = std::mem::replace(self.slot(customer, slot), new);
        for limit in self.limits_of(customer, new) {
            let limit = usize::from(*limit);
            self.used[limit] += self.usage(limit, customer, new);
        }
        for limit in self.limits_of(customer, old) {
            let limit = usize::from(*limit);
            self.used[limit] -= self.usage(limit, customer, old);
        }
    }

    /// Serves a minimum: first those of its offers that are worth most at the prices; where the other limits leave
    /// too few of them, those that use least of what is limited.
    fn serve(&mut self, limit: usize) -> Result<(), AllocateError> {
        let asked = self.problem.bound(limit);
        let by_worth = self.candidates(limit, |state, customer, offer, others| {
            others - state.prices.reduced(state.problem, customer, offer)
        });
        let done = self.admit_for(limit, &by_worth);
        if self.used[limit] >= asked {
            return Ok(());
        }
        for (customer, slot) in done {
            self.put(customer, slot, NO_OFFER);
        }
        let by_usage = self.candidates(limit, |state, customer, offer, _| {
            let limits = state.problem.limits_of(customer, offer).iter();
            let maxima = limits.filter(|l| !state.problem.is_minimum(usize::from(**l)));
            maxima
                .map(|l| {
                    let l = usize::from(*l);
                    let used = f64::from(state.problem.usage(l, customer, offer));
                    used / (state.problem.bound(l) as f64).max(1.0)
                })
                .sum()
        });
        self.admit_for(limit, &by_usage);
        let found = self.used[limit];
        if found >= asked {
            return Ok(());
        }
        Err(AllocateError::NotReached {
            limit: self.problem.limits[limit].name.clone(),
            asked,
            found,
        })
    }

    /// The offers that a limit covers, for all customers, ordered; `order` is given what the last of the best other
    /// offers of the customer is worth, which has to go where the customer may have no more.
    fn candidates(
        &self,
        limit: usize,
        order: impl Fn(&Self, usize, usize, f64) -> f64 + Sync,
    ) -> Vec<Move> {
        let problem = self.problem;
        let order = &order;
        let mut moves: Vec<Move> = (0..problem.n_customers)
            .into_par_iter()
            .flat_map_iter(|customer| {
                let group = problem.offers.group(customer);
                let mut top = vec![0.0; problem.at_most];
                let others = problem
                    .may_have(customer)
                    .filter(|offer| !problem.covers(limit, group, *offer))
                    .map(|offer| self.prices.reduced(problem, customer, offer));
                best_sum(others, &mut top);
                let last = top.last().copied().unwrap_or(0.0);
                problem.covered(limit, customer).map(move |offer| Move {
                    order: order(self, customer, offer, last),
                    customer: customer as u32,
                    slot: 0,
                    offer: offer as u16,
                })
            })
            .collect();
        // Stable: equals stay in the order of customers and offers.
        moves.par_sort_by(|a, b| a.order.total_cmp(&b.order));
        moves
    }

    /// Gives offers in their order until a minimum is reached; what was given.
    fn admit_for(&mut self, limit: usize, moves: &[Move]) -> Vec<(usize, usize)> {
        let mut done = Vec::new();
        for m in moves {
            if self.used[limit] >= self.problem.bound(limit) {
                break;
            }
            let customer = m.customer as usize;
            if let Some(slot) = self.free_slot(customer)
                && !self.slots(customer).contains(&m.offer)
                && self.fits(customer, NO_OFFER, m.offer)
            {
                self.put(customer, slot, m.offer);
                done.push((customer, slot));
            }
        }
        done
    }

    /// Gives every customer the best offers that fit, those first who would lose most by another.
    fn admit(&mut self) {
        let problem = self.problem;
        let mut order: Vec<(f64, u32)> = (0..problem.n_customers)
            .into_par_iter()
            .filter_map(|customer| {
                self.free_slot(customer)?;
                let mut worth: Vec<f64> = self.worth(customer).map(|(worth, _)| worth).collect();
                worth.sort_unstable_by(|a, b| b.total_cmp(a));
                let last = problem.at_most.min(worth.len()).checked_sub(1)?;
                let next = worth.get(last + 1).copied().unwrap_or(0.0);
                Some((worth[last] - next, customer as u32))
            })
            .collect();
        // Stable: equals stay in the order of customers.
        order.par_sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, customer) in order {
            let customer = customer as usize;
            let mut wanted: Vec<(f64, u16)> = self.worth(customer).collect();
            wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
            for (_, offer) in wanted {
                let Some(slot) = self.free_slot(customer) else {
                    break;
                };
                if self.fits(customer, NO_OFFER, offer) {
                    self.put(customer, slot, offer);
                }
            }
        }
    }

    /// The offers that a customer has not, and that are worth something at the prices.
    fn worth(&self, customer: usize) -> impl Iterator<Item = (f64, u16)> + '_ {
        self.problem
            .may_have(customer)
            .filter(move |offer| !self.slots(customer).contains(&(*offer as u16)))
            .map(move |offer| {
                let worth = self.prices.reduced(self.problem, customer, offer);
                (worth, offer as u16)
            })
            .filter(|(worth, _)| *worth > 0.0)
    }

    /// Changes choices of single customers that gain value within the limits; whether any did.
    fn fill(&mut self) -> bool {
        let mut moves: Vec<Move> = (0..self.problem.n_customers)
            .into_par_iter()
            .filter_map(|customer| self.best_move(customer))
            .collect();
        moves.par_sort_by(|a, b| a.order.total_cmp(&b.order));
        let mut any = false;
        for m in &moves {
            let customer = m.customer as usize;
            let old = self.slots(customer)[usize::from(m.slot)];
            if self.fits(customer, old, m.offer) {
                self.put(customer, usize::from(m.slot), m.offer);
                any = true;
            }
        }
        any
    }

    /// The change of a customer's choice that gains value and wastes the least part of what it uses.
    fn best_move(&self, customer: usize) -> Option<Move> {
        let problem = self.problem;
        let value = |offer: u16| match offer {
            NO_OFFER => (0.0, 0.0),
            _ => {
                let offer = usize::from(offer);
                let worth = self.prices.reduced(problem, customer, offer);
                (problem.offers.value(customer, offer), worth)
            }
        };
        let mut best: Option<Move> = None;
        for (slot, old) in self.slots(customer).iter().enumerate() {
            let (old_value, old_worth) = value(*old);
            let offers = problem.may_have(customer).map(|offer| offer as u16);
            for new in offers.chain([NO_OFFER]) {
                let (new_value, new_worth) = value(new);
                let gain = new_value - old_value;
                if gain <= 0.0
                    || (new != NO_OFFER && self.slots(customer).contains(&new))
                    || !self.fits(customer, *old, new)
                {
                    continue;
                }
                // What is lost at the prices, of what the change uses at them.
                let lost = old_worth - new_worth;
                let uses = gain + lost;
                let order = if uses > 0.0 {
                    lost / uses
                } else {
                    f64::NEG_INFINITY
                };
                if best.is_none_or(|best| order < best.order) {
                    best = Some(Move {
                        order,
                        customer: customer as u32,
                        slot: slot as u16,
                        offer: new,
                    });
                }
            }
        }
        best
    }

    fn into_allocation(self, bound: f64) -> Allocation {
        let problem = self.problem;
        let values: Vec<(f64, u64)> = (0..problem.n_customers.div_ceil(PART))
            .into_par_iter()
            .map(|chunk| {
                let first = chunk * PART;
                let (mut value, mut chosen) = (0.0, 0);
                for customer in first..(first + PART).min(problem.n_customers) {
                    for offer in self.slots(customer).iter().filter(|o| **o != NO_OFFER) {
                        value += problem.offers.value(customer, usize::from(*offer));
                        chosen += 1;
                    }
                }
                (value, chosen)
            })
            .collect();
        let limits = (0..problem.limits.len()).map(|limit| LimitUse {
            name: problem.limits[limit].name.clone(),
            used: self.used[limit],
            limit: problem.bound(limit),
            price: self.prices.of_limit[limit],
        });
        Allocation {
            outcome: Outcome {
                n_customers: problem.n_customers as u64,
                n_chosen: values.iter().map(|(_, chosen)| chosen).sum(),
                value: values.iter().map(|(value, _)| value).sum(),
                bound,
                limits: limits.collect(),
            },
            choices: Choices {
                at_most: problem.at_most,
                offers: self.offers,
            },
        }
    }
}
