//! Stock by age: what arrived first is sold first.

use std::collections::VecDeque;

/// What is left of a unit by less than this is left only by rounding.
const NOTHING: f64 = 1e-9;

/// Units in stock, the oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelf {
    /// The last period that it can be sold in, and how much.
    batches: VecDeque<(usize, f64)>,
    total: f64,
}

impl Shelf {
    pub(super) fn total(&self) -> f64 {
        self.total
    }

    /// Adds units that can be sold up to a period. Shelf life is the same for all, so that what came first ends first.
    pub(super) fn add(&mut self, last: usize, units: f64) {
        if units > 0.0 {
            self.total += units;
            match self.batches.back_mut() {
                Some((same, held)) if *same == last => *held += units,
                _ => self.batches.push_back((last, units)),
            }
        }
    }

    /// Takes units, the oldest first; how many there were.
    pub(super) fn take(&mut self, units: f64) -> f64 {
        let mut wanted = units;
        while wanted > 0.0
            && let Some((_, held)) = self.batches.front_mut()
        {
            if *held > wanted + NOTHING {
                *held -= wanted;
                wanted = 0.0;
            } else {
                wanted = (wanted - *held).max(0.0);
                self.batches.pop_front();
            }
        }
        let taken = units - wanted;
        self.total = if self.batches.is_empty() {
            0.0
        } else {
            self.total - taken
        };
        taken
    }

    /// Throws away what cannot be sold after a period; how much.
    pub(super) fn perish(&mut self, period: usize) -> f64 {
        let mut wasted = 0.0;
        while let Some((_, held)) = self.batches.pop_front_if(|(last, _)| *last <= period) {
            wasted += held;
        }
        self.total = if self.batches.is_empty() {
            0.0
        } else {
            self.total - wasted
        };
        wasted
    }
}
