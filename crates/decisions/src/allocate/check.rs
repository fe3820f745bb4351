//! What can be told to be wrong before anything is chosen.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::errors::AllocateError;
use super::limits::{Limit, Rule};
use super::problem::Problem;
use super::table::{CUSTOMERS_MAX, Costs, OFFERS_MAX, Offers};

/// Most limits: prices are looked for one limit at a time.
const LIMITS_MAX: usize = 256;
/// Customers that are looked at together.
const CHUNK: usize = 8192;

/// Shapes and numbers of a whole table.
pub(super) fn offers(offers: &Offers<'_>, at_most: usize) -> Result<(), AllocateError> {
    shape(offers, at_most)?;
    let n_customers = offers.n_customers();
    let culprit = (0..n_customers.div_ceil(CHUNK))
        .into_par_iter()
        .find_map_first(|chunk| {
            let first = chunk * CHUNK;
            let rows = offers.rows(first..(first + CHUNK).min(n_customers));
            numbers(&rows, first).err()
        });
    culprit.map_or(Ok(()), Err)
}

/// Lengths only.
pub(super) fn shape(offers: &Offers<'_>, at_most: usize) -> Result<(), AllocateError> {
    let Offers {
        n_offers, values, ..
    } = *offers;
    if !(1..=OFFERS_MAX).contains(&n_offers) {
        return Err(AllocateError::OfferCount { found: n_offers });
    }
    if at_most == 0 {
        return Err(AllocateError::NothingPerCustomer);
    }
    if values.len() % n_offers != 0 {
        return Err(AllocateError::Values {
            found: values.len(),
            n_offers,
        });
    }
    let n_customers = offers.n_customers();
    if n_customers > CUSTOMERS_MAX {
        return Err(AllocateError::CustomerCount { found: n_customers });
    }
    let same = |what, found: Option<usize>, expected, per| match found {
        Some(found) if found != expected => Err(AllocateError::Length {
            what,
            found,
            expected,
            per,
        }),
        Some(_) | None => Ok(()),
    };
    match offers.costs {
        Costs::OfPair(costs) => same(
            "costs",
            Some(costs.len()),
            values.len(),
            "customer and offer",
        )?,
        Costs::OfOffer(costs) => same("costs", Some(costs.len()), n_offers, "offer")?,
    }
    same(
        "permissions",
        offers.allowed.map(<[bool]>::len),
        values.len(),
        "customer and offer",
    )?;
    same(
        "groups",
        offers.groups.map(<[u16]>::len),
        n_customers,
        "customer",
    )
}

/// Every number; `first` is the number of the first row.
pub(super) fn numbers(offers: &Offers<'_>, first: usize) -> Result<(), AllocateError> {
    // Without an early end, so that the loops over good numbers are quick.
    let finite = |so_far: bool, value: &f32| so_far & value.is_finite();
    if !offers.values.iter().fold(true, finite) {
        let bad = offers.values.iter().position(|value| !value.is_finite());
        let pair = bad.unwrap_or(0);
        return Err(AllocateError::Value {
            customer: first + pair / offers.n_offers,
            offer: pair % offers.n_offers,
            found: offers.values[pair],
        });
    }
    match offers.costs {
        Costs::OfPair(costs) => {
            if costs.iter().fold(0, |so_far, cost| so_far | cost) < 0 {
                let pair = costs.iter().position(|cost| *cost < 0).unwrap_or(0);
                return Err(AllocateError::PairCost {
                    customer: first + pair / offers.n_offers,
                    offer: pair % offers.n_offers,
                    found: costs[pair],
                });
            }
        }
        Costs::OfOffer(costs) => {
            for (offer, cost) in costs.iter().enumerate() {
                if let Some(found @ ..0) = *cost {
                    return Err(AllocateError::OfferCost { offer, found });
                }
            }
        }
    }
    Ok(())
}

