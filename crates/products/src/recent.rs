//! What was bought since the sales in the lake end: events tell of it first.

use features::Purchase;
use parking_lot::RwLock;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// Purchases kept per customer; older ones are dropped first.
const PER_CUSTOMER: usize = 200;

/// Customers with purchases. Bounded: when it is full, new customers are not added until sales are imported that hold
/// the purchases of others.
const CUSTOMERS_MAX: usize = 1_000_000;

/// Parts with a lock each: what is forgotten is forgotten part by part, and no request waits for all of it.
const PARTS: usize = 64;

/// Purchases that events tell of, by customer.
///
/// A shop and the one that takes its place share them, so that none is lost in between.
#[derive(Debug)]
pub struct Recent {
    hasher: RandomState,
    parts: [RwLock<HashMap<String, Vec<Bought>>>; PARTS],
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            parts: std::array::from_fn(|_| RwLock::default()),
        }
    }
}

/// One purchase of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bought {
    event_id: Box<str>,
    pub(crate) product: Box<str>,
    pub(crate) at_seconds: i64,
    pub(crate) quantity: i32,
}

impl Recent {
    fn part(&self, customer: &str) -> &RwLock<HashMap<String, Vec<Bought>>> {
        let hash = self.hasher.hash_one(customer);
        &self.parts[(hash % PARTS as u64) as usize]
    }

    /// Adds a purchase in the order of time; the same event twice is one purchase. Returns whether it was added.
    pub fn add(&self, purchase: Purchase) -> bool {
        let mut part = self.part(&purchase.customer).write();
        if part.len() >= CUSTOMERS_MAX / PARTS && !part.contains_key(&purchase.customer) {
            return false;
        }
        let all = part.entry(purchase.customer).or_default();
        if all.iter().any(|b| *b.event_id == purchase.event_id) {
            return false;
        }
        let bought = Bought {
            event_id: purchase.event_id.into(),
            product: purchase.product.into(),
            at_seconds: purchase.at_seconds,
            quantity: purchase.quantity,
        };
        let place = all.partition_point(|b| b.at_seconds <= bought.at_seconds);
        all.insert(place, bought);
        if all.len() > PER_CUSTOMER {
            all.remove(0);
        }
        true
    }

    /// Whether a customer bought something since a moment, in seconds since 1970-01-01 UTC.
    pub(crate) fn has_since(&self, customer: &str, moment: i64) -> bool {
        let part = self.part(customer).read();
        let last = part.get(customer).and_then(|all| all.last());
        last.is_some_and(|b| b.at_seconds >= moment)
    }

    /// What a customer bought since a moment, oldest first.
    pub(crate) fn since(&self, customer: &str, moment: i64) -> Vec<Bought> {
        let part = self.part(customer).read();
        let all = part.get(customer).map_or(&[][..], Vec::as_slice);
        all[all.partition_point(|b| b.at_seconds < moment)..].to_vec()
    }

    /// Forgets what was bought before a moment, in seconds since 1970-01-01 UTC: the sales hold it.
    pub fn forget_before(&self, start: i64) {
        for part in &self.parts {
            part.write().retain(|_, all| {
                all.retain(|b| b.at_seconds >= start);
                !all.is_empty()
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purchase(event: &str, at_seconds: i64) -> Purchase {
        Purchase {
            event_id: event.to_owned(),
            customer: "c".to_owned(),
            product: event.to_uppercase(),
            at_seconds,
            quantity: 1,
        }
    }

    fn products(of: &[Bought]) -> Vec<&str> {
        of.iter().map(|b| &*b.product).collect()
    }

    fn day(n: i64) -> i64 {
        n * 86_400
    }

    #[test]
    fn late_events_come_in_their_order_and_the_same_one_counts_once() {
        let recent = Recent::default();
        for (event, at, new) in [
            ("b", 86_400 + 50, true),
            ("d", 2 * 86_400, true),
            ("a", 86_400, true),
            ("c", 86_400 + 50, true),
            ("b", 86_400 + 50, false),
            ("before", 86_399, true),
        ] {
            assert_eq!(recent.add(purchase(event, at)), new, "{event}");
        }
        let since = recent.since("c", day(1));
        assert_eq!(products(&since), ["A", "B", "C", "D"]);
        assert_eq!(products(&recent.since("c", day(2))), ["D"]);
        assert!(recent.has_since("c", day(2)) && !recent.has_since("c", day(3)));
        assert!(!recent.has_since("somebody else", day(0)));

        recent.forget_before(day(2));
        assert_eq!(products(&recent.since("c", day(0))), ["D"]);
        recent.forget_before(day(3));
        let left: usize = recent.parts.iter().map(|p| p.read().len()).sum();
        assert_eq!(left, 0, "a customer without purchases is no longer kept");
    }

    #[test]
    fn of_too_many_purchases_the_oldest_goes() {
        let recent = Recent::default();
        for n in (0..=PER_CUSTOMER as i64).rev() {
            recent.add(purchase(&format!("e{n}"), n));
        }
        let kept = recent.since("c", day(0));
        assert_eq!((kept.len(), kept[0].at_seconds), (PER_CUSTOMER, 1));
    }
}
