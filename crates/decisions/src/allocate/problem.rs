//! A table with its limits, as the search needs them.

use super::limits::{Limit, Rule};
use super::table::Offers;

/// Which limits cover which offers of which customers.
#[derive(Debug)]
pub(super) struct Problem<'a> {
    pub(super) offers: &'a Offers<'a>,
    pub(super) limits: &'a [Limit],
    pub(super) n_customers: usize,
    pub(super) n_groups: usize,
    pub(super) at_most: usize,
    /// Limits × offers.
    covers_offer: Vec<bool>,
    /// Limits × groups.
    covers_group: Vec<bool>,
    /// The limits of every (group, offer), from `starts` of it to that of the next.
    covering: Vec<u16>,
    starts: Vec<usize>,
}

impl<'a> Problem<'a> {
    pub(super) fn new(offers: &'a Offers<'a>, limits: &'a [Limit], at_most: usize) -> Self {
        let n_groups = offers
            .groups
            .and_then(|groups| groups.iter().max())
            .map_or(1, |last| usize::from(*last) + 1);
        let by = |n: usize, covers: &dyn Fn(&Limit, usize) -> bool| -> Vec<bool> {
            limits
                .iter()
                .flat_map(|limit| (0..n).map(move |index| covers(limit, index)))
                .collect()
        };
        let mut problem = Self {
            offers,
            limits,
            n_customers: offers.n_customers(),
            n_groups,
            at_most: at_most.min(offers.n_offers),
            covers_offer: by(offers.n_offers, &Limit::covers_offer),
            covers_group: by(n_groups, &Limit::covers_group),
            covering: Vec::new(),
            starts: vec![0],
        };
        for group in 0..n_groups {
            for offer in 0..offers.n_offers {
                for limit in 0..limits.len() {
                    if problem.covers(limit, group, offer) {
                        // There are at most 256 limits.
                        problem.covering.push(limit as u16);
                    }
                }
                problem.starts.push(problem.covering.len());
            }
        }
        problem
    }

    pub(super) fn covers(&self, limit: usize, group: usize, offer: usize) -> bool {
        self.covers_offer(limit, offer) && self.covers_group(limit, group)
    }

    pub(super) fn covers_offer(&self, limit: usize, offer: usize) -> bool {
        self.covers_offer[limit * self.offers.n_offers + offer]
    }

    pub(super) fn covers_group(&self, limit: usize, group: usize) -> bool {
        self.covers_group[limit * self.n_groups + group]
    }

    /// Whether two limits cover an offer of a customer together.
    pub(super) fn meet(&self, one: usize, other: usize) -> bool {
        let offers = 0..self.offers.n_offers;
        let mut groups = 0..self.n_groups;
        groups.any(|group| {
            offers
                .clone()
                .any(|offer| self.covers(one, group, offer) && self.covers(other, group, offer))
        })
    }

    /// The limits that cover an offer for a customer.
    pub(super) fn limits_of(&self, customer: usize, offer: usize) -> &[u16] {
        let cell = self.offers.group(customer) * self.offers.n_offers + offer;
        &self.covering[self.starts[cell]..self.starts[cell + 1]]
    }

    /// The offers of a customer that a limit covers and the customer may have.
    pub(super) fn covered(&self, limit: usize, customer: usize) -> impl Iterator<Item = usize> {
        let group = self.offers.group(customer);
        self.may_have(customer)
            .filter(move |offer| self.covers(limit, group, *offer))
    }

    /// The offers that a customer may have.
    pub(super) fn may_have(&self, customer: usize) -> impl Iterator<Item = usize> {
        let first = customer * self.offers.n_offers;
        (0..self.offers.n_offers).filter(move |offer| self.offers.is_allowed(first + offer))
    }

    /// What an offer that a limit covers uses of it.
    pub(super) fn usage(&self, limit: usize, customer: usize, offer: usize) -> u32 {
        if !self.covers(limit, self.offers.group(customer), offer) {
            0
        } else if self.spends(limit) {
            self.offers.cost(customer, offer)
        } else {
            1
        }
    }

    pub(super) fn spends(&self, limit: usize) -> bool {
        matches!(self.limits[limit].rule, Rule::SpendAtMost(_))
    }

    pub(super) fn is_minimum(&self, limit: usize) -> bool {
        matches!(self.limits[limit].rule, Rule::ChooseAtLeast(_))
    }

    /// What a limit allows, or asks for.
    pub(super) fn bound(&self, limit: usize) -> u64 {
        match self.limits[limit].rule {
            Rule::SpendAtMost(budget) => budget.unsigned_abs(),
            Rule::ChooseAtMost(count) | Rule::ChooseAtLeast(count) => count,
        }
    }
}
