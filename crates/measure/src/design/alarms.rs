//! A/A: how often a comparison calls real what is nothing, tried on the shop's own past.

use crate::effects::{Moments, Scale, cuped, difference};
use math::random::stream;
use rand::RngExt;
use rayon::prelude::*;
use schema::Estimate;
use serde::{Deserialize, Serialize};

/// Random splits of a past window in which nothing was done, and how many of them were called real.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FalseAlarms {
    /// Splits that could be compared.
    pub splits: u32,
    /// Of these, those called real.
    pub called: u32,
    /// Their share.
    pub share: f64,
    /// Lower end of its interval of 95 %.
    pub low: f64,
    /// Upper end of its interval of 95 %.
    pub high: f64,
}

/// Splits units at random `splits` times and compares the two parts, as an experiment of this size is read once.
///
/// - `rows`: per unit the outcome in the window, and the same before it; the latter is not used where it never varies.
/// - `treated_share`: of the units, those that a split calls treated.
/// - returns `None` where no split can be compared: nothing varies, or there are too few units.
///
/// The same `seed` gives the same splits on any number of threads. Time O(splits × units).
#[must_use]
pub fn false_alarms(
    rows: &[[f64; 2]],
    treated_share: f64,
    alpha: f64,
    splits: u32,
    seed: u64,
) -> Option<FalseAlarms> {
    let first = rows.first()?[1];
    let columns = if rows.iter().all(|row| row[1] == first) {
        1
    } else {
        2
    };
    let called = |split: u32| {
        let mut random = stream(seed, u64::from(split));
        let mut arms = [Moments::new(columns), Moments::new(columns)];
        for row in rows {
            let treated = random.random::<f64>() < treated_share;
            arms[usize::from(treated)].push(&row[..columns]).ok()?;
        }
        let [control, treated] = &arms;
        let effect = match columns {
            1 => difference(control, treated, Scale::Absolute, 1.0 - alpha),
            _ => cuped(control, treated, Scale::Absolute, 1.0 - alpha),
        };
        Some(effect.ok()?.size()?.p_value < alpha)
    };
    let told: Vec<bool> = (0..splits).into_par_iter().filter_map(called).collect();
    let called = told.iter().filter(|called| **called).count();
    let (splits, called) = (u32::try_from(told.len()).ok()?, u32::try_from(called).ok()?);
    let share = Estimate::share(f64::from(called), u64::from(splits), "splits");
    let (low, high) = share.interval()?;
    Some(FalseAlarms {
        splits,
        called,
        share: f64::from(called) / f64::from(splits),
        low,
        high,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_called_real_as_often_as_the_level_says() {
        let mut random = stream(1, 0);
        let rows: Vec<[f64; 2]> = (0..600)
            .map(|_| {
                let usual: f64 = random.random_range(0.0..50.0);
                [usual + random.random_range(0.0..30.0), usual]
            })
            .collect();
        let found = false_alarms(&rows, 0.3, 0.05, 2_000, 7).unwrap();
        assert_eq!(found.splits, 2_000);
        // 5 % of 2,000 with a standard deviation of 0.5 %.
        assert!((0.03..0.07).contains(&found.share), "{found:?}");
        assert!(
            found.low < found.share && found.share < found.high,
            "{found:?}"
        );
        assert_eq!(false_alarms(&rows, 0.3, 0.05, 2_000, 7), Some(found));
    }

    #[test]
    fn what_never_varies_cannot_be_tried() {
        assert_eq!(false_alarms(&[[1.0, 0.0]; 100], 0.5, 0.05, 10, 7), None);
        assert_eq!(false_alarms(&[], 0.5, 0.05, 10, 7), None);
    }
}
