//! What was proposed lately: who asks again while the shop is as it was is not scored again.

use super::attached::Proposed;
use models::recommend::Placement;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// Proposals kept in each of two generations, of about five kilobytes each with their reasons.
const GENERATION: usize = 10_000;

/// Who asks for what: customer, placement and number of candidates.
pub(crate) type Key = (Option<Box<str>>, Placement, usize);

/// A cache of two generations: when the younger is full, the older is dropped and the younger becomes the older.
/// What is asked for again moves to the younger.
pub(crate) struct Kept {
    generations: Mutex<[HashMap<Key, Arc<Proposed>>; 2]>,
    most: usize,
}

impl Kept {
    pub(crate) fn new() -> Self {
        Self::of(GENERATION)
    }

    fn of(most: usize) -> Self {
        Self {
            generations: Mutex::default(),
            most,
        }
    }

    /// What is kept under a key, or what `propose` gives, kept from now on. Two who ask at once may both propose.
    pub(crate) fn get(&self, key: Key, propose: impl FnOnce() -> Proposed) -> Arc<Proposed> {
        {
            let [young, old] = &mut *self.generations.lock();
            if let Some(found) = young.get(&key) {
                return Arc::clone(found);
            }
            if let Some(found) = old.remove(&key) {
                self.keep(young, old, key, Arc::clone(&found));
                return found;
            }
        }
        let proposed = Arc::new(propose());
        let [young, old] = &mut *self.generations.lock();
        self.keep(young, old, key, Arc::clone(&proposed));
        proposed
    }

    fn keep(
        &self,
        young: &mut HashMap<Key, Arc<Proposed>>,
        old: &mut HashMap<Key, Arc<Proposed>>,
        key: Key,
        proposed: Arc<Proposed>,
    ) {
        if young.len() >= self.most {
            *old = std::mem::take(young);
        }
        young.insert(key, proposed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::attached::Basis;

    fn key(n: usize) -> Key {
        (None, Placement::ForYou, n)
    }

    fn proposed(method: &str) -> Proposed {
        Proposed::new(Vec::new(), method.to_owned(), Basis::Method)
    }

    #[test]
    fn what_is_asked_for_again_stays_and_the_rest_goes() {
        let kept = Kept::of(3);
        let first = kept.get(key(0), || proposed("first"));
        for n in 1..20 {
            kept.get(key(n), || proposed("other"));
            let again = kept.get(key(0), || proposed("second"));
            assert!(Arc::ptr_eq(&first, &again), "{n}");
        }
        let gone = kept.get(key(1), || proposed("proposed anew"));
        assert_eq!(gone.method, "proposed anew");
        let [young, old] = &*kept.generations.lock();
        assert!(young.len() <= 3 && old.len() <= 3);
    }
}
