//! What a choice is made from and what comes out.

use std::ops::Range;

/// Most offers: choices are kept as 16 bits, one number of which means none.
pub(super) const OFFERS_MAX: usize = 65_535;
/// Most customers of one table.
pub(super) const CUSTOMERS_MAX: usize = 4_294_967_295;
/// The number that is no offer.
pub(super) const NO_OFFER: u16 = u16::MAX;

/// What every offer is worth and costs, for every customer.
#[derive(Debug, Clone, Copy)]
pub struct Offers<'a> {
    /// Offers of a row.
    pub n_offers: usize,
    /// Customers × offers, row by row: what the offer is expected to bring, net of its cost, in any unit. What is
    /// not above 0 is only chosen where a minimum asks for it.
    pub values: &'a [f32],
    /// What an offer costs.
    pub costs: Costs<'a>,
    /// Customers × offers: whether the customer may have the offer. Absent where all may have all.
    pub allowed: Option<&'a [bool]>,
    /// One per customer, counted from 0: the store, the country or whatever limits tell apart.
    pub groups: Option<&'a [u16]>,
}

/// What an offer costs, in whole numbers of the smallest unit of the budget (cents), so that sums are exact.
#[derive(Debug, Clone, Copy)]
pub enum Costs<'a> {
    /// Customers × offers, row by row.
    OfPair(&'a [i32]),
    /// One per offer, the same for every customer; absent where it is not known.
    OfOffer(&'a [Option<i32>]),
}

impl<'a> Offers<'a> {
    /// Offers that everybody may have, without groups.
    #[must_use]
    pub fn new(n_offers: usize, values: &'a [f32], costs: Costs<'a>) -> Self {
        Self {
            n_offers,
            values,
            costs,
            allowed: None,
            groups: None,
        }
    }

    /// Rows.
    #[must_use]
    pub fn n_customers(&self) -> usize {
        self.values.len().checked_div(self.n_offers).unwrap_or(0)
    }

    pub(super) fn is_allowed(&self, pair: usize) -> bool {
        self.allowed.is_none_or(|allowed| allowed[pair])
    }

    pub(super) fn group(&self, customer: usize) -> usize {
        self.groups
            .map_or(0, |groups| usize::from(groups[customer]))
    }

    pub(super) fn cost(&self, customer: usize, offer: usize) -> u32 {
        self.costs.of(customer * self.n_offers + offer, offer)
    }

    pub(super) fn value(&self, customer: usize, offer: usize) -> f64 {
        f64::from(self.values[customer * self.n_offers + offer])
    }

    /// The rows of some customers.
    pub(super) fn rows(&self, customers: Range<usize>) -> Self {
        let pairs = customers.start * self.n_offers..customers.end * self.n_offers;
        Self {
            n_offers: self.n_offers,
            values: &self.values[pairs.clone()],
            costs: match self.costs {
                Costs::OfPair(costs) => Costs::OfPair(&costs[pairs.clone()]),
                Costs::OfOffer(costs) => Costs::OfOffer(costs),
            },
            allowed: self.allowed.map(|allowed| &allowed[pairs]),
            groups: self.groups.map(|groups| &groups[customers]),
        }
    }
}

impl Costs<'_> {
    /// What a pair costs; an unknown cost is only asked for where no limit counts it.
    pub(super) fn of(&self, pair: usize, offer: usize) -> u32 {
        match self {
            Self::OfPair(costs) => costs[pair].unsigned_abs(),
            Self::OfOffer(costs) => costs[offer].unwrap_or(0).unsigned_abs(),
        }
    }
}

/// The offers of every customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    pub(super) at_most: usize,
    /// Customers × `at_most`, with [`NO_OFFER`] where a customer has fewer.
    pub(super) offers: Vec<u16>,
}

impl Choices {
    /// Customers.
    #[must_use]
    pub fn n_customers(&self) -> usize {
        self.offers.len() / self.at_most
    }

    /// The offers of one customer, by column, in no order; nothing for a customer that has none or does not exist.
    pub fn of(&self, customer: usize) -> impl Iterator<Item = usize> + '_ {
        let row = self.offers.chunks_exact(self.at_most).nth(customer);
        row.unwrap_or_default()
            .iter()
            .filter(|offer| **offer != NO_OFFER)
            .map(|offer| usize::from(*offer))
    }
}

/// What choices are worth and use.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Customers.
    pub n_customers: u64,
    /// Offers given.
    pub n_chosen: u64,
    /// Sum of the values chosen, in the unit of the values; the same bytes on any number of threads.
    pub value: f64,
    /// No choice within the limits is worth more: the value of the dual linear program at the prices below, true up
    /// to the rounding of sums of 64-bit numbers (relative 1e-12).
    pub bound: f64,
    /// What was used of every limit, in the order given.
    pub limits: Vec<LimitUse>,
}

impl Outcome {
    /// The most that another choice could be worth more, in the unit of the values.
    #[must_use]
    pub fn gap(&self) -> f64 {
        (self.bound - self.value).max(0.0)
    }

    /// The gap as a part of the bound; 0 where there is none.
    #[must_use]
    pub fn relative_gap(&self) -> f64 {
        let gap = self.gap();
        if gap > 0.0 {
            gap / self.bound.abs()
        } else {
            0.0
        }
    }
}

/// What was used of a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitUse {
    /// Its name.
    pub name: String,
    /// What was used: spent, in the unit of the costs, or chosen.
    pub used: u64,
    /// What was allowed, or asked for.
    pub limit: u64,
    /// What one more unit of the limit would be worth, in the unit of the values; 0 where there is some left. Of a
    /// minimum: below 0, what one more choice asked for costs.
    pub price: f64,
}

/// Choices and what they are worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Allocation {
    /// The offers of every customer.
    pub choices: Choices,
    /// What they are worth and use.
    pub outcome: Outcome,
}
