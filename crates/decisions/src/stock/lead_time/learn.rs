//! Lead times learnt from receipts.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{DAYS_MAX, LeadTime, LeadTimeError};

/// An order placed with a supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The supplier, by a number of the caller's.
    pub supplier: u32,
    /// When it was placed.
    pub ordered: Date,
    /// When it arrived; absent where it is awaited, which tells that it takes longer.
    pub received: Option<Date>,
}

/// What a learnt lead time stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The supplier's own orders, drawn towards those of all suppliers the more, the fewer it has.
    Own {
        /// Its orders that arrived.
        received: usize,
        /// Its orders that are awaited.
        open: usize,
    },
    /// The orders of all suppliers: this one has none that arrived.
    Pooled {
        /// All orders that arrived.
        received: usize,
        /// Its own orders that are awaited.
        open: usize,
    },
}

/// A lead time, and what it stands on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learnt<'a> {
    /// Days from order to arrival.
    pub lead_time: &'a LeadTime,
    /// What it stands on.
    pub basis: Basis,
}

/// Lead times of all suppliers.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadTimes {
    pooled: LeadTime,
    received: usize,
    own: BTreeMap<u32, (LeadTime, Basis)>,
}

/// What the orders of a supplier tell: for each number of days how many arrived then, and how many were awaited so long
/// when last looked at.
#[derive(Debug, Clone, Default)]
struct Told {
    arrived: Vec<u32>,
    awaited: Vec<u32>,
}

impl LeadTimes {
    /// Learns from the orders of all suppliers, as known at the end of a day.
    ///
    /// The lead time of all is the product-limit estimate, in which awaited orders count as long as they were awaited.
    /// That of a supplier is the mean of its posterior where the prior is a Dirichlet process around all orders: without
    /// open orders its own distribution and that of all, weighted by its orders and `pooled_as`.
    ///
    /// - `pooled_as`: how many orders of its own the orders of all suppliers count for, 0 or more; 5 where nothing
    ///   better is known.
    ///
    /// # Errors
    /// [`LeadTimeError`] when nothing was received, a day is out of order or too far away, or `pooled_as` is no number.
    ///
    /// # Source
    /// Kaplan and Meier (1958); Susarla and Van Ryzin (1976), "Nonparametric Bayesian estimation of survival curves from
    /// incomplete observations", JASA 71.
    pub fn learn(receipts: &[Receipt], as_of: Date, pooled_as: f64) -> Result<Self, LeadTimeError> {
        if !(pooled_as.is_finite() && pooled_as >= 0.0) {
            return Err(LeadTimeError::Pooling { found: pooled_as });
        }
        let (mut all, mut own) = (Told::default(), BTreeMap::<u32, Told>::new());
        for (place, receipt) in receipts.iter().enumerate() {
            let (days, arrived) = told(place, receipt, as_of)?;
            all.add(days, arrived);
            own.entry(receipt.supplier).or_default().add(days, arrived);
        }
        let received = all.n_arrived();
        if received == 0 {
            let open = receipts.len();
            return Err(LeadTimeError::NothingReceived { open });
        }
        let pooled = all.estimate(None);
        let own = own.into_iter().map(|(supplier, told)| {
            let open = told.n_awaited();
            let basis = match told.n_arrived() {
                0 => Basis::Pooled { received, open },
                received => Basis::Own { received, open },
            };
            // Without an arrival of its own there is nothing to go by but the others.
            let weight = match basis {
                Basis::Pooled { .. } if pooled_as == 0.0 => 1.0,
                Basis::Pooled { .. } | Basis::Own { .. } => pooled_as,
            };
            (supplier, (told.estimate(Some((&pooled, weight))), basis))
        });
        Ok(Self {
            own: own.collect(),
            pooled,
            received,
        })
    }

