//! On which periods candidates are chosen, on which the best is compared, and how many go how far.

use products::Product;
use products::search::PERIODS_FOR_SPREAD;
use schema::AsOf;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Days that a fit is measured on, which it has not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The first of them: the fit knows what was before.
    pub from: AsOf,
    /// The first day after them.
    pub until: AsOf,
}

/// How many candidates are measured on how many periods before the worse half of them leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// Candidates drawn; the file as it is comes along.
    pub candidates: usize,
    /// Periods that they are measured on by then, those of earlier rungs among them.
    pub periods: usize,
}

/// Periods that the best is compared on at most: with six, Student's quantile is no longer far from that of many.
const COMPARED_MAX: usize = 6;

/// Periods that candidates are chosen on at most: three doublings.
const CHOSEN_MAX: usize = 8;

/// Periods needed: one to choose on and one to compare on.
pub(super) const PERIODS_MIN: usize = 2;

/// Which periods are for what, as positions of all, the latest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Split {
    /// The latest, on which nothing is chosen.
    pub(super) compare_on: Range<usize>,
    /// Those before them.
    pub(super) choose_on: Range<usize>,
}

/// The periods that a product can be measured on, the latest first, none overlapping; as many as can be used.
///
/// - `first_day`: of the history, counted since 1970-01-01. As long as a training asks for must lie before each.
pub(super) fn periods(
    product: &dyn Product,
    as_of: AsOf,
    first_day: i32,
    needed_days: u32,
) -> Vec<Period> {
    let needed_days = i32::try_from(needed_days).unwrap_or(i32::MAX);
    let mut periods = Vec::new();
    let mut until = as_of;
    while periods.len() < COMPARED_MAX + CHOSEN_MAX && until.epoch_day() - first_day >= needed_days
    {
        let from = product.measured_from(until);
        if from >= until {
            break;
        }
        periods.push(Period { from, until });
        until = from;
    }
    periods
}

/// Shares out periods: half of them to compare on where that is enough to tell the noise by, else one.
pub(super) fn split(periods: usize) -> Split {
    let half = periods / 2;
    let compared = if half >= PERIODS_FOR_SPREAD {
        half.min(COMPARED_MAX)
    } else {
        1.min(periods)
    };
    let chosen = (periods - compared).min(CHOSEN_MAX);
    Split {
        compare_on: 0..compared,
        choose_on: compared..compared + chosen,
    }
}

/// Rungs of successive halving: the better half of the candidates goes on to twice as many periods, so that each rung costs
/// about the same.
///
/// # Source
/// Jamieson, Talwalkar (2016), non-stochastic best arm identification and hyperparameter optimization, figure 3; Li,
/// Jamieson, DeSalvo, Rostamizadeh, Talwalkar (2018), Hyperband.
pub(super) fn rungs(candidates: usize, periods: usize) -> Vec<Rung> {
    let mut rungs = Vec::new();
    let (mut left, mut on) = (candidates, 1);
    while left > 0 && periods > 0 {
        rungs.push(Rung {
            candidates: left,
            periods: on,
        });
        if left == 1 || on == periods {
            break;
        }
        left = left.div_ceil(2);
        on = (2 * on).min(periods);
    }
    rungs
}

/// Fits that a search makes at most.
pub(super) fn fits_at_most(rungs: &[Rung], compared: usize) -> usize {
    let mut fits = 2 * compared;
    let mut before = 0;
    for rung in rungs {
        fits += (rung.candidates + 1) * (rung.periods - before);
        before = rung.periods;
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_to_compare_on_are_the_latest_and_none_is_chosen_on() {
        let told = |periods| {
            let split = split(periods);
            (split.compare_on, split.choose_on)
        };
        assert_eq!(told(2), (0..1, 1..2));
        assert_eq!(told(5), (0..1, 1..5));
        assert_eq!(told(6), (0..3, 3..6));
        assert_eq!(told(40), (0..6, 6..14));
        for periods in 2..50 {
            let (compared, chosen) = told(periods);
            assert_eq!((compared.start, compared.end), (0, chosen.start));
            assert!(!compared.is_empty() && !chosen.is_empty() && chosen.end <= periods);
        }
    }

    #[test]
    fn each_rung_has_half_of_the_candidates_on_twice_as_many_periods() {
        let told = |candidates, periods| -> Vec<(usize, usize)> {
            let rungs = rungs(candidates, periods);
            rungs.iter().map(|r| (r.candidates, r.periods)).collect()
        };
        assert_eq!(told(16, 8), [(16, 1), (8, 2), (4, 4), (2, 8)]);
        assert_eq!(told(5, 3), [(5, 1), (3, 2), (2, 3)]);
        assert_eq!(told(9, 1), [(9, 1)]);
        assert_eq!(told(1, 8), [(1, 1)]);
        assert!(told(0, 8).is_empty() && told(3, 0).is_empty());
        // 17 on the first, 9 on the second, 5 on two, 3 on four, and twice six.
        assert_eq!(fits_at_most(&rungs(16, 8), 6), 17 + 9 + 10 + 12 + 12);
    }
}
