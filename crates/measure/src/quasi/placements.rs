//! All ways in which a change could have been placed: the distribution of an estimate where it did nothing.

use super::Reading;
use crate::effects::{Effect, Size, no_variation, too_few};
use math::random::stream;
use rand::RngExt;

/// Ways that are tried one by one rather than drawn.
const ALL_MAX: u64 = 20_000;

/// The stream that draws placements.
const STREAM: u64 = 0x9a5e;

/// Doublings after which an end of an interval is called open.
const DOUBLINGS_MAX: u32 = 60;

/// Halvings that bring an end to the precision of the arithmetic.
const HALVINGS: u32 = 60;

/// Shares of a statistic by which equal ones may differ through rounding.
const ROUNDING: f64 = 1e-10;

/// Visits each placement of as many treated units; the observed one is among them. Returns their number.
pub(super) fn each(treated: &[bool], reading: &Reading, visit: &mut dyn FnMut(&[usize])) -> u64 {
    let n = treated.len();
    let observed: Vec<usize> = (0..n).filter(|unit| treated[*unit]).collect();
    let k = observed.len();
    if let Some(all) = choose(n as u64, k as u64).filter(|all| *all <= ALL_MAX) {
        let mut placed: Vec<usize> = (0..k).collect();
        loop {
            visit(&placed);
            // The next in the order of the alphabet.
            let Some(at) = (0..k).rev().find(|at| placed[*at] < n - k + at) else {
                return all;
            };
            placed[at] += 1;
            for later in at + 1..k {
                placed[later] = placed[later - 1] + 1;
            }
        }
    }
    visit(&observed);
    let mut random = stream(reading.seed, STREAM);
    let mut units: Vec<usize> = (0..n).collect();
    for _ in 0..reading.draws {
        for place in 0..k {
            let other = random.random_range(place..n);
            units.swap(place, other);
        }
        visit(&units[..k]);
    }
    u64::from(reading.draws) + 1
}

/// Ways to choose `k` of `n`; `None` beyond 64 bits.
fn choose(n: u64, k: u64) -> Option<u64> {
    (0..k.min(n - k)).try_fold(1u64, |ways, i| Some(ways.checked_mul(n - i)? / (i + 1)))
}

/// The difference of means between treated and other units under each placement.
#[derive(Debug)]
pub(super) struct Placed {
    /// The difference of the values, and that of the treatment itself.
    differences: Vec<[f64; 2]>,
    point: f64,
    /// Standard deviation of the difference over all placements.
    pub(super) spread: f64,
    units: u64,
    /// Least p-value that so many placements allow.
    pub(super) p_least: f64,
}

impl Placed {
    pub(super) fn new(values: &[f64], treated: &[bool], reading: &Reading) -> Self {
        let n = values.len() as f64;
        let k = treated.iter().filter(|t| **t).count() as f64;
        let all: f64 = values.iter().sum();
        let difference = |of: f64, sum: f64| of / k - (sum - of) / (n - k);
        let mut differences = Vec::new();
        let count = each(treated, reading, &mut |placed| {
            let own: f64 = placed.iter().map(|unit| values[*unit]).sum();
            let hits = placed.iter().filter(|unit| treated[**unit]).count() as f64;
            differences.push([difference(own, all), difference(hits, k)]);
        });
        let mean = all / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Self {
            differences,
            point: super::mean_where(values, treated, true)
                - super::mean_where(values, treated, false),
            spread: (squares / (n - 1.0) * n / (k * (n - k))).sqrt(),
            units: values.len() as u64,
            p_least: 1.0 / count as f64,
        }
    }

    /// Two-sided p-value of the effect being `effect` on every treated unit: the share of placements whose difference,
    /// the effect taken off, is as far from 0.
    pub(super) fn p_value(&self, effect: f64) -> f64 {
        let observed = (self.point - effect).abs() * (1.0 - ROUNDING);
        let differences = self.differences.iter();
        let as_far = differences.filter(|[of, by]| (of - effect * by).abs() >= observed);
        as_far.count() as f64 / self.differences.len() as f64
    }

    /// The effect with the interval of those that the placements do not contradict.
    pub(super) fn effect(&self, level: f64) -> Effect {
        let alpha = 1.0 - level;
        if self.spread.is_nan() || self.spread <= 1e-12 * self.point.abs() {
            return Effect::NotMeasurable(no_variation("the outcome between units"));
        }
        let end = |sign: f64| self.end(sign, alpha);
        if let (true, Some(low), Some(high)) = (self.p_least <= alpha, end(-1.0), end(1.0)) {
            return Effect::Measured(Size {
                point: self.point,
                standard_error: self.spread,
                low,
                high,
                level,
                p_value: self.p_value(0.0),
                units: self.units,
            });
        }
        let (found, needed) = (1.0 / self.p_least, (1.0 / alpha - 1e-9).ceil());
        let needed = needed.max(found + 1.0);
        let what = "ways to place the change";
        Effect::NotMeasurable(too_few(what, found as u64, needed as u64))
    }

    /// The farthest effect on one side that is not contradicted; `None` where nothing is.
    fn end(&self, sign: f64, alpha: f64) -> Option<f64> {
        let holds = |step: f64| self.p_value(self.point + sign * step) > alpha;
        let mut outside = self.spread;
        let mut inside = 0.0;
        for _ in 0..DOUBLINGS_MAX {
            if !holds(outside) {
                for _ in 0..HALVINGS {
                    let middle = 0.5 * (inside + outside);
                    if holds(middle) {
                        inside = middle;
                    } else {
                        outside = middle;
                    }
                }
                return Some(self.point + sign * outside);
            }
            inside = outside;
            outside *= 2.0;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READING: Reading = Reading {
        level: 0.95,
        draws: 999,
        seed: 1,
    };

    #[test]
    fn every_placement_is_visited_once() {
        let treated = [true, false, true, false, false];
        let mut seen = std::collections::BTreeSet::new();
        let count = each(&treated, &READING, &mut |placed| {
            assert!(seen.insert(placed.to_vec()), "{placed:?} twice");
        });
        assert_eq!((count, seen.len()), (10, 10));
    }

    #[test]
    fn ways_to_choose_are_counted_or_too_many() {
        assert_eq!(choose(40, 3), Some(9_880));
        assert_eq!(choose(5, 5), Some(1));
        assert_eq!(choose(1_115, 557), None);
    }

    #[test]
    fn the_farthest_of_twenty_has_a_p_value_of_one_in_twenty() {
        let mut values: Vec<f64> = (0..20).map(f64::from).collect();
        values[19] = 100.0;
        let treated: Vec<bool> = (0..20).map(|unit| unit == 19).collect();
        let placed = Placed::new(&values, &treated, &READING);
        assert!((placed.p_value(0.0) - 0.05).abs() < 1e-12);
        // 100 less the mean of 0 to 18; without it, 91 is not told from the mean.
        let effect = placed.effect(0.95);
        let size = effect.size().unwrap();
        assert!((size.point - 91.0).abs() < 1e-12, "{size:?}");
        assert!(size.low < 91.0 && size.low > 70.0, "{size:?}");
        // Among fewer than twenty nothing is ever told at this level.
        let few = Placed::new(&values[1..], &treated[1..], &READING);
        assert!(matches!(few.effect(0.95), Effect::NotMeasurable(_)));
    }
}