    /// The lead time of a supplier; that of all where it has no orders.
    ///
    /// Of one with open orders only it is that of all, as it looks after so long a wait.
    #[must_use]
    pub fn of(&self, supplier: u32) -> Learnt<'_> {
        match self.own.get(&supplier) {
            Some((lead_time, basis)) => Learnt {
                lead_time,
                basis: *basis,
            },
            None => Learnt {
                lead_time: &self.pooled,
                basis: Basis::Pooled {
                    received: self.received,
                    open: 0,
                },
            },
        }
    }

    /// The lead time of all suppliers together.
    #[must_use]
    pub fn pooled(&self) -> &LeadTime {
        &self.pooled
    }
}

/// How many days an order took, or was awaited so far, and whether it arrived.
fn told(place: usize, receipt: &Receipt, as_of: Date) -> Result<(usize, bool), LeadTimeError> {
    let ordered = receipt.ordered;
    if ordered > as_of {
        return Err(LeadTimeError::Ordered {
            place,
            found: ordered,
            as_of,
        });
    }
    if let Some(found) = receipt.received
        && !(ordered..=as_of).contains(&found)
    {
        return Err(LeadTimeError::Received {
            place,
            found,
            ordered,
            as_of,
        });
    }
    let days = (receipt.received.unwrap_or(as_of) - ordered).get_days();
    let days = u32::try_from(days).unwrap_or(0);
    if days > DAYS_MAX {
        return Err(LeadTimeError::Days {
            found: days,
            allowed_max: DAYS_MAX,
        });
    }
    Ok((days as usize, receipt.received.is_some()))
}

impl Told {
    fn add(&mut self, days: usize, arrived: bool) {
        if days >= self.arrived.len() {
            self.arrived.resize(days + 1, 0);
            self.awaited.resize(days + 1, 0);
        }
        if arrived {
            self.arrived[days] += 1;
        } else {
            self.awaited[days] += 1;
        }
    }

    fn n_arrived(&self) -> usize {
        self.arrived.iter().map(|n| *n as usize).sum()
    }

    fn n_awaited(&self) -> usize {
        self.awaited.iter().map(|n| *n as usize).sum()
    }

    /// Day by day the share that arrives of what is still awaited, own orders and those of the prior together.
    ///
    /// An order that is awaited at the end of its `n`-th day takes more than `n` days.
    fn estimate(&self, prior: Option<(&LeadTime, f64)>) -> LeadTime {
        let of_prior = |days: usize| {
            prior.map_or(0.0, |(prior, weight)| {
                weight * prior.probabilities.get(days).copied().unwrap_or(0.0)
            })
        };
        let longest = prior.map_or(0, |(prior, _)| prior.probabilities.len());
        let mut waiting = (self.n_arrived() + self.n_awaited()) as f64;
        let mut of_prior_waiting = prior.map_or(0.0, |(_, weight)| weight);
        let mut beyond = 1.0;
        let mut probabilities = Vec::new();
        for days in 0..self.arrived.len().max(longest) {
            let arrived = f64::from(self.arrived.get(days).copied().unwrap_or(0));
            let awaited = f64::from(self.awaited.get(days).copied().unwrap_or(0));
            let all = waiting + of_prior_waiting;
            let share = if all > 0.0 {
                ((arrived + of_prior(days)) / all).min(1.0)
            } else {
                0.0
            };
            probabilities.push(beyond * share);
            beyond *= 1.0 - share;
            waiting -= arrived + awaited;
            of_prior_waiting = (of_prior_waiting - of_prior(days)).max(0.0);
        }
        // Rounding leaves a trace of what arrived; only what is awaited takes longer than all that arrived.
        let at_least = if beyond > 1e-12 { beyond } else { 0.0 };
        if at_least > 0.0 {
            probabilities.push(at_least);
        }
        let total: f64 = probabilities.iter().sum();
        probabilities.iter_mut().for_each(|p| *p /= total);
        LeadTime {
            probabilities,
            at_least,
        }
    }
}
