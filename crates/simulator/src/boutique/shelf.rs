//! What lies at a site of a product, by the day on which it must go.

use std::collections::VecDeque;

/// Units that can be sold until the same day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lot {
    /// Last day of the chain on which they can be sold; the largest number where they do not perish.
    pub(super) last_day: usize,
    pub(super) units: u32,
}

/// The lots of a product at a site, what goes first in front.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelf {
    lots: VecDeque<Lot>,
}

impl Shelf {
    pub(super) fn on_hand(&self) -> u32 {
        self.lots.iter().map(|lot| lot.units).sum()
    }

    pub(super) fn add(&mut self, lot: Lot) {
        if lot.units == 0 {
            return;
        }
        let place = self
            .lots
            .partition_point(|other| other.last_day <= lot.last_day);
        match place.checked_sub(1).and_then(|at| self.lots.get_mut(at)) {
            Some(same) if same.last_day == lot.last_day => same.units += lot.units,
            Some(_) | None => self.lots.insert(place, lot),
        }
    }

    /// Takes up to `units` of what goes first.
    pub(super) fn take(&mut self, units: u32) -> Vec<Lot> {
        let mut left = units;
        let mut taken = Vec::new();
        while left > 0 {
            let Some(front) = self.lots.front_mut() else {
                break;
            };
            let of_front = left.min(front.units);
            taken.push(Lot {
                units: of_front,
                ..*front
            });
            front.units -= of_front;
            left -= of_front;
            if front.units == 0 {
                self.lots.pop_front();
            }
        }
        taken
    }

    /// Throws away what cannot be sold after `day`, and returns how much that is.
    pub(super) fn waste(&mut self, day: usize) -> u32 {
        let mut wasted = 0;
        while let Some(front) = self.lots.front().filter(|lot| lot.last_day <= day) {
            wasted += front.units;
            self.lots.pop_front();
        }
        wasted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_first_is_taken_first_and_nothing_is_lost() {
        let mut shelf = Shelf::default();
        for (last_day, units) in [(9, 4), (7, 3), (9, 1), (usize::MAX, 2)] {
            shelf.add(Lot { last_day, units });
        }
        assert_eq!(shelf.on_hand(), 10);
        let taken = shelf.take(4);
        assert_eq!(
            taken,
            [
                Lot {
                    last_day: 7,
                    units: 3
                },
                Lot {
                    last_day: 9,
                    units: 1
                }
            ]
        );
        assert_eq!((shelf.waste(8), shelf.on_hand()), (0, 6));
        assert_eq!((shelf.waste(9), shelf.on_hand()), (4, 2));
        assert_eq!(shelf.take(5).iter().map(|lot| lot.units).sum::<u32>(), 2);
        assert!(shelf.take(1).is_empty());
    }
}
