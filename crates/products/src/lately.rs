//! What customers got lately, so that nobody gets an offer too many.

use crate::standing::Gave;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// Parts with a lock each, so that requests seldom wait for each other.
const PARTS: usize = 64;

/// Which decisions of a product count against its caps per customer: all that give anything but the control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The arm that does not count.
    pub control: String,
    /// Days for which a decision counts, each of 24 hours.
    pub days: u32,
}

/// The first moment that counts.
///
/// - `days`: for which a decision counts.
pub(crate) fn since(days: u32, now: Timestamp) -> Timestamp {
    let back = SignedDuration::from_hours(24 * i64::from(days));
    now.saturating_sub(back).unwrap_or(Timestamp::MIN)
}

impl Counted {
    /// The first moment that counts.
    #[must_use]
    pub fn since(&self, now: Timestamp) -> Timestamp {
        since(self.days, now)
    }
}

/// What the customers of one data product got lately. Memory: some hundred bytes for each customer who got anything.
#[derive(Debug)]
pub struct Lately {
    counted: Counted,
    hasher: RandomState,
    parts: [Mutex<HashMap<String, Vec<Gave>>>; PARTS],
}

impl Lately {
    /// Nothing was given yet.
    #[must_use]
    pub fn new(counted: Counted) -> Self {
        Self {
            counted,
            hasher: RandomState::new(),
            parts: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Which decisions count.
    #[must_use]
    pub fn counted(&self) -> &Counted {
        &self.counted
    }

    fn part(&self, customer: &str) -> &Mutex<HashMap<String, Vec<Gave>>> {
        let hash = self.hasher.hash_one(customer);
        &self.parts[(hash % PARTS as u64) as usize]
    }

    /// What a customer got and still counts, oldest first.
    #[must_use]
    pub fn of(&self, customer: &str, now: Timestamp) -> Vec<Gave> {
        let since = self.counted.since(now);
        let part = self.part(customer).lock();
        let all = part.get(customer).map_or(&[][..], Vec::as_slice);
        all.iter().filter(|g| g.at >= since).cloned().collect()
    }

    /// Notes an offer that is about to be given, unless something was given since `known` was read: then it is to be
    /// decided again. So of two requests at once the second knows what the first one gave.
    ///
    /// - `known`: what [`Lately::of`] said at the same moment.
    #[must_use]
    pub fn give(&self, customer: &str, gave: Gave, known: &[Gave]) -> bool {
        let since = self.counted.since(gave.at);
        let mut part = self.part(customer).lock();
        let all = part.entry(customer.to_owned()).or_default();
        all.retain(|one| one.at >= since);
        if all.as_slice() != known {
            return false;
        }
        insert(all, gave);
        true
    }

    /// Adds an offer that the log tells of; what is known already is not added.
    pub fn add(&self, customer: &str, gave: Gave) {
        let mut part = self.part(customer).lock();
        let all = part.entry(customer.to_owned()).or_default();
        // The log holds microseconds.
        let same =
            |one: &Gave| one.at.as_microsecond() == gave.at.as_microsecond() && one.arm == gave.arm;
        if !all.iter().any(same) {
            insert(all, gave);
        }
    }

    /// Takes back what was noted and left for nobody.
    pub fn take_back(&self, customer: &str, gave: &Gave) {
        let mut part = self.part(customer).lock();
        if let Some(all) = part.get_mut(customer)
            && let Some(at) = all.iter().rposition(|one| one == gave)
        {
            all.remove(at);
        }
    }

    /// Forgets what does not count any more, part by part.
    pub fn forget(&self, now: Timestamp) {
        let since = self.counted.since(now);
        for part in &self.parts {
            part.lock().retain(|_, all| {
                all.retain(|one| one.at >= since);
                !all.is_empty()
            });
        }
    }
}

/// Keeps the order of time.
fn insert(all: &mut Vec<Gave>, gave: Gave) {
    let place = all.partition_point(|one| one.at <= gave.at);
    all.insert(place, gave);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lately() -> Lately {
        Lately::new(Counted {
            control: "none".to_owned(),
            days: 7,
        })
    }

    fn gave(at: &str) -> Gave {
        Gave {
            arm: "deal".into(),
            at: format!("2026-11-{at}").parse().unwrap(),
        }
    }

    #[test]
    fn of_two_requests_at_once_one_must_decide_again() {
        let lately = lately();
        let (one, two) = (gave("28T12:00:00Z"), gave("28T12:00:00.1Z"));
        let known = lately.of("c", one.at);
        assert!(lately.give("c", one.clone(), &known));
        assert!(!lately.give("c", two.clone(), &known), "it knew of nothing");
        let known = lately.of("c", two.at);
        assert_eq!(known, std::slice::from_ref(&one));
        assert!(lately.give("c", two.clone(), &known));
        assert!(lately.of("somebody else", two.at).is_empty());
        lately.take_back("c", &two);
        assert_eq!(lately.of("c", two.at), [one]);
    }

    #[test]
    fn what_the_log_tells_joins_once_and_counts_for_its_days() {
        let lately = lately();
        let own = gave("28T12:00:00.123456789Z");
        assert!(lately.give("c", own.clone(), &[]));
        for at in [
            "21T12:00:00Z",
            "28T12:00:00.123456Z",
            "27T12:00:00Z",
            "27T12:00:00Z",
        ] {
            lately.add("c", gave(at));
        }
        let all = lately.of("c", gave("28T11:00:00Z").at);
        assert_eq!(
            all,
            [gave("21T12:00:00Z"), gave("27T12:00:00Z"), own.clone()]
        );
        let later = gave("28T12:00:00.2Z");
        assert_eq!(lately.of("c", later.at).len(), 2, "seven days are over");
        lately.forget("2026-12-05T12:00:01Z".parse().unwrap());
        let left: usize = lately.parts.iter().map(|p| p.lock().len()).sum();
        assert_eq!(left, 0);
    }
}