/// That a limit on spending knows what its offers cost, and is not negative.
pub(super) fn spending(
    offers: &Offers<'_>,
    name: &str,
    budget: i64,
    covers: impl Fn(usize) -> bool,
) -> Result<(), AllocateError> {
    if budget < 0 {
        return Err(AllocateError::Budget {
            limit: name.to_owned(),
            found: budget,
        });
    }
    if let Costs::OfOffer(costs) = offers.costs
        && let Some(offer) =
            (0..costs.len()).find(|offer| costs[*offer].is_none() && covers(*offer))
    {
        return Err(AllocateError::UnknownCost {
            offer,
            limit: name.to_owned(),
        });
    }
    Ok(())
}

/// The limits, each alone.
pub(super) fn limits(offers: &Offers<'_>, limits: &[Limit]) -> Result<(), AllocateError> {
    if limits.len() > LIMITS_MAX {
        return Err(AllocateError::LimitCount {
            found: limits.len(),
            allowed_max: LIMITS_MAX,
        });
    }
    let mut names = BTreeSet::new();
    for limit in limits {
        let name = || limit.name.clone();
        if !names.insert(limit.name.as_str()) {
            return Err(AllocateError::SameName { limit: name() });
        }
        let covers_no = |what| AllocateError::CoversNothing {
            limit: name(),
            what,
        };
        if let Some(covered) = &limit.offers {
            if covered.is_empty() {
                return Err(covers_no("offer"));
            }
            let unknown = |offer: &&u16| usize::from(**offer) >= offers.n_offers;
            if let Some(offer) = covered.iter().find(unknown) {
                return Err(AllocateError::UnknownOffer {
                    limit: name(),
                    offer: *offer,
                    allowed_max: offers.n_offers - 1,
                });
            }
        }
        if let Some(covered) = &limit.groups {
            if covered.is_empty() {
                return Err(covers_no("group of customers"));
            }
            if offers.groups.is_none() {
                return Err(AllocateError::NoGroups { limit: name() });
            }
        }
        if let Rule::SpendAtMost(budget) = limit.rule {
            spending(offers, &limit.name, budget, |offer| {
                limit.covers_offer(offer)
            })?;
        }
    }
    Ok(())
}

/// That every minimum can be reached beside each other limit: what cannot is certain, and both are named.
pub(super) fn reachable(problem: &Problem<'_>) -> Result<(), AllocateError> {
    for (minimum, limit) in problem.limits.iter().enumerate() {
        let Rule::ChooseAtLeast(asked) = limit.rule else {
            continue;
        };
        let possible: u64 = (0..problem.n_customers)
            .into_par_iter()
            .map(|customer| {
                let covered = problem.covered(minimum, customer).count();
                covered.min(problem.at_most) as u64
            })
            .sum();
        if possible < asked {
            return Err(AllocateError::TooFewChoices {
                limit: limit.name.clone(),
                asked,
                allowed_max: possible,
            });
        }
        for (maximum, other) in problem.limits.iter().enumerate() {
            if asked > 0 && !problem.is_minimum(maximum) && problem.meet(minimum, maximum) {
                contradiction(problem, minimum, asked, maximum, other)?;
            }
        }
    }
    Ok(())
}

/// Refuses a minimum of which even the cheapest choices are too much for the other limit.
fn contradiction(
    problem: &Problem<'_>,
    minimum: usize,
    asked: u64,
    maximum: usize,
    other: &Limit,
) -> Result<(), AllocateError> {
    // Of each customer the cheapest, as many as it may have: the cheapest of all are among them.
    let mut uses: Vec<u32> = (0..problem.n_customers)
        .into_par_iter()
        .flat_map_iter(|customer| {
            let mut uses: Vec<u32> = problem
                .covered(minimum, customer)
                .map(|offer| problem.usage(maximum, customer, offer))
                .collect();
            uses.sort_unstable();
            uses.truncate(problem.at_most);
            uses
        })
        .collect();
    uses.par_sort_unstable();
    let allowed = problem.bound(maximum);
    let (mut needed, mut allowed_max) = (0_u64, 0_u64);
    for (count, used) in (1..=asked).zip(&uses) {
        needed += u64::from(*used);
        if needed <= allowed {
            allowed_max = count;
        }
    }
    if needed <= allowed {
        return Ok(());
    }
    Err(AllocateError::Contradiction {
        limit: problem.limits[minimum].name.clone(),
        asked,
        needed,
        other: other.name.clone(),
        allowed,
        allowed_max,
    })
}
