//! How one customer's choice changes while the price of what it uses falls.

use super::table::NO_OFFER;

/// An offer that a customer can have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// What it is worth beside the price that falls.
    pub(super) value: f64,
    /// What it uses: a whole number.
    pub(super) usage: f64,
    pub(super) offer: u16,
}

const EMPTY: Place = Place {
    value: 0.0,
    usage: 0.0,
    offer: NO_OFFER,
};

/// One change of the choice: a place goes to an offer that uses more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// What more is used, above 0: a whole number.
    pub(super) usage: f64,
    /// The price at which it happens; never above that of the step before.
    pub(super) ratio: f64,
    slot: usize,
    pooled: usize,
}

/// The best choices of one customer for every price, from a price so high that nothing is used.
///
/// With at most one offer the choices are the corners of the upper hull of (usage, value), from (0, 0). With at most
/// m they are the m offers of the largest value − price × usage above 0: as the price falls, an offer that uses more
/// catches up with one that uses less, or with an empty place, and takes its place. The next to do so is the pair of
/// the largest ratio of more value to more usage.
#[derive(Debug)]
pub(super) struct Path {
    slots: Vec<Place>,
    pool: Vec<Place>,
    last_ratio: f64,
}

impl Path {
    /// For at most so many offers of a customer.
    pub(super) fn new(at_most: usize) -> Self {
        Self {
            slots: vec![EMPTY; at_most],
            pool: Vec::new(),
            last_ratio: f64::INFINITY,
        }
    }

    /// Forgets the customer.
    pub(super) fn clear(&mut self) {
        self.slots.fill(EMPTY);
        self.pool.clear();
        self.last_ratio = f64::INFINITY;
    }

    /// Adds an offer; one that uses nothing is chosen at once where it is worth more than another.
    pub(super) fn add(&mut self, place: Place) {
        if place.usage > 0.0 {
            self.pool.push(place);
        } else if let Some(worst) = self
            .slots
            .iter_mut()
            .min_by(|a, b| a.value.total_cmp(&b.value))
            && worst.value < place.value
        {
            *worst = place;
        }
    }

    /// The next step down the price, if any; where value is not to fall, steps end at the price 0.
    ///
    /// Of two at the same price the smaller comes first, so that what is left of a budget is filled closely.
    pub(super) fn next(&self, value_may_fall: bool) -> Option<Step> {
        let (mut value, mut usage) = (f64::NEG_INFINITY, 1.0);
        let mut found = None;
        for (pooled, place) in self.pool.iter().enumerate() {
            for (slot, chosen) in self.slots.iter().enumerate() {
                let more_usage = place.usage - chosen.usage;
                let more_value = place.value - chosen.value;
                if more_usage <= 0.0 || (more_value <= 0.0 && !value_may_fall) {
                    continue;
                }
                // Ratios compared without dividing.
                let (left, right) = (more_value * usage, value * more_usage);
                if left > right || (left == right && more_usage < usage) {
                    (value, usage) = (more_value, more_usage);
                    found = Some((slot, pooled));
                }
            }
        }
        found.map(|(slot, pooled)| Step {
            usage,
            ratio: (value / usage).min(self.last_ratio),
            slot,
            pooled,
        })
    }

    /// Takes a step that [`Path::next`] gave.
    pub(super) fn take(&mut self, step: &Step) {
        self.last_ratio = step.ratio;
        std::mem::swap(&mut self.slots[step.slot], &mut self.pool[step.pooled]);
        if self.pool[step.pooled].offer == NO_OFFER {
            self.pool.swap_remove(step.pooled);
        }
    }

    /// What is chosen now.
    pub(super) fn chosen(&self) -> impl Iterator<Item = &Place> {
        self.slots.iter().filter(|place| place.offer != NO_OFFER)
    }
}

