//! Identifiers seen lately, to answer a repeated request at once.

use std::collections::{BTreeSet, VecDeque};

/// The last identifiers seen, up to a fixed number.
///
/// It answers early; what makes an event unique is the check against the table when the log is drained.
#[derive(Debug)]
pub struct RecentIds {
    allowed: usize,
    order: VecDeque<std::sync::Arc<str>>,
    seen: BTreeSet<std::sync::Arc<str>>,
}

impl RecentIds {
    /// A window of the last `allowed` identifiers.
    #[must_use]
    pub fn new(allowed: usize) -> Self {
        Self {
            allowed,
            order: VecDeque::new(),
            seen: BTreeSet::new(),
        }
    }

    /// Whether the identifier is in the window.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.seen.contains(id)
    }

    /// Adds an identifier, forgetting the oldest where the window is full; `false` where it is in the window already.
    pub fn insert(&mut self, id: &str) -> bool {
        if self.seen.contains(id) {
            return false;
        }
        let id: std::sync::Arc<str> = id.into();
        self.order.push_back(std::sync::Arc::clone(&id));
        self.seen.insert(id);
        if self.order.len() > self.allowed
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_knows_exactly_the_last_identifiers() {
        let mut recent = RecentIds::new(2);
        assert!(recent.insert("a") && recent.insert("b"));
        assert!(!recent.insert("a"));
        assert!(recent.insert("c"));
        assert!(!recent.contains("a") && recent.contains("b") && recent.contains("c"));
    }
}
