//! What customers did, in the order they did it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One line of one basket: a purchase, a view, a rating given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Row of the product in the catalogue the model was fitted on.
    pub item: u32,
    /// When, in days since any fixed origin. Lines of the same customer at the same instant are one basket.
    pub at_days: f64,
    /// How much this line counts, at least 0, unitless: 1 for a plain purchase.
    pub weight: f32,
}

/// The histories of all customers, each in the order of time.
///
/// Guarantees, checked by [`Interactions::new`]: items are below `n_items`, times are finite and ascending within a customer,
/// weights are finite and at least 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Interactions {
    n_items: usize,
    starts: Vec<usize>,
    events: Vec<Event>,
}

/// Why rows are not histories.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum InteractionsError {
    /// An item lies outside the catalogue.
    #[error(
        "read event {event} of customer {customer}: found item {item}, allowed are items below {n_items}"
    )]
    UnknownItem {
        /// Row of the customer.
        customer: usize,
        /// Position of the event in the customer's history.
        event: usize,
        /// The item found.
        item: u32,
        /// Number of items of the catalogue.
        n_items: usize,
    },
    /// A time or weight cannot be used.
    #[error(
        "read event {event} of customer {customer}: found time {at_days} days and weight {weight}, both must be finite and the weight at least 0"
    )]
    NotANumber {
        /// Row of the customer.
        customer: usize,
        /// Position of the event in the customer's history.
        event: usize,
        /// The time found.
        at_days: f64,
        /// The weight found.
        weight: f32,
    },
}

impl Interactions {
    /// Histories of customers, one vector each; sorted here by time, keeping the given order within a basket.
    ///
    /// # Errors
    /// [`InteractionsError`] on an item outside the catalogue or a time or weight that is not a usable number.
    pub fn new(
        n_items: usize,
        customers: impl IntoIterator<Item = Vec<Event>>,
    ) -> Result<Self, InteractionsError> {
        let mut all = Self {
            n_items,
            starts: vec![0],
            events: Vec::new(),
        };
        for (customer, mut events) in customers.into_iter().enumerate() {
            for (
                event,
                &Event {
                    item,
                    at_days,
                    weight,
                },
            ) in events.iter().enumerate()
            {
                if item as usize >= n_items {
                    return Err(InteractionsError::UnknownItem {
                        customer,
                        event,
                        item,
                        n_items,
                    });
                }
                if !at_days.is_finite() || !weight.is_finite() || weight < 0.0 {
                    return Err(InteractionsError::NotANumber {
                        customer,
                        event,
                        at_days,
                        weight,
                    });
                }
            }
            events.sort_by(|left, right| left.at_days.total_cmp(&right.at_days));
            all.events.extend_from_slice(&events);
            all.starts.push(all.events.len());
        }
        Ok(all)
    }

    /// Number of customers, those without any event included.
    #[must_use]
    pub fn n_customers(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of items of the catalogue.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.n_items
    }

    /// Number of events.
    #[must_use]
    pub fn n_events(&self) -> usize {
        self.events.len()
    }

    /// History of one customer, oldest first.
    ///
    /// # Panics
    /// When `customer` is not below [`Interactions::n_customers`].
    #[must_use]
    pub fn history(&self, customer: usize) -> &[Event] {
        &self.events[self.starts[customer]..self.starts[customer + 1]]
    }

    /// Histories in the order of customers.
    pub fn histories(&self) -> impl ExactSizeIterator<Item = &[Event]> + '_ {
        self.starts
            .windows(2)
            .map(|range| &self.events[range[0]..range[1]])
    }

    /// The part known on a date: events strictly before `as_of_days`. Customers keep their rows.
    ///
    /// This is the way to split by time: fit on `before(cut)`, rank what happened from `cut` on.
    #[must_use]
    pub fn before(&self, as_of_days: f64) -> Self {
        let mut known = Self {
            n_items: self.n_items,
            starts: vec![0],
            events: Vec::new(),
        };
        for history in self.histories() {
            let n = history.partition_point(|event| event.at_days < as_of_days);
            known.events.extend_from_slice(&history[..n]);
            known.starts.push(known.events.len());
        }
        known
    }

    /// Time of the last event; `None` without events.
    #[must_use]
    pub fn last_at_days(&self) -> Option<f64> {
        self.events
            .iter()
            .map(|event| event.at_days)
            .max_by(f64::total_cmp)
    }
}

/// Baskets of one history, oldest first: maximal runs of events at the same instant.
pub fn baskets(history: &[Event]) -> impl DoubleEndedIterator<Item = &[Event]> {
    history.chunk_by(|left, right| left.at_days == right.at_days)
}

/// How much an old event still counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Decay {
    /// Every event counts the same.
    None,
    /// Each later basket of the customer multiplies the weight by `kept`, in (0, 1]: for shops where order says more than time.
    PerBasket {
        /// Factor per later basket; the customer's last basket counts 1.
        kept: f32,
    },
    /// The weight halves every `half_life_days` before the date of the decision.
    PerDay {
        /// Days in which the weight halves, above 0.
        half_life_days: f32,
    },
}

/// Below this share of a fresh event's weight an event is not read: it moves no ranking and costs a row of the model.
const NEGLIGIBLE_WEIGHT: f32 = 1e-4;

impl Decay {
    /// Whether the numbers mean something: `kept` in (0, 1], `half_life_days` finite and above 0.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        match *self {
            Self::None => true,
            Self::PerBasket { kept } => kept > 0.0 && kept <= 1.0,
            Self::PerDay { half_life_days } => half_life_days > 0.0 && half_life_days.is_finite(),
        }
    }

    /// Calls `each(event, weight)` for the events that still count, newest basket first.
    pub fn for_each(&self, history: &[Event], as_of_days: f64, mut each: impl FnMut(&Event, f32)) {
        for (back, basket) in baskets(history).rev().enumerate() {
            let kept = match *self {
                Self::None => 1.0,
                Self::PerBasket { kept } => kept.powi(back as i32),
                Self::PerDay { half_life_days } => {
                    let age = (as_of_days - basket[0].at_days).max(0.0);
                    (-age / f64::from(half_life_days)).exp2() as f32
                }
            };
            if kept < NEGLIGIBLE_WEIGHT {
                // Older baskets only weigh less.
                break;
            }
            for event in basket {
                each(event, kept * event.weight);
            }
        }
    }

    /// Weight per distinct item, ascending by item.
    ///
    /// `once`: an item bought again counts as its largest weight, not as the sum.
    #[must_use]
    pub fn per_item(&self, history: &[Event], as_of_days: f64, once: bool) -> Vec<(u32, f32)> {
        let mut weighed: Vec<(u32, f32)> = Vec::with_capacity(history.len());
        self.for_each(history, as_of_days, |event, weight| {
            weighed.push((event.item, weight))
        });
        weighed.sort_by_key(|entry| entry.0);
        weighed.dedup_by(|next, kept| {
            if next.0 != kept.0 {
                return false;
            }
            kept.1 = if once {
                kept.1.max(next.1)
            } else {
                kept.1 + next.1
            };
            true
        });
        weighed
    }
}