/// The sum of the largest numbers above 0, at most as many as `top` has places; `top` is overwritten.
pub(super) fn best_sum(values: impl Iterator<Item = f64>, top: &mut [f64]) -> f64 {
    if let [best] = top {
        *best = 0.0;
        for value in values {
            if value > *best {
                *best = value;
            }
        }
        return *best;
    }
    top.fill(0.0);
    for value in values {
        if let Some(last) = top.last_mut()
            && value > *last
        {
            *last = value;
            let mut place = top.len() - 1;
            while place > 0 && top[place] > top[place - 1] {
                top.swap(place, place - 1);
                place -= 1;
            }
        }
    }
    top.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(value: f64, usage: f64, offer: u16) -> Place {
        Place {
            value,
            usage,
            offer,
        }
    }

    /// The sum of value − price × usage of the best `m` of them.
    fn best_at(places: &[Place], price: f64, m: usize) -> f64 {
        let mut left: Vec<f64> = places.iter().map(|p| p.value - price * p.usage).collect();
        left.sort_by(|a, b| b.total_cmp(a));
        left.iter().take(m).filter(|w| **w > 0.0).sum()
    }

    #[test]
    fn steps_of_one_offer_are_the_upper_hull_without_what_lies_below() {
        let mut path = Path::new(1);
        // Below the line from (2, 6) to (6, 9): (4, 7). Collinear and kept: (4, 7.5).
        for p in [
            place(9.0, 6.0, 0),
            place(7.0, 4.0, 1),
            place(6.0, 2.0, 2),
            place(7.5, 4.0, 3),
        ] {
            path.add(p);
        }
        let mut found = Vec::new();
        while let Some(step) = path.next(false) {
            path.take(&step);
            found.push((
                step.usage,
                step.usage * step.ratio,
                path.chosen().map(|p| p.offer).collect::<Vec<_>>(),
            ));
        }
        assert_eq!(
            found,
            [
                (2.0, 6.0, vec![2]),
                (2.0, 1.5, vec![3]),
                (2.0, 1.5, vec![0])
            ]
        );
    }

    #[test]
    fn what_is_free_is_chosen_before_the_first_step() {
        let mut path = Path::new(2);
        for p in [
            place(1.0, 0.0, 0),
            place(3.0, 0.0, 1),
            place(2.0, 0.0, 2),
            place(-1.0, 0.0, 3),
        ] {
            path.add(p);
        }
        let mut free: Vec<u16> = path.chosen().map(|p| p.offer).collect();
        free.sort_unstable();
        assert_eq!(free, [1, 2]);
        assert!(path.next(false).is_none());
    }

    /// At every price between two steps, the choice is the best there is.
    #[test]
    fn the_choice_is_the_best_at_every_price_for_any_number_of_offers() {
        let mut state = 1_u64;
        let mut draw = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64
        };
        for _ in 0..300 {
            let places: Vec<Place> = (0..7)
                .map(|offer| place((draw() % 21.0) - 5.0, draw() % 6.0, offer))
                .collect();
            for m in 1..=4 {
                let mut path = Path::new(m);
                places.iter().for_each(|p| path.add(*p));
                let (mut above, mut steps) = (f64::INFINITY, 0);
                loop {
                    let step = path.next(false);
                    let below = step.map_or(0.0, |s| s.ratio);
                    assert!(below <= above);
                    for part in [0.0, 0.5, 1.0] {
                        let price = if above.is_finite() {
                            below + part * (above - below)
                        } else {
                            below + 10.0 * part
                        };
                        let now: f64 = path.chosen().map(|p| p.value - price * p.usage).sum();
                        let best = best_at(&places, price, m);
                        assert!(
                            (now - best).abs() < 1e-9,
                            "{places:?} m {m} price {price}: {now} for {best}"
                        );
                        let mut top = vec![0.0; m];
                        let summed =
                            best_sum(places.iter().map(|p| p.value - price * p.usage), &mut top);
                        assert!((summed - best).abs() < 1e-9);
                    }
                    let Some(step) = step else { break };
                    path.take(&step);
                    above = below;
                    steps += 1;
                    assert!(steps < 100, "the path does not end");
                }
            }
        }
    }
}
