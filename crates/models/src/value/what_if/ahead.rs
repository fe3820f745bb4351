//! The days ahead, in stretches: within one the effect acts throughout or not at all, and a cent is worth the same.

use super::super::worth::{Question, STRETCH_DAYS, discounts};

/// When an effect acts: from today on for some days, and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Days that it acts each time, at least 1.
    pub lasts_days: u32,
    /// How often it begins, at least once.
    pub times: u32,
    /// Days from one beginning to the next, at least as many as it lasts.
    pub every_days: u32,
}

impl Schedule {
    /// Once, for so many days.
    #[must_use]
    pub fn once(lasts_days: u32) -> Self {
        Self {
            lasts_days,
            times: 1,
            every_days: lasts_days,
        }
    }

    fn acts_on(&self, day: u32) -> bool {
        let every = self.every_days.max(1);
        day / every < self.times && day % every < self.lasts_days
    }
}

/// The days ahead.
#[derive(Debug, Clone)]
pub(super) struct Ahead {
    pub(super) stretches: Vec<Stretch>,
    /// What is worth now a cent given each time.
    pub(super) given: f64,
}

/// Days in a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    /// Shop days that go by.
    pub(super) shop_days: f64,
    /// What a cent of these days is worth now.
    pub(super) discount: f64,
    /// Whether the effect acts.
    pub(super) acts: bool,
}

impl Ahead {
    /// - `clock`: shop days gone at the end of each day of the horizon.
    pub(super) fn new(clock: &[f64], question: &Question, schedule: Schedule) -> Self {
        let discounts = discounts(question);
        let days: Vec<u32> = (0..).take(clock.len()).collect();
        let mut stretches = Vec::new();
        let mut gone = 0.0;
        for whole in days.chunk_by(|a, b| schedule.acts_on(*a) == schedule.acts_on(*b)) {
            for part in whole.chunks(STRETCH_DAYS) {
                let (first, last) = (part[0] as usize, part[part.len() - 1] as usize);
                stretches.push(Stretch {
                    shop_days: clock[last] - gone,
                    discount: discounts[first..=last].iter().sum::<f64>() / part.len() as f64,
                    acts: schedule.acts_on(part[0]),
                });
                gone = clock[last];
            }
        }
        let yearly = 1.0 + question.discount_per_year;
        let given = |time: u32| {
            let day = time.saturating_mul(schedule.every_days);
            let worth = yearly.powf(-f64::from(day) / 365.25);
            if day < question.horizon_days {
                worth
            } else {
                0.0
            }
        };
        Self {
            stretches,
            given: (0..schedule.times).map(given).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_acts_from_each_beginning_for_as_long_as_it_lasts() {
        let question = Question {
            horizon_days: 100,
            discount_per_year: 0.0,
            level: 0.8,
            draws: 100,
            seed: 0,
        };
        let clock: Vec<f64> = (1..=100).map(|day| 2.0 * f64::from(day)).collect();
        let schedule = Schedule {
            lasts_days: 10,
            times: 3,
            every_days: 40,
        };
        let ahead = Ahead::new(&clock, &question, schedule);
        let told: Vec<(f64, bool)> = ahead
            .stretches
            .iter()
            .map(|s| (s.shop_days, s.acts))
            .collect();
        let (on, off) = ((20.0, true), (60.0, false));
        assert_eq!(told, [on, off, on, off, on, (20.0, false)]);
        assert_eq!(ahead.given, 3.0);
        let always = Ahead::new(&clock, &question, Schedule::once(100));
        assert!(always.stretches.iter().all(|s| s.acts) && always.given == 1.0);
    }
}
