//! Demand of periods in which the stock ran out: at least what was sold.
//!
//! Leaving such periods out takes the best of them away, and what is left sells less than what is asked for.

use math::counts::{NegativeBinomial, poisson_upper_tail};

/// Rounds; each moves demand by a smaller part of what the round before moved.
const ROUNDS: usize = 12;

/// Known periods, the period itself included, that its level is the mean of.
const WINDOW: usize = 28;

/// Periods in which everything could be sold that a window needs; it reaches further back until it has them.
const UNCENSORED_MIN: usize = 7;

/// Demand is at most so many times what is usual and what was sold.
const TIMES_MAX: f64 = 4.0;

/// Less overdispersion than this is none.
const DISPERSION_MIN: f64 = 1e-3;

/// Replaces what was sold in periods in which the stock ran out by what was asked for, on average, given that it was at
/// least so much.
///
/// Demand of a period is negative binomial around the level of its series times the factor of its season; level,
/// factors and dispersion are found anew in each round. The level is that of the periods before, so that nothing of a
/// later period moves an earlier one but by the factors and the dispersion. A series that always sold out keeps what it
/// sold: how much more was asked for cannot be known.
///
/// - `values`: series × `known`, units of each period; not a number where nothing is known.
/// - `bounds`: by series, the periods in which the stock ran out, rising; they must be known.
/// - `season`: periods of a season, 1 for none.
/// - `groups`: by series, below the number of series: those of a group share seasons and dispersion.
///
/// # Source
/// Dempster, Laird, Rubin (1977), expectation and maximisation; Talluri, van Ryzin (2004), The Theory and Practice of
/// Revenue Management, section 9.4, on unconstraining demand.
pub fn unconstrain(
    values: &mut [f32],
    known: usize,
    bounds: &[Vec<usize>],
    season: usize,
    groups: &[u32],
) {
    let mut members: std::collections::BTreeMap<u32, Vec<usize>> =
        std::collections::BTreeMap::new();
    for (group, series) in groups.iter().zip(0..) {
        members.entry(*group).or_default().push(series);
    }
    members.retain(|_, of| of.iter().any(|series| !bounds[*series].is_empty()));
    for of in members.values() {
        let mut group: Vec<One> = of
            .iter()
            .map(|series| One {
                values: values[series * known..][..known]
                    .iter()
                    .map(|v| f64::from(*v))
                    .collect(),
                bounds: bounds[*series]
                    .iter()
                    .map(|at| (*at, f64::from(values[series * known + at])))
                    .collect(),
            })
            .collect();
        for _ in 0..ROUNDS {
            round(&mut group, season.max(1));
        }
        for (series, one) in of.iter().zip(group) {
            for (at, _) in one.bounds {
                values[series * known + at] = one.values[at] as f32;
            }
        }
    }
}

/// A series with what is thought of it by now.
struct One {
    values: Vec<f64>,
    /// Periods in which the stock ran out, with what was sold.
    bounds: Vec<(usize, f64)>,
}

impl One {
    /// What is usual before and in each of its censored periods, less the season; nothing where that cannot be known.
    fn levels(&self, factors: &[f64]) -> Vec<Option<f64>> {
        let is_bound = |at: usize| self.bounds.binary_search_by_key(&at, |b| b.0).is_ok();
        let level = |at: usize| {
            let (mut sum, mut of, mut free) = (0.0, 0.0, 0);
            for before in (0..=at).rev() {
                let value = self.values[before];
                if value.is_nan() {
                    continue;
                }
                if of >= WINDOW as f64 && free >= UNCENSORED_MIN {
                    break;
                }
                sum += value;
                of += factors[before % factors.len()];
                free += usize::from(!is_bound(before));
            }
            (free > 0 && of > 0.0).then_some(sum / of)
        };
        self.bounds.iter().map(|(at, _)| level(*at)).collect()
    }
}

fn round(group: &mut [One], season: usize) {
    let factors = factors(group, season);
    let levels: Vec<Vec<Option<f64>>> = group.iter().map(|one| one.levels(&factors)).collect();
    let size = size(group, &factors);
    for (one, levels) in group.iter_mut().zip(levels) {
        for ((at, sold), level) in one.bounds.iter().zip(levels) {
            if let Some(level) = level {
                let mean = level * factors[at % factors.len()];
                let most = TIMES_MAX * mean.max(*sold);
                one.values[*at] = at_least(mean, size, *sold).min(most);
            }
        }
    }
}

/// By place in the season, its share of a mean period; 1 on average.
fn factors(group: &[One], season: usize) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); season];
    for (at, value) in group.iter().flat_map(|one| one.values.iter().enumerate()) {
        if !value.is_nan() {
            sums[at % season].0 += value;
            sums[at % season].1 += 1.0;
        }
    }
    let (all, n) = sums
        .iter()
        .fold((0.0, 0.0), |(a, n), (sum, of)| (a + sum, n + of));
    let mean = all / f64::max(n, 1.0);
    let factor = |(sum, of): &(f64, f64)| {
        if *of > 0.0 && mean > 0.0 {
            (sum / of / mean).max(1e-3)
        } else {
            1.0
        }
    };
    sums.iter().map(factor).collect()
}

