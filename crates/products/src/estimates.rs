//! Measured numbers of scorecards, with bootstrap intervals over customers.

use math::random::stream;
use measure::effects::Effect;
use measure::ranking::{Bootstrap, interval};
use rand::RngExt;
use rayon::prelude::*;
use schema::{Estimate, Scorecard, WhyNot};

/// Resamples of an interval: its ends are good to a tenth of its width.
const RESAMPLES: u32 = 400;

/// Level of all intervals on scorecards.
const LEVEL: f64 = 0.95;

/// Units needed before an interval is given.
const UNITS_MIN: usize = 20;

fn too_few(found: usize) -> Estimate {
    Estimate::NotMeasurable(WhyNot::TooFew {
        what: "customers to measure on".to_owned(),
        found: found as u64,
        needed: UNITS_MIN as u64,
    })
}

/// The scorecard of a version that could not be measured: without a measure it opens no gate.
pub(crate) fn not_measured(why: &dyn std::fmt::Display) -> Scorecard {
    Scorecard {
        split: "not measured".to_owned(),
        held_out: None,
        metrics: Vec::new(),
        notes: vec![why.to_string()],
        parts: Vec::new(),
        weights: None,
    }
}

/// An effect as a number of a scorecard.
pub(crate) fn of_effect(effect: &Effect) -> Estimate {
    match effect {
        Effect::Measured(size) => Estimate::Measured {
            point: size.point,
            low: size.low,
            high: size.high,
            units: size.units,
        },
        Effect::NotMeasurable(why) => Estimate::NotMeasurable(why.clone()),
    }
}

/// The mean of one value per customer, with its interval.
pub(crate) fn mean(per_customer: &[f64], seed: u64) -> Estimate {
    if per_customer.len() < UNITS_MIN {
        return too_few(per_customer.len());
    }
    match interval(
        per_customer,
        &Bootstrap {
            resamples: RESAMPLES,
            level: LEVEL,
            seed,
        },
    ) {
        Ok(i) => Estimate::Measured {
            point: i.mean,
            low: i.low,
            high: i.high,
            units: i.n_customers as u64,
        },
        Err(_) => too_few(per_customer.len()),
    }
}

/// A statistic of the version, of its baseline, and their difference on the same `n` units.
///
/// - `of`: of a side and a sample.
pub(crate) fn beside<T: Sync>(
    n: usize,
    seed: u64,
    [ours, theirs]: [&T; 2],
    of: impl Fn(&T, &[usize]) -> Option<f64> + Sync,
) -> [Estimate; 3] {
    [
        statistic(n, seed, |sample| of(ours, sample)),
        statistic(n, seed, |sample| of(theirs, sample)),
        statistic(n, seed, |sample| {
            Some(of(ours, sample)? - of(theirs, sample)?)
        }),
    ]
}

/// Any statistic of `n` customers, with a percentile bootstrap interval. A resample on which the statistic does not
/// exist is left out. The interval holds the point: resampling moves a statistic with a bound, such as an absolute
/// value, away from that bound.
pub(crate) fn statistic(
    n: usize,
    seed: u64,
    of: impl Fn(&[usize]) -> Option<f64> + Sync,
) -> Estimate {
    let all: Vec<usize> = (0..n).collect();
    if n < UNITS_MIN {
        return too_few(n);
    }
    let Some(point) = of(&all) else {
        return Estimate::NotMeasurable(WhyNot::NoVariation {
            what: "what is measured".to_owned(),
        });
    };
    let mut values: Vec<f64> = (0..u64::from(RESAMPLES))
        .into_par_iter()
        .filter_map(|resample| {
            let mut random = stream(seed, resample);
            let sample: Vec<usize> = (0..n).map(|_| random.random_range(0..n)).collect();
            of(&sample)
        })
        .collect();
    values.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| {
        values
            .get((share * values.len() as f64) as usize)
            .copied()
            .unwrap_or(point)
    };
    Estimate::Measured {
        point,
        low: at((1.0 - LEVEL) / 2.0).min(point),
        high: at((1.0 + LEVEL) / 2.0).max(point),
        units: n as u64,
    }
}