/// The size of the negative binomial of the group by moments, over its latest periods; `None` for Poisson.
fn size(group: &[One], factors: &[f64]) -> Option<f64> {
    let (mut beyond, mut squares) = (0.0, 0.0);
    for one in group {
        let from = one.values.len().saturating_sub(8 * WINDOW);
        for chunk in one.values[from..].chunks(WINDOW).enumerate() {
            let start = from + chunk.0 * WINDOW;
            let known = || {
                let each = chunk.1.iter().zip(start..);
                each.filter(|(v, _)| !v.is_nan())
                    .map(|(v, at)| (*v, factors[at % factors.len()]))
            };
            let (sum, of, n) = known().fold((0.0, 0.0, 0.0), |(s, f, n), (v, factor)| {
                (s + v, f + factor, n + 1.0)
            });
            if n < 7.0 || sum <= 0.0 {
                continue;
            }
            let level = sum / of;
            for (value, factor) in known() {
                let mean = level * factor;
                // The level was taken from the same periods.
                beyond += (value - mean).powi(2) * n / (n - 1.0) - mean;
                squares += mean * mean;
            }
        }
    }
    let dispersion = beyond / f64::max(squares, f64::MIN_POSITIVE);
    (dispersion > DISPERSION_MIN).then(|| 1.0 / dispersion)
}

/// Mean of demand that is at least `sold`: `mean · P(D' ≥ sold - 1) / P(D ≥ sold)`, where `D'` has one more of size.
fn at_least(mean: f64, size: Option<f64>, sold: f64) -> f64 {
    let sold = sold.ceil();
    if sold <= 0.0 || mean <= 0.0 {
        return mean.max(sold);
    }
    let (all, part) = match size {
        Some(size) => {
            let success = size / (size + mean);
            let of = |size: f64| NegativeBinomial { size, success };
            (
                of(size).upper_tail(sold - 1.0),
                of(size + 1.0).upper_tail(sold - 2.0),
            )
        }
        None => (
            poisson_upper_tail(sold - 1.0, mean),
            poisson_upper_tail(sold - 2.0, mean),
        ),
    };
    // So far beyond what is usual the ratio has no digits left: it is hardly more than what was sold.
    if all < 1e-12 {
        return sold;
    }
    (mean * part / all).max(sold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use math::random::stream;
    use rand_distr::{Distribution, Poisson};

    #[test]
    fn the_mean_above_a_bound_is_that_of_the_sum() {
        let poisson = |mean: f64, sold: u32| {
            let (mut sum, mut all) = (0.0, 0.0);
            for count in sold..200 {
                let mass = math::counts::poisson_mass(f64::from(count), mean);
                sum += mass * f64::from(count);
                all += mass;
            }
            sum / all
        };
        for (mean, sold) in [(2.0, 1), (2.0, 5), (10.0, 8), (0.3, 1)] {
            let ours = at_least(mean, None, f64::from(sold));
            assert!((ours - poisson(mean, sold)).abs() < 1e-8, "{mean} {sold}");
            let of = NegativeBinomial {
                size: 2.0,
                success: 2.0 / (2.0 + mean),
            };
            let (mut sum, mut all) = (0.0, 0.0);
            for count in sold..2000 {
                sum += of.mass(f64::from(count)) * f64::from(count);
                all += of.mass(f64::from(count));
            }
            let ours = at_least(mean, Some(2.0), f64::from(sold));
            assert!((ours - sum / all).abs() < 1e-8, "{mean} {sold}");
        }
    }

    #[test]
    fn what_is_asked_for_is_found_where_leaving_out_the_days_is_far_too_low() {
        const DAYS: usize = 364;
        const SERIES: usize = 30;
        let (mut values, mut bounds) = (Vec::new(), Vec::new());
        let (mut asked, mut sold, mut left, mut kept) = (0.0, 0.0, 0.0, 0.0);
        let mut random = stream(5, 0);
        for series in 0..SERIES {
            let level = 2.0 + series as f64 / 5.0;
            let mut of = Vec::new();
            for day in 0..DAYS {
                let mean = level * if day % 7 == 5 { 2.0 } else { 1.0 };
                let wanted = Poisson::new(mean).unwrap().sample(&mut random);
                let stock = Poisson::new(1.1 * level).unwrap().sample(&mut random) + 1.0;
                let value = f64::min(wanted, stock);
                asked += wanted;
                sold += value;
                if value >= stock {
                    of.push(day);
                } else {
                    left += value;
                    kept += 1.0;
                }
                values.push(value as f32);
            }
            bounds.push(of);
        }
        unconstrain(&mut values, DAYS, &bounds, 7, &[0; SERIES]);
        let ours: f64 = values.iter().map(|v| f64::from(*v)).sum();
        let left_out = left / kept * (SERIES * DAYS) as f64;
        assert!(sold < 0.9 * asked, "{sold} {asked}");
        assert!(left_out < 0.8 * asked, "{left_out} {asked}");
        assert!((ours / asked - 1.0).abs() < 0.03, "{ours} {asked}");
    }

    #[test]
    fn what_always_sold_out_and_what_never_did_stay_as_they_are() {
        let mut values: Vec<f32> = vec![3.0; 20];
        let all: Vec<usize> = (0..10).collect();
        unconstrain(&mut values, 10, &[all, Vec::new()], 7, &[0, 1]);
        assert_eq!(values, vec![3.0; 20]);
    }
}
